"""The stance model: load it, and ask it about sentences and articles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from haltung.article import Article
from haltung.codebook import Codebook
from haltung.paths import model_to_read
from haltung.probabilities import LinearModel
from haltung.sentences import split
from haltung.store import read_model
from haltung.verdict import ScoredSentence, Term, Verdict, article_probabilities, named

_TERMS = 12  # shown for a sentence


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

    def __init__(self, linear: LinearModel, codebook: Codebook) -> None:
        self._linear = linear
        self.codebook = codebook
        self.classes_: tuple[str, ...] = codebook.ids

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        """Return the probabilities of sentences: an array n × k, columns as in `classes_`, rows sum to 1."""
        return self._linear.predict_proba(_sequence(texts))

    def predict(self, texts: Sequence[str]) -> list[str]:
        """Return the most probable label of each sentence; of tied labels the first in `classes_`."""
        return [self.classes_[place] for place in self.predict_proba(texts).argmax(axis=1)]

    def classify(self, text: str, title: str | None = None) -> Verdict:
        """Return the verdict on one article given as text.

        `title` is the headline where it is known; it counts once, whether the text begins with it or not.
        """
        return self.classify_article(Article("", text, title))

    def classify_many(self, articles: Iterable[Article | str]) -> Iterator[Verdict]:
        """Yield the verdicts on articles (or plain texts), one by one and in order."""
        for article in articles:
            yield self.classify_article(Article("", article) if isinstance(article, str) else article)

    def classify_article(self, article: Article) -> Verdict:
        """Return the verdict on one article, its source, title and date carried over."""
        spans = split(article.text)
        texts = [article.text[span.start : span.end] for span in spans]
        probabilities = self.predict_proba([" ".join(text.split()) for text in texts])
        place = article.text.find(article.title) if article.title else -1
        title_at = next((row for row, span in enumerate(spans) if span.start == place), None)
        outside = self.predict_proba([article.title])[0] if article.title and title_at is None else None
        whole = article_probabilities(probabilities, self.codebook, outside, title_at)
        sentences = tuple(
            ScoredSentence(span.start, span.end, text, self._best(row), named(row, self.codebook))
            for span, text, row in zip(spans, texts, probabilities, strict=True)
        )
        return Verdict(
            article.source or None,
            article.title,
            article.date,
            self._best(whole),
            named(whole, self.codebook),
            sentences,
        )

    def explain(self, text: str, label: str | None = None) -> dict[str, float]:
        """Return what each term of a sentence adds to the logit of `label` (default: the predicted one).

        The contributions are exact: with the intercept they sum to the logit. Strongest first.
        Raises `ValueError` where `label` is none of `classes_`.
        """
        label = label or self.predict([text])[0]
        if label not in self.classes_:
            raise ValueError(f"label is {label!r}; it must be one of {', '.join(self.classes_)}")
        return self._linear.contributions(text, self.classes_.index(label))

    def explained(self, verdict: Verdict) -> Verdict:
        """Return `verdict` with the strongest terms of every sentence, for and against its stance."""
        return replace(verdict, sentences=tuple(self._with_terms(found) for found in verdict.sentences))

    def _with_terms(self, sentence: ScoredSentence) -> ScoredSentence:
        parts = self.explain(" ".join(sentence.text.split()), sentence.stance)
        strongest = list(parts.items())[:_TERMS]
        return replace(sentence, terms=tuple(Term(term, weight) for term, weight in strongest))

    def _best(self, probabilities: np.ndarray) -> str:
        return self.classes_[int(probabilities.argmax())]


def load(path: Path | str | None = None) -> StanceModel:
    """Load a model folder: `path`, else `HALTUNG_MODEL`, else `./model` if it holds one, else the shipped one.

    Raises `HaltungError` where the folder holds no model.
    """
    stored = read_model(model_to_read(path))
    return StanceModel(stored.linear, stored.codebook)


def _sequence(texts: Sequence[str]) -> Sequence[str]:
    if isinstance(texts, str):
        raise TypeError("texts is one string; give a list of sentences")
    return texts
