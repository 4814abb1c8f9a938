"""What the shipped model says of the test articles; run it to approve a change: python tests/golden.py"""

import json
from pathlib import Path

import haltung
from haltung.article import read, sources
from haltung.paths import shipped

DATA = Path(__file__).parent / "data"
GOLDEN = DATA / "golden.json"


def predictions():
    """Each article's verdict and each sentence's stance, as rounded probabilities."""
    model, found = haltung.load(shipped("model")), {}
    for source in sources([str(DATA / "articles")]):
        verdict = model.classify_article(read(source))
        found[Path(source).name] = {
            "stance": verdict.stance,
            "probabilities": rounded(verdict.probabilities),
            "sentences": [
                f"{sentence.stance} {sentence.probabilities[sentence.stance]:.2f} {sentence.text[:60]}"
                for sentence in verdict.sentences
            ],
        }
    return found


def rounded(probabilities):
    return {label: round(value, 3) for label, value in probabilities.items()}


if __name__ == "__main__":
    GOLDEN.write_text(json.dumps(predictions(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
