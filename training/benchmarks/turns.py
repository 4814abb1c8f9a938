"""How often `haltung track` finds turns that are not there, and misses those that are; writes reports/turns.md.

    python training/benchmarks/turns.py

On the series in tests/data/series, in which the stance turns twice. False alarms: the articles shuffled over the
dates, so that no turn is left. Misses: the series with articles left out by chance.
"""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np

from haltung.article import read, sources
from haltung.change_points import LEVEL, change_points
from haltung.copies import originals
from haltung.dated_articles import DatedArticle, of_reading
from haltung.model import load
from haltung.turns import stance_columns

ROOT = Path(__file__).resolve().parents[2]
SERIES = ROOT / "tests" / "data" / "series"
REPORT = ROOT / "training" / "reports" / "turns.md"
KNOWN = (datetime.date(2024, 6, 20), datetime.date(2025, 1, 16))
SHUFFLES, SAMPLES = 2000, 200
SIZES = (70, 60, 50, 40, 30)
NEAR = 21  # days; with half of the articles left out one with a stance comes every two to three weeks


def main() -> None:
    model = load(ROOT / "model")
    readings = model.read_many(read(source) for source in sources([str(SERIES)]))
    articles = sorted((one for one in map(of_reading, readings) if one.date), key=lambda one: one.date)
    places = originals([one.date for one in articles], [one.grams for one in articles])
    articles = [one for place, one in enumerate(articles) if places[place] == place]
    dates, stances = [one.date for one in articles], stances_of(articles, stance_columns(model.codebook))
    rng = np.random.default_rng(0)
    alarms = sum(bool(change_points(dates, rng.permutation(stances))) for _ in range(SHUFFLES))
    lines = [
        "# Turns found and missed",
        "",
        f"On {len(dates)} articles with two turns (`python training/benchmarks/turns.py`).",
        "",
        f"Shuffled over the dates, {alarms} of {SHUFFLES:,} series show a turn: a false-alarm rate of "
        f"{alarms / SHUFFLES:.1%} at the test's level of {LEVEL:.0%}.",
        "",
        f"With articles left out by chance, {SAMPLES} times for each size (a turn is found if one is named at most "
        f"{NEAR} days from it):",
        "",
        "| articles | both turns found | one | none | series with a turn elsewhere |",
        "|---|---|---|---|---|",
    ]
    for size in SIZES:
        found = np.zeros(3, int)
        elsewhere = 0
        for _ in range(SAMPLES):
            kept = np.sort(rng.choice(len(dates), size, replace=False))
            days = [dates[point] for point in kept]
            turned = [days[point.place] for point in change_points(days, stances[kept])]
            near = [[abs((day - known).days) <= NEAR for known in KNOWN] for day in turned]
            found[sum(any(row[i] for row in near) for i in range(2))] += 1
            elsewhere += any(not any(row) for row in near)
        shares = [f"{count / SAMPLES:.0%}" for count in (*found[::-1], elsewhere)]
        lines.append(f"| {size} | {' | '.join(shares)} |")
    REPORT.write_text("\n".join(lines) + "\n", encoding="utf-8")
    print("\n".join(lines))


def stances_of(articles: list[DatedArticle], columns: list[int]) -> np.ndarray:
    return np.array([one.probabilities for one in articles])[:, columns]


if __name__ == "__main__":
    main()
