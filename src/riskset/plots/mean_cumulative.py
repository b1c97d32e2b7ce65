"""Mean numbers of events over time as rising steps with bands, and the numbers at risk under the ticks."""

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
    SMALL,
    Sheet,
    line_height,
    series,
    text_width,
    tick_label,
    wrap,
)
from riskset.plots.words import AT_RISK

Floats = NDArray[np.float64]

ASPECT: Final = 0.52  # height of the panel as a share of the figure's width
LABEL_SHARE: Final = 0.24  # of the width: room for the names of the curves at either side
SWATCH: Final = 6.0
STEPS: Final = (1.0, 2.0, 5.0, 10.0)


@dataclass(frozen=True, eq=False)
class MeanLine:
    """One curve with its numbers at risk.

    Attributes
    ----------
    label : str
        Name of the group; empty where there is only one.
    time, mean, lower, upper : ndarray (n,)
        Steps, and pointwise limits; time 0 with mean 0 is added.
    at_risk : sequence of float
        Numbers at risk at the ticks.
    """

    label: str
    time: Floats
    mean: Floats
    lower: Floats
    upper: Floats
    at_risk: Sequence[float]


def round_ticks(end: float, most: int = 6) -> list[float]:
    """Return ticks from 0 by a round step, the last one at or before ``end``.

    Examples
    --------
    >>> round_ticks(59.0)
    [0.0, 10.0, 20.0, 30.0, 40.0, 50.0]
    """
    power = 10.0 ** np.floor(np.log10(end / most))
    step = next(s * power for s in STEPS if end / (s * power) <= most)
    return [float(k * step) for k in range(int(end / step + 1e-9) + 1)]


def mean_cumulative_figure(
    lines: Sequence[MeanLine],
    *,
    ticks: Sequence[float],
    x_label: str,
    y_label: str = "Events per person",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw mean cumulative functions with numbers at risk.

    Parameters
    ----------
    lines : sequence of MeanLine
        One per group.
    ticks : sequence of float
        Times that get a tick and a number at risk; the axis ends at the last one.
    x_label, y_label : str
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> line = MeanLine("All", np.array([0.5, 1.0]), np.array([0.2, 0.9]), np.array([0.1, 0.5]),
    ...                 np.array([0.4, 1.6]), [5, 2])
    >>> figure = mean_cumulative_figure([line], ticks=[0.0, 1.0], x_label="Years")
    """
    end, several = float(ticks[-1]), len(lines) > 1
    numbers = [[f"{n:,.0f}" for n in line.at_risk] for line in lines]
    drawn = [_steps(line, end) for line in lines]
    top_value = max(float(upper.max()) for _, _, _, upper in drawn) or 1.0
    levels = round_ticks(top_value, 5)
    if levels[-1] < top_value:
        levels.append(levels[-1] + levels[1])
    axis = line_height(BODY) + 1.5 + max(text_width(tick_label(v), SMALL) for v in levels) + 2.5
    names = max([text_width(AT_RISK, SMALL, bold=True), *(text_width(n.label, SMALL) for n in lines)])
    names = min(names + (SWATCH + 1.2 if several else 0.0), LABEL_SHARE * width)
    half = max(text_width(row[0], SMALL) for row in numbers) / 2
    left = MARGIN + max(axis, names + 2.5 + half)
    wrapped = [wrap(n.label, LABEL_SHARE * width, BODY, bold=True) for n in lines]
    tail = max(text_width(n, BODY, bold=True) for n in wrapped) + 2.0 if several else 0.0
    last = max(*(text_width(row[-1], SMALL) for row in numbers), text_width(tick_label(end), SMALL)) / 2
    panel_width = width - left - MARGIN - max(tail, last)
    panel_height = max(44.0, ASPECT * min(width, 140.0))
    row_height = line_height(SMALL) * 1.15
    top = MARGIN + line_height(SMALL) / 2
    table_top = top + panel_height + 5.0 + line_height(SMALL) + line_height(BODY)
    rows = len(lines) if several else 0  # the numbers of a single curve stand beside the heading
    sheet = Sheet.blank(width, table_top + row_height * (1 + rows) + MARGIN)

    axes = time_axes(
        sheet, left, top, panel_width, panel_height, ticks=ticks, y_ticks=levels, y_end=levels[-1],
        x_label=x_label, y_label=y_label, axis_width=axis,
    )  # fmt: skip
    axes.set_xlim(0.0, end)
    ends: list[float] = []
    for k, (time, mean, lower, upper) in enumerate(drawn):
        look = series(k)
        axes.fill_between(
            time, lower, upper, step="post", color=look.color, alpha=0.15, linewidth=0, zorder=2
        )
        axes.step(
            time, mean, where="post", color=look.color, linewidth=1.4, linestyle=look.dashes, zorder=3,
            clip_on=False,
        )  # fmt: skip
        ends.append(panel_height * (1.0 - float(mean[-1]) / levels[-1]))
    if several:
        name_curves(sheet, left + panel_width + 1.8, top, panel_height, wrapped, ends)

    base = table_top + line_height(SMALL) * 0.8
    sheet.text(MARGIN, base, AT_RISK, size=SMALL, bold=True, color=MUTED)
    for k, line in enumerate(lines):
        look, y = series(k), base
        if several:
            y += row_height * (1 + k)
            mid = y - 0.3 * line_height(SMALL)
            sheet.line([MARGIN, MARGIN + SWATCH], [mid, mid], color=look.color, width=1.4, dashes=look.dashes)
            sheet.text(MARGIN + SWATCH + 1.2, y, line.label, size=SMALL, color=look.text)
        for t, n in zip(ticks, numbers[k], strict=True):
            sheet.text(left + panel_width * t / end, y, n, size=SMALL, align="center")
    return sheet.figure


def _steps(line: MeanLine, end: float) -> tuple[Floats, Floats, Floats, Floats]:
    """Add the start at 0, and cut at the end of the axis, where the last step is carried on if observed."""
    time = np.concatenate([[0.0], line.time])
    values = [np.concatenate([[0.0], v]) for v in (line.mean, line.lower, line.upper)]
    shown = time <= end
    kept, parts = time[shown], [v[shown] for v in values]
    if line.time.size and line.time[-1] > end:
        kept, parts = np.append(kept, end), [np.append(v, v[-1]) for v in parts]
    return kept, parts[0], parts[1], parts[2]
