"use strict";
const data = JSON.parse(document.getElementById("data").textContent);

function element(name, text, className = "") {
  const made = document.createElement(name);
  made.textContent = text;
  made.className = className;
  return made;
}

function show(detail, period) {
  const shares = document.createElement("ul");
  for (const share of period.shares) {
    const item = element("li", "");
    item.append(element("span", share.title, `label label-${share.place}`), ` ${share.text}`);
    shares.append(item);
  }
  const head = element("p", "");
  head.append(element("b", period.name), period.about);
  detail.replaceChildren(head, shares);
  if (period.sentence) {
    const quote = element("blockquote", period.sentence.text);
    quote.lang = data.language;
    quote.append(element("footer", period.sentence.about));
    detail.append(quote);
  }
}

for (const [number, figure] of document.querySelectorAll("figure.chart").entries()) {
  const detail = figure.nextElementSibling;
  const periods = [...figure.querySelectorAll(".period")];
  let chosen = 0;

  function choose(place, focus) {
    periods[chosen].setAttribute("aria-selected", "false");
    periods[chosen].tabIndex = -1;
    chosen = Math.max(0, Math.min(periods.length - 1, place));
    periods[chosen].setAttribute("aria-selected", "true");
    periods[chosen].tabIndex = 0;
    if (focus) periods[chosen].focus();
    show(detail, data.curves[number][chosen]);
  }

  const places = { ArrowLeft: () => chosen - 1, ArrowRight: () => chosen + 1, Home: () => 0, End: () => periods.length - 1 };
  figure.addEventListener("keydown", (event) => {
    if (!(event.key in places)) return;
    event.preventDefault();
    choose(places[event.key](), true);
  });
  figure.addEventListener("focusin", (event) => choose(periods.indexOf(event.target), false));
  figure.addEventListener("pointerover", (event) => {
    const place = periods.indexOf(event.target);
    if (place >= 0) choose(place, false);
  });
  choose(periods.length - 1, false);
}
