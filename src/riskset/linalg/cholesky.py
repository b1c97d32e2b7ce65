"""Cholesky factorisation that sets aside the columns it cannot tell from those before them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# R's coxph.control(toler.chol) = eps^(3/4): a pivot below this fraction of its scale is rounding, not curvature.
TOLERANCE = float(np.finfo(np.float64).eps ** 0.75)


@dataclass(frozen=True, slots=True)
class Cholesky:
    """A positive definite matrix on the columns that are independent.

    Attributes
    ----------
    independent : bool array (p,)
        False where a column is a combination of earlier ones.
    factor : float array (r, r)
        Lower triangular factor of the independent part.
    """

    independent: Bools
    factor: Floats

    def solve(self, b: Floats) -> Floats:
        """Solve A x = b with zeros at the dependent columns; ``b`` is (p,) or (p, k)."""
        x = np.zeros_like(b, dtype=np.float64)
        if self.factor.size:
            x[self.independent] = linalg.cho_solve((self.factor, True), b[self.independent])
        return x

    def inverse(self) -> Floats:
        """Inverse on the independent columns, rows and columns of zeros elsewhere."""
        inverse = self.solve(np.eye(self.independent.size))
        return (inverse + inverse.T) / 2


def rank_revealing_cholesky(A: Floats, scale: Floats | None = None) -> Cholesky:
    """Factor a positive semidefinite matrix, keeping columns in order and dropping dependent ones.

    The first of several dependent columns stays, as in R. Columns are not permuted, so that which one is
    dropped does not depend on the data.

    Parameters
    ----------
    A : float array (p, p)
    scale : float array (p,), optional
        Size of the terms that each diagonal entry was computed from; its own size by default. A pivot
        below ``TOLERANCE`` times this is taken for zero.

    Examples
    --------
    >>> import numpy as np
    >>> A = np.array([[2.0, 4.0, 1.0], [4.0, 8.0, 2.0], [1.0, 2.0, 3.0]])
    >>> chol = rank_revealing_cholesky(A)
    >>> chol.independent
    array([ True, False,  True])
    >>> chol.solve(np.array([1.0, 2.0, 3.0]))
    array([0., 0., 1.])
    """
    p = A.shape[0]
    diagonal = np.diag(A)
    floor = TOLERANCE * np.maximum(np.abs(diagonal) if scale is None else scale, 0.0)
    # Unit diagonal first: covariates of very different size must not decide what counts as small.
    size = np.sqrt(np.where(diagonal > floor, diagonal, 1.0))
    R = A / size / size[:, None]
    floor = np.maximum(floor / size**2, TOLERANCE)
    L = np.zeros((p, p))
    independent = np.zeros(p, dtype=np.bool_)
    for j in range(p):
        if not diagonal[j] > np.square(size[j]) * floor[j]:
            continue
        pivot = R[j, j] - L[j, :j] @ L[j, :j]
        if not pivot > floor[j]:
            L[j:, j] = 0.0
            continue
        independent[j] = True
        L[j, j] = np.sqrt(pivot)
        L[j + 1 :, j] = (R[j + 1 :, j] - L[j + 1 :, :j] @ L[j, :j]) / L[j, j]
    keep = np.flatnonzero(independent)
    return Cholesky(independent=independent, factor=L[np.ix_(keep, keep)] * size[keep, None])


def quadratic_form(b: Floats, V: Floats) -> tuple[float, int]:
    """Value of b' inverse(V) b over the independent part of V, and its rank.

    Examples
    --------
    >>> import numpy as np
    >>> quadratic_form(np.array([2.0, 0.0]), np.diag([4.0, 0.0]))
    (1.0, 1)
    """
    chol = rank_revealing_cholesky(V)
    return float(b @ chol.solve(b)), int(chol.independent.sum())
