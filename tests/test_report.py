import csv
import io
import json
import re
from dataclasses import replace

import pytest

from haltung import report
from haltung.article import Article
from haltung.harmless import printable, replaced
from haltung.model import StanceModel
from haltung.store import read_model
from haltung.verdict import ScoredSentence, Term, Verdict

TEXT = (
    "Seoul prüft; „Waffen“, sagt Yoon\n\n"
    'Er sagte: "Wir schließen nichts aus", und ging.\n'
    "Rot\x1b[31m ist\x07 die Warnung\x9b1m aus\u202e Moskau\x00.\n\n"
    "Südkorea liefert keine Waffen."
)
PAINTED = re.compile(r"\x1b\[[0-9;]*m")
SENTENCE_KEYS = ["start", "end", "text", "stance", "probabilities", "weight"]


@pytest.fixture(scope="module")
def verdict(small_model):
    return small_model.classify_article(Article("a\x1b[2J.txt", TEXT, TEXT.split("\n")[0], "2024-10-24"))


@pytest.fixture(scope="module")
def bare(small_model):
    return small_model.classify("Südkorea liefert keine Waffen.")


@pytest.fixture(scope="module")
def explained(small_model, verdict):
    return small_model.explained(verdict)


@pytest.fixture
def plain(book):
    return report.Painter(book, color=False)


@pytest.fixture
def painter(book):
    return report.Painter(book, color=True)


def test_json_has_exactly_the_promised_keys(verdict, book):
    data = json.loads(report.as_json([verdict], single=True))
    assert list(data) == ["source", "title", "date", "language", "stance", "probabilities", "sentences"]
    assert list(data["probabilities"]) == list(book.ids)
    assert all(list(sentence) == SENTENCE_KEYS for sentence in data["sentences"])
    assert all(sentence["stance"] in sentence["probabilities"] for sentence in data["sentences"])


def test_inspected_json_adds_terms(explained):
    data = json.loads(report.as_json_line(explained))
    assert all(list(sentence) == [*SENTENCE_KEYS, "terms"] for sentence in data["sentences"])
    assert all(list(term) == ["term", "weight"] for sentence in data["sentences"] for term in sentence["terms"])


def test_json_gives_the_text_as_it_was(verdict):
    data = json.loads(report.as_json([verdict], single=True))
    assert all(TEXT[found["start"] : found["end"]] == found["text"] for found in data["sentences"])
    assert len(data["sentences"]) >= 4
    assert (data["source"], data["title"], data["date"]) == ("a\x1b[2J.txt", TEXT.split("\n")[0], "2024-10-24")


def test_json_gives_every_sentences_weight(verdict):
    data = json.loads(report.as_json([verdict], single=True))
    weights = [sentence["weight"] for sentence in data["sentences"]]
    assert weights == [found.weight for found in verdict.sentences]
    assert len(set(weights)) > 1


def test_umlauts_stay_readable_in_json(bare):
    assert "Südkorea" in report.as_json([bare], single=True)
    assert "Südkorea" in report.as_json_line(bare)


def test_what_is_not_known_is_null(bare):
    data = json.loads(report.as_json([bare], single=True))
    assert (data["source"], data["title"], data["date"]) == (None, None, None)


def test_several_articles_are_an_array_and_a_json_line_is_one_line(verdict, bare):
    found = json.loads(report.as_json([verdict, bare], single=False))
    assert [entry["stance"] for entry in found] == [verdict.stance, bare.stance]
    assert json.loads(report.as_json([], single=False)) == []
    assert len(report.as_json_line(verdict).splitlines()) == 1


def test_articles_csv_parses_back(verdict, bare, book):
    rows = list(csv.DictReader(io.StringIO(report.articles_csv([verdict, bare], book))))
    assert [row["stance"] for row in rows] == [verdict.stance, bare.stance]
    assert rows[0]["title"] == verdict.title
    assert (rows[1]["source"], rows[1]["title"], rows[1]["date"]) == ("", "", "")
    for row, found in zip(rows, (verdict, bare), strict=True):
        assert {label: float(row[label]) for label in book.ids} == found.probabilities


def test_sentences_csv_parses_back(explained, book):
    rows = list(csv.DictReader(io.StringIO(report.sentences_csv([explained], book))))
    assert [row["position"] for row in rows] == [str(place) for place in range(len(explained.sentences))]
    for row, found in zip(rows, explained.sentences, strict=True):
        assert TEXT[int(row["start"]) : int(row["end"])] == found.text
        assert row["text"] == replaced(" ".join(found.text.split()))
        assert row["stance"] == found.stance
        assert len(row["terms"].split(" | ")) >= len(found.terms)


@pytest.mark.parametrize("make", [report.article_text, report.article_line, report.inspection_text])
def test_control_codes_never_reach_the_terminal(make, explained, plain, painter):
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", make(explained, plain))
    coloured = make(explained, painter)
    assert "\x1b[31m" not in coloured
    assert "\x1b" in coloured
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", PAINTED.sub("", coloured))


@pytest.mark.parametrize("make", [report.article_text, report.article_line, report.inspection_text])
def test_colour_changes_nothing_but_the_colour(make, explained, plain, painter):
    def words(text):
        return PAINTED.sub("", text).split()

    assert words(make(explained, painter)) == words(make(explained, plain))


def test_printable_text_is_one_line():
    assert printable("Seoul\r\nprüft\t\x1b[1mWaffen\u2028jetzt") == "Seoul prüft [1mWaffen jetzt"


def test_the_detailed_report_names_stance_and_stance_sentences_only(small_model, plain):
    page = (
        "Am Sonntag regnete es in weiten Teilen der Halbinsel.\n\n"
        "Die Regierung lehnte die Bitte noch am selben Abend ab."
    )
    text = report.article_text(small_model.classify(page), plain)
    assert "1 of 2 sentences with a stance" in text
    assert "lehnte die Bitte" in text
    assert "regnete" not in text
    assert re.search(r"rules out +\d+%", text)


def test_the_detailed_report_marks_what_carries_the_verdict(small_folder, plain):
    stored = read_model(small_folder)  # sentences alone and votes, so that it is known which sentence decides
    voting = StanceModel(replace(stored.sentences, within=None), None, stored.codebook)
    page = (
        "Neuer Präsident will Kiew nicht bewaffnen\n\n"
        "Am Sonntag regnete es in weiten Teilen der Halbinsel.\n\n"
        "Yoon deutet Kurswechsel bei Waffen an"
    )
    verdict = voting.classify(page, title=page.split("\n")[0])
    assert [found.stance for found in verdict.sentences] == ["rules_out", "no_stance", "considers"]
    text = report.article_text(verdict, plain)
    (marked,) = [line for line in text.splitlines() if line.startswith("▸")]
    assert "will Kiew nicht bewaffnen" in marked
    assert re.search(r"2 of 3 sentences with a stance \(▸", text)


def test_the_inspection_shows_every_sentence_and_terms(explained, plain):
    text = " ".join(report.inspection_text(explained, plain).split())
    assert all(printable(found.text) in text for found in explained.sentences)
    assert text.count("for: ") == len(explained.sentences)


def test_the_inspection_marks_every_word_of_a_pair_across_line_ends(painter, book):
    said = (
        "Yoon\nsagte\x07 nach einem langen Abend mit vielen Gästen im Palast, er schließe\nWaffen für Kiew nicht aus."
    )
    terms = (
        Term("schli … yoon", 0.5, ((0, 4), (said.index("schließe"), said.index("schließe") + 8))),
        Term("nicht", -0.2, ((said.index("nicht"), said.index("nicht") + 5),)),
    )
    shares = {label: 1.0 if label == "considers" else 0.0 for label in book.ids}
    found = ScoredSentence(0, len(said), said, "considers", shares, 0.0, terms)
    text = report.inspection_text(Verdict(None, None, None, None, "considers", shares, (found,)), painter)
    sentence = text.split("\n\n")[1].split("considers", 2)[1]
    assert re.findall(r"\x1b\[38[0-9;]*;1m([^\x1b]*)", sentence) == ["Yoon", "schließe"]


def test_a_line_is_one_line_with_date_and_title(verdict, bare, plain):
    line = report.article_line(verdict, plain)
    assert "\n" not in line
    assert "2024-10-24" in line
    assert line.endswith(verdict.title)
    assert "None" not in report.article_line(bare, plain)


def test_reports_work_with_a_codebook_without_none(weather_model, weather_book):
    verdict = weather_model.explained(weather_model.classify("Es regnet.\n\nDer Trainer pfiff das Spiel ab."))
    text = report.article_text(verdict, report.Painter(weather_book, color=False))
    assert "2 of 2 sentences with a stance" in text
    assert "Wetter" in text
    assert "Sport" in report.inspection_text(verdict, report.Painter(weather_book, color=False))
