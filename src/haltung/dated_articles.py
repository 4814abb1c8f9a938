"""Dated articles: what the curve is made of, each with its probabilities and its strongest sentences."""

from __future__ import annotations

import datetime
import glob
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path, PurePath

import numpy as np

from haltung import archive
from haltung.article import sources
from haltung.copies import word_grams
from haltung.model import ArticleReading


@dataclass(frozen=True)
class Said:
    """A sentence and the probability of a label in it."""

    text: str
    probability: float


@dataclass(frozen=True)
class DatedArticle:
    """What is known of an article: its date (None where it has none), its label probabilities, what it says.

    `group` is the source that it is counted with. `said` is its strongest sentence for each label, in the codebook's
    order, or its title where its sentences are not known; `grams` are the `word_grams` of its text, empty where the
    text is not known. `copies` counts how often the text stands in the series.
    """

    source: str
    group: str
    title: str
    date: datetime.date | None
    probabilities: np.ndarray
    said: tuple[Said, ...]
    grams: np.ndarray
    copies: int = 1


@dataclass(frozen=True)
class Quote:
    """A sentence that stands for a label: where and when it was printed, how often, and how sure it is."""

    label: str
    text: str
    probability: float
    source: str
    date: datetime.date
    copies: int


def named_files(path: str) -> list[str]:
    """Return the files that a path or a pattern ("2024/*.txt") stands for: articles, and rows of `haltung score`.

    A folder stands for the articles in it, or, where it is the output of `haltung score --dask`, for its parts.
    """
    if path == "-" or Path(path).is_file():
        return [path]
    if Path(path).is_dir():
        return list(sources([path])) or sorted(str(part) for part in Path(path).glob("*.parquet"))
    return [found for name in sorted(glob.glob(path, recursive=True)) for found in named_files(name)] or [path]  # noqa: PTH207 (patterns may be absolute)


def is_scored(source: str) -> bool:
    """Tell whether a file holds rows of `haltung score`, by its name."""
    return source.lower().endswith(archive.SUFFIXES)


def of_reading(reading: ArticleReading) -> DatedArticle:
    """Return what a model reads in an article as a part of the series; its group is the folder that it lies in."""
    article = reading.article
    outside = len(reading.sentences.probabilities) - len(reading.spans)  # 1 where the title stands outside the text
    rows = reading.sentences.probabilities[outside:]
    said = []
    for column in range(len(reading.whole)):
        if not len(rows):
            said.append(Said(" ".join((article.title or "").split()), float(reading.whole[column])))
            continue
        row = int(rows[:, column].argmax())
        span = reading.spans[row]
        said.append(Said(" ".join(article.text[span.start : span.end].split()), float(rows[row, column])))
    return DatedArticle(
        article.source,
        PurePath(article.source).parent.name or ".",
        " ".join((article.title or "").split()),
        iso_date(article.date),
        reading.whole,
        tuple(said),
        word_grams(article.text),
    )


def iso_date(date: str | None) -> datetime.date | None:
    """Return a date given as `YYYY-MM-DD`, else None: what is not understood is not guessed."""
    try:
        return datetime.date.fromisoformat(date or "")
    except ValueError:
        return None


def quotes(articles: list[DatedArticle], label: str, column: int) -> Iterator[Quote]:
    """Yield what articles with a date say for a label, the strongest first: sentence and article together."""
    ordered = sorted(articles, key=lambda one: -one.said[column].probability * one.probabilities[column])
    for article in ordered:
        said = article.said[column]
        if article.date and said.text:
            yield Quote(label, said.text, round(said.probability, 4), article.source, article.date, article.copies)
