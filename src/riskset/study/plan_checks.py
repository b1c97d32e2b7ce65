"""Checks across the sections of a plan: names that must exist, states that must be covered, one primary model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, cast

from riskset.study.ids import slug
from riskset.study.plan import Outcome, PlanKeys
from riskset.study.plan_analytes import analyte_problems
from riskset.study.plan_cohort_checks import cohort_problems
from riskset.study.plan_competing import competing_problems
from riskset.study.plan_expressions import expression_problems
from riskset.study.plan_formulas import formula_problems
from riskset.study.plan_problems import Problem, choose_from
from riskset.study.plan_question_checks import question_problems
from riskset.study.plan_roles import role_problems
from riskset.study.plan_subgroups_checks import subgroup_problems
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
_DERIVED = ("_group", "_use", "_level", "_baseline", "_count", "_component", "_status")
MODEL_WORDS = ("rates", "survival")
"""Stand where a model's name stands in the estimates' names."""


def fill_tables(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plan in which measures, drugs, states and outcomes name their table where only one can be meant.

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
    lone["states"] = lone["outcomes"]
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
    if section == "states":
        return "after" not in keys
    return section != "outcomes" or "where" in keys or not {"end_reason", "first_known", "any_of"} & keys


def checks(plan: PlanKeys) -> list[Problem]:
    """Everything that is wrong between the sections of a plan whose keys and types are right."""
    return [
        *_names(plan),
        *role_problems(plan),
        *cohort_problems(plan),
        *_baseline(plan),
        *_outcomes(plan),
        *question_problems(plan),
        *_models(plan),
        *_report(plan),
        *analyte_problems(plan),
        *value_problems(plan),
        *expression_problems(plan),
        *formula_problems(plan),
        *competing_problems(plan),
        *subgroup_problems(plan),
    ]


def _names(plan: PlanKeys) -> Iterator[Problem]:
    seen: dict[str, str] = {}
    taken = {*RESERVED, plan.data.id}
    for section in ("baseline", "measures", "drugs", "states", "splits", "outcomes"):
        for name in getattr(plan, section):
            if name in taken:
                yield Problem(
                    (section, name), "this name is taken by riskset or by data.id", "Choose another name"
                )
            if name in seen:
                yield Problem((section, name), f"{seen[name]} has this name too", "Give each its own name")
            seen[name] = f"{section}.{name}"
    for name, owner in seen.items():
        stem = next((name[: -len(end)] for end in _DERIVED if name.endswith(end)), None)
        if stem in seen:
            yield Problem(
                tuple(owner.split(".")),
                "this name is made by riskset itself for a derived column",
                "Choose another name",
            )


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
        here = ("outcomes", name)
        rows = outcome.where is not None or bool(outcome.table)
        given = [
            k
            for k, present in (
                ("where", rows),
                ("end_reason", outcome.end_reason is not None),
                ("first_known", bool(outcome.first_known)),
                ("any_of", bool(outcome.any_of)),
            )
            if present
        ]
        if len(given) > 1 and outcome.first_known:
            yield Problem(here, f"has {' and '.join(given)}; first_known names all sources itself")
        elif len(given) > 1 and outcome.any_of:
            yield Problem(here, f"has {' and '.join(given)}; any_of names all that it is made of")
        if outcome.end_reason is not None and not plan.cohort.end:
            yield Problem((*here, "end_reason"), "needs cohort.end, which says how follow-up ended")
        yield from _others(plan, name, "competing", outcome.competing)
        yield from _composite(plan, name, outcome)
        if outcome.recurrent and (outcome.end_reason is not None or outcome.first_known):
            words = "an event that ends follow-up, or is known once, cannot recur"
            yield Problem((*here, "recurrent"), words, "Remove the key")


def _composite(plan: PlanKeys, name: str, outcome: Outcome) -> Iterator[Problem]:
    if not outcome.any_of:
        return
    here = ("outcomes", name, "any_of")
    if len(set(outcome.any_of)) < 2:
        yield Problem(here, "a composite has at least two components")
    yield from _others(plan, name, "any_of", outcome.any_of)
    for part in outcome.any_of:
        if part in plan.outcomes and plan.outcomes[part].any_of:
            yield Problem(here, f'"{part}" is a composite itself', "Name its components")
        if part in outcome.competing:
            yield Problem(
                ("outcomes", name, "competing"), f'"{part}" is part of the outcome and cannot compete with it'
            )


def _others(plan: PlanKeys, name: str, key: str, given: Sequence[str]) -> Iterator[Problem]:
    for i, other in enumerate(given):
        if other not in plan.outcomes or other == name:
            rule = f'"{other}" is not another outcome'
            rest = [o for o in plan.outcomes if o != name]
            yield Problem(("outcomes", name, key, i), rule, choose_from(other, rest))
        elif key == "competing" and plan.outcomes[other].recurrent:
            words = f'"{other}" recurs, and after it this outcome can still happen'
            yield Problem(("outcomes", name, key, i), words, "Remove it")


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
