"""A key under a figure: small samples of what is drawn, each with its words, set in lines."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from matplotlib.patches import Rectangle

from riskset.plots.style import ASCENT, INK, MUTED, SMALL, Sheet, line_height, text_width

SAMPLE: Final = 6.0  # mm
GAP: Final = 1.2  # between sample and words
APART: Final = 4.0  # between items
DOTS: Final = (0, (1.0, 1.5))
"""Dashes of the edges of a simultaneous band."""


@dataclass(frozen=True)
class KeyItem:
    """One entry of a key: what its sample shows, and its words."""

    sample: Literal["band", "dotted", "step"]
    text: str


def key_height(items: Sequence[KeyItem], width: float) -> float:
    """Height of a key within ``width`` millimetres; 0 for none."""
    return len(_lines(items, width)) * line_height(SMALL) + 1.0 if items else 0.0


def draw_key(sheet: Sheet, items: Sequence[KeyItem], left: float, top: float, width: float) -> None:
    """Draw a key from ``top`` downwards."""
    for n, line in enumerate(_lines(items, width)):
        x = left
        middle = top + (n + 0.5) * line_height(SMALL)
        for item in line:
            _sample(sheet, item, x, middle)
            y = top + (n + ASCENT) * line_height(SMALL)
            sheet.text(x + SAMPLE + GAP, y, item.text, size=SMALL, color=INK)
            x += _room(item) + APART


def _sample(sheet: Sheet, item: KeyItem, x: float, y: float) -> None:
    if item.sample == "band":
        half = 0.9
        box = Rectangle(
            (x / sheet.width, 1.0 - (y + half) / sheet.height),
            SAMPLE / sheet.width,
            2 * half / sheet.height,
            transform=sheet.figure.transFigure,
            facecolor=MUTED,
            alpha=0.28,
            linewidth=0,
        )
        sheet.figure.add_artist(box)
        return
    if item.sample == "dotted":
        sheet.line([x, x + SAMPLE], [y, y], color=MUTED, width=0.9, dashes=DOTS)
        return
    sheet.line([x, x + SAMPLE], [y, y], color=INK, width=1.6)
    sheet.line([x + SAMPLE / 2] * 2, [y - 1.0, y + 1.0], color=INK, width=0.7)


def _room(item: KeyItem) -> float:
    return SAMPLE + GAP + text_width(item.text, SMALL)


def _lines(items: Sequence[KeyItem], width: float) -> list[list[KeyItem]]:
    lines: list[list[KeyItem]] = []
    used = 0.0
    for item in items:
        room = _room(item)
        if lines and used + APART + room <= width:
            lines[-1].append(item)
            used += APART + room
        else:
            lines.append([item])
            used = room
    return lines
