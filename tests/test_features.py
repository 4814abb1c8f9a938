import unicodedata

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from haltung.features import Block, Vocabulary, char_ngrams, normalise, terms, tokens, word_ngrams

CHARS, WORDS = Block("chars", 2, 5), Block("words", 1, 2)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Südkorea prüft", unicodedata.normalize("NFD", "Südkorea prüft")),
        ("Munitionslieferung", "Munitions\u00adlieferung"),
        ("Waffen\u200b", "waffen"),
        ("\ufeffSeoul lehnt ab", "Seoul lehnt ab"),
        ("GROSSANGRIFF", "Großangriff"),
        ("„Nein“", "»Nein«"),
        ("„Nein“", '"Nein"'),
        ("Yoons ‚Nein‘", "Yoons 'Nein'"),
        ("Seoul  prüft\nWaffen", "Seoul prüft\u00a0Waffen"),
    ],
)
@pytest.mark.parametrize("block", [CHARS, WORDS])
def test_one_sentence_in_two_writings_has_the_same_terms(one, other, block):
    assert terms(one, block) == terms(other, block)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Seoul liefert Waffen", "Seoul liefert keine Waffen"),
        ("Seoul schließt das aus", "Seoul schließt das nicht aus"),
        ("Er schloss das nicht aus", "Er schloss das nicht mehr aus"),
        ("Seoul prüft das", "Seoul prufte das"),
        ("Liefert Seoul Waffen?", "Liefert Seoul Waffen."),
        ("155 Millimeter", "105 Millimeter"),
    ],
)
@pytest.mark.parametrize("block", [CHARS, WORDS])
def test_a_difference_in_meaning_is_a_difference_in_terms(one, other, block):
    assert terms(one, block) != terms(other, block)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("155-mm-Granaten", ["155-mm-granaten"]),
        ("am 24.10.2024, heißt es", ["am", "24.10.2024", ",", "heisst", "es"]),
        ("„Nein“, sagte er.", ['"', "nein", '"', ",", "sagte", "er", "."]),
        ("50 %–60 %", ["50", "%", "–", "60", "%"]),
        ("", []),
        (" \n\t", []),
    ],
)
def test_tokens_are_words_and_single_marks(text, expected):
    assert tokens(text) == expected


def test_negation_is_kept_as_a_sequence_of_words():
    assert {"nicht mehr", "nicht länger", "keine waffen"} <= set(terms("Nicht mehr keine Waffen, nicht länger", WORDS))


@pytest.mark.parametrize("n", [(2, 5), (1, 1), (4, 6), (7, 9)])
@given(word=st.text(st.characters(categories=["L", "Nd"]), min_size=1, max_size=12))
def test_char_ngrams_are_all_substrings_of_the_padded_word(n, word):
    low, high = n
    padded = f" {word} "
    expected = {padded[i:j] for i in range(len(padded)) for j in range(i + 1, len(padded) + 1) if low <= j - i <= high}
    assert set(char_ngrams(word, low, high)) == (expected or {padded})


@given(words=st.lists(st.sampled_from(["nicht", "mehr", "keine", "waffen"]), max_size=6))
def test_word_ngrams_are_counted_with_repetition(words):
    found = word_ngrams(words, 1, 2)
    assert len(found) == len(words) + max(len(words) - 1, 0)
    assert [gram for gram in found if " " not in gram] == words


@given(st.text())
def test_normalised_text_has_no_traces_of_typography(text):
    assert not set(normalise(text)) & set("„“”«»‚‘’\u00ad\u200b\ufeff")


@pytest.mark.parametrize("block", [CHARS, WORDS])
def test_a_vocabulary_counts_what_a_counter_counts(block):
    texts = ["Seoul prüft, Seoul zögert", "", "Kiew bittet um Granaten", "xyz", "Seoul Seoul Seoul nicht"]
    known = sorted({term for text in texts[:1] + texts[4:] for term in terms(text, block)})
    vocabulary = Vocabulary(block, known)
    for _ in range(2):  # the second time from the cache
        counts = vocabulary.count(tokens(text) for text in texts)
        table = np.zeros((len(texts), len(known)), int)
        np.add.at(table, (counts.rows, counts.columns), counts.counts)
        expected = [[terms(text, block).count(term) for term in known] for text in texts]
        assert table.tolist() == expected


def test_an_empty_vocabulary_counts_nothing():
    assert len(Vocabulary(WORDS, []).count([["seoul"], []]).rows) == 0


def test_pairs_hold_words_that_stand_apart_whatever_their_order():
    block = Block("pairs", 1, 7, cut=5, skip=("das", "die"))
    far = terms("Seoul schließt die seit Monaten erbetene Lieferung aus.", block)
    assert "aus … schli" in far
    assert terms("Prüft das Seoul?", block) == terms("Seoul prüft das", block) == ["prüft … seoul"]
    assert terms("Nein.", block) == []
