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
        "24.10.2024, 11:32 Uhr | Lesezeit: 3 Minuten",
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
        "Krieg seit 24.02.2022",
        "Stand: 24.13.2024",
        "24. Brumaire 2024",
        "Telefon 24.10.20245",
        "Stand: 7.24.10.2024",
        "Am 24. Februar 2022 stand Kiew allein da.",
        "Das Papier hatte das Ministerium am 3. Mai 2022 veröffentlicht.",
        "Der Bericht wurde am 1. März 2023 erstellt und blieb geheim.",
        "Ihr erstes Buch über Seoul ist am 3. Mai 2022 erschienen.",
        "",
    ],
)
def test_dates_of_the_prose_and_impossible_dates_are_not(text):
    assert date_in_text(text) is None


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("Wien, 3. Jänner 2024", "2024-01-03"),
        ("Freitag, 1. März 2024, 8.00 Uhr", "2024-03-01"),
        ("Stand: 31.02.2024\nStand: 1.3.2024", "2024-03-01"),
        ("Stand: 29.02.2023\nStand: 29.02.2024", "2024-02-29"),
        ("Veröffentlicht: 24.10.2024, aktualisiert: 25.10.2024", "2024-10-24"),
    ],
)
def test_austrian_months_leap_days_and_second_dates(text, date):
    assert date_in_text(text) == date


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
