"""Standardised risks over time with bands, or their differences."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from riskset.plots.style import (
    BODY,
    DOUBLE_COLUMN,
    MUTED,
    RULE,
    SMALL,
    Sheet,
    block_height,
    line_height,
    series,
    text_width,
    wrap,
)

Floats = NDArray[np.float64]

MARGIN: Final = 2.0
SWATCH: Final = 7.0
ASPECT: Final = 0.5


@dataclass(frozen=True, eq=False)
class StandardisedLine:
    """One curve.

    Attributes
    ----------
    label : str
    time, value, lower, upper : ndarray (n,)
        Risk or risk difference, with pointwise limits; NaN limits are not drawn.
    """

    label: str
    time: Floats
    value: Floats
    lower: Floats
    upper: Floats


def standardised_figure(
    lines: Sequence[StandardisedLine],
    *,
    kind: Literal["risk", "difference"] = "risk",
    level: float = 0.95,
    first: int = 0,
    x_label: str = "Time",
    width: float = DOUBLE_COLUMN,
) -> Figure:
    """Draw standardised risks, or risk differences, over time.

    Parameters
    ----------
    lines : sequence of StandardisedLine
    kind : {"risk", "difference"}
        Differences have a line at 0.
    level : float
        Of the bands, for the key.
    first : int
        Look of the first line, so that a value keeps its look in both figures.
    x_label : str
        Label of the time axis.
    width : float
        Printed width in millimetres.

    Returns
    -------
    matplotlib.figure.Figure

    Examples
    --------
    >>> import numpy as np
    >>> at = np.array([1.0, 2.0, 3.0])
    >>> figure = standardised_figure([StandardisedLine("drug: no", at, at / 10, at / 20, at / 5)])
    """
    unit = "Risk (%)" if kind == "risk" else "Risk difference (percentage points)"
    left = MARGIN + line_height(BODY) + 2.0 + text_width("-100.0", SMALL) + 2.5
    right = MARGIN + 4.0
    panel_width = width - left - right
    height = max(44.0, ASPECT * min(width, 140.0))
    labels = [wrap(line.label, width - 2 * MARGIN - SWATCH - 2.0, SMALL) for line in lines]
    note = f"Bands: pointwise {level:.0%} limits. The same persons under each value, standardised."
    key = wrap(note, width - 2 * MARGIN, SMALL)
    under = MARGIN + height + 3.0 + line_height(SMALL) + line_height(BODY) + 1.5
    rows = [block_height(text, SMALL) + 0.6 for text in labels]
    sheet = Sheet.blank(width, under + sum(rows) + block_height(key, SMALL) + 0.6 + MARGIN)
    axes = sheet.axes(left, MARGIN, panel_width, height)
    if kind == "difference":
        axes.axhline(0.0, color=RULE, linewidth=0.8, zorder=1)
    top = under
    for k, (line, text, row) in enumerate(zip(lines, labels, rows, strict=True)):
        look = series(first + k)
        # From time 0, where everybody is without event.
        time, value, lower, upper = (
            np.append(0.0, x) for x in (line.time, line.value, line.lower, line.upper)
        )
        axes.fill_between(
            time, 100 * lower, 100 * upper, step="post", color=look.color, alpha=0.15, linewidth=0, zorder=2,
            where=np.isfinite(lower) & np.isfinite(upper),
        )  # fmt: skip
        axes.step(
            time, 100 * value, where="post", color=look.color, linewidth=1.4, linestyle=look.dashes, zorder=3
        )  # fmt: skip
        middle = top + 0.5 * line_height(SMALL)
        sheet.line(
            [MARGIN, MARGIN + SWATCH], [middle, middle], color=look.color, width=1.4, dashes=look.dashes
        )
        sheet.block(MARGIN + SWATCH + 2.0, top, text, size=SMALL, color=look.text)
        top += row
    axes.set_xlim(0.0, max(float(line.time[-1]) for line in lines))
    if kind == "risk":
        axes.set_ylim(bottom=0.0)
    axes.xaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 5, 10]))
    axes.yaxis.set_major_locator(MaxNLocator(5, steps=[1, 2, 2.5, 5, 10]))
    sheet.text(MARGIN + line_height(BODY) * 0.75, MARGIN + height / 2, unit, align="center", rotation=90)
    sheet.block(left + panel_width / 2, MARGIN + height + 3.0 + line_height(SMALL), x_label, align="center")
    sheet.block(MARGIN, top + 0.6, key, size=SMALL, color=MUTED)
    return sheet.figure
