"""Polynomials, raw or orthogonal on the fitted values, with the columns of R's ``poly``.

References
----------
Chambers, J. M. & Hastie, T. J. (1992). Statistical Models in S. Kennedy, W. J. & Gentle, J. E. (1980). Statistical
Computing, pp. 343-4: the three-term recursion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Powers 1 to ``degree``; orthogonal to each other on the values that they were learnt from, or raw.

    Attributes
    ----------
    degree : int
    centre, norm_squared : tuple of float
        The recursion's alpha and squared norms; both empty for raw powers.
    """

    degree: int
    centre: tuple[float, ...] = ()
    norm_squared: tuple[float, ...] = ()

    @property
    def knots(self) -> tuple[float, ...]:
        """A polynomial has none."""
        return ()

    @property
    def size(self) -> int:
        """Number of columns."""
        return self.degree

    @classmethod
    def learnt(cls, x: Floats, degree: int) -> Polynomial:
        """Make polynomials that are orthonormal on the values ``x``, which take more than ``degree`` values.

        Examples
        --------
        >>> x = np.array([0.0, 1.0, 2.0, 5.0])
        >>> z = Polynomial.learnt(x, 2).columns(x)
        >>> (z.T @ z).round(12).tolist()
        [[1.0, 0.0], [0.0, 1.0]]
        """
        centre: list[float] = []
        norms = [1.0, float(x.size)]
        before, now = np.zeros_like(x), np.ones_like(x)
        for _ in range(degree):
            centre.append(float((x * now * now).sum() / norms[-1]))
            before, now = now, (x - centre[-1]) * now - (norms[-1] / norms[-2]) * before
            norms.append(float((now * now).sum()))
        return cls(degree, tuple(centre), tuple(norms))

    def columns(self, x: Floats) -> Floats:
        """Evaluate the polynomials, shape (n, degree)."""
        if not self.centre:
            return x[:, None] ** np.arange(1, self.degree + 1)
        out = np.empty((x.size, self.degree))
        before, now = np.zeros_like(x), np.ones_like(x)
        for k in range(self.degree):
            ratio = self.norm_squared[k + 1] / self.norm_squared[k]
            before, now = now, (x - self.centre[k]) * now - ratio * before
            out[:, k] = now / np.sqrt(self.norm_squared[k + 2])
        return out
