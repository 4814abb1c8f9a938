"""Whatever lies in a download folder: read or refused in a line, scored soundly, and never taken for a command."""

import csv
import errno
import io
import itertools
import json
import os
import re
import shlex
import subprocess
import sys
import unicodedata
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from haltung.annotations import read_sentences
from haltung.article import Article, read, sources
from haltung.errors import HaltungError
from haltung.harmless import guarded
from haltung.language import language
from odd_files import NO_FILES, a_folder

SEOUL = "Südkorea prüft Waffen für Kiew. Das Büro des Präsidenten ließ „alles“ offen. "
FORMS = ["table", "json", "jsonl", "csv"]
COMMANDS = ["classify", "inspect"]


def sound(model, article):
    """Check what always holds of a verdict, and return it."""
    verdict = model.classify_article(article)
    at = 0
    for sentence in verdict.sentences:
        assert at <= sentence.start < sentence.end <= len(article.text)
        assert not article.text[at : sentence.start].strip()
        assert article.text[sentence.start : sentence.end] == sentence.text
        at = sentence.end
    assert not article.text[at:].strip()
    shares = [verdict.probabilities, *(sentence.probabilities for sentence in verdict.sentences)]
    values = np.array([list(found.values()) for found in shares])
    assert np.isfinite(values).all()
    assert (values >= 0).all()
    assert values.sum(axis=1) == pytest.approx(1, abs=1e-5)
    assert np.isfinite([sentence.weight for sentence in verdict.sentences]).all()
    return verdict


def one_line(message, *parts):
    assert "\n" not in message
    assert len(message) < 1000
    assert all(part in message for part in parts), message
    return True


def refused(done, *parts):
    lines = done.stderr.splitlines()
    assert done.returncode == 2, done.stderr[-2000:]
    assert len(lines) == 1, done.stderr[-2000:]
    return one_line(lines[0], "haltung: ", *parts)


def read_or_refused(path, how=read, *more):
    """Return what is read, or None and the message."""
    try:
        return how(str(path), *more), ""
    except HaltungError as error:
        return None, str(error)


def codes_in(shown):
    """Return what a terminal would obey: all that is not printed, but for line ends."""
    return {char for char in shown if not char.isprintable()} - {"\n"}


# texts

ODD = {
    "one character": "a",
    "one mark": ".",
    "one half of a pair": "\ud83d",
    "one umlaut in two parts": "u\u0308",
    "a mark that joins nothing": "\u0308",
    "no character": "\uffff",
    "the last character": "\U0010ffff" * 3,
    "NULs": f"\0{SEOUL}\0\0" * 3,
    "lone surrogates": f"\ud800{SEOUL}\udfff" * 3,
    "byte order marks": f"\ufeff{SEOUL}\ufeff" * 3,
    "zero width": "\u200b".join(SEOUL * 3),
    "soft hyphens": "\u00ad".join(SEOUL * 3),
    "only soft hyphens": "\u00ad" * 1000,
    "right to left": f"\u202e{SEOUL}\u202c سيول تدرس الأسلحة. \u2067{SEOUL}",
    "Arabic": "قالت الحكومة في سيول إنها لن ترسل أسلحة إلى أوكرانيا. سنعيد النظر في ذلك؟ نعم! " * 3,
    "combining marks without end": "Z" + "\u0301" * 5000 + " Seoul.",
    "decomposed": unicodedata.normalize("NFD", SEOUL * 3),
    "capitals": (SEOUL * 3).upper(),
    "capital sharp s": "GROẞE STRAẞE: SEOUL LIEẞ ES OFFEN. " * 3,
    "ligatures and wide letters": "ﬁnanziert Ｓｅｏｕｌ ²³ ½ ℌ ǅ. " * 9,
    "all line ends": "\r\n".join(SEOUL.split()) + "\r\n\n\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029" + SEOUL,
    "control codes": "".join(map(chr, range(1, 32))) + SEOUL + "\x7f\x80\x9b31m" + SEOUL,
    "emoji": "👩‍👩‍👧‍👦🇰🇷🇺🇦 Seoul! 👍🏽 " * 20,
    "formulas": "=1+1\n+49 30\n-5 %\n@seoul\n\t=2\n",
    "no blanks": SEOUL.replace(" ", "") * 50,
    "blanks": " \t\u00a0\u2003" * 1000 + SEOUL + " " * 1000,
    "numbers": "1. 2. 3. 24. 10. 2024 1.000.000,00 3,5 Mrd. 155-mm " * 20,
    "quotation marks": "„“”\"«»‚‘’'›‹" * 50,
    "brackets": "((((([[[[[ Seoul )]. " * 50,
    "marks": "?!.…" * 50 + "Seoul" + ".!?" * 50,
    "hyphens": "-" * 2000 + " Seoul " + "–" * 2000,
    "apostrophes in a word": "a'" * 2000,
    "regular expressions": "(a+)+$ [^]]* \\1 (?P<x>) {9999} .*.*.* " * 20,
    "percent signs and braces": "%s %n {0} {} ${x} $(touch x) `touch x` " * 20,
    "markup": "<script>alert('Seoul')</script> <b>Waffen</b> &lt;i&gt; &#x1b;[31m " * 5,
    "one long word": "Waffenlieferungs" * 20_000,
    "many short words": "a b " * 5000,
}


@pytest.mark.parametrize("name", ODD)
def test_odd_texts_are_scored_soundly(name, small_model):
    text = ODD[name]
    verdict = sound(small_model, Article("", text))
    sound(small_model, Article("", text, title=text[:100]))
    sound(small_model, Article("", SEOUL, title=text[:5000]))
    explained = small_model.explained(verdict)
    assert np.isfinite([term.weight for sentence in explained.sentences for term in sentence.terms]).all()


_PIECES = st.sampled_from(
    [*(text[:200] for text in ODD.values()), SEOUL, "\n", "\n\n", ". ", "“ ", " usw. ", "3. Mai "]
)
_TEXTS = st.one_of(
    st.text(max_size=200), st.text(st.characters(codec=None), max_size=200), st.lists(_PIECES, max_size=12).map("".join)
)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(text=_TEXTS, title=st.one_of(st.none(), _TEXTS))
def test_any_text_is_scored_soundly(small_model, text, title):
    sound(small_model, Article("", text, title))


@settings(max_examples=60, deadline=None, derandomize=True)
@given(texts=st.lists(_TEXTS, max_size=5))
def test_together_articles_say_what_each_says_alone(small_model, texts):
    """No text, however odd, spills over into the next."""
    together = list(small_model.classify_many(texts))
    alone = [small_model.classify(text) for text in texts]
    for one, other in zip(together, alone, strict=True):
        assert [(found.start, found.end) for found in one.sentences] == [
            (found.start, found.end) for found in other.sentences
        ]
        assert list(one.probabilities.values()) == pytest.approx(list(other.probabilities.values()), abs=1e-5)


# two ways to write the same

WRITTEN = [
    "Südkorea prüft Waffen für Kiew",
    "Das Büro erwägt Flugabwehr für die Ukraine.",
    "„Wir schließen tödliche Hilfe aus“, sagte der Außenminister.",
    "„Nein. Über Granaten reden wir nicht“, erklärte Seoul.",
    "Er sagte: „Wir prüfen jede Bitte.“ Danach äußerte er sich nicht mehr.",
    "Geliefert würden Helme, Westen usw. Für Kiew ist das wenig.",
    "Es geht um 5 Mio. Über den Rest schwieg er.",
    "Am 3. März fährt er, am 4. Jänner kam er zurück.",
    "Die Prüfung begann 2022.Ökonomen hörten davon.",
    "Man äußert sich … „Später“, hieß es.",
    "Das gilt seit König Karl III. Während der Gespräche änderte sich nichts.",
    "Dr. Müller (Südkoreas Botschafter) prüft z. B. Übungen.",
    "Überläufer hätten das bestätigt.",
    "ÜBERRASCHEND ÄNDERT SEOUL DIE LINIE",
]
_ARTICLES = st.lists(st.sampled_from(WRITTEN), min_size=1, max_size=8)
_STRAIGHT = str.maketrans({**dict.fromkeys("„“”«»", '"'), **dict.fromkeys("‚‘’‹›", "'")})


def says_the_same(model, text, other, tolerance=0.01):
    one, two = sound(model, Article("", text)), sound(model, Article("", other))
    assert len(one.sentences) == len(two.sentences), [sentence.text for sentence in two.sentences]
    assert [sentence.stance for sentence in one.sentences] == [sentence.stance for sentence in two.sentences]
    assert one.stance == two.stance
    assert list(one.probabilities.values()) == pytest.approx(list(two.probabilities.values()), abs=tolerance)
    return True


@settings(max_examples=60, deadline=None, derandomize=True)
@given(sentences=_ARTICLES, glue=st.sampled_from([" ", "\n", "\n\n"]))
@example(sentences=WRITTEN, glue=" ")
def test_composed_and_decomposed_umlauts_say_the_same(small_model, sentences, glue):
    text = glue.join(sentences)
    assert says_the_same(small_model, text, unicodedata.normalize("NFD", text))


@pytest.mark.parametrize("first", ["„“", "»«", "“”", "«»"])
@settings(max_examples=30, deadline=None, derandomize=True)
@given(sentences=_ARTICLES, glue=st.sampled_from([" ", "\n"]))
@example(sentences=WRITTEN, glue=" ")
def test_curly_and_straight_quotes_say_the_same(small_model, first, sentences, glue):
    text = glue.join(sentences).translate(str.maketrans(dict(zip("„“", first, strict=True))))
    assert says_the_same(small_model, text, text.translate(_STRAIGHT))


@pytest.mark.parametrize(
    "text",
    [
        "Er sagte: ‚Nein, nie.‘ Danach ging er. Seoul prüft das.",
        "‚Wir prüfen. Wir warten.‘ Mehr sagte er nicht.",
        "„Er sagte: ‚Wir liefern nicht.‘ Dann ging er“, hieß es in Seoul. Kiew dankte.",
        "Seoul liefert ›nichts.‹ Das ist die Linie.",
        "Kiew’s Bitte bleibt offen. Hans’ Büro prüft.",
    ],
)
def test_single_quotes_say_the_same_curly_or_straight(text, small_model):
    assert says_the_same(small_model, text, text.translate(_STRAIGHT))


@pytest.mark.parametrize("mark", ["\u00ad", "\u200b", "\u2060", "\ufeff"])
def test_invisible_marks_in_words_change_nothing(mark, small_model):
    text = "\n".join(WRITTEN)
    marked = re.sub(r"[^\W\d]{8,}", lambda word: word[0][:4] + mark + word[0][4:], text)
    assert marked.count(mark) > 10
    assert says_the_same(small_model, text, marked)


def test_capitals_and_sharp_s_say_the_same(small_model):
    found = small_model.predict_proba(WRITTEN)
    for change in (str.upper, str.lower, lambda text: text.replace("ß", "ss"), lambda text: text.replace("ß", "ẞ")):
        assert small_model.predict_proba([change(text) for text in WRITTEN]) == pytest.approx(found, abs=1e-9)


# what would take minutes, were the work to grow with the square of the length

LONG = {
    "lines.txt": "Seoul prüft\n" * 30_000,
    "wrapped lines.txt": "die Lage in Seoul und die Frage nach der Hilfe\n" * 10_000,
    "words without a blank.txt": "gesagt.Danach" * 30_000,
    "full stops.txt": "." * 400_000,
    "dots of a table of contents.txt": f"Seoul {'.' * 400_000} 7",
    "ellipses.txt": "…" * 400_000,
    "question marks.txt": "?!" * 200_000,
    "closing quotes.txt": "Nein." + "“" * 400_000,
    "dates.txt": "1.1.2024 ab\n" * 30_000,
    "quotations.md": ">" * 20_000,
    "brackets.md": "[" * 20_000,
    "stars.md": "**a *b " * 10_000,
    "front matter without an end.md": f"---{chr(10) * 100_000}x",
    "front matter with blanks.md": f"---\ntitle: a{' ' * 100_000}b\n---\nText.\n",
    "nested.html": "<div>" * 20_000 + SEOUL * 3 + "</div>" * 20_000,
    "tags without an end.html": f"<p>{SEOUL * 5}</p>{'<a ' * 30_000}",
}


@pytest.mark.parametrize("name", LONG)
def test_long_and_odd_articles_are_scored_or_refused_in_the_end(name, bounded, small_folder, tmp_path):
    path = tmp_path / f"a{Path(name).suffix}"
    path.write_text(LONG[name], encoding="utf-8")
    done = bounded("classify", path, "-f", "jsonl", "--model", small_folder, seconds=60)
    assert done.returncode in (0, 2), done.stderr[-1000:]
    assert done.stdout or one_line(done.stderr.rstrip("\n"), "haltung: ")


@pytest.mark.parametrize(
    "text",
    [
        "Seoul prüft Waffen für Kiew " * 180_000,
        "ä" * 1_000_000,
        "x" * 1_000_000 + ". Seoul prüft.",
        "\n" * 1_000_000 + "a",
    ],
    ids=["5 MB on one line", "a word of a million letters", "a million letters and a sentence", "a million lines"],
)
def test_large_pages_are_scored_in_bounded_memory(text, bounded, small_folder):
    done = bounded("classify", "-", "-f", "jsonl", "--model", small_folder, input=text, seconds=120)
    assert done.returncode == 0, done.stderr[-1000:]
    found = json.loads(done.stdout)
    assert found["sentences"][-1]["end"] == len(text.rstrip())
    assert sum(found["probabilities"].values()) == pytest.approx(1, abs=1e-5)


# bytes

HIDDEN = "Seoul schickt heimlich Panzer"
PROSE = " ".join(f"Im {n}. Jahr der Gespräche prüfte Südkoreas Außenamt die Größe der Übungen." for n in range(3, 12))


def png():
    def part(kind, data):
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    pixels = zlib.compress(b"".join(b"\0" + os.urandom(30) for _ in range(10)))
    return (
        b"\x89PNG\r\n\x1a\n" + part(b"IHDR", bytes((0, 0, 0, 10, 0, 0, 0, 10, 8, 2, 0, 0, 0))) + part(b"IDAT", pixels)
    )


def pdf():
    stream = zlib.compress(b"BT /F1 12 Tf (Seoul) Tj ET" * 20)
    return (
        b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<</Length 99>>\nstream\n" + stream + b"\0\nendstream\nendobj\n%%EOF\n"
    )


BYTES = {
    "empty": b"",
    "a byte": b"\xe4",
    "NUL": b"\0",
    "PNG": png(),
    "PDF": pdf(),
    "gzip": zlib.compress(PROSE.encode(), wbits=31),
    "all bytes": bytes(range(256)) * 8,
    "all bytes but NUL": bytes(range(1, 256)) * 8,
    "UTF-8 mark alone": b"\xef\xbb\xbf",
    "UTF-16 mark alone": b"\xff\xfe",
    "UTF-16 cut off": PROSE.encode("utf-16")[:-1],
    "UTF-16 with half a pair": "\ud800".encode("utf-16", "surrogatepass") + PROSE.encode("utf-16-le"),
    "UTF-16 without a mark": PROSE.encode("utf-16-le"),
    "UTF-16 without a mark, big": PROSE.encode("utf-16-be"),
    "UTF-32": PROSE.encode("utf-32"),
    "UTF-8 and cp1252": PROSE.encode() + b"\n" + PROSE.encode("cp1252"),
    "cp1252 and UTF-8": PROSE.encode("cp1252") + b"\n" + PROSE.encode(),
    "surrogates in UTF-8": PROSE.encode() + b"\xed\xa0\x80" + PROSE.encode(),
    "overlong UTF-8": b"\xc0\xaf" + PROSE.encode(),
    "read twice": PROSE.encode().decode("cp1252").encode(),
    "old DOS": PROSE.encode("cp850"),
    "old Mac": PROSE.encode("mac_roman"),
    "Korean": "서울은 우크라이나에 무기를 보내지 않는다. ".encode("euc-kr") * 20,
    "control codes": b"\x1b[2J\x1b]0;x\x07" + PROSE.encode(),
    "a declared escape": b'<meta charset="unicode_escape"><article><p>\\ud800 \\x1b[31m \xe4 ' + PROSE.encode("cp1252"),
    "a declared seven bits": b'<meta charset="utf-7"><article><p>+2AA- \xe4 ' + PROSE.encode("cp1252"),
    "a declared domain": b'<meta charset="idna"><article><p>xn--a.. \xe4 ' + PROSE.encode("cp1252"),
    "a declared code": b'<meta charset="punycode"><article><p>\xe4 ' + PROSE.encode("cp1252") * 100,
    "a declared zip": b'<meta charset="zlib"><article><p>\xe4 ' + PROSE.encode("cp1252"),
    "no body": f"<html><head><title>Seoul</title></head>{PROSE}".encode(),
    "only a head": b"<html><head><title>Seoul</title>",
    "tags alone": b"<p><p><p></div></div><td>",
    "unclosed": f"<html><body><article><p>{PROSE}<p>{PROSE}<b><i>".encode(),
    "nested divs": b"<div>" * 10_000 + PROSE.encode() + b"</div>" * 10_000,
    "nested tables": b"<table><tr><td>" * 10_000 + PROSE.encode(),
    "nested marks": b"<b><i>" * 10_000 + PROSE.encode(),
    "attributes": b"<p " + b'a="b" ' * 10_000 + b">" + PROSE.encode(),
    "entities": b'<!DOCTYPE x [<!ENTITY a "Seoul"><!ENTITY b "&a;&a;&a;&a;">]><p>&b;&b; ' + PROSE.encode(),
    "billion laughs": b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a0 "Seoul Seoul">'
    + b"".join(b'<!ENTITY a%d "%s">' % (n, b"&a%d;" % (n - 1) * 10) for n in range(1, 12))
    + b"]><html><body><p>&a11;</p></body></html>",
    "a file from elsewhere": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><p>&a; ' + PROSE.encode(),
    "nested lists": b"- " * 3000 + b"a",
    "nested quotations": b"> " * 3000 + PROSE.encode(),
    "front matter": f"---\ntitle: \x1b[31m\ndate: 99.99.9999\n---\n{PROSE}".encode(),
    "links": b"[a](" * 3000 + PROSE.encode(),
}


@pytest.mark.parametrize("suffix", [".txt", ".md", ".html"])
@pytest.mark.parametrize("name", BYTES)
def test_any_bytes_are_read_or_refused_in_a_line(name, suffix, small_model, tmp_path):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(BYTES[name])
    article, message = read_or_refused(path)
    if article is None:
        assert one_line(message, f"{path}: ")
        return
    assert "root:" not in article.text
    sound(small_model, article)
    json.dumps(small_model.classify_article(article).to_dict(), ensure_ascii=False).encode()


@pytest.mark.parametrize("name", ["NUL", "PNG", "PDF", "gzip", "all bytes", "UTF-16 without a mark"])
def test_what_is_no_text_is_said_to_be_none(name, tmp_path):
    (tmp_path / "a.txt").write_bytes(BYTES[name])
    with pytest.raises(HaltungError, match="binary"):
        read(str(tmp_path / "a.txt"))


@pytest.mark.parametrize("encoding", ["utf-16", "utf-32", "utf-8", "utf-8-sig", "cp1252"])
def test_pages_in_any_encoding_are_the_same_text(encoding, tmp_path):
    (tmp_path / "a.txt").write_bytes(PROSE.encode(encoding))
    assert read(str(tmp_path / "a.txt")).text == PROSE


@settings(max_examples=80, deadline=None, derandomize=True)
@given(
    data=st.one_of(
        st.binary(max_size=300),
        st.lists(st.sampled_from([data[:300] for data in BYTES.values()]), max_size=6).map(b"".join),
    ),
    suffix=st.sampled_from([".txt", ".md", ".html"]),
)
def test_mixed_bytes_are_read_or_refused_in_a_line(small_model, tmp_path_factory, data, suffix):
    path = tmp_path_factory.getbasetemp() / f"mixed{suffix}"
    path.write_bytes(data)
    article, message = read_or_refused(path)
    if article is None:
        assert one_line(message, f"{path}: ")
        return
    sound(small_model, article)


@pytest.mark.parametrize(
    "hidden",
    [
        f"<script>{HIDDEN}</script>",
        f"<style>p::after {{ content: '{HIDDEN}' }}</style>",
        f"<template><p>{HIDDEN}. {PROSE}</p></template>",
        f"<noscript><p>{HIDDEN}</p></noscript>",
        f"<!-- <p>{HIDDEN}</p> -->",
        f'<p style="display:none">{HIDDEN}</p>',
        f'<p style="display: none !important">{HIDDEN}</p>',
        f"<p hidden>{HIDDEN}</p>",
        f'<div aria-hidden="true"><p>{HIDDEN}</p></div>',
        f'<p style="visibility:hidden">{HIDDEN}</p>',
        f'<form><input type="hidden" value="{HIDDEN}"><textarea>{HIDDEN}</textarea></form>',
        f'<img alt="{HIDDEN}"><iframe srcdoc="<p>{HIDDEN}</p>">{HIDDEN}</iframe><object data="{HIDDEN}"></object>',
    ],
    ids=lambda text: text[:32],
)
def test_what_a_page_hides_is_not_read(hidden, tmp_path):
    page = (
        f"<html><body><article><h1>Gespräche in Seoul</h1><p>{PROSE}</p>{hidden}<p>{PROSE}</p></article></body></html>"
    )
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    text = read(str(tmp_path / "a.html")).text
    assert PROSE in text
    assert HIDDEN not in text


# annotation files

_ROWS = ["text,label\n", "article,date,kind,position,label,text\n", "sep=;\r\n", "text;label\n", "text\tlabel\n"]
_ROWS += [
    "Seoul prüft.,considers\n",
    "a,,news,0,considers,Seoul prüft.\n",
    '"Seoul\nprüft";considers\n',
    '"',
    ",",
    "\n",
]
_ROWS += [
    "a,2024-13-45,news,1,considers,x\n",
    "=1+1,considers\n",
    "\ufeff",
    "\0",
    "Ã¼",
    "\ufffd",
    "\r",
    "\u2028",
    "\x1b[31m",
]
_ROWS += [
    "label_1,annotator_1,label,text\n",
    "considers,\x1b[31m,rules_out,Seoul\n",
    "a,,news,٣,considers,x\n",
    "'",
    "\ud800",
]


@settings(max_examples=150, deadline=None, derandomize=True)
@given(rows=st.lists(st.sampled_from(_ROWS), max_size=8), end=st.binary(max_size=20))
def test_any_annotation_file_is_read_or_refused_in_a_line(book, tmp_path_factory, rows, end):
    path = tmp_path_factory.getbasetemp() / "annotated.csv"
    path.write_bytes("".join(rows).encode("utf-8", "surrogatepass") + end)
    sentences, message = read_or_refused(path, read_sentences, book)
    if sentences is None:
        assert one_line(message, f"{path}: ")
        return
    assert all(sentence.text.strip() and sentence.label in book.ids for sentence in sentences)


@pytest.mark.parametrize("name", BYTES)
def test_bytes_that_are_no_annotations_are_refused_in_a_line(name, book, tmp_path):
    (tmp_path / "a.csv").write_bytes(BYTES[name])
    with pytest.raises(HaltungError) as caught:
        read_sentences(tmp_path / "a.csv", book)
    assert one_line(str(caught.value), "a.csv: ")


def test_a_damaged_annotation_file_is_read_or_refused_in_a_line(book, data, tmp_path):
    whole = (data / "small" / "sentences.csv").read_bytes()
    draw = np.random.default_rng(5)
    path = tmp_path / "a.csv"
    refusals = 0
    for _ in range(200):
        changed = bytearray(whole[: draw.integers(1, len(whole))])
        for place in draw.integers(0, len(changed), 3):
            changed[place] = draw.integers(0, 256)
        path.write_bytes(changed)
        sentences, message = read_or_refused(path, read_sentences, book)
        assert sentences or one_line(message, "a.csv: ")
        refusals += not sentences
    assert refusals > 50


# files that are none


@pytest.mark.parametrize("odd", NO_FILES)
def test_an_article_that_is_no_file_is_one_line(odd, bounded, small_folder, tmp_path):
    odd(tmp_path / "a.txt")
    assert refused(bounded("classify", tmp_path / "a.txt", "--model", small_folder), f"{tmp_path / 'a.txt'}: ")


@pytest.mark.parametrize("odd", NO_FILES)
def test_what_is_no_file_does_not_stop_the_folder(odd, bounded, small_folder, tmp_path):
    (tmp_path / "alle").mkdir()
    odd(tmp_path / "alle" / "b.txt")
    for name in "ac":
        (tmp_path / "alle" / f"{name}.txt").write_text(SEOUL, encoding="utf-8")
    done = bounded("classify", tmp_path / "alle", "-f", "jsonl", "--model", small_folder)
    assert refused(done, "b.txt: ")
    assert [json.loads(line)["source"][-5:] for line in done.stdout.splitlines()] == ["a.txt", "c.txt"]


@pytest.mark.parametrize("odd", [*NO_FILES, a_folder])
@pytest.mark.parametrize("command", ["evaluate", "check"])
def test_annotations_that_are_no_file_are_one_line(command, odd, bounded, small_folder, data, tmp_path):
    odd(tmp_path / "a.csv")
    given = {"evaluate": ["--model", small_folder], "check": ["--codebook", data / "small" / "codebook.toml"]}
    done = bounded(command, tmp_path / "a.csv", *given[command])
    assert done.returncode == 2, done.stderr[-1000:]
    assert one_line(done.stderr.rstrip("\n"), f"{tmp_path / 'a.csv'}: ")


def test_a_loop_of_folders_ends(bounded, small_folder, tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "oben").symlink_to(tmp_path / "a")
    (tmp_path / "a" / "b" / "hier").symlink_to(".")
    (tmp_path / "a" / "b" / "x.txt").write_text(SEOUL, encoding="utf-8")
    done = bounded("classify", tmp_path / "a", "-f", "jsonl", "--model", small_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert len(done.stdout.splitlines()) == 1


def test_a_file_that_vanished_is_one_line(tmp_path):
    (tmp_path / "a.txt").write_text(SEOUL, encoding="utf-8")
    (found,) = sources([str(tmp_path)])
    (tmp_path / "a.txt").unlink()
    with pytest.raises(HaltungError, match=os.strerror(errno.ENOENT)):
        read(found)


@pytest.mark.parametrize("form", FORMS)
def test_a_file_name_that_is_no_text_is_shown_somehow(form, bounded, small_folder, tmp_path):
    path = tmp_path / os.fsdecode(b"gr\xf6sse.txt")
    path.write_text(SEOUL, encoding="utf-8")
    done = bounded("classify", path, "-f", form, "--model", small_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "gr" in done.stdout
    done.stdout.encode()  # is text, all of it


def piped(command, *given):
    words = " ".join(shlex.quote(str(part)) for part in [sys.executable, "-m", "haltung", *given])
    shell = ["bash", "-c", command.format(words)]
    settings = {name: value for name, value in os.environ.items() if name != "HALTUNG_MODEL"}
    return subprocess.run(shell, capture_output=True, text=True, check=False, timeout=120, env=settings)


@pytest.mark.parametrize("form", FORMS)
def test_a_reader_that_leaves_is_no_error(form, small_folder, tmp_path):
    (tmp_path / "a.txt").write_text(SEOUL * 500, encoding="utf-8")
    for name in range(20):
        (tmp_path / f"b{name}.txt").symlink_to("a.txt")
    done = piped("{} | head -c 1; echo ${{PIPESTATUS[0]}}", "classify", tmp_path, "-f", form, "--model", small_folder)
    assert done.stderr == ""
    assert done.stdout[1:].strip() in ("0", "141")


def test_a_full_disk_is_one_line(small_folder, tmp_path):
    (tmp_path / "a.txt").write_text(SEOUL, encoding="utf-8")
    done = piped("{} > /dev/full", "classify", tmp_path / "a.txt", "--model", small_folder)
    assert done.returncode != 0
    assert one_line(done.stderr.rstrip("\n"), "haltung: ", os.strerror(errno.ENOSPC))


def test_closed_input_is_one_line(small_folder):
    done = piped("{} <&-", "classify", "-", "--model", small_folder)
    assert refused(done, "-: ")


# other languages

FOREIGN = {
    "en": "The government in Seoul said on Monday that it would not send weapons to Ukraine, but would review this.",
    "fr": "Le gouvernement de Séoul a déclaré lundi qu'il n'enverrait pas d'armes à l'Ukraine pour le moment.",
    "nl": "De regering in Seoul zei maandag dat zij geen wapens naar Oekraïne zal sturen, maar dit zal bekijken.",
    "pl": "Rząd w Seulu oświadczył w poniedziałek, że nie wyśle broni na Ukrainę, ale ponownie rozważy sprawę.",
    "sv": "Regeringen i Seoul sade på måndagen att den inte kommer att skicka vapen till Ukraina men ser över saken.",
    "da": "Regeringen i Seoul sagde mandag, at den ikke vil sende våben til Ukraine, men at den vil genoverveje det.",
    "it": "Il governo di Seul ha dichiarato lunedì che non invierà armi all'Ucraina, ma che riesaminerà la cosa.",
    "es": "El gobierno de Seúl dijo el lunes que no enviará armas a Ucrania, pero que revisará su política.",
    "tr": "Seul hükümeti pazartesi günü Ukrayna'ya silah göndermeyeceğini ancak politikasını inceleyeceğini söyledi.",
    "ru": "Правительство в Сеуле заявило в понедельник, что не будет отправлять оружие Украине, но подумает ещё.",
    "uk": "Уряд у Сеулі заявив у понеділок, що не надсилатиме зброю Україні, але перегляне свою політику.",
    "ko": "대한민국 정부는 월요일 우크라이나에 무기를 보내지 않겠다고 밝혔으며 정책을 재검토하겠다고 말했다."
    " 대통령실은 이날 회의를 열었다. 살상 무기는 안 된다고 했다.",
    "ja": "ソウルの政府は月曜日、ウクライナに武器を送らないと述べたが、政策を見直すと表明した。"
    "大統領府はこの日会議を開き、対応を協議した。人道支援は続けるという。",
    "ar": "قالت الحكومة في سيول يوم الاثنين إنها لن ترسل أسلحة إلى أوكرانيا لكنها ستعيد النظر في سياستها.",
}


@pytest.mark.parametrize("code", FOREIGN)
@pytest.mark.parametrize("change", [str, str.upper, lambda text: unicodedata.normalize("NFD", text)])
def test_other_languages_are_told(code, change):
    assert language(change(FOREIGN[code])) == code


def test_german_stays_german_however_it_is_written(articles):
    pages = [read(str(path)).text for path in sorted(articles.iterdir())]
    assert len(pages) >= 8
    for page in pages:
        marked = page.replace("s", "s\u00ad")
        for text in (page, page.upper(), page.replace("ß", "ss"), unicodedata.normalize("NFD", page), marked):
            assert language(text) == "de"


def test_german_with_english_quotations_stays_german(articles, small_model):
    page = read(str(articles / "2024-10-24_seoul-prueft-waffenhilfe.txt")).text
    quoted = f"“{FOREIGN['en']}” " * 2
    for text in (f"{quoted}\n\n{page}", f"{page[:600]}\n\n{quoted}\n\n{page[600:]}", f"{SEOUL * 3}„{FOREIGN['en']}“"):
        assert small_model.classify(text).language == "de"


@pytest.mark.parametrize("text", ["", "Seoul", "No weapons.", "Keine Waffen für Kiew.", "1234 5678 " * 50, "!?" * 200])
def test_of_little_text_no_language_is_told(text, small_model):
    assert small_model.classify(text).language is None


def test_a_page_in_another_language_is_warned_of_and_still_scored(bounded, small_folder, tmp_path):
    for code in ("en", "fr"):
        (tmp_path / f"{code}.txt").write_text(FOREIGN[code], encoding="utf-8")
    (tmp_path / "de.txt").write_text(SEOUL * 3, encoding="utf-8")
    (tmp_path / "kurz.txt").write_text("No weapons.", encoding="utf-8")
    given = [*(tmp_path / f"{name}.txt" for name in ("en", "de", "fr", "kurz")), "--model", small_folder]
    found = {form: bounded("classify", *given, "-f", form) for form in FORMS}
    for done in found.values():
        warnings = done.stderr.splitlines()
        assert done.returncode == 0
        assert [line.split(": ")[1][-6:] for line in warnings] == ["en.txt", "fr.txt"]
        assert all(repr(code) in line for code, line in zip(("en", "fr"), warnings, strict=True))
    expected = ["en", "de", "fr", None]
    assert [entry["language"] for entry in json.loads(found["json"].stdout)] == expected
    assert [json.loads(line)["language"] for line in found["jsonl"].stdout.splitlines()] == expected
    rows = csv.DictReader(io.StringIO(found["csv"].stdout))
    assert [row["language"] or None for row in rows] == expected


# what is shown and written

FORMULAS = ["=1+1", "+SUMME(A1)", "-A1+2", "@SUM(A1)", "\t=1", "＝1+1", " =1+1", '=HYPERLINK("http://x.example";"x")']
NUMBERS = ["-3", "+1.5", "-0.25", "1e-9", "-1e5"]


def is_formula(cell):
    return cell.lstrip(" ").startswith(tuple("=+-@\t\r＝＋－＠"))


@pytest.mark.parametrize("cell", FORMULAS)
def test_a_formula_is_written_as_text(cell):
    assert guarded(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", [*NUMBERS, -3, 0.25, None, "Seoul = Kiew", "a-b", "– Ein Zitat", "", "'=1"])
def test_what_is_no_formula_stays(cell):
    assert guarded(cell) == cell


def formula_page(formula):
    return f"{formula} heute in Seoul\n\nSüdkorea prüft das. „Ja.“\n\n{formula} steht hier.\n"


@pytest.mark.parametrize("formula", FORMULAS)
@pytest.mark.parametrize("command", COMMANDS)
def test_titles_and_sentences_are_no_formulas_in_csv(command, formula, bounded, small_folder, tmp_path):
    path = tmp_path / "a.txt"
    path.write_text(formula_page(formula), encoding="utf-8")
    done = bounded(command, path, "-f", "csv", "--model", small_folder)
    assert done.returncode == 0, done.stderr
    cells = [cell for row in csv.reader(io.StringIO(done.stdout)) for cell in row]
    assert any(cell.startswith("'") and cell.lstrip("' \t")[0] == formula.strip()[0] for cell in cells)
    assert [cell for cell in cells if is_formula(cell)] == []


@pytest.mark.parametrize("by", [[], ["--sentences"]])
def test_archives_scored_to_csv_hold_no_formulas(by, bounded, small_folder, tmp_path):
    rows = [{"id": f, "date": f, "title": f, "text": formula_page(f), "more": f} for f in FORMULAS]
    rows += [{"id": n, "date": n, "title": n, "text": formula_page(n), "more": n} for n in NUMBERS]
    (tmp_path / "a.jsonl").write_text("\n".join(map(json.dumps, rows)), encoding="utf-8")
    given = [tmp_path / "a.jsonl", tmp_path / "b.csv", "--keep", "more", "--jobs", 1, "--model", small_folder]
    done = bounded("score", *given, *by)
    assert done.returncode == 0, done.stderr
    with (tmp_path / "b.csv").open(encoding="utf-8", newline="") as file:
        found = list(csv.DictReader(file))
    assert {row["more"] for row in found} >= {*(f"'{f}" for f in FORMULAS), *NUMBERS}
    assert [cell for row in found for cell in row.values() if is_formula(cell) and cell not in NUMBERS] == []


@pytest.mark.parametrize("command", COMMANDS)
def test_a_german_spreadsheet_that_parts_at_semicolons_finds_no_formula_either(
    command, bounded, small_folder, tmp_path
):
    """German Excel opens a CSV file with `;` between cells, whatever the file has; quotes inside a cell are letters."""
    path = tmp_path / "a.txt"
    path.write_text('Seoul prüft;=HYPERLINK("http://x.example") heute\n\nMan liefert;=1+1 nichts.\n', encoding="utf-8")
    done = bounded(command, path, "-f", "csv", "--model", small_folder)
    assert done.returncode == 0, done.stderr
    assert "HYPERLINK" in done.stdout
    parts = [cell for row in csv.reader(io.StringIO(done.stdout), delimiter=";") for cell in row]
    assert [cell for cell in parts if is_formula(cell)] == []


EVIL = "\x1b]0;gekapert\x07\x1b[31mrot\x1b[2J\x9b1m\x85\x07\x08\x7f\u202e\u2066"


def evil_pages(folder, number):
    """Write articles whose names, titles and sentences hold control codes."""
    paths = [folder / f"{n}{EVIL}.txt" for n in range(number)]
    for path in paths:
        path.write_text(
            f"Seoul prüft Waffen {EVIL} für Kiew\n\nSüdkorea {EVIL} liefert keine {EVIL} Granaten.\n", encoding="utf-8"
        )
    return paths


@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("number", [1, 2])
def test_articles_cannot_act_on_a_terminal(number, command, bounded, small_folder, tmp_path):
    done = bounded(command, *evil_pages(tmp_path, number), "--model", small_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("Waffen") >= number
    assert codes_in(done.stdout) == set(), ascii(done.stdout)


@pytest.mark.parametrize("form", ["json", "jsonl", "csv"])
@pytest.mark.parametrize("command", COMMANDS)
def test_what_programs_read_cannot_act_on_a_terminal_either(command, form, bounded, small_folder, tmp_path):
    done = bounded(command, *evil_pages(tmp_path, 1), "-f", form, "--model", small_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Waffen" in done.stdout
    assert codes_in(done.stdout) == set(), ascii(done.stdout)


def test_titles_of_pages_cannot_act_on_a_terminal(bounded, small_folder, tmp_path):
    page = f"<html><head><title>Seoul prüft &#27;[31m&#155;1m&#x202e; Waffen</title></head><body><article><p>{PROSE}"
    (tmp_path / "a.html").write_text(page, encoding="utf-8")
    done = bounded("classify", tmp_path / "a.html", "--model", small_folder)
    assert done.returncode == 0, done.stderr
    assert "Waffen" in done.stdout
    assert codes_in(done.stdout) == set(), ascii(done.stdout)


def test_annotations_cannot_act_on_a_terminal(bounded, small_folder, data, tmp_path):
    path = tmp_path / f"a{EVIL}.csv"
    header = ["article", "date", "kind", "position", "label", "text"]
    header += ["label_1", "annotator_1", "label_2", "annotator_2"]
    stances = ["considers", "rules_out", "defers_to_allies", "no_stance"]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(header)
        for number, (one, two) in enumerate(itertools.product(stances, repeat=2)):
            text = f"Seoul {EVIL} prüft {number // 4}."
            out.writerow([f"a{EVIL}", "", f"k{EVIL}", number, one, text, one, f"A{EVIL}", two, f"B{EVIL}"])
    book = ["--codebook", data / "small" / "codebook.toml"]
    for command in (
        ["evaluate", path, "--model", small_folder],
        ["check", path, *book, "--annotations", data / "small"],
        ["agreement", path, *book],
    ):
        done = bounded(*command)
        assert done.stdout.count("Seoul") >= 4 or done.returncode == 0, done.stderr
        assert "Traceback" not in done.stderr
        assert codes_in(done.stdout + done.stderr) == set(), ascii(done.stdout + done.stderr)
