"""Records of one event beside each other: the end of follow-up, event rows, and the day of index.

Death may stand in the reason for which follow-up ended and among the event rows. A plan that names both has each
person's two dates held against each other by the timeline; where a plan names one and the tables hold the other,
the two are compared here, so that no contradiction passes unseen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import polars as pl

from riskset.cohort import Comparison, FirstKnown, Source, first_known
from riskset.errors import EpisodeError, RisksetError
from riskset.study.plan import StudyPlan
from riskset.study.preflight import raise_all
from riskset.tables import ROW, Table, kind, parse_filter, parse_times, to_ticks

END, END_BY_DATE, REASON = "end_time", "end_date_only", "end_reason"
"""Columns that say when and why each person's follow-up ended."""


def end_column(outcome: str) -> str:
    """Name the column of an outcome's date by the end of follow-up."""
    return f"__{outcome}_end__"


def end_by_date_column(outcome: str) -> str:
    """Name the column that says whether an outcome's date by the end of follow-up is a date only."""
    return f"__{outcome}_end_by_date__"


def with_end_records(plan: StudyPlan, people: pl.DataFrame) -> pl.DataFrame:
    """Add, for each outcome that an end reason and event rows both record, its date by the end of follow-up.

    Parameters
    ----------
    plan : StudyPlan
    people : polars.DataFrame
        With when and why follow-up ended, and whether that is known by date only.

    Returns
    -------
    polars.DataFrame
        With the dates, and beside them which are dates only: those are compared with a stamp by their day.
    """
    for name, outcome in plan.outcomes.items():
        if outcome.end_reason is None or not outcome.table:
            continue
        mine = pl.col(REASON) == outcome.end_reason
        people = people.with_columns(
            pl.when(mine).then(pl.col(END)).alias(end_column(name)),
            (mine & pl.col(END_BY_DATE)).fill_null(value=False).alias(end_by_date_column(name)),
        )
    return people


def unnamed_records(
    plan: StudyPlan, tables: Mapping[str, Table], people: pl.DataFrame
) -> dict[str, tuple[Comparison, ...]]:
    """Compare an outcome with the record of it that the plan does not name, by day.

    The other record of event rows is an end of follow-up for a reason of the same name as the outcome or as a
    string of its filter; that of an end reason are the event rows of this name.

    Parameters
    ----------
    plan : StudyPlan
    tables : mapping
        The raw tables.
    people : polars.DataFrame
        The eligible persons with when and why their follow-up ended.

    Returns
    -------
    dict
        By outcome, where both records exist for anybody.
    """
    found: dict[str, tuple[Comparison, ...]] = {}
    if REASON not in people.columns:
        return found
    key = plan.data.id
    reasons = {str(r).casefold(): str(r) for r in people[REASON].drop_nulls().unique().sort().to_list()}
    for name, outcome in plan.outcomes.items():
        if outcome.first_known or outcome.any_of or (outcome.end_reason is not None and outcome.table):
            continue
        if outcome.end_reason is None:
            named = [name, *re.findall(r"'([^']*)'", outcome.where or "")]
            reason = next((reasons[n.casefold()] for n in named if n.casefold() in reasons), None)
            events = [(outcome.table, outcome.where)]
        else:
            reason, events = outcome.end_reason, list(_rows_called(plan, tables, outcome.end_reason))
        if reason is None:
            continue
        ends = people.filter(pl.col(REASON) == reason).select(key, pl.col(END).alias("time"))
        sources = [Source(f'the end of follow-up by "{reason}"', ends, "time")]
        sources += [
            Source(
                f"the row in {tables[table].source}", _dated(plan, tables[table], table, where, ends), "time"
            )
            for table, where in events
        ]
        compared = _by_day(sources, key).comparisons if len(sources) > 1 else ()
        if compared:
            found[name] = compared
    return found


def _by_day(sources: list[Source], key: str) -> FirstKnown:
    return first_known(sources, id=key, clock="day")


def _rows_called(plan: StudyPlan, tables: Mapping[str, Table], reason: str) -> Iterator[tuple[str, str]]:
    """Find event rows of a name, by the columns in which the plan looks for events."""
    seen: set[tuple[str, str]] = set()
    for outcome in plan.outcomes.values():
        for column in parse_filter(outcome.where).columns if outcome.table and outcome.where else ():
            frame = tables[outcome.table].frame
            if (outcome.table, column) in seen or kind(frame.schema[column]) != "text":
                continue
            seen.add((outcome.table, column))
            for text in frame[column].drop_nulls().unique().sort().to_list():
                if str(text).casefold() == reason.casefold():
                    quoted = str(text).replace("'", "''")
                    yield outcome.table, f"{column} = '{quoted}'"


def _dated(
    plan: StudyPlan, table: Table, name: str, where: str | None, persons: pl.DataFrame
) -> pl.DataFrame:
    """Select the rows of some persons that a filter matches and whose date can be read."""
    key, time = plan.data.id, str(plan.tables[name].time)
    rows = table.frame.join(persons.select(key).unique(), on=key, how="semi")
    if where is not None:
        rows = rows.filter(parse_filter(where).rows(rows, where=table.source).fill_null(value=False))
    parsed = parse_times(rows[time])
    return rows.select(key, ROW, parsed.values.alias("time")).filter(~parsed.bad)


def check_before_entry(
    plan: StudyPlan,
    tables: Mapping[str, Table],
    people: pl.DataFrame,
    sources: Mapping[str, FirstKnown],
) -> None:
    """Refuse eligible persons whose follow-up an event has ended before it began, by file and row.

    Parameters
    ----------
    plan : StudyPlan
    tables : mapping
        The raw tables.
    people : polars.DataFrame
        The eligible persons.
    sources : mapping
        Of the outcomes that have several sources, where each date came from.

    Raises
    ------
    EpisodeError
        With the rows of each file.
    """
    problems: list[RisksetError] = []
    for name in _ending(plan):
        outcome = plan.outcomes[name]
        if outcome.first_known:
            dated = sources[name].frame.select(plan.data.id, "time", "date_only", "source")
            for source in outcome.first_known:
                chosen = dated.filter(pl.col("source") == f"{source.table}.{source.time}")
                early = _early(plan, people, chosen)
                table = tables[source.table]
                rows = _dated_at(plan, table, source.time, source.where, early)
                problems += _before(name, table.source, source.time, rows)
        elif outcome.table:
            table = tables[outcome.table]
            rows = _dated(plan, table, outcome.table, outcome.where, people)
            early = _early(plan, people, rows)
            problems += _before(
                name, table.source, str(plan.tables[outcome.table].time), early[ROW].to_list()
            )
    raise_all(problems)


def _ending(plan: StudyPlan) -> list[str]:
    """List the outcomes that end the follow-up of another: what competes, and what a competing composite is made of."""
    named = dict.fromkeys(c for outcome in plan.outcomes.values() for c in outcome.competing)
    return list(dict.fromkeys(part for name in named for part in (plan.outcomes[name].any_of or (name,))))


def _early(plan: StudyPlan, people: pl.DataFrame, dated: pl.DataFrame) -> pl.DataFrame:
    """Keep the dates that lie before their person's index."""
    key, clock = plan.data.id, plan.data.clock
    both = dated.join(people.select(key, pl.col(plan.index_column).alias("__index__")), on=key)
    flag = both["date_only"] if "date_only" in both.columns else None
    time = to_ticks(both["time"], clock, flag)
    index = to_ticks(parse_times(both["__index__"]).values, clock)
    return both.filter(pl.Series(time.known & index.known & (time.ticks < index.ticks), dtype=pl.Boolean))


def _dated_at(
    plan: StudyPlan, table: Table, column: str, where: str | None, early: pl.DataFrame
) -> list[int]:
    """Find the rows of a source that hold the dates of some persons."""
    rows = table.frame.join(early.select(plan.data.id), on=plan.data.id, how="semi")
    if where is not None:
        rows = rows.filter(parse_filter(where).rows(rows, where=table.source).fill_null(value=False))
    return rows.filter(pl.col(column).is_not_null())[ROW].to_list()


def _before(name: str, source: str, column: str, rows: list[int]) -> Iterator[RisksetError]:
    if rows:
        yield EpisodeError(
            f"'{name}' ends follow-up and lies before entry",
            where=f"{source}, column '{column}'",
            rows=sorted(rows),
            remedy="Correct the dates, or leave these persons out by a rule of cohort.require.",
        )
