"""The date of an article, where its text or its file's name gives one."""

from __future__ import annotations

import datetime
import re
from pathlib import PurePath

_MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "januar jänner jan",
            "februar feber feb",
            "märz maerz mrz mär",
            "april apr",
            "mai",
            "juni jun",
            "juli jul",
            "august aug",
            "september sept sep",
            "oktober okt",
            "november nov",
            "dezember dez",
        ),
        start=1,
    )
    for name in names.split()
}
_DATE = re.compile(
    r"(?<![\d.])(?:(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)"
    r"|(?P<d2>\d{1,2})\.\s?(?P<m2>\d{1,2})\.\s?(?P<y2>(?:19|20)\d\d)"
    r"|(?P<d3>\d{1,2})\.\s?(?P<m3>[A-Za-zä]{3,9})\.?\s(?P<y3>(?:19|20)\d\d))(?!\d)"
)
# words that stand on a line which says when the page was made
_PAGE_DATE = re.compile(
    r"\bStand\b|\b(?i:datum|veröffentlicht|publiziert|erschienen|aktualisiert|erstellt|gesendet|update"
    r"|zuletzt geändert|meldungen vom)\b"
)
_OF_AN_EVENT = re.compile(r"\b(?:seit|bis|ab|nach|vor)\b", re.I)
# a sentence that speaks of the page itself
_OF_THE_PAGE = re.compile(r"^Diese[rs]?\s(?:Artikel|Beitrag|Text|Bericht|Nachricht|Meldung|Seite)\b")
_AROUND = re.compile(
    r"\b(?:uhr|um|am|vom|von|den|montag|dienstag|mittwoch|donnerstag|freitag|samstag|sonnabend|sonntag|mo|di|mi|do|fr|sa|so"
    r"|cet|cest|mez|mesz)\b|\d{1,2}[:.]\d\d(?::\d\d)?|[\W_]",
    re.I,
)
_NAME = re.compile(r"(?<!\d)(?P<y>(?:19|20)\d\d)[-_.]?(?P<m>\d\d)[-_.]?(?P<d>\d\d)(?!\d)")


def date_in_text(text: str) -> str | None:
    """Return the page's own date as `YYYY-MM-DD`, or None: never a date that the prose mentions.

    That is a line with "Stand", "Veröffentlicht" … and a date, or a line that is little but a date
    ("Seoul, 24. Oktober 2024, 17:05 Uhr").

    >>> date_in_text("Titel\\nStand: 24.10.2024, 17:05 Uhr\\nAm 3. Mai 2022 war das anders.")
    '2024-10-24'
    """
    for line in text.splitlines():
        if len(line) > 160:
            continue
        found = _DATE.search(line)
        if not found:
            continue
        around = line[: found.start()] + line[found.end() :]
        alone = len(_AROUND.sub("", around)) <= 12 and not _OF_AN_EVENT.search(around)
        stamp = not line[: found.start()].strip() and re.match(r",?\s*(?:um )?\d{1,2}[:.]\d\d", line[found.end() :])
        prose = line.rstrip().endswith((".", "!", "?", "…")) and not _OF_THE_PAGE.match(line)
        if alone or (not prose and (stamp or _PAGE_DATE.search(line) or _OF_THE_PAGE.match(line))):
            date = _iso(found)
            if date:
                return date
    return None


def date_in_name(source: str) -> str | None:
    """Return the date in a file's name as `YYYY-MM-DD`, or None.

    >>> date_in_name("archiv/2024-10-24_seoul.txt")
    '2024-10-24'
    """
    found = _NAME.search(PurePath(source).name)
    return _valid(found["y"], found["m"], found["d"]) if found else None


def _iso(found: re.Match[str]) -> str | None:
    if found["y"]:
        return _valid(found["y"], found["m"], found["d"])
    if found["y2"]:
        return _valid(found["y2"], found["m2"], found["d2"])
    month = _MONTHS.get(found["m3"].lower())
    return _valid(found["y3"], month, found["d3"]) if month else None


def _valid(year: str, month: str | int, day: str) -> str | None:
    try:
        return datetime.date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return None
