"""When follow-up ends, and why; and events whose time has several sources."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskset.errors import CohortError
from riskset.tables import Clock, Times, nearest, parse_filter, parse_times, to_ticks
from riskset.tables.ticks import DAY, NEVER, duration_ticks
from riskset.units import parse_duration

MAX_FOLLOWUP = "max_followup"


@dataclass(frozen=True)
class End:
    """One way in which follow-up can end.

    Parameters
    ----------
    time : str
        Column of persons, empty where it did not happen.
    reason : str, optional
        Its name.
    reason_column : str, optional
        Column that names it per person.
    date_only : str, optional
        Column, true where the time is known by date only.
    """

    time: str
    reason: str | None = None
    reason_column: str | None = None
    date_only: str | None = None


def _column(frame: pl.DataFrame, name: str, where: str) -> pl.Series:
    if name not in frame.columns:
        raise CohortError(
            f"the column '{name}' does not exist", where=where, remedy=nearest(name, frame.columns)
        )
    return frame[name]


def _read(
    frame: pl.DataFrame, name: str, clock: Clock, where: str, date_only: str | None = None
) -> tuple[Times, pl.Series]:
    parsed = parse_times(_column(frame, name, where))
    if parsed.bad.any():
        raise CohortError(
            "a date must be written year first",
            where=f"{where}, column '{name}'",
            n_rows=int(parsed.bad.sum()),
        )
    flag = None if date_only is None else _column(frame, date_only, where)
    return to_ticks(parsed.values, clock, flag), parsed.values


def end_of_follow_up(
    persons: pl.DataFrame,
    ends: Sequence[End],
    *,
    index: str,
    max_followup: str | float | None = None,
    clock: Clock = "day",
    where: str = "cohort",
) -> pl.DataFrame:
    """Find the first of several ends of follow-up, and its reason.

    Parameters
    ----------
    persons : pl.DataFrame
        One row per person.
    ends : sequence of End
        Of two at the same time the one that stands first gives the reason.
    index : str
        Column of entry.
    max_followup : str or float, optional
        Longest follow-up.
    clock : {"day", "time"}
    where : str
        Place, for messages.

    Returns
    -------
    pl.DataFrame
        The persons with ``end_time`` and ``end_date_only`` (for ``Timeline(exit=..., exit_date_only=...)``,
        which cuts at `max_followup`), ``end_reason`` (what happened then) and ``ended_by`` (the same, or
        "max_followup" where that came first).

    Raises
    ------
    CohortError
        If a column does not exist or the times are of different kinds.

    Examples
    --------
    >>> persons = pl.DataFrame({"id": ["a", "b"], "in": [0, 0], "death": [40, None], "last": [50, 90]})
    >>> ends = [End("death", reason="death"), End("last", reason="lost")]
    >>> end_of_follow_up(persons, ends, index="in", max_followup=60)["ended_by"].to_list()
    ['death', 'max_followup']
    """
    entry, _ = _read(persons, index, clock, where)
    best = np.full(persons.height, NEVER)
    by_date = np.zeros(persons.height, dtype=np.bool_)
    times = pl.Series("end_time", [None] * persons.height, dtype=pl.Null)
    reasons = pl.Series("end_reason", [None] * persons.height, dtype=pl.String)
    for end in ends:
        read, written = _read(persons, end.time, clock, where, end.date_only)
        if read.known.any() and read.calendar != entry.calendar:
            raise CohortError(
                "the ends of follow-up and the index must all be dates, or all days",
                where=f"{where}, column '{end.time}'",
            )
        sooner = read.known & (read.ticks < best)
        best = np.where(sooner, read.ticks, best)
        by_date = np.where(sooner, read.by_date, by_date)
        times = _either(pl.Series(sooner), written, times)
        if end.reason_column is not None:
            named = _column(persons, end.reason_column, where).cast(pl.String)
        else:
            named = pl.repeat(end.reason or end.time, persons.height, eager=True)
        reasons = named.zip_with(pl.Series(sooner), reasons)
    status = reasons
    if max_followup is not None:
        cap = duration_ticks(parse_duration(max_followup, where="max_followup"))
        capped = pl.Series(entry.known & (best - entry.ticks > cap))
        status = pl.repeat(MAX_FOLLOWUP, persons.height, eager=True).zip_with(capped, reasons)
    return persons.with_columns(
        times.alias("end_time"),
        pl.Series("end_date_only", by_date),
        reasons.alias("end_reason"),
        status.alias("ended_by"),
    )


def _either(mask: pl.Series, first: pl.Series, second: pl.Series) -> pl.Series:
    """Take the first where the mask holds and the second elsewhere; dates among stamps become midnights."""
    if second.dtype == pl.Null:
        second = second.cast(first.dtype)
    if first.dtype != second.dtype and {first.dtype, second.dtype} <= {pl.Date(), pl.Datetime("us")}:
        first, second = first.cast(pl.Datetime("us")), second.cast(pl.Datetime("us"))
    return first.zip_with(mask, second)


@dataclass(frozen=True)
class Source:
    """One source of an event's time.

    Parameters
    ----------
    name : str
        Table and column, "admissions.deathtime".
    frame : pl.DataFrame
        The table; a person may have several rows.
    time : str
        Column.
    where : str, optional
        Rows that count, as an SQL expression.
    """

    name: str
    frame: pl.DataFrame
    time: str
    where: str | None = None


@dataclass(frozen=True)
class Comparison:
    """Two records of one event side by side.

    Parameters
    ----------
    first, second : str
        Names of the records.
    n_both : int
        Persons (or rows) with both.
    n_agree, n_first_earlier, n_first_later : int
        Compared by day where either is known by its date only.
    largest_difference_days : float
        Between records that disagree.
    """

    first: str
    second: str
    n_both: int
    n_agree: int
    n_first_earlier: int
    n_first_later: int
    largest_difference_days: float

    @property
    def contradicts(self) -> bool:
        """Whether any two records disagree."""
        return self.n_agree < self.n_both


@dataclass(frozen=True)
class FirstKnown:
    """The time of an event from several sources.

    Parameters
    ----------
    frame : pl.DataFrame
        id, time, date_only, source: one row per person with a time in any source.
    by_source : dict
        Persons whose time comes from each source.
    comparisons : tuple of Comparison
        Between sources, and between a source and other columns of its own table that mostly say the same.
    """

    frame: pl.DataFrame
    by_source: dict[str, int]
    comparisons: tuple[Comparison, ...]


def first_known(sources: Sequence[Source], *, id: str, clock: Clock = "day") -> FirstKnown:
    """Take each person's event time from the first source, in order of trust, that has one.

    Parameters
    ----------
    sources : sequence of Source
        The most trusted first. Of several times in one source the earliest counts.
    id : str
        Column of ids in every source.
    clock : {"day", "time"}

    Returns
    -------
    FirstKnown

    Raises
    ------
    CohortError
        If there is no source, a column does not exist, or dates and day numbers are mixed.

    Examples
    --------
    >>> from datetime import date, datetime
    >>> ward = pl.DataFrame({"id": ["a"], "died": [datetime(2024, 3, 1, 14, 30)]})
    >>> register = pl.DataFrame({"id": ["a", "b"], "dod": [date(2024, 3, 2), date(2024, 5, 1)]})
    >>> known = first_known([Source("ward", ward, "died"), Source("register", register, "dod")], id="id", clock="time")
    >>> known.frame["source"].to_list(), known.comparisons[0].n_first_earlier
    (['ward', 'register'], 1)
    """
    if not sources:
        raise CohortError("an event must have a source", remedy="Name a table and its time.")
    known: pl.DataFrame | None = None
    parts: list[pl.DataFrame] = []
    comparisons: list[Comparison] = []
    for source in sources:
        rows = source.frame
        if source.where is not None:
            rows = rows.filter(parse_filter(source.where, where=source.name).rows(rows, where=source.name))
        _column(rows, id, source.name)
        times, written = _read(rows, source.time, clock, source.name)
        comparisons += _near_copies(rows, source, times, clock)
        part = (
            pl.DataFrame(
                {
                    id: rows[id],
                    "time": written,
                    "ticks": times.ticks,
                    "date_only": times.by_date
                    if clock == "time"
                    else np.full(rows.height, written.dtype == pl.Date),
                }
            )
            .filter(pl.Series(times.known) & rows[id].is_not_null())
            .sort(id, "ticks")
            .group_by(id, maintain_order=True)
            .first()
            .with_columns(pl.lit(source.name).alias("source"))
        )
        comparisons += [_between(earlier, part, id) for earlier in parts]
        parts.append(part)
        known = part if known is None else _stack(known, part.join(known, on=id, how="anti"), source.name)
    assert known is not None  # noqa: S101 (there is at least one source)
    frame = known.sort(id).drop("ticks")
    counts = {s.name: int((frame["source"] == s.name).sum()) for s in sources}
    return FirstKnown(frame, counts, tuple(c for c in comparisons if c.n_both))


def _stack(known: pl.DataFrame, more: pl.DataFrame, name: str) -> pl.DataFrame:
    kinds = {known.schema["time"], more.schema["time"]}
    if len(kinds) > 1:
        if pl.Float64() in kinds:
            raise CohortError("the sources of an event must all hold dates, or all days", where=name)
        known, more = (f.with_columns(pl.col("time").cast(pl.Datetime("us"))) for f in (known, more))
    return pl.concat([known, more])


def _between(first: pl.DataFrame, second: pl.DataFrame, id: str) -> Comparison:
    both = first.join(second, on=id, suffix="_second")
    by_day = (both["date_only"] | both["date_only_second"]).to_numpy()
    return _compare(
        str(first["source"].first()),
        str(second["source"].first()),
        _days(both, ""),
        _days(both, "_second"),
        by_day,
    )


def _days(both: pl.DataFrame, suffix: str) -> np.ndarray:
    # a date under clock = "time" stands at the end of its day: take it back into the day
    ticks, dated = both[f"ticks{suffix}"].to_numpy(), both[f"date_only{suffix}"].to_numpy()
    midnight = (ticks % DAY == 0) & dated
    end_of_day = midnight & (both[f"time{suffix}"].dtype != pl.Float64)
    return ticks - np.where(end_of_day, 1, 0)


def _compare(first: str, second: str, a: np.ndarray, b: np.ndarray, by_day: np.ndarray) -> Comparison:
    difference = np.where(by_day, a // DAY * DAY - b // DAY * DAY, a - b)
    return Comparison(
        first,
        second,
        int(difference.size),
        int((difference == 0).sum()),
        int((difference < 0).sum()),
        int((difference > 0).sum()),
        float(np.abs(difference).max() / DAY) if difference.size else 0.0,
    )


def _near_copies(rows: pl.DataFrame, source: Source, times: Times, clock: Clock) -> list[Comparison]:
    """Compare the event with columns of its own rows that mostly hold the same time (a discharge at death)."""
    found: list[Comparison] = []
    for name in rows.columns:
        column = rows[name]
        if name == source.time or not (column.dtype.is_temporal() or column.dtype == pl.String):
            continue
        parsed = parse_times(column)
        if not parsed.values.dtype.is_temporal() or parsed.bad.any():
            continue
        other = to_ticks(parsed.values, clock)
        both = times.known & other.known
        if not both.any():
            continue
        by_day = (times.by_date | other.by_date)[both]
        a, b = (t.ticks[both] - t.by_date[both] for t in (times, other))
        comparison = _compare(source.name, f"{source.name.partition('.')[0]}.{name}", a, b, by_day)
        if 2 * comparison.n_agree >= comparison.n_both and comparison.contradicts:
            found.append(comparison)
    return found
