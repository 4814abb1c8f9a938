"""An article's sentences: spans of its text, headlines, captions and page debris included.

Paragraphs are lines (hard-wrapped lines are taken together). Inside them sentencex proposes the boundaries;
what it gets wrong on German news is mended here: dates and ordinals, abbreviations that may end a sentence,
quotations of several sentences, missing spaces. training/reports/splitters.md has the comparison.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate, pairwise

from sentencex import get_sentence_boundaries

_QUOTES_AND_BRACKETS = "„“”\"«»‚‘’›‹'()[]"
_MASK = str.maketrans(dict.fromkeys(_QUOTES_AND_BRACKETS, " "))
_CLOSERS = r"[“”\"«»‘’›‹')\]]*+"
_OPENERS = r"[„“\"«»‚‘›‹'(\[]*+"
_OPENING = "„“\"«»‚‘›‹'"

# the end of a sentence, perhaps: marks, what closes with them, space, what opens the next; nothing is tried twice
_CANDIDATE = re.compile(rf"(?<![.!?…])(?P<marks>[.!?…]++){_CLOSERS}(?P<space>\s*+)(?={_OPENERS}(?P<next>[^\W_]++))")
_HALF_CHARACTER = re.compile("[\ud800-\udfff]")
_LETTER_WITH_MARKS = re.compile(r".[\u0300-\u036f]*+", re.S)
_LIST_MARK = 20  # characters in which the number of a list's item stands
_LONGEST_WORD = 200  # characters in which an address or a path shows
_WORD_BEFORE = re.compile(r"(?:([^\s.]+\.?)\s)?([^\s.]*)$")
_MONTHS = frozenset(
    "Januar Jänner Februar März April Mai Juni Juli August September Oktober November Dezember"
    " Jan Feb Mrz Apr Jun Jul Aug Sep Sept Okt Nov Dez".split()
)
_BEFORE_ORDINAL = frozenset(
    "der die das den dem des im am vom zum zur beim ins ab bis seit jeder jede jedes jedem jeden und oder vor nach"
    " ihr ihre ihren ihrem ihrer sein seine seinen seinem seiner unser unsere dieser diese dieses diesem diesen"
    " ein eine einen einem einer kein keine sowie etwa".split()
)
_NEVER_LAST = frozenset(
    "dr prof gen nr st abs art sog evtl ca bzw vgl mr mrs ms hrsg tel str min rd bspw inkl exkl zzgl geb gest lt"
    " col maj sgt kap abschn bd em ing dipl hl fr hr jan feb mrz apr jun jul aug sep sept okt nov dez mo di mi do"
    " sa so bes allg ehem gegr insb mind max ggf betr verf univ rev capt adm ebd med phil jur rer nat oec"
    " u.s u.k z.b d.h i.d.r v.a o.g s.o s.u".split()
)
_MAYBE_LAST = frozenset("usw etc mio mrd tsd co ltd inc corp jr sen plc u.a u.ä a.d o.ä u.s.w u.v.m uvm jh jhd".split())
# letters that stand with a blank between them: "u. a.", "a. D."
_PAIR_MAYBE_LAST = frozenset({"u.a", "u.ä", "a.d", "o.ä", "a.m", "v.m", "n.chr", "v.chr"})
_STARTERS = frozenset(
    "der die das den dem des ein eine einer eines einem einen kein keine keiner keinen er sie es wir ihr ich man"
    " wer was wo wie wann warum wieso weshalb dies diese dieser dieses diesem diesen damit dazu dafür dagegen"
    " daher darum danach dann da doch aber und oder auch allein nur noch nun jetzt heute gestern morgen seit vor"
    " nach bei mit von im in am an auf aus für gegen ohne um zu zum zur über unter seine seiner sein ihre ihren"
    " ihrer unser unsere wenn als ob weil so zudem bisher bislang dort hier beide alle viele nicht nichts trotz"
    " laut während zwar denn insgesamt mindestens statt erst schon sogar selbst dabei davon deshalb jedoch dennoch"
    " außerdem allerdings zuvor zuletzt später weiter vergangenen jeder jede jedes solche welche einige mehrere"
    " andere wegen durch bis".split()
)
_LOWER_START = re.compile(r"[a-z]{1,2}[A-Z]|(?:von der|von|de|van der|van) [A-ZÄÖÜ]")


@dataclass(frozen=True)
class Span:
    """A sentence as a half-open range of characters: `text[start:end]` is the sentence exactly."""

    start: int
    end: int


def split(text: str) -> list[Span]:
    """Return the sentences of `text` in order; they do not overlap and leave out white space only.

    >>> page = "Seoul prüft\\n\\nDas sagte er am 28. November. „Ja. Nein“, sagte er."
    >>> [page[span.start:span.end] for span in split(page)]
    ['Seoul prüft', 'Das sagte er am 28. November.', '„Ja.', 'Nein“, sagte er.']
    """
    spans = []
    for start, end in paragraphs(text):
        # line ends become blanks, so that offsets stay
        paragraph = re.sub(r"\s", " ", text[start:end])
        last = 0
        for cut in [*_boundaries(paragraph), len(paragraph)]:
            piece = paragraph[last:cut]
            if piece.strip():
                left = start + last + len(piece) - len(piece.lstrip())
                spans.append(Span(left, start + last + len(piece.rstrip())))
            last = cut
    return spans


def paragraphs(text: str) -> Iterator[tuple[int, int]]:
    """Yield the ranges of paragraphs: lines, or what was one line before it was wrapped to a fixed width."""
    lines = [(found.start(), found.end()) for found in re.finditer(r"[^\r\n\v\f\x85\u2028\u2029]+", text)]
    width = _wrap_width(text, lines)
    held, above = None, (0, 0)
    for start, end in lines:
        if not text[start:end].strip():
            continue
        if held and width and _wrapped(text, above, (start, end), width):
            held = (held[0], end)
        else:
            if held:
                yield held
            held = (start, end)
        above = (start, end)
    if held:
        yield held


def _wrap_width(text: str, lines: list[tuple[int, int]]) -> int:
    """Return the width that `text` is wrapped to, or 0 where its lines are whole paragraphs."""
    width = max((end - start for start, end in lines), default=0)
    if not 40 <= width <= 100:
        return 0
    pairs = [
        (text[start:end].rstrip()[-1:], text[after:after_end].lstrip()[:1])
        for (start, end), (after, after_end) in pairwise(lines)
        if "\n" not in text[end:after].replace("\n", "", 1)
    ]
    unfinished = [first for before, first in pairs if before not in ".!?:…“”\"»«’‘›‹'"]
    small = sum(first.islower() for first in unfinished)
    return width if small and len(unfinished) >= 2 and small >= 0.2 * len(pairs) else 0


def _wrapped(text: str, above: tuple[int, int], line: tuple[int, int], width: int) -> bool:
    """Tell whether `line` goes on the one `above`: its first word had no room there."""
    between = text[above[1] : line[0]]
    if between.count("\n") > 1 or between.count("\r") > 1:
        return False
    words = text[slice(*line)].split(maxsplit=1)
    return bool(words) and above[1] - above[0] + 1 + len(words[0]) > width


def _boundaries(paragraph: str) -> list[int]:
    """Return where new sentences begin in one paragraph (not its own beginning)."""
    if unicodedata.is_normalized("NFC", paragraph):
        return _composed_boundaries(paragraph)
    # "u" and two dots are one letter to what follows; a boundary is found again by the letters before it
    letters = _LETTER_WITH_MARKS.findall(paragraph)
    composed = [unicodedata.normalize("NFC", letter) for letter in letters]
    place = dict(zip(accumulate(map(len, composed)), accumulate(map(len, letters)), strict=True))
    return [place[cut] for cut in _composed_boundaries("".join(composed)) if cut in place]


def _composed_boundaries(paragraph: str) -> list[int]:
    """Return `_boundaries` of a paragraph whose letters are composed."""
    if not re.search(r"[.!?…]", paragraph):
        return []
    # masked, because sentencex takes a whole quotation as one sentence, and half a character as none
    masked = _HALF_CHARACTER.sub(" ", paragraph.translate(_MASK))
    proposed = {found["start_index"] for found in get_sentence_boundaries("de", masked)}
    cuts = []
    for found in _CANDIDATE.finditer(paragraph):
        verdict = _mended(paragraph, found)
        if verdict is None:
            verdict = any(place in proposed for place in range(found.end("marks"), found.start("next") + 1))
        if verdict:
            cuts.append(found.end("space"))
    return cuts


def _mended(paragraph: str, found: re.Match[str]) -> bool | None:
    """Decide a candidate where German news needs more than sentencex knows, else None."""
    marks, after = found["marks"], found["next"]
    if not found["space"]:
        return _glued(paragraph, found)
    if after[0].islower():
        return bool(_LOWER_START.match(paragraph, found.start("next"))) and _ends(paragraph, found) is not False
    if marks != ".":
        return _marks_end(paragraph, found)
    return _ends(paragraph, found)


def _glued(paragraph: str, found: re.Match[str]) -> bool:
    """Without a space only "…gesagt.Danach" is a boundary: two small letters before, a capitalised word after."""
    before = paragraph[max(0, found.start() - 2) : found.start()]
    after = paragraph[found.start("next") : found.start("next") + 2]
    if not (len(after) == 2 and after[0].isupper() and after[1].islower()):
        return False
    word = paragraph[max(0, found.start() - _LONGEST_WORD) : found.start()].rpartition(" ")[2]
    if "@" in word or "/" in word:
        return False
    return (before.islower() and len(before) == 2) or before.isdigit()


def _marks_end(paragraph: str, found: re.Match[str]) -> bool:
    """Question, exclamation and omission marks end a sentence before a capital, "(!)" and "[…]" do not."""
    start = found.start()
    if start and paragraph[start - 1] in "([" and paragraph[found.end("marks") : found.end("marks") + 1] in (")", "]"):
        return False
    if set(found["marks"]) <= {".", "…"}:
        return found["next"].lower() in _STARTERS or paragraph[found.end("space")] in _OPENING
    return True


def _ends(paragraph: str, found: re.Match[str]) -> bool | None:
    """Decide what a full stop after a number, an initial or an abbreviation is."""
    match = _WORD_BEFORE.search(paragraph, max(0, found.start() - 40), found.start())
    before, word = (match[1] or "", match[2]) if match else ("", "")
    word = word.lstrip(_QUOTES_AND_BRACKETS + "–-/")
    after = found["next"]
    starter = after.lower() in _STARTERS
    if re.fullmatch(r"\d{1,2}", word):
        # only near its start is a line's head read again, however long the line
        at_start = found.start() <= _LIST_MARK and not paragraph[: found.start()].strip(word + "•-– ")
        return _not_ordinal(before, after, starter, at_start)
    if re.fullmatch(r"[IVX]{1,5}", word) and before[:1].isupper():
        return starter
    pair = f"{before.rstrip('.').lstrip(_QUOTES_AND_BRACKETS)}.{word}".lower()
    if before.endswith(".") and pair in _PAIR_MAYBE_LAST:
        return starter
    if len(word) == 1 and word.isalpha():
        return word == "X" and before == "auf"  # the platform
    # "z.B", "u.a": letters with full stops and no blank
    dotted = re.search(r"(?:[^\W\d_]+\.)+[^\W\d_]*$", paragraph[max(0, found.start() - 12) : found.start()])
    short = (dotted[0] if dotted and len(dotted[0]) <= 6 else word).lower()
    if short in _MAYBE_LAST:
        return starter or paragraph[found.end("space")] in _OPENING
    if short in _NEVER_LAST:
        return False
    closed = paragraph[found.end("marks")] in _QUOTES_AND_BRACKETS
    return True if closed or (after[0].isdigit() and len(word) > 2 and word.isalpha()) else None


def _not_ordinal(before: str, after: str, starter: bool, at_start: bool) -> bool:
    if at_start or after in _MONTHS or after[0].isdigit() or before.lower() in _BEFORE_ORDINAL:
        return False
    return starter
