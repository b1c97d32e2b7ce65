"""Events: from raw rows, persons or several sources to times since entry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from riskset.cohort import FirstKnown, Source, first_known
from riskset.episodes.audit import AuditLine
from riskset.episodes.persons import PERSON, Persons, reject_times, select_rows
from riskset.episodes.tracks import Indices
from riskset.errors import EpisodeError, counted
from riskset.tables import (
    ROW,
    Matched,
    Rejects,
    as_frame,
    match_every,
    match_filter,
    nearest,
    parse_filter,
)
from riskset.tables.ticks import DAY, NEVER, Flags, Ticks

NEEDS_TIME = "an event must have a date"
DISAGREE = "the two records of the event must agree"


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
    recurrent : bool
        Every day with an event counts, and follow-up goes on after it.
    components : tuple of str
        Events that a composite is made of, those that end follow-up first.
    component : int8 array, optional
        Which of them a row is.
    set_aside : bool array, optional
        Persons whose sources of the event disagree.
    notes : tuple of AuditLine
    matched : tuple of Matched
        What its filter matched in each table that it reads.
    """

    name: str
    person: Indices
    time: Ticks
    by_date: Flags
    ends_follow_up: bool
    counts: dict[str, int]
    recurrent: bool = False
    components: tuple[str, ...] = ()
    component: np.ndarray | None = None
    set_aside: Flags | None = None
    notes: tuple[AuditLine, ...] = ()
    matched: tuple[Matched, ...] = ()

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
    at_where: str | None,
    ends_follow_up: bool,
    date_only: str | None,
    recurrent: bool,
    at_date_only: str | None = None,
) -> tuple[Event, Rejects]:
    """Read the events of one kind from a table of events, from a column of persons, or from several sources.

    Parameters are those of ``Timeline.event``.

    Returns
    -------
    event : Event
    rejects : Rejects

    Raises
    ------
    EpisodeError
        If nothing says where the events are, or a column does not exist.
    """
    if (at_where is not None or at_date_only is not None) and (table is None or at is None):
        raise EpisodeError(
            "at_where and at_date_only speak of a second record, a column of persons beside a table",
            where=f"'{name}'",
            remedy="Where there is one record, write where and date_only.",
        )
    notes: tuple[AuditLine, ...] = ()
    read: tuple[Matched, ...] = ()
    if isinstance(table, Sequence) and not isinstance(table, str) and table:
        sources = [s for s in table if isinstance(s, Source)]
        if len(sources) == len(table):
            read = tuple(_matched(persons, s.frame, s.where, s.name) for s in sources)
            table = first_known(sources, id=persons.id, clock=persons.clock)
    if isinstance(table, FirstKnown):
        notes, time, date_only = _source_notes(name, table), "time", "date_only"
        table = table.frame
    if table is None and time is None and at is not None:
        event, rejects = _of_persons(
            persons, name, at=at, where=where, ends_follow_up=ends_follow_up, date_only=date_only
        )
    elif table is not None and time is not None:
        event, rejects = _of_table(
            persons, name, table, time=time, where=where, ends_follow_up=ends_follow_up, date_only=date_only
        )
        if at is not None:
            other, more = _of_persons(
                persons, name, at=at, where=at_where, ends_follow_up=ends_follow_up, date_only=at_date_only
            )
            event, more = _agreeing(persons, event, other, more, at)
            rejects = rejects.extend(more.frame)
    else:
        raise EpisodeError(
            f"event '{name}' needs a table and its time, a column of persons, or sources in order of trust",
            where=f"'{name}'",
            remedy='Write event(name, table, time="date") or event(name, at="death_date").',
        )
    return replace(event, recurrent=recurrent, notes=notes, matched=read or event.matched), rejects


def _matched(persons: Persons, table: Any, where: str | None, source: str) -> Matched:
    frame = as_frame(table, where=source)
    if where is None:
        return match_every(frame, id=persons.id, table=source)
    return match_filter(frame, where, id=persons.id, table=source)


def _source_notes(name: str, known: FirstKnown) -> tuple[AuditLine, ...]:
    """Tell where the times of an event come from, and where its sources disagree."""
    lines = [AuditLine(name, f"dated by {source}", n) for source, n in known.by_source.items()]
    lines += [
        AuditLine(
            name,
            f"{c.first} and {c.second} disagree by up to {counted(c.largest_difference_days, 'day', ',.3g')} "
            f"(of {c.n_both:,} with both)",
            c.n_both - c.n_agree,
            "warning",
        )
        for c in known.comparisons
        if c.contradicts
    ]
    return tuple(lines)


def _agreeing(
    persons: Persons, first: Event, second: Event, rejects: Rejects, column: str
) -> tuple[Event, Rejects]:
    """Join the two records of an event that happens once; persons whose records disagree are rejects."""
    sides = []
    for event in (first, second):
        # the day that a record names: one known by date stands at the end of its day
        day = (persons.origin[event.person] + event.time - event.by_date) // DAY
        one = np.r_[True, event.person[1:] != event.person[:-1]][: event.person.size]
        days = np.full(persons.n, NEVER)
        days[event.person[one]] = day[one]
        exact = np.full(persons.n, NEVER)
        exact[event.person[one]] = np.where(event.by_date[one], NEVER, event.time[one])
        sides.append((days, exact))
    (days, exact), (other_days, other_exact) = sides
    both = (days < NEVER) & (other_days < NEVER)
    stamped = both & (exact < NEVER) & (other_exact < NEVER)
    apart = both & np.where(stamped, exact != other_exact, days != other_days)
    rejects = rejects.add(persons.source, persons.frame[ROW].filter(pl.Series(apart)), column, DISAGREE)
    more = ~both[second.person]  # where both records exist and agree, one of them counts
    counts = {key: first.counts[key] + second.counts[key] for key in first.counts}
    counts["second record"] = int((~more).sum())
    counts["selected"] -= counts["second record"]
    person = np.concatenate([first.person, second.person[more]])
    time = np.concatenate([first.time, second.time[more]])
    by_date = np.concatenate([first.by_date, second.by_date[more]])
    joined = _sorted(person, time, by_date)
    matched = (*first.matched, *second.matched)
    return Event(first.name, *joined, first.ends_follow_up, counts, set_aside=apart, matched=matched), rejects


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
    since_entry = times.ticks[keep] - persons.origin[person]
    if ends_follow_up:
        rows = frame[ROW].filter(pl.Series(keep))
        _require_after_entry(name, since_entry, rows, f"{selection.source}, column '{time}'")
    event = _sorted(person, since_entry, times.by_date[keep])
    counts = {
        "selected": selection.rows_selected,
        "of others": selection.rows_of_others,
        "rejected": int(frame.height - keep.sum()),
    }
    return Event(name, *event, ends_follow_up, counts, matched=(selection.matched,)), rejects


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
    since_entry = times.ticks[keep] - persons.origin[keep]
    if ends_follow_up:
        _require_after_entry(
            name, since_entry, frame[ROW].filter(pl.Series(keep)), f"{persons.source}, column '{at}'"
        )
    event = _sorted(person, since_entry, times.by_date[keep])
    counts = {"selected": int(keep.sum() + wrong.sum()), "of others": 0, "rejected": int(wrong.sum())}
    matched = _matched(persons, frame, where, persons.source)
    return Event(name, *event, ends_follow_up, counts, matched=(matched,)), rejects


def _require_after_entry(name: str, time: Ticks, rows: pl.Series, where: str) -> None:
    """Refuse an event after which nobody is followed where it lies before entry, by file and row."""
    early = time < 0
    if early.any():
        raise EpisodeError(
            f"'{name}' ends follow-up and lies before entry",
            where=where,
            rows=sorted(rows.filter(pl.Series(early)).to_list()),
            remedy="Correct the dates, or leave these persons out by a rule of eligibility.",
        )


def _sorted(person: Indices, time: Ticks, by_date: Flags) -> tuple[Indices, Ticks, Flags]:
    # Of an event known to the minute and by date at the same instant, the less certain comes first.
    order = np.lexsort((~by_date, time, person))
    return person[order], time[order], by_date[order]


def composite(name: str, parts: Sequence[Event], persons: Persons, *, recurrent: bool) -> Event:
    """Join events into one outcome, whose components stay countable.

    Parameters
    ----------
    name : str
    parts : sequence of Event
    persons : Persons
    recurrent : bool

    Returns
    -------
    Event
        One row per person and day: of several on one day, the component that ends follow-up names it.
    """
    ranked = sorted(parts, key=lambda event: not event.ends_follow_up)  # stable: then in the order given
    person = np.concatenate([event.person for event in ranked])
    time = np.concatenate([event.time for event in ranked])
    by_date = np.concatenate([event.by_date for event in ranked])
    which = np.repeat(np.arange(len(ranked), dtype=np.int8), [event.person.size for event in ranked])
    day = event_day(persons, person, time, by_date)
    order = np.lexsort((~by_date, time, person))
    person, time, by_date = person[order], time[order], by_date[order]
    which, day = which[order], day[order]
    new = np.r_[True, (person[1:] != person[:-1]) | (day[1:] != day[:-1])][: person.size]
    first = np.flatnonzero(new)
    if first.size:
        which = np.minimum.reduceat(which, first)
    counts = {
        key: sum(event.counts[key] for event in ranked) for key in ("selected", "of others", "rejected")
    }
    counts["on one day"] = int(person.size - first.size)
    asides = [event.set_aside for event in ranked if event.set_aside is not None]
    return Event(
        name,
        person[first],
        time[first],
        by_date[first],
        ends_follow_up=False,
        counts=counts,
        recurrent=recurrent,
        components=tuple(event.name for event in ranked),
        component=which,
        set_aside=np.logical_or.reduce(asides) if asides else None,
    )


def event_day(persons: Persons, person: Indices, time: Ticks, by_date: Flags) -> Ticks:
    """Give each event its day: one day counts once.

    Parameters
    ----------
    persons : Persons
    person, time, by_date : arrays

    Returns
    -------
    int64 array
        Number of the calendar day, or the time itself where times are numbers of days.
    """
    return (persons.origin[person] + time - by_date) // DAY if persons.calendar else time


def first_of_day(persons: Persons, event: Event) -> Flags:
    """Mark the first row of each person and day.

    Parameters
    ----------
    persons : Persons
    event : Event

    Returns
    -------
    bool array
    """
    day = event_day(persons, event.person, event.time, event.by_date)
    return np.r_[True, (event.person[1:] != event.person[:-1]) | (day[1:] != day[:-1])][: event.person.size]
