"""Lengths of time in days, without rounding."""

from __future__ import annotations

import math
import re
from difflib import get_close_matches

from riskset.errors import UnitError

DAYS_PER_YEAR = 365.25
DAYS_PER_MONTH = 30.4375  # a twelfth of a year

_DAYS = {
    "second": 1 / 86_400,
    "minute": 1 / 1_440,
    "hour": 1 / 24,
    "day": 1.0,
    "week": 7.0,
    "month": DAYS_PER_MONTH,
    "year": DAYS_PER_YEAR,
}
_SHORT = {
    "s": "second",
    "min": "minute",
    "h": "hour",
    "d": "day",
    "wk": "week",
    "mo": "month",
    "y": "year",
    "yr": "year",
}
_DURATION = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([A-Za-z]+)\s*")


def _days_per(unit: str, where: str | None) -> float:
    name = unit.strip().lower()
    name = _SHORT.get(name, name)
    if name not in _DAYS and name.endswith("s"):
        name = _SHORT.get(name[:-1], name[:-1])
    if name not in _DAYS:
        near = get_close_matches(name, [f"{u}s" for u in _DAYS], n=2, cutoff=0.5)
        hint = f"Did you mean {' or '.join(near)}? " if near else ""
        raise UnitError(
            f"'{unit}' is not a unit of time",
            where=where,
            remedy=f"{hint}Known: {', '.join(f'{u}s' for u in _DAYS)}.",
        )
    return _DAYS[name]


def parse_duration(duration: str | float, *, where: str | None = None) -> float:
    """Length of a duration in days.

    A year is 365.25 days and a month 30.4375, so that "5 years" is 1826.25 days: durations are lengths, not
    calendar arithmetic.

    Parameters
    ----------
    duration : str or float
        A number and a unit ("90 days", "6 hours", "5 years"), or a number of days.
    where : str, optional
        The plan key or argument, for the message.

    Returns
    -------
    float
        Days, zero or more.

    Raises
    ------
    UnitError
        If it is not a number and a unit of time, or negative, or not finite.

    Examples
    --------
    >>> parse_duration("90 days"), parse_duration("5 years"), parse_duration("1 month"), parse_duration(30)
    (90.0, 1826.25, 30.4375, 30.0)
    """
    if isinstance(duration, str):
        match = _DURATION.fullmatch(duration)
        if match is None:
            raise UnitError(
                f"'{duration}' is not a duration",
                where=where,
                remedy='Write a number and a unit: "90 days", "6 hours", "5 years".',
            )
        return float(match[1]) * _days_per(match[2], where)
    if isinstance(duration, bool) or not math.isfinite(duration) or duration < 0:
        raise UnitError(
            "a duration must be a number of days, zero or more",
            where=where,
            remedy='Write a number and a unit: "90 days".',
        )
    return float(duration)


def person_time_divisor(unit: str) -> float:
    """Days in one unit of person-time.

    Parameters
    ----------
    unit : str
        "years", "months", "days", ...

    Returns
    -------
    float
        Person-days divided by this number are person-time in the unit.

    Raises
    ------
    UnitError
        If the unit is not one of time.

    Examples
    --------
    >>> person_time_divisor("years"), person_time_divisor("days")
    (365.25, 1.0)
    """
    return _days_per(unit, "person-time")
