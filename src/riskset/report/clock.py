"""The unit in which a follow-up is read: years, or days where there is less than one year of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import overload

from riskset.study.results import Results, SurvivalCurve

DAYS = 365.25


@dataclass(frozen=True, slots=True)
class Clock:
    """A unit of time and what one year is in it.

    Examples
    --------
    >>> Clock("Days", 365.25).read(90 / 365.25)
    90.0
    """

    unit: str
    per_year: float

    @property
    def person(self) -> str:
        """Person-time in this unit, "person-days"."""
        return f"person-{self.unit.lower()}"

    @overload
    def read(self, years: float) -> float: ...
    @overload
    def read(self, years: float | None) -> float | None: ...
    def read(self, years: float | None) -> float | None:
        """Turn years into this unit; whole numbers come out whole, and what is masked stays so."""
        if years is None:
            return None
        value = years * self.per_year
        return float(round(value)) if abs(value - round(value)) < 1e-9 * max(1.0, value) else value


def follow_up_clock(results: Results) -> Clock:
    """Choose the unit of person-time on the page: days where rates are per day or nobody is followed for a year."""
    medians = [o.median_follow_up_years for o in results.rates]
    ticks = [t for s in results.survival for g in s.groups for t in g.ticks_years]
    short = bool(medians) and max(medians) < 1.0 and bool(ticks) and max(ticks) < 1.0
    return (
        Clock("Days", DAYS) if results.time_unit.endswith(("-days", "-day")) or short else Clock("Years", 1.0)
    )


def clock_of(curve: SurvivalCurve) -> Clock:
    """Choose the unit of a curve by its last tick."""
    last = max((t for g in curve.groups for t in g.ticks_years), default=0.0)
    return Clock("Years", 1.0) if last >= 1.0 else Clock("Days", DAYS)
