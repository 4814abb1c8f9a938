"""Bytes to text: never a silent guess that mangles umlauts."""

from __future__ import annotations

import codecs
import re
from pathlib import Path

from haltung.errors import HaltungError

_BOMS = (  # UTF-32 first: its little-endian mark begins with UTF-16's
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
# UTF-8 that was once read as cp1252: "fÃ¼r", "â€ž", "Â«"
_MOJIBAKE = re.compile(
    "Ã[\u0080-\u00bf\u0152\u0153\u0160\u0178\u017d\u0192\u2013-\u203a\u20ac]|(?<=[a-zäöü])Ã|Ã(?=[a-zäöü])|â€|Â[\u0080-\u00bf]"
)

# what German text does not hold, or not there: "Pr„sident" is cp850, "PrŠsident" is Mac Roman
_IMPLAUSIBLE = re.compile(
    "[^\x00-\x7fäöüÄÖÜßéèêëáàâçñóòôíìîúùûåæøÉÈÀÁÇÅØ€„“”‚‘’–—…«»‹›§°²³½¼·•©®´×\u00a0]|[a-zäöü][„‚…§€][a-zäöü]"
)


def read_bytes(path: str, remedy: str) -> bytes:
    """Return what a file holds. Raises `HaltungError` where it is none (a pipe could hang) or cannot be read."""
    try:
        if Path(path).exists() and not Path(path).is_file() and not Path(path).is_dir():
            raise HaltungError(f"{path}: is no file but a pipe or a device; copy its text into one")
        return Path(path).read_bytes()
    except OSError as error:
        raise HaltungError(f"{path}: cannot be read ({error.strerror}); {remedy}") from None


def decode(data: bytes, source: str, declared: str | None = None) -> str:
    r"""Return `data` as text with line ends as they are.

    A byte order mark decides; then UTF-8 where the bytes are valid UTF-8; then `declared` (a page's own
    `charset`); then charset-normalizer's detection.

    Raises `HaltungError` where the bytes are no text, or no encoding fits them.

    >>> decode("Müller sagt „nein“".encode("cp1252"), "a.txt")
    'Müller sagt „nein“'
    """
    for bom, encoding in _BOMS:
        if data.startswith(bom):
            return _strict(data, encoding, source)
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(10) + 1
        codec = _usable(declared)
        text = _strict(data, codec, source) if codec else _detected(data, source, line)
        if mojibake(text):  # the rest of it is UTF-8
            raise HaltungError(f"{source}: line {line}: broken encoding; save it as UTF-8 from its source") from None
    if "\0" in text:
        raise HaltungError(f"{source}: is binary, not text; convert it to .txt, .md or .html first")
    return text


def mojibake(text: str) -> str | None:
    """Return the first trace of a wrong decoding in `text` (`Ã¼`, `\ufffd`), or None."""
    if "\ufffd" in text:
        return "\ufffd"
    found = _MOJIBAKE.search(text)
    return found.group() if found else None


def _usable(declared: str | None) -> str | None:
    """Return the codec for a declared charset, or None where it names none for text.

    What says Latin-1 or ASCII is read as cp1252, as browsers do (WHATWG Encoding Standard, 4.2).
    """
    try:
        codec = codecs.lookup(declared or "")
    except LookupError:
        return None
    if codec.name in ("ascii", "iso8859-1"):
        return "cp1252"
    return codec.name if codec._is_text_encoding and codec.name != "undefined" else None


def _strict(data: bytes, encoding: str, source: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise HaltungError(
            f"{source}: line {data[: error.start].count(10) + 1}: is not valid {encoding}; save it as UTF-8"
        ) from None


def _detected(data: bytes, source: str, line: int) -> str:
    if b"\0" in data:
        raise HaltungError(f"{source}: is binary, not text; convert it to .txt, .md or .html first")
    # A few umlauts are too few for a detector, and enough for a reader: nearly always this is cp1252.
    text = data.decode("cp1252", errors="replace")
    if not _IMPLAUSIBLE.search(text):
        return text
    from charset_normalizer import from_bytes

    best = from_bytes(data, cp_isolation=["cp1252", "iso8859_15", "mac_roman", "cp850"]).best()
    if best is None:
        raise HaltungError(f"{source}: line {line}: its encoding is not recognised; save it as UTF-8")
    return str(best)
