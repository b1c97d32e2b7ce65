"""Cumulative incidence of outcomes that other events can forestall: Aalen-Johansen, never 1 - Kaplan-Meier.

Groups are fixed at index. A risk of a group that changes over time does not exist: who has had a competing event
will never change again.
"""

from __future__ import annotations

import numpy as np
import polars as pl

from riskset.curves import AalenJohansen, StateCurves, aalen_johansen, gray_test
from riskset.curves.drawing import counts_by
from riskset.study.ids import estimate_id
from riskset.study.rates import YEAR
from riskset.study.results_incidence import IncidenceCurve, IncidenceGroup, IncidenceTick
from riskset.study.results_values import Basis, Estimate
from riskset.study.survival import large_groups, ticks_of

METHOD = "Aalen-Johansen; infinitesimal jackknife over persons, limits on the log-log scale"


def incidence_curve(
    rows: pl.DataFrame,
    outcome: str,
    label: str,
    competing: tuple[str, ...],
    *,
    id: str,
    by: str | None = None,
    grouping: str | None = None,
) -> IncidenceCurve:
    """Cumulative incidence over time, overall or by a group fixed at index.

    Parameters
    ----------
    rows : polars.DataFrame
        Episodes with entry and exit in days and ``<outcome>_status``, whose first level is no event and whose
        second is the outcome.
    outcome, label : str
        Name of the outcome, and its words.
    competing : tuple of str
        Words of the competing events.
    id : str
        Column of the person.
    by : str, optional
        Column of the group at index; people without one, and groups of fewer than ten, are left out.
    grouping : str, optional
        The grouping in words.

    Returns
    -------
    IncidenceCurve
    """
    known, not_drawn = (rows, ()) if by is None else large_groups(rows, id, by)
    surv = f"Surv(entry, exit, {outcome}_status)"
    curves = aalen_johansen(known, surv, by, conf_type="log-log", id=id, time_unit="days")
    ticks = ticks_of(float(known["exit"].to_numpy().max()))
    named = () if by is None else (str(grouping),)
    test = None
    if len(curves.groups) > 1 and by is not None:
        found = gray_test(known, surv, by, id=id)
        defined = np.isfinite(found.statistic)
        test = Estimate(
            id=estimate_id(outcome, "incidence", "gray_test", *named),
            estimand=f"equal cumulative incidence of {label} in all groups",
            unit=f"chi-square on {found.df} df",
            estimate=found.statistic if defined else None,
            p=found.p_value if defined else None,
            method="Gray's test",
            basis=_basis(known, outcome, id),
            warnings=() if defined else ("No group had an event.",),
        )
    return IncidenceCurve(
        outcome=outcome,
        label=label,
        competing=competing,
        grouping=grouping if by is not None else None,
        groups=tuple(_group(curves, g, outcome, label, named, ticks) for g in curves.groups),
        test=test,
        not_drawn=tuple((c.label, c.n) for c in not_drawn),
    )


def _basis(rows: pl.DataFrame, outcome: str, id: str) -> Basis:
    return Basis(
        n_persons=rows[id].n_unique(),
        n_rows=rows.height,
        n_events=int(rows[outcome].sum()),
        person_years=float((rows["exit"] - rows["entry"]).to_numpy().sum()) / YEAR,
    )


def _group(
    curves: AalenJohansen, g: StateCurves, outcome: str, label: str, named: tuple[str, ...], ticks: np.ndarray
) -> IncidenceGroup:
    at_risk = g.at_risk(ticks)
    others = list(range(3, len(curves.states) + 1))
    counts = {
        name: counts_by(g.stays, ends, ticks.tolist())
        for name, ends in (("events", [2]), ("competing", others), ("censored", [0]))
    }
    basis = Basis(
        n_persons=g.n_persons,
        n_rows=g.n_rows,
        n_events=round(counts_by(g.stays, [2], [float("inf")])[0]),
        person_years=g.person_time / YEAR,
    )
    risks = g.at(ticks).filter(pl.col("state") == curves.states[1])
    records: list[IncidenceTick] = []
    for k, (tick, row) in enumerate(zip(ticks.tolist(), risks.iter_rows(named=True), strict=True)):
        risk = None
        if k > 0 and row["probability"] is not None:
            risk = Estimate(
                id=estimate_id(outcome, "incidence", "risk", *named, g.label, f"{tick / YEAR:.6g}"),
                estimand=f"risk of {label} by {tick / YEAR:.6g} years, {g.label}",
                unit="probability",
                estimate=row["probability"],
                lower=row["lower"],
                upper=row["upper"],
                level=curves.level,
                method=METHOD,
                basis=basis,
            )
        records.append(
            IncidenceTick(
                years=tick / YEAR,
                at_risk=round(at_risk[k]),
                risk=risk,
                **{name: round(values[k]) for name, values in counts.items()},
            )
        )
    moves = g.n_event[:, 1:].sum(axis=1) > 0
    moves[-1] = True  # the last time tells how far the curve reaches
    time = g.time[moves] / YEAR

    def steps(values: np.ndarray) -> tuple[float, ...]:
        return (0.0, *values[moves].tolist())

    return IncidenceGroup(
        label=g.label,
        time_years=(0.0, *time.tolist()),
        incidence=steps(g.probability[:, 1]),
        lower=steps(g.lower[:, 1]),
        upper=steps(g.upper[:, 1]),
        competing=steps(g.probability[:, 2:].sum(axis=1)),
        ticks=tuple(records),
        basis=basis,
    )
