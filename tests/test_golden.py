import difflib
import json

from golden import GOLDEN, predictions


def test_the_model_says_what_it_said_before():
    """A change shows as a diff; where it is meant, `python tests/golden.py` approves it."""
    before = GOLDEN.read_text(encoding="utf-8")
    now = json.dumps(predictions(), ensure_ascii=False, indent=1) + "\n"
    changes = "\n".join(difflib.unified_diff(before.splitlines(), now.splitlines(), "approved", "now", lineterm=""))
    assert not changes, f"the model says something else; if that is meant: python tests/golden.py\n{changes}"
