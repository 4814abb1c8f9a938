"""Archives: articles in JSON lines, CSV or Parquet files, read as a stream of records.

A row that is no article is a `Broken` one and does not stop the rest.
"""

from __future__ import annotations

import csv
import glob
import io
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from haltung.article import Article
from haltung.dates import date_in_text
from haltung.errors import HaltungError

SUFFIXES = (".jsonl", ".ndjson", ".csv", ".parquet")
_LONGEST = 20_000_000  # bytes of one row; what is longer is no article and would fill the memory
_ROWS, _BYTES = 200, 1_000_000  # of a chunk: a second's work or less
_PIECE, _PARQUET_ROWS = 1 << 20, 50  # bytes and rows of a Parquet file that are read at once
_DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Fields:
    """The names of the fields; `kept` are carried over to the output."""

    id: str = "id"
    date: str = "date"
    title: str = "title"
    text: str = "text"
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Record:
    """One article of an archive: its id, the article, the fields carried over."""

    id: str
    article: Article
    kept: tuple[str, ...] = ()


@dataclass(frozen=True)
class Broken:
    """A row that is no article: where it stands, what is wrong with it."""

    place: str
    reason: str


@dataclass(frozen=True)
class Row:
    """One row as it stands in a file: its place, and its values by the names of the columns."""

    place: str
    values: dict[str, Any]


@dataclass(frozen=True)
class Columns:
    """The columns that are read, the one that no file may lack, and what mends a file that lacks it."""

    wanted: tuple[str, ...]
    needed: str
    remedy: str


@dataclass(frozen=True)
class Chunk:
    """Some rows of the archives, in order; `size` are the bytes that they are from, about."""

    number: int
    rows: tuple[Record | Broken, ...]
    size: int


def archives(patterns: Iterable[str]) -> list[Path]:
    """Return the files that paths and patterns ("2024/*.jsonl") stand for, in order and each once.

    Raises `HaltungError` where one stands for none, or for what is no archive.
    """
    found: dict[Path, Path] = {}
    for pattern in patterns:
        paths = [pattern] if os.path.lexists(pattern or ".") else sorted(glob.glob(pattern, recursive=True))  # noqa: PTH207 (patterns may be absolute)
        if not paths:
            raise HaltungError(f"{pattern}: is not there; name files, or a pattern in quotation marks")
        for path in map(Path, paths):
            if path.is_dir():
                raise HaltungError(f"{path}: is a folder; name its files, as '{path}/*.jsonl'")
            if path.suffix.lower() not in SUFFIXES:
                raise HaltungError(f"{path}: is not {', '.join(SUFFIXES)}; rename or convert it")
            found.setdefault(path.resolve(), path)
    return list(found.values())


def check(paths: Iterable[Path], fields: Fields) -> None:
    """Look into each archive, so that hours of scoring do not end at one that cannot be used.

    Raises `HaltungError` where a file cannot be read or lacks the field of the text.
    """
    for path in paths:
        if not path.is_file() and path.exists():
            raise HaltungError(f"{path}: is no file; copy its content into one")
        next(rows(path, _columns(fields)), None)


def chunks(paths: Iterable[Path], fields: Fields) -> Iterator[Chunk]:
    """Yield the rows of archives in chunks: the same ones whenever the files and `fields` are the same.

    Raises `HaltungError` where a file cannot be read or lacks the field of the text.
    """
    columns = _columns(fields)
    number, found, size, letters = 0, [], 0, 0
    for path in paths:
        for row, taken in rows(path, columns):
            record = _record(row.place, row.values, fields) if isinstance(row, Row) else row
            found.append(record)
            size += taken
            letters += _letters(record)
            if len(found) == _ROWS or letters >= _BYTES:
                yield Chunk(number, tuple(found), size)
                number, found, size, letters = number + 1, [], 0, 0
    if found:
        yield Chunk(number, tuple(found), size)


def _columns(fields: Fields) -> Columns:
    names = dict.fromkeys([fields.id, fields.date, fields.title, fields.text, *fields.kept])
    return Columns(tuple(names), fields.text, "name it with --text")


def _letters(row: Record | Broken) -> int:
    if isinstance(row, Broken):
        return 0
    return len(row.article.text) + len(row.article.title or "") + len(row.id) + sum(map(len, row.kept))


def rows(path: Path, columns: Columns) -> Iterator[tuple[Row | Broken, int]]:
    """Yield each row of a file, and how many bytes of the file were read for it.

    Raises `HaltungError` where the file cannot be read or lacks the needed column.
    """
    if path.suffix.lower() == ".parquet":
        yield from _parquet_rows(path, columns)
        return
    try:
        with path.open("rb") as file:
            read = _csv_rows if path.suffix.lower() == ".csv" else _json_rows
            before = 0
            for row in read(path, file, columns):
                yield row, file.tell() - before
                before = file.tell()
    except OSError as error:
        raise HaltungError(f"{path}: cannot be read ({error.strerror}); check the path") from None


def _json_rows(path: Path, file: BinaryIO, _: Columns) -> Iterator[Row | Broken]:
    for number, line in enumerate(_lines(file), start=1):
        place = f"{path}: line {number}"
        if line is None:
            yield Broken(place, f"is longer than {_LONGEST // 1_000_000} MB")
            continue
        if not line.strip():
            continue
        try:
            values = json.loads(line.decode("utf-8-sig" if number == 1 else "utf-8"))
        except UnicodeDecodeError:
            yield Broken(place, "is not valid UTF-8")
            continue
        except (ValueError, RecursionError):
            yield Broken(place, "is not valid JSON")
            continue
        yield Row(place, values) if isinstance(values, dict) else Broken(place, "is not a JSON object")


def _lines(file: BinaryIO) -> Iterator[bytes | None]:
    """Yield the lines; None for one that is too long to be an article."""
    while line := file.readline(_LONGEST):
        if len(line) < _LONGEST or line.endswith(b"\n"):
            yield line
            continue
        while (rest := file.readline(_LONGEST)) and not rest.endswith(b"\n"):
            pass
        yield None


def _csv_rows(path: Path, file: BinaryIO, columns: Columns) -> Iterator[Row | Broken]:
    first = next(_lines(file), b"") or b""
    file.seek(0)
    # bytes that are no UTF-8 become lone surrogates, by which their row is found broken
    text = io.TextIOWrapper(file, "utf-8-sig", errors="surrogateescape", newline="")
    limit = csv.field_size_limit(_LONGEST)
    try:
        delimiter = max(_DELIMITERS, key=first.decode("utf-8", "replace").count)
        reader = csv.reader(text, delimiter=delimiter, strict=True)  # a quote that is never closed is told
        header = _header(reader, path)
        if columns.needed not in header:
            raise _lacking(f"{path}: line 1", columns, header)
        while True:
            line = reader.line_num + 1
            place = f"{path}: line {line}"
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                yield Broken(place, f"is not valid CSV ({error})")
                continue
            if not cells:
                continue
            if len(cells) != len(header):
                yield Broken(place, f"has {len(cells)} cells, the header has {len(header)}")
                continue
            values = dict(zip(header, cells, strict=True))
            yield Row(place, values) if _is_utf8(cells) else Broken(place, "is not valid UTF-8")
    finally:
        csv.field_size_limit(limit)
        text.detach()


def _header(reader: Iterator[list[str]], path: Path) -> list[str]:
    try:
        return next(reader, [])
    except csv.Error as error:
        raise HaltungError(f"{path}: line 1: is not valid CSV ({error}); mend it") from None


def _is_utf8(cells: list[str]) -> bool:
    try:
        "".join(cells).encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _parquet_rows(path: Path, columns: Columns) -> Iterator[tuple[Row | Broken, int]]:
    parquet = parquet_library()
    try:
        # by small pieces: else a whole column of a row group is in the memory at once
        file = parquet.ParquetFile(path, buffer_size=_PIECE, pre_buffer=False)
    except Exception as error:  # pyarrow has errors of its own for each way a file is no Parquet
        raise _no_parquet(path, error) from None
    with file:
        names = file.schema_arrow.names
        if columns.needed not in names:
            raise _lacking(str(path), columns, names)
        wanted = [name for name in columns.wanted if name in names]
        bytes_a_row = path.stat().st_size / max(1, file.metadata.num_rows)
        number = 0
        batches = file.iter_batches(batch_size=_PARQUET_ROWS, columns=wanted)
        while True:
            try:
                batch = next(batches, None)
            except Exception as error:
                raise _no_parquet(path, error) from None
            if batch is None:
                return
            for values in _values(batch):
                number += 1
                place, size = f"{path}: row {number}", int(number * bytes_a_row) - int((number - 1) * bytes_a_row)
                yield Broken(place, "is not valid UTF-8") if values is None else Row(place, values), size


def _values(batch: Any) -> Iterator[dict[str, Any] | None]:  # noqa: ANN401 (pyarrow's batch)
    """Yield the rows of a batch; None for one whose text is no UTF-8."""
    for row in range(batch.num_rows):
        try:
            yield batch.slice(row, 1).to_pylist()[0]
        except UnicodeDecodeError:
            yield None


def _no_parquet(path: Path, error: Exception) -> HaltungError:
    reason = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
    return HaltungError(f"{path}: cannot be read as Parquet ({reason}); check the file")


def _lacking(place: str, columns: Columns, names: list[str]) -> HaltungError:
    there = ", ".join(names) or "none"
    return HaltungError(f"{place}: has no column {columns.needed!r} (it has {there}); {columns.remedy}")


def _record(place: str, values: dict[str, Any], fields: Fields) -> Record | Broken:
    text = values.get(fields.text)
    if text is None:
        return Broken(place, f"has no {fields.text!r}")
    if not isinstance(text, str):
        return Broken(place, f"{fields.text!r} is not a text")
    if not text.strip():
        return Broken(place, f"{fields.text!r} is empty")
    title, date = _plain(values.get(fields.title)), _plain(values.get(fields.date))
    article = Article(place, _whole(text), _whole(title) or None, _date(date))
    name = _plain(values.get(fields.id)) or place
    return Record(_whole(name), article, tuple(_whole(_plain(values.get(kept))) for kept in fields.kept))


def _plain(value: object) -> str:
    return "" if value is None else value if isinstance(value, str) else str(value)


def _whole(text: str) -> str:
    """Return `text` without lone surrogates, which no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _date(date: str) -> str | None:
    """Return a date as `YYYY-MM-DD` where it is understood, else as it is given."""
    date = _whole(date.strip())
    return date_in_text(date[:10]) or date_in_text(date) or date or None


def parquet_library() -> Any:  # noqa: ANN401 (a module)
    """Return `pyarrow.parquet`. Raises `HaltungError` where it is not installed."""
    try:
        import pyarrow.parquet
    except ImportError:
        raise HaltungError("Parquet files need pyarrow; run: pip install 'haltung[parquet]'") from None
    return pyarrow.parquet
