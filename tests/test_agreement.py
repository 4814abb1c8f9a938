import json
import math

import pytest

from haltung.agreement import Unit, agreement, read_units
from haltung.errors import HaltungError

HEAD = "article,date,kind,position,label,text,label_1,label_2,annotator_1,annotator_2\n"


def units(*pairs):
    return [Unit(str(i), f"Satz {i}", {"a": a, "b": b}) for i, (a, b) in enumerate(pairs)]


def test_alpha_of_krippendorffs_own_example():
    # Krippendorff 2011, Computing Krippendorff's Alpha-Reliability, section B: two observers, nominal, 0.692
    first, second = "aabbdcccedda", "babbbccceddd"
    found = agreement(units(*zip(first, second, strict=True)), list("abcde"))
    assert found.alpha == pytest.approx(0.692, abs=0.0005)


def test_all_alike_and_all_different():
    labels = ["x", "y"]
    assert agreement(units(("x", "x"), ("y", "y"), ("x", "x")), labels).alpha == 1
    assert agreement(units(("x", "y"), ("y", "x"), ("x", "y")), labels).alpha < 0
    assert math.isnan(agreement(units(("x", "x"), ("x", "x")), labels).alpha)


def test_specific_agreement_counts_the_uses_of_a_label():
    found = agreement(units(("x", "x"), ("x", "y"), ("y", "y"), ("y", "y")), ["x", "y", "z"])
    assert found.specific == {"x": pytest.approx(2 / 3), "y": pytest.approx(4 / 5), "z": 0}
    assert found.confusion.tolist() == [[1, 1, 0], [0, 2, 0], [0, 0, 0]]
    assert [unit.place for unit in found.disagreements] == ["1"]


def test_units_with_one_reading_do_not_count():
    found = agreement([*units(("x", "x"), ("y", "x")), Unit("9", "Satz", {"a": "y"})], ["x", "y"])
    assert found.units == 2


def test_columns_of_one_file_are_readings_whoever_filled_them(tmp_path, book):
    path = tmp_path / "set.csv"
    rows = (
        "a1,,k,0,considers,Seoul prüft,considers,no_stance,w1,r1\na1,,k,1,no_stance,Regen,no_stance,no_stance,w1,r2\n"
    )
    path.write_text(HEAD + rows + "a1,,k,2,no_stance,Wind,no_stance,,w1,\n", encoding="utf-8")
    found = agreement(read_units([path], book), book.ids)
    assert (found.units, len(found.annotators)) == (2, 2)
    assert [unit.place for unit in found.disagreements] == ["row 2"]


def test_files_are_put_together_by_position_or_by_text(tmp_path, book):
    first, second = tmp_path / "a.csv", tmp_path / "b.csv"
    first.write_text("text,label\nSeoul prüft,considers\nRegen,no_stance\n", encoding="utf-8")
    second.write_text("text;label\nRegen;no_stance\nSEOUL  prüft;rules_out\nNeu;considers\n", encoding="utf-8")
    found = agreement(read_units([first, second], book), book.ids)
    assert found.units == 2
    assert [unit.labels for unit in found.disagreements] == [{"a.csv": "considers", "b.csv": "rules_out"}]


def test_an_unknown_label_in_a_reading_is_refused(tmp_path, book):
    path = tmp_path / "set.csv"
    path.write_text(HEAD + "a1,,k,0,considers,Ja,considers,vielleicht,w1,r1\n", encoding="utf-8")
    with pytest.raises(HaltungError, match=r"row 2.*vielleicht"):
        read_units([path], book)


def test_nothing_to_compare_is_said(tmp_path, haltung):
    path, other = tmp_path / "a.csv", tmp_path / "b.csv"
    path.write_text("text,label\nJa,considers\n", encoding="utf-8")
    other.write_text("text,label\nNein,rules_out\n", encoding="utf-8")
    for files in ([path], [path, other]):
        done = haltung("agreement", *map(str, files))
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1


def test_the_command_prints_figures_and_disagreements(tmp_path, haltung):
    path = tmp_path / "set.csv"
    rows = "a1,,k,0,considers,Seoul prüft,considers,no_stance,w1,r1\na1,,k,1,no_stance,Regen,no_stance,no_stance,w,r\n"
    path.write_text(HEAD + rows, encoding="utf-8")
    table = haltung("agreement", str(path)).stdout
    assert "considers / no_stance" in table
    assert "Seoul prüft" in table
    assert json.loads(haltung("agreement", str(path), "--format", "json").stdout)["units"] == 2
