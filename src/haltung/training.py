"""Train a model from annotated sentences, cross-validate it and write its folder."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from haltung.annotations import AnnotatedSentence, read_article_labels, read_sentences
from haltung.card import card
from haltung.codebook import Codebook, read_codebook
from haltung.crossvalidation import fold_numbers, out_of_fold
from haltung.errors import HaltungError
from haltung.evaluation import macro_f1_interval, score
from haltung.fitting import fit, light_model
from haltung.model import StanceModel
from haltung.paths import annotations_to_read, codebook_to_read
from haltung.probabilities import LinearModel
from haltung.recipe import Recipe, read_recipe
from haltung.store import write_model
from haltung.verdict import article_probabilities

Tick = Callable[[], None]


@dataclass(frozen=True)
class AnnotatedSet:
    """What a model is trained on: a codebook, sentences, the labels of articles, and the files they are from."""

    codebook: Codebook
    sentences: list[AnnotatedSentence]
    article_labels: dict[str, str]
    files: list[Path]


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
    try:
        folds = fold_numbers(annotated.sentences, recipe)
        held_out = out_of_fold(annotated.sentences, folds, annotated.codebook.ids, recipe, tick=tick)
    except HaltungError as error:  # too few annotations
        raise HaltungError(f"{annotated.files[0]}: {error}") from None
    return finish(annotated, recipe, held_out, model, tick)


def steps() -> int:
    """Return how many ticks `train` makes: one a fold and one for the model itself."""
    return read_recipe().folds + 1


def read_set(annotations: Path | str | None, codebook: Path | str | None) -> AnnotatedSet:
    """Read sentences, their codebook and, from `articles.csv` beside them, the labels of articles."""
    path = annotations_to_read(annotations)
    book = read_codebook(codebook_to_read(codebook, path))
    sentences = read_sentences(path, book)
    beside = path.parent / "articles.csv"
    labels = read_article_labels(beside, book) if path.name == "sentences.csv" and beside.is_file() else {}
    unknown = set(labels) - {sentence.article for sentence in sentences}
    if unknown:
        raise HaltungError(f"{beside}: article {min(unknown)!r} is not in {path.name}; remove it or add its sentences")
    return AnnotatedSet(book, sentences, labels, [path])


def finish(
    annotated: AnnotatedSet,
    recipe: Recipe,
    held_out: np.ndarray,
    model: Path | str | None,
    tick: Tick,
    replaced: Path | None = None,
) -> Trained:
    """Fit on all sentences, measure from held-out probabilities, and write the folder `model` if there is one.

    `replaced` is the model that rollback shall bring back where `model` holds none yet.
    """
    linear = fitted_model(annotated, recipe)
    metrics = measured(annotated, recipe, held_out, linear)
    if model is not None:
        about = card(metrics, annotated.codebook)
        write_model(Path(model), linear, annotated.codebook, metrics, about, replaced)
    tick()
    return Trained(StanceModel(linear, annotated.codebook), metrics)


def fitted_model(annotated: AnnotatedSet, recipe: Recipe) -> LinearModel:
    """Fit the recipe on all sentences of the set."""
    texts = [sentence.text for sentence in annotated.sentences]
    labels = [sentence.label for sentence in annotated.sentences]
    return light_model(fit(texts, labels, recipe), annotated.codebook.ids, recipe)


def measured(annotated: AnnotatedSet, recipe: Recipe, held_out: np.ndarray, linear: LinearModel) -> dict[str, Any]:
    """Return what `metrics.json` holds: the data, the recipe, the cross-validated scores."""
    classes = annotated.codebook.ids
    gold = [sentence.label for sentence in annotated.sentences]
    groups = [sentence.group for sentence in annotated.sentences]
    predicted = [classes[place] for place in held_out.argmax(axis=1)]
    scores = score(gold, predicted, classes).to_dict()
    scores["macro_f1_interval"] = [round(value, 4) for value in macro_f1_interval(gold, predicted, groups, classes)]
    counts = Counter(gold)
    return {
        "trained_on": {
            "codebook": annotated.codebook.name,
            "files": [{"name": path.name, "sha256": _sha256(path)} for path in annotated.files],
            "sentences": len(gold),
            "articles": len(set(groups)),
            "labels": {label: counts[label] for label in classes},
        },
        "recipe": asdict(recipe),
        "terms": sum(len(block.vocabulary.terms) for block in linear.blocks),
        "cross_validation": {"folds": recipe.folds, "held_out": "whole articles", **scores},
        "article_verdicts": _article_verdicts(annotated, held_out),
    }


def _article_verdicts(annotated: AnnotatedSet, held_out: np.ndarray) -> dict[str, Any] | None:
    """Score the verdicts on labelled articles, from their sentences' held-out probabilities."""
    if not annotated.article_labels:
        return None
    rows: dict[str, list[int]] = {}
    for row, sentence in enumerate(annotated.sentences):
        rows.setdefault(sentence.article, []).append(row)
    classes = annotated.codebook.ids
    gold, predicted = [], []
    for article, label in annotated.article_labels.items():
        ordered = sorted(rows[article], key=lambda row: annotated.sentences[row].position)
        title_at = 0 if annotated.sentences[ordered[0]].position == 0 else None
        whole = article_probabilities(held_out[ordered], annotated.codebook, title_at=title_at)
        gold.append(label)
        predicted.append(classes[int(whole.argmax())])
    return {"articles": len(gold), **score(gold, predicted, classes).to_dict()}


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
