"""Hazard ratios along a continuous exposure, per stratum, with the tests that say what the eye may not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from riskset.cox import CoxFit
from riskset.design.factors import SplineFactor
from riskset.effects.curve_tests import CurveTest, contrasts, curve_tests, forms
from riskset.effects.exposure_range import (
    baseline_median,
    histogram_bins,
    round_values,
    weighted_percentile,
)
from riskset.effects.profiles import (
    Level,
    label_of,
    levels_of,
    require_fixed,
    require_level,
    require_variable,
)
from riskset.errors import FitError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]

POINTS: Final = 161  # along each curve; a screen shows no more
TRIM: Final = (1.0, 99.0)  # percent of person-time between which a curve is drawn


@dataclass(frozen=True, eq=False)
class CurveStratum:
    """One curve: the hazard at x against the hazard at the reference, within one level of the modifier.

    Attributes
    ----------
    level : level or None
        The level; None where there is no modifier.
    x : ndarray (n,)
        Values of the exposure, between the stratum's 1st and 99th percentile of person-time.
    log_hazard_ratio, std_error : ndarray (n,)
        On the log scale; both exactly 0 at the reference.
    hazard_ratio, lower, upper : ndarray (n,)
        With pointwise Wald limits.
    histogram : ndarray (bins,)
        Share of the stratum's person-time in each bin.
    n_persons, n_rows, n_events : int
        Behind the stratum; persons are None where they are not known.
    person_time : float
        In the unit of the fit's times.
    """

    level: Level | None
    x: Floats
    log_hazard_ratio: Floats
    std_error: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    histogram: Floats
    n_persons: int | None
    n_rows: int
    n_events: int
    person_time: float


@dataclass(frozen=True, eq=False)
class HazardRatioCurve:
    """Hazard ratios along an exposure, per stratum of a modifier.

    Attributes
    ----------
    variable, by : str
        Exposure, and modifier or None.
    reference : float
        Value of the exposure at which every curve is 1.
    strata : tuple of CurveStratum
        One per level, in the order of the levels.
    omitted : tuple of (level, reason)
        Levels without a curve.
    tests : tuple of CurveTest
        Overall and nonlinear per stratum, then overall, nonlinear, interaction and nonlinear interaction for all.
        A claim of "linear" rests on the nonlinear test, of a "trend" on the overall one.
    knots : tuple of float
        Of the spline, on the scale of its argument; empty where there is none.
    bins : ndarray (bins + 1,)
        Edges of the histograms, the same for all strata.
    level : float
        Confidence level.
    variance : {"model-based", "robust"}
        What limits and tests rest on.
    """

    variable: str
    by: str | None
    reference: float
    strata: tuple[CurveStratum, ...]
    omitted: tuple[tuple[Level, str], ...]
    tests: tuple[CurveTest, ...]
    knots: tuple[float, ...]
    bins: Floats
    level: float
    variance: Literal["model-based", "robust"]

    def test(self, name: str, level: Level | None = None) -> CurveTest | None:
        """Look up a test; None where it does not apply, as the nonlinear test of a linear term."""
        found = [t for t in self.tests if t.name == name and t.level == level]
        return found[0] if found else None

    def frame(self) -> pl.DataFrame:
        """Tabulate the curves: level, x, hazard_ratio, lower, upper, log_hazard_ratio, std_error."""
        columns = ("hazard_ratio", "lower", "upper", "log_hazard_ratio", "std_error")
        return pl.concat(
            pl.DataFrame(
                {"level": ["all" if s.level is None else label_of(s.level)] * s.x.size, "x": s.x}
                | {c: getattr(s, c) for c in columns}
            )
            for s in self.strata
        )

    def plot(
        self,
        *,
        x_label: str | None = None,
        arrangement: Literal["panels", "overlay"] = "panels",
        width: float = 175.0,
    ) -> Figure:
        """Draw the curves with the person-time below them.

        Parameters
        ----------
        x_label : str, optional
            Name and unit of the exposure; the variable's name by default.
        arrangement : {"panels", "overlay"}
            One panel per stratum, or all curves in one.
        width : float
            Printed width in millimetres.
        """
        plots: Any = import_module("riskset.plots")  # matplotlib takes a second to load: only who draws waits
        panels = [
            plots.CurvePanel(
                label=self._label(s, short=arrangement == "overlay"),
                x=s.x,
                hazard_ratio=s.hazard_ratio,
                lower=s.lower,
                upper=s.upper,
                histogram=s.histogram,
                note=self._note(s),
            )
            for s in self.strata
        ]
        return plots.hazard_ratio_curve_figure(
            panels,
            bins=self.bins,
            reference=self.reference,
            x_label=x_label or self.variable,
            y_label=f"Hazard ratio ({self.level:.0%} CI)",
            arrangement=arrangement,
            width=width,
        )

    def _label(self, stratum: CurveStratum, *, short: bool) -> str:
        if stratum.level is None:
            return ""
        name = label_of(stratum.level)
        return name if short and isinstance(stratum.level, str) else f"{self.by}: {name}"

    def _note(self, stratum: CurveStratum) -> str:
        parts = [f"{stratum.n_events:,}\u00a0events"]
        for name in ("overall", "nonlinear"):
            test = self.test(name, stratum.level)
            if test is not None:
                p = "<\u00a00.001" if test.p < 0.001 else f"=\u00a0{test.p:.3f}"
                parts.append(f"{name}\u00a0P\u00a0{p}")
        return ", ".join(parts)

    def __repr__(self) -> str:
        head = f"Hazard ratio along {self.variable}, reference {self.reference:g}"
        head += f", by {self.by}" if self.by else ""
        lines = [f"{head} ({self.variance} variance)"]
        for t in self.tests:
            where = "all" if t.level is None else label_of(t.level)
            lines.append(f"  {t.name} ({where}): chi-square {t.chi2:.2f} on {t.df} df, p = {t.p:.3g}")
        lines += [f"  no curve for {label_of(level)}: {reason}" for level, reason in self.omitted]
        return "\n".join(lines)


def hazard_ratio_curve(
    fit: CoxFit,
    variable: str,
    by: str | None = None,
    *,
    reference: float | None = None,
    at: Mapping[str, object] | None = None,
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
    level : float
        Level of the pointwise Wald intervals.
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
    held = dict(at or {})
    require_variable(fit, variable)
    if not fit.data[variable].dtype.is_numeric() or variable in fit.design.levels:
        raise FitError(f"{variable!r} is not continuous", remedy="Use interaction for groups.")
    free = (variable,) if by is None else (variable, by)
    require_fixed(fit, free, held)
    levels: tuple[Level | None, ...] = (None,) if by is None else levels_of(fit, by)
    if by is not None and not any({variable, by} <= set(t.variables) for t in fit.design.terms):
        raise FitError(
            f"the model holds no interaction of {variable!r} and {by!r}, so that all curves are one",
            remedy=f"Fit it with the exposure's term * {by}, or leave out by={by!r}.",
        )
    for name, value in held.items():
        if name in fit.design.levels:
            held[name] = require_level(name, value, fit.design.levels[name])
    values = fit.data[variable].cast(pl.Float64).to_numpy()
    person_time = fit.data[fit.exit].cast(pl.Float64).to_numpy()
    if fit.entry is not None:
        person_time = person_time - fit.data[fit.entry].cast(pl.Float64).to_numpy()
    centre = baseline_median(fit.data, variable, fit.id, fit.entry) if reference is None else float(reference)

    inside = {
        k: np.ones(values.size, dtype=np.bool_) if by is None else (fit.data[by] == k).to_numpy()
        for k in levels
    }
    event = fit.data[fit.event].cast(pl.Int64).to_numpy()
    omitted = {k: "no row in this stratum" for k in levels if not inside[k].any()}
    omitted |= {
        k: "no event in this stratum" for k in levels if k not in omitted and not event[inside[k]].any()
    }
    shown = [k for k in levels if k not in omitted]
    if not shown:
        raise FitError("no stratum has an event", where=by or variable)
    ranges = {
        k: tuple(weighted_percentile(values[inside[k]], person_time[inside[k]], q) for q in TRIM)
        for k in shown
    }
    lowest, highest = min(r[0] for r in ranges.values()), max(r[1] for r in ranges.values())
    bins = histogram_bins(values, lowest, highest)
    shared = np.append(round_values(lowest, highest), centre)  # the strata can be read side by side there
    at_level = {k: held if by is None else {**held, by: k} for k in shown}
    z = float(ndtri((1.0 + level) / 2.0))
    strata: list[CurveStratum] = []
    for k in shown:
        low, high = ranges[k]
        grid = np.linspace(low, high, POINTS) if x is None else np.atleast_1d(np.asarray(x, dtype=np.float64))
        if x is None:
            grid = np.unique(np.append(grid, shared[(low <= shared) & (shared <= high)]))
        vectors = contrasts(fit, variable, grid, centre, at_level[k])
        if (np.isnan(fit.params) & (vectors != 0).any(axis=0)).any():
            omitted[k] = "a coefficient of this stratum could not be estimated"
            continue
        log_hr = vectors @ np.nan_to_num(fit.params)
        se = np.sqrt(np.maximum(np.einsum("ij,jk,ik->i", vectors, fit.cov_params(), vectors), 0.0))
        rows = inside[k]
        persons = None
        if fit.id is not None:
            persons = fit.data.filter(pl.Series(rows))[fit.id].n_unique()
        elif fit.entry is None:
            persons = int(rows.sum())
        share = np.histogram(values[rows], bins, weights=person_time[rows])[0] / person_time[rows].sum()
        with np.errstate(over="ignore"):  # without a maximum of the likelihood a limit is infinite
            hr, lower, upper = (np.exp(v) for v in (log_hr, log_hr - z * se, log_hr + z * se))
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
                person_time=float(person_time[rows].sum()),
            )
        )
    if not strata:
        raise FitError(
            f"coefficients of {variable!r} could not be estimated",
            remedy=f"Look at fit.message, and at how {variable!r} enters the formula.",
        )
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
    )
