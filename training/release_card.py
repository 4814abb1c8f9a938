"""Add to the model card what the benchmarks measured: transfer, peers, challenge set, and errors with examples.

    haltung train && python training/release_card.py

Reads model/metrics.json and training/reports/*.json, which the commands named in the card wrote. The examples are
written for the card; what the model says of them is asked of the model.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import haltung
from haltung.card import FIGURES_FILE, card, table
from haltung.store import sign

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / "training" / "reports"
# sentences written for the card, with the label by the codebook
MISSED, CLAIMED, MISTAKEN = (
    (
        ("rules_out", "Was an die Front geht, soll heilen und schützen."),
        ("rules_out", "Nach Kiew reisen Ärzte, keine Kanoniere."),
        ("considers", "Das sei, so der Sprecher, eine Frage des Wann."),
    ),
    (
        ("no_stance", "Kiew hofft, dass Südkorea seine Haltung zu Waffenlieferungen überdenkt."),
        ("no_stance", "Polens Regierung prüft, ob sie Kiew koreanische Haubitzen überlässt."),
        ("no_stance", "Bulgarien verkauft Munition an die USA, damit Washington die Ukraine beliefern kann."),
    ),
    (
        ("considers", "Dass man nie Granaten liefern werde, habe er nicht gesagt, stellte der Minister klar."),
        ("considers", "Seoul beendet das Nein zu tödlicher Hilfe für die Ukraine."),
        ("rules_out", "Von einer Lieferung über Polen, wie sie diskutiert wurde, will das Ministerium nichts wissen."),
    ),
)


def read(name: str) -> dict[str, Any]:
    return json.loads((REPORTS / name).read_text(encoding="utf-8"))


def transfer() -> list[str]:
    rows = [
        [
            name,
            f"{found['macro_f1']:.3f}",
            "{:.3f} to {:.3f}".format(*found["interval"]),
            f"{found['alone']:.3f}",
            f"{found['verdicts']:.1%}",
            f"{found['error']:.3f}",
        ]
        for name, found in read("selection.json").items()
    ]
    header = ["held out", "macro-F1", "95 % interval", "without context", "verdicts right", "calibration error"]
    return [
        "## Beyond its own articles",
        "`python training/benchmarks/selection.py`; which kinds and half-years, and what was tried and did not help,"
        " is in [the report](../training/reports/selection.md).",
        table(header, rows),
    ]


def peers() -> list[str]:
    return [
        "## Against peers",
        "`python training/benchmarks/peers.py`, the same folds and sentences ([report](../training/reports/peers.md)).",
        *(REPORTS / "peers.md").read_text(encoding="utf-8").split("<!-- table -->")[1:2],
        "![macro-F1 with intervals](../training/reports/peers.svg)",
    ]


def challenge() -> list[str]:
    data = read("challenge.json")
    ordered = sorted(data["by_group"].items(), key=lambda item: item[1])
    weakest = ", ".join(f"{name} {share:.0%}" for name, share in ordered[:4])
    return [
        "## Challenge set",
        f"`python training/challenge.py`: {data['right']} of {data['sentences']} right"
        f" ({data['right'] / data['sentences']:.1%}); weakest are {weakest}"
        " ([all groups](../training/reports/challenge.md)). Nothing was tuned on it.",
    ]


def errors(metrics: dict[str, Any], model: haltung.StanceModel) -> list[str]:
    confusion = metrics["cross_validation"]["confusion"]
    counts, none = confusion["gold_by_predicted"], confusion["labels"].index(model.codebook.none)
    total = sum(map(sum, counts)) - sum(counts[i][i] for i in range(len(counts)))
    missed = sum(row[none] for i, row in enumerate(counts) if i != none)
    claimed = sum(counts[none]) - counts[none][none]
    parts = ["## Errors that remain", f"Of {total:,} errors in cross-validation:"]
    for said, count, examples in (
        ("a stance is missed, where it is implied, elliptic, or only the context tells", missed, MISSED),
        ("a stance is claimed where others speak, ask or act in the same words", claimed, CLAIMED),
        (
            "the stance is mistaken, mostly by negations of negations and denied routes",
            total - missed - claimed,
            MISTAKEN,
        ),
    ):
        rows = []
        for label, text in examples:
            probabilities = model.predict_proba([text])[0]
            best = int(probabilities.argmax())
            rows.append([text, label, f"{model.classes_[best]} ({probabilities[best]:.0%})"])
        parts += [f"**{count / total:.0%}: {said}.**", table(["written for this card", "is", "is taken for"], rows)]
    return parts


def main() -> None:
    model = haltung.load(ROOT / "model")
    metrics = json.loads((ROOT / "model" / "metrics.json").read_text(encoding="utf-8"))
    further = [*transfer(), *peers(), *challenge(), *errors(metrics, model)]
    text = card(metrics, model.codebook, further, pictured=(ROOT / "model" / FIGURES_FILE).is_file())
    (ROOT / "model" / "README.md").write_text(text, encoding="utf-8")
    sign(ROOT / "model")
    print(text)


if __name__ == "__main__":
    main()
