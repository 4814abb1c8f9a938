"""64-bit hashes of terms: polynomials of letters and words, so that n-grams and pairs need not be made as strings."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from haltung.features import Block

PRIME = np.uint64(0x9E3779B97F4A7C15)  # odd: multiplying by it loses nothing modulo 2^64
_MIX = np.uint64(0xD6E8FEB86659FD93)


def unordered(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the hashes of pairs of words given by their hashes, in whatever order."""
    return (np.minimum(one, other) * PRIME + np.maximum(one, other)) * PRIME


def letters_of(text: str) -> np.ndarray:
    """Return the letters of a text as numbers, none of them 0."""
    codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    return codes.astype(np.uint64) + np.uint64(1)


def hashes_of(strings: Sequence[str]) -> np.ndarray:
    """Return a 64-bit hash of each string: a polynomial of its letters, as `_char_columns` rolls it, mixed."""
    lengths = np.fromiter(map(len, strings), np.int64, len(strings))
    return mixed(_polynomials(letters_of("".join(strings)), lengths))


def mixed(hashes: np.ndarray) -> np.ndarray:
    """Make hashes of which sums and products tell nothing: a pair of letters is no sum of two words."""
    hashes = (hashes ^ (hashes >> np.uint64(32))) * _MIX
    return hashes ^ (hashes >> np.uint64(29))


def _polynomials(letters: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    hashes = np.zeros(len(lengths), np.uint64)
    filled = np.flatnonzero(lengths)
    if not len(filled):
        return hashes
    ends = np.cumsum(lengths)
    powers = np.full(int(lengths.max()), PRIME, np.uint64)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    exponents = np.repeat(ends, lengths) - 1 - np.arange(len(letters))
    hashes[filled] = np.add.reduceat(letters * powers[exponents], (ends - lengths)[filled])
    return hashes


def term_hashes(block: Block, terms: Sequence[str]) -> np.ndarray:
    """Return the 64-bit hashes of a block's terms. Raises `ValueError` where two are the same."""
    if block.kind == "chars":
        hashes = hashes_of(terms)
    else:
        parts = [term.split(" … ") for term in terms] if block.kind == "pairs" else [term.split(" ") for term in terms]
        numbers = np.fromiter(map(len, parts), np.int64, len(parts))
        flat = hashes_of([part for found in parts for part in found])
        first = np.cumsum(numbers) - numbers
        if block.kind == "pairs":
            hashes = unordered(flat[first], flat[first + 1]) if len(terms) else np.zeros(0, np.uint64)
        else:
            hashes = flat[first] * PRIME
            for n in range(1, int(numbers.max(initial=0))):
                longer = np.flatnonzero(numbers > n)
                hashes[longer] = (hashes[longer] + flat[first[longer] + n]) * PRIME
    if len(np.unique(hashes)) < len(terms):
        raise ValueError("two terms have one hash")
    return hashes
