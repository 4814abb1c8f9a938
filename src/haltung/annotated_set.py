"""The annotated set: a codebook and its lexicon, sentences, the labels of articles."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from haltung.annotations import AnnotatedSentence, read_article_labels, read_sentences, rows_of_articles
from haltung.codebook import Codebook, read_codebook
from haltung.errors import HaltungError
from haltung.lexicon import Lexicon, read_lexicon
from haltung.paths import annotations_to_read, codebook_to_read


@dataclass(frozen=True)
class AnnotatedSet:
    """What a model is trained on, and the files it is from. Labels as numbers are places in `codebook.ids`."""

    codebook: Codebook
    lexicon: Lexicon
    sentences: list[AnnotatedSentence]
    article_labels: dict[str, str]
    files: list[Path]

    @property
    def texts(self) -> list[str]:
        """The sentences' texts."""
        return [sentence.text for sentence in self.sentences]

    @cached_property
    def labels(self) -> np.ndarray:
        """Each sentence's label as a number."""
        return np.array([self.codebook.ids.index(sentence.label) for sentence in self.sentences])

    @cached_property
    def labels_of_articles(self) -> np.ndarray:
        """The label of each sentence's article as a number, -1 where it has none."""
        named = (self.article_labels.get(sentence.article) for sentence in self.sentences)
        return np.array([-1 if label is None else self.codebook.ids.index(label) for label in named])

    @cached_property
    def articles(self) -> dict[str, np.ndarray]:
        """The rows of each article's sentences, in the order of the article."""
        return {article: np.array(rows) for article, rows in rows_of_articles(self.sentences).items()}

    def title_at(self, article: str) -> int | None:
        """Return 0 where the article's first sentence is its title (position 0), else None."""
        return 0 if self.sentences[self.articles[article][0]].position == 0 else None


def read_set(annotations: Path | str | None, codebook: Path | str | None) -> AnnotatedSet:
    """Read sentences, their codebook, the lexicon beside it, and the labels of articles beside the sentences.

    Those are `lexicon.toml` and `articles.csv`, where they are there.
    """
    path = annotations_to_read(annotations)
    codebook_path = codebook_to_read(codebook, path)
    book = read_codebook(codebook_path)
    words = codebook_path.parent / "lexicon.toml"
    lexicon = read_lexicon(words) if words.is_file() else Lexicon()
    sentences = read_sentences(path, book)
    beside = path.parent / "articles.csv"
    labels = read_article_labels(beside, book) if path.name == "sentences.csv" and beside.is_file() else {}
    unknown = set(labels) - {sentence.article for sentence in sentences}
    if unknown:
        raise HaltungError(f"{beside}: article {min(unknown)!r} is not in {path.name}; remove it or add its sentences")
    return AnnotatedSet(book, lexicon, sentences, labels, [path])
