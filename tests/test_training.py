import csv
import json
import re
from dataclasses import replace

import numpy as np
import pytest

from haltung import training
from haltung.annotated_set import read_set
from haltung.annotations import AnnotatedSentence, read_sentences
from haltung.crossvalidation import fold_numbers, held_out, out_of_fold_logits
from haltung.errors import HaltungError
from haltung.fitting import count
from haltung.recipe import read_recipe
from haltung.store import read_metrics, read_model
from haltung.verdict import article_probabilities


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


def logits_of(annotated, folds, recipe, learns=None):
    counted = count(annotated.texts, recipe, annotated.lexicon)
    return out_of_fold_logits(annotated, counted, folds, learns=learns)


def relabelled(annotated, rows):
    """The set with other labels on some rows and on their articles."""
    ids = annotated.codebook.ids
    other = dict(zip(ids, ids[1:] + ids[:1], strict=True))
    articles = {annotated.sentences[row].article for row in rows}
    return replace(
        annotated,
        sentences=[
            replace(found, label=other[found.label]) if row in rows else found
            for row, found in enumerate(annotated.sentences)
        ],
        article_labels={
            article: other[label] if article in articles else label
            for article, label in annotated.article_labels.items()
        },
    )


def test_held_out_sentences_are_not_learnt(weather_set, recipe):
    folds = np.arange(len(weather_set.sentences)) % 2
    honest = logits_of(weather_set, folds, recipe)
    lied = logits_of(relabelled(weather_set, set(np.flatnonzero(folds).tolist())), folds, recipe)
    # what is predicted for fold 1 comes from fold 0 alone, which has not changed; the other way round it has
    np.testing.assert_allclose(honest[folds == 1], lied[folds == 1], atol=1e-9)
    assert (np.sign(honest[folds == 0]) == -np.sign(lied[folds == 0])).all()
    assert (honest[folds == 0].argmax(axis=1) == lied[folds == 0][:, ::-1].argmax(axis=1)).all()


@pytest.mark.parametrize("fold", [0, 3])
def test_labels_of_a_fold_never_reach_its_own_predictions(small_set, recipe, fold):
    folds = fold_numbers(small_set.sentences, recipe)
    here = folds == fold
    lies = relabelled(small_set, set(np.flatnonzero(here).tolist()))
    assert lies.article_labels != small_set.article_labels
    honest, lied = logits_of(small_set, folds, recipe), logits_of(lies, folds, recipe)
    assert honest.shape == (120, 8)
    np.testing.assert_allclose(lied[here], honest[here], atol=1e-9, rtol=0)
    # the others have learnt from the lies: both of sentences and of articles
    assert np.abs(lied[~here] - honest[~here])[:, :4].max() > 0.01
    assert np.abs(lied[~here] - honest[~here])[:, 4:].max() > 0.01


@pytest.mark.parametrize("fold", [0, 3])
def test_a_layer_never_learns_from_the_fold_that_it_predicts(small_set, recipe, fold):
    folds = fold_numbers(small_set.sentences, recipe)
    here = folds == fold
    lies = relabelled(small_set, set(np.flatnonzero(here).tolist()))
    logits = logits_of(small_set, folds, recipe)
    honest, lied = (held_out(found, logits, folds, recipe) for found in (small_set, lies))
    np.testing.assert_allclose(lied.alone[here], honest.alone[here], atol=1e-9, rtol=0)
    assert np.abs(lied.alone[~here] - honest.alone[~here]).max() > 0.01
    assert np.abs(lied.alone_layer.weights - honest.alone_layer.weights).max() > 0.01


def test_held_out_predictions_are_worse_than_learnt_ones(small_set, small_model, recipe):
    # random labels cannot be known of what is held out, and are known of what is learnt
    drawn = np.random.default_rng(12)
    ids = small_set.codebook.ids
    noisy = replace(
        small_set,
        sentences=[replace(row, label=ids[drawn.integers(4)]) for row in small_set.sentences],
        article_labels={article: ids[drawn.integers(4)] for article in small_set.article_labels},
    )
    folds = fold_numbers(noisy.sentences, recipe)
    found = held_out(noisy, logits_of(noisy, folds, recipe), folds, recipe)
    for predicted, gold in (
        (found.alone, noisy.labels),
        (found.within, noisy.labels),
        (found.whole, np.array([ids.index(label) for label in noisy.article_labels.values()])),
    ):
        assert np.mean(predicted.argmax(axis=1) == gold) < 0.45


def test_every_held_out_row_is_a_distribution(small_set, weather_set, recipe):
    for annotated in (small_set, weather_set):
        folds = fold_numbers(annotated.sentences, recipe)
        found = held_out(annotated, logits_of(annotated, folds, recipe), folds, recipe)
        for rows in (found.alone, found.within, found.whole):
            if rows is not None:
                np.testing.assert_allclose(rows.sum(axis=1), 1)
    assert found.whole is found.within_layer is found.whole_layer is None
    assert np.array_equal(found.alone, found.within)  # without articles there is nothing before


def test_the_mask_says_what_is_learnt_from(weather_set, recipe):
    folds = np.arange(len(weather_set.sentences)) % 2
    learns = np.arange(len(folds)) < 24
    masked = logits_of(weather_set, folds, recipe, learns)
    part = replace(weather_set, sentences=weather_set.sentences[:24])
    np.testing.assert_allclose(masked[:24], logits_of(part, folds[:24], recipe), atol=1e-9)
    assert masked.shape == (len(folds), 2)


def test_what_may_not_be_learnt_from_teaches_no_layer(small_set, recipe):
    folds = fold_numbers(small_set.sentences, recipe)
    articles = sorted(small_set.article_labels)
    banned = {row for row, found in enumerate(small_set.sentences) if found.article in articles[::3]}
    learns = np.array([row not in banned for row in range(len(folds))])
    logits = logits_of(small_set, folds, recipe, learns)
    honest, lied = (
        held_out(found, logits, folds, recipe, learns) for found in (small_set, relabelled(small_set, banned))
    )
    for name in ("alone", "within", "whole"):
        np.testing.assert_allclose(getattr(lied, name), getattr(honest, name), atol=1e-9, rtol=0)
        mine, other = getattr(lied, f"{name}_layer"), getattr(honest, f"{name}_layer")
        if other is None:  # so few articles that votes are better
            assert (name, mine) == ("whole", None)
            continue
        np.testing.assert_allclose(mine.weights, other.weights, atol=1e-9, rtol=0)


def test_metrics_tell_what_the_model_was_trained_on(small_folder, small_sentences, book):
    metrics = read_metrics(small_folder)
    data = metrics["trained_on"]
    assert (data["sentences"], data["articles"]) == (120, 24)
    assert data["labels"] == {label: sum(row.label == label for row in small_sentences) for label in book.ids}
    assert [entry["name"] for entry in data["files"]] == ["sentences.csv"]
    assert metrics["terms"] == sum(len(block.terms) for block in read_model(small_folder).sentences.linear.blocks)
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


def test_a_few_labelled_articles_make_verdicts_no_worse_than_votes_would(small_set, small_folder, recipe):
    folds = fold_numbers(small_set.sentences, recipe)
    within = held_out(small_set, logits_of(small_set, folds, recipe), folds, recipe).within
    right = [
        small_set.codebook.ids[int(article_probabilities(within[rows], small_set.codebook, 0).argmax())]
        == small_set.article_labels[article]
        for article, rows in small_set.articles.items()
    ]
    found = read_metrics(small_folder)["article_verdicts"]["accuracy"]
    assert found > np.mean(right) - 0.1


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


def test_sentences_of_nothing_visible_are_refused_in_one_line(data, tmp_path):
    blanks = [("\u200b" * length, ("weather", "sports")[length % 2]) for length in range(1, 13)]
    path = write_csv(tmp_path / "unsichtbar.csv", ["text", "label"], blanks)
    with pytest.raises(HaltungError, match=r"unsichtbar\.csv: .*annotate more") as caught:
        training.train(path, data / "weather" / "codebook.toml")
    assert "\n" not in str(caught.value)


def test_sentences_that_share_no_term_teach_nothing_of_others(data, tmp_path):
    letters = [(letter, ("weather", "sports")[place % 2]) for place, letter in enumerate("abcdefghijkl")]
    path = write_csv(tmp_path / "buchstaben.csv", ["text", "label"], letters)
    model = training.train(path, data / "weather" / "codebook.toml").model
    np.testing.assert_allclose(model.predict_proba(["z", "Regen zieht auf."]), 0.5, atol=0.05)


def test_a_labelled_article_without_sentences_is_named(data, tmp_path):
    for name in ("sentences.csv", "codebook.toml", "articles.csv"):
        (tmp_path / name).write_bytes((data / "small" / name).read_bytes())
    with (tmp_path / "articles.csv").open("a", encoding="utf-8") as file:
        file.write("t99,considers\n")
    with pytest.raises(HaltungError, match=r"articles\.csv: article 't99' is not in sentences\.csv"):
        read_set(tmp_path, None)


@pytest.mark.parametrize("labels", [["rules_out"], ["rules_out"] * 3, ["rules_out", "considers"]])
def test_a_few_labelled_articles_are_enough_to_train(data, tmp_path, labels):
    for name in ("sentences.csv", "codebook.toml"):
        (tmp_path / name).write_bytes((data / "small" / name).read_bytes())
    rows = [(f"t{number:02}", label) for number, label in enumerate(labels, start=1)]
    write_csv(tmp_path / "articles.csv", ["article", "label"], rows)
    trained = training.train(tmp_path)
    found = trained.model.classify("Seoul liefert keine Waffen.").probabilities
    assert sum(found.values()) == pytest.approx(1, abs=1e-5)


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
