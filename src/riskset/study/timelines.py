"""The plan's measures, drugs, states, bands and outcomes on a timeline of persons."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

import polars as pl

from riskset.episodes import Timeline
from riskset.study.formulas import over_time
from riskset.study.plan import StudyPlan
from riskset.study.plan_cohort_checks import CALENDAR
from riskset.study.plan_values import substance_of
from riskset.study.records import END, END_BY_DATE, REASON, end_by_date_column, end_column
from riskset.study.rejecting import rows_of
from riskset.tables import Table


def timeline_of(
    plan: StudyPlan,
    tables: Mapping[str, Table],
    people: pl.DataFrame,
    carry: Sequence[str],
    *,
    final: bool = False,
    like: Timeline | None = None,
) -> Timeline:
    """Put measures, drugs and states on a timeline.

    Parameters
    ----------
    plan : StudyPlan
    tables : mapping
        The raw tables.
    people : polars.DataFrame
        One row per person, with index and end of follow-up.
    carry : sequence of str
        Columns of the persons that are fixed at index.
    final : bool
        For the episodes of the models: what no model reads as it changes keeps its value at index and cuts no
        episode, and bands of time are cut.

    like : Timeline, optional
        Of the same persons by another plan: what both read in the same way is not read again.

    Returns
    -------
    Timeline
    """
    data, cohort = plan.data, plan.cohort
    own = tables[cohort.from_]
    timeline = Timeline(
        replace(own, frame=people),
        id=data.id,
        entry=plan.index_column,
        exit=END if cohort.end else None,
        exit_date_only=END_BY_DATE if cohort.end else None,
        max_followup=cohort.max_followup,
        carry=list(carry),
        clock=data.clock,
        observed=data.observed,
        plausible_dates=data.plausible_dates,
        population=own.frame,
        allowance=None,
        like=like,
    )
    for name, value in plan.baseline.items():
        if value.since is not None:
            timeline = timeline.since(
                value.since, name, value.unit or "years", above=value.above, becomes=value.becomes
            )
    changing = over_time(plan) if final else (*plan.measures, *plan.drugs, *plan.states)
    timeline = _with_measures(plan, tables, timeline, changing)
    timeline = _with_drugs(plan, tables, timeline, changing)
    for name, state in plan.states.items():
        if name in changing:
            table, where = rows_of(plan, name)
            timeline = timeline.state(
                name,
                tables[table],
                time=str(plan.tables[table].time),
                where=where,
                levels=state.levels,
                count=state.count,
            )
    return _with_splits(plan, timeline, changing)


def _with_measures(
    plan: StudyPlan, tables: Mapping[str, Table], timeline: Timeline, changing: Collection[str]
) -> Timeline:
    for name, measure in plan.measures.items():
        table = plan.tables[measure.table]
        by_row = table.unit is not None and measure.recorded_unit is None
        still = name not in changing
        timeline = timeline.measure(
            name,
            tables[measure.table],
            time=str(table.time),
            value=str(table.value),
            unit=table.unit if by_row else None,
            unit_is=measure.recorded_unit,
            where=measure.where,
            to=measure.unit,
            analyte=substance_of(plan, name),
            carry_forward=measure.carry_forward,
            lag=measure.lag,
            use="baseline" if still else measure.use,
            window=None if still else measure.window,
            same_day=measure.same_day,
            below_limit=table.below_limit,
            plausible=measure.plausible,
            exclude=measure.exclude,
            method=measure.method,
        )
    return timeline


def _with_drugs(
    plan: StudyPlan, tables: Mapping[str, Table], timeline: Timeline, changing: Collection[str]
) -> Timeline:
    for name, drug in plan.drugs.items():
        table = plan.tables[drug.table]
        timeline = timeline.drug(
            name,
            tables[drug.table],
            start=str(table.start),
            stop=table.stop if drug.days_supply is None else None,
            days_supply=drug.days_supply,
            stockpile=drug.stockpile,
            where=drug.where,
            grace=drug.grace,
            missing_stop=table.missing_stop,
            state=drug.state,
            use=drug.use if name in changing else "baseline",
            by=drug.by,
            dose=drug.dose,
            step=drug.step,
            wrong=plan.wrong if name == plan.modifier.drug else None,
            date_only=table.start in table.date_only,
        )
    return timeline


def _with_splits(plan: StudyPlan, timeline: Timeline, changing: Collection[str]) -> Timeline:
    for name, split in plan.splits.items():
        if name not in changing:
            continue
        since = split.since
        if since is not None and since != CALENDAR:
            since = plan.baseline[since].since
        timeline = timeline.split(
            name, at=list(split.at) or None, every=split.every, since=since, unit=split.unit
        )
    return timeline


def event_columns(outcome: str) -> tuple[str, str]:
    """Name the columns of persons with an outcome's date from several sources, and whether it is a date only."""
    return f"__{outcome}_time__", f"__{outcome}_by_date__"


def terminal_outcomes(plan: StudyPlan) -> tuple[str, ...]:
    """List the outcomes after which nobody is followed: those that end follow-up or forestall another.

    A study's only outcome ends its follow-up too, unless it recurs.
    """
    if len(plan.outcomes) == 1:
        return tuple(name for name, outcome in plan.outcomes.items() if not outcome.recurrent)
    named = {c for outcome in plan.outcomes.values() for c in outcome.competing}
    named |= {part for name in named for part in plan.outcomes[name].any_of}
    return tuple(n for n, outcome in plan.outcomes.items() if outcome.end_reason is not None or n in named)


def with_outcome(plan: StudyPlan, tables: Mapping[str, Table], timeline: Timeline, outcome: str) -> Timeline:
    """Add an outcome and what ends its follow-up to a timeline."""
    entry = plan.outcomes[outcome]
    ends = terminal_outcomes(plan)
    added: set[str] = set()
    for part in entry.any_of:
        timeline = _with_event(plan, tables, timeline, part, ends=part in ends)
        added.add(part)
    if entry.any_of:
        timeline = timeline.composite(outcome, entry.any_of, recurrent=entry.recurrent)
    else:
        timeline = _with_event(plan, tables, timeline, outcome, ends=False)
    for name in entry.competing:
        for part in plan.outcomes[name].any_of or (name,):
            if part not in added:
                timeline = _with_event(plan, tables, timeline, part, ends=True)
                added.add(part)
    return timeline


def _with_event(
    plan: StudyPlan, tables: Mapping[str, Table], timeline: Timeline, name: str, *, ends: bool
) -> Timeline:
    outcome = plan.outcomes[name]
    if outcome.end_reason is not None and outcome.table:
        return timeline.event(
            name,
            tables[outcome.table],
            time=str(plan.tables[outcome.table].time),
            where=outcome.where,
            at=end_column(name),
            at_date_only=end_by_date_column(name),
            ends_follow_up=ends,
        )
    if outcome.end_reason is not None:
        reason = outcome.end_reason.replace("'", "''")
        return timeline.event(
            name, at=END, where=f"{REASON} = '{reason}'", date_only=END_BY_DATE, ends_follow_up=ends
        )
    if outcome.first_known:
        time, by_date = event_columns(name)
        return timeline.event(name, at=time, date_only=by_date, ends_follow_up=ends)
    return timeline.event(
        name,
        tables[outcome.table],
        time=str(plan.tables[outcome.table].time),
        where=outcome.where,
        ends_follow_up=ends,
        recurrent=outcome.recurrent,
    )
