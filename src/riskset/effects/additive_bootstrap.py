"""RERI, AP and S over persons drawn with replacement: percentile limits, with empty cells kept and counted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from riskset.cox import CoxFit, Refit, bootstrap
from riskset.cox.bootstrap import percentile_limits
from riskset.effects.additive import NAMES, NULL, Additive, Measure, MeasureInterval, Name, with_headline
from riskset.errors import FitError

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A log hazard ratio beyond this, in a replicate whose likelihood has no maximum, has run off: Newton's method stops
# where a further step is worth less than 1e-3 of a standard error, at 12 or more, while no cell with an event and
# person-time of this study is 3,000 times as dangerous as another.
RUN_OFF: Final = 8.0
# Replicates that may lack S before its percentiles speak of the others alone.
MOST_UNDEFINED: Final = 0.05


@dataclass(frozen=True, slots=True)
class Resampled:
    """What the replicates of one additive scale say.

    Attributes
    ----------
    intervals : mapping of name to MeasureInterval
    n : int
        Replicates drawn.
    n_empty : int
        Replicates in which a joint cell has no event: they stand in the percentiles, infinite where the measure is.
    n_failed : int
        Replicates that could not be fitted; they stand nowhere.
    n_undefined : int
        Fitted replicates in which S is not defined.
    """

    intervals: Mapping[Name, MeasureInterval]
    n: int
    n_empty: int
    n_failed: int
    n_undefined: int


def resample(
    fit: CoxFit,
    vectors: Floats,
    n: int,
    *,
    rng: np.random.Generator,
    by: str | None = None,
    level: float = 0.95,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[Resampled, ...]:
    """Draw persons, fit again with the same coding and knots, and take percentiles of RERI, AP and S.

    Parameters
    ----------
    fit : CoxFit
    vectors : float array (q, 3, p)
        Combinations of coefficients that are log HR10, log HR01 and log HR11 of each of q scales.
    n : int
        Replicates; enough that the limits lie among them.
    rng : numpy Generator
    by : str, optional
        Column whose values are drawn, as `riskset.cox.bootstrap` has it.
    level : float
    progress : callable, optional

    Returns
    -------
    tuple of Resampled
        One for each scale.
    """
    require_replicates(n, level, where="bootstrap")
    flat = vectors.reshape(-1, vectors.shape[-1])

    def statistic(refit: Refit) -> Floats:
        # A coefficient that could not be estimated counts only where it is used.
        return np.array([row[row != 0] @ refit.params[row != 0] for row in flat])

    boot = bootstrap(fit, statistic, n, rng=rng, by=by, progress=progress)
    monotone = np.array([s == "monotone likelihood" for s in boot.status])
    found: list[Resampled] = []
    for logs in np.split(boot.replicates, vectors.shape[0], axis=1):
        failed = np.isnan(logs).any(axis=1)
        empty = monotone & (np.abs(np.nan_to_num(logs)) > RUN_OFF).any(axis=1)
        values = replicate_measures(logs[~failed], empty[~failed])
        undefined = int(np.isnan(values["S"]).sum())
        intervals: dict[Name, MeasureInterval] = {
            name: _interval(values[name], name, level) for name in NAMES
        }
        found.append(Resampled(intervals, n, int(empty.sum()), int(failed.sum()), undefined))
    return tuple(found)


def require_replicates(n: int, level: float, *, where: str) -> None:
    """Refuse so few replicates that percentile limits would be the outermost of them."""
    least = math.ceil(4 / (1 - level))
    if n < least:
        raise FitError(f"limits at {level:.0%} need at least {least} replicates", where=where)


def with_resampled(plain: Additive, drawn: Resampled, *, headline: bool) -> Additive:
    """Set the bootstrap's intervals beside the others, or before them."""
    found: list[Measure] = []
    for m in plain.measures:
        if m.estimate is None:
            found.append(m)
            continue
        more = replace(m, intervals=(*m.intervals, drawn.intervals[m.name]))
        found.append(with_headline(more, "bootstrap") if headline else more)
    return replace(plain, reri=found[0], ap=found[1], s=found[2])


def replicate_measures(logs: Floats, empty: Bools) -> dict[Name, Floats]:
    """RERI, AP and S of replicates, at their limit where a cell is empty.

    Parameters
    ----------
    logs : float array (n, 3)
        log HR10, log HR01, log HR11; a hazard ratio that ran off stands where it was left.
    empty : bool array (n,)
        Whether a cell of the replicate has no event.

    Returns
    -------
    mapping of name to float array (n,)
        Infinite where the measure grows beyond all bounds as the rate of the empty cell falls to zero; S is NaN
        where it is not defined.

    Examples
    --------
    Without an event among those with both, the risk of both is 0; RERI has a value then, AP divides by it:

    >>> import numpy as np
    >>> found = replicate_measures(np.array([[0.7, 0.0, -14.0]]), np.array([True]))
    >>> found["RERI"].round(3).tolist(), found["AP"].tolist()
    ([-2.014], [-inf])
    """
    l10, l01, l11 = logs.T
    ran = empty[:, None] & (np.abs(logs) > RUN_OFF)
    h10, h01, h11 = np.where(ran & (logs < 0), 0.0, np.exp(logs)).T
    # Without an event in the reference cell all three are endless; their proportions are not.
    endless = (ran & (logs > 0)).any(axis=1)
    excess = np.exp(l11 - logs.max(axis=1)) - np.exp(l10 - logs.max(axis=1)) - np.exp(l01 - logs.max(axis=1))
    reri = np.where(endless, np.sign(excess) * np.inf, h11 - h10 - h01 + 1.0)
    none_with_both = ran[:, 2] & (l11 < 0)
    ap = 1.0 + np.exp(-l11) - np.exp(l10 - l11) - np.exp(l01 - l11)
    ap = np.where(none_with_both, np.sign(1.0 - h10 - h01) * np.inf, ap)
    with np.errstate(divide="ignore", invalid="ignore"):
        s = np.where((h11 > 1) & (h10 + h01 > 2), (h11 - 1.0) / (h10 + h01 - 2.0), np.nan)
    return {"RERI": reri, "AP": ap, "S": s}


def _interval(values: Floats, name: Name, level: float) -> MeasureInterval:
    """Percentile limits, and the p at which they reach the null value."""
    known = np.sort(values[~np.isnan(values)])
    if known.size < (1 - MOST_UNDEFINED) * values.size or known.size < 2:
        return MeasureInterval("bootstrap", None, None, None, "not defined in more than 5% of replicates")
    low, high = percentile_limits(known, level)
    return MeasureInterval("bootstrap", low, high, percentile_p(known, NULL[name]))


def percentile_p(ordered: Floats, null: float) -> float:
    """Two-sided p of percentile limits: twice the share of replicates beyond the null value, interpolated as they are.

    A null value beyond all replicates has p below 2/(n + 1), which is returned.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_p(np.linspace(-1.0, 9.0, 101), 0.0)
    0.2
    """
    n = ordered.size
    below, above = _position(ordered, null), _position(-ordered[::-1], -null)
    return float(min(1.0, max(2.0 * min(below, above) / (n - 1), 2.0 / (n + 1))))


def _position(ordered: Floats, value: float) -> float:
    """Highest position, from 0 to n - 1, at which the interpolated quantile is not above a value."""
    k = int(np.searchsorted(ordered, value, side="right")) - 1
    if k < 0:
        return 0.0
    if k >= ordered.size - 1:
        return float(ordered.size - 1)
    low, high = ordered[k], ordered[k + 1]
    # Between minus infinity and a number every quantile is minus infinity; between a number and infinity, infinity.
    if np.isinf(low):
        return float(np.nextafter(k + 1, 0)) if low < 0 else float(k)
    return float(k) if np.isinf(high) else float(k + (value - low) / (high - low))
