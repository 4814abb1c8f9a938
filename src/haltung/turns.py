"""Turns of the stance: change points named by date, by what gives way to what, and by the sentences that mark them."""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from haltung.change_points import change_points
from haltung.codebook import Codebook
from haltung.dated_articles import DatedArticle, Quote, quotes

_NEAR = 5  # articles before and after a turn among which the sentences that mark it are looked for
_MARKS = 2  # sentences before and after


@dataclass(frozen=True)
class Turn:
    """A turn: the first day of the new line (`date`), the last article's before (`after`), and what changes.

    `from_label` is the stance that loses most of its share, `to_label` the one that gains most; `before` and `then`
    are the shares of the stances up to the turn before and up to the next; `strength` is how much of the share
    changes hands (total variation distance, 0 to 1); `p` how often chance does as well. `marks_before` and
    `marks_after` are the strongest sentences of the two stances among the nearest articles.
    """

    date: datetime.date
    after: datetime.date
    from_label: str
    to_label: str
    before: dict[str, float]
    then: dict[str, float]
    strength: float
    p: float
    marks_before: tuple[Quote, ...]
    marks_after: tuple[Quote, ...]


def turns(articles: Sequence[DatedArticle], codebook: Codebook) -> tuple[Turn, ...]:
    """Return the turns of articles that are in order of their dates."""
    if not articles:
        return ()
    stances = stance_columns(codebook)
    labels = [codebook.ids[column] for column in stances]
    shares = np.array([article.probabilities for article in articles])[:, stances]
    dates = [article.date for article in articles if article.date]
    points = change_points(dates, shares)
    edges = [0, *(point.place for point in points), len(articles)]
    found = []
    for number, point in enumerate(points, start=1):
        before, then = (_mixture(shares[edges[i] : edges[i + 1]]) for i in (number - 1, number))
        gained = then - before
        lost, won = int(gained.argmin()), int(gained.argmax())
        earlier, later = (
            list(articles[edges[number - 1] : point.place]),
            list(articles[point.place : edges[number + 1]]),
        )
        found.append(
            Turn(
                dates[point.place],
                dates[point.place - 1],
                labels[lost],
                labels[won],
                _named(before, labels),
                _named(then, labels),
                round(float(abs(gained).sum() / 2), 4),
                point.p,
                _marks(earlier[-_NEAR:], labels[lost], stances[lost]),
                _marks(later[:_NEAR], labels[won], stances[won]),
            )
        )
    return tuple(found)


def stance_columns(codebook: Codebook) -> list[int]:
    """Return the columns of the labels that are stances: all but "none"."""
    return [column for column, label in enumerate(codebook.ids) if label != codebook.none]


def _mixture(shares: np.ndarray) -> np.ndarray:
    total = shares.sum(axis=0)
    return total / total.sum()


def _named(shares: np.ndarray, labels: list[str]) -> dict[str, float]:
    return {label: round(float(share), 4) for label, share in zip(labels, shares, strict=True)}


def _marks(articles: list[DatedArticle], label: str, column: int) -> tuple[Quote, ...]:
    strongest = list(quotes(articles, label, column))[:_MARKS]
    return tuple(sorted(strongest, key=lambda quote: quote.date))
