"""Text of articles and file names as it may be shown: it must not act on terminals, spreadsheets or readers of JSON."""

from __future__ import annotations

import json
import re

# what a terminal obeys, and what turns the direction of writing
_CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
# half characters, also the bytes of file names that are no UTF-8, and what is no character
_NO_TEXT = re.compile(f"{_CONTROL.pattern}|[\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s")
# what begins a formula (OWASP, CSV Injection), also in the wide letters of East Asian keyboards
_FORMULA = "=+@\t\r＝＋－＠-"
_LATER_FORMULA = re.compile(f"(?<=.)([;\t\n] *)(?=[{_FORMULA}])", re.S)


def printable(text: str) -> str:
    """Return `text` on one line and without control codes, which a terminal would obey."""
    return _CONTROL.sub("", " ".join(text.split()))


def replaced(text: str) -> str:
    """Return `text`, as long as it was, with "�" for control codes and what no file can hold, blanks for line ends."""
    return _NO_TEXT.sub("\ufffd", _SPACE.sub(" ", text))


def json_text(data: object, indent: int | None = None) -> str:
    """Return plain data as JSON; letters stay letters, what could act on a terminal or is no text is escaped."""
    found = json.dumps(data, ensure_ascii=False, indent=indent)
    return _NO_TEXT.sub(lambda code: f"\\u{ord(code[0]):04x}", found)


def guarded(cell: object) -> object:
    """Return a cell of a CSV file as it is safe in a spreadsheet: what would be a formula gets an apostrophe before it.

    So does what stands after a semicolon: German spreadsheets part the cells there, whatever the file means.

    >>> guarded("=HYPERLINK(A1)"), guarded("Ja;=1+1"), guarded("-3"), guarded("– Ein Zitat"), guarded(-0.5)
    ("'=HYPERLINK(A1)", "Ja;'=1+1", '-3', '– Ein Zitat', -0.5)
    """
    if not isinstance(cell, str):
        return cell
    # a carriage return alone would end the row for some readers, and Python's writer does not quote it
    whole = _NO_TEXT.sub("\ufffd", cell.replace("\r\n", "\n").replace("\r", "\n"))
    whole = _LATER_FORMULA.sub(r"\1'", whole)
    if not cell.lstrip(" ").startswith(tuple(_FORMULA)):
        return whole
    try:
        float(cell)
    except ValueError:
        return f"'{whole}"
    return cell
