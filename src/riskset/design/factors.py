"""Factors of a term: what was learnt from the fitted rows, frozen, and replayed on any other rows.

A factor is one of three: a number, a category with its levels, or a spline or polynomial with its knots.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.design.evaluate import computed, label, numeric
from riskset.design.grammar import Call, Expr, Number, Text, render
from riskset.design.splines import SPLINES, SplineFactor, learn_spline
from riskset.errors import DesignError

Floats = NDArray[np.float64]
Values = NDArray[np.float64] | NDArray[np.bool_]  # of a column of the matrix
Level = bool | float | str
LEVELS_SHOWN = 20


@dataclass(frozen=True, slots=True)
class NumberFactor:
    """A numeric expression; one column."""

    expr: Expr

    @property
    def label(self) -> str:
        """The expression as written."""
        return label(self.expr)

    def names(self, *, contrasts: bool) -> list[str]:
        """Name of its column; ``contrasts`` does not matter to a number."""
        del contrasts
        return [self.label]

    def columns(self, frame: pl.DataFrame, *, contrasts: bool) -> list[Values]:
        """Values of the expression."""
        del contrasts
        return [numeric(self.expr, frame)]


@dataclass(frozen=True, slots=True)
class CategoryFactor:
    """A category: one column for each level, or for each but the reference, which is the first.

    Attributes
    ----------
    expr : Expr
        What is written in the formula.
    values : tuple of Expr
        What the levels are made of: one expression, or several for ``strata(a, b)``.
    levels : tuple of tuple of level
        Levels, the reference first, each as a tuple of one value for each expression.
    """

    expr: Expr
    values: tuple[Expr, ...]
    levels: tuple[tuple[Level, ...], ...]

    @property
    def label(self) -> str:
        """The expression as written."""
        return label(self.expr)

    def codes(self, frame: pl.DataFrame) -> NDArray[np.int64]:
        """Position of each row's level."""
        parts = [list(dict.fromkeys(level[i] for level in self.levels)) for i in range(len(self.values))]
        place = {
            tuple(p.index(v) for p, v in zip(parts, level, strict=True)): k
            for k, level in enumerate(self.levels)
        }
        # One more position in each direction than there are levels, for values that are none.
        table = np.full([len(part) + 1 for part in parts], -1, dtype=np.int64)
        for where, k in place.items():
            table[where] = k
        each = [_positions(_values(e, frame), part) for e, part in zip(self.values, parts, strict=True)]
        code = table[tuple(each)]
        if (code < 0).any():
            raise DesignError(
                "a value is missing or is no level of the fitted rows",
                where=self.label,
                rows=(np.flatnonzero(code < 0) + 2).tolist(),
                remedy=f"Levels are {', '.join(_show(level) for level in self.levels[:LEVELS_SHOWN])}.",
            )
        return code

    def _coded(self, contrasts: bool) -> range:
        """Positions of the levels that have a column."""
        return range(1 if contrasts else 0, len(self.levels))

    def names(self, *, contrasts: bool) -> list[str]:
        """Names of its columns: the level stands in square brackets."""
        return [f"{self.label}[{_show(self.levels[k])}]" for k in self._coded(contrasts)]

    def columns(self, frame: pl.DataFrame, *, contrasts: bool) -> list[Values]:
        """Mark the rows of each level, without the reference where ``contrasts``."""
        codes = self.codes(frame)
        return [codes == k for k in self._coded(contrasts)]


Factor = NumberFactor | CategoryFactor | SplineFactor


def learn(expr: Expr, frame: pl.DataFrame, order: pl.Expr | None, person: str | None) -> Factor:
    """Decide what kind of factor an expression is and learn its levels or knots from the fitted rows.

    Parameters
    ----------
    expr : Expr
    frame : polars DataFrame
        The fitted rows.
    order : polars expression or None
        Time by which a person's rows are ordered.
    person : str or None
        Column of the person; knots then come from each person's first row.
    """
    if isinstance(expr, Call) and expr.function in SPLINES:
        return learn_spline(expr, frame, order, person)
    if isinstance(expr, Call) and expr.function == "factor":
        return _learn_factor(expr, frame)
    if isinstance(expr, Call) and expr.function == "strata":
        return learn_strata(expr, frame)
    values = computed(expr, frame.head(1)).dtype
    if values.is_numeric():
        return NumberFactor(expr)
    if isinstance(values, pl.Enum | pl.Categorical | pl.String | pl.Boolean):
        return CategoryFactor(expr, (expr,), tuple((level,) for level in _levels(expr, frame)))
    raise DesignError(f"a column of type {values} cannot be a covariate", where=label(expr))


def learn_strata(expr: Call, frame: pl.DataFrame) -> CategoryFactor:
    """Levels of ``strata(a, b, ...)``: the combinations that occur, in order."""
    if not expr.arguments or expr.keywords:
        raise DesignError("strata() takes one or more columns", where="formula")
    rank = [{level: k for k, level in enumerate(_levels(e, frame))} for e in expr.arguments]
    seen = pl.DataFrame([_values(e, frame).alias(f"v{i}") for i, e in enumerate(expr.arguments)]).unique()
    ordered = sorted(seen.rows(), key=lambda row: [r[v] for r, v in zip(rank, row, strict=True)])
    return CategoryFactor(expr, expr.arguments, tuple(ordered))


def _levels(expr: Expr, frame: pl.DataFrame) -> list[Level]:
    """Levels in order: as declared for an Enum, False before True, sorted otherwise."""
    values = computed(expr, frame)
    if isinstance(values.dtype, pl.Enum):
        return values.dtype.categories.to_list()
    if values.dtype == pl.Boolean:
        return [False, True]
    if isinstance(values.dtype, pl.Categorical):
        values = values.cast(pl.String)
    return values.drop_nulls().unique().sort().to_list()


def _learn_factor(expr: Call, frame: pl.DataFrame) -> CategoryFactor:
    options = dict(expr.keywords)
    reference = options.pop("ref", None)
    if len(expr.arguments) != 1 or options or not isinstance(reference, Text | Number | None):
        raise DesignError("factor() takes a column and, if wanted, ref=level", where="formula")
    levels = _levels(expr.arguments[0], frame)
    if reference is not None:
        if reference.value not in levels:
            raise DesignError(
                "the reference is no level of the fitted rows",
                where=render(expr),
                remedy=f"Levels are {', '.join(_show((level,)) for level in levels)}.",
            )
        levels.sort(key=lambda level: level != reference.value)
    return CategoryFactor(expr, expr.arguments, tuple((level,) for level in levels))


def _values(expr: Expr, frame: pl.DataFrame) -> pl.Series:
    """Values of an expression, categories as text."""
    values = computed(expr, frame)
    return values.cast(pl.String) if values.dtype == pl.Categorical else values


def _positions(values: pl.Series, levels: list[Level]) -> NDArray[np.int64]:
    """Position of each value among the levels; one past the last for a value that is none."""
    if isinstance(
        values.dtype, pl.Enum | pl.Boolean
    ):  # few values: a lookup, which takes a tenth of the time
        known = values.dtype.categories.to_list() if isinstance(values.dtype, pl.Enum) else [False, True]
        place = {level: k for k, level in enumerate(levels)}
        table = np.array([*(place.get(value, len(levels)) for value in known), len(levels)])
        codes = values.cast(pl.UInt32) if values.dtype == pl.Boolean else values.to_physical().cast(pl.UInt32)
        return table[(codes.fill_null(len(known)) if codes.null_count() else codes).to_numpy()]
    position = values.replace_strict(
        pl.Series(levels), pl.Series(range(len(levels)), dtype=pl.Int64), default=None
    )
    return position.fill_null(len(levels)).to_numpy()


def _show(level: tuple[Level, ...]) -> str:
    return ", ".join(f"{v:g}" if isinstance(v, float) else str(v) for v in level)
