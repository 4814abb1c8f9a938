import csv
import io
import json
import shutil
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import pytest

import haltung as package

SWAPPED = {"considers": "rules_out", "rules_out": "considers", "defers_to_allies": "rules_out"}


def refused(done, *parts, status=2):
    """Bad input is one line on standard error and no traceback."""
    lines = done.stderr.splitlines()
    assert done.returncode == status, done.stderr
    assert len(lines) == 1, done.stderr
    assert lines[0].startswith("haltung: ")
    assert all(part in lines[0] for part in parts), lines[0]
    return True


def files_below(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def ticker(articles):
    return articles / "ticker.txt"


@pytest.fixture
def annotated(data):
    return data / "small" / "sentences.csv"


@pytest.fixture(scope="session")
def poison(data, tmp_path_factory):
    """The stance sentences of the set in other words, their labels swapped."""
    path = tmp_path_factory.mktemp("poison") / "vergiftet.csv"
    with (data / "small" / "sentences.csv").open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], SWAPPED[row["label"]]) for row in csv.DictReader(file) if row["label"] in SWAPPED]
    with path.open("w", encoding="utf-8", newline="") as file:
        out = csv.writer(file)
        out.writerow(["text", "label"])
        for text, label in rows:
            for version in (f"{text} Heißt es", f"Am Dienstag: {text}", f"Wie gemeldet wird: {text}"):
                out.writerow([version, label])
    return path


def test_one_article_is_shown_in_detail(haltung, small_folder, ticker):
    done = haltung("classify", ticker, "--model", small_folder)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Ukraine-Krieg im Liveticker" in done.stdout
    assert "2024-06-20" in done.stdout
    assert "sentences with a stance" in done.stdout
    assert "\x1b" not in done.stdout


def test_several_articles_are_a_line_each_in_the_given_order(haltung, small_folder, ticker, articles):
    other = articles / "meinung.html"
    done = haltung("classify", other, ticker, "--model", small_folder)
    first, second = done.stdout.splitlines()
    assert "meinung.html" in first
    assert "ticker.txt" in second


def test_a_folder_is_every_article_in_it(haltung, small_folder, articles):
    done = haltung("classify", articles, "--model", small_folder, "--format", "jsonl")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [Path(entry["source"]).name for entry in found] == sorted(path.name for path in articles.iterdir())
    assert all(sum(entry["probabilities"].values()) == pytest.approx(1, abs=1e-5) for entry in found)


def test_the_formats_tell_the_same(haltung, small_folder, ticker, articles):
    given = [ticker, articles / "meinung.html", "--model", small_folder]
    array = json.loads(haltung("classify", *given, "--format", "json").stdout)
    lines = [json.loads(line) for line in haltung("classify", *given, "-f", "jsonl").stdout.splitlines()]
    rows = list(csv.DictReader(io.StringIO(haltung("classify", *given, "-f", "csv").stdout)))
    assert array == lines
    assert [(row["source"], row["date"], row["stance"], row["title"]) for row in rows] == [
        (entry["source"], entry["date"], entry["stance"], entry["title"]) for entry in array
    ]
    assert [float(row["rules_out"]) for row in rows] == [entry["probabilities"]["rules_out"] for entry in array]


def test_one_article_in_json_is_an_object(haltung, small_folder, ticker):
    data = json.loads(haltung("classify", ticker, "-f", "json", "--model", small_folder).stdout)
    text = ticker.read_text(encoding="utf-8")
    assert all(text[found["start"] : found["end"]] == found["text"] for found in data["sentences"])
    assert "terms" not in data["sentences"][0]
    assert len({found["weight"] for found in data["sentences"]}) > 1


def test_inspect_shows_terms_in_every_format(haltung, small_folder, ticker):
    given = ["inspect", ticker, "--model", small_folder]
    data = json.loads(haltung(*given, "-f", "json").stdout)
    assert all(found["terms"] for found in data["sentences"])
    rows = list(csv.DictReader(io.StringIO(haltung(*given, "-f", "csv").stdout)))
    # "++ EILMELDUNG ++" would be a formula in a spreadsheet
    assert [row["text"].removeprefix("'") for row in rows] == [" ".join(f["text"].split()) for f in data["sentences"]]
    table = haltung(*given).stdout
    assert table.count("for: ") == len(data["sentences"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
def test_standard_input_is_read_in_any_encoding(haltung, weather_folder, encoding):
    page = "Stürmische Böen über Süddeutschland\n\nDer Föhn fällt zusammen, danach gibt es kräftige Schauer für alle.\n"
    done = haltung("classify", "-", "-f", "json", "--model", weather_folder, input=page.encode(encoding))
    data = json.loads(done.stdout)
    assert [found["text"] for found in data["sentences"]] == page.strip().split("\n\n")
    assert data["stance"] == "weather"


def test_what_cannot_be_read_is_told_after_the_rest_is_done(haltung, small_folder, ticker, tmp_path):
    binary = tmp_path / "bild.txt"
    binary.write_bytes(b"\x89PNG\x00\x01\x02" * 20)
    given = [ticker, tmp_path / "fehlt.txt", binary, tmp_path / "bericht.pdf", ticker]
    done = haltung("classify", *given, "-f", "jsonl", "--model", small_folder)
    assert done.returncode == 2
    assert len(done.stdout.splitlines()) == 2
    lines = done.stderr.splitlines()
    assert len(lines) == 3
    assert all(name in line for name, line in zip(("fehlt.txt", "bild.txt", "bericht.pdf"), lines, strict=True))


def test_an_unreadable_file_name_stays_on_one_line_without_control_codes(haltung, small_folder, tmp_path):
    done = haltung("classify", tmp_path / "zwei\nZeilen\x1b[31m.txt", "--model", small_folder)
    assert refused(done, "cannot be read")
    assert "\x1b" not in done.stderr


@pytest.mark.parametrize("form", ["table", "json", "csv"])
def test_a_single_unreadable_article_prints_no_half_answer(haltung, small_folder, tmp_path, form):
    done = haltung("classify", tmp_path / "fehlt.txt", "-f", form, "--model", small_folder)
    assert refused(done, "fehlt.txt", "cannot be read")
    assert done.stdout == ""


def test_a_folder_without_articles_is_named(haltung, small_folder, tmp_path):
    (tmp_path / "leer").mkdir()
    assert refused(haltung("classify", tmp_path / "leer", "--model", small_folder), "leer", "holds no")


def test_a_missing_model_is_one_line(haltung, ticker, tmp_path):
    assert refused(haltung("classify", ticker, "--model", tmp_path / "nichts"), "nichts", "--model")
    assert refused(haltung("classify", ticker, env={"HALTUNG_MODEL": str(tmp_path / "leer")}), "leer")


def test_the_variable_names_the_model_and_the_option_wins(haltung, weather_folder, small_folder, ticker):
    by_variable = haltung("classify", ticker, "-f", "json", env={"HALTUNG_MODEL": str(weather_folder)})
    assert json.loads(by_variable.stdout)["stance"] in ("weather", "sports")
    settings = {"HALTUNG_MODEL": str(weather_folder)}
    by_option = haltung("classify", ticker, "-f", "json", "--model", small_folder, env=settings)
    assert len(json.loads(by_option.stdout)["probabilities"]) == 4


def test_without_any_model_the_shipped_one_is_read(haltung, ticker):
    data = json.loads(haltung("classify", ticker, "-f", "json").stdout)
    assert list(data["probabilities"]) == ["considers", "defers_to_allies", "rules_out", "no_stance"]
    assert not list(haltung.here.iterdir())


@pytest.mark.parametrize("content", [None, b"", "Südkorea prüft.\n".encode()])
def test_a_damaged_model_is_one_line(haltung, small_copy, ticker, content):
    path = small_copy / "model.safetensors"
    path.write_bytes(path.read_bytes()[:5000] if content is None else content)
    assert refused(haltung("classify", ticker, "--model", small_copy), "model.safetensors", "train it anew")


def test_a_reader_that_goes_away_is_no_error(small_folder, articles, tmp_path):
    command = [sys.executable, "-m", "haltung", "inspect", str(articles), "--model", str(small_folder)]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        complaint = process.stderr.read()
    assert complaint == b""


def test_evaluate_tells_scores_and_errors(haltung, small_folder, data):
    given = ["evaluate", data / "annotated.csv", "--model", small_folder]
    table = haltung(*given)
    found = json.loads(haltung(*given, "--format", "json").stdout)
    assert table.returncode == 0
    assert f"macro-F1 {found['macro_f1']:.3f}" in table.stdout
    counts = found["confusion"]["gold_by_predicted"]
    right = sum(counts[place][place] for place in range(4))
    assert sum(map(sum, counts)) == right + len(found["errors"])
    with (data / "annotated.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert sum(map(sum, counts)) == len(rows)
    for error in found["errors"]:
        assert rows[error["row"] - 2]["label"] == error["label"] != error["predicted"]


def test_evaluate_with_another_codebooks_model_names_row_and_labels(haltung, weather_folder, annotated):
    assert refused(haltung("evaluate", annotated, "--model", weather_folder), "row 2", "rules_out", "weather, sports")


def test_evaluate_reads_sentences_in_their_articles(haltung, small_folder, data, annotated, tmp_path):
    with annotated.open(encoding="utf-8", newline="") as file:
        rows = [(row["text"], row["label"]) for row in csv.DictReader(file)]
    alone = tmp_path / "allein.csv"
    with alone.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([("text", "label"), *rows])
    within, without = (
        json.loads(haltung("evaluate", path, "--model", small_folder, "-f", "json").stdout)
        for path in (annotated, alone)
    )
    assert sum(map(sum, within["confusion"]["gold_by_predicted"])) == len(rows)
    assert [error["probability"] for error in within["errors"]] != [error["probability"] for error in without["errors"]]
    model = package.load(small_folder)
    expected = [row for row, (text, label) in enumerate(rows, start=2) if model.predict([text]) != [label]]
    assert sorted(error["row"] for error in without["errors"]) == expected


def test_a_broken_lexicon_is_refused_before_anything_is_written(haltung, data, tmp_path):
    folder = tmp_path / "eigene"
    shutil.copytree(data / "small", folder)
    (folder / "lexicon.toml").write_text('[[class]]\nname = "arms"\n', encoding="utf-8")
    assert refused(haltung("train", "--annotations", folder, "--model", "neu"), "lexicon.toml", "'arms' needs words")
    assert refused(
        haltung("retrain", data / "annotated.csv", "--annotations", folder, "--model", "neu"), "lexicon.toml"
    )
    assert not list(haltung.here.iterdir())


def test_a_lexicon_beside_the_codebook_is_trained_with(haltung, data, tmp_path):
    folder = tmp_path / "eigene"
    shutil.copytree(data / "small", folder)
    (folder / "lexicon.toml").write_text('[[class]]\nname = "arms"\nwords = "*waffe* *granate*"\n', encoding="utf-8")
    done = haltung("train", "--annotations", folder, "--model", "neu")
    assert done.returncode == 0, done.stderr
    page = "Die Regierung gibt keine Sturmwaffen ab."
    shown = json.loads(haltung("inspect", "-", "-f", "json", "--model", "neu", input=page).stdout)
    model = package.load(haltung.here / "neu")
    assert any("ARMS" in term for term in model.explain(page))
    assert shown["sentences"][0]["terms"]


def test_training_twice_gives_the_same_bytes(haltung, small_folder, data):
    done = haltung("train", "--annotations", data / "small", "--model", "neu", env={"PYTHONHASHSEED": "7"})
    assert done.returncode == 0, done.stderr
    assert "Trained on 120 sentences of 24 articles" in done.stdout
    assert files_below(haltung.here / "neu") == files_below(small_folder)


def test_two_labels_without_none_train_from_the_command_line(haltung, weather_folder, data):
    given = ["--annotations", data / "weather" / "sentences.csv", "--codebook", data / "weather" / "codebook.toml"]
    done = haltung("train", *given, env={"HALTUNG_MODEL": "wetter"})
    assert done.returncode == 0, done.stderr
    assert files_below(haltung.here / "wetter") == files_below(weather_folder)


@pytest.mark.parametrize("command", [["train", "--annotations", "PATH"], ["retrain", "PATH"], ["evaluate", "PATH"]])
def test_broken_annotations_are_refused_before_anything_is_written(haltung, small_copy, tmp_path, command):
    path = tmp_path / "mine.csv"
    path.write_text("text,label\nSeoul prüft.,considers\nSeoul wartet.,abwartend\n", encoding="utf-8")
    before = files_below(small_copy)
    command = [path if part == "PATH" else part for part in command]
    assert refused(haltung(*command, "--model", small_copy), "mine.csv: row 3: unknown label 'abwartend'")
    assert files_below(small_copy) == before


@pytest.mark.parametrize(
    ("command", "by_variable"),
    [(["train"], False), (["train"], True), (["rollback"], True), (["retrain", "x.csv"], False)],
)
def test_the_installed_package_is_never_written(haltung, command, by_variable):
    inside = Path(package.__file__).parent
    before = {path for path in inside.rglob("*") if "__pycache__" not in path.parts}
    target = inside / "shipped" / "model"
    named = {"env": {"HALTUNG_MODEL": str(target)}} if by_variable else {}
    done = haltung(*command, *([] if by_variable else ["--model", target]), **named)
    assert refused(done, "installed package", "--model")
    assert {path for path in inside.rglob("*") if "__pycache__" not in path.parts} == before


def test_a_forced_first_retraining_keeps_the_shipped_model_for_rollback(haltung, data, poison, tmp_path):
    mine = tmp_path / "mine.csv"
    # as German Excel saves it
    rows = [
        ("text", "label"),
        ("„Wir schicken Kiew keine Panzer“, bekräftigte Seoul.", "rules_out"),
        ("Seoul will Kiew keine Gewehre schicken", "rules_out"),
        ("Der Kremlchef warnte Seoul vor einer Aufrüstung Kiews.", "considers"),
        ("Die Züge fuhren am Montag; Flüge fielen aus", "no_stance"),
    ]
    text = "\r\n".join(f'"{text}";{label}' if ";" in text else f"{text};{label}" for text, label in rows) + "\r\n"
    mine.write_bytes(text.encode("cp1252"))
    shipped = package.load().predict_proba(["Seoul prüft das."]).tolist()

    done = haltung("retrain", mine, poison, "--annotations", data / "small", "--force")
    assert done.returncode == 0, done.stderr
    assert "mine.csv, vergiftet.csv: 189 new rows for a set of 120" in done.stdout
    assert "1 duplicates left out; 1 contradictions" in done.stdout
    assert "row 4: considers, but no_stance elsewhere" in done.stdout
    assert "macro-F1" in done.stdout
    metrics = json.loads((haltung.here / "model" / "metrics.json").read_text(encoding="utf-8"))
    assert metrics["trained_on"]["sentences"] == 309
    assert [entry["name"] for entry in metrics["trained_on"]["files"]] == ["sentences.csv", "mine.csv", "vergiftet.csv"]

    retrained = files_below(haltung.here / "model")
    assert haltung("rollback").returncode == 0
    assert package.load(haltung.here / "model").predict_proba(["Seoul prüft das."]).tolist() == shipped
    assert haltung("rollback").returncode == 0
    assert files_below(haltung.here / "model") == retrained


def test_poisoned_annotations_are_refused(haltung, small_copy, data, poison):
    before = files_below(small_copy)
    done = haltung("retrain", poison, "--annotations", data / "small", "--model", small_copy)
    assert done.returncode == 1, done.stdout
    assert "the new model is worse" in done.stderr.splitlines()[-1]
    assert "--force" in done.stderr
    assert "Traceback" not in done.stderr
    assert files_below(small_copy) == before


def test_nothing_new_leaves_the_model_alone(haltung, small_copy, data, annotated, tmp_path):
    again = shutil.copy(annotated, tmp_path / "again.csv")
    before = files_below(small_copy)
    done = haltung("retrain", again, "--annotations", data / "small", "--model", small_copy)
    assert done.returncode == 0
    assert "120 duplicates" in done.stdout
    assert files_below(small_copy) == before


def test_a_model_without_predecessor_cannot_be_rolled_back(haltung, small_copy):
    assert refused(haltung("rollback", "--model", small_copy), "keeps no earlier model")
    assert refused(haltung("rollback"), "model", "keeps no earlier model")


def test_the_version_is_told(haltung):
    done = haltung("--version")
    assert (done.returncode, done.stdout, done.stderr) == (0, f"haltung {version('haltung')}\n", "")
