"""Train a model from annotated sentences, cross-validate it and write its folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from haltung.annotated_set import AnnotatedSet, read_set
from haltung.annotations import AnnotatedSentence
from haltung.card import card
from haltung.crossvalidation import HeldOut, Tick, fit_targets, fold_numbers, held_out, out_of_fold_logits
from haltung.errors import HaltungError
from haltung.evaluation import calibration, macro_f1_interval, precision_recall, score
from haltung.fitting import CountedTexts, count, jobs_for
from haltung.learning_curve import curve_jobs, curve_of
from haltung.logits import strongest_terms
from haltung.model import StanceModel
from haltung.probabilities import SentenceModel
from haltung.recipe import read_recipe
from haltung.store import StoredModel, write_model
from haltung.training_figures import figures

_LENGTHS = (5, 10, 15, 20, 30)  # words


@dataclass(frozen=True)
class Trained:
    """A model just trained, and what was measured of it (what `metrics.json` holds)."""

    model: StanceModel
    metrics: dict[str, Any]


def train(
    annotations: Path | str | None = None,
    codebook: Path | str | None = None,
    model: Path | str | None = None,
    tick: Tick = lambda: None,
) -> Trained:
    """Train on annotated sentences, cross-validated with whole articles held out.

    `annotations` is a CSV file, or a folder with `sentences.csv` (and `articles.csv`, `codebook.toml`); without
    it `./annotations` or the shipped set is read. `model` is the folder to write; without it nothing is
    written. `tick` is called after each of `steps()` steps. The same input gives the same model.

    Raises `HaltungError` on annotations or a codebook that cannot be used.
    """
    annotated = read_set(annotations, codebook)
    recipe = read_recipe()
    counted = count(annotated.texts, recipe, annotated.lexicon)
    try:
        folds = fold_numbers(annotated.sentences, recipe)
        logits = out_of_fold_logits(annotated, counted, folds, tick=tick)
    except HaltungError as error:  # too few annotations
        raise HaltungError(f"{annotated.files[0]}: {error}") from None
    found = held_out(annotated, logits, folds, recipe)
    return finish(annotated, counted, found, model, tick)


def steps() -> int:
    """Return how many ticks `train` makes: one a fold and one for the model itself."""
    return read_recipe().folds + 1


def finish(
    annotated: AnnotatedSet,
    counted: CountedTexts,
    found: HeldOut,
    model: Path | str | None,
    tick: Tick,
    replaced: Path | None = None,
) -> Trained:
    """Fit on all sentences, measure what was held out, and write the folder `model` if there is one.

    `replaced` is the model that rollback shall bring back where `model` holds none yet.
    """
    sentence_count = len(annotated.sentences)
    whole = delayed(fit_targets)(annotated, counted, np.arange(sentence_count))
    # side by side: each alone would leave a core idle
    linear, *points = Parallel(n_jobs=jobs_for(sentence_count))([whole, *curve_jobs(annotated, counted)])
    sentences = SentenceModel(linear, found.alone_layer, found.within_layer)
    metrics = measured(annotated, counted, found, sentences, curve_of(points))
    if model is not None:
        stored = StoredModel(sentences, found.whole_layer, annotated.codebook)
        drawn = figures(metrics, annotated.codebook)
        written = card(metrics, annotated.codebook, pictured=drawn is not None)
        write_model(Path(model), stored, metrics, written, drawn, replaced)
    tick()
    return Trained(StanceModel(sentences, found.whole_layer, annotated.codebook), metrics)


def measured(
    annotated: AnnotatedSet,
    counted: CountedTexts,
    found: HeldOut,
    sentences: SentenceModel,
    curve: Sequence[tuple[int, float]],
) -> dict[str, Any]:
    """Return what `metrics.json` holds: the data, the recipe, the cross-validated scores."""
    recipe, groups = counted.recipe, [sentence.group for sentence in annotated.sentences]
    counts = Counter(sentence.label for sentence in annotated.sentences)
    scored = {"folds": recipe.folds, "held_out": "whole articles", **_scored(annotated, found.within, groups)}
    return {
        "trained_on": {
            "codebook": annotated.codebook.name,
            "files": [{"name": path.name, "sha256": _sha256(path)} for path in annotated.files],
            "sentences": len(groups),
            "articles": len(set(groups)),
            "labels": {label: counts[label] for label in annotated.codebook.ids},
            "lexicon": sum(len(words) for _, words in annotated.lexicon.classes),
        },
        "recipe": asdict(recipe),
        "terms": sum(len(block.hashes) for block in sentences.linear.blocks),
        "cross_validation": scored,
        "without_context": _scored(annotated, found.alone, groups) if found.within_layer else None,
        "article_verdicts": _article_verdicts(annotated, found),
        "precision_recall": {
            label: precision_recall(annotated.labels == place, found.within[:, place])
            for place, label in enumerate(annotated.codebook.ids)
        },
        "learning_curve": [[count, round(value, 4)] for count, value in curve],
        "by_group": _by_group(annotated, found.within),
        "strongest_terms": {
            label: strongest_terms(sentences.linear, place) for place, label in enumerate(annotated.codebook.ids)
        },
    }


def _scored(annotated: AnnotatedSet, probabilities: np.ndarray, groups: list[str]) -> dict[str, Any]:
    classes = annotated.codebook.ids
    gold = [sentence.label for sentence in annotated.sentences]
    predicted = [classes[place] for place in probabilities.argmax(axis=1)]
    low, high = macro_f1_interval(gold, predicted, groups, classes)
    return {
        **score(gold, predicted, classes).to_dict(),
        "macro_f1_interval": [round(low, 4), round(high, 4)],
        "calibration": calibration(annotated.labels, probabilities).to_dict(),
    }


def _by_group(annotated: AnnotatedSet, probabilities: np.ndarray) -> dict[str, dict[str, Any]]:
    """Score the sentences by the kind of text, the half-year and their length in words, where those are given."""
    classes, found = annotated.codebook.ids, {}
    predicted = probabilities.argmax(axis=1)
    for name, of_sentence in (("kind", _kind), ("half-year", _half_year), ("words", _words)):
        groups: dict[str, list[int]] = {}
        for row, sentence in enumerate(annotated.sentences):
            groups.setdefault(of_sentence(sentence), []).append(row)
        found[name] = {
            group: {
                "units": len(rows),
                "macro_f1": round(
                    score(
                        [classes[place] for place in annotated.labels[rows]],
                        [classes[place] for place in predicted[rows]],
                        classes,
                    ).macro_f1,
                    4,
                ),
            }
            for group, rows in sorted(groups.items())
            if group
        }
    return {name: groups for name, groups in found.items() if groups}


def _kind(sentence: AnnotatedSentence) -> str:
    return sentence.kind or ""


def _half_year(sentence: AnnotatedSentence) -> str:
    return f"{sentence.date[:4]}-{'1' if sentence.date[5:7] < '07' else '2'}" if sentence.date else ""


def _words(sentence: AnnotatedSentence) -> str:
    words = len(sentence.text.split())
    return next((f"to {most}" for most in _LENGTHS if words <= most), f"over {_LENGTHS[-1]}")


def _article_verdicts(annotated: AnnotatedSet, found: HeldOut) -> dict[str, Any] | None:
    """Score the verdicts on labelled articles, those articles held out."""
    if found.whole is None:
        return None
    classes = annotated.codebook.ids
    gold = list(annotated.article_labels.values())
    predicted = [classes[place] for place in found.whole.argmax(axis=1)]
    numbers = np.array([classes.index(label) for label in gold])
    return {
        "articles": len(gold),
        **score(gold, predicted, classes).to_dict(),
        "calibration": calibration(numbers, found.whole).to_dict(),
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
