"""The language of a text: whether it is the one that a model was trained for."""

from __future__ import annotations

import re

_SEEN = 5_000  # characters from the beginning; a news text does not change its language later
_LETTERS = 60  # with fewer nothing is said
# what news is likely to be in; of all languages that the detector knows a list of names is in the oddest
_LIKELY = frozenset(
    "de en fr nl it es pt da sv no fi pl cs sk hu ro bg hr sr sl el tr ru uk ar he fa zh ja ko vi".split()
)
# German words that hardly stand in other languages; they are a quarter to a third of German prose
_GERMAN = frozenset(
    "der das und nicht mit dem den des ein eine einen einer für auf sich auch dass wird sind im zu von ist als wie bei"
    " aus nach hat haben werden wurde sie über zum zur noch nur oder aber seine ihre kein keine am vom bis sei".split()
)
_ENOUGH = 0.15
_WORD = re.compile(r"[^\W\d_]+")


def language(text: str) -> str | None:
    """Return the language of `text` as its ISO 639-1 code, or None where it is too short to tell.

    What is plainly German is known by its small words; all else is asked of py3langid (Lui & Baldwin 2012, langid.py).

    >>> language("Der Minister sagte, dass die Regierung nicht über Waffen für die Ukraine verhandelt, und bleibt bei"
    ... " der Linie, die sie im März beschlossen hat.")
    'de'
    """
    words = _WORD.findall(text[:_SEEN].lower())
    if sum(map(len, words)) < _LETTERS:
        return None
    if sum(word in _GERMAN for word in words) >= _ENOUGH * len(words):
        return "de"
    from py3langid import rank

    return next(str(code) for code, _ in rank(" ".join(words)) if code in _LIKELY)
