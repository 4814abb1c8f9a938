"""A model as a folder of plain files: model.joblib (arrays, numbers, strings), metrics.json, README.md."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haltung.codebook import Codebook
from haltung.errors import HaltungError
from haltung.features import Block, Vocabulary
from haltung.paths import MODEL_FILE
from haltung.probabilities import LinearModel, WeightedBlock

FORMAT = 1
_PREVIOUS = ".previous"


@dataclass(frozen=True)
class StoredModel:
    """What a model folder holds for scoring."""

    linear: LinearModel
    codebook: Codebook


def read_model(folder: Path) -> StoredModel:
    """Read a model folder. Raises `HaltungError` where it holds no model of this format."""
    import joblib

    path = folder / MODEL_FILE
    if not path.is_file():
        raise HaltungError(f"{folder}: holds no {MODEL_FILE}; name a model folder with --model or train one")
    try:
        data = joblib.load(path)
        if data["format"] != FORMAT:
            raise HaltungError(f"{path}: has format {data['format']}, this haltung reads {FORMAT}; train it anew")
        return StoredModel(_linear(data), Codebook.from_dict(data["codebook"]))
    except HaltungError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise HaltungError(f"{path}: is damaged or no model ({type(error).__name__}); train it anew") from None


def write_model(
    folder: Path,
    linear: LinearModel,
    codebook: Codebook,
    metrics: dict[str, Any],
    card: str,
    replaced: Path | None = None,
) -> None:
    """Write a model folder as a whole; the model that was there is kept for `rollback`.

    Where none was there, the one in the folder `replaced` is kept. Raises `HaltungError` where it cannot be
    written; the old model is untouched then.
    """
    before = next((place for place in (folder, replaced) if place and (place / MODEL_FILE).is_file()), None)
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    try:
        new.mkdir(parents=True)
        _dump(_plain(linear, codebook), new / MODEL_FILE)
        (new / "metrics.json").write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (new / "README.md").write_text(card, encoding="utf-8")
        if before:
            shutil.copytree(before, new / _PREVIOUS, ignore=shutil.ignore_patterns(_PREVIOUS))
        _swap(folder, new)
    except OSError as error:
        raise HaltungError(f"{folder}: cannot be written ({error.strerror}); the old model is untouched") from None


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a model folder, or an empty dict where there are none."""
    try:
        return json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def rollback(folder: Path) -> None:
    """Bring back the model that the last one replaced, and keep the present one in its place.

    Raises `HaltungError` where there is none.
    """
    previous = folder / _PREVIOUS
    if not (previous / MODEL_FILE).is_file():
        raise HaltungError(f"{folder}: keeps no earlier model; nothing was changed")
    new = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(new, ignore_errors=True)
    shutil.copytree(previous, new)
    shutil.copytree(folder, new / _PREVIOUS, ignore=shutil.ignore_patterns(_PREVIOUS))
    _swap(folder, new)


def _swap(folder: Path, new: Path) -> None:
    old = folder.with_name(f".{folder.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        folder.rename(old)
    new.rename(folder)
    shutil.rmtree(old, ignore_errors=True)


def _plain(linear: LinearModel, codebook: Codebook) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "codebook": codebook.to_dict(),
        "intercept": linear.intercept,
        "blocks": [
            {
                "kind": block.vocabulary.block.kind,
                "low": block.vocabulary.block.low,
                "high": block.vocabulary.block.high,
                "weight": block.weight,
                "terms": "\n".join(block.vocabulary.terms),
                "idf": block.idf,
                "coef": block.coef,
            }
            for block in linear.blocks
        ],
    }


def _linear(data: dict[str, Any]) -> LinearModel:
    blocks = []
    for part in data["blocks"]:
        terms = part["terms"].split("\n") if part["terms"] else []
        if not len(terms) == len(part["idf"]) == len(part["coef"]):
            raise ValueError("terms and weights differ in number")
        vocabulary = Vocabulary(Block(part["kind"], part["low"], part["high"]), terms)
        blocks.append(WeightedBlock(vocabulary, part["weight"], part["idf"], part["coef"]))
    return LinearModel(tuple(blocks), data["intercept"])


def _dump(data: dict[str, Any], path: Path) -> None:
    import joblib

    joblib.dump(data, path, compress=("zlib", 6))
