"""How good predictions are: per-label precision, recall and F1, macro-F1, confusions, intervals."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

_RESAMPLES = 1000
_BINS = 10


@dataclass(frozen=True)
class LabelScores:
    """Precision, recall and F1 of one label (each 0 to 1, 0 where undefined) and its number of gold units."""

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """The scores of predictions; `confusion` is gold × predicted, in the order of `labels`.

    `macro_f1` is the mean F1 of the labels that stand in the gold units or the predictions, as
    scikit-learn's `f1_score(average="macro")` has it.
    """

    labels: tuple[str, ...]
    by_label: dict[str, LabelScores]
    macro_f1: float
    accuracy: float
    confusion: np.ndarray

    def to_dict(self) -> dict[str, Any]:
        """Return the scores as plain data, rounded to four places."""
        return {
            "macro_f1": round(self.macro_f1, 4),
            "accuracy": round(self.accuracy, 4),
            "by_label": {
                label: {
                    "precision": round(found.precision, 4),
                    "recall": round(found.recall, 4),
                    "f1": round(found.f1, 4),
                    "support": found.support,
                }
                for label, found in self.by_label.items()
            },
            "confusion": {"labels": list(self.labels), "gold_by_predicted": self.confusion.tolist()},
        }


def score(gold: Sequence[str], predicted: Sequence[str], labels: Sequence[str]) -> Scores:
    """Score predictions against gold labels, unit by unit.

    >>> score(["a", "a", "b"], ["a", "b", "b"], ["a", "b"]).accuracy
    0.6666666666666666
    """
    confusion = _confusions(gold, predicted, np.zeros(len(gold), np.int64), labels)[0]
    right = np.diag(confusion)
    precision = _ratio(right, confusion.sum(axis=0))
    recall = _ratio(right, confusion.sum(axis=1))
    f1 = _f1(confusion)
    support = confusion.sum(axis=1)
    by_label = {
        label: LabelScores(float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
        for i, label in enumerate(labels)
    }
    accuracy = float(right.sum() / max(confusion.sum(), 1))
    return Scores(tuple(labels), by_label, float(_macro_f1(confusion)), accuracy, confusion)


@dataclass(frozen=True)
class Calibration:
    """How far probabilities can be taken at their word.

    `error` is the expected calibration error: the mean distance between the probability of the predicted label
    and how often it is right, over ten bins of equal width, weighted by their units (Guo et al. 2017, On
    Calibration of Modern Neural Networks, eq. 3). `bins` holds (units, mean probability, share right) of those
    that have units.
    """

    error: float
    bins: tuple[tuple[int, float, float], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the calibration as plain data, rounded to four places."""
        bins = [
            {"units": units, "probability": round(sure, 4), "right": round(right, 4)}
            for units, sure, right in self.bins
        ]
        return {"error": round(self.error, 4), "bins": bins}


def calibration(gold: np.ndarray, probabilities: np.ndarray) -> Calibration:
    """Compare probabilities (n × k) with gold labels given as numbers.

    >>> calibration(np.array([0, 1]), np.array([[0.9, 0.1], [0.9, 0.1]])).error
    0.4
    """
    sure, right = probabilities.max(axis=1), probabilities.argmax(axis=1) == gold
    of_bin = np.minimum((sure * _BINS).astype(int), _BINS - 1)
    bins = tuple(
        (int(here.sum()), float(sure[here].mean()), float(right[here].mean()))
        for number in range(_BINS)
        if (here := of_bin == number).any()
    )
    error = sum(units * abs(said - was) for units, said, was in bins) / max(len(gold), 1)
    return Calibration(error, bins)


def precision_recall(gold: np.ndarray, probabilities: np.ndarray) -> list[list[float]]:
    """Return recall and precision of one label where it is claimed from a probability on: 5 %, 10 % … 95 %.

    `gold` says which units have the label, `probabilities` how probable it is for each. Thresholds at which
    nothing is claimed are left out.

    >>> precision_recall(np.array([True, False]), np.array([0.9, 0.06]))[:2]
    [[1.0, 0.5], [1.0, 1.0]]
    """
    points = []
    for threshold in np.arange(1, 20) / 20:
        claimed = probabilities >= threshold
        if claimed.any():
            right = int((gold & claimed).sum())
            points.append([round(right / max(int(gold.sum()), 1), 4), round(right / int(claimed.sum()), 4)])
    return points


def macro_f1_interval(
    gold: Sequence[str], predicted: Sequence[str], groups: Sequence[str], labels: Sequence[str]
) -> tuple[float, float]:
    """Return the 95 % interval of macro-F1: percentile bootstrap over groups (articles), 1,000 resamples.

    Sentences of one article hang together, so articles are drawn, not sentences (Efron & Tibshirani 1993,
    An Introduction to the Bootstrap, ch. 8 and 13).
    """
    values = _bootstrap(gold, predicted, groups, labels)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high)


def macro_f1_difference(
    gold: Sequence[str], old: Sequence[str], new: Sequence[str], groups: Sequence[str], labels: Sequence[str]
) -> tuple[float, float, float]:
    """Return the 95 % interval of new minus old macro-F1, and the share of resamples in which new is lower.

    The same articles are drawn for both.
    """
    values = _bootstrap(gold, new, groups, labels) - _bootstrap(gold, old, groups, labels)
    low, high = np.percentile(values, [2.5, 97.5])
    return float(low), float(high), float((values < 0).mean())


def _bootstrap(
    gold: Sequence[str], predicted: Sequence[str], groups: Sequence[str], labels: Sequence[str]
) -> np.ndarray:
    members = np.unique(np.asarray(groups, dtype=object), return_inverse=True)[1]
    confusions = _confusions(gold, predicted, members, labels)
    drawn = np.random.default_rng(0).integers(len(confusions), size=(_RESAMPLES, len(confusions)))
    counts = np.stack([np.bincount(draw, minlength=len(confusions)) for draw in drawn])
    return _macro_f1(np.tensordot(counts, confusions, axes=1))


def _confusions(
    gold: Sequence[str], predicted: Sequence[str], members: np.ndarray, labels: Sequence[str]
) -> np.ndarray:
    """Return one confusion table a group: groups × gold × predicted."""
    place = {label: i for i, label in enumerate(labels)}
    tables = np.zeros((int(members.max(initial=0)) + 1, len(labels), len(labels)), np.int64)
    np.add.at(tables, (members, [place[g] for g in gold], [place[p] for p in predicted]), 1)
    return tables


def _f1(confusion: np.ndarray) -> np.ndarray:
    right = np.diagonal(confusion, axis1=-2, axis2=-1)
    return _ratio(2 * right, confusion.sum(axis=-1) + confusion.sum(axis=-2))


def _macro_f1(confusion: np.ndarray) -> np.ndarray:
    present = (confusion.sum(axis=-1) + confusion.sum(axis=-2)) > 0
    return _f1(confusion).sum(axis=-1) / np.maximum(present.sum(axis=-1), 1)


def _ratio(part: np.ndarray, whole: np.ndarray) -> np.ndarray:
    return part / np.maximum(whole, 1)
