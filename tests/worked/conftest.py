"""Small text tables: raw tables in, episodes out, as a reader of the rules would write them."""

from collections.abc import Callable

import polars as pl
import pytest


def _value(text: str) -> object:
    if text == "-":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _read(text: str) -> pl.DataFrame:
    lines = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
    header, *rows = lines
    columns = {name: [_value(row[k]) for row in rows] for k, name in enumerate(header)}
    return pl.DataFrame({name: pl.Series(values, strict=False) for name, values in columns.items()})


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:g}" if isinstance(value, int | float) else str(value)


@pytest.fixture
def table() -> Callable[[str], pl.DataFrame]:
    """Read a text table; a dash is a missing value, numbers are numbers, anything else is text."""
    return _read


@pytest.fixture
def show() -> Callable[[pl.DataFrame], str]:
    """Write a frame as such a text table, without padding."""

    def write(frame: pl.DataFrame) -> str:
        lines = [" | ".join(frame.columns)]
        lines += [" | ".join(_cell(v) for v in row) for row in frame.iter_rows()]
        return "\n".join(lines)

    return write


@pytest.fixture
def squeeze() -> Callable[[str], str]:
    """Take the padding out of an expected table."""

    def write(text: str) -> str:
        rows = [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]
        return "\n".join(" | ".join(row) for row in rows)

    return write
