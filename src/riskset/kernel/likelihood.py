"""Log partial likelihood, score and information from risk-set moments: algebra over event times.

With den_kj = S0_k - (j/m) D0_k for the j-th of m tied deaths at time k, and wbar_k their mean weight,

    loglik      = sum_deaths w eta - sum_kj wbar log den_kj
    score       = sum_deaths w x - sum_k (h_k S1_k - q_k D1_k)
    information = X' diag(v) X - sum_k [A S1 S1' - B (S1 D1' + D1 S1') + C D1 D1']

where h, q = sum_j wbar (1, j/m) / den and A, B, C = sum_j wbar (1, j/m, (j/m)^2) / den^2. Breslow's method
is the same with j/m replaced by 0. Exact ties are Breslow's at single deaths and `riskset.kernel.exact` at others.

References
----------
Efron, B. (1977). The efficiency of Cox's likelihood function for censored data. JASA 72, 557-565.
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, section 3.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskset.kernel.arrays import Floats, Ints
from riskset.kernel.bands import Bands
from riskset.kernel.exact import TiedTerms, tied_terms
from riskset.kernel.index import EventTimeIndex
from riskset.kernel.moments import CANCELLED, Moments, RiskRows, by_shares, gram, moments, row_weights
from riskset.kernel.sums import forward_sums, interval_sums

# Where the smallest increment of the hazard is above this part of the whole hazard, no row's part of it has lost more
# than six digits of sixteen, which its curvature can spare.
RARE = 1e-6


@dataclass(frozen=True, slots=True)
class State:
    """The likelihood at one beta, with what its derivatives need.

    Attributes
    ----------
    beta : float array (p,)
    loglik : float
        Log partial likelihood; -inf where a risk set has vanished in rounding.
    moments : Moments
    h, q : float arrays (D,)
        Increment of the (partial) baseline hazard at each event time, and the part of it from which tied
        deaths are spared. On the scale of the shifted risks.
    tied : TiedTerms or None
        Under exact ties, what the event times with several deaths contribute.
    """

    beta: Floats
    loglik: float
    moments: Moments
    h: Floats
    q: Floats
    tied: TiedTerms | None = None


def evaluate(rows: RiskRows, beta: Floats) -> State:
    """Log partial likelihood at ``beta``."""
    index = rows.index
    m = moments(rows, beta)
    den = _denominators(index, m)
    if index.exact:
        with np.errstate(all="ignore"):
            tied = tied_terms(rows, m)
            loglik = m.death_eta - float(np.log(m.S0[index.deaths_per_time == 1]).sum()) - tied.value
            h = _by_time(index, index.step_weight / den)
        if not np.isfinite(loglik):
            loglik = -np.inf
        return State(beta=beta, loglik=loglik, moments=m, h=h, q=np.zeros_like(h), tied=tied)
    with np.errstate(all="ignore"):
        loglik = m.death_eta - float(index.step_weight @ np.log(den))
        h = _by_time(index, index.step_weight / den)
        q = _by_time(index, index.step_weight * index.fraction / den)
    if not np.isfinite(loglik):
        loglik = -np.inf
    return State(beta=beta, loglik=loglik, moments=m, h=h, q=q)


def score(rows: RiskRows, state: State) -> Floats:
    """First derivative of the log partial likelihood, shape (p,)."""
    m = state.moments
    total = rows.index.death_weight @ rows.death_X
    if state.tied is not None:
        single = rows.index.deaths_per_time == 1
        return total - state.h[single] @ m.S1[single] - state.tied.first
    return total - (state.h @ m.S1 - state.q @ m.D1)


def cumulative_hazard(index: EventTimeIndex, increments: Floats) -> Floats:
    """Sum increments (D,) or (D, p) at the event times up to each slot, within strata."""
    H = np.zeros((index.n_slots, *increments.shape[1:]))
    H[index.event_slot] = increments
    forward_sums(H, index.base)
    return H


def curvature(rows: RiskRows, state: State, factor: Floats | None = None) -> Floats:
    """Weight v_i >= 0 of each row in the information, shape (n,).

    ``factor`` >= 0 (D,) multiplies what each event time contributes.
    """
    h, q = (state.h, state.q) if factor is None else (state.h * factor, state.q * factor)
    index, m = rows.index, state.moments
    if m.bands is not None:
        return _banded_curvature(rows, m.bands, h, q)
    v = row_weights(rows, m.risk, cumulative_hazard(index, h), q)
    lost = cancelled_rows(index, h)
    if lost.size:
        v[lost] = m.risk[lost] * _risen(index, h, lost)
        _spare_tied(v, index, lost, m.risk, q)
    if rows.fading is not None:
        late = rows.fading
        v[late.row] += m.risk[late.row] * late.weight * late.hazard(index, h)
    return v


def cancelled_rows(index: EventTimeIndex, h: Floats) -> Ints:
    """Rows whose hazard H_hi - H_lo is the small difference of large numbers.

    So it is for rows that enter after a time at which hardly anything was at risk.

    Parameters
    ----------
    index : EventTimeIndex
    h : float array (D,)
        Increments of the hazard.
    """
    nothing = np.zeros(0, dtype=np.int64)
    if not index.delayed_entry or h.size == 0:
        return nothing
    H = cumulative_hazard(index, h)
    if not h.min(where=h > 0, initial=np.inf) < RARE * H.max():
        return nothing  # the common case, settled without looking at a row

    def share(a: int, b: int) -> Ints:
        late = np.take(H, index.hi[a:b], mode="clip")
        return a + np.flatnonzero(late - np.take(H, index.lo[a:b], mode="clip") < CANCELLED * late)

    return np.concatenate(by_shares(share, index.n_rows))


def _risen(index: EventTimeIndex, h: Floats, which: Ints) -> Floats:
    """Hazard of some rows over their time at risk, by additions alone."""
    at_slots = np.zeros(index.n_slots)
    at_slots[index.event_slot] = h
    return interval_sums(at_slots, index.lo[which], index.hi[which])


def _spare_tied(v: Floats, index: EventTimeIndex, which: Ints, risk: Floats, q: Floats) -> None:
    """Take from the deaths among some rows the part of the hazard from which Efron's method spares them."""
    marked = np.zeros(index.n_rows, dtype=np.bool_)
    marked[which] = True
    mine = np.flatnonzero(marked[index.death_row])
    dead = index.death_row[mine]
    at = np.searchsorted(index.first_death, mine, side="right") - 1
    v[dead] -= risk[dead] * q[at]


def _banded_curvature(rows: RiskRows, bands: Bands, h: Floats, q: Floats) -> Floats:
    """Curvature of each row where rows and event times are on scales of their own."""
    index = rows.index
    v = np.zeros(index.n_rows)
    for band, own in bands.each():
        v[own] = bands.risk[own] * _risen(index, h * bands.seen_from(band), own)
    dead = index.death_row
    at = np.repeat(np.arange(index.event_slot.size), index.deaths_per_time)
    v[dead] -= bands.risk[dead] * q[at] * bands.seen_from(bands.row[dead], at)
    return v


def information(rows: RiskRows, state: State, factor: Floats | None = None) -> tuple[Floats, Floats]:
    """Observed information, and the diagonal of the Gram matrix it was subtracted from.

    Parameters
    ----------
    rows : RiskRows
    state : State
    factor : float array (D,), optional
        Not negative; multiplies what each event time contributes (not under exact ties).

    Returns
    -------
    information : float array (p, p)
    scale : float array (p,)
        Size of the terms whose difference the diagonal is: what its rounding error is relative to.
    """
    index, m = rows.index, state.moments
    den = _denominators(index, m)
    if state.tied is not None:
        factor = (index.deaths_per_time == 1).astype(np.float64)
    square = index.step_weight / den**2
    if factor is not None:
        square *= np.repeat(factor, index.deaths_per_time)
    A = _by_time(index, square)
    B = _by_time(index, square * index.fraction)
    C = _by_time(index, square * index.fraction**2)
    G = gram(rows.given, curvature(rows, state, factor), rows.centre)
    cross = m.S1.T @ (B[:, None] * m.D1)
    between = m.S1.T @ (A[:, None] * m.S1) - cross - cross.T + m.D1.T @ (C[:, None] * m.D1)
    info = G - between
    if state.tied is not None:
        info += state.tied.second
        return (info + info.T) / 2, np.diag(G) + np.diag(state.tied.second)
    return (info + info.T) / 2, np.diag(G).copy()


def _denominators(index: EventTimeIndex, m: Moments) -> Floats:
    """den_kj, one for each death."""
    repeats = index.deaths_per_time
    return np.repeat(m.S0, repeats) - index.fraction * np.repeat(m.D0, repeats)


def _by_time(index: EventTimeIndex, per_death: Floats) -> Floats:
    if index.first_death.size == per_death.size:
        return per_death
    return np.add.reduceat(per_death, index.first_death)
