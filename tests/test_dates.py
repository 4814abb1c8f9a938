import pytest

from haltung.dates import date_in_name, date_in_text


@pytest.mark.parametrize(
    "line",
    [
        "Stand: 24.10.2024, 17:05 Uhr",
        "Stand: 24. Oktober 2024",
        "Veröffentlicht am 24.10.2024 um 08:00 Uhr von Kim Berg",
        "Seoul, 24. Oktober 2024",
        "Donnerstag, 24.10.2024",
        "2024-10-24",
        "24. Okt. 2024, 17.05 Uhr MESZ",
        "Zuletzt geändert: 24. 10. 2024",
    ],
)
def test_the_pages_own_date_is_found(line):
    assert date_in_text(f"Ein Titel ohne Datum\n{line}\nAm 3. Mai 2022 lehnte Seoul noch ab.") == "2024-10-24"


@pytest.mark.parametrize(
    "text",
    [
        "Am 24. Oktober 2024 sagte Präsident Yoon in Seoul, das Land prüfe Lieferungen.",
        "Seit dem 24.10.2024 gilt die Regel des Ministeriums, so der Sprecher.",
        "Stand: 31.02.2024",
        "Stand: 24.13.2024",
        "24. Brumaire 2024",
        "Telefon 24.10.20245",
        "",
    ],
)
def test_dates_of_the_prose_and_impossible_dates_are_not(text):
    assert date_in_text(text) is None


@pytest.mark.parametrize(
    ("name", "date"),
    [
        ("2024-10-24_seoul.txt", "2024-10-24"),
        ("archiv/2023-01-01/20241024-seoul.html", "2024-10-24"),
        ("seoul_2024_10_24.md", "2024-10-24"),
        ("2024-13-24.txt", None),
        ("002_272d74fbb6342417.txt", None),
        ("2023-01-01/seoul.txt", None),
    ],
)
def test_dates_in_file_names(name, date):
    assert date_in_name(name) == date
