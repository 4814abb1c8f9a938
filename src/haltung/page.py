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


def _color_style(codebook: Codebook) -> str:
    def variables(page: str, panel: str) -> str:
        labels = enumerate(codebook.labels)
        colors = "".join(f" --label-{place}: {legible(label.color, [page, panel])};" for place, label in labels)
        return f":root {{ --page: {page}; --wash: {panel};{colors} }}"

    classes = "\n".join(f".label-{place} {{ --label: var(--label-{place}); }}" for place in range(len(codebook.labels)))
    dark = f"@media screen and (prefers-color-scheme: dark) {{ {variables(*_DARK)} }}"
    return f"{variables(*_LIGHT)}\n{dark}\n{classes}"


def _hash(text: str) -> str:
    return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"


def _part(name: str) -> str:
    return (_FOLDER / name).read_text(encoding="utf-8")
