"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const panel = document.getElementById("panel");
  const found = panel.querySelector(".found");
  const sentences = [...document.querySelectorAll(".s[id]")];
  const place = new Map(sentences.map((sentence, i) => [sentence, i]));
  const steps = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 };
  let open = null;

  for (const sentence of sentences) {
    sentence.setAttribute("role", "button");
    sentence.setAttribute("aria-expanded", "false");
    sentence.setAttribute("aria-controls", "panel");
    reachable(sentence);
  }

  /** Tab goes from stance to stance; the other sentences are reached by the arrow keys. */
  function reachable(sentence) {
    sentence.tabIndex = sentence.classList.contains("silent") ? -1 : 0;
  }

  function element(name, className, ...children) {
    const made = document.createElement(name);
    if (className) made.className = className;
    made.append(...children);
    return made;
  }

  function bar(share) {
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    svg.setAttribute("class", "bar");
    svg.setAttribute("viewBox", "0 0 100 10");
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    const rect = document.createElementNS("http://www.w3.org/2000/svg", "rect");
    rect.setAttribute("width", 100 * share);
    rect.setAttribute("height", 10);
    svg.append(rect);
    return svg;
  }

  const percent = (share) => `${Math.round(100 * share)}%`;
  const signed = (weight) => (weight < 0 ? "−" : "+") + Math.abs(weight).toFixed(2);

  function shares(label, probabilities) {
    const rows = data.labels.map(({ title, letter }, i) => {
      const mark = element("span", "letter", letter);
      mark.setAttribute("aria-hidden", "true");
      const name = element("th", "name", mark, " ", element("span", "", title));
      name.scope = "row";
      const row = element("tr", `l${i}${i === label ? " best" : ""}`, name);
      row.append(element("td", "bar-cell", bar(probabilities[i])), element("td", "number", percent(probabilities[i])));
      return row;
    });
    return element("table", "", element("tbody", "", ...rows));
  }

  function termList(terms, side, most) {
    const items = terms.map(({ term, weight, i }) => {
      const button = element("button", "term", element("span", "words", term), bar(Math.abs(weight) / most));
      button.type = "button";
      button.dataset.term = i;
      button.append(element("span", "number", signed(weight)));
      return element("li", "", button);
    });
    return element("ul", side, ...items);
  }

  function fill(sentence) {
    const { label, probabilities, weight, terms } = data.sentences[place.get(sentence)];
    const { title } = data.labels[label];
    panel.className = `l${label}`;
    document.getElementById("panel-title").textContent = `${title} ${percent(probabilities[label])}`;
    const parts = [shares(label, probabilities)];
    const most = Math.max(...terms.map(([, share]) => Math.abs(share)));
    const numbered = terms.map(([term, weight], i) => ({ term, weight, i }));
    const sides = [["For", "for", (t) => t.weight > 0], ["Against", "against", (t) => t.weight < 0]];
    for (const [name, side, wanted] of sides) {
      const chosen = numbered.filter(wanted);
      if (chosen.length) {
        parts.push(element("h4", "", element("mark", side, name), ` ${title}`), termList(chosen, `${side}-list`, most));
      }
    }
    if (weight) parts.push(element("p", "", `This sentence adds ${signed(weight)} to the log-odds of the article’s verdict.`));
    found.replaceChildren(...parts);
  }

  /** Mark the terms in their sentence: every stretch of text that the same terms cover is one mark. */
  function markTerms(sentence) {
    const letters = Array.from(sentence.textContent); // places count characters, not UTF-16 units
    const { terms } = data.sentences[place.get(sentence)];
    const covering = terms.flatMap(([, weight, places], i) => places.map(([start, end]) => ({ start, end, i, weight })));
    const cuts = [0, letters.length, ...covering.flatMap(({ start, end }) => [start, end])];
    const edges = [...new Set(cuts)].sort((a, b) => a - b);
    const parts = edges.slice(0, -1).map((start, n) => {
      const text = letters.slice(start, edges[n + 1]).join("");
      const here = covering.filter((term) => term.start <= start && start < term.end);
      if (!here.length) return text;
      const mark = element("mark", "", text);
      mark.classList.toggle("for", here.some((term) => term.weight > 0));
      mark.classList.toggle("against", here.some((term) => term.weight < 0));
      mark.dataset.terms = ` ${here.map((term) => term.i).join(" ")} `;
      return mark;
    });
    sentence.replaceChildren(...parts);
  }

  function close() {
    if (!open) return;
    open.setAttribute("aria-expanded", "false");
    open.textContent = open.textContent; // the marks go
    panel.hidden = true;
    open = null;
  }

  function show(sentence) {
    close();
    fill(sentence);
    markTerms(sentence);
    sentence.setAttribute("aria-expanded", "true");
    sentence.closest("p, .headline").after(panel);
    panel.hidden = false;
    open = sentence;
  }

  function toggle(sentence) {
    if (open === sentence) close();
    else show(sentence);
  }

  function walk(from, key) {
    const stanceOnly = key === "ArrowDown" || key === "ArrowUp";
    let i = place.get(from) + steps[key];
    while (sentences[i] && stanceOnly && sentences[i].classList.contains("silent")) i += steps[key];
    if (!sentences[i]) return;
    if (open) show(sentences[i]);
    sentences[i].focus();
  }

  function point(event) {
    if (!open) return;
    const term = event.type === "focusout" ? null : event.target.closest(".term");
    for (const mark of open.querySelectorAll("mark")) {
      mark.classList.toggle("here", Boolean(term) && mark.dataset.terms.includes(` ${term.dataset.term} `));
    }
  }

  function leave() {
    const sentence = open;
    close();
    sentence.focus();
  }

  document.addEventListener("click", (event) => {
    if (event.target.closest(".close")) leave();
    const sentence = event.target.closest(".s[id]");
    if (!sentence || !getSelection().isCollapsed) return; // who selects text wants to copy it
    toggle(sentence);
    sentence.focus({ preventScroll: true });
  });

  document.addEventListener("mousedown", (event) => {
    const sentence = event.target.closest(".s[id]");
    if (!sentence) return;
    // a press that gives focus would drop a selection that begins with the sentence's first letter
    sentence.removeAttribute("tabindex");
    setTimeout(reachable, 0, sentence);
  });

  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    if (event.key === "Escape" && open) leave();
    const sentence = event.target.closest(".s[id]");
    if (!sentence) return;
    if (event.key === "Enter" || event.key === " ") toggle(sentence);
    else if (event.key in steps) walk(sentence, event.key);
    else return;
    event.preventDefault();
  });

  for (const type of ["pointerover", "pointerleave", "focusin", "focusout"]) panel.addEventListener(type, point);
})();
