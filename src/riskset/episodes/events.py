"""Events and what they do to follow-up: each outcome has its own clock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl

from riskset.episodes.persons import PERSON, Persons, reject_times, select_rows
from riskset.episodes.tracks import Indices
from riskset.errors import EpisodeError
from riskset.tables import ROW, Rejects, nearest, parse_filter
from riskset.tables.ticks import DAY, NEVER, Flags, Ticks

NEEDS_TIME = "an event must have a date"


@dataclass(frozen=True)
class Event:
    """Events of one kind, sorted by person and time.

    Parameters
    ----------
    name : str
    person, time : arrays
        Ticks since entry; history is zero or less.
    by_date : bool array
        Known by date only: the time is the end of that day.
    ends_follow_up : bool
        As death does, for every outcome.
    counts : dict
        Rows selected, of others, rejected.
    """

    name: str
    person: Indices
    time: Ticks
    by_date: Flags
    ends_follow_up: bool
    counts: dict[str, int]

    def first_after_entry(self, n_persons: int) -> tuple[Ticks, Flags]:
        """Give each person's first event after entry, ``NEVER`` without one.

        Parameters
        ----------
        n_persons : int

        Returns
        -------
        time : int64 array
        by_date : bool array
        """
        time, by_date = np.full(n_persons, NEVER), np.zeros(n_persons, dtype=np.bool_)
        later = np.flatnonzero(self.time > 0)
        person = self.person[later]
        first = later[np.r_[True, person[1:] != person[:-1]]] if later.size else later
        time[self.person[first]] = self.time[first]
        by_date[self.person[first]] = self.by_date[first]
        return time, by_date


def read_event(
    persons: Persons,
    name: str,
    table: Any,
    *,
    time: str | None,
    at: str | None,
    where: str | None,
    ends_follow_up: bool,
    date_only: str | None,
) -> tuple[Event, Rejects]:
    """Read the events of one kind from a table of events or from a column of persons.

    Parameters are those of ``Timeline.event``.

    Returns
    -------
    event : Event
    rejects : Rejects

    Raises
    ------
    EpisodeError
        If neither or both are given, or a column does not exist.
    """
    if table is None and time is None and at is not None:
        return _of_persons(
            persons, name, at=at, where=where, ends_follow_up=ends_follow_up, date_only=date_only
        )
    if table is not None and time is not None and at is None:
        return _of_table(
            persons, name, table, time=time, where=where, ends_follow_up=ends_follow_up, date_only=date_only
        )
    raise EpisodeError(
        f"event '{name}' needs either a table and its time, or a column of persons",
        where=f"'{name}'",
        remedy='Write event(name, table, time="date") or event(name, at="death_date").',
    )


def _of_table(
    persons: Persons,
    name: str,
    table: Any,
    *,
    time: str,
    where: str | None,
    ends_follow_up: bool,
    date_only: str | None,
) -> tuple[Event, Rejects]:
    """Read the events of one kind from a table of events."""
    columns = [c for c in (time, date_only) if c is not None]
    selection = select_rows(persons, table, columns, where=where, name=name)
    frame, rejects = selection.frame, selection.rejects
    wrong = frame[ROW].is_in(rejects.frame["row"].implode()).to_numpy()
    flag = None if date_only is None else frame[date_only]
    times, bad, outside = persons.times(
        frame[time], where=f"{selection.source}, column '{time}'", date_only=flag
    )
    rejects, wrong_time = reject_times(rejects, selection, time, bad, outside)
    wrong |= wrong_time
    undated = ~times.known & ~wrong
    rejects = rejects.add(selection.source, frame[ROW].filter(pl.Series(undated)), time, NEEDS_TIME)
    keep = ~(wrong | undated)
    person = frame[PERSON].to_numpy()[keep]
    event = _sorted(
        name, person, times.ticks[keep] - persons.origin[person], times.by_date[keep], ends_follow_up
    )
    counts = {
        "selected": selection.rows_selected,
        "of others": selection.rows_of_others,
        "rejected": int(frame.height - keep.sum()),
    }
    return Event(name, *event, ends_follow_up, counts), rejects


def _of_persons(
    persons: Persons, name: str, *, at: str, where: str | None, ends_follow_up: bool, date_only: str | None
) -> tuple[Event, Rejects]:
    """Read an event that stands in the table of persons: a time per person, empty without one."""
    frame = persons.frame
    for column in [c for c in (at, date_only) if c is not None]:
        if column not in frame.columns:
            raise EpisodeError(
                f"the column '{column}' does not exist",
                where=persons.source,
                remedy=nearest(column, frame.columns),
            )
    chosen = np.ones(persons.n, dtype=np.bool_)
    if where is not None:
        rows = parse_filter(where, where=f"'{name}'").rows(frame, where=persons.source)
        chosen = rows.fill_null(value=False).to_numpy()
    flag = None if date_only is None else frame[date_only]
    times, bad, outside = persons.times(frame[at], where=f"{persons.source}, column '{at}'", date_only=flag)
    wrong = (bad | outside).to_numpy() & chosen
    rejects = Rejects().add(persons.source, frame[ROW].filter(pl.Series(wrong)), at, NEEDS_TIME)
    keep = chosen & times.known & ~wrong
    person = np.flatnonzero(keep)
    event = _sorted(
        name, person, times.ticks[keep] - persons.origin[keep], times.by_date[keep], ends_follow_up
    )
    counts = {"selected": int(keep.sum() + wrong.sum()), "of others": 0, "rejected": int(wrong.sum())}
    return Event(name, *event, ends_follow_up, counts), rejects


def _sorted(
    name: str, person: Indices, time: Ticks, by_date: Flags, ends_follow_up: bool
) -> tuple[Indices, Ticks, Flags]:
    # Of an event known to the minute and by date at the same instant, the less certain comes first.
    if ends_follow_up and (time < 0).any():
        raise EpisodeError(
            f"'{name}' ends follow-up and lies before entry",
            n_rows=int((time < 0).sum()),
            remedy="Correct the dates, or exclude these persons by a rule of eligibility.",
        )
    order = np.lexsort((~by_date, time, person))
    return person[order], time[order], by_date[order]


@dataclass(frozen=True)
class OutcomeClock:
    """Follow-up of one outcome.

    Parameters
    ----------
    stop : int64 array
        End of each person's clock: the first event or the end of follow-up; zero or less leaves at once.
    happened : bool array
        Whether the clock ends with the event.
    blocked : int64 array or None
        Per person the time from which no value may be used, where the event is known by date only.
    """

    stop: Ticks
    happened: Flags
    blocked: Ticks | None


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


def outcome_clock(persons: Persons, event: Event, end: Ticks) -> OutcomeClock:
    """Run the clock of an outcome: to its first event after entry or the end of follow-up.

    Parameters
    ----------
    persons : Persons
    event : Event
    end : int64 array
        End of follow-up per person.

    Returns
    -------
    OutcomeClock
    """
    known, by_date = event.first_after_entry(persons.n)
    time = _on_exit_day(persons, known, by_date, end)
    happened = time <= end
    blocked = None
    dated = happened & by_date
    if dated.any():
        blocked = np.where(dated, known - DAY, NEVER)
    return OutcomeClock(np.where(happened, time, end), happened, blocked)
