"""A run over archives: read in chunks, scored, kept part by part, put together; it can be interrupted anywhere."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from haltung import archive_parts
from haltung.archive import Broken, Chunk, Fields, archives, check, chunks, parquet_library
from haltung.archive_parts import Parts, Total
from haltung.archive_scores import ScoredChunk, columns, in_one_process, in_processes
from haltung.errors import HaltungError
from haltung.model import StanceModel, load
from haltung.paths import MODEL_FILE, model_to_read

_PARTITION = re.compile(r"part-\d+\.parquet")
Finished = Callable[[int, int, bool], None]
Report = Callable[[Broken], None]


@dataclass(frozen=True)
class Settings:
    """What a run does: its inputs and output, the fields, a row an article or a sentence, where it is computed.

    `dask` is the address of a cluster's scheduler; with it the output is a folder of Parquet files.
    """

    inputs: tuple[str, ...]
    out: Path
    fields: Fields
    by_sentence: bool = False
    model: Path | None = None
    jobs: int = 0
    dask: str | None = None
    resume: bool = False
    overwrite: bool = False
    strict: bool = False


def score_archives(settings: Settings, finished: Finished, report: Report) -> Total | None:
    """Score archives; return what the output holds, or None where there is nothing left to resume.

    `finished` is called after each chunk with its articles, the bytes of input that it is from, and whether an
    interrupted run had done it already; `report` with each broken row.

    Raises `HaltungError` on inputs, options or an output that cannot be used, and with `strict` on the first broken
    row.
    """
    out = settings.out
    _check_output(settings)
    parts_folder = out.with_name(f"{out.name}.parts")
    if settings.resume and out.exists() and not parts_folder.exists():
        return None
    if out.exists() and not settings.overwrite and not parts_folder.exists():
        raise HaltungError(f"{out}: is there already; name another output, or --overwrite it")
    paths = archives(settings.inputs)
    if out.resolve() in [path.resolve() for path in paths]:
        raise HaltungError(f"{out}: is an input too; name another output")
    check(paths, settings.fields)
    model = load(settings.model)
    header = columns(model.classes_, settings.fields, settings.by_sentence)
    with archive_parts.opened(out, _plan(settings, paths), header, settings.resume) as parts:
        count = _run(settings, model, paths, parts, finished, report)
        return parts.assemble(count, partitioned=bool(settings.dask))


def input_size(settings: Settings) -> int:
    """Return the bytes of all inputs."""
    return sum(path.stat().st_size for path in archives(settings.inputs) if path.is_file())


def _run(
    settings: Settings, model: StanceModel, paths: list[Path], parts: Parts, finished: Finished, report: Report
) -> int:
    """Score what is not finished yet; return the number of all chunks."""
    count = 0

    def note(broken: tuple[Broken, ...]) -> None:
        for row in broken:
            if settings.strict:
                raise HaltungError(f"{row.place}: {row.reason}; mend it, or leave out --strict")
            report(row)

    def unfinished() -> Iterator[Chunk]:
        nonlocal count
        for chunk in chunks(paths, settings.fields):
            count = chunk.number + 1
            if chunk.number not in parts.finished:
                yield chunk
                continue
            found = parts.part(chunk.number)
            if found is None:
                yield chunk
                continue
            note(tuple(Broken(*row) for row in found["broken"]))
            finished(found["articles"], found["size"], True)

    for scored in _computed(settings, model, unfinished()):
        note(scored.broken)
        parts.add(scored)
        finished(scored.articles, scored.size, False)
    return count


def _computed(settings: Settings, model: StanceModel, work: Iterator[Chunk]) -> Iterator[ScoredChunk]:
    if settings.dask:
        from haltung.archive_cluster import on_cluster

        return on_cluster(model, work, settings.by_sentence, settings.dask)
    jobs = settings.jobs or cores()
    if jobs == 1:
        return in_one_process(model, work, settings.by_sentence)
    return in_processes(model, work, settings.by_sentence, jobs)


def cores() -> int:
    """Return the number of processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _check_output(settings: Settings) -> None:
    out = settings.out
    if settings.dask:
        parquet_library()
        if out.exists() and not (out.is_dir() and all(_PARTITION.fullmatch(found.name) for found in out.iterdir())):
            raise HaltungError(f"{out}: is no earlier output of --dask; name another folder")
        if not out.parent.is_dir():
            raise HaltungError(f"{out}: its folder is not there; make it first")
        return
    if out.suffix not in archive_parts.SUFFIXES:
        raise HaltungError(f"{out}: the output is {', '.join(archive_parts.SUFFIXES)}; name it so")
    if out.is_dir():
        raise HaltungError(f"{out}: is a folder; name a file in it")
    if not out.parent.is_dir():
        raise HaltungError(f"{out}: its folder is not there; make it first")
    if out.suffix == ".parquet":
        parquet_library()


def _plan(settings: Settings, paths: list[Path]) -> dict[str, Any]:
    """Return what the output depends on: where any of it changes a run must not be resumed."""
    stats = [(path, path.stat()) for path in paths]
    return {
        "inputs": [[str(path), str(path.resolve()), stat.st_size, stat.st_mtime_ns] for path, stat in stats],
        "fields": {**asdict(settings.fields), "kept": list(settings.fields.kept)},
        "sentences": settings.by_sentence,
        "model": hashlib.sha256((model_to_read(settings.model) / MODEL_FILE).read_bytes()).hexdigest(),
    }
