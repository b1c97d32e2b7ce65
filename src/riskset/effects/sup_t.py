"""Critical values of simultaneous bands around a curve that is linear in its coefficients.

The standardised error of the curve is u(x)'Z: a fixed curve u of unit vectors in r dimensions, against r
independent normal deviates Z. Z is a length, a chi with r degrees of freedom, times a direction, uniform on the
sphere, independent of each other. Given the direction v, the band is missed if the length exceeds c / M(v), with
M(v) the largest |u(x)'v|, so that

    P(sup |u(x)'Z| > c) = mean over v of P(chi-square of r df > (c / M(v))^2).

The mean is taken over a fixed, evenly spread set of directions: the same fit has the same band every time.

References
----------
Sun, J. & Loader, C. R. (1994). Simultaneous confidence bands for linear regression and smoothing. Annals of
Statistics 22, 1328-1345.
Montiel Olea, J. L. & Plagborg-Møller, M. (2019). Simultaneous confidence bands: theory, implementation, and an
application to SVARs. Journal of Applied Econometrics 34, 1-17.
"""

from __future__ import annotations

from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtrc, chdtri, ndtri

Floats = NDArray[np.float64]

DIRECTIONS: Final = 8192
BLOCK: Final = 512
STEP: Final = (
    0.03  # radians between points of the curve: between two, |u'v| is missed by at most 1 - cos(0.015) = 1e-4
)
RANK_TOLERANCE: Final = 1e-9  # a direction in which the curve varies by less than this share is rounding
CONVERGED: Final = 1e-7  # of the critical value


def critical_value(vectors: Floats, covariance: Floats, level: float = 0.95) -> float:
    """Find how many standard errors a band must extend to cover the whole of a curve with one probability.

    Exact, the pointwise value, where all combinations are multiples of one. Otherwise right to 0.003 for curves of up
    to eight coefficients and to 0.01 beyond, which is 0.0005 and 0.0015 of the coverage. Scheffé's value, for all
    combinations whatsoever, is an upper bound.

    Parameters
    ----------
    vectors : float array (n, p)
        Combinations of coefficients along the curve, densely enough that it is smooth; rows without variance (the
        reference) are left out.
    covariance : float array (p, p)
        Of the coefficients.
    level : float
        Probability to cover the whole curve.

    Returns
    -------
    float

    Examples
    --------
    A line through the reference has one standardised error, and so the pointwise value; a parabola has not.

    >>> import numpy as np
    >>> x = np.linspace(-1.0, 1.0, 401)
    >>> round(critical_value(np.column_stack([x]), np.eye(1)), 3)
    1.96
    >>> round(critical_value(np.column_stack([x, x**2]), np.eye(2)), 2)
    2.35
    """
    pointwise = float(ndtri((1.0 + level) / 2.0))
    u = _standardised(vectors, covariance)
    rank = u.shape[1]
    if rank <= 1:
        return pointwise
    inverse = 1.0 / np.square(_reach(_directions(rank), u))
    scheffe = float(np.sqrt(chdtri(rank, 1.0 - level)))

    def log_miss(c: float) -> float:
        return float(np.log(chdtrc(rank, c * c * inverse).mean()))

    # The log probability is nearly straight in c²: secants from the two bounds are there in a few steps.
    target = np.log(1.0 - level)
    a, b = pointwise**2, scheffe**2
    fa, fb = log_miss(pointwise) - target, log_miss(scheffe) - target
    for _ in range(20):
        if fb == fa:
            break
        c = b - fb * (b - a) / (fb - fa)
        a, fa, b = b, fb, c
        fb = log_miss(float(np.sqrt(c))) - target
        if abs(b - a) <= 2 * CONVERGED * b:
            break
    return float(min(max(np.sqrt(b), pointwise), scheffe))


def _standardised(vectors: Floats, covariance: Floats) -> Floats:
    """Give the unit vectors of the curve's standardised error, about a step apart, in axes of their own."""
    size = np.sqrt(np.maximum(np.diag(covariance), 0.0))
    known = size > 0
    if not known.any():
        return np.empty((0, 0))
    scaled = vectors[:, known] * size[known]
    values, axes = np.linalg.eigh(covariance[np.ix_(known, known)] / np.outer(size[known], size[known]))
    u = scaled @ (axes * np.sqrt(np.maximum(values, 0.0)))
    length = np.linalg.norm(u, axis=1)
    u = u[length > RANK_TOLERANCE * max(float(length.max(initial=0.0)), 1e-300)]
    if not u.shape[0]:
        return np.empty((0, 0))
    u = u / np.linalg.norm(u, axis=1, keepdims=True)
    turn = np.sum(u[1:] * u[:-1], axis=1)
    # u and -u are one to a two-sided band; at the reference the curve changes from one to the other.
    u *= np.cumprod(np.append(1.0, np.where(turn < 0, -1.0, 1.0)))[:, None]
    # 2 sin(angle / 2), which does not lose small angles as the arc cosine does
    walked = np.append(0.0, np.cumsum(np.linalg.norm(np.diff(u, axis=0), axis=1)))
    kept = np.unique(np.append(np.searchsorted(walked, np.arange(0.0, walked[-1], STEP)), walked.size - 1))
    # Principal axes, each turned so that the last point is on its positive side: another coding of the same model
    # then meets the same directions, and has the same band to the last digits.
    _, s, axes = np.linalg.svd(u[kept], full_matrices=False)
    turned = u[kept] @ axes[s > RANK_TOLERANCE * s[0]].T
    return turned * np.where(turned[-1] < 0, -1.0, 1.0)


def _reach(directions: Floats, u: Floats) -> Floats:
    """Largest |u(x)'v| along the curve for each direction v, by blocks that stay in cache."""
    reach = np.empty(directions.shape[0])
    product = np.empty((min(BLOCK, reach.size), u.shape[0]))
    for a in range(0, reach.size, BLOCK):
        block = product[: min(BLOCK, reach.size - a)]
        np.matmul(directions[a : a + BLOCK], u.T, out=block)
        np.abs(block, out=block).max(axis=1, out=reach[a : a + BLOCK])
    return reach


@cache
def _directions(rank: int) -> Floats:
    """Directions spread evenly over the sphere, shape (n, rank): the same every time."""
    n = DIRECTIONS
    if rank == 2:  # opposite directions are one: half a circle
        angle = np.pi * (np.arange(n) + 0.5) / n
        return np.column_stack([np.cos(angle), np.sin(angle)])
    # Kronecker's sequence on the powers of the root of t^(d+1) = t + 1, the golden ratio's kin
    root = 2.0
    for _ in range(60):
        root = (1.0 + root) ** (1.0 / (rank + 1))
    uniform = (0.5 + np.outer(np.arange(1, n + 1), root ** -np.arange(1.0, rank + 1))) % 1.0
    normal = ndtri(uniform)
    return normal / np.linalg.norm(normal, axis=1, keepdims=True)
