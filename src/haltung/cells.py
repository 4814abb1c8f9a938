"""Cells of CSV files that a spreadsheet may open: text of articles must not act as a formula there."""

from __future__ import annotations

# what begins a formula (OWASP, CSV Injection), also in the wide letters of East Asian keyboards
_FORMULA = tuple("=+-@\t\r＝＋－＠")


def guarded(cell: object) -> object:
    """Return a cell as it is safe in a spreadsheet: text that would be a formula gets an apostrophe before it.

    >>> guarded("=HYPERLINK(A1)"), guarded("-3"), guarded("– Ein Zitat"), guarded(-0.5)
    ("'=HYPERLINK(A1)", '-3', '– Ein Zitat', -0.5)
    """
    if not isinstance(cell, str):
        return cell
    # a carriage return alone would end the row for some readers, and Python's writer does not quote it
    whole = cell.replace("\r\n", "\n").replace("\r", "\n")
    if not cell.lstrip(" ").startswith(_FORMULA):
        return whole
    try:
        float(cell)
    except ValueError:
        return f"'{whole}"
    return cell
