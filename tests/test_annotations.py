import pytest

from haltung.annotations import read_article_labels, read_sentences
from haltung.codebook import Codebook, Label
from haltung.errors import HaltungError

BOOK = Codebook("b", "de", "no_stance", tuple(Label(i, i, "", "#000000") for i in ("considers", "no_stance")))
HEAD = "article,date,kind,position,label,text\n"


def written(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "set.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
    return path


def refused(path):
    with pytest.raises(HaltungError) as error:
        read_sentences(path, BOOK)
    message = str(error.value)
    assert "\n" not in message
    assert str(path) in message
    return message


@pytest.mark.parametrize(
    ("rows", "row", "what"),
    [
        ("a1,2024-10-24,agency,0,erwägt,Titel\n", "row 2", "considers, no_stance"),
        ("a1,2024-10-24,agency,0,,Titel\n", "row 2", "label is empty"),
        ("a1,,agency,0,no_stance,Titel\na1,,agency,1,no_stance,  \n", "row 3", "text is empty"),
        ("a1,,agency,0,no_stance,Titel\na1,,agency,0,considers,Zweiter\n", "row 3", "row 2"),
        ("a1,31.02.2024,agency,0,no_stance,Titel\n", "row 2", "31.02.2024"),
        ("a1,,agency,eins,no_stance,Titel\n", "row 2", "position"),
        (",,agency,0,no_stance,Titel\n", "row 2", "article"),
        ("a1,,agency,0,no_stance,Ja, nein\n", "row 2", "quotation marks"),
        ('a1,,agency,0,no_stance,"Nie endend\na1,,agency,1,no_stance,Text\n', "row 2", "CSV"),
        ("a1,,agency,0,no_stance,Gut\na1,,agency,1,no_stance,SÃ¼dkorea\n", "row 3", "encoding"),
        ("a1,,agency,0,no_stance,S\ufffddkorea\n", "row 2", "encoding"),
    ],
)
def test_a_faulty_row_is_refused_by_file_row_and_remedy(tmp_path, rows, row, what):
    message = refused(written(tmp_path, HEAD + rows))
    assert row in message
    assert what in message


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("article,date,kind,position,text\na,,k,0,Text\n", "'label' is missing"),
        ("article,position,label,text\na,0,no_stance,Text\n", "'date' is missing"),
        ("satz,label\nText,no_stance\n", "'text' is missing"),
        ("text,label,label\nText,no_stance,considers\n", "twice"),
        ("text,label\n", "no rows"),
        ("", "empty"),
        ("text,label\nJa\0nein,no_stance\n", "binary"),
        ("text,label\nGut,no_stance\nSüd,no_stance\n".encode() + b"F\xfcr,no_stance\n", "line 4"),
        ("text,label\nSüd,no_stance\n".encode() + b"F\xc3r,no_stance\n", "line 3"),
        ("label,text\nno_stance,Süd\nno_stance,Menü".encode()[:-1], "line 3"),
        (b"text,label\nS\xc3dkorea wartet,no_stance\n", "encoding"),
        (b"text,label\nS\x81dkorea wartet,no_stance\n", "line 2"),
    ],
)
def test_a_faulty_file_is_refused(tmp_path, content, what):
    assert what in refused(written(tmp_path, content))


def test_a_missing_file_is_refused(tmp_path):
    refused(tmp_path / "none.csv")


TEXT = "Seoul prüft „Hilfe“; Kiew – so Kim – wartet, größer"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_german_excels_file_reads_as_the_plain_one(tmp_path, encoding, delimiter):
    header = delimiter.join(["article", "date", "kind", "position", "label", "text"])
    row = delimiter.join(["a1", "24.10.2024", "Agentur", "0", "considers", f'"{TEXT}"'])
    (sentence,) = read_sentences(written(tmp_path, f"{header}\r\n{row}\r\n", encoding), BOOK)
    assert (sentence.article, sentence.date, sentence.position) == ("a1", "2024-10-24", 0)
    assert (sentence.kind, sentence.label, sentence.text, sentence.row) == ("Agentur", "considers", TEXT, 2)


def test_old_mac_line_ends_do_not_hide_the_semicolons(tmp_path):
    rows = "text;label\rHelme, Westen, Zelte, Decken;no_stance\rGranaten;considers\r"
    assert [s.text for s in read_sentences(written(tmp_path, rows), BOOK)] == [
        "Helme, Westen, Zelte, Decken",
        "Granaten",
    ]


def test_blank_rows_count_but_are_passed_over(tmp_path):
    rows = "Text;Label\r\nJa;considers\r\n;\r\n\r\nNein;no_stance\r\n"
    assert [(s.text, s.row) for s in read_sentences(written(tmp_path, rows), BOOK)] == [("Ja", 2), ("Nein", 5)]


def test_labels_are_those_of_the_codebook_in_hand(tmp_path):
    book = Codebook("Wetter", "de", None, (Label("regen", "", "", "#000000"), Label("sonne", "", "", "#ffffff")))
    path = written(tmp_path, "text,label\nNachts fallen Schauer.,regen\nMittags klart es auf.,sonne\n")
    assert [s.label for s in read_sentences(path, book)] == ["regen", "sonne"]
    assert "considers, no_stance" in refused(path)


def test_text_and_label_suffice(tmp_path):
    first, second = read_sentences(written(tmp_path, "label,note,text\nconsiders,x,Ja\nno_stance,,Nein\n"), BOOK)
    assert (first.text, first.label, second.row) == ("Ja", "considers", 3)
    assert first.group != second.group


def test_two_writings_of_one_sentence_are_held_out_together(tmp_path):
    rows = "text,label\nSeoul prüft,considers\n SEOUL  pru\u0308ft ,considers\n"
    first, second = read_sentences(written(tmp_path, rows), BOOK)
    assert first.group == second.group


@pytest.mark.parametrize(
    ("rows", "what"),
    [("a1,nie\n", "row 2"), ("a1,considers\na1,considers\n", "twice"), (",considers\n", "empty"), ("a1,\n", "empty")],
)
def test_article_labels_are_read_strictly(tmp_path, rows, what):
    with pytest.raises(HaltungError, match=what):
        read_article_labels(written(tmp_path, "article,label\n" + rows), BOOK)


def test_article_labels(tmp_path):
    path = written(tmp_path, "article;label\r\na1;considers\r\na2;no_stance\r\n")
    assert read_article_labels(path, BOOK) == {"a1": "considers", "a2": "no_stance"}
