"""Row filters as SQL expressions, from a whitelist of operations.

A filter of a plan is data, not a program: it may compare, combine and search the columns of its own table.
Sub-queries, files, windows and aggregates over rows are refused, because a row's fate must depend on that row
alone. The expression is parsed by polars and its parse tree is checked node by node.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import polars as pl

from riskset.errors import TableError
from riskset.tables.names import nearest

# Operations on one row. Whatever is not here is refused, whatever it may be called in another version.
_NODES = frozenset({"BinaryExpr", "Column", "Literal", "Function", "Cast", "Ternary"})
_FUNCTIONS = frozenset(
    {
        *("Abs", "Ceil", "Floor", "Round", "Log", "Exp", "Pow", "Coalesce", "MaxHorizontal", "MinHorizontal"),
        *(
            "Not",
            "IsNull",
            "IsNotNull",
            "IsIn",
            "IsBetween",
            "IsNan",
            "IsNotNan",
            "IsFinite",
            "IsInfinite",
            "AnyHorizontal",
            "AllHorizontal",
        ),
        *(
            "Lowercase",
            "Uppercase",
            "StripChars",
            "StripCharsStart",
            "StripCharsEnd",
            "LenChars",
            "LenBytes",
            "Contains",
        ),
        *("StartsWith", "EndsWith", "Slice", "Head", "Tail", "Replace", "ConcatHorizontal"),
        *("Year", "Month", "Day", "Quarter", "Hour", "Minute", "Second", "Date", "WeekDay", "OrdinalDay"),
        *("Binary", "ToFloat"),
    }
)
# The families under which polars files its functions; the name is one step further in.
_FAMILIES = frozenset(
    {"Boolean", "StringExpr", "TemporalExpr", "Sql", "StructExpr", "ListExpr", "Range", "Random"}
)
# Quoted text and quoted names, from left to right, so that neither can hide the other's end.
_LITERALS = re.compile(r"""'(?:[^']|'')*'|"(?:[^"]|"")*\"""")
_FORBIDDEN = (
    # other ways of quoting: without them the line above sees exactly what the parser sees
    (
        "an escape, a comment, a second statement or another kind of quote",
        re.compile(r"[\\`$;]|--|/\*|[\w&]'"),
    ),
    (
        "a sub-query",
        re.compile(r"\b(?:select|values|table|with|union|intersect|except)\b|\(\s*from\b", re.IGNORECASE),
    ),
    ("a file", re.compile(r"\b(?:read|scan)_\w*\s*\(", re.IGNORECASE)),
)
_QUOTED = re.compile(r"'((?:[^']|'')*)'")
_ALLOWED = "comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL, CASE, arithmetic and LOWER, UPPER, TRIM, ABS, ROUND, COALESCE, LENGTH, CAST"


@dataclass(frozen=True)
class Filter:
    """A checked expression over the columns of one table.

    Parameters
    ----------
    sql : str
        As written in the plan.
    expr : pl.Expr
        The same, ready to evaluate.
    columns : tuple of str
        Columns that it reads, in order of appearance.
    literals : tuple of str
        Strings that it compares with, for near misses.
    """

    sql: str
    expr: pl.Expr
    columns: tuple[str, ...]
    literals: tuple[str, ...] = ()

    def require(self, columns: list[str], *, where: str) -> None:
        """Check that every column it reads exists.

        Parameters
        ----------
        columns : list of str
            Columns at hand.
        where : str
            Table or place, for the message.

        Raises
        ------
        TableError
            If a column does not exist, with the nearest match.
        """
        for column in self.columns:
            if column not in columns:
                raise TableError(
                    f"the filter \"{self.sql}\" names a column '{column}' that does not exist",
                    where=where,
                    remedy=nearest(column, columns),
                )

    def rows(self, frame: pl.DataFrame, *, where: str) -> pl.Series:
        """Evaluate on a frame: a column of true, false and null.

        Parameters
        ----------
        frame : pl.DataFrame
        where : str
            Table or place, for the message.

        Returns
        -------
        pl.Series
            Boolean; null where the expression is not known.

        Raises
        ------
        TableError
            If a column is missing, the comparison is impossible, or the result is not true or false.
        """
        result = self.values(frame, where=where)
        if result.dtype != pl.Boolean:
            raise TableError(
                f'the filter "{self.sql}" is not true or false but of type {result.dtype}',
                where=where,
                remedy="Write a comparison, such as \"analyte = 'magnesium'\".",
            )
        return result

    def values(self, frame: pl.DataFrame, *, where: str) -> pl.Series:
        """Evaluate on a frame, whatever the type of the result.

        Parameters
        ----------
        frame : pl.DataFrame
        where : str
            Table or place, for the message.

        Returns
        -------
        pl.Series
            One value per row.

        Raises
        ------
        TableError
            If a column is missing or the types do not go together.
        """
        self.require(frame.columns, where=where)
        try:
            result = frame.select(self.expr.alias("_")).to_series()
        except pl.exceptions.PolarsError:
            # The library's own text may quote a value; the types say enough.
            types = ", ".join(f"{c} holds {kind(frame.schema[c])}" for c in self.columns)
            raise TableError(
                f'the filter "{self.sql}" does not go with its columns ({types})',
                where=where,
                remedy="Compare text with quoted text and numbers with numbers.",
            ) from None
        return result if result.len() == frame.height else pl.repeat(result[0], frame.height, eager=True)


def kind(dtype: pl.DataType) -> str:
    """Name a column type as a reader of spreadsheets would.

    Parameters
    ----------
    dtype : pl.DataType

    Returns
    -------
    str

    Examples
    --------
    >>> kind(pl.Int64()), kind(pl.String())
    ('whole numbers', 'text')
    """
    if dtype.is_integer():
        return "whole numbers"
    if dtype.is_numeric():
        return "numbers"
    if dtype == pl.Boolean:
        return "true/false"
    if dtype == pl.Date:
        return "dates"
    if isinstance(dtype, pl.Datetime):
        return "time stamps"
    if dtype == pl.Null:
        return "nothing at all"
    return "text"


def parse_filter(sql: str, *, where: str | None = None) -> Filter:
    """Parse an SQL expression and refuse whatever is not a plain operation on one row.

    Parameters
    ----------
    sql : str
        ``"analyte = 'magnesium' AND NOT inpatient"``.
    where : str, optional
        The plan key or argument, for the message.

    Returns
    -------
    Filter

    Raises
    ------
    TableError
        If it does not parse, or holds a sub-query, an aggregate, a window or a function outside the list.

    Examples
    --------
    >>> parse_filter("drug ILIKE '%prazole%' AND dose > 10").columns
    ('drug', 'dose')
    >>> parse_filter("(SELECT 1)")
    Traceback (most recent call last):
    ...
    riskset.errors.TableError: the filter "(SELECT 1)" asks for a sub-query, which a filter may not use
      Remedy: Use comparisons, AND, OR, NOT, IN, BETWEEN, LIKE, ILIKE, IS NULL, CASE, arithmetic and LOWER, UPPER, TRIM, ABS, ROUND, COALESCE, LENGTH, CAST.
    """
    forbidden = _forbidden_words(sql)
    if forbidden is not None:
        raise TableError(
            f'the filter "{sql}" asks for {forbidden}, which a filter may not use',
            where=where,
            remedy=f"Use {_ALLOWED}.",
        )
    try:
        expr = pl.sql_expr(sql)
    except (pl.exceptions.PolarsError, ValueError):
        raise TableError(
            f'the filter "{sql}" is not an SQL expression that can be read',
            where=where,
            remedy=f"Use {_ALLOWED}; text stands in single quotes.",
        ) from None
    refusal, columns = _inspect(json.loads(expr.meta.serialize(format="json")))
    if refusal is not None:
        raise TableError(
            f'the filter "{sql}" asks for {refusal}, which a filter may not use',
            where=where,
            remedy=f"Use {_ALLOWED}.",
        )
    return Filter(
        sql,
        expr,
        tuple(dict.fromkeys(columns)),
        tuple(dict.fromkeys(text.strip("%") for text in _QUOTED.findall(sql))),
    )


def _forbidden_words(sql: str) -> str | None:
    """Name what must not even reach the parser, which opens the files of a sub-query while it reads."""
    bare = _LITERALS.sub("''", sql)
    return next((what for what, pattern in _FORBIDDEN if pattern.search(bare)), None)


def _inspect(tree: Any) -> tuple[str | None, list[str]]:
    """Walk the parse tree: what is not allowed (or None), and the columns."""
    columns: list[str] = []
    todo: list[Any] = [tree]
    while todo:
        node = todo.pop()
        if not isinstance(node, dict) or len(node) != 1:
            return (node if isinstance(node, str) else "something unknown"), columns
        ((name, body),) = node.items()
        if name not in _NODES:
            return str(name), columns
        if name == "Column":
            columns.append(body)
        elif name == "Literal":
            continue
        elif name == "Cast":
            todo.append(body["expr"])
        elif name == "BinaryExpr":
            todo.extend((body["right"], body["left"]))
        elif name == "Ternary":
            todo.extend((body["falsy"], body["truthy"], body["predicate"]))
        else:
            refused = _function(body["function"])
            if refused is not None:
                return refused, columns
            todo.extend(reversed(body["input"]))
    return None, columns


def _function(function: Any) -> str | None:
    """Name the function if it is not on the list."""
    while isinstance(function, dict):
        ((name, function),) = function.items() if len(function) == 1 else (("?", None),)
        if name in _FUNCTIONS:
            return None
        if name not in _FAMILIES:
            return str(name)
    return None if function in _FUNCTIONS else str(function)
