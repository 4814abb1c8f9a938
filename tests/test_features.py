import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from haltung.features import LINE_END, Block, char_ngrams, normalise, terms, tokens, tokens_of, word_ngrams
from haltung.lexicon import Lexicon

CHARS, WORDS = Block("chars", 2, 5), Block("words", 1, 2)
CLASSED, CLASSES = Block("classed", 1, 2), Block("classes", 1, 2)
PAIRS = Block("pairs", 1, 7, cut=5, skip=("das", "die"))
WAR = Lexicon((("korea", ("seoul*", "südkorea*")), ("arms", ("*waffe*", "*granate*")), ("aid", ("decke*",))))


def terms_of(text, block, lexicon=WAR):
    return terms(tokens(text), block, lexicon)


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
@pytest.mark.parametrize("block", [CHARS, WORDS, CLASSED, CLASSES, PAIRS])
def test_one_sentence_in_two_writings_has_the_same_terms(one, other, block):
    assert terms_of(one, block) == terms_of(other, block)


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
@pytest.mark.parametrize("block", [CHARS, WORDS, CLASSED])
def test_a_difference_in_meaning_is_a_difference_in_terms(one, other, block):
    assert terms_of(one, block) != terms_of(other, block)


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
    assert {"nicht mehr", "nicht länger", "keine waffen"} <= set(
        terms_of("Nicht mehr keine Waffen, nicht länger", WORDS)
    )


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


@given(texts=st.lists(st.text(), min_size=1, max_size=5))
def test_tokens_of_many_texts_are_the_tokens_of_each(texts):
    expected = [part for text in texts for part in (LINE_END, *tokens(text))]
    assert tokens_of(texts) == expected[1:]


def test_pairs_hold_words_that_stand_apart_whatever_their_order():
    far = terms_of("Seoul schließt die seit Monaten erbetene Lieferung aus.", PAIRS, Lexicon())
    assert "aus … schli" in far
    both = [terms_of(text, PAIRS, Lexicon()) for text in ("Prüft das Seoul?", "Seoul prüft das")]
    assert both == [["prüft … seoul"]] * 2
    assert terms_of("Nein.", PAIRS) == []


def test_a_pair_is_no_nearer_and_no_farther_than_the_block_says():
    words = ["eins", "zwei", "drei", "vier", "fünf"]
    found = terms(words, Block("pairs", 2, 3, cut=9), Lexicon())
    assert sorted(found) == sorted(
        ["drei … eins", "vier … zwei", "drei … fünf", "eins … vier", "fünf … zwei"],
    )


def test_a_word_of_the_lexicon_pairs_by_itself_and_by_its_class():
    found = terms_of("Seoul verbietet Sturmwaffen", PAIRS)
    assert {"seoul … verbi", "KOREA … verbi", "ARMS … verbi", "seoul … sturm", "ARMS … KOREA"} <= set(found)
    assert not any("KOREA" in term or "ARMS" in term for term in terms_of("Kiew verbietet Pistolen", PAIRS))


@pytest.mark.parametrize("block", [CLASSED, CLASSES, PAIRS])
def test_words_of_one_class_share_terms_that_words_of_two_classes_do_not(block):
    one, like, unlike = (set(terms_of(f"Seoul schickt {what}", block)) for what in ("Waffen", "Granaten", "Decken"))
    assert len(one & like) > len(one & unlike)


def test_classes_pass_over_words_between_and_classed_keeps_them():
    text = "Seoul liefert vorerst keine Granaten"
    assert terms_of(text, CLASSES) == ["KOREA", "ARMS", "KOREA ARMS"]
    found = terms_of(text, CLASSED)
    assert {"KOREA", "KOREA liefert", "keine ARMS", "vorerst keine"} <= set(found)
    assert "seoul" not in found
    assert "KOREA ARMS" not in found


@given(st.lists(st.sampled_from(["seoul", "waffen", "decken", "nein", "KOREA", "arms", "Korea"]), max_size=6))
def test_a_class_is_never_taken_for_a_word(words):
    found = terms_of(" ".join(words), CLASSED)
    classes = [term for gram in found for term in gram.split() if term.isupper()]
    assert set(classes) <= {"KOREA", "ARMS", "AID"}
    assert ("KOREA" in classes) == ("seoul" in words)


@pytest.mark.parametrize(("block", "left"), [(CLASSES, 0), (CLASSED, 7)])
def test_without_a_lexicon_there_are_no_classes(block, left):
    found = terms_of("Seoul liefert keine Granaten", block, Lexicon())
    assert len(found) == left
    assert not any(term.isupper() for term in found)
