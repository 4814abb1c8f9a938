import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from haltung import training
from haltung.annotations import AnnotatedSentence, read_sentences
from haltung.crossvalidation import fold_numbers, out_of_fold
from haltung.errors import HaltungError
from haltung.recipe import read_recipe
from haltung.store import read_metrics, read_model


@pytest.fixture(scope="module")
def recipe():
    return read_recipe()


def rows_of(pairs):
    return [AnnotatedSentence("", "", "", -1, label, text, row) for row, (text, label) in enumerate(pairs, start=2)]


def write_csv(path, header, rows):
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def test_no_article_lies_in_two_folds(small_sentences, recipe):
    folds = fold_numbers(small_sentences, recipe)
    of_article = {}
    for row, fold in zip(small_sentences, folds.tolist(), strict=True):
        of_article.setdefault(row.article, set()).add(fold)
    assert len(of_article) == 24
    assert all(len(found) == 1 for found in of_article.values())
    assert set(folds.tolist()) == set(range(5))


def test_like_texts_without_article_lie_in_one_fold(data, weather_book, recipe):
    rows = read_sentences(data / "weather" / "sentences.csv", weather_book)
    doubled = rows_of([(row.text, row.label) for row in rows] + [(f" {row.text.upper()} ", row.label) for row in rows])
    folds = fold_numbers(doubled, recipe)
    assert folds[: len(rows)].tolist() == folds[len(rows) :].tolist()
    assert set(folds.tolist()) == set(range(5))


def test_held_out_sentences_are_not_learnt(data, weather_book, recipe):
    rows = read_sentences(data / "weather" / "sentences.csv", weather_book)
    swapped = {"weather": "sports", "sports": "weather"}
    folds = np.arange(len(rows)) % 2
    honest = out_of_fold(rows, folds, weather_book.ids, recipe)
    lies = [
        replace(row, label=swapped[row.label]) if fold else row for row, fold in zip(rows, folds.tolist(), strict=True)
    ]
    lied = out_of_fold(lies, folds, weather_book.ids, recipe)
    # what is predicted for fold 1 comes from fold 0 alone, which has not changed; the other way round it has
    np.testing.assert_allclose(honest[folds == 1], lied[folds == 1], atol=1e-9)
    np.testing.assert_allclose(honest[folds == 0], lied[folds == 0][:, ::-1], atol=1e-4)


def test_the_mask_says_what_is_learnt_from(data, weather_book, recipe):
    rows = read_sentences(data / "weather" / "sentences.csv", weather_book)
    folds = np.arange(len(rows)) % 2
    learns = np.arange(len(rows)) < 24
    masked = out_of_fold(rows, folds, weather_book.ids, recipe, learns=learns)
    alone = out_of_fold(rows[:24], folds[:24], weather_book.ids, recipe)
    np.testing.assert_allclose(masked[:24], alone, atol=1e-12)
    np.testing.assert_allclose(masked.sum(axis=1), 1)


def test_metrics_tell_what_the_model_was_trained_on(small_folder, small_sentences, book):
    metrics = read_metrics(small_folder)
    data = metrics["trained_on"]
    assert (data["sentences"], data["articles"]) == (120, 24)
    assert data["labels"] == {label: sum(row.label == label for row in small_sentences) for label in book.ids}
    assert [entry["name"] for entry in data["files"]] == ["sentences.csv"]
    assert metrics["terms"] == sum(len(block.vocabulary.terms) for block in read_model(small_folder).linear.blocks)
    low, high = metrics["cross_validation"]["macro_f1_interval"]
    assert low < metrics["cross_validation"]["macro_f1"] < high
    counts = np.array(metrics["cross_validation"]["confusion"]["gold_by_predicted"])
    assert counts.sum(axis=1).tolist() == list(data["labels"].values())


def test_verdicts_are_measured_where_articles_have_labels(small_folder, weather_folder):
    assert read_metrics(small_folder)["article_verdicts"]["articles"] == 24
    assert read_metrics(weather_folder)["article_verdicts"] is None


def test_cross_validation_is_better_than_guessing_and_worse_than_knowing(small_folder, weather_folder):
    assert 0.3 < read_metrics(small_folder)["cross_validation"]["macro_f1"] < 0.9
    assert 0.65 < read_metrics(weather_folder)["cross_validation"]["macro_f1"] < 1


def test_the_card_has_the_figures_of_the_metrics(small_folder):
    card = (small_folder / "README.md").read_text(encoding="utf-8")
    metrics = read_metrics(small_folder)
    assert f"{metrics['cross_validation']['macro_f1']:.3f}" in card
    for label, found in metrics["cross_validation"]["by_label"].items():
        assert f"| {label} | {found['precision']:.3f} | {found['recall']:.3f} | {found['f1']:.3f} |" in card


def test_training_without_a_folder_writes_nothing_and_ticks_each_step(data, weather_folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ticks = []
    trained = training.train(data / "weather", tick=lambda: ticks.append(1))
    assert not list(tmp_path.iterdir())
    assert len(ticks) == training.steps()
    assert json.loads(json.dumps(trained.metrics)) == read_metrics(weather_folder)
    assert trained.model.classes_ == ("weather", "sports")


def test_two_labels_of_one_kind_are_too_few(data, tmp_path):
    only_sports = write_csv(
        tmp_path / "sport.csv", ["text", "label"], [(f"Das {n}. Tor fiel.", "sports") for n in "123"]
    )
    with pytest.raises(HaltungError, match="two labels"):
        training.train(only_sports, data / "weather" / "codebook.toml")


@pytest.mark.parametrize(("weather", "sports"), [(1, 1), (2, 2), (2, 3), (4, 4), (3, 9)])
def test_a_handful_of_sentences_trains_or_is_refused_in_one_line(data, tmp_path, weather, sports):
    wanted = {"weather": weather, "sports": sports}
    rows = []
    with (data / "weather" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if wanted[row["label"]] > 0:
                wanted[row["label"]] -= 1
                rows.append((row["text"], row["label"]))
    path = write_csv(tmp_path / "wenig.csv", ["text", "label"], rows)
    try:
        trained = training.train(path, data / "weather" / "codebook.toml")
    except HaltungError as error:
        said = str(error)
    else:
        said = f"{trained.metrics['trained_on']['sentences']} sentences"
    assert said == f"{weather + sports} sentences" or re.fullmatch(r".*(too few|more).*", said)


def test_sentences_that_share_no_term_are_refused_in_one_line(data, tmp_path):
    letters = [(letter, ("weather", "sports")[place % 2]) for place, letter in enumerate("abcdefghijkl")]
    path = write_csv(tmp_path / "buchstaben.csv", ["text", "label"], letters)
    with pytest.raises(HaltungError) as caught:
        training.train(path, data / "weather" / "codebook.toml")
    assert "\n" not in str(caught.value)


def test_a_labelled_article_without_sentences_is_named(data, tmp_path):
    for name in ("sentences.csv", "codebook.toml", "articles.csv"):
        (tmp_path / name).write_bytes((data / "small" / name).read_bytes())
    with (tmp_path / "articles.csv").open("a", encoding="utf-8") as file:
        file.write("t99,considers\n")
    with pytest.raises(HaltungError, match=r"articles\.csv: article 't99' is not in sentences\.csv"):
        training.read_set(tmp_path, None)


@pytest.mark.parametrize(
    "text",
    [
        "kaputt = ",
        "[classifier]\nC = 1\n",
        '[[block]]\nkind = "syllables"\nlow = 1\nhigh = 2\nmin_df = 2\nweight = 1.0\n',
    ],
)
def test_a_broken_recipe_is_one_line(text, tmp_path):
    (tmp_path / "rezept.toml").write_text(text)
    with pytest.raises(HaltungError, match=r"rezept\.toml: is not a recipe") as caught:
        read_recipe(tmp_path / "rezept.toml")
    assert "\n" not in str(caught.value)


def test_a_missing_recipe_is_one_line(tmp_path):
    with pytest.raises(HaltungError, match=r"fehlt\.toml: cannot be read"):
        read_recipe(tmp_path / "fehlt.toml")
