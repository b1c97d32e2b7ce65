"""Questions put to a fit: tests of linear hypotheses and profile-likelihood intervals."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from riskset.cox.contrasts import normal_deviate
from riskset.cox.estimates import ProfileInterval
from riskset.cox.fit import CoxFit
from riskset.cox.hypotheses import Test, likelihood_ratio_test, profile_limit
from riskset.linalg import quadratic_form


def wald_test(fit: CoxFit, L: ArrayLike) -> Test:
    """Test that combinations of coefficients are all zero, by Wald's statistic.

    Parameters
    ----------
    fit : CoxFit
    L : float array (q, p) or (p,)
        Combinations that are zero under the hypothesis. The fit's own variance is used, robust if it is.

    Returns
    -------
    Test
        (chi2, df, p).
    """
    combinations = np.atleast_2d(np.asarray(L, dtype=np.float64))
    fit.require_estimable(combinations)
    estimates = combinations @ np.nan_to_num(fit.params)
    return Test.of(*quadratic_form(estimates, combinations @ fit.cov_params() @ combinations.T))


def likelihood_ratio(fit: CoxFit, L: ArrayLike) -> Test:
    """Test that combinations of coefficients are all zero, by the likelihood ratio.

    The model is refitted under the constraint, on the same rows.

    Parameters
    ----------
    fit : CoxFit
    L : float array (q, p) or (p,)
        Combinations that are zero under the hypothesis.

    Returns
    -------
    Test
        (chi2, df, p).

    Raises
    ------
    FitError
        If the fit's variance is robust, so that the likelihood is none.
    """
    fit.require_likelihood("a likelihood-ratio test")
    combinations = np.atleast_2d(np.asarray(L, dtype=np.float64))
    fit.require_estimable(combinations)
    return likelihood_ratio_test(fit.matrix, combinations)


def profile_interval(fit: CoxFit, vector: ArrayLike, level: float = 0.95) -> ProfileInterval:
    """Profile-likelihood interval of a combination of coefficients, with its likelihood-ratio test.

    Parameters
    ----------
    fit : CoxFit
    vector : float array (p,)
        The combination, e.g. ``fit.contrast(...).vector``.
    level : float

    Returns
    -------
    ProfileInterval
        Its limits and its p agree: 0 lies outside exactly if p < 1 - level.

    Raises
    ------
    FitError
        If the fit's variance is robust, or the combination rests on coefficients not estimated.
    """
    normal_deviate(level)  # refuses what is no level
    fit.require_likelihood("a profile-likelihood interval")
    c = np.asarray(vector, dtype=np.float64)
    fit.require_estimable(c)
    if not c.any():
        return ProfileInterval(0.0, 0.0, 0.0, 0.0, 1.0, level)
    test = likelihood_ratio_test(fit.matrix, c[None, :])
    return ProfileInterval(
        estimate=float(c @ np.nan_to_num(fit.params)),
        lower=profile_limit(fit.matrix, c, level, -1),
        upper=profile_limit(fit.matrix, c, level, 1),
        chi2=test.chi2,
        p=test.p,
        level=level,
    )
