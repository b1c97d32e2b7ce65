"""From raw tables to a timeline of eligible persons, and from there to the episodes of each outcome."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import polars as pl

from riskset.cohort import Comparison, End, FirstKnown, Ledger, Source, end_of_follow_up, first_known
from riskset.episodes import Episodes, Timeline
from riskset.errors import CohortError
from riskset.study.eligible import Eligible, eligible, in_the_file
from riskset.study.formulas import baseline_column, baseline_measures
from riskset.study.grouping import Cuts, cut_points, with_groups
from riskset.study.late_start import late_start
from riskset.study.plan import StudyPlan
from riskset.study.plan_cohort_checks import CALENDAR, STUDY
from riskset.study.records import END, END_BY_DATE, REASON, check_before_entry, unnamed_records
from riskset.study.rejecting import check_rejects
from riskset.study.timelines import event_columns, terminal_outcomes, timeline_of, with_outcome
from riskset.tables import ROW, Rejects, Table, parse_times, to_ticks
from riskset.tables.ticks import DAY

ENDED_BY = "ended_by"
_AT_INDEX = "__at_index__"


@dataclass(frozen=True)
class Assembled:
    """Eligible persons with everything that is known of them, before any outcome.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    tables : mapping
        The raw tables.
    eligible : Eligible
        Who was chosen, and by which rules.
    persons : polars.DataFrame
        One row per eligible person: id, how follow-up ended, baseline values, measures and states at index,
        groups.
    cuts : Cuts
        Where the groups of the exposure, and of a measure that modifies, meet.
    timeline : Timeline
        Measures and drugs of these persons.
    sources : mapping
        Of the outcomes that have several sources, where each date came from.
    rejects : Rejects
        Rows that broke a rule, so far.
    unnamed : mapping
        By outcome: how it agrees with a record of it that the plan does not name.
    scale : polars.DataFrame or None
        Where each person stands at index on the time scale of the models, in days; None for time since index.
    """

    plan: StudyPlan
    tables: Mapping[str, Table]
    eligible: Eligible
    persons: pl.DataFrame
    cuts: Cuts
    timeline: Timeline
    sources: Mapping[str, FirstKnown]
    rejects: Rejects
    unnamed: Mapping[str, tuple[Comparison, ...]]
    scale: pl.DataFrame | None = None

    @property
    def ledger(self) -> Ledger:
        """Persons screened, and who left by which rule."""
        return self.eligible.ledger

    @property
    def notes(self) -> tuple[tuple[str, int], ...]:
        """What choosing each person's row met with."""
        return self.eligible.notes


def assemble(
    plan: StudyPlan,
    tables: Mapping[str, Table],
    *,
    stop: bool = True,
    members: Eligible | None = None,
    like: Timeline | None = None,
) -> Assembled:
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
    members : Eligible, optional
        Persons that were chosen already, by another plan; by default this one chooses them.
    like : Timeline, optional
        Of another plan: what is read in the same way of the same persons is not read again.

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
    chosen = members or eligible(plan, tables, stop=stop)
    people, fixed, pending = chosen.people, chosen.fixed, chosen.pending
    at_index = chosen.known_at_index(plan, tables, like)
    frozen = [pl.col(m).alias(baseline_column(m)) for m in baseline_measures(plan)]
    later = at_index.select(key, *pending, *frozen)
    people = people.drop(later.columns[1:], strict=False)
    people = people.join(later, on=key, how="inner", maintain_order="left")
    sources = _sources(plan, tables, people[key])
    for name, source in sources.items():
        people = people.join(_named(source.frame, key, name), on=key, how="left", maintain_order="left")
    check_before_entry(plan, tables, people, sources)
    timeline = timeline_of(plan, tables, people, [*fixed, *later.columns[1:]], final=True, like=like)
    rejects = chosen.rejects.extend(in_the_file(plan, timeline.rejects.frame))
    if stop:
        check_rejects(plan, tables, rejects)
    ended = _how_it_ended(plan, people)
    persons = at_index.join(
        later.select(key, *(c for c in later.columns if c not in at_index.columns)), on=key
    ).join(ended, on=key, how="left", maintain_order="left")
    cuts = cut_points(plan, persons)
    return Assembled(
        plan,
        tables,
        chosen,
        with_groups(plan, persons, cuts),
        cuts,
        timeline,
        sources,
        rejects,
        unnamed_records(plan, tables, people),
        _scale(plan, people),
    )


def rejects_of(study: Assembled, timeline: Timeline) -> pl.DataFrame:
    """Give the rejects of an outcome's timeline, with the columns as their files call them."""
    return in_the_file(study.plan, timeline.rejects.frame)


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
    time, by_date = event_columns(outcome)
    return frame.select(key, pl.col("time").alias(time), pl.col("date_only").alias(by_date))


def _how_it_ended(plan: StudyPlan, people: pl.DataFrame) -> pl.DataFrame:
    """Say for each person how follow-up ended: by an end of the plan, a terminal outcome, or its greatest length."""
    ends = [End(end.time, end.reason, end.reason_column) for end in plan.cohort.end]
    for name in terminal_outcomes(plan):
        time, by_date = event_columns(name)
        if time in people.columns:
            ends.insert(0, End(time, plan.outcomes[name].label, date_only=by_date))
    known = people.drop(END, END_BY_DATE, REASON, ENDED_BY, strict=False)
    ended = end_of_follow_up(
        known, ends, index=plan.index_column, max_followup=plan.cohort.max_followup, clock=plan.data.clock
    )
    return ended.select(plan.data.id, ENDED_BY)


def outcome_episodes(study: Assembled, outcome: str) -> tuple[Episodes, Timeline]:
    """Cut the episodes of one outcome, with the exposure's group and the modifier's level on each row.

    Returns
    -------
    episodes : Episodes
    timeline : Timeline
        What they were cut from, for its notes and rejects.
    """
    timeline = with_outcome(study.plan, study.tables, study.timeline, outcome)
    episodes = late_start(study.plan, timeline.episodes(outcome))
    return replace(episodes, frame=with_groups(study.plan, episodes.frame, study.cuts)), timeline


def on_scale(study: Assembled, rows: pl.DataFrame) -> pl.DataFrame:
    """Move episodes to the time scale of the models: persons then enter late.

    Parameters
    ----------
    study : Assembled
    rows : polars.DataFrame
        Episodes with entry and exit in days since index.

    Returns
    -------
    polars.DataFrame
        The same rows; entry and exit in days of age, or of the calendar.
    """
    if study.scale is None:
        return rows
    moved = rows.join(study.scale, on=study.plan.data.id, how="left", maintain_order="left")
    return moved.with_columns(pl.col("entry", "exit") + pl.col(_AT_INDEX)).drop(_AT_INDEX)


def _scale(plan: StudyPlan, people: pl.DataFrame) -> pl.DataFrame | None:
    """Find where each person stands at index on the time scale of the models, in days."""
    name = plan.cohort.time_scale
    if name == STUDY:
        return None
    index = to_ticks(parse_times(people[plan.index_column]).values, plan.data.clock)
    days = index.ticks / DAY
    if name != CALENDAR:
        since = str(plan.baseline[name].since)
        zero = to_ticks(parse_times(people[since]).values, "day")
        unknown = people[ROW].filter(pl.Series(~zero.known))
        if len(unknown):
            raise CohortError(
                f"cohort.time_scale: everybody needs the date in '{since}', from which time is counted",
                where=f"table of {plan.cohort.from_}",
                n_rows=len(unknown),
                remedy="Leave persons without it out by a rule of cohort.require.",
            )
        days = (index.ticks - index.by_date) // DAY - zero.ticks // DAY
    return people.select(plan.data.id, pl.Series(_AT_INDEX, days, dtype=pl.Float64))
