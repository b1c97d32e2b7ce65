"""MOVER: limits of a sum from the limits of its parts, for sums of hazard ratios.

Each part keeps the skewness of its own interval, which the delta method gives up. With parts theta_i of sign c_i,
each with limits l_i to u_i, d_i is the distance to the limit that lowers the sum (theta_i - l_i for a part that is
added, u_i - theta_i for one that is taken off), and

    lower = sum c_i theta_i - sqrt(sum d_i^2 + 2 sum_{i<j} c_i c_j r_ij d_i d_j)

and likewise upwards. r_ij is the correlation of the estimates.

References
----------
Zou, G. Y. (2008). On the estimation of additive interaction by use of the four-by-two table and beyond. American
Journal of Epidemiology 168, 212-224.
"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

Floats = NDArray[np.float64]

FURTHEST: Final = 38.0  # standard normal deviates; beyond, p is no longer a number above zero
HALVINGS: Final = 60  # of an interval of at most 38: its width is then at the rounding of a double


def mover_limits(
    log_parts: Floats, covariance: Floats, signs: Floats, constant: float, z: float
) -> tuple[float, float]:
    """Limits of constant + sum signs x exp(log_parts), each part with log-scale Wald limits at deviate z.

    Parameters
    ----------
    log_parts : float array (k,)
        Logarithms of the parts.
    covariance : float array (k, k)
        Of the logarithms; its correlations stand for those of the parts.
    signs : float array (k,)
        +1 for a part that is added, -1 for one that is taken off.
    constant : float
        What is added to the sum.
    z : float
        Standard normal deviate of the limits.

    Returns
    -------
    lower, upper : float

    Examples
    --------
    Of one part alone, the part's own limits:

    >>> import numpy as np
    >>> low, high = mover_limits(np.log([2.0]), np.array([[0.04]]), np.ones(1), 0.0, 1.96)
    >>> print(f"{low:.4f} {2 / np.exp(1.96 * 0.2):.4f} {high:.4f} {2 * np.exp(1.96 * 0.2):.4f}")
    1.3514 1.3514 2.9599 2.9599
    """
    se = np.sqrt(np.diag(covariance))
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        correlation = np.where(np.outer(se, se) > 0, covariance / np.outer(se, se), np.eye(se.size))
        theta = np.exp(log_parts)
        below, above = theta * -np.expm1(-z * se), theta * np.expm1(z * se)
        total = constant + float(signs @ theta)
        down = signs * np.where(signs > 0, below, above)
        up = signs * np.where(signs > 0, above, below)
        if not np.isfinite([*down, *up, total]).all():
            return -np.inf, np.inf
        lower = total - float(np.sqrt(max(down @ correlation @ down, 0.0)))
        return lower, total + float(np.sqrt(max(up @ correlation @ up, 0.0)))


def mover_p(
    log_parts: Floats,
    covariance: Floats,
    signs: Floats,
    constant: float,
    null: float = 0.0,
    level: float = 0.95,
) -> float:
    """Two-sided p: that of the level at which the interval just reaches the null value.

    Limits move away from the estimate as the level grows, but for parts that are almost one and the same; the search
    then keeps to the side of `level` on which the interval at `level` says the answer lies, so that p is below
    1 - level exactly if that interval leaves the null value out.
    """
    total = constant + float(signs @ np.exp(log_parts))
    if total == null:
        return 1.0
    side = 0 if total > null else 1

    def short(z: float) -> bool:
        """Say whether the interval at deviate z does not reach the null value."""
        limit = mover_limits(log_parts, covariance, signs, constant, z)[side]
        return limit > null if side == 0 else limit < null

    at = float(ndtri(0.5 + level / 2))
    low, high = (at, FURTHEST) if short(at) else (0.0, at)
    if low == at and short(high):
        return 0.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if short(middle) else (low, middle)
    return float(2 * ndtr(-high if low < at else -low))
