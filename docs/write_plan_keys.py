"""Write docs/plan-keys.md from the plan's own schema, so that the page cannot drift from the code.

python docs/write_plan_keys.py
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from riskset.study import plan_schema

PAGE = Path(__file__).parent / "plan-keys.md"
HEAD = """# Every key of the plan

Written by `python docs/write_plan_keys.py` from the schema that `riskset schema` prints; [The plan](plan.md) explains
how the parts work together. A key in **bold** must be given. NAME is a name of your choice.
"""
_AGAIN = ("questions.NAME.", "modifier.groups")
"""Sections that are like others, as their meaning says."""


def page() -> str:
    """Return the page as text."""
    schema = plan_schema()
    parts = [HEAD, _table("At the top", schema, schema)]
    parts += [_table(title, section, schema) for title, section in _sections("", schema, schema)]
    return "\n".join(parts)


def _sections(path: str, section: Mapping[str, Any], schema: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in section["properties"].items():
        target, suffix = _target(value)
        if target is not None and not (path.startswith(_AGAIN) or f"{path}{key}" in _AGAIN):
            here = f"{path}{key}{suffix}"
            below = schema["$defs"][target]
            yield f"[{here}]", below
            yield from _sections(f"{here}.", below, schema)


def _target(value: Mapping[str, Any]) -> tuple[str | None, str]:
    """Return the section that a key holds, and how its name goes on: one, many by name, or a list."""
    if "$ref" in value:
        return value["$ref"].rpartition("/")[2], ""
    by_name = value.get("additionalProperties") or next(
        iter(value.get("patternProperties", {}).values()), None
    )
    if isinstance(by_name, dict) and "$ref" in by_name:
        return by_name["$ref"].rpartition("/")[2], ".NAME"
    if "$ref" in value.get("items", {}):
        return value["items"]["$ref"].rpartition("/")[2], ""
    for kind in value.get("anyOf", ()):  # the text that says the same in short stands in the meaning
        if "$ref" in kind:
            return kind["$ref"].rpartition("/")[2], ""
    return None, ""


def _table(title: str, section: Mapping[str, Any], schema: Mapping[str, Any]) -> str:
    heading = title if title == "At the top" else f"`{title}`"
    lines = [
        f"## {heading}\n",
        f"{section['description']}\n",
        "| key | value | default | meaning |",
        "| --- | --- | --- | --- |",
    ]
    required = set(section.get("required", ()))
    for key, value in section["properties"].items():
        name = f"**{key}**" if key in required else key
        default = "" if key in required or _target(value)[0] else _default(value.get("default"))
        meaning = value.get("description") or schema["$defs"][_target(value)[0]]["description"]
        lines.append(f"| {name} | {_kind(value)} | {default} | {_cell(meaning)} |")
    return "\n".join(lines) + "\n"


def _kind(value: Mapping[str, Any]) -> str:
    target, suffix = _target(value)
    if target is not None:
        return (
            {"": "section", ".NAME": "sections by name"}[suffix] if "items" not in value else "list of tables"
        )
    if "anyOf" in value:
        return _kind(next(v for v in value["anyOf"] if v.get("type") != "null"))
    if "enum" in value:
        return " or ".join(f'`"{v}"`' for v in value["enum"])
    if "const" in value:
        return f"`{value['const']}`"
    if value.get("type") == "array":
        if "prefixItems" in value:
            return f"{len(value['prefixItems'])} {_kind(value['prefixItems'][0])}s"
        return f"list of {_kind(value['items'])}" if value["items"] else "list"
    if value.get("type") == "object":
        by_name = value.get("additionalProperties")
        return f"{_kind(by_name)} by name" if isinstance(by_name, dict) else "table"
    if value.get("format") == "date":
        return "date"
    return {"string": "text", "integer": "whole number", "number": "number", "boolean": "true or false"}[
        value["type"]
    ]


def _default(value: object) -> str:
    if value is None or value in ("", [], {}):
        return "none"
    return f"`{json.dumps(value)}`"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
