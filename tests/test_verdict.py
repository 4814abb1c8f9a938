import numpy as np
import pytest

from haltung.fitting import fit_layer
from haltung.probabilities import Layer
from haltung.verdict import article_features, article_probabilities, sentence_weights

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


def random_layer(drawn, codebook, hinted):
    k = len(codebook.ids)
    even = np.full((1, k), 1 / k)
    features = article_features(even, codebook, None, even if hinted else None)
    return Layer(drawn.normal(size=(len(features), k)) / 5, drawn.normal(size=k))


@pytest.mark.parametrize("learnt", [False, True])
@pytest.mark.parametrize("hinted", [False, True])
def test_probabilities_are_a_distribution(book, weather_book, learnt, hinted):
    drawn = np.random.default_rng(3)
    for codebook in (book, weather_book):
        k = len(codebook.ids)
        layer = random_layer(drawn, codebook, hinted) if learnt else None
        for length in (1, 2, 7, 60):
            sentences = drawn.dirichlet(np.ones(k), size=length)
            hints = drawn.dirichlet(np.ones(k), size=length) if hinted else None
            found = article_probabilities(sentences, codebook, 0 if length % 2 else None, hints, layer)
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
    assert label(article_probabilities(np.array([RULES_OUT]), book, title_at=0), book) == "rules_out"


def written(drawn, book, titles):
    """One article: probabilities of its sentences, its label; one sentence or more have its stance, up to half.

    The title says the stance or nothing, or ("misleading") any label at random.
    """
    k, wanted = len(book.ids), int(drawn.integers(len(book.ids)))
    none = book.ids.index(book.none)
    said = np.where(drawn.random(drawn.integers(5, 20)) < drawn.random() / 2, wanted, none)
    said[drawn.integers(1, len(said))] = wanted
    said[0] = drawn.choice([wanted, none]) if titles == "honest" else drawn.integers(k)
    unsure = 0.7 * np.eye(k)[said] + 0.3 * drawn.dirichlet(np.ones(k), size=len(said))
    return unsure, wanted


def learnt_layer(articles, book):
    features = np.array([article_features(sentences, book, 0, None) for sentences, _ in articles])
    return fit_layer(features, np.array([wanted for _, wanted in articles]), len(book.ids), C=0.1)


def accuracy(articles, book, layer):
    right = [article_probabilities(s, book, 0, None, layer).argmax() == wanted for s, wanted in articles]
    return np.mean(right)


@pytest.mark.parametrize("titles", ["honest", "misleading"])
def test_a_learnt_layer_judges_articles_that_it_did_not_see(book, titles):
    drawn = np.random.default_rng(5)
    articles = [written(drawn, book, titles) for _ in range(500)]
    layer = learnt_layer(articles[:300], book)
    assert accuracy(articles[300:], book, layer) > 0.9  # by chance 0.25


def test_a_learnt_layer_learns_that_titles_mislead(book):
    drawn = np.random.default_rng(6)
    articles = [written(drawn, book, "misleading") for _ in range(500)]
    layer = learnt_layer(articles[:300], book)
    assert accuracy(articles[300:], book, layer) > accuracy(articles[300:], book, None) + 0.1


def test_labels_at_random_teach_nothing(book):
    drawn = np.random.default_rng(7)
    articles = [(written(drawn, book, "honest")[0], int(drawn.integers(4))) for _ in range(600)]
    layer = learnt_layer(articles[:300], book)
    assert accuracy(articles[300:], book, layer) < 0.35


def test_a_learnt_layer_hears_what_only_the_hints_say(book):
    drawn = np.random.default_rng(8)
    examples = []
    for _ in range(400):
        wanted, length = int(drawn.integers(4)), int(drawn.integers(3, 12))
        hints = 0.3 * np.eye(4)[[wanted] * length] + 0.7 * drawn.dirichlet(np.ones(4), size=length)
        examples.append((drawn.dirichlet(np.ones(4), size=length), hints, wanted))
    features = np.array([article_features(sentences, book, 0, hints) for sentences, hints, _ in examples])
    wanted = np.array([found for *_, found in examples])
    layer = fit_layer(features[:250], wanted[:250], 4, C=0.1)
    found = [article_probabilities(s, book, 0, hints, layer).argmax() for s, hints, _ in examples[250:]]
    assert np.mean(found == wanted[250:]) > 0.7  # without hints 0.25


@pytest.fixture(scope="module")
def taught(book):
    drawn = np.random.default_rng(9)
    return learnt_layer([written(drawn, book, "honest") for _ in range(600)], book)


@pytest.fixture(params=["votes", "learnt"])
def layer(request, taught):
    return taught if request.param == "learnt" else None


@pytest.mark.parametrize("place", [0, 1, 4, 11])
def test_the_only_stance_sentence_carries_the_verdict_and_silence_nothing(book, layer, place):
    silent = np.full(4, 0.005)
    silent[3] = 0.985
    sentences = np.array([silent] * 12)
    sentences[place] = [0.97, 0.01, 0.01, 0.01]
    whole = article_probabilities(sentences, book, 0, None, layer)
    assert label(whole, book) == "considers"
    weights = sentence_weights(sentences, book, 0, None, layer)
    assert weights.argmax() == place
    assert weights[place] > 2
    # a silent lead does count a little: without it the sentence would stand higher up
    assert np.abs(np.delete(weights, place)).max() < weights[place] / 8
    assert np.abs([weight for row, weight in enumerate(weights) if row > 4 and row != place]).max() < 0.1


def test_a_sentence_against_the_verdict_weighs_less_than_nothing(book, layer):
    sentences = np.array([CONSIDERS, CONSIDERS, NONE, CONSIDERS, RULES_OUT, NONE])
    weights = sentence_weights(sentences, book, 0, None, layer)
    assert weights.argmin() == 4
    assert weights[4] < 0
    assert (weights[[0, 1, 3]] > 0.01).all()


@pytest.mark.parametrize("title_at", [None, 0, 2])
@pytest.mark.parametrize("hinted", [False, True])
def test_a_weight_is_what_the_article_loses_without_the_sentence(book, title_at, hinted):
    drawn = np.random.default_rng(10)
    sentences, hints = drawn.dirichlet(np.ones(4), size=6), drawn.dirichlet(np.ones(4), size=6) if hinted else None
    layer = random_layer(drawn, book, hinted)
    weights = sentence_weights(sentences, book, title_at, hints, layer)
    whole = article_probabilities(sentences, book, title_at, hints, layer)
    # where the title stands once the sentence is gone
    titles = {None: [None] * 6, 0: [None, 0, 0, 0, 0, 0], 2: [1, 1, None, 2, 2, 2]}[title_at]
    for row, title in enumerate(titles):
        rest = [at for at in range(6) if at != row]
        left = article_probabilities(sentences[rest], book, title, hints[rest] if hinted else None, layer)
        with_it, without_it = (np.log(found / (1 - found))[whole.argmax()] for found in (whole, left))
        assert weights[row] == pytest.approx(with_it - without_it)


def test_a_single_sentence_is_weighed_against_none(book, layer):
    (weight,) = sentence_weights(np.array([CONSIDERS]), book, None, None, layer)
    assert 2 < weight < np.inf  # nothing said is surely no stance
    assert sentence_weights(np.empty((0, 4)), book, None, None, layer).shape == (0,)
