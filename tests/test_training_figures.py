import json
import re
import sys
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

from haltung.annotated_set import read_set
from haltung.evaluation import precision_recall
from haltung.fitting import count
from haltung.learning_curve import curve_jobs, curve_of
from haltung.paths import shipped
from haltung.recipe import read_recipe
from haltung.store import read_model
from haltung.training_figures import figures


@pytest.fixture
def trained(small_folder):
    return json.loads((small_folder / "metrics.json").read_text()), read_model(small_folder).codebook


def texts_of(svg):
    return " ".join(
        "".join(node.itertext()) for node in ElementTree.fromstring(svg).iter() if node.tag.endswith("text")
    )


def test_the_picture_shows_every_label_its_counts_and_terms(trained):
    metrics, codebook = trained
    told = texts_of(figures(metrics, codebook))
    for label in codebook.labels:
        assert f"Strongest terms: {label.title}" in told
        assert metrics["strongest_terms"][label.id][0][0].strip() in told
    for counts in metrics["cross_validation"]["confusion"]["gold_by_predicted"]:
        for number in counts:
            assert re.search(rf"\b{number:,}\b", told)


def test_the_same_metrics_give_the_same_picture(trained):
    assert figures(*trained) == figures(*trained)


def test_without_matplotlib_there_is_no_picture_and_no_error(trained, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    assert figures(*trained) is None


def test_terms_with_dollars_and_markup_stay_text(trained):
    metrics, codebook = trained
    label = codebook.ids[0]
    metrics["strongest_terms"][label] = [["$x^2$", 1.0], ["<b>&", -1.0]]
    told = texts_of(figures(metrics, codebook))
    assert "$x^2$" in told
    assert "<b>&" in told


def test_the_model_folder_holds_the_picture_and_the_card_shows_it(small_folder):
    assert (small_folder / "figures.svg").read_text(encoding="utf-8").lstrip().startswith("<?xml")
    assert "](figures.svg)" in (small_folder / "README.md").read_text(encoding="utf-8")


def test_the_learning_curve_learns_from_more_and_more():
    annotated = read_set(Path(__file__).parent / "data" / "small", None)
    counted = count(annotated.texts, read_recipe(), annotated.lexicon)
    points = curve_of([work(*given, **named) for work, given, named in curve_jobs(annotated, counted)])
    sizes = [size for size, _ in points]
    assert sizes == sorted(set(sizes))
    assert sizes[-1] < len(annotated.sentences)
    assert all(0 <= value <= 1 for _, value in points)


def test_the_shipped_curve_rises():
    points = json.loads((shipped("model") / "metrics.json").read_text())["learning_curve"]
    assert [value for _, value in points] == sorted(value for _, value in points)


def test_precision_and_recall_are_those_of_claiming_from_a_probability_on():
    gold = np.array([True, True, False, False])
    points = precision_recall(gold, np.array([0.9, 0.4, 0.6, 0.2]))
    assert points[0] == [1.0, 0.5]  # everything is claimed from 5 % on
    assert [0.5, 0.5] in points  # from 50 % on: one right, one wrong
    assert points[-1] == [0.5, 1.0]  # from 90 % on
