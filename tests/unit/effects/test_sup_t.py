"""Critical values of simultaneous bands: exact where algebra knows them, a slow twin by simulation elsewhere."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import chdtrc, chdtri, ndtri

from riskset.basis import default_knots, restricted_cubic_spline
from riskset.effects.sup_t import critical_value

# Four standard errors of a share of 5% in 200,000 draws: 4 sqrt(0.05 x 0.95 / 200,000).
DRAWS, SHARE = 200_000, 0.002


def spline(n_knots: int, points: int = 641) -> tuple[np.ndarray, np.ndarray]:
    """Combinations along a spline against its median, and the covariance of a regression on it."""
    x = np.random.default_rng(7).gamma(2.0, 1.5, 400)
    knots = default_knots(x, n_knots)
    rows = restricted_cubic_spline(x, knots)
    grid = np.linspace(*np.quantile(x, [0.01, 0.99]), points)
    vectors = restricted_cubic_spline(grid, knots) - restricted_cubic_spline(
        np.median(x, keepdims=True), knots
    )
    return vectors, np.linalg.inv(np.cov(rows.T) * x.size)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_one_combination_has_the_pointwise_value(level):
    line = np.linspace(-2, 3, 50)[:, None] * np.array([0.3, -1.0, 2.0])
    covariance = np.array([[2.0, 0.3, 0.1], [0.3, 1.0, 0.2], [0.1, 0.2, 0.5]])
    assert critical_value(line, covariance, level) == ndtri(0.5 + level / 2)


@pytest.mark.parametrize("level", [0.8, 0.95, 0.99])
def test_all_combinations_of_two_have_scheffes_value(level):
    angle = np.linspace(0.0, np.pi, 2001)
    vectors = np.column_stack([np.cos(angle), np.sin(angle)])
    scheffe = np.sqrt(chdtri(2, 1 - level))
    assert critical_value(vectors, np.eye(2), level) == pytest.approx(scheffe, rel=2e-4)  # the step's share
    assert critical_value(vectors, np.eye(2), level) <= scheffe


@pytest.mark.parametrize("sweep", [0.2, 1.0, 2.5])
def test_an_arc_of_a_circle_has_the_value_of_its_integral(sweep):
    # A direction within the arc meets the curve itself, one beyond it by d meets it at cos(d).
    angle = np.linspace(0.0, sweep, 1001)
    c = critical_value(np.column_stack([np.cos(angle), np.sin(angle)]), np.eye(2))
    beyond = (np.arange(100_000) + 0.5) / 100_000 * (np.pi - sweep) / 2
    miss = sweep * np.exp(-(c**2) / 2) + (np.pi - sweep) * np.exp(-(c**2) / 2 / np.cos(beyond) ** 2).mean()
    assert miss / np.pi == pytest.approx(0.05, rel=5e-4)  # 1e-4 of c is 6e-4 of the probability: c² x 1e-4


@pytest.mark.parametrize(("n_knots", "level"), [(3, 0.95), (4, 0.95), (4, 0.8), (5, 0.95), (7, 0.95)])
def test_simulated_errors_leave_the_band_as_often_as_they_may(n_knots, level):
    vectors, covariance = spline(n_knots)
    c = critical_value(vectors, covariance, level)
    se = np.sqrt(np.einsum("ij,jk,ik->i", vectors, covariance, vectors))
    errors = np.random.default_rng(1).multivariate_normal(np.zeros(n_knots - 1), covariance, DRAWS)
    beyond = np.zeros(DRAWS, dtype=bool)
    for v, s in zip(vectors[::5], se[::5], strict=True):
        beyond |= np.abs(errors @ v) > c * s
    share = SHARE if level == 0.95 else SHARE * np.sqrt(0.2 * 0.8 / (0.05 * 0.95))
    assert beyond.mean() == pytest.approx(1 - level, abs=share)
    assert ndtri(0.5 + level / 2) < c < np.sqrt(chdtri(n_knots - 1, 1 - level))


def test_three_dimensions_by_quadrature_over_the_sphere():
    vectors, covariance = spline(4)
    c = critical_value(vectors, covariance)
    u = vectors @ np.linalg.cholesky(covariance)
    u = u[np.abs(u).max(axis=1) > 1e-6]
    u = (u / np.linalg.norm(u, axis=1, keepdims=True))[::4]
    height, weight = np.polynomial.legendre.leggauss(
        120
    )  # equal areas: the height of a point of a sphere is uniform
    turn = (np.arange(240) + 0.5) / 240 * np.pi  # half a turn: opposite directions are one
    flat = np.sqrt(1 - height**2)[:, None]
    v = np.stack([flat * np.cos(turn), flat * np.sin(turn), height[:, None] + 0 * turn], axis=-1).reshape(
        -1, 3
    )
    miss = chdtrc(3, (c / np.abs(v @ u.T).max(axis=1)) ** 2).reshape(120, 240).mean(axis=1) @ weight / 2
    assert miss == pytest.approx(
        0.05, abs=1e-4
    )  # as the docstring of critical_value says, with room to spare


def test_another_coding_of_the_coefficients_has_the_same_value():
    vectors, covariance = spline(5)
    coding = np.random.default_rng(2).normal(size=(4, 4))
    back = np.linalg.inv(coding)
    recoded = critical_value(vectors @ coding, back @ covariance @ back.T)
    assert recoded == pytest.approx(critical_value(vectors, covariance), rel=1e-7)


def test_steps_have_the_value_of_their_correlated_means():
    # Two steps off the reference with independent errors: P(both within c) = (2 Phi(c) - 1)^2.
    vectors = np.repeat(np.array([[1.0, 0.0], [0.0, 0.0], [0.0, 1.0]]), 20, axis=0)
    exact = ndtri((1 + np.sqrt(0.95)) / 2)
    assert critical_value(vectors, np.eye(2)) == pytest.approx(exact, rel=1e-5)
