"""Logits from features: TF-IDF blocks and logistic regressions, rebuilt from plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from haltung.features import Counts, Vocabulary, tokens

_BATCH = 512  # texts; bounds the memory that one call needs


@dataclass(frozen=True)
class WeightedBlock:
    """One block of features with its part of the model.

    `idf` has one value a term, `coef` is terms × outputs, `weight` scales the block after its rows have been
    brought to length 1.
    """

    vocabulary: Vocabulary
    weight: float
    idf: np.ndarray
    coef: np.ndarray

    def values(self, counts: Counts, n: int) -> np.ndarray:
        """Return the TF-IDF values of counted terms, as scikit-learn's TfidfTransformer(sublinear_tf=True)."""
        values = (1.0 + np.log(counts.counts)) * self.idf[counts.columns]
        length = np.sqrt(np.bincount(counts.rows, values**2, minlength=n))
        length[length == 0] = 1.0
        return self.weight * values / length[counts.rows]


@dataclass(frozen=True)
class LinearModel:
    """Blocks of features and one intercept an output: texts in, logits out."""

    blocks: tuple[WeightedBlock, ...]
    intercept: np.ndarray

    def logits(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array texts × outputs."""
        if not len(texts):
            return np.empty((0, len(self.intercept)))
        return np.vstack([self._logits(texts[i : i + _BATCH]) for i in range(0, len(texts), _BATCH)])

    def contributions(self, text: str, mix: np.ndarray) -> dict[str, float]:
        """Return what each term of `text` adds to `logits @ mix`, the strongest first.

        They sum, with `intercept @ mix`, to it exactly: the model is linear. A term that two blocks count is
        given once with both parts added.
        """
        parts: dict[str, float] = {}
        words = [tokens(text)]
        for block in self.blocks:
            counts = block.vocabulary.count(words)
            weights = block.values(counts, 1) * (block.coef[counts.columns] @ mix)
            for column, weight in zip(counts.columns.tolist(), weights.tolist(), strict=True):
                term = block.vocabulary.terms[column]
                parts[term] = parts.get(term, 0.0) + weight
        return dict(sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0])))

    def _logits(self, texts: Sequence[str]) -> np.ndarray:
        n, outputs = len(texts), len(self.intercept)
        logits = np.tile(self.intercept, (n, 1))
        words = [tokens(text) for text in texts]
        for block in self.blocks:
            counts = block.vocabulary.count(words)
            parts = block.values(counts, n)[:, None] * block.coef[counts.columns]
            for output in range(outputs):
                logits[:, output] += np.bincount(counts.rows, parts[:, output], minlength=n)
        return logits
