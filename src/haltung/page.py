"""Self-contained pages: one HTML file with style, script and data inside, which asks the network for nothing."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from pathlib import Path
from string import Template
from typing import Any

from haltung.codebook import Codebook

_FOLDER = Path(__file__).parent / "pages"
_LIGHT, _DARK = ("#fcfcfa", "#f1f0eb"), ("#17191d", "#202329")  # the page, and a panel on it
_CONTRAST = 4.6  # to the panel, which is the nearer one to the text; WCAG 2.2 AA asks 4.5 of text


def page(name: str, title: str, body: str, data: Any, codebook: Codebook) -> str:  # noqa: ANN401 (any JSON)
    """Return the page `name` (its .html, .css and .js lie in `pages/`) with `body`, which is HTML, and `data`.

    The style knows the labels' colours as `--label-0` …, in the codebook's order, and the backgrounds as `--page` and
    `--wash`. A Content-Security-Policy lets nothing but this style and this script work.
    """
    style = f"{_color_style(codebook)}\n{_part(f'{name}.css')}"
    script = _part(f"{name}.js")
    policy = (
        f"default-src 'none'; style-src {_hash(style)}; script-src {_hash(script)}; base-uri 'none'; form-action 'none'"
    )
    return Template(_part(f"{name}.html")).substitute(
        policy=escape(policy),
        title=escape(title),
        style=style,
        body=body,
        data=json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        script=script,
    )


def readable(color: str, background: str) -> str:
    """Return `color` (`#rrggbb`), darker or lighter as far as it must be to be read on `background`."""
    target = 0 if luminance(background) > 0.2 else 255
    channels = _channels(color)
    for step in range(101):
        mixed = [round(channel + (target - channel) * step / 100) for channel in channels]
        found = "#" + "".join(f"{channel:02x}" for channel in mixed)
        if contrast(found, background) >= _CONTRAST:
            return found
    return found


def contrast(first: str, second: str) -> float:
    """Return the contrast ratio of two colours, 1 to 21 (WCAG 2.2)."""
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


def luminance(color: str) -> float:
    """Return the relative luminance of a colour, 0 to 1 (WCAG 2.2)."""
    linear = [
        value / 12.92 if (value := channel / 255) <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        for channel in _channels(color)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _color_style(codebook: Codebook) -> str:
    def variables(page: str, panel: str) -> str:
        labels = enumerate(codebook.labels)
        colors = "".join(f" --label-{place}: {readable(label.color, panel)};" for place, label in labels)
        return f":root {{ --page: {page}; --wash: {panel};{colors} }}"

    classes = "\n".join(f".label-{place} {{ --label: var(--label-{place}); }}" for place in range(len(codebook.labels)))
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {variables(*_DARK)} }}"
    return f"{variables(*_LIGHT)}\n{dark}\n{classes}"


def _channels(color: str) -> list[int]:
    return [int(color[i : i + 2], 16) for i in (1, 3, 5)]


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
