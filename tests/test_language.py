import pytest

from haltung.language import language

SAID = {
    "de": "Südkoreas Regierung hat am Donnerstag ausgeschlossen, der Ukraine Munition zu liefern, und verweist auf das"
    " Gesetz.",
    "en": "South Korea's government said on Thursday that it would not supply ammunition to Ukraine, citing the law.",
    "fr": "Le gouvernement sud-coréen a exclu jeudi de livrer des munitions à l'Ukraine et renvoie à la loi du pays.",
    "nl": "De Zuid-Koreaanse regering heeft donderdag uitgesloten dat zij munitie aan Oekraïne levert, volgens de wet.",
    "da": "Sydkoreas regering udelukkede torsdag at levere ammunition til Ukraine og henviser til loven i landet.",
    "ko": "남한 정부는 목요일에 우크라이나에 탄약을 공급하는 것을 배제한다고 밝혔다."
    " 정부는 법을 근거로 들었다. 대통령실은 회의를 열었다고 설명했다. 야당은 환영했다.",
    "ru": "Правительство Южной Кореи в четверг исключило поставки боеприпасов Украине, сославшись на закон страны.",
}


@pytest.mark.parametrize("code", SAID)
def test_the_language_of_a_paragraph_is_told(code):
    assert language(SAID[code]) == code


def test_german_stays_german_with_quotations_capitals_and_debris():
    assert language(SAID["de"].upper()) == "de"
    quoted = SAID["de"] + " „We will not provide lethal weapons“, hieß es dazu in der Erklärung des Ministeriums."
    assert language(quoted) == "de"
    assert language("Menü\n\nAnmelden | Abo\n\n" + SAID["de"] * 3) == "de"


@pytest.mark.parametrize("text", ["", "   ", "Seoul prüft", "155 555 000", "+++", "Nein. Nein. Nein."])
def test_nothing_is_said_of_what_is_too_short(text):
    assert language(text) is None


def test_a_page_of_other_language_is_found_however_long():
    assert language(SAID["en"] * 2000) == "en"
