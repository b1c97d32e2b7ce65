"""From a TOML file to a checked plan, or to one message with everything that is wrong in it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, cast

from pydantic import ValidationError

from riskset.errors import PlanError
from riskset.study.plan import PlanKeys, StudyPlan
from riskset.study.plan_analytes import fill_filters
from riskset.study.plan_checks import checks, fill_tables
from riskset.study.plan_cohort import fill_index
from riskset.study.plan_competing import primary_problems
from riskset.study.plan_further import further, said_of_question
from riskset.study.plan_lines import Key, lines_of
from riskset.study.plan_override import Override, overrides, said_of
from riskset.study.plan_planned import planned_problems
from riskset.study.plan_problems import NO_SUCH_KEY, Problem, control_problems, plan_error, problems_of
from riskset.study.plan_question import fill_groups


def read_plan(path: Path | str) -> StudyPlan:
    """Read and check a plan file.

    Parameters
    ----------
    path : Path or str
        The TOML file. Paths inside it are relative to it.

    Returns
    -------
    StudyPlan
        The plan, with the tables that it leaves to be inferred filled in.

    Raises
    ------
    PlanError
        With every problem found: the key, what is allowed, the nearest match.
    """
    path = Path(path)
    data = _bytes(path)
    text = _text(data, path)
    keys = plan_from_toml(text, path)
    return _study_plan(keys, path, hashlib.sha256(data).hexdigest(), raw=tomllib.loads(text))


def plan_from_toml(text: str, path: Path | str = "study.toml") -> PlanKeys:
    """Plan in a TOML text; ``path`` only names it in messages."""
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _broken(error, text, path) from None
    return plan_from_keys(raw, lines_of(text), path)


def plan_from_keys(
    raw: Mapping[str, Any], lines: Mapping[Key, int], path: Path | str = "study.toml"
) -> PlanKeys:
    """Plan of keys that were read from somewhere; ``lines`` and ``path`` place the problems in messages."""
    if unreadable := list(control_problems(raw)):  # which no message may repeat
        raise plan_error(path, unreadable, lines)
    keys, problems = checked_keys(raw)
    if refused := list(primary_problems(raw)):
        problems = [*(p for p in problems if p.key != refused[0].key), *refused]
    if keys is not None:
        asked, more = further(raw, keys)
        own = [(one, keys.questions[one.entry], checked_keys(one.raw)[1]) for one in asked]
        problems = [
            *problems,
            *more,
            *(p for one, given, wrong in own for p in said_of_question(one, given, wrong, problems)),
        ]
    if keys is not None and not problems:  # the variants of a wrong plan are wrong too, which is no news
        found, problems = overrides(raw, keys)
        problems += [p for one in found for p in said_of(one, checked_keys(one.raw)[1])]
    if keys is None or problems:
        raise plan_error(path, list({p.said(): p for p in problems}.values()), lines)
    return keys


def checked_keys(raw: Mapping[str, Any]) -> tuple[PlanKeys | None, list[Problem]]:
    """Plan of keys as TOML gives them, with what it leaves out filled in, and everything that is wrong with it."""
    rest, planned = planned_problems(raw)
    keys, broken = _validated(fill_groups(fill_index(fill_filters(fill_tables(rest)))))
    return keys, [*broken, *([] if keys is None else checks(keys)), *planned]


def variants(plan: StudyPlan) -> tuple[Variant, ...]:
    """Write out the sensitivity analyses of a plan, each a plan of its own.

    Parameters
    ----------
    plan : StudyPlan
        As :func:`read_plan` gives it.

    Returns
    -------
    tuple of Variant
        In the plan's order; one for each value of a key that is varied.

    Raises
    ------
    PlanError
        Where a variant is no valid plan; a plan that was read has none of these.
    """
    found, problems = overrides(plan.raw, plan)
    made: list[Variant] = []
    for one in found:
        keys, wrong = checked_keys(one.raw)
        problems += said_of(one, wrong)
        if keys is not None:
            made.append(Variant(one, _study_plan(keys, plan.path, plan.sha256, wrong=one.wrong)))
    if problems:
        raise plan_error(plan.path, problems, {})
    return tuple(made)


def further_questions(plan: StudyPlan) -> tuple[Variant, ...]:
    """Write out the further questions of a plan, each a plan of its own whose main question it is.

    Parameters
    ----------
    plan : StudyPlan
        As :func:`read_plan` gives it.

    Returns
    -------
    tuple of Variant
        In the plan's order.
    """
    made: list[Variant] = []
    for one in further(plan.raw, plan)[0]:
        keys, _ = checked_keys(one.raw)
        if keys is not None:  # a plan that was read has no other
            made.append(Variant(one, _study_plan(keys, plan.path, plan.sha256, raw=one.raw)))
    return tuple(made)


@dataclass(frozen=True)
class Variant:
    """A sensitivity analysis or a further question: what it changes, and the plan that this makes.

    Parameters
    ----------
    override : Override
        Its name, its changes, and whether it is wrong on purpose.
    plan : StudyPlan
    """

    override: Override
    plan: StudyPlan


def _study_plan(
    keys: PlanKeys,
    path: Path,
    sha256: str,
    *,
    raw: Mapping[str, Any] | None = None,
    wrong: Literal["immortal_time"] | None = None,
) -> StudyPlan:
    given = {name: getattr(keys, field) for field, name in _names()}
    folder = (path.parent / keys.data.folder).resolve()
    more = {"path": path, "folder": folder, "sha256": sha256, "raw": raw or {}, "wrong": wrong}
    return StudyPlan.model_validate({**given, **more})


def _validated(raw: dict[str, Any]) -> tuple[PlanKeys | None, list[Problem]]:
    """Keys and the problems of their types; without its unknown keys a plan can still be checked further."""
    problems: list[Problem] = []
    for _ in range(2):
        try:
            # JSON mode: lists and quoted dates are what TOML offers, everything else stays strict.
            return PlanKeys.model_validate_json(json.dumps(raw, default=str)), problems
        except ValidationError as error:
            found = problems_of(error, PlanKeys)
            unknown = [p.key for p in found if p.rule == NO_SUCH_KEY]
            problems += [p for p in found if p not in problems]
            if len(unknown) < len(found):
                break
            for key in unknown:
                raw = _without(raw, key)
    return None, problems


def _without(value: Any, key: Key) -> Any:
    if isinstance(value, list):
        return [_without(v, key[1:]) if i == key[0] else v for i, v in enumerate(cast("list[Any]", value))]
    entries = cast("dict[str, Any]", value)
    if len(key) == 1:
        return {k: v for k, v in entries.items() if k != key[0]}
    return {k: _without(v, key[1:]) if k == key[0] else v for k, v in entries.items()}


def plan_schema() -> dict[str, Any]:
    """JSON Schema of the plan, for editors and for those who generate plans."""
    schema = PlanKeys.model_json_schema(by_alias=True)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        **schema,
        "title": "riskset study plan",
    }


def _names() -> list[tuple[str, str]]:
    return [(name, field.alias or name) for name, field in PlanKeys.model_fields.items()]


def _bytes(path: Path) -> bytes:
    if path.is_dir():
        raise PlanError(
            "is a folder, not a plan file", where=path.name, remedy=f"Name the file: {path / 'study.toml'}."
        )
    try:
        return path.read_bytes()
    except FileNotFoundError:
        near = (
            sorted(p.name for p in path.parent.glob("*.toml") if _is_plan(p)) if path.parent.is_dir() else []
        )
        found = f"Plans in that folder: {', '.join(near)}." if near else "Check the path."
        raise PlanError("no such plan file", where=str(path), remedy=found) from None
    except OSError as error:
        raise PlanError(f"cannot be read ({error.strerror})", where=str(path)) from None


def _is_plan(path: Path) -> bool:
    try:
        return any(line.startswith("riskset") for line in path.read_text("utf-8").splitlines())
    except (OSError, UnicodeDecodeError):
        return False


def _text(data: bytes, path: Path) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise PlanError(
            f"line {line} is not UTF-8 text", where=path.name, remedy="Save the plan as UTF-8 text."
        ) from None


def _broken(error: tomllib.TOMLDecodeError, text: str, path: Path | str) -> PlanError:
    """Syntax error with its line shown; before Python 3.14 the line stands only in the message."""
    message = str(error)
    words, _, place = message.rpartition(" (at ")
    place = place.rstrip(")")
    lines = text.splitlines()
    number = "".join(c for c in place.partition(",")[0] if c.isdigit())
    line = lines[int(number) - 1].strip() if number and int(number) <= len(lines) else ""
    rule = f"{place or 'the file'} is not valid TOML: {words or message}"
    remedy = "Text stands in quotes, sections in [brackets], each key once"
    return PlanError(
        rule, where=Path(path).name, remedy=f"{remedy}. The line reads: {line}" if line else f"{remedy}."
    )
