"""How the recipe was chosen: what each part brings to articles, kinds and periods that were held out.

    python training/benchmarks/selection.py

Prints and writes training/reports/selection.md (and selection.json, which the model card quotes), with `--transfer` or
`--latest` one part of it. Choices are made on
folds of another seed than those that `haltung train` reports. Nothing is measured on annotations/challenge.csv.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix, diags_array, hstack
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold
from sklearn.svm import LinearSVC

from haltung.annotated_set import AnnotatedSet, read_set
from haltung.crossvalidation import HeldOut, fold_numbers, held_out, out_of_fold_logits
from haltung.evaluation import calibration, macro_f1_interval, score
from haltung.features import Block
from haltung.fitting import CountedBlock, CountedTexts, count, stretches, weigh
from haltung.lexicon import Lexicon
from haltung.recipe import BlockRecipe, Recipe, read_recipe

REPORTS = Path(__file__).resolve().parents[1] / "reports"
LATEST, TRIED = "## What was tried last", "## What was tried before"
SEEDS_CHOSEN_ON, SEEDS_REPORTED = (1,), (0, 2, 3)
FOLDS, COARSE_FOLDS = 5, 3  # of articles; of kinds and of half-years
# measured on articles only: what changes little
MINOR = frozenset(
    {
        "characters and words",
        "the same and pairs, no lexicon",
        "without words",
        "without classed",
        "without classes",
        "words 1 to 3",
        "pairs up to 7 words apart",
        "pairs of 7 letters",
        "pairs weighted 0.8",
        "terms in 2 sentences",
        "terms in 6 sentences",
        "C = 8",
        "C = 32",
        "hints with C = 16",
        "stances weigh 1.5",
        "units that readers disagreed on weigh 0.4",
    }
)
READING = (
    'Seeds differ by 0.003 or so (above), so smaller differences say little. The rows from "one against the rest" on'
    " have no hints of the article's label: compare them with that row, not with the first.",
)
# logits of the rows to predict, from: training values, their labels, values to predict, numbers of the training rows
Classifier = Callable[[csr_matrix, np.ndarray, csr_matrix, np.ndarray], np.ndarray]


@dataclass(frozen=True)
class Result:
    """Macro-F1 of sentences (in context, alone), accuracy of verdicts, calibration error, log-loss."""

    macro_f1: float
    alone: float
    verdicts: float
    error: float
    log_loss: float


class Bench:
    """The set with each block counted once, however many recipes use it."""

    def __init__(self, annotated: AnnotatedSet) -> None:
        self.annotated = annotated
        self.recipe = read_recipe()
        self._blocks: dict[tuple[Block, bool], tuple[CountedBlock, ...]] = {}

    def counted(self, recipe: Recipe, lexicon: bool = True) -> CountedTexts:
        words = self.annotated.lexicon if lexicon else Lexicon()
        blocks: list[CountedBlock] = []
        for part in recipe.blocks:
            key = (part.block, lexicon)
            if key not in self._blocks:
                self._blocks[key] = count(self.annotated.texts, replace(recipe, blocks=(part,)), words).blocks
            blocks += [replace(block, part=part) for block in self._blocks[key]]
        return CountedTexts(tuple(blocks), words, recipe)

    def folds(self, held: str, seed: int) -> np.ndarray:
        if held == "articles":
            return fold_numbers(self.annotated.sentences, replace(self.recipe, seed=seed, folds=FOLDS))
        groups = kinds(self.annotated) if held == "kinds" else periods(self.annotated)
        splitter = GroupKFold(COARSE_FOLDS, shuffle=True, random_state=seed)
        numbers = np.zeros(len(groups), np.int64)
        for number, (_, test) in enumerate(splitter.split(groups, groups=groups)):
            numbers[test] = number
        return numbers

    def measure(self, counted: CountedTexts, folds: np.ndarray, classifier: Classifier | None = None) -> Result:
        if classifier is None:
            logits = out_of_fold_logits(self.annotated, counted, folds)
        else:
            logits = self.logits(counted, folds, classifier)
        return self.result(held_out(self.annotated, logits, folds, counted.recipe))

    def logits(self, counted: CountedTexts, folds: np.ndarray, classifier: Classifier) -> np.ndarray:
        """Held-out logits of another classifier; those of the article's label are left at 0."""
        found = np.zeros((len(folds), 2 * len(self.annotated.codebook.ids)))

        def job(number: int) -> tuple[np.ndarray, np.ndarray]:
            train, test = np.flatnonzero(folds != number), np.flatnonzero(folds == number)
            weighed = [part for block in counted.blocks if (part := weigh(block, train)) is not None]
            known, asked = (hstack([part.values(rows) for part in weighed], format="csr") for rows in (train, test))
            stretch = diags_array(
                stretches(known, self.annotated.labels[train], len(self.annotated.codebook.ids), counted.recipe)
            )
            known, asked = (known @ stretch).tocsr(), (asked @ stretch).tocsr()
            return test, classifier(known, self.annotated.labels[train], asked, train)

        for test, values in Parallel(n_jobs=-1)(delayed(job)(number) for number in np.unique(folds)):
            found[test, : values.shape[1]] = values
        return found

    def result(self, found: HeldOut) -> Result:
        labels = self.annotated.labels
        assert found.whole is not None
        gold = [self.annotated.codebook.ids.index(label) for label in self.annotated.article_labels.values()]
        return Result(
            self.macro_f1(found.within),
            self.macro_f1(found.alone),
            float((found.whole.argmax(axis=1) == gold).mean()),
            calibration(labels, found.within).error,
            float(-np.log(found.within[np.arange(len(labels)), labels]).mean()),
        )

    def macro_f1(self, probabilities: np.ndarray) -> float:
        classes = self.annotated.codebook.ids
        predicted = [classes[place] for place in probabilities.argmax(axis=1)]
        return score([sentence.label for sentence in self.annotated.sentences], predicted, classes).macro_f1

    def interval(self, probabilities: np.ndarray) -> tuple[float, float]:
        classes, sentences = self.annotated.codebook.ids, self.annotated.sentences
        predicted = [classes[place] for place in probabilities.argmax(axis=1)]
        groups = [sentence.group for sentence in sentences]
        return macro_f1_interval([sentence.label for sentence in sentences], predicted, groups, classes)


def kinds(annotated: AnnotatedSet) -> list[str]:
    return [sentence.kind for sentence in annotated.sentences]


def periods(annotated: AnnotatedSet) -> list[str]:
    halves = (
        f"{s.date[:4]}-{'1' if s.date[5:7] < '07' else '2'}" if s.date else "undated" for s in annotated.sentences
    )
    return list(halves)


# --- other recipes ---------------------------------------------------------------------------------------------------


def changed(recipe: Recipe, kind: str, **changes: Any) -> Recipe:  # noqa: ANN401 (fields of Block or BlockRecipe)
    """Return `recipe` with the block of one kind changed."""
    of_part = {name: changes.pop(name) for name in ("min_df", "weight") if name in changes}

    def change(part: BlockRecipe) -> BlockRecipe:
        return replace(part, block=replace(part.block, **changes), **of_part) if part.block.kind == kind else part

    return replace(recipe, blocks=tuple(change(part) for part in recipe.blocks))


def only(recipe: Recipe, *wanted: str) -> Recipe:
    return replace(recipe, blocks=tuple(part for part in recipe.blocks if part.block.kind in wanted))


def without(recipe: Recipe, kind: str) -> Recipe:
    return replace(recipe, blocks=tuple(part for part in recipe.blocks if part.block.kind != kind))


def rarer(recipe: Recipe, min_df: int) -> Recipe:
    return replace(recipe, blocks=tuple(replace(part, min_df=min_df) for part in recipe.blocks))


def recipes(shipped: Recipe) -> dict[str, tuple[Recipe, bool]]:
    """The recipes that are compared, each with whether it knows the lexicon."""
    return {
        "shipped": (shipped, True),
        "characters alone": (only(shipped, "chars"), True),
        "characters and words": (only(shipped, "chars", "words"), True),
        "the same and pairs, no lexicon": (only(shipped, "chars", "words", "pairs"), False),
        "no lexicon": (shipped, False),
        **{f"without {kind}": (without(shipped, kind), True) for kind in ("chars", "words", "pairs")},
        **{f"without {kind}": (without(shipped, kind), True) for kind in ("classed", "classes")},
        "characters 2 to 6": (changed(shipped, "chars", high=6), True),
        "words 1 to 3": (changed(shipped, "words", high=3), True),
        "pairs up to 7 words apart": (changed(shipped, "pairs", high=7), True),
        "pairs up to 30 words apart": (changed(shipped, "pairs", high=30), True),
        "pairs of 7 letters": (changed(shipped, "pairs", cut=7), True),
        "pairs weighted 0.8": (changed(shipped, "pairs", weight=0.8), True),
        "terms in 2 sentences": (rarer(shipped, 2), True),
        "terms in 6 sentences": (rarer(shipped, 6), True),
        "C = 8": (replace(shipped, C=8.0), True),
        "C = 32": (replace(shipped, C=32.0), True),
        "hints with C = 16": (replace(shipped, hint_C=16.0), True),
    }


def latest(shipped: Recipe) -> dict[str, tuple[Recipe, bool]]:
    """The recipes around what was changed last; False for those without the lexicon."""
    return {
        "shipped": (shipped, True),
        "no lexicon": (shipped, False),
        "labels not balanced": (replace(shipped, balance=0.0), True),
        "labels balanced by half": (replace(shipped, balance=0.5), True),
        "no pairs inside a clause": (
            replace(shipped, blocks=tuple(b for b in shipped.blocks if not b.block.breaks)),
            True,
        ),
        "terms not stretched": (replace(shipped, stretch=0.0), True),
        "C = 16": (replace(shipped, C=16.0), True),
        "characters 2 to 6": (changed(shipped, "chars", high=6), True),
    }


# --- other classifiers -----------------------------------------------------------------------------------------------


def multinomial(known: csr_matrix, labels: np.ndarray, asked: csr_matrix, rows: np.ndarray) -> np.ndarray:
    return LogisticRegression(C=30, max_iter=1000).fit(known, labels).decision_function(asked)


def support_vectors(known: csr_matrix, labels: np.ndarray, asked: csr_matrix, rows: np.ndarray) -> np.ndarray:
    return LinearSVC(C=0.4, random_state=0).fit(known, labels).decision_function(asked)


def one_vs_rest(
    known: csr_matrix, labels: np.ndarray, asked: csr_matrix, balanced: bool = False, weights: np.ndarray | None = None
) -> np.ndarray:
    settings: dict[str, Any] = {"C": 30, "solver": "liblinear", "dual": True, "tol": 0.05, "max_iter": 200}
    settings |= {"random_state": 0, "class_weight": "balanced" if balanced else None}
    columns = [
        LogisticRegression(**settings).fit(known, labels == label, sample_weight=weights).decision_function(asked)
        for label in np.unique(labels)
    ]
    return np.column_stack(columns)


def stance_first(none: int) -> Classifier:
    """Stance or not first, then which; the logits are the logarithms of the product's probabilities."""

    def classify(known: csr_matrix, labels: np.ndarray, asked: csr_matrix, rows: np.ndarray) -> np.ndarray:
        settings: dict[str, Any] = {"C": 30, "solver": "liblinear", "dual": True, "tol": 0.05, "random_state": 0}
        stance = LogisticRegression(**settings).fit(known, labels != none).predict_proba(asked)[:, 1]
        which = one_vs_rest(known[labels != none], labels[labels != none], asked)
        shares = 1 / (1 + np.exp(-which))
        found = stance[:, None] * shares / shares.sum(axis=1, keepdims=True)
        return np.log(np.insert(found, none, 1 - stance, axis=1) + 1e-9)

    return classify


def classifiers(annotated: AnnotatedSet) -> dict[str, Classifier]:
    disagreed = np.array([len({label for _, label in s.readings}) > 1 for s in annotated.sentences])
    none = annotated.codebook.ids.index(annotated.codebook.none or annotated.codebook.ids[-1])
    return {
        "one against the rest, as shipped, no hints": lambda k, y, a, rows: one_vs_rest(k, y, a),
        "multinomial (lbfgs, converged)": multinomial,
        "linear support vectors": support_vectors,
        "stance or not first, then which": stance_first(none),
        "balanced classes": lambda k, y, a, rows: one_vs_rest(k, y, a, balanced=True),
        "stances weigh 1.5": lambda k, y, a, rows: one_vs_rest(k, y, a, weights=np.where(y == none, 1, 1.5)),
        "units that readers disagreed on weigh 0.4": lambda k, y, a, rows: one_vs_rest(
            k, y, a, weights=np.where(disagreed[rows], 0.4, 1.0)
        ),
    }


# --- other inputs ----------------------------------------------------------------------------------------------------


def with_context_blocks(bench: Bench) -> CountedTexts:
    """The shipped blocks and, as further blocks, words and characters of the title and of the sentence before."""
    annotated, shipped = bench.annotated, bench.counted(bench.recipe)
    parts = (BlockRecipe(Block("chars", 4, 5), 3, 0.4), BlockRecipe(Block("words", 1, 1), 3, 0.4))
    titles, before = [""] * len(annotated.sentences), [""] * len(annotated.sentences)
    for article, rows in annotated.articles.items():
        for place, row in enumerate(rows[1:], start=1):
            before[row] = annotated.sentences[rows[place - 1]].text
            titles[row] = annotated.sentences[rows[0]].text if annotated.title_at(article) == 0 else ""
    recipe = replace(bench.recipe, blocks=parts)
    context = [count(texts, recipe, Lexicon()).blocks for texts in (titles, before)]
    return replace(shipped, blocks=(*shipped.blocks, *context[0], *context[1]))


def counterfactuals(annotated: AnnotatedSet) -> tuple[list[int], list[str]]:
    """Return stance sentences told of other countries, and the rows that they are made from: no stance any more."""
    names = ("Südkoreas", "Südkorea", "Seouls", "Seoul", "südkoreanisch")
    others = (
        ("Japans", "Japan", "Tokios", "Tokio", "japanisch"),
        ("Israels", "Israel", "Jerusalems", "Jerusalem", "israelisch"),
        ("Bulgariens", "Bulgarien", "Sofias", "Sofia", "bulgarisch"),
        ("Griechenlands", "Griechenland", "Athens", "Athen", "griechisch"),
    )
    rows, texts = [], []
    for row, sentence in enumerate(annotated.sentences):
        text = sentence.text
        if sentence.label == annotated.codebook.none or not any(name in text for name in names):
            continue
        for name, other in zip(names, others[row % len(others)], strict=True):
            text = text.replace(name, other)
        rows.append(row)
        texts.append(text)
    return rows, texts


def measure_counterfactuals(bench: Bench, folds: np.ndarray) -> Result:
    annotated = bench.annotated
    sources, texts = counterfactuals(annotated)
    counted = count([*annotated.texts, *texts], bench.recipe, annotated.lexicon)
    n, of = len(annotated.sentences), np.array(sources)
    none = annotated.codebook.ids.index(annotated.codebook.none or "")
    logits = np.zeros((n, 2 * len(annotated.codebook.ids)))
    for number in np.unique(folds):
        train, test = np.flatnonzero(folds != number), np.flatnonzero(folds == number)
        added = n + np.flatnonzero(folds[of] != number)
        rows = np.concatenate([train, added])
        weighed = [part for block in counted.blocks if (part := weigh(block, rows)) is not None]
        known, asked = (hstack([part.values(r) for part in weighed], format="csr") for r in (rows, test))
        labels = np.concatenate([annotated.labels[train], np.full(len(added), none)])
        logits[test, : len(annotated.codebook.ids)] = one_vs_rest(known, labels, asked)
    return bench.result(held_out(annotated, logits, folds, bench.recipe))


# --- the shipped recipe ----------------------------------------------------------------------------------------------


def transfer(bench: Bench) -> dict[str, Any]:
    """Measure the shipped recipe: articles on several seeds, each kind and each half-year held out, nested."""
    counted = bench.counted(bench.recipe)
    found: dict[str, Any] = {}

    def note(name: str, out: HeldOut) -> None:
        low, high = bench.interval(out.within)
        result = bench.result(out)
        found[name] = {**{key: round(value, 4) for key, value in vars(result).items()}, "interval": [low, high]}

    for seed in SEEDS_REPORTED:
        folds = bench.folds("articles", seed)
        logits = out_of_fold_logits(bench.annotated, counted, folds)
        note(f"whole articles, seed {seed}", held_out(bench.annotated, logits, folds, bench.recipe))
    for name, groups in (("each kind", kinds(bench.annotated)), ("each half-year", periods(bench.annotated))):
        folds = np.unique(groups, return_inverse=True)[1]
        logits = out_of_fold_logits(bench.annotated, counted, folds)
        out = held_out(bench.annotated, logits, folds, bench.recipe)
        note(f"{name} ({folds.max() + 1} of them)", out)
        found[f"{name} ({folds.max() + 1} of them)"]["by_group"] = by_group(bench, groups, out)
    note("whole articles, layers nested too", nested(bench, counted))
    return found


def nested(bench: Bench, counted: CountedTexts) -> HeldOut:
    """Hold each fold out of the logits that the layers learn from, too."""
    folds = bench.folds("articles", SEEDS_REPORTED[0])
    parts = []
    for number in np.unique(folds):
        learns = folds != number
        logits = out_of_fold_logits(bench.annotated, counted, folds, learns)
        parts.append(held_out(bench.annotated, logits, folds, bench.recipe, learns))
    firsts = np.array([bench.annotated.articles[name][0] for name in bench.annotated.article_labels])
    alone, within = (
        np.array([getattr(parts[f], name)[row] for row, f in enumerate(folds)]) for name in ("alone", "within")
    )
    whole = np.array([parts[f].whole[row] for row, f in enumerate(folds[firsts])])
    return replace(parts[0], alone=alone, within=within, whole=whole)


def by_group(bench: Bench, groups: Sequence[str], out: HeldOut) -> dict[str, float]:
    classes = bench.annotated.codebook.ids
    predicted = out.within.argmax(axis=1)
    found = {}
    for name in sorted(set(groups)):
        rows = [row for row, group in enumerate(groups) if group == name]
        gold = [classes[bench.annotated.labels[row]] for row in rows]
        found[name] = round(score(gold, [classes[predicted[row]] for row in rows], classes).macro_f1, 4)
    return found


# --- report ----------------------------------------------------------------------------------------------------------


def compare(bench: Bench) -> dict[str, dict[str, Result]]:
    """Measure every variant on held-out articles, kinds and periods."""
    held = {name: bench.folds(name, SEEDS_CHOSEN_ON[0]) for name in ("articles", "kinds", "periods")}
    found: dict[str, dict[str, Result]] = {}

    def asked(name: str) -> dict[str, np.ndarray]:
        return {"articles": held["articles"]} if name in MINOR else held

    for name, (recipe, lexicon) in recipes(bench.recipe).items():
        counted = bench.counted(recipe, lexicon)
        found[name] = {part: bench.measure(counted, folds) for part, folds in asked(name).items()}
        print(name, found[name]["articles"], flush=True)
    shipped = bench.counted(bench.recipe)
    for name, classifier in classifiers(bench.annotated).items():
        found[name] = {part: bench.measure(shipped, folds, classifier) for part, folds in asked(name).items()}
        print(name, found[name]["articles"], flush=True)
    context = with_context_blocks(bench)
    as_shipped = classifiers(bench.annotated)["one against the rest, as shipped, no hints"]
    found["title and sentence before as blocks"] = {
        part: bench.measure(context, folds, as_shipped) for part, folds in held.items()
    }
    found["counterfactual sentences added"] = {
        part: measure_counterfactuals(bench, folds) for part, folds in held.items()
    }
    return found


def compare_latest(bench: Bench) -> dict[str, dict[str, Result]]:
    """Measure what was changed last on held-out articles."""
    folds = bench.folds("articles", SEEDS_CHOSEN_ON[0])
    found = {
        name: {"articles": bench.measure(bench.counted(recipe, lexicon), folds)}
        for name, (recipe, lexicon) in latest(bench.recipe).items()
    }
    others = classifiers(bench.annotated)
    for name in ("one against the rest, as shipped, no hints", "linear support vectors"):
        found[name] = {"articles": bench.measure(bench.counted(bench.recipe), folds, others[name])}
    return found


def shipped_lines(transferred: dict[str, Any]) -> list[str]:
    lines = [
        "# How the recipe was chosen",
        "",
        "`python training/benchmarks/selection.py` prints this again, with `--transfer` the first table only, with"
        " `--latest` the second (an hour and a half, ten minutes each). Macro-F1 of sentences in their articles."
        " The variants are compared on folds of seed 1 (5 of articles, 3 of kinds, 3 of half-years, each held out"
        " whole); the shipped recipe is measured on other seeds, and with every kind and half-year by itself.",
        "",
        "## The shipped recipe",
        "",
        "| held out | macro-F1 | 95 % interval | without context | verdicts right | calibration error |",
        "|---|---|---|---|---|---|",
    ]
    for name, values in transferred.items():
        low, high = values["interval"]
        lines.append(
            f"| {name} | {values['macro_f1']:.3f} | {low:.3f} to {high:.3f} | {values['alone']:.3f}"
            f" | {values['verdicts']:.1%} | {values['error']:.3f} |"
        )
    for name, values in transferred.items():
        if "by_group" in values:
            groups = ", ".join(f"{group} {value:.2f}" for group, value in values["by_group"].items())
            lines += ["", f"{name[0].upper()}{name[1:]}: {groups}."]
    return [*lines, ""]


def tried_lines(heading: str, compared: dict[str, dict[str, Result]]) -> list[str]:
    lines = [
        heading,
        "",
        "| variant | articles | kinds | periods | without context | verdicts right | log-loss |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, parts in compared.items():
        at_home = parts["articles"]
        held = (parts.get(part) for part in ("articles", "kinds", "periods"))
        scores = " | ".join("" if result is None else f"{result.macro_f1:.3f}" for result in held)
        lines.append(f"| {name} | {scores} | {at_home.alone:.3f} | {at_home.verdicts:.1%} | {at_home.log_loss:.4f} |")
    return [*lines, "", *READING, ""]


def transferred_text(bench: Bench) -> str:
    transferred = transfer(bench)
    (REPORTS / "selection.json").write_text(json.dumps(transferred, ensure_ascii=False, indent=1) + "\n")
    return "\n".join(shipped_lines(transferred)) + "\n"


def main(wanted: Sequence[str]) -> None:
    bench = Bench(read_set(REPORTS.parents[1] / "annotations", None))
    path = REPORTS / "selection.md"
    text = path.read_text(encoding="utf-8")
    first, last = text.index(LATEST), text.index(TRIED)
    parts = {"--transfer": text[:first], "--latest": text[first:last], "--before": text[last:]}
    if not wanted or "--transfer" in wanted:
        parts["--transfer"] = transferred_text(bench)
    if not wanted or "--latest" in wanted:
        parts["--latest"] = "\n".join(tried_lines(LATEST, compare_latest(bench))) + "\n"
    if not wanted:
        parts["--before"] = "\n".join(tried_lines(TRIED, compare(bench)))
    path.write_text("".join(parts.values()), encoding="utf-8")
    print(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main(sys.argv[1:])
