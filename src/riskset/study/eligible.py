"""Who is eligible: one row per person with index and end of follow-up, and who left by which rule."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import polars as pl

from riskset.cohort import End, Ledger, Rule, apply_rules, end_of_follow_up
from riskset.episodes import Timeline
from riskset.errors import CohortError
from riskset.study.lookback import followed, looked_back, with_index
from riskset.study.people import Candidates, candidates, fixed_columns
from riskset.study.plan import StudyPlan
from riskset.study.records import END, end_column, with_end_records
from riskset.study.rejecting import check_rejects, deciding_rows
from riskset.study.timelines import timeline_of
from riskset.tables import ROW, Rejects, Table

USABLE = "Dates that can be used"
_AT_INDEX = ("data", "tables", "analytes", "cohort", "baseline", "measures", "drugs", "states", "splits")
"""Sections on which rests what is known at index."""


@dataclass(frozen=True)
class Eligible:
    """The persons of a study, before anything is known of them that changes over time.

    Parameters
    ----------
    plan : StudyPlan
        By which they were chosen.
    people : polars.DataFrame
        One row per eligible person: the columns of the cohort's tables, index, end of follow-up, what is fixed at
        index and needs no measure.
    at_index : polars.DataFrame
        What the rules were judged by: everything in force at index, by that plan.
    fixed : tuple of str
        Columns of `people` that are fixed at index.
    pending : tuple of str
        Baseline values that are computed from measures.
    ledger : Ledger
        Persons screened, and who left by which rule.
    notes : tuple of (str, int)
        What choosing each person's row met with.
    rejects : Rejects
        Rows that broke a rule.
    """

    plan: StudyPlan
    people: pl.DataFrame
    at_index: pl.DataFrame
    fixed: tuple[str, ...]
    pending: tuple[str, ...]
    ledger: Ledger
    notes: tuple[tuple[str, int], ...]
    rejects: Rejects

    def known_at_index(
        self, plan: StudyPlan, tables: Mapping[str, Table], like: Timeline | None = None
    ) -> pl.DataFrame:
        """Give everything in force at index by a plan.

        Parameters
        ----------
        plan : StudyPlan
            The one that chose these persons, or a variant of it.
        tables : mapping
            Its tables.
        like : Timeline, optional
            Of these persons by another plan.

        Returns
        -------
        polars.DataFrame
            One row per person.
        """
        if all(getattr(plan, section) == getattr(self.plan, section) for section in _AT_INDEX):
            return self.at_index
        found = timeline_of(plan, tables, self.people, self.fixed, like=like).at_entry()
        return fixed_columns(plan, found, self.pending)[0]


def eligible(plan: StudyPlan, tables: Mapping[str, Table], *, stop: bool = True) -> Eligible:
    """Find who is eligible.

    Parameters
    ----------
    plan : StudyPlan
    tables : mapping
        Its tables.
    stop : bool, default True
        Stop where more rows broke a rule than the plan allows.

    Returns
    -------
    Eligible

    Raises
    ------
    RisksetError
        Where a column is missing, a person is unknown, nobody is eligible, or more rows break a rule than the
        plan allows.
    """
    found = candidates(plan, tables)
    people, rejects = _readable(plan, tables, found)
    people, ledger, more = _before_index(plan, tables, people, found.ledger)
    rejects = rejects.extend(more.frame)
    people, pending = fixed_columns(plan, people, plan.baseline)
    fixed = [n for n, v in plan.baseline.items() if v.since is None and n not in pending]
    everybody = timeline_of(plan, tables, people, fixed)
    # a person whose own dates contradict each other cannot be judged: a reject, whatever the rules would say
    own = pl.col("file") == tables[plan.cohort.from_].source
    rejects = rejects.extend(in_the_file(plan, everybody.rejects.frame.filter(own)))
    if stop:
        check_rejects(plan, tables, rejects)
    at_index, _ = fixed_columns(plan, everybody.at_entry(), pending)
    if at_index.height < ledger.included:
        ledger = ledger.step(USABLE, at_index.height)
    rejects = rejects.extend(deciding_rows(plan, tables, everybody.rejects, at_index, pending))
    rules = [Rule(rule.keep, rule.label) for rule in plan.cohort.require]
    try:
        at_index, ledger = apply_rules(at_index, rules, ledger=ledger, where="cohort.require")
    except CohortError:
        # nobody stays: where the rows that decide it are broken, they are the reason and not the rule
        check_rejects(plan, tables, rejects)
        raise
    people = people.join(at_index.select(plan.data.id), on=plan.data.id, how="semi", maintain_order="left")
    return Eligible(plan, people, at_index, tuple(fixed), tuple(pending), ledger, found.notes, rejects)


def _before_index(
    plan: StudyPlan, tables: Mapping[str, Table], people: pl.DataFrame, ledger: Ledger
) -> tuple[pl.DataFrame, Ledger, Rejects]:
    """Find index and the end of follow-up, and leave out whom the time before index excludes."""
    cohort = plan.cohort
    rules = cohort.index.derived or cohort.observed_from or cohort.washout or cohort.history
    if rules and people.height < ledger.included:
        ledger = ledger.step(USABLE, people.height)
    people, ledger, rejects = with_index(plan, tables, people, ledger)
    if cohort.end:
        people = with_end_records(plan, _with_end(plan, people))
    people, ledger = followed(plan, people, ledger)
    people, ledger, more = looked_back(plan, tables, people, ledger)
    return people, ledger, rejects.extend(more.frame)


def in_the_file(plan: StudyPlan, rejects: pl.DataFrame) -> pl.DataFrame:
    """Name the columns of the file from which the end of follow-up was taken.

    Parameters
    ----------
    plan : StudyPlan
    rejects : polars.DataFrame
        With the columns as the timeline calls them.

    Returns
    -------
    polars.DataFrame
    """
    ends = " or ".join(end.time for end in plan.cohort.end)
    made = [END, *(end_column(name) for name in plan.outcomes)]
    return rejects.with_columns(pl.col("column").replace(dict.fromkeys(made, ends))) if ends else rejects


def _with_end(plan: StudyPlan, people: pl.DataFrame) -> pl.DataFrame:
    ends = [End(end.time, end.reason, end.reason_column) for end in plan.cohort.end]
    return end_of_follow_up(
        people,
        ends,
        index=plan.index_column,
        max_followup=plan.cohort.max_followup,
        clock=plan.data.clock,
        where="cohort.end",
    )


def _readable(
    plan: StudyPlan, tables: Mapping[str, Table], found: Candidates
) -> tuple[pl.DataFrame, Rejects]:
    """Set aside persons whose own dates could not be read."""
    key, people = plan.data.id, found.frame
    rejects = Rejects()
    own = tables[plan.cohort.from_]
    dates = [end.time for end in plan.cohort.end]
    dates += [c for c in (plan.cohort.index.column, plan.cohort.observed_from) if c is not None]
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
