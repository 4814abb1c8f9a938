"""The recipe on other labels: what kind of text is a sentence from? Against n-gram systems as they are published.

    python training/benchmarks/other_labels.py

No other labelled German set ships with this project, so the sentences of annotations/sentences.csv get another label:
the kind of their article (agency, blog, interview …). Nothing is changed for it: no lexicon, the shipped recipe, the
same folds for all. Sentences are read alone, for within an article the label is always the same. Prints and writes
training/reports/other_labels.md.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from joblib import Parallel, delayed
from scipy.sparse import csr_matrix, hstack
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import ComplementNB
from sklearn.svm import LinearSVC

from haltung.annotated_set import AnnotatedSet, read_set
from haltung.codebook import Codebook, Label
from haltung.crossvalidation import fold_numbers, held_out, out_of_fold_logits
from haltung.evaluation import macro_f1_interval, score
from haltung.fitting import count
from haltung.lexicon import Lexicon
from haltung.recipe import read_recipe

ROOT = Path(__file__).resolve().parents[2]
REPORT = ROOT / "training" / "reports" / "other_labels.md"
System = Callable[[list[str], list[str], list[str]], list[str]]


def relabelled() -> AnnotatedSet:
    """The shipped sentences, labelled with the kind of their article."""
    shipped = read_set(ROOT / "annotations", None)
    kinds = sorted({sentence.kind for sentence in shipped.sentences})
    ids = {kind: kind.replace(" ", "_") for kind in kinds}
    book = Codebook("kind of text", "de", None, tuple(Label(ids[kind], kind, "", "#7a7a7a") for kind in kinds))
    sentences = [replace(sentence, label=ids[sentence.kind]) for sentence in shipped.sentences]
    return AnnotatedSet(book, Lexicon(), sentences, {}, shipped.files)


def haltungs(annotated: AnnotatedSet, folds: np.ndarray) -> list[str]:
    recipe = read_recipe()
    logits = out_of_fold_logits(annotated, count(annotated.texts, recipe, annotated.lexicon), folds)
    found = held_out(annotated, logits, folds, recipe).alone
    return [annotated.codebook.ids[place] for place in found.argmax(axis=1)]


def ngrams(train: list[str], test: list[str], *blocks: TfidfVectorizer) -> tuple[csr_matrix, csr_matrix]:
    known = hstack([block.fit_transform(train) for block in blocks], format="csr")
    return known, hstack([block.transform(test) for block in blocks], format="csr")


def words_and_support_vectors(train: list[str], labels: list[str], test: list[str]) -> list[str]:
    known, asked = ngrams(train, test, TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True))
    return LinearSVC(C=0.5, random_state=0).fit(known, labels).predict(asked).tolist()


def words_characters_and_support_vectors(train: list[str], labels: list[str], test: list[str]) -> list[str]:
    words = TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True)
    characters = TfidfVectorizer(analyzer="char", ngram_range=(3, 6), min_df=2, sublinear_tf=True)
    known, asked = ngrams(train, test, words, characters)
    return LinearSVC(C=0.5, random_state=0).fit(known, labels).predict(asked).tolist()


def characters_and_regression(train: list[str], labels: list[str], test: list[str]) -> list[str]:
    known, asked = ngrams(train, test, TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), sublinear_tf=True))
    return LogisticRegression(C=8, max_iter=300).fit(known, labels).predict(asked).tolist()


def words_and_bayes(train: list[str], labels: list[str], test: list[str]) -> list[str]:
    known, asked = ngrams(train, test, TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True))
    return ComplementNB().fit(known, labels).predict(asked).tolist()


SYSTEMS: dict[str, System] = {
    "words 1–2 + characters 3–6, linear SVM": words_characters_and_support_vectors,
    "words 1–2, linear SVM": words_and_support_vectors,
    "characters 2–5 in words, logistic regression": characters_and_regression,
    "words 1–2, complement naive Bayes": words_and_bayes,
}


def crossed(system: System, annotated: AnnotatedSet, folds: np.ndarray) -> list[str]:
    texts, labels = np.array(annotated.texts, object), np.array([s.label for s in annotated.sentences], object)
    found = np.empty(len(texts), object)

    def job(number: int) -> tuple[np.ndarray, list[str]]:
        seen = folds != number
        return ~seen, system(texts[seen].tolist(), labels[seen].tolist(), texts[~seen].tolist())

    for rows, predicted in Parallel(n_jobs=-1)(delayed(job)(number) for number in np.unique(folds)):
        found[rows] = predicted
    return found.tolist()


def main() -> None:
    annotated = relabelled()
    folds = fold_numbers(annotated.sentences, read_recipe())
    gold, groups = [s.label for s in annotated.sentences], [s.group for s in annotated.sentences]
    lines = [
        "# The recipe on other labels",
        "",
        f"`python training/benchmarks/other_labels.py` prints this again. {len(gold):,} sentences,"
        f" {len(annotated.codebook.ids)} kinds of text as labels, whole articles held out, no lexicon, sentences read"
        " alone. The other systems are n-gram systems as shared tasks publish them, trained on the same folds.",
        "",
        "| system | macro-F1 | 95 % interval | accuracy |",
        "|---|---|---|---|",
    ]
    found = {"haltung, shipped recipe": haltungs(annotated, folds)}
    found |= {name: crossed(system, annotated, folds) for name, system in SYSTEMS.items()}
    for name, predicted in found.items():
        low, high = macro_f1_interval(gold, predicted, groups, annotated.codebook.ids)
        scores = score(gold, predicted, annotated.codebook.ids)
        lines.append(f"| {name} | {scores.macro_f1:.3f} | {low:.3f} to {high:.3f} | {scores.accuracy:.3f} |")
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


if __name__ == "__main__":
    main()
