"""Articles from files, folders and standard input: the text, and title and date where they are given."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from haltung.dates import date_in_name, date_in_text
from haltung.decoding import decode, read_bytes
from haltung.errors import HaltungError

SUFFIXES = (".txt", ".md", ".html", ".htm")
_STDIN = "-"
_CHARSET = re.compile(rb"<meta[^>]{0,200}charset\s*=\s*[\"']?\s*([\w-]+)", re.I)


@dataclass(frozen=True)
class Article:
    """One article: where it is from, its decoded text, its title and its date (`YYYY-MM-DD`) if known.

    The title, where there is one in the source, is the beginning of the text too.
    """

    source: str
    text: str
    title: str | None = None
    date: str | None = None


def sources(paths: list[str]) -> Iterator[str]:
    """Yield the files that `paths` stand for: files and "-" as they are, folders walked in order of names."""
    for path in paths:
        if path == _STDIN or not Path(path).is_dir():
            yield path
            continue
        for folder, folders, files in os.walk(path):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            for name in sorted(files):
                if name.lower().endswith(SUFFIXES) and not name.startswith("."):
                    yield os.path.join(folder, name)  # noqa: PTH118 (keeps the user's "./")


def read(source: str) -> Article:
    """Read one article from a file, or from standard input for "-".

    Raises `HaltungError` where it cannot be read, is no text, is of an unknown kind or holds no article.
    """
    data = _bytes(source)
    suffix = Path(source).suffix.lower() if source != _STDIN else _sniffed(data)
    if suffix not in SUFFIXES:
        raise HaltungError(f"{source}: is not {', '.join(SUFFIXES)}; rename or convert it")
    if suffix in (".html", ".htm"):
        article = _from_html(source, data)
    elif suffix == ".md":
        article = _from_markdown(source, decode(data, source))
    else:
        article = from_text(source, decode(data, source))
    if not article.text.strip():
        raise HaltungError(f"{source}: holds no text; give an article")
    return article


def from_text(source: str, text: str) -> Article:
    """Return plain text as an article: its first line may be the title, a line or the name its date."""
    return Article(source, text, _first_line_title(text), date_in_text(text) or date_in_name(source))


def _bytes(source: str) -> bytes:
    if source != _STDIN:
        return read_bytes(source, "check the path")
    if sys.stdin is None:
        raise HaltungError("-: standard input is closed; pipe an article in or name its file")
    return sys.stdin.buffer.read()


def _sniffed(data: bytes) -> str:
    # without byte order marks and the zeros of UTF-16
    start = data[:1024].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n").lower()
    return ".html" if start.startswith((b"<!doctype html", b"<html", b"<head", b"<?xml")) else ".txt"


def _first_line_title(text: str) -> str | None:
    """Return the first line that can be a title: three words or more, no full stop, and text after it."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    for line in lines[:3]:
        if len(line.split()) < 3 or date_in_text(line):
            continue
        titled = len(line) <= 200 and not line.endswith((".", ";", ",")) and len(lines) > 1
        return line if titled else None
    return None


def _from_html(source: str, data: bytes) -> Article:
    import logging

    import trafilatura

    logging.getLogger("trafilatura").setLevel(logging.CRITICAL)
    declared = _CHARSET.search(data[:4096])
    page = decode(data, source, declared[1].decode("ascii") if declared else None)
    tree = trafilatura.load_html(page)
    for hidden in tree.xpath("//template | //*[@hidden]") if tree is not None else ():
        hidden.drop_tree()
    body = tree is not None and trafilatura.extract(
        tree, include_comments=False, include_tables=True, favor_recall=True
    )
    if not body:
        raise HaltungError(f"{source}: no article is found in this page; save its text as .txt")
    about = trafilatura.extract_metadata(trafilatura.load_html(page))
    title = " ".join(about.title.split()) if about and about.title else None
    text = body if not title or body.lstrip().startswith(title) else f"{title}\n\n{body}"
    date = (about.date if about else None) or date_in_text(body) or date_in_name(source)
    return Article(source, text, title, date)


def _from_markdown(source: str, page: str) -> Article:
    from markdown_it import MarkdownIt

    given, body = _front_matter(page)
    tokens = MarkdownIt("commonmark").parse(body)
    blocks, title = [], given.get("title")
    for place, token in enumerate(tokens):
        if token.type != "inline":
            continue
        # links and emphasis give their text, line breaks a blank
        block = "".join(
            " " if part.type in ("softbreak", "hardbreak") else "" if part.type == "image" else part.content
            for part in token.children or []
            if part.type != "html_inline"
        )
        blocks.append(block)
        if title is None and tokens[place - 1].type == "heading_open":
            title = block
    text = "\n\n".join(blocks)
    if given.get("title") and not text.startswith(given["title"]):
        text = f"{given['title']}\n\n{text}"
    date = date_in_text(given.get("date", "")) or date_in_text(text) or date_in_name(source)
    return Article(source, text, title or _first_line_title(text), date)


def _front_matter(page: str) -> tuple[dict[str, str], str]:
    """Return what a page gives between two lines "---" at its very beginning, and the page without it."""
    lines = page.splitlines(keepends=True)
    marks = [place for place, line in enumerate(lines) if line.rstrip() == "---"]
    if len(marks) < 2 or marks[0]:
        return {}, page
    pairs = (line.partition(":") for line in lines[1 : marks[1]])
    return {key: value.strip().strip("\"'") for key, colon, value in pairs if colon}, "".join(lines[marks[1] + 1 :])
