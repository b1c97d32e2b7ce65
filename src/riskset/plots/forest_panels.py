"""Forest plots of several estimates side by side: a row for each analysis, a panel for each estimate, one axis for all."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, isfinite
from typing import Final

from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from riskset.plots.forest import COLUMN_GAP, MARGIN, TICK_ROOM, ForestRow, draw_row, limits_shown
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
    ratio_ticks,
    series,
    text_width,
    tick_label,
    wrap,
)

LEAST_PANEL: Final = 18.0  # mm; where they would be narrower, panels go on below each other
LABELS: Final = 0.30  # of the width, at most
GAP: Final = 4.5  # mm; the outermost labels of two axes stand in it


@dataclass(frozen=True)
class PanelRow:
    """One analysis.

    Attributes
    ----------
    label : str
        What it is called.
    points : sequence of ForestRow or None
        Its estimates, panel by panel; None where it has none of that kind, an estimate of None where it could not be
        found.
    main : bool
        The analysis that the others are compared with.
    """

    label: str
    points: Sequence[ForestRow | None]
    main: bool = False


def forest_panels_figure(
    panels: Sequence[str],
    rows: Sequence[PanelRow],
    *,
    marks: Sequence[float | None] = (),
    label_header: str = "",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw several estimates of each analysis beside each other, on one log axis.

    Parameters
    ----------
    panels : sequence of str
        Titles of the panels.
    rows : sequence of PanelRow
        From top to bottom.
    marks : sequence of float or None, optional
        Per panel where a dashed line runs: the estimate to compare with.
    label_header : str
        Header of the labels.
    width : float
        Printed width in millimetres. Where the panels do not fit side by side they are set in several bands.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> rows = [PanelRow("The plan", [ForestRow("", 1.2, 0.7, 2.1), ForestRow("", 0.7, 0.4, 1.3)], main=True),
    ...         PanelRow("Lag of 30 days", [ForestRow("", 1.1, 0.6, 2.0), None])]
    >>> figure = forest_panels_figure(["naive", "user"], rows, marks=[1.2, 0.7])
    >>> len(figure.axes)
    2
    """
    widest = max(text_width(r.label, BODY, bold=r.main) for r in rows)
    label_column = min(max(widest, text_width(label_header, BODY, bold=True)), LABELS * width) + 0.5
    room = width - 2 * MARGIN - label_column - COLUMN_GAP
    # no panel so narrow that a word of its title is broken, as far as the figure allows
    words = max((text_width(w, BODY, bold=True) for title in panels for w in title.split()), default=0.0)
    least = min(max(LEAST_PANEL, words + 1.5), room)
    abreast = max(1, min(len(panels), int((room + GAP) // (least + GAP))))
    n_bands = ceil(len(panels) / abreast)
    abreast = ceil(len(panels) / n_bands)  # bands of about as many panels
    panel_width = (room - GAP * (abreast - 1)) / abreast
    labels = [wrap(r.label, label_column, BODY, bold=r.main) for r in rows]
    heights = [1.2 + block_height(text) for text in labels]
    titles = [wrap(t, panel_width - 1.0, BODY, bold=True) for t in panels]
    bands = [range(k, min(k + abreast, len(panels))) for k in range(0, len(panels), abreast)]
    heads = [max(block_height(titles[j]) for j in band) + 1.0 for band in bands]
    foot = 2.5 + line_height(SMALL)
    body = sum(heights) + 1.0
    between = 3.0
    whole = 2 * MARGIN + sum(heads) + n_bands * (body + foot) + between * (n_bands - 1)
    sheet = Sheet.blank(width, whole)
    low, high = limits_shown([p for r in rows for p in r.points if p is not None])
    ticks = ratio_ticks(low, high, most=5, least=TICK_ROOM / panel_width)
    top = MARGIN
    for band, head in zip(bands, heads, strict=True):
        under = top + head - 1.0
        sheet.block(MARGIN, under - line_height(BODY), label_header, bold=True)
        sheet.line([MARGIN, width - MARGIN], [top + head - 0.4, top + head - 0.4], color=INK)
        _labels(sheet, rows, labels, heights, top + head, width)
        for place, j in enumerate(band):
            left = MARGIN + label_column + COLUMN_GAP + place * (panel_width + GAP)
            sheet.block(
                left + panel_width / 2, under - block_height(titles[j]), titles[j], bold=True, align="center"
            )
            axes = sheet.axes(left, top + head, panel_width, body)
            axes.set_xscale("log")
            axes.minorticks_off()
            axes.set_xlim(low, high)
            axes.set_ylim(body, 0.0)
            axes.set_xticks(ticks, [tick_label(t) for t in ticks])
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.plot([1.0, 1.0], [0.5, body], color=MUTED, linewidth=0.7, solid_capstyle="butt", zorder=1)
            mark = marks[j] if j < len(marks) else None
            if mark is not None and isfinite(mark) and low <= mark <= high:
                dashes = (0, (2.5, 1.8))
                axes.plot(
                    [mark, mark],
                    [0.5, body],
                    color=series(1).color,
                    linewidth=0.7,
                    linestyle=dashes,
                    zorder=1,
                )
            y = 0.5
            for row, height in zip(rows, heights, strict=True):
                point = row.points[j]
                middle = y + 0.6 + line_height(BODY) * 0.5
                if point is not None and point.estimate is not None:
                    draw_row(axes, point, middle, (low, high))
                elif point is not None:  # asked for and not to be had
                    sheet.block(
                        left + panel_width, top + head + y + 0.6, "\u2013", align="right", color=MUTED
                    )
                y += height
        top += head + body + foot + between
    return sheet.figure


def _labels(
    sheet: Sheet,
    rows: Sequence[PanelRow],
    labels: Sequence[str],
    heights: Sequence[float],
    top: float,
    width: float,
) -> None:
    """Write the labels of one band, over shades that lead the eye from every second of them to its estimates."""
    y = 0.5
    for k, (row, label, height) in enumerate(zip(rows, labels, heights, strict=True)):
        if k % 2:
            band = Rectangle(
                (MARGIN, top + y), width - 2 * MARGIN, height, facecolor=SHADE, linewidth=0, zorder=-1,
                transform=sheet.millimetres(),
            )  # fmt: skip
            sheet.figure.add_artist(band)
        sheet.block(MARGIN, top + y + 0.6, label, bold=row.main)
        y += height
