"""A large matrix is fitted as it is where that costs no digits, and centred as it is read where it would."""

from __future__ import annotations

import numpy as np
import pytest

from riskset.cox import coxph_matrix
from riskset.cox.arrays import FAR, LARGE
from riskset.errors import FitError

P = 6
N = LARGE // (8 * P) + 1_000


@pytest.fixture(scope="module")
def rows():
    rng = np.random.default_rng(20260101)
    X = rng.standard_normal((N, P))
    X[:, 0] = X[:, 0] > 0
    entry = rng.integers(0, 40, N).astype(float)
    exit = entry + rng.integers(1, 30, N)
    event = rng.random(N) < 2e-3 * np.exp(X @ np.linspace(-0.4, 0.4, P))
    exit = np.where(event, exit, 70.0)  # everyone is at risk at the end: no row is set aside
    event[np.argmax(exit)] = True
    return X, entry, exit, event


def same(a, b, size=1.0, tolerance=1e-11):
    np.testing.assert_allclose(a.params * size, b.params, rtol=tolerance, atol=1e-13)
    np.testing.assert_allclose(
        a.covariance * np.multiply.outer(size, size) if np.ndim(size) else a.covariance * size**2,
        b.covariance,
        rtol=1e-9,
        atol=1e-9 * np.abs(b.covariance).max(),
    )
    assert a.loglik == pytest.approx(b.loglik, rel=1e-13)


def test_near_zero_nothing_is_copied_and_no_digit_is_lost(rows):
    X, *times = rows
    before = X.copy()
    fit = coxph_matrix(X, *times)
    assert fit.rows.X is X
    assert not fit.means.any()
    np.testing.assert_array_equal(X, before)
    centred = coxph_matrix(X - X.mean(axis=0), *times)
    same(fit, centred)


def test_at_the_border_few_digits_are_lost(rows):
    X, *times = rows
    shifted = X + np.array([0.0, 0.0, 0.99 * FAR, 0.0, -0.99 * FAR, 0.0])
    fit = coxph_matrix(shifted, *times)
    assert fit.rows.X is shifted
    same(fit, coxph_matrix(X, *times), tolerance=1e-10)  # 1 + FAR² = 65 times the rounding of a centred fit


def test_far_from_zero_columns_are_centred(rows):
    # 1e9 away, a value keeps 7 digits of its own: those that are left are whole numbers, so that none is lost
    X, *times = rows
    whole = np.rint(X * 16)
    shift = np.array([0.0, 1e9, -1e9, 0.0, 3e8, 0.0])
    moved = whole + shift
    fit = coxph_matrix(moved, *times)
    assert fit.rows.given is moved
    np.testing.assert_array_equal(fit.rows.X, moved - fit.means)
    np.testing.assert_allclose(fit.means, whole.mean(axis=0) + shift, rtol=1e-15)
    same(fit, coxph_matrix(whole, *times))


@pytest.mark.parametrize("size", [1e9, 1e-9])
def test_columns_of_any_size(rows, size):
    X, *times = rows
    same(coxph_matrix(size * X, *times), coxph_matrix(X, *times), size=size)


def test_a_constant_column_is_still_found(rows):
    X, *times = rows
    with_constant = X.copy()
    with_constant[:, 3] = 7.0
    fit = coxph_matrix(with_constant, *times)
    assert np.isnan(fit.params[3])
    assert np.isfinite(fit.params[[0, 1, 2, 4, 5]]).all()


def test_a_value_that_is_none_is_refused_also_in_rows_never_at_risk():
    x = np.array([[1.0], [2.0], [3.0], [np.nan]])
    with pytest.raises(FitError, match="finite"):
        coxph_matrix(x, None, [2.0, 3.0, 4.0, 1.0], [1, 1, 0, 0])
