"""haltung: where does a German article say that South Korea stands on arming Ukraine?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from haltung.article import Article
    from haltung.errors import HaltungError
    from haltung.model import StanceModel, load
    from haltung.training import train
    from haltung.verdict import ScoredSentence, Term, Verdict

__all__ = ["Article", "HaltungError", "ScoredSentence", "StanceModel", "Term", "Verdict", "load", "train"]
_HOME = {
    "Article": "article",
    "HaltungError": "errors",
    "ScoredSentence": "verdict",
    "StanceModel": "model",
    "Term": "verdict",
    "Verdict": "verdict",
    "load": "model",
    "train": "training",
}


def __getattr__(name: str) -> Any:  # noqa: ANN401 (whatever is asked for)
    """Import what is asked for only then: training needs scikit-learn, scoring does not."""
    if name not in _HOME:
        raise AttributeError(f"module 'haltung' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"haltung.{_HOME[name]}"), name)
