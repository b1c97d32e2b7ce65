"""Forest plots: estimates with their limits, and the text that belongs to each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite, log
from statistics import median
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    INK,
    MUTED,
    SMALL,
    Sheet,
    block_height,
    line_height,
    linear_ticks,
    ratio_ticks,
    series,
    text_width,
    tick_label,
    wrap,
)

MARGIN: Final = 2.0
COLUMN_GAP: Final = 3.0
LEAST_PLOT: Final = 26.0  # mm for the estimates themselves; below that the extra columns go under the labels
NARROWEST: Final = 18.0  # mm that the estimates give up to, before words of the labels are broken
LABEL_SHARE: Final = 0.36
INDENT: Final = 2.5
TICK_ROOM: Final = 6.0  # mm from tick to tick, for labels such as 0.25
# Limits of an estimate may be infinite; the axis shows no more than this factor beyond the estimates.
LIMITS_SHOWN: Final = 6.0
SPREADS_SHOWN: Final = (
    3.0  # on a linear axis: so many times the spread of the estimates, or their usual half-width
)
MARKER: Final = 4.6  # points; the side of a square
HEAVIEST, LIGHTEST = 7.0, 2.2  # of squares whose area is their weight

Scale = Literal["log", "linear"]


@dataclass(frozen=True)
class ForestRow:
    """One line of a forest plot.

    Attributes
    ----------
    label : str
        What is compared with what.
    estimate, lower, upper : float or None
        Ratio or difference and limits; None for a heading, or where it cannot be estimated.
    cells : sequence of str
        Text of the extra columns, e.g. events and person-years.
    text : str
        Estimate and interval in words; "not estimable" where that is so.
    heading : bool
        A heading over the lines that follow it.
    reference : bool
        The reference category, drawn as an open point at no difference.
    weight : float or None
        Area of the square, relative to the heaviest; all are the same where any is None.
    mark : float or None
        Where a dashed line runs beside the row: an estimate to compare with, such as that in everybody.
    depth : int
        How many steps its label stands in further than others below the same heading.
    """

    label: str
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    cells: Sequence[str] = ()
    text: str = ""
    heading: bool = False
    reference: bool = False
    weight: float | None = None
    mark: float | None = None
    depth: int = 0

    @property
    def indent(self) -> float:
        """How far its label stands in, in millimetres."""
        return 0.0 if self.heading else INDENT * (1 + self.depth)


def forest_figure(
    rows: Sequence[ForestRow],
    *,
    columns: Sequence[str] = (),
    label_header: str = "",
    text_header: str = "HR (95% CI)",
    x_label: str = "Hazard ratio",
    scale: Scale = "log",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw estimates with confidence intervals, one line each.

    Parameters
    ----------
    rows : sequence of ForestRow
        Lines from top to bottom.
    columns : sequence of str
        Headers of the extra columns (``ForestRow.cells``).
    label_header, text_header : str
        Headers of the labels and of the estimates in words.
    x_label : str
        Label of the axis.
    scale : {"log", "linear"}
        Ratios on a log axis, with no difference at 1; or differences on a linear one, with no difference at 0.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> rows = [ForestRow("naive", 2.2, 1.3, 3.7, ["35 / 700"], "2.20 (1.30-3.70)"),
    ...         ForestRow("user", 1.3, 0.8, 2.1, ["30 / 690"], "1.30 (0.80-2.10)")]
    >>> figure = forest_figure(rows, columns=["Events / person-years"])
    >>> len(figure.axes)
    1
    """
    text_column = max(text_width(text_header, BODY, bold=True), *(text_width(r.text) for r in rows))
    headers = [wrap(c, 26.0, BODY, bold=True) for c in columns]
    cell_widths = [
        max(text_width(h, BODY, bold=True), *(text_width(_cell(r, k)) for r in rows))
        for k, h in enumerate(headers)
    ]
    longest = max(
        text_width(label_header, BODY, bold=True),
        *(text_width(r.label, BODY, bold=r.heading) + r.indent for r in rows if not r.heading),
    )
    label_column = min(longest, LABEL_SHARE * width) + 0.5
    side_by_side = (
        width - 2 * MARGIN - label_column - text_column - sum(cell_widths) - COLUMN_GAP * (len(columns) + 2)
    )
    stacked = bool(columns) and side_by_side < LEAST_PLOT
    word = max(
        text_width(w, BODY) + r.indent for r in rows if not r.heading for w in (r.label.split() or [""])
    )
    room = width - 2 * MARGIN - text_column - 2 * COLUMN_GAP
    most = room - min(LEAST_PLOT, max(room - word - 0.6, NARROWEST))
    if stacked:
        details = [_detail(r, columns) for r in rows]
        longest = max([longest, *(text_width(d, SMALL) + INDENT for d in [*details, "; ".join(columns)])])
        label_column = min(longest, most) + 0.5
        cell_widths = []
    else:
        details = [""] * len(rows)
        if not columns:
            label_column = min(longest, most) + 0.5
    labels = [
        wrap(r.label, (width - 2 * MARGIN) if r.heading else label_column - r.indent, BODY, bold=r.heading)
        for r in rows
    ]
    details = [
        wrap(d, label_column - r.indent, SMALL) if d else "" for r, d in zip(rows, details, strict=True)
    ]

    heights = [1.2 + block_height(a) + block_height(b, SMALL) for a, b in zip(labels, details, strict=True)]
    named = wrap("; ".join(columns), label_column, SMALL) if stacked else ""
    titles = [label_header, text_header, *([] if stacked else headers)]
    header_height = max(block_height(t) for t in titles) + block_height(named, SMALL) + 1.0
    foot = 2.5 + line_height(SMALL) + line_height(BODY) + MARGIN
    top = MARGIN + header_height
    sheet = Sheet.blank(width, top + sum(heights) + 1.0 + foot)

    x_cells = [
        MARGIN + label_column + COLUMN_GAP + sum(cell_widths[:k]) + COLUMN_GAP * k
        for k in range(len(cell_widths))
    ]
    plot_left = MARGIN + label_column + sum(cell_widths) + COLUMN_GAP * (len(cell_widths) + 1)
    plot_width = width - MARGIN - text_column - COLUMN_GAP - plot_left
    under = header_height + MARGIN - 1.2
    for x, text, align in (
        (MARGIN, label_header, "left"),
        (width - MARGIN, text_header, "right"),
        *((x + w, h, "right") for x, w, h in zip(x_cells, cell_widths, headers, strict=False)),
    ):
        above = block_height(text) + (block_height(named, SMALL) if align == "left" else 0.0)
        sheet.block(x, under - above, text, bold=True, align=align)
    sheet.block(MARGIN, under - block_height(named, SMALL), named, size=SMALL, color=MUTED)
    sheet.line([MARGIN, width - MARGIN], [top - 0.4, top - 0.4], color=INK)

    low, high = limits_shown(rows) if scale == "log" else _linear_limits(rows)
    null = 1.0 if scale == "log" else 0.0
    weights = [r.weight for r in rows if not r.heading and not r.reference and r.estimate is not None]
    heaviest = max((w for w in weights if w is not None), default=0.0) if None not in weights else 0.0
    axes = sheet.axes(plot_left, top, plot_width, sum(heights) + 1.0)
    axes.set_xscale(scale)
    axes.minorticks_off()
    axes.set_xlim(low, high)
    axes.set_ylim(sum(heights) + 1.0, 0.0)
    choose = ratio_ticks if scale == "log" else linear_ticks
    ticks = choose(low, high, most=9, least=TICK_ROOM / plot_width)
    axes.set_xticks(ticks, [tick_label(t) for t in ticks])
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    y = 0.5
    for k, row in enumerate(rows):
        here = top + y + 0.6
        indent = row.indent
        sheet.block(MARGIN + indent, here, labels[k], bold=row.heading)
        sheet.block(
            MARGIN + indent, here + block_height(labels[k]) - 0.1, details[k], size=SMALL, color=MUTED
        )
        for j, (x, w) in enumerate(zip(x_cells, cell_widths, strict=True)):
            sheet.block(x + w, here, _cell(row, j), align="right")
        sheet.block(
            width - MARGIN, here, row.text, align="right", color=MUTED if row.estimate is None else INK
        )
        if not row.heading:  # a heading may run across the plot; the line of no difference stops for it
            until = sum(heights) + 1.0 if k == len(rows) - 1 else y + heights[k]
            axes.plot([null, null], [y, until], color=MUTED, linewidth=0.7, solid_capstyle="butt", zorder=1)
            if row.mark is not None and low <= row.mark <= high:
                axes.plot([row.mark, row.mark], [y, y + heights[k]], color=series(1).color, linewidth=0.7,
                          linestyle=(0, (2.5, 1.8)), zorder=1)  # fmt: skip
            draw_row(axes, row, y + 0.6 + line_height(BODY) * 0.5, (low, high), null, heaviest)
        y += heights[k]
    axis_name = top + sum(heights) + 1.0 + 2.5 + line_height(SMALL)
    sheet.block(plot_left + plot_width / 2, axis_name, x_label, align="center")
    return sheet.figure


def _cell(row: ForestRow, column: int) -> str:
    return row.cells[column] if column < len(row.cells) else ""


def _detail(row: ForestRow, columns: Sequence[str]) -> str:
    """Join the extra columns to one line under the label, for narrow figures; the header names them."""
    return "; ".join(v.replace(" ", "\u00a0") for _, v in zip(columns, row.cells, strict=False) if v)


def limits_shown(rows: Sequence[ForestRow]) -> tuple[float, float]:
    """Choose the ends of a log axis: whole intervals, unless they run far beyond the estimates."""
    points = [r.estimate for r in rows if r.estimate is not None and isfinite(r.estimate) and r.estimate > 0]
    points = points or [1.0]
    low = [r.lower for r in rows if r.lower is not None and r.lower > 0]
    high = [r.upper for r in rows if r.upper is not None and isfinite(r.upper)]
    least = max(min([*low, *points]), min(points) / LIMITS_SHOWN)
    most = min(max([*high, *points]), max(points) * LIMITS_SHOWN)
    return min(least, 0.7) / 1.08, max(most, 1.5) * 1.08


def _linear_limits(rows: Sequence[ForestRow]) -> tuple[float, float]:
    points = [r.estimate for r in rows if r.estimate is not None and isfinite(r.estimate)] or [0.0]
    low = [r.lower for r in rows if r.lower is not None and isfinite(r.lower)]
    high = [r.upper for r in rows if r.upper is not None and isfinite(r.upper)]
    halves = [(b - a) / 2 for a, b in zip(low, high, strict=False)]
    spread = SPREADS_SHOWN * max(max(points) - min(points), median(halves) if halves else 0.0)
    least = min(max(min([*low, *points]), min(points) - spread), 0.0)
    most = max(min(max([*high, *points]), max(points) + spread), 0.0)
    room = 0.04 * (most - least) or 1.0
    return least - room, most + room


def draw_row(
    axes: Axes,
    row: ForestRow,
    y: float,
    limits: tuple[float, float],
    null: float = 1.0,
    heaviest: float = 0.0,
) -> None:
    """Draw one estimate with its interval; an arrow where it goes on beyond the axis."""
    look = series(0)
    if row.reference:
        axes.plot(
            [null], [y], "o", markersize=4, markerfacecolor="white", markeredgecolor=INK, markeredgewidth=0.8
        )
        return
    if row.estimate is None or row.lower is None or row.upper is None:
        return
    low, high = limits
    if row.lower <= high and row.upper >= low:
        axes.plot(
            [max(row.lower, low), min(row.upper, high)], [y, y], color=look.color, linewidth=1.1, zorder=2
        )
    for cut, at, marker in ((row.lower < low, low, "<"), (row.upper > high, high, ">")):
        if cut:  # an arrow: the interval goes on beyond the axis
            inward = 1 if marker == "<" else -1
            share = 0.012 * (log(high / low) if null else high - low)
            inside = at * (1 + inward * share) if null else at + inward * share
            axes.plot([inside], [y], marker, markersize=4, color=look.color, zorder=3)
    if low <= row.estimate <= high:
        size = MARKER
        if heaviest and row.weight is not None:
            size = max(HEAVIEST * (row.weight / heaviest) ** 0.5, LIGHTEST)
        axes.plot([row.estimate], [y], "s", markersize=size, color=look.color, markeredgecolor="white",
                  markeredgewidth=0.4, zorder=4)  # fmt: skip
