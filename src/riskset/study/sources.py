"""Events whose date several sources know: the most trusted is believed, and contradictions are named."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl

from riskset.errors import CohortError
from riskset.study.plan import EventSource, StudyPlan
from riskset.tables import Table, nearest, parse_filter


@dataclass(frozen=True)
class Contradiction:
    """Persons of whom two sources say different things.

    Parameters
    ----------
    trusted, other : str
        The sources, "table.column".
    n_both : int
        Persons of whom both know a date.
    n_earlier, n_later : int
        Persons for whom the other source is earlier or later.
    hours : tuple of float
        The smallest and the largest difference, without its sign.
    """

    trusted: str
    other: str
    n_both: int
    n_earlier: int
    n_later: int
    hours: tuple[float, float]

    def __str__(self) -> str:
        """Say it in one sentence.

        Examples
        --------
        >>> print(Contradiction("a.died", "a.left", 33, 1, 0, (24.0, 24.0)))
        a.left is 24 hours before a.died for 1 of the 33 persons of whom both are known
        """
        n = self.n_earlier + self.n_later
        of = f"of the {self.n_both:,} persons of whom both are known"
        if n == 0:
            return f"{self.other} and {self.trusted} agree for all {of.removeprefix('of ')}"
        low, high = (f"{h:,.0f}" if h >= 1 else f"{h:.2f}" for h in self.hours)
        span = f"{low} hours" if low == high else f"{low} to {high} hours"
        if self.n_earlier and self.n_later:
            return f"{self.other} is {span} before or after {self.trusted} for {n:,} {of}"
        return (
            f"{self.other} is {span} {'before' if self.n_earlier else 'after'} {self.trusted} for {n:,} {of}"
        )


@dataclass(frozen=True)
class FirstKnown:
    """One date per person, with where it came from.

    Parameters
    ----------
    frame : polars.DataFrame
        id, the date, whether it is known by date only, and the number of its source.
    time, by_date, source : str
        Names of these columns.
    names : tuple of str
        The sources in order of trust, "table.column".
    contradictions : tuple of Contradiction
        Of each pair of sources, the more trusted first.
    """

    frame: pl.DataFrame
    time: str
    by_date: str
    source: str
    names: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]


def first_known(
    plan: StudyPlan, outcome: str, people: pl.DataFrame, tables: Mapping[str, Table]
) -> FirstKnown:
    """Take each person's event from the first source that knows a date after index (or, if none is, any).

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    outcome : str
        An outcome with ``first_known``.
    people : polars.DataFrame
        The candidates, with their index.
    tables : mapping
        The tables.

    Returns
    -------
    FirstKnown

    Raises
    ------
    CohortError
        Where a source has no such column.
    """
    key, index = plan.data.id, plan.cohort.index
    sources = plan.outcomes[outcome].first_known
    frame = people.select(key, pl.col(index).cast(pl.Datetime("us")).alias("__index__"))
    by_date: list[bool] = []
    for i, source in enumerate(sources):
        dates, only = _dates(plan, source, tables[source.table], outcome, i)
        by_date.append(only)
        joined = dates.join(frame.select(key, "__index__"), on=key, how="inner")
        # the earliest after index; history only where nothing follows
        after = (pl.col("at") + pl.duration(days=1) if only else pl.col("at")) > pl.col("__index__")
        best = joined.group_by(key).agg(
            pl.coalesce(pl.col("at").filter(after).min(), pl.col("at").max()).alias(f"__{i}")
        )
        frame = frame.join(best, on=key, how="left", maintain_order="left")
    columns = [pl.col(f"__{i}") for i in range(len(sources))]
    which = pl.coalesce([pl.when(c.is_not_null()).then(i) for i, c in enumerate(columns)])
    time, flag, number = (f"__{outcome}_{part}__" for part in ("at", "by_date", "source"))
    names = tuple(f"{s.table}.{s.time}" for s in sources)
    chosen = frame.select(
        key,
        pl.coalesce(columns).alias(time),
        which.replace_strict(dict(enumerate(by_date)), default=None, return_dtype=pl.Boolean)
        .fill_null(value=False)
        .alias(flag),
        which.alias(number),
    )
    pairs = combinations(range(len(sources)), 2)
    said = tuple(
        _compare(frame, a, b, names, by_day=by_date[a] or by_date[b] or plan.data.clock == "day")
        for a, b in pairs
    )
    if plan.data.clock == "day":
        chosen = chosen.with_columns(pl.col(time).cast(pl.Date), pl.lit(value=False).alias(flag))
    return FirstKnown(chosen, time, flag, number, names, said)


def _dates(
    plan: StudyPlan, source: EventSource, table: Table, outcome: str, i: int
) -> tuple[pl.DataFrame, bool]:
    frame = table.frame
    where = f"outcomes.{outcome}.first_known[{i}]"
    if source.time not in frame.columns:
        raise CohortError(
            f"the column '{source.time}' does not exist",
            where=where,
            remedy=nearest(source.time, frame.columns),
        )
    if source.where is not None:
        rows = parse_filter(source.where, where=where).rows(frame, where=table.source)
        frame = frame.filter(rows.fill_null(value=False))
    at = pl.col(source.time).cast(pl.Datetime("us")).alias("at")
    return frame.select(plan.data.id, at).drop_nulls(), frame.schema[source.time] == pl.Date


def _compare(frame: pl.DataFrame, a: int, b: int, names: tuple[str, ...], *, by_day: bool) -> Contradiction:
    """Compare two sources; where either knows the day only, the days are compared."""
    both = frame.select(pl.col(f"__{a}").alias("a"), pl.col(f"__{b}").alias("b")).drop_nulls()
    if by_day:
        both = both.select(pl.all().dt.truncate("1d"))
    hours = both.select((pl.col("b") - pl.col("a")).dt.total_seconds() / 3600).to_series()
    apart = hours.filter(hours != 0).abs()
    low, high = (float(f(apart.to_numpy())) for f in (np.min, np.max)) if len(apart) else (0.0, 0.0)
    return Contradiction(
        names[a], names[b], both.height, int((hours < 0).sum()), int((hours > 0).sum()), (low, high)
    )
