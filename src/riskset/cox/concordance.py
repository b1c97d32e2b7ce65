"""Concordance of a risk score with the order of events, for rows ``(entry, exit]``.

A pair is a death and a row at risk at that time which does not end there with an event. It is concordant if
the death has the higher score. All sums over pairs are sums over points in a quadrant, death against rows and
row against deaths: `dominance` makes them in O(n log n), halving the order of one coordinate while the other
stays sorted, so that each halving is a handful of array operations.

References
----------
Therneau, T. & Watson, D. A. (2017). The concordance statistic and the Cox model. Technical report 85, Mayo Clinic.
Uno, H. et al. (2011). On the C-statistics for evaluating overall adequacy of risk prediction procedures with
censored survival data. Statistics in Medicine 30, 1105-1117 (the weight n/G2).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox.arrays import codes
from riskset.errors import FitError
from riskset.kernel import EventTimeIndex, build_index, scatter
from riskset.kernel.sums import backward_sums, forward_sums

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

TimeWeight = Literal["n", "S", "S/G", "n/G2", "I"]
# Scores of equal rows can differ in the last digits of a matrix product; so much of the largest is no difference.
TIED_SCORES = 1e-13


@dataclass(frozen=True, slots=True)
class Concordance:
    """Share of pairs in which the higher score has the earlier event; ties of the score count half.

    Attributes
    ----------
    concordance, std_error : float
        The standard error is the infinitesimal jackknife's, over clusters if there are any.
    counts : polars DataFrame
        One row per stratum: concordant, discordant, tied_x (equal scores), tied_y (events at one time), tied_xy.
    variance_at_half : float
        Variance under the hypothesis of no relation, as a Cox model's information has it.
    influence : float array (n,)
        What each row adds to the concordance; rows in no pair have 0.
    """

    concordance: float
    std_error: float
    counts: pl.DataFrame
    variance_at_half: float
    influence: Floats = field(repr=False)


def concordance(
    score: ArrayLike,
    entry: ArrayLike | None,
    exit: ArrayLike,
    event: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    timewt: TimeWeight = "n",
    until: float | None = None,
) -> Concordance:
    """Concordance of any score with the times of events.

    Parameters
    ----------
    score : float array (n,)
        Higher is expected to end earlier: a linear predictor of hazards, or minus a predicted time.
    entry : float array (n,) or None
    exit : float array (n,)
    event : bool array (n,)
    strata : array (n,), optional
        Only pairs within a stratum count.
    weights : float array (n,), optional
    cluster : array (n,), optional
        Labels over which influences are summed for the standard error.
    timewt : {"n", "S", "S/G", "n/G2", "I"}
        Weight of the pairs at a time, as R's: n for all alike (Harrell's C), n/G2 for Uno's, which does not
        depend on censoring (without delayed entry).
    until : float, optional
        Leave later events out, as R's ``ymax``.

    Examples
    --------
    >>> result = concordance([3, 1, 2], None, [1, 2, 3], [1, 1, 0])
    >>> f"{result.concordance:.4f}"  # two of three pairs
    '0.6667'
    """
    end = np.asarray(exit, dtype=np.float64)
    n = end.size
    stratum = np.zeros(n, dtype=np.int64) if strata is None else codes(strata)
    weight = np.ones(n) if weights is None else np.asarray(weights, dtype=np.float64)
    index = build_index(
        None if entry is None else np.asarray(entry, dtype=np.float64),
        end,
        np.asarray(event, dtype=np.bool_),
        stratum=stratum,
        weight=weight,
    )
    total = sums(stratum, weight)
    groups = None if cluster is None else codes(cluster)
    return concordance_of(
        index, np.asarray(score, dtype=np.float64), n, total, cluster=groups, timewt=timewt, until=until
    )


def concordance_of(
    index: EventTimeIndex,
    score: Floats,
    n: int,
    total: Floats,
    *,
    cluster: Ints | None,
    timewt: TimeWeight,
    until: float | None,
) -> Concordance:
    """Concordance of scores (n,) of rows on their index; ``total`` is the sum of weights of each stratum."""
    score = score if index.kept is None else score[index.kept]
    w = np.ones(index.n_rows) if index.weight is None else index.weight
    hi, lo = index.hi.astype(np.int64), index.lo.astype(np.int64)
    stratum = np.searchsorted(index.base, hi, side="right") - 1
    level = _levels(score)
    b = stratum * (int(level.max(initial=0)) + 1) + level
    dead = index.death_row
    died = np.zeros(index.n_rows, dtype=np.int64)
    died[dead] = 1
    # Half slots: a row is in a pair with a death at slot k iff left > 2k and not entered > 2k.
    left, entered, at = 2 * hi + 1 - died, 2 * lo + 1, 2 * hi[dead]

    at_risk, dying = _weights_at_risk(index, w)
    time_weight = _time_weights(index, at_risk, dying, total, timewt)
    if until is not None:
        time_weight = np.where(index.event_time > until, 0.0, time_weight)
    k = np.repeat(np.arange(index.event_slot.size), index.deaths_per_time)
    tw = time_weight[k]

    # Each death against the rows in pairs with it.
    a = np.concatenate((left, entered))
    sign, twice = np.concatenate((w, -w)), np.concatenate((b, b))
    below = dominance(a, twice, sign, at, b[dead])
    level_with = _same(a, twice, sign, at, b[dead])
    above = at_risk[k] - dying[k] - below - level_with
    # Each row against the deaths in pairs with it: the same, with both orders turned round.
    dw = w[dead] * tw
    query = np.concatenate((-left, -entered))
    higher = np.subtract(*np.split(dominance(-at, -b[dead], dw, query, -twice), 2))
    equal = np.subtract(*np.split(_same(-at, -b[dead], dw, query, -twice), 2))
    hazard = np.zeros(index.n_slots)
    hazard[index.event_slot] = np.add.reduceat(dw, index.first_death)
    own = hazard[hi] * died
    forward_sums(hazard, index.base)
    lower = hazard[hi] - hazard[lo] - own - higher - equal

    strata = stratum[dead]
    concordant, discordant, tied = (
        sums(strata, dw * part, total.size) for part in (below, above, level_with)
    )
    tied_y, tied_xy = _tied_deaths(hi[dead], b[dead], w[dead], tw, strata, total.size)
    pairs = float((concordant + discordant + tied).sum())
    if pairs == 0:
        raise FitError(
            "no event has a row at risk beside it: there is no pair to compare", where="concordance"
        )
    C = float((concordant + tied / 2).sum()) / pairs

    agreeing, compared = higher + equal / 2, higher + equal + lower
    agreeing[dead] += tw * (below + level_with / 2)
    compared[dead] += tw * (below + level_with + above)
    influence = np.zeros(n)
    influence[slice(None) if index.kept is None else index.kept] = w * (agreeing - C * compared) / pairs
    by = influence if cluster is None else sums(cluster, influence)
    rank_variance = _rank_variance(index, b, w)
    return Concordance(
        concordance=C,
        std_error=float(np.sqrt(by @ by)),
        counts=pl.DataFrame(
            {
                "concordant": concordant,
                "discordant": discordant,
                "tied_x": tied,
                "tied_y": tied_y,
                "tied_xy": tied_xy,
            }
        ),
        variance_at_half=float(w[dead] * tw**2 @ rank_variance[k]) / (4 * pairs**2),
        influence=influence,
    )


def dominance(a: Ints, b: Ints, w: Floats, query_a: Ints, query_b: Ints) -> Floats:
    """Sum w over the points (a, b) with a > query_a and b < query_b, for each query.

    Points and queries are ordered by falling a, and sorted by b within ever smaller blocks of that order: at
    each halving, the queries in a block's second half collect the points of its first half that precede them.

    Examples
    --------
    >>> import numpy as np
    >>> dominance(np.array([1, 2, 3]), np.array([5, 4, 6]), np.ones(3), np.array([0, 1]), np.array([6, 6]))
    array([2., 1.])
    """
    points = a.size
    size = points + query_a.size
    is_point = np.zeros(size, dtype=np.bool_)
    is_point[:points] = True
    # At equal keys the queries come first, so that only strict inequality counts.
    order = np.lexsort((is_point, -np.concatenate((a, query_a))))
    place = np.empty(size, dtype=np.int64)
    place[order] = np.arange(size)
    element = np.lexsort((is_point, np.concatenate((b, query_b))))
    value = np.zeros(size)
    value[:points] = w
    value, place = value[element], place[element]
    result = np.zeros(size)
    running, lefts = np.zeros(size + 1), np.zeros(size + 1, dtype=np.int64)
    for bit in range(max(size - 1, 0).bit_length() - 1, -1, -1):
        left = (place >> bit) & 1 == 0
        start = (place >> (bit + 1)) << (bit + 1)
        np.cumsum(np.where(left, value, 0.0), out=running[1:])
        np.cumsum(left, out=lefts[1:])
        result[element] += np.where(left, 0.0, running[:-1] - running[start])
        before = lefts[:-1] - lefts[start]
        # Stable partition: first halves are full wherever there is a second half.
        target = np.where(left, start + before, np.arange(size) - before + (1 << bit))
        target = np.where(left, target, np.minimum(target, size - 1))
        moved = np.empty_like(element)
        moved[target] = np.arange(size)
        element, value, place = element[moved], value[moved], place[moved]
    return result[points:]


def sums(group: Ints, values: Floats, n_groups: int = 0) -> Floats:
    """Sum values over groups 0, 1, ..."""
    return np.bincount(group, values, minlength=n_groups).astype(np.float64, copy=False)


def _same(a: Ints, b: Ints, w: Floats, query_a: Ints, query_b: Ints) -> Floats:
    """Sum w over the points with a > query_a and b = query_b, for each query."""
    points = a.size
    key = np.concatenate((b, query_b))
    is_point = np.arange(key.size) < points
    order = np.lexsort((is_point, -np.concatenate((a, query_a)), key))
    value = np.concatenate((w, np.zeros(query_a.size)))[order]
    running = np.concatenate(([0.0], np.cumsum(value)))
    key = key[order]
    start = np.flatnonzero(np.concatenate(([True], key[1:] != key[:-1])))
    group = np.cumsum(np.concatenate(([0], key[1:] != key[:-1])))
    result = np.empty(key.size)
    result[order] = running[:-1] - running[start[group]]
    return result[points:]


def _levels(score: Floats) -> Ints:
    """Ranks of the distinct scores, those within rounding of each other as one."""
    order = np.argsort(score, kind="stable")
    ordered = score[order]
    apart = np.diff(ordered) > TIED_SCORES * np.abs(ordered).max(initial=0.0)
    level = np.empty(score.size, dtype=np.int64)
    level[order] = np.cumsum(np.concatenate(([0], apart)))
    return level


def _weights_at_risk(index: EventTimeIndex, w: Floats) -> tuple[Floats, Floats]:
    """Weight at risk and weight dying at each event time."""
    none = np.empty((index.n_rows, 0))
    at_risk, _ = scatter(index.lo, index.hi, w, none, index.n_slots, delayed_entry=index.delayed_entry)
    backward_sums(at_risk, index.base)
    return at_risk[index.event_slot], np.add.reduceat(w[index.death_row], index.first_death)


def _time_weights(
    index: EventTimeIndex, at_risk: Floats, dying: Floats, total: Floats, timewt: TimeWeight
) -> Floats:
    """Weight of the pairs at each event time."""
    if timewt == "n":
        return np.ones(at_risk.size)
    if timewt == "I":
        return 1 / at_risk
    # Kaplan-Meier just before each time, by stratum, in the order of the slots.
    log_survival = np.zeros(index.n_slots)
    with np.errstate(divide="ignore"):  # all die at the last time, which no later one reads
        log_survival[index.event_slot] = np.log1p(-np.minimum(dying / at_risk, 1.0))
    before = np.roll(log_survival, 1)
    before[index.base[:-1]] = 0.0
    forward_sums(before, index.base)
    S = np.exp(before[index.event_slot])
    stratum = np.searchsorted(index.base, index.event_slot, side="right") - 1
    ratio = total[stratum] * S / at_risk
    if timewt == "S":
        return ratio
    if timewt not in {"S/G", "n/G2"}:
        raise FitError(f"there is no time weight {timewt!r}", where="timewt")
    if index.delayed_entry:
        raise FitError(f"the weight {timewt} is not defined with delayed entry", where="timewt")
    # Without delayed entry S(t-) G(t-) is the share still at risk, so that both are the squared ratio.
    return ratio**2


def _tied_deaths(
    slot: Ints, b: Ints, w: Floats, tw: Floats, stratum: Ints, n_strata: int
) -> tuple[Floats, Floats]:
    """Weighted pairs of deaths at one time, by stratum: of different and of equal scores."""

    def pairs(*keys: Ints) -> Floats:
        order = np.lexsort(keys)
        new = np.zeros(order.size, dtype=np.bool_)
        new[:1] = True
        for key in keys:
            new[1:] |= key[order][1:] != key[order][:-1]
        first = np.flatnonzero(new)
        within = (np.add.reduceat(w[order], first) ** 2 - np.add.reduceat(w[order] ** 2, first)) / 2
        return sums(stratum[order][first], within * tw[order][first], n_strata)

    both = pairs(b, slot)
    return pairs(slot) - both, both


def _rank_variance(index: EventTimeIndex, b: Ints, w: Floats) -> Floats:
    """Variance of the rank of a row drawn from each risk set, ranks being (weight below) - (weight above).

    Over groups g of equal scores with weights W_g, sum_g W_g (below - above)^2 = (W^3 - sum_g W_g^3) / 3.
    """
    hi, lo = index.hi.astype(np.int64), index.lo.astype(np.int64)
    group, slot, change = np.concatenate((b, b)), np.concatenate((hi, lo)), np.concatenate((w, -w))
    # Backwards in time rows come in at hi and go at lo; the cube of each group's weight changes with them.
    order = np.lexsort((-slot, group))
    group, slot, change = group[order], slot[order], change[order]
    running = np.cumsum(change)
    new = np.concatenate(([True], group[1:] != group[:-1]))
    start = np.flatnonzero(new)
    before = np.concatenate(([0.0], running))[start]
    running -= before[np.cumsum(new) - 1]
    cube = running**3
    step = np.diff(cube, prepend=0.0)
    step[start] = cube[start]
    cubes = sums(slot, step, index.n_slots)
    backward_sums(cubes, index.base)
    total = sums(slot, change, index.n_slots)
    backward_sums(total, index.base)
    W = total[index.event_slot]
    return (W**3 - cubes[index.event_slot]) / (3 * W)
