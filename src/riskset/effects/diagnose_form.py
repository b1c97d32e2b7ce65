"""Functional form: whether a continuous covariate that stands as a straight line is one.

A restricted cubic spline of the covariate is added to the fitted model, and its nonlinear columns are tested by
their score at the estimate: with u their score, and I the information of all columns there,

    u' (I_nn - I_nx inverse(I_xx) I_xn)^-1 u

needs no second fit (under a robust variance the middle is the sum over clusters of the squares of the efficient
scores). One Newton step from there draws the curve. Beside it stand martingale residuals, summed over tenths of the
expected events: the sum of the residuals of a tenth is its observed less its expected events.

References
----------
Therneau, T., Grambsch, P. & Fleming, T. (1990). Martingale-based residuals for survival models. Biometrika 77,
147-160.
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, chapter 5.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import gammainccinv, gammaincinv, ndtri

from riskset.basis import default_knots, restricted_cubic_spline
from riskset.cox import CoxFit, Test
from riskset.cox.robust import at_estimate, cluster_scores
from riskset.design.factors import NumberFactor, SplineFactor, numeric
from riskset.design.grammar import names_in
from riskset.effects.exposure_range import weighted_percentile
from riskset.errors import FitError
from riskset.kernel import evaluate, information, risk_rows, score

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

DISTINCT: Final = 6  # a covariate of fewer values is a score or a category, not a curve
KNOTS: Final = 4
POINTS: Final = 61
TENTHS: Final = 10
LEAST_EVENTS: Final = 10.0  # expected events under which a group's observed over expected says little
SHOWN: Final = (1.0, 99.0)  # percentiles of the expected events, between which the curve is drawn


@dataclass(frozen=True, slots=True, eq=False)
class FunctionalForm:
    """One continuous covariate: observed over expected events along it, and the test of its straight line.

    Attributes
    ----------
    covariate : str
        As it stands in the model, ``log(crp)``.
    spline : bool
        Whether it stands in the model as a spline already; it is then not tested.
    test : Test or None
        Score test of the nonlinear columns of a restricted cubic spline.
    reason : str
        Why there is no test; empty otherwise.
    x, departure, lower, upper : float arrays (points,)
        Log hazard ratio of the spline less that of the model's straight line, about its mean, with pointwise 95%
        limits; empty where there is no test.
    middle, observed, expected : float arrays (groups,)
        Mean of the covariate, events and expected events of groups of about equal expected events.
    ratio, ratio_lower, ratio_upper : float arrays (groups,)
        Observed over expected events, with exact Poisson limits; no limits where rows are weighted.
    """

    covariate: str
    spline: bool
    test: Test | None
    reason: str
    x: Floats
    departure: Floats
    lower: Floats
    upper: Floats
    middle: Floats
    observed: Floats
    expected: Floats
    ratio: Floats
    ratio_lower: Floats
    ratio_upper: Floats


def functional_form(fit: CoxFit) -> tuple[FunctionalForm, ...]:
    """Look at every continuous covariate of a model.

    Raises
    ------
    FitError
        If the fit has exact ties or a penalty, under which the score test does not hold.
    """
    if fit.ties == "exact" or fit.matrix.penalty is not None:
        raise FitError(
            "functional form cannot be tested "
            + ("under exact ties" if fit.ties == "exact" else "under a penalty"),
            where="functional_form",
        )
    found = _continuous(fit)
    if not found:
        return ()
    expected = fit.data[fit.event].to_numpy() - fit.residuals("martingale")
    weight = np.ones(fit.n_rows) if fit.weights is None else fit.data[fit.weights].cast(pl.Float64).to_numpy()
    knots = [
        np.zeros(0) if spline else default_knots(_one_per_person(fit, x), KNOTS) for _, x, spline in found
    ]
    tests = _Augmented.of(fit, [(x, k) for (_, x, _), k in zip(found, knots, strict=True)])
    return tuple(
        _form(fit, name, x, spline, tests, i, expected * weight, weight)
        for i, (name, x, spline) in enumerate(found)
    )


def _continuous(fit: CoxFit) -> list[tuple[str, Floats, bool]]:
    """Name, values, and whether a spline: the continuous factors of the model, but not those of time itself."""
    found: list[tuple[str, Floats, bool]] = []
    for factor in fit.design.factors:
        if fit.exit in names_in(factor.expr):
            continue  # of a coefficient that changes with time
        if isinstance(factor, SplineFactor):
            found.append((factor.label, numeric(factor.inner, fit.data), True))
        elif isinstance(factor, NumberFactor):
            x = factor.columns(fit.data, contrasts=True)[0].astype(np.float64)
            if np.unique(x[: 10 * DISTINCT]).size >= DISTINCT or np.unique(x).size >= DISTINCT:
                found.append((factor.label, x, False))
    return found


def _one_per_person(fit: CoxFit, x: Floats) -> Floats:
    """Values that knots rest on: one for each person, so that those with many rows do not draw them."""
    if fit.id is None:
        return x
    person = fit.data[fit.id].rank("dense").to_numpy()
    order = np.lexsort((fit.data[fit.exit].to_numpy(), person))
    first = order[np.flatnonzero(np.diff(person[order], prepend=0))]
    return x[first]


@dataclass(frozen=True, slots=True)
class _Augmented:
    """The model with the nonlinear columns of all covariates added, looked at once at the estimate."""

    knots: tuple[Floats, ...]
    places: tuple[Ints, ...]  # of each covariate's nonlinear columns
    keep: Ints  # columns of the model that were estimated
    u: Floats
    info: Floats
    clusters: Floats | None  # scores summed over clusters

    @classmethod
    def of(cls, fit: CoxFit, covariates: list[tuple[Floats, Floats]]) -> _Augmented:
        rows = fit.matrix.rows
        p = fit.params.size
        extra: list[Floats] = []
        places: list[Ints] = []
        for x, knots in covariates:
            columns = _nonlinear(x if rows.index.kept is None else x[rows.index.kept], knots)
            places.append(p + sum(e.shape[1] for e in extra) + np.arange(columns.shape[1]))
            extra.append(columns - columns.mean(axis=0))
        wide = risk_rows(rows.index, np.ascontiguousarray(np.hstack([rows.X, *extra])), rows.offset)
        beta = at_estimate(rows, fit.matrix.state, fit.params).beta
        state = evaluate(wide, np.append(beta, np.zeros(wide.given.shape[1] - p)))
        clusters = None
        if fit.robust and fit.matrix.cluster is not None:
            clusters = cluster_scores(wide, state, fit.matrix.cluster)
        keep = np.flatnonzero(fit.matrix.independent & ~fit.matrix.runaway)
        return cls(
            tuple(k for _, k in covariates),
            tuple(places),
            keep,
            score(wide, state),
            information(wide, state)[0],
            clusters,
        )

    def solved(self, i: int) -> tuple[Test, Floats, Floats] | None:
        """Test of a covariate's nonlinear columns, and the Newton step (keep, own) with its variance."""
        own, keep = self.places[i], self.keep
        if not own.size:
            return None
        project = np.linalg.solve(self.info[np.ix_(keep, keep)], self.info[np.ix_(keep, own)])
        efficient = self.info[np.ix_(own, own)] - self.info[np.ix_(own, keep)] @ project
        # A nonlinear column that the model holds already, or that no event's risk set varies in, has no information.
        if np.linalg.eigvalsh(efficient).min() <= 1e-8 * np.diag(self.info)[own].max():
            return None
        u, variance = self.u[own], efficient
        if self.clusters is not None:
            each = self.clusters[:, own] - self.clusters[:, keep] @ project
            variance = each.T @ each
        chi2 = float(u @ np.linalg.solve(variance, u))
        step = np.vstack([-project, np.eye(own.size)])
        bread = step @ np.linalg.inv(efficient)
        return Test.of(chi2, own.size), bread @ u, bread @ variance @ bread.T


def _nonlinear(x: Floats, knots: Floats) -> Floats:
    """Nonlinear columns of the spline in units of its span, as the design's; none where knots are too few."""
    return restricted_cubic_spline(x, knots)[:, 1:] if knots.size >= 3 else np.zeros((x.size, 0))


def _form(
    fit: CoxFit,
    name: str,
    x: Floats,
    spline: bool,
    tests: _Augmented,
    i: int,
    expected: Floats,
    weight: Floats,
) -> FunctionalForm:
    nothing = np.zeros(0)
    grid = departure = lower = upper = nothing
    found = None if spline else tests.solved(i)
    reason = "" if found else "its values lie on too few points for a spline"
    if spline:
        reason = "it stands in the model as a spline"
    if found is not None:
        _, step, variance = found
        # Percentiles of the expected events, which do not depend on how persons are cut into rows.
        low, high = (weighted_percentile(x, expected, percent) for percent in SHOWN)
        grid = np.linspace(low, high, POINTS)
        linear = np.flatnonzero([fit.names[int(j)] == name for j in tests.keep])
        moved = np.append(linear, tests.keep.size + np.arange(tests.places[i].size))

        def curve(at: Floats) -> Floats:
            return np.column_stack([at] * linear.size + [_nonlinear(at, tests.knots[i])])

        centre = expected @ curve(x) / expected.sum()
        contrast = curve(grid) - centre
        departure = contrast @ step[moved]
        spread = (contrast @ variance[np.ix_(moved, moved)] * contrast).sum(axis=1)
        half = float(ndtri(0.975)) * np.sqrt(np.maximum(spread, 0.0))
        lower, upper = departure - half, departure + half
    event = fit.data[fit.event].to_numpy() * weight
    middle, observed, among = _groups(x, event, expected)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = observed / among
    limits = np.full((2, ratio.size), np.nan)
    if fit.weights is None:
        limits = np.stack([_poisson_lower(observed), gammainccinv(observed + 1.0, 0.025)]) / among
    return FunctionalForm(
        name, spline, None if found is None else found[0], reason, grid, departure, lower, upper, middle,
        observed, among, ratio, limits[0], limits[1],
    )  # fmt: skip


def _poisson_lower(observed: Floats) -> Floats:
    return np.where(observed > 0, gammaincinv(np.maximum(observed, 1.0), 0.025), 0.0)


def _groups(x: Floats, event: Floats, expected: Floats) -> tuple[Floats, Floats, Floats]:
    """Mean, observed and expected events of groups along x with about equal expected events; ties stay together."""
    wanted = int(np.clip(expected.sum() // LEAST_EVENTS, 2, TENTHS))
    place = np.unique(x, return_inverse=True)[1]
    by_value = np.bincount(place, weights=expected)
    middle_of = (np.cumsum(by_value) - by_value / 2) / by_value.sum()
    group = np.minimum((middle_of * wanted).astype(np.int64), wanted - 1)[place]
    group = np.unique(group, return_inverse=True)[1]
    among = np.bincount(group, weights=expected)
    observed = np.bincount(group, weights=event).astype(np.float64)
    return np.bincount(group, weights=x * expected) / among, observed, among.astype(np.float64)
