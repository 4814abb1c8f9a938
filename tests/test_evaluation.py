from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from haltung.annotations import AnnotatedSentence
from haltung.evaluation import macro_f1_difference, macro_f1_interval, score
from haltung.training_report import evaluated, evaluation_text

LABELS = ("b", "a", "d", "c")


def drawn(seed, n=300, labels=LABELS):
    return np.random.default_rng(seed).choice(labels, size=n).tolist()


CASES = [
    (drawn(1), drawn(2)),
    (drawn(3, labels=LABELS[:3]), drawn(4, labels=LABELS[:2])),
    (drawn(5, labels=LABELS[:2]), drawn(6, labels=LABELS[1:3])),
    (["a"] * 5, ["b"] * 5),
    (["a", "b", "d", "c"], ["a", "b", "d", "c"]),
]


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize(("gold", "predicted"), CASES)
def test_scores_are_those_of_scikit_learn(gold, predicted):
    found = score(gold, predicted, LABELS)
    expected = precision_recall_fscore_support(gold, predicted, labels=LABELS, zero_division=0)
    for name, values in zip(("precision", "recall", "f1", "support"), expected, strict=True):
        np.testing.assert_allclose([getattr(found.by_label[label], name) for label in LABELS], values)
    assert found.confusion.tolist() == confusion_matrix(gold, predicted, labels=LABELS).tolist()
    assert found.macro_f1 == pytest.approx(f1_score(gold, predicted, average="macro", zero_division=0))
    assert found.accuracy == pytest.approx(accuracy_score(gold, predicted))


def test_scores_as_plain_data_keep_rows_gold_and_columns_predicted():
    data = score(["a", "a", "b"], ["b", "b", "b"], ("a", "b")).to_dict()
    assert data["confusion"] == {"labels": ["a", "b"], "gold_by_predicted": [[0, 2], [0, 1]]}
    assert data["by_label"]["b"] == {"precision": 0.3333, "recall": 1.0, "f1": 0.5, "support": 1}


def test_nothing_to_score_is_no_error():
    assert score([], [], LABELS).macro_f1 == 0


@pytest.mark.parametrize("seed", range(5))
def test_the_interval_holds_the_score(seed):
    gold = drawn(seed)
    predicted = [g if place % 3 else p for place, (g, p) in enumerate(zip(gold, drawn(seed + 50), strict=True))]
    groups = [str(place // 5) for place in range(len(gold))]
    low, high = macro_f1_interval(gold, predicted, groups, LABELS)
    assert low < score(gold, predicted, LABELS).macro_f1 < high
    assert 0.02 < high - low < 0.3
    assert macro_f1_interval(gold, predicted, groups, LABELS) == (low, high)


def test_faultless_predictions_leave_no_doubt():
    gold = LABELS * 25
    assert macro_f1_interval(gold, gold, ["x", "y"] * 50, LABELS) == (1, 1)


def test_articles_are_drawn_not_sentences():
    # ten articles of thirty like sentences know less than three hundred sentences would
    gold = [label for label in drawn(7, 10, LABELS[:2]) for _ in range(30)]
    predicted = [label for label in drawn(8, 10, LABELS[:2]) for _ in range(30)]
    by_article = macro_f1_interval(gold, predicted, [str(place // 30) for place in range(300)], LABELS)
    by_sentence = macro_f1_interval(gold, predicted, [str(place) for place in range(300)], LABELS)
    assert by_article[1] - by_article[0] > 2 * (by_sentence[1] - by_sentence[0])


def test_the_difference_tells_better_from_worse_from_equal():
    gold, guessed = drawn(1), drawn(2)
    groups = [str(place // 5) for place in range(300)]
    low, high, lower = macro_f1_difference(gold, gold, guessed, groups, LABELS)
    assert low < high < 0
    assert lower == 1
    low, high, lower = macro_f1_difference(gold, guessed, gold, groups, LABELS)
    assert 0 < low < high
    assert lower == 0
    assert macro_f1_difference(gold, guessed, guessed, groups, LABELS) == (0, 0, 0)


def test_errors_come_surest_first_with_their_rows(small_model, small_sentences):
    foreign = [row for row in small_sentences if row.label != "no_stance"]
    mislabelled = [replace(row, label="no_stance") for row in foreign]
    result = evaluated(small_model, mislabelled)
    assert len(result.errors) > 50
    shares = [error.probability for error in result.errors]
    assert shares == sorted(shares, reverse=True)
    by_row = {row.row: row for row in small_sentences}
    for error in result.errors:
        assert error.text == by_row[error.row].text
        assert (error.gold, error.predicted) != ("no_stance", "no_stance")
        assert small_model.predict([error.text]) == [error.predicted]
    assert result.scores.by_label["no_stance"].support == len(mislabelled)
    assert f"row {result.errors[0].row}: no_stance → {result.errors[0].predicted}" in evaluation_text(result)


def test_an_evaluation_without_errors_says_nothing_of_errors(weather_model):
    rows = [AnnotatedSentence("", "", "", -1, "weather", "Am Abend ziehen Regen und Wolken auf.", 2)]
    assert "errors" not in evaluation_text(evaluated(weather_model, rows))
