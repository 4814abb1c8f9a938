"""The learning curve: how good a model is that learnt from a part of the articles only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from joblib import delayed

from haltung.annotated_set import AnnotatedSet
from haltung.crossvalidation import fold_numbers
from haltung.errors import HaltungError
from haltung.evaluation import score
from haltung.fitting import CountedTexts, fit_linear

SHARES = (0.125, 0.25, 0.5, 1.0)


def curve_jobs(annotated: AnnotatedSet, counted: CountedTexts) -> list[tuple[Any, ...]]:
    """Return the work that the curve needs, for joblib; `curve_of` takes what comes out of it.

    One fold of articles is held out throughout, the same for all shares; smaller shares lie in larger ones. Sentences
    are read alone, and the label with the highest logit is taken. A share that is too small to learn from is left out.
    """
    folds = fold_numbers(annotated.sentences, counted.recipe)
    kept = _kept(annotated)
    rows = [np.flatnonzero((folds != 0) & (kept <= share)) for share in SHARES]
    return [delayed(_point)(annotated, counted, learnt, folds == 0) for learnt in rows]


def curve_of(points: Sequence[tuple[int, float] | None]) -> list[tuple[int, float]]:
    """Return sentences learnt from and macro-F1, for growing shares of the articles."""
    return [point for point in points if point is not None]


def _kept(annotated: AnnotatedSet) -> np.ndarray:
    """Return for each sentence the least share at which its article is learnt from."""
    groups = [sentence.group for sentence in annotated.sentences]
    names = sorted(set(groups))
    order = np.random.default_rng(0).permutation(len(names))
    shares = {names[place]: (rank + 1) / len(names) for rank, place in enumerate(order)}
    return np.array([shares[group] for group in groups])


def _point(
    annotated: AnnotatedSet, counted: CountedTexts, learnt: np.ndarray, asked: np.ndarray
) -> tuple[int, float] | None:
    classes, k = annotated.codebook.ids, len(annotated.codebook.ids)
    try:
        linear = fit_linear(counted, learnt, [annotated.labels], k)
    except HaltungError:
        return None
    texts = [sentence.text for sentence, wanted in zip(annotated.sentences, asked, strict=True) if wanted]
    predicted = [classes[place] for place in linear.logits(texts).argmax(axis=1)]
    gold = [classes[place] for place in annotated.labels[asked]]
    return len(learnt), score(gold, predicted, classes).macro_f1
