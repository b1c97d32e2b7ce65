"""A track: one covariate as steps in time, person by person.

Row k says that from `start[k]` (exclusive) until the person's next row the covariate is `value[k]`, known from
a raw row dated `source[k]`. Every person has a row at time 0, so looking back always finds one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from riskset.errors import EpisodeError
from riskset.tables.ticks import BEFORE, NEVER, Flags, Ticks, order_by_person_and_time, to_days

MOST_CUTS = 100_000_000  # of one build: more are not wanted, but a time scale of seconds read as days
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
    slope : float64 array, optional
        Change per day within a step, for what grows while it is in force. A row has the value at its entry.
    wrong : bool
        Wrong on purpose and labelled so: it may use the future, and nothing else may.
    """

    name: str
    person: Indices
    start: Ticks
    value: NDArray[Any]
    source: Ticks
    levels: tuple[str, ...] = ()
    slope: NDArray[np.float64] | None = None
    wrong: bool = False

    def take(self, keep: Flags) -> Track:
        """Keep some of the steps.

        Parameters
        ----------
        keep : bool array

        Returns
        -------
        Track
        """
        if keep.all():
            return self
        return replace(
            self,
            person=self.person[keep],
            start=self.start[keep],
            value=self.value[keep],
            source=self.source[keep],
            slope=None if self.slope is None else self.slope[keep],
        )

    def frozen(self) -> Track:
        """Keep what is in force on day 0, for good.

        Returns
        -------
        Track
        """
        return replace(self.take(self.start == 0), slope=None)

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
        return self.take(self.start < end[self.person])

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
    order = order_by_person_and_time(people, begins, in_runs=True)
    return Track(name, people[order], begins[order], values[order], sources[order], levels)


def settled(track: Track) -> Track:
    """Sort steps written in any order: of several at one time the last written stays, and the past becomes day 0.

    Parameters
    ----------
    track : Track
        Whose times may be negative; every person has a step at or before day 0.

    Returns
    -------
    Track
    """
    order = np.lexsort((track.start, track.person))  # stable: steps at one time stay as written
    person, start, value = track.person[order], track.start[order], track.value[order]
    source = track.source[order]
    slope = None if track.slope is None else track.slope[order]
    begin = np.maximum(start, 0)
    if slope is not None:
        # what has grown before day 0; the step of a person who never had any has no slope and no start
        value = value + slope * to_days(np.where(slope != 0, begin - start, 0))
    keep = np.ones(person.size, dtype=np.bool_)
    keep[:-1] = (person[1:] != person[:-1]) | (begin[1:] != begin[:-1])
    return replace(track, person=person, start=begin, value=value, source=source, slope=slope).take(keep)


def cut_where_it_grows(track: Track, every: int, stop: Ticks) -> Track:
    """Cut the steps whose value grows at multiples of `every` since entry.

    Parameters
    ----------
    track : Track
    every : int
        Ticks.
    stop : int64 array
        End of follow-up per person.

    Returns
    -------
    Track
        A row takes its value at its entry, so that it is never more than `every` out of date.

    Raises
    ------
    EpisodeError
        If that makes more rows than anybody wants.
    """
    if track.slope is None:
        return track
    until, _ = track.lengths(np.maximum(stop, 0))
    until = np.minimum(until, stop[track.person])
    first, last = track.start // every + 1, (until - 1) // every
    count = np.where(track.slope != 0, np.maximum(last - first + 1, 0), 0)
    if count.sum() > MOST_CUTS:
        raise EpisodeError(
            f"'{track.name}' grows and would cut the follow-up into more than {MOST_CUTS:,} pieces",
            remedy='Give a longer step, such as step = "365 days"; are the times days?',
        )
    which = np.repeat(np.arange(count.size), count)
    number = np.arange(which.size) - np.repeat(np.cumsum(count) - count, count)
    start = (first[which] + number) * every
    slope = track.slope[which]
    grown = track.value[which] + slope * to_days(start - track.start[which])
    more = replace(
        track, person=track.person[which], start=start, value=grown, source=track.source[which], slope=slope
    )
    together = replace(
        track,
        person=np.concatenate([track.person, more.person]),
        start=np.concatenate([track.start, more.start]),
        value=np.concatenate([track.value, grown]),
        source=np.concatenate([track.source, more.source]),
        slope=np.concatenate([track.slope, slope]),
    )
    return settled(together)
