"""Values as TOML, one line each: what the standard library reads and does not write."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence


def toml_text(value: str) -> str:
    r"""Write a text: JSON's escapes are TOML's, but for the sign that only TOML calls a control character.

    Examples
    --------
    >>> toml_text('5" line\nbreak')
    '"5\\" line\\nbreak"'
    """
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")


def toml_value(value: object) -> str:
    """Write a text, number, list or table; entries of a table that are None are left out.

    Examples
    --------
    >>> toml_value({"keep": "age >= 18", "label": None, "over": [2.2, 2.6]})
    '{ keep = "age >= 18", over = [2.2, 2.6] }'
    """
    if isinstance(value, str):
        return toml_text(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        return (
            "{ "
            + ", ".join(f"{_key(str(k))} = {toml_value(v)}" for k, v in value.items() if v is not None)
            + " }"
        )
    if isinstance(value, Sequence):
        return "[" + ", ".join(toml_value(v) for v in value) + "]"
    return str(value)


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else toml_text(name)


def toml_line(name: str, value: object, comment: str = "") -> str:
    """Write a key with its value and a comment.

    Examples
    --------
    >>> toml_line("Model 1", True, "# confirm")
    '"Model 1" = true   # confirm'
    """
    return f"{_key(name)} = {toml_value(value)}" + (f"   {comment}" if comment else "")
