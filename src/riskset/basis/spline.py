"""Restricted cubic splines (Harrell): cubic between the knots, straight beyond them.

References
----------
Harrell, F. E. (2015). Regression Modeling Strategies, 2nd ed., section 2.4.5, equations 2.24-2.26; default
knots, table 2.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

QUANTILES: dict[int, tuple[float, ...]] = {
    3: (0.10, 0.50, 0.90),
    4: (0.05, 0.35, 0.65, 0.95),
    5: (0.05, 0.275, 0.50, 0.725, 0.95),
    6: (0.05, 0.23, 0.41, 0.59, 0.77, 0.95),
    # printed rounded in Harrell's table; in Hmisc, and here, evenly spaced
    7: tuple(0.025 + 0.95 * k / 6 for k in range(7)),
}
SMALL_SAMPLE = (
    100  # below it the outer quantiles rest on too few values; the fifth from each end replaces them
)


def default_knots(x: Floats, n_knots: int) -> Floats:
    """Knots at Harrell's quantiles (type 7) of the values ``x``; tied quantiles give fewer.

    Parameters
    ----------
    x : float array (n,)
        Values, none missing.
    n_knots : int
        3 to 7.

    Returns
    -------
    float array
        Distinct knots, increasing; the caller must face it when there are fewer than asked for.

    Examples
    --------
    >>> import numpy as np
    >>> default_knots(np.arange(101.0), 4)
    array([ 5., 35., 65., 95.])
    """
    if n_knots not in QUANTILES:
        raise ValueError(f"n_knots must be one of {sorted(QUANTILES)}, not {n_knots}")
    if x.size == 0:
        return np.zeros(0)
    knots = np.quantile(x, QUANTILES[n_knots])
    if x.size < SMALL_SAMPLE:
        ordered = np.sort(x)
        knots[0] = ordered[min(4, x.size - 1)]
        knots[-1] = ordered[max(x.size - 5, 0)]
    return np.unique(knots)


def restricted_cubic_spline(x: Floats, knots: Floats) -> Floats:
    """Columns x and K - 2 nonlinear terms, scaled by the square of the knots' span.

    Parameters
    ----------
    x : float array (n,)
    knots : float array (K,)
        At least three, increasing.

    Returns
    -------
    float array (n, K - 1)

    Examples
    --------
    >>> import numpy as np
    >>> restricted_cubic_spline(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 2.0]))
    array([[0.  , 0.  ],
           [1.  , 0.25],
           [2.  , 1.5 ]])
    """
    first, *_, before, last = knots
    width = last - before

    def cube(t: float) -> Floats:
        positive = np.maximum(x - t, 0.0)
        return positive * positive * positive

    tail_before, tail_last = cube(before), cube(last)
    columns = np.empty((x.size, knots.size - 1))
    columns[:, 0] = x
    for j, t in enumerate(knots[:-2]):
        columns[:, j + 1] = (
            cube(t) - tail_before * ((last - t) / width) + tail_last * ((before - t) / width)
        ) / (last - first) ** 2
    return columns


@dataclass(frozen=True, slots=True)
class RestrictedCubicSpline:
    """A restricted cubic spline with its knots, at least three and increasing."""

    knots: tuple[float, ...]

    @property
    def size(self) -> int:
        """Number of columns."""
        return len(self.knots) - 1

    def columns(self, x: Floats) -> Floats:
        """Evaluate the basis, shape (n, size)."""
        return restricted_cubic_spline(x, np.array(self.knots))
