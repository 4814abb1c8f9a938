import datetime
import shutil
from dataclasses import replace

import pytest
from playwright.sync_api import sync_playwright

from haltung.timeline import timeline
from haltung.timeline_page import timeline_page

HOSTILE = '</script></style><img src=x onerror="document.title=1"><b>&amp;'

# every visible text with its colour and the colour behind it, as the browser computes them
CONTRASTS = """() => {
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const luminance = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((value) => {
      value /= 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const color = getComputedStyle(node).backgroundColor;
      if ((numbers(color)[3] ?? 1) > 0) return color;
    }
  };
  return [...document.querySelectorAll("main *")]
    .filter((node) => [...node.childNodes].some((child) => child.nodeType === 3 && child.data.trim()))
    .filter((node) => node.getClientRects().length)
    .map((node) => {
      const bar = node.closest(".bar");
      const style = getComputedStyle(node);
      const ink = node instanceof SVGElement ? style.fill : style.color;
      const ground = bar ? getComputedStyle(node.parentElement.querySelector("rect")).fill : behind(node);
      const [low, high] = [luminance(ink), luminance(ground)].sort((a, b) => a - b);
      return [(high + 0.05) / (low + 0.05), node.textContent.trim().slice(0, 40)];
    });
}"""


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def opened(browser, tmp_path):
    """Open pages; what goes to the console and which requests are made is kept with them."""
    contexts = []

    def open_page(text, **settings):
        path = tmp_path / "seite.html"
        path.write_text(text, encoding="utf-8")
        context = browser.new_context(**settings)
        contexts.append(context)
        page = context.new_page()
        page.told, page.asked = [], []
        page.on("console", lambda message: page.told.append(message.text))
        page.on("pageerror", lambda error: page.told.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_page
    for context in contexts:
        context.close()


@pytest.fixture(scope="module")
def by_month(series_articles, shipped_model):
    return timeline(series_articles, shipped_model.codebook, "month")


@pytest.fixture(scope="module")
def text(by_month):
    return timeline_page(by_month)


def detail(page):
    return page.locator(".detail").first.inner_text()


def test_the_page_loads_silently_and_asks_the_network_for_nothing(opened, text):
    page = opened(text)
    assert page.told == []
    assert [url.rsplit("/", 1)[1] for url in page.asked] == ["seite.html"]
    assert page.title() == "South Korea's arms stance through time"


def test_the_policy_lets_no_other_script_work(opened, text):
    page = opened(text.replace("</main>", "<script>document.title = 'fremd'</script></main>"))
    assert page.title() != "fremd"
    assert any("Content Security Policy" in told for told in page.told)


def test_arrow_keys_walk_through_the_periods(opened, text, by_month):
    page = opened(text)
    periods = by_month.curves[0].periods
    assert periods[-1].name in detail(page)
    page.locator(".period[tabindex='0']").focus()
    page.keyboard.press("ArrowLeft")
    assert periods[-2].name in detail(page)
    assert periods[-2].sentence.text in detail(page)
    page.keyboard.press("Home")
    page.keyboard.press("ArrowLeft")
    assert periods[0].name in detail(page)
    page.keyboard.press("End")
    assert periods[-1].name in detail(page)
    assert page.evaluate("document.activeElement.getAttribute('aria-selected')") == "true"
    assert page.locator(".period[tabindex='0']").count() == 1
    assert page.told == []


def test_pointing_at_a_period_shows_its_numbers(opened, text, by_month):
    page = opened(text)
    june = next(period for period in by_month.curves[0].periods if period.name == "2024-06")
    page.locator(f".period[aria-label^='{june.name}']").hover()
    share = june.shares["considers"]
    assert f"{share.share:.0%} ({100 * share.low:.0f}–{100 * share.high:.0f})" in detail(page)
    assert june.sentence.text in detail(page)


def test_tab_and_enter_open_the_numbers(opened, text):
    page = opened(text)
    assert not page.locator("table").first.is_visible()
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.locator("table").first.is_visible()
    assert page.locator("tbody tr").count() == 18
    assert page.locator("tr.turning").count() == 2


def test_both_turns_stand_in_the_chart_and_below_it(opened, text):
    page = opened(text)
    assert page.locator(".turn-date").all_text_contents() == ["2024-06-20", "2025-01-16"]
    heads = page.locator(".turns h4").all_inner_texts()
    assert heads == ["2024-06-20 rules out → considers", "2025-01-16 considers → defers to allies"]
    assert "neu prüfen" in page.locator(".turns").inner_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_can_be_read_in_either_scheme(opened, text, scheme):
    page = opened(text, color_scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach((node) => { node.open = true; })")
    found = page.evaluate(CONTRASTS)
    assert len(found) > 150
    assert [entry for entry in found if entry[0] < 4.5] == []


def test_the_schemes_differ(opened, text):
    grounds = {
        opened(text, color_scheme=scheme).evaluate("getComputedStyle(document.body).backgroundColor")
        for scheme in ("light", "dark")
    }
    assert len(grounds) == 2


def test_markup_in_articles_stays_text(opened, series_articles, shipped_model):
    hostile = [
        replace(one, source=HOSTILE, group=HOSTILE, said=tuple(replace(said, text=HOSTILE) for said in one.said))
        for one in series_articles
    ]
    undated = replace(hostile[0], date=None)
    copied = replace(hostile[0], date=datetime.date(2024, 1, 9))
    found = timeline([*hostile, undated, copied], shipped_model.codebook, "month", grouped=True)
    page = opened(timeline_page(found))
    assert page.locator("img, main b:not(.detail b), script:not([type]) ~ script").count() == 0
    assert page.title() != "1"
    assert HOSTILE in page.locator("h2").inner_text()
    assert HOSTILE in detail(page)
    assert HOSTILE in page.locator(".turns blockquote").first.inner_text()
    assert HOSTILE in page.locator(".about").inner_text()
    assert page.told == []


def test_a_phone_scrolls_the_chart_not_the_page(opened, text):
    page = opened(text, viewport={"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_print_leaves_out_what_only_a_pointer_shows(opened, text):
    page = opened(text, color_scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator(".detail").first.is_visible()
    assert page.locator(".turns").first.is_visible()
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(252, 252, 250)"


def test_each_source_has_a_chart_of_its_own(opened, series_articles, shipped_model):
    page = opened(timeline_page(timeline(series_articles, shipped_model.codebook, "month", grouped=True)))
    assert page.locator("h2").all_inner_texts() == ["agentur", "rundfunk", "zeitung"]
    assert page.locator("figure.chart").count() == page.locator(".detail").count() == 3
    page.locator(".period[tabindex='0']").nth(1).focus()
    page.keyboard.press("Home")
    assert "2024-01" in page.locator(".detail").nth(1).inner_text()
    assert "2025-06" in detail(page)
