"""Checks of the plan's subgroup analyses: what they part the persons by, and where."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

from riskset.study.ids import slug
from riskset.study.plan import STATES, PlanKeys
from riskset.study.plan_expressions import known_names
from riskset.study.plan_problems import Problem, choose_from
from riskset.study.plan_subgroups import Subgroup


def subgroup_problems(plan: PlanKeys) -> Iterator[Problem]:
    """Find subgroups that name nothing, are not cut, or are those of the modifier itself."""
    seen: dict[str, str] = {}
    known = known_names(plan)
    for name, entry in plan.subgroups.items():
        here = ("subgroups", name)
        if not any(c.isalnum() for c in name):
            yield Problem(here, "a name needs at least one letter or digit", "Rename it")
            continue
        if (short := slug(name)) in seen:
            yield Problem(here, f'the name is too like "{seen[short]}"', "Rename it")
        seen[short] = name
        if entry.by not in known:
            words = f'"{entry.by}" is neither a baseline value, a measure, a drug nor a state'
            yield Problem((*here, "by"), words, choose_from(entry.by, known))
            continue
        if entry.by == plan.modifier.baseline:
            words = "is the modifier, whose levels stand side by side in every model already"
            yield Problem((*here, "by"), words, "Remove the entry")
        if any(low >= high for low, high in pairwise(entry.cuts)):
            yield Problem((*here, "cuts"), "the cuts must rise", "Write them in order, each once")
        number = _number(plan, entry.by)
        if number is True and not entry.cuts:
            yield Problem((*here, "cuts"), f'"{entry.by}" is a number', "Say where to cut it: cuts = [65]")
        if number is False and entry.cuts:
            yield Problem((*here, "cuts"), f'"{entry.by}" has states and cannot be cut', "Remove the key")
        yield from _labels(entry, name)


def _labels(entry: Subgroup, name: str) -> Iterator[Problem]:
    here = ("subgroups", name, "labels")
    if not entry.labels:
        return
    if not entry.cuts:
        yield Problem(here, "goes with cuts", "Remove the key: categories have names already")
    elif len(entry.labels) != len(entry.cuts) + 1:
        words = f"has {len(entry.labels)} entries; {len(entry.cuts) + 1} are needed"
        yield Problem(here, words, "Name each group, from the lowest to the highest")
    elif len(set(entry.labels)) < len(entry.labels):
        yield Problem(here, "the labels must differ")


def _number(plan: PlanKeys, by: str) -> bool | None:
    """Say whether a value is a number; None where only the tables tell."""
    if by in plan.measures:
        return True
    if by in plan.drugs:
        return plan.drugs[by].state not in {*STATES, "drug"}
    if by in plan.states:
        return plan.states[by].count
    return True if plan.baseline[by].since is not None else None
