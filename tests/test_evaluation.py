from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, confusion_matrix, f1_score, precision_recall_fscore_support

from haltung.annotations import AnnotatedSentence
from haltung.evaluation import calibration, macro_f1_difference, macro_f1_interval, score
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


def rows_of(sure):
    """Return probabilities of two labels, the first predicted with `sure`."""
    sure = np.array(sure, float)
    return np.column_stack([sure, 1 - sure])


def test_calibration_is_the_mean_distance_of_the_bins():
    # 0.5 to 0.6: said 0.55, right 1 of 2; 0.8 to 0.9: said 0.85, right 2 of 2; 0.9 to 1: said 0.96, right 0 of 1
    found = calibration(np.array([0, 1, 0, 0, 1]), rows_of([0.52, 0.58, 0.83, 0.87, 0.96]))
    assert found.error == pytest.approx((2 * 0.05 + 2 * 0.15 + 1 * 0.96) / 5)
    assert [units for units, _, _ in found.bins] == [2, 2, 1]
    np.testing.assert_allclose([found.bins[i][1:] for i in range(3)], [(0.55, 0.5), (0.85, 1.0), (0.96, 0.0)])
    assert found.to_dict()["error"] == 0.272


@pytest.mark.parametrize(
    ("gold", "sure", "error"),
    [
        ([0] * 8 + [1] * 2, [0.8] * 10, 0.0),  # eighty of a hundred are right where 0.8 is said
        ([0] * 10, [1.0] * 10, 0.0),
        ([1] * 10, [1.0] * 10, 1.0),
        ([0, 1] * 5, [0.95] * 10, 0.45),
        ([0] * 10, [0.6] * 10, 0.4),  # too shy is as wrong as too bold
    ],
)
def test_calibration_of_perfect_and_worst_probabilities(gold, sure, error):
    found = calibration(np.array(gold), rows_of(sure))
    assert found.error == pytest.approx(error, abs=1e-9)
    assert sum(units for units, _, _ in found.bins) == 10


def test_calibration_is_of_the_predicted_label_whichever_it_is():
    probabilities = np.array([[0.1, 0.2, 0.7], [0.7, 0.2, 0.1], [0.15, 0.7, 0.15]])
    assert calibration(np.array([2, 0, 1]), probabilities).error == pytest.approx(0.3)
    assert calibration(np.array([0, 1, 2]), probabilities).error == pytest.approx(0.7)


def test_bold_probabilities_that_are_drawn_from_are_calibrated_and_sharpened_ones_are_not():
    drawn = np.random.default_rng(11)
    probabilities = drawn.dirichlet([0.5] * 4, size=5000)
    gold = (probabilities.cumsum(axis=1) < drawn.random((5000, 1))).sum(axis=1)
    assert calibration(gold, probabilities).error < 0.03
    sharp = probabilities**4 / (probabilities**4).sum(axis=1, keepdims=True)
    assert calibration(gold, sharp).error > 0.1


def test_nothing_to_calibrate_is_no_error():
    assert calibration(np.empty(0, int), np.empty((0, 4))).error == 0


def test_errors_come_surest_first_with_their_rows(small_model, small_sentences):
    foreign = [row for row in small_sentences if row.label != "no_stance"]
    mislabelled = [replace(row, label="no_stance") for row in foreign]
    result = evaluated(small_model, mislabelled)
    assert len(result.errors) > 50
    shares = [error.probability for error in result.errors]
    assert shares == sorted(shares, reverse=True)
    by_row = {row.row: row for row in small_sentences}
    read = {}  # every sentence is read in its article, with what is there of that
    for article in {row.article for row in foreign}:
        rows = [row for row in foreign if row.article == article]
        found = small_model.read([row.text for row in rows], 0 if rows[0].position == 0 else None)
        labels = [small_model.classes_[place] for place in found.argmax(axis=1)]
        read |= dict(zip([row.row for row in rows], labels, strict=True))
    for error in result.errors:
        assert error.text == by_row[error.row].text
        assert (error.gold, error.predicted) != ("no_stance", "no_stance")
        assert read[error.row] == error.predicted
    assert result.scores.by_label["no_stance"].support == len(mislabelled)
    assert f"row {result.errors[0].row}: no_stance → {result.errors[0].predicted}" in evaluation_text(result)


def test_the_order_of_rows_in_the_file_does_not_matter(small_model, small_sentences):
    straight, shuffled = evaluated(small_model, small_sentences), evaluated(small_model, small_sentences[::-1])
    assert straight.scores.to_dict() == shuffled.scores.to_dict()


def test_sentences_without_article_are_read_alone(small_model, small_sentences):
    rows = [replace(row, article="", position=-1, label="no_stance") for row in small_sentences]
    for error in evaluated(small_model, rows).errors:
        assert small_model.predict([error.text]) == [error.predicted]


def test_an_evaluation_without_errors_says_nothing_of_errors(weather_model):
    rows = [AnnotatedSentence("", "", "", -1, "weather", "Am Abend ziehen Regen und Wolken auf.", 2)]
    assert "errors" not in evaluation_text(evaluated(weather_model, rows))
