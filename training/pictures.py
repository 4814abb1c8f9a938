"""The pictures of the README: an article with its stances marked, and the stance through time.

    pip install -e '.[dev]' && python training/pictures.py    # needs chromium, as the tests do

Writes training/reports/inspect.png and track.png with the shipped model.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

ROOT = Path(__file__).resolve().parents[1]
REPORTS = ROOT / "training" / "reports"
ARTICLE = "2024-10-24_seoul-prueft-waffenhilfe.txt"
OPENED = "Das Land hat Kiew"  # begins the sentence whose terms are shown
WIDTH, HEIGHT = 1440, 1190  # pixels: wide enough for what decided a sentence to stand beside it


def haltung(*arguments: str, folder: Path) -> None:
    command = [sys.executable, "-m", "haltung", *arguments, "--model", str(ROOT / "model")]
    subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL)


def article_picture() -> None:
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        page = Path(folder) / "page.html"
        haltung("inspect", ARTICLE, "--html", str(page), folder=ROOT / "tests" / "data" / "articles")
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        shown = browser.new_page(viewport={"width": WIDTH, "height": HEIGHT}, color_scheme="light")
        shown.goto(page.as_uri())
        shown.get_by_text(OPENED).first.click()
        shown.wait_for_timeout(1000)  # milliseconds; the page makes room for what it shows
        shown.evaluate("window.scrollTo(0, 0)")
        shown.screenshot(path=REPORTS / "inspect.png", clip={"x": 360, "y": 0, "width": 1080, "height": HEIGHT})
        browser.close()


def curve_picture() -> None:
    haltung("track", "series", "--by", "month", "--plot", str(REPORTS / "track.png"), folder=ROOT / "tests" / "data")


if __name__ == "__main__":
    article_picture()
    curve_picture()
