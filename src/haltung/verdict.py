"""The verdict on an article, from its sentences' probabilities and their places.

Where the set has labelled articles a small layer is learnt over what title, lead and body say; where it has none, the
sentences vote by a fixed rule.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from haltung.codebook import Codebook
from haltung.probabilities import Layer

# A headline says what is new; the lead comes next; background stands last.
_TITLE, _LEAD, _BODY, _LEAD_SENTENCES = 3.0, 1.5, 1.0, 3
# Many faint hints make less of a stance than one clear sentence.
_POWER = 1.5
# What speaks for "none": a little less than one sure sentence of the body.
_SILENCE = 0.7
_FAINT, _WEIGHED = 0.05, 200  # sentences that are weighed: how much of a stance they have, how many they are
# Logarithms and quotients of nearly nothing would outweigh everything.
_DOUBT, _NEVER, _LITTLE, _SURE = 0.02, 0.001, 0.3, 1e-9


@dataclass(frozen=True)
class Term:
    """A term, what it adds to the logit of the sentence's stance, and where it stands in the sentence's text."""

    term: str
    weight: float
    places: tuple[tuple[int, int], ...] = ()


@dataclass(frozen=True)
class ScoredSentence:
    """A sentence of an article: its place in the text, its stance and probabilities by label.

    `weight` is what it adds to the log-odds of the article's stance: those less the ones without the sentence.
    """

    start: int
    end: int
    text: str
    stance: str
    probabilities: dict[str, float]
    weight: float = 0.0
    terms: tuple[Term, ...] | None = None


@dataclass(frozen=True)
class Verdict:
    """What an article says: its stance, how sure that is, and its sentences.

    `language` is the text's, as its ISO 639-1 code, or None where it is too short to tell.
    """

    source: str | None
    title: str | None
    date: str | None
    language: str | None
    stance: str
    probabilities: dict[str, float]
    sentences: tuple[ScoredSentence, ...] = field(default=())

    def to_dict(self) -> dict[str, Any]:
        """Return the verdict as plain data, with the keys of the JSON output."""
        return {
            "source": self.source,
            "title": self.title,
            "date": self.date,
            "language": self.language,
            "stance": self.stance,
            "probabilities": self.probabilities,
            "sentences": [_sentence_dict(sentence) for sentence in self.sentences],
        }


def article_probabilities(
    sentences: np.ndarray,
    codebook: Codebook,
    title_at: int | None = None,
    hints: np.ndarray | None = None,
    layer: Layer | None = None,
) -> np.ndarray:
    """Return the label probabilities of an article.

    `sentences` is sentences × labels, in the text's order; `title_at` is the row of the title. With `layer` it
    decides over `article_features`; without, the sentences `votes` do.
    """
    if not len(sentences):
        return _without_sentences(codebook)
    if layer is None:
        return votes(sentences, codebook, title_at)
    return layer.probabilities(article_features(sentences, codebook, title_at, hints)[None])[0]


def article_features(
    sentences: np.ndarray, codebook: Codebook, title_at: int | None, hints: np.ndarray | None
) -> np.ndarray:
    """Return what the layer decides over, for k labels an array of 6 k + 3 columns, with `hints` 10 k + 3.

    A column a label each: the title's probabilities (0 without one); of the other sentences the mean of the
    first three, the maximum, the mean, what the first sentence with a stance says; the `votes`. Then three for
    silence: the logarithm of the probability that no sentence has a stance, and the most of a stance that any
    sentence and any of the first four has. Of the sentences' hints (the article label that each suggests) the
    logarithm of the title's, and the mean and sum over sentences with a stance and the mean over all.
    """
    k = sentences.shape[1]
    titled = title_at is not None
    body = np.delete(sentences, title_at, axis=0) if titled and len(sentences) > 1 else sentences
    stance, stances = _stance(body, codebook), _stance(sentences, codebook)
    unspoken = np.concatenate([[1.0], np.cumprod(1 - stance)[:-1]])
    found = [
        sentences[title_at] if titled else np.zeros(k),
        body[:_LEAD_SENTENCES].mean(axis=0),
        body.max(axis=0),
        body.mean(axis=0),
        (unspoken * stance) @ body,
        votes(sentences, codebook, title_at),
        np.array([np.log(np.prod(1 - stances) + _NEVER), stances.max(), stances[: _LEAD_SENTENCES + 1].max()]),
    ]
    if hints is not None:
        logs = np.log(hints + _DOUBT)
        said = stances @ logs
        found += [
            logs[title_at] if titled else np.zeros(k),
            said / max(stances.sum(), _LITTLE),
            said,
            logs.mean(axis=0),
        ]
    return np.concatenate(found)


def article_width(labels: int, hints: bool) -> int:
    """Return the number of `article_features` for that many labels."""
    return (10 if hints else 6) * labels + 3


def votes(sentences: np.ndarray, codebook: Codebook, title_at: int | None) -> np.ndarray:
    """Return label probabilities by a fixed rule, for sets without labelled articles.

    Each sentence votes for every stance with its probability to the power of 1.5, the title three times, the
    lead (three sentences) one and a half times; silence has 0.7 votes. Without a "none" label nothing votes for
    silence.
    """
    weights = np.full(len(sentences), _BODY)
    lead = 0 if title_at is None else title_at + 1
    weights[lead : lead + _LEAD_SENTENCES] = _LEAD
    if title_at is not None:
        weights[title_at] = _TITLE
    found = weights @ sentences**_POWER
    if codebook.none is not None:
        found[codebook.ids.index(codebook.none)] = _SILENCE
    return found / found.sum()


def sentence_weights(
    sentences: np.ndarray,
    codebook: Codebook,
    title_at: int | None = None,
    hints: np.ndarray | None = None,
    layer: Layer | None = None,
) -> np.ndarray:
    """Return what each sentence adds to the log-odds of the article's stance.

    Those are the log-odds with all sentences less those with this sentence left out of the article. A sentence
    that hardly has a stance (under 5 %) is given 0, and so are all but the 200 that have most of one: to leave
    out each of a hundred thousand takes hours.
    """
    found = np.zeros(len(sentences))
    if not len(sentences):
        return found
    whole = article_probabilities(sentences, codebook, title_at, hints, layer)
    place = int(whole.argmax())
    stance = _stance(sentences, codebook)
    for row in np.argsort(-stance, kind="stable")[:_WEIGHED]:
        if stance[row] < _FAINT:
            break
        rest = None if row == title_at else title_at if title_at is None or row > title_at else title_at - 1
        kept = np.delete(sentences, row, axis=0)
        of_kept = None if hints is None else np.delete(hints, row, axis=0)
        without = article_probabilities(kept, codebook, rest, of_kept, layer)[place]
        found[row] = _log_odds(whole[place]) - _log_odds(without)
    return found


def _log_odds(probability: float) -> float:
    sure = min(max(float(probability), _SURE), 1 - _SURE)
    return math.log(sure / (1 - sure))


def _stance(sentences: np.ndarray, codebook: Codebook) -> np.ndarray:
    """Return each sentence's probability of any stance."""
    if codebook.none is None:
        return np.ones(len(sentences))
    return 1 - sentences[:, codebook.ids.index(codebook.none)]


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
        "weight": sentence.weight,
    }
    if sentence.terms is not None:
        data["terms"] = [{"term": term.term, "weight": round(term.weight, 6)} for term in sentence.terms]
    return data
