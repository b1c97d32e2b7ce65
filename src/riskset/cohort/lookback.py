"""What happened before index: first dates, records within a look-back, and how far back the records reach.

Nothing here reads a record dated after index: a rule that did would choose persons by what becomes of them.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskset.errors import CohortError
from riskset.tables import Clock, nearest, parse_times, to_ticks
from riskset.tables.ticks import NEVER, Flags, Ticks, duration_ticks
from riskset.units import parse_duration


def first_dates(
    rows: pl.DataFrame, *, id: str, time: str, between: tuple[object, object] | None = None
) -> pl.DataFrame:
    """Find each person's first date in a table.

    Parameters
    ----------
    rows : pl.DataFrame
        Rows that qualify.
    id, time : str
        Columns.
    between : pair of dates, optional
        Only dates from the first to the second, both included, count.

    Returns
    -------
    pl.DataFrame
        id and time, one row per person who has such a date.

    Raises
    ------
    CohortError
        If `between` is given and the times are numbers of days.

    Examples
    --------
    >>> rows = pl.DataFrame({"id": ["a", "a", "b"], "day": [9, 4, None]})
    >>> first_dates(rows, id="id", time="day").rows()
    [('a', 4)]
    """
    dated = rows.filter(pl.col(time).is_not_null() & pl.col(id).is_not_null())
    if between is not None:
        day = pl.col(time)
        if not dated.schema[time].is_temporal():
            raise CohortError(
                "only dates lie between dates, and the column holds days",
                where=f"column '{time}'",
                remedy="Select the days with a condition instead.",
            )
        if isinstance(dated.schema[time], pl.Datetime):
            day = day.dt.date()
        dated = dated.filter(day.is_between(pl.lit(between[0]), pl.lit(between[1])))
    return dated.group_by(id).agg(pl.col(time).min()).sort(id)


def event_before(
    persons: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    id: str,
    index: str,
    time: str,
    within: str | float | None = None,
    clock: Clock = "day",
) -> pl.Series:
    """Say of whom a table has an event at index or before.

    Parameters
    ----------
    persons : pl.DataFrame
        One row per person, with `index`.
    rows : pl.DataFrame
        Events.
    id, index, time : str
        Columns of ids, of index in `persons`, of the event's time in `rows`.
    within : str or float, optional
        How far back the look-back reaches; its first instant and index itself belong to it.
    clock : {"day", "time"}

    Returns
    -------
    pl.Series
        Boolean, in the order of `persons`.

    Examples
    --------
    >>> persons = pl.DataFrame({"id": ["a", "b", "c"], "in": [100, 100, 100]})
    >>> rows = pl.DataFrame({"id": ["a", "b", "c"], "day": [100, 9, 101]})
    >>> event_before(persons, rows, id="id", index="in", time="day", within="90 days").to_list()
    [True, False, False]
    """
    both, at = _beside(persons, rows, id, index, clock)
    when = _ticks(both[time], clock)
    hit = (when <= at) & (when >= at - _reach(within))
    return _of_persons(persons, both, id, hit)


def covered_before(
    persons: pl.DataFrame,
    rows: pl.DataFrame,
    *,
    id: str,
    index: str,
    start: str,
    stop: str | None,
    within: str | float | None = None,
    supply: str | None = None,
    presumed: float | None = 0.0,
    clock: Clock = "day",
) -> pl.Series:
    """Say of whom a prescription that started before index covers any time of the look-back.

    Parameters
    ----------
    persons : pl.DataFrame
        One row per person, with `index`.
    rows : pl.DataFrame
        Prescriptions.
    id, index, start, stop : str
        Columns; without a `stop` each covers its first day.
    within : str or float, optional
        How far back the look-back reaches, its first instant included. Index itself is not before index: a
        prescription that starts then is no earlier use.
    supply : str, optional
        Column of days that a prescription lasts, instead of `stop`.
    presumed : float or None, default 0
        Days presumed where the stop is missing; None for ever.
    clock : {"day", "time"}

    Returns
    -------
    pl.Series
        Boolean, in the order of `persons`.

    Examples
    --------
    >>> persons = pl.DataFrame({"id": ["a", "b", "c"], "in": [100, 100, 100]})
    >>> rows = pl.DataFrame({"id": ["a", "b", "c"], "start": [100, 2, 2], "stop": [120, 9, 95]})
    >>> covered_before(persons, rows, id="id", index="in", start="start", stop="stop", within=30).to_list()
    [False, False, True]
    """
    both, at = _beside(persons, rows, id, index, clock)
    begins = _ticks(both[start], clock)
    if supply is not None:
        days = both[supply].cast(pl.Float64, strict=False).fill_null(0.0).to_numpy()
        ends = begins + np.rint(days * duration_ticks(1)).astype(np.int64)
    elif stop is not None:
        ends = _ticks(both[stop], clock)
        long = np.full_like(begins, NEVER) if presumed is None else begins + duration_ticks(presumed)
        ends = np.where(ends == NEVER, long, ends)
    else:
        ends = begins
    hit = (begins < at) & (np.maximum(ends, begins) >= at - _reach(within))
    return _of_persons(persons, both, id, hit)


def observed_before(
    persons: pl.DataFrame,
    *,
    index: str,
    within: str | float,
    since: object = None,
    since_column: str | None = None,
    clock: Clock = "day",
) -> pl.Series:
    """Say whose records reach back from index as far as asked.

    Parameters
    ----------
    persons : pl.DataFrame
    index : str
        Column.
    within : str or float
        How far back.
    since : date, optional
        When the records of everybody begin.
    since_column : str, optional
        Column with the date when the records of the person begin; where it is missing, nothing is known to be
        covered.
    clock : {"day", "time"}

    Returns
    -------
    pl.Series
        Boolean.

    Examples
    --------
    >>> from datetime import date
    >>> persons = pl.DataFrame({"in": [date(2012, 1, 1), date(2010, 5, 1)]})
    >>> observed_before(persons, index="in", within="1 year", since=date(2010, 1, 1)).to_list()
    [True, False]
    """
    at = _ticks(persons[index], clock)
    begins = np.full(persons.height, -NEVER)
    if since is not None:
        begins[:] = _ticks(pl.Series([since]), "day")[0]
    if since_column is not None:
        if since_column not in persons.columns:
            raise CohortError(
                f"the column '{since_column}' does not exist",
                where="observed_from",
                remedy=nearest(since_column, persons.columns),
            )
        begins = np.maximum(begins, _ticks(persons[since_column], "day"))
    return pl.Series((begins < NEVER) & (at - _reach(within) >= begins), dtype=pl.Boolean)


def _reach(within: str | float | None) -> int:
    return int(NEVER) // 2 if within is None else duration_ticks(parse_duration(within, where="within"))


def _ticks(column: pl.Series, clock: Clock) -> Ticks:
    """Read times as ticks; NEVER where there is none."""
    times = to_ticks(parse_times(column).values, clock)
    return np.where(times.known, times.ticks, NEVER)


def _beside(
    persons: pl.DataFrame, rows: pl.DataFrame, id: str, index: str, clock: Clock
) -> tuple[pl.DataFrame, Ticks]:
    """Put each row of a table beside its person's index; rows of others leave."""
    at = persons.select(id, pl.Series("__at__", _ticks(persons[index], clock), dtype=pl.Int64))
    both = rows.join(at, on=id, how="inner", maintain_order="left")
    return both, both["__at__"].to_numpy()


def _of_persons(persons: pl.DataFrame, both: pl.DataFrame, id: str, hit: Flags) -> pl.Series:
    found = both.filter(pl.Series(hit, dtype=pl.Boolean))[id].unique()
    return persons[id].is_in(found.implode())
