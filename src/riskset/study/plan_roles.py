"""Checks of which table each part of the plan reads, and that this table names the columns that it needs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.study.plan import PlanKeys
from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem, choose_from


def role_problems(plan: PlanKeys) -> list[Problem]:
    """Find tables that do not exist, and tables that lack a column which is read from them."""
    return [*_cohort(plan), *_tables(plan), *_lookbacks(plan)]


def known_table(plan: PlanKeys, key: Key, table: str) -> Iterator[Problem]:
    """Refuse a table that the plan does not name."""
    if table not in plan.tables:
        yield Problem(key, f'there is no table "{table}"', choose_from(table, list(plan.tables)))


def _cohort(plan: PlanKeys) -> Iterator[Problem]:
    yield from known_table(plan, ("cohort", "from"), plan.cohort.from_)
    for i, table in enumerate(plan.cohort.join):
        yield from known_table(plan, ("cohort", "join", i), table)
        if table in plan.tables and not plan.tables[table].one_row_per_person:
            yield Problem(
                ("cohort", "join", i),
                f'"{table}" may have several rows per person',
                f"Declare tables.{table}.one_row_per_person = true if it has one",
            )


def _tables(plan: PlanKeys) -> Iterator[Problem]:
    for name, measure in plan.measures.items():
        yield from _role(plan, ("measures", name), measure.table, ("time", "value"))
    for name, drug in plan.drugs.items():
        needed = ("start",) if drug.days_supply is not None else ("start", "stop")
        yield from _role(plan, ("drugs", name), drug.table, needed)
    for name, state in plan.states.items():
        if state.after is None:
            yield from _role(plan, ("states", name), state.table, ("time",))
    for name, outcome in plan.outcomes.items():
        for i, source in enumerate(outcome.first_known):
            yield from known_table(plan, ("outcomes", name, "first_known", i, "table"), source.table)
        if outcome.first_known or outcome.any_of:
            continue
        if outcome.table or outcome.where or not outcome.end_reason:
            yield from _role(plan, ("outcomes", name), outcome.table, ("time",))


def _lookbacks(plan: PlanKeys) -> Iterator[Problem]:
    index = plan.cohort.index
    if index.table is not None:
        yield from _role(plan, ("cohort", "index"), index.table, ("time",))
    for key, entries in (("washout", plan.cohort.washout), ("history", plan.cohort.history)):
        for i, entry in enumerate(entries):
            if entry.table is not None:
                yield from _role(plan, ("cohort", key, i), entry.table, ("time",))


def _role(plan: PlanKeys, here: Key, table: str, needed: Sequence[str]) -> Iterator[Problem]:
    if not table:
        wanted = " and ".join(needed)
        names = ", ".join(plan.tables)
        yield Problem(here, "no table is named", f"Add table = one of {names}, with {wanted}")
    elif table not in plan.tables:
        yield from known_table(plan, (*here, "table"), table)
    else:
        reader = ".".join(str(part + 1) if isinstance(part, int) else part for part in here)
        for role in needed:
            if getattr(plan.tables[table], role) is None:
                rule = f"must name a column, since {reader} reads this table"
                yield Problem(("tables", table, role), rule, f'Add {role} = "column"')
