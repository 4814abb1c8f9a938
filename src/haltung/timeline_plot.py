"""The timeline as a picture (.svg, .png): a panel a stance, shares with intervals, turns as lines."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, BinaryIO

from haltung.errors import HaltungError
from haltung.timeline import Curve, Timeline

if TYPE_CHECKING:
    from matplotlib.axes import Axes

SUFFIXES = (".svg", ".png")
_WIDTH, _PANEL, _DPI = 10.0, 1.5, 150  # inches, inches, dots an inch
_GREY = "#5b5f66"


def plot_library() -> Any:  # noqa: ANN401 (a module)
    """Return `matplotlib`. Raises `HaltungError` where it is not installed."""
    try:
        import matplotlib
    except ImportError:
        raise HaltungError("pictures need matplotlib; run: pip install 'haltung[plot]'") from None
    return matplotlib


def draw_timeline(found: Timeline, file: BinaryIO, kind: str) -> None:
    """Draw the curves into `file`, as "svg" or "png"; sources stand below each other."""
    matplotlib = plot_library()
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    labels = [label for label in found.codebook.labels if label.id != found.codebook.none]
    rows = len(labels) + 1
    # the text of the picture is text, and the same numbers give the same bytes
    with matplotlib.rc_context({"svg.fonttype": "none", "svg.hashsalt": "haltung", "text.parse_math": False}):
        figure = Figure(figsize=(_WIDTH, 0.8 + _PANEL * rows * len(found.curves)), layout="constrained")
        FigureCanvasAgg(figure)
        parts = figure.subfigures(len(found.curves), 1, squeeze=False)[:, 0]
        for part, curve in zip(parts, found.curves, strict=True):
            named = f" · {curve.group}" if curve.group is not None else ""
            part.suptitle(f"{found.codebook.name}, by {found.by}{named}", x=0.01, ha="left", fontweight="bold")
            panels = part.subplots(rows, 1, sharex=True, squeeze=False, height_ratios=[1] * len(labels) + [0.45])[:, 0]
            for panel, label in zip(panels, labels, strict=False):
                _shares(panel, curve, label.id, label.title, label.color)
            _counts(panels[-1], curve, found.by)
            for panel in panels:
                _turns(panel, curve, dated=panel is panels[0])
        figure.savefig(file, format=kind, dpi=_DPI, metadata={"Date": None} if kind == "svg" else None)


def _shares(panel: Axes, curve: Curve, label: str, title: str, color: str) -> None:
    periods = [period for period in curve.periods if period.stance]
    shares = [period.shares[label] for period in periods]
    at = [period.middle for period in periods]
    panel.vlines(at, [s.low for s in shares], [s.high for s in shares], color=color, alpha=0.25, linewidth=4)
    panel.plot(at, [s.share for s in shares], color=color, alpha=0.5, linewidth=0.8)
    panel.plot(at, [s.share for s in shares], color=color, marker="o", markersize=3, linewidth=0)
    for start, end, level in curve.levels():
        panel.hlines(level[label], start, end, color=color, linewidth=2.5)
    panel.set_ylim(-0.03, 1.03)
    panel.set_yticks([0, 0.5, 1], ["0%", "50%", "100%"])
    panel.set_title(title, color=color, loc="left", fontsize=10, fontweight="bold")
    panel.grid(axis="y", alpha=0.4)
    panel.spines[["top", "right", "left"]].set_visible(False)


def _counts(panel: Axes, curve: Curve, by: str) -> None:
    from matplotlib.ticker import MaxNLocator

    width = {"day": 0.8, "week": 5, "month": 22}[by]
    panel.bar([p.middle for p in curve.periods], [p.articles for p in curve.periods], width, color=_GREY, alpha=0.7)
    panel.set_title("articles", color=_GREY, loc="left", fontsize=10)
    panel.yaxis.set_major_locator(MaxNLocator(2, integer=True))
    panel.spines[["top", "right"]].set_visible(False)


def _turns(panel: Axes, curve: Curve, dated: bool) -> None:
    for turn in curve.turns:
        panel.axvline(turn.date, color="black", linewidth=1, linestyle="--")  # type: ignore[arg-type]
        if dated:
            panel.annotate(
                turn.date.isoformat(),
                (turn.date, 1),  # type: ignore[arg-type]
                xycoords=("data", "axes fraction"),
                xytext=(0, 4),
                textcoords="offset points",
                ha="center",
                fontsize=9,
            )
