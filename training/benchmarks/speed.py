"""How fast haltung starts, scores and trains; prints and writes training/reports/speed.md and speed.svg.

    pip install -e '.[peers,dask]' && python training/benchmarks/speed.py [--gigabyte]

All ratios are of one run, and what is compared runs in turns. Start-up is the whole process of `haltung classify` on
one article against `python -c "import joblib, typer"`. Throughput is sentences a second of processor time in one
process, fastText and scikit-learn with the same n-grams of characters and on the same sentences. With `--gigabyte` an
archive of 1 GB is scored too (ten minutes), for its memory; without, its row is kept from an earlier run.
"""

from __future__ import annotations

import csv
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median
from threading import Event, Thread

import matplotlib.pyplot as plt
import numpy as np
import psutil
from distributed import LocalCluster
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

import haltung
from haltung.annotated_set import AnnotatedSet, read_set
from haltung.crossvalidation import fit_targets
from haltung.features import terms, tokens
from haltung.fitting import count
from haltung.logits import LinearModel
from haltung.recipe import Recipe, read_recipe
from haltung.store import read_model

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "training" / "reports" / "speed.md"
PLOT = REPORT.with_suffix(".svg")
ARTICLE = ROOT / "tests" / "data" / "articles" / "2024-10-24_seoul-prueft-waffenhilfe.txt"
SENTENCES, STARTS, TURNS = 20_000, 15, 5
ARTICLES = (5_000, 20_000)  # of the archives
GIGABYTE = 10**9
NOT_LOADED = ("sklearn", "scipy", "pandas", "trafilatura", "lxml", "matplotlib", "pyarrow", "distributed")


def seconds(command: list[str]) -> float:
    start = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env={**os.environ, "HALTUNG_MODEL": ""})
    return time.perf_counter() - start


def start_up() -> list[str]:
    """Time whole processes in turns, so that a busy moment strikes all."""
    commands = {
        "import joblib, typer": [sys.executable, "-c", "import joblib, typer"],
        "haltung classify, one article": [sys.executable, "-m", "haltung", "classify", str(ARTICLE)],
        "import joblib, typer, sklearn.pipeline": [sys.executable, "-c", "import joblib, typer, sklearn.pipeline"],
    }
    found: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(STARTS):
        for name, command in commands.items():
            found[name].append(seconds(command))
    base = median(found["import joblib, typer"])
    lines = ["| process | seconds | against the first |", "|---|---|---|"]
    return lines + [f"| {name} | {median(took):.3f} | {median(took) / base:.2f} |" for name, took in found.items()]


def distinct_sentences(annotated: AnnotatedSet) -> list[str]:
    """Return so many distinct sentences: those of the set, of the challenge set, and neighbours joined."""
    with (ROOT / "annotations" / "challenge.csv").open(encoding="utf-8", newline="") as file:
        texts = annotated.texts + [row["text"] for row in csv.DictReader(file)]
    joined = (f"{one.rstrip('.')}, {other}" for one, other in zip(texts[::2], texts[1::2], strict=False))
    return list(dict.fromkeys([*texts, *joined]))[:SENTENCES]


def scikit_learns(annotated: AnnotatedSet, recipe: Recipe) -> Callable[[list[str]], object]:
    """Return the decision function of scikit-learn's own pipeline with the recipe's features."""

    def analyse(text: str, part: int) -> list[str]:
        return terms(tokens(text), recipe.blocks[part].block, annotated.lexicon)

    blocks = [
        (str(place), TfidfVectorizer(analyzer=partial(analyse, part=place), min_df=part.min_df, sublinear_tf=True))
        for place, part in enumerate(recipe.blocks)
    ]
    weights = {str(place): part.weight for place, part in enumerate(recipe.blocks)}
    pipeline = make_pipeline(
        FeatureUnion(blocks, transformer_weights=weights), LogisticRegression(tol=10.0)
    )  # any weights do to time it
    return pipeline.fit(annotated.texts, annotated.labels).predict_proba


def fasttexts(annotated: AnnotatedSet, recipe: Recipe) -> Callable[[list[str]], object]:
    import fasttext

    letters = next(part.block for part in recipe.blocks if part.block.kind == "chars")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.txt"
        lines = (f"__label__{sentence.label} {sentence.text}\n" for sentence in annotated.sentences)
        path.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(str(path), minn=letters.low, maxn=letters.high, epoch=5, verbose=0)
    # the package's own predict breaks under numpy 2; this is what it calls
    return lambda texts: [model.f.predict(f"{text}\n", 4, 0.0, "strict") for text in texts]


def throughput() -> list[str]:
    annotated, recipe = read_set(ROOT / "annotations", None), read_recipe()
    texts = distinct_sentences(annotated)
    scorers: dict[str, Callable[[list[str]], object]] = {
        "fastText, predict(k=4)": fasttexts(annotated, recipe),
        "scikit-learn's pipeline": scikit_learns(annotated, recipe),
    }
    found: dict[str, list[float]] = {}
    for _ in range(TURNS):
        model = haltung.load(ROOT / "model")  # anew, so that it knows no words yet
        turns = {"haltung, words not met before": model.predict_proba, "haltung, words met before": model.predict_proba}
        for name, score in (turns | scorers).items():
            start = time.process_time()
            score(texts)
            found.setdefault(name, []).append(len(texts) / (time.process_time() - start))
    rates = {name: median(rate) for name, rate in found.items()}
    fasttext, sklearn = (rates[name] for name in scorers)
    lines = ["| | sentences a second | times fastText | times scikit-learn |", "|---|---|---|---|"]
    for name, rate in rates.items():
        lines.append(f"| {name} | {rate:,.0f} | {rate / fasttext:.2f} | {rate / sklearn:.1f} |")
    return [f"{len(texts):,} distinct sentences.", "", *lines]


def imports() -> list[str]:
    """Say where the milliseconds of one article go, and that nothing heavy is imported."""
    command = [sys.executable, "-X", "importtime", "-m", "haltung", "classify", str(ARTICLE)]
    told = subprocess.run(command, check=True, capture_output=True, text=True).stderr.splitlines()
    own: dict[str, float] = {}
    for line in told[1:]:
        if not line.startswith("import time:"):
            continue
        microseconds, _, name = line.removeprefix("import time:").split("|")
        package = name.strip().split(".")[0]
        group = package if package in ("numpy", "joblib", "typer", "haltung", "sentencex") else "the standard library"
        own[group] = own.get(group, 0.0) + int(microseconds) / 1000
    loaded = [name for name in NOT_LOADED if any(f" {name}" in line for line in told)]
    steps = _steps()
    lines = ["| of that | milliseconds |", "|---|---|"]
    lines += [f"| import {name} | {took:.0f} |" for name, took in sorted(own.items(), key=lambda part: -part[1])]
    lines += [f"| {name} | {took:.0f} |" for name, took in steps.items()]
    return [*lines, "", f"Imported of {', '.join(NOT_LOADED)}: {', '.join(loaded) or 'none'}."]


def _steps() -> dict[str, float]:
    """Time what comes after the imports, in a process of its own."""
    code = (
        "import json, time, haltung.report, haltung.article\n"
        "from haltung.model import load\n"
        "t = [time.perf_counter()]\n"
        f"article = haltung.article.read({str(ARTICLE)!r}); t.append(time.perf_counter())\n"
        "model = load(); t.append(time.perf_counter())\n"
        "model.predict_proba(['Seoul']); t.append(time.perf_counter())\n"
        "model.classify_article(article); t.append(time.perf_counter())\n"
        "print(json.dumps([b - a for a, b in zip(t, t[1:])]))"
    )
    found = [
        json.loads(subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout)
        for _ in range(TURNS)
    ]
    names = ("read the article", "load the model (joblib's imports too)", "index its terms", "score the article")
    return {name: 1000 * median(times) for name, times in zip(names, zip(*found, strict=True), strict=True)}


def training_time() -> list[str]:
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        command = [sys.executable, "-m", "haltung", "train", "--annotations", str(ROOT / "annotations")]
        subprocess.run([*command, "--model", folder], check=True, stdout=subprocess.DEVNULL)
        took = time.perf_counter() - start
    cores = len(os.sched_getaffinity(0))
    return [f"`haltung train` on the full set, cross-validation included, on {cores} cores: {took:.0f} s."]


# --- archives --------------------------------------------------------------------------------------------------------


def write_archive(path: Path, annotated: AnnotatedSet, articles: int = 0, size: int = 0) -> None:
    """Write so many articles, or bytes: the set's own with their sentences in other orders."""
    drawn, names, written = random.Random(0), list(annotated.articles.items()), 0
    with path.open("w", encoding="utf-8") as file:
        number = 0
        while number < articles or written < size:
            name, rows = names[number % len(names)]
            texts = [annotated.sentences[row].text for row in rows]
            body = drawn.sample(texts[1:], len(texts) - 1)
            line = json.dumps({"id": f"{name}-{number}", "title": texts[0], "text": "\n".join(body)}) + "\n"
            file.write(line)
            number, written = number + 1, written + len(line)


@contextmanager
def peak_memory(process: psutil.Process) -> Iterator[list[float]]:
    """Watch the memory of a process and its children, shared pages counted once; gives the peak in MB."""
    peak, ended = [0.0], Event()

    def watch() -> None:
        while not ended.wait(0.2):
            try:
                family = [process, *process.children(recursive=True)]
                peak[0] = max(peak[0], sum(one.memory_full_info().pss for one in family) / 1e6)
            except psutil.Error:
                continue

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield peak
    finally:
        ended.set()
        watcher.join()


def scored_archive(source: Path, out: Path, *options: str) -> tuple[float, float]:
    """Run `haltung score`; return its seconds and the peak of its memory in MB."""
    command = [sys.executable, "-m", "haltung", "score", str(source), str(out), *options]
    start = time.perf_counter()
    process = subprocess.Popen(command, stderr=subprocess.PIPE)
    with peak_memory(psutil.Process(process.pid)) as peak:
        _, told = process.communicate()
    if process.returncode:
        raise RuntimeError(told.decode())
    return time.perf_counter() - start, peak[0]


def archive_scoring(gigabyte: bool) -> list[str]:
    annotated = read_set(ROOT / "annotations", None)
    lines = [
        "| archive | how | seconds | articles a second | MB a second | peak memory, MB |",
        "|---|---|---|---|---|---|",
    ]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        runs: list[tuple[int, str, tuple[str, ...]]] = []
        for articles in ARTICLES:
            write_archive(folder / f"{articles}.jsonl", annotated, articles)
            runs += [(articles, f"--jobs {jobs}", ("--jobs", str(jobs))) for jobs in (1, 2)]
        with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
            runs.append((ARTICLES[-1], "--dask, two workers", ("--dask", cluster.scheduler_address)))
            for number, (articles, how, options) in enumerate(runs):
                source = folder / f"{articles}.jsonl"
                took, peak = scored_archive(source, folder / f"{number}.jsonl", *options)
                size = source.stat().st_size / 1e6
                row = f"{took:.1f} | {articles / took:,.0f} | {size / took:.1f} | {peak:.0f}"
                lines.append(f"| {articles:,} articles, {size:.0f} MB | {how} | {row} |")
        if gigabyte:
            source = folder / "gigabyte.jsonl"
            write_archive(source, annotated, size=GIGABYTE)
            took, peak = scored_archive(source, folder / "gigabyte.csv")
            lines.append(f"| 1 GB | all cores | {took:.0f} | | {GIGABYTE / 1e6 / took:.1f} | {peak:.0f} |")
        else:
            lines += kept_gigabyte()
    return [*lines, "", "With Dask the memory is the command's own; its workers have theirs."]


def kept_gigabyte() -> list[str]:
    """Return what an earlier run with `--gigabyte` measured, marked as such."""
    earlier = REPORT.read_text(encoding="utf-8").splitlines() if REPORT.is_file() else []
    rows = [line for line in earlier if line.startswith("| 1 GB")]
    return [row.replace("| 1 GB |", "| 1 GB, an earlier run |") for row in rows]


# --- growth ----------------------------------------------------------------------------------------------------------


def thinned(linear: LinearModel, share: float) -> LinearModel:
    """Return a model with only a share of the terms: every n-th."""
    step = round(1 / share)
    parts = (replace(b, hashes=b.hashes[::step], df=b.df[::step], coef=b.coef[::step]) for b in linear.blocks)
    return replace(linear, blocks=tuple(parts))


def timed(call: Callable[[], object]) -> float:
    found = []
    for _ in range(3):
        start = time.process_time()
        call()
        found.append(time.process_time() - start)
    return median(found)


def growth() -> dict[str, list[tuple[float, float]]]:
    """Return what costs how many seconds: by sentences, words in a sentence, terms of the model, sentences learnt."""
    annotated = read_set(ROOT / "annotations", None)
    texts = distinct_sentences(annotated)
    linear = read_model(ROOT / "model").sentences.linear
    linear.logits(texts)
    found: dict[str, list[tuple[float, float]]] = {}
    sizes = (1_250, 2_500, 5_000, 10_000, 20_000)
    found["sentences scored"] = [(n, timed(lambda n=n: linear.logits(texts[:n]))) for n in sizes]
    words = " ".join(texts).split()
    lengths = (10, 30, 100, 300, 1_000, 3_000)
    whole = 30_000
    cut = {n: [" ".join(words[i : i + n]) for i in range(0, whole, n)] for n in lengths}
    found["words in a sentence, 30,000 in all"] = [(n, timed(lambda n=n: linear.logits(cut[n]))) for n in lengths]
    found["terms of the model, 20,000 sentences"] = []
    for share in (0.125, 0.25, 0.5, 1.0):
        model = thinned(linear, share)
        model.logits(texts)
        size = sum(len(block.hashes) for block in model.blocks)
        found["terms of the model, 20,000 sentences"].append((size, timed(lambda m=model: m.logits(texts))))
    counted = count(annotated.texts, read_recipe(), annotated.lexicon)
    found["sentences learnt from, one fit"] = []
    for share in (0.125, 0.25, 0.5, 1.0):
        rows = np.arange(round(share * len(annotated.sentences)))
        start = time.process_time()
        fit_targets(annotated, counted, rows)
        found["sentences learnt from, one fit"].append((len(rows), time.process_time() - start))
    return found


def growth_lines(found: dict[str, list[tuple[float, float]]]) -> list[str]:
    lines = []
    for name, points in found.items():
        lines += [f"| {name} | {' | '.join(f'{size:,.0f}' for size, _ in points)} |", "|---|" + "---|" * len(points)]
        lines += [f"| seconds | {' | '.join(f'{took:.2f}' for _, took in points)} |", ""]
    return lines


def plot(found: dict[str, list[tuple[float, float]]]) -> None:
    plt.rcParams["svg.hashsalt"] = "haltung"
    figure, axes = plt.subplots(1, len(found), figsize=(3.4 * len(found), 3), layout="constrained")
    for axis, (name, points) in zip(axes, found.items(), strict=True):
        axis.plot(*zip(*points, strict=True), marker="o", color="#0072b2")
        axis.set(xlabel=name, ylim=0, xscale="log" if name.startswith("words") else "linear")
        axis.spines[["top", "right"]].set_visible(False)
        axis.tick_params(axis="x", labelsize=7)
    axes[0].set_ylabel("seconds")
    figure.savefig(PLOT, metadata={"Date": None})


def main(gigabyte: bool) -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn", "fasttext-wheel"))
    grown = growth()
    plot(grown)
    lines = [
        "# Speed",
        "",
        f"`python training/benchmarks/speed.py` prints this again. Ratios hold within this run ({packages}).",
        "",
        "## One article, whole process",
        "",
        *start_up(),
        "",
        *imports(),
        "",
        "## Many sentences, one process",
        "",
        *throughput(),
        "",
        "## Archives",
        "",
        *archive_scoring(gigabyte),
        "",
        "## Training",
        "",
        *training_time(),
        "",
        "## How cost grows",
        "",
        *growth_lines(grown),
        f"![How cost grows]({PLOT.name})",
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main("--gigabyte" in sys.argv[1:])
