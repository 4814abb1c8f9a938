"""How sturdy haltung is: inputs tried, kills survived, models refused, time a megabyte.

    pip install -e '.[dev]' && python training/benchmarks/robustness.py

Runs the tests that try to break it, measures how time grows with the length of an article, and writes
training/reports/robustness.md. It takes five minutes.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from statistics import median

import haltung
from haltung.article import read
from haltung.errors import HaltungError

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "training" / "reports" / "robustness.md"
TESTS = {
    "odd and hostile input": "tests/test_hostile_input.py",
    "hostile models": "tests/test_hostile_models.py",
    "kills and two at once": "tests/test_kill.py",
    "archives: kills, broken rows, full disks": "tests/test_archive_run.py",
}
MEGABYTE, TURNS = 1_000_000, 3
PROSE = "Seoul prüft Waffen für Kiew, sagte der Minister am 28. November. Niemand weiß, ob das „reicht“, hieß es dort. "
SHAPES: dict[str, tuple[str, Callable[[int], str]]] = {
    "prose on one line": (".txt", lambda size: PROSE * (size // len(PROSE))),
    "short lines": (".txt", lambda size: "Seoul prüft\n" * (size // 12)),
    "no blanks": (".txt", lambda size: "gesagt.Danach" * (size // 13)),
    "one word": (".txt", lambda size: "x" * size),
    "full stops": (".txt", lambda size: "." * size),
    "closing quotes": (".txt", lambda size: "Nein." + "“" * size),
    "decomposed letters": (".txt", lambda size: "u\u0308ber Kiew. " * (size // 12)),
    "Markdown": (".md", lambda size: f"# Seoul\n\n{PROSE}\n\n" * (size // (len(PROSE) + 11))),
    "HTML": (".html", lambda size: f"<article>{f'<p>{PROSE}</p>' * (size // (len(PROSE) + 7))}</article>"),
}


def tried() -> list[str]:
    """Run the tests and count what they tried, by file."""
    lines = ["| | tests | passed | what was done |", "|---|---|---|---|"]
    for name, path in TESTS.items():
        with tempfile.TemporaryDirectory() as folder:
            found = Path(folder) / "tests.xml"
            command = [sys.executable, "-m", "pytest", "-q", "-n", "0", path, f"--junitxml={found}"]
            subprocess.run(command, cwd=ROOT, check=False, stdout=subprocess.DEVNULL)
            cases = list(ElementTree.parse(found).iter("testcase"))
        passed = sum(not case.findall("failure") + case.findall("error") + case.findall("skipped") for case in cases)
        done = Counter()
        for told in (told for case in cases for told in case.iter("property")):
            done[told.get("name")] += int(told.get("value") or 0)
        said = ", ".join(f"{count:,} {what}" for what, count in done.items())
        lines.append(f"| {name} (`{path}`) | {len(cases)} | {passed} | {said} |")
    return lines


def times() -> list[str]:
    """Time the classification of articles of half a megabyte and of four times as much."""
    model = haltung.load(ROOT / "model")
    lines = ["| article | seconds a megabyte | four times the length takes |", "|---|---|---|"]
    for name, (suffix, make) in SHAPES.items():
        texts = (make(MEGABYTE // 2), make(2 * MEGABYTE))
        once, often = (median(_seconds(model, suffix, text) for _ in range(TURNS)) for text in texts)
        lines.append(f"| {name} | {2 * once:.2f} | {often / once:.1f} × |")
    return lines


def _seconds(model: haltung.StanceModel, suffix: str, text: str) -> float:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"a{suffix}"
        path.write_text(text, encoding="utf-8")
        start = time.process_time()
        with suppress(HaltungError):  # to refuse takes its time too
            model.classify_article(read(str(path)))
        return time.process_time() - start


def fifty() -> list[str]:
    """Classify 50 MB on one line in a process of its own."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.txt"
        path.write_text(PROSE * (50 * MEGABYTE // len(PROSE.encode())), encoding="utf-8")
        start = time.perf_counter()
        command = [sys.executable, "-m", "haltung", "classify", str(path), "--model", str(ROOT / "model"), "-f", "csv"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - start
    most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
    return [f"50 MB on one line: {took:.0f} s, at most {most:,} MB of memory."]


def main() -> None:
    parts = [
        "# How sturdy haltung is",
        "`python training/benchmarks/robustness.py` prints this again.",
        "## What was tried",
        "\n".join(tried()),
        "A kill is `kill -9` of a process that trains, retrains, rolls back, writes a model or scores an archive: at a"
        " random moment, or before each operation on a file in turn. After it the model folder is the whole old or the"
        " whole new model, the annotations and the user's other files are as they were, and the work can be done again."
        " A hostile model is refused in one line that names it; nothing in it is run.",
        "## Time a megabyte",
        "\n".join(fifty()),
        "\n".join(times()),
        "Reading, splitting and scoring in one process, or the time to refuse. Were the time to grow with the square of"
        " the length, the last column would say 16.",
    ]
    text = "\n\n".join(parts) + "\n"
    REPORT.write_text(text, encoding="utf-8")
    sys.stdout.write(text)


if __name__ == "__main__":
    main()
