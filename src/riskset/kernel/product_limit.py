"""The product-limit estimator on ``(entry, exit]`` rows: numbers at risk, survival, Greenwood, jackknife.

Row i is at risk at tau iff entry_i < tau <= exit_i, as everywhere in riskset. Nothing here loops over rows or
times: sums over rows are scattered to the times and accumulated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.errors import EpisodeError
from riskset.kernel.index import TIMEFIX

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
# With weights that are not whole numbers, sums of those at risk and of the events may differ by rounding alone.
ROUNDING = 1e-12


@dataclass(frozen=True)
class ProductLimit:
    """Kaplan–Meier estimate at every distinct exit time.

    Attributes
    ----------
    time : ndarray (T,)
        Distinct exit times, increasing, in the unit of the rows.
    n_risk, n_event, n_censor : ndarray (T,)
        Summed weights of the rows at risk just before the time, of the events at it and of the other exits.
    survival : ndarray (T,)
        Product over times up to each one of 1 - n_event / n_risk.
    variance : ndarray (T,)
        Variance of ``survival``: Greenwood's, or the infinitesimal jackknife. NaN once survival is 0.
    hazard : ndarray (T,)
        Nelson–Aalen cumulative hazard, the sum of n_event / n_risk.
    hazard_variance : ndarray (T,)
        Variance of ``hazard``: the sum of n_event / n_risk squared, or the infinitesimal jackknife.
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    variance: Floats
    hazard: Floats
    hazard_variance: Floats


@dataclass(frozen=True)
class Grid:
    """Rows placed on the distinct exit times: row i is at risk at times first_i..last_i, both included.

    Attributes
    ----------
    time : ndarray (T,)
        Distinct exit times, increasing.
    first, last : int array (n,)
        Positions in ``time`` of the first time after each row's entry, and of its exit.
    """

    time: Floats
    first: Ints
    last: Ints

    def at(self, index: Ints, values: Floats) -> Floats:
        """Sum ``values`` of the rows whose ``index`` is each time; one more slot, for rows after the last."""
        return np.bincount(index, weights=values, minlength=self.time.size + 1).astype(np.float64, copy=False)

    def at_risk(self, values: Floats) -> Floats:
        """Sum ``values`` over the rows at risk at each time, accumulated backwards in time."""
        return np.cumsum((self.at(self.last, values)[:-1] - self.at(self.first, values)[1:])[::-1])[::-1]

    def since(self, index: Ints, values: Floats) -> Floats:
        """Sum ``values`` over the rows whose ``index`` has been reached at each time."""
        return np.cumsum(self.at(index, values)[:-1])


def grid_of(entry: Floats, exit: Floats) -> Grid:
    """Place rows on their distinct exit times; times that rounding alone tells apart are one (R's ``timefix``)."""
    entry, exit = without_jitter(entry, exit)
    time, last = np.unique(exit, return_inverse=True)
    return Grid(time, np.searchsorted(time, entry, side="right"), last)


def product_limit(
    entry: Floats,
    exit: Floats,
    event: NDArray[np.bool_],
    weights: Floats,
    *,
    jackknife: bool = False,
    person: Ints | None = None,
) -> ProductLimit:
    """Estimate survival from rows at risk on ``(entry, exit]``.

    Parameters
    ----------
    entry, exit : ndarray (n,)
        Start (open) and end (closed) of each row, entry < exit, in one unit of time.
    event : ndarray (n,) of bool
        Whether the row ends with the event.
    weights : ndarray (n,)
        Positive case weights.
    jackknife : bool
        Variance by the infinitesimal jackknife instead of Greenwood's.
    person : ndarray (n,) of int, optional
        Independent unit of each row, 0, 1, ..., for the jackknife; by default each row is its own.

    Returns
    -------
    ProductLimit

    Raises
    ------
    EpisodeError
        A row is shorter than the tolerance within which times are one and the same (R's ``timefix``).

    References
    ----------
    Kaplan & Meier 1958; Greenwood 1926. Jackknife: Therneau & Grambsch 2000, section 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> curve = product_limit(np.zeros(4), np.array([1.0, 2.0, 2.0, 3.0]),
    ...                       np.array([True, True, False, False]), np.ones(4))
    >>> curve.survival
    array([0.75, 0.5 , 0.5 ])
    >>> curve.n_risk
    array([4., 3., 1.])
    """
    if not jackknife and bool((weights == 1.0).all()):
        time, n_risk, n_event, n_censor = _counts(entry, exit, event)
        grid = None
    else:
        grid = grid_of(entry, exit)
        time, n_risk = grid.time, grid.at_risk(weights)
        n_event = grid.at(grid.last, weights * event)[:-1]
        n_censor = grid.at(grid.last, weights * ~event)[:-1]
    nobody_left, kept = survivors(n_risk, n_event)
    step = n_event / n_risk
    survival = np.multiply.accumulate(np.where(nobody_left, 0.0, 1.0 - step))
    log_variance, hazard = np.cumsum(step / kept), np.cumsum(step)
    if grid is None or not jackknife:
        relative, hazard_variance = log_variance, np.cumsum(step / n_risk)
    else:
        gone = weights * event
        relative = _jackknife(grid, weights, gone / kept[grid.last], log_variance, person)
        hazard_variance = _jackknife(
            grid, weights, gone / n_risk[grid.last], np.cumsum(step / n_risk), person
        )
    variance = np.where(survival > 0, survival**2 * relative, np.nan)
    return ProductLimit(time, n_risk, n_event, n_censor, survival, variance, hazard, hazard_variance)


def survivors(n_risk: Floats, n_event: Floats) -> tuple[NDArray[np.bool_], Floats]:
    """Say where all at risk have the event, and how many are left elsewhere.

    Where nobody is left the number at risk stands in: survival is 0 from there on, and nothing is divided by 0.
    """
    nobody_left = n_event >= n_risk * (1.0 - ROUNDING)
    return nobody_left, np.where(nobody_left, n_risk, n_risk - n_event)


def _counts(entry: Floats, exit: Floats, event: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats, Floats]:
    """Count rows at risk, events and other exits by sorting each kind of time alone, the quickest way."""
    leaves, enters, dies = np.sort(exit), np.sort(entry), np.sort(exit[event])
    if not (_whole(leaves) and _whole(enters)):
        jitter = _jitter(leaves, enters)
        if jitter is not None:
            if (exit - entry <= jitter.widest).any():  # which looks at every row, and refuses those too short
                without_jitter(entry, exit)
            leaves, enters, dies = (jitter.out_of(t) for t in (leaves, enters, dies))
    start = np.flatnonzero(np.concatenate(([True], leaves[1:] != leaves[:-1])))
    time = leaves[start]
    out = np.diff(start, append=leaves.size)
    early = int(np.searchsorted(enters, time[0], side="left"))  # there from the first time on
    entered = early + np.searchsorted(enters[early:], time, side="left")
    n_event = np.zeros(time.size)
    if dies.size:
        began = np.flatnonzero(np.concatenate(([True], dies[1:] != dies[:-1])))
        n_event[np.searchsorted(time, dies[began])] = np.diff(began, append=dies.size)
    return time, (entered - start).astype(np.float64), n_event, out - n_event


def _jackknife(grid: Grid, weights: Floats, gone: Floats, total: Floats, person: Ints | None) -> Floats:
    """Sum of squared influences on the log of survival, or on the cumulative hazard.

    The influence of a row at time t is total(t and exit) - total(entry) - [event by t] gone: constant once the
    row has ended; before, linear in total(t).
    """
    before = np.concatenate([[0.0], total])[grid.first]
    changes = (
        Change(grid.first, weights, -weights * before),
        Change(grid.last, -weights, weights * total[grid.last] - gone),
    )
    squares = sums_of_squares(grid, changes, person)
    return squares[1, 1] + 2.0 * total * squares[0, 1] + total**2 * squares[0, 0]


class Change:
    """What an influence gains at a time: coefficients of functions of time that all rows share."""

    def __init__(self, at: Ints, *coefficients: Floats) -> None:
        self.at = at
        self.coefficients = coefficients


def sums_of_squares(
    grid: Grid, changes: tuple[Change, Change], person: Ints | None
) -> dict[tuple[int, int], Floats]:
    """Sum over persons, at each time, the products of the coefficients that they have then.

    A person's influence at time t is the sum over m of c_m(t) f_m(t), with functions f of time that are shared
    and coefficients c that change where a row begins or ends. So the sum of squared influences needs only the
    sums of c_m c_l, and those change where coefficients do.

    Parameters
    ----------
    grid : Grid
        The rows on their times.
    changes : pair of Change
        What each row adds to the coefficients as it begins and as it ends.
    person : ndarray (n,) of int or None
        Person of each row; None where each row is its own.

    Returns
    -------
    dict
        For each m <= l, an array (T,).
    """
    begin, end = changes
    pairs = [(m, k) for k in range(len(begin.coefficients)) for m in range(k + 1)]
    if person is None or _each_once(person):
        out: dict[tuple[int, int], Floats] = {}
        during = begin.coefficients
        after = [a + b for a, b in zip(begin.coefficients, end.coefficients, strict=True)]
        for m, k in pairs:
            inside = during[m] * during[k]
            change = grid.at(begin.at, inside) + grid.at(end.at, after[m] * after[k] - inside)
            out[m, k] = np.cumsum(change[:-1])
        return out
    who = np.concatenate([person, person])
    at = np.concatenate([begin.at, end.at])
    order = np.lexsort((at, who))
    who, at = who[order], at[order]
    values = [
        np.concatenate([a, b])[order] for a, b in zip(begin.coefficients, end.coefficients, strict=True)
    ]
    previous = _accumulate_within(who, values)
    return {
        (m, k): np.cumsum(grid.at(at, values[m] * values[k] - previous[m] * previous[k])[:-1])
        for m, k in pairs
    }


def _each_once(person: Ints) -> bool:
    return bool(np.bincount(person).max(initial=0) <= 1)


def _accumulate_within(who: Ints, values: list[Floats]) -> list[Floats]:
    """Turn changes into values, person by person, in place; return what each value was before its change.

    Step by step along the changes of a person, for all persons at once: one long sum over everybody would lose
    the digits of the small influences that a large cohort has.
    """
    start = np.flatnonzero(np.concatenate(([True], who[1:] != who[:-1])))
    length = np.diff(start, append=who.size)
    previous = [np.zeros_like(v) for v in values]
    for step in range(1, int(length.max(initial=0))):
        here = start[length > step] + step
        for value, before in zip(values, previous, strict=True):
            before[here] = value[here - 1]
            value[here] += before[here]
    return previous


@dataclass(frozen=True)
class _Jitter:
    """Times that rounding alone tells apart from a smaller one: what they are, and what they become.

    ``widest`` is how far the furthest of them lies from what it becomes.
    """

    old: Floats
    new: Floats

    @property
    def widest(self) -> float:
        return float((self.old - self.new).max())

    def out_of(self, times: Floats) -> Floats:
        """Give sorted times their values; they stay sorted."""
        low, high = (np.searchsorted(times, self.old, side=side) for side in ("left", "right"))
        count = high - low
        if not count.any():
            return times
        place = np.repeat(low - np.cumsum(count) + count, count) + np.arange(count.sum())
        times[place] = np.repeat(self.new, count)
        return times


def _jitter(leaves: Floats, enters: Floats) -> _Jitter | None:
    """Find times that differ by rounding alone, as R's ``aeqSurv``, in sorted times of exit and entry."""
    times = np.sort(np.concatenate([leaves, enters]), kind="stable")  # which merges what is sorted
    times = times[np.isfinite(times)]
    times = times[np.concatenate(([True], times[1:] != times[:-1]))]
    tied = np.diff(times) <= TIMEFIX * max(1.0, float(np.abs(times).mean()))
    if not tied.any():
        return None
    own = np.arange(times.size)
    first = np.maximum.accumulate(np.where(np.concatenate(([True], ~tied)), own, 0))
    changed = np.flatnonzero(first != own)
    return _Jitter(times[changed], times[first[changed]])


def without_jitter(entry: Floats, exit: Floats) -> tuple[Floats, Floats]:
    """Give times that differ by rounding alone one value, the smallest of them, as R's ``aeqSurv``."""
    if _whole(exit) and _whole(entry):
        return entry, exit
    jitter = _jitter(np.sort(exit), np.sort(entry))
    if jitter is None:
        return entry, exit
    old, new = np.append(jitter.old, np.inf), np.append(jitter.new, np.inf)

    def unified(t: Floats) -> Floats:
        place = np.searchsorted(old, t)
        return np.where(old[place] == t, new[place], t)

    entry, exit = unified(entry), unified(exit)
    if (entry >= exit).any():
        raise EpisodeError(
            "a row is shorter than times can be told apart",
            n_rows=int((entry >= exit).sum()),
            remedy="Measure time in a smaller unit.",
        )
    return entry, exit


def _whole(times: Floats) -> bool:
    """Whether all finite times are whole numbers so small that one apart is never within the tolerance."""
    if times.size and np.isfinite(times[0]) and times[0] != np.rint(times[0]):
        return False  # most times that are not whole show it at once
    finite = times[np.isfinite(times)]
    return bool(np.abs(finite).max(initial=0.0) < 0.5 / TIMEFIX and (finite == np.rint(finite)).all())
