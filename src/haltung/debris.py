"""Page debris among an article's sentences: credits, bylines, dates, comment forms, links to other articles."""

from __future__ import annotations

import re
from collections.abc import Sequence

from haltung.dates import date_in_text

# what stands on no line of an article, whatever else stands there
_ONLY_DEBRIS = re.compile(
    r"e-mail-adresse|newsletter|cookie|abonnieren|alle rechte|impressum|[©ⓒ]|^(?:foto|photo|bild)\s*:.{0,30}$"
    r"|^mehr zum thema\W*$|^(?:artikel )?teilen\b.{0,20}$|^seite \d+ von \d+|^schreiben? sie (?:uns )?einen kommentar"
    r"|^das (?:gespräch|interview) führten?\b|^diese nachricht wurde|^dies meldet\b|\bfehler gefunden\b"
    r"|^\(?dieser (?:artikel|text|beitrag) wurde automatisch",
    re.I,
)
# what makes a line debris that does not end as a sentence
_WORDS = re.compile(
    r"^(?:fotos?|photo|bild|quelle|text|video|reporter|redaktion|mitarbeit)\b|\b(?:fotos?|photo|bild)\s*:"
    r"|\b(?:abonn\w+|kommentar|teilen sie|lesen sie|mehr zum thema|zum (?:thema|hintergrund|weiterlesen)|lesezeit"
    r"|ähnliche artikel|weiterführend|startseite|mit material von|unbefugte|korrespondent\w*|mit verweis auf)\b"
    r"|^pressemitteilung$|^\W*[a-zäöü]{2,4}(?:/[a-zäöü]{2,4})*\W*$",
    re.I,
)
_BYLINE = re.compile(r"Von (?:unsere[mnr]\b|(?:(?:Dr|Prof|iur)\. )*[A-ZÄÖÜ][\w'’.-]+ [A-ZÄÖÜ][\w'’-]+)")
_TIME = re.compile(r"\d{1,2}[:.]\d\d(?: Uhr)?")
_ENDS = re.compile(r"[.!?…][“”\"«»‘’›‹)\]]*$")
_SHORT = 80  # characters; longer units that hold such a word are sentences


def only_debris(text: str) -> bool:
    """Tell whether a unit is debris from which no stance can be read, whatever else stands there."""
    return len(text) <= _SHORT and bool(_ONLY_DEBRIS.search(text))


def is_debris(text: str) -> bool:
    """Tell whether a unit is page debris: no sentence, and it holds a word of the page's furniture or a date alone.

    >>> [is_debris(text) for text in ("Kommentar schreiben", "Stand: 24.10.2024", "Er gab keinen Kommentar ab.")]
    [True, True, False]
    """
    return _is_furniture(text) or bool(date_in_text(text) or _TIME.fullmatch(text))


def debris(texts: Sequence[str]) -> list[bool]:
    """Tell which of an article's units are page debris: those that `is_debris` tells, and the page's foot.

    The foot is all that stands below the last long sentence, from the first furniture there on.

    >>> debris(["Seoul prüft.", "Ein Satz von mehr als achtzig Zeichen, wie er in Artikeln oft steht und sie zuletzt"
    ...         " beschließt.", "Mehr nicht.", "Kommentar schreiben", "Pflichtangaben tragen ein Sternchen."])
    [False, False, False, True, True]
    """
    found = [is_debris(text) for text in texts]
    last = max((place for place, text in enumerate(texts) if len(text) > _SHORT and ends_sentence(text)), default=None)
    if last is None:
        return found
    foot = next((place for place in range(last + 1, len(texts)) if _is_furniture(texts[place])), len(texts))
    return found[:foot] + [True] * (len(texts) - foot)


def ends_sentence(text: str) -> bool:
    """Tell whether a unit ends as a sentence does, unlike headlines and captions."""
    return bool(_ENDS.search(text))


def _is_furniture(text: str) -> bool:
    return only_debris(text) or (not ends_sentence(text) and bool(_WORDS.search(text) or _BYLINE.match(text)))
