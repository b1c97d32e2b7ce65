"""From raw tables to a timeline of eligible persons, and from there to the episodes of each outcome."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from riskset.cohort import (
    Comparison,
    End,
    FirstKnown,
    Ledger,
    Rule,
    Source,
    apply_rules,
    end_of_follow_up,
    first_known,
)
from riskset.episodes import Episodes, Timeline
from riskset.errors import CohortError
from riskset.study.formulas import (
    baseline_column,
    baseline_measures,
    exposure_column,
    modifier_column,
    over_time,
)
from riskset.study.people import Candidates, candidates, fixed_columns
from riskset.study.plan import StudyPlan
from riskset.study.records import (
    END,
    END_BY_DATE,
    REASON,
    check_before_entry,
    end_column,
    unnamed_records,
    with_end_records,
)
from riskset.study.rejecting import check_rejects, deciding_rows
from riskset.tables import ROW, Rejects, Table

ENDED_BY = "ended_by"


@dataclass(frozen=True)
class Assembled:
    """Eligible persons with everything that is known of them, before any outcome.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    tables : mapping
        The raw tables.
    ledger : Ledger
        Persons screened, and who left by which rule.
    notes : tuple of (str, int)
        What choosing each person's row met with.
    persons : polars.DataFrame
        One row per eligible person: id, how follow-up ended, baseline values, measures and states at index,
        groups.
    timeline : Timeline
        Measures and drugs of these persons.
    sources : mapping
        Of the outcomes that have several sources, where each date came from.
    rejects : Rejects
        Rows that broke a rule, so far.
    unnamed : mapping
        By outcome: how it agrees with a record of it that the plan does not name.
    """

    plan: StudyPlan
    tables: Mapping[str, Table]
    ledger: Ledger
    notes: tuple[tuple[str, int], ...]
    persons: pl.DataFrame
    timeline: Timeline
    sources: Mapping[str, FirstKnown]
    rejects: Rejects
    unnamed: Mapping[str, tuple[Comparison, ...]]


def assemble(plan: StudyPlan, tables: Mapping[str, Table], *, stop: bool = True) -> Assembled:
    """Find who is eligible and put what is known of them on a timeline.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    tables : mapping
        Its tables, as :func:`riskset.study.reading.read_tables` gives them.
    stop : bool, default True
        Stop at the first stage in which more rows broke a rule than the plan allows; otherwise go on without
        them, so that the caller can name those of all stages.

    Returns
    -------
    Assembled

    Raises
    ------
    RisksetError
        Where a column is missing, a person is unknown, nobody is eligible, or more rows break a rule than the
        plan allows.
    """
    key = plan.data.id
    found = candidates(plan, tables)
    people, rejects = _readable(plan, tables, found)
    if plan.cohort.end:
        people = with_end_records(plan, _with_end(plan, people))
    people, pending = fixed_columns(plan, people, plan.baseline)
    fixed = [n for n, v in plan.baseline.items() if v.since is None and n not in pending]
    # first with everybody, to see who is eligible; then again with those alone, whose rows are the study's
    everybody = _timeline(plan, tables, people, fixed)
    # a person whose own dates contradict each other cannot be judged: a reject, whatever the rules would say
    own = pl.col("file") == tables[plan.cohort.from_].source
    rejects = rejects.extend(_in_the_file(plan, everybody.rejects.frame.filter(own)))
    if stop:
        check_rejects(plan, tables, rejects)
    at_index, _ = fixed_columns(plan, everybody.at_entry(), pending)
    ledger = found.ledger
    if at_index.height < ledger.included:
        ledger = ledger.step("Dates that can be used", at_index.height)
    rejects = rejects.extend(deciding_rows(plan, tables, everybody.rejects, at_index, pending))
    rules = [Rule(rule.keep, rule.label) for rule in plan.cohort.require]
    try:
        at_index, ledger = apply_rules(at_index, rules, ledger=ledger, where="cohort.require")
    except CohortError:
        # nobody stays: where the rows that decide it are broken, they are the reason and not the rule
        check_rejects(plan, tables, rejects)
        raise
    frozen = [pl.col(m).alias(baseline_column(m)) for m in baseline_measures(plan)]
    later = at_index.select(key, *pending, *frozen)
    people = people.drop(later.columns[1:], strict=False)
    people = people.join(later, on=key, how="inner", maintain_order="left")
    sources = _sources(plan, tables, people[key])
    for name, source in sources.items():
        people = people.join(_named(source.frame, key, name), on=key, how="left", maintain_order="left")
    check_before_entry(plan, tables, people, sources)
    still = {*plan.measures, *plan.drugs} - set(over_time(plan))
    timeline = _timeline(plan, tables, people, [*fixed, *later.columns[1:]], frozen=still)
    rejects = rejects.extend(_in_the_file(plan, timeline.rejects.frame))
    if stop:
        check_rejects(plan, tables, rejects)
    ended = _how_it_ended(plan, people)
    persons = with_groups(
        plan,
        at_index.join(
            later.select(key, *(c for c in later.columns if c not in at_index.columns)), on=key
        ).join(ended, on=key, how="left", maintain_order="left"),
    )
    unnamed = unnamed_records(plan, tables, people)
    return Assembled(plan, tables, ledger, found.notes, persons, timeline, sources, rejects, unnamed)


def _in_the_file(plan: StudyPlan, rejects: pl.DataFrame) -> pl.DataFrame:
    """Name the columns of the file from which the end of follow-up was taken."""
    ends = " or ".join(end.time for end in plan.cohort.end)
    made = [END, *(end_column(name) for name in plan.outcomes)]
    return rejects.with_columns(pl.col("column").replace(dict.fromkeys(made, ends))) if ends else rejects


def rejects_of(study: Assembled, timeline: Timeline) -> pl.DataFrame:
    """Give the rejects of an outcome's timeline, with the columns as their files call them."""
    return _in_the_file(study.plan, timeline.rejects.frame)


def _with_end(plan: StudyPlan, people: pl.DataFrame) -> pl.DataFrame:
    ends = [End(end.time, end.reason, end.reason_column) for end in plan.cohort.end]
    return end_of_follow_up(
        people,
        ends,
        index=plan.cohort.index,
        max_followup=plan.cohort.max_followup,
        clock=plan.data.clock,
        where="cohort.end",
    )


def _sources(plan: StudyPlan, tables: Mapping[str, Table], members: pl.Series) -> dict[str, FirstKnown]:
    """Find the dates of outcomes that several tables know, of the eligible persons."""
    out: dict[str, FirstKnown] = {}
    for name, outcome in plan.outcomes.items():
        if outcome.first_known:
            sources = [
                Source(
                    f"{s.table}.{s.time}",
                    tables[s.table].frame.filter(pl.col(plan.data.id).is_in(members.implode())),
                    s.time,
                    s.where,
                )
                for s in outcome.first_known
            ]
            out[name] = first_known(sources, id=plan.data.id, clock=plan.data.clock)
    return out


def _named(frame: pl.DataFrame, key: str, outcome: str) -> pl.DataFrame:
    time, by_date = _event_columns(outcome)
    return frame.select(key, pl.col("time").alias(time), pl.col("date_only").alias(by_date))


def _event_columns(outcome: str) -> tuple[str, str]:
    return f"__{outcome}_time__", f"__{outcome}_by_date__"


def terminal_outcomes(plan: StudyPlan) -> tuple[str, ...]:
    """List the outcomes after which nobody is followed: those that end follow-up or forestall another.

    A study's only outcome ends its follow-up too.
    """
    if len(plan.outcomes) == 1:
        return tuple(plan.outcomes)
    named = {c for outcome in plan.outcomes.values() for c in outcome.competing}
    return tuple(n for n, outcome in plan.outcomes.items() if outcome.end_reason is not None or n in named)


def _how_it_ended(plan: StudyPlan, people: pl.DataFrame) -> pl.DataFrame:
    """Say for each person how follow-up ended: by an end of the plan, a terminal outcome, or its greatest length."""
    ends = [End(end.time, end.reason, end.reason_column) for end in plan.cohort.end]
    for name in terminal_outcomes(plan):
        time, by_date = _event_columns(name)
        if time in people.columns:
            ends.insert(0, End(time, plan.outcomes[name].label, date_only=by_date))
    known = people.drop(END, END_BY_DATE, REASON, ENDED_BY, strict=False)
    ended = end_of_follow_up(
        known, ends, index=plan.cohort.index, max_followup=plan.cohort.max_followup, clock=plan.data.clock
    )
    return ended.select(plan.data.id, ENDED_BY)


def outcome_timeline(study: Assembled, outcome: str) -> Timeline:
    """Add an outcome and what ends its follow-up to the timeline."""
    timeline = study.timeline
    plan = study.plan
    for name in (outcome, *plan.outcomes[outcome].competing):
        timeline = _with_event(study, timeline, name, ends=name != outcome)
    return timeline


def outcome_episodes(study: Assembled, outcome: str) -> tuple[Episodes, Timeline]:
    """Cut the episodes of one outcome, with the exposure's group and the modifier's level on each row.

    Returns
    -------
    episodes : Episodes
    timeline : Timeline
        What they were cut from, for its notes and rejects.
    """
    timeline = outcome_timeline(study, outcome)
    episodes = timeline.episodes(outcome)
    return replace(episodes, frame=with_groups(study.plan, episodes.frame)), timeline


def with_groups(plan: StudyPlan, frame: pl.DataFrame) -> pl.DataFrame:
    """Add the exposure's group and the modifier's level, reference first; missing stays missing."""
    groups = plan.exposure.groups
    low, high = groups.labels
    levels = exposure_levels(plan)
    value = pl.col(plan.exposure.measure)
    group = pl.when(value < groups.below).then(pl.lit(low)).when(value >= groups.below).then(pl.lit(high))
    names = {state: level for level, states in plan.modifier.levels.items() for state in states}
    used = (
        pl.col(plan.modifier.drug).cast(pl.String).replace_strict(names, default=None, return_dtype=pl.String)
    )
    return frame.with_columns(
        group.cast(pl.Enum(levels)).alias(exposure_column(plan)),
        used.cast(pl.Enum(list(plan.modifier.levels))).alias(modifier_column(plan)),
    )


def exposure_levels(plan: StudyPlan) -> tuple[str, ...]:
    """List the exposure's groups, reference first."""
    groups = plan.exposure.groups
    return (groups.reference, *(label for label in groups.labels if label != groups.reference))


def _readable(
    plan: StudyPlan, tables: Mapping[str, Table], found: Candidates
) -> tuple[pl.DataFrame, Rejects]:
    """Set aside persons whose own dates could not be read."""
    key, people = plan.data.id, found.frame
    rejects = Rejects()
    own = tables[plan.cohort.from_]
    dates = [plan.cohort.index, *(end.time for end in plan.cohort.end)]
    dates += [v.since for v in plan.baseline.values() if v.since is not None]
    for name in (plan.cohort.from_, *plan.cohort.join):
        columns = [c for c in dates if found.tables.get(c) == name]
        rows = (
            people
            if name == plan.cohort.from_
            else tables[name].frame.join(people.select(key), on=key, how="semi")
        )
        rejects = rejects.extend(tables[name].rejects(rows, columns).frame)
    broken = rejects.frame.filter(pl.col("file") == own.source)["row"]
    people = people.filter(~pl.col(ROW).is_in(broken.implode()))
    if people.is_empty():
        check_rejects(plan, tables, rejects)
        raise CohortError("nobody is left whose dates can be read", where=own.source)
    return people, rejects


def _timeline(
    plan: StudyPlan,
    tables: Mapping[str, Table],
    people: pl.DataFrame,
    carry: Sequence[str],
    *,
    frozen: Collection[str] = (),
) -> Timeline:
    """Put measures and drugs on a timeline; those in ``frozen`` keep their value at index and cut no episode."""
    data, cohort = plan.data, plan.cohort
    own = tables[cohort.from_]
    timeline = Timeline(
        replace(own, frame=people),
        id=data.id,
        entry=cohort.index,
        exit=END if cohort.end else None,
        exit_date_only=END_BY_DATE if cohort.end else None,
        max_followup=cohort.max_followup,
        carry=list(carry),
        clock=data.clock,
        observed=data.observed,
        plausible_dates=data.plausible_dates,
        population=own.frame,
        allowance=None,
    )
    for name, value in plan.baseline.items():
        if value.since is not None:
            timeline = timeline.since(
                value.since, name, value.unit or "years", above=value.above, becomes=value.becomes
            )
    for name, measure in plan.measures.items():
        table = plan.tables[measure.table]
        by_row = table.unit is not None and measure.recorded_unit is None
        timeline = timeline.measure(
            name,
            tables[measure.table],
            time=str(table.time),
            value=str(table.value),
            unit=table.unit if by_row else None,
            unit_is=measure.recorded_unit,
            where=measure.where,
            to=measure.unit,
            analyte=measure.analyte,
            carry_forward=measure.carry_forward,
            lag=measure.lag,
            use="baseline" if name in frozen else measure.use,
            same_day=measure.same_day,
            below_limit=table.below_limit,
        )
    for name, drug in plan.drugs.items():
        table = plan.tables[drug.table]
        timeline = timeline.drug(
            name,
            tables[drug.table],
            start=str(table.start),
            stop=table.stop,
            where=drug.where,
            grace=drug.grace,
            missing_stop=table.missing_stop,
            state=drug.state,
            use="baseline" if name in frozen else "last",
            date_only=table.start in table.date_only,
        )
    return timeline


def _with_event(study: Assembled, timeline: Timeline, name: str, *, ends: bool) -> Timeline:
    plan = study.plan
    outcome = plan.outcomes[name]
    if outcome.end_reason is not None and outcome.table:
        return timeline.event(
            name,
            study.tables[outcome.table],
            time=str(plan.tables[outcome.table].time),
            where=outcome.where,
            at=end_column(name),
            ends_follow_up=ends,
        )
    if outcome.end_reason is not None:
        reason = outcome.end_reason.replace("'", "''")
        return timeline.event(
            name, at=END, where=f"{REASON} = '{reason}'", date_only=END_BY_DATE, ends_follow_up=ends
        )
    if outcome.first_known:
        time, by_date = _event_columns(name)
        return timeline.event(name, at=time, date_only=by_date, ends_follow_up=ends)
    table = plan.tables[outcome.table]
    return timeline.event(
        name, study.tables[outcome.table], time=str(table.time), where=outcome.where, ends_follow_up=ends
    )
