"""Fit scikit-learn's TF-IDF and logistic regression, and take the light model out of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, Pipeline

from haltung.errors import HaltungError
from haltung.features import Vocabulary, terms
from haltung.probabilities import LinearModel, WeightedBlock
from haltung.recipe import Recipe

_TEXTS_A_CUT = 500  # of so many texts a term may be asked to stand in one more


def pipeline(recipe: Recipe, texts: int) -> Pipeline:
    """Return the unfitted scikit-learn pipeline that `recipe` describes, for that many texts.

    Rare terms are cut only as far as there are texts enough: in a few dozen every term is rare.
    """
    most = 1 + texts // _TEXTS_A_CUT
    blocks = [
        (
            f"{place}-{part.block.kind}",
            TfidfVectorizer(
                analyzer=partial(terms, block=part.block), min_df=min(part.min_df, most), sublinear_tf=True
            ),
        )
        for place, part in enumerate(recipe.blocks)
    ]
    weights = {name: part.weight for (name, _), part in zip(blocks, recipe.blocks, strict=True)}
    return Pipeline(
        [
            ("features", FeatureUnion(blocks, transformer_weights=weights)),
            ("classifier", LogisticRegression(C=recipe.C, max_iter=recipe.max_iter)),
        ]
    )


def fit(texts: Sequence[str], labels: Sequence[str], recipe: Recipe) -> Pipeline:
    """Fit the pipeline of `recipe` on texts and their labels; the same input gives the same weights.

    Raises `HaltungError` where the texts have one label only or no terms in common.
    """
    if len(set(labels)) < 2:
        raise HaltungError("too few annotations to train on: without a held-out part one label is left; annotate more")
    try:
        return pipeline(recipe, len(texts)).fit(list(texts), list(labels))
    except ValueError as error:
        if not any(said in str(error) for said in ("no terms remain", "empty vocabulary")):
            raise
        raise HaltungError("too few annotations to train on: no terms recur in them; annotate more") from None


def light_model(fitted: Pipeline, classes: Sequence[str], recipe: Recipe) -> LinearModel:
    """Return the scorer that gives the fitted pipeline's probabilities, its columns as in `classes`.

    A label that the training texts lack gets probability 0.
    """
    classifier = fitted.named_steps["classifier"]
    coef, intercept = classifier.coef_, classifier.intercept_
    if len(classifier.classes_) == 2:  # scikit-learn keeps one row for two labels
        coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
    found = classifier.classes_.tolist()
    order = [found.index(label) if label in found else -1 for label in classes]
    blocks, start = [], 0
    for (_, vectorizer), part in zip(fitted.named_steps["features"].transformer_list, recipe.blocks, strict=True):
        names = vectorizer.get_feature_names_out().tolist()
        columns = coef[:, start : start + len(names)].T
        start += len(names)
        padded = np.hstack([columns, np.zeros((len(names), 1))])[:, order]
        blocks.append(
            WeightedBlock(
                Vocabulary(part.block, names),
                part.weight,
                vectorizer.idf_.astype(np.float32),
                np.ascontiguousarray(padded, dtype=np.float32),
            )
        )
    return LinearModel(tuple(blocks), np.append(intercept, -np.inf)[order])
