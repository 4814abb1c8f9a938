import numpy as np
import pytest

from haltung.verdict import article_probabilities

CONSIDERS, DEFERS, RULES_OUT, NONE = np.eye(4) * 0.88 + 0.03


def label(found, book):
    return book.ids[int(found.argmax())]


def test_the_title_weighs_more_than_the_end(book):
    sentences = np.array([CONSIDERS, NONE, NONE, NONE, NONE, RULES_OUT])
    assert label(article_probabilities(sentences, book, title_at=0), book) == "considers"
    assert label(article_probabilities(sentences[::-1], book, title_at=0), book) == "rules_out"


def test_the_title_outweighs_two_sentences_of_background(book):
    sentences = np.array([CONSIDERS, NONE, NONE, NONE, RULES_OUT, RULES_OUT])
    assert label(article_probabilities(sentences, book, title_at=0), book) == "considers"
    assert label(article_probabilities(sentences, book, title_at=None), book) == "rules_out"


def test_the_lead_weighs_more_than_the_end(book):
    sentences = np.array([NONE, RULES_OUT, NONE, NONE, NONE, CONSIDERS])
    for title_at in (0, None):
        assert label(article_probabilities(sentences, book, title_at=title_at), book) == "rules_out"


@pytest.mark.parametrize("length", [1, 5, 40])
def test_an_article_without_stance_has_none(book, length):
    assert label(article_probabilities(np.array([NONE] * length), book, title_at=0), book) == "no_stance"


def test_one_clear_sentence_in_a_long_article_is_its_stance(book):
    sentences = np.full((15, 4), 0.005)
    sentences[:, 3] = 0.985
    sentences[9] = [0.01, 0.97, 0.01, 0.01]
    assert label(article_probabilities(sentences, book, title_at=0), book) == "defers_to_allies"


def test_a_title_outside_the_text_counts_as_one_inside(book):
    body = np.array([NONE, RULES_OUT, NONE, NONE])
    outside = article_probabilities(body, book, title=CONSIDERS)
    inside = article_probabilities(np.vstack([CONSIDERS, body]), book, title_at=0)
    np.testing.assert_allclose(outside, inside)
    assert label(outside, book) == "considers"
    assert label(article_probabilities(body, book), book) == "rules_out"


def test_probabilities_are_a_distribution(book, weather_book):
    drawn = np.random.default_rng(3)
    for codebook in (book, weather_book):
        for length in (1, 2, 7, 60):
            sentences = drawn.dirichlet(np.ones(len(codebook.ids)), size=length)
            found = article_probabilities(sentences, codebook, title_at=0 if length % 2 else None)
            assert found.sum() == pytest.approx(1)
            assert (found >= 0).all()


def test_without_a_none_label_the_labels_share_everything(weather_book):
    found = article_probabilities(np.array([[0.2, 0.8], [0.6, 0.4], [0.1, 0.9]]), weather_book)
    assert label(found, weather_book) == "sports"
    even = article_probabilities(np.array([[0.5, 0.5]]), weather_book)
    np.testing.assert_allclose(even, [0.5, 0.5])


def test_no_sentences_are_no_stance(book, weather_book):
    assert article_probabilities(np.empty((0, 4)), book).tolist() == [0, 0, 0, 1]
    assert article_probabilities(np.empty((0, 2)), weather_book).tolist() == [0.5, 0.5]


def test_a_title_without_text_is_scored(book):
    assert label(article_probabilities(np.empty((0, 4)), book, title=RULES_OUT), book) == "rules_out"
