"""Persons enter a timeline: entry, end of follow-up, and what is fixed on day 0."""

from __future__ import annotations

from datetime import date
from typing import Any

import numpy as np
import polars as pl

from riskset.episodes.persons import IMPLAUSIBLE, Persons
from riskset.errors import EpisodeError
from riskset.tables import (
    ROW,
    Rejects,
    Table,
    Times,
    as_frame,
    nearest,
    no_problems,
    parse_times,
    window,
    with_rows,
)
from riskset.tables.ticks import DAY, NEVER, Clock, Flags, duration_ticks, significant, to_ticks
from riskset.tables.times import NOT_A_DATE
from riskset.units import person_time_divisor

NEEDS_ENTRY = "a person must have an entry date"
NEEDS_EXIT = "a person must have an exit date"
AFTER_ENTRY = "time since a date is known at entry only if the date has come by then"
EXIT_FIRST = "exit must not precede entry"


def enter_persons(
    data: Any,
    *,
    id: str,
    entry: str,
    exit: str | None,
    max_followup: float | None,
    clock: Clock,
    exit_date_only: str | None,
    plausible_dates: tuple[date | str, date | str] | None,
    population: Any,
) -> tuple[Persons, Rejects, int]:
    """Read the persons of a timeline.

    Parameters are those of ``Timeline``, `max_followup` in days.

    Returns
    -------
    persons : Persons
        Those whose entry and exit keep the rules, sorted by id.
    rejects : Rejects
    n_rejected : int
        Persons set aside.

    Raises
    ------
    EpisodeError
        If a column does not exist, a person has two rows or no id, or no end of follow-up is declared.
    """
    source = data.source if isinstance(data, Table) else "persons"
    frame = with_rows(as_frame(data, where=source))
    for column in [c for c in (id, entry, exit, exit_date_only) if c is not None]:
        if column not in frame.columns:
            raise EpisodeError(
                f"the column '{column}' does not exist", where=source, remedy=nearest(column, frame.columns)
            )
    if frame.is_empty():
        raise EpisodeError(
            "there are no persons", where=source, remedy="Check the table and the rules of eligibility."
        )
    doubtful = frame[id].is_duplicated() | frame[id].is_null()
    if doubtful.any():
        raise EpisodeError(
            "each person must have one row and an id",
            where=f"{source}, column '{id}'",
            rows=frame[ROW].filter(doubtful).to_list(),
            remedy="Take one row per person first.",
        )
    if exit is None and max_followup is None:
        raise EpisodeError(
            "follow-up has no end", where=source, remedy="Name the exit column, or give max_followup."
        )
    if isinstance(frame.schema[id], pl.Categorical | pl.Enum):
        frame = frame.with_columns(pl.col(id).cast(pl.String))  # ids sort as text, whatever their coding
    frame = frame.sort(id)
    plausible = window(plausible_dates)
    blank = Persons(
        frame,
        id,
        clock,
        plausible,
        np.zeros(0, np.int64),
        np.zeros(0, np.int64),
        np.zeros(0, np.bool_),
        np.zeros(0, np.int64),
        calendar=_is_calendar(frame[entry]),
        population=frame[id] if population is None else _ids(population, id),
        source=source,
        problems=data.problems if isinstance(data, Table) else no_problems(),
    )
    begins, fine, rejects = _dates(blank, entry, None, NEEDS_ENTRY)
    end = np.full(frame.height, NEVER)
    if exit is not None:
        ends, ended, more = _dates(blank, exit, exit_date_only, NEEDS_EXIT)
        end = ends.ticks - begins.ticks
        first = fine & ended & (end < 0)
        more = more.add(source, frame[ROW].filter(pl.Series(first)), exit, EXIT_FIRST)
        rejects, fine = rejects.extend(more.frame), fine & ended & ~first
    capped = np.zeros(frame.height, dtype=np.bool_)
    if max_followup is not None:
        cap = duration_ticks(max_followup)
        capped = end > cap
        end = np.minimum(end, cap)
    kept = pl.Series(fine)
    day = (begins.ticks - begins.by_date) // DAY * DAY if begins.calendar else begins.ticks
    persons = Persons(
        frame.filter(kept),
        id,
        clock,
        plausible,
        begins.ticks[fine],
        end[fine],
        capped[fine],
        day[fine],
        blank.calendar,
        blank.population,
        source,
        blank.problems,
    )
    return persons, rejects, int((~fine).sum())


def _is_calendar(column: pl.Series) -> bool:
    return not parse_times(column).values.dtype.is_numeric()


def _ids(population: Any, id: str) -> pl.Series:
    if isinstance(population, pl.Series):
        return population
    frame = as_frame(population, where="population")
    if id not in frame.columns:
        raise EpisodeError(
            f"the column '{id}' does not exist", where="population", remedy=nearest(id, frame.columns)
        )
    return frame[id]


def _dates(blank: Persons, column: str, date_only: str | None, needs: str) -> tuple[Times, Flags, Rejects]:
    """Read a date that every person must have: its times, who has one, and the rejects."""
    frame, source = blank.frame, blank.source
    flag = None if date_only is None else frame[date_only]
    times, bad, outside = blank.times(frame[column], where=f"{source}, column '{column}'", date_only=flag)
    rejects = blank.problems_in([column])
    known = frame[ROW].is_in(rejects.frame["row"].implode())
    rejects = rejects.add(source, frame[ROW].filter(bad), column, NOT_A_DATE)
    rejects = rejects.add(source, frame[ROW].filter(outside), column, IMPLAUSIBLE)
    fine = times.known & ~(bad | outside | known).to_numpy()
    missing = pl.Series(~times.known) & ~(bad | outside | known)
    return times, fine, rejects.add(source, frame[ROW].filter(missing), column, needs)


def since(
    persons: Persons, column: str, name: str, unit: str, above: float | None, becomes: float | None
) -> tuple[pl.Series, Rejects]:
    """Time from a date of the person to entry, in whole days divided by the unit.

    Parameters
    ----------
    persons : Persons
    column : str
        Of dates.
    name : str
        Of the result.
    unit : str
        "years", "months", "days".
    above, becomes : float, optional
        Values above the first become the second (ages hidden by the owner of the data).

    Returns
    -------
    values : pl.Series
        Float64, rounded to 9 significant digits; null where the date is missing.
    rejects : Rejects
    """
    frame, source = persons.frame, persons.source
    if column not in frame.columns:
        raise EpisodeError(
            f"the column '{column}' does not exist", where=source, remedy=nearest(column, frame.columns)
        )
    parsed = parse_times(frame[column])
    times = to_ticks(parsed.values, "day")
    if times.known.any() and times.calendar != persons.calendar:
        raise EpisodeError(
            "the column and the entry of the persons must both hold dates, or both days",
            where=f"{source}, column '{column}'",
            remedy="Write all times alike.",
        )
    rejects = persons.problems_in([column]).add(source, frame[ROW].filter(parsed.bad), column, NOT_A_DATE)
    # Ages are counted in whole days whatever the clock: the day of entry is the day of its stamp.
    day = persons.entry_day
    length = (day - times.ticks) / DAY / person_time_divisor(unit)
    known = times.known & (length >= 0)
    later = times.known & ~known
    rejects = rejects.add(source, frame[ROW].filter(pl.Series(later)), column, AFTER_ENTRY)
    if above is not None and becomes is not None:
        length = np.where(length > above, becomes, length)
    values = np.where(known, significant(length), np.nan)
    return pl.Series(name, values, nan_to_null=True), rejects
