"""One mechanism for all sensitivity analyses: the plan's keys with some of them changed.

Every entry of ``[sensitivity]`` gives one plan or several. Each of them is checked like any plan, so that what runs
later is known to be meant, and says key by key in what it differs from the plan that it belongs to.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, cast

from riskset.study.ids import slug
from riskset.study.plan import PlanKeys
from riskset.study.plan_lines import Key, key_of
from riskset.study.plan_problems import Problem, choose_from, dotted, kind_at
from riskset.study.plan_question import CUT_KEYS, fill_groups
from riskset.study.plan_sensitivity import Sensitivity

IMMORTAL_TIME = "immortal_time"
NEVER, EVER = "never during follow-up", "ever during follow-up"
"""Levels of the wrong analysis: whoever starts at any time of the follow-up is a user from day 0."""
_WHOLE: tuple[Key, ...] = (("cohort", "index"),)
OF_THE_MAIN_QUESTION = ("sensitivity", "subgroups", "questions")
"""Sections that ask for more than the main question, or for more of it."""
_KINDS = ("drug", "state", "baseline", "measure")
_Raw = Mapping[str, Any]


@dataclass(frozen=True)
class Change:
    """One key of a variant that differs from the plan.

    Parameters
    ----------
    key : str
        As it is written in TOML.
    before, after : str
        Its values; "not given" where the plan leaves it out.
    """

    key: str
    before: str
    after: str


@dataclass(frozen=True)
class Override:
    """One variant of a plan as keys that are still to be checked.

    Parameters
    ----------
    entry : str
        Its name in [sensitivity].
    label : str
        The name, with the value where a key is varied over several.
    slug : str
        The label in ids.
    raw : mapping
        All keys of the variant.
    changes : tuple of Change
    wrong : {"immortal_time"} or None
        A wrong analysis, on purpose.
    varied : str or None
        The key that is varied over several values.
    """

    entry: str
    label: str
    slug: str
    raw: _Raw
    changes: tuple[Change, ...]
    wrong: Literal["immortal_time"] | None = None
    varied: str | None = None


def overrides(raw: _Raw, plan: PlanKeys) -> tuple[tuple[Override, ...], list[Problem]]:
    """Write out the variants that [sensitivity] asks for.

    Parameters
    ----------
    raw : mapping
        The plan's keys as they were written.
    plan : PlanKeys
        The plan, checked.

    Returns
    -------
    overrides : tuple of Override
        In the plan's order.
    problems : list of Problem
        Entries that ask for nothing, or name what the plan does not have.
    """
    base = {key: value for key, value in raw.items() if key not in OF_THE_MAIN_QUESTION}
    found: list[Override] = []
    problems: list[Problem] = []
    for name, entry in plan.sensitivity.items():
        wrong = list(_shape(plan, name, entry))
        problems += wrong
        if not wrong:
            found += _written(base, plan, name, entry, problems)
    seen: dict[str, str] = {}
    for one in found:
        if one.slug in seen:
            problems.append(
                Problem(
                    ("sensitivity", one.entry), f'"{one.label}" is too like "{seen[one.slug]}"', "Rename it"
                )
            )
        seen[one.slug] = one.label
    return tuple(found), problems


def _shape(plan: PlanKeys, name: str, entry: Sensitivity) -> Iterator[Problem]:
    here = ("sensitivity", name)
    if not any(c.isalnum() for c in name):
        yield Problem(here, "a name needs at least one letter or digit", "Rename it")
    if (entry.vary is None) != (not entry.over):
        yield Problem(here, "vary and over go together", 'Write vary = "measures.mg.lag", over = ["30 days"]')
    changes = bool(entry.set_) or entry.vary is not None or entry.require is not None
    if entry.wrong is None and not changes:
        yield Problem(here, "changes nothing", "Give set, vary with over, require, or wrong")
    if entry.wrong is not None and changes:
        yield Problem(
            here, "wrong stands alone: it is the wrong side of the plan as it is", "Remove the other keys"
        )
    if entry.wrong is not None and plan.modifier.drug is None:
        yield Problem((*here, "wrong"), "needs a modifier that is a drug", "Remove the entry")


def _written(
    base: _Raw, plan: PlanKeys, name: str, entry: Sensitivity, problems: list[Problem]
) -> Iterator[Override]:
    if entry.wrong is not None:
        yield _immortal(base, plan, name)
        return
    settings: list[tuple[str, dict[str, Any]]] = [(name, {})]
    if entry.vary is not None:
        path = key_of(entry.vary)
        settings = [(f"{name}: {_text(value)}", _nested(path, value)) for value in entry.over]
    for label, varied in settings:
        given = _merged_settings(dict(entry.set_), varied)
        strange = list(_strangers(base, name, given))
        if strange:
            problems += strange
            return
        raw = _reference_kept(base, _merged(base, given, ()))
        changes = [_change(plan, base, path, value) for path, value in _leaves(given)]
        if entry.require is not None:
            rule = {"keep": entry.require, "label": name}
            cohort = _section(raw, "cohort")
            rules = [*cast("list[Any]", cohort.get("require", [])), rule]
            raw = {**raw, "cohort": {**cohort, "require": rules}}
            n = len(rules) - 1
            changes.append(
                Change("cohort.require", f"{n} rule{'' if n == 1 else 's'}", f"and {entry.require}")
            )
        yield Override(name, label, slug(label), raw, tuple(changes), varied=entry.vary)


def _immortal(base: _Raw, plan: PlanKeys, name: str) -> Override:
    """Fix the modifier's drug at entry from what comes later."""
    key = str(plan.modifier.drug)
    drugs = _section(base, "drugs")
    kept = {k: v for k, v in _section(drugs, key).items() if k not in {"state", "use", "by", "dose"}}
    levels = {NEVER: ["never"], EVER: ["ever"]}
    raw = {**base, "drugs": {**drugs, key: {**kept, "state": "ever"}}}
    raw["modifier"] = {**_section(base, "modifier"), "levels": levels}
    before = ", ".join(f"{level} = {' or '.join(states)}" for level, states in plan.modifier.levels.items())
    after = f"{EVER} = a first prescription at any time of the follow-up, fixed at index (it uses the future)"
    return Override(
        name, name, slug(name), raw, (Change("modifier.levels", before, after),), wrong=IMMORTAL_TIME
    )


# --- changing keys ------------------------------------------------------------------------------------------


def _merged(base: _Raw, given: _Raw, path: Key) -> dict[str, Any]:
    """Put values in the place of others; sections are gone into, lists and tables of values are replaced."""
    merged: dict[str, Any] = dict(base)
    if path in (("exposure", "groups"), ("modifier", "groups")) and any(key in given for key in CUT_KEYS):
        merged = _other_groups(base)
    if path == ("modifier",) and any(key in given for key in _KINDS):
        merged = {k: v for k, v in base.items() if k not in {*_KINDS, "groups", "levels"}}
    for key, value in given.items():
        here = (*path, key)
        old = base.get(key)
        inner = isinstance(value, Mapping) and isinstance(old, Mapping) and here not in _WHOLE
        if inner and kind_at(PlanKeys, here) is not None:
            merged[key] = _merged(cast("_Raw", old), cast("_Raw", value), here)
        else:
            merged[key] = value
    return merged


def _other_groups(base: _Raw) -> dict[str, Any]:
    """Drop the groups of other cut-points with their names."""
    return {k: v for k, v in base.items() if k not in {*CUT_KEYS, "labels", "reference"}}


def _reference_kept(base: _Raw, raw: dict[str, Any]) -> dict[str, Any]:
    """Let a reference keep its place among as many groups by other cut-points."""
    for of in ("exposure", "modifier"):
        raw = _kept_in(base, raw, of)
    return raw


def _kept_in(base: _Raw, raw: dict[str, Any], of: str) -> dict[str, Any]:
    old = _section(_section(fill_groups(base), of), "groups")
    new = _section(_section(raw, of), "groups")
    filled = _section(_section(fill_groups(raw), of), "groups")
    labels, names = old.get("labels"), filled.get("labels")
    if "labels" in new or "reference" in new or "quantiles" in new:
        return raw
    if not isinstance(labels, list) or not isinstance(names, list):
        return raw
    before, after = cast("list[Any]", labels), cast("list[Any]", names)
    if old.get("reference") not in before or len(before) != len(after):
        return raw
    groups = {**new, "reference": after[before.index(old["reference"])]}
    return {**raw, of: {**_section(raw, of), "groups": groups}}


def _merged_settings(first: dict[str, Any], second: _Raw) -> dict[str, Any]:
    for key, value in second.items():
        old = first.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        first[key] = _merged_settings(dict(cast("_Raw", old)), value) if both else value
    return first


def _nested(path: Key, value: Any) -> dict[str, Any]:
    for part in reversed(path):
        value = {str(part): value}
    return value


def _strangers(base: _Raw, name: str, given: _Raw) -> Iterator[Problem]:
    """Find what an override names by a name that the plan does not have; the check of the variant finds the rest."""
    for path, _ in _leaves(given):
        place: Any = base
        for depth, part in enumerate(path):
            here = path[: depth + 1]
            known = list(cast("_Raw", place)) if isinstance(place, Mapping) else []
            if kind_at(PlanKeys, path[:depth]) == "named" and part not in known:
                words = f"the plan has no {dotted(here)}"
                yield Problem(("sensitivity", name), words, choose_from(str(part), known))
                break
            place = cast("_Raw", place).get(str(part)) if isinstance(place, Mapping) else None


def _leaves(given: _Raw, path: Key = ()) -> Iterator[tuple[Key, Any]]:
    """List the keys that an override gives a value."""
    for key, value in given.items():
        here = (*path, key)
        if (
            isinstance(value, Mapping)
            and here not in _WHOLE
            and kind_at(PlanKeys, here) is not None
            and value
        ):
            yield from _leaves(cast("_Raw", value), here)
        else:
            yield here, value


def _change(plan: PlanKeys, base: _Raw, path: Key, value: Any) -> Change:
    before: Any = base
    for part in path:
        before = cast("_Raw", before).get(str(part)) if isinstance(before, Mapping) else None
    if before is None:
        before = plan.model_dump(mode="json", by_alias=True)
        for part in path:
            before = cast("_Raw", before).get(str(part)) if isinstance(before, Mapping) else None
    return Change(dotted(path), "not given" if before in (None, "", [], {}) else _text(before), _text(value))


def _text(value: Any) -> str:
    return (
        " ".join(value.split())
        if isinstance(value, str)
        else json.dumps(value, ensure_ascii=False, default=str)
    )


def _section(raw: _Raw, key: str) -> _Raw:
    value = raw.get(key)
    return cast("_Raw", value) if isinstance(value, Mapping) else {}


def said_of(override: Override, problems: Sequence[Problem]) -> list[Problem]:
    """Say the problems of a variant as those of its entry."""
    which = "" if override.label == override.entry else f'"{override.label}": '
    return [Problem(("sensitivity", override.entry), f"{which}{p.said()}", p.remedy) for p in problems]
