import pytest

from haltung.debris import debris, is_debris, only_debris

LONG = (
    "Der Verteidigungsminister sagte am Abend vor dem Ausschuss, an der Linie der Regierung habe sich nichts geändert."
)


@pytest.mark.parametrize(
    "line",
    [
        "Stand: 24.10.2024, 17:05 Uhr",
        "11:21 Uhr",
        "Foto: Yonhap / dpa",
        "Yoon am Donnerstag in Seoul | Foto: Lennart Voss",
        "Von Dr. Henrike Vossnack",
        "Von unserer Korrespondentin in Seoul",
        "Lesen Sie auch: Was Kims Soldaten in Kursk tun",
        "Kommentar absenden",
        "Ihre E-Mail-Adresse wird nicht veröffentlicht.",
        "pol/dsk",
    ],
)
def test_lines_of_the_page_are_debris(line):
    assert is_debris(line)


@pytest.mark.parametrize(
    "line",
    [
        "Der Sprecher gab dazu keinen Kommentar.",
        "Ein Korrespondent berichtet von Explosionen.",
        "„Kein Kommentar.“",
        "Von Flugabwehr bis Haubitze: Was Südkorea geben könnte",
        "Der Umweg als Prinzip",
        "Am 24. Oktober 2024 besuchte Duda Seoul.",
        "Nein.",
        "So nicht",
        LONG,
    ],
)
def test_sentences_and_headings_are_none(line):
    assert not is_debris(line)
    assert not only_debris(line)


def test_the_foot_of_the_page_begins_with_its_first_furniture():
    units = ["Kommentar", LONG, "Mehr sagte er nicht.", "Was folgt daraus", "Kommentar schreiben", "Name *", "Danke."]
    assert debris(units) == [True, False, False, False, True, True, True]


def test_without_a_long_sentence_there_is_no_foot():
    assert debris(["Foto: dpa", "Seoul prüft.", "Kiew wartet."]) == [True, False, False]
    assert debris([]) == []
