"""From a TOML file to a checked plan, or to one message with everything that is wrong in it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from pydantic import ValidationError

from riskset.errors import PlanError
from riskset.study.plan import PlanKeys, StudyPlan
from riskset.study.plan_analytes import fill_filters
from riskset.study.plan_checks import checks, fill_tables
from riskset.study.plan_cohort import fill_index
from riskset.study.plan_lines import Key, lines_of
from riskset.study.plan_planned import planned_problems
from riskset.study.plan_problems import NO_SUCH_KEY, Problem, plan_error, problems_of
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
    keys = plan_from_toml(_text(data, path), path)
    return StudyPlan.model_validate(
        {
            **{name: getattr(keys, field) for field, name in _names()},
            "path": path,
            "folder": (path.parent / keys.data.folder).resolve(),
            "sha256": hashlib.sha256(data).hexdigest(),
        }
    )


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
    rest, problems = planned_problems(raw)
    keys, broken = _validated(fill_groups(fill_index(fill_filters(fill_tables(rest)))))
    problems = [*broken, *([] if keys is None else checks(keys)), *problems]
    if keys is None or problems:
        raise plan_error(path, problems, lines)
    return keys


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
