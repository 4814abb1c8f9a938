"""Annotated sentences and articles, read strictly from CSV files."""

from __future__ import annotations

import csv
import datetime
import io
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from haltung.codebook import Codebook
from haltung.decoding import decode, mojibake, read_bytes
from haltung.errors import HaltungError

_PLACE = ("article", "date", "kind", "position")


@dataclass(frozen=True)
class AnnotatedSentence:
    """One row of an annotation file.

    `article` is empty and `position` is -1 in files with only `text,label`. `date` is `YYYY-MM-DD` or empty.
    `row` is the row's number as a spreadsheet shows it (the header is row 1). `readings` are the labels that
    annotators gave before one was decided (`label_1`, `label_2`, …), by annotator; a reading may be missing.
    """

    article: str
    date: str
    kind: str
    position: int
    label: str
    text: str
    row: int
    readings: tuple[tuple[str, str], ...] = ()

    @property
    def group(self) -> str:
        """What is held out together: the article, or else the text itself."""
        return self.article or f"text:{folded(self.text)}"


def folded(text: str) -> str:
    """Return `text` so that two writings of one sentence are equal (white space, case, Unicode form)."""
    return " ".join(unicodedata.normalize("NFC", text).casefold().split())


def rows_of_articles(sentences: Sequence[AnnotatedSentence]) -> dict[str, list[int]]:
    """Return the rows of each article's sentences, in the order of the article."""
    rows: dict[str, list[int]] = {}
    for row, sentence in enumerate(sentences):
        if sentence.article:
            rows.setdefault(sentence.article, []).append(row)
    return {article: sorted(found, key=lambda row: sentences[row].position) for article, found in rows.items()}


def read_sentences(path: Path | str, codebook: Codebook) -> list[AnnotatedSentence]:
    """Read annotated sentences.

    The columns are `text,label`, or these and all of `article,date,kind,position`; others are passed over.
    Comma, semicolon or tab; UTF-8, UTF-16 with a mark, or cp1252 (what German Excel writes).

    Raises `HaltungError` with file, row and remedy on an unknown label, an empty text, a missing column,
    one position of an article twice, a bad date or broken encoding.
    """
    path = Path(path)
    sentences: list[AnnotatedSentence] = []
    seen: dict[tuple[str, int], int] = {}
    for row, cells in _rows(path, ("text", "label")):
        place = f"{path}: row {row}"
        sentence = _sentence(place, row, cells, codebook)
        if sentence.article:
            key = (sentence.article, sentence.position)
            if key in seen:
                raise HaltungError(
                    f"{place}: position {key[1]} of article {key[0]!r} stands in row {seen[key]} already;"
                    " renumber or remove one"
                )
            seen[key] = row
        sentences.append(sentence)
    if not sentences:
        raise HaltungError(f"{path}: has a header and no rows; add annotated sentences")
    return sentences


def read_article_labels(path: Path | str, codebook: Codebook) -> dict[str, str]:
    """Read `article,label` into a dict. Raises `HaltungError` as `read_sentences` does."""
    path = Path(path)
    labels: dict[str, str] = {}
    for row, cells in _rows(path, ("article", "label")):
        place = f"{path}: row {row}"
        article = cells["article"].strip()
        if not article:
            raise HaltungError(f"{place}: the article is empty; give its id")
        if article in labels:
            raise HaltungError(f"{place}: article {article!r} stands there twice; remove one")
        labels[article] = _known_label(place, cells["label"], codebook)
    return labels


def _sentence(place: str, row: int, cells: dict[str, str], codebook: Codebook) -> AnnotatedSentence:
    text = " ".join(cells["text"].split())
    if not text:
        raise HaltungError(f"{place}: the text is empty; give the sentence or remove the row")
    label = _known_label(place, cells["label"], codebook)
    readings = _readings(place, cells, codebook)
    if "article" not in cells:
        return AnnotatedSentence("", "", "", -1, label, text, row, readings)
    article = cells["article"].strip()
    if not article:
        raise HaltungError(f"{place}: the article is empty; give its id")
    position = cells["position"].strip()
    if not re.fullmatch(r"[0-9]{1,6}", position):
        raise HaltungError(f"{place}: position is {position!r}; give the sentence's number, the title being 0")
    return AnnotatedSentence(
        article, _date(place, cells["date"]), cells["kind"].strip(), int(position), label, text, row, readings
    )


def _readings(place: str, cells: dict[str, str], codebook: Codebook) -> tuple[tuple[str, str], ...]:
    """Return (annotator, label) of the columns `label_1`, `annotator_1` … that are filled."""
    found = []
    for name, cell in cells.items():
        number = re.fullmatch(r"label_(\d+)", name)
        if number and cell.strip():
            annotator = cells.get(f"annotator_{number[1]}", "").strip() or name
            found.append((annotator, _known_label(place, cell, codebook)))
    return tuple(found)


def _known_label(place: str, label: str, codebook: Codebook) -> str:
    label = label.strip()
    if label in codebook.ids:
        return label
    said = f"unknown label {label!r}" if label else "the label is empty"
    raise HaltungError(f"{place}: {said}; use one of {', '.join(codebook.ids)}")


def _date(place: str, date: str) -> str:
    date = date.strip()
    if not date:
        return ""
    german = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4})", date)  # what German Excel makes of a date
    year_first = f"{german[3]}-{german[2]:0>2}-{german[1]:0>2}" if german else date
    try:
        return datetime.date.fromisoformat(year_first).isoformat()
    except ValueError:
        raise HaltungError(f"{place}: date is {date!r}; write YYYY-MM-DD or leave it empty") from None


def _rows(path: Path, needed: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    text = _text(path)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    header: list[str] = []
    row = 0
    try:
        for row, cells in enumerate(reader, start=1):
            if row == 1:
                header = _header(path, cells, needed)
                continue
            if not any(cell.strip() for cell in cells):
                continue
            if len(cells) != len(header):
                raise HaltungError(
                    f"{path}: row {row}: has {len(cells)} cells where the header has {len(header)};"
                    ' put a text that holds the separator in "quotation marks"'
                )
            yield row, _clean(path, row, dict(zip(header, cells, strict=True)))
    except csv.Error as error:
        raise HaltungError(f"{path}: row {row + 1}: is broken CSV ({error}); mend its quotation marks") from None


def _clean(path: Path, row: int, cells: dict[str, str]) -> dict[str, str]:
    for name, cell in cells.items():
        trace = mojibake(cell)
        if trace:
            raise HaltungError(
                f"{path}: row {row}: broken encoding in {name!r} ({trace!r}); save the file from its source as UTF-8"
            )
    return cells


def _header(path: Path, cells: list[str], needed: tuple[str, ...]) -> list[str]:
    header = [cell.strip().lower() for cell in cells]
    required = needed
    if "text" in needed and any(name in header for name in _PLACE):
        required = (*_PLACE, "label", "text")
    missing = [name for name in required if name not in header]
    if missing:
        raise HaltungError(
            f"{path}: row 1: the column {missing[0]!r} is missing; the first row must name {', '.join(required)}"
        )
    twice = [name for name in header if name and header.count(name) > 1]
    if twice:
        raise HaltungError(f"{path}: row 1: the column {twice[0]!r} stands there twice; rename one")
    return header


def _delimiter(text: str) -> str:
    first = text.splitlines()[0]
    return max(",;\t", key=first.count)


def _text(path: Path) -> str:
    text = decode(read_bytes(str(path), "name a CSV file"), str(path), declared="cp1252")
    # Excel's own hint of the separator is no header
    text = re.sub(r"\A\ufeff?(?:sep=.\r?\n)?", "", text)
    if not text.strip():
        raise HaltungError(f"{path}: is empty; give a CSV file with a header")
    return text
