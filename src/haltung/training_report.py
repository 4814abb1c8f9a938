"""What training, retraining and evaluation print."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from haltung.annotations import AnnotatedSentence, rows_of_articles
from haltung.evaluation import Scores, score
from haltung.harmless import json_text, printable
from haltung.model import StanceModel

if TYPE_CHECKING:
    from haltung.retraining import Comparison, Prepared
    from haltung.training import Trained

_SHOWN = 10


@dataclass(frozen=True)
class WorstError:
    """A wrong prediction and how sure the model was of it."""

    row: int
    text: str
    gold: str
    predicted: str
    probability: float


@dataclass(frozen=True)
class Evaluated:
    """A model against an annotated file."""

    scores: Scores
    errors: list[WorstError]


def evaluated(model: StanceModel, sentences: Sequence[AnnotatedSentence]) -> Evaluated:
    """Score the model on annotated sentences, read in their articles where they have one; errors surest first."""
    probabilities = model.predict_proba([sentence.text for sentence in sentences])
    for rows in rows_of_articles(sentences).values():
        title_at = 0 if sentences[rows[0]].position == 0 else None
        probabilities[rows] = model.read([sentences[row].text for row in rows], title_at)
    predicted = [model.classes_[place] for place in probabilities.argmax(axis=1)]
    gold = [sentence.label for sentence in sentences]
    errors = [
        WorstError(sentence.row, sentence.text, sentence.label, label, float(row.max()))
        for sentence, label, row in zip(sentences, predicted, probabilities, strict=True)
        if label != sentence.label
    ]
    errors.sort(key=lambda error: (-error.probability, error.row))
    return Evaluated(score(gold, predicted, model.classes_), errors)


def evaluation_text(result: Evaluated) -> str:
    """Return the evaluation for the terminal."""
    scores = result.scores
    lines = [
        f"{int(scores.confusion.sum()):,} sentences: macro-F1 {scores.macro_f1:.3f}, accuracy {scores.accuracy:.3f}",
        "",
        scores_table(scores),
        "",
        "annotated \\ predicted",
        matrix_table(scores.labels, scores.confusion.tolist()),
    ]
    if result.errors:
        lines += ["", f"The surest of {len(result.errors):,} errors (row: annotated → predicted)"]
    for error in result.errors[:_SHOWN]:
        lines += [
            f"  row {error.row}: {error.gold} → {error.predicted} ({error.probability:.0%})",
            f"    {printable(error.text)}",
        ]
    return "\n".join(lines)


def evaluation_json(result: Evaluated) -> str:
    """Return the evaluation as a JSON object, all errors included."""
    errors = [
        {
            "row": error.row,
            "text": error.text,
            "label": error.gold,
            "predicted": error.predicted,
            "probability": round(error.probability, 6),
        }
        for error in result.errors
    ]
    return json_text({**result.scores.to_dict(), "errors": errors}, indent=2)


def trained_text(trained: Trained, target: Path) -> str:
    """Return what `train` says at its end."""
    metrics = trained.metrics
    data, crossed = metrics["trained_on"], metrics["cross_validation"]
    low, high = crossed["macro_f1_interval"]
    lines = [
        f"Trained on {data['sentences']:,} sentences of {data['articles']:,} articles; {metrics['terms']:,} terms.",
        f"Whole articles held out: macro-F1 {crossed['macro_f1']:.3f} (95 % interval {low:.3f} to {high:.3f}).",
        *(
            f"  {label:<18} precision {found['precision']:.3f}  recall {found['recall']:.3f}  F1 {found['f1']:.3f}"
            for label, found in crossed["by_label"].items()
        ),
        f"Wrote {target}.",
    ]
    return "\n".join(lines)


def additions_text(prepared: Prepared, extra: Sequence[Path]) -> str:
    """Return what extra files add: rows, labels, duplicates, contradictions."""
    found = prepared.additions
    counts = Counter(sentence.label for sentence in found.new)
    by_label = ", ".join(f"{counts[label]} {label}" for label in prepared.base.codebook.ids)
    lines = [
        f"{', '.join(path.name for path in extra)}: {len(found.new):,} new rows for a set of"
        f" {len(prepared.base.sentences):,} ({by_label})",
        f"{found.duplicates:,} duplicates left out; {len(found.contradictions):,} contradictions",
    ]
    for clash in found.contradictions[:_SHOWN]:
        labels = f"{clash.label}, but {clash.other_label} elsewhere"
        lines.append(f"  {clash.file}: row {clash.row}: {labels}: {printable(clash.text)}")
    if len(found.contradictions) > _SHOWN:
        lines.append(f"  … and {len(found.contradictions) - _SHOWN} more")
    if found.contradictions:
        lines.append("Contradictory rows are learnt with both labels; correct one of them if it is wrong.")
    return "\n".join(lines)


def forgotten_text(metrics: dict[str, Any], prepared: Prepared) -> str | None:
    """Say which files the present model learnt from that the new one would not, or None."""
    given = {path.name for path in prepared.combined.files}
    learnt = metrics.get("trained_on")
    files = learnt.get("files") if isinstance(learnt, dict) else None
    # a model from elsewhere may say anything there
    names = (found.get("name") for found in files if isinstance(found, dict)) if isinstance(files, list) else ()
    missing = sorted({printable(name) for name in names if isinstance(name, str)} - given)
    if not missing:
        return None
    return f"The present model also learnt from {', '.join(missing)}; name them too if the new one shall."


def comparison_text(comparison: Comparison) -> str:
    """Return old against new, label by label."""
    old, new = comparison.old, comparison.new
    low, high = comparison.interval
    lines = ["On the set, whole articles held out:", f"  {'':<18} {'old F1':>7} {'new F1':>7} {'change':>7}"]
    for label in old.labels:
        lines.append(_change(label, old.by_label[label].f1, new.by_label[label].f1))
    lines.append(_change("macro-F1", old.macro_f1, new.macro_f1))
    lines.append(f"  95 % interval of the change {low:+.3f} to {high:+.3f}")
    before, after = comparison.on_extra
    lines.append(f"On the new rows, held out: macro-F1 {before.macro_f1:.3f} before, {after.macro_f1:.3f} after.")
    return "\n".join(lines)


def _change(name: str, old: float, new: float) -> str:
    return f"  {name:<18} {old:>7.3f} {new:>7.3f} {new - old:>+7.3f}"


def scores_table(scores: Scores) -> str:
    """Return precision, recall, F1 and the number of units by label."""
    lines = [f"  {'':<18} {'precision':>9} {'recall':>7} {'F1':>7} {'units':>7}"]
    lines += [
        f"  {label:<18} {found.precision:>9.3f} {found.recall:>7.3f} {found.f1:>7.3f} {found.support:>7,}"
        for label, found in scores.by_label.items()
    ]
    return "\n".join(lines)


def matrix_table(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """Return a table of counts, labels × labels, its first kind of label in the rows."""
    width = max(max(len(label) for label in labels), 7)
    lines = ["  " + " " * width + "".join(f"  {label:>{width}}" for label in labels)]
    for label, row in zip(labels, counts, strict=True):
        lines.append(f"  {label:<{width}}" + "".join(f"  {count:>{width},}" for count in row))
    return "\n".join(lines)
