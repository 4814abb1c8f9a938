"""The model card: what a model is, what it was trained on, how good it is; written from its metrics."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from haltung.codebook import Codebook

_BAR = 20
FIGURES_FILE = "figures.svg"


def card(metrics: dict[str, Any], codebook: Codebook, further: Sequence[str] = (), pictured: bool = False) -> str:
    """Return the card as Markdown; every figure in it is one of `metrics`, or stands in `further` paragraphs.

    `pictured` shows the picture that lies beside it.
    """
    data, crossed = metrics["trained_on"], metrics["cross_validation"]
    alone = metrics["without_context"]
    low, high = crossed["macro_f1_interval"]
    parts = [
        f"# Model card: {codebook.name}",
        "TF-IDF over n-grams of characters and words, pairs of near words and classes of words (a lexicon), a logistic"
        " regression a label, and over them small layers that calibrate the probabilities, read a sentence with what"
        " stands before it, and give the article's verdict. Trained by `haltung train`. `model.safetensors` holds"
        " arrays, numbers and strings only; `metrics.json` holds the figures of the training.",
        "## Trained on",
        f"{data['sentences']:,} sentences of {data['articles']:,} articles"
        f" ({', '.join(found['name'] for found in data['files'])}), {metrics['terms']:,} terms.",
        table(
            ["label", "means", "sentences"],
            [[label.id, label.meaning, f"{data['labels'][label.id]:,}"] for label in codebook.labels],
        ),
        "## How good it is",
        f"Cross-validated, {crossed['folds']} folds, whole articles held out: macro-F1"
        f" **{crossed['macro_f1']:.3f}** (95 % interval {low:.3f} to {high:.3f}, bootstrap over articles),"
        f" accuracy {crossed['accuracy']:.3f}."
        + (f" Sentences read alone, without their article: {alone['macro_f1']:.3f}." if alone else ""),
        table(
            ["label", "precision", "recall", "F1", "sentences"],
            [
                [
                    label,
                    *(f"{found[key]:.3f}" for key in ("precision", "recall", "f1")),
                    f"{found['support']:,}",
                ]
                for label, found in crossed["by_label"].items()
            ],
        ),
        "Confusions (rows: annotated, columns: predicted):",
        _confusion(crossed["confusion"]),
    ]
    parts += [
        "## How far the probabilities hold",
        f"Expected calibration error {crossed['calibration']['error']:.3f} (ten bins, the predicted label,"
        f" cross-fitted by fold). {_decided(metrics['recipe']['balance'])}",
        _reliability(crossed["calibration"]),
    ]
    verdicts = metrics["article_verdicts"]
    if verdicts:
        parts += [
            "## Verdicts on articles",
            f"Right for {verdicts['accuracy']:.1%} of {verdicts['articles']:,} labelled articles, those articles held"
            f" out (macro-F1 {verdicts['macro_f1']:.3f}, calibration error {verdicts['calibration']['error']:.3f}).",
            _confusion(verdicts["confusion"]),
            _reliability(verdicts["calibration"]),
        ]
    if pictured:
        parts += ["## In pictures", f"![The figures of the training]({FIGURES_FILE})"]
    parts += further
    parts += [
        "## Limits",
        "Of what stands before a sentence the model knows the stances, not who a pronoun means. A verdict near 100 %"
        " is wrong now and then, as the table above says. The model knows German news prose; other languages and"
        " genres are out of its reach. Scores at home, on articles written for the project, are not scores on every"
        " newspaper.",
    ]
    return "\n\n".join(parts) + "\n"


def _decided(balance: float) -> str:
    said = "A label is predicted where it is the most probable; no other threshold is used."
    if not balance:
        return said
    return (
        f"{said} For macro-F1, the probabilities lean a little to rare labels (`balance = {balance:g}` in the recipe)."
    )


def _reliability(calibration: dict[str, Any]) -> str:
    """Draw how often predictions are right (bar) against their mean probability (the mark |)."""
    rows = []
    for found in calibration["bins"]:
        bar = "█" * round(found["right"] * _BAR)
        mark = min(round(found["probability"] * _BAR), _BAR)
        drawn = f"{bar:░<{_BAR}}"
        drawn = f"{drawn[:mark]}┃{drawn[mark:]}"
        rows.append([f"{found['probability']:.2f}", f"{found['right']:.2f}", f"{found['units']:,}", f"`{drawn}`"])
    return table(["probability", "right", "predictions", "right (bar) and probability (mark)"], rows)


def _confusion(confusion: dict[str, Any]) -> str:
    labels = confusion["labels"]
    rows = [
        [label, *(f"{count:,}" for count in counts)]
        for label, counts in zip(labels, confusion["gold_by_predicted"], strict=True)
    ]
    return table(["", *labels], rows)


def table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
