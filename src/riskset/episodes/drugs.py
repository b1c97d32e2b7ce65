"""Prescriptions to drug states: never, current, former.

The state at t depends only on prescriptions with start < t. A prescription covers
(start, max(stop, start + 1 day) + grace], and nothing that comes later closes a gap: use known only from a
later prescription would make deaths within the gap unexposed and survivors exposed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from riskset.episodes.persons import PERSON, Persons, reject_times, select_rows
from riskset.episodes.tracks import Indices, Track
from riskset.errors import EpisodeError, UnitError
from riskset.tables import ROW, Rejects
from riskset.tables.ticks import BEFORE, DAY, NEVER, Ticks, duration_ticks, order_by_person_and_time
from riskset.units import parse_duration

State = Literal["state", "ever", "current"]
LEVELS = {
    "state": ("never", "current", "former"),
    "ever": ("never", "ever"),
    "current": ("not current", "current"),
}
NEEDS_START = "a prescription must have a start"
NEEDS_STOP = "a prescription must have a stop"
REVERSED = "a prescription must not stop before it starts"


@dataclass(frozen=True)
class Drug:
    """Prescriptions of one drug or class, sorted by person and start.

    Parameters
    ----------
    name : str
    person, start, stop : arrays
        Ticks since entry; stop is the end of cover, grace included.
    state : {"state", "ever", "current"}
    baseline : bool
        Fixed at entry, from prescriptions that start on day 0 or before.
    counts : dict
        Rows selected, of others, ongoing, one-day, overlapping, used.
    """

    name: str
    person: Indices
    start: Ticks
    stop: Ticks
    state: State
    baseline: bool
    counts: dict[str, int]
    notes: tuple[str, ...] = ()

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the states, the reference first."""
        return LEVELS[self.state]

    def track(self, n_persons: int, blocked: Ticks | None) -> Track:
        """Give the steps of the state.

        Parameters
        ----------
        n_persons : int
        blocked : int64 array, optional
            Per person the time from which no start may be used (the day of an event known by date only).

        Returns
        -------
        Track
        """
        person, start, stop = self.person, self.start, self.stop
        if self.baseline:
            keep = start <= 0
            person, start, stop = person[keep], start[keep], stop[keep]
        if blocked is not None:
            keep = start < blocked[person]
            person, start, stop = person[keep], start[keep], stop[keep]
        if self.state == "ever":
            stop = np.full(start.size, NEVER)
        person, start, stop = _union(person, start, stop)
        track = _state_steps(self.name, n_persons, person, start, stop, self.state)
        if not self.baseline:
            return track
        first = track.start == 0
        return Track(
            track.name,
            track.person[first],
            track.start[first],
            track.value[first],
            track.source[first],
            track.levels,
        )


def _union(person: Indices, start: Ticks, stop: Ticks) -> tuple[Indices, Ticks, Ticks]:
    """Join covers that overlap or touch; rows sorted by person and start."""
    if person.size == 0:
        return person, start, stop
    # Laid end to end, the persons' times let one running maximum serve all: no cover reaches the next person.
    low, high = start.min(), np.minimum(stop, NEVER)
    finite = high[high < NEVER]
    reach = int(max(finite.max() if finite.size else start.max(), start.max()) - low) + 2
    rank = np.cumsum(np.r_[False, person[1:] != person[:-1]])
    if (int(rank[-1]) + 1) * reach >= 2**62:
        raise EpisodeError("the prescriptions span too long a time", remedy="Narrow the plausible dates.")
    begin = rank * reach + (start - low)
    end = rank * reach + np.minimum(high - low, reach - 1)
    covered = np.maximum.accumulate(end)
    opens = np.r_[True, begin[1:] > covered[:-1]]
    opens[1:] |= person[1:] != person[:-1]
    first = np.flatnonzero(opens)
    return person[first], start[first], np.maximum.reduceat(stop, first)


def _state_steps(
    name: str, n_persons: int, person: Indices, start: Ticks, stop: Ticks, state: State
) -> Track:
    """Turn disjoint covers into steps: covered, not covered again."""
    on, off = (1, 1) if state == "ever" else (1, 0) if state == "current" else (1, 2)
    ends = stop < NEVER
    people = np.concatenate([np.arange(n_persons), person, person[ends]])
    begins = np.concatenate([np.full(n_persons, BEFORE), start, stop[ends]])
    values = np.concatenate(
        [
            np.zeros(n_persons, np.int8),
            np.full(person.size, on, np.int8),
            np.full(int(ends.sum()), off, np.int8),
        ]
    )
    sources = np.concatenate([np.full(n_persons, BEFORE), start, start[ends]])
    order = np.lexsort((begins, people))
    people, begins, values, sources = people[order], begins[order], values[order], sources[order]
    # What happened by day 0 is one state on day 0: the last of it.
    past = begins <= 0
    stale = np.zeros(people.size, dtype=np.bool_)
    stale[:-1] = past[:-1] & past[1:] & (people[1:] == people[:-1])
    keep = ~stale
    return Track(name, people[keep], np.maximum(begins[keep], 0), values[keep], sources[keep], LEVELS[state])


def read_drug(
    persons: Persons,
    name: str,
    table: Any,
    *,
    start: str,
    stop: str | None,
    where: str | None,
    grace: int,
    missing_stop: str,
    state: State,
    baseline: bool,
    observed_from: int | None,
    date_only: bool,
) -> tuple[Drug, Rejects]:
    """Read the prescriptions of one drug from a table.

    Parameters are those of ``Timeline.drug``, durations in ticks.

    Returns
    -------
    drug : Drug
    rejects : Rejects
    """
    presumed = _presumed(missing_stop, name)
    selection = select_rows(
        persons, table, [c for c in (start, stop) if c is not None], where=where, name=name
    )
    frame, rejects = selection.frame, selection.rejects
    rows = frame[ROW]
    wrong = rows.is_in(rejects.frame["row"].implode()).to_numpy()
    flag = pl.repeat(date_only, frame.height, eager=True)
    begins, bad, outside = persons.times(
        frame[start], where=f"{selection.source}, column '{start}'", date_only=flag
    )
    rejects, bad_start = reject_times(rejects, selection, start, bad, outside)
    wrong |= bad_start
    undated = ~begins.known & ~wrong
    rejects = rejects.add(selection.source, rows.filter(pl.Series(undated)), start, NEEDS_START)
    wrong |= undated
    day = duration_ticks(1)
    if stop is None:
        end, known, end_by_date = begins.ticks, np.ones(frame.height, dtype=np.bool_), begins.by_date
    else:
        ends, bad, outside = persons.times(
            frame[stop], where=f"{selection.source}, column '{stop}'", date_only=flag
        )
        rejects, bad_stop = reject_times(rejects, selection, stop, bad, outside)
        wrong |= bad_stop
        end, known, end_by_date = ends.ticks, ends.known, ends.by_date
    missing = ~known & ~wrong
    if presumed is None:
        rejects = rejects.add(selection.source, rows.filter(pl.Series(missing)), stop or start, NEEDS_STOP)
        wrong |= missing
    else:
        end = np.where(missing, NEVER if presumed == NEVER else begins.ticks + presumed, end)
    # Where either is known by its date alone, only the dates can contradict each other.
    by_date = begins.by_date | end_by_date
    first_day = (begins.ticks - begins.by_date) // DAY
    last_day = (end - (end_by_date & ~missing)) // DAY
    reversed_ = known & ~wrong & np.where(by_date, last_day < first_day, end < begins.ticks)
    rejects = rejects.add(selection.source, rows.filter(pl.Series(reversed_)), stop or start, REVERSED)
    wrong |= reversed_
    keep = ~wrong
    person = frame[PERSON].to_numpy()[keep]
    origin = persons.origin[person]
    from_ = begins.ticks[keep] - origin
    until = np.where(
        end[keep] >= NEVER, NEVER, np.maximum(end[keep], begins.ticks[keep] + day) + grace - origin
    )
    before_records = np.zeros(person.size, dtype=np.bool_)
    if observed_from is not None:
        before_records = (until + origin) <= observed_from
        person, from_, until = person[~before_records], from_[~before_records], until[~before_records]
    order = order_by_person_and_time(person, from_)
    person, from_, until = person[order], from_[order], until[order]
    counts = {
        "selected": selection.rows_selected,
        "of others": selection.rows_of_others,
        "rejected": int(wrong.sum()),
        "without stop": int(missing.sum()),
        "one-day": int((end[keep] == begins.ticks[keep]).sum()),
        "before the records": int(before_records.sum()),
        "prescriptions": int(person.size),
        "periods": int(_union(person, from_, until)[0].size),
        "persons": int(np.unique(person).size),
    }
    return Drug(name, person, from_, until, state, baseline, counts), rejects


def _presumed(missing_stop: str, name: str) -> np.int64 | int | None:
    """Ticks of cover presumed where the stop is missing; NEVER = ongoing, None = reject."""
    if missing_stop == "reject":
        return None
    if missing_stop == "ongoing":
        return NEVER
    if missing_stop == "same day":
        return 0
    try:
        return duration_ticks(parse_duration(missing_stop))
    except UnitError:
        raise EpisodeError(
            f"missing_stop of '{name}' is not understood",
            where=f"'{name}'",
            remedy='Use "ongoing", "same day", "reject" or a duration such as "30 days".',
        ) from None
