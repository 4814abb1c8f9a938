"""How fast haltung starts and scores, as ratios within one run; prints and writes training/reports/speed.md.

    pip install -e '.[peers]' && python training/benchmarks/speed.py

Start-up is the whole process of `haltung classify` on one article against `python -c "import joblib, typer"`, run in
turns. Throughput is sentences a second of processor time in one process, fastText and scikit-learn with the same
n-grams of characters and on the same sentences, in turns too; the middle of all turns is told.
"""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from importlib.metadata import version
from pathlib import Path
from statistics import median

from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import FeatureUnion, make_pipeline

import haltung
from haltung.annotated_set import AnnotatedSet, read_set
from haltung.features import terms, tokens
from haltung.recipe import Recipe, read_recipe

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "training" / "reports" / "speed.md"
ARTICLE = ROOT / "tests" / "data" / "articles" / "2024-10-24_seoul-prueft-waffenhilfe.txt"
SENTENCES, STARTS, TURNS = 20_000, 15, 5


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


def main() -> None:
    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "scikit-learn", "fasttext-wheel"))
    lines = [
        "# Speed",
        "",
        f"`python training/benchmarks/speed.py` prints this again. Ratios hold within this run ({packages}).",
        "",
        "## One article, whole process",
        "",
        *start_up(),
        "",
        "## Many sentences, one process",
        "",
        *throughput(),
    ]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
