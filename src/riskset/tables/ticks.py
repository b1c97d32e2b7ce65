"""Time inside: whole milliseconds since each person's entry.

Whole numbers make ties exact: a value drawn at the minute of an event ties with it on every machine, and a lag
of six hours adds without rounding. A millisecond is finer than any clinical stamp, and the follow-up of a
million persons over twenty years, laid end to end, still fits into 64 bits.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

Clock = Literal["day", "time"]
Ticks = NDArray[np.int64]
Flags = NDArray[np.bool_]

DAY = 86_400_000
LAST_DAY = 10**10  # of whatever unit: in ticks it fits 64 bits with room for a duration
BLOCK = 2**17  # numbers: an array of a megabyte
NEVER = np.int64(2**60)  # later than any time, small enough to add a duration to
BEFORE = np.int64(-(2**60))  # earlier than any time


@dataclass(frozen=True)
class Times:
    """A column of times in ticks.

    Parameters
    ----------
    ticks : int64 array
        Since 1970 for dates, since zero for day numbers.
    known : bool array
        Whether a time stands there.
    by_date : bool array
        Known by date only, which under ``clock = "time"`` means the end of that day.
    calendar : bool
        Dates rather than day numbers.
    """

    ticks: Ticks
    known: Flags
    by_date: Flags
    calendar: bool


def duration_ticks(days: float) -> int:
    """Ticks in a number of days.

    Parameters
    ----------
    days : float

    Returns
    -------
    int

    Examples
    --------
    >>> duration_ticks(0.25)
    21600000
    """
    return round(days * DAY)


def to_ticks(values: pl.Series, clock: Clock, date_only: pl.Series | None = None) -> Times:
    """Turn dates, time stamps or day numbers into ticks.

    Parameters
    ----------
    values : pl.Series
        Date, Datetime (microseconds) or numbers of days.
    clock : {"day", "time"}
        Under "day", stamps are floored to their day before any difference is taken; under "time", a date
        means the end of its day.
    date_only : pl.Series, optional
        True where a stamp is known by date only.

    Returns
    -------
    Times

    Examples
    --------
    >>> to_ticks(pl.Series([1.5]), "day").ticks.tolist()
    [129600000]
    """
    nothing = np.zeros(values.len(), dtype=np.bool_)
    if values.dtype.is_numeric():
        days = values.cast(pl.Float64).to_numpy()  # what is missing reads NaN
        known = ~np.isnan(days)
        moments = np.clip(days, -LAST_DAY, LAST_DAY) * DAY  # what lies beyond never happens, or long ago
        moments[~known] = 0.0
        return Times(np.rint(moments, out=moments).astype(np.int64), known, nothing, calendar=False)
    known = ~nothing if values.null_count() == 0 else values.is_not_null().to_numpy()
    if values.dtype == pl.Date:
        ticks = values.to_physical().cast(pl.Int64).fill_null(0).to_numpy() * DAY
        if clock == "day":
            return Times(ticks, known, nothing, calendar=True)
        return Times(ticks + DAY, known, known.copy(), calendar=True)
    ticks = values.dt.cast_time_unit("us").to_physical().fill_null(0).to_numpy() // 1000
    if clock == "day":
        return Times(ticks // DAY * DAY, known, nothing, calendar=True)
    if date_only is None:
        return Times(ticks, known, nothing, calendar=True)
    by_date = date_only.fill_null(value=False).to_numpy() & known
    return Times(np.where(by_date, (ticks // DAY + 1) * DAY, ticks), known, by_date, calendar=True)


def to_days(ticks: Ticks) -> NDArray[np.float64]:
    """Turn ticks into days.

    Parameters
    ----------
    ticks : int64 array

    Returns
    -------
    float64 array

    Examples
    --------
    >>> to_days(np.array([DAY // 4]))
    array([0.25])
    """
    return ticks / DAY


def order_by_person_and_time(
    person: NDArray[np.int64], ticks: Ticks, *, in_runs: bool = False
) -> NDArray[np.int64]:
    """Give the order of rows by person, then time.

    Parameters
    ----------
    person : int64 array
        Positions of persons, zero or more.
    ticks : int64 array
    in_runs : bool, default False
        The rows are a few sorted runs one after the other, which merge in less time than a sort takes.

    Returns
    -------
    int64 array
        For indexing. Rows that tie in both come in no particular order.
    """
    if person.size == 0:
        return np.zeros(0, dtype=np.int64)
    first = ticks.min()
    span = int(ticks.max() - first) + 1
    if (int(person.max()) + 1) * span < 2**63:
        return np.argsort(person * span + (ticks - first), kind="stable" if in_runs else None)
    return np.lexsort((ticks, person))


def significant(values: NDArray[np.float64], digits: int = 9) -> NDArray[np.float64]:
    """Round to significant digits, so that a mean of 2.4s is not below 2.4.

    Parameters
    ----------
    values : float64 array
    digits : int, default 9
        Below the 15 that a double holds and above any laboratory's.

    Returns
    -------
    float64 array

    Examples
    --------
    >>> significant(np.array([0.1 + 0.2, 2.4000000000000004, 0.0, np.nan]))
    array([0.3, 2.4, 0. , nan])
    """
    if values.size > 2 * BLOCK:  # in pieces that stay near the processor
        rounded = np.empty_like(values)
        for begin in range(0, values.size, BLOCK):
            rounded[begin : begin + BLOCK] = significant(values[begin : begin + BLOCK], digits)
        return rounded
    # Up to 999 with at most six decimals, as most laboratory values are, there is nothing to round.
    with np.errstate(over="ignore"):
        plain = (np.rint(values * 1e6) / 1e6 == values) & (np.abs(values) < 1e3)
    if digits == 9 and plain.all():
        return values.copy()
    if digits == 9 and plain.any():
        rounded = values.copy()
        rounded[~plain] = _significant(values[~plain], digits)
        return rounded
    return _significant(values, digits)


def _significant(values: NDArray[np.float64], digits: int) -> NDArray[np.float64]:
    size = np.abs(values)
    regular = np.isfinite(size) & (size > 0)
    exponent = digits - 1 - np.floor(np.log10(size, where=regular, out=np.zeros_like(size)))
    # powers of ten up to 22 are exact doubles; dividing by one rounds correctly, multiplying by 0.1 does not
    up, down = 10.0 ** np.clip(exponent, 0, 22), 10.0 ** np.clip(-exponent, 0, 300)
    usual = np.rint(values * up) / up
    return np.where(exponent >= 0, usual, np.rint(values / down) * down)
