"""How far annotators agree: Krippendorff's alpha, agreement by label, confusions, disagreements."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np

from haltung.annotations import AnnotatedSentence, folded, read_sentences
from haltung.codebook import Codebook
from haltung.errors import HaltungError


@dataclass(frozen=True)
class Unit:
    """One sentence and the labels that annotators gave it (annotator → label)."""

    place: str
    text: str
    labels: dict[str, str]


@dataclass(frozen=True)
class Agreement:
    """What annotators agree on.

    `alpha` is Krippendorff's, nominal; `alpha_by_label` the same for "this label or another"; `specific` the
    share of agreement among the uses of a label, 2a / (2a + b + c), over all pairs of annotators (Cicchetti &
    Feinstein 1990, J Clin Epidemiol 43:551–558). `confusion` counts pairs of readings, first × second
    annotator in the order of `annotators`. `units` have two readings or more. An alpha is
    NaN where all readings are alike: nothing could have differed.
    """

    annotators: tuple[str, ...]
    units: int
    observed: float
    alpha: float
    alpha_by_label: dict[str, float]
    specific: dict[str, float]
    confusion: np.ndarray
    disagreements: list[Unit]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as plain data, rounded to four places."""
        return {
            "annotators": list(self.annotators),
            "units": self.units,
            "observed": round(self.observed, 4),
            "alpha": _defined(self.alpha),
            "alpha_by_label": {label: _defined(value) for label, value in self.alpha_by_label.items()},
            "specific": {label: round(value, 4) for label, value in self.specific.items()},
            "confusion": self.confusion.tolist(),
            "disagreements": [
                {"place": unit.place, "text": unit.text, "labels": unit.labels} for unit in self.disagreements
            ],
        }


def read_units(files: Sequence[Path], codebook: Codebook) -> list[Unit]:
    """Read readings: the columns `label_1`, `label_2` … of one file, or the column `label` of several.

    The readings of one file are known by their column, whoever filled it. Several files are put together by
    article and position, or by text where they have none. Raises `HaltungError` where there is nothing to
    compare.
    """
    if len(files) == 1:
        sentences = read_sentences(files[0], codebook)
        units = [
            Unit(
                f"row {found.row}",
                found.text,
                {f"reading {i}": label for i, (_, label) in enumerate(found.readings, 1)},
            )
            for found in sentences
        ]
        if not any(len(unit.labels) > 1 for unit in units):
            raise HaltungError(f"{files[0]}: has no two readings of a row; fill label_1 and label_2, or name two files")
        return units
    units_by_key: dict[str, Unit] = {}
    for name, path in zip(_names(files), files, strict=True):
        for found in read_sentences(path, codebook):
            key = _key(found)
            unit = units_by_key.setdefault(key, Unit(key if found.article else f"row {found.row}", found.text, {}))
            unit.labels[name] = found.label
    units = list(units_by_key.values())
    if not any(len(unit.labels) > 1 for unit in units):
        raise HaltungError(
            f"{files[0]} and {files[1]}: have no sentence in common; name readings of the same sentences"
        )
    return units


def agreement(units: Sequence[Unit], labels: Sequence[str]) -> Agreement:
    """Measure the agreement of readings. Units with one reading do not count."""
    from krippendorff import alpha

    units = [unit for unit in units if len(unit.labels) > 1]
    annotators = tuple(dict.fromkeys(name for unit in units for name in unit.labels))
    place = {label: float(i) for i, label in enumerate(labels)}
    readings = np.full((len(annotators), len(units)), np.nan)
    for column, unit in enumerate(units):
        for row, name in enumerate(annotators):
            if name in unit.labels:
                readings[row, column] = place[unit.labels[name]]

    def nominal(values: np.ndarray) -> float:
        if len(np.unique(values[~np.isnan(values)])) < 2:
            return float("nan")  # all readings are alike: nothing could have differed
        return float(alpha(reliability_data=values, level_of_measurement="nominal"))

    confusion = np.zeros((len(labels), len(labels)), np.int64)
    for first, second in combinations(readings, 2):
        both = ~np.isnan(first) & ~np.isnan(second)
        np.add.at(confusion, (first[both].astype(int), second[both].astype(int)), 1)
    uses = confusion.sum(axis=0) + confusion.sum(axis=1)
    specific = 2 * np.diag(confusion) / np.maximum(uses, 1)
    by_label = {}
    for i, label in enumerate(labels):
        marked = np.where(np.isnan(readings), np.nan, (readings == i).astype(float))
        by_label[label] = nominal(marked)
    return Agreement(
        annotators,
        len(units),
        float(np.trace(confusion) / confusion.sum()),
        nominal(readings),
        by_label,
        dict(zip(labels, specific.tolist(), strict=True)),
        confusion,
        [unit for unit in units if len(set(unit.labels.values())) > 1],
    )


def _defined(alpha: float) -> float | None:
    return None if np.isnan(alpha) else round(alpha, 4)


def _key(found: AnnotatedSentence) -> str:
    return f"{found.article}:{found.position}" if found.article else folded(found.text)


def _names(files: Sequence[Path]) -> list[str]:
    """Return the files' names, their paths where two have the same name."""
    names = [path.name for path in files]
    return names if len(set(names)) == len(names) else [str(path) for path in files]
