"""Kaplan-Meier curves of outcomes that nothing can forestall.

With a competing event, 1 minus this curve is not a risk, so outcomes that name one get no such curve. Groups
are fixed at index; a group that changes over time would draw a cohort that does not exist.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskset.curves import SurvivalEstimate
from riskset.curves.drawing import counts_by
from riskset.curves.kaplan_meier import curves_of
from riskset.study.rates import YEAR
from riskset.study.results import Basis, Count, SurvivalCurve, SurvivalGroup

# steps between ticks that a reader knows, in days; the smallest that gives at most six of them
_STEPS = (1.0, 7.0, 15.0, 30.0, 90.0, YEAR / 4, YEAR / 2, YEAR, 2 * YEAR, 5 * YEAR, 10 * YEAR)
_TICKS = 6
# With fewer persons every death is a step of over 10 points, and the band of one such curve hides the others.
FEWEST_DRAWN = 10


def survival_curve(
    rows: pl.DataFrame,
    outcome: str,
    label: str,
    *,
    id: str,
    by: str | None = None,
    grouping: str | None = None,
) -> SurvivalCurve:
    """Survival over time, overall or by a group fixed at index.

    Parameters
    ----------
    rows : polars.DataFrame
        Episodes with entry and exit in days and the outcome as 0/1.
    outcome, label : str
        Column of the event, and its words.
    id : str
        Column of the person.
    by : str, optional
        Column of the group at index; people without one, and groups of fewer than ten, are left out. Without
        any larger group all are drawn.
    grouping : str, optional
        The grouping in words.

    Returns
    -------
    SurvivalCurve
        Step functions from (0, 1); limits are pointwise, on the log-log scale, which stays within 0 and 1.
    """
    known, not_drawn = (rows, ()) if by is None else large_groups(rows, id, by)
    curves = curves_of(
        known, f"Surv(entry, exit, {outcome})", by, conf_type="log-log", id=id, time_unit="days"
    )
    ticks = ticks_of(float(known["exit"].to_numpy().max()))
    return SurvivalCurve(
        outcome=outcome,
        label=label,
        grouping=grouping if by is not None else None,
        groups=tuple(_group(curve, ticks) for curve in curves.groups),
        not_drawn=not_drawn,
    )


def large_groups(rows: pl.DataFrame, id: str, by: str) -> tuple[pl.DataFrame, tuple[Count, ...]]:
    """Rows of the groups that deserve a curve, and the others with their persons."""
    known = rows.filter(pl.col(by).is_not_null())
    persons = known.group_by(by).agg(pl.col(id).n_unique().alias("n")).sort(by)
    small = persons.filter(pl.col("n") < FEWEST_DRAWN)
    if small.height == persons.height:
        return known, ()
    counts = tuple(Count(label=str(label), n=n) for label, n in small.iter_rows())
    return known.join(small, on=by, how="anti", maintain_order="left"), counts


def _group(curve: SurvivalEstimate, ticks: np.ndarray) -> SurvivalGroup:
    # a curve only moves at events; its last time tells how far it reaches
    keep = curve.n_event > 0
    keep[-1] = True
    time, survival = curve.time[keep], curve.survival[keep]
    # at survival 0 the limits do not exist; the widest that is possible there is drawn
    lower = np.nan_to_num(curve.lower[keep], nan=0.0)
    upper = curve.upper[keep]
    upper = np.where(np.isnan(upper), np.nanmin(upper, initial=1.0), upper)
    return SurvivalGroup(
        label=curve.label,
        time_years=(0.0, *(time / YEAR).tolist()),
        survival=(1.0, *survival.tolist()),
        lower=(1.0, *lower.tolist()),
        upper=(1.0, *upper.tolist()),
        ticks_years=tuple((ticks / YEAR).tolist()),
        at_risk=tuple(round(n) for n in curve.at_risk(ticks).tolist()),
        events=tuple(round(n) for n in counts_by(curve.stays, [1], ticks.tolist())),
        censored=tuple(round(n) for n in counts_by(curve.stays, [0], ticks.tolist())),
        basis=Basis(
            n_persons=curve.n_persons,
            n_rows=curve.n_rows,
            n_events=round(curve.n_events),
            person_years=curve.person_time / YEAR,
        ),
    )


def ticks_of(last: float) -> np.ndarray:
    """Ticks from 0 in the smallest step that gives at most six.

    Examples
    --------
    >>> ticks_of(90.0).tolist()
    [0.0, 30.0, 60.0, 90.0]
    >>> (ticks_of(5 * YEAR) / YEAR).tolist()
    [0.0, 1.0, 2.0, 3.0, 4.0, 5.0]
    """
    step = next((s for s in _STEPS if last / s < _TICKS), last)
    return np.arange(0.0, last * (1 + 1e-9), step)
