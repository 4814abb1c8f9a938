"""A model as a folder of plain files: model.joblib (arrays, numbers, strings), metrics.json, README.md."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from haltung.codebook import Codebook
from haltung.errors import HaltungError
from haltung.features import Block
from haltung.lexicon import Lexicon
from haltung.logits import LinearModel, WeightedBlock
from haltung.paths import MODEL_FILE
from haltung.probabilities import Layer, SentenceModel, context_width
from haltung.verdict import article_width

FORMAT = 5
METRICS_FILE, CARD_FILE = "metrics.json", "README.md"
_FILES = (MODEL_FILE, METRICS_FILE, CARD_FILE)
_DRAFT, _NEW, _PREVIOUS = ".draft", ".new", ".previous"


@dataclass(frozen=True)
class StoredModel:
    """What a model folder holds for scoring."""

    sentences: SentenceModel
    whole: Layer | None
    codebook: Codebook


def read_model(folder: Path) -> StoredModel:
    """Read a model folder. Raises `HaltungError` where it holds no model of this format."""
    import joblib

    path = _current(folder, MODEL_FILE)
    if not path.is_file():
        raise HaltungError(f"{folder}: holds no {MODEL_FILE}; name a model folder with --model or train one")
    try:
        data = joblib.load(path)
        if data["format"] != FORMAT:
            raise HaltungError(f"{path}: has format {data['format']}, this haltung reads {FORMAT}; train it anew")
        return _stored(data)
    except HaltungError:
        raise
    except Exception as error:  # a damaged pickle can raise nearly anything
        raise HaltungError(f"{path}: is damaged or no model ({type(error).__name__}); train it anew") from None


def write_model(
    folder: Path,
    model: StoredModel,
    metrics: dict[str, Any],
    card: str,
    replaced: Path | None = None,
) -> None:
    """Write a model folder as a whole; the model that was there is kept for `rollback`.

    Where none was there, the one in the folder `replaced` is kept. Raises `HaltungError` where it cannot be
    written; the old model is untouched then.
    """
    folder = folder.resolve()
    _settle(folder)
    before = next((place for place in (folder, replaced) if place and (place / MODEL_FILE).is_file()), None)
    draft = folder / _DRAFT
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _dump(_plain(model), draft / MODEL_FILE)
        (draft / METRICS_FILE).write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        (draft / CARD_FILE).write_text(card, encoding="utf-8")
        if before:
            _copy(before, draft / _PREVIOUS)
        _commit(folder)
    except OSError as error:
        raise HaltungError(f"{folder}: cannot be written ({error.strerror}); the old model is untouched") from None


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a model folder, or an empty dict where there are none."""
    try:
        return json.loads(_current(folder, METRICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}


def has_previous(folder: Path) -> bool:
    """Tell whether a model folder keeps the model before it."""
    return (folder / _PREVIOUS / MODEL_FILE).is_file()


def rollback(folder: Path) -> None:
    """Bring back the model that the last one replaced, and keep the present one in its place.

    Raises `HaltungError` where there is none.
    """
    folder = folder.resolve()
    _settle(folder)
    previous, draft = folder / _PREVIOUS, folder / _DRAFT
    if not has_previous(folder):
        raise HaltungError(f"{folder}: keeps no earlier model; nothing was changed")
    shutil.rmtree(draft, ignore_errors=True)
    _copy(previous, draft)
    _copy(folder, draft / _PREVIOUS)
    _commit(folder)


def _copy(model: Path, to: Path) -> None:
    """Copy a model's own files; whatever else lies in its folder is not ours."""
    to.mkdir(parents=True)
    for name in _FILES:
        if (model / name).is_file():
            shutil.copyfile(model / name, to / name)


def _commit(folder: Path) -> None:
    """Make the draft the model. The one rename is the moment: before it the old model is read, after it the new."""
    (folder / _DRAFT).rename(folder / _NEW)
    _settle(folder)


def _settle(folder: Path) -> None:
    """Move the files of a committed model to their places (again, where that was interrupted)."""
    new = folder / _NEW
    if not new.is_dir():
        return
    if (new / _PREVIOUS).is_dir():
        shutil.rmtree(folder / _PREVIOUS, ignore_errors=True)
        (new / _PREVIOUS).rename(folder / _PREVIOUS)
    for name in _FILES:
        if (new / name).is_file():
            (new / name).replace(folder / name)
    shutil.rmtree(new)


def _current(folder: Path, name: str) -> Path:
    """Return where a file of the model is: committed but not yet in its place, or in its place."""
    committed = folder / _NEW / name
    return committed if committed.is_file() else folder / name


def _plain(model: StoredModel) -> dict[str, Any]:
    linear = model.sentences.linear
    return {
        "format": FORMAT,
        "codebook": model.codebook.to_dict(),
        "lexicon": linear.lexicon.to_dict(),
        "intercept": linear.intercept,
        "learnt": linear.learnt,
        "blocks": [_plain_block(block) for block in linear.blocks],
        "alone": _plain_layer(model.sentences.alone),
        "within": _plain_layer(model.sentences.within),
        "whole": _plain_layer(model.whole),
    }


def _plain_block(block: WeightedBlock) -> dict[str, Any]:
    return {
        "kind": block.block.kind,
        "low": block.block.low,
        "high": block.block.high,
        "cut": block.block.cut,
        "skip": " ".join(block.block.skip),
        "weight": block.weight,
        "hashes": block.hashes,
        "terms": block.packed,
        "df": block.df,
        "coef": block.coef,
    }


def _plain_layer(layer: Layer | None) -> dict[str, Any]:
    return {} if layer is None else {"weights": layer.weights, "bias": layer.bias}


def _stored(data: dict[str, Any]) -> StoredModel:
    codebook = Codebook.from_dict(data["codebook"])
    lexicon, outputs = Lexicon.from_dict(data["lexicon"]), len(data["intercept"])
    k = len(codebook.ids)
    alone, within = (_layer(data[name], n, k) for name, n in (("alone", k), ("within", k + context_width(k))))
    whole = _layer(data["whole"], article_width(k, outputs > k), k)
    if alone is None or outputs not in (k, 2 * k):
        raise ValueError("labels and weights differ in number")
    blocks = tuple(_block(part, outputs) for part in data["blocks"])
    linear = LinearModel(blocks, data["intercept"], lexicon, data["learnt"])
    return StoredModel(SentenceModel(linear, alone, within), whole, codebook)


def _block(part: dict[str, Any], outputs: int) -> WeightedBlock:
    terms = len(part["hashes"])
    if part["coef"].shape != (terms, outputs) or part["df"].shape != (terms,):
        raise ValueError("terms and weights differ in number")
    block = Block(part["kind"], part["low"], part["high"], part["cut"], tuple(part["skip"].split()))
    return WeightedBlock(block, part["hashes"], part["terms"], part["weight"], part["df"], part["coef"])


def _layer(data: dict[str, Any], features: int, labels: int) -> Layer | None:
    if not data:
        return None
    layer = Layer(data["weights"], data["bias"])
    if layer.bias.shape != (labels,) or layer.weights.shape != (features, labels):
        raise ValueError("labels and weights differ in number")
    return layer


def _dump(data: dict[str, Any], path: Path) -> None:
    import joblib

    joblib.dump(data, path)  # not compressed: to unpack it would take longer than to score an article
