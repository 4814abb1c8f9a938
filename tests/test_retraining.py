from pathlib import Path

import pytest

from haltung.annotations import AnnotatedSentence
from haltung.errors import HaltungError
from haltung.evaluation import score
from haltung.retraining import compare, compare_rows, prepare, replace_model
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
    assert prepared.combined.article_labels == prepared.base.article_labels
    assert prepared.combined.labels.tolist()[:120] == prepared.base.labels.tolist()
    assert len(prepared.combined.labels) == 124


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


def test_a_comparison_is_of_the_set_alone_with_the_set_and_the_new_rows(prepared, tmp_path):
    comparison, found = compare(prepared)
    assert comparison.old.confusion.sum() == comparison.new.confusion.sum() == 120
    assert [scores.confusion.sum() for scores in comparison.on_extra] == [4, 4]
    assert comparison.interval[0] <= comparison.new.macro_f1 - comparison.old.macro_f1 <= comparison.interval[1]
    assert found.within.shape == (124, 4)
    trained = replace_model(prepared, found, tmp_path / "model", tmp_path / "none")
    assert trained.metrics["cross_validation"]["macro_f1"] == pytest.approx(
        score(
            [row.label for row in prepared.combined.sentences],
            [prepared.combined.codebook.ids[place] for place in found.within.argmax(axis=1)],
            prepared.combined.codebook.ids,
        ).macro_f1,
        abs=1e-4,
    )


@pytest.mark.parametrize("articles", [1, 3])
def test_articles_are_added_to_a_set_that_has_none(data, tmp_path, articles):
    rows = [row.split(",") for row in ("Es regnet wieder,weather", "Der Trainer tobte,sports", "Es taut,weather")]
    lines = [
        f"a{number},2024-01-0{number},,{position},{label},{text} in Halle {number}"
        for number in range(1, articles + 1)
        for position, (text, label) in enumerate(rows)
    ]
    path = tmp_path / "mine.csv"
    path.write_text("\n".join(["article,date,kind,position,label,text", *lines]), encoding="utf-8")
    prepared = prepare([path], data / "weather")
    comparison, found = compare(prepared)
    assert [scores.confusion.sum() for scores in comparison.on_extra] == [3 * articles] * 2
    trained = replace_model(prepared, found, tmp_path / "model", tmp_path / "none")
    assert trained.model.predict(["Am Abend ziehen Regen und Wolken auf."]) == ["weather"]
