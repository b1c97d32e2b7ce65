"""Checks of the plan's way with competing events: subdistribution hazards need values that are fixed at entry."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from riskset.design import substitute_calls, variables_of
from riskset.errors import RisksetError
from riskset.study.plan import PlanKeys
from riskset.study.plan_problems import Problem

SUBDISTRIBUTION = "fine_gray"
_KEY = ("competing",)


def primary_problems(raw: Mapping[str, Any]) -> Iterator[Problem]:
    """Keep the primary analysis to cause-specific hazards; subdistribution hazards stand beside it."""
    if raw.get("competing") == SUBDISTRIBUTION:
        yield Problem(
            _KEY,
            "the plan's own analysis is of cause-specific hazards, which take values that change",
            'Ask for it in [sensitivity]: "Values at entry, subdistribution" = { set = { competing = "fine_gray" } }',
        )


def competing_problems(plan: PlanKeys) -> Iterator[Problem]:
    """Find what a subdistribution hazard cannot have in the primary model: anything that changes during follow-up."""
    if plan.competing != SUBDISTRIBUTION:
        return
    if not any(outcome.competing for outcome in plan.outcomes.values()):
        yield Problem(_KEY, "no outcome names a competing event", "Name them in outcomes.NAME.competing")
    for name in dict.fromkeys(_changing(plan)):
        section = next(
            (s for s in ("measures", "drugs") if name in getattr(plan, s)), None
        )  # states and bands of time have no value at entry to be frozen
        remedy = (
            f'Set {section}.{name}.use = "baseline" too'
            if section
            else "Leave it out of the primary model there, by models.NAME.adjust"
        )
        yield Problem(
            _KEY, f'"{name}" changes during follow-up, and after a competing event it has no value', remedy
        )


def _changing(plan: PlanKeys) -> Iterator[str]:
    model = plan.models[plan.primary_model]
    texts = [model.adjust, *model.extra.values()]
    named = [plan.exposure.measure, plan.modifier.name]
    for text in texts:
        try:
            named += variables_of(substitute_calls(text, "baseline", lambda _: "1")) if text.strip() else ()
        except RisksetError:  # which the checks of formulas say
            continue
    frozen = {n: m.use == "baseline" for n, m in plan.measures.items()}
    frozen |= {n: d.use == "baseline" for n, d in plan.drugs.items()}
    frozen |= dict.fromkeys((*plan.states, *plan.splits), False)
    for name in named:
        if not frozen.get(name, True):
            yield name
