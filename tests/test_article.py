import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from haltung.article import read, sources
from haltung.errors import HaltungError

ARTICLES = Path(__file__).parent / "data" / "articles"


@pytest.mark.parametrize(
    ("name", "title", "date"),
    [
        ("2024-10-24_seoul-prueft-waffenhilfe.txt", "Südkorea prüft nach Kims", "2024-10-24"),
        ("2022-04-11_helme-statt-granaten.txt", "Helme statt Granaten", "2022-04-11"),
        ("2023-05-25_granaten-ueber-amerika.md", "Granaten über Amerika", "2023-05-25"),
        ("ticker.txt", "Ukraine-Krieg im Liveticker", "2024-06-20"),
        ("interview.html", "„Unter Lee gehen keine Waffen", "2025-09-10"),
        ("meinung.html", "Seoul zahlt, Washington liefert", "2026-02-19"),
    ],
)
def test_title_and_date_of_the_samples(name, title, date):
    article = read(str(ARTICLES / name))
    assert article.title.startswith(title)
    assert article.text.lstrip().startswith(title)
    assert article.date == date


def test_no_title_and_no_date_are_none():
    article = read(str(ARTICLES / "uebersetzung.txt"))
    assert (article.title, article.date) == (None, None)


def test_only_the_article_of_a_page_is_read():
    page = (ARTICLES / "interview.html").read_text(encoding="utf-8")
    text = read(str(ARTICLES / "interview.html")).text
    assert "Drei Monate nach dem Machtwechsel" in text
    assert "2025-09-11" in page
    for debris in ("2025-09-11", "<", "Cookie", "function"):
        assert debris not in text


def test_markdown_gives_its_text_without_marks(tmp_path):
    path = tmp_path / "a.md"
    path.write_text(
        "---\ntitle: 'Seoul zögert'\ndate: 2024-10-24\n---\n\n## Der *Rahmen*\n\n- Erstens [Helme](http://x.example)\n"
        "- Zweitens\n  **Westen**\n\n> Kein Wort.\n",
        encoding="utf-8",
    )
    article = read(str(path))
    assert (article.title, article.date) == ("Seoul zögert", "2024-10-24")
    assert article.text == "Seoul zögert\n\nDer Rahmen\n\nErstens Helme\n\nZweitens Westen\n\nKein Wort."


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8", "utf-16"])
def test_pages_in_other_encodings(tmp_path, encoding):
    body = " ".join(f"Im {n}. Jahr prüfte Südkoreas Außenamt die Größe der Übungen." for n in range(3, 9))
    page = (
        f'<html><head><meta charset="{encoding}"><title>Größe zählt in Seoul</title></head>'
        f"<body><article><h1>Größe zählt in Seoul</h1><p>{body}</p></article></body></html>"
    )
    path = tmp_path / "a.htm"
    path.write_bytes(page.encode(encoding))
    assert body in read(str(path)).text


@pytest.mark.parametrize("kind", ["text", "html"])
def test_standard_input(monkeypatch, kind):
    name = "2022-04-11_helme-statt-granaten.txt" if kind == "text" else "interview.html"
    data = (ARTICLES / name).read_bytes()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    article = read("-")
    assert article.source == "-"
    assert article.text == read(str(ARTICLES / name)).text


def test_folders_are_walked_in_order(tmp_path):
    for name in ("b/2.txt", "a/1.MD", "a/.hidden.txt", "a/x.pdf", ".git/y.txt", "c.html"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Text", encoding="utf-8")
    found = [os.path.relpath(path, tmp_path) for path in sources([str(tmp_path)])]
    assert found == ["c.html", "a/1.MD", "b/2.txt"]
    assert list(sources(["-", "nix.txt"])) == ["-", "nix.txt"]


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.txt", b"", "no text"),
        ("a.txt", b" \n\t ", "no text"),
        ("a.pdf", b"%PDF-1.7", "convert"),
        ("a.txt", b"\x89PNG\0", "binary"),
        ("a.html", b"<html><body></body></html>", "no article"),
        ("a.html", b"\x00", "binary"),
    ],
)
def test_what_holds_no_article_is_refused(tmp_path, name, data, what):
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(HaltungError, match=what) as error:
        read(str(path))
    assert str(error.value).startswith(str(path))


def test_missing_files_are_refused(tmp_path):
    with pytest.raises(HaltungError, match="cannot be read"):
        read(str(tmp_path / "none.txt"))
