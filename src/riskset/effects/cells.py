"""The joint cells of exposure and modifier: which levels are compared, and what the fitted rows hold in each."""

from __future__ import annotations

import polars as pl

from riskset.cox import CoxFit
from riskset.curves import incidence_rate
from riskset.effects.exposure_range import baseline_median
from riskset.effects.profiles import (
    Level,
    counted_rows,
    label_of,
    levels_of,
    require_level,
    require_pair,
    require_variable,
    series_of,
)
from riskset.errors import FitError

COUNTS = ("persons", "events", "person_time", "rate", "lower", "upper")


def compared_levels(
    fit: CoxFit, exposure: str, values: tuple[Level, Level] | None, step: float | None
) -> tuple[tuple[Level, ...], bool]:
    """Levels of the exposure, the reference first, and whether they are values of a continuous one.

    Parameters
    ----------
    fit : CoxFit
    exposure : str
    values : pair, optional
        Reference and the level or value that is compared with it.
    step : float, optional
        Of a continuous exposure, upwards from the baseline median.
    """
    require_variable(fit, exposure)
    column = fit.data[exposure]
    continuous = exposure not in fit.design.levels and column.dtype.is_numeric() and column.n_unique() > 2
    values = None if values is None else require_pair(values, "exposure_levels")
    if values is not None and step is not None:
        raise FitError("exposure_levels and step say the same thing twice", where="step")
    if not continuous:
        if step is not None:
            raise FitError(f"{exposure!r} has levels, so that there is no step between values", where="step")
        levels = levels_of(fit, exposure)
        if values is None:
            return levels, False
        first, second = (require_level(exposure, v, levels) for v in values)
    elif step is not None:
        if step == 0:
            raise FitError("a step of 0 compares a value with itself", where="step")
        middle = baseline_median(fit.data, exposure, fit.id, fit.entry)
        return (middle, middle + float(step)), True
    elif values is not None:
        first, second = (_number(exposure, v) for v in values)
    else:
        raise FitError(
            f"{exposure!r} is continuous",
            remedy="Say which two values are compared, exposure_levels=(reference, value) or step=..., or draw "
            "hazard_ratio_curve.",
        )
    if first == second:
        raise FitError("the two levels are the same", where="exposure_levels")
    return (first, second), continuous


def count_cells(
    fit: CoxFit,
    exposure: str,
    modifier: str,
    exposures: tuple[Level, ...],
    modifiers: tuple[Level, ...],
    *,
    continuous: bool,
) -> pl.DataFrame:
    """Count persons, events and person-time of the fitted rows in every cell, empty ones too.

    Values of a continuous exposure are no cells: their counts, and those of each level of the modifier, are null.
    """
    grid = pl.DataFrame(
        [
            series_of([e for e in exposures for _ in modifiers], fit.data[exposure]).cast(pl.Float64)
            if continuous
            else series_of([e for e in exposures for _ in modifiers], fit.data[exposure]),
            series_of([m for _ in exposures for m in modifiers], fit.data[modifier]),
        ]
    )
    if continuous:
        return grid.with_columns(
            *(pl.lit(None, dtype=pl.Int64).alias(n) for n in COUNTS[:2]),
            *(pl.lit(None, dtype=pl.Float64).alias(n) for n in COUNTS[2:]),
        )
    rates = incidence_rate(
        counted_rows(fit), fit.event, [exposure, modifier], per=1, unit="days", time_unit="days",
        id=fit.id, entry=fit.entry, exit=fit.exit,
    )  # fmt: skip
    counted = grid.join(rates, on=[exposure, modifier], how="left", maintain_order="left")
    return counted.with_columns(
        pl.col("persons", "events").fill_null(0), pl.col("person_time").fill_null(0.0)
    )


def events_of(
    fit: CoxFit,
    cells: pl.DataFrame,
    modifier: str,
    exposures: tuple[Level, ...],
    modifiers: tuple[Level, ...],
    *,
    continuous: bool,
) -> dict[tuple[Level, Level], int]:
    """Events that each cell's hazard ratio rests on: its own, or those of its level of the modifier."""
    names = [(e, m) for e in exposures for m in modifiers]
    if not continuous:
        return dict(zip(names, cells["events"].to_list(), strict=True))
    rows = counted_rows(fit)
    event = rows[fit.event].cast(pl.Int64)
    each = {m: int(event.filter(rows[modifier] == m).sum()) for m in modifiers}
    return {(e, m): each[m] for e, m in names}


def sparse_cells(events: dict[tuple[Level, Level], int], fewer_than: int) -> list[str]:
    """Name the cells with fewer events than a limit."""
    return [f"{label_of(e)}, {label_of(m)}: {n}" for (e, m), n in events.items() if n < fewer_than]


def _number(exposure: str, value: Level) -> float:
    if isinstance(value, str | bool):
        raise FitError(f"{exposure!r} is continuous: its values are numbers", where="exposure_levels")
    return float(value)


def adjustment_of(fit: CoxFit, exposure: str, modifier: str) -> tuple[str, ...]:
    """List every other term of the model, strata among them."""
    asked = {exposure, modifier}
    terms = [t.label for t in fit.design.terms if not set(t.variables) & asked]
    terms += [t.label for t in fit.design.terms if set(t.variables) & asked and set(t.variables) - asked]
    strata = fit.design.strata
    return tuple(terms) if strata is None else (*terms, strata.label)
