"""Prescriptions: from raw rows to the time that they cover, before stock, switches and grace."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import polars as pl

from riskset.episodes.covers import DOSE_PARTS, Covers, union
from riskset.episodes.drugs import Drug, State
from riskset.episodes.persons import PERSON, Persons, Selection, reject_times, select_rows
from riskset.errors import EpisodeError, UnitError
from riskset.tables import ROW, Rejects, parse_values
from riskset.tables.ticks import DAY, LAST_DAY, NEVER, Flags, Ticks, duration_ticks
from riskset.units import parse_duration

NEEDS_START = "a prescription must have a start"
NEEDS_STOP = "a prescription must have a stop"
NEEDS_DOSE = "a prescription must have a dose above 0"
NEEDS_NAME = "a prescription must say which drug of the class it is"
NEEDS_SUPPLY = "the days of supply must be above 0"
REVERSED = "a prescription must not stop before it starts"
SEVERAL = "several"


@dataclass(frozen=True)
class PrescriptionColumns:
    """Columns of a table of prescriptions.

    Parameters
    ----------
    start : str
    stop, days_supply, dose, drug : str, optional
    date_only : bool
        The times of day say nothing.
    """

    start: str
    stop: str | None
    days_supply: str | None
    dose: str | None
    drug: str | None
    date_only: bool


def read_drug(
    persons: Persons,
    name: str,
    table: Any,
    columns: PrescriptionColumns,
    *,
    where: str | None,
    grace: int,
    stockpile: bool,
    missing_stop: str,
    state: State,
    step: int,
    baseline: bool,
    immortal: bool,
    observed_from: int | None,
) -> tuple[Drug, Rejects]:
    """Read the prescriptions of one drug from a table.

    Parameters are those of ``Timeline.drug``, durations in ticks.

    Returns
    -------
    drug : Drug
    rejects : Rejects
    """
    presumed = _presumed(missing_stop, name)
    start, stop = columns.start, columns.stop
    wanted = [start, stop, columns.days_supply, columns.dose, columns.drug]
    selection = select_rows(persons, table, [c for c in wanted if c is not None], where=where, name=name)
    frame, rejects = selection.frame, selection.rejects
    rows = frame[ROW]
    wrong = rows.is_in(rejects.frame["row"].implode()).to_numpy()
    flag = pl.repeat(columns.date_only, frame.height, eager=True)
    begins, bad, outside = persons.times(
        frame[start], where=f"{selection.source}, column '{start}'", date_only=flag
    )
    rejects, bad_start = reject_times(rejects, selection, start, bad, outside)
    wrong |= bad_start
    undated = ~begins.known & ~wrong
    rejects = rejects.add(selection.source, rows.filter(pl.Series(undated)), start, NEEDS_START)
    wrong |= undated
    day = duration_ticks(1)
    if columns.days_supply is not None:
        supply, rejects, bad_supply = _numbers(selection, columns.days_supply, rejects, wrong)
        wrong |= bad_supply
        known = np.isfinite(supply)
        supply = np.where(known, supply, 0)
        rejects, none = _refuse(
            selection, columns.days_supply, rejects, known & ~wrong & (supply <= 0), NEEDS_SUPPLY
        )
        wrong |= none
        end, end_by_date = (
            begins.ticks + np.rint(np.clip(supply, -LAST_DAY, LAST_DAY) * DAY).astype(np.int64),
            begins.by_date,
        )
    elif stop is None:
        end, known, end_by_date = begins.ticks, np.ones(frame.height, dtype=np.bool_), begins.by_date
    else:
        ends, bad, outside = persons.times(
            frame[stop], where=f"{selection.source}, column '{stop}'", date_only=flag
        )
        rejects, bad_stop = reject_times(rejects, selection, stop, bad, outside)
        wrong |= bad_stop
        end, known, end_by_date = ends.ticks, ends.known, ends.by_date
    last_column = stop or columns.days_supply or start
    missing = ~known & ~wrong
    if presumed is None:
        rejects = rejects.add(selection.source, rows.filter(pl.Series(missing)), last_column, NEEDS_STOP)
        wrong |= missing
    else:
        end = np.where(missing, NEVER if presumed == NEVER else begins.ticks + presumed, end)
    # Where either is known by its date alone, only the dates can contradict each other.
    by_date = begins.by_date | end_by_date
    first_day = (begins.ticks - begins.by_date) // DAY
    last_day = (end - (end_by_date & ~missing)) // DAY
    reversed_ = known & ~wrong & np.where(by_date, last_day < first_day, end < begins.ticks)
    rejects = rejects.add(selection.source, rows.filter(pl.Series(reversed_)), last_column, REVERSED)
    wrong |= reversed_
    dose = np.ones(frame.height)
    if columns.dose is not None:
        dose, rejects, bad_dose = _numbers(selection, columns.dose, rejects, wrong)
        rejects, none = _refuse(
            selection, columns.dose, rejects, ~wrong & ~bad_dose & ~(dose > 0), NEEDS_DOSE
        )
        wrong |= bad_dose | none
    which = pl.repeat("", frame.height, eager=True)
    if columns.drug is not None:
        which = frame[columns.drug].cast(pl.String).str.strip_chars().replace("", None)
        rejects, none = _refuse(
            selection, columns.drug, rejects, which.is_null().to_numpy() & ~wrong, NEEDS_NAME
        )
        wrong |= none
    keep = ~wrong
    person = frame[PERSON].to_numpy()[keep]
    origin = persons.origin[person]
    from_ = begins.ticks[keep] - origin
    until = np.where(end[keep] >= NEVER, NEVER, np.maximum(end[keep], begins.ticks[keep] + day) - origin)
    # an unknown dose of a rejected row is no number; what is kept has one
    parts = np.rint(dose[keep] * DOSE_PARTS).astype(np.int64)
    before_records = np.zeros(person.size, dtype=np.bool_)
    if observed_from is not None:
        before_records = (until + grace + origin) <= observed_from
    covers, names, twice = _one_each(
        person,
        from_,
        until,
        which.filter(pl.Series(keep)),
        parts,
        ~before_records,
        named=columns.drug is not None,
    )
    drug = Drug(name, covers, state, baseline, grace, stockpile, names, step, wrong=immortal, counts={})
    in_force = drug.in_force() if not baseline else covers
    counts = {
        "selected": selection.rows_selected,
        "of others": selection.rows_of_others,
        "rejected": int(wrong.sum()),
        "without stop": int(missing.sum()),
        "one-day": int((end[keep] == begins.ticks[keep]).sum()),
        "before the records": int(before_records.sum()),
        "written twice": twice,
        "prescriptions": int(covers.person.size),
        "periods": int(union(in_force.person, in_force.person, in_force.start, in_force.stop)[0].size),
        "persons": int(np.unique(covers.person).size),
    }
    if names:
        changes = (covers.person[1:] == covers.person[:-1]) & (covers.code[1:] != covers.code[:-1])
        counts["switches"] = int(changes.sum())
    return replace(drug, counts=counts, matched=(selection.matched,)), rejects


def _one_each(
    person: np.ndarray,
    start: Ticks,
    stop: Ticks,
    which: pl.Series,
    dose: np.ndarray,
    keep: Flags,
    *,
    named: bool,
) -> tuple[Covers, tuple[str, ...], int]:
    """Sort prescriptions by person and start; a row written twice is one prescription."""
    frame = pl.DataFrame({"person": person, "start": start, "drug": which, "stop": stop, "dose": dose})
    frame = frame.filter(pl.Series(keep)).sort("person", "start", "drug", "stop", "dose")
    one = frame.unique(maintain_order=True)
    twice = frame.height - one.height
    names: tuple[str, ...] = ()
    if named:
        # two drugs of a class that start together: which of them replaced the other cannot be said
        together = pl.col("drug").n_unique().over("person", "start") > 1
        one = one.with_columns(pl.when(together).then(pl.lit(SEVERAL)).otherwise("drug").alias("drug"))
        found = one["drug"].unique().sort().to_list()
        names = tuple(sorted(found, key=lambda drug: (drug == SEVERAL, drug)))
        one = one.with_columns(
            pl.col("drug").replace_strict({n: k for k, n in enumerate(names)}, return_dtype=pl.Int64)
        )
    else:
        one = one.with_columns(pl.lit(0, pl.Int64).alias("drug"))
    columns = (one[c].to_numpy() for c in ("person", "start", "stop", "drug", "dose"))
    return Covers(*columns), names, twice


def _refuse(
    selection: Selection, column: str, rejects: Rejects, rows: Flags, rule: str
) -> tuple[Rejects, Flags]:
    return rejects.add(selection.source, selection.frame[ROW].filter(pl.Series(rows)), column, rule), rows


def _numbers(
    selection: Selection, column: str, rejects: Rejects, wrong: Flags
) -> tuple[np.ndarray, Rejects, Flags]:
    """Read a column of numbers: NaN where there is none, and the rows with something else."""
    parsed = parse_values(selection.frame[column], below_limit=None)
    bad = np.zeros(wrong.size, dtype=np.bool_)
    for rule, rows in parsed.problems:
        broken = rows.to_numpy() & ~wrong
        rejects, _ = _refuse(selection, column, rejects, broken, rule)
        bad |= rows.to_numpy()
    return parsed.values.fill_null(np.nan).to_numpy(), rejects, bad


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
