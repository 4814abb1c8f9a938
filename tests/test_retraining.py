from pathlib import Path

import pytest

from haltung.annotations import AnnotatedSentence
from haltung.errors import HaltungError
from haltung.retraining import compare_rows, prepare
from haltung.training_report import additions_text, forgotten_text

MINE = """text,label
"„Wir schicken Kiew keine Panzer“, bekräftigte Seoul am Dienstag.",rules_out
SEOUL WILL KIEW KEINE GEWEHRE  SCHICKEN,rules_out
Der Kremlchef warnte Seoul vor einer Aufrüstung Kiews.,considers
Südkorea erwägt die Abgabe von Minen.,considers
Südkorea erwägt die Abgabe von Minen.,considers
Südkorea erwägt die Abgabe von Minen.,no_stance
"""


@pytest.fixture
def mine(tmp_path):
    path = tmp_path / "mine.csv"
    path.write_text(MINE, encoding="utf-8")
    return path


@pytest.fixture
def prepared(mine, data):
    return prepare([mine], data / "small")


def test_new_rows_duplicates_and_contradictions_are_told_apart(prepared, mine):
    found = prepared.additions
    assert [row.row for row in found.new] == [2, 4, 5, 7]
    assert found.duplicates == 2
    clashes = [(clash.file, clash.row, clash.label, clash.other_label) for clash in found.contradictions]
    assert clashes == [(mine, 4, "considers", "no_stance"), (mine, 7, "no_stance", "considers")]


def test_the_combined_set_is_the_set_and_the_new_rows(prepared, small_sentences):
    assert prepared.combined.sentences == [*small_sentences, *prepared.additions.new]
    assert [path.name for path in prepared.combined.files] == ["sentences.csv", "mine.csv"]
    assert prepared.base.sentences == small_sentences


def test_the_report_names_file_and_row_of_a_contradiction(prepared, mine):
    text = additions_text(prepared, [mine])
    assert "mine.csv: 4 new rows for a set of 120 (2 considers, 0 defers_to_allies, 1 rules_out, 1 no_stance)" in text
    assert "2 duplicates left out; 2 contradictions" in text
    assert f"{mine}: row 4: considers, but no_stance elsewhere: Der Kremlchef warnte" in text


def test_a_second_file_is_compared_with_the_first(mine, data, tmp_path):
    second = tmp_path / "second.csv"
    second.write_text("text,label\nSüdkorea erwägt die Abgabe von Minen.,considers\nNeu ist das nicht.,no_stance\n")
    found = prepare([mine, second], data / "small").additions
    assert found.duplicates == 3
    assert [row.text for row in found.new][-1] == "Neu ist das nicht."


def test_umlauts_are_the_same_composed_or_not():
    base = [AnnotatedSentence("a", "", "", 0, "rules_out", "Südkorea verneint.", 2)]
    extra = [AnnotatedSentence("", "", "", -1, "rules_out", "Su\u0308dkorea verneint.", 2)]
    found = compare_rows(base, [(Path("x.csv"), extra)])
    assert (found.new, found.duplicates, found.contradictions) == ([], 1, [])


def test_negation_is_no_duplicate():
    base = [AnnotatedSentence("a", "", "", 0, "considers", "Seoul schließt das nicht mehr aus.", 2)]
    extra = [AnnotatedSentence("", "", "", -1, "rules_out", "Seoul schließt das aus.", 2)]
    found = compare_rows(base, [(Path("x.csv"), extra)])
    assert (found.new, found.contradictions) == (extra, [])


def test_files_that_the_new_model_would_forget_are_named(prepared):
    learnt = {"trained_on": {"files": [{"name": "sentences.csv"}, {"name": "früher.csv"}]}}
    assert "früher.csv" in forgotten_text(learnt, prepared)
    assert "sentences.csv" not in forgotten_text(learnt, prepared)
    assert forgotten_text({"trained_on": {"files": [{"name": "sentences.csv"}]}}, prepared) is None
    assert forgotten_text({}, prepared) is None


def test_a_broken_extra_file_is_named(data, tmp_path):
    (tmp_path / "mine.csv").write_text("text,label\nSeoul prüft.,befürwortet\n", encoding="utf-8")
    with pytest.raises(HaltungError, match=r"mine\.csv: row 2: unknown label 'befürwortet'"):
        prepare([tmp_path / "mine.csv"], data / "small")
