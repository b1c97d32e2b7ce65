"""Survival curves as steps with bands, and the numbers at risk under the ticks that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    MUTED,
    SINGLE_COLUMN,
    SMALL,
    Sheet,
    block_height,
    line_height,
    series,
    spread,
    text_width,
    tick_label,
    wrap,
)

Floats = NDArray[np.float64]

MARGIN: Final = 2.0
ASPECT: Final = 0.52  # height of the panel as a share of the figure's width
LABEL_SHARE: Final = 0.24  # labels wider than this share of the figure stand on lines of their own
SWATCH: Final = 6.0


@dataclass(frozen=True, eq=False)
class SurvivalLine:
    """One curve with its numbers at risk.

    Attributes
    ----------
    label : str
        Name of the group; empty where there is only one.
    time : ndarray (n,)
        Times of the steps, increasing, in the unit of the axis; time 0 with survival 1 is added.
    survival, lower, upper : ndarray (n,)
        Probability beyond each time and its pointwise limits; NaN limits are not drawn.
    at_risk : sequence of int
        Numbers at risk at the ticks.
    """

    label: str
    time: Floats
    survival: Floats
    lower: Floats
    upper: Floats
    at_risk: Sequence[float]


def survival_figure(
    lines: Sequence[SurvivalLine],
    *,
    ticks: Sequence[float],
    x_label: str = "Years since index",
    y_label: str = "Survival (%)",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw survival over time with numbers at risk.

    Parameters
    ----------
    lines : sequence of SurvivalLine
        One per group.
    ticks : sequence of float
        Times that get a tick and a number at risk; the axis ends at the last one.
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
    >>> line = SurvivalLine("All", np.array([0.5, 1.0]), np.array([0.8, 0.4]), np.array([0.6, 0.2]),
    ...                     np.array([1.0, 0.7]), [5, 2])
    >>> figure = survival_figure([line], ticks=[0.0, 1.0])
    """
    end = float(ticks[-1])
    names = [line.label for line in lines]
    several = len(lines) > 1
    numbers = [[f"{n:,.0f}" for n in line.at_risk] for line in lines]
    half_first = max(text_width(row[0], SMALL) for row in numbers) / 2
    swatch = SWATCH + 1.2 if several else 0.0
    label_width = max(swatch + text_width(n, SMALL) for n in names) if several else 0.0
    label_width = max(label_width, text_width("At risk", SMALL, bold=True))
    direct = several and width > 1.4 * SINGLE_COLUMN
    own_line = label_width > (0.6 if direct else 1.0) * LABEL_SHARE * width  # labels go above their numbers
    axis_width = line_height(BODY) + 1.5 + text_width("100", SMALL) + 2.5
    left = MARGIN + max(axis_width, 0.0 if own_line else label_width + 2.5 + half_first)
    # Names at the ends of the curves where there is room for them; the swatches below name them anyway.
    wrapped = [wrap(n, LABEL_SHARE * width, BODY, bold=True) for n in names]
    tail = max(text_width(n, BODY, bold=True) for n in wrapped) + 2.0 if direct else 0.0
    half_last = max(text_width(row[-1], SMALL) for row in numbers) / 2
    right = MARGIN + max(tail, half_last, text_width(tick_label(end), SMALL) / 2)
    panel_width = width - left - right
    panel_height = max(44.0, ASPECT * min(width, 140.0))
    row_height = line_height(SMALL) * (2.25 if own_line else 1.15)
    top = MARGIN + line_height(SMALL) / 2
    below = 3.0 + line_height(SMALL) + line_height(BODY) + 2.0
    table_top = top + panel_height + below
    table_rows = len(lines) if several else 0  # the numbers of a single curve stand beside the heading
    sheet = Sheet.blank(width, table_top + line_height(SMALL) * 1.15 + table_rows * row_height + MARGIN / 2)

    axes = sheet.axes(left, top, panel_width, panel_height)
    axes.set_xlim(0.0, end)
    axes.set_ylim(0.0, 100.0)
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.set_xticks(list(ticks), [tick_label(t) for t in ticks])
    axes.spines["left"].set_position(("outward", 2))
    axes.spines["bottom"].set_position(("outward", 2))
    ends: list[float] = []
    for k, line in enumerate(lines):
        look = series(k)
        time, survival, lower, upper = _from_start(line, end)
        axes.fill_between(
            time, 100 * lower, 100 * upper, step="post", color=look.color, alpha=0.15, linewidth=0, zorder=2
        )
        axes.step(
            time, 100 * survival, where="post", color=look.color, linewidth=1.4, linestyle=look.dashes,
            zorder=3, clip_on=False,
        )  # fmt: skip
        ends.append(panel_height * (1.0 - float(survival[-1])))
    if direct:
        heights = [block_height(n) for n in wrapped]
        for k, y in enumerate(spread(ends, heights, panel_height)):
            beside = top + y - heights[k] / 2
            sheet.block(left + panel_width + 1.8, beside, wrapped[k], bold=True, color=series(k).text)
    sheet.text(
        left - axis_width + line_height(BODY) * 0.75,
        top + panel_height / 2,
        y_label,
        align="center",
        rotation=90,
    )
    sheet.block(
        left + panel_width / 2, top + panel_height + 3.0 + line_height(SMALL), x_label, align="center"
    )

    baseline = table_top + line_height(SMALL) * 0.8
    sheet.text(MARGIN, baseline, "At risk", size=SMALL, bold=True, color=MUTED)
    for k, line in enumerate(lines):
        look = series(k)
        y = baseline
        if several:
            y += line_height(SMALL) * 1.15 + k * row_height
            mid = y - 0.3 * line_height(SMALL)
            sheet.line([MARGIN, MARGIN + SWATCH], [mid, mid], color=look.color, width=1.4, dashes=look.dashes)
            sheet.text(MARGIN + swatch, y, line.label, size=SMALL, color=look.text)
            y += line_height(SMALL) if own_line else 0.0
        for t, n in zip(ticks, numbers[k], strict=True):
            sheet.text(left + panel_width * t / end, y, n, size=SMALL, align="center")
    return sheet.figure


def _from_start(line: SurvivalLine, end: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Add the start at 1 and cut at the end of the axis, where the last step is carried on if observed."""
    time = np.concatenate([[0.0], line.time])
    survival, lower, upper = (np.concatenate([[1.0], v]) for v in (line.survival, line.lower, line.upper))
    shown = time <= end
    time, survival, lower, upper = time[shown], survival[shown], lower[shown], upper[shown]
    if line.time.size and line.time[-1] > end:
        time = np.append(time, end)
        survival, lower, upper = (np.append(v, v[-1]) for v in (survival, lower, upper))
    return time, survival, lower, upper
