import codecs

import pytest

from haltung.decoding import decode
from haltung.errors import HaltungError

TEXT = "Südkoreas „Linie“ – größer als gedacht: 5 % für Übungen. Das Außenamt schweigt über Hilfen für die Ukraine.\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "cp1252"])
def test_what_editors_write_is_read(encoding):
    assert decode(TEXT.encode(encoding), "a.txt") == TEXT


def test_utf_16_of_both_byte_orders():
    for mark, encoding in ((codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be")):
        assert decode(mark + TEXT.encode(encoding), "a.txt") == TEXT


def test_a_declared_charset_is_used_where_it_is_not_utf_8():
    word = "Südkorea für €"
    assert decode(word.encode("iso8859_15"), "a.html", declared="iso-8859-15") == word
    assert decode(word.encode(), "a.html", declared="iso-8859-15") == word


@pytest.mark.parametrize("declared", ["no-such-charset", "undefined", "hex", "rot13"])
def test_a_page_that_declares_no_text_encoding_is_read_all_the_same(declared):
    assert decode("Müßig für alle".encode("cp1252"), "a.html", declared=declared) == "Müßig für alle"


@pytest.mark.parametrize("declared", ["iso-8859-1", "latin1", "us-ascii", "windows-1252"])
def test_quotation_marks_of_pages_that_say_latin_1_and_are_cp1252(declared):
    # browsers read all of these as cp1252, so pages with this fault look right to their makers
    text = "Seoul sagte „nein“ – für 5 €"
    assert decode(text.encode("cp1252"), "a.html", declared=declared) == text


SENTENCES = [
    "Südkorea prüft die Bitte aus Kiew erneut.",
    "Präsident Yoon will keine Haubitzen schicken.",
    "Das Außenministerium äußerte sich nicht dazu.",
    "Für Lieferungen fehle die gesetzliche Grundlage, hieß es.",
    "„Wir schließen nichts aus“, sagte der Minister.",
    "Über die Höhe der Hilfe wird noch gestritten.",
    "Der Rüstungskonzern kündigte neue Verträge an.",
    "Seoul wäre bereit – unter Bedingungen.",
    "Die Hilfe kostet 300 Mio. €, so die Schätzung.",
]


@pytest.mark.parametrize("sentence", SENTENCES)
def test_one_sentence_from_windows_keeps_its_umlauts(sentence):
    assert decode(sentence.encode("cp1252"), "a.txt") == sentence


@pytest.mark.parametrize("encoding", ["cp1252", "mac_roman", "cp850", "latin-1"])
def test_an_articles_umlauts_survive_old_encodings(encoding):
    data = " ".join(SENTENCES).encode(encoding, "ignore")  # not all of them have „“, – or €
    assert decode(data, "a.txt") == data.decode(encoding)


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
        (b"Text\x00Text", "binary"),
        ("Größe und Süden\n".encode() + b"Gr\xf6\xdfe", "line 2"),
        (codecs.BOM_UTF8 + b"Gut\nSch\xf6n", "line 2"),
        ("Süd".encode("utf-16")[:-1], "utf-16"),
        ("Größe\nund Süd".encode()[:-2], "line 2"),
    ],
)
def test_what_is_no_text_is_refused(data, what):
    with pytest.raises(HaltungError, match=what) as error:
        decode(data, "bild.txt")
    assert str(error.value).startswith("bild.txt: ")
