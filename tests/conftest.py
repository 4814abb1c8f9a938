import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from haltung import training
from haltung.annotated_set import read_set
from haltung.annotations import read_sentences
from haltung.article import read, sources
from haltung.codebook import read_codebook
from haltung.dated_articles import of_reading
from haltung.model import load
from haltung.paths import shipped

DATA = Path(__file__).parent / "data"


@pytest.fixture(scope="session")
def data():
    return DATA


@pytest.fixture(scope="session")
def articles():
    return DATA / "articles"


@pytest.fixture(scope="session")
def series():
    """Articles of 18 months in which the stance turns on 20 June 2024 and on 16 January 2025."""
    return DATA / "series"


@pytest.fixture(scope="session")
def shipped_model():
    return load(shipped("model"))


@pytest.fixture(scope="session")
def series_articles(series, shipped_model):
    readings = shipped_model.read_many(read(source) for source in sources([str(series)]))
    return [of_reading(reading) for reading in readings]


@pytest.fixture(scope="session")
def book():
    return read_codebook(DATA / "small" / "codebook.toml")


@pytest.fixture(scope="session")
def weather_book():
    return read_codebook(DATA / "weather" / "codebook.toml")


@pytest.fixture(scope="session")
def small_sentences(book):
    return read_sentences(DATA / "small" / "sentences.csv", book)


@pytest.fixture(scope="session")
def small_set():
    return read_set(DATA / "small", None)


@pytest.fixture(scope="session")
def weather_set():
    return read_set(DATA / "weather", None)


@pytest.fixture(scope="session")
def small_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("small") / "model"
    training.train(DATA / "small", model=folder)
    return folder


@pytest.fixture(scope="session")
def weather_folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("weather") / "model"
    training.train(DATA / "weather", model=folder)
    return folder


@pytest.fixture(scope="session")
def small_model(small_folder):
    return load(small_folder)


@pytest.fixture(scope="session")
def weather_model(weather_folder):
    return load(weather_folder)


@pytest.fixture
def small_copy(small_folder, tmp_path):
    """A trained model that a test may replace or damage."""
    return Path(shutil.copytree(small_folder, tmp_path / "copied-model"))


@pytest.fixture
def haltung(tmp_path):
    """Run the command line in the empty folder `tmp_path / "here"`, as a user without any settings would."""
    here = tmp_path / "here"
    here.mkdir()

    def run(*arguments, env=None, **options):
        settings = {name: value for name, value in os.environ.items() if name not in ("HALTUNG_MODEL", "COLUMNS")}
        settings["PYTHONIOENCODING"] = "utf-8"
        command = [sys.executable, "-m", "haltung", *map(str, arguments)]
        options = {"cwd": here, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        if "input" in options and isinstance(options["input"], str):
            options["input"] = options["input"].encode()
        done = subprocess.run(command, env=settings | (env or {}), check=False, **options)
        done.stdout, done.stderr = done.stdout.decode(), done.stderr.decode()
        return done

    run.here = here
    return run


# starts processes that have haltung loaded already: a twentieth of the time that a new interpreter takes
_FORKING = """
import json, os, resource, signal, sys, traceback
from haltung import article, cli, model, report, store

for line in sys.stdin:
    job = json.loads(line)
    pid = os.fork()
    if not pid:
        for number, path in enumerate(job["files"]):
            os.dup2(os.open(path, os.O_RDWR if number else os.O_RDONLY), number)
        sys.stdin, sys.stdout = open(0), open(1, "w", encoding="utf-8")
        sys.stderr = open(2, "w", errors="backslashreplace")
        resource.setrlimit(resource.RLIMIT_AS, (job["memory"], job["memory"]))
        signal.alarm(job["seconds"])
        os.chdir(job["cwd"])
        status, sys.argv = 0, ["haltung", *map(os.fsdecode, map(bytes.fromhex, job["arguments"]))]
        try:
            cli.main()
        except SystemExit as end:
            status = end.code or 0
        except BaseException:
            traceback.print_exc()
            status = 1
        try:
            sys.stdout.flush()
            sys.stderr.flush()
        finally:
            os._exit(status)
    print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), flush=True)
"""


@pytest.fixture(scope="session")
def forking():
    settings = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONUTF8": "1"}
    settings.pop("HALTUNG_MODEL", None)
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    with subprocess.Popen([sys.executable, "-c", _FORKING], env=settings, text=True, **pipes) as server:
        yield server
        server.stdin.close()


@pytest.fixture
def bounded(forking, tmp_path):
    """Run the command line in a process with 2 GB of memory; it is ended (status -14) where it hangs."""
    here = tmp_path / "here"
    here.mkdir(exist_ok=True)

    def run(*arguments, input="", memory=2_000_000_000, seconds=10):
        files = [here.with_name(f"bounded-{name}") for name in ("in", "out", "err")]
        for path in files:
            path.write_bytes(input.encode() if isinstance(input, str) else input)
            input = b""
        job = {"arguments": [os.fsencode(str(part)).hex() for part in arguments], "files": list(map(str, files))}
        print(
            json.dumps({**job, "memory": memory, "seconds": seconds, "cwd": str(here)}), file=forking.stdin, flush=True
        )
        status = int(forking.stdout.readline())
        out, err = (path.read_bytes().decode("utf-8", "surrogateescape") for path in files[1:])
        return SimpleNamespace(returncode=status, stdout=out, stderr=err)

    run.here = here
    return run
