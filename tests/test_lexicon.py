import unicodedata

import numpy as np
import pytest

from haltung import training
from haltung.annotated_set import read_set
from haltung.errors import HaltungError
from haltung.features import tokens
from haltung.lexicon import Lexicon, read_lexicon
from haltung.model import load
from haltung.paths import shipped
from haltung.store import read_metrics

BOOK = """name = "Gerät"

[[label]]
id = "arms"

[[label]]
id = "aid"
"""
WORDS = """# was dasselbe heißt
[[class]]
name = "weapon"
words = "haubitze* mörser*"

[[class]]
name = "relief"
words = "wolldecke* plane*"
"""
FRAMES = (
    "Seoul schickt im Mai {} nach Kiew.",
    "{} aus Busan sind unterwegs.",
    "Ein Schiff mit {} lief am Montag aus.",
    "Die Regierung gibt {} ab.",
    "Am Hafen werden {} verladen.",
    "Der Minister sprach über {}.",
    "Im Haushalt stehen 200 {}.",
    "{} kamen in Polen an.",
)
STARTS = ("Laut Zeitung:", "Heute früh:", "Neues vom Tag:", "Nach Mitternacht:")
KNOWN, UNKNOWN = ("Haubitzen", "Wolldecken"), ("Mörser", "Planen")


def lexicon_of(folder, text):
    path = folder / "lexicon.toml"
    path.write_text(text, encoding="utf-8")
    return read_lexicon(path)


def entry(name, words):
    return f"[[class]]\nname = {name!r}\nwords = {words!r}\n"


@pytest.fixture
def tiny(tmp_path):
    """A set in which two words are known and everything else is the same."""
    folder = tmp_path / "gerät"
    folder.mkdir()
    (folder / "codebook.toml").write_text(BOOK, encoding="utf-8")
    rows = [
        f"{start} {frame.format(word)},{label}"
        for start in STARTS
        for frame in FRAMES
        for word, label in zip(KNOWN, ("arms", "aid"), strict=True)
    ]
    (folder / "sentences.csv").write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    return folder


def certainty(model, words=UNKNOWN):
    """The mean probability of "arms" where it is right less where it is wrong, in frames known and new."""
    frames = [*FRAMES, "Auch {} stehen auf der Liste."]
    found = [model.predict_proba([frame.format(word) for frame in frames])[:, 0].mean() for word in words]
    return found[0] - found[1]


@pytest.mark.parametrize(
    ("patterns", "hits", "misses"),
    [
        ("front", ["front"], ["fronten", "ostfront", "fron"]),
        ("front*", ["front", "fronten", "front-linie"], ["ostfront"]),
        ("*granate*", ["granate", "granaten", "artilleriegranaten", "155-mm-granaten"], ["granat", "granada"]),
        ("*schuss", ["schuss", "beschuss"], ["schusses", "schuh"]),
        ("us-*", ["us-armee", "us-"], ["us", "usa", "bus-armee"]),
        ("t-72*", ["t-72", "t-72-panzer"], ["t-7", "t+72"]),
        ("k.o. a+b (c)", ["k.o.", "a+b", "(c)"], ["kxox", "aab", "c"]),
        ("mili*hilfe", ["militärhilfe", "milihilfe"], ["militärhilfen"]),
        ("eins zwei*", ["eins", "zweimal"], ["einszwei", "eins zwei", ""]),
    ],
)
def test_patterns_match_whole_words(patterns, hits, misses, tmp_path):
    found = lexicon_of(tmp_path, entry("word", patterns))
    assert [found.class_of(word) for word in hits] == ["word"] * len(hits)
    assert [found.class_of(word) for word in misses] == [None] * len(misses)


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("geschoß*", "Geschosse"),
        ("geschoss*", "Geschoße"),
        ("GROSSOFFENSIVE", "Großoffensive"),
        ("südkorea*", "SÜDKOREAS"),
        ("südkorea*", unicodedata.normalize("NFD", "Südkoreas")),
        (unicodedata.normalize("NFD", "südkorea*"), "Südkoreas"),  # as some editors on a Mac write it
        ("yoon's", "Yoon’s"),
        ("yoon’s", "Yoon's"),
        ("waffen", "Waf\u00adfen"),
    ],
)
def test_a_pattern_may_be_written_as_words_are(pattern, text, tmp_path):
    found = lexicon_of(tmp_path, entry("word", pattern))
    assert [found.class_of(word) for word in tokens(text)] == ["word"]


def test_an_umlaut_is_not_its_vowel(tmp_path):
    found = lexicon_of(tmp_path, entry("sea", "möwe*"))
    assert found.class_of("mowen") is None


def test_the_first_class_that_has_a_word_is_its_class(tmp_path):
    first, second = entry("north", "nordkorea*"), entry("korea", "*korea*")
    assert lexicon_of(tmp_path, first + second).class_of("nordkoreas") == "north"
    assert lexicon_of(tmp_path, second + first).class_of("nordkoreas") == "korea"
    assert lexicon_of(tmp_path, first + second).class_of("südkoreas") == "korea"


def test_a_word_has_its_class_however_often_it_is_asked_for(tmp_path):
    found = lexicon_of(tmp_path, WORDS)
    asked = ["mörser", "planen", "nein"] * 3
    assert [found.class_of(word) for word in asked] == ["weapon", "relief", None] * 3


def test_a_lexicon_is_rebuilt_from_plain_strings_in_its_order(tmp_path):
    found = lexicon_of(tmp_path, entry("b", "nordkorea* kim") + entry("a", "*korea*"))
    again = Lexicon.from_dict(found.to_dict())
    assert again.classes == found.classes
    assert [again.class_of(word) for word in ("nordkoreas", "südkorea", "seoul")] == ["b", "a", None]


def test_an_empty_lexicon_has_no_classes(tmp_path):
    assert lexicon_of(tmp_path, "# noch nichts\n").classes == ()
    assert Lexicon().class_of("seoul") is None


BROKEN = {
    "no TOML": ("[[class]\nname = 'x'", "is not valid TOML"),
    "no text": (b"\xff\xfe\x00kaputt", "is not valid TOML"),
    "no list": ("[class]\nname = 'x'\nwords = 'y'\n", r"\[\[class\]\]"),
    "a string": ("class = 'x'", r"\[\[class\]\]"),
    "no name": ("[[class]]\nwords = 'seoul'\n", "class 1 needs a name"),
    "the second without name": (entry("a", "seoul") + "[[class]]\nwords = 'kiew'\n", "class 2 needs a name"),
    "a name of two words": (entry("two words", "seoul"), "class 1 needs a name"),
    "an empty name": (entry("", "seoul"), "class 1 needs a name"),
    "a number for a name": ("[[class]]\nname = 7\nwords = 'seoul'\n", "class 1 needs a name"),
    "no words": ("[[class]]\nname = 'x'\n", "'x' needs words"),
    "empty words": (entry("x", ""), "'x' needs words"),
    "blank words": ("[[class]]\nname = 'x'\nwords = \"\\t\\n \"\n", "'x' needs words"),
    "a star only": (entry("x", "*"), "'x' needs words"),
    "a star among words": (entry("x", "seoul * kiew"), "'x'"),
    "a list of words": ("[[class]]\nname = 'x'\nwords = ['seoul']\n", "'x' needs words"),
    "twice": (entry("x", "seoul") + entry("y", "busan") + entry("x", "kiew"), "'x' stands there twice"),
    "twice but for case": (entry("arms", "waffe*") + entry("Arms", "arme"), "stands there twice"),
}


@pytest.mark.parametrize(("text", "said"), BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_lexicon_is_one_line_that_names_the_file(text, said, tmp_path):
    path = tmp_path / "lexicon.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(HaltungError, match=rf"lexicon\.toml: .*{said}") as caught:
        read_lexicon(path)
    assert "\n" not in str(caught.value)


def test_a_lexicon_that_cannot_be_read_is_one_line(tmp_path):
    (tmp_path / "lexicon.toml").mkdir()
    with pytest.raises(HaltungError, match=r"lexicon\.toml: cannot be read"):
        read_lexicon(tmp_path / "lexicon.toml")


def test_a_broken_lexicon_stops_training_before_anything_is_written(tiny, tmp_path):
    (tiny / "lexicon.toml").write_text(entry("weapon", ""), encoding="utf-8")
    with pytest.raises(HaltungError, match=r"lexicon\.toml: .*'weapon' needs words"):
        training.train(tiny, model=tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_an_unknown_word_is_understood_by_its_class_and_not_without_it(tiny):
    without = training.train(tiny).model
    (tiny / "lexicon.toml").write_text(WORDS, encoding="utf-8")
    with_it = training.train(tiny).model
    assert certainty(without, KNOWN) > 0.5
    assert certainty(with_it, KNOWN) > 0.5
    assert abs(certainty(without)) < 0.1
    assert certainty(with_it) > 0.4
    frame = "Auch {} stehen auf der Liste."
    assert with_it.predict([frame.format(word) for word in UNKNOWN]) == ["arms", "aid"]
    assert any("WEAPON" in term for term in with_it.explain(frame.format("Mörser")))
    assert not any("WEAPON" in term for term in without.explain(frame.format("Mörser")))


def test_an_edited_lexicon_changes_what_is_learnt(tiny):
    (tiny / "lexicon.toml").write_text(WORDS, encoding="utf-8")
    right = training.train(tiny).model
    swapped = WORDS.replace("mörser*", "mal").replace("plane*", "mörser*").replace("mal", "plane*")
    (tiny / "lexicon.toml").write_text(swapped, encoding="utf-8")
    wrong = training.train(tiny).model
    assert certainty(right) > 0.4
    assert certainty(wrong) < -0.4


def test_a_model_keeps_its_lexicon(tiny, tmp_path):
    (tiny / "lexicon.toml").write_text(WORDS, encoding="utf-8")
    trained = training.train(tiny, model=tmp_path / "model")
    (tiny / "lexicon.toml").unlink()
    texts = [frame.format(word) for frame in FRAMES for word in UNKNOWN]
    np.testing.assert_array_equal(load(tmp_path / "model").predict_proba(texts), trained.model.predict_proba(texts))
    assert read_metrics(tmp_path / "model")["trained_on"]["lexicon"] == 4
    training.train(tiny, model=tmp_path / "model")
    assert read_metrics(tmp_path / "model")["trained_on"]["lexicon"] == 0
    assert abs(certainty(load(tmp_path / "model"))) < 0.1


def test_the_lexicon_is_the_one_beside_the_codebook(tiny, tmp_path):
    assert read_set(tiny, None).lexicon.classes == ()
    (tiny / "lexicon.toml").write_text(WORDS, encoding="utf-8")
    assert [name for name, _ in read_set(tiny, None).lexicon.classes] == ["weapon", "relief"]
    # another codebook has other words that mean the same, or none
    elsewhere = tmp_path / "anderswo"
    elsewhere.mkdir()
    (elsewhere / "codebook.toml").write_text(BOOK, encoding="utf-8")
    assert read_set(tiny, elsewhere / "codebook.toml").lexicon.classes == ()


def test_the_shipped_lexicon_is_sound_and_its_words_are_found():
    found = read_lexicon(shipped("annotations") / "lexicon.toml")
    for name, patterns in found.classes:
        alone = Lexicon(((name, patterns),))
        for pattern in patterns:
            word = pattern.replace("*", "x")
            assert tokens(word) == [word], f"{name}: features never see {word!r}"
            assert alone.class_of(word) == name
            assert found.class_of(word) == name, f"{name}: an earlier class has {word!r}"
    assert found.class_of("artilleriegranaten") == found.class_of("panzerhaubitzen") == "arms"
    assert found.class_of("südkoreas") == found.class_of("seoul") == "korea"
    assert found.class_of("nordkoreanische") == "north"
