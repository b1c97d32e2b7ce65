"""Splines and polynomials of a number: what the formula asks for, their knots, and their columns."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.basis import (
    BSpline,
    NaturalSpline,
    Polynomial,
    RestrictedCubicSpline,
    default_knots,
    interior_knots,
)
from riskset.basis.spline import QUANTILES
from riskset.design.evaluate import label, numeric
from riskset.design.grammar import TRUTH, Call, Expr, Items, Name, Number, Unary, render
from riskset.errors import DesignError, RisksetWarning

Floats = NDArray[np.float64]
Basis = RestrictedCubicSpline | BSpline | NaturalSpline | Polynomial

MOST_COLUMNS: Final = 30  # of a basis; a curve with more has as many coefficients as most studies have events


@dataclass(frozen=True, slots=True)
class SplineFactor:
    """A spline or polynomial of an expression, with what was learnt from the fitted rows.

    Columns of ``rcs`` are named x, x', x'', ... as rms does, those of others ``bs(x, df=5)[1]`` and so on.
    """

    expr: Expr
    inner: Expr
    basis: Basis

    @property
    def label(self) -> str:
        """The expression as written."""
        return label(self.expr)

    @property
    def knots(self) -> tuple[float, ...]:
        """Its knots, on the scale of the inner expression: the interior ones of ``bs`` and ``ns``."""
        return self.basis.knots

    def names(self, *, contrasts: bool) -> list[str]:
        """Names of its columns; ``contrasts`` does not matter to a spline."""
        del contrasts
        if isinstance(self.basis, RestrictedCubicSpline):
            return [label(self.inner) + "'" * j for j in range(self.basis.size)]
        return [f"{self.label}[{j}]" for j in range(1, self.basis.size + 1)]

    def columns(self, frame: pl.DataFrame, *, contrasts: bool) -> list[Floats]:
        """Basis of the spline."""
        del contrasts
        x = numeric(self.inner, frame)
        if isinstance(self.basis, BSpline) and x.size:
            low, high = self.basis.boundary
            if x.min() < low or x.max() > high:
                warnings.warn(
                    RisksetWarning(
                        f"{self.label}: values beyond its boundary knots, where the outer polynomials just go on"
                    ),
                    stacklevel=2,
                )
        return list(np.ascontiguousarray(self.basis.columns(x).T))


@dataclass(frozen=True, slots=True)
class _Wish:
    """A call as written: its variable, and each option by name."""

    call: Call
    inner: Expr
    options: dict[str, Expr]

    @property
    def text(self) -> str:
        return render(self.call)

    def number(self, name: str, default: int) -> int:
        """Read a whole number."""
        expr = self.options.get(name)
        if expr is None:
            return default
        value = _constant(expr, self.call)
        if value != int(value) or not 0 <= value <= MOST_COLUMNS:
            raise DesignError(f"{name} must be a whole number up to {MOST_COLUMNS}", where=self.text)
        return int(value)

    def numbers(self, name: str) -> tuple[float, ...] | None:
        """Read a list of numbers, in order and each once."""
        expr = self.options.get(name)
        if expr is None:
            return None
        items = expr.items if isinstance(expr, Items) else (expr,)
        return tuple(sorted({_constant(k, self.call) for k in items}))

    def holds(self, name: str) -> bool:
        """Read TRUE or FALSE."""
        expr = self.options.get(name)
        if expr is not None and expr not in TRUTH:
            raise DesignError(f"{name} is TRUE or FALSE", where=self.text)
        return expr in (Name("TRUE"), Name("True"))


def learn_spline(expr: Call, frame: pl.DataFrame, order: pl.Expr | None, person: str | None) -> SplineFactor:
    """Learn the knots of ``rcs``, ``bs`` and ``ns``, or the polynomials of ``poly``, from the fitted rows."""
    names, learn, remedy = SPLINES[expr.function]
    options = dict(expr.keywords)
    options = {_SYNONYMS.get(name, name): value for name, value in options.items()}
    given = expr.arguments[1:]
    if not expr.arguments or len(given) > 1 or set(options) - set(names) or (given and names[0] in options):
        raise DesignError(f"cannot read {render(expr)!r}", where="formula", remedy=remedy)
    wish = _Wish(expr, expr.arguments[0], options | dict(zip(names, given, strict=False)))
    rows = frame
    if person is not None:
        # One value per person, so that those with many rows do not draw the knots to them.
        first = frame if order is None else frame.sort(order, maintain_order=True)
        rows = first.unique(person, keep="first", maintain_order=True)
    return SplineFactor(expr, wish.inner, learn(wish, frame, rows))


def _restricted(wish: _Wish, frame: pl.DataFrame, rows: pl.DataFrame) -> Basis:
    del frame
    given = [name for name in ("k", "knots") if name in wish.options]
    if len(given) != 1:
        raise DesignError(f"cannot read {wish.text!r}", where="formula", remedy=SPLINES["rcs"][2])
    wanted = wish.options[given[0]]
    if isinstance(wanted, Items):
        knots = wish.numbers(given[0]) or ()
        if len(knots) < 3:
            raise DesignError("a restricted cubic spline needs at least three knots", where=wish.text)
        return RestrictedCubicSpline(knots)
    asked = _constant(wanted, wish.call)
    if asked not in QUANTILES:
        raise DesignError("the number of knots must be 3, 4, 5, 6 or 7", where=wish.text)
    found = default_knots(numeric(wish.inner, rows), int(asked))
    if found.size < 3:
        raise DesignError(
            f"tied values leave {found.size} distinct knots of {int(asked)}; a spline needs three",
            where=wish.text,
            remedy="Give the knots, or use the variable as it is.",
        )
    _tell_fewer(wish, found.size, int(asked))
    return RestrictedCubicSpline(tuple(found.tolist()))


def _b_spline(wish: _Wish, frame: pl.DataFrame, rows: pl.DataFrame) -> Basis:
    degree = wish.number("degree", 3)
    if degree < 1:
        raise DesignError(
            "degree must be 1 or more", where=wish.text, remedy="For steps, use a category of the groups."
        )
    knots, boundary = _inside(wish, frame, rows, least=degree)
    return BSpline(knots, boundary, degree)


def _natural(wish: _Wish, frame: pl.DataFrame, rows: pl.DataFrame) -> Basis:
    return NaturalSpline(*_inside(wish, frame, rows, least=1))


def _inside(
    wish: _Wish, frame: pl.DataFrame, rows: pl.DataFrame, least: int
) -> tuple[tuple[float, ...], tuple[float, float]]:
    """Interior and boundary knots: given, or at quantiles and at the ends of the fitted rows."""
    x = numeric(wish.inner, frame)
    ends = wish.numbers("boundary")
    if ends is not None and len(ends) != 2:
        raise DesignError("boundary knots are two different numbers", where=wish.text)
    boundary = (float(x.min()), float(x.max())) if ends is None else (ends[0], ends[1])
    if not boundary[0] < boundary[1]:
        raise DesignError("all values are the same", where=wish.text, remedy="Leave the variable out.")
    knots = wish.numbers("knots")
    if knots is not None:
        if "df" in wish.options:
            raise DesignError("give df or knots, not both", where=wish.text)
        if not all(boundary[0] < k < boundary[1] for k in knots):
            raise DesignError("a knot lies on or outside the boundary knots", where=wish.text)
        return knots, boundary
    df = wish.number("df", least)
    if df < least:
        raise DesignError(f"df must be {least} or more", where=wish.text)
    found = interior_knots(numeric(wish.inner, rows), df - least, boundary)
    _tell_fewer(wish, found.size, df - least)
    return tuple(found.tolist()), boundary


def _polynomial(wish: _Wish, frame: pl.DataFrame, rows: pl.DataFrame) -> Basis:
    del rows
    degree = wish.number("degree", 1)
    x = numeric(wish.inner, frame)
    if not 1 <= degree < np.unique(x).size:
        raise DesignError("degree must be 1 or more, and less than the number of values", where=wish.text)
    return Polynomial(degree) if wish.holds("raw") else Polynomial.learnt(x, degree)


def _tell_fewer(wish: _Wish, found: int, asked: int) -> None:
    if found < asked:
        warnings.warn(
            RisksetWarning(f"{wish.text}: tied values leave {found} distinct knots of {asked}"), stacklevel=2
        )


def _constant(expr: Expr, within: Expr) -> float:
    match expr:
        case Number(value):
            return value
        case Unary("-", Number(value)):
            return -value
        case _:
            raise DesignError("knots must be numbers", where=render(within))


_Learn = Callable[[_Wish, pl.DataFrame, pl.DataFrame], Basis]
_SYNONYMS: Final = {"Boundary.knots": "boundary"}  # R's name
# By function: its options, the one that may stand without its name first; how it is learnt; what to write instead.
SPLINES: Final[dict[str, tuple[tuple[str, ...], _Learn, str]]] = {
    "rcs": (
        ("k", "knots"),
        _restricted,
        "Write rcs(x, 4) for four knots at Harrell's quantiles, or rcs(x, knots=[1, 2, 3]).",
    ),
    "bs": (
        ("df", "knots", "degree", "boundary"),
        _b_spline,
        "Write bs(x, df=5), or bs(x, knots=[2, 3], degree=3).",
    ),
    "ns": (("df", "knots", "boundary"), _natural, "Write ns(x, df=3), or ns(x, knots=[2, 3])."),
    "poly": (("degree", "raw"), _polynomial, "Write poly(x, 2), or poly(x, 2, raw=TRUE) for plain powers."),
}
