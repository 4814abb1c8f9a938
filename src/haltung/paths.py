"""Where things lie: what ships with haltung, and what the user has in the working directory."""

from __future__ import annotations

import os
from pathlib import Path

from haltung.errors import HaltungError

MODEL_FILE = "model.safetensors"


def shipped(part: str) -> Path:
    """Return the path of a shipped part (`model`, `annotations`, `training`): in the wheel or the checkout."""
    here = Path(__file__).resolve().parent
    packaged = here / "shipped"
    return (packaged if packaged.is_dir() else here.parents[1]) / part


def model_to_read(model: Path | str | None = None) -> Path:
    """Return the model folder to score with: `model`, `HALTUNG_MODEL`, `./model` if it holds one, the shipped one."""
    named = _named(model)
    if named:
        return named
    local = Path("model")
    return local if (local / MODEL_FILE).is_file() else shipped("model")


def model_to_write(model: Path | str | None = None) -> Path:
    """Return the model folder to write: `model`, `HALTUNG_MODEL` or `./model`; never the installed package.

    Raises `HaltungError` where that folder lies in the installed package.
    """
    target = _named(model) or Path("model")
    package = Path(__file__).resolve().parent
    if target.resolve().is_relative_to(package):
        raise HaltungError(f"{target}: lies in the installed package, which is never written; name another --model")
    return target


def annotations_to_read(annotations: Path | str | None = None) -> Path:
    """Return the sentence set: `annotations`, `./annotations` if it holds a set, the shipped one.

    A folder stands for the `sentences.csv` in it.
    """
    if annotations:
        path = Path(annotations)
    else:
        local = Path("annotations")
        path = local if (local / "sentences.csv").is_file() else shipped("annotations")
    return path / "sentences.csv" if path.is_dir() else path


def codebook_to_read(codebook: Path | str | None, sentences: Path) -> Path:
    """Return the codebook: `codebook`, else `codebook.toml` beside the sentences, else the shipped one."""
    if codebook:
        return Path(codebook)
    beside = sentences.parent / "codebook.toml"
    return beside if beside.is_file() else shipped("annotations") / "codebook.toml"


def _named(model: Path | str | None) -> Path | None:
    named = model or os.environ.get("HALTUNG_MODEL")
    return Path(named) if named else None
