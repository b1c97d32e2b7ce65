"""Score residuals, by row or summed over clusters: influence, robust variance, dfbeta.

For row i with d_i = 1 at an event,

    w_i U_i = d_i w_i (x_i - xbar_k) - r_i [x_i (H_hi - H_lo) - (G_hi - G_lo)] + d_i r_i (x_i q_k - qx_k)

with xbar_kj = (S1_k - (j/m) D1_k) / den_kj, xbar_k their mean over j, and G, qx the sums of
wbar xbar_kj / den_kj and of wbar (j/m) xbar_kj / den_kj. The terms in x_i are -v_i x_i + d_i w_i x_i with the
curvature v_i of the information, so that a cluster's sum needs one pass over the rows' covariates. A row's own
residual is the sum over a cluster of one.

References
----------
Lin, D. Y. & Wei, L. J. (1989). The robust inference for the Cox proportional hazards model. JASA 84.
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, sections 4.6 and 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from riskset.errors import FitError
from riskset.kernel import RiskRows, State, cumulative_hazard, curvature, evaluate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class EventMeans:
    """Means of the covariates over the risk sets, and what the hazard makes of them.

    Attributes
    ----------
    xbar : float array (D, p)
        xbar_k, the mean over the tied steps; x - xbar of a death is its Schoenfeld residual.
    g, qx : float arrays (D, p)
        Sum over the steps of wbar xbar_kj / den_kj, and of wbar (j/m) xbar_kj / den_kj.
    variance : float array (D,)
        Sum over the steps of wbar / den_kj^2, the increment of the variance of the cumulative hazard.
    """

    xbar: Floats
    g: Floats
    qx: Floats
    variance: Floats


def at_estimate(rows: RiskRows, state: State, params: Floats) -> State:
    """Likelihood at the estimate itself, one last step of at most 1e-8 standard errors beyond ``state``.

    What is linear in the error of beta, such as residuals, would show that step in the ninth digit.
    """
    beta = np.nan_to_num(params)
    return state if np.array_equal(beta, state.beta) else evaluate(rows, beta)


def event_means(rows: RiskRows, state: State) -> EventMeans:
    """Means of the (centred) covariates at each event time, on the scale of the shifted risks."""
    index, m = rows.index, state.moments
    if m.bands is not None:
        raise FitError(
            "linear predictors of rows at risk together are too far apart for residuals or a robust variance",
            where="offset, covariates",
            remedy="Look for an offset or a covariate on the wrong scale.",
        )
    repeats = index.deaths_per_time
    den = np.repeat(m.S0, repeats) - index.fraction * np.repeat(m.D0, repeats)
    step = index.step_weight / den

    # Sums over the tied steps j of one event time, each a combination of S1 and D1.
    def steps(weight: Floats) -> Floats:
        whole = np.add.reduceat(weight / den, index.first_death)
        spared = np.add.reduceat(weight * index.fraction / den, index.first_death)
        return whole[:, None] * m.S1 - spared[:, None] * m.D1

    return EventMeans(
        xbar=steps(1.0 / np.repeat(repeats, repeats)),
        g=steps(step),
        qx=steps(step * index.fraction),
        variance=np.add.reduceat(step / den, index.first_death),
    )


def cluster_scores(rows: RiskRows, state: State, cluster: Ints) -> Floats:
    """Weighted score residuals summed over each cluster; their total is the score.

    Parameters
    ----------
    rows : RiskRows
    state : State
        Likelihood at the beta wanted.
    cluster : int array (n,)
        Codes 0, 1, ... of the rows' clusters; 0, 1, 2, ..., n - 1 for the residual of each row.

    Returns
    -------
    float array (n_clusters, p)
    """
    index, m = rows.index, state.moments
    n, n_clusters = index.n_rows, int(cluster.max(initial=-1)) + 1
    repeats = index.deaths_per_time
    means = event_means(rows, state)
    G = cumulative_hazard(index, means.g)

    # Terms in the row's own x, one sparse product over the covariates.
    own = -curvature(rows, state)
    own[index.death_row] += index.death_weight
    start = np.arange(n + 1)
    total = sparse.csc_array((own, cluster, start), shape=(n_clusters, n)) @ rows.X
    # Terms in the event times' means, one sparse product over the event times.
    total += _spread(cluster, index.hi, m.risk, (n_clusters, index.n_slots)) @ G
    if index.delayed_entry:
        total -= _spread(cluster, index.lo, m.risk, (n_clusters, index.n_slots)) @ G
    dead = index.death_row
    at = np.repeat(np.arange(repeats.size), repeats)
    shape = (n_clusters, repeats.size)
    total -= _spread(cluster[dead], at, index.death_weight, shape) @ means.xbar
    total -= _spread(cluster[dead], at, m.risk[dead], shape) @ means.qx
    return total


def _spread(
    row: Ints, column: NDArray[np.integer], value: Floats, shape: tuple[int, int]
) -> sparse.csr_array:
    return sparse.coo_array((value, (row, column)), shape=shape).tocsr()
