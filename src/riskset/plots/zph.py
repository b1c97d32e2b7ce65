"""Coefficients over time: scaled Schoenfeld residuals with their smooth, one panel per term."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator
from numpy.typing import NDArray

from riskset.plots.frames import MARGIN, panel_grid
from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    MUTED,
    RULE,
    SMALL,
    line_height,
    series,
    text_width,
    tick_label,
)
from riskset.plots.words import COEFFICIENTS_KEY, TIME_AS_IN_THE_TEST

Floats = NDArray[np.float64]

PANEL_HEIGHT: Final = 42.0
X_TICKS: Final = 5
FEW: Final = 20  # points, such as means of groups of events, that may be larger
AXIS: Final = 12.0  # room for the numbers of a vertical axis
# A few residuals lie far out; the axis shows the middle of them and all of the band.
SHOWN: Final = (0.02, 0.98)


@dataclass(frozen=True, eq=False)
class TimeCoefficientPanel:
    """One term: its residuals, smooth and constant coefficient.

    Attributes
    ----------
    label : str
        Name of the term.
    x, y, time : ndarray (events,)
        Place of each event on the axis, its residual plus the coefficient, and its time.
    smooth_x, estimate, lower, upper : ndarray (points,)
        Smooth over the places, with pointwise limits.
    constant : float
        The coefficient of the model that holds it constant.
    note : str
        A line under the label, e.g. the test.
    """

    label: str
    x: Floats
    y: Floats
    time: Floats
    smooth_x: Floats
    estimate: Floats
    lower: Floats
    upper: Floats
    constant: float
    note: str = ""


def time_coefficient_figure(
    panels: Sequence[TimeCoefficientPanel],
    *,
    x_label: str = TIME_AS_IN_THE_TEST,
    y_label: str = "\u03b2(t), log hazard ratio",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw each term's coefficient over time; a flat smooth means proportional hazards.

    Parameters
    ----------
    panels : sequence of TimeCoefficientPanel
    x_label, y_label : str
        Labels of the axes.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> at = np.linspace(0, 1, 5)
    >>> panel = TimeCoefficientPanel("age", at, at - 0.4, 10 * at, at, at * 0, at * 0 - 1, at * 0 + 1, 0.1)
    >>> figure = time_coefficient_figure([panel])
    """
    right = MARGIN + max(text_width(tick_label(float(f"{p.time.max():.3g}")), SMALL) for p in panels) / 2
    grid = panel_grid(
        [p.label for p in panels],
        [p.note for p in panels],
        y_label=y_label,
        left=MARGIN + line_height(BODY) + 2.0,
        right=right,
        axis=AXIS,
        panel_height=PANEL_HEIGHT,
        foot=line_height(SMALL) + 4.0,
        key=COEFFICIENTS_KEY,
        above_key=line_height(BODY) + 1.0,
        width=width,
    )
    for panel, (x, y) in zip(panels, grid.places, strict=True):
        _panel(grid.sheet.axes(x, y, grid.panel_width, PANEL_HEIGHT), panel, grid.panel_width)
    grid.sheet.block(grid.left + (width - grid.left) / 2, grid.bottom, x_label, align="center")
    return grid.sheet.figure


def _panel(axes: Axes, panel: TimeCoefficientPanel, width: float) -> None:
    look = series(0)
    low, high = np.quantile(panel.y, SHOWN)
    low = min(float(low), float(panel.lower.min()), panel.constant, 0.0)
    high = max(float(high), float(panel.upper.max()), panel.constant, 0.0)
    room = 0.04 * (high - low or 1.0)
    axes.set_ylim(low - room, high + room)
    axes.set_xlim(float(panel.smooth_x[0]), float(panel.smooth_x[-1]) or 1.0)
    axes.axhline(0.0, color=RULE, linewidth=0.6, zorder=1)
    size, alpha = (1.6, 0.45) if panel.x.size > FEW else (2.8, 0.8)
    axes.plot(panel.x, panel.y, linestyle="none", marker="o", markersize=size, color=MUTED, alpha=alpha,
              markeredgewidth=0, zorder=2)  # fmt: skip
    axes.fill_between(panel.smooth_x, panel.lower, panel.upper, color=look.color, alpha=0.18, linewidth=0)
    axes.axhline(panel.constant, color=series(1).color, linewidth=1.0, linestyle=series(1).dashes, zorder=3)
    axes.plot(panel.smooth_x, panel.estimate, color=look.color, linewidth=1.4, zorder=4)
    axes.yaxis.set_major_locator(MaxNLocator(5))
    places, labels = _time_ticks(panel, width)
    axes.xaxis.set_major_locator(FixedLocator(places))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xticklabels(labels)


def _time_ticks(panel: TimeCoefficientPanel, width: float) -> tuple[list[float], list[str]]:
    """Choose events near evenly spaced places, so that ticks tell time though the axis is its function."""
    order = np.argsort(panel.x, kind="stable")
    x, time = panel.x[order], panel.time[order]
    wanted = np.linspace(x[0], x[-1], X_TICKS)
    chosen = np.unique(np.clip(np.searchsorted(x, wanted), 0, x.size - 1))
    places: list[float] = []
    labels: list[str] = []
    span = float(x[-1] - x[0]) or 1.0
    end = -np.inf
    for i in chosen.tolist():
        text = tick_label(float(f"{time[i]:.3g}"))
        centre = float(x[i] - x[0]) / span * width
        if centre - text_width(text, SMALL) / 2 > end + 1.0:  # labels of near events would overlap
            places.append(float(x[i]))
            labels.append(text)
            end = centre + text_width(text, SMALL) / 2
    return places, labels
