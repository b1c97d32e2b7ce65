"""What all figures share: sizes in millimetres, inks, type, text measurement, ticks of a log axis.

Sizes are those of print: a figure of 85 mm fills one column of a journal, one of 175 mm the page. Type is never
below 7 pt at that size. Text is measured with DejaVu Sans, which comes with matplotlib and so is the same on
every machine, and which is wider than the fonts that a browser would put in its place: what fits here fits there.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from itertools import pairwise
from math import ceil, floor, log, log10
from typing import Final, Literal

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.lines import Line2D
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.transforms import Affine2D, Transform

MM_PER_INCH: Final = 25.4
MM_PER_POINT: Final = 25.4 / 72.0
SINGLE_COLUMN: Final = 85.0
DOUBLE_COLUMN: Final = 175.0

FONT: Final = "DejaVu Sans"
BODY: Final = 7.5  # points
SMALL: Final = 7.0  # the least that journals print
HEADING: Final = 8.5
LINE_SPACING: Final = 1.3
ASCENT: Final = 0.78  # of a line's height lies above its baseline

Dashes = Literal["solid"] | tuple[float, tuple[float, ...]]

INK: Final = "#1a1a1a"
MUTED: Final = "#555555"  # contrast 7.5 : 1 on white
RULE: Final = "#b5b5b5"
SHADE: Final = "#f2f2f2"


@dataclass(frozen=True)
class Series:
    """How one stratum is drawn: a hue that survives colour blindness, dashes that survive a grey copy."""

    color: str
    text: str  # the same hue, dark enough for small type (4.5 : 1 on white or better)
    dashes: Dashes


# Okabe & Ito's hues, those that stand out on white first; the dashes tell the strata apart without colour.
SERIES: Final = (
    Series("#0072B2", "#005f94", "solid"),
    Series("#D55E00", "#a84a00", (0, (4.5, 1.4))),
    Series("#009E73", "#00704f", (0, (1.2, 1.1))),
    Series("#CC79A7", "#9a4277", (0, (6, 1.4, 1.2, 1.4))),
    Series("#56B4E9", "#1f6f9f", (0, (2.6, 1.0))),
    Series("#E69F00", "#8a5f00", (0, (8, 1.4))),
    Series("#000000", "#000000", (0, (1, 2.2))),
)


def series(index: int) -> Series:
    """Choose the look of the stratum at ``index``; after seven the looks repeat."""
    return SERIES[index % len(SERIES)]


_COMPARISON: Final = re.compile(r" ([=<>≤≥]) ")


# --- text ----------------------------------------------------------------------------------------------------


def text_width(text: str, size: float = BODY, *, bold: bool = False) -> float:
    """Measure the widest line of a text, in millimetres.

    Examples
    --------
    >>> text_width("ii") < text_width("WW")
    True
    """
    return max((_line_width(line, size, bold) for line in text.split("\n") if line), default=0.0)


@lru_cache(maxsize=4096)
def _line_width(line: str, size: float, bold: bool) -> float:
    font = FontProperties(family=FONT, size=size, weight="bold" if bold else "normal")
    return text_to_path.get_text_width_height_descent(line, font, ismath=False)[0] * MM_PER_POINT


def block_height(text: str, size: float = BODY) -> float:
    """Height of a text of several lines, in millimetres; 0 for no text."""
    return line_height(size) * (text.count("\n") + 1) if text else 0.0


def line_height(size: float = BODY) -> float:
    """Height that one line of text takes, in millimetres."""
    return size * LINE_SPACING * MM_PER_POINT


def wrap(text: str, width: float, size: float = BODY, *, bold: bool = False) -> str:
    """Break a text into lines that fit ``width`` millimetres; a word that is wider alone is broken too.

    No line ends or begins with a sign of comparison: "P = 0.04" stays together. So do words that are joined by
    no-break spaces, which become plain ones.

    Examples
    --------
    >>> wrap("Magnesium within 90 days before index", 30.0).count(chr(10))
    1
    """
    lines: list[str] = []
    measure = partial(text_width, size=size, bold=bold)
    for paragraph in text.split("\n"):
        line = ""
        joined = _COMPARISON.sub("\u00a0\\1\u00a0", paragraph).split(" ")
        # what must not be parted but does not fit is parted between words before any word is broken
        words = (w for j in joined for w in ([j] if measure(j) <= width else j.split("\u00a0")))
        for word in words:
            longer = f"{line} {word}" if line else word
            if measure(longer) <= width:
                line = longer
                continue
            if line:
                lines.append(line)
            line = word
            while measure(line) > width and len(line) > 1:
                # a longer piece is wider, so halving finds the longest that fits; one sign at least
                fits = partial(_wider, line, width, size, bold)
                cut = max(1, bisect_left(range(1, len(line)), x=True, key=fits))
                lines.append(line[:cut])
                line = line[cut:]
        lines.append(line)
    return "\n".join(lines).replace("\u00a0", " ")


def _wider(text: str, width: float, size: float, bold: bool, n: int) -> bool:
    return text_width(text[:n], size, bold=bold) > width


def spread(wanted: Sequence[float], heights: Sequence[float], room: float) -> list[float]:
    """Move the centres of labels apart until none overlap, in order, inside ``room``.

    Examples
    --------
    >>> spread([10.0, 11.0, 39.0], [4.0, 4.0, 4.0], 40.0)
    [10.0, 14.0, 38.0]
    """
    order = sorted(range(len(wanted)), key=lambda k: wanted[k])
    placed = list(wanted)
    edge = 0.0
    for k in order:
        placed[k] = max(placed[k], edge + heights[k] / 2)
        edge = placed[k] + heights[k] / 2
    edge = room
    for k in reversed(order):
        placed[k] = min(placed[k], edge - heights[k] / 2)
        edge = placed[k] - heights[k] / 2
    return placed


# --- a sheet in millimetres ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Sheet:
    """A figure addressed in millimetres from its top left corner."""

    figure: Figure
    width: float
    height: float

    @staticmethod
    def blank(width: float, height: float) -> Sheet:
        """Make an empty white figure, ``width`` x ``height`` millimetres."""
        figure = Figure(figsize=(width / MM_PER_INCH, height / MM_PER_INCH), facecolor="white")
        return Sheet(figure, width, height)

    def millimetres(self) -> Transform:
        """Transform from millimetres, counted from the top left corner, to the figure."""
        return (
            Affine2D().scale(1.0 / self.width, -1.0 / self.height).translate(0.0, 1.0)
            + self.figure.transFigure
        )

    def axes(self, left: float, top: float, width: float, height: float) -> Axes:
        """Place axes by their frame, with the house's thin lines and small ticks."""
        box = (
            left / self.width,
            1.0 - (top + height) / self.height,
            width / self.width,
            height / self.height,
        )
        axes = self.figure.add_axes(box)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_linewidth(0.6)
            spine.set_color(MUTED)
        axes.tick_params(
            labelsize=SMALL, width=0.6, length=2.5, pad=2.0, color=MUTED, labelcolor=INK, labelfontfamily=FONT
        )
        axes.minorticks_off()
        axes.patch.set_alpha(0.0)
        return axes

    def text(
        self,
        x: float,
        y: float,
        text: str,
        *,
        size: float = BODY,
        color: str = INK,
        align: str = "left",
        bold: bool = False,
        rotation: float = 0.0,
    ) -> Text:
        """Write one line with its baseline at ``y``, counted from the top."""
        return self.figure.text(
            x / self.width,
            1.0 - y / self.height,
            text,
            fontsize=size,
            color=color,
            ha=align,
            va="baseline",
            weight="bold" if bold else "normal",
            family=FONT,
            rotation=rotation,
            rotation_mode="anchor",
            parse_math=False,  # a dollar sign of a label is a dollar sign, as it is measured
        )

    def block(
        self,
        x: float,
        top: float,
        text: str,
        *,
        size: float = BODY,
        color: str = INK,
        align: str = "left",
        bold: bool = False,
    ) -> None:
        """Write lines from ``top`` downwards, baselines evenly apart whatever letters they hold."""
        for n, line in enumerate(text.split("\n")):
            y = top + (n + ASCENT) * line_height(size)
            self.text(x, y, line, size=size, color=color, align=align, bold=bold)

    def line(
        self,
        xs: Sequence[float],
        ys: Sequence[float],
        *,
        color: str = MUTED,
        width: float = 0.6,
        dashes: Dashes = "solid",
    ) -> None:
        """Draw a line through points of the sheet."""
        self.figure.add_artist(
            Line2D(
                [x / self.width for x in xs],
                [1.0 - y / self.height for y in ys],
                color=color,
                linewidth=width,
                linestyle=dashes,
                transform=self.figure.transFigure,
            )
        )


# --- log axes -------------------------------------------------------------------------------------------------


def _decades(*mantissas: float) -> tuple[float, ...]:
    return tuple(sorted(m * 10.0**k for m in mantissas for k in range(-4, 5)))


# From fine to coarse: the first that gives few enough ticks wins. Each holds 1, the value of no difference.
_LADDERS: Final = (
    (0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4, 1.6, 1.8, 2.0),
    _decades(1, 1.5, 2, 3, 5, 7),
    tuple(2.0**k for k in range(-12, 13)),
    _decades(1, 2, 5),
    _decades(1, 3),
    _decades(1),
)
_NARROW_SPAN: Final = log(2.6)  # the first ladder ends at 2


def ratio_ticks(low: float, high: float, most: int = 7, least: float = 0.0) -> list[float]:
    """Choose ticks for a ratio on a log axis: round numbers, 1 among them, at most ``most``.

    ``least`` is the room that a label needs, as a share of the axis: nearer ticks are not taken.

    Examples
    --------
    >>> ratio_ticks(0.75, 1.5)
    [0.8, 0.9, 1.0, 1.1, 1.2, 1.4]
    >>> ratio_ticks(0.4, 3.0)
    [0.5, 0.7, 1.0, 1.5, 2.0, 3.0]
    >>> ratio_ticks(0.2, 12.0)
    [0.25, 0.5, 1.0, 2.0, 4.0, 8.0]
    >>> ratio_ticks(0.05, 20.0)
    [0.1, 0.3, 1.0, 3.0, 10.0]
    """
    for ladder in _LADDERS if log(high / low) < _NARROW_SPAN else _LADDERS[1:]:
        ticks = [float(f"{t:.4g}") for t in ladder if low * (1 - 1e-9) <= t <= high * (1 + 1e-9)]
        near = least * log(high / low)
        if len(ticks) <= most and all(log(b / a) >= near for a, b in pairwise(ticks)):
            return ticks
    return [1.0]


def linear_ticks(low: float, high: float, most: int = 7, least: float = 0.0) -> list[float]:
    """Choose round ticks of a linear axis, evenly spaced, 0 among them if it lies within, at most ``most``.

    ``least`` is the room that a label needs, as a share of the axis.

    Examples
    --------
    >>> linear_ticks(-0.32, 0.9)
    [-0.2, 0.0, 0.2, 0.4, 0.6, 0.8]
    >>> linear_ticks(12.0, 380.0, most=5)
    [100.0, 200.0, 300.0]
    """
    width = high - low
    power = floor(log10(width)) - 2
    for step in (m * 10.0**p for p in range(power, power + 4) for m in (1, 2, 5)):
        first, last = ceil(low / step - 1e-9), floor(high / step + 1e-9)
        if last - first + 1 <= most and step >= least * width:
            return [float(f"{k * step:.6g}") for k in range(first, last + 1)]
    return [0.0]


def tick_label(value: float) -> str:
    """Write a tick without trailing zeros.

    Examples
    --------
    >>> [tick_label(v) for v in (0.25, 1.0, 10.0, 0.001, -0.5)]
    ['0.25', '1', '10', '0.001', '−0.5']
    """
    return f"{value:.4f}".rstrip("0").rstrip(".").replace("-", "−")
