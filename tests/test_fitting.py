"""The layers: small logistic regressions that make calibrated probabilities of a few features."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from haltung.evaluation import calibration
from haltung.fitting import fit_layer
from haltung.probabilities import softmax


def drawn_labels(drawn, probabilities):
    return (probabilities.cumsum(axis=1) < drawn.random((len(probabilities), 1))).sum(axis=1)


def example(seed, k, n=6000):
    """Logits, the probabilities that they mean, and labels drawn from those."""
    drawn = np.random.default_rng(seed)
    logits = drawn.normal(size=(n, k)) * 1.5 + np.linspace(-1, 1, k)
    probabilities = softmax(logits)
    return logits, probabilities, drawn_labels(drawn, probabilities)


@pytest.mark.parametrize("k", [2, 4])
@pytest.mark.parametrize("scale", [0.2, 1.0, 6.0])
def test_a_layer_makes_calibrated_probabilities_of_logits_too_bold_or_too_shy(k, scale):
    logits, probabilities, labels = example(1, k)
    layer = fit_layer(logits[:3000] * scale, labels[:3000], k, C=1.0)
    found = layer.probabilities(logits[3000:] * scale)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.abs(found - probabilities[3000:]).mean() < 0.02
    assert calibration(labels[3000:], found).error < 0.03
    if scale != 1:
        assert calibration(labels[3000:], softmax(logits[3000:] * scale)).error > 0.1


def test_a_layer_undoes_a_bias_against_a_label():
    logits, probabilities, labels = example(2, 3)
    skewed = logits - np.array([4.0, 0.0, 0.0])
    found = fit_layer(skewed[:3000], labels[:3000], 3, C=1.0).probabilities(skewed[3000:])
    assert np.abs(found - probabilities[3000:]).mean() < 0.02


@pytest.mark.parametrize("k", [2, 3])
def test_features_of_very_different_scales_are_learnt_alike(k):
    logits, _, labels = example(3, k)
    scaled = logits * np.array([1e-5, 1e4, 1.0])[:k] + np.array([0.0, 1e6, -3.0])[:k]
    plain = fit_layer(logits, labels, k, C=1.0).probabilities(logits)
    found = fit_layer(scaled, labels, k, C=1.0).probabilities(scaled)
    np.testing.assert_allclose(found, plain, atol=1e-3)


def test_a_feature_that_never_varies_adds_nothing():
    logits, _, labels = example(4, 3)
    constant = np.hstack([logits, np.full((len(logits), 1), 7.0)])
    plain = fit_layer(logits, labels, 3, C=1.0).probabilities(logits)
    np.testing.assert_allclose(fit_layer(constant, labels, 3, C=1.0).probabilities(constant), plain, atol=1e-3)


@pytest.mark.parametrize("labels", [[0, 1, 3], [1, 3], [2]])
def test_a_label_that_is_missing_gets_nothing_and_the_others_share_all(labels):
    drawn = np.random.default_rng(5)
    features = drawn.normal(size=(300, 4))
    taught = np.array(labels)[features[:, labels].argmax(axis=1)]
    found = fit_layer(features, taught, 4, C=1.0).probabilities(np.vstack([features, features * 100]))
    missing = [label for label in range(4) if label not in labels]
    assert not found[:, missing].any()
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert np.mean(found[:300].argmax(axis=1) == taught) > 0.9


def test_two_labels_are_not_mixed_up():
    features = np.array([[-2.0], [-1.0], [-1.5], [1.0], [2.0], [1.5]])
    layer = fit_layer(features, np.array([2, 2, 2, 0, 0, 0]), 3, C=100.0)
    assert layer.probabilities(np.array([[-2.0], [2.0]])).argmax(axis=1).tolist() == [2, 0]


def test_a_small_C_holds_back():
    logits, _, labels = example(6, 3, n=60)
    bold, shy = (fit_layer(logits, labels, 3, C).probabilities(logits).max(axis=1).mean() for C in (100.0, 0.001))
    assert shy < 0.6 < bold


def test_balance_weighs_a_rare_label_up_as_scikit_learn_does():
    logits, _, labels = example(7, 2)
    labels = np.where(np.random.default_rng(8).random(len(labels)) < 0.8, 1, labels)  # label 0 is rare
    given = [fit_layer(logits, labels, 2, 1.0, balance).probabilities(logits)[:, 0].mean() for balance in (0, 0.3, 1)]
    assert given[0] == pytest.approx((labels == 0).mean(), abs=0.01)
    assert given[0] + 0.05 < given[1] < given[2] - 0.05
    reference = LogisticRegression(C=1.0, class_weight="balanced").fit(StandardScaler().fit_transform(logits), labels)
    wanted = reference.predict_proba(StandardScaler().fit_transform(logits))[:, 0].mean()
    assert given[2] == pytest.approx(wanted, abs=0.002)
