import importlib.util
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haltung.sentences import split

ROOT = Path(__file__).resolve().parents[1]


def found(text):
    return [text[span.start : span.end] for span in split(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        ["Das sagte er am Donnerstag, 28. November, in Seoul.", "Mehr nicht."],
        ["Vom 8. bis 13. Oktober wurde verladen.", "Der 38. Breitengrad ist nah."],
        ["Am 24. 10. 2024 lehnte man ab.", "Im 21. Jahrhundert gilt das nicht mehr."],
        ["So war es 2022.", "Dann kam Kursk."],
        ["Gemeint sind z. B. Granaten, d. h. Munition.", "Dr. Kim und Prof. Han widersprachen."],
        ["Es ging um Helme, Westen usw.", "Der Rest blieb geheim."],
        ["Er war General a. D. der Luftwaffe.", "Das zählt."],
        ["Der Anteil stieg auf 52,68 % von 10.000 Soldaten.", "3,5 Mrd. Dollar fehlen."],
        ["Um 14.30 Uhr begann die Sitzung.", "Um 16.05 Uhr war sie aus."],
        ["König Karl III. kam nach Busan.", "Er blieb kurz."],
        ["Das gilt seit Karl III.", "Danach blieb alles gleich."],
        ["Betroffen sind Busan, Incheon u. a.", "Die Liste ist lang."],
        ["Das schrieb er auf X.", "Kiew dankte."],
        ["Das Amt will keine (!) Granaten schicken.", "Man wolle […] Kiew anders helfen."],
        ["Man schickt … Granaten nach Kiew.", "Er sagte: „Wir liefern nicht.“", "Kim ging."],
        ["J. D. Wells zögert.", "Warum?", "Nein!", "Er wartet …", "Doch Seoul handelt."],
        ["Der Bericht (dpa) nennt keine Quelle.", "(Die Redaktion hat ihn gekürzt.)"],
    ],
)
def test_dates_numbers_and_abbreviations(sentences):
    assert found(" ".join(sentences)) == sentences


@pytest.mark.parametrize(("opening", "closing"), ["„“", "»«", "“”", "«»", '""'])
def test_a_quotation_of_two_sentences_is_two_units(opening, closing):
    first = f"{opening}Wir prüfen jede Bitte."
    second = f"Beschlossen ist nichts{closing}, sagte sie."
    assert found(f"{first} {second} Mehr sagte sie nicht.") == [first, second, "Mehr sagte sie nicht."]


@pytest.mark.parametrize("frame", ["„Wer liefert?“, fragte er.", "„Niemals!“ rief sie.", "„Ja“, so Kim."])
def test_the_frame_belongs_to_its_quotation(frame):
    assert found(f"{frame} Dann ging man.") == [frame, "Dann ging man."]


def test_missing_spaces():
    assert found("Man wolle „enger arbeiten“anstatt zu liefern. Gut.") == [
        "Man wolle „enger arbeiten“anstatt zu liefern.",
        "Gut.",
    ]
    assert found("Das hat er gesagt.Danach schwieg er.") == ["Das hat er gesagt.", "Danach schwieg er."]
    assert found("Er kam 2022.Dann ging er.") == ["Er kam 2022.", "Dann ging er."]
    assert found("Nach H.Schmidt kam Kim.") == ["Nach H.Schmidt kam Kim."]
    assert found("„Nichts ist geprüft.“Der Sprecher ging.") == ["„Nichts ist geprüft.“", "Der Sprecher ging."]


@pytest.mark.parametrize("whole", ["mail an presse@amt.example.Com", "www.tagesblatt.example/Seite", "Version 2.4.1"])
def test_addresses_stay_whole(whole):
    assert found(f"Siehe {whole} dazu.") == [f"Siehe {whole} dazu."]


def test_titles_credits_and_debris_are_units_of_their_own():
    page = (
        "Seoul erwägt Hilfe\n\nVon Mia Sommer, Tokio\nFoto: Agentur/Kim\n\nDas Amt schwieg.\n"
        "Lesen Sie auch | Was Polen kauft\n\nKommentar schreiben\nDeine Adresse bleibt geheim. Name *\n"
    )
    assert found(page) == [
        "Seoul erwägt Hilfe",
        "Von Mia Sommer, Tokio",
        "Foto: Agentur/Kim",
        "Das Amt schwieg.",
        "Lesen Sie auch | Was Polen kauft",
        "Kommentar schreiben",
        "Deine Adresse bleibt geheim.",
        "Name *",
    ]


def test_hard_wrapped_lines_are_taken_together():
    page = (
        "Liebe Freundinnen und Freunde,\n\n"
        "am Dienstag sprach unser Gast lange über die Lage in Seoul und über die\n"
        "Frage, ob dort je Haubitzen für Kiew freigegeben werden. Er hat daran\n"
        "seine Zweifel, weil das Gesetz es verbietet.\n\n"
        "Bis bald\n"
    )
    assert [" ".join(sentence.split()) for sentence in found(page)] == [
        "Liebe Freundinnen und Freunde,",
        "am Dienstag sprach unser Gast lange über die Lage in Seoul und über die Frage, ob dort je Haubitzen für"
        " Kiew freigegeben werden.",
        "Er hat daran seine Zweifel, weil das Gesetz es verbietet.",
        "Bis bald",
    ]


def test_a_short_line_above_wrapped_ones_stays_apart():
    page = (
        "Post aus Seoul\n"
        "Am Dienstag sprach unser Gast lange über die Lage in Seoul und über die\n"
        "Frage, ob dort je Haubitzen für Kiew freigegeben werden. Er hat daran\n"
        "seine Zweifel, weil das Gesetz es verbietet.\n"
        "Bis bald\n"
    )
    assert [found(page)[0], found(page)[-1]] == ["Post aus Seoul", "Bis bald"]
    assert len(found(page)) == 4


def test_short_lines_that_were_not_wrapped_stay_apart():
    lines = [
        "Seoul liefert Helme und Westen, aber keine Granaten",
        "Was das Gesetz über den Handel mit Rüstung verbietet",
        "Nein zu Haubitzen: der Präsident bleibt bei seiner Linie",
        "Der Sprecher nannte keine Zahlen.",
    ]
    assert found("\n".join(lines)) == lines


def test_windows_and_old_line_ends():
    assert found("Titel ohne Punkt\rVon Mia Sommer\rErster Satz.") == [
        "Titel ohne Punkt",
        "Von Mia Sommer",
        "Erster Satz.",
    ]
    assert found("Titel ohne Punkt\r\nErster Satz. Zweiter Satz.\rDritte Zeile") == [
        "Titel ohne Punkt",
        "Erster Satz.",
        "Zweiter Satz.",
        "Dritte Zeile",
    ]


_PIECES = [
    "Seoul prüft. ",
    "„Ja. Nein“, sagte er.",
    "am 3. Mai ",
    "z. B. ",
    "\n",
    "\n\n",
    " … ",
    "!?",
    "😀",
    "Co. Ltd. ",
]


@settings(max_examples=200, deadline=None)
@given(st.one_of(st.text(), st.lists(st.sampled_from(_PIECES)).map("".join)))
def test_spans_hold_all_that_is_no_white_space_once_and_in_order(text):
    spans = split(text)
    at = 0
    for span in spans:
        assert at <= span.start < span.end <= len(text)
        assert not text[at : span.start].strip()
        assert text[span.start : span.end] == text[span.start : span.end].strip()
        at = span.end
    assert not text[at:].strip()


@pytest.mark.parametrize("half", ["dev", "test"])
def test_marked_pages_are_split_as_marked(half):
    place = ROOT / "training/benchmarks"
    spec = importlib.util.spec_from_file_location("splitters", place / "splitters.py")
    splitters = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(splitters)
    documents = splitters.gold_documents(place / "splitting" / f"{half}.txt")
    recall, _, _ = splitters.scores(lambda text: [(s.start, s.end) for s in split(text)], documents)
    assert sum(len(gold) for _, gold in documents) >= 150
    assert recall >= 0.94
