import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haltung.features import Block, terms, tokens
from haltung.lexicon import Lexicon
from haltung.term_places import term_places

WAR = Lexicon((("korea", ("seoul*", "südkorea*")), ("arms", ("*waffe*", "*granate*")), ("negative", ("nie", "keine"))))
BLOCKS = [
    Block("chars", 2, 5),
    Block("words", 1, 2),
    Block("pairs", 1, 7, cut=5, skip=("das", "die")),
    Block("classed", 2, 3),
    Block("classes", 1, 3),
]
TEXT = "Südkorea liefert, sagt Yoon, nie mehr Sturmwaffen an die Ukraine."


def found(text, term):
    return [text[start:end] for start, end in term_places(text, [term], BLOCKS, WAR)[term]]


@pytest.mark.parametrize(
    ("term", "expected"),
    [
        ("nie mehr", ["nie mehr"]),
        (" stur", ["Stur"]),
        ("ine ", ["ine"]),
        ("ie", ["ie", "ie", "ie"]),
        ("liefe … yoon", ["liefert", "Yoon"]),
        ("ARMS … KOREA", ["Südkorea", "Sturmwaffen"]),
        ("ARMS … nie", ["nie", "Sturmwaffen"]),
        ("NEGATIVE mehr ARMS", ["nie mehr Sturmwaffen"]),
        ("NEGATIVE ARMS", ["nie", "Sturmwaffen"]),
        ("nie die", []),
        ("‹title›", []),
    ],
)
def test_a_term_stands_where_its_words_stand(term, expected):
    assert found(TEXT, term) == expected


def test_a_pair_inside_a_clause_does_not_stand_across_its_end():
    clause = [Block("pairs", 1, 12, cut=5, breaks=(",",))]
    places = term_places(TEXT, ["sagt … yoon", "liefe … yoon"], clause, WAR)
    assert [TEXT[start:end] for start, end in places["sagt … yoon"]] == ["sagt", "Yoon"]
    assert places["liefe … yoon"] == ()


@pytest.mark.parametrize(
    "text",
    [
        "Eine Groß\u00adof\u00adfen\u00adsive und kein\u200be Granaten",
        unicodedata.normalize("NFD", "Größe der Maßnahmen: keine Granaten"),
        "Preß-\n  Maßstäbe …\tkeine\n\n Granaten",
        unicodedata.normalize("NFD", "서울 prüft keine Granaten"),
        "🙂🙂 „Groß“ – \ufeffkeine Granaten",
    ],
)
def test_places_are_those_of_the_text_as_it_is_written(text):
    start, end = term_places(text, ["grana … keine"], BLOCKS, WAR)["grana … keine"][-1]
    assert text[start:end] == "Granaten"
    assert [part for part in found(text, "granaten") if part != "Granaten"] == []
    assert found(text, "NEGATIVE ARMS")[-1].endswith("Granaten")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(["Seoul", "nie", "das", "Waffen", "x", "ß", "e\u0301", "keine", ",", "a\u00adb"]), max_size=8
    )
)
@pytest.mark.parametrize("block", BLOCKS)
def test_exactly_the_counted_terms_have_places(block, words):
    text = " ".join(words)
    counted = set(terms(tokens(text), block, WAR))
    places = term_places(text, [*counted, "anders", "anders … nie"], [block], WAR)
    assert {term for term, where in places.items() if where} == counted
    assert all(0 <= start < end <= len(text) for where in places.values() for start, end in where)


def test_a_models_explanation_says_where_its_terms_stand(small_model):
    page = "Seoul rückt ab\n\nDie Regierung  schließt\nWaffen für Kiew nicht länger aus."
    sentences = small_model.explained(small_model.classify(page)).sentences
    placed = [(s.text[a:b], t.term) for s in sentences for t in s.terms for a, b in t.places]
    assert ("Regierung", "regierung") in placed or ("nicht", "nicht") in placed
    assert all(t.places for s in sentences for t in s.terms if not t.term.startswith("‹"))
