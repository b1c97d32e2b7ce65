"""Linear hypotheses and profile likelihood, on arrays.

References
----------
Venzon, D. J. & Moolgavkar, S. H. (1988). A method for computing profile-likelihood-based confidence
intervals. Applied Statistics 37, 87-94.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy import linalg
from scipy.special import chdtrc, chdtri

from riskset.cox.arrays import MatrixFit
from riskset.cox.newton import Maximum
from riskset.cox.penalised import maximum
from riskset.errors import FitError
from riskset.kernel import evaluate, information, score
from riskset.linalg import rank_revealing_cholesky

Floats = NDArray[np.float64]

# Squared step in standard errors at which a profile limit is found: 1e-6 SE, and quadratic from there.
FOUND = 1e-12
MAX_STEPS = 12
# A limit that moves the linear predictor across its range by more than this has no end: exp(40) is beyond
# any hazard ratio, and a likelihood that will fall has fallen long before.
ENDLESS = 40.0
# Outward steps on that scale, so that a flat likelihood is not overshot.
LONGEST_STEP = 4.0


class Test(NamedTuple):
    """A chi-squared test: statistic, degrees of freedom, p."""

    chi2: float
    df: float
    p: float

    @classmethod
    def of(cls, chi2: float, df: float) -> Test:
        """Test from its statistic and degrees of freedom."""
        return cls(chi2, df, float(chdtrc(df, max(chi2, 0.0))) if df else 1.0)


def likelihood_ratio_test(fit: MatrixFit, L: Floats) -> Test:
    """Test L'beta = 0 by refitting under the constraint.

    The constrained model is fitted within the null space of L, on the same rows and columns.

    Parameters
    ----------
    fit : MatrixFit
    L : float array (q, p)
        Combinations that are zero under the hypothesis.
    """
    L, rank = _independent_rows(fit, L)
    if rank == 0:
        return Test.of(0.0, 0)
    V = fit.covariance
    beta = fit.state.beta
    start = beta - V @ L.T @ (linalg.pinvh(L @ V @ L.T) @ (L @ beta))
    top = _constrained(fit, start, L)
    return Test.of(2 * (fit.objective - top.objective), rank)


def profile_limit(fit: MatrixFit, c: Floats, level: float, side: int) -> float:
    """Limit of c'beta on one side (-1 or +1) by profile likelihood; infinite where there is none.

    Parameters
    ----------
    fit : MatrixFit
    c : float array (p,)
    level : float
    side : {-1, 1}
    """
    drop = float(chdtri(1, 1 - level))
    target = fit.objective - drop / 2
    if fit.penalty is None and not fit.runaway.any():
        found = _venzon_moolgavkar(fit, c, target, drop, side)
        if found is not None:
            return found
    return _search(fit, c, target, drop, side)


def _venzon_moolgavkar(fit: MatrixFit, c: Floats, target: float, drop: float, side: int) -> float | None:
    """Newton's method for the point of the profile where the likelihood meets the target; None if it strays.

    At each point the likelihood's quadratic model is maximised under c'step = t, and t is chosen such that
    this maximum meets the target.
    """
    rows, beta = fit.rows, fit.state.beta
    Vc = fit.covariance @ c
    beta = beta + side * np.sqrt(drop / (c @ Vc)) * Vc
    for _ in range(MAX_STEPS):
        state = evaluate(rows, beta)
        if not np.isfinite(state.loglik) or state.loglik < target - 2 * drop:
            return None
        info, scale = information(rows, state)
        chol = rank_revealing_cholesky(info, scale)
        if chol.independent.sum() < fit.independent.sum():
            return None
        u = score(rows, state)
        Iu, Ic = chol.solve(u), chol.solve(c)
        t0, v = float(c @ Iu), float(c @ Ic)
        height = state.loglik + float(u @ Iu) / 2 - target
        if height < 0:
            return None
        t = t0 + side * np.sqrt(2 * v * height)
        step = Iu + Ic * ((t - t0) / v)
        beta = beta + step
        if float(step @ info @ step) <= FOUND:
            return float(c @ beta)
    return None


def _search(fit: MatrixFit, c: Floats, target: float, drop: float, side: int) -> float:
    """Bracket the limit outwards, then find it by Newton's method on the signed root within the bracket."""
    c, _ = _independent_rows(fit, c[None, :])
    row = c[0]
    Vc = fit.covariance @ row
    direction = Vc / (row @ Vc)
    centre = float(row @ fit.state.beta)
    unit = float(np.ptp(fit.rows.X @ direction))
    root = np.sqrt(drop)

    def profile(psi: float, start: Floats) -> tuple[float, float, Floats]:
        """Signed root minus its target, its slope, and the point of the profile."""
        start = start + direction * (psi - float(row @ start))
        top = _constrained(fit, start, c)
        fallen = max(2 * (fit.objective - top.objective), 0.0)
        slope = (
            -2 * float(top.score @ row) / float(row @ row) / (2 * np.sqrt(fallen)) if fallen > 0 else np.inf
        )
        return np.sqrt(fallen) - root, slope * side, top.state.beta

    inner, beta = 0.0, fit.state.beta
    outer = min(float(np.sqrt(drop * (row @ Vc))), LONGEST_STEP / unit)
    while True:
        value, slope, beta = profile(centre + side * outer, beta)
        if value >= 0:
            break
        if outer * unit > ENDLESS + float(np.ptp(fit.rows.X @ fit.state.beta)):
            return float(side * np.inf)
        inner, outer = outer, outer + min(outer, LONGEST_STEP / unit)
    at = outer
    for _ in range(60):
        if abs(value) <= 1e-9:
            break
        if value >= 0:
            outer = at
        else:
            inner = at
        guess = at - value / slope if np.isfinite(slope) and slope > 0 else np.nan
        at = guess if inner < guess < outer else (inner + outer) / 2
        if outer - inner <= 1e-12 * max(abs(centre), outer):
            break
        value, slope, beta = profile(centre + side * at, beta)
    return float(centre + side * at)


def _constrained(fit: MatrixFit, start: Floats, L: Floats) -> Maximum:
    """Fit within start + {b : L b = 0}, on the columns that can be estimated."""
    keep = np.flatnonzero(fit.independent)
    null = linalg.null_space(L[:, keep])
    subspace = np.zeros((start.size, null.shape[1]))
    subspace[keep] = null
    top = maximum(fit.rows, start, fit.penalty, independent=fit.independent, subspace=subspace)
    if not top.converged and not top.runaway.any():
        raise FitError("the model under the hypothesis did not converge", where="profile likelihood")
    return top


def _independent_rows(fit: MatrixFit, L: Floats) -> tuple[Floats, int]:
    """L on the columns that can be estimated, scaled, and its rank."""
    L = np.atleast_2d(np.asarray(L, dtype=np.float64)) * fit.independent
    L = L[np.abs(L).any(axis=1)]
    if not L.size:
        return L, 0
    size = np.abs(L).max(axis=1, keepdims=True)
    return L if L.shape[0] == 1 else L / size, int(np.linalg.matrix_rank(L / size))
