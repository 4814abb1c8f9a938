import pytest

from haltung.codebook import Codebook, read_codebook
from haltung.errors import HaltungError

TWO = '[[label]]\nid = "ja"\n[[label]]\nid = "nein"\n'


def read(tmp_path, content, encoding="utf-8"):
    path = tmp_path / "codebook.toml"
    path.write_text(content, encoding=encoding)
    return read_codebook(path)


def test_labels_keep_their_order_and_none_may_be_absent(tmp_path):
    book = read(tmp_path, 'name = "Wetter"\n' + TWO)
    assert (book.name, book.ids, book.none) == ("Wetter", ("ja", "nein"), None)
    assert read(tmp_path, 'none = "nein"\n' + TWO).none == "nein"


def test_a_codebook_survives_the_model_file(tmp_path):
    for content in (TWO, 'none = "ja"\n' + TWO):
        book = read(tmp_path, content)
        assert Codebook.from_dict(book.to_dict(), tmp_path) == book


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ('[[label]]\nid = "ja"\n', "two or more"),
        ("", "two or more"),
        (TWO + '[[label]]\nid = "ja"\n', "'ja' stands there twice"),
        ('none = "vielleicht"\n' + TWO, "'vielleicht' is no label"),
        (TWO + '[[label]]\ntitle = "x"\n', "label 3 needs an id"),
        (TWO + '[[label]]\nid = "x y"\n', "label 3 needs an id"),
        ('[[label]]\nid = "ja"\ncolor = "rot"\n' + TWO, "#rrggbb"),
        ('[[label]]\nid = "ja"\ncolor = "#fff"\n' + TWO, "#rrggbb"),
        ("[[label]\n", "TOML"),
        ('label = "ja"\n', "entries"),
    ],
)
def test_faults_are_named(tmp_path, content, what):
    with pytest.raises(HaltungError, match=what) as error:
        read(tmp_path, content)
    assert "codebook.toml" in str(error.value)
    assert "\n" not in str(error.value)


def test_editors_on_windows(tmp_path):
    content = 'name = "Größe"\r\n' + TWO.replace("\n", "\r\n")
    assert read(tmp_path, content, "utf-8-sig").name == "Größe"
    with pytest.raises(HaltungError, match="UTF-8"):
        read(tmp_path, content, "cp1252")


def test_a_missing_codebook(tmp_path):
    with pytest.raises(HaltungError, match="cannot be read"):
        read_codebook(tmp_path / "none.toml")
