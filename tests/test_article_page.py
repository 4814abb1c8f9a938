"""The page of `haltung inspect --html`, seen in a browser."""

import json
import re
import shutil

import pytest
from playwright.sync_api import sync_playwright

from haltung.article import Article
from haltung.article_page import article_page
from haltung.codebook import Codebook, Label
from haltung.sentences import split
from haltung.verdict import ScoredSentence, Term, Verdict

HOSTILE = "</script></style><img src=x onerror=alert(1)> & <b>$style</b> &amp; <!-- \"'"
LONG = (
    "Der Verteidigungsminister sagte am Abend vor dem Ausschuss, an der Linie der Regierung habe sich nichts geändert."
)
PAGE = (
    "Seoul prüft Waffen\n\nVon Konstanze Aldenhoff\n\n"
    "Yoon hält 🙂 Granaten nicht länger für tabu. Am Montag regnete es.\n\n"
    "Der Umweg\n\n"
    "Bislang galt: keine Waffen für Kiew. Partner kaufen ein.\n\n"
    f"{LONG}\n\nKommentar schreiben"
)
STANCES = {
    "Seoul prüft Waffen": ("considers", 0.95),
    "Yoon hält 🙂 Granaten nicht länger für tabu.": ("considers", 0.8),
    "Bislang galt: keine Waffen für Kiew.": ("rules_out", 0.6),
    "Partner kaufen ein.": ("defers_to_allies", 0.4),
}
TERMS = {
    "Yoon hält 🙂 Granaten nicht länger für tabu.": (
        ("KOREA … grana", 0.5, ["Yoon", "Granaten"]),
        ("nicht länger", 0.4, ["nicht länger"]),
        ("‹before›", 0.2, []),
        ("nicht", -0.3, ["nicht"]),
        (" tab", -0.1, ["tab"]),
    )
}
# every colour of the page's text on what is behind it
CONTRASTS = """() => {
  const parse = (color) => color.match(/[\\d.]+/g).map(Number);
  const channel = (v) => (v /= 255) <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4;
  const luminance = ([r, g, b]) => 0.2126 * channel(r) + 0.7152 * channel(g) + 0.0722 * channel(b);
  const ratio = (one, other) => {
    const [a, b] = [luminance(one), luminance(other)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
  };
  const behind = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = parse(getComputedStyle(at).backgroundColor);
      if (color.length === 3 || color[3] === 1) return color;
      if (color[3] !== 0) throw new Error(`half transparent: ${at.outerHTML}`);
    }
    return [255, 255, 255];
  };
  const found = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !element.checkVisibility() || element.tagName === "SCRIPT") continue;
    const style = getComputedStyle(element);
    found.push([walker.currentNode.data.trim().slice(0, 40), ratio(parse(style.color), behind(element)), 4.5]);
  }
  for (const element of document.querySelectorAll(".s:not(.silent)")) {
    const letter = getComputedStyle(element, "::after"), line = getComputedStyle(element);
    found.push([`letter of ${element.id}`, ratio(parse(letter.color), behind(element)), 4.5]);
    found.push([`line under ${element.id}`, ratio(parse(line.textDecorationColor), behind(element)), 3]);
  }
  for (const element of document.querySelectorAll("rect")) {
    const ground = parse(getComputedStyle(document.documentElement).backgroundColor);
    const { fill, stroke } = getComputedStyle(element);
    if (element.checkVisibility()) found.push(["bar", ratio(parse(fill === "none" ? stroke : fill), ground), 3]);
  }
  return found;
}"""


@pytest.fixture(scope="module")
def browser():
    chromium = shutil.which("chromium")
    assert chromium, "the page is tested in Debian's chromium: apt-get install chromium"
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def shown(browser, tmp_path):
    """Open a page from its source; at the end of the test it must have asked for nothing and complained of nothing."""
    contexts, complaints, own = [], [], []

    def asked(request):
        if request.url not in own:
            complaints.append(f"asked for {request.url}")

    def show(source, before="", **options):
        contexts.append(browser.new_context(**{"viewport": {"width": 1440, "height": 900}, **options}))
        page = contexts[-1].new_page()
        page.add_init_script(before)
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.on("request", asked)
        path = tmp_path / f"{len(contexts)}.html"
        path.write_text(source, encoding="utf-8", newline="")
        own.append(path.as_uri())
        page.goto(own[-1])
        return page

    show.complaints = complaints
    yield show
    for context in contexts:
        context.close()
    assert complaints == []


def sentence(book, text, span, stances, terms):
    said = text[span.start : span.end]
    stance, share = stances.get(said, (book.none or book.ids[0], 0.97))
    rest = (1 - share) / (len(book.ids) - 1)
    placed = tuple(
        Term(term, weight, tuple((said.index(part), said.index(part) + len(part)) for part in parts))
        for term, weight, parts in terms.get(said, (("ein", 0.1, []),))
    )
    shares = {label: share if label == stance else rest for label in book.ids}
    return ScoredSentence(span.start, span.end, said, stance, shares, 0.5, placed)


def inspected(book, text=PAGE, title="Seoul prüft Waffen", source="a.txt", stances=STANCES, terms=TERMS):
    sentences = tuple(sentence(book, text, span, stances, terms) for span in split(text))
    shares = {label: 0.7 if label == book.ids[0] else 0.3 / (len(book.ids) - 1) for label in book.ids}
    verdict = Verdict(source, title, "2024-10-24", "de", book.ids[0], shares, sentences)
    return Article(source, text, title, "2024-10-24"), verdict


def marked(page, side):
    return page.locator(f".s mark.{side}").all_inner_texts()


def focused(page):
    return page.evaluate("document.activeElement.textContent")


def test_the_article_reads_as_an_article(book, shown):
    page = shown(article_page([inspected(book)], book))
    assert page.title() == "Seoul prüft Waffen"
    assert page.locator("h1").all_inner_texts() == ["Seoul prüft Waffen"]
    assert page.locator(".about").first.inner_text() == "2024-10-24 · a.txt"
    assert page.locator(".text p").all_text_contents() == PAGE.split("\n\n")[1:]
    assert page.locator(".text p.head").all_inner_texts() == ["Der Umweg"]
    assert page.locator(".leading").inner_text() == "considers 70%"
    rows = page.locator(".verdict tr").all_inner_texts()
    assert [re.sub(r"\s+", " ", row).strip() for row in rows] == [
        "C considers 70% 2 sentences",
        "D defers to allies 10% 1 sentence",
        "R rules out 10% 1 sentence",
        "no stance 10% 5 sentences",
    ]


def test_lines_wrapped_at_a_width_are_one_paragraph(book, shown):
    lines = [
        "Die Regierung hat am Montag in der Hauptstadt noch",
        "einmal bekräftigt, dass es bei der Linie bleibt, wie",
    ]
    text = "\n".join(
        [*lines, "sie seit dem Beginn des Krieges gilt. Mehr sagte sie", "nicht dazu.", "", "Kiew wartet."]
    )
    page = shown(article_page([inspected(book, text, None)], book))
    paragraphs = page.locator(".text p").all_inner_texts()
    assert len(paragraphs) == 2
    assert paragraphs[0] == " ".join(text.split("\n\n")[0].split())
    assert page.locator("h1").inner_text() == "a.txt"


def test_debris_is_small_and_grey_and_a_stance_never_is(book, shown):
    text = f"{LONG}\n\nKommentar schreiben\n\nFoto: Seoul prüft Waffen"
    stances = {"Foto: Seoul prüft Waffen": ("considers", 0.9)}
    page = shown(article_page([inspected(book, text, None, stances=stances)], book))
    look = "(found) => found.map((p) => [getComputedStyle(p).color, parseFloat(getComputedStyle(p).fontSize)])"
    prose, debris, stance = page.locator(".text .s").evaluate_all(look)
    assert debris[0] != prose[0]
    assert debris[1] < prose[1]
    assert stance == prose


def test_labels_differ_by_more_than_colour(book, shown):
    page = shown(article_page([inspected(book)], book))
    look = (
        "(found) => found.map((s) => [getComputedStyle(s).textDecorationStyle, getComputedStyle(s, '::after').content])"
    )
    found = [
        (style, re.findall("[A-Z]", letter)) for style, letter in page.locator(".s[data-letter]").evaluate_all(look)
    ]
    assert found == [("solid", ["C"]), ("solid", ["C"]), ("dotted", ["R"]), ("dashed", ["D"])]
    assert page.locator(".silent").first.evaluate("(s) => getComputedStyle(s).textDecorationLine") == "none"


def test_letters_stay_apart_where_labels_begin_alike(shown):
    titles = ["ab", "AB", "aa", "ab"]
    labels = tuple(Label(f"l{n}", title, "", "#0072b2") for n, title in enumerate(titles))
    book = Codebook("Buch", "de", None, labels)
    page = shown(article_page([inspected(book, stances={})], book))
    assert page.locator(".verdict .letter").all_inner_texts() == ["A", "B", "3", "4"]
    assert page.locator(".silent").count() == 0  # without a label for "none" every sentence has a stance
    assert page.locator(".s[data-letter]").count() == len(split(PAGE))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_surer_a_sentence_the_stronger_its_tint(book, shown, scheme):
    words = ["Eins gilt.", "Zwei gilt.", "Drei gilt.", "Vier gilt."]
    stances = dict(zip(words, [("rules_out", share) for share in (0.4, 0.5, 0.8, 0.99)], strict=True))
    page = shown(article_page([inspected(book, " ".join(words), None, stances=stances)], book), color_scheme=scheme)
    look = "(found) => found.map((s) => getComputedStyle(s).backgroundColor.match(/\\d+/g).map(Number))"
    paper = page.locator("html").evaluate_all(look)[0]
    far = [
        sum(abs(a - b) for a, b in zip(color, paper, strict=True))
        for color in page.locator(".text .s").evaluate_all(look)
    ]
    assert far == sorted(set(far))
    assert far[0] > 10


def test_a_click_shows_probabilities_and_what_decided_marked_in_place(book, shown):
    page = shown(article_page([inspected(book)], book))
    target = page.get_by_text("Granaten nicht länger")
    assert page.locator("#panel").is_hidden()
    target.click()
    panel = page.locator("#panel")
    assert panel.locator("h3").inner_text() == "considers 80%"
    assert panel.locator("tr .number").all_inner_texts() == ["80%", "7%", "7%", "7%"]
    assert [" ".join(row.split()) for row in panel.locator(".for-list li").all_inner_texts()] == [
        "KOREA … grana +0.50",
        "nicht länger +0.40",
        "‹before› +0.20",
    ]
    assert [" ".join(row.split()) for row in panel.locator(".against-list li").all_inner_texts()] == [
        "nicht −0.30",
        "␣tab −0.10",
    ]
    assert marked(page, "for") == ["Yoon", "Granaten", "nicht", " länger"]
    assert marked(page, "against") == ["nicht", "tab"]
    assert target.get_attribute("aria-expanded") == "true"
    target.click()
    assert panel.is_hidden()
    assert page.locator(".s mark").count() == 0
    assert target.text_content() == "Yoon hält 🙂 Granaten nicht länger für tabu."
    assert target.get_attribute("aria-expanded") == "false"


def test_only_one_sentence_is_open(book, shown):
    page = shown(article_page([inspected(book)], book))
    page.get_by_text("Granaten nicht länger").click()
    page.get_by_text("Am Montag regnete es.").click()
    assert page.locator("#panel h3").inner_text() == "no stance 97%"
    assert page.locator("[aria-expanded=true]").all_inner_texts() == ["Am Montag regnete es."]
    assert page.locator(".s mark").count() == 0
    page.locator(".close").click()
    assert page.locator("#panel").is_hidden()
    assert focused(page) == "Am Montag regnete es."


def test_a_term_pointed_at_shows_where_it_stands(book, shown):
    page = shown(article_page([inspected(book)], book))
    page.get_by_text("Granaten nicht länger").click()
    page.get_by_text("KOREA … grana").hover()
    assert page.locator("mark.here").all_inner_texts() == ["Yoon", "Granaten"]
    page.locator(".for-list button").nth(1).focus()
    assert "".join(page.locator("mark.here").all_inner_texts()) == "nicht länger"
    page.keyboard.press("Escape")
    assert page.locator("mark.here").count() == 0
    assert focused(page) == "Yoon hält 🙂 Granaten nicht länger für tabu."


def test_keys_do_what_clicks_do(book, shown):
    page = shown(article_page([inspected(book)], book))
    stances = list(STANCES)
    for expected in stances[:2]:
        page.keyboard.press("Tab")
        assert focused(page) == expected
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    assert page.locator("#panel h3").inner_text() == "considers 80%"
    page.keyboard.press("ArrowRight")
    assert focused(page) == "Am Montag regnete es."
    assert page.locator("#panel h3").inner_text() == "no stance 97%"
    page.keyboard.press("ArrowDown")
    assert focused(page) == stances[2]
    assert page.locator("#panel h3").inner_text() == "rules out 60%"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
    page.keyboard.press("Escape")
    assert page.locator("#panel").is_hidden()
    page.keyboard.press("ArrowUp")
    assert focused(page) == stances[1]
    assert page.locator("#panel").is_hidden()
    before = page.evaluate("scrollY")
    page.keyboard.press("Space")
    assert page.locator("#panel").is_visible()
    page.keyboard.press("Space")
    assert page.locator("#panel").is_hidden()
    assert page.evaluate("scrollY") == before


def test_arrow_keys_stop_at_the_ends(book, shown):
    page = shown(article_page([inspected(book)], book))
    page.keyboard.press("Tab")
    for key in ("ArrowUp", "ArrowLeft"):
        page.keyboard.press(key)
        assert focused(page) == "Seoul prüft Waffen"
    for _ in range(9):
        page.keyboard.press("ArrowDown")
    assert focused(page) == "Partner kaufen ein."


def test_who_selects_text_opens_nothing(book, shown):
    page = shown(article_page([inspected(book)], book))
    target = page.get_by_text("Am Montag regnete es.")
    target.scroll_into_view_if_needed()
    line = target.evaluate("(s) => s.getClientRects()[0].toJSON()")
    page.mouse.move(line["left"] + 3, line["top"] + 10)
    page.mouse.down()
    page.mouse.move(line["left"] + 60, line["top"] + 10, steps=5)
    page.mouse.up()
    assert page.evaluate("getSelection().toString()").startswith("Am M")
    assert page.locator("#panel").is_hidden()


def test_text_that_contains_markup_stays_text(shown):
    labels = (
        Label("a", f"A {HOSTILE}", HOSTILE, "#0072b2"),
        Label("none", "none", "", "#7a7a7a"),
    )
    book = Codebook(HOSTILE, "de", "none", labels)
    text = f"{HOSTILE}\n\nSeoul sagt: {HOSTILE}."
    stances = dict.fromkeys((text[span.start : span.end] for span in split(text)), ("a", 0.9))
    terms = {found: ((HOSTILE, 0.3, [HOSTILE] if HOSTILE in found else []),) for found in stances}
    article = inspected(book, text, HOSTILE, f"{HOSTILE}.txt", stances, terms)
    for source in (article_page([article], book), article_page([article, article], book)):
        page = shown(source)
        assert page.locator("img, b, main script, main style").count() == 0
        assert HOSTILE in page.locator(".headline").first.inner_text()
        assert HOSTILE in page.locator(".about").first.inner_text()
        assert HOSTILE in page.locator(".masthead").inner_text()
        target = page.locator(".text .s").first
        target.click()
        assert HOSTILE in page.locator("#panel h3").inner_text()
        assert HOSTILE in page.locator("#panel .words").first.inner_text()
        assert page.locator("img, b").count() == 0
    assert page.title() == "2 articles"


def test_control_codes_are_shown_as_such_and_nothing_shifts(book, shown):
    text = "Rot\x1b[31m ist\x00 \u202edie\tWarnung\x9b aus Moskau."
    terms = {text: (("moskau", 0.3, ["Moskau"]),)}
    article = inspected(book, text, "Ti\u202etel\x07 \ud800", "a\udcff\n.txt", {text: ("rules_out", 0.9)}, terms)
    source = article_page([article], book)
    assert source.encode("utf-8")
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", source)
    page = shown(source)
    target = page.locator(".text .s").first
    assert target.inner_text() == "Rot�[31m ist� �die Warnung� aus Moskau."
    target.click()
    assert marked(page, "for") == ["Moskau"]


def test_the_policy_lets_nothing_else_in(book, shown):
    page = shown(article_page([inspected(book)], book))
    blocked = page.evaluate("""async () => {
      const found = [];
      document.addEventListener("securitypolicyviolation", (event) => found.push(event.effectiveDirective));
      const script = document.createElement("script");
      script.textContent = "window.ran = true";
      const image = new Image();
      image.src = "page.png";
      document.body.append(script, image);
      document.body.setAttribute("style", "color: red");
      await fetch("data.json").catch(() => {});
      await new Promise((done) => setTimeout(done, 50));
      return [found.sort(), window.ran === undefined];
    }""")
    assert blocked == [["connect-src", "img-src", "script-src-elem", "style-src-attr"], True]
    assert shown.complaints
    shown.complaints.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("colors", [None, ("#ffff00", "#000000", "#ffffff", "#808080")])
@pytest.mark.parametrize("several", [False, True])
def test_contrast_meets_wcag_aa_whatever_the_codebooks_colours(book, shown, scheme, colors, several):
    if colors:
        labels = tuple(
            Label(label.id, label.title, label.meaning, color) for label, color in zip(book.labels, colors, strict=True)
        )
        book = Codebook(book.name, book.language, book.none, labels)
    page = shown(article_page([inspected(book)] * (1 + several), book), color_scheme=scheme)
    paper = page.locator("html").evaluate("(html) => getComputedStyle(html).backgroundColor")
    assert (int(re.findall(r"\d+", paper)[0]) < 128) == (scheme == "dark")
    checked = page.evaluate(CONTRASTS)
    page.get_by_text("Granaten nicht länger").first.click()
    page.locator(".for-list button").first.hover()
    page.get_by_text("Am Montag regnete es.").first.hover()
    checked += page.evaluate(CONTRASTS)
    page.locator(".for-list button").first.hover()
    checked += page.evaluate(CONTRASTS)
    assert len(checked) > 150
    assert [found for found in checked if found[1] < found[2]] == []


@pytest.mark.parametrize("width", [320, 390, 1000])
def test_nothing_sticks_out_on_a_phone(book, shown, width):
    long = "Kriegswaffenkontrollgesetzesänderungsverordnungsentwurf" * 2
    text = f"{long}\n\n{PAGE}"
    article = inspected(book, text, long, f"archiv/{'sehr-langer-name-' * 8}.txt", STANCES | {long: ("rules_out", 0.9)})
    page = shown(article_page([article, article], book), viewport={"width": width, "height": 700})
    page.locator(".text .s[data-letter]").first.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#panel").bounding_box()["width"] <= width
    below = page.evaluate(
        "document.querySelector('#panel').previousElementSibling.contains(document.querySelector('[aria-expanded=true]'))"
    )
    assert below


def test_in_a_wide_window_the_panel_stands_beside_the_text(book, shown):
    page = shown(article_page([inspected(book)], book))
    before = page.locator(".text").bounding_box()
    page.get_by_text("Partner kaufen ein.").click()
    box, text = page.locator("#panel").bounding_box(), page.locator(".text").bounding_box()
    assert text == before
    assert box["x"] >= text["x"] + text["width"]
    assert box["x"] + box["width"] <= 1440


def test_printed_it_is_dark_on_white_and_says_nothing_of_keys(book, shown):
    page = shown(article_page([inspected(book)] * 2, book), color_scheme="dark")
    page.get_by_text("Granaten nicht länger").first.click()
    page.emulate_media(media="print")
    assert page.locator("html").evaluate("(html) => getComputedStyle(html).backgroundColor") == "rgba(0, 0, 0, 0)"
    assert [found for found in page.evaluate(CONTRASTS) if found[0] != "bar" and found[1] < found[2]] == []
    assert (
        page.locator(".how, .close, .up").evaluate_all("(found) => found.filter((one) => one.checkVisibility())") == []
    )
    breaks = page.locator("article").evaluate_all("(found) => found.map((one) => getComputedStyle(one).breakBefore)")
    assert breaks == ["page", "page"]
    panel = page.locator("#panel")
    assert panel.evaluate("(panel) => getComputedStyle(panel).position") != "fixed"
    tinted = page.locator(".text .s[data-letter]").last
    assert tinted.evaluate("(s) => getComputedStyle(s).printColorAdjust") == "exact"


def test_without_script_the_article_and_its_marks_are_there(book, shown):
    page = shown(article_page([inspected(book)], book), java_script_enabled=False)
    assert page.get_by_text("Granaten nicht länger").get_attribute("title") == "considers 80%"
    assert page.locator("[role=button]").count() == 0
    assert page.locator("#panel").is_hidden()


def test_several_articles_get_an_index(book, shown):
    other = inspected(book, "Kiew wartet auf Waffen.\n\nPartner kaufen ein.", "Kiew", "b.txt")
    page = shown(article_page([inspected(book), other], book))
    assert page.locator("h1").all_inner_texts() == ["2 articles"]
    assert page.locator("h2").all_inner_texts() == ["Seoul prüft Waffen", "Kiew"]
    entries = [" ".join(entry.split()) for entry in page.locator(".index li").all_inner_texts()]
    assert entries == ["Seoul prüft Waffen 2024-10-24 · a.txt considers 70%", "Kiew 2024-10-24 · b.txt considers 70%"]
    page.get_by_role("link", name="Kiew").click()
    assert page.evaluate("document.querySelector(':target').textContent").strip().startswith("2024-10-24 · b.txt")
    page.get_by_text("Partner kaufen ein.").last.click()
    assert page.locator("#panel h3").inner_text() == "defers to allies 40%"
    page.get_by_role("link", name="All articles").last.click()
    assert page.evaluate("document.querySelector(':target').id") == "index"


def test_two_thousand_sentences_ask_for_no_more_work_than_two(book, shown):
    text = "\n\n".join(f"Seoul prüft Antrag Nummer {n}. Am Abend {n} regnete es weiter." for n in range(1000))
    stances = {f"Seoul prüft Antrag Nummer {n}.": ("considers", 0.9) for n in range(1000)}
    terms = {said: (("prüft", 0.4, ["prüft"]), ("seoul … antra", -0.2, ["Seoul", "Antrag"])) for said in stances}
    article = inspected(book, text, None, "a.txt", stances, terms)
    listening = "window.listened = 0; const add = EventTarget.prototype.addEventListener;"
    listening += "EventTarget.prototype.addEventListener = function (...a) { window.listened++; add.apply(this, a); };"
    few = shown(article_page([inspected(book)], book), listening).evaluate("window.listened")
    page = shown(article_page([article], book), listening)
    assert page.locator(".text .s").count() == 2000
    assert page.evaluate("window.listened") == few > 0
    nodes = page.evaluate("document.querySelectorAll('*').length")
    assert nodes < 2000 + 1000 + 250
    changed = page.evaluate("""() => {
      const observer = new MutationObserver(() => {});
      observer.observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
      const counts = [...document.querySelectorAll(".s[data-letter]")].filter((_, n) => n % 100 === 0).map((one) => {
        one.click();
        return observer.takeRecords().length;
      });
      document.querySelector(".close").click();
      return counts;
    }""")
    assert len(changed) == 10
    assert max(changed) < 30
    assert page.evaluate("document.querySelectorAll('*').length") <= nodes + 60


def test_the_command_writes_a_page_that_shows_what_json_tells(haltung, small_folder, articles, shown, tmp_path):
    article = articles / "2023-05-25_granaten-ueber-amerika.md"
    out = tmp_path / "out.html"
    done = haltung("inspect", article, "--html", out, "--model", small_folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"Wrote {out}: 1 article.\n", "")
    told = json.loads(haltung("inspect", article, "-f", "json", "--model", small_folder).stdout)
    page = shown(out.read_text(encoding="utf-8"))
    texts = [" ".join(text.split()) for text in page.locator(".s[id]").all_text_contents()]
    assert texts == [" ".join(found["text"].split()) for found in told["sentences"]]
    place = next(n for n, found in enumerate(told["sentences"]) if found["stance"] != "no_stance" and n > 3)
    page.locator(f"#s{place}").click()
    found = told["sentences"][place]
    shares = [f"{share:.0%}" for share in found["probabilities"].values()]
    assert page.locator("#panel tr .number").all_inner_texts() == shares
    assert page.locator("#panel .term").count() == len(found["terms"])
    assert page.locator(".s mark").count() > 0


def test_the_command_takes_several_articles_and_tells_what_it_could_not_read(haltung, small_folder, articles, tmp_path):
    done = haltung("inspect", articles, tmp_path / "fehlt.txt", "--html", "out.html", "--model", small_folder)
    assert done.returncode == 2
    assert done.stdout == f"Wrote out.html: {len(list(articles.iterdir()))} articles.\n"
    assert len(done.stderr.splitlines()) == 1
    assert "fehlt.txt" in done.stderr
    page = (haltung.here / "out.html").read_text(encoding="utf-8")
    assert page.count('<article id="') == len(list(articles.iterdir()))


@pytest.mark.parametrize(
    ("out", "more", "words"),
    [
        ("a.txt", [], ["a.txt", "one of the articles"]),
        ("nirgends/out.html", [], ["nirgends/out.html", "cannot be written"]),
        (".", [], ["is a folder"]),
        ("out.html", ["--format", "json"], ["out.html", "--format json"]),
    ],
)
def test_what_cannot_be_written_is_one_line(haltung, small_folder, out, more, words):
    (haltung.here / "a.txt").write_text(PAGE, encoding="utf-8")
    done = haltung("inspect", "a.txt", "--html", out, *more, "--model", small_folder)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("haltung: ")
    assert all(word in line for word in words)
    assert [path.name for path in haltung.here.iterdir()] == ["a.txt"]
    assert (haltung.here / "a.txt").read_text(encoding="utf-8") == PAGE
