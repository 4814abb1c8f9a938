import csv
import ctypes
import json
import os
import pty
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pyarrow
import pyarrow.parquet
import pytest

from haltung.archive import Fields
from haltung.archive_run import Settings, score_archives
from haltung.errors import HaltungError
from haltung.harmless import guarded
from haltung.model import load
from plain_german import SENTENCES

MANY, FEWER = 3000, 1400
PATIENCE = 120  # seconds until a wait is given up; nothing takes as long


def invented(count, seed=1):
    chance = random.Random(seed)
    for number in range(count):
        text = " ".join(chance.choices(SENTENCES, k=4))
        yield {"id": f"a{number}", "date": "2024-10-24", "title": "Neues aus Seoul", "text": text}


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read_jsonl(path):
    # not splitlines, which splits at other characters too
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]


def names_in(folder):
    return sorted(path.name for path in folder.iterdir())


def parts_of(out):
    return out.with_name(f"{out.name}.parts")


def finished_parts(out):
    return {path.name for path in parts_of(out).glob("[0-9]*.json")}


def until(condition):
    """Wait for what happens sooner or later."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.001)


def until_parts(process, out):
    """Wait until a run has finished a part; it must not have ended."""
    until(lambda: finished_parts(out) or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]


def children(pid):
    try:
        return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    except OSError:
        return []


def lives(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("archive") / "many.jsonl", invented(MANY))


@pytest.fixture(scope="module")
def shorter(tmp_path_factory):
    """An archive of some chunks, for runs that are interrupted after the first."""
    return write_jsonl(tmp_path_factory.mktemp("shorter") / "some.jsonl", invented(FEWER, seed=2))


@pytest.fixture(scope="module")
def undisturbed(shorter, small_folder, tmp_path_factory):
    """What one process makes of the shorter archive when nothing comes between."""
    folder = tmp_path_factory.mktemp("undisturbed")
    run_here(settings_of(folder, shorter, out="out.jsonl", model=small_folder, jobs=1))
    return (folder / "out.jsonl").read_bytes()


@pytest.fixture
def resumed(shorter, small_folder):
    """Go on with an interrupted run over the shorter archive; return what is told."""

    def run(out):
        settings = settings_of(out.parent, shorter, out=out.name, model=small_folder, jobs=1, resume=True)
        total, told = run_here(settings)
        assert (total.articles, total.rows, total.broken, told) == (FEWER, FEWER, 0, [])

    return run


@pytest.fixture(scope="module")
def few(tmp_path_factory, articles):
    """Real articles and oddities: cells that quotation marks, line breaks, nulls and formulas stand in."""
    rows = [
        {"id": path.stem, "date": "2024-10-24", "title": 'Lage; „kurz“, "eng"', "text": path.read_text("utf-8")}
        for path in sorted(articles.glob("*.txt"))
    ]
    rows += [
        {"id": "zwei\nZeilen", "date": "24. Oktober 2024", "title": "a\nb", "text": "Seoul prüft das.\u2028Es regnet."},
        {"id": 7, "date": None, "title": None, "text": "😀 Südkorea liefert keine Waffen."},
        {"id": 8, "text": "…"},
    ]
    return write_jsonl(tmp_path_factory.mktemp("few") / "few.jsonl", rows)


@pytest.fixture
def start(tmp_path, small_folder):
    """Start `haltung score` in a process group of its own; whatever is left of it ends with the test."""
    begun = []

    def run(*arguments, **options):
        command = [sys.executable, "-m", "haltung", "score", *map(str, arguments), "--model", str(small_folder)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "cwd": tmp_path, **options}
        process = subprocess.Popen(command, start_new_session=True, text=True, **options)
        begun.append(process)
        return process

    yield run
    for process in begun:
        kill(process)
        for pipe in (process.stdout, process.stderr):
            if pipe:
                pipe.close()


@pytest.fixture
def score(haltung, small_folder):
    return lambda *arguments, **options: haltung("score", *arguments, "--model", small_folder, **options)


def kill(process):
    """Kill a process and all that it started, as a power cut does."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


@pytest.fixture(scope="module")
def uninterrupted(archive, small_folder, tmp_path_factory):
    """What two processes make of the archive when nothing comes between."""
    out = tmp_path_factory.mktemp("uninterrupted") / "out.jsonl"
    command = [sys.executable, "-m", "haltung", "score", archive, out, "--model", small_folder, "--jobs", "2"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert names_in(out.parent) == ["out.jsonl"]
    return out.read_bytes()


@pytest.fixture
def here(haltung):
    """The folder that `score` runs in."""
    return haltung.here


def settings_of(folder, *inputs, out, **options):
    return Settings(tuple(map(str, inputs)), folder / out, options.pop("fields", Fields()), **options)


def run_here(settings):
    """Run in this process; return the total and the broken rows told."""
    told = []
    return score_archives(settings, lambda *_: None, told.append), told


@pytest.fixture
def interrupted(tmp_path, small_folder):
    """Settings of a run that stopped at a broken row, after 400 articles that are kept."""
    rows = [json.dumps(row) for row in invented(500)]
    archive = tmp_path / "mit-loch.jsonl"
    archive.write_text("\n".join([*rows[:450], "kaputt", *rows[450:]]) + "\n", encoding="utf-8")
    settings = settings_of(tmp_path, archive, out="out.jsonl", model=small_folder, jobs=1)
    with pytest.raises(HaltungError, match="--strict"):
        run_here(replace(settings, strict=True))
    assert finished_parts(settings.out)
    assert not settings.out.exists()
    return replace(settings, resume=True)


@pytest.fixture
def mended(interrupted, tmp_path):
    """What the interrupted run comes to when it was never interrupted."""
    anew = replace(interrupted, out=tmp_path / "anew.jsonl", resume=False)
    run_here(anew)
    return anew.out.read_bytes()


def test_the_rows_are_those_of_the_archive_in_order_and_say_what_classify_says(uninterrupted, archive, small_folder):
    rows = [json.loads(line) for line in uninterrupted.decode().splitlines()]
    assert [row["id"] for row in rows] == [f"a{number}" for number in range(MANY)]
    model = load(small_folder)
    for row, given in list(zip(rows, read_jsonl(archive), strict=True))[:: MANY // 20]:
        verdict = model.classify(given["text"], given["title"])
        assert row["stance"] == verdict.stance
        assert {label: row[label] for label in model.classes_} == pytest.approx(verdict.probabilities, abs=2e-6)


def test_one_process_writes_the_same_bytes_as_two(score, archive, here, uninterrupted):
    done = score(archive, "out.jsonl", "--jobs", 1)
    assert done.returncode == 0
    assert re.fullmatch(r"3,000 articles in .* s \(.* a second\)\. Wrote out\.jsonl\.\n", done.stderr)
    assert done.stdout == ""
    assert (here / "out.jsonl").read_bytes() == uninterrupted
    assert names_in(here) == ["out.jsonl"]


@pytest.mark.parametrize("options", [[], ["--sentences"]])
def test_every_output_format_holds_the_same_values(score, few, here, options):
    for name in ("out.jsonl", "out.csv", "out.parquet"):
        done = score(few, name, *options, "--jobs", 1)
        assert done.returncode == 0, done.stderr
    lines = read_jsonl(here / "out.jsonl")
    parquet = pyarrow.parquet.read_table(here / "out.parquet")
    with (here / "out.csv").open(encoding="utf-8", newline="") as file:
        cells = list(csv.DictReader(file))
    assert parquet.to_pylist() == lines
    assert list(cells[0]) == parquet.column_names == list(lines[0])
    assert [list(row.values()) for row in cells] == [
        ["" if value is None else str(guarded(value)) for value in row.values()] for row in lines
    ]
    wholes = ["sentence", "start", "end"] if options else ["sentences"]
    assert {parquet.schema.field(name).type for name in wholes} == {pyarrow.int64()}
    assert {parquet.schema.field(name).type for name in ("rules_out", "considers")} == {pyarrow.float64()}
    assert {parquet.schema.field(name).type for name in ("id", "date", "title", "stance")} == {pyarrow.string()}
    texts = {str(row["id"]): row["text"] for row in read_jsonl(few)}
    assert {row["id"] for row in lines} == set(texts)
    if options:
        assert all(row["text"] == " ".join(texts[row["id"]][row["start"] : row["end"]].split()) for row in lines)


def test_a_carriage_return_in_a_title_tears_no_row_of_a_csv_output_apart(tmp_path, small_folder):
    titles = ["Neues\raus Seoul", "Neues\r\naus Seoul", "Neues\naus Seoul"]
    archive = write_jsonl(tmp_path / "a.jsonl", [{"id": 1, "title": title, "text": "Es regnet."} for title in titles])
    run_here(settings_of(tmp_path, archive, out="out.csv", model=small_folder, jobs=1))
    with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
        assert [row["title"] for row in csv.DictReader(file)] == ["Neues\naus Seoul"] * 3


def test_files_of_all_formats_and_patterns_come_into_one_output(score, here):
    rows = [{"nr": row["id"], "body": row["text"], "ort": "Bonn"} for row in invented(40)]
    for place, name in enumerate(("2024-1.jsonl", "2024-2.jsonl")):
        write_jsonl(here / name, rows[10 * place : 10 * place + 10])
    with (here / "c.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]), delimiter=";")
        writer.writeheader()
        writer.writerows(rows[20:30])
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows[30:]), here / "p.parquet")
    done = score("2024-*.jsonl", "c.csv", "p.parquet", "out.csv", "--id", "nr", "--text", "body", "--keep", "ort")
    assert done.returncode == 0, done.stderr
    with (here / "out.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["id"] for row in found] == [row["nr"] for row in rows]
    assert {row["ort"] for row in found} == {"Bonn"}


def test_a_broken_row_is_told_with_its_place_and_counted_and_the_rest_goes_on(score, here):
    good = [json.dumps(row) for row in invented(3)]
    (here / "a.jsonl").write_text("\n".join([good[0], "kaputt", good[1], "[]", '{"id": 4}', good[2]]))
    (here / "b.csv").write_text("id,text\n1,Es regnet.\n2\n")
    done = score("a.jsonl", "b.csv", "out.jsonl", "--jobs", 2)
    *told, last = done.stderr.splitlines()
    assert told == [
        "haltung: a.jsonl: line 2: is not valid JSON; left out",
        "haltung: a.jsonl: line 4: is not a JSON object; left out",
        "haltung: a.jsonl: line 5: has no 'text'; left out",
        "haltung: b.csv: line 3: has 1 cells, the header has 2; left out",
    ]
    assert last.startswith("4 articles in ")
    assert "; 4 broken rows left out" in last
    assert done.returncode == 1
    assert [row["id"] for row in read_jsonl(here / "out.jsonl")] == ["a0", "a1", "a2", "1"]


def test_strict_stops_at_a_broken_row_and_can_go_on_without(score, here):
    good = [json.dumps(row) for row in invented(3)]
    (here / "a.jsonl").write_text("\n".join([*good[:2], "kaputt", good[2]]))
    done = score("a.jsonl", "out.jsonl", "--strict", "--jobs", 2)
    (told,) = done.stderr.splitlines()
    assert told.startswith("haltung: a.jsonl: line 3: is not valid JSON; ")
    assert done.returncode == 2
    assert not (here / "out.jsonl").exists()
    again = score("a.jsonl", "out.jsonl", "--resume")
    assert again.returncode == 1
    assert [row["id"] for row in read_jsonl(here / "out.jsonl")] == ["a0", "a1", "a2"]


def test_strict_stops_where_the_broken_row_was_met_before_the_interruption(interrupted):
    run = replace(interrupted, resume=True)
    (number,) = {"0.json", "1.json", "2.json"} - finished_parts(run.out)
    _, told = run_here(replace(run, strict=False))
    assert [row.place for row in told] == [f"{run.inputs[0]}: line 451"]
    assert number == "2.json"


def test_broken_rows_are_counted_and_told_again_when_a_run_is_resumed(tmp_path, small_folder):
    rows = [json.dumps(row) for row in invented(600)]
    archive = tmp_path / "a.jsonl"
    archive.write_text("\n".join([rows[0], "kaputt", *rows[1:500], '{"text": 7}', *rows[500:]]))
    settings = settings_of(tmp_path, archive, out="out.jsonl", model=small_folder, jobs=1)

    def stop(articles, size, before):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_archives(settings, stop, lambda row: None)
    assert finished_parts(settings.out) == {"0.json"}
    seen = []
    told = []
    total = score_archives(replace(settings, resume=True), lambda *step: seen.append(step), told.append)
    assert sorted(row.place for row in told) == [f"{archive}: line 2", f"{archive}: line 502"]
    assert (total.articles, total.rows, total.broken) == (600, 600, 2)
    assert [before for _, _, before in seen] == [True] + [False] * (len(seen) - 1)
    assert sum(articles for articles, _, _ in seen) == 600
    assert sum(size for _, size, _ in seen) == archive.stat().st_size


def test_power_cuts_at_any_moment_lose_and_double_no_row(start, archive, tmp_path, uninterrupted):
    chance = random.Random(7)
    out = tmp_path / "out.jsonl"
    cut = []
    for _ in range(8):
        before = finished_parts(out)
        process = start(archive, out, "--jobs", 2, "--resume")
        if chance.random() < 0.25:
            time.sleep(chance.uniform(0, 0.6))  # also before there is anything
        else:
            until(lambda: process.poll() is not None or finished_parts(out) > before)  # noqa: B023 (called at once)
            time.sleep(chance.choice([0, 0, chance.uniform(0, 0.05)]))  # also while a part is being written
        kill(process)
        cut.append((len(before), len(finished_parts(out)), out.exists()))
    assert sum(had < has and not done for had, has, done in cut) >= 3, cut  # kills that came in the midst of work
    last = start(archive, out, "--jobs", 2, "--resume")
    _, told = last.communicate()
    assert last.returncode == 0, told
    assert out.read_bytes() == uninterrupted
    assert names_in(tmp_path) == ["out.jsonl"]


@pytest.mark.parametrize("name", ["out.jsonl", "out.parquet"])
def test_a_power_cut_while_the_output_is_put_together(start, resumed, shorter, tmp_path, name, undisturbed):
    out, draft = tmp_path / name, tmp_path / f".{name}.draft"
    process = start(shorter, out, "--jobs", 2)
    while not draft.exists() and not out.exists() and process.poll() is None:
        pass  # the moment is short
    kill(process)
    expected = [json.loads(line) for line in undisturbed.decode().splitlines()]
    read = (lambda: pyarrow.parquet.read_table(out).to_pylist()) if name == "out.parquet" else lambda: read_jsonl(out)
    assert not out.exists() or read() == expected  # nothing half done has the name of the output
    resumed(out)
    assert read() == expected
    assert names_in(tmp_path) == [name]


def test_no_process_outlives_the_one_that_started_it(start, resumed, shorter, tmp_path, undisturbed):
    out = tmp_path / "out.jsonl"
    process = start(shorter, out, "--jobs", 3)
    until_parts(process, out)
    workers = children(process.pid)
    assert len(workers) == 3
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert not out.exists()
    until(lambda: not any(map(lives, workers)))
    resumed(out)
    assert out.read_bytes() == undisturbed


def test_a_run_that_was_killed_can_be_resumed_at_once(start, resumed, shorter, tmp_path, undisturbed):
    # its processes may still be ending
    out = tmp_path / "out.jsonl"
    process = start(shorter, out, "--jobs", 2)
    until_parts(process, out)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    resumed(out)
    assert out.read_bytes() == undisturbed


def test_ctrl_c_says_how_to_go_on(start, resumed, shorter, tmp_path, undisturbed):
    out = tmp_path / "out.jsonl"
    process = start(shorter, out, "--jobs", 2)
    until_parts(process, out)
    workers = children(process.pid)
    os.killpg(process.pid, signal.SIGINT)  # a terminal sends it to all of them
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert [line for line in told.splitlines() if line] == ["haltung: interrupted; go on with --resume"]
    assert not any(map(lives, workers))
    assert not out.exists()
    resumed(out)
    assert out.read_bytes() == undisturbed


def test_a_scoring_process_that_is_killed_is_told_in_one_line(start, resumed, shorter, tmp_path, undisturbed):
    out = tmp_path / "out.jsonl"
    process = start(shorter, out, "--jobs", 2)
    until_parts(process, out)
    os.kill(children(process.pid)[0], signal.SIGKILL)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    (line,) = told.splitlines()
    assert line.startswith("haltung: ")
    assert "--resume" in line
    resumed(out)
    assert out.read_bytes() == undisturbed


def test_a_second_process_on_the_same_output_is_refused(start, score, shorter, tmp_path, undisturbed):
    out = tmp_path / "out.jsonl"
    process = start(shorter, out, "--jobs", 2)
    until_parts(process, out)
    os.killpg(process.pid, signal.SIGSTOP)
    others = [score(shorter, out, *options) for options in (["--resume"], ["--overwrite"], [])]
    os.killpg(process.pid, signal.SIGCONT)
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    assert out.read_bytes() == undisturbed
    assert [(other.returncode, len(other.stderr.splitlines())) for other in others] == [(2, 1)] * 3
    assert "another haltung" in others[0].stderr
    # nobody is told to remove what the first process writes
    assert not [other.stderr for other in others if "remove" in other.stderr]


def test_a_run_that_was_interrupted_comes_to_the_same(interrupted, mended):
    total, told = run_here(interrupted)
    assert (total.articles, total.broken) == (500, 1)
    assert [row.place for row in told] == [f"{interrupted.inputs[0]}: line 451"]
    assert interrupted.out.read_bytes() == mended


@pytest.mark.parametrize("change", ["longer", "newer", "another", "one more"])
def test_resume_refuses_other_inputs(interrupted, tmp_path, change):
    path = Path(interrupted.inputs[0])
    inputs = interrupted.inputs
    if change == "longer":
        path.write_text(path.read_text() + "\n")
    elif change == "newer":  # edited, and of the same size
        path.write_text(path.read_text().replace("kaputt", "Kaputt"))
        os.utime(path, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns + 1_000_000))
    else:
        copy = Path(shutil.copy2(path, tmp_path / "copy.jsonl"))
        inputs = (str(copy),) if change == "another" else (*inputs, str(copy))
    before = names_in(parts_of(interrupted.out))
    with pytest.raises(HaltungError, match=r"out\.jsonl\.parts: is of a run with other inputs"):
        run_here(replace(interrupted, inputs=inputs))
    assert not interrupted.out.exists()
    assert names_in(parts_of(interrupted.out)) == before


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"by_sentence": True}, "sentences"),
        ({"fields": Fields(kept=("title2",))}, "fields"),
        ({"fields": Fields(id="nr")}, "fields"),
        ({"fields": Fields(title="kopf")}, "fields"),
    ],
)
def test_resume_refuses_other_options(interrupted, options, named):
    with pytest.raises(HaltungError, match=f"is of a run with other {named}"):
        run_here(replace(interrupted, **options))
    assert not interrupted.out.exists()


def test_resume_refuses_another_model(interrupted, weather_folder, small_copy):
    with pytest.raises(HaltungError, match="is of a run with other model"):
        run_here(replace(interrupted, model=weather_folder))
    # the same model elsewhere is the same
    assert run_here(replace(interrupted, model=small_copy))[0].articles == 500


def test_an_interrupted_run_is_not_begun_anew_unasked(interrupted):
    for overwrite in (False, True):
        with pytest.raises(HaltungError, match="holds an interrupted run; go on with --resume"):
            run_here(replace(interrupted, resume=False, overwrite=overwrite))
    assert finished_parts(interrupted.out)


@pytest.mark.parametrize("draft", [".2.json.draft", ".0.json.draft", ".plan.json.draft"])
def test_a_half_written_draft_is_ignored(interrupted, mended, draft):
    (parts_of(interrupted.out) / draft).write_text('{"size": 12, "articles": 200, "rows": [["a4')
    (interrupted.out.with_name(".out.jsonl.draft")).write_text('{"id": "a0", "da')
    assert run_here(interrupted)[0].articles == 500
    assert interrupted.out.read_bytes() == mended
    assert not list(interrupted.out.parent.glob(".*"))


@pytest.mark.parametrize("damage", ["cut off", "empty", "zeros"])
def test_a_damaged_part_is_scored_again(interrupted, mended, damage):
    part = parts_of(interrupted.out) / "1.json"
    data = part.read_bytes()
    part.write_bytes({"cut off": data[: len(data) // 2], "empty": b"", "zeros": bytes(len(data))}[damage])
    assert run_here(interrupted)[0].articles == 500
    assert interrupted.out.read_bytes() == mended


def test_parts_without_a_plan_are_not_taken_for_those_of_another_run(interrupted, weather_folder):
    # a power cut while a finished run is cleared away may leave them
    (parts_of(interrupted.out) / "plan.json").unlink()
    other = replace(interrupted, model=weather_folder)
    try:
        run_here(other)
    except HaltungError:
        return  # refused: good too
    labels = set(load(weather_folder).classes_)
    assert {row["stance"] for row in read_jsonl(interrupted.out)} <= labels


def test_a_damaged_plan_is_one_error(interrupted):
    (parts_of(interrupted.out) / "plan.json").write_text('{"inputs": [')
    with pytest.raises(HaltungError, match=r"plan\.json: is damaged"):
        run_here(interrupted)


def test_a_resumed_run_may_name_its_inputs_in_another_way(tmp_path, small_folder, monkeypatch):
    # rows without an id are named by their place
    rows = [{"text": row["text"]} for row in invented(500)]
    archive = write_jsonl(tmp_path / "a.jsonl", rows)
    monkeypatch.chdir(tmp_path)
    settings = settings_of(tmp_path, "a.jsonl", out="out.jsonl", model=small_folder, jobs=1)

    def stop(articles, size, before):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        score_archives(settings, stop, lambda row: None)
    try:
        run_here(replace(settings, inputs=(str(archive),), resume=True))
    except HaltungError:
        return  # refused: good too
    assert len({row["id"].partition(": line")[0] for row in read_jsonl(settings.out)}) == 1


def test_an_output_is_not_replaced_unasked(score, few, here):
    (here / "out.jsonl").write_text("wertvoll")
    done = score(few, "out.jsonl")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "out.jsonl: is there already" in line
    assert "--overwrite" in line
    assert (here / "out.jsonl").read_text() == "wertvoll"
    assert score(few, "out.jsonl", "--overwrite").returncode == 0
    assert len(read_jsonl(here / "out.jsonl")) == len(read_jsonl(few))
    assert names_in(here) == ["out.jsonl"]


def test_the_old_output_stays_until_the_new_one_is_whole(interrupted, mended):
    shutil.rmtree(parts_of(interrupted.out))
    interrupted.out.write_text("alt")
    with pytest.raises(HaltungError, match="--strict"):
        run_here(replace(interrupted, resume=False, overwrite=True, strict=True))
    assert interrupted.out.read_text() == "alt"
    run_here(interrupted)
    assert interrupted.out.read_bytes() == mended


def test_nothing_is_left_to_resume_of_a_finished_run(score, few, here):
    assert score(few, "out.jsonl").returncode == 0
    before = (here / "out.jsonl").stat()
    done = score(few, "out.jsonl", "--resume")
    assert (done.returncode, done.stderr) == (0, "out.jsonl is complete; there is nothing to resume.\n")
    assert (here / "out.jsonl").stat() == before


def test_resume_without_an_interrupted_run_is_a_run(tmp_path, few, small_folder):
    total, _ = run_here(settings_of(tmp_path, few, out="out.jsonl", model=small_folder, jobs=1, resume=True))
    assert total.rows == len(read_jsonl(tmp_path / "out.jsonl")) == len(read_jsonl(few))


def test_a_run_refused_before_anything_was_scored_is_simply_called_again(tmp_path, small_folder):
    archive = tmp_path / "a.csv"
    archive.write_text("id,body\n1,Es regnet.\n")
    settings = settings_of(tmp_path, archive, out="out.jsonl", model=small_folder, jobs=1)
    with pytest.raises(HaltungError, match="has no column 'text'"):
        run_here(settings)
    total, _ = run_here(replace(settings, fields=Fields(text="body")))
    assert total.articles == 1


def test_an_input_that_cannot_be_used_is_found_before_hours_of_scoring(tmp_path, small_folder):
    good = write_jsonl(tmp_path / "a.jsonl", invented(500))
    bad = tmp_path / "b.csv"
    bad.write_text("id,body\n1,Es regnet.\n")
    scored = []
    settings = settings_of(tmp_path, good, bad, out="out.jsonl", model=small_folder, jobs=1)
    with pytest.raises(HaltungError, match="has no column 'text'"):
        score_archives(settings, lambda *step: scored.append(step), lambda row: None)
    assert not scored


@pytest.mark.parametrize(
    ("out", "complaint"),
    [
        ("out.txt", "the output is .jsonl, .csv, .parquet"),
        ("out", "the output is"),
        ("out.jsonl.gz", "the output is"),
        ("folder.jsonl", "is a folder"),
        ("nirgends/out.jsonl", "its folder is not there"),
        ("a.jsonl", "is an input too"),
        ("link.jsonl", "is an input too"),
    ],
)
def test_an_output_that_cannot_be_is_refused_and_nothing_is_touched(tmp_path, small_folder, out, complaint):
    archive = write_jsonl(tmp_path / "a.jsonl", invented(3))
    (tmp_path / "folder.jsonl").mkdir()
    (tmp_path / "link.jsonl").symlink_to(archive)
    before = archive.read_bytes(), names_in(tmp_path)
    with pytest.raises(HaltungError, match=complaint):
        run_here(settings_of(tmp_path, archive, out=out, model=small_folder, overwrite=True, jobs=1))
    assert (archive.read_bytes(), names_in(tmp_path)) == before


def test_a_single_path_is_refused_in_one_line(score, few):
    done = score(few)
    assert (done.returncode, done.stderr) == (2, "haltung: name the archives and, last, the output\n")


def without_privileges():
    """Let file permissions hold for root too."""
    if os.getuid() == 0:
        drop, override, search = 24, 1, 2  # PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH
        libc = ctypes.CDLL(None, use_errno=True)
        assert libc.prctl(drop, override, 0, 0, 0) == 0
        assert libc.prctl(drop, search, 0, 0, 0) == 0


def test_a_folder_that_cannot_be_written_is_told_in_one_line(score, few, tmp_path):
    folder = tmp_path / "closed"
    folder.mkdir()
    folder.chmod(0o500)
    done = score(few, folder / "out.jsonl", preexec_fn=without_privileges)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("haltung: ")
    assert "closed/out.jsonl" in line
    assert "cannot be written" in line


@pytest.mark.parametrize("unreadable", ["closed.jsonl", "closed.parquet", "dangling.jsonl", "folder/a.jsonl"])
def test_an_input_that_cannot_be_read_is_told_in_one_line(score, here, unreadable):
    (here / "dangling.jsonl").symlink_to("nirgends.jsonl")
    (here / "folder").mkdir()
    for name in ("closed.jsonl", "closed.parquet", "folder/a.jsonl"):
        (here / name).touch()
        (here / name).chmod(0)
    (here / "folder").chmod(0)
    try:
        done = score(unreadable, "out.jsonl", preexec_fn=without_privileges)
    finally:
        (here / "folder").chmod(0o700)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"haltung: {unreadable}: ")


def full_disk(limit):
    """No file gets longer than `limit` bytes."""
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))


@pytest.mark.parametrize(
    ("name", "limit", "kept"),
    [
        ("out.jsonl", 100, False),  # not even the plan
        ("out.jsonl", 20_000, False),  # no part
        ("out.jsonl", 100_000, True),  # parts, and no output
        ("out.parquet", 60_000, True),
    ],
)
def test_a_full_disk_is_told_in_one_line_and_the_run_can_be_resumed(
    start, resumed, shorter, tmp_path, name, limit, kept, undisturbed
):
    out = tmp_path / name
    process = start(shorter, out, preexec_fn=full_disk(limit))
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 2
    (line,) = told.splitlines()
    assert line.startswith("haltung: ")
    assert name in line
    assert "--resume" in line
    assert not out.exists()
    assert bool(finished_parts(out)) == kept
    resumed(out)
    assert names_in(tmp_path) == [name]
    if name == "out.jsonl":
        assert out.read_bytes() == undisturbed


def with_peak(command, *arguments):
    """Run Python code and return its peak memory in MB: that of its own process, not of the one that started it."""
    peak = "import re; print('peak', re.search(r'VmHWM:\\s*(\\d+)', open('/proc/self/status').read())[1])"
    code = f"try:\n    {command}\nfinally:\n    {peak}\n"
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return int(done.stdout.split("peak ")[1]) / 1024


def test_memory_does_not_grow_with_the_archive(tmp_path, small_folder):
    page = os.urandom(10_000).hex()
    peaks = []
    for megabytes in (10, 60):
        rows = [{"id": number, "text": "Seoul prüft das.", "html": page} for number in range(50 * megabytes)]
        archive = write_jsonl(tmp_path / "a.jsonl", rows)
        assert archive.stat().st_size > megabytes * 1_000_000
        given = ["score", archive, tmp_path / "out.jsonl", "--overwrite", "--keep", "html", "--jobs", 2]
        command = "from haltung.cli import app; app(standalone_mode=False)"
        peaks.append(with_peak(command, *given, "--model", small_folder))
        assert len(read_jsonl(tmp_path / "out.jsonl")) == len(rows)
    archive.unlink()
    (tmp_path / "out.jsonl").unlink()
    assert peaks[1] < peaks[0] + 25, peaks


# pyarrow holds some pages of a column, whatever the file's size: more than 10 MB of it
@pytest.mark.parametrize(("suffix", "sizes"), [(".csv", (10, 60)), (".parquet", (60, 180))])
def test_memory_of_reading_does_not_grow_with_the_archive(tmp_path, suffix, sizes):
    peaks = []
    path = tmp_path / f"a{suffix}"
    for megabytes in sizes:
        rows = [{"id": number, "text": os.urandom(10_000).hex()} for number in range(50 * megabytes)]
        if suffix == ".parquet":
            # one row group, as pandas writes it
            pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
        else:
            with path.open("w", encoding="utf-8", newline="") as file:
                writer = csv.DictWriter(file, ["id", "text"])
                writer.writeheader()
                writer.writerows(rows)
        command = (
            "import sys; from pathlib import Path; from haltung.archive import Fields, chunks;"
            " print(sum(len(chunk.rows) for chunk in chunks([Path(sys.argv[1])], Fields())))"
        )
        peaks.append(with_peak(command, path))
    path.unlink()
    assert peaks[1] - peaks[0] < (sizes[1] - sizes[0]) / 2, peaks


def test_progress_rate_and_time_left_are_shown_on_a_terminal(start, shorter, tmp_path):
    terminal, side = pty.openpty()
    process = start(shorter, tmp_path / "out.jsonl", "--jobs", 2, stderr=side)
    os.close(side)
    shown = b""
    paused = False
    try:
        while data := os.read(terminal, 65536):
            shown += data
            if b"articles a second" in shown and not paused:
                # the time left is worked out once a second: let one pass in the midst of the run
                os.killpg(process.pid, signal.SIGSTOP)
                time.sleep(1.1)
                os.killpg(process.pid, signal.SIGCONT)
                paused = True
    except OSError:
        pass  # the terminal's other side is closed: Linux says so by an error
    finally:
        os.close(terminal)
    assert process.wait() == 0
    text = shown.decode()
    shares = [int(share) for share in re.findall(r"(\d+)%", text)]
    assert shares == sorted(shares)
    assert len(set(shares)) > 3
    assert shares[-1] == 100
    assert re.search(r"scoring, [\d,]+ articles a second .* \d+%  \d\d:\d\d:\d\d", text)
    assert text.rstrip().endswith("out.jsonl.")
