"""Interval bars in the summary: where an estimate and its limits lie on one log axis, in percent of its width.

Only positions are computed here; the numbers stand beside each bar as text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import log

from riskset.report import formats as fmt

REACHES = (2.0, 4.0, 10.0, 20.0)
"""An axis runs from 1/reach to reach: symmetrical on the log scale, so that 2 and 0.5 look alike."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One interval bar; ``open_low`` and ``open_high`` say that it goes on beyond the axis."""

    low: float
    high: float
    point: float
    open_low: bool
    open_high: bool


@dataclass(frozen=True, slots=True)
class Axis:
    """A log axis around 1."""

    reach: float

    @classmethod
    def around(cls, tables: Iterable[Iterable[tuple[float | None, ...]]]) -> Axis:
        """Choose the shortest axis that holds all estimates and limits, at most the longest."""
        limits = [v for table in tables for found in table for v in found if v is not None and v > 0]
        needed = max((max(v, 1 / v) for v in limits), default=1.0)
        return cls(next((r for r in REACHES if needed <= r), REACHES[-1]))

    def place(self, ratio: float) -> float:
        """Place a ratio, in percent from the left.

        Examples
        --------
        >>> Axis(4.0).place(1.0), Axis(4.0).place(0.5), Axis(4.0).place(100.0)
        (50.0, 25.0, 100.0)
        """
        if ratio <= 0:
            return 0.0
        share = (log(ratio) + log(self.reach)) / (2 * log(self.reach))
        return round(100 * min(1.0, max(0.0, share)), 2)

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Positions and labels of the ends and of 1, the value of no difference."""
        return tuple((self.place(v), fmt.plain(v)) for v in (1 / self.reach, 1.0, self.reach))

    def bar(self, estimate: float | None, lower: float | None, upper: float | None) -> Bar | None:
        """Draw an estimate; None where there is none."""
        if estimate is None:
            return None
        low = 0.0 if lower is None else lower
        return Bar(
            low=self.place(low),
            high=100.0 if upper is None else self.place(upper),
            point=self.place(estimate),
            open_low=low < 1 / self.reach,
            open_high=upper is None or upper > self.reach,
        )
