"""Scores of an archive's chunk: a row an article or a sentence, by one process, by several, or elsewhere."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context

from haltung.archive import Broken, Chunk, Fields, Record
from haltung.errors import HaltungError
from haltung.model import ArticleReading, StanceModel

_ARTICLE, _SENTENCE = ("id", "date", "title"), ("sentence", "start", "end", "text")
_DIGITS = 6
_WAITING = 2  # chunks a process, so that none stands idle and few are in memory

Cell = str | int | float | None


@dataclass(frozen=True)
class ScoredChunk:
    """The rows of a chunk's articles in order, its broken rows, and the bytes that it is from.

    `foreign` counts the articles that are not in the model's language.
    """

    number: int
    articles: int
    foreign: int
    rows: list[list[Cell]]
    broken: tuple[Broken, ...]
    size: int


def columns(labels: Iterable[str], fields: Fields, by_sentence: bool) -> list[str]:
    """Return the names of the columns of a row. Raises `HaltungError` where a kept field has one of them."""
    scores = ["stance", *labels]
    own = [
        *_ARTICLE,
        *(_SENTENCE if by_sentence else ()),
        *scores,
        *(() if by_sentence else ("sentences",)),
        "language",
    ]
    reserved = {*own, *_SENTENCE, "sentences"}
    taken = [name for name in fields.kept if name in reserved or fields.kept.count(name) > 1]
    if taken:
        raise HaltungError(f"--keep {taken[0]}: is a column of the output already; rename the field")
    return [*_ARTICLE, *fields.kept, *own[len(_ARTICLE) :]]


def scored(model: StanceModel, chunk: Chunk, by_sentence: bool) -> ScoredChunk:
    """Score the articles of a chunk together."""
    records = [row for row in chunk.rows if isinstance(row, Record)]
    broken = tuple(row for row in chunk.rows if isinstance(row, Broken))
    rows: list[list[Cell]] = []
    foreign = 0
    readings = model.read_many(record.article for record in records)
    for record, reading in zip(records, readings, strict=True):
        article = record.article
        foreign += reading.language not in (None, model.codebook.language)
        head: list[Cell] = [record.id, article.date, article.title, *record.kept]
        if by_sentence:
            rows += _sentence_rows(head, model, reading)
        else:
            stance, shares = _stance(model, reading.whole.tolist())
            rows.append([*head, stance, *shares, len(reading.spans), reading.language])
    return ScoredChunk(chunk.number, len(records), foreign, rows, broken, chunk.size)


def _sentence_rows(head: list[Cell], model: StanceModel, reading: ArticleReading) -> Iterator[list[Cell]]:
    text = reading.article.text
    probabilities = reading.sentences.probabilities.tolist()
    outside = len(probabilities) - len(reading.spans)  # a title that stands outside the text
    for number, (span, row) in enumerate(zip(reading.spans, probabilities[outside:], strict=True), start=1):
        stance, shares = _stance(model, row)
        sentence = " ".join(text[span.start : span.end].split())
        yield [*head, number, span.start, span.end, sentence, stance, *shares, reading.language]


def _stance(model: StanceModel, probabilities: list[float]) -> tuple[str, list[float]]:
    stance = model.classes_[max(range(len(probabilities)), key=probabilities.__getitem__)]
    return stance, [round(value, _DIGITS) for value in probabilities]


def in_one_process(model: StanceModel, chunks: Iterable[Chunk], by_sentence: bool) -> Iterator[ScoredChunk]:
    """Score chunks one after the other."""
    return (scored(model, chunk, by_sentence) for chunk in chunks)


def in_processes(model: StanceModel, chunks: Iterable[Chunk], by_sentence: bool, jobs: int) -> Iterator[ScoredChunk]:
    """Score chunks in `jobs` processes, as they come: not in order.

    Raises `HaltungError` where a process dies.
    """
    # a forked process shares the model's memory with this one
    context = get_context("fork" if sys.platform == "linux" else "spawn")
    pool = ProcessPoolExecutor(jobs, context, _begin, (model, by_sentence, os.getpid()))
    try:
        waiting: set[Future[ScoredChunk]] = set()
        for chunk in chunks:
            waiting.add(pool.submit(_work, chunk))
            if len(waiting) >= _WAITING * jobs:
                done, waiting = wait(waiting, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        yield from (future.result() for future in waiting)
    except BrokenProcessPool:
        raise HaltungError("a scoring process was killed (out of memory?); go on with --resume") from None
    finally:
        pool.shutdown(wait=False, cancel_futures=True)


_in_process: tuple[StanceModel, bool] | None = None


def _begin(model: StanceModel, by_sentence: bool, parent: int) -> None:
    """Prepare a scoring process: the parent alone minds Ctrl-C, and none outlives it."""
    global _in_process
    _in_process = model, by_sentence
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()


def _end_with(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _work(chunk: Chunk) -> ScoredChunk:
    assert _in_process is not None
    model, by_sentence = _in_process
    return scored(model, chunk, by_sentence)
