"""Retrain with the user's own annotations: what they add, and whether the model gets worse by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from haltung.annotations import AnnotatedSentence, folded, read_sentences
from haltung.crossvalidation import fold_numbers, out_of_fold
from haltung.evaluation import Scores, macro_f1_difference, score
from haltung.recipe import Recipe, read_recipe
from haltung.training import AnnotatedSet, Tick, Trained, finish, read_set

# The new model is worse where it is so in this share of resamples: less would be the draw of the articles.
_SURE = 0.9


@dataclass(frozen=True)
class Clash:
    """One sentence with two labels: in the extra file at `row`, and in the set (or an earlier extra row)."""

    file: Path
    row: int
    text: str
    label: str
    other_label: str


@dataclass(frozen=True)
class Additions:
    """What extra files bring: new rows, duplicates (left out), contradictions (kept, and named)."""

    new: list[AnnotatedSentence]
    duplicates: int
    contradictions: list[Clash]


@dataclass(frozen=True)
class Comparison:
    """Old against new on the set's sentences, same folds; `interval` is that of the difference in macro-F1.

    `on_extra` are the two on the new sentences, held out as well.
    """

    old: Scores
    new: Scores
    interval: tuple[float, float]
    share_lower: float
    on_extra: tuple[Scores, Scores]

    @property
    def worse(self) -> bool:
        """Whether the new model is worse: its macro-F1 is lower in at least 90 % of the resamples."""
        return self.share_lower >= _SURE


@dataclass(frozen=True)
class Prepared:
    """The set with the extra rows, ready to be compared and fitted."""

    base: AnnotatedSet
    combined: AnnotatedSet
    additions: Additions
    recipe: Recipe


def prepare(
    extra: Sequence[Path], annotations: Path | str | None = None, codebook: Path | str | None = None
) -> Prepared:
    """Read the set and the extra files. Raises `HaltungError` where one cannot be used."""
    base = read_set(annotations, codebook)
    read = [(path, read_sentences(path, base.codebook)) for path in extra]
    additions = compare_rows(base.sentences, read)
    combined = replace(base, sentences=[*base.sentences, *additions.new], files=[*base.files, *extra])
    return Prepared(base, combined, additions, read_recipe())


def compare_rows(
    base: Sequence[AnnotatedSentence], extra: Sequence[tuple[Path, Sequence[AnnotatedSentence]]]
) -> Additions:
    """Sort extra rows into new ones, duplicates and contradictions of what is there already."""
    known: dict[str, set[str]] = {}
    for sentence in base:
        known.setdefault(folded(sentence.text), set()).add(sentence.label)
    new, clashes, duplicates = [], [], 0
    for path, sentences in extra:
        for sentence in sentences:
            labels = known.setdefault(folded(sentence.text), set())
            if sentence.label in labels:
                duplicates += 1
                continue
            if labels:
                clashes.append(Clash(path, sentence.row, sentence.text, sentence.label, min(labels)))
            labels.add(sentence.label)
            new.append(sentence)
    return Additions(new, duplicates, clashes)


def compare(prepared: Prepared, tick: Tick = lambda: None) -> tuple[Comparison, np.ndarray]:
    """Cross-validate the set without and with the extra rows on the same folds.

    Returns the comparison and the new model's held-out probabilities of all rows.
    """
    sentences, classes = prepared.combined.sentences, prepared.combined.codebook.ids
    in_set = np.arange(len(sentences)) < len(prepared.base.sentences)
    folds = fold_numbers(sentences, prepared.recipe)
    old = out_of_fold(sentences, folds, classes, prepared.recipe, learns=in_set, tick=tick)
    new = out_of_fold(sentences, folds, classes, prepared.recipe, tick=tick)
    gold = [sentence.label for sentence in sentences]
    groups = [sentence.group for sentence in sentences]
    by_old = [classes[place] for place in old.argmax(axis=1)]
    by_new = [classes[place] for place in new.argmax(axis=1)]

    def part(values: list[str], mask: np.ndarray) -> list[str]:
        return [value for value, wanted in zip(values, mask, strict=True) if wanted]

    low, high, share = macro_f1_difference(
        *(part(values, in_set) for values in (gold, by_old, by_new, groups)), classes
    )
    old_scores, new_scores, old_extra, new_extra = (
        score(part(gold, mask), part(predicted, mask), classes)
        for mask in (in_set, ~in_set)
        for predicted in (by_old, by_new)
    )
    return Comparison(old_scores, new_scores, (low, high), share, (old_extra, new_extra)), new


def replace_model(
    prepared: Prepared, held_out: np.ndarray, model: Path, replaced: Path, tick: Tick = lambda: None
) -> Trained:
    """Fit on the set and the extra rows and write `model`; `replaced`, the model before, is kept for rollback."""
    return finish(prepared.combined, prepared.recipe, held_out, model, tick, replaced)
