"""The model card: what a model is, what it was trained on, how good it is; written from its metrics."""

from __future__ import annotations

from typing import Any

from haltung.codebook import Codebook


def card(metrics: dict[str, Any], codebook: Codebook) -> str:
    """Return the card as Markdown; every figure in it is one of `metrics`."""
    data, crossed = metrics["trained_on"], metrics["cross_validation"]
    low, high = crossed["macro_f1_interval"]
    parts = [
        f"# Model card: {codebook.name}",
        "TF-IDF over n-grams of characters and words and over pairs of near words, and a multinomial logistic"
        " regression, trained by `haltung train`. `model.joblib` holds arrays, numbers and strings only;"
        " `metrics.json` holds every figure below.",
        "## Trained on",
        f"{data['sentences']:,} sentences of {data['articles']:,} articles"
        f" ({', '.join(found['name'] for found in data['files'])}), {metrics['terms']:,} terms.",
        _table(
            ["label", "means", "sentences"],
            [[label.id, label.meaning, f"{data['labels'][label.id]:,}"] for label in codebook.labels],
        ),
        "## How good it is",
        f"Cross-validated, {crossed['folds']} folds, whole articles held out: macro-F1"
        f" **{crossed['macro_f1']:.3f}** (95 % interval {low:.3f} to {high:.3f}, bootstrap over articles),"
        f" accuracy {crossed['accuracy']:.3f}.",
        _table(
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
    verdicts = metrics["article_verdicts"]
    if verdicts:
        parts += [
            "## Verdicts on articles",
            f"Right for {verdicts['accuracy']:.1%} of {verdicts['articles']:,} labelled articles, from held-out"
            f" sentences (macro-F1 {verdicts['macro_f1']:.3f}).",
            _confusion(verdicts["confusion"]),
        ]
    parts += [
        "## Limits",
        "The model reads one sentence at a time: it does not know what a pronoun stands for or what an earlier"
        " sentence said. Its probabilities are those of the logistic regression, not calibrated apart. It knows"
        " German news prose; other languages and genres are out of its reach. Scores at home, on articles written"
        " for the project, are not scores on every newspaper.",
    ]
    return "\n\n".join(parts) + "\n"


def _confusion(confusion: dict[str, Any]) -> str:
    labels = confusion["labels"]
    rows = [
        [label, *(f"{count:,}" for count in counts)]
        for label, counts in zip(labels, confusion["gold_by_predicted"], strict=True)
    ]
    return _table(["", *labels], rows)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)
