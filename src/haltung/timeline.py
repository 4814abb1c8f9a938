"""The timeline: shares of the stances period by period with their uncertainty, turns, copies, undated articles."""

from __future__ import annotations

import datetime
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Literal

import numpy as np

from haltung.codebook import Codebook
from haltung.copies import originals
from haltung.dated_articles import DatedArticle, Quote, quotes
from haltung.errors import HaltungError
from haltung.turns import Turn, stance_columns, turns

METHOD = (
    "Shares are those of the articles with a stance: each article counts for every stance with its probability, and "
    "less the likelier it is that it has none. The 95 % intervals hold both that labels are uncertain and that "
    "articles are few: 4,000 times each article's label is drawn from its probabilities (multiple imputation, "
    "Rubin 1987) and the shares from the Dirichlet distribution that these labels and Jeffreys' prior (1946) leave; "
    "the shortest interval that holds 95 % of the draws is given (Chen & Shao 1999), widened to the share itself where "
    "that lies outside."
)
_DRAWS = 4000
_BLOCK = 250  # articles drawn for at a time
_COVERED = 0.95
_PRIOR = 0.5  # Jeffreys' prior of a multinomial's shares
_MOSTLY = 0.5  # articles with a stance; a period with fewer leads nowhere

By = Literal["day", "week", "month"]


@dataclass(frozen=True)
class Share:
    """A stance's share of the articles with a stance (0 to 1), and the 95 % interval around it."""

    share: float
    low: float
    high: float


@dataclass(frozen=True)
class Period:
    """A day, week or month with its articles.

    `with_stance` is how many of them have a stance, as expected from their probabilities; `shares` are those of the
    stances (label → share); `stance` is the leading one, None where hardly an article has any; `sentence` is the
    strongest sentence of the leading stance. `middle` is the day that it is drawn at.
    """

    name: str
    start: datetime.date
    middle: datetime.date
    articles: int
    with_stance: float
    shares: dict[str, Share]
    stance: str | None
    sentence: Quote | None


@dataclass(frozen=True)
class Curve:
    """The periods and turns of all articles, or of one source's (`group`)."""

    group: str | None
    periods: tuple[Period, ...]
    turns: tuple[Turn, ...]

    def turns_by_period(self) -> list[list[Turn]]:
        """Return for each period the turns that begin in it."""
        starts = [period.start for period in self.periods]
        found: list[list[Turn]] = [[] for _ in starts]
        for turn in self.turns:
            found[bisect_right(starts, turn.date) - 1].append(turn)
        return found

    def levels(self) -> list[tuple[datetime.date, datetime.date, dict[str, float]]]:
        """Return the parts between turns: from when, to when, and the stances' shares; none where there is no turn."""
        if not self.turns:
            return []
        starts = [self.periods[0].start, *(turn.date for turn in self.turns)]
        ends = [*starts[1:], max(starts[-1], self.periods[-1].middle)]
        return list(zip(starts, ends, [self.turns[0].before, *(turn.then for turn in self.turns)], strict=True))


@dataclass(frozen=True)
class Timeline:
    """Curves over time. `copies` are articles that did not count, each with its original; `undated` have no date."""

    codebook: Codebook
    by: By
    articles: int
    curves: tuple[Curve, ...]
    copies: tuple[tuple[str, str], ...]
    undated: tuple[str, ...]


def timeline(
    articles: Sequence[DatedArticle],
    codebook: Codebook,
    by: By = "week",
    grouped: bool = False,
    each_copy: bool = False,
) -> Timeline:
    """Return the stance through time.

    With `grouped` there is a curve a source, and a text counts once in each; with `each_copy` copies count too.
    Raises `HaltungError` where no article has a date.
    """
    dated = sorted((one for one in articles if one.date), key=lambda one: (one.group if grouped else "", one.date))
    if not dated:
        raise HaltungError("no article has a date; give it in the page, in a line 'Stand: 24.10.2024' or the file name")
    curves, copies, counted = [], [], 0
    for group, members in groupby(dated, key=lambda one: one.group if grouped else None):
        inside = list(members)
        kept, doubled = (inside, []) if each_copy else _once(inside)
        curves.append(Curve(group, _periods(kept, codebook, by), turns(kept, codebook)))
        copies += doubled
        counted += len(kept)
    undated = tuple(one.source for one in articles if not one.date)
    return Timeline(codebook, by, counted, tuple(curves), tuple(copies), undated)


def _once(articles: list[DatedArticle]) -> tuple[list[DatedArticle], list[tuple[str, str]]]:
    """Return the articles without copies, and each copy with its original."""
    places = originals([one.date for one in articles if one.date], [one.grams for one in articles])
    copies_of = Counter(places)
    kept = [replace(one, copies=copies_of[place]) for place, one in enumerate(articles) if places[place] == place]
    copies = [(one.source, articles[to].source) for place, one in enumerate(articles) if (to := places[place]) != place]
    return kept, copies


def _periods(articles: list[DatedArticle], codebook: Codebook, by: By) -> tuple[Period, ...]:
    found = []
    for start, members in groupby(articles, key=lambda one: _start(one.date, by)):
        found.append(_period(list(members), codebook, by, start))
    return tuple(found)


def _period(articles: list[DatedArticle], codebook: Codebook, by: By, start: datetime.date) -> Period:
    columns = stance_columns(codebook)
    stances = np.array([one.probabilities for one in articles])[:, columns]
    with_stance = float(stances.sum())
    shares = stances.sum(axis=0) / max(with_stance, 1e-12)
    low, high = _intervals(stances, np.random.default_rng(start.toordinal()))
    low, high = np.minimum(low, shares), np.maximum(high, shares)
    named = {
        codebook.ids[column]: Share(*(round(float(part[i]), 4) for part in (shares, low, high)))
        for i, column in enumerate(columns)
    }
    leading = columns[int(shares.argmax())] if with_stance >= _MOSTLY else None
    stance = None if leading is None else codebook.ids[leading]
    sentence = None if leading is None else next(quotes(articles, codebook.ids[leading], leading), None)
    return Period(
        _name(start, by), start, _middle(start, by), len(articles), round(with_stance, 2), named, stance, sentence
    )


def _intervals(stances: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return the ends of the 95 % intervals of m shares, from n × m probabilities of the stances (see `METHOD`)."""
    counts = np.zeros((_DRAWS, stances.shape[1]))
    for start in range(0, len(stances), _BLOCK):
        edges = stances[start : start + _BLOCK].cumsum(axis=1)
        drawn = rng.random((_DRAWS, len(edges)))
        below = np.stack([(drawn < edge).sum(axis=1) for edge in edges.T], axis=1)
        counts += np.diff(below, axis=1, prepend=0)
    gammas = rng.standard_gamma(counts + _PRIOR)
    ordered = np.sort(gammas / gammas.sum(axis=1, keepdims=True), axis=0)
    inside = int(_COVERED * _DRAWS)
    first = (ordered[inside:] - ordered[:-inside]).argmin(axis=0)
    every = np.arange(stances.shape[1])
    return ordered[first, every], ordered[first + inside, every]


def _start(date: datetime.date | None, by: By) -> datetime.date:
    assert date is not None
    if by == "month":
        return date.replace(day=1)
    return date - datetime.timedelta(days=date.weekday()) if by == "week" else date


def _middle(start: datetime.date, by: By) -> datetime.date:
    return start + datetime.timedelta(days={"day": 0, "week": 3, "month": 14}[by])


def _name(start: datetime.date, by: By) -> str:
    if by == "week":
        year, week, _ = start.isocalendar()
        return f"{year}-W{week:02}"
    return f"{start:%Y-%m}" if by == "month" else start.isoformat()
