"""The frozen design of a model: terms, how each is coded, and the matrix they make of any rows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.design.factors import (
    CategoryFactor,
    Factor,
    Level,
    SplineFactor,
    label,
    learn,
    learn_strata,
    numeric,
)
from riskset.design.formula import Formula
from riskset.design.frames import nearest, to_polars
from riskset.design.grammar import Name, names_in
from riskset.errors import DesignError

T = TypeVar("T")
Floats = NDArray[np.float64]
FILL_ROWS = 1 << 12  # rows of the matrix filled at a time, so that a block stays in cache


@dataclass(frozen=True, slots=True)
class Term:
    """A term of the model and the columns it makes.

    Attributes
    ----------
    label : str
        As written: ``age``, ``rcs(mg, 4):drug``.
    factors : tuple of (int, bool)
        Position of each factor in ``Design.factors``, and whether it is coded by contrasts with its
        reference (else by one column for each level).
    columns : tuple of int
        Its columns in the matrix.
    variables : tuple of str
        Data columns that it reads.
    """

    label: str
    factors: tuple[tuple[int, bool], ...]
    columns: tuple[int, ...]
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Design:
    """How rows become the columns of a model, learnt once from the fitted rows.

    Columns are named after the variable; a level stands in square brackets, an interaction is joined by a
    colon and a spline's columns are primed as in rms: ``age``, ``sex[male]``, ``mg'``, ``mg':drug[current]``.

    Attributes
    ----------
    names : tuple of str
        Names of the columns.
    terms : tuple of Term
        In R's order: main effects, then interactions by order.
    factors : tuple of factor
        With their levels and knots.
    strata : CategoryFactor or None
        Combined strata of the model.
    defaults : mapping of str to value
        Value of each variable that a profile does not name: the reference level of a category; for a number
        the mean of the fitted rows, or 0 if it only takes values among -1, 0 and 1 (as R centres).
    schema : mapping of str to polars type
        Types of the variables.
    """

    names: tuple[str, ...]
    terms: tuple[Term, ...]
    factors: tuple[Factor, ...]
    strata: CategoryFactor | None
    defaults: Mapping[str, Level]
    schema: Mapping[str, pl.DataType]

    @property
    def variables(self) -> tuple[str, ...]:
        """Data columns that the covariates read."""
        return tuple(self.defaults)

    @property
    def levels(self) -> dict[str, tuple[Level, ...]]:
        """Levels of each category, the reference first, by variable or, for an expression, as written."""
        return {
            f.label: tuple(level[0] for level in f.levels)
            for f in self.factors
            if isinstance(f, CategoryFactor) and len(f.values) == 1
        } | {
            label(f.values[0]): tuple(level[0] for level in f.levels)
            for f in self.factors
            if isinstance(f, CategoryFactor) and len(f.values) == 1 and isinstance(f.values[0], Name)
        }

    @property
    def knots(self) -> dict[str, tuple[float, ...]]:
        """Knots of each spline, by the variable or expression it is a spline of."""
        return {label(f.inner): f.knots for f in self.factors if isinstance(f, SplineFactor)}

    def matrix(self, data: Any) -> Floats:
        """Covariates of any rows, with the levels and knots of the fitted ones.

        Parameters
        ----------
        data : frame-like
            Has the columns ``variables``.

        Returns
        -------
        float array (n, p), C order

        Raises
        ------
        DesignError
            If a column is absent, a value missing, or a level unknown.
        """
        # A frame of no columns has no rows either, but a model without covariates still has its rows.
        frame = to_polars(data, self.variables or None)
        n = frame.height
        out = np.empty((n, len(self.names)))
        coded = dict.fromkeys(key for term in self.terms for key in term.factors)
        columns = {key: self.factors[key[0]].columns(frame, contrasts=key[1]) for key in coded}
        products = [p for term in self.terms for p in _products([columns[key] for key in term.factors])]
        for a in range(0, n, FILL_ROWS):
            b = min(a + FILL_ROWS, n)
            for j, (first, *others) in enumerate(products):
                column = out[a:b, j]
                column[:] = first[a:b]
                for other in others:
                    column *= other[a:b]
        return out

    def rows(self, profile: Mapping[str, Any]) -> Floats:
        """Covariates of profiles; variables that are not named keep their default.

        Parameters
        ----------
        profile : mapping of str to value or sequence of values
            Sequences must have one length; single values stand for all profiles.

        Returns
        -------
        float array (n, p)
        """
        for name in profile:
            if name not in self.defaults:
                raise DesignError(
                    f"the model has no variable {name!r}",
                    where="profile",
                    remedy=nearest(name, self.variables),
                )
        listed = {k: list(v) for k, v in profile.items() if not isinstance(v, str) and np.ndim(v) == 1}
        sizes = {len(v) for v in listed.values()}
        if len(sizes) > 1:
            raise DesignError("sequences of values must have one length", where="profile")
        n = sizes.pop() if sizes else 1
        columns = {
            name: listed.get(name, [profile.get(name, default)] * n)
            for name, default in self.defaults.items()
        }
        frame = pl.DataFrame(
            [_column(name, values, self.schema[name]) for name, values in columns.items()] or {"": [0] * n}
        )
        try:
            return self.matrix(frame)
        except DesignError as error:  # a profile is no row of a table
            raise DesignError(error.rule, where=f"profile, {error.where}", remedy=error.remedy) from error

    def row(self, profile: Mapping[str, Any]) -> Floats:
        """Covariates of one profile, shape (p,)."""
        return self.rows(profile)[0]


def build_design(
    formula: Formula, frame: pl.DataFrame, *, order: pl.Expr | None = None, person: str | None = None
) -> Design:
    """Learn the design of a formula from the rows to be fitted.

    Parameters
    ----------
    formula : Formula
    frame : polars DataFrame
        The fitted rows, nothing missing.
    order : polars expression, optional
        Time by which a person's rows are ordered.
    person : str, optional
        Column of the person; spline knots then rest on one row per person.
    """
    exprs = list(dict.fromkeys(f for term in formula.terms for f in term))
    factors = tuple(learn(e, frame, order, person) for e in exprs)
    # Strata of the model stand in its margins though they have no coefficient.
    margins = (
        {frozenset(t) for t in formula.terms} | {frozenset((s,)) for s in formula.strata} | {frozenset()}
    )
    terms: list[Term] = []
    names: list[str] = []
    for term in formula.terms:
        # R's rule: a factor is coded by contrasts where the term without it is in the model.
        coding = tuple((exprs.index(f), frozenset(term) - {f} in margins) for f in term)
        made = [":".join(p) for p in _products([factors[i].names(contrasts=c) for i, c in coding])]
        terms.append(
            Term(
                label=":".join(factors[i].label for i, _ in coding),
                factors=coding,
                columns=tuple(range(len(names), len(names) + len(made))),
                variables=tuple(dict.fromkeys(v for f in term for v in names_in(f))),
            )
        )
        names += made
    if len(set(names)) < len(names):
        twice = sorted({n for n in names if names.count(n) > 1})
        raise DesignError(
            f"two terms both make the column {twice[0]!r}",
            where="formula",
            remedy="A spline holds its variable's linear part: leave one of the terms out.",
        )
    variables = tuple(dict.fromkeys(v for t in terms for v in t.variables))
    return Design(
        names=tuple(names),
        terms=tuple(terms),
        factors=factors,
        strata=_combined_strata(formula, frame),
        defaults={v: _default(v, factors, frame) for v in variables},
        schema={v: frame.schema[v] for v in variables},
    )


def offset_of(formula: Formula, frame: pl.DataFrame) -> Floats | None:
    """Sum of the offsets of a formula in each row; None if it has none."""
    if not formula.offset:
        return None
    return np.sum([numeric(e, frame) for e in formula.offset], axis=0)


def _products(factors: Iterable[Sequence[T]]) -> list[tuple[T, ...]]:
    """Combine one column of each factor of a term, the first factor's running fastest."""
    parts: list[tuple[T, ...]] = [()]
    for columns in factors:
        parts = [(*part, column) for column in columns for part in parts]
    return parts


def _combined_strata(formula: Formula, frame: pl.DataFrame) -> CategoryFactor | None:
    """All strata() terms as one: strata(a) + strata(b) is strata(a, b)."""
    if not formula.strata:
        return None
    first, *others = formula.strata
    both = first.__class__("strata", tuple(a for s in (first, *others) for a in s.arguments), first.keywords)
    return learn_strata(both, frame)


def _default(variable: str, factors: Sequence[Factor], frame: pl.DataFrame) -> Level:
    values = frame[variable]
    for f in factors:
        if isinstance(f, CategoryFactor) and Name(variable) in f.values:
            return f.levels[0][f.values.index(Name(variable))]
    if isinstance(values.dtype, pl.Enum):
        return values.dtype.categories[0]
    if not values.dtype.is_numeric():
        return values.cast(pl.String).min() if values.dtype == pl.Categorical else values.min()  # pyright: ignore[reportReturnType] (text or bool by the lines above)
    numbers = values.cast(pl.Float64).to_numpy()
    if np.isin(numbers, (-1.0, 0.0, 1.0)).all():
        return 0.0
    return float(numbers.mean())


def _column(name: str, values: list[Any], dtype: pl.DataType) -> pl.Series:
    """Hold a variable's values in its own type; numbers as floats, so that a mean is not cut."""
    if dtype.is_numeric():
        dtype = pl.Float64()
    elif dtype == pl.Categorical:
        dtype = pl.String()
    try:
        return pl.Series(name, values, dtype=dtype)
    except (TypeError, pl.exceptions.PolarsError) as error:
        raise DesignError(f"a value is no {dtype}, as the variable is", where=f"profile, {name}") from error
