"""Change points of a series of dated articles: days on which the mixture of stances turns.

Binary segmentation (Scott & Knott 1974, Biometrics 30:507–512) by the multinomial likelihood; what chance does is
found by shuffling the articles over the dates.
"""

from __future__ import annotations

import datetime
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.01  # of the test: so many series without a turn show one
_SHUFFLES = 999
_SEED = 20240620
_MOSTLY = 0.5  # from this probability an article has a stance
_FEWEST = 3  # articles with a stance on each side; fewer are no new line but an exception
_LEAST = 0.2  # of the share changes hands; less is no turn, however sure


@dataclass(frozen=True)
class ChangePoint:
    """The series turns before the article at `place`; by chance that happens with probability `p` or less often."""

    place: int
    p: float


def change_points(dates: Sequence[datetime.date], stances: np.ndarray) -> list[ChangePoint]:
    """Return the turns of a series, in order.

    `dates` are n dates in order, `stances` is n × m: each article's probabilities of the m stances. A row sums to
    less than 1 by its probability of no stance, so an article without one hardly counts. Each part of the series is
    an urn of stances; a part is cut where two urns are likeliest, if the gain in log-likelihood exceeds that of
    99 % of the 999 shuffles of its articles over its dates (Good 2005, *Permutation, Parametric and Bootstrap Tests
    of Hypotheses*, ch. 3), and both parts are searched again. A cut leaves three articles with a stance on each side,
    stands before a day that has one, and moves a fifth of the share or more. The seed is fixed.
    """
    rng = np.random.default_rng(_SEED)
    found: list[ChangePoint] = []
    waiting = [(0, len(dates))]
    while waiting:
        start, end = waiting.pop()
        cut = _cut(dates[start:end], stances[start:end], rng)
        if cut is None:
            continue
        place = start + cut.place
        found.append(ChangePoint(place, cut.p))
        waiting += [(start, place), (place, end)]
    return sorted(found, key=lambda point: point.place)


def _cut(dates: Sequence[datetime.date], stances: np.ndarray, rng: np.random.Generator) -> ChangePoint | None:
    """Return where a part of the series is cut, or None where chance does as well."""
    days = [place for place, date in enumerate(dates) if not place or date != dates[place - 1]]
    if len(days) < 2:
        return None
    gains = _gains(stances, days)
    best = int(gains.argmax())
    if gains[best] <= 0:
        return None
    by_chance, allowed = 1, LEVEL * (_SHUFFLES + 1)
    for _ in range(_SHUFFLES):
        by_chance += int(_gains(rng.permutation(stances), days).max() >= gains[best])
        if by_chance > allowed:
            return None
    return ChangePoint(days[best + 1], by_chance / (_SHUFFLES + 1))


def _gains(stances: np.ndarray, days: Sequence[int]) -> np.ndarray:
    """Return what a cut before each day but the first adds to the log-likelihood (nats), 0 where none may be."""
    by_day = np.add.reduceat(stances, days, axis=0)
    before = by_day.cumsum(axis=0)
    whole, before = before[-1], before[:-1]
    after = whole - before
    gains = _log_likelihood(before) + _log_likelihood(after) - _log_likelihood(whole)
    carrying = np.add.reduceat(stances.sum(axis=1) >= _MOSTLY, days, dtype=int)
    earlier = carrying.cumsum()
    enough = np.minimum(earlier[:-1], earlier[-1] - earlier[:-1]) >= _FEWEST
    moved = abs(_shares(after) - _shares(before)).sum(axis=1) / 2
    return np.where(enough & (carrying[1:] > 0) & (moved >= _LEAST), gains, 0.0)


def _log_likelihood(counts: np.ndarray) -> np.ndarray:
    """Return the greatest multinomial log-likelihood of (expected) counts, along the last axis."""
    return (counts * np.log(_shares(counts))).sum(axis=-1)


def _shares(counts: np.ndarray) -> np.ndarray:
    safe = np.maximum(counts, 1e-12)
    return safe / safe.sum(axis=-1, keepdims=True)
