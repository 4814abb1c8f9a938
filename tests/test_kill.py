"""Killed at any moment, two at once, a full disk: the model folder is whole, and nobody's files are harmed."""

import csv
import hashlib
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import threading
import time
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from haltung.errors import HaltungError
from haltung.store import checksums, read_metrics, read_model, rollback, write_model

TEXTS = ["Seoul prüft Waffenhilfe für Kiew.", "Es regnet.", "Südkorea liefert keine Munition."]
KILLS, AT_ONCE = 100, 4


@pytest.fixture(scope="module")
def models(small_folder, weather_folder):
    """Two models by the name that their metrics have, and what they say."""
    found = {"small": read_model(small_folder), "weather": read_model(weather_folder)}
    return {name: (stored, stored.sentences.predict_proba(TEXTS)) for name, stored in found.items()}


def write(folder, models, name):
    write_model(folder, models[name][0], {"name": name}, f"# {name}\n")


def whole(folder, models, own=()):
    """Check that a folder holds one whole model, and return its name."""
    stored = read_model(folder)
    name = read_metrics(folder)["name"]
    assert np.array_equal(stored.sentences.predict_proba(TEXTS), models[name][1])
    sums = checksums(folder)
    assert {"model.safetensors", "metrics.json", "README.md"} <= set(sums)
    assert all(sums.values()), sums
    assert all((folder / path).read_text() == text for path, text in own)
    return name


def writable_and_whole(folder, models):
    """Check that what was interrupted can be gone on from, and leaves nothing behind."""
    before = whole(folder, models)
    other = "weather" if before == "small" else "small"
    write(folder, models, other)
    assert whole(folder, models) == other
    rollback(folder)
    assert whole(folder, models) == before
    assert {path.name for path in folder.iterdir() if path.name.startswith(".")} <= {".previous", ".lock"}
    return True


def forked(work):
    """Start a process that does `work()`; returns its number."""
    child = os.fork()
    if child:
        return child
    status = 1
    try:
        work()
        status = 0
    except HaltungError:
        status = 2
    finally:
        os._exit(status)


def ended(child):
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def begun(folder, models):
    """Make a folder with a model, the one before it, and a file of the user's."""
    for name in ("weather", "small"):
        write(folder, models, name)
    (folder / "notizen.txt").write_text("bitte aufheben")
    return folder


def drive(folder, models, seed):
    """Write and roll back without end."""
    draw = random.Random(seed)
    while True:
        step = draw.choice(["small", "weather", "rollback"])
        if step == "rollback":
            rollback(folder)
        else:
            write(folder, models, step)


def test_a_hundred_kills_at_random_moments_leave_a_whole_model(models, tmp_path, record_property):
    folders = [begun(tmp_path / f"model-{number}", models) for number in range(AT_ONCE)]
    draw = random.Random(6)
    seen, survived = [], 0
    for number in range(KILLS // AT_ONCE):
        drivers = [forked(partial(drive, folder, models, number)) for folder in folders]
        moments = sorted((draw.uniform(0.02, 0.3), child) for child in drivers)
        start = time.monotonic()
        for moment, child in moments:
            time.sleep(max(0, start + moment - time.monotonic()))
            os.kill(child, signal.SIGKILL)
        assert [ended(child) for child in drivers] == [-signal.SIGKILL] * AT_ONCE
        for folder in folders:
            seen.append(whole(folder, models, [("notizen.txt", "bitte aufheben")]))
            survived += 1
    assert survived == KILLS
    record_property("kills", survived)
    assert set(seen) == {"small", "weather"}  # the drivers did get somewhere
    assert all(writable_and_whole(folder, models) for folder in folders)


_TOUCHING = ("open", "os.", "shutil.")


def killed_at(operation, folder, work):
    """Do `work()` in a process that is killed just before its nth operation on a file below `folder`."""

    def doomed():
        left = operation

        def count(event, given):
            nonlocal left
            if event.startswith(_TOUCHING) and any(str(folder) in str(part) for part in given[:2]):
                left -= 1
                if not left:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(count)
        work()

    return ended(forked(doomed)) == -signal.SIGKILL


@pytest.mark.parametrize("what", ["first", "again", "rollback"])
def test_a_kill_before_any_operation_on_a_file_leaves_a_whole_model(what, models, tmp_path, record_property):
    start = begun(tmp_path / "start", models)
    seen = set()
    for operation in range(1, 1000):
        folder = tmp_path / "model"
        shutil.rmtree(folder, ignore_errors=True)
        if what != "first":
            shutil.copytree(start, folder)
        work = partial(rollback, folder) if what == "rollback" else partial(write, folder, models, "weather")
        killed = killed_at(operation, folder, work)
        if what == "first" and killed:
            try:
                seen.add(whole(folder, models))
            except HaltungError as error:
                seen.add(None)
                assert "holds no model" in str(error)  # noqa: PT017
        else:
            seen.add(whole(folder, models))
        if not killed:
            break
        if what == "rollback":
            before = whole(folder, models)
            rollback(folder)
            assert whole(folder, models) != before
        write(folder, models, "small")
        assert whole(folder, models) == "small"
    assert operation > 15
    record_property("kills", operation - 1)
    assert seen == ({None, "weather"} if what == "first" else {"small", "weather"})


def test_a_folder_is_read_whole_while_others_write_it(models, tmp_path):
    folder = begun(tmp_path / "model", models)
    driver = forked(lambda: drive(folder, models, 1))
    try:
        seen = {whole_or_told(folder, models) for _ in range(60)}
    finally:
        os.kill(driver, signal.SIGKILL)
        ended(driver)
    assert seen == {"small", "weather"}


def whole_or_told(folder, models):
    """Read the model alone: its metrics may be the next one's by the time that they are read."""
    said = read_model(folder).sentences.predict_proba(TEXTS)
    return next(name for name, (_, expected) in models.items() if np.array_equal(said, expected))


@pytest.mark.parametrize("first", [False, True], ids=["a model there", "none there"])
def test_two_that_write_at_once_do_not_mix(first, models, tmp_path):
    def often(name):
        def work():
            refused = 0
            for _ in range(30):
                try:
                    write(folder, models, name)
                except HaltungError:  # to tell that another writes is in order
                    refused += 1
            if refused == 30:
                raise HaltungError("never written")

        return work

    folder = tmp_path / "model"
    if not first:
        begun(folder, models)
    writers = [forked(often("small")), forked(often("weather"))]
    statuses = [ended(child) for child in writers]
    assert whole(folder, models) in models
    assert statuses == [0, 0]
    assert writable_and_whole(folder, models)


def limited(size):
    """Let no file of this process grow beyond `size` bytes, as on a full disk."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


@pytest.mark.parametrize("size", [0, 1000, 100_000])
@pytest.mark.parametrize("what", ["write", "rollback"])
def test_a_full_disk_is_told_and_the_old_model_stays(what, size, models, tmp_path):
    def work():
        limited(size)
        return rollback(folder) if what == "rollback" else write(folder, models, "weather")

    folder = begun(tmp_path / "model", models)
    assert ended(forked(work)) == 2  # a `HaltungError`
    assert whole(folder, models, [("notizen.txt", "bitte aufheben")]) == "small"
    assert writable_and_whole(folder, models)


# the real commands


def sums(*folders):
    return {
        path: hashlib.sha256(path.read_bytes()).hexdigest()
        for folder in folders
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture
def annotated(data, tmp_path):
    """The set, and a file of the user's: good rows, duplicates, contradictions, odd line ends, no last one."""
    folder = Path(shutil.copytree(data / "small", tmp_path / "annotations"))
    mine = tmp_path / "mine"
    mine.mkdir()
    lines = ["text;label;Anmerkung", "Seoul prüft Haubitzen für Kiew.;considers;=1+1", "Es regnet in Busan.;no_stance;"]
    lines += [f"„Wir schicken Kiew im {n}. Jahr nichts“, hieß es.;rules_out;x" for n in range(3, 20)]
    (mine / "mine.csv").write_bytes("\r\n".join(lines).encode("cp1252"))
    return folder, mine


def command(*given):
    settings = {name: value for name, value in os.environ.items() if name != "HALTUNG_MODEL"}
    words = [sys.executable, "-m", "haltung", *map(str, given)]
    return subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=settings, start_new_session=True)


def killed_after(moment, process):
    """Kill a command and the processes that it started after so many seconds, unless it has ended."""
    timer = threading.Timer(moment, lambda: os.killpg(process.pid, signal.SIGKILL))
    timer.start()
    try:
        out, err = process.communicate()
    finally:
        timer.cancel()
    return process.returncode, (out + err).decode()


def kept_or_replaced(folder, before):
    """Check that a folder holds one whole model; tell whether it is the one before."""
    read_model(folder)
    assert all(checksums(folder).values())
    assert len(checksums(folder)) >= 3
    return checksums(folder) and (folder / "SHA256SUMS").read_bytes() == before


@pytest.mark.parametrize("what", ["train", "retrain"])
def test_a_killed_training_leaves_a_whole_model_and_the_annotations(what, annotated, small_copy, record_property):
    folder, mine = annotated
    (small_copy / "notizen.txt").write_text("bitte aufheben")
    before, signed = sums(folder, mine), (small_copy / "SHA256SUMS").read_bytes()
    extra = [mine / "mine.csv", "--force"] if what == "retrain" else []
    given = [what, *extra, "--annotations", folder, "--model", small_copy]
    draw = random.Random(3)
    killed = 0
    for moment in (draw.uniform(0.3, 1), draw.uniform(1, 2), draw.uniform(2, 4)):
        status, said = killed_after(moment, command(*given))
        killed += status == -signal.SIGKILL
        assert status in (0, -signal.SIGKILL), said
        assert kept_or_replaced(small_copy, signed) or status == 0 or "Wrote" not in said
        assert sums(folder, mine) == before
        assert (small_copy / "notizen.txt").read_text() == "bitte aufheben"
    assert killed
    record_property("kills", killed)


def test_two_trainings_at_once_do_not_mix(data, tmp_path):
    for name in ("Wetter", "Sport"):
        shutil.copytree(data / "weather", tmp_path / name)
        codebook = tmp_path / name / "codebook.toml"
        text = codebook.read_text(encoding="utf-8")
        codebook.write_text(re.sub("(?m)^name = .*", f'name = "{name}"', text, count=1), encoding="utf-8")
    before = sums(tmp_path)
    target = tmp_path / "model"
    running = [command("train", "--annotations", tmp_path / name, "--model", target) for name in ("Wetter", "Sport")]
    said = [process.communicate()[1].decode() for process in running]
    stored = read_model(target)
    assert all(checksums(target).values())
    assert read_metrics(target)["trained_on"]["codebook"] == stored.codebook.name
    assert stored.codebook.name in (target / "README.md").read_text(encoding="utf-8")
    statuses = [process.returncode for process in running]
    assert 0 in statuses, said
    assert set(statuses) <= {0, 2}, said
    assert before.items() <= sums(tmp_path).items()


REFUSED = {
    "unknown label": "text,label\r\nSeoul prüft.,abwartend\r\n".encode("utf-8-sig"),
    "broken CSV": b'text,label\n"Seoul pr\xfcft.,considers\n',
    "binary": b"text,label\n\0\0\0",
    "nothing new": None,
    "header alone": b"text;label",
    "empty": b"",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_retraining_refuses_stays_as_it_was(name, annotated, bounded, small_copy):
    folder, mine = annotated
    data = REFUSED[name]
    (mine / "mine.csv").write_bytes((folder / "sentences.csv").read_bytes() if data is None else data)
    before = sums(folder, mine, small_copy)
    done = bounded("retrain", mine / "mine.csv", "--annotations", folder, "--model", small_copy)
    assert done.returncode == (0 if data is None else 2), done.stderr
    assert sums(folder, mine, small_copy) == before


def test_extra_rows_that_make_the_model_worse_stay_as_they_were(data, weather_folder, tmp_path):
    folder = Path(shutil.copytree(data / "weather", tmp_path / "annotations"))
    model = Path(shutil.copytree(weather_folder, tmp_path / "model"))
    swapped = {"weather": "sports", "sports": "weather"}
    with (folder / "sentences.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], swapped[row["label"]]) for row in csv.DictReader(file)]
    with (tmp_path / "mine.csv").open("w", encoding="utf-8", newline="") as file:
        starts = ("Am Dienstag: {}", "Wie gemeldet wird: {}", "{} Heißt es")
        csv.writer(file).writerows(
            [("text", "label"), *((s.format(text), label) for text, label in rows for s in starts)]
        )
    before = sums(tmp_path)
    process = command("retrain", tmp_path / "mine.csv", "--annotations", folder, "--model", model)
    out, err = process.communicate()
    assert process.returncode == 1, (out + err).decode()
    assert "the new model is worse" in err.decode()
    assert sums(tmp_path) == before
