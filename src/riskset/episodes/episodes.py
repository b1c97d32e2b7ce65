"""Episodes of one outcome: (entry, exit] rows with everything in force, and the audit of how they came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from riskset.episodes.audit import AuditLine, EpisodeAudit, audit_lines, audit_measure
from riskset.episodes.build import Cuts, cut, frame_of, require_no_future
from riskset.episodes.events import Event, OutcomeClock, end_of_follow_up, outcome_clock
from riskset.episodes.persons import Persons
from riskset.episodes.tracks import Track
from riskset.errors import EpisodeError
from riskset.tables import Filter
from riskset.tables.ticks import DAY


@dataclass(frozen=True)
class Episodes:
    """(entry, exit] rows of one outcome.

    Parameters
    ----------
    frame : pl.DataFrame
        id, entry, exit (days since entry), the outcome (true on the row that ends with it), covariates. Sorted
        by id and entry. Missing values are null.
    id, entry, exit, event : str
        Names of these columns.
    audit : EpisodeAudit
    unit : str
        Of entry and exit.
    """

    frame: pl.DataFrame
    id: str
    entry: str
    exit: str
    event: str
    audit: EpisodeAudit
    unit: str = "days"

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """Hand the rows to any data frame library through the Arrow interface."""
        return self.frame.__arrow_c_stream__(requested_schema)

    def __len__(self) -> int:
        """Count the rows."""
        return self.frame.height

    def __repr__(self) -> str:
        """Count persons, rows, events and person-time; show no value."""
        a = self.audit
        return (
            f"Episodes({self.event}: {a.persons_out:,} persons, {a.rows_out:,} rows, {a.events_out:,} events, "
            f"{a.person_days_out:,.1f} person-days)"
        )


def build_episodes(
    persons: Persons,
    *,
    outcome: Event,
    events: Sequence[Event],
    tracks_for: Any,
    carried: pl.DataFrame,
    derived: Sequence[tuple[str, Filter]],
    n_rejected: int,
    notes: Sequence[AuditLine],
) -> Episodes:
    """Build the episodes of one outcome and audit them.

    Parameters
    ----------
    persons : Persons
    outcome : Event
        Whose first occurrence after entry ends each clock.
    events : sequence of Event
        All events of the timeline: those that end follow-up end it here too.
    tracks_for : callable
        From the time per person at which knowledge is blocked (or None) to the tracks.
    carried : pl.DataFrame
        Columns fixed at entry, per person.
    derived : sequence of (name, Filter)
        Expressions over the columns in force.
    n_rejected : int
        Persons set aside before.
    notes : sequence of AuditLine
        Findings from reading.

    Returns
    -------
    Episodes

    Raises
    ------
    EpisodeError
        If a value would use the future, or anything does not add up.
    """
    end = end_of_follow_up(persons, tuple(events))
    clock = outcome_clock(persons, outcome, end)
    tracks = [track.until(clock.stop) for track in tracks_for(clock.blocked)]
    members = clock.stop > 0
    if not members.any():
        raise EpisodeError(
            "nobody has follow-up",
            where=f"outcome '{outcome.name}'",
            remedy="Check entry and exit: every exit is on day 0.",
        )
    cuts = cut(clock.stop, tracks)
    require_no_future(cuts, tracks)
    happened = clock.happened & members
    frame = frame_of(persons.frame[persons.id], carried, cuts, tracks, outcome.name, happened)
    frame = derive(frame, derived)
    others = [event for event in events if event.name != outcome.name]
    audit = _audit(persons, outcome, others, end, clock, cuts, tracks, members, happened, n_rejected, notes)
    return Episodes(frame, persons.id, "entry", "exit", outcome.name, audit)


def derive(frame: pl.DataFrame, derived: Sequence[tuple[str, Filter]]) -> pl.DataFrame:
    """Add columns computed row by row from the columns in force.

    Parameters
    ----------
    frame : pl.DataFrame
    derived : sequence of (name, Filter)

    Returns
    -------
    pl.DataFrame
    """
    for name, expression in derived:
        frame = frame.with_columns(expression.values(frame, where=f"'{name}'").alias(name))
    return frame


def _audit(
    persons: Persons,
    outcome: Event,
    others: Sequence[Event],
    end: np.ndarray,
    clock: OutcomeClock,
    cuts: Cuts,
    tracks: Sequence[Track],
    members: np.ndarray,
    happened: np.ndarray,
    n_rejected: int,
    notes: Sequence[AuditLine],
) -> EpisodeAudit:
    """Count what went in and what came out, and stop if they differ by a single tick."""
    follow_up = np.maximum(end, 0)
    given, out = int(follow_up.sum()), int((cuts.exit - cuts.entry).sum())
    after_event = int((follow_up - np.maximum(clock.stop, 0)).sum())
    n_out = int(cuts.last[happened[cuts.person]].sum())
    who, time = outcome.person, outcome.time
    history = time <= 0
    inside = members[who]
    counted = np.zeros(who.size, dtype=np.bool_)
    eligible = np.flatnonzero(~history & inside & happened[who])
    person = who[eligible]
    counted[eligible[np.r_[True, person[1:] != person[:-1]]] if eligible.size else eligible] = True
    late = ~history & inside & ~counted & (time > end[who])
    again = ~history & inside & ~counted & ~late
    without = ~history & ~inside
    audit = EpisodeAudit(
        outcome=outcome.name,
        persons_in=persons.n + n_rejected,
        persons_out=int(members.sum()),
        persons_rejected=n_rejected,
        persons_without_follow_up=int((~members).sum()),
        rows_out=int(cuts.entry.size),
        events_in=outcome.counts["selected"],
        events_out=n_out,
        events_history=int(history.sum()),
        events_later=int(again.sum()),
        events_after_exit=int(late.sum()),
        events_of_others=outcome.counts["of others"],
        events_rejected=outcome.counts["rejected"],
        events_without_follow_up=int(without.sum()),
        events_on_exit_day=int((happened & (clock.stop == end)).sum()),
        events_with_another=int(_with_another(others, clock, happened).sum()),
        person_days_in=given / DAY,
        person_days_out=out / DAY,
        person_days_after_event=after_event / DAY,
        measures=tuple(audit_measure(t, np.maximum(clock.stop, 0), members) for t in tracks if not t.levels),
    )
    if given != out + after_event or not audit.balances:
        raise EpisodeError(
            "persons, events or person-time do not add up",
            where=f"outcome '{outcome.name}'",
            remedy="This is a defect of riskset: please report it.",
        )
    return replace(audit, lines=(*notes, *audit_lines(audit)))


def _with_another(others: Sequence[Event], clock: OutcomeClock, happened: np.ndarray) -> np.ndarray:
    """Mark persons whose event falls together with an event of another kind."""
    together = np.zeros(happened.size, dtype=np.bool_)
    for other in others:
        same = happened[other.person] & (other.time == clock.stop[other.person])
        together[other.person[same]] = True
    return together
