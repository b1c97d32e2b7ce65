"""What a timeline holds. A Timeline is this value and the calls that make the next one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from riskset.episodes.audit import AuditLine, ReadingAudit
from riskset.episodes.drugs import Drug
from riskset.episodes.events import Event
from riskset.episodes.measures import Measure
from riskset.episodes.notes import drug_notes, event_notes, measure_notes, observed_notes
from riskset.episodes.persons import Persons
from riskset.episodes.read_before import Read, same_persons
from riskset.episodes.reading import (
    drug_reading,
    event_reading,
    match_notes,
    measure_reading,
    state_reading,
)
from riskset.episodes.scales import Split
from riskset.episodes.states import AfterEvent
from riskset.episodes.tracks import Track
from riskset.errors import EpisodeError
from riskset.tables import ROW, Filter, Rejects, nearest
from riskset.tables.ticks import DAY, Flags, Ticks, duration_ticks, to_ticks
from riskset.units import parse_duration

Duration = str | float


@dataclass(frozen=True)
class Parts:
    """Persons, what is fixed at entry, measures, drugs, events, derived columns; and what went wrong.

    Parameters
    ----------
    persons : Persons
    n_rejected : int
        Persons set aside.
    allowance : int or None
        Rows that may break a rule; None leaves it to the caller.
    rejects : Rejects
    observed_from : int or None
        Ticks of the first instant with records.
    carried : pl.DataFrame
        Columns fixed at entry.
    measures, drugs, events, states, splits : tuple
    order : tuple of str
        Names of measures, drugs, states and splits in the order of the calls.
    derived : tuple of (name, Filter)
    reading : tuple of ReadingAudit
    notes : tuple of AuditLine
    reads : tuple of Read
        What was read of measures, and, of the same persons, before.
    """

    persons: Persons
    n_rejected: int
    allowance: int | None
    rejects: Rejects
    observed_from: int | None
    carried: pl.DataFrame
    notes: tuple[AuditLine, ...] = ()
    measures: tuple[Measure, ...] = ()
    drugs: tuple[Drug, ...] = ()
    order: tuple[str, ...] = ()
    events: tuple[Event, ...] = ()
    states: tuple[AfterEvent, ...] = ()
    splits: tuple[Split, ...] = ()
    derived: tuple[tuple[str, Filter], ...] = ()
    reading: tuple[ReadingAudit, ...] = ()
    reads: tuple[Read, ...] = ()

    def __post_init__(self) -> None:
        if self.allowance is not None:
            self.rejects.check(self.allowance)

    def but(self, rejects: Rejects, **parts: Any) -> Parts:
        """Return these parts with others in their place and more rejects.

        Parameters
        ----------
        rejects : Rejects
        **parts
            Fields of this value.

        Returns
        -------
        Parts
        """
        return replace(self, rejects=self.rejects.extend(rejects.frame), **parts)

    def add_measure(self, measure: Measure, read: Read) -> Parts:
        """Return these parts with one more measure."""
        parts = self._read(measure_reading(measure), measure_notes(measure))
        if read not in self.reads:
            parts = replace(parts, reads=(*self.reads, read))
        return parts.but(read.rejects, measures=(*self.measures, measure), order=(*self.order, measure.name))

    def add_drug(self, drug: Drug, rejects: Rejects) -> Parts:
        """Return these parts with one more drug."""
        parts = self._read(drug_reading(drug), drug_notes(drug))
        return parts.but(rejects, drugs=(*self.drugs, drug), order=(*self.order, drug.name))

    def add_event(self, event: Event, rejects: Rejects) -> Parts:
        """Return these parts with one more event."""
        parts = self._read(event_reading(event), event_notes(event))
        return parts.but(rejects, events=(*self.events, event))

    def add_state(self, state: AfterEvent, event: Event, rejects: Rejects) -> Parts:
        """Return these parts with one more state after an event, which was read with every row of a day."""
        notes = event_notes(replace(state.event, name=state.name))
        parts = self._read(state_reading(state, event), notes)
        return parts.but(rejects, states=(*self.states, state), order=(*self.order, state.name))

    def _read(self, read: ReadingAudit, notes: tuple[AuditLine, ...]) -> Parts:
        """Return these parts with the accounts of one more call."""
        lines = (*notes[:1], *match_notes(read), *notes[1:])
        return replace(self, reading=(*self.reading, read), notes=(*self.notes, *lines))

    def add_split(self, split: Split) -> Parts:
        """Return these parts with one more split."""
        return self.but(Rejects(), splits=(*self.splits, split), order=(*self.order, split.name))

    @property
    def aside(self) -> Flags:
        """Persons set aside because their records contradict each other."""
        aside = np.zeros(self.persons.n, dtype=np.bool_)
        for event in self.events:
            if event.set_aside is not None:
                aside |= event.set_aside
        return aside

    @property
    def columns(self) -> tuple[str, ...]:
        """Names of the covariates in the order of their columns."""
        return (*self.carried.columns, *self.order, *(name for name, _ in self.derived))

    def new_name(self, name: str) -> str:
        """Check that a name is free.

        Parameters
        ----------
        name : str

        Returns
        -------
        str

        Raises
        ------
        EpisodeError
            If it is taken or not a name.
        """
        wrong = (drug.wrong_name for drug in self.drugs if drug.wrong)
        taken = {*self.columns, *(e.name for e in self.events), *wrong, self.persons.id, "entry", "exit"}
        if name in taken:
            raise EpisodeError(
                f"there is a '{name}' already", where="Timeline", remedy="Give it another name."
            )
        if not name or name.startswith("__"):
            raise EpisodeError(
                f"'{name}' is not a name for a column",
                where="Timeline",
                remedy="Use letters, digits and underscores.",
            )
        return name

    def tracks(self, blocked: Ticks | None, stop: Ticks, *, wrong: bool = True) -> list[Track]:
        """Give the steps of everything in force, in the order of the calls that made them.

        Parameters
        ----------
        blocked : int64 array, optional
            Per person the time from which nothing may be used.
        stop : int64 array
            End of the clock per person.
        wrong : bool
            With the columns that are wrong on purpose.

        Returns
        -------
        list of Track
        """
        n = self.persons.n
        found: dict[str, list[Track]] = {}
        for measure in self.measures:
            found[measure.name] = [measure.track(n, blocked)]
        for drug in self.drugs:
            found[drug.name] = [drug.track(n, blocked, stop)]
            if drug.wrong and wrong:
                found[drug.name].append(drug.wrong_track(n, stop))
        for state in self.states:
            found[state.name] = [state.track(n, blocked)]
        for split in self.splits:
            found[split.name] = [split.track(n)]
        return [track for name in self.order for track in found[name]]


def first_parts(
    entered: tuple[Persons, Rejects, int],
    carry: Sequence[str],
    observed: tuple[Any, Any] | None,
    allowance: int | None,
    like: Parts | None = None,
) -> Parts:
    """Begin a timeline with persons and nothing else.

    Parameters
    ----------
    entered : tuple
        Persons, rejects and the number of persons set aside.
    carry : sequence of str
        Columns of the persons to carry.
    observed : pair of dates, optional
    allowance : int or None
    like : Parts, optional
        Of a timeline whose measures need not be read again.

    Returns
    -------
    Parts

    Raises
    ------
    EpisodeError
        If a column does not exist, or `observed` and entry are of different kinds.
    """
    persons, rejects, n_rejected = entered
    for name in carry:
        if name not in persons.frame.columns:
            raise EpisodeError(
                f"the column '{name}' does not exist",
                where=persons.source,
                remedy=nearest(name, persons.frame.columns),
            )
        _require_past(persons, name)
    window = _window(observed, persons)
    return Parts(
        persons,
        n_rejected,
        allowance,
        rejects,
        window[0],
        persons.frame.select(carry),
        observed_notes(persons, window),
        reads=like.reads if like is not None and same_persons(like.persons, persons) else (),
    )


def _require_past(persons: Persons, name: str) -> None:
    """Refuse to carry a date that lies after entry: as a value fixed at entry it would tell the future."""
    values = persons.frame[name]
    if not (values.dtype.is_temporal() and persons.calendar):
        return
    day = to_ticks(values.cast(pl.Datetime("us")), "day")
    later = day.known & (day.ticks > persons.entry_day)
    if later.any():
        raise EpisodeError(
            "a date after entry may not be carried into the episodes: fixed at entry it would tell the future",
            where=f"{persons.source}, column '{name}'",
            rows=persons.frame[ROW].filter(pl.Series(later)).to_list(),
            remedy="Make it an event, or a state after it: state(name, at=...).",
        )


def ticks_of(duration: Duration | None, name: str) -> int | None:
    """Read an optional duration.

    Parameters
    ----------
    duration : str or float, optional
    name : str
        Of the measure or drug, for the message.

    Returns
    -------
    int or None
        Ticks.
    """
    return None if duration is None else duration_ticks(parse_duration(duration, where=f"'{name}'"))


def one_of(argument: str, given: str, allowed: tuple[str, ...], name: str) -> None:
    """Refuse a setting that is not known.

    Parameters
    ----------
    argument, given : str
    allowed : tuple of str
    name : str
        Of the measure or drug.

    Raises
    ------
    EpisodeError
        With the nearest match.
    """
    if given not in allowed:
        raise EpisodeError(
            f"{argument} = '{given}' is not known", where=f"'{name}'", remedy=nearest(given, allowed)
        )


def _window(observed: tuple[Any, Any] | None, persons: Persons) -> tuple[int | None, int | None]:
    """Ticks of the first instant and of the last day with records."""
    if observed is None:
        return None, None
    values = pl.Series([date.fromisoformat(d) if isinstance(d, str) else d for d in observed], strict=False)
    times = to_ticks(values, "day")
    if times.calendar != persons.calendar:
        raise EpisodeError(
            "observed and entry must both be dates, or both days",
            where="observed",
            remedy="Write them alike.",
        )
    first, last = (int(t) for t in times.ticks)
    return first, last + DAY
