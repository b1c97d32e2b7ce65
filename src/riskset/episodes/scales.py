"""Time scales and cuts along them: time on study, attained age, calendar time, time since any date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl

from riskset.episodes.persons import Persons
from riskset.episodes.tracks import Track, settled
from riskset.errors import EpisodeError
from riskset.tables import ROW, nearest, to_ticks
from riskset.tables.ticks import BEFORE, DAY, Ticks, to_days
from riskset.units import parse_duration, person_time_divisor

CALENDAR_YEAR = "calendar year"
CALENDAR = "calendar"
EPOCH_YEAR = 1970.0


@dataclass(frozen=True)
class Scale:
    """Where each person stands on a time scale at entry.

    Parameters
    ----------
    at_entry : int64 array
        Ticks on the scale.
    unit_days : float
    zero : float
        What the scale reads at tick 0: 1970 for calendar years, 0 otherwise.
    """

    at_entry: Ticks
    unit_days: float
    zero: float = 0.0

    def read(self, person: np.ndarray, ticks: Ticks) -> np.ndarray:
        """Give times since entry on this scale, in its unit.

        Parameters
        ----------
        person : int64 array
        ticks : int64 array
            Since entry.

        Returns
        -------
        float64 array
        """
        if self.unit_days == 1.0 and self.zero == 0.0 and not self.at_entry.any():  # time on study
            return to_days(ticks)
        return self.zero + to_days(ticks + self.at_entry[person]) / self.unit_days


def scale_of(persons: Persons, since: str | None, unit: str) -> Scale:
    """Build a time scale.

    Parameters
    ----------
    persons : Persons
    since : str or None
        Column of persons with the date at which the scale is zero; "calendar" for calendar time; None for time
        on study.
    unit : str
        "days", "months", "years".

    Returns
    -------
    Scale

    Raises
    ------
    EpisodeError
        If the column does not exist, a person has no date there, or the date lies after entry.
    """
    days = person_time_divisor(unit)
    if since is None:
        return Scale(np.zeros(persons.n, dtype=np.int64), days)
    if since == CALENDAR:
        _require_calendar(persons, "calendar time")
        # under a clock of whole days the day of entry is a point; in years it is read as Lexis diagrams are
        return Scale(persons.origin, days, EPOCH_YEAR if unit.startswith("year") else 0.0)
    if since not in persons.frame.columns:
        raise EpisodeError(
            f"the column '{since}' does not exist",
            where=persons.source,
            remedy=nearest(since, [*persons.frame.columns, CALENDAR]),
        )
    where = f"{persons.source}, column '{since}'"
    times, _, _ = persons.times(persons.frame[since], where=where)
    rows = persons.frame[ROW]
    if not times.known.all():
        raise EpisodeError(
            "every person must have the date from which time is counted",
            where=where,
            rows=rows.filter(pl.Series(~times.known)).to_list(),
            remedy="Exclude persons without it by a rule of eligibility.",
        )
    at_entry = persons.entry_day - (times.ticks - times.by_date) // DAY * DAY
    if not persons.calendar:
        at_entry = persons.origin - times.ticks
    if (at_entry < 0).any():
        raise EpisodeError(
            "time may not be counted from a date after entry: at entry nobody knows it",
            where=where,
            rows=rows.filter(pl.Series(at_entry < 0)).to_list(),
            remedy="Count from a date at or before entry; a later one is an event or a state.",
        )
    return Scale(at_entry, days)


def _require_calendar(persons: Persons, what: str) -> None:
    if not persons.calendar:
        raise EpisodeError(
            f"{what} needs dates, and the entry of the persons is a number of days",
            where=persons.source,
            remedy="Give dates.",
        )


@dataclass(frozen=True)
class Split:
    """Cuts of the follow-up along a time scale, and the band that each piece lies in.

    Parameters
    ----------
    name : str
    cuts : int64 array
        Ticks on the scale.
    at_entry : int64 array
        Where each person stands on the scale at entry.
    levels : tuple of str
        Names of the bands, one more than cuts.
    """

    name: str
    cuts: Ticks
    at_entry: Ticks
    levels: tuple[str, ...]

    def track(self, n_persons: int) -> Track:
        """Give the steps of the band.

        Parameters
        ----------
        n_persons : int

        Returns
        -------
        Track
        """
        k = self.cuts.size
        person = np.concatenate([np.arange(n_persons), np.repeat(np.arange(n_persons), k)])
        start = (self.cuts[None, :] - self.at_entry[:, None]).ravel()
        code = np.concatenate([np.zeros(n_persons, np.int16), np.tile(np.arange(1, k + 1), n_persons)])
        none = np.full(n_persons, BEFORE)
        source = np.full(person.size, BEFORE)  # where a person stands on a clock needs no raw row
        return settled(
            Track(
                self.name, person, np.concatenate([none, start]), code.astype(np.int16), source, self.levels
            )
        )


def read_split(
    persons: Persons,
    name: str,
    *,
    at: Sequence[float] | None,
    every: str | float | None,
    since: str | None,
    unit: str,
) -> Split:
    """Read where to cut.

    Parameters are those of ``Timeline.split``.

    Returns
    -------
    Split

    Raises
    ------
    EpisodeError
        If neither or both of `at` and `every` are given, or the cuts do not rise.
    """
    if (at is None) == (every is None):
        raise EpisodeError(
            f"split '{name}' needs either at or every",
            where=f"'{name}'",
            remedy='Write split(name, at=[90, 365]) or split(name, every="calendar year").',
        )
    if every == CALENDAR_YEAR:
        return _calendar_years(persons, name)
    scale = scale_of(persons, since, unit)
    if every is not None:
        length = parse_duration(every, where=f"'{name}'") / scale.unit_days
        finish = scale.read(np.arange(persons.n), np.where(persons.end < 2**59, persons.end, 0)).max()
        begin = scale.read(np.arange(persons.n), np.zeros(persons.n, dtype=np.int64)).min()
        at = [length * k for k in range(int(begin // length) + 1, int(finish // length) + 1)]
    marks = np.asarray([] if at is None else at, dtype=float)
    if marks.size == 0 or not np.isfinite(marks).all() or (np.diff(marks) <= 0).any():
        raise EpisodeError(
            f"the cuts of '{name}' must rise", where=f"'{name}'", remedy="Write them in order, each once."
        )
    text = [f"{m:.9g}" for m in marks]
    levels = (f"<{text[0]}", *(f"{a}-{b}" for a, b in pairwise(text)), f"{text[-1]}+")
    ticks = np.rint((marks - scale.zero) * scale.unit_days * DAY).astype(np.int64)
    return Split(name, ticks, scale.at_entry, levels)


def _calendar_years(persons: Persons, name: str) -> Split:
    """Cut at the turn of each year: what happens on the first of January belongs to the new year."""
    _require_calendar(persons, "a split by calendar year")
    finish = persons.origin + np.where(persons.end < 2**59, persons.end, 0)
    days = pl.Series([int(persons.origin.min() // DAY), int(finish.max() // DAY)]).cast(pl.Date).dt.year()
    first, last = int(days[0]), int(days[1])
    turns = pl.Series([date(year, 1, 1) for year in range(first + 1, last + 1)], dtype=pl.Date)
    ticks = to_ticks(turns, "day").ticks
    # Under a clock of whole days the first of January is (31 December, 1 January].
    ticks = ticks - DAY if persons.clock == "day" else ticks
    return Split(name, ticks, persons.origin, tuple(str(year) for year in range(first, last + 1)))
