"""Checks of the adjustment formulas: readable, made of known functions, over names that the plan defines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from riskset.design import Formula, parse_formula, substitute_calls
from riskset.design.evaluate import OF_THE_DESIGN, to_polars_expr
from riskset.design.grammar import Call, Expr
from riskset.errors import RisksetError
from riskset.study.plan import PlanKeys
from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem, choose_from

_EXAMPLE = "An adjustment set reads like age + sex + log(bmi) + baseline(albumin)"


def formula_problems(plan: PlanKeys) -> list[Problem]:
    """Find adjustment sets that cannot be read or name what the plan does not define."""
    found: list[Problem] = []
    for name, model in plan.models.items():
        if model.adjust.strip():
            found += _formula(plan, ("models", name, "adjust"), model.adjust)
        for outcome, terms in model.extra.items():
            found += _formula(plan, ("models", name, "extra", outcome), terms)
    return found


def _formula(plan: PlanKeys, key: Key, text: str) -> Iterator[Problem]:
    at_index: list[str] = []

    def frozen(argument: str) -> str:
        at_index.append(argument)
        return argument

    try:
        formula = parse_formula(substitute_calls(text, "baseline", frozen))
        _computable(formula)
    except RisksetError as error:
        yield Problem(key, error.rule, (error.remedy or _EXAMPLE).rstrip("."))
        return
    if formula.surv is not None:
        yield Problem(
            key, "is a whole formula; only the adjustment set is wanted", "Leave out what stands before ~"
        )
        return
    known = [*plan.baseline, *plan.measures, *plan.drugs, *plan.states, *plan.splits]
    for name in formula.variables:
        if name not in known:
            yield Problem(
                key,
                f'"{name}" is neither a baseline value, a measure, a drug, a state nor a split',
                choose_from(name, known),
            )
    yield from _at_index(plan, key, at_index)
    central = {plan.exposure.measure: "the exposure", plan.modifier.name: "the modifier"}
    for name in formula.variables:
        if name in central and name not in at_index:
            yield Problem(key, f'"{name}" is {central[name]}, which every model holds already', "Remove it")


def _computable(formula: Formula) -> None:
    """Refuse functions and operators that the design does not know; no data are needed for that."""
    factors: list[Expr] = [*(f for term in formula.terms for f in term), *formula.strata, *formula.offset]
    for factor in factors:
        if isinstance(factor, Call) and factor.function in OF_THE_DESIGN and factor.arguments:
            to_polars_expr(factor.arguments[0])
        else:
            to_polars_expr(factor)


def _at_index(plan: PlanKeys, key: Key, names: Sequence[str]) -> Iterator[Problem]:
    over_time = [*plan.measures, *plan.drugs, *plan.states]
    for name in names:
        if name in plan.baseline:
            yield Problem(
                key, f'"{name}" is a baseline value already', f"Write {name} instead of baseline({name})"
            )
        elif name not in over_time:
            yield Problem(key, f"baseline({name}) is not possible", choose_from(name, over_time))
