"""Contrasts of a fit: between named profiles, one or many, and what of them can be estimated."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from riskset.cox.estimates import Contrast, Contrasts
from riskset.errors import FitError

if TYPE_CHECKING:
    from riskset.cox.fit import CoxFit

Floats = NDArray[np.float64]

# Columns and combinations that agree to seven digits of their size are the same, made in two ways.
SAME: Final = 1e-7


def normal_deviate(level: float) -> float:
    """Return the normal deviate of a two-sided confidence level; a level that is none is refused.

    Examples
    --------
    >>> round(normal_deviate(0.95), 4)
    1.96
    """
    if not 0.0 < level < 1.0:
        raise FitError("a confidence level lies between 0 and 1", where="level", remedy="For 95% write 0.95.")
    return float(ndtri((1.0 + level) / 2.0))


def contrasts_of(
    fit: CoxFit, a: Mapping[str, Any], b: Mapping[str, Any] | None = None, *, level: float = 0.95
) -> Contrasts:
    """Compare the hazards of several pairs of profiles.

    Parameters
    ----------
    fit : CoxFit
    a, b : mapping of variable to value or sequence of values
        Variables not named are at their reference level or mean, in both. Sequences have one length; a single
        value, or a ``b`` without sequences, stands for all.
    level : float
        Of the Wald limits.

    Returns
    -------
    Contrasts

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 2, 1, 3, 1, 0]}
    >>> found = coxph("Surv(t, d) ~ x", rows).contrasts({"x": [1, 2]}, {"x": 0})
    >>> found.frame().select("x", "x_reference", "hazard_ratio").rows()  # doctest: +ELLIPSIS
    [(1, 0, 1.98...), (2, 0, 3.95...)]
    """
    against = b or {}
    lengths = {len(v) for v in (*a.values(), *against.values()) if not isinstance(v, str) and np.ndim(v) == 1}
    if len(lengths) > 1:
        raise FitError("sequences of values must have one length", where="contrasts")
    n = lengths.pop() if lengths else 1
    vectors = np.broadcast_to(fit.design.rows(a), (n, fit.params.size)) - fit.design.rows(against)
    fit.require_estimable(vectors)
    estimate = vectors @ np.nan_to_num(fit.params)
    se = standard_errors(fit, vectors)
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        z = np.where(se > 0, estimate / se, np.nan)
        q = normal_deviate(level) * se
        hazard_ratio, lower, upper = np.exp(estimate), np.exp(estimate - q), np.exp(estimate + q)
    profiles = {name: _listed(v, n) for name, v in a.items()}
    profiles |= {f"{name}_reference": _listed(v, n) for name, v in against.items()}
    return Contrasts(
        profiles=pl.DataFrame(profiles),
        estimate=estimate,
        std_error=se,
        hazard_ratio=hazard_ratio,
        lower=lower,
        upper=upper,
        z=z,
        p=2 * ndtr(-np.abs(z)),
        vectors=vectors,
        level=level,
    )


def combined(fit: CoxFit, vector: Floats, *, level: float = 0.95) -> Contrast:
    """Estimate the combination ``vector' beta``, with Wald limits."""
    vector = np.asarray(vector, dtype=np.float64)
    fit.require_estimable(vector)
    estimate = float(vector @ np.nan_to_num(fit.params))
    se = float(standard_errors(fit, vector[None, :])[0])
    z = estimate / se if se > 0 else np.nan
    q = normal_deviate(level) * se
    with np.errstate(over="ignore"):
        hazard_ratio, lower, upper = np.exp([estimate, estimate - q, estimate + q]).tolist()
    return Contrast(
        estimate=estimate,
        std_error=se,
        hazard_ratio=hazard_ratio,
        lower=lower,
        upper=upper,
        z=z,
        p=float(2 * ndtr(-abs(z))),
        vector=vector,
        level=level,
    )


def standard_errors(fit: CoxFit, vectors: Floats) -> Floats:
    """Give the standard errors of combinations (q, p) by the fit's own variance; infinite where one ran off."""
    se = np.sqrt(np.maximum(np.einsum("ij,ij->i", vectors @ fit.cov_params(), vectors), 0.0))
    se[(vectors[:, np.isposinf(fit.std_error)] != 0).any(axis=1)] = np.inf
    return se


def estimable(fit: CoxFit, vectors: Floats) -> NDArray[np.bool_]:
    """Say which combinations (q, p) can be estimated: those that no change of aliased coefficients moves.

    An aliased column is a combination of the others, x_j = X a within strata. Raising its coefficient by one and
    lowering theirs by a changes no hazard, so that c'beta is known only if c_j = c'a: if c lies in the space of the
    rows of the design. The coefficient of such a column then counts as zero, as in R.
    """
    aliased = np.flatnonzero(np.isnan(fit.params))
    if not aliased.size:
        return np.ones(vectors.shape[0], dtype=np.bool_)
    others = np.flatnonzero(~np.isnan(fit.params))
    X = fit.matrix.rows.X
    strata = fit.design.strata
    if strata is not None:
        kept = fit.matrix.rows.index.kept
        X = _within(X, strata.codes(fit.data if kept is None else fit.data[kept]))
    # the rows reduced to a triangle, whose columns depend on each other as theirs do
    R = np.linalg.qr(X, mode="r")
    size = np.linalg.norm(R, axis=0)
    size[size == 0] = 1.0
    R /= size
    same, *_ = np.linalg.lstsq(R[:, others], R[:, aliased], rcond=None)
    left = np.linalg.norm(R[:, aliased] - R[:, others] @ same, axis=0)
    scaled = vectors / size
    moved = scaled[:, others] @ same - scaled[:, aliased]
    weight = np.abs(scaled).max(axis=1, keepdims=True) * np.maximum(
        np.abs(same).max(axis=0, initial=0.0), 1.0
    )
    # A column that is no combination over all rows, only within each risk set, is known by itself or not at all.
    unknown = np.where(left <= SAME, np.abs(moved) > SAME * weight, scaled[:, aliased] != 0)
    return ~unknown.any(axis=1)


def _within(X: Floats, codes: NDArray[np.int64]) -> Floats:
    """Take from each column its mean within each stratum."""
    n = np.bincount(codes)
    means = np.column_stack([np.bincount(codes, weights=c) / np.maximum(n, 1) for c in X.T])
    return X - means[codes]


def _listed(value: Any, n: int) -> list[Any]:
    return list(value) if not isinstance(value, str) and np.ndim(value) == 1 else [value] * n
