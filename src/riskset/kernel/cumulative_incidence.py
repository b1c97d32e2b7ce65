"""Cumulative incidence of competing causes on ``(entry, exit]`` rows, with two variances.

The Aalen–Johansen estimator of one state that people leave for one of K others. Rows are at risk at tau iff
entry < tau <= exit; sums over rows are scattered to the times and accumulated, and no loop runs over either.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from riskset.kernel.product_limit import (
    Change,
    Floats,
    Grid,
    Ints,
    grid_of,
    sums_of_squares,
    survivors,
)


@dataclass(frozen=True)
class CumulativeIncidence:
    """Aalen–Johansen estimate of K competing causes at every distinct exit time.

    Attributes
    ----------
    time : ndarray (T,)
        Distinct exit times, increasing.
    n_risk, n_censor : ndarray (T,)
        Summed weights of the rows at risk just before each time, and of the exits without any event.
    n_event : ndarray (T, K)
        Summed weights of the events of each cause.
    probability : ndarray (T, 1 + K)
        Probability of no event yet, then of each cause by each time; rows sum to 1.
    variance : ndarray (T, 1 + K)
        Their variances.
    hazard : ndarray (T, K)
        Cumulative cause-specific hazards.
    """

    time: Floats
    n_risk: Floats
    n_censor: Floats
    n_event: Floats
    probability: Floats
    variance: Floats
    hazard: Floats


def cumulative_incidence(
    entry: Floats,
    exit: Floats,
    cause: Ints,
    weights: Floats,
    n_causes: int,
    *,
    variance: Literal["jackknife", "aalen"] = "jackknife",
    person: Ints | None = None,
) -> CumulativeIncidence:
    """Estimate the probability of each cause over time.

    Parameters
    ----------
    entry, exit : ndarray (n,)
        Start (open) and end (closed) of each row, entry < exit.
    cause : ndarray (n,) of int
        0 where the row ends without an event, else the cause 1..K that it ends with.
    weights : ndarray (n,)
        Positive case weights; for ``variance="aalen"`` whole numbers.
    n_causes : int
        K.
    variance : {"jackknife", "aalen"}
        Infinitesimal jackknife over persons, as R's ``survfit``; or Aalen's, as R's ``cmprsk::cuminc``.
    person : ndarray (n,) of int, optional
        Independent unit of each row, 0, 1, ...; by default each row is its own.

    Returns
    -------
    CumulativeIncidence

    References
    ----------
    Aalen & Johansen 1978; Aalen 1978 (variance); Therneau & Grambsch 2000, section 2.1 (jackknife).

    Examples
    --------
    >>> import numpy as np
    >>> fit = cumulative_incidence(np.zeros(4), np.array([1.0, 2.0, 2.0, 3.0]), np.array([1, 2, 0, 1]),
    ...                            np.ones(4), 2)
    >>> fit.probability
    array([[0.75, 0.25, 0.  ],
           [0.5 , 0.25, 0.25],
           [0.  , 0.75, 0.25]])
    """
    grid = grid_of(entry, exit)
    n_risk = grid.at_risk(weights)
    n_event = np.stack([grid.at(grid.last, weights * (cause == k + 1))[:-1] for k in range(n_causes)], axis=1)
    n_censor = grid.at(grid.last, weights * (cause == 0))[:-1]
    total = n_event.sum(axis=1)
    nobody_left, kept = survivors(n_risk, total)
    stays = np.multiply.accumulate(np.where(nobody_left, 0.0, 1.0 - total / n_risk))
    before = np.concatenate([[1.0], stays[:-1]])
    hazard = n_event / n_risk[:, None]
    incidence = np.cumsum(before[:, None] * hazard, axis=0)
    if variance == "aalen":
        spread = _aalen(n_risk, n_event, stays, before, incidence)
    else:
        log_variance = np.cumsum(np.where(nobody_left, 0.0, total / (n_risk * kept)))
        spread = _jackknife(
            grid, cause, weights, n_risk, np.where(nobody_left, np.inf, kept), hazard, stays, before,
            incidence, log_variance, person,
        )  # fmt: skip
    return CumulativeIncidence(
        time=grid.time,
        n_risk=n_risk,
        n_censor=n_censor,
        n_event=n_event,
        probability=np.column_stack([stays, incidence]),
        variance=spread,
        hazard=np.cumsum(hazard, axis=0),
    )


def _jackknife(
    grid: Grid,
    cause: Ints,
    weights: Floats,
    n_risk: Floats,
    kept: Floats,
    hazard: Floats,
    stays: Floats,
    before: Floats,
    incidence: Floats,
    log_variance: Floats,
    person: Ints | None,
) -> Floats:
    """Sum of squared influences of persons on the probabilities.

    With S the probability of no event yet, F that of a cause, h the sum of d / (n (n - d)), and J the sum over
    times u of (h(u-) - 1/n(u)) S(u-) dA(u), a row that entered at a has, while it is at risk, the influence
    (h - h(a)) S on S and J - J(a) - h(a) (F - F(a)) on F. Once it has ended at b, the influence on S is R S with
    R = h(b) - h(a) - [event] / (n - d), and that on F is D + R (F - F(b)), D its value at b. So all influences
    are i J + r F + c with i, r, c constant between entry and exit, and r S + i h S on survival.
    """
    first, last = grid.first, grid.last
    h_start = _before(log_variance)[first]
    leaves = cause > 0
    ratio = log_variance[last] - h_start - leaves / kept[last]
    h_before = np.concatenate([[0.0], log_variance[:-1]])
    begin, end = [weights, -weights * h_start], [-weights, weights * (ratio + h_start)]
    functions: list[Floats] = []
    for k in range(hazard.shape[1]):
        shared = np.cumsum((h_before - 1.0 / n_risk) * before * hazard[:, k])
        F, F_start, J_start = incidence[:, k], _before(incidence[:, k])[first], _before(shared)[first]
        constant = h_start * F_start - J_start
        at_end = constant + shared[last] - h_start * F[last] + (cause == k + 1) * (before / n_risk)[last]
        begin.append(weights * constant)
        end.append(weights * (at_end - ratio * F[last] - constant))
        functions.append(shared)
    sums = sums_of_squares(grid, (Change(first, *begin), Change(last, *end)), person)
    spread = [stays**2 * (sums[1, 1] + 2.0 * log_variance * sums[0, 1] + log_variance**2 * sums[0, 0])]
    for k, J in enumerate(functions):
        F = incidence[:, k]
        spread.append(
            sums[k + 2, k + 2]
            + F * (2.0 * sums[1, k + 2] + F * sums[1, 1])
            + J * (2.0 * sums[0, k + 2] + 2.0 * F * sums[0, 1] + J * sums[0, 0])
        )
    return np.maximum(np.column_stack(spread), 0.0)


def _before(values: Floats) -> Floats:
    """Shift a step function by one time, so that position 0 is its value before the first."""
    return np.concatenate([[0.0], values])


def _aalen(n_risk: Floats, n_event: Floats, stays: Floats, before: Floats, incidence: Floats) -> Floats:
    """Aalen's variance of the causes, with the factor of sampling without replacement where events are tied.

    That of no event yet is Greenwood's.
    """
    total = n_event.sum(axis=1)

    def tied(d: Floats) -> Floats:
        return np.where(d > 1, 1.0 - (d - 1.0) / np.maximum(n_risk - 1.0, 1.0), 1.0)

    def share(d: Floats) -> Floats:
        return (before / n_risk) ** 2 * tied(d) * d

    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.where(stays > 0, 1.0 / stays, 0.0)
        greenwood = np.cumsum(np.where(stays > 0, total / (n_risk * (n_risk - total)), 0.0))
    spread = [stays**2 * greenwood]
    for k in range(n_event.shape[1]):
        F, own = incidence[:, k], share(n_event[:, k])
        other = np.where(stays > 0, share(total - n_event[:, k]), 0.0)
        lasting, gained = inverse * F, 1.0 + inverse * F
        v1 = np.cumsum(lasting**2 * other + gained**2 * own)
        v2 = np.cumsum(inverse * (lasting * other + gained * own))
        v3 = np.cumsum(inverse**2 * (other + own))
        spread.append(v1 + F * (F * v3 - 2.0 * v2))
    return np.maximum(np.column_stack(spread), 0.0)
