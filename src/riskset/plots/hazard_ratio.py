"""Hazard ratio along a continuous exposure, one curve per stratum, person-time below."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from riskset.plots.key import DOTS, KeyItem, draw_key, key_height
from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    HEADING,
    INK,
    MUTED,
    RULE,
    SMALL,
    Series,
    Sheet,
    block_height,
    line_height,
    ratio_ticks,
    series,
    spread,
    text_width,
    tick_label,
    wrap,
)

Floats = NDArray[np.float64]

LEAST_PANEL: Final = 46.0  # mm; narrower panels go below each other
CURVE_HEIGHT: Final = 44.0
HISTOGRAM_HEIGHT: Final = 11.0
GAP: Final = 2.0
X_TICKS: Final = 6
GUTTER: Final = 6.0
MARGIN: Final = 2.0
# A band may run off the panel where the data end; the axis shows no more than this factor beyond the curves.
BAND_SHOWN: Final = 3.0
INFORMATIVE: Final = (
    100.0  # a band wider than this factor, say 0.1 to 10, has no say in the range of the axis
)


@dataclass(frozen=True)
class CurveStep:
    """Hazard ratio of a group of the exposure, from ``low`` to ``high``; limits None for the reference group."""

    low: float
    high: float
    hazard_ratio: float
    lower: float | None = None
    upper: float | None = None


@dataclass(frozen=True, eq=False)
class CurvePanel:
    """One stratum of a hazard-ratio curve.

    Attributes
    ----------
    label : str
        Name of the stratum; empty where there is only one.
    x : ndarray (n,)
        Values of the exposure, increasing.
    hazard_ratio, lower, upper : ndarray (n,)
        Hazard ratio against the reference value and its pointwise limits.
    histogram : ndarray (bins,)
        Share of the stratum's person-time in each bin.
    note : str
        A line under the label, e.g. events, person-years and tests.
    band_lower, band_upper : ndarray (n,), optional
        Simultaneous band, drawn around the pointwise limits.
    steps : sequence of CurveStep
        Hazard ratios of groups of the exposure, drawn over the curve.
    """

    label: str
    x: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    histogram: Floats
    note: str = ""
    band_lower: Floats | None = None
    band_upper: Floats | None = None
    steps: Sequence[CurveStep] = ()


def hazard_ratio_curve_figure(
    panels: Sequence[CurvePanel],
    *,
    bins: Floats,
    reference: float,
    x_label: str,
    y_label: str = "",
    level: float = 0.95,
    steps_label: str = "groups (95% CI)",
    arrangement: Literal["panels", "overlay"] = "panels",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw hazard ratios against a reference value, per stratum, on shared log axes.

    Parameters
    ----------
    panels : sequence of CurvePanel
        One per stratum, reference stratum first.
    bins : ndarray (bins + 1,)
        Edges of the histograms, the same for all strata, in the unit of the exposure.
    reference : float
        Exposure at which the hazard ratio is 1.
    x_label, y_label : str
        Labels of the axes, units included; by default the hazard ratio, with its limits where they need no key.
    level : float
        Of the limits and bands.
    steps_label : str
        What the key calls the groups.
    arrangement : {"panels", "overlay"}
        One panel per stratum, or all curves in one.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> x = np.linspace(1.5, 4.0, 26)
    >>> hr = (x / 2.5) ** -1.0
    >>> panel = CurvePanel("naive", x, hr, hr * 0.8, hr / 0.8, np.full(25, 0.04))
    >>> figure = hazard_ratio_curve_figure([panel], bins=x, reference=2.5, x_label="Magnesium (mg/dL)")
    >>> len(figure.axes)  # the curve and its histogram
    2
    """
    bins = np.asarray(bins, dtype=np.float64)
    y_low, y_high = _limits(panels)
    ticks = ratio_ticks(y_low, y_high, least=line_height(SMALL) / CURVE_HEIGHT)
    left = MARGIN + line_height(BODY) + 1.5 + max(text_width(tick_label(t), SMALL) for t in ticks) + 2.5
    key = _key(panels, level, steps_label)
    y_label = y_label or ("Hazard ratio" if key else f"Hazard ratio ({level:.0%} CI)")
    overlay = arrangement == "overlay" and len(panels) > 1
    if overlay:
        return _overlay(panels, bins, reference, x_label, y_label, key, (y_low, y_high), ticks, left, width)

    columns = max(1, min(len(panels), int((width - left - MARGIN + GUTTER) // (LEAST_PANEL + GUTTER))))
    rows = -(-len(panels) // columns)
    panel_width = (width - left - MARGIN - (columns - 1) * GUTTER) / columns
    notes = [wrap(p.note, panel_width, SMALL) if p.note else "" for p in panels]
    labels = [wrap(p.label, panel_width, HEADING, bold=True) if p.label else "" for p in panels]
    head = max(block_height(t, HEADING) + block_height(n, SMALL) for t, n in zip(labels, notes, strict=True))
    marker_line = line_height(SMALL) + 0.6
    foot = 2.5 + line_height(SMALL) + line_height(BODY) + 1.0
    block = head + marker_line + CURVE_HEIGHT + GAP + HISTOGRAM_HEIGHT + foot
    bottom = MARGIN + rows * block + (rows - 1) * GAP
    key_width = width - left - MARGIN
    sheet = Sheet.blank(width, bottom + key_height(key, key_width))
    draw_key(sheet, key, left, bottom, key_width)
    peak = max(float(p.histogram.max()) for p in panels)
    for k, panel in enumerate(panels):
        row, column = divmod(k, columns)
        x0 = left + column * (panel_width + GUTTER)
        top = MARGIN + row * (block + GAP)
        sheet.block(x0, top, labels[k], size=HEADING, bold=True, color=series(k).text)
        sheet.block(x0, top + block_height(labels[k], HEADING), notes[k], size=SMALL, color=MUTED)
        curve_top = top + head + marker_line
        curve = sheet.axes(x0, curve_top, panel_width, CURVE_HEIGHT)
        histogram = sheet.axes(x0, curve_top + CURVE_HEIGHT + GAP, panel_width, HISTOGRAM_HEIGHT)
        _frame(curve, bins, (y_low, y_high), ticks, labelled=column == 0)
        _draw(curve, panel, series(k), band=0.2, outer=0.08)
        _mark_reference(sheet, curve, reference, x0, panel_width, curve_top, bins)
        _draw_histogram(histogram, bins, panel.histogram, peak, series(k))
        foot_y = curve_top + CURVE_HEIGHT + GAP + HISTOGRAM_HEIGHT + 2.5 + line_height(SMALL)
        sheet.block(x0 + panel_width / 2, foot_y, x_label, align="center")
        if column == 0:
            _name_axes(sheet, curve_top, y_label)
    return sheet.figure


def _overlay(
    panels: Sequence[CurvePanel],
    bins: Floats,
    reference: float,
    x_label: str,
    y_label: str,
    key: Sequence[KeyItem],
    limits: tuple[float, float],
    ticks: list[float],
    left: float,
    width: float,
) -> Figure:
    """Draw all strata in one panel, named at the right end of their curves; one row of histogram each."""
    names = [wrap(p.label, 0.22 * width, BODY, bold=True) for p in panels]
    right = max(text_width(n, BODY, bold=True) for n in names) + 2.5
    panel_width = width - left - right - MARGIN
    marker_line = line_height(SMALL) + 0.6
    curve_height = max(CURVE_HEIGHT, 0.34 * width)
    strip = 0.75 * HISTOGRAM_HEIGHT
    foot = 2.5 + line_height(SMALL) + line_height(BODY) + 1.0
    curve_top = MARGIN + marker_line
    key_top = curve_top + curve_height + len(panels) * (GAP + strip) + foot
    sheet = Sheet.blank(width, key_top + key_height(key, width - left - MARGIN))
    draw_key(sheet, key, left, key_top, width - left - MARGIN)
    curve = sheet.axes(left, curve_top, panel_width, curve_height)
    _frame(curve, bins, limits, ticks, labelled=True)
    _mark_reference(sheet, curve, reference, left, panel_width, curve_top, bins)
    peak = max(float(p.histogram.max()) for p in panels)
    heights = [block_height(n) for n in names]
    span = np.log(limits[1] / limits[0])
    ends = [
        curve_height * float(np.log(limits[1] / np.clip(p.hazard_ratio[-1], *limits)) / span) for p in panels
    ]
    for k, (panel, y) in enumerate(zip(panels, spread(ends, heights, curve_height), strict=True)):
        _draw(curve, panel, series(k), band=0.12, outer=0.0)
        at = left + panel_width + 2.0
        sheet.block(at, curve_top + y - heights[k] / 2, names[k], bold=True, color=series(k).text)
        strip_top = curve_top + curve_height + GAP + k * (GAP + strip)
        histogram = sheet.axes(left, strip_top, panel_width, strip)
        _draw_histogram(histogram, bins, panel.histogram, peak, series(k))
        if k < len(panels) - 1:
            histogram.tick_params(labelbottom=False)
        small = strip_top + (strip - block_height(names[k], SMALL)) / 2
        sheet.block(at, small, names[k], size=SMALL, color=series(k).text)
    bottom = key_top - foot + 2.5 + line_height(SMALL)
    sheet.block(left + panel_width / 2, bottom, x_label, align="center")
    _name_axes(sheet, curve_top, y_label, curve_height, len(panels) * (GAP + strip) - GAP)
    return sheet.figure


def _limits(panels: Sequence[CurvePanel]) -> tuple[float, float]:
    """Range of the log axis: the curves where they say something, their bands as far as they help, at least 0.5 to 2.

    A stratum with few events may send its curve to 10^-7 with limits to match; it must not flatten the others.
    """
    low, high = 0.5, 2.0
    for p in panels:
        with np.errstate(over="ignore", divide="ignore"):
            says = p.upper / p.lower <= INFORMATIVE
        if not says.any():
            continue
        low = min(low, max(float(p.lower[says].min()), float(p.hazard_ratio[says].min()) / BAND_SHOWN))
        high = max(high, min(float(p.upper[says].max()), float(p.hazard_ratio[says].max()) * BAND_SHOWN))
    for step in (s for p in panels for s in p.steps):
        if 1.0 / BAND_SHOWN**2 <= step.hazard_ratio <= BAND_SHOWN**2:
            low, high = min(low, step.hazard_ratio), max(high, step.hazard_ratio)
    return low / 1.04, high * 1.04


def _frame(
    axes: Axes, bins: Floats, limits: tuple[float, float], ticks: list[float], *, labelled: bool
) -> None:
    axes.set_yscale("log")
    axes.minorticks_off()
    axes.set_ylim(*limits)
    axes.set_yticks(ticks, [tick_label(t) if labelled else "" for t in ticks])
    axes.set_xlim(bins[0], bins[-1])
    axes.xaxis.set_major_locator(MaxNLocator(X_TICKS, steps=[1, 2, 5, 10]))
    axes.tick_params(labelbottom=False)
    axes.axhline(1.0, color=MUTED, linewidth=0.7, zorder=1)


def _key(panels: Sequence[CurvePanel], level: float, steps_label: str) -> list[KeyItem]:
    """Name what is drawn besides the curve and its pointwise limits, which alone need no key."""
    items: list[KeyItem] = []
    banded = any(p.band_lower is not None for p in panels)
    if banded or any(p.steps for p in panels):
        items.append(KeyItem("band", f"pointwise {level:.0%} CI" if banded else f"curve ({level:.0%} CI)"))
    if banded:
        items.append(KeyItem("dotted", f"simultaneous {level:.0%} band"))
    if any(p.steps for p in panels):
        items.append(KeyItem("step", steps_label))
    return items


def _draw(axes: Axes, panel: CurvePanel, look: Series, *, band: float, outer: float) -> None:
    if panel.band_lower is not None and panel.band_upper is not None:
        if outer:
            axes.fill_between(
                panel.x,
                panel.band_lower,
                panel.band_upper,
                color=look.color,
                alpha=outer,
                linewidth=0,
                zorder=1.5,
            )
        for edge in (panel.band_lower, panel.band_upper):
            axes.plot(panel.x, edge, color=look.color, linewidth=0.9, linestyle=DOTS, zorder=3)
    axes.fill_between(panel.x, panel.lower, panel.upper, color=look.color, alpha=band, linewidth=0, zorder=2)
    for edge in (panel.lower, panel.upper):
        axes.plot(panel.x, edge, color=look.color, linewidth=0.5, alpha=0.7, zorder=3)
    axes.plot(panel.x, panel.hazard_ratio, color=look.color, linewidth=1.5, linestyle=look.dashes, zorder=4)
    for step in panel.steps:
        # the outer groups go on, but the stratum's data do not
        ends = max(step.low, float(panel.x[0])), min(step.high, float(panel.x[-1]))
        if ends[0] >= ends[1]:
            continue
        bottom, top = axes.get_ylim()
        if not bottom <= step.hazard_ratio <= top:
            at, marker = (bottom * 1.05, "v") if step.hazard_ratio < bottom else (top / 1.05, "^")
            axes.plot([(ends[0] + ends[1]) / 2], [at], marker, markersize=4.5, color=INK, zorder=5)
            continue
        axes.plot(ends, [step.hazard_ratio] * 2, color=INK, linewidth=1.6, solid_capstyle="butt", zorder=5)
        if step.lower is not None and step.upper is not None:
            middle = (ends[0] + ends[1]) / 2
            reach = [min(max(limit, bottom), top) for limit in (step.lower, step.upper)]
            axes.plot([middle] * 2, reach, color=INK, linewidth=0.7, zorder=5)
    _mark_leaving(axes, panel, look)


def _mark_leaving(axes: Axes, panel: CurvePanel, look: Series) -> None:
    """Put an arrow where a curve leaves the axis, so that its end is not taken for the end of the data."""
    low, high = axes.get_ylim()
    for edge, beyond, marker, inside in (
        (low, panel.hazard_ratio < low, "v", 1.05),
        (high, panel.hazard_ratio > high, "^", 1 / 1.05),
    ):
        for k in np.flatnonzero(np.diff(beyond)):
            axes.plot([panel.x[k]], [edge * inside], marker, markersize=4.5, color=look.color, zorder=5)


def _mark_reference(
    sheet: Sheet, axes: Axes, reference: float, left: float, width: float, top: float, bins: Floats
) -> None:
    """Draw a line up to a label above the panel, and an open point where the ratio is 1 by definition."""
    axes.axvline(reference, color=RULE, linewidth=0.6, linestyle=(0, (2, 2)), zorder=1)
    axes.plot(
        [reference], [1.0], marker="o", markersize=3.8, markerfacecolor="white", markeredgecolor=INK,
        markeredgewidth=0.8, linestyle="none", zorder=6, clip_on=False,
    )  # fmt: skip
    label = f"reference {tick_label(reference)}"
    half = text_width(label, SMALL) / 2
    at = left + width * float((reference - bins[0]) / (bins[-1] - bins[0]))
    sheet.text(
        min(max(at, left + half), left + width - half),
        top - 0.9,
        label,
        size=SMALL,
        color=MUTED,
        align="center",
    )


def _draw_histogram(axes: Axes, bins: Floats, share: Floats, peak: float, look: Series) -> None:
    axes.bar(
        bins[:-1], share, width=np.diff(bins), align="edge", color=look.color, alpha=0.55, edgecolor="white",
        linewidth=0.4,
    )  # fmt: skip
    axes.set_xlim(bins[0], bins[-1])
    axes.xaxis.set_major_locator(MaxNLocator(X_TICKS, steps=[1, 2, 5, 10]))
    axes.set_ylim(0.0, peak * 1.05)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)


def _name_axes(
    sheet: Sheet,
    top: float,
    y_label: str,
    curve_height: float = CURVE_HEIGHT,
    strip_height: float = HISTOGRAM_HEIGHT,
) -> None:
    x = MARGIN + line_height(BODY) * 0.75
    sheet.text(x, top + curve_height / 2, y_label, align="center", rotation=90)
    middle = top + curve_height + GAP + strip_height / 2
    sheet.text(x, middle, "Person-time", size=SMALL, align="center", rotation=90, color=MUTED)
