"""A sentence's features: counted n-grams of characters, words and word classes, and pairs of them, block by block.

Training and scoring take their terms from here, so that both see the same sentence. Nothing here needs
scikit-learn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from haltung.lexicon import Lexicon

_DOUBLE_QUOTES, _SINGLE_QUOTES = re.compile("[„“”«»‟〝〞]"), re.compile("[‚‘’‛‹›`´]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_TOKEN = re.compile(r"\w+(?:[-'.]\w+)*|[^\w\s]")
LINE_END = "\n"
_TOKEN_OR_END = re.compile(_TOKEN.pattern + "|" + LINE_END)


@dataclass(frozen=True)
class Block:
    """What one block of features counts.

    `kind` is one of
    - "chars": n-grams inside words, with n from `low` to `high`;
    - "words": n-grams of words;
    - "classed": n-grams of words, a word of the lexicon given as its class;
    - "classes": n-grams of the lexicon's classes, other words passed over;
    - "pairs": two words `low` to `high` words apart, in any order, the first `cut` letters of each, those in
      `skip` left out; a word of the lexicon pairs as its class too; with `breaks` only words of one clause pair,
      those between two breaks.
    """

    kind: str
    low: int
    high: int
    cut: int = 0
    skip: tuple[str, ...] = ()
    breaks: tuple[str, ...] = ()


KINDS = ("chars", "words", "classed", "classes", "pairs")


def normalise(text: str) -> str:
    """Return `text` in the form that features see.

    Composed letters, plain quotes, no invisible characters, case folded (so that "ß" is "ss").

    >>> normalise("„Groß-\u00adangriff“")
    '"gross-angriff"'
    """
    plain = unicodedata.normalize("NFC", _INVISIBLE.sub("", text))
    return _SINGLE_QUOTES.sub("'", _DOUBLE_QUOTES.sub('"', plain)).casefold()


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of `text`, normalised.

    >>> tokens("Seoul prüft 155-mm-Granaten: ja?")
    ['seoul', 'prüft', '155-mm-granaten', ':', 'ja', '?']
    """
    return _TOKEN.findall(normalise(text))


def token_spans(plain: str) -> Iterator[tuple[int, int]]:
    """Yield where the `tokens` of a text that has been normalised stand in it."""
    return (found.span() for found in _TOKEN.finditer(plain))


def tokens_of(texts: Sequence[str]) -> list[str]:
    """Return the `tokens` of many texts, between them `LINE_END`; to find them together takes half of the time.

    >>> tokens_of(["Ja.", "Nein"])
    ['ja', '.', '\\n', 'nein']
    """
    return _TOKEN_OR_END.findall(normalise(LINE_END.join(text.replace(LINE_END, " ") for text in texts)))


def char_ngrams(token: str, low: int, high: int) -> list[str]:
    """Return the n-grams of one token between blanks; a token shorter than n gives itself once.

    >>> char_ngrams("nie", 4, 6)
    [' nie', 'nie ', ' nie ']
    """
    padded = f" {token} "
    found = []
    for n in range(low, high + 1):
        found += [padded[i : i + n] for i in range(len(padded) - n + 1)]
        if n >= len(padded):
            break
    return found or [padded]


def word_ngrams(words: Sequence[str], low: int, high: int) -> list[str]:
    """Return the sequences of `low` to `high` words, joined by blanks.

    >>> word_ngrams(["nicht", "mehr", "aus"], 1, 2)
    ['nicht', 'mehr', 'aus', 'nicht mehr', 'mehr aus']
    """
    return [" ".join(words[i : i + n]) for n in range(low, high + 1) for i in range(len(words) - n + 1)]


def word_pairs(words: Sequence[str], block: Block, lexicon: Lexicon) -> list[str]:
    """Return the pairs of words that stand near each other: "Seoul" *and* "prüft", whatever is between.

    >>> from haltung.lexicon import Lexicon
    >>> word_pairs(["seoul", "schließt", "das", "aus"], Block("pairs", 1, 2, 5, ("das",)), Lexicon())
    ['schli … seoul', 'aus … schli', 'aus … seoul']
    >>> word_pairs(["kiew", "bittet", ",", "seoul", "prüft"], Block("pairs", 1, 9, 5, breaks=(",",)), Lexicon())
    ['bitte … kiew', 'prüft … seoul']
    """
    kept = [
        (
            clause,
            (word[: block.cut],)
            if (found := lexicon.class_of(word)) is None
            else (class_term(found), word[: block.cut]),
        )
        for word, clause in clauses(words, block)
        if is_paired(word, block)
    ]
    return [
        f"{one} … {other}" if one <= other else f"{other} … {one}"
        for distance in range(block.low, block.high + 1)
        for (clause, left), (clause_after, right) in zip(kept, kept[distance:], strict=False)
        if clause == clause_after
        for one in left
        for other in right
    ]


def clauses(words: Iterable[str], block: Block) -> Iterator[tuple[str, int]]:
    """Yield each word with the number of its clause: a break begins a new one."""
    clause = 0
    for word in words:
        clause += word in block.breaks
        yield word, clause


def is_paired(word: str, block: Block) -> bool:
    """Tell whether a block of pairs takes a word: punctuation and the words to skip are passed over."""
    return word[0].isalnum() and word not in block.skip


def class_term(name: str) -> str:
    """Return a class as a term: in capitals, which no normalised word has."""
    return name.upper()


def terms(words: Sequence[str], block: Block, lexicon: Lexicon) -> list[str]:
    """Return the terms that `block` counts in a text given as its `tokens`, with repetitions."""
    if block.kind == "pairs":
        return word_pairs(words, block, lexicon)
    if block.kind == "words":
        return word_ngrams(words, block.low, block.high)
    if block.kind == "chars":
        return [term for word in words for term in char_ngrams(word, block.low, block.high)]
    classes = [lexicon.class_of(word) for word in words]
    if block.kind == "classes":
        return word_ngrams([class_term(name) for name in classes if name], block.low, block.high)
    classed = [class_term(name) if name else word for name, word in zip(classes, words, strict=True)]
    return word_ngrams(classed, block.low, block.high)
