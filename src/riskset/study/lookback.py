"""Index dates that riskset finds itself, and the rules about the time before index: named boxes of the flow."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

import polars as pl

from riskset.cohort import Ledger, covered_before, event_before, first_dates, observed_before
from riskset.errors import CohortError
from riskset.study.plan import INDEX, StudyPlan
from riskset.study.plan_cohort import History, Washout
from riskset.study.records import END
from riskset.study.wording import inside
from riskset.tables import Rejects, Table, parse_filter, parse_times, to_ticks
from riskset.units import parse_duration

NEEDS_DATE = "an event must have a date"
_PRESUMED = {"ongoing": None, "same day": 0.0, "reject": 0.0}


def with_index(
    plan: StudyPlan, tables: Mapping[str, Table], people: pl.DataFrame, ledger: Ledger
) -> tuple[pl.DataFrame, Ledger, Rejects]:
    """Give everybody the index date that the plan describes; who has none leaves.

    Parameters
    ----------
    plan : StudyPlan
    tables : mapping
        The raw tables.
    people : polars.DataFrame
        One row per candidate.
    ledger : Ledger
        To be continued.

    Returns
    -------
    people : polars.DataFrame
        With the index date.
    ledger : Ledger
    rejects : Rejects
        Rows whose date decides it and cannot be read.
    """
    index, key = plan.cohort.index, plan.data.id
    rejects = Rejects()
    if not index.derived:
        return people, ledger, rejects
    if index.date is not None:
        return people.with_columns(pl.lit(date.fromisoformat(index.date)).alias(INDEX)), ledger, rejects
    if index.day is not None:
        return people.with_columns(pl.lit(float(index.day)).alias(INDEX)), ledger, rejects
    if index.drug is not None:
        drug = plan.drugs[index.drug]
        table, where, time = drug.table, drug.where, str(plan.tables[drug.table].start)
        label = f"Prescribed {inside(drug.label)}"
    else:
        table, where = str(index.table), index.where
        time = str(plan.tables[table].time)
        label = f"Has a row of {table}" + (f" where {where}" if where else "")
    if index.between is not None:
        label += f", {index.between[0]} to {index.between[1]}"
    rows, rejects = _rows(plan, tables, table, where, time, people)
    found = first_dates(rows, id=key, time=time, between=index.between)
    people = people.join(found.rename({time: INDEX}), on=key, how="inner", maintain_order="left")
    return people, _left(ledger, index.label or label, people), rejects


def followed(plan: StudyPlan, people: pl.DataFrame, ledger: Ledger) -> tuple[pl.DataFrame, Ledger]:
    """Leave out whose follow-up has ended before the index date that was found for them."""
    if not plan.cohort.index.derived or END not in people.columns:
        return people, ledger
    clock = plan.data.clock
    index = to_ticks(parse_times(people[INDEX]).values, clock)
    end = to_ticks(parse_times(people[END]).values, clock)
    gone = end.known & (end.ticks < index.ticks)
    if not gone.any():
        return people, ledger
    people = people.filter(~pl.Series(gone, dtype=pl.Boolean))
    return people, _left(ledger, "Still followed at index", people)


def looked_back(
    plan: StudyPlan, tables: Mapping[str, Table], people: pl.DataFrame, ledger: Ledger
) -> tuple[pl.DataFrame, Ledger, Rejects]:
    """Apply the rules about the time before index: records at index, washouts, prior history, in this order.

    Parameters
    ----------
    plan : StudyPlan
    tables : mapping
        The raw tables.
    people : polars.DataFrame
        One row per candidate, with the index date.
    ledger : Ledger
        To be continued.

    Returns
    -------
    people : polars.DataFrame
    ledger : Ledger
    rejects : Rejects
        Rows that a rule reads and whose date cannot be read.
    """
    cohort = plan.cohort
    rejects = Rejects()
    if cohort.observed_from is not None:
        people, ledger = _observed(plan, people, ledger, "0 days", "Records exist at index")
    seen: set[str] = set()
    for entry in (*cohort.washout, *cohort.history):
        if isinstance(entry, Washout) and entry.within not in seen:
            seen.add(entry.within)
            label = f"Records for {entry.within} before index"
            people, ledger = _observed(plan, people, ledger, entry.within, label)
        hit, more = _recorded(plan, tables, people, entry)
        rejects = rejects.extend(more.frame)
        stays = hit if isinstance(entry, History) and entry.present else ~hit
        people = people.filter(stays)
        ledger = _left(ledger, entry.label, people)
    return people, ledger, rejects


def _observed(
    plan: StudyPlan, people: pl.DataFrame, ledger: Ledger, within: str, label: str
) -> tuple[pl.DataFrame, Ledger]:
    stays = observed_before(
        people,
        index=plan.index_column,
        within=within,
        since=None if plan.data.observed is None else plan.data.observed[0],
        since_column=plan.cohort.observed_from,
        clock=plan.data.clock,
    )
    people = people.filter(stays)
    return people, _left(ledger, label, people)


def _recorded(
    plan: StudyPlan, tables: Mapping[str, Table], people: pl.DataFrame, entry: History | Washout
) -> tuple[pl.Series, Rejects]:
    """Say who has the record in the look-back; rows of drugs and outcomes are judged where the study reads them."""
    key, index, clock = plan.data.id, plan.index_column, plan.data.clock
    if entry.drug is not None:
        drug = plan.drugs[entry.drug]
        table = plan.tables[drug.table]
        rows, _ = _rows(plan, tables, drug.table, drug.where, str(table.start), people)
        presumed = table.missing_stop
        hit = covered_before(
            people,
            rows,
            id=key,
            index=index,
            start=str(table.start),
            stop=table.stop if drug.days_supply is None else None,
            supply=drug.days_supply,
            within=entry.within,
            presumed=_PRESUMED[presumed] if presumed in _PRESUMED else parse_duration(presumed),
            clock=clock,
        )
        return hit, Rejects()
    name, where = str(entry.table), entry.where
    if entry.outcome is not None:
        name, where = plan.outcomes[entry.outcome].table, plan.outcomes[entry.outcome].where
    time = str(plan.tables[name].time)
    rows, rejects = _rows(plan, tables, name, where, time, people)
    hit = event_before(people, rows, id=key, index=index, time=time, within=entry.within, clock=clock)
    return hit, rejects if entry.outcome is None else Rejects()


def _rows(
    plan: StudyPlan,
    tables: Mapping[str, Table],
    name: str,
    where: str | None,
    time: str,
    people: pl.DataFrame,
) -> tuple[pl.DataFrame, Rejects]:
    """Select the rows of some persons, and those of them without a usable date."""
    table = tables[name]
    rows = table.frame.join(people.select(plan.data.id), on=plan.data.id, how="semi")
    if where is not None:
        rows = rows.filter(parse_filter(where).rows(rows, where=table.source).fill_null(value=False))
    rejects = table.rejects(rows, [time])
    known = rejects.frame["row"]
    undated = rows.filter(pl.col(time).is_null() & ~pl.col("__row__").is_in(known.implode()))["__row__"]
    return rows, rejects.add(table.source, undated, time, NEEDS_DATE)


def _left(ledger: Ledger, label: str, people: pl.DataFrame) -> Ledger:
    ledger = ledger.step(label, people.height)
    if people.is_empty():
        raise CohortError(
            f"nobody is left after the rule '{label}'",
            where="cohort",
            remedy="Check the rule, and whether the records reach back far enough.",
        )
    return ledger
