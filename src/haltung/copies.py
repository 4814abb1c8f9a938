"""Copies of one text: articles that share half of their word 4-grams within a week, as wire copies do."""

from __future__ import annotations

import datetime
import re
from collections import Counter
from collections.abc import Sequence
from zlib import crc32

_N = 4
_FEWEST = 20  # word 4-grams; what is shorter repeats by chance
_DAYS = 7  # what is printed again later is news again
_SHARE = 0.5
_COMMON = 20  # texts of a week that hold a 4-gram: more have it in common than a story, as a page's footer

_WORD = re.compile(r"\w+")


def word_grams(text: str) -> frozenset[int]:
    """Return the checksums (CRC-32) of the distinct word 4-grams of a text; case and punctuation do not count."""
    words = _WORD.findall(text.lower())
    return frozenset(crc32(" ".join(words[i : i + _N]).encode()) for i in range(len(words) - _N + 1))


def originals(dates: Sequence[datetime.date], grams: Sequence[frozenset[int]]) -> list[int]:
    """Return for each article the place of the one that it is a copy of, else its own.

    A copy shares at least half of the longer one's distinct word 4-grams (their resemblance as in Broder 1997, *On the
    resemblance and containment of documents*, but by the longer one, so that a digest is no copy of what it quotes)
    with an article of the seven days before; of several the first. Texts under 23 words are no copies of anything.
    """
    found = list(range(len(dates)))
    holders: dict[int, list[int]] = {}
    for place in sorted(found, key=lambda place: dates[place]):
        if len(grams[place]) < _FEWEST:
            continue
        held = [_recent(holders.get(gram, []), dates, place) for gram in grams[place]]
        shared = Counter(other for others in held if len(others) < _COMMON for other in others)
        for other, count in shared.items():
            if count >= _SHARE * max(len(grams[place]), len(grams[other])):
                found[place] = min(found[place], other, key=lambda place: (dates[place], place))
        if found[place] != place:
            continue
        for gram, others in zip(grams[place], held, strict=True):
            holders[gram] = [*others, place]
    return found


def _recent(others: list[int], dates: Sequence[datetime.date], place: int) -> list[int]:
    return [other for other in others if (dates[place] - dates[other]).days <= _DAYS]
