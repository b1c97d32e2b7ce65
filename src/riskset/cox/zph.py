"""Tests of proportional hazards: whether the coefficients change with a function g of time.

Under beta_j(t) = beta_j + theta_j g(t) the score of theta at theta = 0 is sum_k g_k (Schoenfeld residuals at k), and
the information is made of sum_k g_k V_k and sum_k g_k^2 V_k, where V_k is what event time k contributes to the
information. Since the score of beta is zero at the estimate, theta's statistic is

    u' (I_gg - I_g I^-1 I_g)^-1 u

for any subset of the coefficients. Adding a constant to g changes nothing, so that g is shifted to begin at 0: the
contributions then stay positive, and each sum is one weighted Gram matrix.

References
----------
Grambsch, P. & Therneau, T. (1994). Proportional hazards tests and diagnostics based on weighted residuals.
Biometrika 81, 515-526. The exact score test is that of R's survival from version 3.0.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.basis import restricted_cubic_spline
from riskset.cox import hypotheses
from riskset.cox.fit import CoxFit
from riskset.cox.printing import p_value
from riskset.cox.robust import at_estimate, event_means
from riskset.errors import FitError
from riskset.kernel import EventTimeIndex, build_index, information
from riskset.kernel.index import TIMEFIX

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Transform = Literal["km", "rank", "identity", "log"] | Callable[[Floats], Floats]

SMOOTH_DF = 4  # of the smooth in the plot, as R's


@dataclass(frozen=True, slots=True)
class Smooth:
    """A smooth of the scaled Schoenfeld residuals: an estimate of a coefficient over time.

    Attributes
    ----------
    time, estimate, lower, upper : float arrays (points,)
        Limits are pointwise, at 95%.
    """

    time: Floats
    estimate: Floats
    lower: Floats
    upper: Floats


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class ProportionalHazards:
    """Score tests that coefficients do not change with time, and what to plot.

    Attributes
    ----------
    table : polars DataFrame
        term, chi2, df, p; the last row, GLOBAL, is the joint test.
    transform : str
        The function g of time.
    terms : tuple of str
    time : float array (n_events,)
        Of each event, by stratum and time.
    x : float array (n_events,)
        g at these times.
    y : float array (n_events, n_terms)
        Scaled Schoenfeld residuals plus the coefficient: each scatters about beta(t). A term of several columns
        has its linear predictor in place of a covariate, so that its y scatters about 1 where hazards are
        proportional. NaN where a covariate does not vary within the stratum.
    variance : float array (n_terms, n_terms)
        Of one event's y, about the same at all times.
    level : float array (n_terms,)
        What y scatters about if hazards are proportional: the coefficient, or 1.
    """

    table: pl.DataFrame
    transform: str
    terms: tuple[str, ...]
    time: Floats
    x: Floats
    y: Floats
    variance: Floats
    level: Floats

    def smooth(self, term: str, *, points: int = 60) -> Smooth:
        """Smooth a term's y over g(time) by a natural cubic spline with four degrees of freedom.

        Parameters
        ----------
        term : str
        points : int
            Number of times, evenly spaced in g.
        """
        i = self._place(term)
        seen = ~np.isnan(self.y[:, i])
        x, y = self.x[seen], self.y[seen, i]
        grid = np.linspace(x.min(), x.max(), points)
        knots = np.unique(np.quantile(x, np.linspace(0, 1, SMOOTH_DF + 1)))
        if knots.size > 2:
            basis, at = restricted_cubic_spline(x, knots), restricted_cubic_spline(grid, knots)
        else:
            basis, at = x[:, None], grid[:, None]
        basis, at = (np.column_stack((np.ones(b.shape[0]), b)) for b in (basis, at))
        root = np.linalg.pinv(basis)
        spread = 1.959963984540054 * np.sqrt(self.variance[i, i] * ((at @ root) ** 2).sum(axis=1))
        estimate = at @ (root @ y)
        order = np.argsort(x, kind="stable")
        time = np.interp(grid, x[order], self.time[seen][order])
        return Smooth(time=time, estimate=estimate, lower=estimate - spread, upper=estimate + spread)

    def plot(self, terms: str | list[str] | None = None, *, width: float = 175.0) -> Figure:
        """Draw beta(t): residuals, smooth with its band, and the constant coefficient of the fit.

        Parameters
        ----------
        terms : str or list of str, optional
            All by default.
        width : float
            Printed width in millimetres.
        """
        plots: Any = import_module("riskset.plots")  # matplotlib takes a second to load: only who draws waits
        chosen = self.terms if terms is None else (terms,) if isinstance(terms, str) else tuple(terms)
        panels: list[object] = []
        for term in chosen:
            i, smooth = self._place(term), self.smooth(term)
            row = self.table.row(i, named=True)
            seen = ~np.isnan(self.y[:, i])
            # Places on the axis are g(t), which spreads the events; its ticks are labelled by time.
            x = np.linspace(self.x[seen].min(), self.x[seen].max(), smooth.time.size)
            panels.append(
                plots.TimeCoefficientPanel(
                    label=term,
                    x=self.x[seen],
                    y=self.y[seen, i],
                    time=self.time[seen],
                    smooth_x=x,
                    estimate=smooth.estimate,
                    lower=smooth.lower,
                    upper=smooth.upper,
                    constant=float(self.level[i]),
                    note=f"\u03c7\u00b2 = {row['chi2']:.2f} on {row['df']} df, P {_said(row['p'])}",
                )
            )
        return plots.time_coefficient_figure(panels, width=width)

    def _place(self, term: str) -> int:
        if term not in self.terms:
            raise FitError(
                f"the model has no term {term!r}", where="term", remedy=f"Terms are {', '.join(self.terms)}."
            )
        return self.terms.index(term)

    def __repr__(self) -> str:
        wide = max(len(t) for t in self.table["term"])
        lines = [f"Proportional hazards, score tests against g(time) = {self.transform}"]
        lines += [
            f"{r['term']:<{wide}}  chi2 {r['chi2']:9.3f}  df {r['df']:2d}  p {p_value(r['p'])}"
            for r in self.table.iter_rows(named=True)
        ]
        return "\n".join(lines)


def cox_zph(fit: CoxFit, transform: Transform = "km", *, terms: bool = True) -> ProportionalHazards:
    """Test that log hazard ratios do not change with time, by the exact score test.

    Parameters
    ----------
    fit : CoxFit
    transform : {"km", "rank", "identity", "log"} or callable
        The function g of time: 1 minus the left-continuous Kaplan-Meier curve of all rows, unweighted and not
        stratified; the rank among the exits of all rows; time itself; its logarithm; or any function of an
        array of times.
    terms : bool
        Test all columns of a term together, which does not depend on its reference level; else each column.

    Returns
    -------
    ProportionalHazards

    Raises
    ------
    FitError
        If the fit has exact ties, a penalty, or no covariate.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [1, 2, 3, 4, 5, 6, 7, 8], "d": [1, 1, 1, 1, 1, 1, 1, 0], "x": [1, 1, 0, 1, 0, 0, 1, 0]}
    >>> cox_zph(coxph("Surv(t, d) ~ x", rows), "identity")
    Proportional hazards, score tests against g(time) = identity
    x       chi2     0.455  df  1  p 0.500
    GLOBAL  chi2     0.455  df  1  p 0.500
    """
    matrix = fit.matrix
    rows, index = matrix.rows, matrix.rows.index
    state = at_estimate(rows, matrix.state, matrix.params)
    keep = np.flatnonzero(matrix.independent)
    if fit.ties == "exact" or not keep.size:
        raise FitError(
            "proportional hazards cannot be tested "
            + ("under exact ties" if keep.size else "without a coefficient"),
            where="cox_zph",
        )
    if matrix.penalty is not None:
        raise FitError(
            "the score test does not hold under a penalty", where="cox_zph", remedy="Fit without the penalty."
        )
    g = _transformed(fit, transform)
    if not np.isfinite(g).all():
        raise FitError("the function of time must be finite at every event", where="transform")
    shifted = g - g.min(initial=np.inf)
    shifted = shifted / (shifted.max(initial=0.0) or 1.0)

    per_time = index.deaths_per_time
    schoenfeld = rows.death_X - np.repeat(event_means(rows, state).xbar, per_time, axis=0)
    u = (np.repeat(shifted, per_time) * index.death_weight) @ schoenfeld[:, keep]
    square = np.ix_(keep, keep)
    base = information(rows, state)[0][square]
    once = information(rows, state, shifted)[0][square]
    twice = information(rows, state, shifted**2)[0][square]
    theta = twice - once @ np.linalg.solve(base, once)

    groups = _groups(fit, keep, terms=terms)
    tests = [hypotheses.Test.of(_quadratic(theta, u, places), places.size) for _, places in groups]
    tests.append(hypotheses.Test.of(_quadratic(theta, u, np.arange(keep.size)), keep.size))
    names = tuple(name for name, _ in groups)
    beta = fit.params[keep]
    y, variance, level = _scaled(fit, base, schoenfeld[:, keep], beta, [places for _, places in groups])
    return ProportionalHazards(
        table=pl.DataFrame(
            {
                "term": [*names, "GLOBAL"],
                "chi2": [t.chi2 for t in tests],
                "df": [t.df for t in tests],
                "p": [t.p for t in tests],
            }
        ),
        transform=transform if isinstance(transform, str) else getattr(transform, "__name__", "function"),
        terms=names,
        time=np.repeat(index.event_time, per_time),
        x=np.repeat(g, per_time),
        y=y,
        variance=variance,
        level=level,
    )


def _said(p: float) -> str:
    text = p_value(p)
    return f"< {text[1:]}" if text.startswith("<") else f"= {text}"


def _quadratic(theta: Floats, u: Floats, places: Ints) -> float:
    part = u[places]
    return float(part @ np.linalg.solve(theta[np.ix_(places, places)], part))


def _groups(fit: CoxFit, keep: Ints, *, terms: bool) -> list[tuple[str, Ints]]:
    """Name what is tested, and its places among the coefficients that were estimated."""
    if not terms:
        return [(fit.names[j], np.array([i])) for i, j in enumerate(keep)]
    found = [(t.label, np.flatnonzero(np.isin(keep, t.columns))) for t in fit.design.terms]
    return [(label, places) for label, places in found if places.size]


def _scaled(
    fit: CoxFit, base: Floats, schoenfeld: Floats, beta: Floats, groups: list[Ints]
) -> tuple[Floats, Floats, Floats]:
    """Scale Schoenfeld residuals by the mean variance of an event, stratum by stratum where columns are constant.

    A column that does not vary within a stratum has no residuals there; the mean is over the events of the
    strata in which both columns vary.
    """
    index = fit.matrix.rows.index
    stratum = np.searchsorted(index.base, index.hi[index.death_row], side="right") - 1
    deaths = np.bincount(stratum, minlength=index.base.size - 1)
    varies = _varying(index, fit.matrix.rows.X[:, np.flatnonzero(fit.matrix.independent)])
    for places in groups:
        varies[:, places] = varies[:, places].any(axis=1, keepdims=True)
    used = varies * deaths[:, None]
    events = np.minimum(used[:, :, None], used[:, None, :]).sum(axis=0)
    mean = base / np.where(events == 0, 1, events)
    # A term of several columns is one: its linear predictor.
    to_terms = np.zeros((beta.size, len(groups)))
    for i, places in enumerate(groups):
        to_terms[places, i] = 1.0 if places.size == 1 else beta[places]
    level = np.array([beta[g[0]] if g.size == 1 else 1.0 for g in groups])
    mean = to_terms.T @ mean @ to_terms
    y = schoenfeld @ to_terms
    first = varies[:, [g[0] for g in groups]]
    for pattern in np.unique(first[deaths > 0], axis=0):
        these = np.flatnonzero((first == pattern).all(axis=1)[stratum])
        k = np.flatnonzero(pattern)
        y[np.ix_(these, k)] = np.linalg.solve(mean[np.ix_(k, k)], y[np.ix_(these, k)].T).T
        y[np.ix_(these, np.flatnonzero(~pattern))] = np.nan
    variance = np.linalg.inv(mean).astype(np.float64)
    return (y + level).astype(np.float64), variance, level


def _varying(index: EventTimeIndex, X: Floats) -> NDArray[np.bool_]:
    """Mark the columns that vary within each stratum, (n_strata, p)."""
    n_strata = index.base.size - 1
    if n_strata == 1:
        return np.ones((1, X.shape[1]), dtype=np.bool_)
    stratum = np.searchsorted(index.base, index.hi, side="right") - 1
    order = np.argsort(stratum, kind="stable")
    present, start = np.unique(stratum[order], return_index=True)
    varies = np.zeros((n_strata, X.shape[1]), dtype=np.bool_)
    for j in range(X.shape[1]):
        column = X[order, j]
        varies[present, j] = np.maximum.reduceat(column, start) > np.minimum.reduceat(column, start)
    return varies


def _transformed(fit: CoxFit, transform: Transform) -> Floats:
    """Evaluate g at the distinct event times of each stratum."""
    time = fit.matrix.rows.index.event_time
    if not isinstance(transform, str):
        return np.asarray(transform(time), dtype=np.float64)
    if transform == "identity":
        return time
    if transform == "log":
        with np.errstate(divide="ignore", invalid="ignore"):
            return np.log(time)
    if transform not in {"km", "rank"}:
        raise FitError(
            f"there is no transform {transform!r}",
            where="transform",
            remedy="Choose km, rank, identity or log.",
        )
    rows = fit.data if fit.weights is None else fit.data.filter(pl.col(fit.weights) > 0)
    entry = None if fit.entry is None else rows[fit.entry].cast(pl.Float64).to_numpy()
    exit = rows[fit.exit].cast(pl.Float64).to_numpy()
    if transform == "rank":
        # Mean rank of the exits at each time. Those that tie with it but for rounding lie just above it.
        ordered = np.sort(exit)
        before = np.searchsorted(ordered, time, side="left")
        upto = np.searchsorted(ordered, time + TIMEFIX * max(1.0, float(np.abs(exit).mean())), side="right")
        return (before + upto + 1) / 2
    whole = build_index(entry, exit, rows[fit.event].to_numpy())
    place = np.arange(whole.event_time.size) + 1
    rows_at = np.bincount(whole.hi, minlength=whole.n_slots) - np.bincount(whole.lo, minlength=whole.n_slots)
    n_risk = np.cumsum(rows_at[::-1])[::-1][place]
    survival = np.cumprod(1.0 - whole.deaths_per_time / n_risk)
    before = np.concatenate(([1.0], survival))[np.searchsorted(whole.event_time, time, side="left")]
    return 1.0 - before
