"""Probabilities of being in each of several states, from ``(entry, exit]`` rows that each sit in one state.

The Aalen–Johansen estimator in general: a matrix product over the transition times, and its infinitesimal
jackknife over persons. Cost grows with rows and times, never with their product.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskset.kernel.product_limit import Floats, Grid, Ints, grid_of
from riskset.kernel.recurrences import Products, accumulate


@dataclass(frozen=True)
class StateProbabilities:
    """Aalen–Johansen estimate at every distinct exit time.

    Attributes
    ----------
    time : ndarray (T,)
        Distinct exit times, increasing.
    n_risk : ndarray (T, S)
        Summed weights of the rows in each state just before each time.
    n_event : ndarray (T, S)
        Summed weights of the transitions into each state.
    n_censor : ndarray (T,)
        Summed weights of the exits without a transition.
    probability, variance : ndarray (T, S)
        Probability of each state, and its variance.
    start : ndarray (S,)
        Probabilities before the first transition.
    mean_time, mean_time_variance : ndarray (S,)
        Expected time in each state up to the horizon, and its variance; NaN where none was asked for.
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    probability: Floats
    variance: Floats
    start: Floats
    mean_time: Floats
    mean_time_variance: Floats


def state_probabilities(
    entry: Floats,
    exit: Floats,
    state: Ints,
    to: Ints,
    weights: Floats,
    n_states: int,
    person: Ints,
    *,
    start: Floats | None = None,
    horizon: float | None = None,
    origin: float = 0.0,
) -> StateProbabilities:
    """Estimate the probabilities of all states over time.

    Parameters
    ----------
    entry, exit : ndarray (n,)
        Start (open) and end (closed) of each row, entry < exit.
    state, to : ndarray (n,) of int
        State 0..S-1 during the row, and the one that it ends with; -1 where it ends without a transition.
    weights : ndarray (n,)
        Positive case weights.
    n_states : int
        S.
    person : ndarray (n,) of int
        Independent unit of each row, 0, 1, ...
    start : ndarray (S,), optional
        Probabilities at the beginning; by default the shares of those at risk at the first transition,
        or at the first exit where there is none.
    horizon : float, optional
        End of the time over which the expected time in each state is wanted, counted from ``origin``.
    origin : float
        Where that time begins.

    Returns
    -------
    StateProbabilities

    Notes
    -----
    A person's influence U obeys U_e = U_{e-1} M_e + [in state j] g_j + [moves j to k] k_jk, with M = I + dA. The
    sum of its squares obeys a recurrence of its own, which needs the sum of U over those in each state; and that
    sum changes only where somebody enters or leaves, by a value that a product of matrices gives.

    References
    ----------
    Aalen & Johansen 1978; Andersen et al. 1993, section IV.4; Therneau & Grambsch 2000, section 2.1.
    """
    grid = grid_of(entry, exit)
    moves = to >= 0
    n_risk = np.stack([grid.at_risk(weights * (state == s)) for s in range(n_states)], axis=1)
    n_event = np.stack([grid.at(grid.last, weights * (to == s))[:-1] for s in range(n_states)], axis=1)
    n_censor = grid.at(grid.last, weights * ~moves)[:-1]

    # From here on time is the sequence of transition times: 0, 1, ..., E - 1.
    slot = np.flatnonzero(n_event.sum(axis=1) > 0)
    n_slots = slot.size
    ends_by = np.concatenate([[0], np.cumsum(np.bincount(slot, minlength=grid.time.size))]).astype(np.intp)
    lo, hi = ends_by[grid.first], ends_by[grid.last + 1]  # at risk at slots lo..hi - 1
    at_risk = n_risk[slot]
    pair = state * n_states + np.where(moves, to, 0)
    jumps = np.zeros((n_slots, n_states * n_states))
    np.add.at(jumps, (hi[moves] - 1, pair[moves]), weights[moves])
    with np.errstate(divide="ignore", invalid="ignore"):
        per_head = np.where(at_risk > 0, 1.0 / at_risk, 0.0)
    rates = jumps.reshape(n_slots, n_states, n_states) * per_head[:, :, None]
    diagonal = np.arange(n_states)
    rates[:, diagonal, diagonal] = 0.0
    rates[:, diagonal, diagonal] = -rates.sum(axis=2)
    M = np.eye(n_states) + rates

    present = (lo == 0) & (hi > 0) if n_slots else grid.first == 0
    if start is None:
        inside = np.bincount(state[present], weights=weights[present], minlength=n_states)
        total = inside.sum()
        p0 = inside / total if total > 0 else np.bincount(state, weights=weights, minlength=n_states)
        p0 = p0 / p0.sum()
        first = np.where(present[:, None], weights[:, None] * (np.eye(n_states)[state] - p0), 0.0)
        first = first / total if total > 0 else first * 0.0
    else:
        p0, first = start, np.zeros((state.size, n_states))
    p = accumulate(M, np.zeros((n_slots, 1, n_states)), p0[None])[:, 0]
    before = np.concatenate([p0[None], p[:-1]]) if n_slots else np.zeros((0, n_states))

    # What a row gains at each slot while it stays in j, and by moving from j to k, per unit of weight.
    share = before * per_head
    stay_gain = -share[:, :, None] * rates
    system = _System(grid, lo, hi, state, to, weights, person, M, stay_gain, share)
    variance = np.einsum("ess->es", system.covariance(first)) if n_slots else np.zeros((0, n_states))
    step = np.searchsorted(slot, np.arange(grid.time.size), side="right")
    first_variance = (first**2).sum(axis=0)
    mean, mean_variance = np.full(n_states, np.nan), np.full(n_states, np.nan)
    if horizon is not None:
        mean, mean_variance = _time_in_states(
            system, first, p, p0, np.clip(grid.time[slot], origin, horizon), origin, horizon
        )
    return StateProbabilities(
        time=grid.time,
        n_risk=n_risk,
        n_event=n_event,
        n_censor=n_censor,
        probability=np.concatenate([p0[None], p])[step],
        variance=np.maximum(np.concatenate([first_variance[None], variance])[step], 0.0),
        start=p0,
        mean_time=mean,
        mean_time_variance=mean_variance,
    )


@dataclass(frozen=True)
class _System:
    """The recurrence of the influences: rows on slots, the matrices, and the gains."""

    grid: Grid
    lo: Ints
    hi: Ints
    state: Ints
    to: Ints
    weights: Floats
    person: Ints
    M: Floats  # (E, D, D)
    stay_gain: Floats  # (E, S, D)
    share: Floats  # (E, S)
    move_gain: Floats | None = (
        None  # (E, S, D): what moving into each state is worth, before the share of the old
    )

    def covariance(self, first: Floats) -> Floats:
        """Sum over persons the products of their influences, at every slot; ``first`` is that before slot 0."""
        n_slots, n_states, size = self.stay_gain.shape
        gain = np.broadcast_to(np.eye(n_states), (n_slots, n_states, size)) if self.move_gain is None else self.move_gain  # fmt: skip
        kept = np.flatnonzero(self.hi > self.lo)
        kept = kept[np.lexsort((self.lo[kept], self.person[kept]))]
        lo, hi, state, to = self.lo[kept], self.hi[kept], self.state[kept], self.to[kept]
        w: Floats = self.weights[kept]
        who = self.person[kept]
        moves = to >= 0
        last = hi - 1
        products = Products(self.M)
        stays = accumulate(self.M, self.stay_gain, np.zeros((n_states, size)))
        stays_before = np.concatenate([np.zeros((1, n_states, size)), stays])[lo, state]
        jump = np.zeros((kept.size, size))
        jump[moves] = (
            (w * self.share[last, state])[moves, None]
            * (gain[last, to] - gain[last, state])[moves]
        )  # fmt: skip
        entering, leaving = np.zeros((kept.size, size)), np.zeros((kept.size, size))
        head = np.flatnonzero(np.concatenate(([True], who[1:] != who[:-1])))
        length = np.diff(head, append=who.size)
        for k in range(int(length.max(initial=0))):
            now = head[length > k] + k
            if k == 0:
                entering[now] = products.apply(first[kept[now]], np.zeros_like(lo[now]), lo[now])
            else:
                had = leaving[now - 1] + jump[now - 1]
                entering[now] = products.apply(had, hi[now - 1], lo[now])
            rest = entering[now] - w[now, None] * stays_before[now]
            carried = products.apply(rest, lo[now], hi[now])
            leaving[now] = carried + w[now, None] * stays[last[now], state[now]]

        def gather(slot: Ints, values: Floats, groups: Ints, n_groups: int, n: int) -> Floats:
            flat = slot * n_groups + groups
            columns = [np.bincount(flat, weights=v, minlength=n * n_groups) for v in values.T]
            return np.stack(columns, axis=1).astype(np.float64, copy=False).reshape(n, n_groups, -1)

        # sums over those in each state before each slot: of w U, and of w squared
        inside2 = np.cumsum(
            gather(lo, (w**2)[:, None], state, n_states, n_slots + 1)[:-1]
            - gather(hi, (w**2)[:, None], state, n_states, n_slots + 1)[:-1],
            axis=0,
        )
        come = gather(lo, w[:, None] * entering, state, n_states, n_slots + 1)[:-1]
        go = gather(last, w[:, None] * leaving, state, n_states, n_slots)
        grown = inside2 * self.stay_gain - go
        after = accumulate(self.M, grown + np.concatenate([come[1:], np.zeros_like(come[:1])]), come[0])
        # `after` holds those in the state just before the next slot
        here = np.concatenate([come[:1], after[:-1]])
        cross = np.einsum("esd,esf->edf", self.stay_gain, here @ self.M)
        new = cross + cross.transpose(0, 2, 1)
        new += np.einsum("es,esd,esf->edf", inside2[..., 0], self.stay_gain, self.stay_gain)
        rows = np.flatnonzero(moves)
        move_key = state[rows] * n_states + to[rows]
        per_pair = gather(last[rows], (w[:, None] * leaving)[rows], move_key, n_states**2, n_slots)
        squares = gather(last[rows], (w**2)[rows, None], move_key, n_states**2, n_slots)[..., 0]
        worth = (
            self.share[:, :, None, None] * (gain[:, None, :, :] - gain[:, :, None, :])
        ).reshape(n_slots, n_states**2, size)  # fmt: skip
        crossed = np.einsum("epd,epf->edf", worth, per_pair)
        new += crossed + crossed.transpose(0, 2, 1)
        new += np.einsum("ep,epd,epf->edf", squares, worth, worth)
        begun = first.T @ first
        return accumulate(self.M, new, begun, both_sides=True)


def _time_in_states(
    system: _System, first: Floats, p: Floats, p0: Floats, time: Floats, origin: float, horizon: float
) -> tuple[Floats, Floats]:
    """Integrate the probabilities from the origin to the horizon; the area rides along as further coordinates."""
    n_slots, size = p.shape
    width = np.diff(time, append=horizon) if n_slots else np.zeros(0)
    lead = (time[0] if n_slots else horizon) - origin
    mean = lead * p0 + (width[:, None] * p).sum(axis=0)
    if not n_slots:
        return mean, lead**2 * (first**2).sum(axis=0)
    M = np.zeros((n_slots, 2 * size, 2 * size))
    M[:, :size, :size] = system.M
    M[:, :size, size:] = width[:, None, None] * system.M
    M[:, size:, size:] = np.eye(size)

    def widened(values: Floats) -> Floats:
        return np.concatenate([values, width[:, None, None] * values], axis=2)

    gain = widened(np.broadcast_to(np.eye(size), (n_slots, size, size)))
    larger = _System(
        system.grid, system.lo, system.hi, system.state, system.to, system.weights, system.person,
        M, widened(system.stay_gain), system.share, gain,
    )  # fmt: skip
    covariance = larger.covariance(np.concatenate([first, lead * first], axis=1))
    return mean, np.maximum(np.diagonal(covariance[-1])[size:], 0.0)
