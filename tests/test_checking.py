import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from haltung.annotations import read_sentences
from haltung.checking import check
from haltung.near_duplicates import near_duplicates

LONG = "Seoul will der Ukraine auch künftig keine Granaten überlassen."
NEAR = "Seoul will der Ukraine auch künftig keine Haubitzen überlassen."
OTHER = "Im Hafen von Busan lagen am Morgen drei Frachter aus Gdynia."


def written(path, rows):
    path.write_text("text,label\n" + "".join(f'"{text}",{label}\n' for text, label in rows), encoding="utf-8")
    return path


def kinds(warnings):
    return [(found.kind, found.row) for found in warnings]


def test_near_duplicates_within_and_across_files(tmp_path, book):
    first = written(tmp_path / "a.csv", [(LONG, "rules_out"), (OTHER, "no_stance"), (NEAR, "rules_out")])
    second = written(tmp_path / "b.csv", [(NEAR, "rules_out")])
    found = check([first, second], book)
    assert [(w.kind, w.file.name, w.row) for w in found] == [
        ("near-duplicate", "a.csv", 4),
        ("near-duplicate", "b.csv", 2),
        ("near-duplicate", "b.csv", 2),
    ]
    assert "row 2" in found[0].text


def test_contradictions(tmp_path, book):
    path = written(tmp_path / "a.csv", [(LONG, "rules_out"), (LONG.upper(), "considers"), ("Nein.", "rules_out")])
    assert ("contradiction", 3) in kinds(check([path], book))
    short = written(tmp_path / "b.csv", [("Nein.", "rules_out"), ("Nein.", "no_stance")])
    assert check([short], book) == []  # what it answers decides


@pytest.mark.parametrize(
    "debris", ["Newsletter abonnieren", "Foto: Yonhap / dpa", "Mehr zum Thema", "Teilen auf Facebook", "Seite 2 von 3"]
)
def test_page_debris_with_a_stance(tmp_path, book, debris):
    rows = [(debris, "considers"), (f"{debris}.", "no_stance"), (LONG, "rules_out")]
    assert kinds(check([written(tmp_path / "a.csv", rows)], book)) == [("boilerplate", 2)]


def test_articles_without_a_label(tmp_path, book):
    (tmp_path / "sentences.csv").write_text(
        f"article,date,kind,position,label,text\na1,,k,0,rules_out,{LONG}\na2,,k,0,no_stance,{OTHER}\n",
        encoding="utf-8",
    )
    (tmp_path / "articles.csv").write_text("article,label\na1,rules_out\n", encoding="utf-8")
    found = check([tmp_path / "sentences.csv"], book)
    assert kinds(found) == [("article without a label", 3)]


def test_a_distribution_far_from_the_sets(tmp_path, book, small_sentences):
    words = ["Regen", "Wind", "Hafen", "Zug", "Berg", "Fluss", "Markt", "Brücke", "Wald", "Turm"]
    texts = [f"{a} {b}" for a in words for b in words if a != b][:60]
    far = written(tmp_path / "far.csv", [(text, "considers") for text in texts])
    labels = [sentence.label for sentence in small_sentences]
    like = written(tmp_path / "like.csv", [(t, labels[i % len(labels)]) for i, t in enumerate(texts)])
    assert kinds(check([far], book, small_sentences)) == [("distribution", 1)]
    assert kinds(check([like], book, small_sentences)) == []


def test_the_command_says_what_it_refuses_and_reads_the_rest(tmp_path, haltung):
    good = written(tmp_path / "good.csv", [(LONG, "rules_out"), (NEAR, "rules_out")])
    bad = written(tmp_path / "bad.csv", [(LONG, "vielleicht")])
    done = haltung("check", str(bad), str(good))
    assert done.returncode == 2
    assert "bad.csv: row 2" in done.stderr
    assert "good.csv: row 3: near-duplicate" in done.stdout
    assert haltung("check", str(good)).returncode == 1
    assert haltung("check", str(written(tmp_path / "clean.csv", [(LONG, "rules_out")]))).returncode == 0


def test_the_shipped_set_is_clean(book):
    from haltung.paths import shipped

    path = shipped("annotations") / "sentences.csv"
    found = check([path], book, read_sentences(path, book))
    assert [f"row {w.row}: {w.kind}" for w in found] == []


@settings(max_examples=50, deadline=None)
@given(st.lists(st.text("abcd ", min_size=30, max_size=60), max_size=8))
def test_pairs_are_those_that_share_half_of_the_longer_ones_grams(texts):
    def grams(text):
        plain = " ".join(text.split())
        return {plain[i : i + 5] for i in range(len(plain) - 4)} if len(plain) >= 30 else set()

    expected = {
        (i, j)
        for j in range(len(texts))
        for i in range(j)
        if grams(texts[i])
        and grams(texts[j])
        and len(grams(texts[i]) & grams(texts[j])) >= max(len(grams(texts[i])), len(grams(texts[j]))) / 2
    }
    assert {(found.first, found.second) for found in near_duplicates(texts)} == expected


@pytest.mark.parametrize("texts", [[], ["kurz"], ["kurz", LONG]])
def test_few_texts(texts):
    assert list(near_duplicates(texts)) == []
