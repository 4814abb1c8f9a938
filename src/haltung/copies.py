"""Copies of one text: articles that share half of their word 4-grams within a week, as wire copies do."""

from __future__ import annotations

import datetime
import re
from collections import Counter, deque
from collections.abc import Sequence
from zlib import crc32

import numpy as np

_N = 4
_FEWEST = 20  # word 4-grams; what is shorter repeats by chance
_DAYS = 7  # what is printed again later is news again
_SHARE = 0.5
_COMMON = 20  # texts of a week that hold a 4-gram: more have it in common than a story, as a page's footer

_WORD = re.compile(r"\w+")


def word_grams(text: str) -> np.ndarray:
    """Return the checksums (CRC-32) of the distinct word 4-grams of a text; case and punctuation do not count."""
    words = _WORD.findall(text.lower())
    found = {crc32(" ".join(words[i : i + _N]).encode()) for i in range(len(words) - _N + 1)}
    return np.array(sorted(found), np.uint32)


def originals(dates: Sequence[datetime.date], grams: Sequence[np.ndarray]) -> list[int]:
    """Return for each article the place of the one that it is a copy of, else its own.

    A copy shares at least half of the longer one's distinct word 4-grams (their resemblance as in Broder 1997, *On the
    resemblance and containment of documents*, but by the longer one, so that a digest is no copy of what it quotes)
    with an article of the seven days before; of several with the first. Texts under 23 words are no copies of anything.
    """
    found = list(range(len(dates)))
    holders: dict[int, list[int]] = {}  # who holds a 4-gram, of the originals of the last days
    window: deque[int] = deque()
    for place in sorted(found, key=lambda place: dates[place]):
        while window and (dates[place] - dates[window[0]]).days > _DAYS:
            _forget(holders, grams[window[0]], window.popleft())
        if len(grams[place]) < _FEWEST:
            continue
        own = grams[place].tolist()
        held = [others for gram in own if len(others := holders.get(gram, [])) < _COMMON]
        shared = Counter(other for others in held for other in others)
        near = [o for o, count in shared.items() if count >= _SHARE * max(len(own), len(grams[o]))]
        if near:
            found[place] = min(near, key=lambda other: (dates[other], other))
            continue
        window.append(place)
        for gram in own:
            holders.setdefault(gram, []).append(place)
    return found


def _forget(holders: dict[int, list[int]], grams: np.ndarray, place: int) -> None:
    for gram in grams.tolist():
        holders[gram].remove(place)
        if not holders[gram]:
            del holders[gram]
