"""Diagnostics: observed over expected events along covariates, and the influence of persons on coefficients."""

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
    INK,
    MUTED,
    RULE,
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
from riskset.plots.words import CHANGE_OF_COEFFICIENT, FORM_KEY, INFLUENCE_KEY

Floats = NDArray[np.float64]

PANEL_HEIGHT: Final = 36.0
LABEL_SHARE: Final = 0.38  # of the width that names of coefficients may take
LINE_GAP: Final = 1.6
BEYOND: Final = 1.6  # the axis shows limits no further beyond the points and the curve than this factor


@dataclass(frozen=True, eq=False)
class FormPanel:
    """One continuous covariate.

    Attributes
    ----------
    label : str
        Name of the covariate.
    x, departure, lower, upper : ndarray (points,)
        Hazard ratio of a curve against the model's straight line, with limits; may be empty.
    middle, ratio, ratio_lower, ratio_upper : ndarray (groups,)
        Where each group lies, and its observed over expected events with limits (NaN where there are none).
    note : str
        A line under the label, e.g. the test.
    """

    label: str
    x: Floats
    departure: Floats
    lower: Floats
    upper: Floats
    middle: Floats
    ratio: Floats
    ratio_lower: Floats
    ratio_upper: Floats
    note: str = ""


def functional_form_figure(
    panels: Sequence[FormPanel],
    *,
    y_label: str = "Observed / expected events",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw observed over expected events along each covariate, and the curve that would fit better.

    Parameters
    ----------
    panels : sequence of FormPanel
    y_label : str
        Label of the vertical axes.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> at = np.linspace(40, 80, 5)
    >>> one = np.ones(5)
    >>> panel = FormPanel("age", at, one, one * 0.8, one * 1.25, at, one, one * 0.7, one * 1.4)
    >>> figure = functional_form_figure([panel])
    """
    limits = [_limits(p) for p in panels]
    ticks = [ratio_ticks(*span, most=6, least=line_height(SMALL) / PANEL_HEIGHT) for span in limits]
    grid = panel_grid(
        [p.label for p in panels],
        [p.note for p in panels],
        y_label=y_label,
        left=MARGIN + line_height(BODY) + 1.5,
        right=MARGIN + 3.0,
        axis=max(text_width(tick_label(t), SMALL) for each in ticks for t in each) + 2.5,
        panel_height=PANEL_HEIGHT,
        foot=line_height(SMALL) + 4.5,
        key=FORM_KEY,
        width=width,
    )
    for k, (x, y) in enumerate(grid.places):
        _form(grid.sheet.axes(x, y, grid.panel_width, PANEL_HEIGHT), panels[k], limits[k], ticks[k])
    return grid.sheet.figure


def _limits(panel: FormPanel) -> tuple[float, float]:
    """Range of the log axis: the points and the curve, and their limits as far as they help; at least 0.5 to 2."""
    centre = np.concatenate((panel.ratio[panel.ratio > 0], panel.departure))
    edges = np.concatenate((panel.ratio_lower, panel.ratio_upper, panel.lower, panel.upper))
    edges = edges[np.isfinite(edges) & (edges > 0)]
    low, high = float(centre.min(initial=1.0)), float(centre.max(initial=1.0))
    low = min(0.5, low, max(float(edges.min(initial=1.0)), low / BEYOND))
    high = max(2.0, high, min(float(edges.max(initial=1.0)), high * BEYOND))
    return low / 1.08, high * 1.08


def _form(axes: Axes, panel: FormPanel, limits: tuple[float, float], ticks: list[float]) -> None:
    look = series(0)
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_ylim(*limits)
    axes.yaxis.set_major_locator(FixedLocator(ticks))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.set_yticklabels([tick_label(t) for t in ticks])
    ends = np.concatenate((panel.x, panel.middle))
    room = 0.04 * float(np.ptp(ends) or 1.0)
    axes.set_xlim(float(ends.min()) - room, float(ends.max()) + room)
    axes.axhline(1.0, color=RULE, linewidth=0.8, zorder=1)
    if panel.x.size:
        axes.fill_between(
            panel.x, panel.lower, panel.upper, color=look.color, alpha=0.16, linewidth=0, zorder=2
        )
        axes.plot(panel.x, panel.departure, color=look.color, linewidth=1.4, zorder=3)
    known = np.isfinite(panel.ratio_lower)
    if known.any():
        low = np.clip(panel.ratio_lower[known], limits[0], limits[1])
        high = np.clip(panel.ratio_upper[known], limits[0], limits[1])
        axes.vlines(panel.middle[known], low, high, color=INK, linewidth=0.7, zorder=4)
        for marker, beyond, edge in (
            ("v", panel.ratio_lower < limits[0], limits[0] * 1.04),
            ("^", panel.ratio_upper > limits[1], limits[1] / 1.04),
        ):
            at = panel.middle[known & beyond]
            axes.plot(
                at,
                np.full(at.size, edge),
                linestyle="none",
                marker=marker,
                markersize=3.0,
                color=INK,
                zorder=4,
            )
    seen = panel.ratio > 0
    axes.plot(
        panel.middle[seen], panel.ratio[seen], linestyle="none", marker="o", markersize=3.0, color=INK, zorder=5
    )  # fmt: skip
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))


def influence_figure(
    names: Sequence[str], dfbetas: Floats, *, threshold: float = 0.5, width: float = DOUBLE_COLUMN
) -> Figure:
    """Draw the standardised change of every coefficient when each person leaves.

    Parameters
    ----------
    names : sequence of str
        The coefficients.
    dfbetas : ndarray (persons, coefficients)
        Changes in standard errors.
    threshold : float
        Marked on both sides of zero.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> figure = influence_figure(["age", "sex"], np.array([[0.1, -0.2], [0.0, 0.3]]))
    """
    labels = [wrap(name, LABEL_SHARE * width, SMALL) for name in names]
    label_width = max(text_width(label, SMALL) for label in labels)
    left, right = MARGIN + label_width + 3.0, MARGIN + 4.0
    heights = [block_height(label, SMALL) + LINE_GAP for label in labels]
    panel_height = sum(heights)
    key = wrap(INFLUENCE_KEY, width - 2 * MARGIN, SMALL)
    foot = line_height(SMALL) + 4.0
    title = wrap(CHANGE_OF_COEFFICIENT, width - left - MARGIN)
    below = foot + block_height(title) + 1.5
    sheet = Sheet.blank(width, MARGIN + panel_height + below + block_height(key, SMALL) + MARGIN)
    axes = sheet.axes(left, MARGIN, width - left - right, panel_height)
    reach = 1.08 * max(float(np.abs(dfbetas).max(initial=0.0)), threshold)
    axes.set_xlim(-reach, reach)
    axes.set_ylim(panel_height, 0.0)
    axes.yaxis.set_major_locator(NullLocator())
    axes.spines["left"].set_visible(False)
    axes.axvline(0.0, color=RULE, linewidth=0.8, zorder=1)
    for edge in (-threshold, threshold):
        axes.axvline(edge, color=MUTED, linewidth=0.7, linestyle=(0, (1.2, 1.4)), zorder=1)
    top = 0.0
    for k, (label, height) in enumerate(zip(labels, heights, strict=True)):
        middle = top + height / 2
        values = dfbetas[:, k]
        axes.plot(
            values, np.full(values.size, middle), linestyle="none", marker="|", markersize=4.5,
            markeredgewidth=0.6, color=series(0).color, alpha=0.55, zorder=3,
        )  # fmt: skip
        block_top = MARGIN + middle - block_height(label, SMALL) / 2
        for n, line in enumerate(label.split("\n")):
            y = block_top + (n + 0.78) * line_height(SMALL)
            sheet.text(left - 2.0, y, line, size=SMALL, align="right")
        top += height
    axes.xaxis.set_major_locator(MaxNLocator(5, symmetric=True, steps=[1, 2, 5, 10]))
    sheet.block(left + (width - left - right) / 2, MARGIN + panel_height + foot, title, align="center")
    sheet.block(MARGIN, MARGIN + panel_height + below, key, size=SMALL, color=MUTED)
    return sheet.figure
