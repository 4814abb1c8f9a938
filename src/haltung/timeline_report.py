"""The timeline as people and programs read it: terminal text, JSON, CSV."""

from __future__ import annotations

import csv
import io
import shutil
import textwrap
from collections.abc import Iterator
from typing import Any

import numpy as np

from haltung.change_points import LEVEL
from haltung.codebook import Codebook
from haltung.dated_articles import Quote
from haltung.harmless import guarded, json_text, printable
from haltung.report import Painter
from haltung.timeline import METHOD, Curve, Period, Timeline
from haltung.turns import Turn

_NARROW, _WIDE = 60, 140  # columns
_BLOCK, _TURN, _NOTHING, _GAP = "█", "▸", "·", "⋮"
_LONGEST = {"day": 1, "week": 7, "month": 31}  # days from a period to the next
_SHORT_BAR, _LONG_BAR, _ROOMY = 8, 20, 100  # the bar's cells, and the columns from which it is the long one
_LISTED = 10  # undated articles named in the terminal


def timeline_text(found: Timeline, painter: Painter) -> str:
    """Return the timeline for the terminal: a line a period, then the turns with the sentences that mark them."""
    book = found.codebook
    marks = _letters(book)
    legend = "  ".join(
        painter.label(label, f"{_BLOCK if painter.color else mark} {book.label(label).title}")
        for label, mark in marks.items()
    )
    about = "n: articles with a stance / articles; shares: among those with a stance"
    head = _wrapped(f"{book.name}: {extent(found)}", "")
    lines = [*head, *_left_out(found), "", legend, *map(painter.dim, _wrapped(about, ""))]
    for curve in found.curves:
        lines += ["", *_curve_lines(found, curve, painter, marks)]
    return "\n".join(line.rstrip() for line in lines)


def timeline_csv(found: Timeline) -> str:
    """Return a header and a row for every period; `turn` is the date of a turn in it and what gives way to what."""
    labels = [label for label in found.codebook.ids if label != found.codebook.none]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    shares = [name for label in labels for name in (label, f"{label}_low", f"{label}_high")]
    writer.writerow(
        ["group", "period", "start", "articles", "with_stance", "stance", *shares, "turn", "sentence", "source"]
    )
    for curve in found.curves:
        for period, turns in zip(curve.periods, curve.turns_by_period(), strict=True):
            writer.writerow(
                [
                    guarded(curve.group or ""),
                    period.name,
                    period.start.isoformat(),
                    period.articles,
                    period.with_stance,
                    period.stance or "",
                    *(value for label in labels for value in vars(period.shares[label]).values()),
                    " | ".join(f"{turn.date}: {turn.from_label} > {turn.to_label}" for turn in turns),
                    guarded(period.sentence.text if period.sentence else ""),
                    guarded(period.sentence.source if period.sentence else ""),
                ]
            )
    return out.getvalue()


def timeline_json(found: Timeline) -> str:
    """Return the timeline as a JSON object."""
    return json_text(timeline_dict(found), indent=2)


def timeline_dict(found: Timeline) -> dict[str, Any]:
    """Return the timeline as plain data, with the keys of the JSON output."""
    return {
        "name": found.codebook.name,
        "by": found.by,
        "articles": found.articles,
        "copies": [{"source": copy, "original": original} for copy, original in found.copies],
        "undated": list(found.undated),
        "method": METHOD,
        "false_alarms": LEVEL,
        "curves": [
            {
                "group": curve.group,
                "periods": [_period_dict(period) for period in curve.periods],
                "turns": [_turn_dict(turn) for turn in curve.turns],
            }
            for curve in found.curves
        ],
    }


def _period_dict(period: Period) -> dict[str, Any]:
    return {
        "period": period.name,
        "start": period.start.isoformat(),
        "articles": period.articles,
        "with_stance": period.with_stance,
        "stance": period.stance,
        "shares": {label: dict(vars(share)) for label, share in period.shares.items()},
        "sentence": _quote_dict(period.sentence) if period.sentence else None,
    }


def _turn_dict(turn: Turn) -> dict[str, Any]:
    return {
        "date": turn.date.isoformat(),
        "after": turn.after.isoformat(),
        "from": turn.from_label,
        "to": turn.to_label,
        "strength": turn.strength,
        "p": turn.p,
        "shares_before": turn.before,
        "shares_after": turn.then,
        "sentences_before": [_quote_dict(quote) for quote in turn.marks_before],
        "sentences_after": [_quote_dict(quote) for quote in turn.marks_after],
    }


def _quote_dict(quote: Quote) -> dict[str, Any]:
    return {**vars(quote), "date": quote.date.isoformat()}


def _letters(book: Codebook) -> dict[str, str]:
    """Return the letter of each stance that bars are made of where there is no colour."""
    return {label: mark.lower() for label, mark in zip(book.ids, book.letters, strict=True) if label != book.none}


def extent(found: Timeline) -> str:
    """Return what a timeline covers in a line: articles, periods, from when to when."""
    first = min(curve.periods[0].name for curve in found.curves)
    last = max(curve.periods[-1].name for curve in found.curves)
    return f"{counted(found.articles, 'article')} by {found.by}, {first} to {last}"


def _left_out(found: Timeline) -> Iterator[str]:
    if found.copies:
        verb = "does not count" if len(found.copies) == 1 else "do not count"
        yield f"{counted(len(found.copies), 'copy', 'copies')} of the same text {verb} (--copies counts each)"
    if found.undated:
        yield f"{counted(len(found.undated), 'article')} without a date left out:"
        yield from (line for source in found.undated[:_LISTED] for line in _wrapped(f"  {printable(source)}", "  "))
    if len(found.undated) > _LISTED:
        yield f"  and {len(found.undated) - _LISTED:,} more (--format json names all)"


def _curve_lines(found: Timeline, curve: Curve, painter: Painter, marks: dict[str, str]) -> Iterator[str]:
    if curve.group is not None:
        yield painter.strong(printable(curve.group))
    columns = _columns()
    bar = _LONG_BAR if columns >= _ROOMY else _SHORT_BAR
    names = max(len(found.by), *(len(period.name) for period in curve.periods))
    counts = max(len("n"), *(len(_count(period)) for period in curve.periods))
    titles = max(len("leading"), *(len(found.codebook.label(label).title) for label in marks))
    head = f"  {found.by:<{names}}  {'n':>{counts}}  {'shares':<{bar}}  {'leading':<{titles}}  {'':>4} {'95 %':>6}"
    yield painter.dim(f"{head}  strongest sentence"[:columns])
    before = None
    for period, turns in zip(curve.periods, curve.turns_by_period(), strict=True):
        if before and (period.start - before).days > _LONGEST[found.by]:
            yield painter.dim(f"  {_GAP}")
        before = period.start
        start = f"{_TURN if turns else ' '} {period.name:<{names}}  {_count(period):>{counts}}  "
        yield start + _period_line(period, painter, marks, (bar, titles, columns - len(start)))
    yield ""
    chance = painter.dim(f" (by chance one shows in {LEVEL:.0%} of series without a turn)")
    if not curve.turns:
        yield "no turn found" + chance
        return
    yield counted(len(curve.turns), "turn") + chance
    for turn in curve.turns:
        yield from _turn_lines(turn, painter)


def _period_line(period: Period, painter: Painter, marks: dict[str, str], room: tuple[int, int, int]) -> str:
    cells, titles, left = room
    book = painter.codebook
    if period.stance is None:
        return painter.dim(f"{_NOTHING * cells}  {book.label(book.none).title if book.none else ''}")
    lead = period.shares[period.stance]
    counts = _cells([share.share for share in period.shares.values()], cells)
    bar = "".join(
        painter.label(label, (_BLOCK if painter.color else marks[label]) * count)
        for label, count in zip(period.shares, counts, strict=True)
    )
    title = painter.label(period.stance, f"{book.label(period.stance).title:<{titles}}", bold=True)
    interval = f"{100 * lead.low:.0f}–{100 * lead.high:.0f}"
    sentence = _quoted(period.sentence, left - cells - titles - 17) if period.sentence else ""
    return f"{bar}  {title}  {lead.share:>4.0%} {painter.dim(f'{interval:>6}')}  {sentence}"


def _turn_lines(turn: Turn, painter: Painter) -> Iterator[str]:
    book = painter.codebook
    old, new = (painter.label(label, book.label(label).title, bold=True) for label in (turn.from_label, turn.to_label))
    yield ""
    date = painter.strong(turn.date.isoformat())
    yield f"{_TURN} {date}  {old} → {new}  strength {turn.strength:.2f}, p = {turn.p:.3f}"
    shares = ", ".join(
        f"{book.label(label).title} {turn.before[label]:.0%} → {turn.then[label]:.0%}" for label in turn.before
    )
    yield from _wrapped(f"  {shares}; the last article before is of {turn.after}", "  ")
    for name, quotes in (("before", turn.marks_before), ("after", turn.marks_after)):
        for quote in quotes:
            text = f"{quote.date} {printable(quote.text)}{_copies(quote)}"
            yield from _wrapped(f"  {name:<6} {text}", " " * 20)


def _quoted(quote: Quote, room: int) -> str:
    """Return a sentence in as many columns as there is room, how often it was printed at the end."""
    copies = _copies(quote)
    text = printable(quote.text)
    room -= len(copies)
    return (text if len(text) <= room else f"{text[: max(0, room - 1)].rstrip()}…") + copies


def _copies(quote: Quote) -> str:
    return f" ({quote.copies} copies)" if quote.copies > 1 else ""


def _count(period: Period) -> str:
    """Return the number of articles, and of those with a stance (as expected from their probabilities)."""
    return f"{period.with_stance:.0f}/{period.articles}"


def _cells(shares: list[float], cells: int) -> list[int]:
    """Return how many cells of a bar each share has; they sum to `cells` (largest remainders)."""
    exact = np.array(shares) / sum(shares) * cells
    found = np.floor(exact).astype(int)
    for place in np.argsort(found - exact, kind="stable")[: cells - found.sum()]:
        found[place] += 1
    return found.tolist()


def counted(count: int, one: str, many: str = "") -> str:
    """Return a number of things in words: "1 article", "2 articles"."""
    return f"{count:,} {one if count == 1 else many or f'{one}s'}"


def _columns() -> int:
    return max(_NARROW, min(shutil.get_terminal_size((100, 24)).columns, _WIDE))


def _wrapped(text: str, indent: str) -> list[str]:
    return textwrap.wrap(text, _columns(), subsequent_indent=indent) or [""]
