"""Colours that can be read: contrast after WCAG 2.2, and a codebook's colours brought to it."""

from __future__ import annotations

from collections.abc import Sequence

READABLE = 4.5  # the least contrast of text, WCAG 2.2 success criterion 1.4.3 (AA)
_STEP = 0.02


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours (`#rrggbb`), 1 to 21, as WCAG 2.2 defines it.

    >>> round(contrast("#ffffff", "#000000"), 6)
    21.0
    """
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def mixed(color: str, ground: str, share: float) -> str:
    """Return `ground` with a share (0 to 1) of `color` in it.

    >>> mixed("#ff0000", "#000000", 0.5)
    '#800000'
    """
    parts = (round(share * a + (1 - share) * b) for a, b in zip(_parts(color), _parts(ground), strict=True))
    return "#" + "".join(f"{part:02x}" for part in parts)


def legible(color: str, grounds: Sequence[str]) -> str:
    """Return `color`, darkened or brightened as little as makes it readable on all `grounds`."""
    end = max("#000000", "#ffffff", key=lambda end: min(contrast(end, ground) for ground in grounds))
    share = 0.0
    while True:
        found = mixed(end, color, min(share, 1.0))
        if share >= 1.0 or min(contrast(found, ground) for ground in grounds) >= READABLE:
            return found
        share += _STEP


def tint(color: str, paper: str, ink: str, most: float) -> str:
    """Return `paper` with as much of `color`, at most a share of `most`, as leaves `ink` readable on it."""
    share = most
    while share > 0 and contrast(ink, mixed(color, paper, share)) < READABLE:
        share -= _STEP
    return mixed(color, paper, max(share, 0.0))


def _luminance(color: str) -> float:
    """Return the relative luminance of an sRGB colour."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (value / 255 for value in _parts(color))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _parts(color: str) -> tuple[int, int, int]:
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
