"""A sentence's features: counted n-grams of characters and words, and pairs of words, block by block.

Training and scoring take their terms from here, so that both see the same sentence. Nothing here needs
scikit-learn.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

_QUOTES = str.maketrans(dict.fromkeys("„“”«»‟〝〞", '"') | dict.fromkeys("‚‘’‛‹›`´", "'"))
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufeff]")
_TOKEN = re.compile(r"\w+(?:[-'.]\w+)*|[^\w\s]")
_CACHED_WORDS = 200_000


@dataclass(frozen=True)
class Block:
    """What one block of features counts.

    `kind` is "chars" (n-grams inside words), "words" (n-grams of words), each with n from `low` to `high`, or
    "pairs" (two words `low` to `high` words apart, in any order, the first `cut` letters of each, those in
    `skip` left out).
    """

    kind: str
    low: int
    high: int
    cut: int = 0
    skip: tuple[str, ...] = ()


def normalise(text: str) -> str:
    """Return `text` in the form that features see.

    Composed letters, plain quotes, no invisible characters, case folded (so that "ß" is "ss").

    >>> normalise("„Groß-\u00adangriff“")
    '"gross-angriff"'
    """
    return unicodedata.normalize("NFC", _INVISIBLE.sub("", text)).translate(_QUOTES).casefold()


def tokens(text: str) -> list[str]:
    """Return the words and punctuation marks of `text`, normalised.

    >>> tokens("Seoul prüft 155-mm-Granaten: ja?")
    ['seoul', 'prüft', '155-mm-granaten', ':', 'ja', '?']
    """
    return _TOKEN.findall(normalise(text))


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


def word_pairs(words: Sequence[str], block: Block) -> list[str]:
    """Return the pairs of words that stand near each other: "Seoul" *and* "prüft", whatever is between.

    >>> word_pairs(["seoul", "schließt", "das", "aus"], Block("pairs", 1, 2, 5, ("das",)))
    ['schli … seoul', 'aus … schli', 'aus … seoul']
    """
    kept = [word[: block.cut] for word in words if word[0].isalnum() and word not in block.skip]
    return [
        " … ".join(sorted((kept[i], kept[i + distance])))
        for distance in range(block.low, block.high + 1)
        for i in range(len(kept) - distance)
    ]


def terms(text: str, block: Block) -> list[str]:
    """Return the terms of `text` that `block` counts, with repetitions."""
    words = tokens(text)
    if block.kind == "words":
        return word_ngrams(words, block.low, block.high)
    if block.kind == "pairs":
        return word_pairs(words, block)
    return [term for word in words for term in char_ngrams(word, block.low, block.high)]


@dataclass
class Counts:
    """Sparse term counts: text `rows[i]` has term `columns[i]` `counts[i]` times; sorted by row, then column."""

    rows: np.ndarray
    columns: np.ndarray
    counts: np.ndarray


@dataclass
class Vocabulary:
    """The terms of one block in column order; counts them in texts."""

    block: Block
    terms: list[str]
    _columns: dict[str, int] = field(init=False, repr=False)
    _cache: dict[str, list[int]] = field(init=False, repr=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = {term: column for column, term in enumerate(self.terms)}

    def count(self, texts: Iterable[Sequence[str]]) -> Counts:
        """Count the known terms of texts that are given as their `tokens`."""
        of_text = [self._known(words) for words in texts]
        rows = np.repeat(np.arange(len(of_text)), [len(columns) for columns in of_text])
        flat = np.fromiter((column for columns in of_text for column in columns), np.int64, len(rows))
        width = max(len(self.terms), 1)
        cells, counts = np.unique(rows * width + flat, return_counts=True)
        return Counts(cells // width, cells % width, counts)

    def _known(self, words: Sequence[str]) -> list[int]:
        if self.block.kind == "words":
            return self._look_up(word_ngrams(words, self.block.low, self.block.high))
        if self.block.kind == "pairs":
            return self._look_up(word_pairs(words, self.block))
        if len(self._cache) > _CACHED_WORDS:
            self._cache.clear()
        found: list[int] = []
        for word in words:
            # a word's n-grams depend on the word alone, and news repeats its words
            columns = self._cache.get(word)
            if columns is None:
                columns = self._look_up(char_ngrams(word, self.block.low, self.block.high))
                self._cache[word] = columns
            found += columns
        return found

    def _look_up(self, found: list[str]) -> list[int]:
        columns = self._columns
        return [columns[term] for term in found if term in columns]
