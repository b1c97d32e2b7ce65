"""From raw tables to a timeline of eligible persons, and from there to the episodes of each outcome."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from riskset.episodes import Episodes, Timeline
from riskset.errors import CohortError, TableError
from riskset.study.formulas import baseline_column, baseline_measures, exposure_column, modifier_column
from riskset.study.people import END, REASON, Candidates, candidates, fixed_columns
from riskset.study.plan import StudyPlan
from riskset.study.reading import used_tables
from riskset.study.results import FlowStep
from riskset.study.sources import FirstKnown, first_known
from riskset.tables import ROW, Rejects, Table, check_ids, parse_filter


@dataclass(frozen=True)
class Assembled:
    """Eligible persons with everything that is known of them, before any outcome.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    tables : mapping
        The raw tables.
    screened : int
        Persons of the cohort's table.
    steps : tuple of FlowStep
        Who left, by rule, in order.
    persons : polars.DataFrame
        One row per eligible person: id, index, end, baseline values, measures and states at index, groups.
    timeline : Timeline
        Measures and drugs of these persons.
    sources : mapping
        Of the outcomes that have several sources, where each date came from.
    rejects : Rejects
        Rows that broke a rule, so far.
    strangers : mapping
        Per table, ids that are nowhere in the cohort's table.
    """

    plan: StudyPlan
    tables: Mapping[str, Table]
    screened: int
    steps: tuple[FlowStep, ...]
    persons: pl.DataFrame
    timeline: Timeline
    sources: Mapping[str, FirstKnown]
    rejects: Rejects
    strangers: Mapping[str, int]


def assemble(plan: StudyPlan, tables: Mapping[str, Table]) -> Assembled:
    """Find who is eligible and put what is known of them on a timeline.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    tables : mapping
        Its tables, as :func:`riskset.study.reading.read_tables` gives them.

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
    strangers = _strangers(plan, tables)
    found = candidates(plan, tables)
    people, rejects = _readable(plan, tables, found)
    sources = {
        name: first_known(plan, name, people, tables)
        for name, outcome in plan.outcomes.items()
        if outcome.first_known
    }
    for source in sources.values():
        people = people.join(source.frame, on=key, how="left", maintain_order="left")
    people, pending = fixed_columns(plan, people, plan.baseline)
    fixed = [n for n, v in plan.baseline.items() if v.since is None and n not in pending]
    everybody = _timeline(plan, tables, people, fixed)
    at_index, _ = fixed_columns(plan, everybody.at_entry(), pending)
    kept, steps = _eligible(plan, at_index, found.steps)
    at_index = at_index.filter(pl.col(key).is_in(kept.implode()))
    frozen = [pl.col(m).alias(baseline_column(m)) for m in baseline_measures(plan)]
    later = at_index.select(key, *pending, *frozen)
    people = people.drop(*(c for c in later.columns[1:] if c in people.columns))
    people = people.join(later, on=key, how="inner", maintain_order="left")
    timeline = _timeline(plan, tables, people, [*fixed, *later.columns[1:]])
    rejects = rejects.extend(timeline.rejects.frame)
    check_rejects(plan, rejects)
    known = people.select(key, *(c for c in people.columns if c not in at_index.columns))
    persons = with_groups(plan, at_index.join(known, on=key, how="left", maintain_order="left"))
    return Assembled(plan, tables, found.screened, steps, persons, timeline, sources, rejects, strangers)


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


def check_rejects(plan: StudyPlan, rejects: Rejects) -> None:
    """Stop where more rows of a table broke a rule than the plan allows."""
    for table in plan.tables.values():
        of_table = rejects.frame.filter(pl.col("file") == table.file)
        Rejects(of_table).check(table.max_rejects)


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
        check_rejects(plan, rejects)
        raise CohortError("nobody is left whose dates can be read", where=own.source)
    return people, rejects


def _timeline(
    plan: StudyPlan, tables: Mapping[str, Table], people: pl.DataFrame, carry: Sequence[str]
) -> Timeline:
    data, cohort = plan.data, plan.cohort
    own = tables[cohort.from_]
    timeline = Timeline(
        replace(own, frame=people),
        id=data.id,
        entry=cohort.index,
        exit=END if cohort.end else None,
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
            use=measure.use,
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
            date_only=table.start in table.date_only,
        )
    return timeline


def _with_event(study: Assembled, timeline: Timeline, name: str, *, ends: bool) -> Timeline:
    plan = study.plan
    outcome = plan.outcomes[name]
    if outcome.end_reason is not None:
        reason = outcome.end_reason.replace("'", "''")
        return timeline.event(name, at=END, where=f"{REASON} = '{reason}'", ends_follow_up=ends)
    if outcome.first_known:
        source = study.sources[name]
        return timeline.event(name, at=source.time, date_only=source.by_date, ends_follow_up=ends)
    table = plan.tables[outcome.table]
    return timeline.event(
        name, study.tables[outcome.table], time=str(table.time), where=outcome.where, ends_follow_up=ends
    )


def _eligible(
    plan: StudyPlan, at_index: pl.DataFrame, before: tuple[FlowStep, ...]
) -> tuple[pl.Series, tuple[FlowStep, ...]]:
    """Apply the rules in their order; a person for whom a rule cannot be decided leaves."""
    left, steps = at_index, list(before)
    for i, rule in enumerate(plan.cohort.require):
        where = f"cohort.require[{i}]"
        keep = parse_filter(rule.keep, where=where).rows(left, where=where).fill_null(value=False)
        after = left.filter(keep)
        steps.append(
            FlowStep(
                label=rule.label,
                n_before=left.height,
                n_excluded=left.height - after.height,
                n_after=after.height,
            )
        )
        if after.is_empty():
            raise CohortError(
                "nobody is left after this rule", where=f"{where} ({rule.label})", remedy="Look at the rule."
            )
        left = after
    return left[plan.data.id], tuple(steps)


def _strangers(plan: StudyPlan, tables: Mapping[str, Table]) -> dict[str, int]:
    """Count persons of each table who are nowhere in the cohort's own, or refuse them."""
    key, own = plan.data.id, tables[plan.cohort.from_]
    everybody = own.frame[key].drop_nulls().unique()
    out: dict[str, int] = {}
    for name in used_tables(plan):
        if name == plan.cohort.from_:
            continue
        frame = tables[name].frame
        n = check_ids(frame[key], everybody, where=tables[name].source)
        if n and plan.data.unknown_persons == "error":
            rows = frame.filter(pl.col(key).is_not_null() & ~pl.col(key).is_in(everybody.implode()))
            raise TableError(
                f"{n:,} {'persons are' if n > 1 else 'person is'} not in {own.source}",
                where=tables[name].source,
                rows=rows[ROW].to_list(),
                remedy='Complete the table of persons, or write unknown_persons = "count" under [data].',
            )
        out[name] = n
    return out
