"""The verdict on an article, from its sentences' probabilities and their places."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from haltung.codebook import Codebook

# A headline says what is new; the lead comes next; background stands last.
_TITLE, _LEAD, _BODY, _LEAD_SENTENCES = 3.0, 1.5, 1.0, 3
# Many faint hints make less of a stance than one clear sentence.
_POWER = 1.5
# What speaks for "none": a little less than one sure sentence of the body.
_SILENCE = 0.7


@dataclass(frozen=True)
class Term:
    """A term and what it adds to the logit of the sentence's stance."""

    term: str
    weight: float


@dataclass(frozen=True)
class ScoredSentence:
    """A sentence of an article: its place in the text, its stance and probabilities by label."""

    start: int
    end: int
    text: str
    stance: str
    probabilities: dict[str, float]
    terms: tuple[Term, ...] | None = None


@dataclass(frozen=True)
class Verdict:
    """What an article says: its stance, how sure that is, and its sentences."""

    source: str | None
    title: str | None
    date: str | None
    stance: str
    probabilities: dict[str, float]
    sentences: tuple[ScoredSentence, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data, with the keys of the JSON output."""
        return {
            "source": self.source,
            "title": self.title,
            "date": self.date,
            "stance": self.stance,
            "probabilities": self.probabilities,
            "sentences": [_sentence_dict(sentence) for sentence in self.sentences],
        }


def article_probabilities(
    sentences: np.ndarray, codebook: Codebook, title: np.ndarray | None = None, title_at: int | None = None
) -> np.ndarray:
    """Return the label probabilities of an article.

    `sentences` is sentences × labels, in the text's order; `title_at` is the row of the title, `title` gives
    the probabilities of a title that stands outside the text. Each sentence votes for every stance with
    its probability to the power of 1.5, the title three times, the lead (three sentences) one and a half
    times; silence has 0.7 votes. Without a "none" label nothing votes for silence.
    """
    if title is not None:
        sentences, title_at = np.vstack([title, sentences]), 0
    if not len(sentences):
        return _without_sentences(codebook)
    weights = np.full(len(sentences), _BODY)
    lead = 0 if title_at is None else title_at + 1
    weights[lead : lead + _LEAD_SENTENCES] = _LEAD
    if title_at is not None:
        weights[title_at] = _TITLE
    votes = weights @ sentences**_POWER
    if codebook.none is not None:
        votes[codebook.ids.index(codebook.none)] = _SILENCE
    return votes / votes.sum()


def _without_sentences(codebook: Codebook) -> np.ndarray:
    labels = len(codebook.ids)
    if codebook.none is None:
        return np.full(labels, 1 / labels)
    return np.eye(labels)[codebook.ids.index(codebook.none)]


def named(probabilities: Sequence[float], codebook: Codebook) -> dict[str, float]:
    """Return probabilities by label id, rounded to six places."""
    return {label: round(float(value), 6) for label, value in zip(codebook.ids, probabilities, strict=True)}


def _sentence_dict(sentence: ScoredSentence) -> dict[str, Any]:
    data: dict[str, Any] = {
        "start": sentence.start,
        "end": sentence.end,
        "text": sentence.text,
        "stance": sentence.stance,
        "probabilities": sentence.probabilities,
    }
    if sentence.terms is not None:
        data["terms"] = [{"term": term.term, "weight": round(term.weight, 6)} for term in sentence.terms]
    return data
