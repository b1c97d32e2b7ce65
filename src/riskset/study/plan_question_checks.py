"""Checks of the plan's question: the exposure's groups, and what may modify it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise

from riskset.study.plan import STATES, PlanKeys
from riskset.study.plan_lines import Key
from riskset.study.plan_problems import Problem, choose_from
from riskset.study.plan_question import CUT_KEYS, Groups

_KINDS = {"drug": "drugs", "state": "states", "baseline": "baseline", "measure": "measures"}


def question_problems(plan: PlanKeys) -> list[Problem]:
    """Find groups that do not part the exposure, and a modifier whose states are not shared out."""
    return [
        *_exposure(plan),
        *_groups(plan.exposure.groups, ("exposure", "groups")),
        *_modifier(plan),
    ]


def _exposure(plan: PlanKeys) -> Iterator[Problem]:
    name = plan.exposure.measure
    if name not in plan.measures:
        rule = f'there is no measure "{name}"'
        yield Problem(("exposure", "measure"), rule, choose_from(name, list(plan.measures)))


def _groups(groups: Groups, here: Key) -> Iterator[Problem]:
    given = [key for key in CUT_KEYS if getattr(groups, key) is not None]
    if len(given) != 1:
        yield Problem(here, "needs exactly one of below, cuts and quantiles", "Write below = 2.4")
        return
    cuts = groups.fixed_cuts
    if any(low >= high for low, high in pairwise(cuts)):
        yield Problem((*here, "cuts"), "the cut-points must rise", "Write them in order, each once")
    wanted = groups.quantiles or len(cuts) + 1
    if len(groups.labels) != wanted:
        words = f"has {len(groups.labels)} entries; {wanted} are needed"
        yield Problem((*here, "labels"), words, "Name each group, from the lowest to the highest")
    elif len(set(groups.labels)) < len(groups.labels):
        words = "the two labels must differ" if wanted == 2 else "the labels must differ"
        yield Problem((*here, "labels"), words)
    if groups.reference not in groups.labels:
        rule = f'"{groups.reference}" is not one of the labels'
        yield Problem((*here, "reference"), rule, choose_from(groups.reference, groups.labels))


def _modifier(plan: PlanKeys) -> Iterator[Problem]:
    modifier = plan.modifier
    given = [key for key in _KINDS if getattr(modifier, key) is not None]
    if len(given) != 1:
        yield Problem(("modifier",), "needs exactly one of drug, state, baseline and measure")
        return
    kind = given[0]
    known = list(getattr(plan, _KINDS[kind]))
    if modifier.name not in known:
        what = {"baseline": "baseline value"}.get(kind, kind)
        rule = f'there is no {what} "{modifier.name}"'
        yield Problem(("modifier", kind), rule, choose_from(modifier.name, known))
        return
    if kind == "measure":
        yield from _measure(plan)
        return
    if modifier.groups is not None:
        yield Problem(
            ("modifier", "groups"), "goes with measure", f"Share out the states of the {kind} in levels"
        )
    number = _number(plan, kind)
    if number is not None:
        yield Problem(("modifier", kind), f'"{modifier.name}" {number}', "The modifier needs states")
        return
    yield from _levels(plan, kind)


def _measure(plan: PlanKeys) -> Iterator[Problem]:
    modifier = plan.modifier
    if modifier.measure == plan.exposure.measure:
        words = f'"{modifier.measure}" is the exposure, which cannot modify itself'
        yield Problem(
            ("modifier", "measure"), words, "Name another measure, or a drug, a state or a baseline value"
        )
    if modifier.groups is None:
        yield Problem(("modifier",), "a measure modifies in groups", "Write groups = { below = 3.5 }")
        return
    wrong = list(_groups(modifier.groups, ("modifier", "groups")))
    yield from wrong
    groups = modifier.groups
    levels = (groups.reference, *(label for label in groups.labels if label != groups.reference))
    if not wrong and list(modifier.levels.items()) != [(level, (level,)) for level in levels]:
        words = "the groups of a measure are its levels"
        yield Problem(("modifier", "levels"), words, "Remove the key, and name the groups with groups.labels")


def _number(plan: PlanKeys, kind: str) -> str | None:
    """Say why the modifier has no states, if it has none."""
    name = plan.modifier.name
    if kind == "drug" and plan.drugs[name].state not in {*STATES, "drug"}:
        return f'is a number (state = "{plan.drugs[name].state}")'
    if kind == "state" and plan.states[name].count:
        return "is a number (count = true)"
    if kind == "baseline" and plan.baseline[name].since is not None:
        return "is a number (since)"
    return None


def _levels(plan: PlanKeys, kind: str) -> Iterator[Problem]:
    modifier, here = plan.modifier, ("modifier", "levels")
    given = [s for states in modifier.levels.values() for s in states]
    if len(modifier.levels) < 2:
        yield Problem(here, "must have at least two levels, the reference first")
    allowed = plan.modifier_states
    for level, states in modifier.levels.items():
        if not states:
            more = f"States: {', '.join(allowed)}" if allowed else None
            yield Problem((*here, level), "covers no state", more)
        for unknown in (s for s in states if allowed is not None and s not in allowed):
            yield Problem(
                (*here, level), _not_a_state(plan, kind, unknown), choose_from(unknown, allowed or ())
            )
    misspelt = allowed is not None and any(
        s not in allowed for s in given
    )  # a state without a level is no news
    needed: Sequence[str] = allowed if allowed is not None else list(dict.fromkeys(given))
    if allowed is None and kind == "drug":
        needed = list(dict.fromkeys(["never", "former", *given]))
    for s in needed:
        if (n := given.count(s)) > 1 or (n == 0 and not misspelt):
            rule = f'the state "{s}" belongs to {n} levels' if n else f'the state "{s}" belongs to no level'
            yield Problem(here, rule, "Each state belongs to exactly one level")


def _not_a_state(plan: PlanKeys, kind: str, unknown: str) -> str:
    if kind == "drug":
        return f'"{unknown}" is not a state of a drug with state = "{plan.drugs[plan.modifier.name].state}"'
    return f'"{unknown}" is not a level of states.{plan.modifier.name}'
