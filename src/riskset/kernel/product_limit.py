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
        Variance of ``survival``: Greenwood's, or the infinitesimal jackknife over rows. NaN once survival is 0.
    """

    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    variance: Floats


def product_limit(
    entry: Floats, exit: Floats, event: NDArray[np.bool_], weights: Floats, *, jackknife: bool = False
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
        Variance by the infinitesimal jackknife, each row one independent unit, instead of Greenwood's.

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
    entry, exit = _without_jitter(entry, exit)
    time, last = np.unique(exit, return_inverse=True)  # at risk at times first..last (indices, inclusive)
    first = np.searchsorted(time, entry, side="right")
    n_times = time.size

    def at(index: NDArray[np.intp], values: Floats) -> Floats:
        return np.bincount(index, weights=values, minlength=n_times + 1).astype(np.float64, copy=False)

    def at_risk(values: Floats) -> Floats:
        """Sum ``values`` over the rows at risk at each time, accumulated backwards in time."""
        return np.cumsum((at(last, values)[:-1] - at(first, values)[1:])[::-1])[::-1]

    n_risk = at_risk(weights)
    n_event = at(last, weights * event)[:-1]
    n_censor = at(last, weights * ~event)[:-1]
    # With weights that are not whole numbers, the two sums may differ by rounding when all at risk have the event.
    nobody_left = n_event >= n_risk * (1.0 - 1e-12)
    kept = np.where(
        nobody_left, n_risk, n_risk - n_event
    )  # the guard never matters: survival is 0 from there on
    survival = np.multiply.accumulate(np.where(nobody_left, 0.0, kept / n_risk))
    hazard = np.cumsum(n_event / (n_risk * kept))
    if jackknife:
        # d log S(t) / d w_i = A(t and T_i) - A(entry_i) - [event at T_i <= t] / (n - d), A = Greenwood's sum:
        # constant once the row has ended; before, a quadratic in A(t) whose coefficients are sums over rows.
        before = np.concatenate([[0.0], hazard])[first]
        ended = weights * (hazard[last] - before - event / kept[last])
        squares = [weights**2 * before**power for power in (0, 1, 2)]
        open_0, open_1, open_2 = (at_risk(q) - at(last, q)[:-1] for q in squares)
        relative = np.cumsum(at(last, ended**2)[:-1]) + hazard**2 * open_0 - 2.0 * hazard * open_1 + open_2
    else:
        relative = hazard
    variance = np.where(survival > 0, survival**2 * relative, np.nan)
    return ProductLimit(time, n_risk, n_event, n_censor, survival, variance)


def _without_jitter(entry: Floats, exit: Floats) -> tuple[Floats, Floats]:
    """Give times that differ by rounding alone one value, the smallest of them, as R's ``aeqSurv``."""
    times = np.unique(np.concatenate([entry, exit]))
    times = times[np.isfinite(times)]
    gap = np.diff(times)
    tied = (gap <= TIMEFIX) | (gap / np.abs(times).mean() <= TIMEFIX)
    if not tied.any():
        return entry, exit
    cuts = np.concatenate([[-np.inf], times[np.concatenate(([True], ~tied))]])
    entry, exit = (cuts[np.searchsorted(cuts, t, side="right") - 1] for t in (entry, exit))
    if (entry >= exit).any():
        raise EpisodeError(
            "a row is shorter than times can be told apart",
            n_rows=int((entry >= exit).sum()),
            remedy="Measure time in a smaller unit.",
        )
    return entry, exit
