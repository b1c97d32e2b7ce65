"""Rows that broke a rule: which of them belong to the study, and when they stop it."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import polars as pl

from riskset.cohort import Rule, apply_rules
from riskset.errors import ROWS_SHOWN, RisksetError, TableError
from riskset.study.plan import StudyPlan
from riskset.study.preflight import raise_all
from riskset.study.wording import at_index_names
from riskset.tables import ROW, Rejects, Table, parse_filter, source_name
from riskset.tables.raw import TEXT_FILES
from riskset.tables.values import AMBIGUOUS_NUMBER

MOST_ALLOWED = (
    0.05  # of a table's rows: beyond this the table is read wrongly, and to go on without is no remedy
)


def check_rejects(plan: StudyPlan, tables: Mapping[str, Table], rejects: Rejects) -> None:
    """Stop where more rows of a table broke a rule than the plan allows, and say so of every table."""
    problems: list[RisksetError] = []
    for name, table in plan.tables.items():
        source = source_name(name, table.file, sheet=table.sheet, query=table.query)
        of_table = Rejects(rejects.frame.filter(pl.col("file") == source))
        try:
            of_table.check(table.max_rejects)
        except TableError as problem:
            n_read = tables[name].n_read if name in tables else 0
            remedy = _remedy(plan, name, problem, len(of_table), n_read)
            problems.append(
                TableError(
                    problem.rule, where=problem.where, rows=problem.rows, n_rows=problem.n_rows, remedy=remedy
                )
            )
    raise_all(problems)


def _remedy(plan: StudyPlan, name: str, problem: TableError, n: int, n_read: int) -> str:
    """Name the key that reads the rows rightly, or an allowance where they are few; never one for most of a table."""
    table = plan.tables[name]
    if problem.rule == AMBIGUOUS_NUMBER and table.file.lower().endswith(TEXT_FILES):
        remedy = f'Declare tables.{name}.decimal = ",", or thousands = "," if that is what it means.'
    elif problem.rule == AMBIGUOUS_NUMBER:
        remedy = "Write the numbers with a decimal point and no separator of thousands."
    else:
        remedy = f"Correct {'the row' if n == 1 else 'the rows'}"
        few = n <= MOST_ALLOWED * n_read
        remedy += f", or write tables.{name}.max_rejects = {n} to go on without." if few else "."
    if n > MOST_ALLOWED * n_read:
        share = f"{100 * n / n_read:.0f}% of the rows" if n_read else "Many rows"
        remedy += f" {share} of {table.file or name} broke a rule: too many to go on without."
    if n > problem.n_rows:
        one = n - problem.n_rows == 1
        remedy += f" {n - problem.n_rows:,} more row{' of the file breaks' if one else 's of the file break'} other rules."
    if n > ROWS_SHOWN or n > problem.n_rows:
        remedy += " Every row: riskset check PLAN --rejects FILE."
    return remedy


def deciding_rows(
    plan: StudyPlan,
    tables: Mapping[str, Table],
    rejects: Rejects,
    at_index: pl.DataFrame,
    pending: Collection[str],
) -> pl.DataFrame:
    """Find the broken rows that decide who is eligible.

    They belong to a measure or drug that a rule reads, and to a person whom no other rule excludes: such a person
    leaves because the row is broken, and the row must not leave with the person unseen.
    """
    key = plan.data.id
    fixed: list[Rule] = []
    open_to: set[str] = set()
    for rule in plan.cohort.require:
        reads = set(parse_filter(rule.keep).columns)
        for name in reads & set(pending):
            reads |= set(parse_filter(plan.baseline[name].expression or "").columns)
        changing = reads & set(at_index_names(plan))
        open_to |= changing
        if not changing:
            fixed.append(Rule(rule.keep, rule.label))
    found = rejects.frame.clear()
    if not open_to or not len(rejects):
        return found
    left, _ = apply_rules(at_index, fixed, where="cohort.require")
    for name in sorted(open_to):
        where_from, where = rows_of(plan, name)
        table = tables[where_from]
        rows = table.frame.join(left.select(key), on=key, how="semi")
        if where is not None:
            rows = rows.filter(parse_filter(where).rows(rows, where=table.source).fill_null(value=False))
        of_table = rejects.frame.filter(pl.col("file") == table.source)
        found = found.vstack(of_table.join(rows.select(pl.col(ROW).alias("row")), on="row", how="semi"))
    return found


def rows_of(plan: StudyPlan, name: str) -> tuple[str, str | None]:
    """Say which rows a measure, a drug or a state is read from: the table, and its filter."""
    if name in plan.measures or name in plan.drugs:
        entry = plan.measures[name] if name in plan.measures else plan.drugs[name]
        return entry.table, entry.where
    state = plan.states[name]
    if state.after is None:
        return state.table, state.where
    return plan.outcomes[state.after].table, plan.outcomes[state.after].where
