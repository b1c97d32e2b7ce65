"""Expressions of a formula as polars expressions, from a whitelist of operators and functions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.design.grammar import Binary, Call, Expr, Items, Name, Number, Text, Unary, names_in, render
from riskset.errors import DesignError

Floats = NDArray[np.float64]

# As R's functions of these names; I() is R's "as is".
FUNCTIONS: dict[str, Callable[[pl.Expr], pl.Expr]] = {
    "log": lambda x: x.log(),
    "log2": lambda x: x.log(2.0),
    "log10": lambda x: x.log10(),
    "exp": lambda x: x.exp(),
    "sqrt": lambda x: x.sqrt(),
    "abs": lambda x: x.abs(),
    "I": lambda x: x,
}
OPERATORS: dict[str, Callable[[pl.Expr, pl.Expr], pl.Expr]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": lambda a, b: a / b,
    "^": lambda a, b: a.cast(pl.Float64) ** b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
}
# Terms that the design itself makes, so that they cannot stand within an expression.
OF_THE_DESIGN = ("rcs", "bs", "ns", "poly", "factor", "strata", "offset", "cluster", "tt", "Surv")


def to_polars_expr(expr: Expr) -> pl.Expr:
    """Translate an expression; anything outside the whitelist is refused.

    Examples
    --------
    >>> from riskset.design.grammar import parse
    >>> frame = pl.DataFrame({"x": [1.0, 4.0]})
    >>> frame.select(to_polars_expr(parse("sqrt(x) + 1"))).to_series().to_list()
    [2.0, 3.0]
    """
    match expr:
        case Number(value) | Text(value):
            return pl.lit(value)
        case Name(name):
            return pl.col(name)
        case Unary("-", argument):
            return -to_polars_expr(argument)
        case Unary("+", argument):
            return to_polars_expr(argument)
        case Binary(operator, left, right) if operator in OPERATORS:
            return OPERATORS[operator](to_polars_expr(left), to_polars_expr(right))
        case Call(function, (argument,), ()) if function in FUNCTIONS:
            return FUNCTIONS[function](to_polars_expr(argument))
        case Call(function, _, _) if function in OF_THE_DESIGN:
            raise DesignError(
                f"{function}() must stand as a term of its own, not within {render(expr)!r}", where="formula"
            )
        case Call(function, _, _):
            raise DesignError(
                f"unknown function or wrong number of arguments in {render(expr)!r}",
                where="formula",
                remedy=f"Functions of one argument are {', '.join(FUNCTIONS)}; terms are rcs, bs, ns, poly, factor, strata, offset, cluster.",
            )
        case Items() | Unary() | Binary():
            raise DesignError(f"{render(expr)!r} is no value", where="formula")


def label(expr: Expr) -> str:
    """Text that stands for an expression in names: a column's own name, or the expression as written."""
    return expr.name if isinstance(expr, Name) else render(expr)


def numeric(expr: Expr, frame: pl.DataFrame) -> Floats:
    """Value of a numeric expression in each row, finite or an error.

    Raises
    ------
    DesignError
        If a value is missing, or is no finite number, such as the logarithm of zero.
    """
    values = computed(expr, frame, pl.Float64)
    if values.len() != frame.height:  # a constant
        values = values.new_from_index(0, frame.height)
    if values.null_count():
        raise DesignError(
            "a value is missing",
            where=label(expr),
            rows=(np.flatnonzero(values.is_null().to_numpy()) + 2).tolist(),
        )
    array = values.to_numpy()
    if not np.isfinite(array).all():
        raise DesignError(
            "a value is no finite number, such as the logarithm of zero or below",
            where=label(expr),
            rows=(np.flatnonzero(~np.isfinite(array)) + 2).tolist(),
            remedy=f"Correct the rows or transform {', '.join(dict.fromkeys(names_in(expr)))} in another way.",
        )
    return array


def computed(expr: Expr, frame: pl.DataFrame, dtype: type[pl.DataType] | None = None) -> pl.Series:
    """Compute the values of an expression; the library's own refusal may quote one of them."""
    try:
        if (
            isinstance(expr, Name) and expr.name in frame.columns
        ):  # at once: an expression takes a hundred times as long
            return frame[expr.name] if dtype is None else frame[expr.name].cast(dtype)
        values = to_polars_expr(expr)
        return frame.select(values if dtype is None else values.cast(dtype)).to_series()
    except pl.exceptions.PolarsError:
        raise DesignError(
            "cannot be computed from its columns",
            where=label(expr),
            remedy="Functions and arithmetic take numbers; a column of text is a term of its own.",
        ) from None
