"""The flow of patients: who was screened, who left and why, who was followed and until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Polygon, Rectangle

from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    INK,
    MUTED,
    SHADE,
    SMALL,
    Sheet,
    block_height,
    line_height,
    wrap,
)

MASKED: Final = "masked"
MARGIN: Final = 2.0
PAD: Final = 1.8
GAP: Final = 3.4  # vertical room around an exclusion; the arrow between boxes is twice that and the side box
MOST: Final = 130.0  # wider boxes only make the lines of text harder to read
SPLIT: Final = 0.52


@dataclass(frozen=True)
class FlowExclusion:
    """One exclusion: the reason in words and how many left by it."""

    label: str
    n: int | None


@dataclass(frozen=True)
class FlowEnd:
    """One way in which follow-up ended, with its count."""

    label: str
    n: int | None


def flow_figure(
    screened: int | None,
    exclusions: Sequence[FlowExclusion],
    included: int | None,
    ends: Sequence[FlowEnd] = (),
    *,
    screened_label: str = "Screened",
    included_label: str = "Included",
    ends_label: str = "End of follow-up",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw the flow of patients: boxes down the middle, exclusions at the side.

    Parameters
    ----------
    screened : int or None
        Persons at the start; None is masked, as in every count here.
    exclusions : sequence of FlowExclusion
        In the order in which the rules were applied.
    included : int or None
        Persons who remain.
    ends : sequence of FlowEnd
        How follow-up ended; left out if empty.
    screened_label, included_label, ends_label : str
        Headings of the boxes.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> figure = flow_figure(120, [FlowExclusion("Under 18 years", 20)], 100, [FlowEnd("Death", 40)])
    >>> [text.get_text() for text in figure.texts][:2]
    ['Screened', 'n = 120']
    """
    across = min(width, MOST) - 2 * MARGIN
    left = (width - across) / 2
    main = SPLIT * across
    side_left = left + main
    side = across - main
    box_middle = left + main / 2
    top_text = wrap(f"{screened_label}\nn = {_count(screened)}", main - 2 * PAD, BODY)
    notes = [wrap(f"{e.label}\nn = {_count(e.n)}", side - 2 * PAD, SMALL) for e in exclusions]
    in_text = wrap(f"{included_label}\nn = {_count(included)}", main - 2 * PAD, BODY, bold=True)
    end_lines = [wrap(e.label, main - 2 * PAD - 14.0, SMALL) for e in ends]

    def tall(text: str, size: float) -> float:
        return block_height(text, size) + 2 * PAD

    ends_height = (
        line_height(BODY) + sum(line_height(SMALL) * (t.count("\n") + 1) for t in end_lines) + 2 * PAD
        if ends
        else 0.0
    )
    height = 2 * MARGIN + tall(top_text, BODY) + tall(in_text, BODY) + 2 * GAP
    height += sum(tall(n, SMALL) + GAP for n in notes) + (2 * GAP + ends_height if ends else 0.0)
    sheet = Sheet.blank(width, height)

    y = MARGIN
    _box(sheet, left, y, main, tall(top_text, BODY), top_text, BODY)
    y += tall(top_text, BODY)
    stem_top = y
    y += GAP
    for note in notes:
        box = tall(note, SMALL)
        _box(sheet, side_left, y, side, box, note, SMALL, shade=True)
        _arrow(sheet, (box_middle, y + box / 2), (side_left, y + box / 2))
        y += box + GAP
    y += GAP
    _arrow(sheet, (box_middle, stem_top), (box_middle, y))
    _box(sheet, left, y, main, tall(in_text, BODY), in_text, BODY, bold=True)
    y += tall(in_text, BODY)
    if ends:
        _arrow(sheet, (box_middle, y), (box_middle, y + 2 * GAP))
        y += 2 * GAP
        _frame(sheet, left, y, main, ends_height, shade=False)
        line = y + PAD
        sheet.block(left + PAD, line, ends_label)
        line += line_height(BODY)
        for end, text in zip(ends, end_lines, strict=True):
            sheet.block(left + PAD, line, text, size=SMALL, color=MUTED)
            sheet.block(left + main - PAD, line, f"n = {_count(end.n)}", size=SMALL, align="right")
            line += block_height(text, SMALL)
    return sheet.figure


def _count(n: int | None) -> str:
    return MASKED if n is None else f"{n:,}"


def _frame(sheet: Sheet, x: float, y: float, width: float, height: float, *, shade: bool) -> None:
    sheet.figure.add_artist(
        Rectangle(
            (x, y),
            width,
            height,
            transform=sheet.millimetres(),
            facecolor=SHADE if shade else "white",
            edgecolor=MUTED,
            linewidth=0.7,
        )
    )


def _box(
    sheet: Sheet, x: float, y: float, width: float, height: float, text: str, size: float, *,
    bold: bool = False, shade: bool = False,
) -> None:  # fmt: skip
    _frame(sheet, x, y, width, height, shade=shade)
    at, align = (x + PAD, "left") if shade else (x + width / 2, "center")
    sheet.block(at, y + PAD, text, size=size, align=align, bold=bold)


def _arrow(sheet: Sheet, start: tuple[float, float], end: tuple[float, float]) -> None:
    """Draw a thin line with a small head, in millimetres so that the head keeps its shape."""
    sheet.line([start[0], end[0]], [start[1], end[1]], color=INK, width=0.7)
    (x0, y0), (x1, y1) = start, end
    length = ((x1 - x0) ** 2 + (y1 - y0) ** 2) ** 0.5
    dx, dy = (x1 - x0) / length, (y1 - y0) / length
    tip, base, half = np.array([x1, y1]), np.array([x1 - 1.8 * dx, y1 - 1.8 * dy]), 0.8 * np.array([-dy, dx])
    sheet.figure.add_artist(
        Polygon([tip, base + half, base - half], color=INK, linewidth=0, transform=sheet.millimetres())
    )
