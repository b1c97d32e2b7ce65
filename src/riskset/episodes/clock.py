"""The clock of an outcome: each runs to its own event or to the end of follow-up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from riskset.episodes.events import Event, first_of_day
from riskset.episodes.persons import Persons
from riskset.episodes.tracks import Indices
from riskset.errors import EpisodeError
from riskset.tables.ticks import DAY, NEVER, Flags, Ticks


@dataclass(frozen=True)
class OutcomeClock:
    """Follow-up of one outcome.

    Parameters
    ----------
    stop : int64 array
        End of each person's clock: the first event, a competing one, or the end of follow-up; zero or less
        leaves at once.
    blocked : int64 array or None
        Per person the time from which no value may be used, where the event is known by date only.
    hit : int64 array
        Rows of the outcome that count, sorted by person and time.
    person, time : int64 arrays
        Of these.
    cause : int8 array
        Per person the competing event that stopped the clock, in the order given; -1 for none.
    """

    stop: Ticks
    blocked: Ticks | None
    hit: Indices
    person: Indices
    time: Ticks
    cause: np.ndarray

    @property
    def happened(self) -> Flags:
        """Whether a person has an event that counts."""
        happened = np.zeros(self.stop.size, dtype=np.bool_)
        happened[self.person] = True
        return happened


def end_of_follow_up(persons: Persons, events: tuple[Event, ...]) -> Ticks:
    """Give each person's end of follow-up, deaths and other ends among the events counted in.

    Parameters
    ----------
    persons : Persons
    events : tuple of Event

    Returns
    -------
    int64 array
        Ticks since entry.
    """
    end = persons.end
    for event in events:
        if event.ends_follow_up:
            first = np.full(persons.n, NEVER)
            np.minimum.at(first, event.person, event.time)
            time, by_date = first, np.zeros(persons.n, dtype=np.bool_)
            by_date[event.person] = event.by_date
            end = np.minimum(end, _on_exit_day(persons, time, by_date, end))
    return end


def _on_exit_day(persons: Persons, time: Ticks, by_date: Flags, end: Ticks) -> Ticks:
    """Move an event known by the date of the exit day to the exit: it counts, and cannot come after."""
    stamped_exit = ~persons.capped & by_date & (time > end) & (time - DAY < end)
    return np.where(stamped_exit, end, time)


def outcome_clock(
    persons: Persons, event: Event, end: Ticks, competing: Sequence[Event] = ()
) -> OutcomeClock:
    """Run the clock of an outcome: to its first event after entry, a competing one, or the end of follow-up.

    Parameters
    ----------
    persons : Persons
    event : Event
        A recurrent one does not stop its clock.
    end : int64 array
        End of follow-up per person.
    competing : sequence of Event
        Their first occurrence after entry stops the clock too; on the same day the outcome's own comes first.

    Returns
    -------
    OutcomeClock

    Raises
    ------
    EpisodeError
        If a recurrent event is known by date only where time counts to the second.
    """
    blocked = np.full(persons.n, NEVER)
    cause = np.full(persons.n, -1, dtype=np.int8)
    stop = end
    for number, other in enumerate(competing):
        known, by_date = other.first_after_entry(persons.n)
        time = _on_exit_day(persons, known, by_date, end)
        sooner = (time <= end) & ((time < stop) | ((time == stop) & (cause < 0)))
        stop = np.where(sooner, time, stop)
        cause = np.where(sooner, np.int8(number), cause)
        blocked = np.where(sooner, np.where(by_date, known - DAY, NEVER), blocked)
    if event.recurrent:
        clock = _every(persons, event, stop, cause)
    else:
        known, by_date = event.first_after_entry(persons.n)
        time = _on_exit_day(persons, known, by_date, stop)
        happened = time <= stop
        cause = np.where(happened, np.int8(-1), cause)
        blocked = np.where(happened, np.where(by_date, known - DAY, NEVER), blocked)
        later = np.flatnonzero(event.time > 0)
        who = event.person[later]
        first = later[np.r_[True, who[1:] != who[:-1]][: who.size]]
        hit = first[happened[event.person[first]]]
        person = event.person[hit]
        clock = OutcomeClock(np.where(happened, time, stop), None, hit, person, time[person], cause)
    return replace(clock, blocked=blocked if (blocked < NEVER).any() else None)


def _every(persons: Persons, event: Event, stop: Ticks, cause: np.ndarray) -> OutcomeClock:
    """Count every day with an event until the clock stops."""
    rows = np.flatnonzero(first_of_day(persons, event))
    person, by_date = event.person[rows], event.by_date[rows]
    end = stop[person]
    stamped = ~persons.capped[person] & by_date & (event.time[rows] > end) & (event.time[rows] - DAY < end)
    time = np.where(stamped, end, event.time[rows])
    counts = (time > 0) & (time <= end)
    counts[1:] &= (person[1:] != person[:-1]) | (time[1:] != time[:-1])
    if (by_date & counts).any() and persons.clock == "time":
        raise EpisodeError(
            "a recurrent event must be known to the time of day where the clock counts it",
            where=f"'{event.name}'",
            n_rows=int((by_date & counts).sum()),
            remedy='Use clock = "day", or take the first event only.',
        )
    return OutcomeClock(stop, None, rows[counts], person[counts], time[counts], cause)
