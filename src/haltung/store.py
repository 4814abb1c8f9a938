"""A model as a folder of plain files: model.safetensors, metrics.json, README.md, and the checksums of all.

The model file holds arrays and, in its header, numbers and strings as JSON (https://github.com/huggingface/safetensors):
there is nothing in such a file that could be executed, whoever made it.
"""

from __future__ import annotations

import hashlib
import json
import pickletools
import shutil
import struct
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from haltung.card import FIGURES_FILE
from haltung.codebook import Codebook
from haltung.errors import HaltungError
from haltung.features import KINDS, Block
from haltung.lexicon import Lexicon
from haltung.logits import LinearModel, WeightedBlock
from haltung.paths import MODEL_FILE
from haltung.probabilities import Layer, SentenceModel, context_width, own_width
from haltung.verdict import article_width

FORMAT = 8
METRICS_FILE, CARD_FILE, SUMS_FILE = "metrics.json", "README.md", "SHA256SUMS"
_FILES = (MODEL_FILE, METRICS_FILE, CARD_FILE, FIGURES_FILE, SUMS_FILE)
_OLD_FILE = "model.joblib"  # of haltung up to format 5: a pickle, never opened
_HEADER = "haltung"
_HEAD = 100_000  # bytes of a foreign file that are looked at
_TRIES, _PAUSE, _PATIENCE = 5, 0.05, 30  # times, seconds, seconds: another process is writing the model
_FORMATS = 1_000
_MANY = 10**12  # more sentences than anyone has read
_WIDEST = 100  # n-grams or distances; a longer one would take for ever
_LARGEST = 200_000_000  # bytes; a model of a million sentences has less
_DRAFT, _NEW, _PREVIOUS, _LOCK = ".draft", ".new", ".previous", ".lock"


@dataclass(frozen=True)
class StoredModel:
    """What a model folder holds for scoring."""

    sentences: SentenceModel
    whole: Layer | None
    codebook: Codebook


def read_model(folder: Path) -> StoredModel:
    """Read a model folder.

    Raises `HaltungError` where it holds no model of this format, or one whose checksum does not hold. Nothing of a
    file is executed; what is no array, number or string is refused before it is built.
    """
    for _ in range(_TRIES):
        try:
            return _read(folder)
        except (_Changed, FileNotFoundError):  # it is being replaced just now
            time.sleep(_PAUSE)
    return _read(folder)


class _Changed(HaltungError):
    pass


def _read(folder: Path) -> StoredModel:
    from safetensors import SafetensorError
    from safetensors.numpy import load

    path = _current(folder, MODEL_FILE)
    if not path.is_file():
        if (folder / _OLD_FILE).is_file():
            raise HaltungError(f"{folder / _OLD_FILE}: is of an older haltung and is not opened; train it anew")
        # where one was written, its files may be moving to their places just now
        kind = _Changed if (folder / _LOCK).exists() else HaltungError
        raise kind(f"{folder}: holds no {MODEL_FILE}; name a model folder with --model or train one")
    try:
        if path.stat().st_size > _LARGEST:
            raise HaltungError(f"{path}: has {path.stat().st_size:,} bytes, more than any model; train it anew")
        data = path.read_bytes()
        header = json.loads(_header_of(path, data)["__metadata__"][_HEADER])
        if type(header["format"]) is not int or not 0 < header["format"] < _FORMATS:
            raise ValueError("no format")
        if header["format"] != FORMAT:
            remedy = "update haltung" if header["format"] > FORMAT else "train it anew"
            raise HaltungError(f"{path}: has format {header['format']}, this haltung reads {FORMAT}; {remedy}")
        _check_sum(folder, path, data)
        return _stored(header, load(data), path)
    except (HaltungError, FileNotFoundError):
        raise
    except OSError as error:
        raise HaltungError(f"{path}: cannot be read ({error.strerror or error}); check the file") from None
    except (
        SafetensorError,
        ArithmeticError,
        ValueError,
        LookupError,
        TypeError,
        AttributeError,
        RecursionError,
    ) as error:
        raise HaltungError(f"{path}: is damaged or no model ({type(error).__name__}); train it anew") from None


def checksums(folder: Path) -> dict[str, bool]:
    """Return for each file that the model's SHA256SUMS names whether its checksum holds."""
    sums = _sums(folder)
    return {name: _sum(_current(folder, name)) == known for name, known in sums.items()}


def sign(folder: Path) -> None:
    """Write the checksums of a model folder's files (`sha256sum -c SHA256SUMS` reads them too)."""
    names = (name for name in _FILES if name != SUMS_FILE and (folder / name).is_file())
    lines = "".join(f"{_sum(folder / name)}  {name}\n" for name in names)
    (folder / SUMS_FILE).write_text(lines, encoding="utf-8")


def _sums(folder: Path) -> dict[str, str]:
    path = _current(folder, SUMS_FILE)
    try:
        if not path.is_file() or path.stat().st_size > _HEAD:
            return {}
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return {}
    parts = (line.split(maxsplit=1) for line in lines)
    return {found[1]: found[0] for found in parts if len(found) == 2 and found[1] in _FILES}


def _sum(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError:
        return None


def _check_sum(folder: Path, path: Path, data: bytes) -> None:
    known = _sums(folder).get(path.name)
    if known is None:
        raise _Changed(f"{folder / SUMS_FILE}: lacks the checksum of {path.name}; train it anew")
    if hashlib.sha256(data).hexdigest() != known:
        raise _Changed(f"{path}: is not what was written (its checksum differs); train it anew")


def _header_of(path: Path, data: bytes) -> dict[str, Any]:
    """Return the header of a safetensors file: its length in 8 bytes, then JSON. Else say what the file is."""
    end = 8 + struct.unpack("<Q", data[:8])[0] if len(data) >= 8 else 0
    if 8 < end <= len(data) and data[8:9] == b"{":
        return json.loads(data[8:end])
    names = _pickled_names(data[:_HEAD])
    if names:
        told = ", ".join(names)
        raise HaltungError(f"{path}: is a pickle that names {told}; nothing of it was loaded; train it anew")
    raise HaltungError(f"{path}: is damaged or no model (no safetensors header); train it anew")


def _pickled_names(head: bytes) -> list[str]:
    """Return what a pickle would import, without loading it; nothing where it is none."""
    names: list[str] = []
    strings: list[str] = []
    try:
        for opcode, argument, _ in pickletools.genops(head):
            if opcode.name in ("GLOBAL", "INST"):
                names.append(str(argument).replace(" ", "."))
            elif opcode.name == "STACK_GLOBAL":
                names.append(".".join(strings[-2:]))
            elif isinstance(argument, str):
                strings.append(argument)
    except Exception:  # pickletools raises whatever the bytes make it raise
        pass
    shown = ("".join(letter for letter in name[:60] if letter.isprintable()) for name in names)
    return list(dict.fromkeys(shown))[:5]


def write_model(
    folder: Path,
    model: StoredModel,
    metrics: dict[str, Any],
    card: str,
    figures: str | None = None,
    replaced: Path | None = None,
) -> None:
    """Write a model folder as a whole; the model that was there is kept for `rollback`.

    Where none was there, the one in the folder `replaced` is kept. Raises `HaltungError` where it cannot be
    written; the old model is untouched then.
    """
    folder = folder.resolve()
    with _locked(folder):
        _write(folder, model, metrics, {CARD_FILE: card, FIGURES_FILE: figures}, replaced)


def _write(
    folder: Path, model: StoredModel, metrics: dict[str, Any], texts: dict[str, str | None], replaced: Path | None
) -> None:
    _settle(folder)
    before = next((place for place in (folder, replaced) if place and (place / MODEL_FILE).is_file()), None)
    draft = folder / _DRAFT
    try:
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(parents=True)
        _save(model, draft / MODEL_FILE)
        (draft / METRICS_FILE).write_text(json.dumps(metrics, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
        for name, text in texts.items():
            if text is not None:
                (draft / name).write_text(text, encoding="utf-8")
        sign(draft)
        if before:
            _copy(before, draft / _PREVIOUS)
        _commit(folder)
    except OSError as error:
        raise HaltungError(f"{folder}: cannot be written ({error.strerror}); the old model is untouched") from None


def read_metrics(folder: Path) -> dict[str, Any]:
    """Return the metrics of a model folder, or an empty dict where there are none."""
    try:
        found = json.loads(_current(folder, METRICS_FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def has_previous(folder: Path) -> bool:
    """Tell whether a model folder keeps the model before it."""
    return (folder / _PREVIOUS / MODEL_FILE).is_file()


def rollback(folder: Path) -> None:
    """Bring back the model that the last one replaced, and keep the present one in its place.

    Raises `HaltungError` where there is none.
    """
    folder = folder.resolve()
    if not folder.is_dir():
        raise HaltungError(f"{folder}: keeps no earlier model; nothing was changed")
    with _locked(folder):
        _settle(folder)
        previous, draft = folder / _PREVIOUS, folder / _DRAFT
        if not has_previous(folder):
            raise HaltungError(f"{folder}: keeps no earlier model; nothing was changed")
        try:
            shutil.rmtree(draft, ignore_errors=True)
            _copy(previous, draft)
            _copy(folder, draft / _PREVIOUS)
            _commit(folder)
        except OSError as error:
            raise HaltungError(f"{folder}: cannot be written ({error.strerror}); nothing was changed") from None


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Let no other process write this model folder meanwhile."""
    from filelock import FileLock, Timeout

    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / _LOCK, timeout=_PATIENCE)
        lock.acquire()
    except Timeout:
        raise HaltungError(f"{folder}: is being written by another haltung; try again when it is done") from None
    except OSError as error:
        raise HaltungError(f"{folder}: cannot be written ({error.strerror}); the old model is untouched") from None
    try:
        yield
    finally:
        lock.release()


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
    for link in (new, folder / _DRAFT, folder / _PREVIOUS):
        if link.is_symlink():  # never ours; what it leads to stays untouched
            link.unlink()
    if not new.is_dir():
        return
    if (new / _PREVIOUS).is_dir():
        shutil.rmtree(folder / _PREVIOUS, ignore_errors=True)
        (new / _PREVIOUS).rename(folder / _PREVIOUS)
    signed = _sums(folder)  # of the new model, for as long as not all its files are in their places
    for name in _FILES:
        if (new / name).is_file():
            (new / name).replace(folder / name)
        elif name not in signed and name != SUMS_FILE:
            (folder / name).unlink(missing_ok=True)  # the old model's
    shutil.rmtree(new)


def _current(folder: Path, name: str) -> Path:
    """Return where a file of the model is: committed but not yet in its place, or in its place."""
    committed = folder / _NEW / name
    return committed if committed.is_file() else folder / name


def _save(model: StoredModel, path: Path) -> None:
    from safetensors.numpy import save

    linear = model.sentences.linear
    header = {
        "format": FORMAT,
        "codebook": model.codebook.to_dict(),
        "lexicon": linear.lexicon.to_dict(),
        "learnt": linear.learnt,
        "blocks": [_header(block) for block in linear.blocks],
    }
    arrays = {"intercept": linear.intercept}
    for place, block in enumerate(linear.blocks):
        parts = {"hashes": block.hashes, "terms": block.packed, "df": block.df, "coef": block.coef}
        arrays |= {f"block {place} {name}": values for name, values in parts.items()}
    layers = {"alone": model.sentences.alone, "within": model.sentences.within, "whole": model.whole}
    for name, layer in layers.items():
        if layer is not None:
            arrays |= {f"{name} weights": layer.weights, f"{name} bias": layer.bias}
    whole = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    path.write_bytes(save(whole, metadata={_HEADER: json.dumps(header, ensure_ascii=False)}))


def _header(block: WeightedBlock) -> dict[str, Any]:
    return {
        "kind": block.block.kind,
        "low": block.block.low,
        "high": block.block.high,
        "cut": block.block.cut,
        "skip": " ".join(block.block.skip),
        "breaks": " ".join(block.block.breaks),
        "weight": block.weight,
    }


def _stored(data: dict[str, Any], arrays: dict[str, np.ndarray], path: Path) -> StoredModel:
    try:
        codebook = Codebook.from_dict(data["codebook"], path)
    except HaltungError as error:  # its remedy is for a codebook file
        raise ValueError(str(error)) from None
    intercept, k, learnt = arrays["intercept"], len(codebook.ids), int(data["learnt"])
    if (
        intercept.ndim != 1
        or (np.abs(intercept) > _MANY).any()
        or not 0 < learnt < _MANY
        or not data["blocks"]
        or not isinstance(data["blocks"], list)
    ):
        raise ValueError("no weights")
    outputs = len(intercept)
    widths = {"alone": own_width(k), "within": own_width(k) + context_width(k, outputs > k)}
    alone, within = (_layer(arrays, name, width, k) for name, width in widths.items())
    whole = _layer(arrays, "whole", article_width(k, outputs > k), k)
    if alone is None or outputs not in (k, 2 * k) or not np.isfinite(intercept).all():
        raise ValueError("labels and weights differ in number")
    blocks = tuple(_block(part, arrays, place, outputs, path) for place, part in enumerate(data["blocks"]))
    linear = LinearModel(blocks, intercept, Lexicon.from_dict(data["lexicon"]), learnt)
    return StoredModel(SentenceModel(linear, alone, within), whole, codebook)


def _block(part: dict[str, Any], arrays: dict[str, np.ndarray], place: int, outputs: int, path: Path) -> WeightedBlock:
    hashes, packed, df, coef = (arrays[f"block {place} {name}"] for name in ("hashes", "terms", "df", "coef"))
    terms = len(hashes)
    if (
        coef.dtype != np.float16
        or coef.shape != (terms, outputs)
        or df.shape != (terms,)
        or not np.isfinite(coef).all()
    ):
        raise ValueError("terms and weights differ in number")
    if hashes.dtype != np.uint64 or df.dtype.kind != "u" or (hashes[1:] <= hashes[:-1]).any():
        raise ValueError("terms are not in order")
    low, high, cut, weight = part["low"], part["high"], part["cut"], float(part["weight"])
    if part["kind"] not in KINDS or not all(type(number) is int for number in (low, high, cut)):
        raise ValueError("a block of an unknown kind")
    if not 1 <= low <= high <= _WIDEST or not 0 <= cut <= _WIDEST or not 0 < weight <= _WIDEST or hashes.ndim != 1:
        raise ValueError("a block that is no block")
    block = Block(part["kind"], low, high, cut, tuple(part["skip"].split()), tuple(part["breaks"].split()))
    return WeightedBlock(block, hashes, packed, weight, df, coef, str(path))


def _layer(arrays: dict[str, np.ndarray], name: str, features: int, labels: int) -> Layer | None:
    if f"{name} weights" not in arrays:
        return None
    layer = Layer(arrays[f"{name} weights"], arrays[f"{name} bias"])
    # a label that was never learnt has a bias of minus infinity
    sound = (np.abs(layer.weights) < _MANY).all() and (layer.bias < _MANY).all() and np.isfinite(layer.bias).any()
    if layer.bias.shape != (labels,) or layer.weights.shape != (features, labels) or not sound:
        raise ValueError("labels and weights differ in number")
    return layer
