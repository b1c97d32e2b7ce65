"""Rates compared between cells of exposure and modifier, as they change over time; nothing is adjusted for."""

from __future__ import annotations

import polars as pl

from riskset.curves import exact_rate_ratio, mover_rate_difference
from riskset.study.ids import estimate_id
from riskset.study.rates import SPARSE, YEAR, Cells, RateUnit
from riskset.study.results_incidence import ComparedRates
from riskset.study.results_values import Basis, Estimate
from riskset.units import person_time_divisor

Cell = tuple[str, str]  # exposure and modifier


def compared_rates(
    rows: pl.DataFrame, outcome: str, label: str, *, id: str, cells: Cells, rate_unit: RateUnit
) -> ComparedRates:
    """Compare the rates of cells, exposure within modifier and modifier within exposure.

    Parameters
    ----------
    rows : polars.DataFrame
        Episodes of the outcome: ``id``, entry and exit in days, the outcome as 0/1, the cells' columns.
    outcome, label : str
        Column of the event, and its words.
    id : str
        Column of the person.
    cells : Cells
        The cells, reference levels first.
    rate_unit : RateUnit
        What differences count.

    Returns
    -------
    ComparedRates
    """
    text = rows.select(
        pl.col(id),
        pl.col(cells.exposure).cast(pl.String).alias("exposure"),
        pl.col(cells.modifier).cast(pl.String).alias("modifier"),
        pl.col(outcome).cast(pl.Int64).alias("event"),
        (pl.col("exit") - pl.col("entry")).alias("days"),
    )
    exposure, modifier = cells.exposure_levels, cells.modifier_levels

    def pair(kind: str, own: Cell, reference: Cell, words: str) -> tuple[Estimate, Estimate]:
        return _pair(text, outcome, kind, own, reference, words, rate_unit, id)

    return ComparedRates(
        outcome=outcome,
        label=label,
        exposure_in_modifier=tuple(
            pair(
                "exposure", (e, m), (exposure[0], m),
                f"{label}, {cells.exposure_label} {e} against {exposure[0]}, {cells.modifier_label} {m}",
            )
            for m in modifier for e in exposure[1:]
        ),
        modifier_in_exposure=tuple(
            pair(
                "modifier", (e, m), (e, modifier[0]),
                f"{label}, {cells.modifier_label} {m} against {modifier[0]}, {cells.exposure_label} {e}",
            )
            for e in exposure for m in modifier[1:]
        ),
    )  # fmt: skip


def _pair(
    rows: pl.DataFrame,
    outcome: str,
    kind: str,
    own: Cell,
    reference: Cell,
    words: str,
    rate_unit: RateUnit,
    id: str,
) -> tuple[Estimate, Estimate]:
    """Ratio and difference of the rates of two cells; without time in one of them there is none."""

    def inside(cell: Cell) -> pl.Expr:
        return (pl.col("exposure") == cell[0]) & (pl.col("modifier") == cell[1])

    counted = [
        (int(part["event"].sum()), float(part["days"].to_numpy().sum()))
        for part in (rows.filter(inside(own)), rows.filter(inside(reference)))
    ]
    (d, days), (d_ref, days_ref) = counted
    both = rows.filter(inside(own) | inside(reference))
    basis = Basis(
        n_persons=both[id].n_unique(),
        n_rows=both.height,
        n_events=d + d_ref,
        person_years=(days + days_ref) / YEAR,
    )
    notes = (f"Fewer than {SPARSE} events in a cell.",) if min(d, d_ref) < SPARSE else ()
    at = reference[0] if kind == "exposure" else reference[1]
    ratio = Estimate(
        id=estimate_id(outcome, "rates", f"rate_ratio_of_{kind}", *own),
        estimand=f"ratio of incidence rates: {words}",
        unit="rate ratio",
        reference=at,
        estimate=None,
        method="exact given the number of events (Clopper-Pearson)",
        basis=basis,
        warnings=notes,
    )
    difference = Estimate(
        id=estimate_id(outcome, "rates", f"rate_difference_of_{kind}", *own),
        estimand=f"difference of incidence rates: {words}",
        unit=str(rate_unit),
        reference=at,
        estimate=None,
        method="MOVER from Garwood limits",
        basis=basis,
        warnings=notes,
    )
    if not (days > 0 and days_ref > 0):
        none = {"warnings": ("Nobody was ever in one of the cells.",)}
        return ratio.model_copy(update=none), difference.model_copy(update=none)
    unit = person_time_divisor(rate_unit.unit)
    gap = mover_rate_difference(d, days / unit, d_ref, days_ref / unit)
    size = rate_unit.per
    difference = difference.model_copy(
        update={"estimate": gap.estimate * size, "lower": gap.lower * size, "upper": gap.upper * size}
    )
    if not (d and d_ref):
        reason = ("No event in one of the cells: a ratio has no estimate.",)
        return ratio.model_copy(update={"warnings": reason}), difference
    found = exact_rate_ratio(d, days, d_ref, days_ref)
    told = {"estimate": found.estimate, "lower": found.lower, "upper": found.upper, "p": found.p_value}
    return ratio.model_copy(update=told), difference
