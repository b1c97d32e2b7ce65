"""Event-time index: where each row enters and leaves the sequence of event times.

The only thing that a partial likelihood needs to know about time is the order of event times. Each stratum
gets one slot per distinct event time, after a base slot 0 that stands for "before the first event". Row i is
at risk at slot k of its stratum iff ``lo_i < k <= hi_i``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskset.kernel.arrays import Bools, Floats, Ints, Slots

# R's aeqSurv: times whose gap, absolute or relative to the mean, is below this are one time.
TIMEFIX = float(np.sqrt(np.finfo(np.float64).eps))


@dataclass(frozen=True, slots=True)
class EventTimeIndex:
    """Rows placed on the slots of their stratum's event times.

    Attributes
    ----------
    kept : int array (n,) or None
        Which of the given rows are ever at risk at an event time with positive weight; None if all are.
        All row-wise arrays below, and the covariates used with the index, are these rows in this order.
    lo, hi : int32 array (n,)
        Slot of the last event time at or before entry, and at or before exit.
    weight : float array (n,) or None
        Case weights; None where all are one.
    base : int array (n_strata + 1,)
        First slot of each stratum, and the number of slots at the end.
    death_row : int array (E,)
        Rows with an event, sorted by slot.
    death_weight : float array (E,)
        Their case weights.
    event_slot : int array (D,)
        Slots that hold events: every slot but the bases.
    event_time : float array (D,)
        The distinct event times, by stratum.
    first_death : int array (D,)
        Position in ``death_row`` of the first death of each event time.
    fraction : float array (E,)
        j/m for the j-th of m tied deaths under Efron's method; zero under Breslow's.
    step_weight : float array (E,)
        Mean weight of the deaths at the same time.
    delayed_entry : bool
        Whether any row enters after its stratum's first event time.
    exact : bool
        Whether tied deaths are taken by their conditional likelihood; fractions are then zero.
    """

    kept: Ints | None
    lo: Slots
    hi: Slots
    weight: Floats | None
    base: Ints
    death_row: Ints
    death_weight: Floats
    event_slot: Ints
    event_time: Floats
    first_death: Ints
    fraction: Floats
    step_weight: Floats
    delayed_entry: bool
    exact: bool = False

    @property
    def n_rows(self) -> int:
        """Rows that are ever at risk."""
        return self.hi.size

    @property
    def n_slots(self) -> int:
        """Event times plus one base slot per stratum."""
        return int(self.base[-1])

    @property
    def deaths_per_time(self) -> Ints:
        """Number of deaths at each event time."""
        return np.diff(self.first_death, append=self.death_row.size)


def build_index(
    entry: Floats | None,
    exit: Floats,
    event: Bools,
    *,
    stratum: Ints | None = None,
    weight: Floats | None = None,
    ties: str = "efron",
    timefix: bool = True,
    stays: Bools | None = None,
) -> EventTimeIndex:
    """Place rows ``(entry, exit]`` on the event times of their stratum.

    Parameters
    ----------
    entry : float array (n,) or None
        Start of each row's time at risk, exclusive; None when all rows are at risk from the beginning.
    exit : float array (n,)
        End of each row's time at risk, inclusive.
    event : bool array (n,)
        Whether the row ends with an event.
    stratum : int array (n,), optional
        Codes 0, 1, ... of the stratum.
    weight : float array (n,), optional
        Case weights; rows of weight zero leave before ties are counted.
    ties : {"efron", "breslow", "exact"}
        How tied event times are taken.
    timefix : bool
        Treat times closer than R's tolerance as one.
    stays : bool array (n,), optional
        Rows that are kept though no event happens between their entry and exit: see `riskset.kernel.fading`.

    Returns
    -------
    EventTimeIndex

    Examples
    --------
    >>> import numpy as np
    >>> index = build_index(None, np.array([3.0, 1.0, 1.0, 2.0]), np.array([True, True, True, False]))
    >>> index.event_time
    array([1., 3.])
    >>> index.hi
    array([2, 1, 1, 1], dtype=int32)
    """
    kept: Ints | None = None
    if weight is not None and not weight.all():
        kept = np.flatnonzero(weight)
        entry = None if entry is None else entry[kept]
        exit, event, weight = exit[kept], event[kept], weight[kept]
        stratum = None if stratum is None else stratum[kept]
        stays = None if stays is None else stays[kept]

    times = _distinct_event_times(entry, exit, event, timefix=timefix)
    hi = _rank(times, exit)
    lo = np.zeros_like(hi) if entry is None else _rank(times, entry)
    if stratum is None:
        base = np.array([0, times.size + 1])
        event_slot = np.arange(1, times.size + 1)
    else:
        n_strata = int(stratum.max(initial=0)) + 1
        width = times.size + 1
        key = stratum * width
        event_keys = np.unique((key + hi)[event])
        # A stratum's slots follow those of the strata before it, each of which has one base slot besides.
        hi = (np.searchsorted(event_keys, key + hi, side="right") + stratum).astype(np.int32)
        lo = (np.searchsorted(event_keys, key + lo, side="right") + stratum).astype(np.int32)
        event_stratum = event_keys // width
        base = np.concatenate(
            ([0], np.cumsum(np.bincount(event_stratum, minlength=n_strata) + 1, dtype=np.int64))
        )
        event_slot = np.arange(event_keys.size) + event_stratum + 1
        times = times[event_keys % width - 1]

    at_risk = hi > lo if stays is None else (hi > lo) | stays
    if not at_risk.all():
        inside = np.flatnonzero(at_risk)
        kept = inside if kept is None else kept[inside]
        lo, hi, event = lo[inside], hi[inside], event[inside]
        weight = None if weight is None else weight[inside]
        stratum = None if stratum is None else stratum[inside]
    if weight is not None and bool((weight == 1.0).all()):
        weight = None

    death_row = np.flatnonzero(event)
    death_row = death_row[np.argsort(hi[death_row], kind="stable")]
    death_slot = hi[death_row]
    first_death = np.searchsorted(death_slot, event_slot, side="left")
    m = np.diff(first_death, append=death_row.size)
    death_weight = np.ones(death_row.size) if weight is None else weight[death_row]
    total = np.add.reduceat(death_weight, first_death) if m.size else np.zeros(0)
    j = np.arange(death_row.size) - np.repeat(first_death, m)
    if ties == "efron":
        fraction = j / np.repeat(m, m)
    elif ties in {"breslow", "exact"}:
        fraction = np.zeros(death_row.size)
    else:
        raise ValueError(f"ties must be 'efron', 'breslow' or 'exact', not {ties!r}")
    return EventTimeIndex(
        kept=kept,
        lo=lo,
        hi=hi,
        weight=weight,
        base=base,
        death_row=death_row,
        death_weight=death_weight,
        event_slot=event_slot,
        event_time=times,
        first_death=first_death,
        fraction=fraction,
        step_weight=np.repeat(total / np.maximum(m, 1), m),
        delayed_entry=bool((lo > (0 if stratum is None else base[stratum])).any()),
        exact=ties == "exact",
    )


def _distinct_event_times(entry: Floats | None, exit: Floats, event: Bools, *, timefix: bool) -> Floats:
    """Event times in order, each group of times within R's tolerance by its smallest member."""
    times = np.unique(exit[event])
    if not timefix or times.size == 0 or _whole(entry, exit):
        return times
    # As aeqSurv: every time, entries too, takes part in the chain of near-equal times, and the tolerance is
    # relative to the mean of the distinct values.
    y = np.unique(exit if entry is None else np.concatenate((entry, exit)))
    y = y[np.isfinite(y)]
    gap = np.diff(y)
    tied = (gap <= TIMEFIX) | (gap / np.abs(y).mean() <= TIMEFIX)
    if not tied.any():
        return times
    cuts = y[np.concatenate(([True], ~tied))]
    return np.unique(cuts[np.searchsorted(cuts, times, side="right") - 1])


def _whole(entry: Floats | None, exit: Floats) -> bool:
    """Whether all times are whole numbers so small that one apart is never within the tolerance."""
    for t in (exit, entry):
        if t is None:
            continue
        if t.size and not (t[0] == np.rint(t[0]) and np.abs(t).max() < 0.5 / TIMEFIX):
            return False
        if not np.array_equal(t, np.rint(t)):
            return False
    return True


def _rank(times: Floats, t: Floats) -> Slots:
    """How many of the sorted ``times`` are at or before each ``t``."""
    if times.size == 0:
        return np.zeros(t.size, dtype=np.int32)
    low, high = float(times[0]), float(times[-1])
    span = high - low
    if np.isfinite(t).all() and span < 4 * t.size and np.array_equal(times, np.rint(times)):
        # Whole event times in a narrow range: a table replaces the binary search. floor() is exact here
        # because "at or before t" and "at or before floor(t)" are the same for whole numbers.
        table = np.zeros(int(span) + 2, dtype=np.int32)
        table[(times - low).astype(np.int64) + 1] = 1
        np.cumsum(table, out=table)
        place = np.clip(np.floor(t) - low, -1.0, span).astype(np.int64)
        place += 1
        return table[place]
    return np.searchsorted(times, t, side="right").astype(np.int32)
