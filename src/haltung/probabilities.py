"""Label probabilities of sentences: of a sentence alone, and of a sentence in its article.

Both are small calibrated layers over the sentence's logits (Platt scaling for several labels: Guo et al. 2017,
On Calibration of Modern Neural Networks, sec. 4.2). In an article the layer also sees what stands before the
sentence, never what stands after it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from haltung.logits import LinearModel

_RECENT = 5  # sentences before that still tell what is being talked of
_LEAD = 3
_FAR = 20
# what the columns of `context_features` tell of: a column a label each, but for the place
_CONTEXT, _PLACE, _PLACES = ("title", "before", "before", "before"), "place", 4
_LENGTH, _USUAL = "length", 15  # words of an ordinary sentence: there the length says nothing


@dataclass(frozen=True)
class Layer:
    """A multinomial logistic regression over a few features: `weights` is features × labels."""

    weights: np.ndarray
    bias: np.ndarray

    def probabilities(self, features: np.ndarray) -> np.ndarray:
        """Return an array rows × labels whose rows sum to 1."""
        return softmax(features @ self.weights + self.bias)


@dataclass(frozen=True)
class Readings:
    """What the sentences of one article say, each array sentences × labels.

    `context` are the context features, `probabilities` those of each sentence in its article, `hints` the
    probabilities of the article's label that each sentence gives by itself (None where that was not learnt).
    """

    context: np.ndarray
    probabilities: np.ndarray
    hints: np.ndarray | None


@dataclass(frozen=True)
class SentenceModel:
    """Sentences in, label probabilities out.

    `linear` gives k logits of the sentence's label and, where it was learnt, k of the article's label. `alone`
    is the layer for a sentence without context, `within` the one for a sentence in its article (None where no
    articles were learnt from).
    """

    linear: LinearModel
    alone: Layer
    within: Layer | None

    @property
    def labels(self) -> int:
        """The number of labels, k."""
        return len(self.alone.bias)

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of sentences without context (n × k)."""
        return self.alone.probabilities(own_features(self.linear.logits(texts, self.labels), texts))

    def read(self, texts: Sequence[str], title_at: int | None = None) -> Readings:
        """Read the sentences of one article in order; `title_at` is the row of the title."""
        return next(self.read_many([texts], [title_at]))

    def read_many(self, articles: Sequence[Sequence[str]], titles_at: Sequence[int | None]) -> Iterator[Readings]:
        """Read articles; the terms of all their sentences are counted together, which takes half the time."""
        k = self.labels
        flat = [text for texts in articles for text in texts]
        logits = self.linear.logits(flat)
        every = own_features(logits[:, :k], flat)
        end = 0
        for texts, title_at in zip(articles, titles_at, strict=True):
            start, end = end, end + len(texts)
            own, hints = every[start:end], logits[start:end, k:]
            alone, suggested = self.alone.probabilities(own), softmax(hints) if hints.shape[1] else None
            context = context_features(alone, title_at, suggested)
            found = alone if self.within is None else self.within.probabilities(np.hstack([own, context]))
            yield Readings(context, found, suggested)

    def contributions(self, text: str, label: int, context: np.ndarray | None = None) -> dict[str, float]:
        """Return what each term of `text` adds to the logit of `label`, the strongest first.

        What the sentence's length adds is given under "‹length›"; with its row of `context`, what title,
        sentences before and place add under "‹title›", "‹before›" and "‹place›". With the layer's bias and the
        intercepts all sum to the logit.
        """
        k = self.labels
        layer = self.alone if context is None or self.within is None else self.within
        mix = np.zeros(len(self.linear.intercept))
        mix[:k] = layer.weights[:k, label]
        parts = self.linear.contributions(text, mix)
        parts[f"‹{_LENGTH}›"] = float(_lengths([text])[0] * layer.weights[k, label])
        if layer is self.within and context is not None:
            said = [name for name in _CONTEXT for _ in range(k)]
            names = [*said, *[_PLACE] * _PLACES, *said][: len(context)]
            for name, value in zip(names, context * layer.weights[k + 1 :, label], strict=True):
                parts[f"‹{name}›"] = parts.get(f"‹{name}›", 0.0) + float(value)
        return dict(sorted(parts.items(), key=lambda part: (-abs(part[1]), part[0])))

    def term_places(self, text: str, terms: Iterable[str]) -> dict[str, tuple[tuple[int, int], ...]]:
        """Return where terms stand in `text`, as ranges of its characters; those of the context stand nowhere."""
        from haltung.term_places import term_places

        return term_places(text, terms, [found.block for found in self.linear.blocks], self.linear.lexicon)


def own_features(logits: np.ndarray, texts: Sequence[str]) -> np.ndarray:
    """Return what sentences say by themselves: their k logits and how long they are, n × (k + 1)."""
    return np.column_stack([logits, _lengths(texts)])


def _lengths(texts: Sequence[str]) -> np.ndarray:
    words = np.fromiter((len(text.split()) for text in texts), np.float64, len(texts))
    return np.log(np.maximum(words, 1) / _USUAL)


def context_features(alone: np.ndarray, title_at: int | None, hints: np.ndarray | None = None) -> np.ndarray:
    """Return what stands before each sentence of an article: an array sentences × (4 k + 4), with `hints` (8 k + 4).

    `alone` holds the sentences' probabilities without context. The columns: the title's probabilities, those
    of the sentence before, the mean and the maximum of the sentences before (the mean of five); then whether
    the sentence is the title, has something before it, stands in the lead, and how far down it stands; then the
    first 4 k of the sentences' `hints` (the article label that each suggests).
    """
    n = len(alone)
    down = np.arange(n) if title_at is None else np.arange(n) - title_at - 1
    place = np.zeros((n, _PLACES))
    place[:, 0] = np.arange(n) == (-1 if title_at is None else title_at)
    place[1:, 1] = 1
    place[:, 2] = (down >= 0) & (down < _LEAD)
    place[:, 3] = np.minimum(np.arange(n), _FAR) / _FAR
    suggested = [] if hints is None else [_said_before(hints, title_at)]
    return np.hstack([_said_before(alone, title_at), place, *suggested])


def _said_before(found: np.ndarray, title_at: int | None) -> np.ndarray:
    n, k = found.shape
    title, before, mean, most = (np.zeros((n, k)) for _ in range(4))
    if title_at is not None:
        title[title_at + 1 :] = found[title_at]
    if n > 1:
        before[1:] = found[:-1]
        most[1:] = np.maximum.accumulate(found[:-1])
        sums = np.vstack([np.zeros(k), np.cumsum(found[:-1], axis=0)])
        first = np.maximum(np.arange(1, n) - _RECENT, 0)
        mean[1:] = (sums[1:] - sums[first]) / (np.arange(1, n) - first)[:, None]
    return np.hstack([title, before, mean, most])


def own_width(labels: int) -> int:
    """Return the number of `own_features` for that many labels."""
    return labels + 1


def context_width(labels: int, hints: bool) -> int:
    """Return the number of `context_features` for that many labels."""
    return (8 if hints else 4) * labels + _PLACES


def softmax(logits: np.ndarray) -> np.ndarray:
    """Return the probabilities of rows of logits."""
    shifted = np.exp(logits - logits.max(axis=1, keepdims=True))
    return shifted / shifted.sum(axis=1, keepdims=True)
