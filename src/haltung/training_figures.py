"""Figures of a training, drawn from its metrics: one picture that stands beside them and in the card."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import numpy as np

from haltung.codebook import Codebook

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_SHOWN_TERMS, _SHOWN_GROUPS = 8, 24


def figures(metrics: dict[str, Any], codebook: Codebook) -> str | None:
    """Return the figures as SVG, or None where matplotlib is not installed (`pip install 'haltung[plot]'`).

    Confusions, reliability, precision and recall a label, the learning curve, where the errors lie, strongest terms.
    """
    try:
        import matplotlib as mpl
        from matplotlib.figure import Figure
    except ImportError:
        return None
    # a picture of the same metrics is the same file
    with mpl.rc_context({"svg.hashsalt": "haltung", "svg.fonttype": "none", "font.size": 8}):
        figure = Figure(figsize=(13, 3.6 + 3.2 + 2.4 * _rows(codebook)), layout="constrained")
        grid = figure.add_gridspec(2 + _rows(codebook), 3, height_ratios=[3.6, 3.2, *[2.4] * _rows(codebook)])
        _confusion(figure.add_subplot(grid[0, 0]), metrics["cross_validation"]["confusion"])
        _reliability(figure.add_subplot(grid[0, 1]), metrics["cross_validation"]["calibration"])
        _precision_recall(figure.add_subplot(grid[0, 2]), metrics["precision_recall"], codebook)
        _learning(figure.add_subplot(grid[1, 0]), metrics["learning_curve"])
        _groups(figure.add_subplot(grid[1, 1:]), metrics["by_group"])
        for place, label in enumerate(codebook.labels):
            axis = figure.add_subplot(grid[2 + place // 3, place % 3])
            _terms(axis, metrics["strongest_terms"][label.id], label.title, label.color)
        out = io.StringIO()
        figure.savefig(out, format="svg", metadata={"Date": None})
    return out.getvalue()


def _rows(codebook: Codebook) -> int:
    return -(-len(codebook.labels) // 3)


def _confusion(axis: Axes, confusion: dict[str, Any]) -> None:
    counts = np.array(confusion["gold_by_predicted"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    axis.imshow(shares, cmap="Greys", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        dark = shares[row, column] > 0.5
        axis.text(column, row, f"{count:,}", ha="center", va="center", color="white" if dark else "black")
    places = range(len(counts))
    axis.set_xticks(places, confusion["labels"], rotation=20, ha="right")
    axis.set_yticks(places, confusion["labels"])
    axis.set(title="Confusions of held-out sentences", xlabel="predicted", ylabel="annotated")


def _reliability(axis: Axes, calibration: dict[str, Any]) -> None:
    said = [found["probability"] for found in calibration["bins"]]
    was = [found["right"] for found in calibration["bins"]]
    units = np.array([found["units"] for found in calibration["bins"]])
    axis.plot([0, 1], [0, 1], color="0.7", linewidth=1)
    axis.scatter(said, was, s=10 + 120 * units / max(units.max(initial=1), 1), color="0.2")
    axis.set(title=f"Reliability (calibration error {calibration['error']:.3f})", xlim=(0, 1.02), ylim=(0, 1.02))
    axis.set(xlabel="probability of the predicted label", ylabel="how often it is right")


def _precision_recall(axis: Axes, curves: dict[str, list[list[float]]], codebook: Codebook) -> None:
    for label, style in zip(codebook.labels, _styles(), strict=False):
        recall, precision = zip(*curves[label.id], strict=True) if curves[label.id] else ((), ())
        axis.plot(recall, precision, style, color=label.color, label=label.title)
    axis.set(title="Precision and recall, by threshold", xlabel="recall", ylabel="precision", xlim=(0, 1.02))
    axis.set_ylim(0, 1.02)
    axis.legend(frameon=False, loc="lower left")


def _styles() -> list[str]:
    return ["-", "--", "-.", ":"] * 10


def _learning(axis: Axes, points: list[list[float]]) -> None:
    if points:
        axis.plot(*zip(*points, strict=True), marker="o", color="0.2")
    axis.set(title="Learning curve (sentences read alone)", xlabel="sentences learnt from", ylabel="macro-F1")
    axis.set_ylim(0, 1)
    axis.set_xlim(left=0)


def _groups(axis: Axes, groups: dict[str, dict[str, Any]]) -> None:
    bars = [
        (f"{name}  ({found['units']:,})", found["macro_f1"], part)
        for part, names in groups.items()
        for name, found in sorted(names.items(), key=lambda item: -item[1]["units"])[:_SHOWN_GROUPS]
    ]
    places = np.arange(len(bars))
    shades = dict(zip(groups, ("0.35", "0.55", "0.75"), strict=False))
    axis.bar(places, [value for _, value, _ in bars], color=[shades[part] for *_, part in bars])
    axis.set_xticks(places, [name for name, *_ in bars], rotation=60, ha="right", fontsize=6)
    axis.set(title=f"Macro-F1 by {', '.join(groups)} (sentences)", ylim=(0, 1))


def _terms(axis: Axes, terms: list[list[Any]], title: str, color: str) -> None:
    shown = [*terms[:_SHOWN_TERMS], *terms[_SHOWN_TERMS:][-_SHOWN_TERMS:]][::-1]
    weights = [weight for _, weight in shown]
    axis.barh(range(len(shown)), weights, color=[color if weight > 0 else "0.7" for weight in weights])
    # a dollar sign would begin a formula
    axis.set_yticks(range(len(shown)), [term.strip().replace("$", r"\$") or "␣" for term, _ in shown], fontsize=6)
    axis.axvline(0, color="0.3", linewidth=0.6)
    axis.set_title(f"Strongest terms: {title}")
