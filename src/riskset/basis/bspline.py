"""B-splines and natural cubic splines, with the columns of R's ``bs`` and ``ns``.

References
----------
de Boor, C. (1978). A Practical Guide to Splines. Springer. Hastie, T. J. (1992), in Statistical Models in S, ch. 7.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class BSpline:
    """B-splines of a degree between boundary knots, without the first column, as R's ``bs``.

    Attributes
    ----------
    knots : tuple of float
        Interior knots, increasing.
    boundary : tuple of float
        Ends of the range; beyond them the outer polynomials go on.
    degree : int
    """

    knots: tuple[float, ...]
    boundary: tuple[float, float]
    degree: int = 3

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.knots) + self.degree

    def columns(self, x: Floats) -> Floats:
        """Evaluate the basis, shape (n, size).

        Examples
        --------
        >>> BSpline((1.0,), (0.0, 2.0), degree=1).columns(np.array([0.0, 0.5, 1.0, 2.0])).tolist()
        [[0.0, 0.0], [0.5, 0.0], [1.0, 0.0], [0.0, 1.0]]
        """
        return b_splines(x, _padded(self.knots, self.boundary, self.degree), self.degree)[:, 1:]


@dataclass(frozen=True, slots=True)
class NaturalSpline:
    """Natural cubic splines: straight beyond the boundary knots, with the columns of R's ``ns``.

    Attributes
    ----------
    knots : tuple of float
        Interior knots, increasing.
    boundary : tuple of float
    """

    knots: tuple[float, ...]
    boundary: tuple[float, float]

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.knots) + 1

    def columns(self, x: Floats) -> Floats:
        """Evaluate the basis, shape (n, size)."""
        padded = _padded(self.knots, self.boundary, 3)
        ends = np.array(self.boundary)
        inside = np.clip(x, *self.boundary)
        basis = b_splines(inside, padded, 3) + (x - inside)[:, None] * b_splines(x, padded, 3, 1, at=inside)
        bend = b_splines(ends, padded, 3, 2)[:, 1:]
        # Combinations whose second derivative vanishes at both ends, by the same reflections as R's.
        null, _ = np.linalg.qr(bend.T, mode="complete")
        return basis[:, 1:] @ null[:, 2:]


def b_splines(
    x: Floats, padded: Floats, degree: int, derivative: int = 0, *, at: Floats | None = None
) -> Floats:
    """Evaluate all B-splines on a padded knot sequence, or a derivative of them.

    Outside the outer knots the polynomials of the first and last piece go on.

    Parameters
    ----------
    x : float array (n,)
    padded : float array (m,)
        Knots, the outer ones repeated degree + 1 times.
    degree : int
    derivative : int
    at : float array (n,), optional
        Evaluate there instead; ``x`` still gives the shape.

    Returns
    -------
    float array (n, m - degree - 1)
    """
    where = x if at is None else at
    last = padded.size - degree - 2
    piece = np.clip(np.searchsorted(padded, where, side="right") - 1, degree, last)
    values = np.zeros((where.size, padded.size - 1))
    values[np.arange(where.size), piece] = 1.0
    for k in range(1, degree + 1):
        span = padded[k:] - padded[:-k]
        scale = np.divide(1.0, span, out=np.zeros_like(span), where=span > 0)
        shared = values * scale[: values.shape[1]]
        if k > degree - derivative:
            values = k * (shared[:, :-1] - shared[:, 1:])
        else:
            values = shared[:, :-1] * (where[:, None] - padded[: -k - 1]) + shared[:, 1:] * (
                padded[k + 1 :] - where[:, None]
            )
    return values


def interior_knots(x: Floats, number: int, boundary: tuple[float, float]) -> Floats:
    """Knots at evenly spaced quantiles (type 7) of the values within the boundary; tied ones give fewer.

    Examples
    --------
    >>> interior_knots(np.arange(9.0), 3, (0.0, 8.0))
    array([2., 4., 6.])
    """
    within = x[(x >= boundary[0]) & (x <= boundary[1])]
    if number == 0 or within.size == 0:
        return np.zeros(0)
    knots = np.unique(np.quantile(within, np.linspace(0.0, 1.0, number + 2)[1:-1]))
    return knots[(knots > boundary[0]) & (knots < boundary[1])]


def _padded(knots: tuple[float, ...], boundary: tuple[float, float], degree: int) -> Floats:
    low, high = boundary
    return np.array([low] * (degree + 1) + list(knots) + [high] * (degree + 1))
