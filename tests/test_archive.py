import csv
import datetime
import json
import os
import time
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from haltung import archive
from haltung.archive import Broken, Chunk, Fields, Record, archives, chunks
from haltung.archive_scores import columns, in_one_process, in_processes, scored
from haltung.article import Article
from haltung.errors import HaltungError

ROWS = [
    {"id": "a1", "date": "2024-10-24", "title": "Neues aus Seoul", "text": "Südkorea prüft Waffenhilfe für Kiew."},
    {"id": "a2", "date": "2024-10-25", "title": "Wetter", "text": "Es regnet.\nMorgen auch, sagt „der Dienst“; ja."},
    {"id": "a3", "date": "2024-10-26", "title": "Lage", "text": 'Er sagte "nein",\r\nSeoul liefere keine Waffen.'},
]
TEXTS = [row["text"] for row in ROWS]


def rows_of(*paths, **fields):
    """All rows of archives, in order."""
    return [row for chunk in chunks(paths, Fields(**fields)) for row in chunk.rows]


def found_in(rows):
    return [row.article.text for row in rows if isinstance(row, Record)]


def broken_in(rows):
    return [(row.place, row.reason) for row in rows if isinstance(row, Broken)]


def write_jsonl(path, rows, **options):
    path.write_bytes("".join(json.dumps(row, **options) + "\n" for row in rows).encode())
    return path


def write_csv(path, rows, encoding="utf-8", **options):
    with path.open("w", encoding=encoding, newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), **options)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_parquet(path, rows, **options):
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path, **options)
    return path


def written(path, rows):
    write = {".csv": write_csv, ".parquet": write_parquet}.get(path.suffix.lower(), write_jsonl)
    return write(path, rows)


def with_bytes(path, *lines):
    path.write_bytes(b"\n".join(lines) + b"\n")
    return path


SUFFIXES = pytest.mark.parametrize("suffix", [".jsonl", ".ndjson", ".csv", ".parquet", ".JSONL", ".CSV", ".Parquet"])


@SUFFIXES
def test_every_format_gives_the_same_articles(tmp_path, suffix):
    path = written(tmp_path / f"a{suffix}", ROWS)
    rows = rows_of(path)
    assert [(row.id, row.article.date, row.article.title, row.article.text) for row in rows] == [
        tuple(row.values()) for row in ROWS
    ]
    assert [int(row.article.source.split()[-1]) for row in rows] == (
        [2, 3, 5] if "csv" in suffix.lower() else [1, 2, 3]
    )


@SUFFIXES
def test_fields_have_the_names_that_are_given_and_others_are_carried_over(tmp_path, suffix):
    renamed = [
        {"nr": row["id"], "am": row["date"], "kopf": row["title"], "body": row["text"], "ort": "Bonn", "text": "falsch"}
        for row in ROWS
    ]
    path = written(tmp_path / f"a{suffix}", renamed)
    rows = rows_of(path, id="nr", date="am", title="kopf", text="body", kept=("ort", "nr", "fehlt"))
    assert [(row.id, row.article.date, row.article.title, row.article.text) for row in rows] == [
        tuple(row.values()) for row in ROWS
    ]
    assert [row.kept for row in rows] == [("Bonn", row["id"], "") for row in ROWS]


@pytest.mark.parametrize("suffix", [".jsonl", ".csv", ".parquet"])
def test_only_the_text_is_needed_and_the_place_stands_for_the_id(tmp_path, suffix):
    path = written(tmp_path / f"a{suffix}", [{"text": "Es regnet."}, {"text": "Es schneit."}])
    rows = rows_of(path)
    assert found_in(rows) == ["Es regnet.", "Es schneit."]
    assert [(row.article.title, row.article.date) for row in rows] == [(None, None)] * 2
    assert [row.id for row in rows] == [row.article.source for row in rows]
    assert len({row.id for row in rows}) == 2
    assert all(row.id.startswith(str(path)) for row in rows)


def test_a_byte_order_mark_is_no_part_of_the_first_field(tmp_path):
    lines = write_jsonl(tmp_path / "a.jsonl", ROWS)
    lines.write_bytes(b"\xef\xbb\xbf" + lines.read_bytes())
    table = write_csv(tmp_path / "b.csv", ROWS, encoding="utf-8-sig", quoting=csv.QUOTE_ALL)
    for path in (lines, table):
        assert [row.id for row in rows_of(path)] == ["a1", "a2", "a3"]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_delimiters_and_line_ends_of_csv_are_found_out(tmp_path, delimiter, end):
    path = write_csv(tmp_path / "a.csv", ROWS, delimiter=delimiter, lineterminator=end, quoting=csv.QUOTE_ALL)
    assert found_in(rows_of(path)) == TEXTS


def test_semicolons_as_german_excel_writes_them(tmp_path):
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffid;date;title;text\r\n7;24.10.2024;Lage, kurz;Seoul prüft, sagt man.\r\n".encode())
    (row,) = rows_of(path)
    assert (row.id, row.article.date, row.article.title, row.article.text) == (
        "7",
        "2024-10-24",
        "Lage, kurz",
        "Seoul prüft, sagt man.",
    )


def test_lines_that_end_in_carriage_return_and_blank_lines_in_json(tmp_path):
    path = with_bytes(tmp_path / "a.jsonl", b'{"text": "eins"}\r', b"", b"  \r", b'{"text": "zwei"}\r', b"kaputt")
    rows = rows_of(path)
    assert found_in(rows) == ["eins", "zwei"]
    assert broken_in(rows) == [(f"{path}: line 5", "is not valid JSON")]


def test_line_breaks_in_quotation_marks_do_not_shift_the_places_in_csv(tmp_path):
    path = with_bytes(tmp_path / "a.csv", b"id,text", b'1,"eins', b"", b'noch ""eins"""', b"", b"2", b"3,drei")
    rows = rows_of(path)
    assert found_in(rows) == ['eins\n\nnoch "eins"', "drei"]
    assert [row.article.source for row in rows if isinstance(row, Record)] == [f"{path}: line 2", f"{path}: line 7"]
    assert broken_in(rows) == [(f"{path}: line 6", "has 1 cells, the header has 2")]


@pytest.mark.parametrize("line", [b"1,eins,zuviel", b"1", b"1,,"])
def test_a_row_with_another_number_of_cells_is_kept_out(tmp_path, line):
    path = with_bytes(tmp_path / "a.csv", b"id,text", line, b"2,zwei")
    rows = rows_of(path)
    assert found_in(rows) == ["zwei"]
    assert [place for place, _ in broken_in(rows)] == [f"{path}: line 2"]


@pytest.mark.parametrize(
    ("lines", "swallowed"),
    [
        ([b'1,"Der Text beginnt', b"2,zwei", b"3,drei"], True),  # to the end of the file
        ([b'1,"Der Text beginnt', b'2,"zwei"', b'3,"drei"'], False),  # to the next quotation mark
    ],
)
def test_a_quote_that_is_never_closed_makes_no_article_of_the_rows_after_it(tmp_path, lines, swallowed):
    path = with_bytes(tmp_path / "a.csv", b"id,text", b"0,null", *lines)
    rows = rows_of(path)
    texts = found_in(rows)
    assert texts[0] == "null"
    assert not any("beginnt" in text and "zwei" in text for text in texts), texts
    assert f"{path}: line 3" in [place for place, _ in broken_in(rows)]
    assert swallowed or "drei" in texts


def test_zeros_in_a_text(tmp_path):
    table = with_bytes(tmp_path / "a.csv", b"id,text", b"1,ei\0ns", b"2,zwei")
    assert found_in(rows_of(table)) == ["ei\0ns", "zwei"]
    lines = with_bytes(
        tmp_path / "a.jsonl", b'{"text": "ei\\u0000ns"}', b'{"text": "r\0oh"}', b"\0" * 50, b'{"text": "zwei"}'
    )
    rows = rows_of(lines)
    assert found_in(rows) == ["ei\0ns", "zwei"]
    assert [place for place, _ in broken_in(rows)] == [f"{lines}: line 2", f"{lines}: line 3"]


@pytest.mark.parametrize(
    ("name", "lines", "place"),
    [
        ("a.jsonl", [b'{"text": "gr\xfcn"}', '{"text": "grün"}'.encode()], "line 1"),
        ("a.jsonl", ['{"text": "grün"}'.encode(), b'{"text": "x", "title": "\xff"}'], "line 2"),
        ("a.csv", [b"id,text", b"1,gr\xfcn", "2,grün".encode()], "line 2"),
        ("a.csv", [b"id,text", "1,grün".encode(), b"\xe2\x82,x"], "line 3"),
        # a surrogate in UTF-8 is none
        ("a.csv", [b"id,text", b"1,\xed\xa0\xbd", "2,grün".encode()], "line 2"),
    ],
)
def test_a_row_that_is_no_utf_8_is_kept_out(tmp_path, name, lines, place):
    path = with_bytes(tmp_path / name, *lines)
    rows = rows_of(path)
    assert found_in(rows) == ["grün"]
    assert broken_in(rows) == [(f"{path}: {place}", "is not valid UTF-8")]


def test_a_row_of_parquet_that_is_no_utf_8_is_kept_out(tmp_path):
    # some writers put bytes of any encoding into a column of strings; nothing checks them
    texts = pyarrow.array(["grün".encode(), b"gr\xfcn", b"rot"], pyarrow.binary()).view(pyarrow.string())
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": texts}), path)
    rows = rows_of(path)
    assert found_in(rows) == ["grün", "rot"]
    assert [place for place, _ in broken_in(rows)] == [f"{path}: row 2"]


def test_utf_16_is_told_row_by_row_and_is_no_article(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_bytes('{"text": "grün"}\n'.encode("utf-16"))
    assert found_in(rows_of(path)) == []
    assert broken_in(rows_of(path))


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"[1, 2]", "not a JSON object"),
        (b"null", "not a JSON object"),
        (b'"Seoul"', "not a JSON object"),
        (b"7", "not a JSON object"),
        (b"{'text': 'x'}", "not valid JSON"),
        (b'{"text": "x"', "not valid JSON"),
        (b'{"text": "x"} {"text": "y"}', "not valid JSON"),
        (b'{"text": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "not valid JSON"),
        (b'{"text": "x", "n": ' + b"7" * 5000 + b"}", "not valid JSON"),
        (b"{}", "has no 'text'"),
        (b'{"Text": "x"}', "has no 'text'"),
        (b'{"text": null}', "has no 'text'"),
        (b'{"text": ""}', "'text' is empty"),
        (b'{"text": " \\n\\t\\u00a0"}', "'text' is empty"),
        (b'{"text": 7}', "'text' is not a text"),
        (b'{"text": 0}', "'text' is not a text"),
        (b'{"text": false}', "'text' is not a text"),
        (b'{"text": ["x"]}', "'text' is not a text"),
        (b'{"text": {"de": "x"}}', "'text' is not a text"),
        (b'{"text": NaN}', "'text' is not a text"),
    ],
)
def test_a_line_that_is_no_article_is_kept_out_and_the_rest_goes_on(tmp_path, line, reason):
    path = with_bytes(tmp_path / "a.jsonl", b'{"text": "vorher"}', line, b'{"text": "nachher"}')
    rows = rows_of(path)
    assert found_in(rows) == ["vorher", "nachher"]
    ((place, told),) = broken_in(rows)
    assert place == f"{path}: line 2"
    assert reason in told


@pytest.mark.parametrize(
    ("column", "reason"),
    [
        (pyarrow.array(["vorher", None, "nachher"]), "has no 'text'"),
        (pyarrow.array(["vorher", " ", "nachher"]), "'text' is empty"),
    ],
)
def test_a_row_of_parquet_that_is_no_article_is_kept_out(tmp_path, column, reason):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": column}), path)
    rows = rows_of(path)
    assert found_in(rows) == ["vorher", "nachher"]
    assert broken_in(rows) == [(f"{path}: row 2", reason)]


@pytest.mark.parametrize("column", [pyarrow.array([1, 2]), pyarrow.array([b"a", b"b"]), pyarrow.array([["a"], ["b"]])])
def test_a_column_of_parquet_that_is_no_text_has_no_articles(tmp_path, column):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": column}), path)
    assert [reason for _, reason in broken_in(rows_of(path))] == ["'text' is not a text"] * 2


@pytest.mark.parametrize("kind", [pyarrow.large_string(), pyarrow.dictionary(pyarrow.int32(), pyarrow.string())])
def test_other_kinds_of_text_columns_in_parquet(tmp_path, kind):
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array(["grün", "rot", "grün"]).cast(kind)}), path)
    assert found_in(rows_of(path)) == ["grün", "rot", "grün"]


@pytest.mark.parametrize("limit", [40, 41, 64])
def test_a_line_that_is_too_long_is_told_and_the_places_after_it_are_right(tmp_path, monkeypatch, limit):
    monkeypatch.setattr(archive, "_LONGEST", limit)
    long = b'{"text": "' + b"x" * 300 + b'"}'
    path = with_bytes(tmp_path / "a.jsonl", b'{"text": "vorher"}', long, b'{"text": "nachher"}', b"kaputt", long)
    path.write_bytes(path.read_bytes().removesuffix(b"\n"))
    rows = rows_of(path)
    assert found_in(rows) == ["vorher", "nachher"]
    told = broken_in(rows)
    assert [place for place, _ in told] == [f"{path}: line {number}" for number in (2, 4, 5)]
    assert ["longer" in reason for _, reason in told] == [True, False, True]


def test_a_line_as_long_as_the_limit_allows_is_read(tmp_path, monkeypatch):
    line = b'{"text": "' + b"x" * 80 + b'"}\n'
    monkeypatch.setattr(archive, "_LONGEST", len(line))
    path = tmp_path / "a.jsonl"
    path.write_bytes(line * 2)
    assert found_in(rows_of(path)) == ["x" * 80] * 2


def test_a_cell_that_is_too_long_is_told_and_the_rest_goes_on(tmp_path, monkeypatch):
    monkeypatch.setattr(archive, "_LONGEST", 1000)
    before = csv.field_size_limit()
    path = with_bytes(
        tmp_path / "a.csv", b"id,text", b"1," + b"x" * 3000, b"2,zwei", b'3,"' + b"y" * 3000 + b'"', b"4,vier"
    )
    rows = rows_of(path)
    assert found_in(rows) == ["zwei", "vier"]
    assert [place for place, _ in broken_in(rows)] == [f"{path}: line 2", f"{path}: line 4"]
    assert csv.field_size_limit() == before


def test_ids_and_titles_that_are_numbers(tmp_path):
    rows = [{"id": 0, "title": 2024, "text": "a"}, {"id": 12345678901234567890, "title": 1.5, "text": "b"}]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    assert [(row.id, row.article.title) for row in rows_of(path)] == [("0", "2024"), ("12345678901234567890", "1.5")]
    path = write_parquet(tmp_path / "a.parquet", [{"id": 0, "text": "a"}, {"id": 7, "text": "b"}])
    assert [row.id for row in rows_of(path)] == ["0", "7"]


@pytest.mark.parametrize(
    "value",
    [
        datetime.date(2024, 10, 24),
        datetime.datetime(2024, 10, 24, 23, 5),
        datetime.datetime(2024, 10, 24, 23, 5, 7, 123456, tzinfo=datetime.UTC),
    ],
)
def test_dates_of_parquet_are_days(tmp_path, value):
    path = write_parquet(tmp_path / "a.parquet", [{"id": "1", "date": value, "text": "x"}])
    (row,) = rows_of(path)
    assert row.article.date == "2024-10-24"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("2024-10-24", "2024-10-24"),
        ("2024-10-24T17:05:00+02:00", "2024-10-24"),
        ("2024-10-24 17:05", "2024-10-24"),
        ("24.10.2024", "2024-10-24"),
        ("1.3.2024", "2024-03-01"),
        ("1.3.2024 12:30", "2024-03-01"),
        ("24. Oktober 2024", "2024-10-24"),
        ("3. März 2022", "2022-03-03"),
        ("Donnerstag, 24.10.2024, 17:05 Uhr", "2024-10-24"),
        (" 24.10.2024 ", "2024-10-24"),
        ("Herbst 2024", "Herbst 2024"),
        ("30.02.2024", "30.02.2024"),
        ("", None),
        ("  ", None),
        (None, None),
    ],
)
def test_dates_as_germans_write_them(tmp_path, given, read):
    (row,) = rows_of(write_jsonl(tmp_path / "a.jsonl", [{"date": given, "text": "Es regnet."}]))
    assert row.article.date == read


def test_halves_of_characters_are_replaced_one_by_one(tmp_path):
    head = rb'{"id": "\ud800", "date": "\udfff", "title": "T\ud83d", "k": "\udc80", '
    line = head + rb'"text": "a\ud83db\ude00c \ud83d\ude00"}'
    (row,) = rows_of(with_bytes(tmp_path / "a.jsonl", line), kept=("k",))
    assert (row.id, row.article.title, row.article.text, row.kept) == ("?", "T?", "a?b?c 😀", ("?",))
    assert row.article.date == "?"


@pytest.mark.parametrize("suffix", [".jsonl", ".ndjson"])
def test_an_empty_file_of_lines_holds_nothing(tmp_path, suffix):
    path = tmp_path / f"a{suffix}"
    path.touch()
    assert list(chunks([path], Fields())) == []


def test_a_header_alone_holds_nothing(tmp_path):
    table = with_bytes(tmp_path / "a.csv", b"id,date,title,text")
    parquet = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.table({"text": pyarrow.array([], pyarrow.string())}), parquet)
    assert list(chunks([table, parquet], Fields())) == []


@pytest.mark.parametrize("content", [b"", b"\n", b"id,Text\n1,x\n", b"\xff\xfei\0d\0", b"\0\0\0\0"])
def test_a_table_without_the_column_of_the_text_is_refused(tmp_path, content):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(HaltungError, match=r"a\.csv: line 1: has no column 'text' .*--text"):
        list(chunks([path], Fields()))


def test_a_parquet_file_without_the_column_of_the_text_is_refused(tmp_path):
    path = write_parquet(tmp_path / "a.parquet", [{"id": "1", "body": "x"}])
    with pytest.raises(HaltungError, match=r"a\.parquet: has no column 'text' \(it has id, body\)"):
        list(chunks([path], Fields()))


@pytest.mark.parametrize("kept", [0, 4, 0.5, -10])
def test_a_parquet_file_that_is_cut_off_is_refused(tmp_path, kept):
    path = write_parquet(tmp_path / "a.parquet", [{"text": f"Satz {number}"} for number in range(500)])
    data = path.read_bytes()
    path.write_bytes(data[: int(kept * len(data)) if isinstance(kept, float) else kept])
    with pytest.raises(HaltungError, match=r"a\.parquet: cannot be read as Parquet"):
        list(chunks([path], Fields()))


@pytest.mark.parametrize("compression", ["snappy", "zstd", "gzip"])
def test_a_parquet_file_that_is_damaged_inside_is_refused_by_name(tmp_path, compression):
    rows = [{"text": f"Satz {number * 7919 % 100003} von {number}."} for number in range(2000)]
    path = write_parquet(tmp_path / "a.parquet", rows, compression=compression)
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + 200] = b"\xff" * 200
    path.write_bytes(data)
    with pytest.raises(HaltungError, match=r"a\.parquet: "):
        list(chunks([path], Fields()))


def test_a_file_that_vanishes_is_refused_by_name(tmp_path):
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        with pytest.raises(HaltungError, match=f"{name}: cannot be read"):
            list(chunks([tmp_path / name], Fields()))


def test_patterns_stand_for_their_files_in_order_and_each_once(tmp_path, monkeypatch):
    for name in ("b.jsonl", "a.jsonl", "c.csv", "x[1].jsonl", "deep/er/d.jsonl", "notes.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    monkeypatch.chdir(tmp_path)
    assert archives(["b.jsonl", "a.jsonl"]) == [Path("b.jsonl"), Path("a.jsonl")]
    assert archives(["?.jsonl"]) == [Path("a.jsonl"), Path("b.jsonl")]
    assert archives(["c.csv", "*.jsonl", "./a.jsonl"]) == [
        Path(name) for name in ("c.csv", "a.jsonl", "b.jsonl", "x[1].jsonl")
    ]
    assert archives(["x[1].jsonl"]) == [Path("x[1].jsonl")]
    assert archives([f"{tmp_path}/**/*.jsonl"])[-1] == tmp_path / "x[1].jsonl"
    assert tmp_path / "deep" / "er" / "d.jsonl" in archives([f"{tmp_path}/**/*.jsonl"])


def test_a_file_named_in_two_ways_is_read_once(tmp_path, monkeypatch):
    (tmp_path / "a.jsonl").touch()
    (tmp_path / "deep").mkdir()
    monkeypatch.chdir(tmp_path)
    assert len(archives(["a.jsonl", str(tmp_path / "a.jsonl"), "deep/../a.jsonl"])) == 1


@pytest.mark.parametrize(
    ("name", "complaint"),
    [
        ("nirgends.jsonl", "is not there"),
        ("*.parquet", "is not there"),
        ("folder", "is a folder"),
        ("folder.jsonl", "is a folder"),
        ("a.txt", "is not .jsonl, .ndjson, .csv, .parquet"),
        ("a.jsonl.gz", "is not .jsonl, .ndjson, .csv, .parquet"),
        ("*.txt", "is not .jsonl, .ndjson, .csv, .parquet"),
        ("", "is a folder"),
    ],
)
def test_what_is_no_archive_is_refused_by_name(tmp_path, monkeypatch, name, complaint):
    for folder in ("folder", "folder.jsonl"):
        (tmp_path / folder).mkdir()
    for file in ("a.txt", "a.jsonl.gz", "good.jsonl"):
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(HaltungError, match=complaint):
        archives(["good.jsonl", name])


def test_chunks_are_the_same_each_time_and_hold_every_row_once(tmp_path):
    rows = [{"id": str(number), "text": f"Satz {number}."} for number in range(450)]
    starts = {"a.jsonl": 0, "b.csv": 150, "c.parquet": 300}
    paths = [written(tmp_path / name, rows[start : start + 150]) for name, start in starts.items()]
    once, again = (list(chunks(paths, Fields())) for _ in range(2))
    assert once == again
    assert len(once) > 1
    assert [chunk.number for chunk in once] == list(range(len(once)))
    assert [row.id for chunk in once for row in chunk.rows] == [row["id"] for row in rows]
    assert sum(chunk.size for chunk in once) == sum(path.stat().st_size for path in paths)


def test_broken_rows_fill_chunks_too(tmp_path):
    path = with_bytes(tmp_path / "a.jsonl", *[b"kaputt"] * 1000)
    found = list(chunks([path], Fields()))
    assert sum(len(chunk.rows) for chunk in found) == 1000
    assert max(len(chunk.rows) for chunk in found) < 1000


@pytest.mark.parametrize("field", ["text", "title", "k"])
def test_a_chunk_is_small_whichever_field_is_long(tmp_path, field):
    # else a few hundred rows with a long field fill the memory
    rows = [{"title": "", "k": "", "text": "x"} | {field: "x" * 400_000} for _ in range(30)]
    path = write_jsonl(tmp_path / "a.jsonl", rows)
    longest = max(
        sum(len(row.article.title or "") + len(row.article.text) + len(row.kept[0]) for row in chunk.rows)
        for chunk in chunks([path], Fields(kept=("k",)))
    )
    assert longest < 4_000_000


ARTICLES = [
    Article("", "Südkorea prüft Waffenhilfe für Kiew. Es regnet in Berlin. Seoul liefert keine Munition.", None),
    Article("", "Neues aus Seoul\n\nSüdkorea denkt über Flugabwehr nach.\r\n\r\nEs regnet.", "Neues aus Seoul"),
    Article(
        "", "Man stimme sich mit den Verbündeten ab.\tSagte er; „ja“.  \n\n  Dann schwieg er.", "Seoul prüft Waffen"
    ),
    Article("", "  \n 😀 Seoul schließt das aus!\x0bOder\u2028nicht? \u00a0 ", " Titel \n aus zwei Zeilen "),
    Article("", "x", None),
    Article("", "!!!", "?"),
    Article("", "\0 \u200b", None),
]


def chunk_of(articles, kept=()):
    rows = (Record(str(number), article, kept) for number, article in enumerate(articles))
    return Chunk(3, tuple(rows), 100)


def as_dicts(model, chunk, by_sentence, fields=None):
    names = columns(model.classes_, fields or Fields(), by_sentence)
    return [dict(zip(names, row, strict=True)) for row in scored(model, chunk, by_sentence).rows]


def test_a_row_an_article_says_what_classify_says(small_model):
    # more of them than the model reads together
    articles = ARTICLES * 12
    rows = as_dicts(small_model, chunk_of(articles), by_sentence=False)
    assert [row["id"] for row in rows] == [str(number) for number in range(len(articles))]
    for article, row in zip(articles, rows, strict=True):
        verdict = small_model.classify(article.text, article.title)
        assert row["stance"] == verdict.stance
        assert {label: row[label] for label in small_model.classes_} == pytest.approx(verdict.probabilities, abs=2e-6)
        assert row["sentences"] == len(verdict.sentences)
        assert (row["title"], row["language"]) == (article.title, verdict.language)
    assert len({row["stance"] for row in rows}) > 1


def test_a_row_a_sentence_says_what_classify_says_and_where_it_stands(small_model):
    articles = ARTICLES * 12
    rows = as_dicts(small_model, chunk_of(articles), by_sentence=True)
    for number, article in enumerate(articles):
        mine = [row for row in rows if row["id"] == str(number)]
        verdict = small_model.classify(article.text, article.title)
        assert [(row["start"], row["end"], row["stance"]) for row in mine] == [
            (found.start, found.end, found.stance) for found in verdict.sentences
        ]
        assert [row["sentence"] for row in mine] == list(range(1, len(mine) + 1))
        for row, found in zip(mine, verdict.sentences, strict=True):
            assert row["text"] == " ".join(article.text[row["start"] : row["end"]].split())
            assert {label: row[label] for label in small_model.classes_} == pytest.approx(found.probabilities, abs=2e-6)
    assert [row["id"] for row in rows] == sorted((row["id"] for row in rows), key=int)


def test_places_of_sentences_are_those_of_the_text_as_it_is_read_from_a_file(small_model, tmp_path):
    text = "Erster Satz, sagt\r\nSeoul.\r\n\r\n  Zweiter  Satz: 😀 über Waffen. \ud83d Dritter Satz."
    path = write_jsonl(tmp_path / "a.jsonl", [{"text": text}])
    (chunk,) = chunks([path], Fields())
    rows = as_dicts(small_model, chunk, by_sentence=True)
    assert len(rows) > 1
    shown = text.replace("\ud83d", "?")
    assert [" ".join(shown[row["start"] : row["end"]].split()) for row in rows] == [row["text"] for row in rows]
    assert (rows[-1]["text"], rows[-1]["start"], rows[-1]["end"]) == ("Dritter Satz.", len(text) - 13, len(text))


def test_columns_of_both_kinds_of_rows(small_model):
    labels = list(small_model.classes_)
    fields = Fields(kept=("ort", "quelle"))
    article, sentence = (columns(labels, fields, by_sentence) for by_sentence in (False, True))
    assert article[:3] == sentence[:3] == ["id", "date", "title"]
    kept = article.index("ort")
    assert article[kept:] == ["ort", "quelle", "stance", *labels, "sentences", "language"]
    assert sentence[kept:] == ["ort", "quelle", "sentence", "start", "end", "text", "stance", *labels, "language"]
    chunk = chunk_of(ARTICLES[:1], kept=("Bonn", "dpa"))
    for by_sentence in (False, True):
        row = as_dicts(small_model, chunk, by_sentence, fields)[0]
        assert (row["ort"], row["quelle"]) == ("Bonn", "dpa")


@pytest.mark.parametrize("kept", [("date",), ("stance",), ("considers",), ("sentences",), ("ort", "ort")])
def test_a_field_that_would_be_a_column_twice_is_refused(kept):
    with pytest.raises(HaltungError, match=f"--keep {kept[-1]}: is a column"):
        columns(["considers", "rules_out"], Fields(kept=kept), by_sentence=False)


def test_broken_rows_are_handed_on_in_order_and_have_no_rows(small_model):
    first, second = Broken("a: line 1", "x"), Broken("a: line 3", "y")
    chunk = Chunk(5, (first, Record("1", ARTICLES[0]), second), 77)
    found = scored(small_model, chunk, by_sentence=False)
    assert (found.number, found.articles, found.broken, found.size) == (5, 1, (first, second), 77)
    assert [row[0] for row in found.rows] == ["1"]
    assert scored(small_model, Chunk(0, (first,), 1), by_sentence=True).rows == []


@pytest.mark.parametrize("by_sentence", [False, True])
def test_several_processes_say_what_one_says_and_end(small_model, by_sentence):
    work = [Chunk(number, chunk_of(ARTICLES).rows, number) for number in range(12)]
    one = list(in_one_process(small_model, iter(work), by_sentence))
    several = list(in_processes(small_model, iter(work), by_sentence, jobs=3))
    assert sorted(several, key=lambda found: found.number) == one
    assert list(in_processes(small_model, iter([]), by_sentence, jobs=2)) == []


def test_few_chunks_are_in_memory_at_a_time(small_model):
    read = []

    def work():
        for number in range(60):
            read.append(number)
            yield Chunk(number, chunk_of(ARTICLES[:1]).rows, 1)

    for taken, _ in enumerate(in_processes(small_model, work(), False, jobs=2), start=1):
        assert len(read) - taken < 12
    assert len(read) == 60


def test_an_error_while_reading_ends_the_processes(small_model):
    def work():
        yield Chunk(0, chunk_of(ARTICLES).rows, 1)
        raise HaltungError("a.csv: cannot be read")

    before = children()
    with pytest.raises(HaltungError, match=r"a\.csv"):
        list(in_processes(small_model, work(), False, jobs=2))
    deadline = time.monotonic() + 60
    while children() - before and time.monotonic() < deadline:
        time.sleep(0.02)
    assert children() <= before


def children():
    return set(map(int, Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()))
