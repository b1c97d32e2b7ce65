"""Laboratory values as they stand in tables: numbers, and numbers behind a limit of detection."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import polars as pl

BelowLimit = Literal["limit", "half", "reject"]
NOT_A_NUMBER = "a value must be a number"
BEHIND_LIMIT = 'a value behind a limit of detection needs below_limit = "limit" or "half"'
NOT_FINITE = "a value must be finite"


@dataclass(frozen=True)
class ParsedValues:
    """A column of values after reading.

    Parameters
    ----------
    values : pl.Series
        Float64; null where nothing stands or the row is rejected.
    problems : tuple of (rule, pl.Series)
        For each rule, the rows that break it.
    behind_limit : pl.Series
        True where the value stands behind ``<`` or ``>``.
    """

    values: pl.Series
    problems: tuple[tuple[str, pl.Series], ...]
    behind_limit: pl.Series


def parse_values(column: pl.Series, *, below_limit: BelowLimit | None = None) -> ParsedValues:
    """Read a column of numbers.

    Parameters
    ----------
    column : pl.Series
        Numbers or text.
    below_limit : {"limit", "half", "reject"}, optional
        What ``<0.05`` stands for: 0.05, 0.025, or a rejected row (also when not stated). ``>100`` stands for
        100 under "limit" and "half".

    Returns
    -------
    ParsedValues

    Examples
    --------
    >>> parse_values(pl.Series(["2.3", "<0.05", "haemolysed"]), below_limit="half").values.to_list()
    [2.3, 0.025, None]
    """
    nothing = pl.repeat(False, column.len(), eager=True)
    if not isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum):
        values, behind, problems = column.cast(pl.Float64).fill_nan(None), nothing, []
    else:
        text = column.cast(pl.String).str.strip_chars().replace("", None)
        values = text.cast(pl.Float64, strict=False)
        parts = text.str.extract_groups(r"^([<>])=?\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$").struct.unnest()
        sign, limit = parts.to_series(0), parts.to_series(1).cast(pl.Float64, strict=False)
        behind = limit.is_not_null()
        problems = [(NOT_A_NUMBER, text.is_not_null() & values.is_null() & ~behind)]
        values = values.fill_nan(None)
        if below_limit in {"limit", "half"}:
            half = (sign == "<").fill_null(value=False) if below_limit == "half" else nothing
            values = values.zip_with(~behind, limit / (1.0 + half.cast(pl.Float64)))
        else:
            problems.append((BEHIND_LIMIT, behind))
    endless = values.is_infinite().fill_null(value=False)
    problems.append((NOT_FINITE, endless))
    values = values.zip_with(~endless, pl.Series([None], dtype=pl.Float64).new_from_index(0, values.len()))
    return ParsedValues(values, tuple((rule, rows) for rule, rows in problems if rows.any()), behind)
