"""The stance model: load it, and ask it about sentences and articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np

from haltung.article import Article
from haltung.codebook import Codebook
from haltung.language import language
from haltung.paths import model_to_read
from haltung.probabilities import Layer, Readings, SentenceModel
from haltung.sentences import Span, split
from haltung.store import read_model
from haltung.verdict import ScoredSentence, Term, Verdict, article_probabilities, named, sentence_weights

_TERMS = 12  # shown for a sentence
_ARTICLES = 64  # read together


@dataclass(frozen=True)
class ArticleReading:
    """What a model reads in an article.

    `sentences` are the readings of its sentences, of which `spans` are the places in the text; a title that stands
    outside the text is read before them. `title_at` is the title's row, `whole` are the article's probabilities,
    `language` is what `language` tells of the text.
    """

    article: Article
    spans: list[Span]
    title_at: int | None
    sentences: Readings
    whole: np.ndarray
    language: str | None


class StanceModel:
    """A trained model: sentences in, label probabilities out; articles in, verdicts out.

    Attributes:
        codebook: the labels it was trained with.
        classes_: the labels' ids, in the codebook's order of precedence.

    >>> import haltung
    >>> model = haltung.load()
    >>> model.predict_proba(["Seoul prüft Waffenlieferungen an Kiew."]).shape == (1, len(model.classes_))
    True
    """

    def __init__(self, sentences: SentenceModel, whole: Layer | None, codebook: Codebook) -> None:
        self._sentences = sentences
        self._whole = whole
        self.codebook = codebook
        self.classes_: tuple[str, ...] = codebook.ids

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of sentences without context: n × k, columns as in `classes_`, rows sum to 1."""
        return self._sentences.predict_proba(_sequence(texts))

    def read(self, sentences: Sequence[str], title_at: int | None = None) -> np.ndarray:
        """Return the probabilities of the sentences of one article, in their order: n × k, rows sum to 1.

        Each sentence is read with what stands before it. `title_at` is the row of the title.
        """
        return self._sentences.read(_sequence(sentences), title_at).probabilities

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Return the most probable label of each sentence; of tied labels the first in `classes_`."""
        return [self.classes_[place] for place in self.predict_proba(texts).argmax(axis=1)]

    def classify(self, text: str, title: str | None = None) -> Verdict:
        """Return the verdict on one article given as text.

        `title` is the headline where it is known; it counts once, whether the text begins with it or not.
        """
        return self.classify_article(Article("", text, title))

    def classify_many(self, articles: Iterable[Article | str]) -> Iterator[Verdict]:
        """Yield the verdicts on articles (or plain texts), in order."""
        for reading in self.read_many(Article("", found) if isinstance(found, str) else found for found in articles):
            yield self._verdict(reading)

    def classify_article(self, article: Article) -> Verdict:
        """Return the verdict on one article, its source, title and date carried over."""
        return next(self.classify_many([article]))

    def read_many(self, articles: Iterable[Article]) -> Iterator[ArticleReading]:
        """Yield what articles and their sentences say as arrays, in order: for many articles at once.

        Articles are taken some at a time, so that the memory needed does not grow with their number.
        """
        remaining = iter(articles)
        while some := list(islice(remaining, _ARTICLES)):
            spans = [split(article.text) for article in some]
            units = [_units(article, found) for article, found in zip(some, spans, strict=True)]
            titles_at = [0 if " ".join((article.title or "").split()) else None for article in some]
            readings = self._sentences.read_many(units, titles_at)
            for article, found, title_at, reading in zip(some, spans, titles_at, readings, strict=True):
                whole = article_probabilities(
                    reading.probabilities, self.codebook, title_at, reading.hints, self._whole
                )
                yield ArticleReading(article, found, title_at, reading, whole, language(article.text))

    def _verdict(self, reading: ArticleReading) -> Verdict:
        article, found = reading.article, reading.sentences
        weights = sentence_weights(found.probabilities, self.codebook, reading.title_at, found.hints, self._whole)
        outside = len(weights) - len(reading.spans)  # 1 where the title stands outside the text, else 0
        sentences = tuple(
            ScoredSentence(
                span.start,
                span.end,
                article.text[span.start : span.end],
                self._best(row),
                named(row, self.codebook),
                round(float(weight), 6),
            )
            for span, row, weight in zip(reading.spans, found.probabilities[outside:], weights[outside:], strict=True)
        )
        return Verdict(
            article.source or None,
            article.title,
            article.date,
            reading.language,
            self._best(reading.whole),
            named(reading.whole, self.codebook),
            sentences,
        )

    def explain(self, text: str, label: str | None = None) -> dict[str, float]:
        """Return what each term of a sentence, read alone, adds to the logit of `label` (default: the predicted one).

        The contributions are exact: with the intercept they sum to the logit. Strongest first; what the sentence's
        length adds stands among them as "‹length›".
        Raises `ValueError` where `label` is none of `classes_`.
        """
        label = label or self.predict([text])[0]
        if label not in self.classes_:
            raise ValueError(f"label is {label!r}; it must be one of {', '.join(self.classes_)}")
        return self._sentences.contributions(text, self.classes_.index(label))

    def explained(self, verdict: Verdict) -> Verdict:
        """Return `verdict` with the strongest terms of every sentence, for and against its stance, and their places.

        What length, title, sentences before and place add stands among them as "‹length›", "‹title›", "‹before›"
        and "‹place›".
        """
        texts = [" ".join(found.text.split()) for found in verdict.sentences]
        title = " ".join((verdict.title or "").split())
        readings = self._sentences.read(_titled(texts, title), 0 if title else None)
        context = readings.context[len(readings.context) - len(texts) :]
        explained = (self._with_terms(found, row) for found, row in zip(verdict.sentences, context, strict=True))
        return replace(verdict, sentences=tuple(explained))

    def _with_terms(self, sentence: ScoredSentence, context: np.ndarray) -> ScoredSentence:
        text = " ".join(sentence.text.split())
        parts = self._sentences.contributions(text, self.classes_.index(sentence.stance), context)
        strongest = list(parts.items())[:_TERMS]
        places = self._sentences.term_places(sentence.text, [term for term, _ in strongest])
        return replace(sentence, terms=tuple(Term(term, weight, places[term]) for term, weight in strongest))

    def _best(self, probabilities: np.ndarray) -> str:
        return self.classes_[int(probabilities.argmax())]


def load(path: Path | str | None = None) -> StanceModel:
    """Load a model folder: `path`, else `HALTUNG_MODEL`, else `./model` if it holds one, else the shipped one.

    Raises `HaltungError` where the folder holds no model.
    """
    stored = read_model(model_to_read(path))
    return StanceModel(stored.sentences, stored.whole, stored.codebook)


def _units(article: Article, spans: Sequence[Span]) -> list[str]:
    """Return an article's sentences as they are read: on one line each, the title before them."""
    texts = [" ".join(article.text[span.start : span.end].split()) for span in spans]
    return _titled(texts, " ".join((article.title or "").split()))


def _titled(texts: list[str], title: str) -> list[str]:
    """Return the sentences with a title that stands outside the text before them, as row 0."""
    return [title, *texts] if title and not _begins_with(texts, title) else texts


def _begins_with(texts: Sequence[str], title: str) -> bool:
    """Tell whether an article's first unit, or its first units together, are its title."""
    head = texts[0] if texts else ""
    for text in texts[1:]:
        if not title.startswith(f"{head} "):
            break
        head = f"{head} {text}"
    return head.startswith(title)


def _sequence(texts: Sequence[str]) -> Sequence[str]:
    if isinstance(texts, str):
        raise TypeError("texts is one string; give a list of sentences")
    return texts
