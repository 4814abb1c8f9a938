import datetime

import numpy as np
import pytest

from haltung.change_points import LEVEL, change_points
from haltung.timeline import timeline
from haltung.turns import stance_columns

FIRST, SECOND = datetime.date(2024, 6, 20), datetime.date(2025, 1, 16)


def days(count, step=3):
    return [datetime.date(2024, 1, 1) + datetime.timedelta(days=step * i) for i in range(count)]


def sure(*counts):
    """Articles that surely have stance 0, 1, 2 …, so many of each in a row."""
    return np.repeat(np.eye(len(counts)), counts, axis=0)


@pytest.mark.parametrize("by", ["day", "week", "month"])
def test_both_known_turns_of_the_series_are_found_and_no_third(series_articles, shipped_model, by):
    (curve,) = timeline(series_articles, shipped_model.codebook, by).curves
    assert [(turn.from_label, turn.to_label) for turn in curve.turns] == [
        ("rules_out", "considers"),
        ("considers", "defers_to_allies"),
    ]
    periods = [period.start for period in curve.periods]
    for turn, known in zip(curve.turns, (FIRST, SECOND), strict=True):
        here, there = (max(start for start in periods if start <= date) for date in (turn.date, known))
        assert abs(periods.index(here) - periods.index(there)) <= 1
        assert turn.after < known <= turn.date + datetime.timedelta(days=7)


def test_a_turn_tells_what_changes_and_which_sentences_mark_it(series_articles, shipped_model):
    first = timeline(series_articles, shipped_model.codebook).curves[0].turns[0]
    assert first.before["rules_out"] > 0.6 > 0.3 > first.then["rules_out"]
    assert first.before["considers"] < 0.3 < 0.6 < first.then["considers"]
    assert first.strength == pytest.approx(
        sum(abs(first.then[label] - share) for label, share in first.before.items()) / 2, abs=0.001
    )
    assert all(mark.label == "rules_out" and mark.date <= first.after for mark in first.marks_before)
    assert all(mark.label == "considers" and mark.date >= first.date for mark in first.marks_after)
    assert "neu prüfen" in " ".join(mark.text for mark in first.marks_after)


def test_shuffled_dates_hardly_ever_show_a_turn(series_articles, shipped_model):
    dated = sorted((one for one in series_articles if one.date), key=lambda one: one.date)
    stances = np.array([one.probabilities for one in dated])[:, stance_columns(shipped_model.codebook)]
    rng = np.random.default_rng(7)
    alarms = sum(bool(change_points([one.date for one in dated], rng.permutation(stances))) for _ in range(100))
    assert alarms <= 4  # with a rate of 1 % five or more have a probability of 0.3 %
    assert LEVEL == 0.01


def test_turns_that_lead_back_are_both_found():
    stances = np.concatenate([sure(15, 0), sure(0, 15), sure(15, 0)])
    assert [point.place for point in change_points(days(45), stances)] == [15, 30]


def test_a_single_exception_is_no_turn():
    stances = sure(40, 0)
    stances[20] = [0, 1]
    assert change_points(days(40), stances) == []


def test_articles_without_a_stance_neither_make_nor_move_a_turn():
    silent = np.full((30, 2), 0.01)
    stances = np.concatenate([sure(12, 0), silent, sure(0, 12)])
    (point,) = change_points(days(54), stances)
    assert point.place == 42
    assert change_points(days(42), stances[:42]) == []


def test_a_day_is_never_parted():
    dates = days(20)
    together = [*dates[:10], *[dates[9]] * 4, *dates[10:]]
    stances = sure(12, 12)
    (point,) = change_points(together, stances)
    assert together[point.place] != together[point.place - 1]


def test_a_small_shift_is_no_turn_however_many_articles_there_are():
    counts = [[0.95, 0.05]] * 400 + [[0.85, 0.15]] * 400
    assert change_points(days(800, step=1), np.array(counts)) == []


def test_few_articles_show_no_turn():
    assert change_points(days(4), sure(2, 2)) == []
    assert change_points([], np.zeros((0, 2))) == []


def test_the_same_series_gives_the_same_turns(series_articles, shipped_model):
    first, second = (timeline(series_articles, shipped_model.codebook) for _ in range(2))
    assert first == second
