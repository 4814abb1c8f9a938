"""Logits from features: TF-IDF blocks and logistic regressions, rebuilt from plain arrays."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from haltung.counts import TermIndex, starts_of
from haltung.errors import HaltungError
from haltung.features import Block
from haltung.lexicon import Lexicon

_LONGEST_TERM = 1_000  # bytes on the average: what unpacks to more is no list of terms
_BATCH = 512  # texts; bounds the memory that one call needs


@dataclass(frozen=True)
class WeightedBlock:
    """One block of features with its part of the model.

    The terms are in the order of their `hashes`; `packed` is `pack_terms` of them, which only explanations need.
    `df` counts the learnt texts that have each term, `coef` (float16) is terms × outputs, `weight` scales the block
    after its rows have been brought to length 1.
    """

    block: Block
    hashes: np.ndarray
    packed: np.ndarray
    weight: float
    df: np.ndarray
    coef: np.ndarray
    source: str = "the model"  # the file that it is from

    @cached_property
    def terms(self) -> list[str]:
        """The terms in the order of their columns."""
        packed = zlib.decompressobj()
        try:
            text = packed.decompress(self.packed.tobytes(), _LONGEST_TERM * (len(self.hashes) + 1))
            names = text.decode("utf-8", "surrogatepass").split("\n") if text else []
        except (zlib.error, UnicodeDecodeError):
            names = []
        if len(names) != len(self.hashes) or not packed.eof:
            raise HaltungError(f"{self.source}: the names of its terms are damaged; train it anew")
        return names


def strongest_terms(linear: LinearModel, output: int, shown: int = 8) -> list[tuple[str, float]]:
    """Return the terms that speak most for an output, then those most against it, as (term, weight).

    A weight is the coefficient times the term's idf times its block's weight: what the term brings before a text's
    terms are brought to length 1. They are ranked by weight times the root of the number of texts, so that what is
    frequent stands before what is rare and odd.
    """
    found: list[tuple[float, str, float]] = []
    for block in linear.blocks:
        idf = np.log((1.0 + linear.learnt) / (1.0 + block.df)) + 1.0
        weights = block.coef[:, output].astype(np.float64) * idf * block.weight
        ranks = weights * np.sqrt(block.df)
        places = {*np.argsort(ranks)[:shown].tolist(), *np.argsort(-ranks)[:shown].tolist()}
        found += [(float(ranks[place]), block.terms[place], round(float(weights[place]), 3)) for place in places]
    found.sort(key=lambda term: (-term[0], term[1]))
    return [(term, weight) for _, term, weight in [*found[:shown], *found[max(shown, len(found) - shown) :]]]


def pack_terms(terms: Sequence[str]) -> np.ndarray:
    """Return terms as compressed bytes."""
    return np.frombuffer(zlib.compress("\n".join(terms).encode("utf-8", "surrogatepass"), 9), np.uint8)


@dataclass(frozen=True)
class LinearModel:
    """Blocks of features and one intercept an output: texts in, logits out. `learnt` counts the texts behind it."""

    blocks: tuple[WeightedBlock, ...]
    intercept: np.ndarray
    lexicon: Lexicon
    learnt: int

    def logits(self, texts: Sequence[str], outputs: int | None = None) -> np.ndarray:
        """Return an array texts × outputs: the first `outputs` ones (default: all)."""
        outputs = len(self.intercept) if outputs is None else outputs
        if not len(texts):
            return np.empty((0, outputs))
        coef = self._wide_coef(outputs) if len(texts) >= _BATCH else self._coef
        batches = (texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH))
        return np.vstack([self._logits(batch, coef) for batch in batches])[:, :outputs] + self.intercept[:outputs]

    def contributions(self, text: str, mix: np.ndarray) -> dict[str, float]:
        """Return what each term of `text` adds to `logits @ mix`, the strongest first.

        They sum, with `intercept @ mix`, to it exactly: the model is linear. A term that two blocks count is
        given once with both parts added.
        """
        parts: dict[str, float] = {}
        for _, columns, values in self._values([text]):
            for column, weight in zip(columns.tolist(), (values * (self._coef[columns] @ mix)).tolist(), strict=True):
                parts[self._names[column]] = parts.get(self._names[column], 0.0) + weight
        return dict(sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0])))

    def _logits(self, texts: Sequence[str], coef: np.ndarray) -> np.ndarray:
        found = np.zeros((len(texts), coef.shape[1]))
        for rows, columns, values in self._values(texts):
            first = starts_of(rows)
            if len(first):
                parts = np.take(coef, columns, axis=0) * values[:, None]
                found[rows[first]] += np.add.reduceat(parts, first, axis=0)
        return found

    def _values(self, texts: Sequence[str]) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Give rows, columns and TF-IDF values by block, as scikit-learn's TfidfTransformer(sublinear_tf=True)."""
        for block, found in zip(self.blocks, self._index.count(texts), strict=True):
            values = self._idf[found.columns]
            often = np.flatnonzero(found.counts > 1)
            values[often] *= 1.0 + np.log(found.counts[often])
            first = starts_of(found.rows)
            if len(first):
                scale = block.weight / np.sqrt(np.add.reduceat(values * values, first))
                values *= np.repeat(scale, np.diff(first, append=len(values)))
            yield found.rows, found.columns, values

    def _wide_coef(self, outputs: int) -> np.ndarray:
        """Return the weights as float32: to make them so all at once pays where they are used many times."""
        if outputs not in self._wide:
            self._wide[outputs] = self._coef[:, :outputs].astype(np.float32)
        return self._wide[outputs]

    @cached_property
    def _index(self) -> TermIndex:
        return TermIndex([(block.block, block.hashes) for block in self.blocks], self.lexicon)

    @cached_property
    def _names(self) -> list[str]:
        return [term for block in self.blocks for term in block.terms]

    @cached_property
    def _wide(self) -> dict[int, np.ndarray]:
        return {}

    @cached_property
    def _coef(self) -> np.ndarray:
        return np.vstack([block.coef for block in self.blocks])

    @cached_property
    def _idf(self) -> np.ndarray:
        """Smoothed idf, as scikit-learn's TfidfTransformer has it."""
        df = np.concatenate([block.df for block in self.blocks])
        return np.log((1.0 + self.learnt) / (1.0 + df)) + 1.0
