"""The timeline as one self-contained page: curves, turns with their sentences, and the numbers."""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from html import escape
from itertools import pairwise
from typing import Any

from haltung.change_points import LEVEL
from haltung.codebook import Codebook
from haltung.dated_articles import Quote
from haltung.page import page
from haltung.timeline import METHOD, Curve, Period, Share, Timeline
from haltung.timeline_report import counted, extent
from haltung.turns import Turn

TURNS = (
    "Turns are found by binary segmentation (Scott & Knott 1974) on the likelihood of the dated articles' stances; a "
    f"turn stands only where at most {LEVEL:.0%} of 999 shuffles of the articles over their dates do as well. So about "
    f"{LEVEL:.0%} of series without a turn show one. Its strength is the part of the shares that changes hands, 0 to 1 "
    "(at least 0.2)."
)
# the chart, in units of its view box
_WIDTH, _LEFT, _RIGHT, _TOP, _PANEL, _GAP, _COUNTS = 960, 40, 12, 34, 92, 30, 40
_BAR = 160  # a table's bar, of which a letter needs so much:
_LETTER = 14


def timeline_page(found: Timeline) -> str:
    """Return the page as HTML. Titles, sentences and names of files are text in it, whatever they hold."""
    book = found.codebook
    heading = f"{book.name} through time"
    body = "\n".join(
        [
            f"<h1>{escape(heading)}</h1>",
            f'<p class="soft">{escape(extent(found))}</p>',
            *(line for curve in found.curves for line in _curve(found, curve)),
            _about(found),
        ]
    )
    data = {
        "language": book.language,
        "curves": [[_period_data(period, book) for period in curve.periods] for curve in found.curves],
    }
    return page("timeline", heading, body, data, book)


def _curve(found: Timeline, curve: Curve) -> Iterator[str]:
    book = found.codebook
    if curve.group is not None:
        yield f"<h2>{escape(curve.group)}</h2>"
    yield '<figure class="chart">'
    yield _chart(curve, book)
    yield (
        "<figcaption>Share of each stance among the articles with a stance: by period with its 95 % interval, and "
        "between turns (thick). Below, the number of articles. Point at a period, or move with the arrow keys."
        "</figcaption>"
    )
    yield '</figure>\n<div class="detail" aria-live="polite"></div>'
    yield f"<h3>{counted(len(curve.turns), 'turn') if curve.turns else 'No turn found'}</h3>"
    yield f'<ol class="turns">{"".join(_turn(turn, book) for turn in curve.turns)}</ol>'
    yield from _table(found, curve)


def _chart(curve: Curve, book: Codebook) -> str:
    stances = [place for place, label in enumerate(book.labels) if label.id != book.none]
    bottom = _TOP + len(stances) * (_PANEL + _GAP)
    height = bottom + _COUNTS + 24
    at = _positions(curve)
    step = _narrowest(at)
    parts = []
    for row, place in enumerate(stances):
        parts += _panel(curve, book, place, _TOP + row * (_PANEL + _GAP), at, step)
    most = max(period.articles for period in curve.periods)
    for x, period in zip(at, curve.periods, strict=True):
        size = _COUNTS * period.articles / most
        parts.append(_rect(x - step * 0.35, bottom + _COUNTS - size, step * 0.7, size, "count"))
    parts.append(f'<text x="{_LEFT - 6}" y="{bottom + 10}" text-anchor="end">{most}</text>')
    parts += _dates(curve, at, height - 6)
    for turn in curve.turns:
        x = _position(turn.date, curve)
        parts.append(f'<line class="turn" x1="{x:.1f}" x2="{x:.1f}" y1="16" y2="{bottom + _COUNTS}"/>')
        anchor = "end" if x > _WIDTH - 60 else "start" if x < _LEFT + 40 else "middle"
        parts.append(f'<text class="turn-date" x="{x:.1f}" y="11" text-anchor="{anchor}">{turn.date}</text>')
    listed = []
    for number, (x, period) in enumerate(zip(at, curve.periods, strict=True)):
        told = escape(f"{period.name}: {_about_period(period)}; {', '.join(_told(period, book))}", quote=True)
        focus = 0 if number == len(at) - 1 else -1
        listed.append(
            f'<rect class="period" role="option" aria-selected="false" tabindex="{focus}" aria-label="{told}" '
            f'x="{x - step / 2:.1f}" y="{_TOP - 12}" width="{step:.1f}" height="{bottom + _COUNTS - _TOP + 12}"/>'
        )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}"><g aria-hidden="true">{"".join(parts)}</g><g role="listbox" '
        f'aria-orientation="horizontal" aria-label="Shares of the stances over time">{"".join(listed)}</g></svg>'
    )


def _panel(curve: Curve, book: Codebook, place: int, top: float, at: list[float], step: float) -> Iterator[str]:
    label = book.labels[place]
    yield f'<g class="label-{place}"><text class="name" x="{_LEFT}" y="{top - 6}">{escape(label.title)}</text>'
    for share in (0, 0.5, 1):
        y = top + _PANEL * (1 - share)
        yield f'<line class="grid" x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y}" y2="{y}"/>'
        yield f'<text x="{_LEFT - 6}" y="{y + 4}" text-anchor="end">{share:.0%}</text>'
    shares = [(x, period.shares[label.id]) for x, period in zip(at, curve.periods, strict=True) if period.stance]
    width = max(1.0, min(step * 0.6, 9))
    for x, share in shares:
        high, low = (top + _PANEL * (1 - end) for end in (share.high, share.low))
        ends = f'x1="{x:.1f}" x2="{x:.1f}" y1="{high:.1f}" y2="{low:.1f}"'
        yield f'<line class="interval" {ends} stroke-width="{width:.1f}"/>'
    for start, end, level in curve.levels():
        y = top + _PANEL * (1 - level[label.id])
        x1, x2 = _position(start, curve), _position(end, curve)
        yield f'<line class="level" x1="{x1:.1f}" x2="{x2:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>'
    points = " ".join(f"{x:.1f},{top + _PANEL * (1 - share.share):.1f}" for x, share in shares)
    yield f'<polyline class="curve" points="{points}"/>'
    for x, share in shares:
        y = top + _PANEL * (1 - share.share)
        yield f'<circle class="share" cx="{x:.1f}" cy="{y:.1f}" r="{max(1.2, width / 3):.1f}"/>'
    yield "</g>"


def _positions(curve: Curve) -> list[float]:
    return [_position(period.middle, curve) for period in curve.periods]


def _position(date: datetime.date, curve: Curve) -> float:
    first, last = curve.periods[0].start, curve.periods[-1].middle
    within = (date - first).days / max(1, (last - first).days)
    return _LEFT + 8 + min(1.0, within) * (_WIDTH - _LEFT - _RIGHT - 16)


def _narrowest(at: list[float]) -> float:
    return min([40.0, *(after - before for before, after in pairwise(at))])


def _dates(curve: Curve, at: list[float], y: float) -> Iterator[str]:
    """Yield names of periods below the chart, as many as there is room for."""
    free = 0.0
    for x, period in zip(at, curve.periods, strict=True):
        if x < free:
            continue
        yield f'<text x="{x:.1f}" y="{y}" text-anchor="{"end" if x > _WIDTH - 40 else "middle"}">{period.name}</text>'
        free = x + 96


def _turn(turn: Turn, book: Codebook) -> str:
    shares = ", ".join(
        f"{escape(book.label(label).title)} {turn.before[label]:.0%} → {turn.then[label]:.0%}" for label in turn.before
    )
    sides = "".join(
        f"<div><h5>{name}</h5>{''.join(_blockquote(quote, book) for quote in quotes)}</div>"
        for name, quotes in (("Before", turn.marks_before), ("After", turn.marks_after))
    )
    return (
        f'<li class="label-{book.ids.index(turn.to_label)}"><h4><time datetime="{turn.date}">{turn.date}</time> '
        f"{_title(turn.from_label, book)} → {_title(turn.to_label, book)}</h4>"
        f'<p class="soft">strength {turn.strength:.2f}, p = {turn.p:.3f}; {shares}; the last article before is of '
        f'{turn.after}</p><div class="sentences">{sides}</div></li>'
    )


def _blockquote(quote: Quote, book: Codebook) -> str:
    language = escape(book.language, quote=True)
    return (
        f'<blockquote lang="{language}">{escape(quote.text)}'
        f'<footer lang="en">{escape(_about_quote(quote, book))}</footer></blockquote>'
    )


def _table(found: Timeline, curve: Curve) -> Iterator[str]:
    heads = (found.by.capitalize(), "With stance / articles", "Shares", "Leading", "Strongest sentence")
    yield "<details><summary>The numbers</summary>"
    yield f'<div class="scroll"><table><thead><tr>{"".join(f"<th>{head}</th>" for head in heads)}</tr></thead><tbody>'
    for period, turns in zip(curve.periods, curve.turns_by_period(), strict=True):
        yield _row(period, bool(turns), found.codebook)
    yield "</tbody></table></div></details>"


def _row(period: Period, turning: bool, book: Codebook) -> str:
    lead = escape(book.label(book.none).title) if book.none else ""
    if period.stance:
        share = period.shares[period.stance]
        lead = f"{_title(period.stance, book)} {_share_text(share)}"
    sentence = (
        f'<span lang="{escape(book.language, quote=True)}">{escape(period.sentence.text)}</span>'
        if period.sentence
        else ""
    )
    about = f' <span class="soft">{escape(_about_quote(period.sentence, book))}</span>' if period.sentence else ""
    cells = (period.name, f"{period.with_stance} / {period.articles}", _bar(period, book), lead, sentence + about)
    return f"<tr{' class=turning' if turning else ''}>{''.join(f'<td>{cell}</td>' for cell in cells)}</tr>"


def _bar(period: Period, book: Codebook) -> str:
    told = escape(", ".join(_told(period, book)), quote=True)
    parts, x = [], 0.0
    for label, share in period.shares.items() if period.stance else ():
        width = share.share * _BAR
        place = book.ids.index(label)
        inside = f'<text x="{x + 4:.1f}" y="13">{escape(book.letters[place])}</text>' if width >= _LETTER else ""
        parts.append(f'<g class="label-{place}">{_rect(x, 0, width, 18, "")}{inside}</g>')
        x += width
    return f'<svg class="bar" viewBox="0 0 {_BAR} 18" role="img" aria-label="{told}">{"".join(parts)}</svg>'


def _about(found: Timeline) -> str:
    lines = [f"<p>{escape(METHOD)}</p><p>{escape(TURNS)}</p>"]
    if found.copies:
        lines.append("<details><summary>Copies of the same text, which do not count</summary>")
        lines.append(_list(f"{copy} – as {original}" for copy, original in found.copies))
        lines.append("</details>")
    if found.undated:
        lines.append("<details open><summary>Articles without a date, left out</summary>")
        lines.append(f"{_list(found.undated)}</details>")
    return f'<section class="about">{"".join(lines)}</section>'


def _list(lines: Iterable[str]) -> str:
    return f"<ul>{''.join(f'<li>{escape(line)}</li>' for line in lines)}</ul>"


def _period_data(period: Period, book: Codebook) -> dict[str, Any]:
    return {
        "name": period.name,
        "about": _about_period(period),
        "shares": [
            {"place": book.ids.index(label), "title": book.label(label).title, "text": _share_text(share)}
            for label, share in period.shares.items()
        ],
        "sentence": {"text": period.sentence.text, "about": _about_quote(period.sentence, book)}
        if period.sentence
        else None,
    }


def _about_period(period: Period) -> str:
    return f"{counted(period.articles, 'article')}, {period.with_stance:.1f} with a stance"


def _about_quote(quote: Quote, book: Codebook) -> str:
    copies = f", {quote.copies} copies" if quote.copies > 1 else ""
    return f"{quote.date}, {quote.source}{copies}, {book.label(quote.label).title} {quote.probability:.0%}"


def _told(period: Period, book: Codebook) -> list[str]:
    return [f"{book.label(label).title} {_share_text(share)}" for label, share in period.shares.items()]


def _share_text(share: Share) -> str:
    return f"{share.share:.0%} ({100 * share.low:.0f}–{100 * share.high:.0f})"


def _title(label: str, book: Codebook) -> str:
    return f'<span class="label label-{book.ids.index(label)}">{escape(book.label(label).title)}</span>'


def _rect(x: float, y: float, width: float, height: float, name: str) -> str:
    marked = f' class="{name}"' if name else ""
    return f'<rect{marked} x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"/>'
