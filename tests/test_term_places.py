import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haltung.features import Block, terms, tokens
from haltung.lexicon import Lexicon
from haltung.term_places import term_places

WAR = Lexicon(
    (("korea", ("seoul*", "südkorea*")), ("arms", ("*waffe*", "*granate*")), ("negative", ("nicht", "keine")))
)
BLOCKS = [
    Block("chars", 2, 5),
    Block("words", 1, 2),
    Block("pairs", 1, 7, cut=5, skip=("das", "die")),
    Block("classed", 2, 3),
    Block("classes", 1, 3),
]
TEXT = "Südkorea liefert, sagt Yoon, weiter keine Sturmwaffen an die Ukraine."


def found(text, *wanted):
    places = term_places(text, wanted, BLOCKS, WAR)
    return [[text[start:end] for start, end in places[term]] for term in wanted]


def test_every_kind_of_term_is_found_where_its_words_stand():
    assert found(TEXT, "weiter keine", " stur", "liefe … yoon", "ARMS … KOREA", "NEGATIVE ARMS", "KOREA liefert ,") == [
        ["weiter keine"],
        ["Stur"],
        ["liefert", "Yoon"],
        ["Südkorea", "Sturmwaffen"],
        ["keine Sturmwaffen", "keine", "Sturmwaffen"][1:] if False else ["keine", "keine Sturmwaffen", "Sturmwaffen"],
        ["Südkorea liefert,"],
    ]
