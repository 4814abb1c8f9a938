"""Dated articles from rows of `haltung score`: rows of articles make the curve, rows of sentences add the sentences."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from haltung.archive import Broken, Columns, Row, rows
from haltung.codebook import Codebook
from haltung.copies import word_grams
from haltung.dated_articles import DatedArticle, Said, iso_date
from haltung.errors import HaltungError

_SCORES = "stance"
_SOURCE = "source"  # carried over by `haltung score --keep source`
_NAMED = ("id", "date", "title", _SOURCE, "sentence", "text", _SCORES)
_REMEDY = "score it first: haltung score IN OUT"


def scored_articles(files: Iterable[str], codebook: Codebook, told: Callable[[Broken], None]) -> list[DatedArticle]:
    """Return the articles whose rows stand in `files`, in order; broken rows are told and left out.

    An article's group is its row's `source`, or the name of the file where it has none. Sentences are put to articles
    by their id; an article without them stands with its title. Raises `HaltungError` where a file cannot be read, holds
    other labels than the codebook's, or where there are rows of sentences only: the verdict is not in them.
    """
    articles: list[DatedArticle] = []
    sentences: dict[str, list[tuple[str, np.ndarray]]] = {}
    last = ""
    for place, file, values in _values(files, codebook, told):
        shares = np.array([_number(values[label]) for label in codebook.ids])
        if not ((shares >= 0) & (shares <= 1)).all():
            told(Broken(place, "has probabilities that are no numbers from 0 to 1"))
            continue
        name = _plain(values.get("id"))
        if values.get("sentence") not in (None, ""):
            sentences.setdefault(name, []).append((_plain(values.get("text")), shares))
            last = file
            continue
        title, group = _plain(values.get("title")), _plain(values.get(_SOURCE)) or Path(file).stem
        said = tuple(Said(title, float(share)) for share in shares)
        date = iso_date(_plain(values.get("date"))[:10])
        articles.append(DatedArticle(name, group, title, date, shares, said, word_grams("")))
    if sentences and not articles:
        raise HaltungError(f"{last}: holds rows of sentences, without verdicts; name the rows of the articles too")
    return [_with_sentences(article, sentences.get(article.source, [])) for article in articles]


def _values(
    files: Iterable[str], codebook: Codebook, told: Callable[[Broken], None]
) -> Iterator[tuple[str, str, dict[str, Any]]]:
    columns = Columns((*_NAMED, *codebook.ids), _SCORES, _REMEDY)
    for file in files:
        for row, _ in rows(Path(file), columns):
            if not isinstance(row, Row):
                told(row)
                continue
            if _SCORES not in row.values:
                raise HaltungError(f"{row.place}: has no {_SCORES!r}; {_REMEDY}")
            lacking = [label for label in codebook.ids if label not in row.values]
            if lacking:
                raise HaltungError(f"{row.place}: has no {lacking[0]!r}; name the --model that scored it")
            yield row.place, file, row.values


def _with_sentences(article: DatedArticle, found: list[tuple[str, np.ndarray]]) -> DatedArticle:
    if not found:
        return article
    shares = np.array([row for _, row in found])
    said = tuple(Said(found[row][0], float(shares[row, column])) for column, row in enumerate(shares.argmax(axis=0)))
    return replace(article, said=said, grams=word_grams("\n".join(text for text, _ in found)))


def _number(value: object) -> float:
    try:
        return float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return float("nan")


def _plain(value: object) -> str:
    return "" if value is None else " ".join(str(value).split())
