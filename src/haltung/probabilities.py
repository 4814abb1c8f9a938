"""Label probabilities from features: TF-IDF and a multinomial logistic regression, rebuilt from plain arrays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from haltung.features import Counts, Vocabulary, tokens

_BATCH = 512  # texts; bounds the memory that one call needs


@dataclass(frozen=True)
class WeightedBlock:
    """One block of features with its part of the model.

    `idf` has one value a term, `coef` is terms × labels, `weight` scales the block after its rows have been
    brought to length 1.
    """

    vocabulary: Vocabulary
    weight: float
    idf: np.ndarray
    coef: np.ndarray

    def values(self, counts: Counts, n: int) -> np.ndarray:
        """Return the TF-IDF values of counted terms, as scikit-learn's TfidfVectorizer(sublinear_tf=True)."""
        values = (1.0 + np.log(counts.counts)) * self.idf[counts.columns]
        length = np.sqrt(np.bincount(counts.rows, values**2, minlength=n))
        length[length == 0] = 1.0
        return self.weight * values / length[counts.rows]


@dataclass(frozen=True)
class LinearModel:
    """Blocks of features and one intercept a label: texts in, probabilities out."""

    blocks: tuple[WeightedBlock, ...]
    intercept: np.ndarray

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return an array texts × labels whose rows sum to 1."""
        if not len(texts):
            return np.empty((0, len(self.intercept)))
        batches = (texts[i : i + _BATCH] for i in range(0, len(texts), _BATCH))
        return softmax(np.vstack([self._logits(batch) for batch in batches]))

    def contributions(self, text: str, label: int) -> dict[str, float]:
        """Return what each term of `text` adds to the logit of `label`, the strongest first.

        They sum, with the label's intercept, to the logit exactly: the model is linear. A term that two
        blocks count is given once with both parts added.
        """
        parts: dict[str, float] = {}
        words = [tokens(text)]
        for block in self.blocks:
            counts = block.vocabulary.count(words)
            weights = block.values(counts, 1) * block.coef[counts.columns, label]
            for column, weight in zip(counts.columns.tolist(), weights.tolist(), strict=True):
                term = block.vocabulary.terms[column]
                parts[term] = parts.get(term, 0.0) + weight
        return dict(sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0])))

    def _logits(self, texts: Sequence[str]) -> np.ndarray:
        n, labels = len(texts), len(self.intercept)
        logits = np.tile(self.intercept, (n, 1))
        words = [tokens(text) for text in texts]
        for block in self.blocks:
            counts = block.vocabulary.count(words)
            parts = block.values(counts, n)[:, None] * block.coef[counts.columns]
            for label in range(labels):
                logits[:, label] += np.bincount(counts.rows, parts[:, label], minlength=n)
        return logits


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of rows of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
