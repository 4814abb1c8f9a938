"""Fit scikit-learn's TF-IDF and logistic regressions, and take the light model out of them."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from itertools import chain, repeat

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix, diags_array, hstack
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from haltung.errors import HaltungError
from haltung.features import terms, tokens
from haltung.hashes import term_hashes
from haltung.lexicon import Lexicon
from haltung.logits import LinearModel, WeightedBlock, pack_terms
from haltung.probabilities import Layer
from haltung.recipe import BlockRecipe, Recipe

_TEXTS_A_CUT = 500  # of so many texts a term may be asked to stand in one more
_FEW_TEXTS = 2000  # are counted before a second process has begun
_TOLERANCE = 0.05  # of the dual solver; 0.01 takes half as long again and gives the same scores
_FIRST_C, _FIRST_TOLERANCE = 4.0, 0.1  # of the fit that only tells which sentences are unsure
_STEADY = 0.3  # keeps the rarest terms from being stretched without end
_NEVER = -30.0  # the logit of a label that no text has


@dataclass(frozen=True)
class CountedBlock:
    """One block's counts of all its terms: texts × terms."""

    part: BlockRecipe
    names: np.ndarray
    counts: csr_matrix


@dataclass(frozen=True)
class CountedTexts:
    """The terms of many texts, counted once: folds and the model itself are fitted on rows of it."""

    blocks: tuple[CountedBlock, ...]
    lexicon: Lexicon
    recipe: Recipe


def count(texts: Sequence[str], recipe: Recipe, lexicon: Lexicon) -> CountedTexts:
    """Count the terms of every block of `recipe`; a block without any (no lexicon) is left out."""
    words = [tokens(text) for text in texts]
    found = Parallel(n_jobs=jobs_for(len(texts)))(delayed(_count_block)(words, part, lexicon) for part in recipe.blocks)
    return CountedTexts(tuple(block for block in found if block is not None), lexicon, recipe)


def jobs_for(texts: int) -> int:
    """Return how many processes are worth their start for so many texts, as joblib counts them."""
    return 1 if texts < _FEW_TEXTS else -1


def _count_block(words: list[list[str]], part: BlockRecipe, lexicon: Lexicon) -> CountedBlock | None:
    vectorizer = CountVectorizer(analyzer=partial(terms, block=part.block, lexicon=lexicon), dtype=np.float64)
    try:
        counts = vectorizer.fit_transform(words)
    except ValueError:  # scikit-learn: empty vocabulary
        return None
    return CountedBlock(part, vectorizer.get_feature_names_out(), counts)


def fit_linear(counted: CountedTexts, rows: np.ndarray, targets: Sequence[np.ndarray], outputs: int) -> LinearModel:
    """Fit the recipe's blocks and one logistic regression an output, one against the rest, on some rows.

    Each of `targets` holds the output (0 to `outputs` - 1) of every row of the counted texts, or -1 where that
    row tells nothing of it. The model has `outputs` logits a target, in order: those of the first are fitted with the
    recipe's `C`, of any other with its `hint_C`. The same input gives the same model.

    Raises `HaltungError` where the texts have one label only or no terms in common.
    """
    if len(set(targets[0][rows].tolist())) < 2:
        raise HaltungError("too few annotations to train on: without a held-out part one label is left; annotate more")
    weighed = [found for block in counted.blocks if (found := weigh(block, rows)) is not None]
    if not weighed:
        raise HaltungError("too few annotations to train on: no terms recur in them; annotate more")
    matrix = hstack([block.values(rows) for block in weighed], format="csr")
    stretch = stretches(matrix, targets[0][rows], outputs, counted.recipe)
    matrix = (matrix @ diags_array(stretch)).tocsr()
    fitted = [
        _one_against_rest(matrix, target[rows], output, C, counted.recipe)
        for target, C in zip(targets, chain([counted.recipe.C], repeat(counted.recipe.hint_C)), strict=False)
        for output in range(outputs)
    ]
    found = np.column_stack([coef for coef, _ in fitted]) * stretch[:, None]
    coef = found.astype(np.float16)  # three digits are enough, and half the file
    blocks, start = [], 0
    for block in weighed:
        names = block.counted.names[block.kept]
        hashes = term_hashes(block.counted.part.block, names)
        order = np.argsort(hashes)
        blocks.append(
            WeightedBlock(
                block.counted.part.block,
                hashes[order],
                pack_terms(names[order]),
                block.counted.part.weight,
                block.df[order],
                coef[start + order],
            )
        )
        start += len(names)
    return LinearModel(tuple(blocks), np.array([intercept for _, intercept in fitted]), counted.lexicon, len(rows))


@dataclass(frozen=True)
class WeighedBlock:
    """A counted block with the terms kept of it and their TF-IDF weighing, learnt on some rows."""

    counted: CountedBlock
    kept: np.ndarray
    df: np.ndarray
    weighing: TfidfTransformer

    def values(self, rows: np.ndarray) -> csr_matrix:
        """Return the weighted TF-IDF values of some rows: rows × kept terms."""
        return self.weighing.transform(self.counted.counts[rows][:, self.kept]) * self.counted.part.weight


def weigh(block: CountedBlock, rows: np.ndarray) -> WeighedBlock | None:
    """Cut the terms that are rare in `rows` and weigh the others; None where no term is left.

    Rare terms are cut only as far as there are texts enough: in a few dozen every term is rare.
    """
    counts = block.counts[rows]
    least = min(block.part.min_df, 1 + len(rows) // _TEXTS_A_CUT)
    df = np.bincount(counts.indices, minlength=counts.shape[1])
    kept = np.flatnonzero(df >= least)
    if not len(kept):
        return None
    smallest = np.uint16 if len(rows) < 2**16 else np.uint32
    return WeighedBlock(
        block, kept, df[kept].astype(smallest), TfidfTransformer(sublinear_tf=True).fit(counts[:, kept])
    )


def stretches(matrix: csr_matrix, target: np.ndarray, outputs: int, recipe: Recipe) -> np.ndarray:
    """Return what each term's values are multiplied by before they are learnt from, one number a column.

    It makes the penalty on a term's weight grow with how often the term stands in sentences of which a first fit is
    unsure: what dropout would do (Wager, Wang and Liang 2013, Dropout Training as Adaptive Regularization, sec. 3),
    to the power `recipe.stretch`. The values are as long as before on the whole.
    """
    unsure = np.zeros(matrix.shape[1])
    squares = matrix.multiply(matrix).T.tocsr()
    for output in range(outputs):
        coef, intercept = _one_against_rest(matrix, target, output, _FIRST_C, recipe, _FIRST_TOLERANCE)
        probabilities = 1 / (1 + np.exp(-(matrix @ coef + intercept)))
        unsure += squares @ (probabilities * (1 - probabilities))
    usual = np.median(unsure[unsure > 0]) if unsure.any() else 1.0
    found = (unsure / usual + _STEADY) ** -recipe.stretch
    return found * np.sqrt(squares.sum() / (squares.T @ found**2).sum())


def _one_against_rest(
    matrix: csr_matrix, target: np.ndarray, output: int, C: float, recipe: Recipe, tolerance: float = _TOLERANCE
) -> tuple[np.ndarray, float]:
    known = target >= 0
    wanted = target[known] == output
    if wanted.all() or not wanted.any():
        return np.zeros(matrix.shape[1]), -_NEVER if wanted.any() else _NEVER
    # liblinear's dual solver is the fastest here by far, and it converges where lbfgs stops early
    classifier = LogisticRegression(
        C=C, solver="liblinear", dual=True, tol=tolerance, max_iter=recipe.max_iter, random_state=recipe.seed
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(matrix if known.all() else matrix[known], wanted)
    return classifier.coef_[0], float(classifier.intercept_[0])


def fit_layer(features: np.ndarray, labels: np.ndarray, outputs: int, C: float, balance: float = 0.0) -> Layer:
    """Fit a multinomial logistic regression on a few features (rows × features) and labels (0 to `outputs` - 1).

    The features are scaled to unit variance before, so that one `C` serves all. An example weighs by the share of its
    label to the power of -`balance`: 0 takes all alike, 1 is scikit-learn's "balanced". A label that `labels` lack
    gets probability 0.
    """
    scaler = StandardScaler().fit(features)
    weights, bias = np.zeros((features.shape[1], outputs)), np.full(outputs, -np.inf)
    found = np.unique(labels)
    if len(found) == 1:
        bias[found] = 0.0
        return Layer(weights, bias)
    shares = np.bincount(labels, minlength=outputs)[labels] / len(labels)
    importance = shares**-balance
    classifier = LogisticRegression(C=C, max_iter=2000)
    classifier.fit(scaler.transform(features), labels, importance / importance.mean())
    coef, intercept = classifier.coef_, classifier.intercept_
    if len(found) == 2:  # scikit-learn keeps one row for two labels
        coef, intercept = np.vstack([-coef, coef]) / 2, np.concatenate([-intercept, intercept]) / 2
    weights[:, found] = (coef / scaler.scale_).T
    bias[found] = intercept - (scaler.mean_ / scaler.scale_) @ coef.T
    return Layer(weights, bias)
