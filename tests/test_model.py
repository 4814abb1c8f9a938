import subprocess
import sys

import numpy as np
import pytest

import haltung
from haltung.article import Article, read
from haltung.model import StanceModel
from haltung.store import read_model
from haltung.verdict import article_probabilities, sentence_weights

PAGE = """Seoul hält Waffen für Kiew zurück

Südkorea liefert der Ukraine weiterhin keine Waffen.
„Daran ändert sich nichts“, sagte ein Sprecher.

In Busan regnete es.
"""


def test_probabilities_have_a_row_a_text_and_a_column_a_class(small_model):
    found = small_model.predict_proba(["Seoul prüft Waffenhilfe.", "Es regnet.", ""])
    assert found.shape == (3, 4)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    assert small_model.classes_ == ("considers", "defers_to_allies", "rules_out", "no_stance")


def test_predictions_are_the_most_probable_classes(small_model, small_sentences):
    texts = [row.text for row in small_sentences]
    found = small_model.predict_proba(texts)
    assert small_model.predict(texts) == [small_model.classes_[place] for place in found.argmax(axis=1)]


def test_a_model_knows_the_sentences_that_it_learnt(small_model, small_sentences, weather_model):
    right = [
        label == row.label
        for row, label in zip(small_sentences, small_model.predict([row.text for row in small_sentences]), strict=True)
    ]
    assert np.mean(right) > 0.95
    assert weather_model.predict(["Am Abend ziehen Regen und Wolken auf.", "Der Trainer gewann das Spiel."]) == [
        "weather",
        "sports",
    ]


@pytest.mark.parametrize("call", ["predict", "predict_proba"])
def test_one_string_is_refused_not_taken_letter_by_letter(small_model, call):
    with pytest.raises(TypeError, match="list"):
        getattr(small_model, call)("Seoul prüft.")


def test_no_texts_are_no_predictions(small_model):
    assert small_model.predict([]) == []


def test_sentences_lie_where_they_say_they_do(small_model):
    verdict = small_model.classify(PAGE)
    assert [PAGE[found.start : found.end] for found in verdict.sentences] == [found.text for found in verdict.sentences]
    assert [found.text for found in verdict.sentences][1:3] == [
        "Südkorea liefert der Ukraine weiterhin keine Waffen.",
        "„Daran ändert sich nichts“, sagte ein Sprecher.",
    ]


def test_a_title_counts_once_inside_the_text_or_outside(small_model):
    title, body = PAGE.split("\n\n", 1)
    inside, outside = small_model.classify(PAGE, title=title), small_model.classify(body, title=title)
    assert inside.probabilities == outside.probabilities
    assert len(inside.sentences) == len(outside.sentences) + 1
    assert small_model.classify(body).probabilities != outside.probabilities


def test_the_title_decides_over_the_same_sentence_at_the_end(small_model):
    # learnt sentences, so that the model is sure of them
    for_it = "Yoon deutet Kurswechsel bei Waffen an"
    against = "Neuer Präsident will Kiew nicht bewaffnen"
    filling = "\n".join(["Am Sonntag regnete es in weiten Teilen der Halbinsel."] * 4)
    assert small_model.classify(f"{for_it}\n\n{filling}\n{against}", title=for_it).stance == "considers"
    assert small_model.classify(f"{against}\n\n{filling}\n{for_it}", title=against).stance == "rules_out"


def test_the_verdict_is_made_of_the_sentences_probabilities(weather_model, weather_book):
    verdict = weather_model.classify(PAGE)
    rows = np.array([list(found.probabilities.values()) for found in verdict.sentences])
    expected = article_probabilities(rows, weather_book)
    np.testing.assert_allclose(list(verdict.probabilities.values()), expected, atol=1e-5)
    assert verdict.stance == max(verdict.probabilities, key=verdict.probabilities.get)


@pytest.mark.parametrize("title", [None, PAGE.split("\n")[0]])
def test_a_learnt_verdict_is_made_of_what_the_sentences_say(small_model, small_folder, title):
    stored, verdict = read_model(small_folder), small_model.classify(PAGE, title=title)
    title_at = 0 if title else None
    found = stored.sentences.read([" ".join(sentence.text.split()) for sentence in verdict.sentences], title_at)
    scored = (found.probabilities, stored.codebook, title_at, found.hints, stored.whole)
    np.testing.assert_allclose(list(verdict.probabilities.values()), article_probabilities(*scored), atol=1e-5)
    np.testing.assert_allclose(
        [sentence.weight for sentence in verdict.sentences], sentence_weights(*scored), atol=1e-5
    )
    assert verdict.stance == max(verdict.probabilities, key=verdict.probabilities.get)


def test_sentences_have_the_same_weight_with_the_title_inside_or_outside(small_model):
    title, body = PAGE.split("\n\n", 1)
    inside, outside = small_model.classify(PAGE, title=title), small_model.classify(body, title=title)
    weights = [[found.weight for found in verdict.sentences] for verdict in (inside, outside)]
    assert weights[0][1:] == weights[1]
    assert any(weights[1])


def test_the_words_of_the_only_stance_sentence_carry_the_verdict(small_folder):
    stored = read_model(small_folder)
    page = (
        "Am Sonntag regnete es in weiten Teilen der Halbinsel.\n\n"
        "Die Regierung lehnte die Bitte noch am selben Abend ab.\n\n"
        "Nur etwa sechzig der dreihundert Sitze waren besetzt."
    )
    verdict = StanceModel(stored.sentences, None, stored.codebook).classify(page)
    assert verdict.stance == "rules_out"
    weights = [found.weight for found in verdict.sentences]
    assert weights[1] > 1
    assert max(abs(weights[0]), abs(weights[2])) < weights[1] / 5


def test_wrapped_lines_are_scored_as_the_sentence_they_are(small_model):
    page = (
        "Die Regierung in Seoul hält auch nach dem Gipfel der vergangenen\n"
        "Woche daran fest, der Ukraine keine tödlichen Waffen zu geben und\n"
        "beschränkt sich auf zivile Güter, wie sie gestern noch einmal in\n"
        "einer Mitteilung betonte."
    )
    (found,) = small_model.classify(page).sentences
    assert found.text == page
    expected = small_model.read([" ".join(page.split())])[0]
    np.testing.assert_allclose(list(found.probabilities.values()), expected, atol=1e-6)


@pytest.mark.parametrize("text", ["", " \n \n"])
def test_an_empty_text_has_no_stance(small_model, weather_model, text):
    verdict = small_model.classify(text)
    assert (verdict.stance, verdict.sentences) == ("no_stance", ())
    assert weather_model.classify(text).probabilities == {"weather": 0.5, "sports": 0.5}


def test_many_articles_come_in_order_and_one_by_one(small_model, articles):
    given = [Article("a.txt", PAGE, "Titel", "2024-10-24"), PAGE, read(str(articles / "ticker.txt"))]
    found = small_model.classify_many(iter(given))
    first = next(found)
    assert (first.source, first.title, first.date) == ("a.txt", "Titel", "2024-10-24")
    second, third = found
    assert (second.source, second.title, second.date) == (None, None, None)
    assert third == small_model.classify_article(given[2])


def test_explanations_add_up_to_the_difference_between_sentences(small_model):
    one, other = "Seoul liefert Waffen.", "Seoul liefert keine Waffen."
    for label in small_model.classes_:
        place = small_model.classes_.index(label)
        logs = np.log(small_model.predict_proba([one, other]))
        sums = [sum(small_model.explain(text, label).values()) for text in (one, other)]
        # the log-odds of two labels differ by what their terms add
        other_sums = [sum(small_model.explain(text, "no_stance").values()) for text in (one, other)]
        none = small_model.classes_.index("no_stance")
        by_terms = (sums[0] - other_sums[0]) - (sums[1] - other_sums[1])
        by_odds = (logs[0, place] - logs[0, none]) - (logs[1, place] - logs[1, none])
        assert by_terms == pytest.approx(by_odds, abs=1e-6)


def test_an_explanation_is_of_the_predicted_label_unless_told(small_model):
    text = "Südkorea liefert der Ukraine keine Waffen."
    (label,) = small_model.predict([text])
    others = [other for other in small_model.classes_ if other != label]
    assert small_model.explain(text) == small_model.explain(text, label)
    assert all(small_model.explain(text) != small_model.explain(text, other) for other in others)
    with pytest.raises(ValueError, match=r"."):
        small_model.explain(text, "agrees")


def test_explained_sentences_carry_their_strongest_terms(small_model, small_folder, weather_model):
    sentences = read_model(small_folder).sentences
    context = sentences.read([" ".join(found.text.split()) for found in small_model.classify(PAGE).sentences]).context

    def parts_in_context(row, found):
        return sentences.contributions(found.text, small_model.classes_.index(found.stance), context[row])

    def parts_alone(_, found):
        return weather_model.explain(found.text, found.stance)

    for model, parts_of in ((small_model, parts_in_context), (weather_model, parts_alone)):
        verdict = model.classify(PAGE)
        explained = model.explained(verdict)
        assert all(found.terms is None for found in verdict.sentences)
        assert len(explained.sentences) == len(verdict.sentences)
        for row, found in enumerate(explained.sentences):
            parts = parts_of(row, found)
            assert found.terms
            assert all(parts[term.term] == pytest.approx(term.weight) for term in found.terms)
            weakest = min(abs(term.weight) for term in found.terms)
            left_out = set(parts) - {term.term for term in found.terms}
            assert all(abs(parts[term]) <= weakest for term in left_out)


@pytest.mark.parametrize("text", ["", "Südkorea liefert keine Waffen."])
@pytest.mark.parametrize("title", [None, "Seoul prüft Waffenhilfe"])
def test_a_short_article_is_explained_with_or_without_a_title(small_model, weather_model, text, title):
    for model in (small_model, weather_model):
        explained = model.explained(model.classify(text, title=title))
        assert len(explained.sentences) == bool(text)
        assert all(found.terms for found in explained.sentences)


def test_load_takes_the_folder_then_the_variable_then_the_working_directory_then_the_shipped(
    tmp_path, monkeypatch, weather_folder, small_folder
):
    monkeypatch.delenv("HALTUNG_MODEL", raising=False)
    monkeypatch.chdir(tmp_path)
    assert haltung.load().codebook.name == "South Korea's arms stance"
    (tmp_path / "model").symlink_to(weather_folder)
    assert haltung.load().classes_ == ("weather", "sports")
    monkeypatch.setenv("HALTUNG_MODEL", str(small_folder))
    assert len(haltung.load().classes_) == 4
    assert haltung.load(weather_folder).classes_ == ("weather", "sports")
    assert haltung.load(str(weather_folder)).classes_ == ("weather", "sports")


def test_a_missing_model_is_named(tmp_path):
    with pytest.raises(haltung.HaltungError, match=r"nirgends: holds no model\.safetensors; .*--model"):
        haltung.load(tmp_path / "nirgends")


def modules_after(code, *arguments):
    program = f"import sys\n{code}\nprint(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_scoring_needs_neither_scikit_learn_nor_scipy(small_folder, articles):
    loaded = modules_after(
        "import haltung\nfrom haltung.article import read\nmodel = haltung.load(sys.argv[1])\n"
        "for path in sys.argv[2:]: model.explained(model.classify_article(read(path)))",
        small_folder,
        articles / "ticker.txt",
        articles / "interview.html",
        articles / "2023-05-25_granaten-ueber-amerika.md",
    )
    assert "numpy" in loaded
    assert not loaded & {"sklearn", "scipy"}


def test_importing_haltung_imports_little():
    assert not modules_after("import haltung") & {"numpy", "sklearn", "scipy", "joblib", "typer", "trafilatura"}


def test_everything_that_haltung_names_is_there():
    assert all(getattr(haltung, name).__name__ == name for name in haltung.__all__)
    with pytest.raises(AttributeError, match="Modell"):
        haltung.Modell  # noqa: B018 (the look-up is what fails)
