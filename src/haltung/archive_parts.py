"""The scores of an archive on disk: finished parts beside the output, and the output once all are there.

A part is written beside and renamed, so it is there as a whole or not at all, whenever the power fails. The output is
made of the parts in order: the same whether the run was interrupted or not.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from haltung.archive import parquet_library
from haltung.archive_scores import Cell, ScoredChunk
from haltung.errors import HaltungError
from haltung.harmless import guarded, json_text

SUFFIXES = (".jsonl", ".csv", ".parquet")
_PLAN, _LOCK = "plan.json", ".lock"
_PART = {"size", "articles", "foreign", "broken", "rows"}
_PARTITION = 100_000  # rows of a file of a partitioned output

Row = list[Cell]


@dataclass(frozen=True)
class Total:
    """What a finished output holds, and what was kept out."""

    articles: int = 0
    rows: int = 0
    broken: int = 0
    foreign: int = 0


class Parts:
    """The finished parts of one output. Open it with `opened`."""

    def __init__(self, out: Path, folder: Path, columns: Sequence[str]) -> None:
        self._out = out
        self._folder = folder
        self._columns = list(columns)
        self.finished = _numbers(folder)

    def add(self, chunk: ScoredChunk) -> None:
        """Write the part of a chunk."""
        part = {
            "size": chunk.size,
            "articles": chunk.articles,
            "foreign": chunk.foreign,
            "broken": [[broken.place, broken.reason] for broken in chunk.broken],
            "rows": chunk.rows,
        }
        write_whole(self._folder / f"{chunk.number}.json", lambda file: json.dump(part, file, ensure_ascii=False))

    def part(self, number: int) -> dict[str, Any] | None:
        """Return a finished part as it was written, None where the file is damaged."""
        try:
            part = json.loads((self._folder / f"{number}.json").read_text(encoding="utf-8"))
            return part if part.keys() >= _PART else None
        except (OSError, ValueError, AttributeError):
            return None

    def assemble(self, chunks: int, partitioned: bool = False) -> Total:
        """Write the output from the parts of all `chunks`, and remove them."""
        total = Total()

        def rows() -> Iterator[list[Row]]:
            nonlocal total
            for number in range(chunks):
                part = self.part(number)
                if part is None:
                    raise HaltungError(f"{self._folder}: part {number} is damaged; go on with --resume")
                total = Total(
                    total.articles + part["articles"],
                    total.rows + len(part["rows"]),
                    total.broken + len(part["broken"]),
                    total.foreign + part["foreign"],
                )
                yield part["rows"]

        if partitioned:
            _write_partitions(self._out, self._columns, rows())
        elif self._out.suffix == ".parquet":
            draft = _draft(self._out)
            _write_parquet(draft, self._columns, rows())
            _settle(draft, self._out)
        else:
            write = _write_csv if self._out.suffix == ".csv" else _write_jsonl
            write_whole(self._out, lambda file: write(file, self._columns, rows()))
        for number in _numbers(self._folder):
            (self._folder / f"{number}.json").unlink()
        return total


@contextmanager
def opened(out: Path, plan: dict[str, Any], columns: Sequence[str], resume: bool) -> Iterator[Parts]:
    """Open the parts of an output: new ones, or with `resume` those of the interrupted run.

    `plan` is all that the output depends on. Raises `HaltungError` where there is an interrupted run and no
    `resume`, where that run had another plan, where another process writes the output, or where it cannot be written.
    """
    from filelock import FileLock, Timeout

    folder = out.with_name(f"{out.name}.parts")
    try:
        folder.mkdir(exist_ok=True)
        with FileLock(folder / _LOCK, timeout=0):
            if _numbers(folder) and not resume:
                raise HaltungError(f"{folder}: holds an interrupted run; go on with --resume, or remove that folder")
            _keep_plan(folder, plan)
            try:
                yield Parts(out, folder, columns)
            finally:
                if not _numbers(folder):  # all is in the output, or nothing was done: no trace is left
                    shutil.rmtree(folder)
    except Timeout:
        raise HaltungError(f"{out}: is being written by another haltung; wait for it") from None
    except OSError as error:
        raise HaltungError(f"{error.filename or out}: cannot be written ({error.strerror}); then --resume") from None


def _numbers(folder: Path) -> frozenset[int]:
    """Return the numbers of the parts that are there."""
    return frozenset(int(path.stem) for path in folder.glob("*.json") if path.stem.isdigit())


def _keep_plan(folder: Path, plan: dict[str, Any]) -> None:
    path = folder / _PLAN
    if not _numbers(folder):
        path.unlink(missing_ok=True)
    elif not path.is_file():
        raise HaltungError(f"{folder}: lacks the plan of its run; remove that folder to begin anew")
    if path.is_file():
        differing = [name for name, value in _read_plan(path).items() if plan.get(name) != value]
        if differing:
            raise HaltungError(f"{folder}: is of a run with other {differing[0]}; remove that folder to begin anew")
        return
    write_whole(path, lambda file: json.dump(plan, file, ensure_ascii=False))


def _read_plan(path: Path) -> dict[str, Any]:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except ValueError:
        raise HaltungError(f"{path}: is damaged; remove its folder to begin anew") from None


def write_whole(path: Path, write: Callable[[Any], object], binary: bool = False) -> None:
    """Write a file (text in UTF-8, or bytes) beside `path` and rename it: it is there as a whole or not at all."""
    draft = _draft(path)
    with draft.open("wb") if binary else draft.open("w", encoding="utf-8", newline="") as file:
        write(file)
        file.flush()
        os.fsync(file.fileno())
    _settle(draft, path)


def _draft(path: Path) -> Path:
    return path.with_name(f".{path.name}.draft")


def _settle(draft: Path, path: Path) -> None:
    draft.replace(path)
    if os.name == "posix":  # the new name is on disk when its folder is
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def _write_jsonl(file: TextIO, columns: list[str], parts: Iterator[list[Row]]) -> None:
    for rows in parts:
        for row in rows:
            file.write(json_text(dict(zip(columns, row, strict=True))) + "\n")


def _write_csv(file: TextIO, columns: list[str], parts: Iterator[list[Row]]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(columns)
    for rows in parts:
        writer.writerows([guarded(cell) for cell in row] for row in rows)


def _write_parquet(path: Path, columns: list[str], parts: Iterator[list[Row]]) -> None:
    parquet = parquet_library()
    writer = None
    try:
        for rows in parts:
            table = _table(columns, rows)
            writer = writer or parquet.ParquetWriter(path, table.schema)
            writer.write_table(table)
        writer = writer or parquet.ParquetWriter(path, _table(columns, []).schema)
    finally:
        if writer:
            writer.close()
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _table(columns: list[str], rows: list[Row]) -> Any:  # noqa: ANN401 (pyarrow's table)
    import pyarrow

    whole = {"sentence", "sentences", "start", "end"}
    words = {*columns[: columns.index("stance") + 1], "language"} - whole
    types = {
        name: pyarrow.string() if name in words else pyarrow.int64() if name in whole else pyarrow.float64()
        for name in columns
    }
    values = zip(*rows, strict=True) if rows else ([] for _ in columns)
    arrays = [pyarrow.array(list(found), types[name]) for name, found in zip(columns, values, strict=True)]
    return pyarrow.table(arrays, pyarrow.schema(types.items()))


def _write_partitions(out: Path, columns: list[str], parts: Iterator[list[Row]]) -> None:
    """Write a folder of Parquet files, and rename it as a whole."""
    draft = _draft(out)
    shutil.rmtree(draft, ignore_errors=True)
    draft.mkdir()
    held: list[list[Row]] = []
    number = 0

    def write() -> None:
        nonlocal number
        _write_parquet(draft / f"part-{number:05}.parquet", columns, iter(held))
        number += 1
        held.clear()

    for rows in parts:
        held.append(rows)
        if sum(map(len, held)) >= _PARTITION:
            write()
    if held or not number:
        write()
    if out.is_dir():
        shutil.rmtree(out)
    _settle(draft, out)
