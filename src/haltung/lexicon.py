"""The lexicon: classes of words that mean the same to a codebook. Optional; features see the class beside the word."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from haltung.errors import HaltungError
from haltung.features import normalise

_CACHED_WORDS = 200_000
_LETTERS = 3  # of a pattern, by which it is found


@dataclass
class Lexicon:
    """Word classes in order: `classes` holds (name, patterns); a word has the first class with a pattern for it.

    A pattern is a word in the form that features see; `*` stands for any letters, also none.

    >>> Lexicon((("far", ("nordsee*",)), ("sea", ("*see*", "meer")))).class_of("nordseestrand")
    'far'
    """

    classes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    _places: _Places = field(init=False, repr=False, compare=False)
    _known: dict[str, str | None] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._places = _Places(self.classes)

    def class_of(self, word: str) -> str | None:
        """Return the class of a normalised word, or None."""
        if word in self._known:
            return self._known[word]
        if len(self._known) > _CACHED_WORDS:
            self._known.clear()
        place = self._places.first(word)
        found = self.classes[place][0] if place is not None else None
        self._known[word] = found
        return found

    def to_dict(self) -> dict[str, str]:
        """Return the lexicon as plain strings: the class's name and its patterns, joined by blanks."""
        return {name: " ".join(words) for name, words in self.classes}

    @classmethod
    def from_dict(cls, data: dict[str, str]) -> Lexicon:
        """Rebuild a lexicon from `to_dict`'s result."""
        return cls(tuple((name, tuple(words.split())) for name, words in data.items()))


def read_lexicon(path: Path) -> Lexicon:
    """Read a lexicon file (TOML). Raises `HaltungError` where it is not as it must be."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise HaltungError(f"{path}: cannot be read ({error.strerror}); mend or remove it") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HaltungError(f"{path}: is not valid TOML in UTF-8 ({error}); correct it there") from None
    entries = data.get("class", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise HaltungError(f"{path}: 'class' must be written as [[class]] entries")
    classes = tuple(_class(path, place, entry) for place, entry in enumerate(entries, start=1))
    names = [name.casefold() for name, _ in classes]
    for name in names:
        if names.count(name) > 1:
            raise HaltungError(f"{path}: the class {name!r} stands there twice; rename or remove one")
    return Lexicon(classes)


def _class(path: Path, place: int, entry: dict[str, Any]) -> tuple[str, tuple[str, ...]]:
    name, words = entry.get("name"), entry.get("words")
    if not isinstance(name, str) or not re.fullmatch(r"[^\W\d]\w*", name):
        raise HaltungError(f'{path}: class {place} needs a name of letters and digits, as name = "…"')
    patterns = normalise(words).split() if isinstance(words, str) else []
    if not patterns or not all(pattern.strip("*") for pattern in patterns):
        raise HaltungError(f'{path}: class {name!r} needs words, as words = "one two*"; "*" alone is none')
    return name, tuple(patterns)


class _Places:
    """The first class that has a word. One regular expression of all patterns would take long to compile."""

    def __init__(self, classes: tuple[tuple[str, tuple[str, ...]], ...]) -> None:
        self._words: dict[str, int] = {}
        # by their first or last letters, so that a word meets only the few patterns that may fit it
        self._beginnings: dict[str, list[tuple[str, int]]] = {}
        self._ends: dict[str, list[tuple[str, int]]] = {}
        self._parts: list[tuple[str, int]] = []
        self._others: list[tuple[list[str], int]] = []
        for place, (_, patterns) in enumerate(classes):
            for pattern in patterns:
                self._add(pattern, place)

    def _add(self, pattern: str, place: int) -> None:
        inner, open_left, open_right = pattern.strip("*"), pattern[0] == "*", pattern[-1] == "*"
        if not open_left and not open_right and "*" not in inner:
            self._words.setdefault(inner, place)
        elif "*" in inner or (len(inner) < _LETTERS and open_left != open_right):
            self._others.append((pattern.split("*"), place))
        elif open_left and open_right:
            self._parts.append((inner, place))
        elif open_right:
            self._beginnings.setdefault(inner[:_LETTERS], []).append((inner, place))
        else:
            self._ends.setdefault(inner[-_LETTERS:], []).append((inner, place))

    def first(self, word: str) -> int | None:
        places = [self._words[word]] if word in self._words else []
        for beginning, place in self._beginnings.get(word[:_LETTERS], ()):
            if word.startswith(beginning):
                places.append(place)
        for end, place in self._ends.get(word[-_LETTERS:], ()):
            if word.endswith(end):
                places.append(place)
        places += [place for part, place in self._parts if part in word]
        if self._others:
            places += [place for parts, place in self._others if _fits(parts, word)]
        return min(places, default=None)


def _fits(parts: list[str], word: str) -> bool:
    """Tell whether a word is these parts with any letters between them; a regular expression may take for ever."""
    if not word.startswith(parts[0]) or not word.endswith(parts[-1]):
        return False
    start, end = len(parts[0]), len(word) - len(parts[-1])
    for part in parts[1:-1]:
        start = word.find(part, start, end)
        if start < 0:
            return False
        start += len(part)
    return start <= end
