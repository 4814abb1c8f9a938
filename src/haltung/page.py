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
from haltung.contrast import legible

_FOLDER = Path(__file__).parent / "pages"
_LIGHT, _DARK = ("#fcfcfa", "#f1f0eb"), ("#17191d", "#202329")  # the page, and a panel on it


def page(name: str, title: str, body: str, data: Any, codebook: Codebook) -> str:  # noqa: ANN401 (any JSON)
    """Return the page `name` (its .html, .css and .js lie in `pages/`) with `body`, which is HTML, and `data`.

    The style knows the labels' colours as `--label-0` …, in the codebook's order, and the backgrounds as `--page` and
    `--wash`. A Content-Security-Policy lets nothing but this style and this script work.
    """
    style = f"{_color_style(codebook)}\n{part(f'{name}.css')}"
    script = part(f"{name}.js")
    return Template(part(f"{name}.html")).substitute(
        style_hash=policy_hash(style),
        script_hash=policy_hash(script),
        title=escape(title),
        style=style,
        body=body,
        data=json.dumps(data, ensure_ascii=False).replace("<", "\\u003c"),
        script=script,
    )


def _color_style(codebook: Codebook) -> str:
    def variables(page: str, panel: str) -> str:
        labels = enumerate(codebook.labels)
        colors = "".join(f" --label-{place}: {legible(label.color, [page, panel])};" for place, label in labels)
        return f":root {{ --page: {page}; --wash: {panel};{colors} }}"

    classes = "\n".join(f".label-{place} {{ --label: var(--label-{place}); }}" for place in range(len(codebook.labels)))
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {variables(*_DARK)} }}"
    return f"{variables(*_LIGHT)}\n{dark}\n{classes}"


def policy_hash(source: str) -> str:
    """Return a script's or style's hash as the Content-Security-Policy names it."""
    return f"sha256-{base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()}"


def part(name: str) -> str:
    """Return a file of `pages/`."""
    return (_FOLDER / name).read_text(encoding="utf-8")
