"""Counts of known terms in many texts at once: by hashes and arrays, without making the terms' strings.

It finds what `features.terms` says, block by block. A term is known by a 64-bit hash; what a word brings along (its
hash, its stem's, its class, its n-grams of characters) is worked out once and kept, for news repeats its words.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice, pairwise

import numpy as np

from haltung.features import LINE_END, Block, class_term, tokens_of
from haltung.hashes import PRIME, hashes_of, letters_of, mixed, unordered
from haltung.lexicon import Lexicon

_KEPT_WORDS, _KEPT_COLUMNS = 150_000, 10_000_000  # bound the memory, whatever is fed in
_NONE = np.zeros(0, np.int64)
Found = tuple[np.ndarray, np.ndarray]  # the text and the column of each finding


@dataclass(frozen=True)
class Counts:
    """Sparse counts of one block's terms: text `rows[i]` has term `columns[i]` `counts[i]` times.

    Sorted by row, then column. Columns number the terms of all blocks, one block after the other.
    """

    rows: np.ndarray
    columns: np.ndarray
    counts: np.ndarray


class TermIndex:
    """Where the terms of some blocks stand in texts.

    >>> block = Block("words", 1, 2)
    >>> from haltung.hashes import term_hashes
    >>> index = TermIndex([(block, np.sort(term_hashes(block, ["nicht", "nicht mehr"])))], Lexicon())
    >>> sorted(index.count(["Nicht heute und nicht mehr."])[0].counts.tolist())
    [1, 2]
    """

    def __init__(self, blocks: Sequence[tuple[Block, np.ndarray]], lexicon: Lexicon) -> None:
        """Take each block with the `term_hashes` of its terms in column order, which is that of the hashes."""
        self._lexicon = lexicon
        self._blocks = [block for block, _ in blocks]
        self._tables = {place: _Table(hashes) for place, (block, hashes) in enumerate(blocks) if block.kind != "pairs"}
        self._sizes = [len(hashes) for _, hashes in blocks]
        self._starts = np.cumsum([0, *self._sizes])
        self._classes = hashes_of([class_term(name) for name, _ in lexicon.classes])
        self._class_numbers = {name: place for place, (name, _) in enumerate(lexicon.classes)}
        self._pair_groups = _pair_groups(blocks)
        self._words = _Words()

    def count(self, texts: Sequence[str]) -> list[Counts]:
        """Count the known terms of texts, block by block."""
        words, text = self._numbered(texts)
        pairs = {
            place: found for group in self._pair_groups for place, found in self._pairs(group, words, text).items()
        }
        return [
            self._counted(place, *(pairs[place] if block.kind == "pairs" else self._found(place, words, text)))
            for place, block in enumerate(self._blocks)
        ]

    def _counted(self, place: int, rows: np.ndarray, columns: np.ndarray) -> Counts:
        """Count what was found of a block: the text and the column of each finding."""
        if self._blocks[place].kind == "chars":  # most of all, text by text: short sorts take a fraction of a long one
            for start, end in pairwise([*starts_of(rows).tolist(), len(rows)]):
                columns[start:end].sort()
        else:
            # a text and a column in one number; shifts take it apart, and narrow numbers sort in half the time
            bits = self._sizes[place].bit_length()
            kind = np.int32 if rows.max(initial=0) < 2 ** (31 - bits) else np.int64
            cells = (rows.astype(kind) << kind(bits)) + columns.astype(kind)
            cells.sort()
            rows, columns = cells >> kind(bits), cells & kind((1 << bits) - 1)
        first = _starts_of_both(rows, columns)
        counts = np.diff(first, append=len(rows))
        return Counts(rows[first], columns[first] + self._starts[place], counts)

    def _numbered(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]:
        """Return the number of each word of the texts, and the text that it stands in."""
        if len(self._words.numbers) > _KEPT_WORDS or self._words.columns_kept() > _KEPT_COLUMNS:
            self._words = _Words()
        flat = tokens_of(texts)
        known = self._words.numbers
        before = len(known)
        found = np.fromiter(map(known.__getitem__, flat), np.int64, len(flat))
        if len(known) > before:
            self._learn(list(islice(known, before, None)))
        inside = found >= 0
        return found[inside], np.cumsum(~inside)[inside]

    def _learn(self, new: list[str]) -> None:
        """Work out what new words bring along."""
        known = self._words
        classes = (self._lexicon.class_of(word) for word in new)
        known.add("class", np.array([-1 if name is None else self._class_numbers[name] for name in classes]))
        known.add("hash", hashes_of(new))
        for place, block in enumerate(self._blocks):
            if block.breaks:
                breaks = frozenset(block.breaks)
                known.add(f"breaks {place}", np.array([word in breaks for word in new]))
            if block.kind == "chars":
                owner, columns = _char_columns(new, block, self._tables[place])
                known.add(f"ngrams {place}", np.bincount(owner, minlength=len(new)))
                known.add(f"columns {place}", columns)
        for group in self._pair_groups:
            known.add(f"stem {group.name}", hashes_of([word[: group.cut] for word in new]))
            skip = frozenset(group.skip)
            known.add(f"kept {group.name}", np.array([word[0].isalnum() and word not in skip for word in new]))

    def _found(self, place: int, words: np.ndarray, text: np.ndarray) -> Found:
        """Return the text and the column of everything that a block's known terms are found as, but for pairs."""
        known, block, table = self._words, self._blocks[place], self._tables[place]
        if block.kind == "chars":
            lengths, ends = known.get(f"ngrams {place}")[words], known.ends(f"ngrams {place}")[words]
            return np.repeat(text, lengths), known.get(f"columns {place}")[_ranges(ends - lengths, lengths)]
        hashes, classes = known.get("hash")[words], known.get("class")[words]
        if block.kind == "classes":
            hashes, text = self._classes[classes[classes >= 0]], text[classes >= 0]
        elif block.kind == "classed" and len(self._classes):
            hashes = np.where(classes >= 0, self._classes[classes], hashes)
        return _ngrams(block, hashes, text, table)

    def _pairs(self, group: _PairGroup, words: np.ndarray, text: np.ndarray) -> dict[int, Found]:
        """Find the pairs of all blocks of a group: what they share is worked out once."""
        known = self._words
        kept = known.get(f"kept {group.name}")[words]
        stems, classes = known.get(f"stem {group.name}")[words[kept]], known.get("class")[words[kept]]
        rows = text[kept]
        ends = np.append(starts_of(rows), len(rows))
        last = np.repeat(ends[1:], np.diff(ends)) - 1  # of the text that a word stands in
        here = np.arange(len(rows), dtype=np.int32)  # narrow numbers are moved in half the time
        partners = np.maximum(np.minimum(last - here, group.high) - group.low + 1, 0)
        one = np.repeat(here, partners)
        other = _ranges(here + group.low, partners)
        hashes, pairs = [unordered(stems[one], stems[other])], [np.arange(len(one))]
        for left, right in ((True, False), (False, True), (True, True)):
            # a word of the lexicon pairs as its class too
            named = np.ones(len(one), bool)
            if left:
                named &= classes[one] >= 0
            if right:
                named &= classes[other] >= 0
            chosen = np.flatnonzero(named)
            a, b = one[chosen], other[chosen]
            hashes.append(
                unordered(
                    self._classes[classes[a]] if left else stems[a], self._classes[classes[b]] if right else stems[b]
                )
            )
            pairs.append(chosen)
        pair, at = _looked_up(group.table, np.concatenate(hashes), np.concatenate(pairs))
        one, other = one[pair], other[pair]
        return {
            place: self._pairs_of(group, place, words, kept, rows, one, other, columns[at])
            for place, columns in group.columns.items()
        }

    def _pairs_of(
        self,
        group: _PairGroup,
        place: int,
        words: np.ndarray,
        kept: np.ndarray,
        rows: np.ndarray,
        one: np.ndarray,
        other: np.ndarray,
        columns: np.ndarray,
    ) -> Found:
        """Keep the pairs that one block has: known to it, near enough and, with breaks, in one clause."""
        block, has = self._blocks[place], columns >= 0
        if group.low < block.low or group.high > block.high:
            has &= (other - one >= block.low) & (other - one <= block.high)
        if block.breaks:
            clause = np.cumsum(self._words.get(f"breaks {place}")[words])[kept]
            has &= clause[one] == clause[other]
        return rows[one[has]], columns[has]


class _Numbers(dict[str, int]):
    """Numbers words as they come, from 0 on; what ends a text has -1."""

    def __init__(self) -> None:
        super().__init__({LINE_END: -1})

    def __missing__(self, word: str) -> int:
        self[word] = number = len(self) - 1
        return number


class _Words:
    """What is known of words by their number: columns of values that grow."""

    def __init__(self) -> None:
        self.numbers = _Numbers()
        self._values: dict[str, np.ndarray] = {}
        self._used: dict[str, int] = {}
        self._ends: dict[str, np.ndarray] = {}

    def add(self, name: str, values: np.ndarray) -> None:
        used = self._used.get(name, 0)
        store = self._values.get(name)
        if store is None or used + len(values) > len(store):
            grown = np.empty(max(1024, 2 * (used + len(values))), values.dtype)
            if store is not None:
                grown[:used] = store[:used]
            self._values[name] = store = grown
        store[used : used + len(values)] = values
        self._used[name] = used + len(values)
        self._ends.pop(name, None)

    def get(self, name: str) -> np.ndarray:
        return self._values[name][: self._used[name]] if name in self._values else _NONE

    def ends(self, name: str) -> np.ndarray:
        """Return where each word's values end in the column that holds them one after the other."""
        if name not in self._ends:
            self._ends[name] = np.cumsum(self.get(name))
        return self._ends[name]

    def columns_kept(self) -> int:
        return max((used for name, used in self._used.items() if name.startswith("columns")), default=0)


class _Table:
    """Where known 64-bit hashes, given in order, stand: spread evenly, their first bits find the place."""

    def __init__(self, hashes: np.ndarray) -> None:
        self._hashes = hashes
        bits = max(1, len(hashes).bit_length() + 1)
        self._shift = np.uint64(64 - bits)
        sizes = np.bincount((hashes >> self._shift).astype(np.int64), minlength=1 << bits)
        self._starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
        self._most = int(sizes.max(initial=0))

    def columns(self, hashes: np.ndarray) -> np.ndarray:
        """Return the column of each hash, -1 for unknown ones."""
        if not len(self._hashes) or not len(hashes):
            return np.full(len(hashes), -1)
        bucket = (hashes >> self._shift).astype(np.int64)
        place = self._starts.take(bucket)
        # most stand first in their bucket, or nowhere
        hit = self._hashes.take(place, mode="clip") == hashes
        found = np.where(hit, place, -1)
        left = np.flatnonzero(~hit)
        place, end, wanted = place[left], self._starts.take(bucket[left] + 1), hashes[left]
        for _ in range(1, self._most):
            place = place + 1
            more = np.flatnonzero(place < end)
            left, place, end, wanted = left[more], place[more], end[more], wanted[more]
            right = self._hashes.take(place) == wanted
            found[left[right]] = place[right]
        return found


@dataclass(frozen=True)
class _PairGroup:
    """Blocks of pairs that differ only in reach and breaks: `table` holds the hashes that any of them knows.

    `columns` gives, a block a place, the column of each of these hashes, -1 where the block does not know it.
    """

    name: str
    cut: int
    skip: tuple[str, ...]
    low: int
    high: int
    table: _Table
    columns: dict[int, np.ndarray]


def _pair_groups(blocks: Sequence[tuple[Block, np.ndarray]]) -> list[_PairGroup]:
    shared: dict[tuple[int, tuple[str, ...]], dict[int, tuple[Block, np.ndarray]]] = {}
    for place, (block, hashes) in enumerate(blocks):
        if block.kind == "pairs":
            shared.setdefault((block.cut, block.skip), {})[place] = block, hashes
    groups = []
    for number, ((cut, skip), found) in enumerate(shared.items()):
        union = np.unique(np.concatenate([hashes for _, hashes in found.values()]))
        columns = {}
        for place, (_, hashes) in found.items():
            columns[place] = np.full(len(union), -1, np.int32)
            columns[place][np.searchsorted(union, hashes)] = np.arange(len(hashes))
        low, high = min(block.low for block, _ in found.values()), max(block.high for block, _ in found.values())
        groups.append(_PairGroup(str(number), cut, skip, low, high, _Table(union), columns))
    return groups


def starts_of(values: np.ndarray) -> np.ndarray:
    """Return where each run of equal values starts."""
    if not len(values):
        return _NONE
    return np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])


def _starts_of_both(rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Return where each run of equal pairs starts."""
    if not len(rows):
        return _NONE
    return np.flatnonzero(np.append(True, (columns[1:] != columns[:-1]) | (rows[1:] != rows[:-1])))


def _looked_up(table: _Table, hashes: np.ndarray, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    columns = table.columns(hashes)
    known = columns >= 0
    return rows[known], columns[known]


def _ngrams(block: Block, hashes: np.ndarray, text: np.ndarray, table: _Table) -> tuple[np.ndarray, np.ndarray]:
    """Find the n-grams of words, given by their hashes, within each text."""
    found, rows = [], []
    rolled = hashes * PRIME
    for n in range(1, block.high + 1):
        if n > len(hashes):
            break
        if n > 1:
            rolled = (rolled[:-1] + hashes[n - 1 :]) * PRIME
        if n >= block.low:
            inside = text[: len(text) - n + 1] == text[n - 1 :]
            found.append(rolled[inside])
            rows.append(text[: len(text) - n + 1][inside])
    if not found:
        return _NONE, _NONE
    return _looked_up(table, np.concatenate(found), np.concatenate(rows))


def _char_columns(words: list[str], block: Block, table: _Table) -> tuple[np.ndarray, np.ndarray]:
    """Return the known n-grams of characters of each word: the word's place and the column, in the words' order."""
    padded = [f" {word} " for word in words]
    letters = letters_of("".join(padded))
    lengths = np.fromiter(map(len, padded), np.int64, len(padded))
    owner = np.repeat(np.arange(len(words)), lengths)
    found, owners = [], []
    rolled = letters.copy()
    for n in range(1, block.high + 1):
        if n > len(letters):
            break
        if n > 1:
            rolled = rolled[:-1] * PRIME + letters[n - 1 :]
        if n >= block.low:
            inside = owner[: len(owner) - n + 1] == owner[n - 1 :]
            found.append(mixed(rolled[inside]))
            owners.append(owner[: len(owner) - n + 1][inside])
    short = np.flatnonzero(lengths < block.low)  # counted as they are, once
    found.append(hashes_of([padded[place] for place in short]))
    owners.append(short)
    places, columns = _looked_up(table, np.concatenate(found), np.concatenate(owners))
    order = np.argsort(places, kind="stable")
    return places[order], columns[order]


def _ranges(starts: np.ndarray, lengths: np.ndarray) -> np.ndarray:
    """Return the numbers of each range, one range after the other."""
    ends = np.cumsum(lengths)
    return np.repeat(starts - (ends - lengths), lengths) + np.arange(ends[-1] if len(ends) else 0)
