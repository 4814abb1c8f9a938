"""Where the terms of an explanation stand in their sentence."""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise

from haltung.features import Block, class_term, clauses, is_paired, normalise, token_spans
from haltung.lexicon import Lexicon

Place = tuple[int, int]
_Word = tuple[str, int, int]


def term_places(
    text: str, terms: Iterable[str], blocks: Sequence[Block], lexicon: Lexicon
) -> dict[str, tuple[Place, ...]]:
    """Return where terms stand in `text`, in order: half-open ranges of characters, `text[start:end]`.

    Of a pair, and of a sequence of classes, every word is given; terms that no block finds have no places.

    >>> from haltung.features import Block
    >>> term_places("Seoul liefert sie nicht.", ["nicht … seoul"], [Block("pairs", 1, 7, 5)], Lexicon())
    {'nicht … seoul': ((0, 5), (18, 23))}
    """
    plain, origins = _aligned(text)
    words = [(plain[start:end], start, end) for start, end in token_spans(plain)]
    found: dict[str, set[Place]] = {term: set() for term in terms}
    for block in blocks:
        for term, places in _located(words, block, lexicon, found):
            if term in found:
                found[term].update((origins[start][0], origins[end - 1][1]) for start, end in places)
    return {term: tuple(sorted(places)) for term, places in found.items()}


def _located(
    words: Sequence[_Word], block: Block, lexicon: Lexicon, wanted: Collection[str]
) -> Iterator[tuple[str, list[Place]]]:
    """Yield what `features.terms` gives for a block, each term with its places in the normalised text.

    There are most n-grams of characters by far: words that hold no wanted one are passed over.
    """
    if block.kind == "chars":
        for word in words:
            if any(term in f" {word[0]} " for term in wanted):
                yield from _char_ngrams(word, block)
    elif block.kind == "pairs":
        yield from _pairs(words, block, lexicon)
    elif block.kind == "classes":
        classes = [(class_term(name), start, end) for word, start, end in words if (name := lexicon.class_of(word))]
        yield from ((" ".join(parts), places) for parts, places in _windows(classes, block))
    else:
        if block.kind == "classed":
            words = [
                (class_term(name) if (name := lexicon.class_of(word)) else word, start, end)
                for word, start, end in words
            ]
        yield from ((" ".join(parts), [(places[0][0], places[-1][1])]) for parts, places in _windows(words, block))


def _windows(words: Sequence[_Word], block: Block) -> Iterator[tuple[list[str], list[Place]]]:
    for n in range(block.low, block.high + 1):
        for i in range(len(words) - n + 1):
            window = words[i : i + n]
            yield [word for word, _, _ in window], [(start, end) for _, start, end in window]


def _char_ngrams(word: _Word, block: Block) -> Iterator[tuple[str, list[Place]]]:
    token, start, end = word
    padded = f" {token} "
    if len(padded) < block.low:
        yield padded, [(start, end)]
    for n in range(block.low, block.high + 1):
        for i in range(len(padded) - n + 1):
            yield padded[i : i + n], [(max(start + i - 1, start), min(start + i - 1 + n, end))]


def _pairs(words: Sequence[_Word], block: Block, lexicon: Lexicon) -> Iterator[tuple[str, list[Place]]]:
    numbered = zip(words, clauses([word for word, _, _ in words], block), strict=True)
    kept = [(word, clause) for word, (_, clause) in numbered if is_paired(word[0], block)]
    names = [
        [word[: block.cut], *([class_term(name)] if (name := lexicon.class_of(word)) else [])]
        for (word, _, _), _ in kept
    ]
    for i, ((_, *here), clause) in enumerate(kept):
        for j in range(i + block.low, min(i + block.high, len(kept) - 1) + 1):
            (_, *there), clause_there = kept[j]
            if clause_there != clause:
                break
            for one in names[i]:
                for other in names[j]:
                    yield " … ".join(sorted((one, other))), [tuple(here), tuple(there)]


def _aligned(text: str) -> tuple[str, list[Place]]:
    """Return the normalised text, and for each of its characters the range of `text` that it comes from."""
    plain = normalise(text)
    if len(plain) == len(text) == len(text.casefold()) and unicodedata.is_normalized("NFC", text):
        return plain, [(place, place + 1) for place in range(len(text))]
    starts = [place for place, char in enumerate(text) if place == 0 or not _joins(char)]
    pieces = [(normalise(text[start:end]), (start, end)) for start, end in pairwise([*starts, len(text)])]
    return "".join(piece for piece, _ in pieces), [place for piece, place in pieces for _ in piece]


def _joins(char: str) -> bool:
    """Tell whether a character may become one with the letter before it: marks, and the later letters of Hangul."""
    return bool(unicodedata.combining(char)) or "\u1160" <= char <= "\u11ff" or not normalise(char)
