"""Exact (discrete) ties: the conditional likelihood of which m of the rows at risk have the event.

Given that m rows have the event, the chance that it is just those is prod(r of the deaths) / e_m, where e_m, the
sum over all sets of m rows at risk of the product of their risks, is a coefficient of prod_i (1 + r_i z). Gail,
Lubin and Rubinstein build it up row by row, e_m(A + i) = e_m(A) + r_i e_(m-1)(A). The same recursion over halves,

    e_m(A + B) = sum_j e_j(A) e_(m-j)(B),

takes all rows and all event times of equal m at once, in as many rounds as the logarithm of the largest risk set;
first and second derivatives in beta go along by the product rule. Event times with one death are Breslow's.

The polynomials are tilted: with p_i = c r_i / (1 + c r_i) and c such that sum p_i = m, coefficient m of
prod_i (1 - p_i + p_i z) is a probability near its mode, so that nothing overflows or vanishes.

References
----------
Gail, M. H., Lubin, J. H. & Rubinstein, L. V. (1981). Likelihood calculations for matched case-control studies
and survival studies with tied death times. Biometrika 68, 703-707.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from riskset.kernel.arrays import Floats, Ints
from riskset.kernel.moments import Moments, RiskRows

# Numbers held at once by the lowest level of the recursion: 64 MB of doubles.
HELD = 1 << 23
TILTS = 12  # Newton steps for c: it only keeps numbers in range, any c gives the same likelihood


@dataclass(frozen=True, slots=True)
class TiedTerms:
    """Sums over the event times with several deaths, of log e_m and its derivatives in beta.

    Attributes
    ----------
    value : float
    first : float array (p,)
    second : float array (p, p)
    """

    value: float
    first: Floats
    second: Floats


def tied_terms(rows: RiskRows, m: Moments) -> TiedTerms:
    """Sum log e_m, its gradient and its curvature over the event times with more than one death.

    Parameters
    ----------
    rows : RiskRows
        Without case weights, for which the conditional likelihood has no meaning.
    m : Moments
        At the beta wanted.
    """
    p = rows.given.shape[1]
    value, first, second = 0.0, np.zeros(p), np.zeros((p, p))
    upper = np.triu_indices(p)
    for members, start, deaths, times in _batches(rows, 2 * (1 + p + upper[0].size)):
        sizes = np.diff(start)
        centre = m.S1[times] / m.S0[times, None]  # so that second moments are not differences of large ones
        x = rows.part(members) - np.repeat(centre, sizes, axis=0)
        risk = m.risk[members]
        log_c = _tilt(risk, start, deaths)
        odds = risk * np.exp(np.repeat(log_c, sizes))
        chance = odds / (1.0 + odds)
        leaves = np.zeros((members.size, 1 + p + upper[0].size, 2))
        leaves[:, 0, 0] = 1.0 - chance
        leaves[:, :, 1] = chance[:, None]
        leaves[:, 1 : 1 + p, 1] *= x
        leaves[:, 1 + p :, 1] *= x[:, upper[0]] * x[:, upper[1]]
        top = _product(leaves, sizes, deaths, upper)[:, :, deaths]
        gradient = top[:, 1 : 1 + p] / top[:, :1]
        value += float(
            np.log(top[:, 0]).sum() + np.log1p(odds).sum() - deaths * log_c.sum()
        )  # the tilt undone
        first += (gradient + deaths * centre).sum(axis=0)
        both = (top[:, 1 + p :] / top[:, :1]).sum(axis=0)
        whole = np.zeros((p, p))
        whole[upper] = both
        whole.T[upper] = both
        second += whole - gradient.T @ gradient
    return TiedTerms(value=value, first=first, second=second)


def _batches(rows: RiskRows, width: int) -> Iterator[tuple[Ints, Ints, int, Ints]]:
    """Rows at risk at event times of equal m: rows by event time, where each begins, m, and the event times."""
    index = rows.index
    per_time = index.deaths_per_time
    for deaths in np.unique(per_time[per_time > 1]).tolist():
        times = np.flatnonzero(per_time == deaths)
        slots = index.event_slot[times]
        first = np.searchsorted(slots, index.lo, side="right")
        last = np.searchsorted(slots, index.hi, side="right")
        n_at = np.zeros(slots.size + 1, dtype=np.int64)
        np.add.at(n_at, first, 1)
        np.add.at(n_at, last, -1)
        at_risk = np.cumsum(n_at)[:-1]
        batch = np.cumsum(at_risk) * width // HELD
        for a, b in _runs(batch):
            inside = np.flatnonzero((first < b) & (last > a))
            begin, end = np.maximum(first[inside], a), np.minimum(last[inside], b)
            count = end - begin
            member = np.repeat(inside, count)
            step = np.arange(member.size) - np.repeat(np.cumsum(count) - count, count)
            time = np.repeat(begin, count) + step
            order = np.argsort(time, kind="stable")
            start = np.concatenate(([0], np.cumsum(at_risk[a:b])))
            yield member[order], start, int(deaths), times[a:b]


def _runs(labels: NDArray[np.int64]) -> Iterator[tuple[int, int]]:
    """Begin and end of the runs of equal labels."""
    cuts = np.flatnonzero(np.diff(labels)) + 1
    bounds = [0, *cuts.tolist(), labels.size]
    return pairwise(bounds)


def _tilt(risk: Floats, start: Ints, deaths: int) -> Floats:
    """Find log c with sum p_i = m in each risk set, roughly; where all or nearly all die, half a row less."""
    sizes = np.diff(start)
    target = np.minimum(float(deaths), sizes - 0.5)
    log_c = np.log(target / np.add.reduceat(risk, start[:-1]))
    for _ in range(TILTS):
        odds = risk * np.exp(np.repeat(log_c, sizes))
        p = odds / (1.0 + odds)
        short = target - np.add.reduceat(p, start[:-1])
        slope = np.add.reduceat(p / (1.0 + odds), start[:-1])
        log_c += np.clip(short / np.maximum(slope, 1e-300), -2.0, 2.0)
    return log_c


def _product(nodes: Floats, sizes: Ints, degree: int, upper: tuple[Ints, Ints]) -> Floats:
    """Multiply the polynomials of each risk set, neighbours first, up to a degree.

    Parameters
    ----------
    nodes : float array (nodes, 1 + p + p(p + 1)/2, coefficients)
        Each polynomial with its first and second derivatives in beta.
    sizes : int array (risk sets,)
        Number of nodes of each.
    degree : int
        Higher coefficients are not needed.
    upper : tuple of int arrays
        Places (i, j) of the second derivatives.
    """
    while (sizes > 1).any():
        start = np.cumsum(sizes) - sizes
        place = np.arange(nodes.shape[0]) - np.repeat(start, sizes)
        left = np.flatnonzero(place % 2 == 0)
        paired = (place + 1 < np.repeat(sizes, sizes))[left]
        length = min(2 * nodes.shape[2] - 1, degree + 1)
        merged = np.zeros((left.size, nodes.shape[1], length))
        merged[~paired, :, : nodes.shape[2]] = nodes[left[~paired]]
        merged[paired] = _times(nodes[left[paired]], nodes[left[paired] + 1], length, upper)
        nodes, sizes = merged, (sizes + 1) // 2
    return nodes


def _times(a: Floats, b: Floats, length: int, upper: tuple[Ints, Ints]) -> Floats:
    """Multiply polynomials and their derivatives by the product rule, up to ``length`` coefficients."""
    i, j = upper[0] + 1, upper[1] + 1
    out = np.zeros((a.shape[0], a.shape[1], length))
    for k in range(min(a.shape[2], length)):
        to = slice(k, min(k + b.shape[2], length))
        other = b[:, :, : to.stop - k]
        out[:, :, to] += a[:, :, k, None] * other[:, :1]
        out[:, 1:, to] += a[:, :1, k, None] * other[:, 1:]
        out[:, 1 + i.max(initial=0) :, to] += a[:, i, k, None] * other[:, j] + a[:, j, k, None] * other[:, i]
    return out
