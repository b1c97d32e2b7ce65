"""Where in the file a key of the plan stands; the TOML reader does not say."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from typing import Any

Key = tuple[str | int, ...]
"""Place in the plan: ("measures", "mg", "lag"); numbers count the entries of a list from 0."""
_PART = r"""(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')"""
_NAME = rf"{_PART}(?:\s*\.\s*{_PART})*"
_HEADER = re.compile(rf"\s*\[\s*({_NAME})\s*\]")
_ENTRY = re.compile(rf"\s*({_NAME})\s*=")


def lines_of(text: str) -> Mapping[Key, int]:
    r"""Lines of the sections and of the keys that begin a line.

    A key within braces stands on the line of the key that begins the line, or on a line of its own that is not
    known; :func:`line_of` then answers with its parent.

    Examples
    --------
    >>> lines_of('title = "T"\n[models."Model 3"]\nprimary = true')
    {('title',): 1, ('models', 'Model 3'): 2, ('models', 'Model 3', 'primary'): 3}
    """
    found: dict[Key, int] = {}
    section: Key = ()
    for number, line in enumerate(text.splitlines(), 1):
        if header := _HEADER.match(line):
            section = key_of(header[1])
            found.setdefault(section, number)
        elif entry := _ENTRY.match(line):
            found.setdefault((*section, *key_of(entry[1])), number)
    return found


def line_of(key: Key, lines: Mapping[Key, int]) -> int | None:
    """Line of a key, or of the nearest of its parents that has one."""
    return next((lines[key[:n]] for n in range(len(key), 0, -1) if key[:n] in lines), None)


def key_of(written: str) -> Key:
    """Part a key at its points.

    Examples
    --------
    >>> key_of('models."Model 3".adjust')
    ('models', 'Model 3', 'adjust')
    """
    try:
        inner: Any = tomllib.loads(f"[{written}]")
    except tomllib.TOMLDecodeError:  # a line of some longer text that only looks like a key
        return (written,)
    parts: list[str] = []
    while inner:
        ((name, inner),) = inner.items()
        parts.append(name)
    return tuple(parts)
