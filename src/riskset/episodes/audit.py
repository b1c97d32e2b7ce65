"""The audit of a build: what went in equals what came out and what is explained."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from riskset.episodes.printed import printed
from riskset.tables import Matched


@dataclass(frozen=True)
class AuditLine:
    """One finding: what was looked at, what was found, and how much it matters."""

    topic: str
    text: str
    n: int | None = None
    severity: Literal["fact", "note", "warning"] = "fact"


@dataclass(frozen=True)
class ReadingAudit:
    """The rows that one call took from its table, and what became of them.

    Parameters
    ----------
    name : str
        Of the measure, drug, event or state.
    kind : {"measure", "drug", "event", "composite", "state"}
    matched : tuple of Matched
        What its filter matched and nearly matched, one per table that it reads. Strings of fewer than 5 persons
        are counted, not shown.
    rows_in : int
        Rows that the filter selects.
    rows_out : int
        Values, one per person and time; prescriptions; events.
    explained : dict
        Why the other rows are not used: rows by reason.
    found : dict
        Of those used, by what was found: times with values that disagree, values beyond a limit of detection,
        converted, outside the plausible range or below 0; periods of use, switches.
    notes : tuple of AuditLine
        Units and levels over calendar time: which unit from when to when, and steps of the level of the same
        persons.
    """

    name: str
    kind: Literal["measure", "drug", "event", "composite", "state"]
    matched: tuple[Matched, ...]
    rows_in: int
    rows_out: int
    explained: dict[str, int]
    found: dict[str, int]
    notes: tuple[AuditLine, ...] = ()

    @property
    def balances(self) -> bool:
        """Whether rows in equal rows out and rows explained."""
        return self.rows_in == self.rows_out + sum(self.explained.values())


@dataclass(frozen=True)
class MeasureAudit:
    """Person-time of one measure in one outcome's episodes.

    Parameters
    ----------
    name : str
    person_days : float
        In all.
    person_days_missing : float
        Before the first value and after expiry.
    person_days_older : dict
        On values older than 30, 90 and 180 days.
    persons_without : int
        Persons who never have a value.
    values_with_event, values_without_event : int
        Measurements during follow-up of persons with the event and of the others.
    person_days_with_event, person_days_without_event : float
        Their follow-up. Where the sick are measured more often, a missing value is not missing by chance.
    """

    name: str
    person_days: float
    person_days_missing: float
    person_days_older: dict[int, float]
    persons_without: int
    values_with_event: int = 0
    values_without_event: int = 0
    person_days_with_event: float = 0.0
    person_days_without_event: float = 0.0


@dataclass(frozen=True)
class StateAudit:
    """Changes of one state during follow-up.

    Parameters
    ----------
    name : str
    changes : dict
        From (before, after) to how often.
    """

    name: str
    changes: dict[tuple[str, str], int]


@dataclass(frozen=True)
class WrongAudit:
    """A column that is wrong on purpose, and how much of the future it uses.

    Parameters
    ----------
    name : str
    person_days : float
        Person-time that is called exposed before the exposure began.
    persons : int
    """

    name: str
    person_days: float
    persons: int


@dataclass(frozen=True, repr=False)
class EpisodeAudit:
    """How persons, rows, events and person-time became episodes.

    Printed, it is a page of small tables: what went in, what came out and what explains the difference.

    Parameters
    ----------
    outcome : str
    persons_in, persons_out : int
        Given, and with follow-up.
    persons_rejected : int
        Set aside because their entry or exit breaks a rule.
    persons_without_follow_up : int
        Exit on day 0: they cannot enter a partial likelihood.
    rows_out : int
        Episodes.
    events_in : int
        Event rows that the outcome selects.
    events_out : int
        Events that end an episode.
    events_history, events_later, events_after_exit, events_of_others, events_rejected,
    events_without_follow_up : int
        Why the other event rows do not count: on day 0 or before; after the person's first; after the end of
        follow-up; of people outside the cohort; broken; of persons without follow-up.
    events_on_exit_day, events_with_another : int
        Events that count on the day on which follow-up ends, and on the day of another kind of event: the
        outcome's own comes first.
    person_days_in, person_days_out, person_days_after_event : float
        Follow-up given, in episodes, and after the first event.
    measures : tuple of MeasureAudit
    lines : tuple of AuditLine
        All of it in words.
    events_same_day : int
        Event rows on the day of one that counts: a day counts once.
    overlaps, gaps, zero_lengths : int
        Of the rows; always zero, and counted on every build.
    states : tuple of StateAudit
    wrong : tuple of WrongAudit
    components : dict
        Events that count, by component of a composite.
    causes : dict
        Persons whose clock a competing event stopped, by event.
    reading : tuple of ReadingAudit
        What each measure, drug, event and state took from its table: of the whole timeline, in every batch.
    """

    outcome: str
    persons_in: int
    persons_out: int
    persons_rejected: int
    persons_without_follow_up: int
    rows_out: int
    events_in: int
    events_out: int
    events_history: int
    events_later: int
    events_after_exit: int
    events_of_others: int
    events_rejected: int
    events_without_follow_up: int
    events_on_exit_day: int
    events_with_another: int
    person_days_in: float
    person_days_out: float
    person_days_after_event: float
    measures: tuple[MeasureAudit, ...]
    lines: tuple[AuditLine, ...] = ()
    events_same_day: int = 0
    overlaps: int = 0
    gaps: int = 0
    zero_lengths: int = 0
    states: tuple[StateAudit, ...] = ()
    wrong: tuple[WrongAudit, ...] = ()
    components: dict[str, int] = field(default_factory=dict)
    causes: dict[str, int] = field(default_factory=dict)
    reading: tuple[ReadingAudit, ...] = ()

    def __repr__(self) -> str:
        """Write the audit as text."""
        return printed(self)

    @property
    def balances(self) -> bool:
        """Whether persons, rows, events and person-time in equal those out and explained."""
        explained = (
            self.events_history
            + self.events_later
            + self.events_after_exit
            + self.events_of_others
            + self.events_rejected
            + self.events_without_follow_up
            + self.events_same_day
        )
        return (
            self.persons_in == self.persons_out + self.persons_rejected + self.persons_without_follow_up
            and self.events_in == self.events_out + explained
            and all(read.balances for read in self.reading)
            and self.overlaps == self.gaps == self.zero_lengths == 0
            and abs(self.person_days_in - self.person_days_out - self.person_days_after_event)
            <= 1e-9 * max(1.0, self.person_days_in)  # sums of doubles; the ticks behind them agree exactly
        )
