import subprocess
import sys
from pathlib import Path

from haltung.paths import shipped

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_everything_that_commands_need_ships():
    for part in (
        "model/model.safetensors",
        "model/metrics.json",
        "model/SHA256SUMS",
        "annotations/sentences.csv",
        "annotations/articles.csv",
        "annotations/codebook.toml",
        "training/recipe.toml",
    ):
        folder, name = part.split("/")
        assert (shipped(folder) / name).is_file(), part


def test_classifies_away_from_the_checkout(tmp_path):
    article = ROOT / "tests/data/articles/2024-10-24_seoul-prueft-waffenhilfe.txt"
    done = subprocess.run(
        [sys.executable, "-m", "haltung", "classify", str(article), "--format", "csv"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert "2024-10-24,considers" in done.stdout


def test_the_readmes_first_output_is_what_the_shipped_model_says(tmp_path):
    article = "tests/data/articles/2024-10-24_seoul-prueft-waffenhilfe.txt"
    assert f".venv/bin/haltung classify {article}" in README
    done = subprocess.run(
        [sys.executable, "-m", "haltung", "classify", article, "--model", str(ROOT / "model")],
        cwd=ROOT,
        env={"COLUMNS": "90", "PYTHONUTF8": "1"},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=True,
    )
    assert done.stdout.rstrip() in README


def test_ci_runs_the_readmes_test_command():
    after = README.split("<!-- test command -->", 1)[1]
    assert "&& .venv/bin/pytest\n```" in after.split("```", 2)[1] + "```"
    assert "<!-- test command -->" in (ROOT / ".ci/run").read_text(encoding="utf-8")
