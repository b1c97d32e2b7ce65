"""Incidence rates: events over person-time, with exact limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammainccinv, gammaincinv

from riskset.curves.rows import cells_of, read_rows
from riskset.errors import DesignError
from riskset.units import person_time_divisor


def garwood(
    events: ArrayLike, person_time: ArrayLike, level: float = 0.95
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Exact confidence limits of a Poisson rate.

    The limits are the rates at which as many events or more, or as few or fewer, have probability alpha/2:
    chi2(alpha/2; 2d) / 2T and chi2(1 - alpha/2; 2d + 2) / 2T. The lower limit is 0 where there is no event.

    Parameters
    ----------
    events : array_like
        Numbers of events d.
    person_time : array_like
        Person-time T, in any unit; the limits are per one of it.
    level : float
        Confidence level.

    Returns
    -------
    lower, upper : ndarray
        Limits, the shape of the arguments; both are NaN where there is no person-time.

    References
    ----------
    Garwood 1936.

    Examples
    --------
    >>> from riskset.curves import garwood
    >>> lower, upper = garwood(10, 123.4)      # R: survival::cipoisson(10, 123.4)
    >>> print(f"{lower:.6f} {upper:.6f}")
    0.038861 0.149030
    """
    d = np.asarray(events, dtype=np.float64)
    T = np.asarray(person_time, dtype=np.float64)
    tail = (1.0 - level) / 2.0
    # A chi-square on 2d degrees of freedom is twice a gamma of shape d, so the factors 2 cancel.
    low = np.where(d > 0, gammaincinv(np.where(d > 0, d, 1.0), tail), 0.0)
    high = gammainccinv(d + 1.0, tail)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(T > 0, low / T, np.nan), np.where(T > 0, high / T, np.nan)


def incidence_rate(
    data: object,
    event: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    per: float = 100.0,
    unit: str = "years",
    level: float = 0.95,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str = "days",
) -> pl.DataFrame:
    """Incidence rate: events per person-time at risk, in total or by any state of the rows.

    States may change over time: each row counts in the state that it carries. Where a state is missing, the
    rows stand in a line of their own (null), last, so that the lines add up to the total.

    Parameters
    ----------
    data : Episodes or dataframe
        Rows at risk on ``(entry, exit]``.
    event : str, optional
        The 0/1 column of the event; that of the episodes by default.
    by : str or sequence of str, optional
        Columns whose combinations get a line each, in the order of their levels.
    per, unit : float, str
        The rate is per this many units of person-time: ``per=100, unit="years"``. ``person_time`` is in ``unit``.
    level : float
        Level of the exact (Garwood) confidence interval.
    id, entry, exit : str, optional
        Columns of a plain dataframe; without ``id`` each row is one person, without ``entry`` time starts at 0.
    time_unit : str
        Unit of ``entry`` and ``exit`` in a plain dataframe; episodes carry their own.

    Returns
    -------
    polars.DataFrame
        The ``by`` columns, then persons, events, person_time, rate, lower, upper. A person who passes through
        several states counts once in each.

    Raises
    ------
    DesignError
        A column does not exist, or its name would collide with one of the result.
    EpisodeError
        Times or events are missing or impossible.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import incidence_rate
    >>> rows = pl.DataFrame({"id": [1, 1, 2], "entry": [0.0, 365.25, 0.0], "exit": [365.25, 730.5, 730.5],
    ...                      "fracture": [0, 1, 0], "user": [False, True, False]})
    >>> incidence_rate(rows, "fracture", by="user", id="id", entry="entry", exit="exit", per=1).rows()[0][:5]
    (False, 2, 0, 3.0, 0.0)
    """
    groups = [] if by is None else [by] if isinstance(by, str) else list(by)
    taken = {"persons", "events", "person_time", "rate", "lower", "upper"} & set(groups)
    if taken:
        raise DesignError(f"{sorted(taken)[0]!r} is a column of the result", where="by", remedy="Rename it.")
    rows = read_rows(data, event=event, id=id, entry=entry, exit=exit, also=groups, unit=time_unit)
    scale = person_time_divisor(unit) / person_time_divisor(rows.unit or time_unit)
    levels, cell = cells_of(rows.frame, groups)
    n = levels.height if groups else 1
    who = np.arange(rows.exit.size) if rows.id is None else rows.frame[rows.id].rank("dense").fill_null(0)
    persons = pl.DataFrame({"cell": cell, "who": who}).unique()["cell"].to_numpy()
    events = np.bincount(cell, weights=rows.event, minlength=n)
    # Summed by NumPy in the order of the rows: a multithreaded group-by may add up in another order every time.
    person_time = np.bincount(cell, weights=(rows.exit - rows.from_zero()) / scale, minlength=n)
    lower, upper = garwood(events, person_time, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = events / person_time
    return pl.DataFrame(
        [
            *levels.get_columns(),
            pl.Series("persons", np.bincount(persons, minlength=n)),
            pl.Series("events", events.astype(np.int64)),
            pl.Series("person_time", person_time),
            pl.Series("rate", per * rate),
            pl.Series("lower", per * lower),
            pl.Series("upper", per * upper),
        ]
    )
