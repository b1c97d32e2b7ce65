"""The expanded rows of R's ``finegray``: one row for each step of the weights. For checking, not for fitting."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.causes import status_of
from riskset.cox.observation import Observation, observation
from riskset.cox.splitting import MOST_PIECES
from riskset.design import parse_formula, to_polars
from riskset.design.evaluate import to_polars_expr
from riskset.errors import FitError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ADDED = ("fgstart", "fgstop", "fgstatus", "fgwt")


def finegray_expand(
    response: str,
    data: Any,
    *,
    cause: Any,
    censored: Any = None,
    id: str | None = None,
    ties_censoring: Literal["after", "with"] = "after",
    censoring_by: str | None = None,
    weights: str | None = None,
) -> pl.DataFrame:
    """Expand rows so that an ordinary weighted Cox model of them is Fine and Gray's, as R's ``finegray``.

    Rows grow with persons x times of censoring; `riskset.fine_gray` gives the same fit without them.

    Parameters
    ----------
    response : str
        ``"Surv(exit, status)"`` or ``"Surv(entry, exit, status)"``.
    data : frame-like
    cause, censored, id, ties_censoring, censoring_by, weights
        As for `riskset.fine_gray`. As in R, rows expanded by groups hold the event times of their own group only:
        a model of them needs these groups as strata. Each row has its own person's case weight, which R's (3.5-3)
        have not where both weights and strata are given.

    Returns
    -------
    polars DataFrame
        The columns of ``data``, then fgstart, fgstop, fgstatus (0 or 1) and fgwt.

    Raises
    ------
    FitError
        If a time or status is missing, or there would be too many rows.

    Examples
    --------
    >>> rows = {"id": [1, 2, 3, 4], "t": [1.0, 2.0, 3.0, 4.0], "end": [2, 0, 1, 1]}
    >>> wide = finegray_expand("Surv(t, end)", rows, cause=1)
    >>> wide.select("id", "fgstart", "fgstop", "fgstatus", pl.col("fgwt").round(3)).rows()
    [(1, 0.0, 2.0, 0, 1.0), (1, 2.0, 4.0, 0, 0.667), (2, 0.0, 2.0, 0, 1.0), (3, 0.0, 3.0, 1, 1.0), (4, 0.0, 4.0, 1, 1.0)]
    """
    formula = response if "~" in response else f"{response} ~ 1"
    frame = to_polars(data)
    status = status_of(formula, frame, censored)
    cause = status.known(cause)
    surv = parse_formula(formula).surv
    if surv is None:  # which status_of has refused
        raise FitError("the model needs a response", where="response")
    taken = [name for name in ADDED if name in frame.columns]
    if taken:
        raise FitError(f"there is a column {taken[0]!r}", where="data", remedy="Rename it.")
    used = frame.select(
        status.column,
        exit=to_polars_expr(surv.exit).cast(pl.Float64),
        entry=pl.lit(0.0) if surv.entry is None else to_polars_expr(surv.entry).cast(pl.Float64),
        weight=pl.lit(1.0) if weights is None else pl.col(weights).cast(pl.Float64),
    )
    if used.null_count().sum_horizontal().item():
        raise FitError("a time, status or weight is missing", where="data", remedy="Leave such rows out.")
    exit, weight = used["exit"].to_numpy(), used["weight"].to_numpy()
    entry = used["entry"].to_numpy()
    watched = observation(
        frame,
        None if surv.entry is None else entry,
        exit,
        status,
        id=id,
        by=censoring_by,
        weight=weight,
        ties_censoring=ties_censoring,
    )
    wanted = (frame[status.column] == cause).to_numpy()
    watched.staying(watched.event & ~wanted)  # refuses what has no weights
    row, start, stop, share, number = _pieces(watched, wanted)
    # Times are the tied ones; without an entry rows start at 0, or before the first time if that is not later.
    first = float(watched.time[0]) if watched.time.size else 1.0
    zero = 0.0 if first > 0 else 2 * first - 1
    times = np.append(watched.time, zero)
    return frame[row].with_columns(
        fgstart=pl.Series(times[start]),
        fgstop=pl.Series(watched.time[stop]),
        fgstatus=pl.Series((wanted[row] & (number == 0)).astype(np.int64)),
        fgwt=pl.Series(share * weight[row]),
    )


def _pieces(watched: Observation, wanted: NDArray[np.bool_]) -> tuple[Ints, Ints, Ints, Floats, Ints]:
    """Row, places of start (-1: the beginning) and stop, weight and number of each piece, in the order of rows."""
    n = watched.exit.size
    begin = np.full(n, -1) if watched.entry is None else watched.entry
    rows, starts, stops = [np.arange(n)], [begin], [watched.exit.copy()]
    shares, numbers = [np.ones(n)], [np.zeros(n, dtype=np.int64)]
    censored = watched.last & ~watched.event
    for g in range(watched.before.shape[0]):
        own = watched.taking_part & (watched.group == g)
        jump = [watched.exit[own & censored]]
        if watched.delayed and watched.entry is not None:
            jump.append(watched.entry[own & watched.first])
        # Weights are constant on the intervals that end at these cuts; those without an event time are left out.
        cut = np.append(np.unique(np.concatenate(jump)), watched.exit[own].max(initial=0))
        level = watched.before[g][cut]
        kept = np.unique(np.searchsorted(cut, watched.exit[own & wanted]))
        stay = np.flatnonzero(own & watched.event & ~wanted & watched.last)
        if not kept.size:
            continue
        inside = np.searchsorted(cut, watched.exit[stay])
        stops[0][stay] = cut[inside]
        after = np.searchsorted(kept, inside, side="right")
        count = kept.size - after
        if n + int(count.sum()) > MOST_PIECES:
            raise FitError(
                f"expanding makes {n + int(count.sum()):,} rows",
                remedy="Use riskset.fine_gray, which needs none.",
            )
        number = np.arange(int(count.sum())) - np.repeat(np.cumsum(count) - count, count)
        piece = kept[np.repeat(after, count) + number]
        rows.append(np.repeat(stay, count))
        starts.append(cut[piece - 1])
        stops.append(cut[piece])
        shares.append(level[piece] / np.repeat(level[inside], count))
        numbers.append(number + 1)
    row, start, stop, share, number = (np.concatenate(v) for v in (rows, starts, stops, shares, numbers))
    order = np.lexsort((number, row))
    return row[order], start[order], stop[order], share[order], number[order]
