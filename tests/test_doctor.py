import shutil

import pytest

from haltung.doctor import diagnose, diagnosis_text


@pytest.fixture
def folder(small_folder, tmp_path):
    return shutil.copytree(small_folder, tmp_path / "modell")


def test_a_sound_model_is_well(folder):
    found = diagnose(folder)
    assert found.sound
    text = diagnosis_text(found)
    assert str(folder) in text
    assert "checksums    hold" in text
    assert text.endswith("all is well")
    assert f"{found.metrics['trained_on']['sentences']:,} sentences" in text


def test_a_changed_card_is_told_and_the_model_still_read(folder):
    (folder / "README.md").write_text("nicht mehr dieselbe")
    found = diagnose(folder)
    assert not found.sound
    assert found.fault is None
    assert "differ for README.md" in diagnosis_text(found)


def test_a_damaged_model_is_told_by_name(folder):
    with (folder / "model.safetensors").open("ab") as file:
        file.write(b"x")
    found = diagnose(folder)
    assert not found.sound
    assert found.broken == ("model.safetensors",)
    assert "model.safetensors" in diagnosis_text(found).splitlines()[-1]


def test_no_model_is_no_crash(tmp_path):
    found = diagnose(tmp_path / "nirgends")
    assert not found.sound
    assert found.since is None
    assert "holds no model.safetensors" in diagnosis_text(found)


def test_a_package_of_another_version_is_named(folder, monkeypatch):
    monkeypatch.setattr(
        "haltung.doctor.requires", lambda name: ["numpy<1", "gibt-es-nicht>=2", "pytest; extra == 'dev'"]
    )
    found = diagnose(folder)
    assert not found.sound
    told = " ".join(found.misfits)
    assert "numpy is" in told
    assert "wanted is <1" in told
    assert "gibt-es-nicht is missing" in told
    assert "pytest" not in told
