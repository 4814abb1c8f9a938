import difflib
import json

import pytest

from golden import GOLDEN, predictions


def test_the_model_says_what_it_said_before():
    """A change shows as a diff; where it is meant, `python tests/golden.py` approves it."""
    before = GOLDEN.read_text(encoding="utf-8")
    now = json.dumps(predictions(), ensure_ascii=False, indent=1) + "\n"
    changes = "\n".join(difflib.unified_diff(before.splitlines(), now.splitlines(), "approved", "now", lineterm=""))
    assert not changes, f"the model says something else; if that is meant: python tests/golden.py\n{changes}"


@pytest.mark.parametrize(
    "text",
    [
        "Seoul prüft Waffen für Kiew.",
        "Südkorea liefert der Ukraine keine Waffen.",
        "Südkorea überlässt die Bewaffnung der Ukraine den Verbündeten.",
        "In Busan hat es die ganze Nacht geregnet.",
    ],
)
def test_an_article_of_one_sentence_says_what_the_sentence_says(text, shipped_model):
    verdict = shipped_model.classify(text)
    assert verdict.stance == verdict.sentences[0].stance
    assert verdict.probabilities[verdict.stance] > 0.7
