"""Probabilities of several states stacked to 1 over time, each named in its own band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray

from riskset.plots.frames import MARGIN, name_curves, time_axes
from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    MUTED,
    SINGLE_COLUMN,
    SMALL,
    Sheet,
    line_height,
    series,
    text_width,
    tick_label,
    wrap,
)
from riskset.plots.words import IN_THE_STATE

Floats = NDArray[np.float64]

SWATCH: Final = 4.0
LABEL_SHARE: Final = 0.24
TINT: Final = 0.45  # how much of a state's hue fills its band; small type stays legible on the rest
PANEL: Final = 0.5


@dataclass(frozen=True, eq=False)
class StateBand:
    """One state of a stack.

    Attributes
    ----------
    label : str
        Name of the state.
    probability : ndarray (n,)
        Probability after each time.
    at_risk : sequence of int
        Numbers in the state at the ticks; empty for a state that nobody leaves.
    start : float
        Probability before the first time.
    """

    label: str
    probability: Floats
    at_risk: Sequence[float]
    start: float


def states_figure(
    time: Floats,
    bands: Sequence[StateBand],
    *,
    ticks: Sequence[float],
    x_label: str = "Years since index",
    y_label: str = "Probability (%)",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw the probabilities of all states as a stack, the first at the bottom.

    Parameters
    ----------
    time : ndarray (n,)
        Times at which they change, in the unit of the axis.
    bands : sequence of StateBand
        One per state; they sum to 1.
    ticks : sequence of float
        Times that get a tick and numbers; the axis runs from the first to the last.
    x_label, y_label : str
        Labels of the axes, unit of time included.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> time = np.array([1.0, 2.0])
    >>> well = StateBand("Well", np.array([0.7, 0.4]), [9, 6, 2], 1.0)
    >>> dead = StateBand("Dead", np.array([0.3, 0.6]), [], 0.0)
    >>> figure = states_figure(time, [well, dead], ticks=[0.0, 1.0, 2.0])
    """
    begin, end = float(ticks[0]), float(ticks[-1])
    inside = time <= end
    at = np.concatenate([[begin], time[inside], [end]])
    levels = np.stack([np.concatenate([[b.start], b.probability[inside]]) for b in bands])
    levels = np.concatenate([levels, levels[:, -1:]], axis=1)
    edges = np.concatenate([np.zeros((1, at.size)), np.minimum(np.cumsum(levels, axis=0), 1.0)])

    numbers = [[f"{n:,.0f}" for n in b.at_risk] for b in bands]
    occupied = [row for row in numbers if row]
    direct = width > 1.4 * SINGLE_COLUMN
    names = [wrap(b.label, LABEL_SHARE * width, BODY, bold=True) for b in bands]
    label_width = max(SWATCH + 1.2 + text_width(b.label, SMALL) for b in bands)
    own_line = label_width > (0.6 if direct else 1.0) * LABEL_SHARE * width
    half_first = max((text_width(row[0], SMALL) for row in occupied), default=0.0) / 2
    half_last = max((text_width(row[-1], SMALL) for row in occupied), default=0.0) / 2
    axis_width = line_height(BODY) + 1.5 + text_width("100", SMALL) + 2.5
    left = MARGIN + max(axis_width, 0.0 if own_line else label_width + 2.5 + half_first)
    tail = max(text_width(n, BODY, bold=True) for n in names) + 2.0 if direct else 0.0
    right = MARGIN + max(tail, half_last, text_width(tick_label(end), SMALL) / 2)
    panel_width, panel_height = width - left - right, max(44.0, PANEL * min(width, 140.0))
    above = MARGIN + line_height(SMALL) / 2
    table_top = above + panel_height + 3.0 + line_height(SMALL) + line_height(BODY) + 2.0
    row_height = line_height(SMALL) * (2.25 if own_line else 1.15)
    sheet = Sheet.blank(width, table_top + line_height(SMALL) * 1.15 + len(bands) * row_height + MARGIN / 2)

    axes = time_axes(
        sheet, left, above, panel_width, panel_height, ticks=ticks, y_ticks=[0.0, 25.0, 50.0, 75.0, 100.0],
        y_end=100.0, x_label=x_label, y_label=y_label, axis_width=axis_width,
    )  # fmt: skip
    for k in range(len(bands)):
        look = series(k)
        axes.fill_between(
            at,
            100 * edges[k],
            100 * edges[k + 1],
            step="post",
            color=_tint(look.color),
            linewidth=0,
            zorder=2,
        )
        axes.step(at, 100 * edges[k + 1], where="post", color=look.color, linewidth=0.9, zorder=3)
    if direct:
        middles = [
            panel_height * (1.0 - float(edges[k, -1] + edges[k + 1, -1]) / 2) for k in range(len(bands))
        ]
        name_curves(sheet, left + panel_width + 1.8, above, panel_height, names, middles)

    baseline = table_top + line_height(SMALL) * 0.8
    sheet.text(MARGIN, baseline, IN_THE_STATE, size=SMALL, bold=True, color=MUTED)
    for k, band in enumerate(bands):
        look = series(k)
        y = baseline + line_height(SMALL) * 1.15 + k * row_height
        mid = y - 0.3 * line_height(SMALL)
        # a line's ends project by half its width, 5 pt
        sheet.line([MARGIN + 0.9, MARGIN + SWATCH - 0.9], [mid, mid], color=_tint(look.color), width=5.0)
        sheet.text(MARGIN + SWATCH + 1.2, y, band.label, size=SMALL, color=look.text)
        y += line_height(SMALL) if own_line else 0.0
        for t, number in zip(ticks, numbers[k], strict=False):
            sheet.text(
                left + panel_width * (t - begin) / (end - begin), y, number, size=SMALL, align="center"
            )
    return sheet.figure


def _tint(color: str) -> str:
    red, green, blue = (1.0 - TINT * (1.0 - c) for c in to_rgb(color))
    return to_hex((red, green, blue))
