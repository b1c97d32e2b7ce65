"""Wald tests of hypotheses about whole curves: no effect, a straight line, the same curve in every stratum."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit, wald_test
from riskset.cox.contrasts import estimable
from riskset.design.factors import CategoryFactor, Factor, NumberFactor, SplineFactor, numeric
from riskset.design.grammar import Expr, names_in, render, rewrite
from riskset.effects.profiles import Level

Floats = NDArray[np.float64]
Question = Literal["overall", "nonlinear", "interaction", "nonlinear interaction"]

POINTS: Final = 161  # of the range at which curves are compared; any more than their coefficients would do
# Directions in which contrasts over the whole range vary by less than this share of the largest are rounding.
RANK_TOLERANCE: Final = 1e-9


@dataclass(frozen=True)
class CurveTest:
    """A Wald chi-square test about curves.

    ``name`` is "overall", "nonlinear", "interaction" or "nonlinear interaction"; ``level`` names the stratum, or is
    None for all strata together.
    """

    name: Question
    level: Level | None
    chi2: float
    df: int
    p: float


def contrasts(
    fit: CoxFit, variable: str, grid: Floats, reference: float, profile: Mapping[str, object]
) -> Floats:
    """Rows of the design at the grid less the row at the reference, everything else equal; exactly 0 there."""
    rows = fit.design.rows({**profile, variable: np.append(grid, reference)})
    return rows[:-1] - rows[-1]


def forms(fit: CoxFit, variable: str) -> tuple[Factor, ...]:
    """Distinct expressions of the variable in the model."""
    return tuple(f for f in fit.design.factors if variable in names_in(f.expr))


def straight_scale(fit: CoxFit, variable: str) -> tuple[Expr | None, str]:
    """Find the scale on which "straight" is meant for a nonlinear test, or else the reason why there is none.

    A spline or polynomial holds the straight lines of its own argument: for ``rcs(log(x), 4)`` a straight line in
    log(x). Plain terms hold those of the expression that all the others are made of: x in ``x + I(x^2)`` and
    ``x + log(x)``, log(x) in ``log(x) + I(log(x)^2)``. A single plain term is straight on its own scale whatever
    the data say, so that there is nothing to test.

    Returns
    -------
    scale : Expr or None
    reason : str
        Empty where there is a scale.
    """
    found = forms(fit, variable)
    splines = [f.inner for f in found if isinstance(f, SplineFactor) and f.basis.size > 1]
    plain = [f.expr for f in found if isinstance(f, NumberFactor)]
    plain += [f.inner for f in found if isinstance(f, SplineFactor) and f.basis.size == 1]
    every = {*splines, *plain, *(f.expr for f in found if isinstance(f, CategoryFactor))}
    if not splines and len(every) == len(set(plain)) == 1:
        return None, f"the model holds {render(plain[0])} alone, which is straight on its own scale"
    shared = [u for u in (*splines, *plain) if all(_stands_in(u, e) for e in every)]
    if not shared:
        return None, f"the terms of {variable} hold no straight line that they bend from"
    return shared[0], ""


def _stands_in(part: Expr, expr: Expr) -> bool:
    """Say whether an expression stands within another, or is it."""
    seen = False

    def look(e: Expr) -> Expr | None:
        nonlocal seen
        seen = seen or e == part
        return None

    rewrite(expr, look)
    return seen


def curve_tests(
    fit: CoxFit, variable: str, values: Floats, at_level: Mapping[Level | None, Mapping[str, object]]
) -> tuple[CurveTest, ...]:
    """Wald tests of hypotheses about whole curves.

    A hypothesis is the space that contrasts over the range of x span: all of them for "no effect", their departures
    from a straight line for "linear", differences between strata for "no interaction". Only the space matters to
    Wald's statistic, so that neither coding nor reference nor grid does; for a spline it is the test of its columns.
    Contrasts that the data do not determine, as those over a range that a stratum never visits, are left out, and
    with them their degrees of freedom.
    """
    grid = np.linspace(values.min(), values.max(), POINTS)
    grid = np.unique(np.append(grid, np.quantile(values, np.linspace(0.0, 1.0, POINTS))))
    base = float(grid[grid.size // 2])
    curves = {k: contrasts(fit, variable, grid, base, p) for k, p in at_level.items()}
    known = {k: estimable(fit, c) for k, c in curves.items()}
    everywhere = np.all(list(known.values()), axis=0)
    scale, _ = straight_scale(fit, variable)
    u = None if scale is None else numeric(scale, pl.DataFrame({variable: grid}))
    bends = {} if u is None else {k: _departures(c[known[k]], u[known[k]]) for k, c in curves.items()}

    tests: list[CurveTest] = []

    def add(name: Question, level: Level | None, vectors: Floats) -> None:
        basis = row_space(vectors)
        if basis.size:
            found = wald_test(fit, basis)
            tests.append(CurveTest(name, level, found.chi2, int(found.df), found.p))

    for k, curve in curves.items():
        add("overall", k, curve[known[k]])
        if k in bends:
            add("nonlinear", k, bends[k])
    if len(curves) > 1:
        first, *others = curves
        add("overall", None, np.vstack([c[known[k]] for k, c in curves.items()]))
        if bends:
            add("nonlinear", None, np.vstack(list(bends.values())))
        apart = [(curves[k] - curves[first])[everywhere] for k in others]
        add("interaction", None, np.vstack(apart))
        if u is not None:
            add("nonlinear interaction", None, np.vstack([_departures(a, u[everywhere]) for a in apart]))
    return tuple(tests)


def _departures(curve: Floats, u: Floats) -> Floats:
    """Take from contrasts the straight line in u through the first and last of them."""
    if u.size < 3:
        return curve[:0]
    share = ((u - u[0]) / (u[-1] - u[0]))[:, None]
    return curve - (1.0 - share) * curve[0] - share * curve[-1]


def row_space(vectors: Floats) -> Floats:
    """Orthonormal basis of the space that rows span, columns first scaled to one size."""
    if not vectors.size:
        return np.empty((0, vectors.shape[1]))
    size = np.abs(vectors).max(axis=0)
    used = size > RANK_TOLERANCE * max(float(size.max()), 1e-300)
    if not used.any():
        return np.empty((0, vectors.shape[1]))
    _, s, vt = np.linalg.svd(vectors[:, used] / size[used], full_matrices=False)
    basis = np.zeros((int((s > RANK_TOLERANCE * s[0]).sum()), vectors.shape[1]))
    basis[:, used] = vt[: basis.shape[0]] * size[used]
    return basis
