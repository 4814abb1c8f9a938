"""The codebook: which labels there are, in which order they win ties, and which one means "none"."""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from haltung.errors import HaltungError


@dataclass(frozen=True)
class Label:
    """One label: its id in files, its title in reports, its meaning in a line, its colour (`#rrggbb`)."""

    id: str
    title: str
    meaning: str
    color: str


@dataclass(frozen=True)
class Codebook:
    """The labels in order of precedence; `none` is the id of the label for "no stance", or None."""

    name: str
    language: str
    none: str | None
    labels: tuple[Label, ...]

    @property
    def ids(self) -> tuple[str, ...]:
        """The labels' ids in order of precedence."""
        return tuple(label.id for label in self.labels)

    @property
    def letters(self) -> tuple[str, ...]:
        """A letter for each label, the first of its title that no label before it has; for "none" there is none."""
        found: list[str] = []
        for place, label in enumerate(self.labels, start=1):
            free = (char for char in label.title.upper() if char.isalnum() and char not in found)
            found.append("" if label.id == self.none else next(free, str(place)))
        return tuple(found)

    def label(self, label_id: str) -> Label:
        """Return the label with this id. Raises `KeyError` where there is none."""
        for label in self.labels:
            if label.id == label_id:
                return label
        raise KeyError(label_id)

    def to_dict(self) -> dict[str, Any]:
        """Return the codebook as plain data, with the names of the codebook file."""
        return {
            "name": self.name,
            "language": self.language,
            **({"none": self.none} if self.none else {}),
            "label": [asdict(label) for label in self.labels],
        }

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: Path) -> Codebook:
        """Build a codebook from plain data, be it of a codebook file or of a model.

        Raises `HaltungError`, which names `source`, where there are fewer than two labels, a label twice or without an
        id, a colour that is no `#rrggbb`, or a `none` that is no label.
        """
        labels = tuple(_label(source, place, entry) for place, entry in enumerate(_entries(source, data), start=1))
        ids = [label.id for label in labels]
        if len(ids) < 2:
            raise HaltungError(f"{source}: has {len(ids)} label(s); give two or more [[label]] entries")
        twice = [label_id for label_id, count in Counter(ids).items() if count > 1]
        if twice:
            raise HaltungError(f"{source}: the label {twice[0]!r} stands there twice; rename or remove one")
        none = data.get("none")
        if none is not None and none not in ids:
            raise HaltungError(f"{source}: none = {none!r} is no label; use one of {', '.join(ids)} or leave it out")
        name, language = data.get("name", source.stem), data.get("language", "de")
        return cls(_shown(name), _shown(language), none, labels)


def read_codebook(path: Path | str) -> Codebook:
    """Read a codebook file (TOML). Raises `HaltungError` where it cannot be read or is no codebook."""
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise HaltungError(f"{path}: cannot be read ({error.strerror}); name a codebook file") from None
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise HaltungError(f"{path}: is not valid TOML in UTF-8 ({error}); correct it there") from None
    return Codebook.from_dict(data, path)


def _entries(path: Path, data: dict[str, Any]) -> list[dict[str, Any]]:
    entries = data.get("label", [])
    if not isinstance(entries, list) or not all(isinstance(entry, dict) for entry in entries):
        raise HaltungError(f"{path}: 'label' must be written as [[label]] entries")
    return entries


def _label(path: Path, place: int, entry: dict[str, Any]) -> Label:
    label_id = entry.get("id")
    if not isinstance(label_id, str) or not re.fullmatch(r"\w[\w.-]*", label_id):
        raise HaltungError(f'{path}: label {place} needs an id of letters, digits, "_" or "-", as id = "…"')
    color = str(entry.get("color", "#7a7a7a"))
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", color):
        raise HaltungError(f'{path}: label {label_id!r} has color = {color!r}; write it as "#rrggbb"')
    title = entry.get("title", label_id.replace("_", " "))
    return Label(label_id, _shown(title), _shown(entry.get("meaning", "")), color)


def _shown(text: object) -> str:
    """Return text as it may be shown anywhere: no control codes, which a terminal would obey."""
    return "".join(letter for letter in str(text) if letter.isprintable())
