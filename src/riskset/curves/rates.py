"""Incidence rates: events over person-time, with exact limits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskset.curves.bands import TimeBands, cut_into_bands
from riskset.curves.poisson import RateMethod, garwood, mid_p
from riskset.curves.rows import cells_of, listed, read_rows
from riskset.curves.suppression import suppress_small
from riskset.errors import DesignError
from riskset.units import person_time_divisor


def incidence_rate(
    data: object,
    event: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    bands: TimeBands | Sequence[TimeBands] = (),
    per: float = 100.0,
    unit: str = "years",
    level: float = 0.95,
    method: RateMethod = "garwood",
    suppress: int | None = None,
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
    bands : TimeBands or sequence of TimeBands
        Bands of attained age, calendar period or any other scale that runs along; rows are cut at their edges.
    per, unit : float, str
        The rate is per this many units of person-time: ``per=100, unit="years"``. ``person_time`` is in ``unit``.
    level : float
        Level of the confidence interval.
    method : {"garwood", "mid-p"}
        Exact (Garwood) limits, or the narrower mid-P ones.
    suppress : int, optional
        Hide lines with fewer persons or events than this (but not 0), and others from whose total they would
        follow; a column ``suppressed`` says which and why.
    id, entry, exit : str, optional
        Columns of a plain dataframe; without ``id`` each row is one person, without ``entry`` time starts at 0.
    time_unit : str
        Unit of ``entry`` and ``exit`` in a plain dataframe; episodes carry their own.

    Returns
    -------
    polars.DataFrame
        The ``by`` columns and bands, then persons, events, person_time, rate, lower, upper. A person who passes through
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
    groups, scales = listed(by), [bands] if isinstance(bands, TimeBands) else list(bands)
    names = [*groups, *(b.name for b in scales)]
    taken = {"persons", "events", "person_time", "rate", "lower", "upper", "suppressed"} & set(names)
    if taken:
        raise DesignError(f"{sorted(taken)[0]!r} is a column of the result", where="by", remedy="Rename it.")
    if method not in ("garwood", "mid-p"):
        raise DesignError(f"there is no method {method!r}", remedy="Choose 'garwood' or 'mid-p'.")
    also = [*groups, *(b.at_zero for b in scales)]
    rows = read_rows(data, event=event, id=id, entry=entry, exit=exit, also=also, unit=time_unit)
    day = person_time_divisor(rows.unit or time_unit)
    scale = person_time_divisor(unit) / day
    begin, end, happens = rows.from_zero(), rows.exit, rows.event
    who = np.arange(rows.exit.size) if rows.id is None else rows.frame[rows.id].rank("dense").fill_null(0)
    frame = rows.frame
    if scales:
        pieces = cut_into_bands(rows.frame, begin, end, scales, day)
        frame = rows.frame.select(*groups, scales[0].at_zero)[pieces.row].with_columns(pieces.bands)
        begin, end, happens = pieces.entry, pieces.exit, rows.event[pieces.row] & pieces.last
        who = np.asarray(who)[pieces.row]
    levels, cell = cells_of(frame, names)
    n = levels.height if names else 1
    persons = pl.DataFrame({"cell": cell, "who": who}).unique()["cell"].to_numpy()
    events = np.bincount(cell, weights=happens, minlength=n)
    # Summed by NumPy in the order of the rows: a multithreaded group-by may add up in another order every time.
    person_time = np.bincount(cell, weights=(end - begin) / scale, minlength=n)
    lower, upper = (garwood if method == "garwood" else mid_p)(events, person_time, level)
    with np.errstate(divide="ignore", invalid="ignore"):
        rate = events / person_time
    table = pl.DataFrame(
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
    return table if suppress is None else suppress_small(table, names, suppress)
