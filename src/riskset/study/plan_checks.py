"""Checks across the sections of a plan: names that must exist, states that must be covered, one primary model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from riskset.study.ids import slug
from riskset.study.plan import STATES, PlanKeys
from riskset.study.plan_analytes import analyte_problems
from riskset.study.plan_expressions import expression_problems
from riskset.study.plan_formulas import formula_problems
from riskset.study.plan_problems import Problem, choose_from
from riskset.study.plan_values import value_problems

RESERVED = (
    "entry",
    "exit",
    "event",
    "time",
    "id",
    "published",
    "Surv",
    "baseline",
    "rcs",
    "log",
    "strata",
    "offset",
)
"""Columns of every episode, words of the formulas, and the outcome "published" of the estimates' names."""
MODEL_WORDS = ("rates", "survival")
"""Stand where a model's name stands in the estimates' names."""


def fill_tables(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plan in which measures, drugs and outcomes name their table where only one can be meant.

    Examples
    --------
    >>> raw = {"tables": {"labs": {"time": "date", "value": "v"}}, "measures": {"mg": {}}}
    >>> fill_tables(raw)["measures"]
    {'mg': {'table': 'labs'}}
    """
    tables = _sections(raw.get("tables"))
    lone = {
        "measures": _lone(name for name, t in tables.items() if "value" in t and "time" in t),
        "drugs": _lone(name for name, t in tables.items() if "start" in t),
        "outcomes": _lone(name for name, t in tables.items() if "time" in t and "value" not in t),
    }
    filled = dict(raw)
    for section, table in lone.items():
        entries = raw.get(section)
        if table is None or not isinstance(entries, Mapping):
            continue
        filled[section] = {
            name: {"table": table, **entry} if _needs_table(section, entry) else entry
            for name, entry in cast("Mapping[str, Any]", entries).items()
        }
    return filled


def _sections(value: Any) -> dict[str, Mapping[str, Any]]:
    if not isinstance(value, Mapping):
        return {}
    entries = cast("Mapping[str, Any]", value)
    return {name: entry for name, entry in entries.items() if isinstance(entry, Mapping)}


def _lone(names: Iterable[str]) -> str | None:
    found = list(names)
    return found[0] if len(found) == 1 else None


def _needs_table(section: str, entry: Any) -> bool:
    if not isinstance(entry, Mapping) or "table" in entry:
        return False
    keys = set(cast("Mapping[str, Any]", entry))
    return section != "outcomes" or "where" in keys or not {"end_reason", "first_known"} & keys


def checks(plan: PlanKeys) -> list[Problem]:
    """Everything that is wrong between the sections of a plan whose keys and types are right."""
    return [
        *_names(plan),
        *_tables(plan),
        *_cohort(plan),
        *_baseline(plan),
        *_outcomes(plan),
        *_question(plan),
        *_models(plan),
        *_report(plan),
        *analyte_problems(plan),
        *value_problems(plan),
        *expression_problems(plan),
        *formula_problems(plan),
    ]


def _names(plan: PlanKeys) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    taken = {*RESERVED, plan.data.id}
    for section in ("baseline", "measures", "drugs", "outcomes"):
        for name in getattr(plan, section):
            if name in taken:
                yield Problem(
                    (section, name), "this name is taken by riskset or by data.id", "Choose another name"
                )
            if name in seen:
                yield Problem((section, name), f"{seen[name]} has this name too", "Give each its own name")
            seen[name] = f"{section}.{name}"
    for name, owner in seen.items():
        stem = next(
            (name[: -len(end)] for end in ("_group", "_use", "_baseline") if name.endswith(end)), None
        )
        if stem in seen:
            yield Problem(
                tuple(owner.split(".")),
                "this name is made by riskset itself for a derived column",
                "Choose another name",
            )


def _tables(plan: PlanKeys) -> Iterator[Problem]:
    names = list(plan.tables)

    def known(key: tuple[str | int, ...], table: str) -> Iterator[Problem]:
        if table not in names:
            yield Problem(key, f'there is no table "{table}"', choose_from(table, names))

    yield from known(("cohort", "from"), plan.cohort.from_)
    for i, table in enumerate(plan.cohort.join):
        yield from known(("cohort", "join", i), table)
        if table in names and not plan.tables[table].one_row_per_person:
            yield Problem(
                ("cohort", "join", i),
                f'"{table}" may have several rows per person',
                f"Declare tables.{table}.one_row_per_person = true if it has one",
            )
    roles: Mapping[str, Sequence[str]] = {"measures": ("time", "value"), "drugs": ("start", "stop")}
    for section, needed in roles.items():
        for name, entry in getattr(plan, section).items():
            yield from _role(plan, section, name, entry.table, needed)
    for name, outcome in plan.outcomes.items():
        for i, source in enumerate(outcome.first_known):
            yield from known(("outcomes", name, "first_known", i, "table"), source.table)
        if not outcome.first_known and (outcome.table or outcome.where or not outcome.end_reason):
            yield from _role(plan, "outcomes", name, outcome.table, ("time",))


def _role(plan: PlanKeys, section: str, name: str, table: str, needed: Sequence[str]) -> Iterator[Problem]:
    names = list(plan.tables)
    if not table:
        wanted = " and ".join(needed)
        yield Problem(
            (section, name), "no table is named", f"Add table = one of {', '.join(names)}, with {wanted}"
        )
    elif table not in names:
        yield Problem((section, name, "table"), f'there is no table "{table}"', choose_from(table, names))
    else:
        for role in needed:
            if getattr(plan.tables[table], role) is None:
                rule = f"must name a column, since {section}.{name} reads this table"
                yield Problem(("tables", table, role), rule, f'Add {role} = "column"')


def _cohort(plan: PlanKeys) -> Iterator[Problem]:
    for i, end in enumerate(plan.cohort.end):
        if (end.reason is None) == (end.reason_column is None):
            yield Problem(("cohort", "end", i), "needs exactly one of reason_column and reason")
    if not plan.cohort.end and plan.cohort.max_followup is None:
        yield Problem(("cohort",), "follow-up has no end", "Give end, max_followup, or both")


def _baseline(plan: PlanKeys) -> Iterator[Problem]:
    for name, value in plan.baseline.items():
        given = [k for k in ("column", "since", "expression") if getattr(value, k) is not None]
        if len(given) != 1:
            yield Problem(("baseline", name), "needs exactly one of column, since and expression")
        if (value.above is None) != (value.becomes is None):
            yield Problem(("baseline", name), "above and becomes go together")


def _outcomes(plan: PlanKeys) -> Iterator[Problem]:
    if not plan.outcomes:
        yield Problem(("outcomes",), "must name at least one outcome")
    for name, outcome in plan.outcomes.items():
        given = [
            k
            for k, present in (
                ("where", outcome.where is not None or bool(outcome.table)),
                ("end_reason", outcome.end_reason is not None),
                ("first_known", bool(outcome.first_known)),
            )
            if present
        ]
        if len(given) > 1 and outcome.first_known:
            yield Problem(
                ("outcomes", name), f"has {' and '.join(given)}; first_known names all sources itself"
            )
        if outcome.end_reason is not None and not plan.cohort.end:
            yield Problem(
                ("outcomes", name, "end_reason"), "needs cohort.end, which says how follow-up ended"
            )
        for i, other in enumerate(outcome.competing):
            if other not in plan.outcomes or other == name:
                rule = f'"{other}" is not another outcome'
                rest = [o for o in plan.outcomes if o != name]
                yield Problem(("outcomes", name, "competing", i), rule, choose_from(other, rest))


def _question(plan: PlanKeys) -> Iterator[Problem]:
    exposure, modifier = plan.exposure, plan.modifier
    if exposure.measure not in plan.measures:
        rule = f'there is no measure "{exposure.measure}"'
        yield Problem(("exposure", "measure"), rule, choose_from(exposure.measure, list(plan.measures)))
    groups = exposure.groups
    if len(set(groups.labels)) < len(groups.labels):
        yield Problem(("exposure", "groups", "labels"), "the two labels must differ")
    if groups.reference not in groups.labels:
        rule = f'"{groups.reference}" is not one of the labels'
        yield Problem(("exposure", "groups", "reference"), rule, choose_from(groups.reference, groups.labels))
    if modifier.drug not in plan.drugs:
        rule = f'there is no drug "{modifier.drug}"'
        yield Problem(("modifier", "drug"), rule, choose_from(modifier.drug, list(plan.drugs)))
        return
    state = plan.drugs[modifier.drug].state
    allowed = STATES[state]
    given = [s for states in modifier.levels.values() for s in states]
    if len(modifier.levels) < 2:
        yield Problem(("modifier", "levels"), "must have at least two levels, the reference first")
    for level, states in modifier.levels.items():
        if not states:
            yield Problem(("modifier", "levels", level), "covers no state", f"States: {', '.join(allowed)}")
        for unknown in (s for s in states if s not in allowed):
            rule = f'"{unknown}" is not a state of a drug with state = "{state}"'
            yield Problem(("modifier", "levels", level), rule, choose_from(unknown, allowed))
    misspelt = any(s not in allowed for s in given)  # then a state without a level is no news
    for s in allowed:
        if (n := given.count(s)) > 1 or (n == 0 and not misspelt):
            rule = f'the state "{s}" belongs to {n} levels' if n else f'the state "{s}" belongs to no level'
            yield Problem(("modifier", "levels"), rule, "Each state belongs to exactly one level")


def _models(plan: PlanKeys) -> Iterator[Problem]:
    primary = [name for name, model in plan.models.items() if model.primary]
    if not plan.models:
        yield Problem(("models",), "must name at least one model")
    elif len(primary) != 1 and len(plan.models) > 1:
        found = "none is" if not primary else f"{len(primary)} are"
        yield Problem(
            ("models",), f"exactly one model is primary; {found}", "Write primary = true in one of them"
        )
    slugs: dict[str, str] = {}
    for name, model in plan.models.items():
        if not any(c.isalnum() for c in name):
            yield Problem(("models", name), "a name needs at least one letter or digit", "Rename it")
            continue
        short = slug(name)
        if short in slugs or short in MODEL_WORDS:
            taken = slugs.get(short, short)
            yield Problem(("models", name), f'the name is too like "{taken}"', "Rename it")
        slugs[short] = name
        for outcome in model.extra:
            if outcome not in plan.outcomes:
                rule = f'there is no outcome "{outcome}"'
                yield Problem(
                    ("models", name, "extra", outcome), rule, choose_from(outcome, list(plan.outcomes))
                )


def _report(plan: PlanKeys) -> Iterator[Problem]:
    published = plan.report.published
    for section, entries in (("events", published.events), ("rates", published.rates)):
        for outcome in entries:
            if outcome not in plan.outcomes:
                key = ("report", "published", section, outcome)
                yield Problem(
                    key, f'there is no outcome "{outcome}"', choose_from(outcome, list(plan.outcomes))
                )
