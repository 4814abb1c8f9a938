"""How haltung is: which model is in use and since when, what it was trained on, whether all is sound and fits."""

from __future__ import annotations

import datetime
import platform
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path
from typing import Any

from haltung.errors import HaltungError
from haltung.paths import MODEL_FILE, model_to_read
from haltung.store import checksums, has_previous, read_metrics, read_model

_PACKAGE = "haltung"


@dataclass(frozen=True)
class Diagnosis:
    """What was found.

    `fault` says why the model cannot be used (None where it can), `broken` names its files whose checksum does not
    hold, `misfits` the required packages that are missing or of another version. `since` is when it was written.
    """

    folder: Path
    since: str | None
    metrics: dict[str, Any]
    fault: str | None
    broken: tuple[str, ...]
    keeps_previous: bool
    versions: dict[str, str]
    misfits: tuple[str, ...]

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not (self.fault or self.broken or self.misfits)


def diagnose(model: Path | None = None) -> Diagnosis:
    """Look at the model in use (as `haltung.load` finds it) and at the environment."""
    folder = model_to_read(model)
    try:
        read_model(folder)
        fault = None
    except HaltungError as error:
        fault = str(error)
    file = folder / MODEL_FILE
    since = None
    if file.is_file():
        since = datetime.datetime.fromtimestamp(file.stat().st_mtime).isoformat(" ", "minutes")
    broken = tuple(name for name, holds in checksums(folder).items() if not holds)
    versions, misfits = _environment()
    return Diagnosis(folder, since, read_metrics(folder), fault, broken, has_previous(folder), versions, misfits)


def _environment() -> tuple[dict[str, str], tuple[str, ...]]:
    from packaging.requirements import Requirement

    versions, misfits = {"python": platform.python_version(), _PACKAGE: version(_PACKAGE)}, []
    for line in requires(_PACKAGE) or []:
        wanted = Requirement(line)
        if wanted.marker and not wanted.marker.evaluate({"extra": ""}):
            continue
        try:
            versions[wanted.name] = version(wanted.name)
        except PackageNotFoundError:
            misfits.append(f"{wanted.name} is missing")
            continue
        if not wanted.specifier.contains(versions[wanted.name], prereleases=True):
            misfits.append(f"{wanted.name} is {versions[wanted.name]}, wanted is {wanted.specifier}")
    return versions, tuple(misfits)


def diagnosis_text(found: Diagnosis) -> str:
    """Return the diagnosis in a few lines."""
    trained, scores = found.metrics.get("trained_on", {}), found.metrics.get("cross_validation", {})
    kept = "; the one before it is kept (haltung rollback)" if found.keeps_previous else ""
    lines = [f"model        {found.folder.resolve()}", f"written      {found.since or 'never'}{kept}"]
    if trained:
        files = ", ".join(file["name"] for file in trained["files"])
        lines.append(
            f"trained on   {trained['sentences']:,} sentences of {trained['articles']:,} articles ({files}),"
            f" codebook: {trained['codebook']}"
        )
        lines.append(f"macro-F1     {scores['macro_f1']:.3f} with whole articles held out")
    lines.append(f"checksums    {_checksums_text(found)}")
    lines.append("versions     " + ", ".join(f"{name} {number}" for name, number in found.versions.items()))
    lines += [f"             {misfit}: run pip install --upgrade {_PACKAGE}" for misfit in found.misfits]
    lines.append("all is well" if found.sound else found.fault or "see above: something is wrong")
    return "\n".join(lines)


def _checksums_text(found: Diagnosis) -> str:
    if found.broken:
        return f"differ for {', '.join(found.broken)}"
    return "none" if found.fault else "hold"
