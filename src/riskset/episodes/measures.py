"""Repeated measurements: from raw rows to the value in force.

A value of day m with lag L is in force on (m + L, min(next + L, m + L + carry_forward)]: never on the day that
it was drawn, so that a laboratory result of the day of an event cannot explain that event.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.episodes.audit import AuditLine
from riskset.episodes.excluding import without_flagged
from riskset.episodes.levels import level_notes, unit_notes
from riskset.episodes.persons import PERSON, Persons, Selection, reject_times, select_rows
from riskset.episodes.same_time import SameDay, one_per_time
from riskset.episodes.tracks import Indices, Track, steps
from riskset.episodes.within_day import require_order, undecided, within_day
from riskset.errors import EpisodeError, UnitError
from riskset.tables import ROW, Matched, Rejects, parse_values
from riskset.tables.ticks import DAY, NEVER, Ticks, significant
from riskset.tables.values import BelowLimit
from riskset.units import Analyte, lab_factor

Use = Literal["last", "baseline", "mean", "cumulative mean", "change from baseline"]
USES = ("last", "baseline", "mean", "cumulative mean", "change from baseline")
NEEDS_UNIT = "a value must have a unit"
NEEDS_TIME = "a value must have a date"
Values = NDArray[np.float64]


@dataclass(frozen=True)
class Measure:
    """Usable values of one measure, sorted by person and time, with the rules of their use.

    Parameters
    ----------
    name : str
    person, time, value : arrays
        One row per person and time; time in ticks since entry, before any lag.
    lag : int
        Ticks.
    carry_forward : int or None
        Ticks, or None for ever.
    use : str
    window : int or None
        Ticks of a moving mean.
    counts : dict
        Rows selected, of others, without value, converted, at one time, used.
    row : int64 array
        Raw row of each value, the first of several at one time.
    notes : tuple of AuditLine
    matched : tuple of Matched
        What its filter matched.
    same_day : str
        What several values at one time became.
    """

    name: str
    person: Indices
    time: Ticks
    value: Values
    lag: int
    carry_forward: int | None
    use: Use
    window: int | None
    counts: dict[str, int]
    row: Indices
    notes: tuple[AuditLine, ...] = ()
    matched: tuple[Matched, ...] = ()
    same_day: SameDay = "mean"

    def track(self, n_persons: int, blocked: Ticks | None) -> Track:
        """Give the steps of the value in force.

        Parameters
        ----------
        n_persons : int
        blocked : int64 array, optional
            Per person the time from which no value may be used (the day of an event known by date only).

        Returns
        -------
        Track
        """
        person, time, value = self.person, self.time, self.value
        start = time + self.lag
        if blocked is not None:
            keep = start < blocked[person]
            person, time, value, start = person[keep], time[keep], value[keep], start[keep]
        if self.use in {"mean", "cumulative mean"}:
            value = significant(_running_mean(person, time, value, self.window))
        expiry = np.full(start.size, NEVER) if self.carry_forward is None else start + self.carry_forward
        track = steps(self.name, n_persons, person, start, expiry, value, time, empty=np.nan, lapsed=np.nan)
        if self.use == "last" or self.use in {"mean", "cumulative mean"}:
            return track
        if self.use == "baseline":
            return track.frozen()
        first = track.start == 0
        return replace(track, value=significant(track.value - track.value[first][track.person]))


def read_measure(
    persons: Persons,
    name: str,
    table: Any,
    *,
    time: str,
    value: str,
    unit: str | None,
    unit_is: str | None,
    where: str | None,
    to: str | None,
    analyte: str | Analyte | None,
    carry_forward: int | None,
    lag: int,
    use: Use,
    window: int | None,
    same_day: SameDay,
    below_limit: BelowLimit | None,
    date_only: str | None,
    plausible: tuple[float, float] | None,
    exclude: str | None,
    method: str | None,
) -> tuple[Measure, Rejects]:
    """Read the values of one measure from a table.

    Parameters are those of ``Timeline.measure``, durations in ticks.

    Returns
    -------
    measure : Measure
    rejects : Rejects
    """
    columns = [c for c in (time, value, unit, date_only, exclude, method) if c is not None]
    selection, n_excluded = without_flagged(
        select_rows(persons, table, columns, where=where, name=name), exclude
    )
    frame, rejects = selection.frame, selection.rejects
    # One row of a person may break several rules; whatever breaks one is not used.
    wrong = frame[ROW].is_in(rejects.frame["row"].implode()).to_numpy()
    flag = None if date_only is None else frame[date_only]
    times, bad, outside = persons.times(
        frame[time], where=f"{selection.source}, column '{time}'", date_only=flag
    )
    rejects, wrong_time = reject_times(rejects, selection, time, bad, outside)
    parsed = parse_values(frame[value], below_limit=below_limit)
    for rule, rows in parsed.problems:
        rejects = rejects.add(selection.source, frame[ROW].filter(rows), value, rule)
        wrong = wrong | rows.to_numpy()
    present = parsed.values.is_not_null().to_numpy()
    undated = present & ~times.known & ~wrong_time & ~wrong
    rejects = rejects.add(selection.source, frame[ROW].filter(pl.Series(undated)), time, NEEDS_TIME)
    numbers = parsed.values.fill_null(np.nan).to_numpy()
    usable = present & times.known & ~wrong & ~wrong_time
    factors, rejects, converted, notes = _factors(
        selection, usable, unit, unit_is, to, analyte or name, name, rejects
    )
    usable &= np.isfinite(factors)
    if persons.calendar:
        kept = pl.Series(usable)
        for column, how in ((unit, "in"), (method, "by")):
            if column is not None:
                notes += unit_notes(name, frame[column].filter(kept), times.ticks[usable], how)
    every = slice(None) if usable.all() else usable  # mostly all are, and copies of millions take time
    person = frame[PERSON].to_numpy()[every]
    ticks = times.ticks[every] - persons.origin[person]
    numbers = numbers[every] if (factors == 1).all() else numbers[every] * factors[every]
    numbers = significant(numbers)
    implausible_values = 0
    if plausible is not None:
        implausible_values = int(((numbers < plausible[0]) | (numbers > plausible[1])).sum())
    raw = frame[ROW].to_numpy()[every]
    finer = None
    if same_day in {"first", "last"}:
        whole = within_day(frame[time], flag)
        finer = None if whole is None else whole[usable]
        tied = undecided(person, ticks, numbers, finer, same_day)
        place = f"{selection.source}, column '{time}'"
        notes += require_order(name, same_day, finer, tied, raw, where=place)
    absolute = ticks + persons.origin[person] if persons.calendar else None
    notes += level_notes(name, person, absolute, numbers)
    one = one_per_time(person, ticks, numbers, raw, same_day, finer)
    counts = {
        "selected": selection.rows_selected,
        "of others": selection.rows_of_others,
        "excluded": n_excluded,
        "without value": int((~present & ~wrong).sum()),
        "rejected": int(frame.height - usable.sum() - (~present & ~wrong).sum()),
        "converted": converted,
        "behind a limit": int((parsed.behind_limit.to_numpy() & usable).sum()),
        "at a time with several": one.shared,
        "times that disagree": one.disagree,
        "implausible": implausible_values,
        "negative": int((numbers < 0).sum()),
        "merged": int(usable.sum()) - int(one.time.size),
        "values": int(one.time.size),
    }
    measure = Measure(
        name, one.person, one.time, one.value, lag, carry_forward, use, window, counts, one.row, notes,
        (selection.matched,), same_day,
    )  # fmt: skip
    return measure, rejects


def _factors(
    selection: Selection,
    usable: NDArray[np.bool_],
    unit: str | None,
    unit_is: str | None,
    to: str | None,
    analyte: str | Analyte,
    name: str,
    rejects: Rejects,
) -> tuple[Values, Rejects, int, tuple[AuditLine, ...]]:
    """Give every row what its unit is worth in the wanted one; NaN where the row is rejected."""
    n = usable.size
    if unit is None:
        if to is None:
            return np.ones(n), rejects, 0, ()
        if unit_is is None:
            raise UnitError(
                f"'{name}' is wanted in {to} and nothing says in what unit its values are",
                where=selection.source,
                remedy="Name the column of units, or state the unit of the file.",
            )
        factor = lab_factor(unit_is, to, analyte, where=f"'{name}'")
        return np.full(n, factor), rejects, n if factor != 1 else 0, ()
    text = selection.frame[unit].cast(pl.String).str.strip_chars().replace("", None)
    blank = text.is_null().to_numpy() & usable
    rejects = rejects.add(selection.source, selection.frame[ROW].filter(pl.Series(blank)), unit, NEEDS_UNIT)
    spellings = sorted(text.filter(pl.Series(usable)).drop_nulls().unique().to_list())
    target = to
    if target is None:
        if not spellings:
            return np.where(blank, np.nan, 1.0), rejects, 0, ()
        target = spellings[0]
    lab_factor(target, target)  # an unknown target is an error of the plan, not of the rows
    worth: dict[str, float] = {}
    for spelling in spellings:
        try:
            worth[spelling] = lab_factor(spelling, target, analyte, where=f"'{name}'")
        except UnitError as problem:
            rows = selection.frame[ROW].filter(pl.Series(usable) & (text == spelling))
            rejects = rejects.add(
                selection.source, rows, unit, f"the unit must convert to {target}: {problem.rule}"
            )
            worth[spelling] = np.nan
    if to is None and any(factor != 1 for factor in worth.values()):
        raise UnitError(
            f"the values of '{name}' are in several units ({', '.join(spellings)})",
            where=selection.source,
            remedy='Say in which unit they are wanted: to = "...".',
        )
    if len(worth) == 1:
        (factor,) = worth.values()
        factors = np.where(blank, np.nan, factor)
    else:
        factors = (
            text.replace_strict(worth, default=None, return_dtype=pl.Float64).fill_null(np.nan).to_numpy()
        )
    converted = {s: f for s, f in worth.items() if f != 1 and np.isfinite(f)}
    notes = tuple(
        AuditLine(name, f"{name}: values in {s} converted to {target} by x {f:.6g}", None, "note")
        for s, f in converted.items()
    )
    moved = int((usable & np.isfinite(factors) & (factors != 1)).sum())
    return factors, rejects, moved, notes


def _running_mean(person: Indices, time: Ticks, values: Values, window: int | None) -> Values:
    """Mean of the person's values in (t - window, t], or of all so far, at each measurement."""
    total, count = values.copy(), np.ones(values.size)
    for back in range(1, values.size):
        same = person[back:] == person[:-back]
        if window is not None:
            same &= time[:-back] > time[back:] - window
        if not same.any():
            break
        total[back:] += np.where(same, values[:-back], 0.0)
        count[back:] += same
    return total / count


def require_sense(name: str, use: Use, window: int | None, carry_forward: int | None) -> None:
    """Refuse settings that contradict each other.

    Parameters
    ----------
    name : str
    use : str
    window, carry_forward : int or None
        Ticks.

    Raises
    ------
    EpisodeError
        If a mean has no window, another use has one, or nothing could ever be in force.
    """
    if use == "mean" and window is None:
        raise EpisodeError(
            f"use = 'mean' of '{name}' needs a window",
            where=f"'{name}'",
            remedy='Say over how long: window = "90 days".',
        )
    if use != "mean" and window is not None:
        raise EpisodeError(
            f"a window goes with use = 'mean', not with '{use}'",
            where=f"'{name}'",
            remedy="Remove one of the two.",
        )
    if carry_forward == 0:
        raise EpisodeError(
            f"with carry_forward of {carry_forward // DAY} days no value of '{name}' is ever in force",
            where=f"'{name}'",
            remedy="Give the time for which a value may stand for the next one.",
        )
