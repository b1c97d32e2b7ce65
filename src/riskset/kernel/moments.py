"""The two things that touch rows: risk-set moments given beta, weighted Gram given the cumulative hazard.

Everything else in a Cox model is algebra over event times. Both results are sums over rows, so that they
add across blocks, threads and shards; rows are taken in blocks whose number depends on the data alone, and
block results are added in order, so that the answer does not depend on the number of processors.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from scipy import sparse

from riskset.kernel.arrays import Floats, Ints, Slots
from riskset.kernel.bands import WIDTH, Bands, make_bands
from riskset.kernel.fading import Fading
from riskset.kernel.index import EventTimeIndex
from riskset.kernel.sums import backward_maximum, backward_sums, direct_sums, forward_sums

T = TypeVar("T")

# A share is what one thread takes at a time: large enough that its (slots x p) result is cheap beside it.
SHARE_ROWS = 1 << 17
# A cache block: with some dozens of columns of doubles it stays within a second-level cache.
CACHE_ROWS = 1 << 11
# BLAS runs a product of at most so many multiplications in the calling thread (OpenBLAS: 2^18). Larger ones it
# shares out among its own threads, which for blocks of this size costs more than it gains, on a busy machine ten
# times more, and lets the last digit depend on the number of threads.
BLAS_ALONE = 1 << 18
# Its kernels work on this many columns at once; zeros up to the next multiple are cheaper than a remainder.
BLAS_WIDTH = 4
# Below this fraction of the largest risk set after it, a risk set got by subtraction has lost more than five
# of sixteen digits; it is summed again directly.
CANCELLED = 1e-5


@dataclass(frozen=True, slots=True)
class Moments:
    """Risk-set sums at the event times, and at the deaths, for one beta.

    All risks carry the factor exp(-shift), which leaves the likelihood and its derivatives unchanged.

    Attributes
    ----------
    S0 : float array (D,)
        Sum of w exp(eta) over the rows at risk.
    S1 : float array (D, p)
        Sum of w exp(eta) x.
    D0, D1 : float arrays (D,), (D, p)
        The same sums over the deaths at that time.
    risk : float array (n,)
        w exp(eta - shift) of each row.
    death_eta : float
        Sum over the deaths of w (eta - shift).
    shift : float
    bands : Bands or None
        Scales of rows and event times, where linear predictors are too far apart for one shift. The sums are
        then each on the scale of its event time, and ``risk`` and ``shift`` are NaN.
    """

    S0: Floats
    S1: Floats
    D0: Floats
    D1: Floats
    risk: Floats
    death_eta: float
    shift: float
    bands: Bands | None = None


@dataclass(frozen=True, slots=True)
class RiskRows:
    """Rows on their event times, ready to be summed: the index, centred covariates and offset.

    Attributes
    ----------
    index : EventTimeIndex
    given : float array (n, p), C order
        Covariates of the index's rows as they are held; ``X`` is what sums are made of.
    death_X : float array (E, p)
        Covariates of the deaths, in the order of ``index.death_row``.
    offset : float array (n,) or None
    centre : float array (p,) or None
        What is yet to be subtracted from ``given``, block by block where it is read, so that no digits are lost
        in differences and no second matrix is needed.
    fading : Fading or None
        Rows that stay at risk after their exit, with weights that fade.
    """

    index: EventTimeIndex
    given: Floats
    death_X: Floats
    offset: Floats | None
    centre: Floats | None = None
    fading: Fading | None = None

    @property
    def X(self) -> Floats:
        """Centred covariates (n, p): a copy where they are held as they were given."""
        return self.given if self.centre is None else self.given - self.centre

    def part(self, which: slice | Ints) -> Floats:
        """Centred covariates of some rows."""
        return self.given[which] if self.centre is None else self.given[which] - self.centre


def risk_rows(
    index: EventTimeIndex,
    X: Floats,
    offset: Floats | None = None,
    centre: Floats | None = None,
    fading: Fading | None = None,
) -> RiskRows:
    """Put covariates (n, p), less their centre (p,), and offset (n,) of the index's rows beside their index."""
    if X.shape[0] != index.n_rows:
        raise ValueError(f"{X.shape[0]} rows of covariates for {index.n_rows} rows in the index")
    dead = X[index.death_row]
    death_X = dead if centre is None else dead - centre
    return RiskRows(index=index, given=X, death_X=death_X, offset=offset, centre=centre, fading=fading)


def moments(rows: RiskRows, beta: Floats) -> Moments:
    """Risk-set moments at ``beta``: the first of the two functions that touch rows.

    Parameters
    ----------
    rows : RiskRows
    beta : float array (p,)

    Returns
    -------
    Moments
    """
    index = rows.index
    eta = np.empty(rows.given.shape[0])

    def linear(a: int, b: int) -> tuple[float, float]:
        part = eta[a:b]
        for i in range(a, b, CACHE_ROWS):
            j = min(i + CACHE_ROWS, b)
            # Not BLAS, which would share out each product among its own threads.
            np.einsum("ij,j->i", rows.part(slice(i, j)), beta, out=eta[i:j])
        if rows.offset is not None:
            part += rows.offset[a:b]
        return float(part.max(initial=-np.inf)), float(part.min(initial=np.inf))

    high, low = zip(*by_shares(linear, eta.size), strict=True)
    shift = max(high) if eta.size else 0.0
    if eta.size and shift - min(low) > WIDTH:
        return _banded_moments(rows, eta - shift) if rows.fading is None else _no_moments(rows)
    death_eta = float(index.death_weight @ (eta[index.death_row] - shift))
    risk = eta

    def exponential(a: int, b: int) -> None:
        part = risk[a:b]
        part -= shift
        np.exp(part, out=part)
        if index.weight is not None:
            part *= index.weight[a:b]

    by_shares(exponential, risk.size)

    S0, S1 = _risk_set_sums(index, index.lo, index.hi, risk, rows.given, rows.centre)
    if rows.fading is not None:
        _add_fading(rows, rows.fading, risk, S0, S1)
    death_risk = risk[index.death_row]
    D0 = _sum_tied(death_risk, index.first_death)
    D1 = _sum_tied(death_risk[:, None] * rows.death_X, index.first_death)
    return Moments(S0=S0, S1=S1, D0=D0, D1=D1, risk=risk, death_eta=death_eta, shift=shift)


def _risk_set_sums(
    index: EventTimeIndex, lo: Slots, hi: Slots, risk: Floats, X: Floats, centre: Floats | None
) -> tuple[Floats, Floats]:
    """Sum risk and risk x over the rows at risk at each event time, (D,) and (D, p)."""
    S0, S1 = scatter(lo, hi, risk, X, index.n_slots, delayed_entry=index.delayed_entry, centre=centre)
    backward_sums(S0, index.base)
    backward_sums(S1, index.base)
    at = index.event_slot
    if index.delayed_entry:
        peak = backward_maximum(S0, index.base)
        lost = at[S0[at] < CANCELLED * peak[at]]
        if lost.size:
            S0[lost], S1[lost] = direct_sums(lost, lo, hi, risk, X, centre)
    return S0[at], S1[at]


def _add_fading(rows: RiskRows, fading: Fading, risk: Floats, S0: Floats, S1: Floats) -> None:
    """Add to the sums over risk sets (D,), (D, p) those over the rows that stay after their exit."""
    index = rows.index
    for g, part in fading.groups():
        own = fading.row[part]
        late = risk[own] * fading.weight[part]
        hi = index.hi[own]
        s0, s1 = scatter(hi, hi, late, rows.part(own), index.n_slots, delayed_entry=False)
        forward_sums(s0, index.base)
        forward_sums(s1, index.base)
        # Rows that left at or before the event time before this one: those at this time are at risk as they are.
        before = index.event_slot - 1
        S0 += fading.level[g] * s0[before]
        S1 += fading.level[g][:, None] * s1[before]


def _no_moments(rows: RiskRows) -> Moments:
    """Moments that no number can hold: the likelihood reads as none."""
    none = np.full(rows.index.event_slot.size, np.nan)
    wide = np.full((none.size, rows.given.shape[1]), np.nan)
    nothing = np.full(rows.index.n_rows, np.nan)
    return Moments(S0=none, S1=wide, D0=none, D1=wide, risk=nothing, death_eta=-np.inf, shift=np.nan)


def _banded_moments(rows: RiskRows, eta: Floats) -> Moments:
    """Moments where linear predictors (n,), minus their maximum, are too far apart for one scale."""
    index, p = rows.index, rows.given.shape[1]

    def sums(own: Ints, risk: Floats) -> tuple[Floats, Floats]:
        return _risk_set_sums(index, index.lo[own], index.hi[own], risk, rows.part(own), None)

    made = make_bands(index, eta, sums, p)
    if made is None:
        return _no_moments(rows)
    bands, S0, S1 = made
    dead = index.death_row
    at = np.repeat(np.arange(index.event_slot.size), index.deaths_per_time)
    death_risk = bands.risk[dead] * bands.seen_from(bands.row[dead], at)
    return Moments(
        S0=S0,
        S1=S1,
        D0=_sum_tied(death_risk, index.first_death),
        D1=_sum_tied(death_risk[:, None] * rows.death_X, index.first_death),
        risk=np.full(index.n_rows, np.nan),
        death_eta=float(index.death_weight @ (eta[dead] + WIDTH * bands.level[at])),
        shift=np.nan,
        bands=bands,
    )


def scatter(
    lo: Slots,
    hi: Slots,
    risk: Floats,
    X: Floats,
    n_slots: int,
    *,
    delayed_entry: bool,
    centre: Floats | None = None,
) -> tuple[Floats, Floats]:
    """Add +risk and +risk x at each row's ``hi``, and subtract them at ``lo``; x is X less its centre.

    Backward sums of the result over slots are the risk-set moments. Without delayed entry the subtraction
    would fall on base slots, which no event time reads, and is left out.
    """
    n, p = X.shape
    per_row = 2 if delayed_entry else 1

    def share(a: int, b: int) -> tuple[Floats, Floats]:
        rows = b - a
        data = np.empty((rows, per_row))
        place = np.empty((rows, per_row), dtype=np.int32)
        data[:, 0] = risk[a:b]
        place[:, 0] = hi[a:b]
        if delayed_entry:
            np.negative(risk[a:b], out=data[:, 1])
            place[:, 1] = lo[a:b]
        # A CSC matrix (slots x rows) times a dense block streams over the rows once: slots[i] += a * X[j].
        start = np.arange(0, rows * per_row + 1, per_row, dtype=np.int32)
        S = sparse.csc_array((data.ravel(), place.ravel(), start), shape=(n_slots, rows))
        return S @ np.ones(rows), S @ (X[a:b] if centre is None else X[a:b] - centre)

    S0 = np.zeros(n_slots)
    S1 = np.zeros((n_slots, p))
    for s0, s1 in by_shares(share, n):
        S0 += s0
        S1 += s1
    return S0, S1


def row_weights(rows: RiskRows, risk: Floats, hazard: Floats, tied: Floats) -> Floats:
    """Curvature of each row, v_i = r_i (H_hi - H_lo) - [death at k] r_i q_k.

    Parameters
    ----------
    rows : RiskRows
    risk : float array (n,)
    hazard : float array (n_slots,)
        Cumulative hazard H at the slots.
    tied : float array (D,)
        q_k, the part of the hazard from which tied deaths are spared under Efron's method.
    """
    index = rows.index
    v = np.empty(risk.size)

    def share(a: int, b: int) -> None:
        part = v[a:b]
        np.take(hazard, index.hi[a:b], out=part, mode="clip")  # "raise" would copy; slots are in range
        if index.delayed_entry:
            part -= np.take(hazard, index.lo[a:b], mode="clip")
        part *= risk[a:b]

    by_shares(share, v.size)
    v[index.death_row] -= risk[index.death_row] * np.repeat(tied, index.deaths_per_time)
    return v


def gram(X: Floats, v: Floats, centre: Floats | None = None) -> Floats:
    """X' diag(v) X for v >= 0 and X less its centre (p,): the second of the two functions that touch rows."""
    n, p = X.shape
    width = -(-p // BLAS_WIDTH) * BLAS_WIDTH
    rows = min(CACHE_ROWS, max(BLAS_ALONE // max(width * width, 1), 64))

    def share(a: int, b: int) -> Floats:
        total = np.zeros((width, width))
        root = np.sqrt(np.maximum(v[a:b], 0.0))
        weighted = np.zeros((min(rows, b - a), width))
        for i in range(a, b, rows):
            j = min(i + rows, b)
            block = weighted[: j - i]
            x = X[i:j] if centre is None else np.subtract(X[i:j], centre, out=block[:, :p])
            np.multiply(x, root[i - a : j - a, None], out=block[:, :p])
            total += block.T @ block
        return total

    total = np.zeros((width, width))
    for part in by_shares(share, n):
        total += part
    return total[:p, :p].copy()


def _sum_tied(values: Floats, first: Ints) -> Floats:
    if first.size == values.shape[0]:
        return values
    return np.add.reduceat(values, first, axis=0)


def by_shares(work: Callable[[int, int], T], n: int) -> list[T]:
    """Results of ``work`` on consecutive shares of the rows, in order."""
    bounds = [(a, min(a + SHARE_ROWS, n)) for a in range(0, n, SHARE_ROWS)] or [(0, 0)]
    workers = min(len(bounds), os.cpu_count() or 1)
    if workers == 1:
        return [work(a, b) for a, b in bounds]
    with ThreadPoolExecutor(workers) as pool:
        return list(pool.map(work, *zip(*bounds, strict=True)))
