"""Dates and time stamps as they stand in tables: read when unambiguous, refused when not.

Year first is read (ISO dates, also with ``/`` or without separators), with or without a time. Day first and
month first cannot be told apart and are refused with the remedy. A column that holds only midnights is a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import polars as pl

EARLIEST = date(1900, 1, 1)
_DATES = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d")
_STAMPS = ("%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S%.f", "%Y/%m/%d %H:%M")
NOT_A_DATE = "a date must be written year first (2024-03-01), with or without a time"
REMEDY = "Write dates as YYYY-MM-DD: day first and month first cannot be told apart. Time stamps are YYYY-MM-DD HH:MM:SS."


@dataclass(frozen=True)
class ParsedTimes:
    """A column of times after reading.

    Parameters
    ----------
    values : pl.Series
        Date, Datetime in microseconds, or Float64 where the column counts days.
    bad : pl.Series
        True where something stands there that is not a date.
    mixed : bool
        Dates and time stamps stand in one column.
    """

    values: pl.Series
    bad: pl.Series
    mixed: bool = False


def parse_times(column: pl.Series, *, date_only: bool = False) -> ParsedTimes:
    """Read a column of dates, time stamps or day numbers.

    Parameters
    ----------
    column : pl.Series
        Text, dates, time stamps or numbers.
    date_only : bool, default False
        The time of day says nothing, whatever it is.

    Returns
    -------
    ParsedTimes

    Examples
    --------
    >>> parse_times(pl.Series(["2024-03-01", "03/01/2024", None])).bad.to_list()
    [False, True, False]
    >>> parse_times(pl.Series(["2024-03-01 00:00:00", "2024-03-02 00:00:00"])).values.dtype
    Date
    """
    good = pl.repeat(False, column.len(), eager=True)
    if column.dtype.is_numeric():
        compact = _compact(column)
        return ParsedTimes(column.cast(pl.Float64).fill_nan(None), good) if compact is None else compact
    if column.dtype == pl.Date:
        return ParsedTimes(column, good)
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is not None:
            column = column.dt.replace_time_zone(None)
        return ParsedTimes(_midnights(column.dt.cast_time_unit("us"), date_only=date_only), good)
    if column.dtype == pl.Null:
        return ParsedTimes(column.cast(pl.Date), good)
    return _from_text(column.cast(pl.String), date_only=date_only)


def _compact(column: pl.Series) -> ParsedTimes | None:
    """Read whole numbers such as 20240301 as dates; None if they are anything else."""
    if not column.dtype.is_integer() or column.null_count() == column.len():
        return None
    low, high = column.drop_nulls().to_numpy().min(), column.drop_nulls().to_numpy().max()
    if low < 18_000_101 or high > 25_001_231:
        return None
    dates = column.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return ParsedTimes(dates, dates.is_null() & column.is_not_null())


def _from_text(text: pl.Series, *, date_only: bool) -> ParsedTimes:
    text = text.str.strip_chars().replace("", None)
    present = text.is_not_null()
    days = _first_that_reads(text, _DATES, stamps=False)
    if (days.is_not_null() == present).all():
        return ParsedTimes(days, ~present & present)
    numbers = text.cast(pl.Float64, strict=False)
    if (numbers.is_not_null() == present).all():
        return ParsedTimes(numbers.fill_nan(None), ~present & present)
    stamps = _first_that_reads(text.str.replace("T", " ", literal=True), _STAMPS, stamps=True)
    bad = present & days.is_null() & stamps.is_null()
    if stamps.null_count() == stamps.len():
        return ParsedTimes(days, bad)
    mixed = bool(days.is_not_null().any())
    both = stamps.zip_with(stamps.is_not_null(), days.cast(pl.Datetime("us")))
    values = _midnights(both, date_only=date_only)
    return ParsedTimes(values, bad, mixed and values.dtype != pl.Date)


def _first_that_reads(text: pl.Series, formats: tuple[str, ...], *, stamps: bool) -> pl.Series:
    result = pl.Series(text.name, [None], dtype=pl.Datetime("us") if stamps else pl.Date).new_from_index(
        0, text.len()
    )
    for form in formats:
        unread = text.filter(result.is_null() & text.is_not_null())
        if unread.is_empty():
            break
        read = (
            text.str.to_datetime(form, strict=False, time_unit="us")
            if stamps
            else text.str.to_date(form, strict=False)
        )
        result = result.zip_with(result.is_not_null(), read)
    return result


def _midnights(stamps: pl.Series, *, date_only: bool) -> pl.Series:
    """Give dates where the column holds only midnights, or where the time says nothing."""
    days = stamps.dt.date()
    return days if date_only or (days.cast(pl.Datetime("us")) == stamps).all() else stamps


def window(plausible: tuple[date | str, date | str] | None) -> tuple[date, date]:
    """Dates that can be true: 1900 to today, unless the plan says otherwise.

    Parameters
    ----------
    plausible : pair of date or ISO text, optional

    Returns
    -------
    tuple of date

    Examples
    --------
    >>> window(("1800-01-01", "2300-01-01"))
    (datetime.date(1800, 1, 1), datetime.date(2300, 1, 1))
    """
    if plausible is None:
        # tomorrow in UTC, because somewhere it is already today
        return EARLIEST, datetime.now(UTC).date() + timedelta(days=1)
    first, last = (date.fromisoformat(d) if isinstance(d, str) else d for d in plausible)
    return first, last


def implausible(values: pl.Series, plausible: tuple[date, date]) -> pl.Series:
    """Mark dates outside the plausible window; day numbers have none.

    Parameters
    ----------
    values : pl.Series
        Date, Datetime or Float64.
    plausible : tuple of date

    Returns
    -------
    pl.Series
        True where a date is too early or too late.
    """
    if values.dtype == pl.Float64:
        return values.is_infinite().fill_null(value=False)
    days = values if values.dtype == pl.Date else values.dt.date()
    return ~days.is_between(*plausible).fill_null(value=True)
