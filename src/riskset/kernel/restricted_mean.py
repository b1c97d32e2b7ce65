"""Area under a survival curve up to a horizon, with its variance: Greenwood's or the infinitesimal jackknife."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from riskset.kernel.product_limit import Floats, Ints, grid_of, survivors


def restricted_mean(
    entry: Floats,
    exit: Floats,
    event: NDArray[np.bool_],
    weights: Floats,
    horizon: float,
    *,
    origin: float = 0.0,
    jackknife: bool = False,
    person: Ints | None = None,
) -> tuple[float, float]:
    """Integrate survival from ``origin`` to ``horizon``.

    Parameters
    ----------
    entry, exit, event, weights, person, jackknife
        As in :func:`riskset.kernel.product_limit.product_limit`.
    horizon, origin : float
        Between which times.

    Returns
    -------
    mean, variance : float

    References
    ----------
    Klein & Moeschberger 2003, section 4.5 (Greenwood's form).

    Examples
    --------
    >>> import numpy as np
    >>> died = np.array([True, True, False, False])
    >>> mean, _ = restricted_mean(np.zeros(4), np.array([1.0, 2.0, 2.0, 3.0]), died, np.ones(4), 3.0)
    >>> mean      # 1 x 1 + 1 x 0.75 + 1 x 0.5
    2.25
    """
    grid = grid_of(entry, exit)
    n_risk, n_event = grid.at_risk(weights), grid.at(grid.last, weights * event)[:-1]
    nobody_left, kept = survivors(n_risk, n_event)
    survival = np.multiply.accumulate(np.where(nobody_left, 0.0, 1.0 - n_event / n_risk))
    at = np.clip(grid.time, origin, horizon)
    width = np.diff(at, append=horizon)
    area = width * survival
    mean = float(at[0] - origin + area.sum())
    beyond = np.cumsum(area[::-1])[::-1]  # from each time to the horizon
    share = np.where((grid.time <= horizon) & ~nobody_left, n_event / (n_risk * kept), 0.0)
    if not jackknife:
        return mean, float((beyond**2 * share).sum())
    # What a row adds to survival at t is S(t) times the sum of `share` over the times at which it was at risk, less
    # S(t) / (n - d) from its own event on; integrated over t, each time counts with the area that lies beyond it.
    ahead = np.concatenate([np.cumsum((beyond * share)[::-1])[::-1], [0.0]])
    own = np.where(event & ~nobody_left[grid.last], beyond[grid.last] / kept[grid.last], 0.0)
    inside = ahead[grid.first] - ahead[grid.last + 1]
    influence = weights * (inside - np.where(grid.time[grid.last] <= horizon, own, 0.0))
    units = influence if person is None else np.bincount(person, weights=influence)
    return mean, float((units**2).sum())
