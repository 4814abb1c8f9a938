"""Predictions for sentences whose whole articles were held out."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedGroupKFold

from haltung.annotations import AnnotatedSentence
from haltung.errors import HaltungError
from haltung.fitting import fit, light_model
from haltung.recipe import Recipe


def fold_numbers(sentences: Sequence[AnnotatedSentence], recipe: Recipe) -> np.ndarray:
    """Return each sentence's fold; an article lies in one fold, labels are spread evenly.

    Raises `HaltungError` where there are too few articles or labels to hold any out.
    """
    groups = [sentence.group for sentence in sentences]
    labels = [sentence.label for sentence in sentences]
    of_label = {label: {g for g, lab in zip(groups, labels, strict=True) if lab == label} for label in set(labels)}
    folds = min(recipe.folds, len(set(groups)), max(labels.count(label) for label in of_label))
    if len(of_label) < 2 or sum(len(found) >= 2 for found in of_label.values()) < 2:
        raise HaltungError("too few annotations to train on: two labels must each stand in two articles; annotate more")
    splitter = StratifiedGroupKFold(folds, shuffle=True, random_state=recipe.seed)
    numbers = np.zeros(len(sentences), np.int64)
    with warnings.catch_warnings():
        # a label rarer than there are folds is missing in some: no fault, and nothing the user can mend here
        warnings.filterwarnings("ignore", message="The least populated class")
        for number, (_, held_out) in enumerate(splitter.split(labels, labels, groups)):
            numbers[held_out] = number
    return numbers


def out_of_fold(
    sentences: Sequence[AnnotatedSentence],
    folds: np.ndarray,
    classes: Sequence[str],
    recipe: Recipe,
    learns: np.ndarray | None = None,
    tick: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Return every sentence's probabilities (n × k) from a model that did not see its fold.

    `learns` masks the sentences that models may learn from (default: all); `tick` is called after each fold.
    """
    texts = [sentence.text for sentence in sentences]
    labels = [sentence.label for sentence in sentences]
    learns = np.ones(len(texts), bool) if learns is None else learns
    probabilities = np.zeros((len(texts), len(classes)))

    def job(number: int) -> tuple[np.ndarray, np.ndarray]:
        seen = np.flatnonzero((folds != number) & learns)
        held_out = np.flatnonzero(folds == number)
        fitted = fit([texts[i] for i in seen], [labels[i] for i in seen], recipe)
        model = light_model(fitted, classes, recipe)
        return held_out, model.predict_proba([texts[i] for i in held_out])

    jobs = (delayed(job)(number) for number in np.unique(folds))
    for held_out, found in Parallel(n_jobs=-1, return_as="generator")(jobs):
        probabilities[held_out] = found
        tick()
    return probabilities
