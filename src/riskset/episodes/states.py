"""States that begin with an event: a history of stroke from the day after it, or the number of strokes so far."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from riskset.episodes.events import Event, first_of_day
from riskset.episodes.persons import Persons
from riskset.episodes.tracks import Track, settled
from riskset.tables.ticks import BEFORE, Ticks


@dataclass(frozen=True)
class AfterEvent:
    """A state that begins with an event, history included.

    Parameters
    ----------
    name : str
    event : Event
        One row per day.
    levels : tuple of str
        Before and after; empty where events are counted.
    """

    name: str
    event: Event
    levels: tuple[str, ...]

    def track(self, n_persons: int, blocked: Ticks | None) -> Track:
        """Give the steps of the state.

        Parameters
        ----------
        n_persons : int
        blocked : int64 array, optional
            Per person the time from which nothing may be used.

        Returns
        -------
        Track
        """
        person, time = self.event.person, self.event.time
        if blocked is not None:
            keep = time < blocked[person]
            person, time = person[keep], time[keep]
        return count_track(self.name, n_persons, person, time, self.levels)


def after_event(name: str, event: Event, persons: Persons, levels: tuple[str, ...]) -> AfterEvent:
    """Build the state after an event.

    Parameters
    ----------
    name : str
    event : Event
    persons : Persons
    levels : tuple of str
        Before and after; empty to count.

    Returns
    -------
    AfterEvent
    """
    first = first_of_day(persons, event)
    once = replace(
        event,
        person=event.person[first],
        time=event.time[first],
        by_date=event.by_date[first],
        component=None if event.component is None else event.component[first],
    )
    return AfterEvent(name, once, levels)


def count_track(
    name: str, n_persons: int, person: np.ndarray, time: Ticks, levels: tuple[str, ...] = ()
) -> Track:
    """Count events so far, or whether there was any.

    Parameters
    ----------
    name : str
    n_persons : int
    person, time : int64 arrays
        Sorted by person and time.
    levels : tuple of str
        Before and after the first; empty to count.

    Returns
    -------
    Track
        In force from the event, exclusive.
    """
    first = np.r_[True, person[1:] != person[:-1]][: person.size]
    number = np.arange(person.size) - np.flatnonzero(first)[np.cumsum(first) - 1] + 1
    if levels:
        person, time, number = person[first], time[first], np.ones(int(first.sum()))
    kind = np.int8 if levels else np.float64
    none = np.full(n_persons, BEFORE)
    return settled(
        Track(
            name,
            np.concatenate([np.arange(n_persons), person]),
            np.concatenate([none, time]),
            np.concatenate([np.zeros(n_persons), number]).astype(kind),
            np.concatenate([none, time]),
            levels,
        )
    )
