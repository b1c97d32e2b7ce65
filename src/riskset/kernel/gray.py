"""Gray's score test of equal cumulative incidence in K groups, one stratum at a time."""

from __future__ import annotations

import numpy as np

from riskset.kernel.product_limit import Floats, Ints, grid_of


def gray(
    exit: Floats, cause: Ints, group: Ints, n_groups: int, of_interest: int, rho: float = 0.0
) -> tuple[Floats, Floats]:
    """Score of each group and its covariance.

    A group's risk set is that of the subdistribution: R = Y (1 - F) / S, with Y at risk, S free of any event and F
    the cumulative incidence in the group, all just before each time. The score sums (1 - F_all)^rho times the
    group's events less its share R / R_all of all events of the cause.

    Parameters
    ----------
    exit : ndarray (n,)
        Time of the event or of censoring; all are at risk from the beginning.
    cause : ndarray (n,) of int
        0 for none, else 1..
    group : ndarray (n,) of int
        Group 0..K-1.
    n_groups : int
        K.
    of_interest : int
        The cause whose incidence is compared.
    rho : float
        Power of the weight.

    Returns
    -------
    score : ndarray (K,)
    covariance : ndarray (K, K)

    References
    ----------
    Gray 1988.
    """
    grid = grid_of(np.full_like(exit, -np.inf), exit)

    def counted(chosen: Ints) -> Floats:
        inside = [grid.at(grid.last, 1.0 * ((group == k) & (chosen > 0)))[:-1] for k in range(n_groups)]
        return np.stack(inside, axis=1)

    own, other = counted((cause == of_interest) * 1), counted(((cause > 0) & (cause != of_interest)) * 1)
    Y = np.stack([grid.at_risk(1.0 * (group == k)) for k in range(n_groups)], axis=1)
    some = (own + other).sum(axis=1) > 0
    own, other, Y = own[some], other[some], Y[some]
    there = Y > 0
    safe = np.where(there, Y, 1.0)
    S = np.multiply.accumulate(np.where(there, (Y - own - other) / safe, 1.0), axis=0)
    S_before = np.concatenate([np.ones((1, n_groups)), S[:-1]])
    F = np.cumsum(np.where(there, S_before * own / safe, 0.0), axis=0)
    F_before = np.concatenate([np.zeros((1, n_groups)), F[:-1]])
    nd = own.sum(axis=1)
    # Y / S just before: who would be at risk had nobody been censored or had another event
    width = np.where(there, Y / np.where(there, S_before, 1.0), 0.0)
    total = width.sum(axis=1)
    everywhere = (width * (1.0 - F_before)).sum(axis=1)
    # Under the hypothesis all groups share one F, whose steps are nd / total.
    F_all = np.cumsum(nd / total)
    F_all_before = np.concatenate([[0.0], F_all[:-1]])
    weight = (1.0 - F_all_before) ** rho
    share = width * (1.0 - F_before) / everywhere[:, None]
    score = (weight[:, None] * (own - nd[:, None] * share)).sum(axis=0)

    same = np.eye(n_groups)
    part = width / total[:, None]
    a = weight[:, None, None] * width[:, :, None] * (same - part[:, None, :])
    c = np.cumsum(a * (nd / (total * (1.0 - F_all_before)))[:, None, None], axis=0)
    left = np.where(S > 0, S, 1.0)
    ahead = np.where(S > 0, (1.0 - F_all[:, None]) / left, 0.0)

    def tied(d: Floats, n: Floats) -> Floats:
        return np.where(d > 1, 1.0 - (d - 1.0) / np.maximum(n - 1.0, 1e-300), 1.0)

    # own cause: expected under the hypothesis; other causes: as observed in each group
    by_own = np.where(S > 0, 1.0 - ahead, 1.0)
    n_own = total[:, None] * S_before
    var_own = np.where(
        there & (nd > 0)[:, None],
        tied(nd[:, None], n_own) * S_before * nd[:, None] / (total[:, None] * safe),
        0.0,
    )
    var_other = np.where(there & (S > 0) & (other > 0), S_before**2 * tied(other, Y) * other / safe**2, 0.0)
    v3 = (by_own**2 * var_own + ahead**2 * var_other).sum(axis=0)
    x = a - by_own[:, None, :] * c  # (time, i, k)
    y = ahead[:, None, :] * c
    v2 = (x * (by_own * var_own)[:, None, :] - y * (ahead * var_other)[:, None, :]).sum(axis=0)
    v = np.einsum("tik,tjk,tk->ij", x, x, var_own) + np.einsum("tik,tjk,tk->ij", y, y, var_other)
    end = c[-1] if c.shape[0] else np.zeros((n_groups, n_groups))
    v = v + (end * v3) @ end.T + end @ v2.T + v2 @ end.T
    return score, v
