import contextlib
import hashlib
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path

import joblib
import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from haltung.errors import HaltungError
from haltung.probabilities import Layer
from haltung.store import StoredModel, read_metrics, read_model, rollback, sign, write_model
from haltung.verdict import article_probabilities, article_width

TEXTS = ["Seoul prüft Waffenhilfe für Kiew.", "Es regnet.", "Südkorea liefert keine Munition.", ""]


@pytest.fixture(scope="module")
def small(small_folder):
    stored = read_model(small_folder)
    # of so few articles no verdict is learnt that is better than votes: any layer will do to be kept
    k = len(stored.codebook.ids)
    whole = Layer(np.random.default_rng(1).normal(size=(article_width(k, True), k)), np.zeros(k))
    return replace(stored, whole=whole)


@pytest.fixture(scope="module")
def weather(weather_folder):
    return read_model(weather_folder)


def write(folder, stored, name="x"):
    write_model(folder, stored, {"name": name}, f"# {name}\n")


def says_the_same(one, other):
    """Whether two models say the same of sentences alone and in an article, and of the article."""
    readings = [stored.sentences.read(TEXTS, title_at=0) for stored in (one, other)]
    verdicts = [
        article_probabilities(found.probabilities, stored.codebook, 0, found.hints, stored.whole)
        for found, stored in zip(readings, (one, other), strict=True)
    ]
    return (
        np.array_equal(one.sentences.predict_proba(TEXTS), other.sentences.predict_proba(TEXTS))
        and np.array_equal(readings[0].probabilities, readings[1].probabilities)
        and np.array_equal(verdicts[0], verdicts[1])
    )


def contents(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_what_is_written_is_what_is_read(small, tmp_path):
    write(tmp_path / "deep" / "model", small)
    again = read_model(tmp_path / "deep" / "model")
    assert again.codebook == small.codebook
    assert says_the_same(again, small)
    assert read_metrics(tmp_path / "deep" / "model") == {"name": "x"}
    assert (tmp_path / "deep" / "model" / "README.md").read_text(encoding="utf-8") == "# x\n"


def test_a_model_without_articles_is_read_back_without_layers_for_them(small, weather, tmp_path):
    write(tmp_path / "model", weather)
    again = read_model(tmp_path / "model")
    assert (again.sentences.within, again.whole) == (None, None)
    assert says_the_same(again, weather)
    assert small.sentences.within is not None
    assert small.whole is not None


@pytest.mark.parametrize("gone", ["within", "whole"])
def test_each_layer_is_kept_by_itself(small, tmp_path, gone):
    part = (
        StoredModel(small.sentences, None, small.codebook)
        if gone == "whole"
        else StoredModel(replace(small.sentences, within=None), small.whole, small.codebook)
    )
    write(tmp_path / "model", part)
    again = read_model(tmp_path / "model")
    assert says_the_same(again, part)
    assert not says_the_same(again, small)


def test_the_checksums_are_those_that_sha256sum_reads(small_folder):
    lines = (small_folder / "SHA256SUMS").read_text().splitlines()
    assert {line.split("  ")[1] for line in lines} == {"model.safetensors", "metrics.json", "README.md"}
    for line in lines:
        known, name = line.split("  ")
        assert hashlib.sha256((small_folder / name).read_bytes()).hexdigest() == known


def test_the_model_before_is_kept_and_nothing_else(small, weather, tmp_path):
    folder = tmp_path / "model"
    for stored, name in ((small, "one"), (weather, "two"), (small, "three")):
        write(folder, stored, name)
    assert [path.name for path in tmp_path.iterdir()] == ["model"]
    rollback(folder)
    assert read_metrics(folder) == {"name": "two"}
    assert read_model(folder).codebook == weather.codebook
    assert not list(folder.rglob(".previous/.previous"))


def test_two_rollbacks_bring_back_the_present_model(small, weather, tmp_path):
    folder = tmp_path / "model"
    write(folder, small, "one")
    before = contents(folder)
    write(folder, weather, "two")
    after = contents(folder)
    rollback(folder)
    assert {name: data for name, data in contents(folder).items() if ".previous" not in name} == before
    rollback(folder)
    assert contents(folder) == after


def test_the_replaced_model_is_kept_where_none_was(small, weather_folder, tmp_path):
    folder = tmp_path / "model"
    write_model(folder, small, {}, "", replaced=weather_folder)
    rollback(folder)
    assert contents(weather_folder).items() <= contents(folder).items()


def test_a_single_model_cannot_be_rolled_back(small, tmp_path):
    write(tmp_path / "model", small)
    before = contents(tmp_path)
    with pytest.raises(HaltungError, match="keeps no earlier model"):
        rollback(tmp_path / "model")
    assert contents(tmp_path) == before


def test_a_model_that_cannot_be_written_is_one_line(small, tmp_path):
    (tmp_path / "datei").write_text("kein Ordner")
    with pytest.raises(HaltungError, match=r"datei.model: cannot be written"):
        write(tmp_path / "datei" / "model", small)
    assert contents(tmp_path) == {"datei": b"kein Ordner"}


def test_writing_a_model_deletes_nobodys_files(small, tmp_path):
    folder = tmp_path / "unterlagen"
    folder.mkdir()
    (folder / "notizen.txt").write_text("bitte aufheben")
    with contextlib.suppress(HaltungError):  # to refuse is as good as to keep them
        write(folder, small)
    assert (folder / "notizen.txt").read_text() == "bitte aufheben"


def test_a_linked_model_folder_is_written_and_rolled_back(small, weather, tmp_path):
    write(tmp_path / "ziel", small)
    (tmp_path / "model").symlink_to("ziel")
    for stored in (weather, small, weather):
        write(tmp_path / "model", stored)
        assert read_model(tmp_path / "model").codebook == stored.codebook
    rollback(tmp_path / "model")
    assert read_model(tmp_path / "model").codebook == small.codebook


def test_the_working_directory_can_be_the_model_folder(small, tmp_path, monkeypatch):
    (tmp_path / "hier").mkdir()
    monkeypatch.chdir(tmp_path / "hier")
    folder = Path()
    try:
        write(folder, small)
    except HaltungError:
        return  # to refuse is in order
    assert read_model(tmp_path / "hier").codebook == small.codebook


def damage_by_cutting(path):
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def damage_by_emptying(path):
    path.write_bytes(b"")


def damage_by_text(path):
    path.write_text("Das ist kein Modell, sondern ein Satz über Südkorea.\n", encoding="utf-8")


def damage_by_other_object(path):
    joblib.dump(["kein", "Modell"], path)


def changed(path, change):
    """Rewrite a model file, its checksum too, after `change(header, arrays)`."""
    with safe_open(path, framework="numpy") as file:
        header = json.loads(file.metadata()["haltung"])
        arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    change(header, arrays)
    whole = {name: np.ascontiguousarray(values) for name, values in arrays.items()}
    save_file(whole, path, metadata={"haltung": json.dumps(header)})
    sign(path.parent)


def damage_by_format(path):
    changed(path, lambda header, arrays: header.update(format=3))


def damage_by_lost_weights(path):
    changed(path, lambda header, arrays: arrays.update({"block 0 coef": arrays["block 0 coef"][:-1]}))


def damage_by_disorder(path):
    changed(path, lambda header, arrays: arrays.update({"block 0 hashes": arrays["block 0 hashes"][::-1]}))


def damage_by_infinity(path):
    changed(path, lambda header, arrays: arrays["block 0 coef"].__setitem__((0, 0), np.inf))


def damage_by_lost_array(path):
    changed(path, lambda header, arrays: arrays.pop("block 1 df"))


def damage_by_unknown_block(path):
    changed(path, lambda header, arrays: header["blocks"][0].update(kind="os.system"))


def damage_by_lost_layer(path):
    changed(path, lambda header, arrays: arrays.pop("alone weights"))


def damage_by_lost_features_of_a_layer(path):
    changed(path, lambda header, arrays: arrays.update({"within weights": arrays["within weights"][:-1]}))


def damage_by_lost_column_of_a_layer(path):
    changed(path, lambda header, arrays: arrays.update({"within weights": arrays["within weights"][:, :-1]}))


def damage_by_lost_label(path):
    changed(path, lambda header, arrays: header["codebook"]["label"].pop())


@pytest.mark.parametrize(
    "damage",
    [
        damage_by_cutting,
        damage_by_emptying,
        damage_by_text,
        damage_by_other_object,
        damage_by_format,
        damage_by_lost_weights,
        damage_by_lost_array,
        damage_by_disorder,
        damage_by_infinity,
        damage_by_unknown_block,
        damage_by_lost_label,
        damage_by_lost_layer,
        damage_by_lost_features_of_a_layer,
        damage_by_lost_column_of_a_layer,
    ],
)
def test_a_damaged_model_is_one_line_that_names_the_file(damage, small_copy):
    damage(small_copy / "model.safetensors")
    with pytest.raises(HaltungError, match=r"model\.safetensors: .*train it anew") as caught:
        read_model(small_copy)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", [None, "", "{kaputt", "\x00"])
def test_damaged_metrics_are_no_metrics(text, small_copy):
    (small_copy / "metrics.json").unlink()
    if text is not None:
        (small_copy / "metrics.json").write_text(text)
    assert read_metrics(small_copy) == {}


def test_metrics_have_neither_date_nor_path(small_folder, data):
    text = (small_folder / "metrics.json").read_text(encoding="utf-8") + (small_folder / "README.md").read_text()
    assert str(data) not in text
    assert str(small_folder) not in text
    assert not re.search(r"\b20\d\d-\d\d-\d\d|\b\d\d:\d\d\b", text)
    assert json.loads((small_folder / "metrics.json").read_text())["trained_on"]["sentences"] == 120


def test_a_model_folder_can_be_moved(small_folder, tmp_path):
    moved = shutil.copytree(small_folder, tmp_path / "anderswo")
    assert says_the_same(read_model(moved), read_model(small_folder))
