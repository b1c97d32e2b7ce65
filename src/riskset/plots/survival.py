"""Curves of survival or of incidence as steps with bands, with their numbers under the ticks that they belong to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
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
from riskset.plots.words import AT_RISK, CENSORED, EVENTS, OTHER_EVENTS

Floats = NDArray[np.float64]

ASPECT: Final = 0.52  # height of the panel as a share of the figure's width
LABEL_SHARE: Final = 0.24  # labels wider than this share of the figure stand on lines of their own
SWATCH: Final = 6.0
DASH: Final = "\N{EN DASH}"
# Ends of an axis of rising curves, in percent, with their ticks.
_TOPS: Final = {1: 0.25, 2: 0.5, 5: 1, 10: 2, 20: 5, 25: 5, 40: 10, 50: 10, 60: 20, 80: 20, 100: 25}


@dataclass(frozen=True, eq=False)
class SurvivalLine:
    """One curve with its numbers at risk.

    Attributes
    ----------
    label : str
        Name of the group; empty where there is only one.
    time : ndarray (n,)
        Times of the steps, increasing, in the unit of the axis; the beginning of the axis with ``start`` is added.
    survival, lower, upper : ndarray (n,)
        Probability after each time and its pointwise limits; NaN limits are not drawn.
    at_risk : sequence of int
        Numbers at risk at the ticks; None is a number that is masked, written as a dash.
    events, competing, censored : sequence of int
        Numbers before each tick, if they are to be shown. Numbers that all curves share are written once.
    start : float
        1 for survival, 0 for an incidence.
    """

    label: str
    time: Floats
    survival: Floats
    lower: Floats
    upper: Floats
    at_risk: Sequence[float | None]
    events: Sequence[float | None] = ()
    competing: Sequence[float | None] = ()
    censored: Sequence[float | None] = ()
    start: float = 1.0


def survival_figure(
    lines: Sequence[SurvivalLine],
    *,
    ticks: Sequence[float],
    x_label: str = "Years since index",
    y_label: str = "Survival (%)",
    width: float = DOUBLE_COLUMN,
    top: float | None = None,
) -> Figure:
    """Draw survival or incidence over time with numbers at risk, and of events and censored where given.

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
    top : float, optional
        End of the vertical axis in percent; by default 100 for survival, and for an incidence what its limits need.

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
    begin, end = float(ticks[0]), float(ticks[-1])
    names = [line.label for line in lines]
    several = len(lines) > 1
    numbers = _numbers(lines)
    half_first = max(text_width(row[0], SMALL) for _, rows in numbers for row in rows) / 2
    swatch = SWATCH + 1.2 if several else 0.0
    label_width = max(swatch + text_width(n, SMALL) for n in names) if several else 0.0
    label_width = max(label_width, *(text_width(heading, SMALL, bold=True) for heading, _ in numbers))
    direct = several and width > 1.4 * SINGLE_COLUMN
    own_line = label_width > (0.6 if direct else 1.0) * LABEL_SHARE * width  # labels go above their numbers
    shown = [_from_start(line, begin, end) for line in lines]
    y_end, y_ticks = _y_axis(lines, shown, top)
    axis_width = line_height(BODY) + 1.5 + max(text_width(tick_label(t), SMALL) for t in y_ticks) + 2.5
    alone = [text_width(heading, SMALL, bold=True) for heading, rows in numbers if len(rows) == 1]
    beside_numbers = max([*alone, 0.0 if own_line else label_width])
    left = MARGIN + max(axis_width, beside_numbers + 2.5 + half_first if beside_numbers else 0.0)
    # Names at the ends of the curves where there is room for them; the swatches below name them anyway.
    wrapped = [wrap(n, LABEL_SHARE * width, BODY, bold=True) for n in names]
    tail = max(text_width(n, BODY, bold=True) for n in wrapped) + 2.0 if direct else 0.0
    half_last = max(text_width(row[-1], SMALL) for _, rows in numbers for row in rows) / 2
    right = MARGIN + max(tail, half_last, text_width(tick_label(end), SMALL) / 2)
    panel_width = width - left - right
    panel_height = max(44.0, ASPECT * min(width, 140.0))
    row_height = line_height(SMALL) * (2.25 if own_line else 1.15)
    heading_height = line_height(SMALL) * 1.15
    above = MARGIN + line_height(SMALL) / 2
    below = 3.0 + line_height(SMALL) + line_height(BODY) + 2.0
    table_top = above + panel_height + below
    # numbers of a single curve, or of all of them, stand beside the heading
    sizes = [heading_height + (len(rows) if len(rows) > 1 else 0) * row_height for _, rows in numbers]
    sheet = Sheet.blank(width, table_top + sum(sizes) + MARGIN / 2)

    axes = time_axes(
        sheet, left, above, panel_width, panel_height, ticks=ticks, y_ticks=y_ticks, y_end=y_end,
        x_label=x_label, y_label=y_label, axis_width=axis_width,
    )  # fmt: skip
    ends: list[float] = []
    for k, (time, value, lower, upper) in enumerate(shown):
        look = series(k)
        axes.fill_between(
            time, 100 * lower, 100 * upper, step="post", color=look.color, alpha=0.15, linewidth=0, zorder=2
        )
        axes.step(
            time, 100 * value, where="post", color=look.color, linewidth=1.4, linestyle=look.dashes,
            zorder=3, clip_on=y_end < 100,
        )  # fmt: skip
        ends.append(panel_height * (1.0 - min(100 * float(value[-1]) / y_end, 1.0)))
    if direct:
        name_curves(sheet, left + panel_width + 1.8, above, panel_height, wrapped, ends)
    for n, (heading, rows) in enumerate(numbers):
        baseline = table_top + sum(sizes[:n]) + line_height(SMALL) * 0.8
        sheet.text(MARGIN, baseline, heading, size=SMALL, bold=True, color=MUTED)
        for k, row in enumerate(rows):
            y = baseline
            if len(rows) > 1:
                look = series(k)
                y += heading_height + k * row_height
                mid = y - 0.3 * line_height(SMALL)
                sheet.line(
                    [MARGIN, MARGIN + SWATCH], [mid, mid], color=look.color, width=1.4, dashes=look.dashes
                )
                sheet.text(MARGIN + swatch, y, names[k], size=SMALL, color=look.text)
                y += line_height(SMALL) if own_line else 0.0
            for t, count in zip(ticks, row, strict=True):
                at = left + panel_width * (t - begin) / (end - begin)
                sheet.text(at, y, count, size=SMALL, align="center")
    return sheet.figure


def _numbers(lines: Sequence[SurvivalLine]) -> list[tuple[str, list[list[str]]]]:
    """Write the numbers under the ticks: a heading with a row for each curve, or one row if they share it."""
    given = {
        AT_RISK: [line.at_risk for line in lines],
        EVENTS: [line.events for line in lines],
        OTHER_EVENTS: [line.competing for line in lines],
        CENSORED: [line.censored for line in lines],
    }
    out: list[tuple[str, list[list[str]]]] = []
    for heading, rows in given.items():
        if all(len(row) for row in rows):
            written = [[DASH if n is None else f"{n:,.0f}" for n in row] for row in rows]
            shared = heading != EVENTS and all(row == written[0] for row in written)
            out.append((heading, written[:1] if shared else written))
    return out


def _y_axis(
    lines: Sequence[SurvivalLine], shown: Sequence[tuple[Floats, Floats, Floats, Floats]], top: float | None
) -> tuple[float, list[float]]:
    """End of the vertical axis and its ticks, in percent."""
    if top is None:
        rising = all(line.start == 0.0 for line in lines)
        highest = max(float(np.nanmax(np.concatenate([value, upper]))) for _, value, _, upper in shown)
        top = next(t for t in _TOPS if t >= 100 * highest - 1e-9) if rising else 100.0
    step = next(s for t, s in _TOPS.items() if t >= top - 1e-9)
    return top, [float(t) for t in np.arange(0.0, top + 1e-9, step)]


def _from_start(line: SurvivalLine, begin: float, end: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Add the beginning and cut at the end of the axis, where the last step is carried on if observed."""
    time = np.concatenate([[begin], line.time])
    survival, lower, upper = (
        np.concatenate([[line.start], v]) for v in (line.survival, line.lower, line.upper)
    )
    shown = time <= end
    time, survival, lower, upper = time[shown], survival[shown], lower[shown], upper[shown]
    if line.time.size and line.time[-1] > end:
        time = np.append(time, end)
        survival, lower, upper = (np.append(v, v[-1]) for v in (survival, lower, upper))
    return time, survival, lower, upper
