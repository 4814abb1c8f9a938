import contextlib
import itertools
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from dataclasses import replace

import pyarrow
import pyarrow.parquet
import pytest
from distributed import Client, LocalCluster

from haltung import archive_cluster, archive_parts
from haltung.archive import Chunk, Fields, Record
from haltung.archive_cluster import on_cluster
from haltung.archive_run import Settings, score_archives
from haltung.archive_scores import in_one_process
from haltung.article import Article
from haltung.errors import HaltungError
from haltung.model import StanceModel
from plain_german import SENTENCES

WORKERS = 3
COUNT = 2600
PATIENCE = 120  # seconds until a wait is given up; nothing takes as long


def invented(count):
    chance = random.Random(3)
    for number in range(count):
        yield {"id": f"a{number}", "title": "Neues aus Seoul", "text": " ".join(chance.choices(SENTENCES, k=3))}


def write_jsonl(path, rows):
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return path


def until(condition):
    """Wait for what happens sooner or later."""
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline, "it never happened"
        time.sleep(0.005)


def finished_parts(out):
    return list(out.with_name(f"{out.name}.parts").glob("[0-9]*.json"))


def until_parts(process, out):
    """Wait until a run has finished a part; it must not have ended."""
    until(lambda: finished_parts(out) or process.poll() is not None)
    assert process.poll() is None, process.communicate()[1]


def run_here(settings):
    """Run in this process; return the total and the broken rows told."""
    told = []
    return score_archives(settings, lambda *_: None, told.append), told


def in_order(rows):
    return [row["id"] for row in rows] == [f"a{number}" for number in range(len(rows))]


@contextlib.contextmanager
def cluster_of(workers):
    made = LocalCluster(n_workers=workers, threads_per_worker=1, processes=True, dashboard_address=":0")
    with made:
        yield made


@pytest.fixture(scope="module")
def cluster():
    with cluster_of(WORKERS) as made:
        yield made


@pytest.fixture
def address(cluster):
    """Where the scheduler listens, once all workers are there (one may have been killed before)."""
    cluster.wait_for_workers(WORKERS, timeout=PATIENCE)
    return cluster.scheduler_address


def processes_of(address):
    with Client(address, set_as_default=False) as client:
        return sorted(client.run(os.getpid, on_error="ignore").values())


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    return write_jsonl(tmp_path_factory.mktemp("archive") / "many.jsonl", invented(COUNT))


@pytest.fixture(scope="module")
def local(archive, small_folder):
    """What one process makes of the archive."""
    out = archive.with_name("local.parquet")
    run_here(Settings((str(archive),), out, Fields(), model=small_folder, jobs=1))
    table = pyarrow.parquet.read_table(out)
    assert in_order(table.to_pylist())
    return table


@pytest.fixture
def settings(tmp_path, archive, small_folder, address):
    return Settings((str(archive),), tmp_path / "out", Fields(), model=small_folder, dask=address)


@pytest.fixture
def beginning(settings, tmp_path):
    """Settings for the archive's first thousand articles."""
    path = write_jsonl(tmp_path / "beginning.jsonl", itertools.islice(invented(COUNT), 1000))
    return replace(settings, inputs=(str(path),))


@pytest.fixture
def start(tmp_path, archive, small_folder):
    """Start `haltung score --dask` over the archive; whatever is left of it ends with the test."""
    begun = []

    def run(out, address, *options):
        command = [sys.executable, "-m", "haltung", "score", archive, out, "--dask", address, *options]
        given = [*map(str, command), "--model", str(small_folder)]
        process = subprocess.Popen(given, stderr=subprocess.PIPE, text=True, cwd=tmp_path, start_new_session=True)
        begun.append(process)
        return process

    yield run
    for process in begun:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        process.stderr.close()


def test_a_cluster_writes_what_one_process_writes(haltung, archive, small_folder, address, local):
    done = haltung("score", archive, "out", "--dask", address, "--model", small_folder)
    assert done.returncode == 0, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith("2,600 articles in ")
    assert line.endswith("Wrote out.")
    folder = haltung.here / "out"
    assert all(path.suffix == ".parquet" for path in folder.iterdir())
    assert pyarrow.parquet.read_table(folder).equals(local)
    assert [path.name for path in haltung.here.iterdir()] == ["out"]


def test_a_killed_worker_loses_and_doubles_no_row_and_its_successor_has_the_model(start, beginning, tmp_path, local):
    address, out = beginning.dask, tmp_path / "all"
    workers = processes_of(address)
    assert len(workers) == WORKERS
    assert os.getpid() not in workers
    process = start(out, address)
    until_parts(process, out)
    os.kill(workers[0], signal.SIGKILL)
    assert not out.exists()
    _, told = process.communicate(timeout=PATIENCE)
    assert process.returncode == 0, told
    assert pyarrow.parquet.read_table(out).equals(local)
    assert "2,600 articles in " in told
    until(lambda: len(set(processes_of(address)) - {workers[0]}) == WORKERS)
    run_here(beginning)
    assert pyarrow.parquet.read_table(beginning.out).equals(local.slice(0, 1000))


def test_an_interrupted_run_on_a_cluster_is_resumed(start, settings, tmp_path, local):
    out = tmp_path / "out"
    process = start(out, settings.dask)
    until_parts(process, out)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    kept = len(finished_parts(out))
    assert not out.exists()
    before = []
    score_archives(replace(settings, resume=True), lambda *step: before.append(step[2]), lambda row: None)
    assert before.count(True) == kept
    assert pyarrow.parquet.read_table(out).equals(local)


def test_rows_a_sentence_of_parquet_with_broken_rows(settings, tmp_path):
    rows = [{**row, "ort": "Bonn"} for row in invented(450)]
    rows[7]["text"] = rows[401]["text"] = None
    path = tmp_path / "a.parquet"
    pyarrow.parquet.write_table(pyarrow.Table.from_pylist(rows), path)
    there = replace(settings, inputs=(str(path),), by_sentence=True, fields=Fields(kept=("ort",)))
    total, told = run_here(there)
    assert sorted(row.place for row in told) == [f"{path}: row 402", f"{path}: row 8"]
    assert (total.articles, total.broken) == (448, 2)
    here = replace(there, out=tmp_path / "local.parquet", dask=None, jobs=1)
    run_here(here)
    table = pyarrow.parquet.read_table(there.out)
    assert table.equals(pyarrow.parquet.read_table(here.out))
    assert table.num_rows == total.rows > 448


def test_many_rows_are_several_files_in_order(beginning, monkeypatch, local):
    monkeypatch.setattr(archive_parts, "_PARTITION", 300)
    run_here(beginning)
    sizes = [pyarrow.parquet.read_table(path).num_rows for path in sorted(beginning.out.iterdir())]
    assert len(sizes) > 2
    assert sum(sizes) == 1000
    assert max(sizes) < 500
    assert pyarrow.parquet.read_table(beginning.out).equals(local.slice(0, 1000))


def test_an_empty_archive_is_a_folder_without_rows(settings, tmp_path, local):
    path = tmp_path / "leer.jsonl"
    path.touch()
    total, _ = run_here(replace(settings, inputs=(str(path),)))
    assert (total.articles, total.rows) == (0, 0)
    table = pyarrow.parquet.read_table(settings.out)
    assert table.num_rows == 0
    assert table.schema.equals(local.schema)


def chunks_of(count):
    for number in range(count):
        articles = (Article("", " ".join(SENTENCES[place:]), None) for place in (number % 3, 0, 1))
        yield Chunk(number, tuple(Record(f"{number}-{place}", found) for place, found in enumerate(articles)), 1)


def test_the_model_is_sent_to_every_worker_once(small_model, address, tmp_path):
    log = tmp_path / "arrivals"

    class Watched(StanceModel):
        """Notes where it arrives. As a class of a function it is sent along."""

        def __setstate__(self, state):
            self.__dict__.update(state)
            with log.open("a") as file:
                file.write(f"{os.getpid()}\n")

    model = Watched.__new__(Watched)
    vars(model).update(vars(small_model))
    found = list(on_cluster(model, chunks_of(40), False, address))
    assert len(found) == 40
    arrivals = Counter(map(int, log.read_text().split()))
    assert {pid: arrivals[pid] for pid in processes_of(address)} == dict.fromkeys(processes_of(address), 1)


def test_few_chunks_are_on_the_cluster_at_a_time(small_model, address):
    read = []

    def watched():
        for chunk in chunks_of(60):
            read.append(chunk.number)
            yield chunk

    taken = 0
    for _ in on_cluster(small_model, watched(), False, address):
        taken += 1
        assert len(read) - taken < 10 * WORKERS
    assert taken == len(read) == 60


def test_two_runs_at_once_on_a_cluster_keep_their_models_apart(small_model, weather_model, address):
    expected = {found.number: found for found in in_one_process(small_model, chunks_of(40), False)}
    other = {found.number: found for found in in_one_process(weather_model, chunks_of(40), False)}
    assert expected[0].rows != other[0].rows
    one = on_cluster(small_model, chunks_of(40), False, address)
    found = [next(one)]
    second = on_cluster(weather_model, chunks_of(40), False, address)
    others = [next(second)]
    found += one
    others += second
    assert {result.number: result for result in found} == expected
    assert {result.number: result for result in others} == other


@pytest.mark.parametrize("kind", ["the archive itself", "something else"])
def test_overwrite_never_clears_a_folder_that_is_no_earlier_output(settings, tmp_path, kind):
    folder = tmp_path / "daten"
    folder.mkdir()
    path = write_jsonl((folder if kind == "the archive itself" else tmp_path) / "a.jsonl", invented(3))
    (folder / "diplomarbeit.txt").write_text("drei Jahre")
    with pytest.raises(HaltungError, match="daten"):
        run_here(replace(settings, inputs=(str(path),), out=folder, overwrite=True))
    assert path.is_file()
    assert (folder / "diplomarbeit.txt").read_text() == "drei Jahre"


def test_an_earlier_output_is_replaced_only_when_asked(settings, tmp_path):
    path = write_jsonl(tmp_path / "a.jsonl", invented(3))
    given = replace(settings, inputs=(str(path),))
    run_here(given)
    with pytest.raises(HaltungError, match="out: is there already"):
        run_here(given)
    (settings.out / "part-00007.parquet").write_bytes((settings.out / "part-00000.parquet").read_bytes())
    run_here(replace(given, overwrite=True))
    assert pyarrow.parquet.read_table(settings.out)["id"].to_pylist() == ["a0", "a1", "a2"]


@pytest.mark.parametrize(
    ("address", "told"), [("tcp://127.0.0.1:9", "no cluster answers"), ("nonsense", "is no address")]
)
def test_an_address_where_no_cluster_answers_is_one_clear_line(archive, small_folder, tmp_path, address, told):
    # as the command line does it, but for the time that a cluster is waited for
    code = "from haltung import archive_cluster, cli; archive_cluster._CONNECT = 1; cli.main()"
    given = [sys.executable, "-c", code, "score", archive, "out", "--dask", address, "--model", small_folder]
    done = subprocess.run(list(map(str, given)), capture_output=True, text=True, cwd=tmp_path, check=False)
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"haltung: --dask {address}: {told}")
    assert done.returncode == 2
    assert not (tmp_path / "out").exists()


def test_after_a_wrong_address_the_right_one_is_simply_given(settings, tmp_path, monkeypatch, address):
    monkeypatch.setattr(archive_cluster, "_CONNECT", 0.5)
    path = write_jsonl(tmp_path / "a.jsonl", invented(3))
    given = replace(settings, inputs=(str(path),))
    with pytest.raises(HaltungError, match="no cluster answers"):
        run_here(replace(given, dask="tcp://127.0.0.1:9"))
    monkeypatch.undo()
    assert run_here(given)[0].articles == 3


def test_a_cluster_that_goes_away_is_told_and_the_run_goes_on_at_another(start, settings, tmp_path, local):
    out = tmp_path / "out"
    with cluster_of(1) as passing:
        process = start(out, passing.scheduler_address)
        until_parts(process, out)
    _, told = process.communicate(timeout=PATIENCE)
    kept = len(finished_parts(out))
    assert 0 < kept < COUNT // 200
    run_here(replace(settings, resume=True))
    assert pyarrow.parquet.read_table(out).equals(local)
    assert process.returncode == 2
    last = told.splitlines()[-1]  # distributed logs what it likes before
    assert last.startswith("haltung: ")
    assert "--resume" in last
