import warnings
from dataclasses import replace

import numpy as np
import pytest
from scipy.sparse import hstack
from scipy.sparse.linalg import norm
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression

from haltung.annotated_set import read_set
from haltung.crossvalidation import fit_targets, fold_numbers, held_out, out_of_fold_logits
from haltung.errors import HaltungError
from haltung.features import terms, tokens
from haltung.fitting import count, fit_linear
from haltung.lexicon import Lexicon
from haltung.paths import shipped
from haltung.probabilities import SentenceModel, own_features, softmax
from haltung.recipe import read_recipe

STRANGE = [
    "",
    "   ",
    "Ξένος",
    "qqq xxq",
    "🙂",
    "Südkorea " * 20_000,
    "Seoul schließt Waffen nicht aus. " * 500,
    "S\u00fcdkorea pru\u0308ft „tödliche Hilfe“",
    "SEOUL PRÜFT WAFFEN",
    "a",
    "\x00\x1b[31m",
]


class Reference:
    """scikit-learn's own vectorisers and logistic regressions, one label against the rest, as the recipe says."""

    def __init__(self, annotated, recipe):
        texts, self.blocks = annotated.texts, []
        for part in recipe.blocks:
            vectorizer = TfidfVectorizer(
                analyzer=lambda text, block=part.block: terms(tokens(text), block, annotated.lexicon),
                sublinear_tf=True,
                min_df=min(part.min_df, 1 + len(texts) // 500),
            )
            try:
                vectorizer.fit(texts)
            except ValueError:  # classes without a lexicon
                continue
            self.blocks.append((vectorizer, part.weight))
        matrix = self.matrix(texts)
        wanted = [annotated.labels == label for label in range(len(annotated.codebook.ids))]
        unsure = np.zeros(matrix.shape[1])
        for labels in wanted:  # by the formula: the sum over texts of p (1 - p) x^2
            p = self.fit(matrix, labels, recipe, C=4.0, tol=0.1).predict_proba(matrix)[:, 1]
            unsure += matrix.power(2).T @ (p * (1 - p))
        stretch = (unsure / np.median(unsure) + 0.3) ** -0.25
        stretch *= norm(matrix) / norm(matrix.multiply(stretch))
        self.classifiers = []
        for labels in wanted:
            classifier = self.fit(matrix.multiply(stretch).tocsr(), labels, recipe, C=30.0, tol=0.05)
            weights = classifier.coef_ * stretch
            classifier.coef_ = weights.astype(np.float16).astype(np.float64)  # as the model file keeps them
            self.classifiers.append(classifier)

    def fit(self, matrix, labels, recipe, C, tol):
        classifier = LogisticRegression(
            C=C, solver="liblinear", dual=True, tol=tol, max_iter=recipe.max_iter, random_state=recipe.seed
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return classifier.fit(matrix, labels)

    def matrix(self, texts):
        return hstack([vectorizer.transform(texts) * weight for vectorizer, weight in self.blocks], format="csr")

    def logits(self, texts):
        matrix = self.matrix(texts)
        return np.column_stack([classifier.decision_function(matrix) for classifier in self.classifiers])


@pytest.fixture(scope="module")
def recipe():
    return read_recipe()


@pytest.fixture(scope="module")
def real_set():
    return read_set(shipped("annotations"), None)


def fitted(annotated, recipe):
    everything = np.arange(len(annotated.sentences))
    counted = count(annotated.texts, recipe, annotated.lexicon)
    light = fit_linear(counted, everything, [annotated.labels], len(annotated.codebook.ids))
    return Reference(annotated, recipe), light


@pytest.fixture(scope="module")
def on_part(real_set, recipe):
    assert real_set.lexicon.classes
    return fitted(replace(real_set, sentences=real_set.sentences[:700]), recipe)


@pytest.fixture(scope="module")
def without_lexicon(real_set, recipe):
    return fitted(replace(real_set, sentences=real_set.sentences[:700], lexicon=Lexicon()), recipe)


@pytest.fixture(scope="module")
def on_two_labels(weather_set, recipe):
    return fitted(weather_set, recipe)


@pytest.fixture(params=["on_part", "without_lexicon", "on_two_labels"])
def reference_and_light(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def texts(real_set):
    return [*real_set.texts[:300], *real_set.texts[-400:], *STRANGE]


@pytest.fixture(scope="module")
def small_layers(small_set, recipe):
    """A sentence model with its layers, fitted on the small set."""
    counted = count(small_set.texts, recipe, small_set.lexicon)
    folds = fold_numbers(small_set.sentences, recipe)
    found = held_out(small_set, out_of_fold_logits(small_set, counted, folds), folds, recipe)
    linear = fit_targets(small_set, counted, np.arange(len(small_set.sentences)))
    return SentenceModel(linear, found.alone_layer, found.within_layer)


def test_the_light_scorer_gives_the_logits_of_scikit_learn(reference_and_light, texts):
    reference, light = reference_and_light
    assert len(texts) > 512  # more than one batch
    np.testing.assert_allclose(light.logits(texts), reference.logits(texts), atol=1e-6, rtol=0)


def test_the_lexicon_is_learnt_from(on_part, without_lexicon, texts):
    assert len(on_part[1].blocks) == len(without_lexicon[1].blocks) + 1  # without classes none are counted
    assert np.abs(on_part[1].logits(texts) - without_lexicon[1].logits(texts)).max() > 0.1


def test_logits_do_not_depend_on_the_company_of_a_text(on_part, texts):
    _, light = on_part
    together = light.logits(texts)
    for place in (0, 511, 512, len(texts) - 1):
        np.testing.assert_allclose(light.logits([texts[place]])[0], together[place], atol=1e-12)


@pytest.mark.parametrize("text", ["Seoul schließt Waffenlieferungen nicht mehr aus.", *STRANGE[:6], STRANGE[7]])
def test_contributions_and_intercept_are_the_logit(reference_and_light, text):
    reference, light = reference_and_light
    sums = [sum(light.contributions(text, mix).values()) for mix in np.eye(len(light.intercept))]
    np.testing.assert_allclose(light.intercept + sums, reference.logits([text])[0], atol=1e-6, rtol=0)


@pytest.mark.parametrize("text", ["Seoul schließt Waffenlieferungen nicht mehr aus.", *STRANGE[:6], STRANGE[7]])
def test_contributions_to_a_mix_are_the_mixed_logits(on_part, text):
    _, light = on_part
    mix = np.array([1.5, -0.25, 0.0, -3.0])
    whole = sum(light.contributions(text, mix).values()) + light.intercept @ mix
    assert whole == pytest.approx(light.logits([text])[0] @ mix, abs=1e-9)


def test_contributions_name_terms_of_the_text_strongest_first(on_part, real_set):
    _, light = on_part
    parts = light.contributions("Seoul liefert keine Waffen", np.eye(4)[real_set.codebook.ids.index("rules_out")])
    weights = [abs(weight) for weight in parts.values()]
    assert weights == sorted(weights, reverse=True)
    assert {"keine", " waff"} <= set(parts)
    assert "keine … waffe" in parts  # a pair of near words
    classes = {name.upper() for name, _ in real_set.lexicon.classes}
    pieces = [piece for term in parts for piece in term.split(" … ")]
    assert classes & set(pieces)
    for piece in pieces:
        words = [word for word in piece.split() if word not in classes]
        assert all(word in "seoul liefert keine waffen" for word in words)


def test_the_parts_of_a_sentence_alone_are_its_log_odds(small_layers):
    one, other = "Seoul liefert Waffen.", "Yoon deutet Kurswechsel bei Waffen an"
    logs = np.log(small_layers.predict_proba([one, other]))
    sums = np.array(
        [[sum(small_layers.contributions(text, label).values()) for label in range(4)] for text in (one, other)]
    )
    by_terms = (sums[0] - sums[0, 3]) - (sums[1] - sums[1, 3])
    by_odds = (logs[0] - logs[0, 3]) - (logs[1] - logs[1, 3])
    np.testing.assert_allclose(by_terms, by_odds, atol=1e-9)


def test_the_length_of_a_sentence_is_counted_in_words():
    words = [" ".join(["wort"] * n) for n in (1, 15, 30)]
    found = own_features(np.arange(20.0).reshape(5, 4), [*words, "", "\u00a0 \n"])
    np.testing.assert_array_equal(found[:, :4], np.arange(20.0).reshape(5, 4))
    np.testing.assert_allclose(found[:, 4], np.log([1 / 15, 1, 2, 1 / 15, 1 / 15]))


def test_what_the_length_adds_is_named(small_layers):
    ordinary, long = "Seoul prüft nun " + "sehr " * 12, "Seoul prüft nun " + "sehr " * 27
    assert small_layers.contributions(ordinary, 0)["‹length›"] == 0
    weight = small_layers.alone.weights[4, 0]
    assert small_layers.contributions(long, 0)["‹length›"] == pytest.approx(np.log(2) * weight)
    assert weight != 0


def test_unknown_words_leave_the_intercept_alone(on_part):
    _, light = on_part
    assert light.contributions("", np.eye(4)[0]) == {}
    np.testing.assert_allclose(light.logits([""])[0], light.intercept)


def test_a_label_without_texts_has_probability_zero(small_set, recipe):
    missing = small_set.codebook.ids.index("defers_to_allies")
    kept = [row for row in small_set.sentences if row.label != "defers_to_allies"]
    part = replace(small_set, sentences=kept, article_labels={})
    counted = count(part.texts, recipe, part.lexicon)
    folds = fold_numbers(kept, recipe)
    layers = held_out(part, out_of_fold_logits(part, counted, folds), folds, recipe)
    model = SentenceModel(fit_targets(part, counted, np.arange(len(kept))), layers.alone_layer, layers.within_layer)
    texts = ["", "Seoul verkauft Granaten an die USA."]
    others = [label for label in range(4) if label != missing]
    for found in (model.predict_proba(texts), model.read(texts).probabilities, layers.alone, layers.within):
        assert not found[:, missing].any()
        np.testing.assert_allclose(found[:, others].sum(axis=1), 1)
        assert (found[:, others] > 0).all()


def test_articles_without_labels_give_no_hints(small_set, recipe):
    rows, counted = np.arange(len(small_set.sentences)), count(small_set.texts, recipe, small_set.lexicon)
    assert fit_targets(small_set, counted, rows).logits(["Seoul prüft."]).shape == (1, 8)
    unlabelled = replace(small_set, article_labels={})
    assert fit_targets(unlabelled, counted, rows).logits(["Seoul prüft."]).shape == (1, 4)


def test_a_sentence_is_not_learnt_from_where_its_article_has_no_label(small_set, recipe):
    # the second target: what is learnt of it comes from labelled articles alone, but for the stretch of the terms
    recipe = replace(recipe, stretch=0.0)
    counted = count(small_set.texts, recipe, small_set.lexicon)
    labelled = {article: small_set.article_labels[article] for article in sorted(small_set.article_labels)[:12]}
    part = replace(small_set, article_labels=labelled)
    rows = np.flatnonzero(part.labels_of_articles >= 0)
    assert 0 < len(rows) < len(part.sentences)
    texts = ["Seoul prüft Waffenhilfe.", "Südkorea liefert keine Granaten."]
    everything = np.arange(len(part.sentences))
    scrambled = [
        replace(row, label="no_stance") if at not in set(rows.tolist()) else row
        for at, row in enumerate(part.sentences)
    ]
    told, untold = (
        fit_targets(found, counted, everything).logits(texts) for found in (part, replace(part, sentences=scrambled))
    )
    np.testing.assert_allclose(told[:, 4:], untold[:, 4:], atol=1e-9)
    assert np.abs(told[:, :4] - untold[:, :4]).max() > 0.01


def test_texts_of_one_label_are_refused(small_set, recipe):
    rows = np.flatnonzero(small_set.labels == small_set.labels[0])
    counted = count(small_set.texts, recipe, small_set.lexicon)
    with pytest.raises(HaltungError, match="too few annotations"):
        fit_linear(counted, rows, [small_set.labels], 4)


def test_no_texts_give_no_rows(reference_and_light, small_layers):
    _, light = reference_and_light
    assert light.logits([]).shape == (0, len(light.intercept))
    assert small_layers.predict_proba([]).shape == (0, 4)
    assert small_layers.read([]).probabilities.shape == (0, 4)


def test_softmax_stands_large_logits():
    found = softmax(np.array([[1000.0, 0.0], [-1000.0, -1000.0], [-np.inf, 3.0]]))
    np.testing.assert_allclose(found, [[1, 0], [0.5, 0.5], [0, 1]])
