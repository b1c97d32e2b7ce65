"""Incidence rates of one outcome: the total, and every cell of exposure and modifier as they change over time.

The cells add up to the total in events and person-time: time in which the exposure is not known has rows of
its own and is never shared out. Persons do not add up, because one person passes through several cells.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from riskset.curves import incidence_rate
from riskset.study.ids import estimate_id
from riskset.study.results import Basis, Estimate, OutcomeRates, RateCell
from riskset.units import person_time_divisor

YEAR = person_time_divisor("years")
SPARSE = (
    10  # events below which a cell's estimates are fragile (Peduzzi et al., J Clin Epidemiol 1995;48:1503-10)
)


@dataclass(frozen=True, slots=True)
class Cells:
    """The two columns that make the cells, with their levels, reference first.

    Parameters
    ----------
    exposure, modifier : str
        Columns of the episodes.
    exposure_levels, modifier_levels : tuple of str
        Their levels, reference first.
    exposure_label, modifier_label : str
        What they are called in print.
    """

    exposure: str
    modifier: str
    exposure_levels: tuple[str, ...]
    modifier_levels: tuple[str, ...]
    exposure_label: str
    modifier_label: str


@dataclass(frozen=True, slots=True)
class RateUnit:
    """Events per so many person-units.

    Examples
    --------
    >>> str(RateUnit(100, "years")), str(RateUnit(1, "years")), str(RateUnit(100, "days"))
    ('events per 100 person-years', 'events per person-year', 'events per 100 person-days')
    """

    per: float
    unit: str

    def __str__(self) -> str:
        many = self.unit if self.unit.endswith("s") else f"{self.unit}s"
        return f"events per person-{many[:-1]}" if self.per == 1 else f"events per {self.per:g} person-{many}"


def outcome_rates(
    rows: pl.DataFrame, outcome: str, label: str, *, id: str, cells: Cells, rate_unit: RateUnit
) -> OutcomeRates:
    """Rates of an outcome over all of its episodes.

    Parameters
    ----------
    rows : polars.DataFrame
        Episodes of this outcome: ``id``, entry and exit in days, the outcome as 0/1, the cells' columns.
    outcome, label : str
        Column of the event, and its words.
    id : str
        Column of the person.
    cells : Cells
        The cells.
    rate_unit : RateUnit
        What the rates count.

    Returns
    -------
    OutcomeRates
    """
    table = incidence_rate(
        rows,
        outcome,
        per=rate_unit.per,
        unit=rate_unit.unit,
        id=id,
        entry="entry",
        exit="exit",
        time_unit="days",
    )
    total = _rate(
        table.row(0, named=True),
        rows.height,
        name=estimate_id(outcome, "rates", "rate"),
        words=label,
        rate_unit=rate_unit,
        in_cell=False,
    )
    follow_up = rows.group_by(id).agg((pl.col("exit") - pl.col("entry")).sum())["exit"].to_numpy()
    return OutcomeRates(
        outcome=outcome,
        label=label,
        total=total,
        median_follow_up_years=float(np.median(follow_up)) / YEAR,
        cells=rate_cells(rows, outcome, label, id=id, cells=cells, rate_unit=rate_unit, model="rates"),
    )


def rate_cells(
    rows: pl.DataFrame, outcome: str, label: str, *, id: str, cells: Cells, rate_unit: RateUnit, model: str
) -> tuple[RateCell, ...]:
    """Rates in every cell, also in those that nobody enters; missing levels only where they occur.

    ``model`` is the part of the names that says which rows these are: "rates" for all, a model's slug for the
    rows that it was fitted on.
    """
    by = [cells.exposure, cells.modifier]
    table = incidence_rate(
        rows.with_columns(pl.col(by).cast(pl.String)),
        outcome,
        by=by,
        per=rate_unit.per,
        unit=rate_unit.unit,
        id=id,
        entry="entry",
        exit="exit",
        time_unit="days",
    )
    n_rows = {(r[0], r[1]): r[2] for r in rows.group_by(pl.col(by).cast(pl.String)).len().rows()}
    found = {(r[cells.exposure], r[cells.modifier]): r for r in table.iter_rows(named=True)}
    exposures = [*cells.exposure_levels, *([None] if any(e is None for e, _ in found) else [])]
    modifiers = [*cells.modifier_levels, *([None] if any(m is None for _, m in found) else [])]
    out: list[RateCell] = []
    for m in modifiers:
        for e in exposures:
            row = found.get((e, m))
            if row is None and (e is None or m is None):
                continue
            name = estimate_id(outcome, model, "rate", e, m)
            words = f"{label}, {cells.exposure_label} {e or 'not known'}, {cells.modifier_label} {m or 'not known'}"
            rate = _rate(
                row,
                n_rows.get((e, m), 0),
                name=name,
                words=words,
                rate_unit=rate_unit,
                in_cell=e is not None and m is not None,
            )
            out.append(RateCell(exposure=e, modifier=m, rate=rate))
    return tuple(out)


def _rate(
    row: dict[str, float] | None,
    n_rows: int,
    *,
    name: str,
    words: str,
    rate_unit: RateUnit,
    in_cell: bool,
) -> Estimate:
    rate = Estimate(
        id=name,
        estimand=f"incidence rate: {words}",
        unit=str(rate_unit),
        estimate=None,
        method="exact Poisson (Garwood)",
        basis=Basis(n_persons=0, n_rows=0, n_events=0, person_years=0.0),
    )
    if row is None:
        return rate.model_copy(update={"warnings": ("Nobody was ever in this cell.",)})
    events = int(row["events"])
    sparse = in_cell and events < SPARSE
    basis = Basis(
        n_persons=int(row["persons"]),
        n_rows=n_rows,
        n_events=events,
        person_years=row["person_time"] * person_time_divisor(rate_unit.unit) / YEAR,
    )
    return rate.model_copy(
        update={
            "estimate": row["rate"],
            "lower": row["lower"],
            "upper": row["upper"],
            "basis": basis,
            "warnings": (f"Fewer than {SPARSE} events in this cell.",) if sparse else (),
        }
    )
