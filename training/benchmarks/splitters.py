"""Compare sentence splitters on marked German page texts; print and write training/reports/splitters.md.

    pip install -e '.[splitters]' && python training/benchmarks/splitters.py

A gold sentence is right where the splitter gives exactly its span, white space at its ends aside. All get
the page paragraph by paragraph in the column "lines", as haltung does; in the column "page" they get it whole.
`dev.txt` is what haltung's rules were mended on, `test.txt` was written apart and only measured.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path

HERE = Path(__file__).resolve().parent
REPORT = HERE.parent / "reports" / "splitters.md"
Spans = list[tuple[int, int]]
Splitter = Callable[[str], Iterable[tuple[int, int]]]


def gold_documents(path: Path) -> list[tuple[str, Spans]]:
    """Return each marked document as its raw text and the spans of its sentences."""
    documents = []
    for part in re.split(r"^=== .*\n", path.read_text(encoding="utf-8"), flags=re.M)[1:]:
        text, spans, start = "", [], 0
        pieces = part.split("‖")
        for piece in pieces[:-1]:
            text += piece
            spans.append(stripped(text, start, len(text)))
            start = len(text)
        documents.append((text + pieces[-1], spans))
    return documents


def stripped(text: str, start: int, end: int) -> tuple[int, int]:
    piece = text[start:end]
    return start + len(piece) - len(piece.lstrip()), end - len(piece) + len(piece.rstrip())


def located(text: str, sentences: Iterable[str]) -> Spans:
    """Find sentences in order in the text, for splitters that give no offsets."""
    spans, at = [], 0
    for sentence in sentences:
        pattern = r"\s*".join(re.escape(char) for char in re.sub(r"\s", "", sentence))
        found = re.compile(pattern).search(text, at)
        if found:
            spans.append(found.span())
            at = found.end()
    return spans


def splitters() -> dict[str, Splitter]:
    import blingfire
    import pysbd
    import segtok.segmenter
    import sentencex
    import somajo
    import syntok.segmenter

    pysbd_de = pysbd.Segmenter(language="de", clean=False, char_span=True)
    somajo_de = somajo.SoMaJo("de_CMC", character_offsets=True)

    def somajo_spans(text: str) -> Iterable[tuple[int, int]]:
        for sentence in somajo_de.tokenize_text([text]):
            offsets = [token.character_offset for token in sentence]
            yield offsets[0][0], offsets[-1][1]

    def syntok_spans(text: str) -> Iterable[tuple[int, int]]:
        for paragraph in syntok.segmenter.process(text):
            for sentence in paragraph:
                yield sentence[0].offset, sentence[-1].offset + len(sentence[-1].value)

    return {
        "pysbd": lambda text: [(span.start, span.end) for span in pysbd_de.segment(text)],
        "syntok": syntok_spans,
        "SoMaJo": somajo_spans,
        "segtok": lambda text: located(text, segtok.segmenter.split_multi(text)),
        "blingfire": lambda text: blingfire.text_to_sentences_and_offsets(text)[1] if text.strip() else [],
        "sentencex": lambda text: [
            (found["start_index"], found["end_index"]) for found in sentencex.get_sentence_boundaries("de", text)
        ],
    }


def by_lines(split: Splitter) -> Splitter:
    def spans(text: str) -> Iterable[tuple[int, int]]:
        for line in re.finditer(r"[^\n]+", text):
            for start, end in split(line.group()):
                yield line.start() + start, line.start() + end

    return spans


def scores(split: Splitter, documents: list[tuple[str, Spans]]) -> tuple[float, float, list[str]]:
    """Return recall and F1 of exact spans, and the sentences missed."""
    right = found = wanted = 0
    missed = []
    for text, gold in documents:
        spans = {stripped(text, start, end) for start, end in split(text) if text[start:end].strip()}
        right += len(spans & set(gold))
        found += len(spans)
        wanted += len(gold)
        missed += [text[start:end] for start, end in gold if (start, end) not in spans]
    return right / wanted, 2 * right / (found + wanted), missed


def main() -> None:
    from haltung.sentences import split

    def ours(text: str) -> Spans:
        return [(span.start, span.end) for span in split(text)]

    named = {name: gold_documents(HERE / "splitting" / f"{name}.txt") for name in ("dev", "test")}
    rows = []
    for name, splitter in splitters().items():
        for manner, way in (("page", splitter), ("lines", by_lines(splitter))):
            rows.append((name, manner, way))
    rows.append(("**haltung** (sentencex, mended)", "page", ours))
    lines = [
        "# Sentence splitters on marked German pages",
        "",
        "`python training/benchmarks/splitters.py` prints this again. A sentence counts where its span is exactly",
        "right; `recall` is the share of marked sentences found whole, `F1` counts wrong extra spans too. The rules",
        "that haltung adds were mended on `dev`; `test` was written apart. Times are for both sets in one run,",
        "relative to haltung's.",
        "",
        "| splitter | given | dev recall | dev F1 | test recall | test F1 | time |",
        "|---|---|---|---|---|---|---|",
    ]
    table = []
    for name, manner, way in rows:
        started = time.perf_counter()
        (recall_d, f1_d, _), (recall_t, f1_t, _) = (scores(way, named[part]) for part in ("dev", "test"))
        table.append((name, manner, recall_d, f1_d, recall_t, f1_t, time.perf_counter() - started))
    for name, manner, *figures, seconds in table:
        cells = " | ".join(f"{figure:.3f}" for figure in figures)
        lines.append(f"| {name} | {manner} | {cells} | {seconds / table[-1][-1]:.1f} × |")
    counts = ", ".join(f"{sum(len(gold) for _, gold in docs)} in {name}" for name, docs in named.items())
    lines += ["", f"Marked sentences: {counts}."]
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))
    if "--missed" in sys.argv:
        for part in ("dev", "test") if "--test" in sys.argv else ("dev",):
            print(f"\nmissed by haltung in {part}:", *scores(ours, named[part])[2], sep="\n- ")


if __name__ == "__main__":
    main()
