"""Profile-likelihood intervals and likelihood-ratio tests, against their definitions."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from scipy.optimize import brentq

from riskset.cox import CoxFit, coxph, likelihood_ratio, profile_interval

CHI2_95 = 3.841458820694124  # 0.95 quantile of chi-squared on 1 df


def fitted(seed: int, formula: str = "Surv(entry, exit, event) ~ x * g + z") -> CoxFit:
    rng = np.random.default_rng(seed)
    n = 150
    entry = rng.integers(0, 20, n).astype(float)
    frame = pl.DataFrame(
        {
            "entry": entry,
            "exit": entry + rng.integers(1, 40, n),
            "event": rng.random(n) < 0.3,
            "x": rng.standard_normal(n),
            "z": rng.exponential(1, n),
            "g": rng.random(n) < 0.3,
        }
    )
    return coxph(formula, frame)


def fallen(fit: CoxFit, c: np.ndarray, value: float) -> float:
    """Twice the drop of the likelihood when c'beta is held at a value: refit with an offset, by definition.

    With c'beta = value, beta = value c/|c|^2 + N gamma for a basis N of the null space: the part along c is an
    offset, and the rest is a model in X N.
    """
    X = fit.design.matrix(fit.data)
    unit = c / (c @ c)
    null = np.linalg.svd(c[None, :])[2][1:].T
    names = [f"n{j}" for j in range(null.shape[1])]
    frame = fit.data.select(fit.entry, fit.exit, fit.event).with_columns(
        pl.Series("o", X @ unit * value),
        *(pl.Series(name, column) for name, column in zip(names, (X @ null).T, strict=True)),
    )
    held = coxph(f"Surv({fit.entry}, {fit.exit}, {fit.event}) ~ {' + '.join(names)} + offset(o)", frame)
    return 2 * (fit.loglik - held.loglik)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("c", [[1, 0, 0, 0], [0, 0, 0, 1], [1, 0, 0, 1], [0.5, -1, 2, 0.7]])
def test_limits_are_where_the_likelihood_has_fallen(seed, c):
    fit, c = fitted(seed), np.array(c, dtype=float)
    interval = profile_interval(fit, c)
    assert interval.estimate == pytest.approx(c @ fit.params)
    for limit, side in ((interval.lower, -1), (interval.upper, 1)):
        assert side * (limit - interval.estimate) > 0
        assert fallen(fit, c, limit) == pytest.approx(CHI2_95, rel=1e-7)
    assert interval.chi2 == pytest.approx(fallen(fit, c, 0.0), rel=1e-8, abs=1e-9)
    assert (interval.p < 0.05) == (not interval.lower <= 0 <= interval.upper)


def test_limits_by_plain_bisection():
    fit = fitted(9)
    c = np.array([1.0, 0, 0, 1])
    interval = profile_interval(fit, c, level=0.9)
    # 0.90 quantile of chi-squared on 1 df
    root = brentq(lambda v: fallen(fit, c, v) - 2.705543454095404, interval.estimate, interval.estimate + 5)
    assert interval.upper == pytest.approx(root, abs=1e-8)


def test_confint_by_profile_is_each_coefficient_alone():
    fit = fitted(2)
    limits = fit.confint(method="profile")
    for j, (lower, upper) in enumerate(limits):
        one = profile_interval(fit, np.eye(4)[j])
        assert (lower, upper) == (one.lower, one.upper)


def test_scale_of_the_combination_is_the_scale_of_the_limits():
    fit = fitted(3)
    c = np.array([1.0, 0.0, 0.0, 1.0])
    one, ten = profile_interval(fit, c), profile_interval(fit, 10 * c)
    assert ten.lower == pytest.approx(10 * one.lower, rel=1e-8)
    assert ten.chi2 == pytest.approx(one.chi2, rel=1e-9)


def test_likelihood_ratio_is_that_of_the_smaller_model():
    fit = fitted(5)
    smaller = coxph("Surv(entry, exit, event) ~ x + z", fit.data)
    test = likelihood_ratio(fit, np.eye(4)[[i for i, n in enumerate(fit.names) if "g" in n]])
    assert test.df == 2
    assert test.chi2 == pytest.approx(2 * (fit.loglik - smaller.loglik), rel=1e-9)
    # redundant rows add no degree of freedom
    assert likelihood_ratio(fit, [[1, 0, 0, 0], [2, 0, 0, 0]]).df == 1
    assert likelihood_ratio(fit, np.zeros(4)).df == 0
    # all together: the global test
    whole = likelihood_ratio(fit, np.eye(4))
    assert whole.chi2 == pytest.approx(2 * (fit.loglik - fit.loglik_null), rel=1e-9)


def test_a_flat_combination_has_no_width():
    fit = fitted(6)
    interval = profile_interval(fit, np.zeros(4))
    assert (interval.lower, interval.estimate, interval.upper, interval.p) == (0.0, 0.0, 0.0, 1.0)


def test_few_events_make_limits_far_from_walds():
    # One event among the exposed: the profile is skewed, and Newton's quadratic model must be kept in hand.
    rng = np.random.default_rng(7)
    frame = pl.DataFrame(
        {
            "t": rng.exponential(1, 60),
            "d": [True] + [False] * 9 + [True] * 50,
            "g": [True] * 10 + [False] * 50,
        }
    )
    fit = coxph("Surv(t, d) ~ g", frame)
    interval = profile_interval(fit, [1.0])
    wald = fit.confint()[0]
    assert interval.lower < wald[0] - 0.3
    top = fit.loglik
    for limit in (interval.lower, interval.upper):
        held = coxph("Surv(t, d) ~ offset(o)", frame.with_columns(o=limit * pl.col("g").cast(pl.Float64)))
        assert 2 * (top - held.loglik) == pytest.approx(CHI2_95, rel=1e-8)
