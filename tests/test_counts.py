from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haltung.counts import TermIndex
from haltung.features import Block, terms, tokens
from haltung.hashes import term_hashes
from haltung.lexicon import Lexicon

WAR = Lexicon((("korea", ("seoul*", "südkorea*")), ("arms", ("*waffe*", "*granate*")), ("aid", ("decke*",))))
SKIP = ("das", "die", "der")
BLOCKS = (
    Block("chars", 2, 5),
    Block("chars", 4, 6),
    Block("words", 1, 2),
    Block("pairs", 1, 7, cut=5, skip=SKIP),
    Block("pairs", 2, 3, cut=2),
    Block("pairs", 1, 12, cut=5, skip=SKIP, breaks=(",", "?", "aber", "b")),
    Block("classed", 2, 3),
    Block("classes", 1, 4),
)
LEARNT = (
    "Seoul prüft, Seoul zögert.",
    "Südkorea schickt der Ukraine keine Waffen, aber Decken.",
    "„Granaten? Nein!“, sagte der Minister 2024 in Südkorea.",
    "a b a b a b",
    "… – … 155-mm-Granaten",
)
FRAGMENTS = [
    *" \n\t.,?…„“-",
    "Seoul",
    "Waffen",
    "waffe",
    "Süd",
    "korea",
    "prüft",
    "a",
    "b",
    "ß",
    "u\u0308",
    "155-mm",
    "\x00",
]


def index_of(lexicon, learnt=LEARNT):
    """Return an index of all terms of some texts, and the terms by column."""
    blocks, names = [], []
    for block in BLOCKS:
        known = sorted({term for text in learnt for term in terms(tokens(text), block, lexicon)})
        hashes = term_hashes(block, known)
        order = np.argsort(hashes)
        blocks.append((block, hashes[order]))
        names += [(block, known[place]) for place in order]
    return TermIndex(blocks, lexicon), names


def counted(index, names, texts):
    tables = [Counter() for _ in texts]
    for block in index.count(texts):
        for row, column, count in zip(block.rows, block.columns, block.counts, strict=True):
            tables[row][names[column]] += int(count)
        cells = list(zip(block.rows.tolist(), block.columns.tolist(), strict=True))
        assert cells == sorted(set(cells))
    return tables


def expected(names, texts, lexicon):
    known = set(names)
    return [
        Counter(
            (block, term) for block in BLOCKS for term in terms(tokens(text), block, lexicon) if (block, term) in known
        )
        for text in texts
    ]


@pytest.fixture(scope="module", params=[WAR, Lexicon()], ids=["lexicon", "no lexicon"])
def known(request):
    return (*index_of(request.param), request.param)


@settings(max_examples=150)
@given(
    texts=st.lists(st.lists(st.sampled_from(FRAGMENTS), max_size=25).map(" ".join) | st.text(max_size=60), max_size=6)
)
def test_the_index_finds_what_the_terms_are(known, texts):
    index, names, lexicon = known
    assert counted(index, names, texts) == expected(names, texts, lexicon)


def test_learnt_texts_are_found_again_and_again(known):
    index, names, lexicon = known
    for texts in (LEARNT, LEARNT[::-1], ["", *LEARNT, " \n"]):  # new words, then known ones
        assert counted(index, names, texts) == expected(names, texts, lexicon)


def test_repeated_terms_are_counted(known):
    index, names, lexicon = known
    (found,) = counted(index, names, ["Seoul Seoul Seoul prüft"])
    assert found[BLOCKS[2], "seoul"] == 3
    assert counted(index, names, ["Südkorea " * 5000]) == expected(names, ["Südkorea " * 5000], lexicon)


def test_memory_for_words_is_bounded(monkeypatch):
    monkeypatch.setattr("haltung.counts._KEPT_WORDS", 50)
    index, names = index_of(WAR)
    for start in range(0, 1000, 20):
        texts = [f"wort{number} Seoul prüft Waffen" for number in range(start, start + 20)]
        assert counted(index, names, texts) == expected(names, texts, WAR)
        assert len(index._words.numbers) <= 50 + 4 + 20


def test_an_index_without_terms_counts_nothing():
    empty = TermIndex([(block, np.zeros(0, np.uint64)) for block in BLOCKS], WAR)
    assert [len(block.rows) for block in empty.count([*LEARNT, ""])] == [0] * len(BLOCKS)
    assert TermIndex([], WAR).count(LEARNT) == []


def test_hashes_tell_blanks_orders_and_lengths_apart():
    words = ["ab", "a b", "b a", "ba", "a", "b", "aa", "a a", "a a a", "abc"]
    assert len(set(term_hashes(Block("classes", 1, 4), words).tolist())) == len(words)
    pairs = term_hashes(Block("pairs", 1, 7, cut=5), ["a … b", "a … a", "b … b"])
    assert len(set(pairs.tolist())) == 3
