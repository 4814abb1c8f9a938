"""Warnings about annotation files that can be read: what would harm a model trained on them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from haltung.annotations import AnnotatedSentence, folded, read_article_labels, read_sentences
from haltung.codebook import Codebook
from haltung.debris import is_debris, only_debris
from haltung.near_duplicates import SHORTEST, near_duplicates

_FAR = 0.1  # Jensen-Shannon divergence in bits: about a third of the mass on other labels
_ENOUGH = 50  # units; the distribution of fewer says nothing


@dataclass(frozen=True)
class Warned:
    """One warning: its kind, the file and row it stands at, and what is wrong."""

    kind: str
    file: Path
    row: int
    text: str


@dataclass(frozen=True)
class _Row:
    file: Path
    sentence: AnnotatedSentence


def check(files: Sequence[Path], codebook: Codebook, reference: Sequence[AnnotatedSentence] = ()) -> list[Warned]:
    """Read files strictly and return the warnings about them, as `check_read` does.

    Raises `HaltungError` on the first thing that the reader refuses.
    """
    return check_read({path: read_sentences(path, codebook) for path in files}, codebook, reference)


def check_read(
    read: Mapping[Path, Sequence[AnnotatedSentence]], codebook: Codebook, reference: Sequence[AnnotatedSentence] = ()
) -> list[Warned]:
    """Return the warnings about files that have been read.

    Near-duplicates and contradictory labels within and across the files, page debris with a stance, articles
    without a label in `articles.csv`, and a distribution of labels far from that of `reference` (the set).
    """
    rows = [_Row(path, sentence) for path, sentences in read.items() for sentence in sentences]
    return [
        *_same_text(rows),
        *_near(rows),
        *_debris(rows, codebook),
        *(found for path, sentences in read.items() for found in _without_label(path, sentences, codebook)),
        *(found for path, sentences in read.items() for found in _far(path, sentences, reference, codebook)),
    ]


def _same_text(rows: Sequence[_Row]) -> list[Warned]:
    first: dict[str, _Row] = {}
    found = []
    for row in rows:
        if len(row.sentence.text) < SHORTEST:  # "Nein." is what its question makes it
            continue
        other = first.setdefault(folded(row.sentence.text), row)
        if other is not row and other.sentence.label != row.sentence.label:
            labels = f"{row.sentence.label}, but {other.sentence.label} in {_place(other, row)}"
            found.append(Warned("contradiction", row.file, row.sentence.row, f"{labels}: {row.sentence.text}"))
    return found


def _near(rows: Sequence[_Row]) -> list[Warned]:
    found = []
    pairs = near_duplicates([row.sentence.text for row in rows])
    for pair in sorted(pairs, key=lambda pair: (pair.second, pair.first)):
        first, second = rows[pair.first], rows[pair.second]
        if is_debris(second.sentence.text):
            continue
        what = f"shares {pair.share:.0%} with {_place(first, second)}: {second.sentence.text}"
        found.append(Warned("near-duplicate", second.file, second.sentence.row, what))
    return found


def _debris(rows: Sequence[_Row], codebook: Codebook) -> list[Warned]:
    if codebook.none is None:
        return []
    return [
        Warned(
            "boilerplate", row.file, row.sentence.row, f"page debris labelled {row.sentence.label}: {row.sentence.text}"
        )
        for row in rows
        if row.sentence.label != codebook.none and only_debris(row.sentence.text)
    ]


def _without_label(path: Path, sentences: Sequence[AnnotatedSentence], codebook: Codebook) -> list[Warned]:
    beside = path.parent / "articles.csv"
    if path.name != "sentences.csv" or not beside.is_file():
        return []
    labels = read_article_labels(beside, codebook)
    first = {}
    for sentence in sentences:
        first.setdefault(sentence.article, sentence.row)
    return [
        Warned("article without a label", path, row, f"{article!r} is not in {beside.name}")
        for article, row in first.items()
        if article and article not in labels
    ]


def _far(
    path: Path, sentences: Sequence[AnnotatedSentence], reference: Sequence[AnnotatedSentence], codebook: Codebook
) -> list[Warned]:
    if min(len(sentences), len(reference)) < _ENOUGH:
        return []
    here, there = _shares(sentences, codebook), _shares(reference, codebook)
    if _divergence(here, there) <= _FAR:
        return []
    shares = ", ".join(f"{label} {a:.0%} (set {b:.0%})" for label, a, b in zip(codebook.ids, here, there, strict=True))
    return [Warned("distribution", path, 1, f"labels are spread unlike the set's: {shares}")]


def _shares(sentences: Sequence[AnnotatedSentence], codebook: Codebook) -> np.ndarray:
    counts = Counter(sentence.label for sentence in sentences)
    return np.array([counts[label] for label in codebook.ids]) / len(sentences)


def _divergence(first: np.ndarray, second: np.ndarray) -> float:
    """Return the Jensen-Shannon divergence in bits (Lin 1991, IEEE Trans. Inf. Theory 37:145–151)."""
    middle = (first + second) / 2

    def relative(part: np.ndarray) -> float:
        seen = part > 0
        return float((part[seen] * np.log2(part[seen] / middle[seen])).sum())

    return (relative(first) + relative(second)) / 2


def _place(other: _Row, row: _Row) -> str:
    return f"row {other.sentence.row}" if other.file == row.file else f"{other.file}: row {other.sentence.row}"
