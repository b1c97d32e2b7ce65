"""The audit of a build: what went in equals what came out and what is explained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from riskset.episodes.tracks import Track
from riskset.tables.ticks import DAY, Ticks, duration_ticks

OLD_AFTER_DAYS = (30, 90, 180)


@dataclass(frozen=True)
class AuditLine:
    """One finding: what was looked at, what was found, and how much it matters."""

    topic: str
    text: str
    n: int | None = None
    severity: Literal["fact", "note", "warning"] = "fact"


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
    """

    name: str
    person_days: float
    person_days_missing: float
    person_days_older: dict[int, float]
    persons_without: int


@dataclass(frozen=True)
class EpisodeAudit:
    """How persons, rows, events and person-time became episodes.

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

    @property
    def balances(self) -> bool:
        """Whether persons, events and person-time in equal those out and explained."""
        explained = (
            self.events_history
            + self.events_later
            + self.events_after_exit
            + self.events_of_others
            + self.events_rejected
            + self.events_without_follow_up
        )
        return (
            self.persons_in == self.persons_out + self.persons_rejected + self.persons_without_follow_up
            and self.events_in == self.events_out + explained
            and abs(self.person_days_in - self.person_days_out - self.person_days_after_event)
            <= 1e-9 * max(1.0, self.person_days_in)  # sums of doubles; the ticks behind them agree exactly
        )


def audit_measure(track: Track, stop: Ticks, members: np.ndarray) -> MeasureAudit:
    """Account for the person-time of one measure.

    Parameters
    ----------
    track : Track
        Cut at each person's stop.
    stop : int64 array
        End of the outcome's clock per person.
    members : bool array
        Persons with follow-up.

    Returns
    -------
    MeasureAudit
    """
    until, length = track.lengths(stop)
    present = ~np.isnan(track.value)
    older = {}
    for days in OLD_AFTER_DAYS:
        since = np.maximum(track.start, track.source + duration_ticks(days))
        older[days] = int(np.maximum(until - since, 0)[present].sum()) / DAY
    has = np.zeros(members.size, dtype=np.bool_)
    has[track.person[present]] = True
    return MeasureAudit(
        track.name,
        int(length.sum()) / DAY,
        int(length[~present].sum()) / DAY,
        older,
        int((members & ~has).sum()),
    )


def audit_lines(audit: EpisodeAudit) -> tuple[AuditLine, ...]:
    """Say the audit of one outcome in words.

    Parameters
    ----------
    audit : EpisodeAudit

    Returns
    -------
    tuple of AuditLine
    """
    topic = audit.outcome
    lines = [
        AuditLine(topic, "persons with follow-up", audit.persons_out),
        AuditLine(topic, "episodes", audit.rows_out),
        AuditLine(topic, "events that count", audit.events_out),
        AuditLine(topic, f"person-days at risk: {audit.person_days_out:,.1f} of {audit.person_days_in:,.1f}"),
    ]
    explained = (
        ("persons without follow-up (exit on day 0)", audit.persons_without_follow_up),
        ("persons set aside (entry or exit breaks a rule)", audit.persons_rejected),
        ("event rows on day 0 or before (history)", audit.events_history),
        ("event rows after the person's first", audit.events_later),
        ("event rows after the end of follow-up", audit.events_after_exit),
        ("event rows of people outside the cohort", audit.events_of_others),
        ("event rows rejected", audit.events_rejected),
        ("event rows of persons without follow-up", audit.events_without_follow_up),
        ("events that count on the day of another kind of event", audit.events_with_another),
    )
    lines += [AuditLine(topic, text, n, "note") for text, n in explained if n]
    if 0 < audit.events_on_exit_day < audit.events_out:  # all of them: the outcome is what ends follow-up
        text = "events that count on the day on which follow-up ends"
        lines.append(AuditLine(topic, text, audit.events_on_exit_day, "note"))
    for measure in audit.measures:
        total = measure.person_days or 1.0
        missing = 100 * measure.person_days_missing / total
        old = ", ".join(
            f"{100 * t / total:.1f}% older than {d} days" for d, t in measure.person_days_older.items()
        )
        lines.append(
            AuditLine(
                topic,
                f"{measure.name}: missing in {missing:.1f}% of person-time; values in use {old}",
                measure.persons_without or None,
                "warning" if missing > 50 else "fact",
            )
        )
    return tuple(lines)
