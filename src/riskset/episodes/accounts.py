"""The accounts of one outcome: who and what became episodes, who and what did not, and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np

from riskset.episodes.audit import EpisodeAudit, MeasureAudit, ReadingAudit, StateAudit, WrongAudit
from riskset.episodes.build import Cuts
from riskset.episodes.clock import OutcomeClock
from riskset.episodes.events import Event, event_day
from riskset.episodes.measures import Measure
from riskset.episodes.persons import Persons
from riskset.episodes.tracks import Track
from riskset.errors import EpisodeError
from riskset.tables.ticks import DAY, Flags, Ticks, duration_ticks

OLD_AFTER_DAYS = (30, 90, 180)


@dataclass(frozen=True)
class Built:
    """What one build of an outcome has at hand.

    Parameters
    ----------
    persons : Persons
    outcome : Event
    others : sequence of Event
    competing : tuple of str
    end : int64 array
        End of follow-up per person, before the outcome's own clock.
    clock : OutcomeClock
    cuts : Cuts
    tracks : sequence of Track
    measures : sequence of Measure
    states : set of str
        Names of the states that raw rows bring about: bands of age or time are none.
    members, aside : bool arrays
        Persons with follow-up; persons set aside.
    n_rejected : int
    reading : tuple of ReadingAudit
    """

    persons: Persons
    outcome: Event
    others: Sequence[Event]
    competing: tuple[str, ...]
    end: Ticks
    clock: OutcomeClock
    cuts: Cuts
    tracks: Sequence[Track]
    measures: Sequence[Measure]
    states: set[str]
    members: Flags
    aside: Flags
    n_rejected: int
    reading: tuple[ReadingAudit, ...]


def account(built: Built) -> EpisodeAudit:
    """Count what went in and what came out, and stop if they differ by a single tick.

    Parameters
    ----------
    built : Built

    Returns
    -------
    EpisodeAudit
        Without its lines.

    Raises
    ------
    EpisodeError
        If persons, events or person-time do not add up.
    """
    clock, cuts, outcome = built.clock, built.cuts, built.outcome
    stop = np.where(built.members, clock.stop, 0)
    follow_up = np.where(built.aside, 0, np.maximum(built.end, 0))
    given, out = int(follow_up.sum()), int((cuts.exit - cuts.entry).sum())
    after_event = int((follow_up - stop).sum())
    same = cuts.person[1:] == cuts.person[:-1]
    step = cuts.entry[1:] - cuts.exit[:-1]
    happened = clock.happened
    at_stop = np.zeros(happened.size, dtype=np.bool_)
    at_stop[clock.person] = clock.time == built.end[clock.person]
    why = _why_not(built)
    causes = {name: int((clock.cause[built.members] == k).sum()) for k, name in enumerate(built.competing)}
    audit = EpisodeAudit(
        outcome=outcome.name,
        persons_in=built.persons.n + built.n_rejected,
        persons_out=int(built.members.sum()),
        persons_rejected=built.n_rejected + int(built.aside.sum()),
        persons_without_follow_up=int((~built.members & ~built.aside).sum()),
        rows_out=int(cuts.entry.size),
        events_in=outcome.counts["selected"],
        events_out=int(clock.hit.size),
        events_history=why["history"],
        events_later=why["later"],
        events_after_exit=why["after exit"],
        events_same_day=why["same day"],
        events_without_follow_up=why["without follow-up"],
        events_of_others=outcome.counts["of others"],
        events_rejected=outcome.counts["rejected"],
        events_on_exit_day=int(at_stop.sum()),
        events_with_another=int(_with_another(built.others, outcome.components, clock).sum()),
        person_days_in=given / DAY,
        person_days_out=out / DAY,
        person_days_after_event=after_event / DAY,
        measures=tuple(
            audit_measure(track, measure, stop, built.members, happened)
            for measure in built.measures
            for track in built.tracks
            if track.name == measure.name
        ),
        overlaps=int((same & (step < 0)).sum()),
        gaps=int((same & (step > 0)).sum()),
        zero_lengths=int((cuts.exit <= cuts.entry).sum()),
        states=tuple(_changes(t) for t in built.tracks if t.name in built.states and t.levels),
        wrong=tuple(_future_used(t, stop) for t in built.tracks if t.wrong),
        components={
            name: int((outcome.component[clock.hit] == k).sum()) for k, name in enumerate(outcome.components)
        }
        if outcome.component is not None
        else {},
        causes=causes,
        reading=built.reading,
    )
    if given != out + after_event or not audit.balances:
        raise EpisodeError(
            "persons, events or person-time do not add up",
            where=f"outcome '{outcome.name}'",
            remedy="This is a defect of riskset: please report it.",
        )
    return audit


def _why_not(built: Built) -> dict[str, int]:
    """Count the event rows that do not count, by reason."""
    outcome, clock = built.outcome, built.clock
    who, time = outcome.person, outcome.time
    counted = np.zeros(who.size, dtype=np.bool_)
    counted[clock.hit] = True
    open_ = ~counted
    history = open_ & (time <= 0)
    without = open_ & ~history & ~built.members[who]
    late = open_ & ~history & ~without & (time > built.end[who])
    rest = open_ & ~history & ~without & ~late
    day = event_day(built.persons, who, time, outcome.by_date)
    group = np.cumsum(np.r_[True, (who[1:] != who[:-1]) | (day[1:] != day[:-1])][: who.size])
    same_day = rest & np.isin(group, group[counted])
    return {
        "history": int(history.sum()),
        "without follow-up": int(without.sum()),
        "after exit": int(late.sum()),
        "same day": int(same_day.sum()) + outcome.counts.get("on one day", 0),
        "later": int((rest & ~same_day).sum()),
    }


def _with_another(others: Sequence[Event], components: Sequence[str], clock: OutcomeClock) -> Flags:
    """Mark events that count and fall together with an event of another kind."""
    together = np.zeros(clock.person.size, dtype=np.bool_)
    for other in others:
        if other.name not in components and not other.components and other.person.size and clock.person.size:
            pairs = np.concatenate([clock.person, other.person]), np.concatenate([clock.time, other.time])
            low, span = int(pairs[1].min()), int(pairs[1].max() - pairs[1].min()) + 1
            mine, theirs = clock.person * span + clock.time - low, other.person * span + other.time - low
            together |= np.isin(mine, theirs)
    return together


def _changes(track: Track) -> StateAudit:
    same = (track.person[1:] == track.person[:-1]) & (track.value[1:] != track.value[:-1])
    k = len(track.levels)
    before, after = track.value[:-1][same].astype(np.int64), track.value[1:][same].astype(np.int64)
    found = np.bincount(before * k + after, minlength=k * k)
    names = track.levels
    changes = {(names[c // k], names[c % k]): int(found[c]) for c in np.flatnonzero(found)}
    return StateAudit(track.name, {key: changes[key] for key in sorted(changes, key=str)})


def _future_used(track: Track, stop: Ticks) -> WrongAudit:
    until, _ = track.lengths(stop)
    ahead = np.maximum(np.minimum(track.source, until) - track.start, 0)
    return WrongAudit(track.name, int(ahead.sum()) / DAY, int((ahead > 0).sum()))


def audit_measure(
    track: Track, measure: Measure, stop: Ticks, members: Flags, happened: Flags
) -> MeasureAudit:
    """Account for the person-time of one measure.

    Parameters
    ----------
    track : Track
        Cut at each person's stop.
    measure : Measure
    stop : int64 array
        End of the outcome's clock per person; 0 without follow-up.
    members, happened : bool arrays
        Persons with follow-up, and with the event.

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
    drawn = (measure.time > 0) & (measure.time <= stop[measure.person])
    sick = happened[measure.person[drawn]]
    has = np.zeros(members.size, dtype=np.bool_)
    has[track.person[present]] = True
    return MeasureAudit(
        track.name,
        int(length.sum()) / DAY,
        int(length[~present].sum()) / DAY,
        older,
        int((members & ~has).sum()),
        int(sick.sum()),
        int(sick.size - sick.sum()),
        int(stop[happened].sum()) / DAY,
        int(stop[~happened].sum()) / DAY,
    )


def together(audits: Sequence[EpisodeAudit]) -> EpisodeAudit:
    """Add the accounts of batches of persons.

    Parameters
    ----------
    audits : sequence of EpisodeAudit

    Returns
    -------
    EpisodeAudit
        Of all persons, without lines.
    """
    first = audits[0]
    return replace(_added(list(audits)), outcome=first.outcome, lines=())


def _added(parts: list[Any]) -> Any:
    """Add values field by field, dictionaries key by key and tuples place by place; names stay."""
    first = parts[0]
    if isinstance(first, str):
        return first
    if isinstance(first, int | float):
        return sum(parts)
    if isinstance(first, dict):
        alike = all(part.keys() == first.keys() for part in parts)
        keys = list(first) if alike else sorted({key for part in parts for key in part}, key=str)
        return {key: sum(part.get(key, 0) for part in parts) for key in keys}
    if isinstance(first, tuple):
        return tuple(_added(list(place)) for place in zip(*parts, strict=True))
    names = [f.name for f in fields(first) if f.name not in {"lines", "reading"}]
    return replace(first, **{name: _added([getattr(p, name) for p in parts]) for name in names})
