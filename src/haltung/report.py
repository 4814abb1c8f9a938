"""Verdicts as people and programs read them: terminal text, JSON, JSON lines, CSV."""

from __future__ import annotations

import csv
import io
import shutil
import textwrap
from collections.abc import Sequence
from itertools import groupby
from operator import itemgetter

from haltung.codebook import Codebook
from haltung.harmless import guarded, json_text, printable
from haltung.verdict import ScoredSentence, Term, Verdict

_SHOWN_TERMS = 5
_LEANING, _FAINT = 3, 0.1
_CARRIES = 0.25  # a sentence that adds so much to the verdict's log-odds is marked
_BAR = 24
_MARK = "▸"


class Painter:
    """Paints text for a terminal in the codebook's colours, or leaves it plain."""

    def __init__(self, codebook: Codebook, color: bool) -> None:
        self.codebook = codebook
        self.color = color

    def label(self, label_id: str, text: str, bold: bool = False) -> str:
        """Return `text` in the label's colour."""
        color = self.codebook.label(label_id).color
        red, green, blue = (int(color[i : i + 2], 16) for i in (1, 3, 5))
        return self._styled(f"38;2;{red};{green};{blue}" + (";1" if bold else ""), text)

    def dim(self, text: str) -> str:
        """Return `text` less bright."""
        return self._styled("2", text)

    def strong(self, text: str) -> str:
        """Return `text` bold."""
        return self._styled("1", text)

    def _styled(self, code: str, text: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self.color and text else text


def foreign_text(source: str | None, language: str | None, codebook: Codebook) -> str:
    """Return the warning that an article is not in the language that the model was trained for."""
    place = source or "text"
    return f"{place}: is in {language!r}, the model reads {codebook.language!r}; what it says of it means little"


def visible_term(term: str) -> str:
    """Return a term as it is shown: the blanks at its ends, which are the edges of words, made visible."""
    return printable(term.replace(" ", "␣")) if term != term.strip() else printable(term)


def as_json(verdicts: Sequence[Verdict], single: bool) -> str:
    """Return an object for a single article, else an array."""
    data = [verdict.to_dict() for verdict in verdicts]
    return json_text(data[0] if single and data else data, indent=2)


def as_json_line(verdict: Verdict) -> str:
    """Return one article's object on one line."""
    return json_text(verdict.to_dict())


def articles_csv(verdicts: Sequence[Verdict], codebook: Codebook) -> str:
    """Return a header and a row for every article."""
    rows = [
        [
            v.source or "",
            v.title or "",
            v.date or "",
            v.stance,
            *(v.probabilities[label] for label in codebook.ids),
            v.language or "",
        ]
        for v in verdicts
    ]
    return _csv(["source", "title", "date", "stance", *codebook.ids, "language"], rows)


def sentences_csv(verdicts: Sequence[Verdict], codebook: Codebook) -> str:
    """Return a header and a row for every sentence, its terms as `term weight` joined by " | "."""
    rows = [
        [
            v.source or "",
            v.date or "",
            position,
            found.start,
            found.end,
            " ".join(found.text.split()),
            found.stance,
            *(found.probabilities[label] for label in codebook.ids),
            " | ".join(f"{term.term} {term.weight:+.3f}" for term in found.terms or ()),
        ]
        for v in verdicts
        for position, found in enumerate(v.sentences)
    ]
    header = ["source", "date", "position", "start", "end", "text", "stance", *codebook.ids, "terms"]
    return _csv(header, rows)


def article_text(verdict: Verdict, painter: Painter) -> str:
    """Return one article's verdict for the terminal: stance, probabilities, stance-bearing sentences."""
    book = painter.codebook
    lines = [_heading(verdict, painter), ""]
    for label in sorted(book.labels, key=lambda label: -verdict.probabilities[label.id]):
        share = verdict.probabilities[label.id]
        bar = "█" * round(share * _BAR)
        marked = painter.label(label.id, f"{bar:<{_BAR}}")
        line = f"  {label.title:<{_width(book)}}  {share:>4.0%}  {marked}"
        lines.append(painter.strong(line) if label.id == verdict.stance else line)
    bearing = [found for found in verdict.sentences if found.stance != book.none]
    carrying = {found.start for found in bearing if found.stance == verdict.stance and found.weight >= _CARRIES}
    marked = f" ({_MARK} carries the verdict)" if carrying else ""
    lines += ["", f"{len(bearing)} of {len(verdict.sentences)} sentences with a stance{marked}"]
    for found in bearing:
        lines += ["", *_sentence_lines(found, painter, found.stance, found.start in carrying)]
    leaning = [] if bearing or verdict.stance == book.none else _leaning(verdict)
    if leaning:
        lines += ["", f"Leaning to {book.label(verdict.stance).title}, each too unsure alone:"]
    for found in leaning:
        lines += ["", *_sentence_lines(found, painter, verdict.stance)]
    return "\n".join(line.rstrip() for line in lines)


def article_line(verdict: Verdict, painter: Painter) -> str:
    """Return one article's verdict on one line: stance, probability, date, source, title."""
    book = painter.codebook
    stance = painter.label(verdict.stance, f"{book.label(verdict.stance).title:<{_width(book)}}", bold=True)
    share = verdict.probabilities[verdict.stance]
    title = f"  {printable(verdict.title)}" if verdict.title else ""
    source = printable(verdict.source or "")
    return f"{stance}  {share:>4.0%}  {verdict.date or '          '}  {source}{painter.dim(title)}"


def inspection_text(verdict: Verdict, painter: Painter) -> str:
    """Return every sentence with its probabilities and the terms that decided it."""
    lines = [_heading(verdict, painter)]
    for found in verdict.sentences:
        others = "  ".join(
            f"{painter.codebook.label(label).title} {share:.2f}" for label, share in found.probabilities.items()
        )
        lines += ["", *_sentence_lines(found, painter, found.stance), "    " + painter.dim(others)]
        lines += [f"    {line}" for line in _term_lines(found, painter)]
    return "\n".join(lines)


def _heading(verdict: Verdict, painter: Painter) -> str:
    book = painter.codebook
    named = [printable(verdict.title)] if verdict.title else []
    about = " · ".join(part for part in (printable(verdict.source or ""), verdict.date) if part)
    lines = _wrapped(named[0], "") if named else []
    stance = painter.label(verdict.stance, book.label(verdict.stance).title, bold=True)
    share = verdict.probabilities[verdict.stance]
    return "\n".join(
        [
            *(painter.strong(line) for line in lines),
            painter.dim(about),
            f"{book.name}: {stance} ({share:.0%})",
        ]
    )


def _leaning(verdict: Verdict) -> list[ScoredSentence]:
    """Return the sentences that make an article's stance though none of them has one, the strongest three."""
    ordered = sorted(verdict.sentences, key=lambda found: -found.probabilities[verdict.stance])
    strongest = [found for found in ordered[:_LEANING] if found.probabilities[verdict.stance] >= _FAINT]
    return sorted(strongest, key=lambda found: found.start)


def _sentence_lines(found: ScoredSentence, painter: Painter, label: str, carries: bool = False) -> list[str]:
    book = painter.codebook
    share = found.probabilities[label]
    title = f"{book.label(label).title:<{_width(book)}}"
    mark = _MARK if carries else " "
    head = f"{mark} {painter.label(label, title, bold=label != book.none)}  {share:>4.0%}  "
    indent = " " * (_width(book) + 10)
    text = "\n".join(_wrapped(printable(found.text), indent)).lstrip()
    return (head + _marked(text, found, painter)).split("\n")


def _marked(text: str, found: ScoredSentence, painter: Painter) -> str:
    """Colour the places of the terms that speak for the sentence's stance."""
    if found.stance == painter.codebook.none:
        return text
    hit = [False] * len(found.text)
    for term in found.terms or ():
        if term.weight <= 0 or len(term.term.strip()) < 3:  # single letters say nothing to a reader
            continue
        for start, end in term.places:
            hit[start:end] = [True] * (end - start)
    # to wrap a text moves blanks only, and to print it drops only what `printable` drops
    kept = (mark for char, mark in zip(found.text, hit, strict=True) if printable(char))
    shown = [(char, not char.isspace() and next(kept)) for char in text]
    runs = ((mark, "".join(char for char, _ in run)) for mark, run in groupby(shown, key=itemgetter(1)))
    return "".join(painter.label(found.stance, run, bold=True) if mark else run for mark, run in runs)


def _term_lines(found: ScoredSentence, painter: Painter) -> list[str]:
    terms = found.terms or ()
    lines = []
    for name, side in (
        ("for", [t for t in terms if t.weight > 0]),
        ("against", [t for t in terms if t.weight < 0]),
    ):
        shown = "  ".join(f"{visible_term(term.term)} {term.weight:+.2f}" for term in _distinct(side))
        if shown:
            lines.append(painter.dim(f"{name}: ") + shown)
    return lines


def _distinct(terms: Sequence[Term]) -> list[Term]:
    """Leave out n-grams that lie inside a stronger one or hold one: they tell the same again."""
    kept: list[Term] = []
    for term in terms:
        if not any(term.term in other.term or other.term in term.term for other in kept):
            kept.append(term)
        if len(kept) == _SHOWN_TERMS:
            break
    return kept


def _wrapped(text: str, indent: str) -> list[str]:
    columns = max(40, min(shutil.get_terminal_size((100, 24)).columns, 120))
    return textwrap.wrap(text, columns, initial_indent=indent, subsequent_indent=indent) or [""]


def _width(book: Codebook) -> int:
    return max(len(label.title) for label in book.labels)


def _csv(header: list[str], rows: list[list[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(header)
    writer.writerows([guarded(cell) for cell in row] for row in rows)
    return out.getvalue()
