"""Predictions for sentences and articles that were held out, and the layers that are fitted on them."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from joblib import Parallel, delayed
from sklearn.model_selection import StratifiedGroupKFold

from haltung.annotated_set import AnnotatedSet
from haltung.annotations import AnnotatedSentence
from haltung.errors import HaltungError
from haltung.fitting import CountedTexts, fit_layer, fit_linear, jobs_for
from haltung.logits import LinearModel
from haltung.probabilities import Layer, context_features, own_features, softmax
from haltung.recipe import Recipe
from haltung.verdict import article_features, votes

Tick = Callable[[], None]


@dataclass(frozen=True)
class HeldOut:
    """What models say of sentences and articles that they did not see, and the layers fitted on that.

    `alone` and `within` are the sentences' probabilities (n × k) without and with what stands before them;
    `whole` are the probabilities of the articles that have a label, in the set's order (m × k), or None. The
    layers are those of `SentenceModel` and `article_probabilities`, fitted on all rows.
    """

    alone: np.ndarray
    within: np.ndarray
    whole: np.ndarray | None
    alone_layer: Layer
    within_layer: Layer | None
    whole_layer: Layer | None


@dataclass(frozen=True)
class _Examples:
    """Rows of features with the label and the fold of each."""

    features: np.ndarray
    labels: np.ndarray
    folds: np.ndarray

    def __getitem__(self, rows: np.ndarray) -> _Examples:
        return _Examples(self.features[rows], self.labels[rows], self.folds[rows])

    def __add__(self, other: _Examples) -> _Examples:
        return _Examples(
            np.vstack([self.features, other.features]),
            np.concatenate([self.labels, other.labels]),
            np.concatenate([self.folds, other.folds]),
        )


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


def fit_targets(annotated: AnnotatedSet, counted: CountedTexts, rows: np.ndarray) -> LinearModel:
    """Fit the logits of a sentence's label and, where articles have labels, of its article's."""
    targets = [annotated.labels, annotated.labels_of_articles] if annotated.article_labels else [annotated.labels]
    return fit_linear(counted, rows, targets, len(annotated.codebook.ids))


def out_of_fold_logits(
    annotated: AnnotatedSet,
    counted: CountedTexts,
    folds: np.ndarray,
    learns: np.ndarray | None = None,
    tick: Tick = lambda: None,
) -> np.ndarray:
    """Return every sentence's logits (n × outputs) from a model that did not see its fold.

    `learns` masks the sentences that models may learn from (default: all); `tick` is called after each fold.
    """
    texts = annotated.texts
    learns = np.ones(len(texts), bool) if learns is None else learns

    def job(number: int) -> tuple[np.ndarray, np.ndarray]:
        linear = fit_targets(annotated, counted, np.flatnonzero((folds != number) & learns))
        held_out = np.flatnonzero(folds == number)
        return held_out, linear.logits([texts[row] for row in held_out])

    found: dict[int, np.ndarray] = {}
    jobs = (delayed(job)(number) for number in np.unique(folds))
    for held_out, logits in Parallel(n_jobs=jobs_for(len(texts)), return_as="generator")(jobs):
        found.update(zip(held_out.tolist(), logits, strict=True))
        tick()
    return np.array([found[row] for row in range(len(texts))])


def held_out(
    annotated: AnnotatedSet, logits: np.ndarray, folds: np.ndarray, recipe: Recipe, learns: np.ndarray | None = None
) -> HeldOut:
    """Put the layers on held-out logits, cross-fitted by fold.

    Each fold is predicted by layers of a few dozen weights that were fitted on the other folds' held-out
    logits (stacking: Wolpert 1992, Neural Networks 5(2)).
    """
    k = len(annotated.codebook.ids)
    learns = np.ones(len(logits), bool) if learns is None else learns
    own = _Examples(own_features(logits[:, :k], annotated.texts), annotated.labels, folds)
    alone, alone_layer = _crossed(own, own[learns], k, recipe.layer_C, recipe.balance)
    hints = softmax(logits[:, k:]) if annotated.article_labels else None
    within, within_layer = _within(annotated, own, alone, hints, learns, recipe)
    whole, whole_layer = None, None
    if hints is not None:
        whole, whole_layer = _whole(annotated, within, hints, folds, learns, recipe)
    return HeldOut(alone, within, whole, alone_layer, within_layer, whole_layer)


def _teaches(asked: _Examples, taught: _Examples) -> bool:
    """Tell whether each fold of `asked` has examples in other folds to learn from."""
    return all((taught.folds != number).any() for number in np.unique(asked.folds))


def _crossed(asked: _Examples, taught: _Examples, k: int, C: float, balance: float = 0.0) -> tuple[np.ndarray, Layer]:
    """Predict each fold of `asked` with a layer that learnt from the other folds; return that and one of all."""
    found = np.zeros((len(asked.labels), k))
    for number in np.unique(asked.folds):
        others = taught[taught.folds != number]
        here = asked.folds == number
        found[here] = fit_layer(others.features, others.labels, k, C, balance).probabilities(asked.features[here])
    return found, fit_layer(taught.features, taught.labels, k, C, balance)


def _within(
    annotated: AnnotatedSet,
    own: _Examples,
    alone: np.ndarray,
    hints: np.ndarray | None,
    learns: np.ndarray,
    recipe: Recipe,
) -> tuple[np.ndarray, Layer | None]:
    """Read sentences in their articles: taught with titles and also without them, so that it can do without."""
    if not annotated.articles:
        return alone, None
    rows = np.concatenate(list(annotated.articles.values()))

    def context(row: np.ndarray, title_at: int | None) -> np.ndarray:
        return context_features(alone[row], title_at, None if hints is None else hints[row])

    titled = np.vstack([context(r, annotated.title_at(a)) for a, r in annotated.articles.items()])
    bodies = [r[1:] for a, r in annotated.articles.items() if annotated.title_at(a) == 0]
    asked = _with_context(own[rows], titled)
    taught = asked[learns[rows]]
    if bodies:
        untitled = np.vstack([context(body, None) for body in bodies])
        body = np.concatenate(bodies)
        taught += _with_context(own[body], untitled)[learns[body]]
    if not _teaches(asked, taught):
        return alone, None
    found, layer = _crossed(asked, taught, alone.shape[1], recipe.layer_C, recipe.balance)
    within = alone.copy()
    within[rows] = found
    return within, layer


def _with_context(own: _Examples, context: np.ndarray) -> _Examples:
    return _Examples(np.hstack([own.features, context]), own.labels, own.folds)


def _whole(
    annotated: AnnotatedSet,
    within: np.ndarray,
    hints: np.ndarray,
    folds: np.ndarray,
    learns: np.ndarray,
    recipe: Recipe,
) -> tuple[np.ndarray, Layer | None]:
    """Give the verdicts on labelled articles: taught with titles and also without them.

    Where there are too few articles for that to be better than the sentences' votes, the votes are taken.
    """
    book = annotated.codebook
    rows = {article: annotated.articles[article] for article in annotated.article_labels}
    first = np.array([found[0] for found in rows.values()])

    def features(titled: bool) -> np.ndarray:
        return np.array(
            [
                article_features(within[r], book, annotated.title_at(a), hints[r])
                if titled or annotated.title_at(a) is None or len(r) == 1
                else article_features(within[r[1:]], book, None, hints[r[1:]])
                for a, r in rows.items()
            ]
        )

    labels = annotated.labels_of_articles[first]
    asked = _Examples(features(True), labels, folds[first])
    taught = asked[learns[first]] + _Examples(features(False), labels, folds[first])[learns[first]]
    # an article of one sentence says what that sentence says
    single = np.array([article_features(within[[row]], book, None, hints[[row]]) for row in first])
    taught += _Examples(single, annotated.labels[first], folds[first])[learns[first]]
    voted = np.array([votes(within[r], book, annotated.title_at(a)) for a, r in rows.items()])
    if not _teaches(asked, taught):
        return voted, None
    found, layer = _crossed(asked, taught, len(book.ids), recipe.verdict_C)
    known = learns[first]
    right, right_votes = (int((said.argmax(axis=1) == labels)[known].sum()) for said in (found, voted))
    return (found, layer) if right > right_votes else (voted, None)
