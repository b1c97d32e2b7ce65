"""The chance W(t-) of being still under observation: censoring, and entry where it is delayed.

G is the Kaplan-Meier curve of the time to censoring, for which events end observation; H the same with time running
backwards, for entries. W = G x H. Rows of one person that follow each other are one stay: only the first enters and
only the last can be censored.

References
----------
Geskus, R. B. (2011). Cause-specific cumulative incidence estimation and the Fine and Gray model under both left
truncation and right censoring. Biometrics 67, 39-49.
"""

from __future__ import annotations

import numpy as np

from riskset.kernel.arrays import Bools, Floats, Ints


def observed_before(
    entry: Ints | None,
    exit: Ints,
    *,
    event: Bools,
    first: Bools | None = None,
    last: Bools | None = None,
    n_times: int,
    ties_censoring: str = "after",
    delayed: bool = True,
) -> Floats:
    """Chance W(t-) of being under observation just before each time, shape (n_times,).

    Parameters
    ----------
    entry, exit : int arrays (n,)
        Places of the rows' times among the distinct times; None where all are at risk from the start.
    event : bool array (n,)
        Whether the row ends with an event of any kind.
    first, last : bool arrays (n,), optional
        First and last row of each person; each row is a person by default.
    n_times : int
    ties_censoring : {"after", "with"}
        Whether those who have an event at a time have left before others are censored at it.
    delayed : bool
        Whether entries take part in W, or only in who is at risk.

    Examples
    --------
    >>> import numpy as np
    >>> exit, event = np.array([0, 1, 1, 2]), np.array([True, True, False, False])
    >>> observed_before(None, exit, event=event, n_times=3)
    array([1. , 1. , 0.5])
    >>> observed_before(None, exit, event=event, n_times=3, ties_censoring="with").round(3)
    array([1.   , 1.   , 0.667])
    """
    censored = ~event if last is None else last & ~event
    at_risk = np.cumsum(_count(exit, n_times)[::-1])[::-1]
    if entry is not None:
        # At risk at t: entry < t <= exit.
        at_risk = at_risk - np.append(np.cumsum(_count(entry, n_times)[::-1])[::-1], 0.0)[:-1]
    if ties_censoring == "after":
        at_risk = at_risk - _count(exit[event], n_times)
    G = np.cumprod(_kept(_count(exit[censored], n_times), at_risk))
    before = np.concatenate(([1.0], G[:-1]))
    if entry is None or not delayed:
        return before
    # Backwards, those at risk at an entry time e have entry <= e < exit.
    entered = np.cumsum(_count(entry, n_times)) - np.cumsum(_count(exit, n_times))
    starts = _count(entry if first is None else entry[first], n_times)
    return np.multiply(before, np.cumprod(_kept(starts, entered)[::-1])[::-1])


def _count(place: Ints, n: int) -> Floats:
    return np.bincount(place, minlength=n).astype(np.float64)


def _kept(leaving: Floats, at_risk: Floats) -> Floats:
    return 1.0 - np.divide(leaving, at_risk, out=np.zeros(leaving.size), where=leaving > 0)
