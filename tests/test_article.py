import io
import os
from pathlib import Path
from types import SimpleNamespace

import pytest

from haltung.article import read, sources
from haltung.errors import HaltungError

ARTICLES = Path(__file__).parent / "data" / "articles"
PAGE_BODY = " ".join(f"Im {n}. Jahr der Gespräche hieß es in Seoul „noch nicht“." for n in range(3, 12))


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


@pytest.mark.parametrize(
    "text",
    [
        "Seoul erwägt Haubitzen für Kiew\n\nDer Präsident prüft das.\n",
        "Ukraine-Hilfe\nSeoul erwägt Haubitzen für Kiew\n\nDer Präsident prüft das.\n",
        "24. Oktober 2024, 17:05 Uhr\r\nSeoul erwägt Haubitzen für Kiew\r\n\r\nDer Präsident prüft das.\r\n",
    ],
)
def test_a_title_below_kicker_or_date(tmp_path, text):
    path = tmp_path / "a.txt"
    path.write_bytes(text.encode())
    article = read(str(path))
    assert article.title == "Seoul erwägt Haubitzen für Kiew"
    assert article.text == text


def test_one_line_is_text_not_title(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("Seoul erwägt Haubitzen für Kiew\n", encoding="utf-8")
    assert read(str(path)).title is None


def test_readers_comments_are_not_the_article_and_the_files_name_dates_it(tmp_path):
    path = tmp_path / "2024-10-24_seoul.html"
    path.write_text(
        f"<html><head><title>Gespräche in Seoul</title></head><body><article><h1>Gespräche in Seoul</h1>"
        f"<p>{PAGE_BODY}</p></article><div id='comments' class='comments'><p>Endlich schickt Seoul Panzer,"
        f" das war überfällig! {PAGE_BODY}</p></div></body></html>",
        encoding="utf-8",
    )
    article = read(str(path))
    assert PAGE_BODY in article.text
    assert "Endlich" not in article.text
    assert article.date == "2024-10-24"


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_front_matter_from_windows(tmp_path, mark, line_end):
    lines = ["---", 'title: "Seoul zögert"', "date: 24.10.2024", "---", "", "Erster Satz.", "Zweiter Satz.", ""]
    path = tmp_path / "2019-01-01.md"
    path.write_bytes((mark + line_end.join(lines)).encode())
    article = read(str(path))
    assert (article.title, article.date) == ("Seoul zögert", "2024-10-24")
    assert article.text == "Seoul zögert\n\nErster Satz. Zweiter Satz."


def test_markdown_headings_images_and_entities(tmp_path):
    path = tmp_path / "2024-10-24.md"
    path.write_text(
        "# Neues aus **Seoul**\n\n![Haubitze im Schnee](k9.jpg) [Kim *sagte*](http://k.example) nichts"
        " zu `K9` &amp; Co.\n\n"
        "1. Erstens\n2. Zweitens\n\n[Quelle][1]\n\n[1]: http://q.example\n",
        encoding="utf-8",
    )
    article = read(str(path))
    assert (article.title, article.date) == ("Neues aus Seoul", "2024-10-24")
    for said in ("Kim sagte nichts zu K9 & Co.", "\n\nErstens\n\nZweitens\n\nQuelle"):
        assert said in article.text
    for mark in ("http", "Schnee", "k9.jpg", "*", "[", "`", "#"):
        assert mark not in article.text


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        ('<meta http-equiv="Content-Type" content="text/html; charset=windows-1252">', "cp1252"),
        ('<meta charset="ISO-8859-1">', "cp1252"),
        ('<meta charset="undefined">', "cp1252"),
        ("", "cp1252"),
        ("", "utf-8"),
    ],
)
@pytest.mark.parametrize("start", ["<!DOCTYPE html>", '<?xml version="1.0" encoding="{}"?>\n<!DOCTYPE html>'])
def test_pages_whose_head_is_old_or_wrong(tmp_path, start, head, encoding):
    page = (
        f"{start.format(encoding)}<html><head>{head}<title>Gespräche in Seoul</title></head><body><article>"
        f"<h1>Gespräche in Seoul</h1><p>Stand: 24.10.2024, 17:05 Uhr</p><p>{PAGE_BODY}</p></article></body></html>"
    )
    path = tmp_path / "a.html"
    path.write_bytes(page.encode(encoding))
    article = read(str(path))
    assert PAGE_BODY in article.text
    assert (article.title, article.date) == ("Gespräche in Seoul", "2024-10-24")


def test_a_page_in_utf_16_from_standard_input(monkeypatch):
    data = (ARTICLES / "interview.html").read_text(encoding="utf-8").encode("utf-16")
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    assert read("-").text == read(str(ARTICLES / "interview.html")).text


@pytest.mark.parametrize("kind", ["text", "html"])
def test_standard_input(monkeypatch, kind):
    name = "2022-04-11_helme-statt-granaten.txt" if kind == "text" else "interview.html"
    data = (ARTICLES / name).read_bytes()
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(data)))
    article = read("-")
    assert article.source == "-"
    assert article.text == read(str(ARTICLES / name)).text


def test_folders_are_walked_in_order(tmp_path):
    for name in ("b/2.txt", "a/1.MD", "a/.hidden.txt", "a/x.pdf", ".git/y.txt", "f.md", "d.txt", "c.html", "e.htm"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("Text", encoding="utf-8")
    found = [os.path.relpath(path, tmp_path) for path in sources([str(tmp_path)])]
    assert found == ["c.html", "d.txt", "e.htm", "f.md", "a/1.MD", "b/2.txt"]
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


@pytest.mark.parametrize("name", ["none.txt", "folder.txt", "n" * 300 + ".txt"])
def test_what_cannot_be_opened_is_refused_by_name(tmp_path, name):
    (tmp_path / "folder.txt").mkdir()
    with pytest.raises(HaltungError, match="cannot be read") as error:
        read(str(tmp_path / name))
    assert str(error.value).startswith(str(tmp_path / name))
    assert "\n" not in str(error.value)
