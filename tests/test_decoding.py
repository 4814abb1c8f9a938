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
    assert decode("Müßig für alle".encode("cp1252"), "a.html", declared="no-such-charset") == "Müßig für alle"


@pytest.mark.parametrize(
    ("data", "what"),
    [
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "binary"),
        (b"Text\x00Text", "binary"),
        ("Größe und Süden\n".encode() + b"Gr\xf6\xdfe", "line 2"),
        (codecs.BOM_UTF8 + b"Gut\nSch\xf6n", "line 2"),
    ],
)
def test_what_is_no_text_is_refused(data, what):
    with pytest.raises(HaltungError, match=what) as error:
        decode(data, "bild.txt")
    assert str(error.value).startswith("bild.txt: ")
