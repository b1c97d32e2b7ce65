"""Coefficients that change with time: rows split at given times, or at every event time for ``tt()`` terms.

A term ``x:tt(f(time))`` has the covariate x f(t) at time t, where ``time`` is the exit column of the response and
stands for the time that is being looked at, not for the row's own exit: that would be the future. Split at the
event times, a row's piece that ends at an event time t has ``time`` = t, so that the term is an ordinary one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox.baseline import distinct_times
from riskset.design import Formula, parse_formula, render, substitute_calls, to_polars
from riskset.design.evaluate import to_polars_expr
from riskset.design.formula import Surv
from riskset.design.grammar import Binary, Call, Expr, Items, Name, Unary
from riskset.errors import DesignError, FitError

Floats = NDArray[np.float64]
MOST_PIECES = 50_000_000  # of 15 columns, 6 GB
ROW = "__row__"


def split_episodes(
    data: Any,
    cuts: ArrayLike,
    *,
    exit: str,
    event: str,
    entry: str | None = None,
    episode: str | None = None,
) -> pl.DataFrame:
    """Split rows at given times, as R's ``survSplit``: time at risk and events stay what they were.

    Parameters
    ----------
    data : frame-like
        Rows ``(entry, exit]``.
    cuts : array
        Times at which rows are split.
    exit, event : str
        Columns of the end of each row, and of its event: true, or 1, on the last piece only.
    entry : str, optional
        Column of the start; without one, rows start at 0 and a column ``entry`` is added.
    episode : str, optional
        Name of a new column that numbers the interval between cuts, 1 before the first.

    Returns
    -------
    polars DataFrame

    Raises
    ------
    FitError
        If a row does not end after it starts, or a time is missing.

    Examples
    --------
    >>> rows = {"time": [5.0, 2.0], "death": [1, 0]}
    >>> split_episodes(rows, [3], exit="time", event="death", episode="part").rows()
    [(0.0, 3.0, 0, 1), (3.0, 5.0, 1, 2), (0.0, 2.0, 0, 1)]
    """
    frame = to_polars(data)
    for name in (exit, event, *((entry,) if entry else ())):
        if name not in frame.columns:
            raise FitError(f"there is no column {name!r}", where="data")
    start_name = entry or "entry"
    if entry is None and start_name in frame.columns:
        raise FitError("there is a column 'entry'", where="data", remedy="Name it as entry='entry'.")
    end = frame[exit].cast(pl.Float64).to_numpy()
    begin = np.zeros(end.size) if entry is None else frame[entry].cast(pl.Float64).to_numpy()
    ordered = end > begin
    if not ordered.all():
        raise FitError(
            "exit must be later than entry",
            where=exit,
            rows=(np.flatnonzero(~ordered) + 2).tolist(),
        )
    row, number, start, stop, last = _pieces(begin, end, np.unique(np.asarray(cuts, dtype=np.float64)))
    happened = frame[event]
    none = pl.lit(0, dtype=happened.dtype) if happened.dtype.is_numeric() else pl.lit(value=False)
    pieces = frame[row].with_columns(
        pl.Series(start_name, start),
        pl.Series(exit, stop),
        pl.when(pl.Series(last)).then(pl.col(event)).otherwise(none).alias(event),
    )
    if entry is None:
        pieces = pieces.select(start_name, *frame.columns)
    return pieces if episode is None else pieces.with_columns(pl.Series(episode, number + 1))


def _pieces(
    begin: Floats, end: Floats, cuts: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats, Floats, NDArray[np.bool_]]:
    """Row, interval, start, stop of each piece, and whether it is its row's last."""
    first = np.searchsorted(cuts, begin, side="right")
    count = np.searchsorted(cuts, end, side="left") - first + 1
    total = int(count.sum())
    if total > MOST_PIECES:
        raise FitError(
            f"splitting makes {total:,} rows",
            where="cuts",
            remedy="Split at fewer times with split_episodes, such as the ends of years.",
        )
    row = np.repeat(np.arange(end.size), count)
    step = np.arange(total) - np.repeat(np.cumsum(count) - count, count)
    number = first[row] + step
    last = step == count[row] - 1
    padded = np.append(cuts, np.inf)
    start = np.where(step == 0, begin[row], padded[number - 1])
    return row, number, start, np.where(last, end[row], padded[number]), last


def has_time_terms(formula: Formula) -> bool:
    """Whether a formula has ``tt()`` terms."""
    return any(_is_timed(factor) for term in formula.terms for factor in term)


def at_event_times(
    formula: Formula, frame: pl.DataFrame, id: str | None
) -> tuple[Formula, Surv, pl.DataFrame, str | None]:
    """Split rows at all event times and read ``tt(f)`` as f.

    Returns
    -------
    formula, its response, rows, and the column of persons : rows of right-censored data are persons
    """
    surv = formula.surv
    columns = () if surv is None else (surv.exit, surv.event, surv.entry)
    if surv is None or not all(isinstance(e, Name | None) for e in columns):
        raise DesignError("with tt() terms the response must name columns", where="formula")
    exit, event = render(surv.exit).strip("`"), render(surv.event).strip("`")
    end = frame[exit].cast(pl.Float64).to_numpy()
    if surv.entry is None:
        entry = "entry" if "entry" not in frame.columns else "__entry__"
        begin = np.where(end > 0, 0.0, end - 1.0)  # time at risk counts from 0
        frame = frame.with_columns(pl.Series(entry, begin))
        if id is None:
            id = ROW
            frame = frame.with_columns(pl.Series(ROW, np.arange(frame.height)))
    else:
        entry = render(surv.entry).strip("`")
        begin = frame[entry].cast(pl.Float64).to_numpy()
    times, place = distinct_times(end, begin)
    frame = frame.with_columns(
        pl.Series(exit, times[place[: end.size]]), pl.Series(entry, times[place[end.size :]])
    )
    status = frame.select(to_polars_expr(surv.event)).to_series().cast(pl.Float64).to_numpy()
    coded = set(np.unique(status).tolist())
    if not (coded <= {0.0, 1.0} or coded <= {1.0, 2.0}):
        raise FitError("the event must be true or false, 0 or 1, or 1 or 2", where=event)
    happened = status == (1 if coded <= {0.0, 1.0} else 2)  # R's other coding: 1 censored, 2 event
    cuts = frame[exit].to_numpy()[happened]
    frame = frame.with_columns(pl.Series(event, happened))
    pieces = split_episodes(frame, cuts, exit=exit, event=event, entry=entry)
    right = substitute_calls(formula.text.split("~", 1)[1], "tt", lambda f: f"({f})")
    left = ", ".join(render(Name(n)) for n in (entry, exit, event))
    read = parse_formula(f"Surv({left}) ~ {right}")
    return read, Surv(Name(entry), Name(exit), Name(event)), pieces, id


def _is_timed(expr: Expr) -> bool:
    return any(isinstance(e, Call) and e.function == "tt" for e in _parts(expr))


def _parts(expr: Expr) -> Iterator[Expr]:
    yield expr
    match expr:
        case Call(_, arguments, _) | Items(arguments):
            for a in arguments:
                yield from _parts(a)
        case Unary(_, a):
            yield from _parts(a)
        case Binary(_, a, b):
            yield from _parts(a)
            yield from _parts(b)
        case _:
            pass
