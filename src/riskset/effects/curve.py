"""Hazard ratios along a continuous exposure, per stratum, with the tests that say what the eye may not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, get_args

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox import CoxFit
from riskset.cox.contrasts import estimable, normal_deviate, standard_errors
from riskset.design.factors import SplineFactor, label
from riskset.effects.curve_result import Band, CurveStratum, HazardRatioCurve
from riskset.effects.curve_tests import contrasts, curve_tests, forms, straight_scale
from riskset.effects.exposure_range import (
    baseline_median,
    histogram_bins,
    round_values,
    weighted_percentile,
)
from riskset.effects.profiles import (
    Level,
    levels_of,
    person_time,
    require_fixed,
    require_held,
    require_variable,
)
from riskset.effects.sup_t import critical_value
from riskset.errors import DesignError, FitError

Floats = NDArray[np.float64]

POINTS: Final = 161  # along each curve; a screen shows no more
SIMULTANEOUS_POINTS: Final = (
    321  # evenly along the range, and again along its percentiles: a smooth curve of errors
)
TRIM: Final = (1.0, 99.0)  # percent of person-time between which a curve is drawn


def hazard_ratio_curve(
    fit: CoxFit,
    variable: str,
    by: str | None = None,
    *,
    reference: float | None = None,
    at: Mapping[str, object] | None = None,
    band: Band = "pointwise",
    level: float = 0.95,
    x: ArrayLike | None = None,
) -> HazardRatioCurve:
    """Hazard ratio of each value of an exposure against a reference value, within levels of a modifier.

    log HR(x vs reference | level) = (row(x, level) - row(reference, level)) beta, whatever the terms in which the
    exposure stands: splines, logarithms, polynomials, a plain linear term.

    Parameters
    ----------
    fit : CoxFit
        A fitted model.
    variable : str
        Continuous exposure.
    by : str, optional
        Categorical modifier that the model lets the exposure interact with.
    reference : float, optional
        Value at which the hazard ratio is 1; by default the median over persons of their first value.
    at : mapping, optional
        Values of further variables that the effect depends on.
    band : {"pointwise", "simultaneous"}
        With "simultaneous", a sup-t band beside the pointwise limits: it covers the whole curve of its stratum over
        the drawn range (and over ``x``, where that goes beyond) with the probability ``level``. Only such a band
        may be read along the curve, "somewhere above 1" or "nowhere below"; pointwise limits hold for one value
        that was chosen beforehand. The critical value is found numerically, without chance; see
        `riskset.effects.sup_t.critical_value`.
    level : float
        Level of the Wald intervals and of the band.
    x : array_like, optional
        Values at which to evaluate; by default a grid over the 1st to 99th percentile of person-time of each
        stratum, with the reference and the same round values in every stratum, where they lie within.

    Returns
    -------
    HazardRatioCurve

    Raises
    ------
    FitError
        A variable or level is not in the model, or the model has no interaction of the two.

    References
    ----------
    Harrell 2015, sections 2.4 and 9.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [5, 3, 8, 1, 9, 4, 7, 2, 6, 10], "d": [1, 1, 0, 1, 1, 1, 0, 1, 1, 1],
    ...         "mg": [2.6, 2.1, 2.8, 1.9, 2.2, 2.4, 3.0, 2.5, 2.7, 2.9]}
    >>> curve = hazard_ratio_curve(coxph("Surv(t, d) ~ mg", rows), "mg", reference=2.5, x=[2.0, 2.5, 3.0])
    >>> curve.strata[0].hazard_ratio.round(2).tolist()
    [4.7, 1.0, 0.21]
    """
    z = normal_deviate(level)
    if band not in get_args(Band):
        raise FitError(f"band must be one of {', '.join(get_args(Band))}, not {band!r}", where="band")
    require_variable(fit, variable)
    if not fit.data[variable].dtype.is_numeric() or variable in fit.design.levels:
        raise FitError(f"{variable!r} is not continuous", remedy="Use interaction for groups.")
    if by == variable:
        raise FitError("exposure and modifier are one variable", where="by")
    free = (variable,) if by is None else (variable, by)
    held = require_held(fit, free, at or {})
    require_fixed(fit, free, held)
    levels: tuple[Level | None, ...] = (None,) if by is None else levels_of(fit, by)
    if by is not None and not any({variable, by} <= set(t.variables) for t in fit.design.terms):
        raise FitError(
            f"the model holds no interaction of {variable!r} and {by!r}, so that all curves are one",
            remedy=f"Fit it with the exposure's term * {by}, or leave out by={by!r}.",
        )
    values = fit.data[variable].cast(pl.Float64).to_numpy()
    time = person_time(fit)
    centre = baseline_median(fit.data, variable, fit.id, fit.entry) if reference is None else float(reference)
    asked = None if x is None else np.atleast_1d(np.asarray(x, dtype=np.float64))
    if not np.isfinite(centre) or (asked is not None and (asked.size == 0 or not np.isfinite(asked).all())):
        raise FitError("the reference and the values of x are finite numbers", where="reference, x")

    counts = np.ones(values.size, dtype=np.bool_)  # rows of weight zero do not
    if fit.weights is not None:
        counts = (fit.data[fit.weights] > 0).to_numpy()
    inside = {k: counts if by is None else counts & (fit.data[by] == k).to_numpy() for k in levels}
    event = fit.data[fit.event].cast(pl.Int64).to_numpy()
    omitted = {k: "no row in this stratum" for k in levels if not inside[k].any()}
    omitted |= {
        k: "no event in this stratum" for k in levels if k not in omitted and not event[inside[k]].any()
    }
    shown = [k for k in levels if k not in omitted]
    if not shown:
        raise FitError("no stratum has an event", where=by or variable)
    ranges = {
        k: tuple(weighted_percentile(values[inside[k]], time[inside[k]], q) for q in TRIM) for k in shown
    }
    lowest, highest = min(r[0] for r in ranges.values()), max(r[1] for r in ranges.values())
    bins = histogram_bins(values, lowest, highest)
    shared = np.append(round_values(lowest, highest), centre)  # the strata can be read side by side there
    at_level = {k: held if by is None else {**held, by: k} for k in shown}
    strata: list[CurveStratum] = []
    for k in shown:
        low, high = ranges[k]
        grid = np.linspace(low, high, POINTS) if asked is None else asked
        if asked is None:
            grid = np.unique(np.append(grid, shared[(low <= shared) & (shared <= high)]))
        try:
            vectors = contrasts(fit, variable, grid, centre, at_level[k])
        except DesignError as error:
            raise FitError(
                f"the model has no value at the reference or at a value of x: {error.rule}", where=variable
            ) from error
        if not estimable(fit, vectors).all():
            omitted[k] = "a coefficient of this stratum could not be estimated"
            continue
        log_hr = vectors @ np.nan_to_num(fit.params)
        se = standard_errors(fit, vectors)
        rows = inside[k]
        persons = None
        if fit.id is not None:
            persons = fit.data.filter(pl.Series(rows))[fit.id].n_unique()
        elif fit.entry is None:
            persons = int(rows.sum())
        share = np.histogram(values[rows], bins, weights=time[rows])[0] / time[rows].sum()
        with np.errstate(over="ignore"):  # without a maximum of the likelihood a limit is infinite
            hr, lower, upper = (np.exp(v) for v in (log_hr, log_hr - z * se, log_hr + z * se))
        critical, outer = None, (None, None)
        if band == "simultaneous":
            span = (min(low, float(grid.min())), max(high, float(grid.max())))
            along = _along(values[rows], span)
            critical = critical_value(
                contrasts(fit, variable, along, centre, at_level[k]), fit.cov_params(), level
            )
            with np.errstate(over="ignore"):
                outer = (np.exp(log_hr - critical * se), np.exp(log_hr + critical * se))
        strata.append(
            CurveStratum(
                level=k,
                x=grid,
                log_hazard_ratio=log_hr,
                std_error=se,
                hazard_ratio=hr,
                lower=lower,
                upper=upper,
                histogram=share,
                n_persons=persons,
                n_rows=int(rows.sum()),
                n_events=int(event[rows].sum()),
                person_time=float(time[rows].sum()),
                critical=critical,
                band_lower=outer[0],
                band_upper=outer[1],
            )
        )
    if not strata:
        raise FitError(
            f"coefficients of {variable!r} could not be estimated",
            remedy=f"Look at fit.message, and at how {variable!r} enters the formula.",
        )
    straight, no_nonlinear = straight_scale(fit, variable)
    return HazardRatioCurve(
        variable=variable,
        by=by,
        reference=centre,
        strata=tuple(strata),
        omitted=tuple((k, reason) for k, reason in omitted.items() if k is not None),
        tests=curve_tests(fit, variable, values, {s.level: at_level[s.level] for s in strata}),
        knots=next((f.knots for f in forms(fit, variable) if isinstance(f, SplineFactor)), ()),
        bins=bins,
        level=level,
        variance="robust" if fit.robust else "model-based",
        band=band,
        straight="" if straight is None else label(straight),
        no_nonlinear=no_nonlinear,
    )


def _along(values: Floats, span: tuple[float, float]) -> Floats:
    """Values along a range, evenly and again as often as they occur: dense wherever the curve may turn."""
    low, high = span
    even = np.linspace(low, high, SIMULTANEOUS_POINTS)
    usual = np.quantile(values, np.linspace(0.0, 1.0, SIMULTANEOUS_POINTS))
    return np.unique(np.append(even, usual[(low < usual) & (usual < high)]))
