"""Which of several values of a day is the first or the last: what the time of day says, and where it says nothing.

The order of rows in a file is no time. Where no value has a time of day, "the last" cannot be had; where some
share even their time of day, their mean stands for them and the audit counts them.
"""

from __future__ import annotations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.episodes.audit import AuditLine
from riskset.episodes.tracks import Indices
from riskset.errors import EpisodeError
from riskset.tables import parse_times
from riskset.tables.ticks import DAY, Ticks

_DAY = 86_400_000_000  # microseconds


def within_day(column: pl.Series, date_only: pl.Series | None = None) -> Ticks | None:
    """Give numbers that order the values of a day, or nothing where no value has a time of day.

    Parameters
    ----------
    column : pl.Series
        Dates, time stamps or numbers of days, as in the table.
    date_only : pl.Series, optional
        True where the stamp means the day only, and so its end.

    Returns
    -------
    int64 array or None

    Examples
    --------
    >>> within_day(pl.Series(["2024-03-01", "2024-03-01"])) is None
    True
    >>> within_day(pl.Series([1.25, 1.0])).argmax()
    np.int64(0)
    """
    values = parse_times(column).values
    if isinstance(values.dtype, pl.Datetime):
        stamps = values.dt.cast_time_unit("us").to_physical().fill_null(0).to_numpy()
        if date_only is not None:
            flagged = date_only.cast(pl.Boolean).fill_null(value=False).to_numpy()
            stamps = np.where(flagged, stamps // _DAY * _DAY + _DAY, stamps)
        return stamps
    if values.dtype.is_float():
        days = values.fill_null(0.0).to_numpy()
        return None if (days == np.floor(days)).all() else np.rint(days * DAY).astype(np.int64)
    return None


def undecided(
    person: Indices, ticks: Ticks, values: NDArray[np.float64], finer: Ticks | None, same_day: str
) -> Indices:
    """Find the values that share the first (or last) time of their day and person, and are not the same.

    Parameters
    ----------
    person, ticks, values : arrays
    finer : int64 array, optional
        As ``within_day`` gives it.
    same_day : {"first", "last"}

    Returns
    -------
    int64 array
        Their places.

    Examples
    --------
    >>> person, day, value = np.zeros(3, np.int64), np.zeros(3, np.int64), np.array([2.0, 2.7, 2.2])
    >>> undecided(person, day, value, None, "last").tolist()
    [0, 1, 2]
    >>> undecided(person, day, value, np.array([6, 23, 23]), "last").tolist()
    [1, 2]
    """
    if person.size == 0:
        return np.zeros(0, np.int64)
    moment = np.zeros_like(ticks) if finer is None else (finer if same_day == "first" else -finer)
    order = np.lexsort((moment, ticks, person))
    person, ticks, moment, values = person[order], ticks[order], moment[order], values[order]
    begins = np.flatnonzero(np.r_[True, (person[1:] != person[:-1]) | (ticks[1:] != ticks[:-1])])
    size = np.diff(np.append(begins, person.size))
    edge = moment == np.repeat(moment[begins], size)
    low = np.minimum.reduceat(np.where(edge, values, np.inf), begins)
    high = np.maximum.reduceat(np.where(edge, values, -np.inf), begins)
    return np.sort(order[edge & np.repeat(low < high, size)])


def require_order(
    name: str,
    same_day: str,
    finer: Ticks | None,
    tied: Indices,
    rows: Indices,
    *,
    where: str,
) -> tuple[AuditLine, ...]:
    """Refuse a first or last value that no time of day can tell; count those that share even that.

    Parameters
    ----------
    name, same_day : str
    finer : int64 array, optional
        As ``within_day`` gives it.
    tied : int64 array
        As ``undecided`` gives it.
    rows : int64 array
        Raw row numbers.
    where : str
        Table and column.

    Returns
    -------
    tuple of AuditLine

    Raises
    ------
    EpisodeError
        If no value has a time of day, and values of one person and day differ.
    """
    if not tied.size:
        return ()
    if finer is None:
        raise EpisodeError(
            f"same_day = '{same_day}' of '{name}' needs times of day: the column has none, and one person has "
            "different values on one day",
            where=where,
            rows=np.sort(rows[tied]).tolist(),
            remedy="Use same_day = 'mean', 'min' or 'max'; the order of rows in a file is no time.",
        )
    text = f"rows that share the {same_day} time of their day and differ: no row is the {same_day}, their mean counts"
    return (AuditLine(name, text, int(tied.size), "warning"),)
