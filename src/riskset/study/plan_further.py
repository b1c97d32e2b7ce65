"""Further questions of a plan: another exposure, modifier or set of models on the same cohort, tables and outcomes.

The question of ``[exposure]``, ``[modifier]`` and ``[models]`` is the main one. Each entry of ``[questions]`` puts other
sections in the place of these and leaves the rest, which makes it a plan of its own: it is checked like one, and
answered like one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

from riskset.study.ids import slug
from riskset.study.plan import PlanKeys
from riskset.study.plan_override import OF_THE_MAIN_QUESTION, Override
from riskset.study.plan_problems import Problem, choose_from
from riskset.study.plan_question import Further

SECTIONS = ("exposure", "modifier", "models")
"""What a further question may put in the place of the main one's."""
_TAKEN = ("sensitivity", "wrong", "subgroup", "subgroups")
"""Words that begin the names of other numbers."""


def further(raw: Mapping[str, Any], plan: PlanKeys) -> tuple[tuple[Override, ...], list[Problem]]:
    """Write out the further questions of a plan, each as keys that are still to be checked.

    Parameters
    ----------
    raw : mapping
        The plan's keys as they were written.
    plan : PlanKeys
        The same, read.

    Returns
    -------
    overrides : tuple of Override
        In the plan's order.
    problems : list of Problem
        Entries without a usable name, that ask nothing new, or of outcomes that are not there.
    """
    base = {key: value for key, value in raw.items() if key not in OF_THE_MAIN_QUESTION}
    entries = cast("Mapping[str, Mapping[str, Any]]", raw.get("questions", {}))
    found: list[Override] = []
    problems: list[Problem] = []
    seen: dict[str, str] = {word: word for word in _TAKEN}
    for name, entry in plan.questions.items():
        problems += _shape(plan, name, entry)
        if not any(c.isalnum() for c in name):
            continue
        short = slug(name)
        if short in seen:
            problems.append(
                Problem(("questions", name), f'the name is too like "{seen[short]}"', "Rename it")
            )
        seen[short] = name
        given = {key: entries[name][key] for key in SECTIONS if key in entries[name]}
        found.append(Override(name, name, short, {**base, **given}, ()))
    return tuple(found), problems


def _shape(plan: PlanKeys, name: str, entry: Further) -> Iterator[Problem]:
    here = ("questions", name)
    if not any(c.isalnum() for c in name):
        yield Problem(here, "a name needs at least one letter or digit", "Rename it")
    if all(getattr(entry, key) is None for key in SECTIONS):
        yield Problem(here, "asks nothing that the plan does not", "Give exposure, modifier or models")
    outcomes = entry.outcomes or ()
    for i, outcome in enumerate(outcomes):
        key = (*here, "outcomes", i)
        if outcome not in plan.outcomes:
            yield Problem(key, f'there is no outcome "{outcome}"', choose_from(outcome, list(plan.outcomes)))
        elif outcome in outcomes[:i]:
            yield Problem(key, f'"{outcome}" is named twice', "Remove it")


def said_of_question(
    override: Override, given: Further, problems: Sequence[Problem], known: Sequence[Problem]
) -> list[Problem]:
    """Say the problems of a further question at the keys of its entry, without those of the plan itself.

    A problem of a section that it takes from the main question is one only for this question: an adjustment set that
    holds its exposure, for one.
    """
    here = ("questions", override.entry)
    own = {key for key in SECTIONS if getattr(given, key) is not None}
    out: list[Problem] = []
    for p in problems:
        if p in known:
            continue
        if p.key and p.key[0] in own:
            out.append(Problem((*here, *p.key), p.rule, p.remedy))
        else:
            remedy = "Give the question models of its own" if p.key[:1] == ("models",) else p.remedy
            out.append(Problem(here, p.said(), remedy))
    return out
