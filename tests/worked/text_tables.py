"""Small text tables, raw tables in and episodes out: read and written as a reader of the rules would write them.

Shared by the worked cases and by docs/write_semantics.py.
"""

from __future__ import annotations

import polars as pl


def cells(text: str) -> list[list[str]]:
    """Read a text table: the header, then the rows."""
    return [[cell.strip() for cell in line.split("|")] for line in text.strip().splitlines()]


def frame(text: str) -> pl.DataFrame:
    """Read a text table into a data frame: a dash is missing, numbers are numbers, anything else is text."""
    header, *rows = cells(text)
    columns = {name: [_value(row[k]) for row in rows] for k, name in enumerate(header)}
    return pl.DataFrame({name: pl.Series(values, strict=False) for name, values in columns.items()})


def shown(result: pl.DataFrame) -> list[list[str]]:
    """Write a data frame as the cells of a text table."""
    return [list(result.columns), *([_cell(v) for v in row] for row in result.iter_rows())]


def unpadded(rows: list[list[str]]) -> str:
    """Write cells as a text table without padding."""
    return "\n".join(" | ".join(row) for row in rows)


def _value(text: str) -> object:
    if text == "-":
        return None
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, bool):
        return str(int(value))
    return f"{value:.9g}" if isinstance(value, int | float) else str(value)
