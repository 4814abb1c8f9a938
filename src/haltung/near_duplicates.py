"""Sentences that are nearly the same: they share half of their character 5-grams."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from haltung.annotations import folded

_N = 5
SHORTEST = 30  # characters; what is shorter repeats by chance, or is page debris
_CHUNK = 1000


@dataclass(frozen=True)
class NearDuplicate:
    """Two sentences, by their places in the sequence, and the share of 5-grams they have in common."""

    first: int
    second: int
    share: float


def near_duplicates(texts: Sequence[str], least: float = 0.5) -> Iterator[NearDuplicate]:
    """Yield the pairs of `texts` that share at least `least` of the longer one's distinct character 5-grams.

    Case and white space do not count; texts under 30 characters are passed over.

    >>> [(found.first, found.second) for found in near_duplicates(
    ...     ["Seoul liefert keine Granaten an Kiew.", "Es regnet in Seoul und auch in Busan.",
    ...      "Seoul liefert weiter keine Granaten an Kiew."])]
    [(0, 2)]
    """
    from scipy.sparse import csr_matrix

    plain = [folded(text) for text in texts]
    long_enough = [place for place, text in enumerate(plain) if len(text) >= SHORTEST]
    columns: dict[str, int] = {}
    flat: list[int] = []
    ends = [0]
    for place in long_enough:
        text = plain[place]
        flat += [
            columns.setdefault(gram, len(columns)) for gram in {text[i : i + _N] for i in range(len(text) - _N + 1)}
        ]
        ends.append(len(flat))
    grams = csr_matrix((np.ones(len(flat), np.int32), flat, ends), shape=(len(long_enough), len(columns)))
    sizes = np.diff(grams.indptr)
    for start in range(0, len(long_enough), _CHUNK):
        shared = (grams[start : start + _CHUNK] @ grams.T).tocoo()
        rows = shared.row + start
        share = shared.data / np.maximum(sizes[rows], sizes[shared.col])
        for i in np.flatnonzero((rows < shared.col) & (share >= least)):
            yield NearDuplicate(long_enough[rows[i]], long_enough[shared.col[i]], float(share[i]))
