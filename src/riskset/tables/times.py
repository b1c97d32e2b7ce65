"""Dates and time stamps as they stand in tables: read when unambiguous, refused when not.

Year first is read (ISO dates, also with ``/``, ``.`` or without separators), with or without a time, and so are dates
of Japanese eras. Day first and month first cannot be told apart and are refused with the remedy, unless the table
declares which; so are a spreadsheet's serial numbers. A column that holds only midnights is a date.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal

import numpy as np
import polars as pl

from riskset.tables.eras import common_calendar, from_serials
from riskset.tables.ticks import LAST_DAY
from riskset.tables.width import as_text

DateFormat = Literal["year first", "day first", "month first", "excel", "excel 1904"]
EARLIEST = date(1900, 1, 1)
_YEAR_FIRST = ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y.%m.%d")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y")
_CLOCKS = (" %H:%M:%S%.f", " %H:%M")
_RUN_TOGETHER = ("%Y%m%d%H%M%S", "%Y%m%d%H%M")
_LARGEST_DAY = 1_000_000  # some 2,700 years: a larger number is a date or time stamp run together
NOT_A_DATE = "a date must be written year first (2024-03-01), with or without a time"
NOT_OF_ERA = "a date of a Japanese era must lie within the era"
_DECLARED: dict[DateFormat, str] = {
    "year first": NOT_A_DATE,
    "day first": "a date must be written day first (31/12/2024), as the table declares, or year first",
    "month first": "a date must be written month first (12/31/2024), as the table declares, or year first",
    "excel": "a date must be a spreadsheet's serial number, as the table declares, or written year first",
    "excel 1904": "a date must be a spreadsheet's serial number, as the table declares, or written year first",
}
REMEDY = (
    "Write dates as YYYY-MM-DD, time stamps as YYYY-MM-DD HH:MM:SS. day first and month first cannot be told apart: "
    'declare date_format = "day first" or "month first" for the table ("excel" for serial numbers).'
)


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
    problems : tuple of (rule, pl.Series)
        The bad rows, by the rule they break.
    """

    values: pl.Series
    bad: pl.Series
    mixed: bool = False
    problems: tuple[tuple[str, pl.Series], ...] = ()


def parse_times(
    column: pl.Series, *, date_only: bool = False, date_format: DateFormat = "year first"
) -> ParsedTimes:
    """Read a column of dates, time stamps or day numbers.

    Parameters
    ----------
    column : pl.Series
        Text, dates, time stamps or numbers.
    date_only : bool, default False
        The time of day says nothing, whatever it is.
    date_format : {"year first", "day first", "month first", "excel", "excel 1904"}, default "year first"
        What text means that is not written year first; under "excel", numbers are serial numbers.

    Returns
    -------
    ParsedTimes

    Examples
    --------
    >>> parse_times(pl.Series(["2024-03-01", "03/01/2024", None])).bad.to_list()
    [False, True, False]
    >>> parse_times(pl.Series(["03/01/2024"]), date_format="day first").values.to_list()
    [datetime.date(2024, 1, 3)]
    >>> parse_times(pl.Series(["2024-03-01 00:00:00", "2024-03-02 00:00:00"])).values.dtype
    Date
    """
    if column.dtype.is_numeric():
        return _from_numbers(column, date_only=date_only, date_format=date_format)
    good = _nowhere(column)
    if column.dtype == pl.Date:
        return ParsedTimes(column, good)
    if isinstance(column.dtype, pl.Datetime):
        if column.dtype.time_zone is not None:
            column = column.dt.replace_time_zone(None)
        return ParsedTimes(_midnights(column.dt.cast_time_unit("us"), date_only=date_only), good)
    if column.dtype == pl.Null:
        return ParsedTimes(column.cast(pl.Date), good)
    return _from_text(column, date_only=date_only, date_format=date_format)


def _from_numbers(column: pl.Series, *, date_only: bool, date_format: DateFormat) -> ParsedTimes:
    if date_format == "year first":
        compact = _compact(column)
        if compact is not None:
            return compact
        numbers = column.cast(pl.Float64)
        return ParsedTimes(numbers.fill_nan(None) if column.dtype.is_float() else numbers, _nowhere(column))
    present = column.cast(pl.Float64).fill_nan(None).is_not_null()
    if date_format in {"day first", "month first"}:
        return _parsed(pl.Series([None], dtype=pl.Date).new_from_index(0, column.len()), present, date_format)
    values = from_serials(column.cast(pl.Float64), since_1904=date_format == "excel 1904")
    bad = present & values.is_null()
    return _parsed(values.dt.date() if date_only else values, bad, date_format)


def _nowhere(column: pl.Series) -> pl.Series:
    """Mark none of the rows."""
    return pl.Series(np.zeros(column.len(), dtype=np.bool_))


def _parsed(
    values: pl.Series,
    bad: pl.Series,
    date_format: DateFormat,
    *,
    mixed: bool = False,
    of_no_era: pl.Series | None = None,
) -> ParsedTimes:
    """Put the bad rows under their rules."""
    found = [(_DECLARED[date_format], bad if of_no_era is None else bad & ~of_no_era)]
    if of_no_era is not None:
        found.append((NOT_OF_ERA, bad & of_no_era))
    return ParsedTimes(values, bad, mixed, tuple((rule, rows) for rule, rows in found if rows.any()))


def _compact(column: pl.Series) -> ParsedTimes | None:
    """Read whole numbers such as 20240301 as dates; None if they are anything else."""
    if not column.dtype.is_integer() or column.null_count() == column.len():
        return None
    present = (column.drop_nulls() if column.null_count() else column).to_numpy()
    low, high = present.min(), present.max()
    if low < 18_000_101 or high > 25_001_231:
        return None
    dates = column.cast(pl.String).str.to_date("%Y%m%d", strict=False)
    return _parsed(dates, dates.is_null() & column.is_not_null(), "year first")


def _from_text(column: pl.Series, *, date_only: bool, date_format: DateFormat) -> ParsedTimes:
    text = as_text(column)
    present = text.is_not_null()
    forms = _forms(date_format)
    days = _first_that_reads(text, forms, stamps=False)
    if (days.is_not_null() == present).all():
        return ParsedTimes(days, ~present & present)
    if days.null_count() == days.len():  # else they are compact dates, one of them wrong
        numbers = text.cast(pl.Float64, strict=False)
        if (numbers.is_not_null() == present).all() and not (numbers.abs() > _LARGEST_DAY).any():
            return _from_numbers(numbers.fill_nan(None), date_only=date_only, date_format=date_format)
    text, of_no_era = common_calendar(text)
    days = _first_that_reads(text, forms, stamps=False)
    clocks = tuple(form + clock for form in forms if form != "%Y%m%d" for clock in _CLOCKS)
    stamps = _first_that_reads(
        text.str.replace("T", " ", literal=True), (*clocks, *_RUN_TOGETHER), stamps=True
    )
    if date_format in {"excel", "excel 1904"}:
        serials = from_serials(text.cast(pl.Float64, strict=False), since_1904=date_format == "excel 1904")
        fresh = days.is_null() & stamps.is_null()
        if serials.dtype == pl.Date:
            days = days.zip_with(~fresh, serials)
        else:
            stamps = stamps.zip_with(~fresh, serials)
    bad = present & days.is_null() & stamps.is_null()
    if stamps.null_count() == stamps.len():
        return _parsed(days, bad, date_format, of_no_era=of_no_era)
    mixed = bool(days.is_not_null().any())
    both = stamps.zip_with(stamps.is_not_null(), days.cast(pl.Datetime("us")))
    values = _midnights(both, date_only=date_only)
    mixed = mixed and values.dtype != pl.Date
    return _parsed(values, bad, date_format, mixed=mixed, of_no_era=of_no_era)


def _forms(date_format: DateFormat) -> tuple[str, ...]:
    more = {"day first": _DAY_FIRST, "month first": _MONTH_FIRST}.get(date_format, ())
    return (*_YEAR_FIRST, *more)


def _first_that_reads(text: pl.Series, formats: tuple[str, ...], *, stamps: bool) -> pl.Series:
    result = pl.Series(text.name, [None], dtype=pl.Datetime("us") if stamps else pl.Date).new_from_index(
        0, text.len()
    )
    for form in formats:
        unread = result.is_null() & text.is_not_null()
        if not unread.any():
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
    """Mark dates outside the plausible window, and day numbers that cannot be counted.

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
        return pl.Series(np.abs(values.to_numpy()) > LAST_DAY)  # what is missing reads NaN, and is not
    days = values if values.dtype == pl.Date else values.dt.date()
    return ~days.is_between(*plausible).fill_null(value=True)
