"""Limits of Poisson rates, of their ratio and of their difference: exact where the conditional law is known."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, gammainc, gammaincc, gammainccinv, gammaincinv, gammaln

from riskset.errors import DesignError

Floats = NDArray[np.float64]
RateMethod = Literal["garwood", "mid-p"]
HALVINGS = 70  # of a bracket that holds the root: more than the 53 bits of a double
SAME = 1.0 + 1e-7  # probabilities within this factor count as equal, as in R's exact tests


def garwood(events: ArrayLike, person_time: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Exact confidence limits of a Poisson rate.

    The limits are the rates at which as many events or more, or as few or fewer, have probability alpha/2:
    chi2(alpha/2; 2d) / 2T and chi2(1 - alpha/2; 2d + 2) / 2T. The lower limit is 0 where there is no event.

    Parameters
    ----------
    events : array_like
        Numbers of events d.
    person_time : array_like
        Person-time T, in any unit; the limits are per one of it.
    level : float
        Confidence level.

    Returns
    -------
    lower, upper : ndarray
        Limits, the shape of the arguments; both are NaN where there is no person-time.

    References
    ----------
    Garwood 1936.

    Examples
    --------
    >>> from riskset.curves import garwood
    >>> lower, upper = garwood(10, 123.4)      # R: survival::cipoisson(10, 123.4)
    >>> print(f"{lower:.6f} {upper:.6f}")
    0.038861 0.149030
    """
    d = np.asarray(events, dtype=np.float64)
    tail = (1.0 - level) / 2.0
    # A chi-square on 2d degrees of freedom is twice a gamma of shape d, so the factors 2 cancel.
    low = np.where(d > 0, gammaincinv(np.where(d > 0, d, 1.0), tail), 0.0)
    return _per_time(low, gammainccinv(d + 1.0, tail), person_time)


def mid_p(events: ArrayLike, person_time: ArrayLike, level: float = 0.95) -> tuple[Floats, Floats]:
    """Mid-P confidence limits of a Poisson rate: the number found counts half in either tail.

    Narrower than the exact ones; they may cover a little less than ``level``.

    Parameters
    ----------
    events, person_time, level
        As in :func:`garwood`.

    Returns
    -------
    lower, upper : ndarray

    References
    ----------
    Cohen & Yang 1994.

    Examples
    --------
    >>> lower, upper = mid_p(0, 1.0)           # half of exp(-upper) is 0.025
    >>> print(f"{lower:.1f} {upper:.6f}")
    0.0 2.995732
    """
    d = np.asarray(events, dtype=np.float64)
    tail = (1.0 - level) / 2.0
    positive = np.where(d > 0, d, 1.0)
    widest_low = np.where(d > 0, gammaincinv(positive, tail), 0.0)
    widest_high = gammainccinv(d + 1.0, tail)

    def above(mean: Floats) -> Floats:
        return 0.5 * (gammainc(positive, mean) + gammainc(d + 1.0, mean)) - tail

    def below(mean: Floats) -> Floats:
        fewer = np.where(d > 0, gammaincc(positive, mean), 0.0)
        return tail - 0.5 * (fewer + gammaincc(d + 1.0, mean))

    middle = np.maximum(d, 1e-300)
    low = np.where(d > 0, _root(above, widest_low, middle), 0.0)
    return _per_time(low, _root(below, np.where(d > 0, middle, 0.0), widest_high), person_time)


def _root(rising: Callable[[Floats], ArrayLike], low: ArrayLike, high: ArrayLike) -> Floats:
    """Halve brackets of the roots of a rising function."""
    a, b = np.broadcast_arrays(np.array(low, dtype=np.float64), np.array(high, dtype=np.float64))
    a, b = a.copy(), b.copy()
    for _ in range(HALVINGS):
        middle = 0.5 * (a + b)
        beyond = np.asarray(rising(middle)) > 0
        a, b = np.where(beyond, a, middle), np.where(beyond, middle, b)
    return 0.5 * (a + b)


def _per_time(low: Floats, high: Floats, person_time: ArrayLike) -> tuple[Floats, Floats]:
    T = np.asarray(person_time, dtype=np.float64)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(T > 0, low / T, np.nan), np.where(T > 0, high / T, np.nan)


@dataclass(frozen=True)
class Comparison:
    """A rate against a reference: the estimate with its limits and, for a ratio, the exact P."""

    estimate: float
    lower: float
    upper: float
    p_value: float = float("nan")


def exact_rate_ratio(
    events: int,
    person_time: float,
    events_ref: int,
    person_time_ref: float,
    level: float = 0.95,
    *,
    method: Literal["exact", "mid-p"] = "exact",
) -> Comparison:
    """Ratio of two Poisson rates, exact given the total number of events.

    Given the total, the events of the first group are binomial; the limits are Clopper and Pearson's (or the
    mid-P ones), turned into a ratio. P sums the probabilities of all splits that are not more likely.

    Parameters
    ----------
    events, events_ref : int
        Events in the group and in the reference.
    person_time, person_time_ref : float
        Their person-time, in one unit.
    level : float
        Confidence level.
    method : {"exact", "mid-p"}
        Limits.

    Returns
    -------
    Comparison
        Without any event nothing is known: the estimate is NaN, the limits 0 and infinity.

    References
    ----------
    Clopper & Pearson 1934; Breslow & Day 1987, section 3.4.

    Examples
    --------
    >>> ratio = exact_rate_ratio(11, 800.0, 6, 1000.0)      # R: poisson.test(c(11, 6), c(800, 1000))
    >>> print(f"{ratio.estimate:.4f} {ratio.lower:.4f} {ratio.upper:.4f} {ratio.p_value:.4f}")
    2.2917 0.7769 7.5468 0.1409
    """
    a, b = float(events), float(events_ref)
    T, T_ref = float(person_time), float(person_time_ref)
    if not (T > 0 and T_ref > 0):
        raise DesignError("a ratio of rates needs person-time in both groups", where="person_time")
    tail = (1.0 - level) / 2.0
    n = a + b
    if n == 0:
        return Comparison(float("nan"), 0.0, float("inf"), 1.0)
    if method == "mid-p":
        low, high = _mid_p_share(a, n, tail)
    else:
        low = float(betaincinv(a, b + 1.0, tail)) if a > 0 else 0.0
        high = float(betaincinv(a + 1.0, b, 1.0 - tail)) if b > 0 else 1.0
    ratio = T_ref / T
    k = np.arange(n + 1.0)
    share = T / (T + T_ref)
    log_p = (
        gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1) + k * np.log(share) + (n - k) * np.log1p(-share)
    )
    p = np.exp(log_p)
    p_value = min(1.0, float(p[p <= p[int(a)] * SAME].sum()))
    estimate = a / b * ratio if b > 0 else float("inf")
    upper = high / (1.0 - high) * ratio if high < 1.0 else float("inf")
    return Comparison(estimate, low / (1.0 - low) * ratio, upper, p_value)


def _mid_p_share(a: float, n: float, tail: float) -> tuple[float, float]:
    """Mid-P limits of a binomial share."""
    k = np.arange(n + 1.0)
    log_ways = gammaln(n + 1) - gammaln(k + 1) - gammaln(n - k + 1)

    def mass(share: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            term = np.where(k > 0, k * np.log(share), 0.0) + np.where(
                n - k > 0, (n - k) * np.log1p(-share), 0.0
            )
        return np.exp(log_ways + term)

    def above(share: Floats) -> float:
        p = mass(share)
        return float(p[k > a].sum() + 0.5 * p[int(a)] - tail)

    def below(share: Floats) -> float:
        p = mass(share)
        return float(tail - p[k < a].sum() - 0.5 * p[int(a)])

    low = float(_root(above, 0.0, a / n)) if a > 0 else 0.0
    high = float(_root(below, a / n, 1.0)) if a < n else 1.0
    return low, high


def mover_rate_difference(
    events: int, person_time: float, events_ref: int, person_time_ref: float, level: float = 0.95
) -> Comparison:
    """Difference of two Poisson rates, with limits recovered from those of each rate (MOVER).

    Parameters
    ----------
    events, person_time, events_ref, person_time_ref, level
        As in :func:`exact_rate_ratio`; the difference is per one unit of person-time.

    Returns
    -------
    Comparison

    References
    ----------
    Zou & Donner 2008; the limits of each rate are Garwood's.

    Examples
    --------
    >>> gap = mover_rate_difference(11, 800.0, 6, 1000.0)
    >>> print(f"{gap.estimate:.5f} {gap.lower:.5f} {gap.upper:.5f}")
    0.00775 -0.00211 0.01925
    """
    if not (person_time > 0 and person_time_ref > 0):
        raise DesignError("a difference of rates needs person-time in both groups", where="person_time")
    T = np.array([person_time, person_time_ref])
    d = np.array([events, events_ref], dtype=np.float64)
    rate, (low, high) = d / T, garwood(d, T, level)
    gap = float(rate[0] - rate[1])
    lower = gap - float(np.hypot(rate[0] - low[0], high[1] - rate[1]))
    upper = gap + float(np.hypot(high[0] - rate[0], rate[1] - low[1]))
    return Comparison(gap, lower, upper)
