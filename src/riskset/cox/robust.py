"""Score residuals, by row or summed over clusters: influence, robust variance, dfbeta.

For row i with d_i = 1 at an event,

    w_i U_i = d_i w_i (x_i - xbar_k) - r_i [x_i (H_hi - H_lo) - (G_hi - G_lo)] + d_i r_i (x_i q_k - qx_k)

with xbar_kj = (S1_k - (j/m) D1_k) / den_kj, xbar_k their mean over j, and G, qx the sums of
wbar xbar_kj / den_kj and of wbar (j/m) xbar_kj / den_kj. The terms in x_i are -v_i x_i + d_i w_i x_i with the
curvature v_i of the information, so that one pass over the rows gives all.

References
----------
Lin, D. Y. & Wei, L. J. (1989). The robust inference for the Cox proportional hazards model. JASA 84.
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, sections 4.6 and 7.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.errors import FitError
from riskset.kernel import RiskRows, State, by_shares, cumulative_hazard, curvature, evaluate
from riskset.kernel.likelihood import cancelled_rows
from riskset.kernel.sums import interval_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

BLOCK_ROWS = 1 << 12  # rows taken at a time, so that a block stays in cache


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
        Codes 0, 1, ... of the rows' clusters.

    Returns
    -------
    float array (n_clusters, p)
    """
    n_clusters = int(cluster.max(initial=-1)) + 1
    total = np.zeros((n_clusters, rows.given.shape[1]))
    values = _RowScores.of(rows, state)
    in_order = bool((cluster[1:] >= cluster[:-1]).all())

    def share(first: int, last: int) -> list[tuple[Ints, Floats]]:
        sums: list[tuple[Ints, Floats]] = []
        for a in range(first, last, BLOCK_ROWS):
            b = min(a + BLOCK_ROWS, last)
            block, code = values.block(a, b), cluster[a:b]
            if not in_order:
                order = np.argsort(code, kind="stable")
                block, code = block[order], code[order]
            start = np.flatnonzero(np.diff(code, prepend=-1))
            sums.append((code[start], np.add.reduceat(block, start, axis=0)))
        return sums

    for part in by_shares(share, rows.index.n_rows):
        for code, block in part:
            total[code] += block
    dead, of_deaths = values.of_deaths
    np.subtract.at(total, cluster[dead], of_deaths)
    if values.of_late is not None:
        late, of_late = values.of_late
        np.add.at(total, cluster[late], of_late)
    return total


def row_scores(rows: RiskRows, state: State, V: Floats | None = None) -> Floats:
    """Weighted score residuals of each row, (n, p), or their products with V (p, q), (n, q)."""
    values = _RowScores.of(rows, state)
    result = np.empty((rows.index.n_rows, rows.given.shape[1] if V is None else V.shape[1]))

    def share(first: int, last: int) -> None:
        for a in range(first, last, BLOCK_ROWS):
            b = min(a + BLOCK_ROWS, last)
            result[a:b] = values.block(a, b) if V is None else np.einsum("ij,jk->ik", values.block(a, b), V)

    by_shares(share, result.shape[0])
    dead, of_deaths = values.of_deaths
    np.subtract.at(result, dead, of_deaths if V is None else of_deaths @ V)
    if values.of_late is not None:
        late, of_late = values.of_late
        result[late] += of_late if V is None else of_late @ V
    return result


@dataclass(frozen=True, slots=True)
class _RowScores:
    """Weighted score residuals of any rows, but for what only deaths have."""

    rows: RiskRows
    risk: Floats
    own: Floats  # (n,) weight of the row's own covariates
    G: Floats  # (n_slots, p) sums of the event times' means
    of_deaths: tuple[Ints, Floats]  # rows of the deaths, and what is to be subtracted there
    lost: Ints  # rows over whose time G rises by too little to be got by subtraction
    risen: Floats  # (n_lost, p) what it rises by
    of_late: tuple[Ints, Floats] | None  # rows that stay after their exit, and what is to be added there

    @classmethod
    def of(cls, rows: RiskRows, state: State) -> _RowScores:
        index, m = rows.index, state.moments
        means = event_means(rows, state)
        own = -curvature(rows, state)
        own[index.death_row] += index.death_weight
        at = np.repeat(np.arange(index.first_death.size), index.deaths_per_time)
        dead = index.death_row
        subtracted = index.death_weight[:, None] * means.xbar[at] + m.risk[dead][:, None] * means.qx[at]
        lost = cancelled_rows(index, state.h)
        at_slots = np.zeros((index.n_slots, means.g.shape[1]))
        at_slots[index.event_slot] = means.g
        risen = interval_sums(at_slots, index.lo[lost], index.hi[lost]) if lost.size else means.g[:0]
        G, late = cumulative_hazard(index, means.g), rows.fading
        added = None
        if late is not None:
            risk = m.risk[late.row] * late.weight
            added = (late.row, risk[:, None] * late.hazard(index, means.g))
        return cls(rows, m.risk, own, G, (dead, subtracted), lost, risen, added)

    def block(self, a: int, b: int) -> Floats:
        """Rows a to b."""
        index = self.rows.index
        block = np.take(self.G, index.hi[a:b], axis=0)
        if index.delayed_entry:
            block -= np.take(self.G, index.lo[a:b], axis=0)
        if self.lost.size:
            first, last = np.searchsorted(self.lost, (a, b))
            block[self.lost[first:last] - a] = self.risen[first:last]
        block *= self.risk[a:b, None]
        block += self.own[a:b, None] * self.rows.part(slice(a, b))
        return block
