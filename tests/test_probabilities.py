import numpy as np
import pytest

from haltung.annotations import read_sentences
from haltung.fitting import fit, light_model
from haltung.paths import shipped
from haltung.probabilities import softmax
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


@pytest.fixture(scope="module")
def recipe():
    return read_recipe()


@pytest.fixture(scope="module")
def real_set(book):
    return read_sentences(shipped("annotations") / "sentences.csv", book)


@pytest.fixture(scope="module")
def on_part(real_set, book, recipe):
    part = real_set[:1500]
    fitted = fit([row.text for row in part], [row.label for row in part], recipe)
    return fitted, light_model(fitted, book.ids, recipe), book.ids


@pytest.fixture(scope="module")
def on_two_labels(data, weather_book, recipe):
    rows = read_sentences(data / "weather" / "sentences.csv", weather_book)
    fitted = fit([row.text for row in rows], [row.label for row in rows], recipe)
    return fitted, light_model(fitted, weather_book.ids, recipe), weather_book.ids


@pytest.fixture(params=["on_part", "on_two_labels"])
def fitted_and_light(request):
    return request.getfixturevalue(request.param)


@pytest.fixture(scope="module")
def texts(real_set):
    seen, unseen = real_set[:300], real_set[-400:]
    return [row.text for row in [*seen, *unseen]] + STRANGE


def in_order(fitted, texts, classes):
    columns = [fitted.classes_.tolist().index(label) for label in classes]
    return fitted.predict_proba(texts)[:, columns]


def test_the_light_scorer_gives_the_probabilities_of_scikit_learn(fitted_and_light, texts):
    fitted, light, classes = fitted_and_light
    assert len(texts) > 512  # more than one batch
    np.testing.assert_allclose(light.predict_proba(texts), in_order(fitted, texts, classes), atol=1e-6, rtol=0)


def test_probabilities_do_not_depend_on_the_company_of_a_text(on_part, texts):
    _, light, _ = on_part
    together = light.predict_proba(texts)
    for place in (0, 511, 512, len(texts) - 1):
        np.testing.assert_allclose(light.predict_proba([texts[place]])[0], together[place], atol=1e-12)


@pytest.mark.parametrize("text", ["Seoul schließt Waffenlieferungen nicht mehr aus.", *STRANGE[:6], STRANGE[7]])
def test_contributions_and_intercept_are_the_logit(fitted_and_light, text):
    fitted, light, classes = fitted_and_light
    sums = np.array([sum(light.contributions(text, label).values()) for label in range(len(classes))])
    logits = sums + light.intercept
    np.testing.assert_allclose(softmax(logits[None]), in_order(fitted, [text], classes), atol=1e-6, rtol=0)
    # scikit-learn's own logits; for two labels it has one only, the difference
    decision = fitted.decision_function([text])[0]
    if len(classes) == 2:
        ours = logits[list(classes).index(fitted.classes_[1])] - logits[list(classes).index(fitted.classes_[0])]
        assert ours == pytest.approx(decision, abs=1e-6)
    else:
        order = [list(classes).index(label) for label in fitted.classes_]
        np.testing.assert_allclose(logits[order], decision, atol=1e-6, rtol=0)


def test_contributions_name_terms_of_the_text_strongest_first(on_part):
    _, light, classes = on_part
    parts = light.contributions("Seoul liefert keine Waffen", list(classes).index("rules_out"))
    weights = [abs(weight) for weight in parts.values()]
    assert weights == sorted(weights, reverse=True)
    assert {"keine", " waff"} <= set(parts)
    assert all(part.strip() in "seoul liefert keine waffen" for term in parts for part in term.split(" … "))
    assert "keine … waffe" in parts  # a pair of near words


def test_unknown_words_leave_the_intercept_alone(on_part):
    _, light, _ = on_part
    assert light.contributions("", 0) == {}
    np.testing.assert_allclose(light.predict_proba([""])[0], softmax(light.intercept[None])[0])


def test_a_label_without_texts_has_probability_zero(small_sentences, book, recipe):
    part = [row for row in small_sentences if row.label != "defers_to_allies"]
    fitted = fit([row.text for row in part], [row.label for row in part], recipe)
    found = light_model(fitted, book.ids, recipe).predict_proba(["", "Seoul verkauft Granaten an die USA."])
    others = [place for place, label in enumerate(book.ids) if label != "defers_to_allies"]
    assert not found[:, book.ids.index("defers_to_allies")].any()
    np.testing.assert_allclose(found[:, others].sum(axis=1), 1)
    assert (found[:, others] > 0).all()


def test_no_texts_give_no_rows(fitted_and_light):
    _, light, classes = fitted_and_light
    assert light.predict_proba([]).shape == (0, len(classes))


def test_softmax_stands_large_logits():
    found = softmax(np.array([[1000.0, 0.0], [-1000.0, -1000.0]]))
    np.testing.assert_allclose(found, [[1, 0], [0.5, 0.5]])
