"""Do estimates from disjoint groups of persons differ more than chance makes them: Cochran's Q and its Wald form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg
from scipy.special import chdtrc

from riskset.errors import FitError

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Heterogeneity:
    """A test that groups of different persons share one value.

    Attributes
    ----------
    chi2, df, p : float
        Q on q (k - 1) degrees of freedom, of k groups with q numbers each; one less for each number that a group
        lacks.
    pooled : ndarray (q,)
        The value that the groups are compared with: their mean, weighted by their precision.
    """

    chi2: float
    df: float
    p: float
    pooled: Floats

    def __str__(self) -> str:
        return f"chi-square {self.chi2:.2f} on {self.df:.0f} df, p = {self.p:.3g}"


def heterogeneity(
    estimates: ArrayLike | Sequence[Any],
    *,
    std_errors: ArrayLike | None = None,
    covariances: ArrayLike | Sequence[Any] | None = None,
) -> Heterogeneity:
    r"""Test whether independent estimates of one quantity are equal.

    .. math:: Q = \sum_k (b_k - \bar b)^\top V_k^{-1} (b_k - \bar b), \qquad
              \bar b = \Bigl(\sum_k V_k^{-1}\Bigr)^{-1} \sum_k V_k^{-1} b_k

    For one number per group this is Cochran's Q with weights 1 / SE². It is Wald's test of the interaction of the
    groups with everything in a model that is also stratified by them.

    Parameters
    ----------
    estimates : array (k,) or (k, q)
        One number, or q of them, for each group; ratios on the log scale. NaN where a group has no estimate: its
        other numbers still count.
    std_errors : array (k,), optional
        Of one number per group.
    covariances : array (k, q, q), optional
        Of several numbers per group.

    Returns
    -------
    Heterogeneity

    Raises
    ------
    FitError
        With nothing that two groups share, shapes that do not belong together, or a variance that is not positive.

    Notes
    -----
    The groups must hold different persons: estimates that share persons are not independent.

    References
    ----------
    Cochran WG, Biometrics 1954;10:101-129.

    Examples
    --------
    >>> import numpy as np
    >>> found = heterogeneity(np.log([0.5, 1.0, 2.0]), std_errors=[0.3, 0.2, 0.3])
    >>> print(found)
    chi-square 10.68 on 2 df, p = 0.0048
    >>> print(f"{np.exp(found.pooled[0]):.2f}")
    1.00
    """
    b = np.asarray(estimates, dtype=np.float64)
    if (std_errors is None) == (covariances is None):
        raise FitError("needs exactly one of std_errors and covariances", where="heterogeneity")
    if std_errors is not None:
        se = np.asarray(std_errors, dtype=np.float64)
        b, V = b.reshape(-1, 1), (se**2).reshape(-1, 1, 1)
    else:
        V = np.asarray(covariances, dtype=np.float64)
    k = b.shape[0]
    if b.ndim != 2 or V.shape != (k, b.shape[1], b.shape[1]):
        raise FitError(
            f"estimates of shape {b.shape} do not go with variances of shape {V.shape}", where="heterogeneity"
        )
    known = ~np.isnan(b)
    asked = known.any(axis=0)
    df = int(known.sum() - asked.sum())
    if df == 0:
        raise FitError("no two groups have an estimate of the same", where="heterogeneity")
    weights = np.array([_precision(v, have) for v, have in zip(V, known, strict=True)])
    b = np.where(known, b, 0.0)
    pooled = np.full(b.shape[1], np.nan)
    total = weights.sum(axis=0)[np.ix_(asked, asked)]
    pooled[asked] = linalg.solve(total, np.einsum("kij,kj->i", weights, b)[asked], assume_a="pos")
    away = np.where(known, b - pooled, 0.0)
    chi2 = float(np.einsum("ki,kij,kj->", away, weights, away))
    return Heterogeneity(chi2, float(df), float(chdtrc(df, chi2)), pooled)


def _precision(V: Floats, known: NDArray[np.bool_]) -> Floats:
    """Invert a variance on the numbers that are known; nothing is known of the others."""
    out = np.zeros_like(V)
    if known.any():
        own = np.ix_(known, known)
        try:
            out[own] = linalg.cho_solve(linalg.cho_factor(V[own]), np.eye(int(known.sum())))
        except (linalg.LinAlgError, ValueError):
            raise FitError(
                "a variance is not positive and finite",
                where="heterogeneity",
                remedy="Give NaN where a group has no estimate, and leave out contrasts that follow from others.",
            ) from None
    return out
