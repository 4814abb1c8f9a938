"""The shipped model on the challenge set, group by group; prints and writes training/reports/challenge.md and .json.

    python training/challenge.py

Nothing is trained or tuned on annotations/challenge.csv.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from pathlib import Path

import haltung
from haltung.annotations import read_sentences

ROOT = Path(__file__).resolve().parents[1]
REPORT = ROOT / "training" / "reports" / "challenge.md"


def said(model: haltung.StanceModel, text: str, context: str) -> str:
    """Return the label of a sentence, read with the sentences that stand before it where there are any."""
    if not context:
        return model.predict([text])[0]
    return model.classes_[int(model.read([*context.split(" | "), text])[-1].argmax())]


def main() -> None:
    model = haltung.load(ROOT / "model")
    path = ROOT / "annotations" / "challenge.csv"
    read_sentences(path, model.codebook)  # refuses what is broken
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    predicted = [said(model, row["text"], row["context"]) for row in rows]
    groups: dict[str, list[bool]] = defaultdict(list)
    wrong = []
    for row, label in zip(rows, predicted, strict=True):
        groups[row["group"]].append(label == row["label"])
        if label != row["label"]:
            wrong.append((row["group"], row["label"], label))
    right = sum(sum(found) for found in groups.values())
    lines = [
        "# The challenge set",
        "",
        "`python training/challenge.py` prints this again. Sentences are read with their context where they have one.",
        "",
        f"Right: {right} of {len(rows)} ({right / len(rows):.1%}).",
        "",
        "| group | sentences | right | stance missed | false stance | wrong stance |",
        "|---|---|---|---|---|---|",
    ]
    none = model.codebook.none
    for group, found in sorted(groups.items(), key=lambda item: sum(item[1]) / len(item[1])):
        errors = [(gold, label) for name, gold, label in wrong if name == group]
        missed = sum(label == none for _, label in errors)
        false = sum(gold == none for gold, _ in errors)
        lines.append(
            f"| {group} | {len(found)} | {sum(found) / len(found):.0%} | {missed} | {false}"
            f" | {len(errors) - missed - false} |"
        )
    shares = {name: round(sum(found) / len(found), 4) for name, found in groups.items()}
    data = {"sentences": len(rows), "right": right, "by_group": shares}
    REPORT.with_suffix(".json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
