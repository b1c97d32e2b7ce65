"""Everything that is wrong with a plan, in plain words and all at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from riskset.errors import PlanError
from riskset.study.plan_lines import Key, line_of

NO_SUCH_KEY = "no such key"
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")


@dataclass(frozen=True)
class Problem:
    """One thing wrong with the plan: the key, the rule and the remedy."""

    key: Key
    rule: str
    remedy: str | None = None

    def said(self, line: int | None = None) -> str:
        """Say what is wrong and where, without the remedy."""
        place = f" (line {line})" if line else ""
        return f"{dotted(self.key)}{place}: {self.rule}" if self.key else self.rule


def dotted(key: Key) -> str:
    """Key as it is written in TOML; entries of a list count from 1.

    Examples
    --------
    >>> dotted(("models", "Model 3", "extra"))
    'models."Model 3".extra'
    >>> dotted(("cohort", "require", 0, "keep"))
    'cohort.require[1].keep'
    """
    text = ""
    for part in key:
        if isinstance(part, int):
            text += f"[{part + 1}]"
            continue
        bare = re.fullmatch(r"[A-Za-z0-9_-]+", part) is not None
        text += ("." if text else "") + (part if bare else f'"{part}"')
    return text


def control_problems(value: Any, key: Key = ()) -> Iterator[Problem]:
    r"""Find text that no one can read but a terminal would obey: control characters other than tab and line break.

    Examples
    --------
    >>> [p.said() for p in control_problems({"title": "A \x1b[2J", "question": "Two\nlines"})]
    ['title: holds a control character']
    """
    if isinstance(value, str):
        if _CONTROL.search(value):
            yield Problem(key, "holds a control character", "Write plain text")
    elif isinstance(value, Mapping):
        for name, child in cast("Mapping[str, Any]", value).items():
            if _CONTROL.search(name):
                yield Problem(key, "a name in it holds a control character", "Write plain text")
            else:
                yield from control_problems(child, (*key, name))
    elif isinstance(value, list):
        for k, child in enumerate(cast("list[Any]", value)):
            yield from control_problems(child, (*key, k))


def nearest(word: str, allowed: Iterable[str]) -> str | None:
    """Pick the allowed word that is most like the given one, if one is like it at all.

    Examples
    --------
    >>> nearest("cary_forward", ["carry_forward", "lag"])
    'carry_forward'
    """
    by_lower = {a.lower(): a for a in allowed}
    match = difflib.get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[match[0]] if match else None


def choose_from(word: str, allowed: Sequence[str]) -> str:
    """Remedy for a word that is not among the allowed: the nearest one, then all of them."""
    near = nearest(word, allowed)
    did = f"Did you mean {near}? " if near else ""
    return f"{did}Allowed: {', '.join(allowed)}" if allowed else did + "Nothing is allowed here"


def plan_error(path: Path | str, problems: Sequence[Problem], lines: Mapping[Key, int]) -> PlanError:
    """Put all problems into one error that names the plan, in the order of its lines."""
    name = Path(path).name
    placed = sorted(
        ((line_of(p.key, lines), p) for p in problems), key=lambda lp: (lp[0] is None, lp[0] or 0)
    )
    if len(placed) == 1:
        ((line, only),) = placed
        return PlanError(only.said(line), where=name, remedy=only.remedy and only.remedy + ".")
    text = "".join(
        f"\n  {i}. {p.said(line)}{'. ' + p.remedy if p.remedy else ''}"
        for i, (line, p) in enumerate(placed, 1)
    )
    return PlanError(f"{len(problems)} problems in the plan{text}", where=name)


def problems_of(error: ValidationError, model: type[BaseModel]) -> list[Problem]:
    """Pydantic's findings in the words of the plan."""
    return [_translate(detail, model) for detail in error.errors(include_url=False)]


# What pydantic calls a broken type, in the words of someone who writes TOML.
_PLAIN: Mapping[str, str] = {
    "string_type": 'must be text in quotes, like "..."',
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "float_type": "must be a number, without quotes",
    "finite_number": "must be a finite number",
    "bool_type": "must be true or false, without quotes",
    "model_type": "must be a section with keys, like { key = value }",
    "model_attributes_type": "must be a section with keys, like { key = value }",
    "dict_type": "must be a section with keys, like { key = value }",
    "mapping_type": "must be a section with keys, like { key = value }",
    "list_type": "must be a list, like [ ... ]",
    "tuple_type": "must be a list, like [ ... ]",
    "string_too_short": "must not be empty",
    "string_pattern_mismatch": "a name must begin with a letter and hold only letters, digits and underscores",
    "date_type": "must be a date like 2024-12-31",
    "date_parsing": "must be a date like 2024-12-31",
    "date_from_datetime_parsing": "must be a date like 2024-12-31",
    "date_from_datetime_inexact": "must be a date without a time, like 2024-12-31",
}


def _translate(detail: ErrorDetails, model: type[BaseModel]) -> Problem:
    key: Key = tuple(part for part in detail["loc"] if part != "[key]")
    kind, context, found = detail["type"], detail.get("ctx", {}), detail["input"]
    last = str(key[-1]) if key else ""
    if kind == "extra_forbidden":
        return Problem(key, NO_SUCH_KEY, choose_from(last, list(keys_at(model, key[:-1]))))
    if kind == "missing":
        here = keys_at(model, key[:-1])
        meaning = here.get(last)
        if isinstance(key[-1], int):
            return Problem(key[:-1], "has too few entries", meaning)
        return Problem(key, "is missing", f"It says: {meaning.rstrip('.')}" if meaning else None)
    if kind == "literal_error":
        allowed = [a.strip().strip("'\"") for a in re.split(r",| or ", context["expected"])]
        return Problem(key, f"{_shown(found)} is not possible here", choose_from(str(found), allowed))
    if kind in {"too_long", "too_short"}:
        return Problem(
            key,
            f"has {context['actual_length']} entries; {context.get('max_length', context.get('min_length'))} are needed",
        )
    bounds = {
        "greater_than_equal": ("ge", "at least"),
        "greater_than": ("gt", "above"),
        "less_than_equal": ("le", "at most"),
        "less_than": ("lt", "below"),
    }
    if kind in bounds:
        name, words = bounds[kind]
        return Problem(key, f"is {found} but must be {words} {context[name]}")
    rule = _PLAIN.get(kind, detail["msg"][:1].lower() + detail["msg"][1:])
    return Problem(key, f"{rule} (found {_shown(found)})" if kind != "string_too_short" else rule)


def _shown(found: object) -> str:
    if isinstance(found, bool):
        return str(found).lower()
    if isinstance(found, str):
        return f'"{found}"' if len(found) <= 60 else f'"{found[:57]}..."'
    if isinstance(found, Mapping):
        return "a section"
    if isinstance(found, list):
        return "a list"
    return str(found)


def keys_at(model: type[BaseModel], key: Key) -> dict[str, str]:
    """Keys that the plan knows at a place, each with its meaning."""
    annotation: Any = model
    for part in key:
        annotation = _step(annotation, part)
    found = _models_in(annotation)
    if not found:
        return {}
    return {
        field.alias or name: (field.description or "").split("\n")[0]
        for name, field in found[0].model_fields.items()
    }


def kind_at(model: type[BaseModel], key: Key) -> Literal["section", "named"] | None:
    """Say what stands at a place of the plan: a section of known keys, sections by names of the author, or a value.

    Examples
    --------
    >>> from riskset.study.plan import PlanKeys
    >>> [kind_at(PlanKeys, k) for k in (("measures",), ("measures", "mg"), ("measures", "mg", "lag"), ("modifier", "levels"))]
    ['named', 'section', None, None]
    """
    annotation: Any = model
    for part in key:
        annotation = _step(annotation, part)
    if _models_in(annotation):
        return "section"
    origin, arguments = get_origin(annotation), get_args(annotation)
    by_name = isinstance(origin, type) and issubclass(origin, Mapping)
    return "named" if by_name and _models_in(arguments[1]) else None


def _step(annotation: Any, part: str | int) -> Any:
    """Type of an entry of a section, a list or a mapping."""
    for model in _models_in(annotation):
        for name, field in model.model_fields.items():
            if part in (name, field.alias):
                return field.annotation
        return None
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated or origin in (Union, UnionType):
        return _step(arguments[0], part)
    if isinstance(origin, type) and issubclass(origin, Mapping):
        return arguments[1]
    return arguments[0] if arguments else None


def _models_in(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    if get_origin(annotation) in (Union, UnionType, Annotated):
        return [model for a in get_args(annotation) for model in _models_in(a)]
    return []
