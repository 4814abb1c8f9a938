"""Learning curve and error tables of the shipped recipe; prints and writes training/reports/learning.md.

    python training/learning.py

Whole articles are held out. The curve trains on a growing share of the other articles and measures on the same
held-out ones; the tables come from the full training parts.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import numpy as np

from haltung.annotated_set import AnnotatedSet, read_set
from haltung.annotations import AnnotatedSentence
from haltung.crossvalidation import HeldOut, fold_numbers, held_out, out_of_fold_logits
from haltung.evaluation import macro_f1_interval, score
from haltung.fitting import CountedTexts, count
from haltung.recipe import read_recipe

REPORT = Path(__file__).resolve().parent / "reports" / "learning.md"
SHARES = (0.125, 0.25, 0.5, 1.0)
# the last article that each round of writing added
ROUNDS = {
    "first batch": "a0577",
    "round 1": "a0777",
    "round 2": "a0977",
    "round 3": "a1177",
    "round 4": "a1384",
    "round 5": "a1595",
    "round 6": "a1803",
}
# what they are measured on
PARTS = {"first batch": ("", "a0577"), "rounds 1 to 3": ("a0577", "a1177"), "rounds 4 to 6": ("a1177", "a1803")}


def kept_articles(annotated: AnnotatedSet, share: float) -> np.ndarray:
    """Mask the sentences of a random share of the articles; smaller shares lie in larger ones."""
    groups = [sentence.group for sentence in annotated.sentences]
    names = sorted(set(groups))
    order = np.random.default_rng(0).permutation(len(names))
    kept = {names[place] for place in order[: round(share * len(names))]}
    return np.array([group in kept for group in groups])


def period(sentence: AnnotatedSentence) -> str:
    if not sentence.date:
        return "undated"
    return f"{sentence.date[:4]}, {'first' if sentence.date[5:7] < '07' else 'second'} half"


def length(sentence: AnnotatedSentence) -> str:
    words = len(sentence.text.split())
    for most in (5, 10, 15, 20, 30):
        if words <= most:
            return f"up to {most:2} words"
    return "over 30 words"


def place(sentence: AnnotatedSentence) -> str:
    return {0: "title", 1: "lead", 2: "lead"}.get(sentence.position, "body")


def error_table(
    annotated: AnnotatedSet, predicted: list[str], name: str, key: Callable[[AnnotatedSentence], str]
) -> list[str]:
    rows: dict[str, list[int]] = defaultdict(list)
    for row, sentence in enumerate(annotated.sentences):
        rows[key(sentence)].append(row)
    none, classes = annotated.codebook.none, annotated.codebook.ids
    lines = ["", f"| {name} | units | with a stance | macro-F1 | precision | recall |", "|---|---|---|---|---|---|"]
    for value in sorted(rows):
        gold = [annotated.sentences[row].label for row in rows[value]]
        found = [predicted[row] for row in rows[value]]
        right = sum(g == p != none for g, p in zip(gold, found, strict=True))
        stances, claimed = sum(g != none for g in gold), sum(p != none for p in found)
        lines.append(
            f"| {value} | {len(gold):,} | {stances:,} | {score(gold, found, classes).macro_f1:.3f}"
            f" | {right / max(claimed, 1):.3f} | {right / max(stances, 1):.3f} |"
        )
    return lines


def predictions(annotated: AnnotatedSet, counted: CountedTexts, folds: np.ndarray, learns: np.ndarray) -> HeldOut:
    """Predict every sentence in its article from a model that learnt from `learns` outside its fold."""
    return held_out(annotated, out_of_fold_logits(annotated, counted, folds, learns), folds, counted.recipe, learns)


def named(annotated: AnnotatedSet, probabilities: np.ndarray) -> np.ndarray:
    return np.array(annotated.codebook.ids)[probabilities.argmax(axis=1)]


def by_round(annotated: AnnotatedSet, counted: CountedTexts, folds: np.ndarray) -> list[str]:
    classes = annotated.codebook.ids
    names = np.array([sentence.article for sentence in annotated.sentences])
    gold = np.array([sentence.label for sentence in annotated.sentences])
    articles = np.array(list(annotated.article_labels))
    verdicts = np.array(list(annotated.article_labels.values()))
    heads = [f"{what}, {part}" for what in ("macro-F1", "verdicts right") for part in PARTS]
    lines = [
        "",
        "## Round by round",
        "",
        "Learnt from all articles up to that round, measured on held-out articles of each part of the set.",
        "",
        f"| up to | sentences | {' | '.join(heads)} |",
        "|---|---|" + "---|" * len(heads),
    ]
    for name, last in ROUNDS.items():
        out = predictions(annotated, counted, folds, names <= last)
        assert out.whole is not None
        found, whole = named(annotated, out.within), named(annotated, out.whole)
        parts = [
            ((names > low) & (names <= high), (articles > low) & (articles <= high)) for low, high in PARTS.values()
        ]
        cells = [f"{score(gold[rows], found[rows], classes).macro_f1:.3f}" for rows, _ in parts]
        cells += [f"{(whole[rows] == verdicts[rows]).mean():.1%}" for _, rows in parts]
        lines.append(f"| {name} | {(names <= last).sum():,} | {' | '.join(cells)} |")
    return lines


def main() -> None:
    annotated, recipe = read_set(None, None), read_recipe()
    classes = annotated.codebook.ids
    counted = count(annotated.texts, recipe, annotated.lexicon)
    folds = fold_numbers(annotated.sentences, recipe)
    gold = [sentence.label for sentence in annotated.sentences]
    groups = [sentence.group for sentence in annotated.sentences]
    lines = [
        "# Learning curve and errors",
        "",
        "`python training/learning.py` prints this again. Whole articles held out, the same in every row.",
        "",
        "| share of the articles | sentences learnt from | macro-F1 | 95 % interval |",
        "|---|---|---|---|",
    ]
    predicted: list[str] = []
    for share in SHARES:
        learns = kept_articles(annotated, share)
        predicted = named(annotated, predictions(annotated, counted, folds, learns).within).tolist()
        low, high = macro_f1_interval(gold, predicted, groups, classes)
        learnt = round(learns.sum() * (1 - 1 / recipe.folds))
        found = score(gold, predicted, classes).macro_f1
        lines.append(f"| {share:.1%} | {learnt:,} | {found:.3f} | {low:.3f} to {high:.3f} |")
    lines += by_round(annotated, counted, folds)
    lines += [
        "",
        "## Where the errors are",
        "",
        "Precision and recall count units with a stance, all stances together.",
    ]
    for name, key in (("kind", lambda s: s.kind), ("period", period), ("length", length), ("place", place)):
        lines += error_table(annotated, predicted, name, key)
    lines += ["", "| label | precision | recall | F1 | units |", "|---|---|---|---|---|"]
    for label, found in score(gold, predicted, classes).by_label.items():
        lines.append(f"| {label} | {found.precision:.3f} | {found.recall:.3f} | {found.f1:.3f} | {found.support:,} |")
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
