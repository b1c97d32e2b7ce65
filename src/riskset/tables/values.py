"""Laboratory values as they stand in tables: numbers, and numbers behind a limit of detection."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

import polars as pl

from riskset.tables.width import as_text

BelowLimit = Literal["limit", "half", "reject"]
Decimal = Literal[".", ","]
Thousands = Literal[",", ".", " ", "'"]
NOT_A_NUMBER = "a value must be a number"
AMBIGUOUS_NUMBER = "a comma in a number is a decimal comma or a separator of thousands, and must be declared"
BEHIND_LIMIT = 'a value behind a limit of detection needs below_limit = "limit" or "half"'
NOT_FINITE = "a value must be finite"
_LIMIT = r"^([<>≤≥])=?\s*(\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)$"


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


def parse_values(
    column: pl.Series,
    *,
    below_limit: BelowLimit | None = None,
    decimal: Decimal = ".",
    thousands: Thousands | None = None,
) -> ParsedValues:
    """Read a column of numbers.

    Parameters
    ----------
    column : pl.Series
        Numbers or text; full-width digits are digits, NaN is a missing value.
    below_limit : {"limit", "half", "reject"}, optional
        What ``<0.05`` stands for: 0.05, 0.025, or a rejected row (also when not stated). ``>100`` stands for
        100 under "limit" and "half".
    decimal : {".", ","}, default "."
        What stands before the fraction in text.
    thousands : {",", ".", " ", "'"}, optional
        What stands between groups of three digits in text. Without it, no separator is read.

    Returns
    -------
    ParsedValues

    Examples
    --------
    >>> parse_values(pl.Series(["2.3", "<0.05", "haemolysed"]), below_limit="half").values.to_list()
    [2.3, 0.025, None]
    >>> parse_values(pl.Series(["1.234,5", "２，３"]), decimal=",", thousands=".").values.to_list()
    [1234.5, 2.3]
    """
    nothing = pl.repeat(False, column.len(), eager=True)
    problems: list[tuple[str, pl.Series]] = []
    if column.dtype.is_numeric() or column.dtype == pl.Null:
        values, behind = column.cast(pl.Float64).fill_nan(None), nothing
    else:
        text = as_text(column)  # a date or true/false among values is no number, whatever lies beneath it
        plain = plain_numbers(text, decimal, thousands)
        values = plain.cast(pl.Float64, strict=False)
        unread = text.is_not_null() & values.is_null()
        behind, problems = nothing, [(NOT_A_NUMBER, unread)]
        if unread.any():
            parts = plain.str.extract_groups(_LIMIT).struct.unnest()
            sign, limit = parts.to_series(0), parts.to_series(1).cast(pl.Float64, strict=False)
            behind = limit.is_not_null()
            unread = unread & ~behind
            comma = unread & text.str.contains(r"^[<>≤≥]?=?\s*[+-]?\d+(?:[.,]\d+)+$") & text.str.contains(",")
            ambiguous = comma if (decimal, thousands) == (".", None) else nothing
            problems = [(NOT_A_NUMBER, unread & ~ambiguous), (AMBIGUOUS_NUMBER, ambiguous)]
            if below_limit in {"limit", "half"}:
                low = sign.is_in(["<", "≤"]).fill_null(value=False) if below_limit == "half" else nothing
                values = values.zip_with(~behind, limit / (1.0 + low.cast(pl.Float64)))
            else:
                problems.append((BEHIND_LIMIT, behind))
        values = values.fill_nan(None)
    endless = values.is_infinite().fill_null(value=False)
    problems.append((NOT_FINITE, endless))
    if endless.any():
        values = values.zip_with(~endless, values.clear(values.len()))
    return ParsedValues(values, tuple((rule, rows) for rule, rows in problems if rows.any()), behind)


def plain_numbers(text: pl.Series, decimal: Decimal, thousands: Thousands | None) -> pl.Series:
    """Write numbers as a machine does; nothing where the declared signs do not make a number.

    Parameters
    ----------
    text : pl.Series
    decimal : {".", ","}
    thousands : {",", ".", " ", "'"}, optional

    Returns
    -------
    pl.Series
        Text. Signs of a limit of detection stay.

    Examples
    --------
    >>> plain_numbers(pl.Series(["1,234.5", "12,34", "0.5", "<1,000"]), ".", ",").to_list()
    ['1234.5', None, '0.5', '<1000']
    """
    if decimal == "." and thousands is None:
        return text
    groups = "" if thousands is None else rf"\d{{1,3}}(?:{re.escape(thousands)}\d{{3}})+|"
    form = rf"^(?:[<>≤≥]=?\s*)?[+-]?(?:{groups}\d+)(?:{re.escape(decimal)}\d+)?(?:[eE][+-]?\d+)?$"
    plain = text if thousands is None else text.str.replace_all(thousands, "", literal=True)
    plain = plain.str.replace(decimal, ".", literal=True)
    well_formed = text.str.contains(form).fill_null(value=False)
    return plain.zip_with(well_formed, plain.clear(plain.len()))
