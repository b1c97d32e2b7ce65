"""Observed less expected events of K groups: the family of log-rank tests on ``(entry, exit]`` rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.kernel.product_limit import Floats, Ints, grid_of


@dataclass(frozen=True)
class LogRank:
    """Weighted observed and expected events of K groups, and the covariance of their difference.

    Attributes
    ----------
    observed, expected : ndarray (K,)
        Events, and those expected if the hazard is the same in all groups, weighted by S(t-) to the power rho.
    covariance : ndarray (K, K)
        Of observed less expected (hypergeometric).
    """

    observed: Floats
    expected: Floats
    covariance: Floats


def logrank(
    entry: Floats, exit: Floats, event: NDArray[np.bool_], group: Ints, n_groups: int, rho: float = 0.0
) -> LogRank:
    """Sum observed less expected events over the event times of one stratum.

    Parameters
    ----------
    entry, exit, event : ndarray (n,)
        Rows at risk on ``(entry, exit]``.
    group : ndarray (n,) of int
        Group 0..K-1 of each row.
    n_groups : int
        K.
    rho : float
        Weight of each time: S(t-) to this power, S the Kaplan–Meier estimate of all groups together.

    References
    ----------
    Harrington & Fleming 1982.

    Examples
    --------
    >>> import numpy as np
    >>> test = logrank(np.zeros(3), np.array([1.0, 2.0, 3.0]), np.array([True, True, False]), np.array([0, 1, 1]), 2)
    >>> test.observed, test.expected.round(3)
    (array([1., 1.]), array([0.333, 1.667]))
    """
    grid = grid_of(entry, exit)
    one = np.ones_like(exit)
    deaths = np.stack(
        [grid.at(grid.last, one * (event & (group == k)))[:-1] for k in range(n_groups)], axis=1
    )
    at_risk = np.stack([grid.at_risk(one * (group == k)) for k in range(n_groups)], axis=1)
    some = deaths.sum(axis=1) > 0
    deaths, at_risk = deaths[some], at_risk[some]
    d, n = deaths.sum(axis=1), at_risk.sum(axis=1)
    survival = np.concatenate([[1.0], np.multiply.accumulate(1.0 - d / n)[:-1]])
    w = survival**rho if rho else np.ones_like(survival)
    share = at_risk / n[:, None]
    spread = w**2 * d * np.where(n > 1, (n - d) / np.maximum(n - 1.0, 1.0), 0.0)
    expected = (w * d) @ share
    covariance = np.diag(spread @ share) - (share * spread[:, None]).T @ share
    return LogRank((w[:, None] * deaths).sum(axis=0), expected, covariance)
