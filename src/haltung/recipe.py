"""The recipe: everything about training that is chosen, read from one TOML file."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haltung.errors import HaltungError
from haltung.features import KINDS, Block
from haltung.paths import shipped


@dataclass(frozen=True)
class BlockRecipe:
    """One TF-IDF block: what it counts, in how many sentences a term must stand, the block's weight."""

    block: Block
    min_df: int
    weight: float


@dataclass(frozen=True)
class Recipe:
    """The blocks, the classifiers' C (terms, hints, sentence layers, verdict), the cross-validation.

    `stretch` says how much more those terms weigh that stand in few or in clear sentences (`fitting.stretches`),
    `balance` how far the sentence layers weigh rare labels up (`fitting.fit_layer`).
    """

    blocks: tuple[BlockRecipe, ...]
    C: float
    hint_C: float
    stretch: float
    max_iter: int
    layer_C: float
    balance: float
    verdict_C: float
    folds: int
    seed: int


def read_recipe(path: Path | None = None) -> Recipe:
    """Read a recipe; without `path` the shipped one. Raises `HaltungError` where it is not as it must be."""
    path = path or shipped("training") / "recipe.toml"
    try:
        return _recipe(tomllib.loads(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise HaltungError(f"{path}: cannot be read ({error.strerror}); name a recipe file") from None
    except (tomllib.TOMLDecodeError, KeyError, TypeError, ValueError) as error:
        raise HaltungError(f"{path}: is not a recipe ({error}); compare it with the shipped one") from None


def _recipe(data: dict[str, Any]) -> Recipe:
    blocks = []
    for entry in data["block"]:
        if entry["kind"] not in KINDS:
            raise ValueError(f"kind is {entry['kind']!r}")
        skip, breaks = (tuple(entry.get(name, "").split()) for name in ("skip", "breaks"))
        block = Block(entry["kind"], int(entry["low"]), int(entry["high"]), int(entry.get("cut", 0)), skip, breaks)
        blocks.append(BlockRecipe(block, int(entry["min_df"]), float(entry["weight"])))
    classifier, evaluation = data["classifier"], data["evaluation"]
    return Recipe(
        tuple(blocks),
        float(classifier["C"]),
        float(classifier["hint_C"]),
        float(classifier["stretch"]),
        int(classifier["max_iter"]),
        float(classifier["layer_C"]),
        float(classifier["balance"]),
        float(classifier["verdict_C"]),
        int(evaluation["folds"]),
        int(evaluation["seed"]),
    )
