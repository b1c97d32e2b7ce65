"""Episodes of one outcome: (entry, exit] rows with everything in force, and the audit of how they came about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl

from riskset.episodes.accounts import Built, account, together
from riskset.episodes.audit import AuditLine, EpisodeAudit
from riskset.episodes.build import column, cut, outcome_columns, require_no_future
from riskset.episodes.clock import end_of_follow_up, outcome_clock
from riskset.episodes.events import Event
from riskset.episodes.parts import Parts
from riskset.episodes.provenance import provenance_columns
from riskset.episodes.scales import Scale, scale_of
from riskset.episodes.states import count_track
from riskset.episodes.words import audit_lines
from riskset.errors import EpisodeError, counted
from riskset.tables import Filter


@dataclass(frozen=True)
class Episodes:
    """(entry, exit] rows of one outcome.

    Parameters
    ----------
    frame : pl.DataFrame
        id, entry, exit (days since entry, or the time scale asked for), the outcome (true on the row that ends
        with it), covariates. Sorted by id and entry. Missing values are null.
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
            f"Episodes({self.event}: {counted(a.persons_out, 'person')}, {counted(a.rows_out, 'row')}, "
            f"{counted(a.events_out, 'event')}, "
            f"{a.person_days_out:,.1f} person-days)"
        )


@dataclass(frozen=True)
class Wanted:
    """What is asked of the episodes of one outcome.

    Parameters
    ----------
    outcome : Event
    competing : tuple of Event
    since : str or None
        Column from whose date time is counted, "calendar", or None for time on study.
    unit : str
        Of entry and exit.
    provenance : bool
    """

    outcome: Event
    competing: tuple[Event, ...]
    since: str | None
    unit: str
    provenance: bool


def build_episodes(parts: Parts, wanted: Wanted) -> Episodes:
    """Build the episodes of one outcome and audit them; the audit has no lines yet.

    Parameters
    ----------
    parts : Parts
    wanted : Wanted

    Returns
    -------
    Episodes
        Perhaps without a row: a batch may hold nobody with follow-up.

    Raises
    ------
    EpisodeError
        If a value would use the future, or anything does not add up.
    """
    persons, outcome = parts.persons, wanted.outcome
    scale: Scale = scale_of(persons, wanted.since, wanted.unit)
    end = end_of_follow_up(persons, parts.events)
    clock = outcome_clock(persons, outcome, end, wanted.competing)
    members = (clock.stop > 0) & ~parts.aside
    stop = np.where(members, clock.stop, 0)
    inside = members[clock.person]
    clock = replace(clock, hit=clock.hit[inside], person=clock.person[inside], time=clock.time[inside])
    tracks = [track.until(stop) for track in parts.tracks(clock.blocked, stop)]
    if outcome.recurrent:
        count = count_track(f"{outcome.name}_count", persons.n, clock.person, clock.time)
        tracks.insert(0, count.until(stop))
    cuts = cut(stop, tracks)
    require_no_future(cuts, tracks)
    names = tuple(event.name for event in wanted.competing)
    columns = {t.name: column(t, r, cuts.entry) for t, r in zip(tracks, cuts.repeats, strict=True)}
    frame = pl.DataFrame(
        [
            persons.frame[persons.id].gather(cuts.person),
            pl.Series("entry", scale.read(cuts.person, cuts.entry)),
            pl.Series("exit", scale.read(cuts.person, cuts.exit)),
            *outcome_columns(outcome, clock, cuts, names),
            *(parts.carried[c].gather(cuts.person) for c in parts.carried.columns),
            *columns.values(),
        ]
    )
    frame = derive(frame, parts.derived)
    if wanted.provenance:
        frame = frame.hstack(provenance_columns(persons, parts.measures, tracks, cuts))
    others = [event for event in parts.events if event.name != outcome.name]
    built = Built(
        persons, outcome, others, names, end, clock, cuts, tracks, parts.measures,
        {named.name for named in (*parts.drugs, *parts.states)}, members, parts.aside, parts.n_rejected,
        parts.reading,
    )  # fmt: skip
    return Episodes(frame, persons.id, "entry", "exit", outcome.name, account(built), wanted.unit)


def joined(batches: Sequence[Episodes], notes: Sequence[AuditLine]) -> Episodes:
    """Put batches of persons together, and their accounts into words.

    Parameters
    ----------
    batches : sequence of Episodes
        In the order of their persons.
    notes : sequence of AuditLine
        Findings from reading.

    Returns
    -------
    Episodes

    Raises
    ------
    EpisodeError
        If nobody has follow-up.
    """
    if not batches:
        raise EpisodeError(
            "nobody has follow-up",
            where="episodes",
            remedy="Look at the rejects: everybody was set aside.",
        )
    audit = together([batch.audit for batch in batches])
    if audit.persons_out == 0:
        raise EpisodeError(
            "nobody has follow-up",
            where=f"outcome '{audit.outcome}'",
            remedy="Check entry and exit: every exit is on day 0.",
        )
    frame = batches[0].frame if len(batches) == 1 else pl.concat([batch.frame for batch in batches])
    return replace(batches[0], frame=frame, audit=replace(audit, lines=(*notes, *audit_lines(audit))))


def at_entry(parts: Parts) -> pl.DataFrame:
    """Give everything in force on day 0, one row per person.

    Parameters
    ----------
    parts : Parts

    Returns
    -------
    pl.DataFrame

    Raises
    ------
    EpisodeError
        If anything would be fixed at entry from later data: checked on every call.
    """
    persons = parts.persons
    one = np.ones(persons.n, dtype=np.int64)
    none = np.zeros(persons.n, dtype=np.int64)
    # a number that grows is not cut beyond day 0: whoever is still followed would have steps without end
    tracks = [track.until(one) for track in parts.tracks(None, one, wrong=False)]
    for track in tracks:
        if (track.source > 0).any():
            raise EpisodeError(
                f"'{track.name}' would be fixed at entry from later data",
                n_rows=int((track.source > 0).sum()),
                remedy="This is a defect of riskset: please report it.",
            )
    columns = [
        persons.frame[persons.id],
        *parts.carried.iter_columns(),
        *(column(track, one, none) for track in tracks),
    ]
    return derive(pl.DataFrame(columns), parts.derived).filter(pl.Series(~parts.aside))


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
