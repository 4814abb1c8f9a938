"""The figures of the data sheet: counts, agreement, near-duplicates; writes them into annotations/README.md.

    python training/data_sheet.py

What stands between the two marks in annotations/README.md is replaced, the rest is left as it is.
"""

from __future__ import annotations

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable
from pathlib import Path

from haltung.agreement import agreement, read_units
from haltung.annotated_set import AnnotatedSet, read_set
from haltung.annotations import AnnotatedSentence
from haltung.near_duplicates import near_duplicates
from learning import length, period

SHEET = Path(__file__).resolve().parents[1] / "annotations" / "README.md"
START, END = "<!-- figures: python training/data_sheet.py -->", "<!-- end of figures -->"


def counts(annotated: AnnotatedSet, name: str, key: Callable[[AnnotatedSentence], str]) -> list[str]:
    table: dict[str, Counter[str]] = defaultdict(Counter)
    articles: dict[str, set[str]] = defaultdict(set)
    for sentence in annotated.sentences:
        table[key(sentence)][sentence.label] += 1
        articles[key(sentence)].add(sentence.article)
    ids = annotated.codebook.ids
    lines = ["", f"| {name} | articles | units | {' | '.join(ids)} |", "|---" * (3 + len(ids)) + "|"]
    for value in sorted(table):
        cells = " | ".join(f"{table[value][label]:,}" for label in ids)
        lines.append(f"| {value} | {len(articles[value]):,} | {table[value].total():,} | {cells} |")
    return lines


def agreement_lines(annotated: AnnotatedSet) -> list[str]:
    found = agreement(read_units(annotated.files, annotated.codebook), annotated.codebook.ids)
    ids = annotated.codebook.ids
    lines = [
        "",
        "### Agreement of the two readings, before adjudication",
        "",
        f"{found.units:,} units read twice: Krippendorff's α **{found.alpha:.3f}** (nominal), the same label in"
        f" {found.observed:.1%}; {len(found.disagreements):,} units were adjudicated.",
        "",
        "| label | α, label against the rest | specific agreement |",
        "|---|---|---|",
        *(f"| {label} | {found.alpha_by_label[label]:.3f} | {found.specific[label]:.3f} |" for label in ids),
        "",
        f"| first \\ second reading | {' | '.join(ids)} |",
        "|---" * (1 + len(ids)) + "|",
    ]
    for label, row in zip(ids, found.confusion.tolist(), strict=True):
        lines.append(f"| {label} | {' | '.join(f'{count:,}' for count in row)} |")
    return lines


def main() -> None:
    annotated = read_set(SHEET.parent, None)
    texts = [sentence.text for sentence in annotated.sentences]
    stances = sum(sentence.label != annotated.codebook.none for sentence in annotated.sentences)
    words = [len(text.split()) for text in texts]
    articles = Counter(annotated.article_labels.values())
    pairs = sum(1 for _ in near_duplicates(texts))
    lines = [
        f"{len(texts):,} units of {len(annotated.article_labels):,} articles; {stances:,} units with a stance"
        f" ({stances / len(texts):.1%}). A unit has {statistics.median(words):.0f} words (median), from"
        f" {min(words)} to {max(words)}. Pairs of units (30 characters or more) that share half of the longer one's"
        f" character 5-grams: {pairs:,}, page debris included.",
        "",
        "Articles by label: " + ", ".join(f"{articles[label]:,} {label}" for label in annotated.codebook.ids) + ".",
        *counts(annotated, "label", lambda sentence: sentence.label),
        *counts(annotated, "kind", lambda sentence: sentence.kind),
        *counts(annotated, "period", period),
        *counts(annotated, "length", length),
        *agreement_lines(annotated),
    ]
    before, _, rest = SHEET.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    SHEET.write_text(before + START + "\n\n" + "\n".join(lines) + "\n\n" + END + after, encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
