"""Checks of the plan's SQL expressions: filters of the tables, eligibility rules, computed baseline values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.errors import RisksetError
from riskset.study.plan import PlanKeys
from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem, choose_from
from riskset.tables import parse_filter


def expression_problems(plan: PlanKeys) -> list[Problem]:
    """Find filters and formulas that cannot be read, ask for too much, or name what does not exist."""
    return [*_filters(plan), *_requirements(plan)]


def known_names(plan: PlanKeys) -> list[str]:
    """Names that eligibility rules and formulas may use."""
    return [*plan.baseline, *plan.measures, *plan.drugs, *plan.states]


def _filters(plan: PlanKeys) -> Iterator[Problem]:
    filters: list[tuple[Key, str | None]] = [
        *((("tables", name, "where"), table.where) for name, table in plan.tables.items()),
        (("cohort", "where"), plan.cohort.where),
        (("cohort", "index", "where"), plan.cohort.index.where),
        *((("cohort", "washout", i, "where"), e.where) for i, e in enumerate(plan.cohort.washout)),
        *((("cohort", "history", i, "where"), e.where) for i, e in enumerate(plan.cohort.history)),
        *((("baseline", name, "expression"), value.expression) for name, value in plan.baseline.items()),
        *((("measures", name, "where"), measure.where) for name, measure in plan.measures.items()),
        *((("drugs", name, "where"), drug.where) for name, drug in plan.drugs.items()),
        *((("states", name, "where"), state.where) for name, state in plan.states.items()),
        *((("outcomes", name, "where"), outcome.where) for name, outcome in plan.outcomes.items()),
        *(
            (("outcomes", name, "first_known", i, "where"), source.where)
            for name, outcome in plan.outcomes.items()
            for i, source in enumerate(outcome.first_known)
        ),
    ]
    for key, sql in filters:
        if sql is not None:
            _, problem = _columns(key, sql)
            yield from problem


def _requirements(plan: PlanKeys) -> Iterator[Problem]:
    known = known_names(plan)
    for i, rule in enumerate(plan.cohort.require):
        key = ("cohort", "require", i, "keep")
        columns, problem = _columns(key, rule.keep)
        yield from problem
        for column in columns:
            if column not in known:
                words = f'"{column}" is neither a baseline value, a measure, a drug nor a state'
                yield Problem(key, words, choose_from(column, known))


def _columns(key: Key, sql: str) -> tuple[Sequence[str], list[Problem]]:
    try:
        return parse_filter(sql).columns, []
    except RisksetError as error:
        return (), [Problem(key, error.rule, (error.remedy or "").rstrip(".") or None)]
