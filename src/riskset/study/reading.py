"""The plan's tables, read once each, with every column of dates that the plan names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from riskset.study.plan import StudyPlan
from riskset.tables import Table, TableSpec, columns_of, read_table


def read_tables(plan: StudyPlan) -> dict[str, Table]:
    """Read every table that the plan uses.

    Parameters
    ----------
    plan : StudyPlan
        The plan; its folder holds the files.

    Returns
    -------
    dict of str to Table
        By the plan's names, in its order.

    Raises
    ------
    TableError
        Where a file or a column is not there, or cannot be read.
    """
    return {
        name: read_table(spec, plan.folder, clock=plan.data.clock, plausible_dates=plan.data.plausible_dates)
        for name, spec in table_specs(plan).items()
    }


def table_specs(plan: StudyPlan) -> dict[str, TableSpec]:
    """Say of each table which columns are dates: those of its own roles, and those that the plan reads there."""
    dates = _dates(plan)
    specs: dict[str, TableSpec] = {}
    for name in plan.tables:
        specs[name] = spec_of(plan, name, tuple(dict.fromkeys(dates.get(name, ()))))
    return specs


def spec_of(plan: StudyPlan, name: str, dates: tuple[str, ...] = ()) -> TableSpec:
    """Say how a table is read, without looking at it."""
    table = plan.tables[name]
    return TableSpec(
        name=name,
        file=table.file,
        id=plan.data.id,
        time=table.time,
        value=table.value,
        unit=table.unit,
        start=table.start,
        stop=table.stop,
        dates=dates,
        date_only=table.date_only,
        below_limit=table.below_limit,
        where=table.where,
        one_row_per_person=table.one_row_per_person,
        encoding=table.encoding,
        delimiter=table.delimiter,
        decimal=table.decimal,
        thousands=table.thousands,
        missing=table.missing,
        header_row=table.header_row,
        sheet=table.sheet,
        date_format=table.date_format,
        query=table.query,
        database=table.database,
    )


def _dates(plan: StudyPlan) -> Mapping[str, list[str]]:
    """Find the table of each date of the cohort: the joined one that has the column, else the cohort's own."""
    cohort = plan.cohort
    wanted = [end.time for end in cohort.end]
    wanted += [c for c in (cohort.index.column, cohort.observed_from) if c is not None]
    wanted += [value.since for value in plan.baseline.values() if value.since is not None]
    found: dict[str, list[str]] = {name: [] for name in plan.tables}
    places = [cohort.from_, *cohort.join]
    # with one place there is nothing to find, and its file is read once: a workbook or a database takes its time
    headers = {name: header(plan, name) for name in places} if cohort.join else {}
    for column in wanted:
        # a column that is nowhere is asked of the cohort's own table, whose reader then names the nearest
        place = next((name for name, columns in headers.items() if column in columns), cohort.from_)
        found[place].append(column)
    for outcome in plan.outcomes.values():
        for source in outcome.first_known:
            found[source.table].append(source.time)
    return found


def header(plan: StudyPlan, name: str) -> frozenset[str]:
    """Read the columns of a table; none where it cannot be read, which its reader will explain."""
    return frozenset(columns_of(spec_of(plan, name), plan.folder))


def used_tables(plan: StudyPlan) -> Iterable[str]:
    """Name the tables that the study reads from, in the plan's order."""
    cohort = plan.cohort
    used = {cohort.from_, *cohort.join}
    used |= {m.table for m in plan.measures.values()} | {d.table for d in plan.drugs.values()}
    used |= {state.table for state in plan.states.values()} | {str(cohort.index.table)}
    used |= {str(entry.table) for entry in (*cohort.washout, *cohort.history)}
    for outcome in plan.outcomes.values():
        used |= {outcome.table} | {source.table for source in outcome.first_known}
    return [name for name in plan.tables if name in used]
