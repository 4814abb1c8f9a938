"""A sentence in its article: what stands before it counts, what stands after it never does."""

import numpy as np
import pytest

from haltung.article import Article
from haltung.store import read_model

TITLE = "Seoul hält Waffen für Kiew zurück"
BODY = [
    "Südkorea liefert der Ukraine weiterhin keine Waffen.",
    "„Daran ändert sich nichts“, sagte ein Sprecher.",
    "In Busan regnete es am Sonntag.",
    "Washington hatte um Granaten gebeten.",
    "Der Sprecher nannte keine Gründe.",
    "Über Panzer wird im Kabinett noch gesprochen.",
    "Die Börse schloss im Plus.",
]
OTHERS = {
    "nothing": [],
    "shuffled": BODY[:2:-1],
    "replaced": ["Yoon schickt nun doch Haubitzen nach Kiew."] * 9,
    "strange": ["", "🙂", "qqq " * 3000],
}


@pytest.fixture(scope="module")
def small(small_folder):
    return read_model(small_folder)


@pytest.mark.parametrize("title_at", [None, 0])
@pytest.mark.parametrize("after", OTHERS.values(), ids=OTHERS.keys())
def test_what_stands_after_a_sentence_never_changes_it(small_model, title_at, after):
    before = [TITLE, *BODY[:3]]
    whole = small_model.read([*before, *BODY[3:]], title_at)
    found = small_model.read([*before, *after], title_at)
    np.testing.assert_allclose(found[:4], whole[:4], atol=1e-12, rtol=0)


def test_what_stands_before_a_sentence_can_change_it(small_model):
    asked = "„Daran ändert sich nichts“, sagte ein Sprecher."
    against, open_to_it = "Südkorea liefert der Ukraine keine Waffen.", "Südkorea will der Ukraine Waffen liefern."
    found = [small_model.read([before, asked])[1] for before in (against, open_to_it, BODY[2])]
    for one in range(3):
        for other in range(one):
            assert np.abs(found[one] - found[other]).max() > 0.001


@pytest.mark.parametrize("far", [1, 4, 9, 30])
def test_a_title_is_heard_however_far_up_it_stands(small_model, far):
    filling = ["In Busan regnete es am Sonntag."] * far
    titles = ("Neuer Präsident will Kiew nicht bewaffnen", "Die Züge fuhren am Montag")
    against, silent = (small_model.read([title, *filling, BODY[1]], title_at=0)[-1] for title in titles)
    assert np.abs(log_odds(against) - log_odds(silent)).max() > 0.1


def test_a_title_is_read_otherwise_than_a_sentence(small_model):
    as_title, as_sentence = (small_model.read([TITLE, *BODY], title_at) for title_at in (0, None))
    for one, other in zip(as_title, as_sentence, strict=True):
        assert np.abs(log_odds(one) - log_odds(other)).max() > 0.1


def test_a_title_farther_down_is_not_heard_before_it_stands(small_model):
    found = [small_model.read([*BODY[:2], title, *BODY[2:]], title_at=2) for title in (TITLE, "Kiew erhält Panzer")]
    np.testing.assert_allclose(found[0][:2], found[1][:2], atol=1e-12, rtol=0)
    assert (np.abs(found[0] - found[1])[3:].max(axis=1) > 1e-4).all()


@pytest.mark.parametrize("title_at", [None, 0])
@pytest.mark.parametrize("texts", [[BODY[0]], ["qqq"], ["", ""], [TITLE, *BODY], BODY * 40])
def test_readings_are_distributions(small_model, weather_model, texts, title_at):
    for model in (small_model, weather_model):
        found = model.read(texts, title_at)
        assert found.shape == (len(texts), len(model.classes_))
        np.testing.assert_allclose(found.sum(axis=1), 1)
        assert (found >= 0).all()


def test_nothing_to_read_is_no_row(small_model):
    assert small_model.read([]).shape == (0, 4)


def test_one_string_is_refused_not_read_letter_by_letter(small_model):
    with pytest.raises(TypeError, match="list"):
        small_model.read("Seoul prüft.")


def test_a_sentence_alone_does_not_depend_on_its_neighbours(small_model):
    together = small_model.predict_proba(BODY)
    np.testing.assert_allclose(small_model.predict_proba(BODY[::-1])[::-1], together, atol=1e-12)
    for row, text in enumerate(BODY):
        np.testing.assert_allclose(small_model.predict_proba([text])[0], together[row], atol=1e-12)


def test_a_model_without_articles_reads_every_sentence_alone(weather_model):
    texts = ["Es regnet.", "Der Trainer pfiff das Spiel ab.", "Danach ging es weiter."]
    np.testing.assert_allclose(weather_model.read(texts, 0), weather_model.predict_proba(texts), atol=1e-12)


def test_an_article_is_read_as_its_sentences_are(small_model):
    page = "\n\n".join([TITLE, *BODY])
    for title in (TITLE, None):
        verdict = small_model.classify(page, title=title)
        assert [found.text for found in verdict.sentences] == [TITLE, *BODY]
        given = [list(found.probabilities.values()) for found in verdict.sentences]
        np.testing.assert_allclose(given, small_model.read([TITLE, *BODY], 0 if title else None), atol=1e-6)
    outside = small_model.classify("\n\n".join(BODY), title=TITLE)
    given = [list(found.probabilities.values()) for found in outside.sentences]
    np.testing.assert_allclose(given, small_model.read([TITLE, *BODY], 0)[1:], atol=1e-6)


@pytest.mark.parametrize(
    ("title", "last"),
    [
        ("Seoul", "Seoul liefert keine Granaten."),
        ("Seoul prüft Waffen", "Seoul prüft Waffenlieferungen seit Jahren."),
        (TITLE, TITLE),  # as a link to the article at its end
    ],
)
def test_a_last_sentence_like_the_title_changes_nothing_before_it(small_model, title, last):
    body = ["Die Lage an der Front ist ernst.", "Kiew bat erneut um Granaten.", "Eine Antwort blieb aus."]
    short, long = (small_model.classify("\n\n".join([*body, *end]), title=title) for end in ([], [last]))
    assert [found.probabilities for found in long.sentences[:3]] == [found.probabilities for found in short.sentences]


@pytest.mark.parametrize("title", ["Keine Granaten für Kiew. Seoul bleibt hart", "Waffen für Kiew? Seoul sagt Nein!"])
def test_a_title_of_two_sentences_at_the_head_of_the_text_is_read_once(small_model, title):
    verdict = small_model.classify("\n\n".join([title, *BODY]), title=title)
    texts = [found.text for found in verdict.sentences]
    given = [list(found.probabilities.values()) for found in verdict.sentences]
    np.testing.assert_allclose(given, small_model.read(texts, 0), atol=1e-6)


def log_odds(probabilities):
    """Log-odds of each label against the last one."""
    logs = np.log(probabilities)
    return logs - logs[-1]


def sums(small, text, context):
    parts = np.array([sum(small.sentences.contributions(text, label, context).values()) for label in range(4)])
    return parts - parts[-1]


def test_parts_add_up_to_the_difference_between_two_contexts(small):
    asked, filling = BODY[1], BODY[2]
    contexts = {
        "alone": ([asked], None),
        "title": ([asked], 0),
        "after a refusal": ([BODY[0], asked], None),
        "under a title": ([TITLE, BODY[0], asked], 0),
        "far down": ([TITLE, *[filling] * 25, asked], 0),
    }
    readings = [small.sentences.read(*given) for given in contexts.values()]
    odds = [log_odds(found.probabilities[-1]) for found in readings]
    by_parts = [sums(small, asked, found.context[-1]) for found in readings]
    for row in range(1, len(readings)):
        assert np.abs(odds[row] - odds[0]).max() > 1e-3
        np.testing.assert_allclose(by_parts[row] - by_parts[0], odds[row] - odds[0], atol=1e-9)


def test_parts_add_up_to_the_difference_between_two_sentences_in_context(small):
    one, other = BODY[0], "Yoon deutet Kurswechsel bei Waffen an."
    readings = [small.sentences.read([TITLE, BODY[3], text], 0) for text in (one, other)]
    odds = [log_odds(found.probabilities[2]) for found in readings]
    by_parts = [sums(small, text, found.context[2]) for text, found in zip((one, other), readings, strict=True)]
    np.testing.assert_allclose(by_parts[0] - by_parts[1], odds[0] - odds[1], atol=1e-9)


def test_the_words_of_a_sentence_add_the_same_in_any_context(small):
    found = small.sentences.read([TITLE, *BODY], 0)
    parts = [small.sentences.contributions(BODY[1], 0, found.context[row]) for row in (1, 5)]
    names = {"‹title›", "‹before›", "‹place›"}
    words = [{term: weight for term, weight in part.items() if term not in names} for part in parts]
    assert words[0] == words[1]
    assert all(names <= set(part) for part in parts)
    assert all(parts[0][name] != parts[1][name] for name in ("‹before›", "‹place›"))
    assert parts[0]["‹title›"] == pytest.approx(parts[1]["‹title›"])  # one title for both


def test_where_nothing_stands_before_nothing_is_added_for_it(small):
    context = small.sentences.read([BODY[0]], None).context[0]
    parts = small.sentences.contributions(BODY[0], 2, context)
    assert (parts["‹title›"], parts["‹before›"]) == (0, 0)
    assert parts["‹place›"] != 0


def test_explanations_name_context_where_a_model_has_learnt_it(small_model, weather_model):
    article = Article("", "\n\n".join([TITLE, *BODY]), TITLE)
    names = {"‹title›", "‹before›", "‹place›"}
    explained = small_model.explained(small_model.classify_article(article))
    assert any(names & {term.term for term in found.terms} for found in explained.sentences)
    alone = weather_model.explained(weather_model.classify_article(article))
    assert not any(names & {term.term for term in found.terms} for found in alone.sentences)
