import csv
import datetime
import io
import json
import re
import subprocess
import sys

import numpy as np
import pytest

from haltung import report
from haltung.article import read
from haltung.copies import originals, word_grams
from haltung.dated_articles import DatedArticle, Said
from haltung.errors import HaltungError
from haltung.timeline import timeline
from haltung.timeline_page import timeline_page
from haltung.timeline_report import timeline_csv, timeline_json, timeline_text

UNDATED = "hinter-den-kulissen.txt"
PAINTED = re.compile(r"\x1b\[[0-9;]*m")
HOSTILE = '</script><img src=x onerror="alert(1)">\x1b[2J"&\u202e'


def dated(book, date, *shares, source="a.txt", group=".", text="Seoul prüft Waffen."):
    """An article that surely has its stances with `shares`, in the codebook's order."""
    probabilities = np.array([*shares, *[0.0] * (len(book.ids) - len(shares))])
    said = tuple(Said(text, float(share)) for share in probabilities)
    day = datetime.date.fromisoformat(date) if date else None
    return DatedArticle(source, group, "Titel", day, probabilities, said, word_grams(text))


def many(book, count, *shares, date="2024-03-04"):
    return [dated(book, date, *shares, source=f"{i}.txt", text=f"Text {i}.") for i in range(count)]


def width(share):
    return share.high - share.low


@pytest.fixture(scope="module")
def found(series_articles, shipped_model):
    return timeline(series_articles, shipped_model.codebook, "month")


@pytest.fixture
def columns(monkeypatch):
    return lambda count: monkeypatch.setenv("COLUMNS", str(count))


def text_of(found, color=False):
    return timeline_text(found, report.Painter(found.codebook, color))


# shares and how sure they are


def test_shares_are_those_of_the_articles_with_a_stance(book):
    articles = [*many(book, 3, 1.0), *many(book, 1, 0.0, 1.0), *many(book, 6, 0.0, 0.0, 0.0, 1.0)]
    (period,) = timeline(articles, book).curves[0].periods
    assert (period.articles, period.with_stance) == (10, 4)
    assert [share.share for share in period.shares.values()] == [0.75, 0.25, 0]
    assert book.none not in period.shares


def test_fewer_articles_are_less_sure(book):
    widths = [
        width(timeline(many(book, count, 0.9, 0.1), book).curves[0].periods[0].shares[book.ids[0]])
        for count in (2, 8, 32, 128)
    ]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 2 * widths[2]


def test_unsure_labels_make_shares_less_sure(book):
    articles = [*many(book, 20, 1.0), *many(book, 20, 0.0, 1.0)]
    sure = timeline(articles, book).curves[0].periods[0].shares[book.ids[0]]
    unsure = timeline(many(book, 40, 0.5, 0.5), book).curves[0].periods[0].shares[book.ids[0]]
    assert sure.share == unsure.share == 0.5
    assert width(unsure) > 1.2 * width(sure)


def test_articles_without_a_stance_say_nothing_about_it(book):
    silent = many(book, 50, 0.0, 0.0, 0.0, 1.0)
    two, among = (
        timeline(articles, book).curves[0].periods[0]
        for articles in (many(book, 2, 1.0), [*silent, *many(book, 2, 1.0)])
    )
    assert width(among.shares[book.ids[0]]) == pytest.approx(width(two.shares[book.ids[0]]), abs=0.03)
    alone = timeline(silent, book).curves[0].periods[0]
    assert (alone.stance, alone.sentence) == (None, None)


def test_every_share_lies_in_its_interval(series_articles, shipped_model):
    for by in ("day", "week", "month"):
        for period in timeline(series_articles, shipped_model.codebook, by).curves[0].periods:
            assert sum(share.share for share in period.shares.values()) == pytest.approx(1, abs=0.001)
            assert all(0 <= share.low <= share.share <= share.high <= 1 for share in period.shares.values())


def test_periods_are_iso_weeks_months_and_days(book):
    articles = [dated(book, date, 1.0) for date in ("2024-12-29", "2024-12-30", "2025-01-05", "2025-01-06")]
    names = {
        by: [period.name for period in timeline(articles, book, by).curves[0].periods]
        for by in ("week", "month", "day")
    }
    assert names["week"] == ["2024-W52", "2025-W01", "2025-W02"]
    assert names["month"] == ["2024-12", "2025-01"]
    assert names["day"] == ["2024-12-29", "2024-12-30", "2025-01-05", "2025-01-06"]


def test_the_strongest_sentence_is_of_the_leading_stance(found):
    june = next(period for period in found.curves[0].periods if period.name == "2024-06")
    assert (june.stance, june.sentence.label) == ("considers", "considers")
    assert june.sentence.date == datetime.date(2024, 6, 20)


def test_a_codebook_without_none_is_tracked_too(weather_model, weather_book):
    shares = weather_model.predict_proba(["Es regnet in Kiel.", "Der Trainer pfiff das Spiel ab."])
    articles = [dated(weather_book, "2024-03-04", *row) for row in shares]
    text = text_of(timeline(articles, weather_book, each_copy=True))
    assert "2/2" in text
    assert "Wetter" in text


# copies, undated, groups


def test_copies_count_once_and_are_shown(found, series_articles, shipped_model):
    assert [copy.rsplit("/", 1)[1] for copy, _ in found.copies] == [
        "2024-10-18_soldaten-in-russland.txt",
        "2024-10-19_seoul-erwaegt-waffen.txt",
    ]
    assert {original.rsplit("/", 1)[1] for _, original in found.copies} == {"2024-10-18_truppen-fuer-russland.txt"}
    days = timeline(series_articles, shipped_model.codebook, "day")  # a day's strongest sentence is the copied text's
    assert "(3 copies)" in text_of(days)
    each = timeline(series_articles, shipped_model.codebook, "month", each_copy=True)
    assert (each.articles, each.copies) == (found.articles + 2, ())
    assert "copies" not in text_of(each)


def test_an_edited_copy_is_found_and_another_report_of_the_same_is_not():
    wire = (
        "Südkorea prüft nach den Worten des Präsidenten, ob es der Ukraine Waffen gibt. Das sagte er am Freitag in "
        "Seoul nach einer Sitzung des Sicherheitsrats, die länger dauerte als geplant. Moskau warnte."
    )
    cut = "Neue Töne aus Seoul\n\n" + wire.replace("Moskau warnte.", "Mehr in Kürze.").upper()
    other = (
        "Südkoreas Präsident lässt prüfen, ob die Ukraine Waffen bekommt. Am Freitag tagte in Seoul der "
        "Sicherheitsrat, länger als geplant. Russland warnte davor, Kiew zu bewaffnen, und drohte mit Folgen."
    )
    digest = (
        f"{wire} {other} Außerdem: In Busan streiken die Hafenarbeiter, in Daegu brennt ein Markt, und das Wetter "
        "bleibt bis zum Wochenende trüb und kühl mit Schauern im Süden."
    )
    grams = [word_grams(text) for text in (wire, cut, other, digest)]
    day = datetime.date(2024, 10, 18)
    assert originals([day] * 4, grams) == [0, 0, 2, 3]
    assert originals([day, day + datetime.timedelta(days=8)], grams[:2]) == [0, 1]
    assert originals([day + datetime.timedelta(days=1), day], grams[:2]) == [1, 1]


def test_a_pages_footer_makes_no_copies():
    footer = " ".join(f"Impressum{i}" for i in range(40))
    words = np.random.default_rng(1).integers(0, 10**6, (30, 60))
    grams = [word_grams(f"{' '.join(map(str, row))} {footer}") for row in words]
    days = [datetime.date(2024, 10, 18)] * 30
    assert originals(days, grams) == list(range(30))


def test_short_texts_are_no_copies():
    day = datetime.date(2024, 10, 18)
    assert originals([day, day], [word_grams("Es gilt das gesprochene Wort.")] * 2) == [0, 1]


def test_articles_without_a_date_are_listed_and_left_out(found):
    assert [source.rsplit("/", 1)[1] for source in found.undated] == [UNDATED]
    assert UNDATED in text_of(found)
    assert UNDATED in timeline_page(found)
    assert sum(period.articles for period in found.curves[0].periods) == found.articles == 71


def test_without_any_date_there_is_no_curve(book):
    with pytest.raises(HaltungError, match="no article has a date"):
        timeline([dated(book, None, 1.0)], book)


def test_each_source_has_a_curve_and_copies_count_in_each(series_articles, shipped_model):
    grouped = timeline(series_articles, shipped_model.codebook, "month", grouped=True)
    assert [curve.group for curve in grouped.curves] == ["agentur", "rundfunk", "zeitung"]
    assert (grouped.articles, grouped.copies) == (73, ())
    agency = grouped.curves[0]
    assert [turn.date.isoformat() for turn in agency.turns] == ["2024-06-20", "2025-01-16"]
    text = text_of(grouped)
    assert text.index("\nagentur") < text.index("\nrundfunk") < text.index("\nzeitung")
    rows = list(csv.DictReader(io.StringIO(timeline_csv(grouped))))
    assert {row["group"] for row in rows} == {"agentur", "rundfunk", "zeitung"}


# what is printed


@pytest.mark.parametrize("count", [80, 120])
@pytest.mark.parametrize("color", [True, False])
def test_no_line_is_wider_than_the_terminal(found, columns, count, color):
    columns(count)
    lines = [PAINTED.sub("", line) for line in text_of(found, color).splitlines()]
    assert max(map(len, lines)) <= count
    rows = [line for line in lines if re.match(r"[▸ ] 20\d\d-\d\d ", line)]
    assert len(rows) == 18
    assert max(map(len, rows)) > count - 5


def test_without_colour_bars_are_letters(found):
    plain, painted = text_of(found), text_of(found, color=True)
    assert "\x1b" not in plain
    assert "█" not in plain
    row = next(line for line in plain.splitlines() if "2024-02" in line)
    assert "rrrrrr" in row
    assert "█" in painted
    assert "rrrrrr" not in painted


def test_turns_are_marked_in_the_timeline(found):
    marked = [line for line in text_of(found).splitlines() if line.startswith("▸ ")]
    assert [line.split()[1] for line in marked] == ["2024-06", "2025-01", "2024-06-20", "2025-01-16"]


def test_periods_without_articles_leave_a_gap(book):
    articles = [dated(book, date, 1.0) for date in ("2024-01-10", "2024-02-10", "2024-05-10", "2024-06-10")]
    lines = text_of(timeline(articles, book, "month")).splitlines()
    shown = [line.split()[0] for line in lines if re.match(r"  (2024|⋮)", line)]
    assert shown == ["2024-01", "2024-02", "⋮", "2024-05", "2024-06"]


def test_text_is_no_formula_in_the_csv(book):
    articles = [dated(book, "2024-03-04", 1.0, source="-x()", group="@x", text="=HYPERLINK(A1)")]
    (row,) = csv.DictReader(io.StringIO(timeline_csv(timeline(articles, book, grouped=True))))
    assert [row["sentence"], row["source"], row["group"]] == ["'=HYPERLINK(A1)", "'-x()", "'@x"]


def test_control_codes_of_articles_never_reach_the_terminal(book):
    articles = [
        dated(book, "2024-03-04", 1.0, source=HOSTILE, group=HOSTILE, text=HOSTILE),
        dated(book, None, source=HOSTILE),
    ]
    text = text_of(timeline(articles, book, grouped=True))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", text)


def test_csv_json_and_page_hold_the_same_numbers(found):
    data = json.loads(timeline_json(found))
    rows = list(csv.DictReader(io.StringIO(timeline_csv(found))))
    (curve,) = data["curves"]
    embedded = re.search(r'<script type="application/json" id="data">(.*?)</script>', timeline_page(found), re.S)[1]
    (shown,) = json.loads(embedded)["curves"]
    for row, period, told in zip(rows, curve["periods"], shown, strict=True):
        assert (row["period"], row["start"], row["stance"]) == (period["period"], period["start"], period["stance"])
        assert (int(row["articles"]), float(row["with_stance"])) == (period["articles"], period["with_stance"])
        for label, share in period["shares"].items():
            assert [float(row[label]), float(row[f"{label}_low"]), float(row[f"{label}_high"])] == list(share.values())
        assert [share["text"] for share in told["shares"]] == [
            f"{share['share']:.0%} ({100 * share['low']:.0f}–{100 * share['high']:.0f})"
            for share in period["shares"].values()
        ]
        assert row["sentence"] == told["sentence"]["text"] == period["sentence"]["text"]
    turns = [row["turn"] for row in rows if row["turn"]]
    assert turns == [f"{turn['date']}: {turn['from']} > {turn['to']}" for turn in curve["turns"]]
    assert "Rubin" in data["method"]
    assert data["copies"][0]["original"].endswith("truppen-fuer-russland.txt")


# the command


def test_a_folder_is_tracked(haltung, series):
    page, picture = haltung.here / "seite.html", haltung.here / "bild.png"
    done = haltung("track", series, "--out", page, "--plot", picture, env={"COLUMNS": "80"})
    assert done.returncode == 0, done.stderr
    assert "71 articles by week" in done.stdout
    assert "2 turns" in done.stdout
    assert "\x1b" not in done.stdout
    assert "<html" in page.read_text(encoding="utf-8")
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert sorted(path.name for path in haltung.here.iterdir()) == ["bild.png", "seite.html"]
    assert f"Wrote {page}." in done.stderr


def test_the_picture_is_drawn_with_its_text(haltung, series):
    done = haltung("track", f"{series}/agentur/*.txt", "--by", "month", "--plot", "bild.svg", "--format", "csv")
    assert done.returncode == 0, done.stderr
    drawn = (haltung.here / "bild.svg").read_text(encoding="utf-8")
    assert all(f">{title}</text>" in drawn for title in ("considers", "defers to allies", "rules out", "2024-06-20"))
    assert len(done.stdout.splitlines()) == 19


@pytest.fixture
def archive(series_articles, tmp_path):
    """The series as an archive with ids, dates, titles, sources."""
    path = tmp_path / "archiv.jsonl"
    with path.open("w", encoding="utf-8") as file:
        for number, one in enumerate(series_articles):
            row = {"id": f"nr{number}", "date": str(one.date or ""), "title": one.title, "source": one.group}
            row["text"] = read(one.source).text
            file.write(json.dumps(row, ensure_ascii=False) + "\n")
    return path


@pytest.mark.parametrize("kind", ["jsonl", "csv", "parquet"])
def test_rows_of_score_give_the_curve_without_the_texts(haltung, archive, kind):
    scored = haltung.here / f"artikel.{kind}"
    assert haltung("score", archive, scored, "--keep", "source", "--jobs", "1").returncode == 0
    done = haltung("track", scored, "--group", "source", "--format", "json")
    assert done.returncode == 0, done.stderr
    data = json.loads(done.stdout)
    assert (data["articles"], len(data["undated"])) == (73, 1)
    assert [curve["group"] for curve in data["curves"]] == ["agentur", "rundfunk", "zeitung"]
    assert [turn["date"] for turn in data["curves"][0]["turns"]] == ["2024-06-20", "2025-01-16"]


def test_rows_of_sentences_add_sentences_and_copies(haltung, archive, found):
    scored, sentences = haltung.here / "artikel.jsonl", haltung.here / "saetze.csv"
    assert haltung("score", archive, scored, "--jobs", "1").returncode == 0
    assert haltung("score", archive, sentences, "--sentences", "--jobs", "1").returncode == 0
    done = haltung("track", scored, sentences, "--by", "month", "--format", "json")
    data = json.loads(done.stdout)
    assert len(data["copies"]) == 2
    (curve,) = data["curves"]
    assert [(period["period"], period["articles"], period["sentence"]["text"]) for period in curve["periods"]] == [
        (period.name, period.articles, period.sentence.text) for period in found.curves[0].periods
    ]
    alone = haltung("track", sentences)
    assert alone.returncode == 2
    assert "name the rows of the articles too" in alone.stderr


def test_what_cannot_be_used_is_one_clear_line(haltung, series, archive):
    here = haltung.here
    (here / "leer").mkdir()
    (here / "alt.html").write_text("<p>Alt</p>", encoding="utf-8")
    one = series / "agentur" / "2024-01-09_keine-zusage-an-kiew.txt"
    for arguments, told in (
        ((archive,), "has no 'stance'; score it first"),
        ((one, "--out", "seite.pdf"), "seite.pdf: is not .html"),
        ((one, "--plot", "bild.jpg"), "bild.jpg: is not .svg, .png"),
        ((one, "--out", here / "fehlt" / "seite.html"), "its folder is not there"),
        ((series / "zeitung" / UNDATED,), "no article has a date"),
        ((here / "nichts.txt",), "nichts.txt: cannot be read"),
        ((here / "leer",), "leer: holds no .txt, .md or .html file"),
        ((here / "alt.html", one, "--out", "alt.html"), "alt.html: is one of the articles"),
        ((one, "--plot", "/proc/bild.svg"), "/proc/bild.svg: cannot be written"),
    ):
        done = haltung("track", *arguments)
        assert done.returncode == 2
        assert [line for line in done.stderr.splitlines() if told in line], done.stderr
        assert len(done.stderr.splitlines()) == 1
        assert done.stdout == ""
    assert sorted(path.name for path in here.iterdir()) == ["alt.html", "leer"]
    assert (here / "alt.html").read_text(encoding="utf-8") == "<p>Alt</p>"


def test_the_rest_is_done_where_something_cannot_be_read(haltung, series, tmp_path):
    one = series / "agentur" / "2024-01-09_keine-zusage-an-kiew.txt"
    rows = tmp_path / "artikel.csv"
    rows.write_text(
        "id,date,title,stance,considers,defers_to_allies,rules_out,no_stance,sentences\n"
        "a,2024-01-10,Eins,considers,0.9,0.05,0.05,0,3\n"
        "b,2024-01-10,Zwei,considers,viel,0.05,0.05,0,3\n"
        "c,2024-01-10,Drei,considers,nan,0.05,0.05,0,3\n",
        encoding="utf-8",
    )
    done = haltung("track", one, tmp_path / "fehlt*.txt", rows, "--format", "csv")
    assert done.returncode == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(part in line for part, line in zip(("fehlt*.txt", "line 3", "line 4"), lines, strict=True))
    (row,) = csv.DictReader(io.StringIO(done.stdout))
    assert row["articles"] == "2"


def test_an_article_in_another_language_is_told(haltung, series, tmp_path):
    foreign = tmp_path / "2024-01-12.txt"
    foreign.write_text(
        "The government said on Friday that it would not send any weapons to Ukraine. " * 3, encoding="utf-8"
    )
    one = series / "agentur" / "2024-01-09_keine-zusage-an-kiew.txt"
    done = haltung("track", one, foreign)
    assert done.returncode == 0
    (line,) = done.stderr.splitlines()
    assert "2024-01-12.txt: is in 'en'" in line


def test_classify_loads_nothing_of_the_tracker(haltung, series):
    one = series / "agentur" / "2024-01-09_keine-zusage-an-kiew.txt"
    code = (
        "import sys; sys.argv = ['haltung', 'classify', sys.argv[1]]\n"
        "from haltung.cli import app\n"
        "app(standalone_mode=False)\n"
        "print([name for name in sys.modules if 'timeline' in name or 'matplotlib' in name or 'change_points' in name])"
    )
    done = subprocess.run([sys.executable, "-c", code, str(one)], cwd=haltung.here, capture_output=True, check=True)
    assert done.stdout.decode().splitlines()[-1] == "[]"
