"""A track: one covariate as steps in time, person by person.

Row k says that from `start[k]` (exclusive) until the person's next row the covariate is `value[k]`, known from
a raw row dated `source[k]`. Every person has a row at time 0, so looking back always finds one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskset.tables.ticks import BEFORE, NEVER, Ticks, order_by_person_and_time

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Track:
    """Steps of one covariate, sorted by person and start.

    Parameters
    ----------
    name : str
    person : int64 array
        Position of the person.
    start : int64 array
        Ticks since entry, zero or more; in force from here, exclusive.
    value : float64 or int8 array
        Numbers (NaN = missing) or positions in `levels`.
    source : int64 array
        Ticks of the raw row that says so, or ``BEFORE`` where none does.
    levels : tuple of str
        Names of a state; empty for numbers.
    """

    name: str
    person: Indices
    start: Ticks
    value: NDArray[Any]
    source: Ticks
    levels: tuple[str, ...] = ()

    def until(self, end: Ticks) -> Track:
        """Keep the steps that begin before each person's end.

        Parameters
        ----------
        end : int64 array
            Ticks per person.

        Returns
        -------
        Track
        """
        keep = self.start < end[self.person]
        if keep.all():
            return self
        return Track(
            self.name, self.person[keep], self.start[keep], self.value[keep], self.source[keep], self.levels
        )

    def lengths(self, end: Ticks) -> tuple[Ticks, Ticks]:
        """Give each step its end and its length.

        Parameters
        ----------
        end : int64 array
            End of follow-up per person, after every step of that person.

        Returns
        -------
        stop, length : int64 arrays
        """
        stop = np.empty_like(self.start)
        stop[:-1] = self.start[1:]
        last = np.empty(self.person.size, dtype=np.bool_)
        last[:-1] = self.person[1:] != self.person[:-1]
        last[-1:] = True
        stop[last] = end[self.person[last]]
        return stop, stop - self.start


def steps(
    name: str,
    n_persons: int,
    person: Indices,
    start: Ticks,
    expiry: Ticks,
    value: NDArray[Any],
    source: Ticks,
    *,
    empty: Any,
    lapsed: Any,
    levels: tuple[str, ...] = (),
) -> Track:
    """Turn values in force from `start` until the next one or `expiry` into a track.

    Parameters
    ----------
    name : str
    n_persons : int
    person, start, expiry, value, source : arrays
        Sorted by person and start, one row per person and start; times may be negative (history).
    empty : value
        Before the first row of a person.
    lapsed : value
        After expiry.
    levels : tuple of str

    Returns
    -------
    Track
    """
    # Of the history, only the last row of each person can still be in force on day 0.
    past = start <= 0
    replaced = np.zeros(person.size, dtype=np.bool_)
    replaced[:-1] = past[:-1] & past[1:] & (person[1:] == person[:-1])
    if replaced.any():
        keep = ~replaced
        person, start, expiry, value, source = (
            person[keep],
            start[keep],
            expiry[keep],
            value[keep],
            source[keep],
        )
    following = np.full(person.size, NEVER)
    same = person[1:] == person[:-1]
    following[:-1][same] = start[1:][same]
    lapse = expiry < following
    begin = np.maximum(start, 0)
    # A value that has lapsed before it could be in force leaves only its lapse behind.
    live = ~(lapse & (expiry <= begin))
    opened = np.zeros(n_persons, dtype=np.bool_)
    opened[person[start <= 0]] = True
    bare = np.flatnonzero(~opened)
    kind = value.dtype
    people = np.concatenate([bare, person[live], person[lapse]])
    begins = np.concatenate([np.zeros(bare.size, dtype=np.int64), begin[live], np.maximum(expiry[lapse], 0)])
    values = np.concatenate(
        [np.full(bare.size, empty, kind), value[live], np.full(int(lapse.sum()), lapsed, kind)]
    )
    none = np.full(bare.size, BEFORE)
    sources = np.concatenate([none, source[live], source[lapse]])
    order = order_by_person_and_time(people, begins)
    return Track(name, people[order], begins[order], values[order], sources[order], levels)
