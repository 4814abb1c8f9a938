"""Retrain with the user's own annotations: what they add, and whether the model gets worse by them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from haltung.annotated_set import AnnotatedSet, read_set
from haltung.annotations import AnnotatedSentence, folded, read_sentences
from haltung.crossvalidation import HeldOut, Tick, fold_numbers, held_out, out_of_fold_logits
from haltung.evaluation import Scores, macro_f1_difference, score
from haltung.fitting import CountedTexts, count
from haltung.recipe import read_recipe
from haltung.training import Trained, finish

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

    `share_lower` is the share of resamples in which the new one is lower, in its predictions or in what its terms
    alone say, whichever is more: wrong labels could teach the layers to turn the terms' word round.
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

    @cached_property
    def counted(self) -> CountedTexts:
        """The terms of all rows, counted when first asked for: where nothing is new they never are."""
        return count(self.combined.texts, read_recipe(), self.combined.lexicon)


def prepare(
    extra: Sequence[Path], annotations: Path | str | None = None, codebook: Path | str | None = None
) -> Prepared:
    """Read the set and the extra files. Raises `HaltungError` where one cannot be used."""
    base = read_set(annotations, codebook)
    read = [(path, read_sentences(path, base.codebook)) for path in extra]
    additions = compare_rows(base.sentences, read)
    combined = replace(base, sentences=[*base.sentences, *additions.new], files=[*base.files, *extra])
    return Prepared(base, combined, additions)


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


def compare(prepared: Prepared, tick: Tick = lambda: None) -> tuple[Comparison, HeldOut]:
    """Cross-validate the set without and with the extra rows on the same folds.

    Returns the comparison and what the new model says of all rows, held out.
    """
    combined, counted = prepared.combined, prepared.counted
    sentences, classes = combined.sentences, combined.codebook.ids
    in_set = np.arange(len(sentences)) < len(prepared.base.sentences)
    folds = fold_numbers(sentences, counted.recipe)
    old_logits = out_of_fold_logits(combined, counted, folds, learns=in_set, tick=tick)
    new_logits = out_of_fold_logits(combined, counted, folds, tick=tick)
    old = held_out(combined, old_logits, folds, counted.recipe, learns=in_set)
    new = held_out(combined, new_logits, folds, counted.recipe)
    gold = [sentence.label for sentence in sentences]
    groups = [sentence.group for sentence in sentences]

    def labels(values: np.ndarray) -> list[str]:
        return [classes[place] for place in values[:, : len(classes)].argmax(axis=1)]

    def part(values: list[str], mask: np.ndarray) -> list[str]:
        return [value for value, wanted in zip(values, mask, strict=True) if wanted]

    def difference(by_old: list[str], by_new: list[str]) -> tuple[float, float, float]:
        return macro_f1_difference(*(part(values, in_set) for values in (gold, by_old, by_new, groups)), classes)

    by_old, by_new = labels(old.within), labels(new.within)
    low, high, lower = difference(by_old, by_new)
    share = max(lower, difference(labels(old_logits), labels(new_logits))[2])
    old_scores, new_scores, old_extra, new_extra = (
        score(part(gold, mask), part(predicted, mask), classes)
        for mask in (in_set, ~in_set)
        for predicted in (by_old, by_new)
    )
    return Comparison(old_scores, new_scores, (low, high), share, (old_extra, new_extra)), new


def replace_model(
    prepared: Prepared, found: HeldOut, model: Path, replaced: Path, tick: Tick = lambda: None
) -> Trained:
    """Fit on the set and the extra rows and write `model`; `replaced`, the model before, is kept for rollback."""
    return finish(prepared.combined, prepared.counted, found, model, tick, replaced)
