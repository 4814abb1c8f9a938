"""Articles with their stances marked, as one page that needs nothing else: no network, no other file."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from html import escape
from itertools import accumulate, groupby
from string import Template

from haltung.article import Article
from haltung.codebook import Codebook
from haltung.contrast import legible, mixed, tint
from haltung.debris import debris, ends_sentence
from haltung.harmless import printable, replaced
from haltung.page import part, policy_hash
from haltung.report import visible_term
from haltung.sentences import paragraphs
from haltung.verdict import ScoredSentence, Verdict

_LINES = ("solid", "dashed", "dotted", "double", "wavy")  # under the labels' sentences, for eyes that see no colours
_STEPS = (0.5, 0.75, 0.9)  # probabilities from which the tint is stronger
_TINTS = (0.28, 0.52, 0.76, 1.0)  # how strong, as shares of the strongest
_HEADING = 120  # characters; longer lines without a full stop are no headings


@dataclass(frozen=True)
class _Scheme:
    """The colours of the page, light or dark, but for the labels'; `most` is the share of those in a tint."""

    paper: str
    raised: str
    hover: str
    rule: str
    ink: str
    faint: str
    focus: str
    most: float


_LIGHT = _Scheme("#fffdf9", "#f7f4ec", "#efebe0", "#dbd6c9", "#1d1d1b", "#65625b", "#0b57d0", 0.28)
_DARK = _Scheme("#17181b", "#212327", "#2b2e33", "#3c4047", "#e8e5de", "#a3a09a", "#8ab4f8", 0.42)


def article_page(inspected: Sequence[tuple[Article, Verdict]], codebook: Codebook) -> str:
    """Return the page of articles and their verdicts with terms (`StanceModel.explained`); several get an index.

    Text of the articles stays text: it is escaped, and the page's policy allows its own script and style only.
    """
    several = len(inspected) > 1
    firsts = accumulate((len(verdict.sentences) for _, verdict in inspected), initial=0)
    articles = [
        _article(article, verdict, codebook, number, first, several)
        for number, ((article, verdict), first) in enumerate(zip(inspected, firsts, strict=False))
    ]
    style, script = _colors(codebook) + part("article.css"), part("article.js")
    return Template(part("article.html")).substitute(
        title=f"{len(inspected)} articles" if several else _title(inspected[0][1]),
        topic=escape(codebook.name),
        style=style,
        style_hash=policy_hash(style),
        script=script,
        script_hash=policy_hash(script),
        content="\n".join([_index([verdict for _, verdict in inspected], codebook)] * several + articles),
        data=_data([found for _, verdict in inspected for found in verdict.sentences], codebook),
    )


def _data(sentences: Sequence[ScoredSentence], codebook: Codebook) -> str:
    """Return what the script shows of each sentence, as JSON that no text in it can end."""
    data = {
        "labels": [
            {"title": label.title, "letter": letter}
            for label, letter in zip(codebook.labels, codebook.letters, strict=True)
        ],
        "sentences": [
            {
                "label": codebook.ids.index(found.stance),
                "probabilities": [found.probabilities[label] for label in codebook.ids],
                "weight": found.weight,
                "terms": [[visible_term(term.term), round(term.weight, 4), term.places] for term in found.terms or ()],
            }
            for found in sentences
        ],
    }
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).replace("<", "\\u003c")


def _index(verdicts: Sequence[Verdict], codebook: Codebook) -> str:
    rows = "\n".join(
        f'<li class="l{codebook.ids.index(verdict.stance)}"><div><a href="#a{number}">{_title(verdict)}</a>'
        f'<p class="about">{_about(verdict)}</p></div>'
        f'<div class="stance">{_leading(verdict, codebook)}{_stack(verdict, codebook)}</div></li>'
        for number, verdict in enumerate(verdicts)
    )
    return (
        f'<nav class="index" id="index" aria-labelledby="articles"><h1 id="articles">{len(verdicts)} articles</h1>\n'
        f"<ol>\n{rows}\n</ol></nav>"
    )


def _article(article: Article, verdict: Verdict, codebook: Codebook, number: int, first: int, several: bool) -> str:
    """Return one article; its sentences are numbered from `first` on."""
    texts = [" ".join(found.text.split()) for found in verdict.sentences]
    grey = [
        flag and found.stance == codebook.none for flag, found in zip(debris(texts), verdict.sentences, strict=True)
    ]
    marked = [_sentence(found, first + place, grey[place], codebook) for place, found in enumerate(verdict.sentences)]
    blocks = _blocks(article, verdict)
    title = " ".join((article.title or "").split())
    titled = next((block for block in blocks if title and " ".join(texts[place] for place in block) == title), [])
    level = "h2" if several else "h1"
    head = " ".join(marked[place] for place in titled) or _title(verdict)
    body = "\n".join(
        f"<p{_kind([texts[place] for place in block], all(grey[place] for place in block), block is blocks[-1])}>"
        f"{' '.join(marked[place] for place in block)}</p>"
        for block in blocks
        if block is not titled
    )
    language = escape(codebook.language)
    up = '\n<a class="up" href="#index">↑ All articles</a>' if several else ""
    return (
        f'<article id="a{number}">\n<p class="about">{_about(verdict)}</p>\n'
        f'<{level} class="headline" lang="{language}">{head}</{level}>\n{_verdict(verdict, codebook)}\n'
        f'{_key(codebook)}\n<div class="text" lang="{language}">\n{body}\n</div>{up}\n</article>'
    )


def _blocks(article: Article, verdict: Verdict) -> list[list[int]]:
    """Return the places of an article's sentences, paragraph by paragraph."""
    starts = [start for start, _ in paragraphs(article.text)]
    places = range(len(verdict.sentences))
    return [
        list(block)
        for _, block in groupby(places, key=lambda place: bisect_right(starts, verdict.sentences[place].start))
    ]


def _kind(texts: Sequence[str], grey: bool, last: bool) -> str:
    """Return the class of a paragraph: debris, or a heading if it is one line that does not end as a sentence."""
    if grey:
        return ' class="debris"'
    heading = len(texts) == 1 and len(texts[0]) <= _HEADING and not last
    return ' class="head"' if heading and not ends_sentence(texts[0]) and texts[0][-1] not in ":;,–" else ""


def _sentence(found: ScoredSentence, number: int, grey: bool, codebook: Codebook) -> str:
    label, share = codebook.ids.index(found.stance), found.probabilities[found.stance]
    title = f"{codebook.labels[label].title} {share:.0%}"
    if found.stance == codebook.none:
        marks = f'class="s silent{" debris" if grey else ""} l{label}"'
    else:
        marks = f'class="s l{label} t{_step(share)}" data-letter="{escape(codebook.letters[label])}"'
    return f'<span {marks} id="s{number}" title="{escape(title)}">{escape(replaced(found.text))}</span>'


def _step(share: float) -> int:
    return bisect_right(_STEPS, share)


def _verdict(verdict: Verdict, codebook: Codebook) -> str:
    counts = Counter(found.stance for found in verdict.sentences)
    rows = "\n".join(
        f'<tr class="l{place}{" best" if label.id == verdict.stance else ""}">'
        f'<th scope="row" class="name" title="{escape(label.meaning)}"><span class="letter" aria-hidden="true">'
        f"{escape(letter)}</span> <span>{escape(label.title)}</span></th>"
        f'<td class="bar-cell">{_bar(verdict.probabilities[label.id])}</td>'
        f'<td class="number">{verdict.probabilities[label.id]:.0%}</td>'
        f'<td class="number count">{counts[label.id]} sentence{"" if counts[label.id] == 1 else "s"}</td></tr>'
        for place, (label, letter) in enumerate(zip(codebook.labels, codebook.letters, strict=True))
    )
    return (
        f'<section class="verdict" aria-label="Verdict"><p class="topic">{escape(codebook.name)}</p>\n'
        f'<p class="leading l{codebook.ids.index(verdict.stance)}">{_leading(verdict, codebook)}</p>\n'
        f"<table>\n{rows}\n</table></section>"
    )


def _key(codebook: Codebook) -> str:
    label = next(place for place, label in enumerate(codebook.labels) if label.id != codebook.none)
    samples = " ".join(
        f'<span class="s l{label} t{step}">{text}</span>'
        for step, text in enumerate(("under 50%", *(f"{least:.0%}" for least in _STEPS)))
    )
    return (
        f'<p class="key">The surer, the stronger the tint: {samples} and more. Small and grey: no part of the article.'
        ' <span class="how">Click a sentence to see what decided it; or Tab and Enter. Arrow keys go on, Escape'
        " closes.</span></p>"
    )


def _bar(share: float) -> str:
    return (
        '<svg class="bar" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect width="{100 * share:.2f}" height="10"/></svg>'
    )


def _stack(verdict: Verdict, codebook: Codebook) -> str:
    shares = [100 * verdict.probabilities[label] for label in codebook.ids]
    rects = "".join(
        f'<rect class="l{place}" x="{start:.2f}" width="{share:.2f}" height="10"/>'
        for place, (start, share) in enumerate(zip(accumulate(shares, initial=0), shares, strict=False))
    )
    return f'<svg class="stack" viewBox="0 0 100 10" preserveAspectRatio="none" aria-hidden="true">{rects}</svg>'


def _title(verdict: Verdict) -> str:
    return escape(replaced(printable(verdict.title or verdict.source or "Untitled")))


def _about(verdict: Verdict) -> str:
    date = f'<time datetime="{escape(verdict.date)}">{escape(verdict.date)}</time>' if verdict.date else "undated"
    return " · ".join([date, *([escape(replaced(printable(verdict.source)))] if verdict.source else [])])


def _leading(verdict: Verdict, codebook: Codebook) -> str:
    return escape(f"{codebook.label(verdict.stance).title} {verdict.probabilities[verdict.stance]:.0%}")


def _colors(codebook: Codebook) -> str:
    """Return the colours as custom properties: of the page, and of the labels brought to a readable contrast."""
    lines = "".join(f".l{place}{{--line:{_LINES[place % len(_LINES)]}}}\n" for place in range(len(codebook.labels)))
    dark = f"@media screen and (prefers-color-scheme: dark) {{\n{_scheme_colors(_DARK, codebook)}}}\n"
    return _scheme_colors(_LIGHT, codebook) + dark + lines


def _scheme_colors(scheme: _Scheme, codebook: Codebook) -> str:
    own = {name: value for name, value in asdict(scheme).items() if name != "most"}
    found = [_rule(":root", own)]
    for place, label in enumerate(codebook.labels):
        strongest = tint(label.color, scheme.paper, scheme.ink, scheme.most)
        tints = {f"tint{step}": mixed(strongest, scheme.paper, share) for step, share in enumerate(_TINTS)}
        grounds = [scheme.paper, scheme.raised, *tints.values()]
        found.append(_rule(f".l{place}", {"label": legible(label.color, grounds), **tints}))
    return "".join(found)


def _rule(selector: str, properties: dict[str, str]) -> str:
    return f"{selector}{{{';'.join(f'--{name}:{value}' for name, value in properties.items())}}}\n"
