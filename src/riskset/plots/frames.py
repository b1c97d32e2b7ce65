"""Frames that several figures share: a grid of small panels, and the axes of curves over time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil
from typing import Final

from matplotlib.axes import Axes

from riskset.plots.style import (
    BODY,
    MUTED,
    SINGLE_COLUMN,
    SMALL,
    Sheet,
    block_height,
    line_height,
    series,
    spread,
    tick_label,
    wrap,
)

MARGIN: Final = 2.0
GUTTER: Final = 7.0  # between the columns of a grid


@dataclass(frozen=True)
class Grid:
    """A sheet with places for small panels, each under its label and note.

    Attributes
    ----------
    sheet : Sheet
        With the labels, the notes and the label of the vertical axes.
    places : tuple of (left, top)
        Corner of each panel's frame, in millimetres.
    panel_width : float
        Width of each frame.
    left, right, bottom : float
        Millimetres beside the grid, and where it ends.
    """

    sheet: Sheet
    places: tuple[tuple[float, float], ...]
    panel_width: float
    left: float
    right: float
    bottom: float


def panel_grid(
    labels: Sequence[str],
    notes: Sequence[str],
    *,
    y_label: str,
    left: float,
    right: float,
    axis: float,
    panel_height: float,
    foot: float,
    key: str,
    above_key: float = 0.0,
    width: float,
) -> Grid:
    """Lay out small panels in one or two columns, and what is written around them.

    Parameters
    ----------
    labels, notes : sequence of str
        What stands above each panel.
    y_label : str
        Label of all vertical axes, set once.
    left, right : float
        Room beside the grid, in millimetres; the label of the vertical axes stands in that on the left.
    axis : float
        Room for the numbers of a vertical axis.
    panel_height, foot : float
        Height of a panel's frame and of what stands under it.
    key : str
        What the signs mean, written under the grid.
    above_key : float
        Room between the grid and the key.
    width : float
        Printed width.

    Returns
    -------
    Grid

    Examples
    --------
    >>> grid = panel_grid(["age", "sex"], ["", ""], y_label="y", left=6.0, right=3.0, axis=8.0, panel_height=30.0,
    ...                   foot=7.0, key="Dots: means.", width=175.0)
    >>> len(grid.places), grid.places[0][1] == grid.places[1][1]
    (2, True)
    """
    columns = 1 if width < 1.4 * SINGLE_COLUMN or len(labels) == 1 else 2
    n_rows = ceil(len(labels) / columns)
    room = (width - left - right - (columns - 1) * GUTTER) / columns
    panel_width = room - axis
    heads = [wrap(label, panel_width, BODY, bold=True) for label in labels]
    told = [wrap(note, panel_width, SMALL) for note in notes]
    head = max(block_height(h) + block_height(n, SMALL) for h, n in zip(heads, told, strict=True)) + 2.0
    pitch = head + panel_height + foot
    written = wrap(key, width - left - right, SMALL)
    bottom = MARGIN + n_rows * pitch
    sheet = Sheet.blank(width, bottom + above_key + block_height(written, SMALL) + MARGIN)
    places: list[tuple[float, float]] = []
    for k in range(len(labels)):
        x0 = left + (k % columns) * (room + GUTTER) + axis
        top = MARGIN + (k // columns) * pitch
        sheet.block(x0, top, heads[k], bold=True)
        sheet.block(x0, top + block_height(heads[k]), told[k], size=SMALL, color=MUTED)
        places.append((x0, top + head))
    middle = MARGIN + n_rows * pitch / 2
    sheet.text(MARGIN + line_height(BODY) * 0.75, middle, y_label, align="center", rotation=90)
    sheet.block(left, bottom + above_key, written, size=SMALL, color=MUTED)
    return Grid(sheet, tuple(places), panel_width, left, right, bottom)


def time_axes(
    sheet: Sheet,
    left: float,
    top: float,
    width: float,
    height: float,
    *,
    ticks: Sequence[float],
    y_ticks: Sequence[float],
    y_end: float,
    x_label: str,
    y_label: str,
    axis_width: float,
) -> Axes:
    """Place the axes of curves over time, from the first tick to the last and from 0 to ``y_end``, with their labels.

    Parameters
    ----------
    sheet : Sheet
    left, top, width, height : float
        The frame, in millimetres.
    ticks, y_ticks : sequence of float
    y_end : float
    x_label, y_label : str
    axis_width : float
        Room that the numbers and the label of the vertical axis take.

    Returns
    -------
    matplotlib.axes.Axes

    Examples
    --------
    >>> axes = time_axes(Sheet.blank(85.0, 60.0), 15.0, 3.0, 65.0, 40.0, ticks=[0.0, 1.0], y_ticks=[0.0, 100.0],
    ...                  y_end=100.0, x_label="Years", y_label="Survival (%)", axis_width=12.0)
    >>> tuple(float(v) for v in axes.get_xlim())
    (0.0, 1.0)
    """
    axes = sheet.axes(left, top, width, height)
    axes.set_xlim(float(ticks[0]), float(ticks[-1]))
    axes.set_ylim(0.0, y_end)
    axes.set_yticks(list(y_ticks), [tick_label(t) for t in y_ticks])
    axes.set_xticks(list(ticks), [tick_label(t) for t in ticks])
    axes.spines["left"].set_position(("outward", 2))
    axes.spines["bottom"].set_position(("outward", 2))
    beside = left - axis_width + line_height(BODY) * 0.75
    sheet.text(beside, top + height / 2, y_label, align="center", rotation=90)
    sheet.block(left + width / 2, top + height + 3.0 + line_height(SMALL), x_label, align="center")
    return axes


def name_curves(
    sheet: Sheet, x: float, top: float, room: float, names: Sequence[str], wanted: Sequence[float]
) -> None:
    """Write names at the ends of curves, moved apart where they would overlap.

    Parameters
    ----------
    sheet : Sheet
    x : float
        Where the names begin, in millimetres.
    top, room : float
        The frame's upper edge and its height.
    names : sequence of str
        In the order of the curves, broken into lines.
    wanted : sequence of float
        Millimetres from the frame's upper edge to the end of each curve.

    Examples
    --------
    >>> name_curves(Sheet.blank(85.0, 60.0), 70.0, 3.0, 40.0, ["naive", "user"], [10.0, 11.0])
    """
    heights = [block_height(n) for n in names]
    for k, y in enumerate(spread(wanted, heights, room)):
        sheet.block(x, top + y - heights[k] / 2, names[k], bold=True, color=series(k).text)
