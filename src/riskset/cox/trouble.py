"""What the reader of a fit must be told: no maximum and where from, no convergence, columns not estimated."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.arrays import MatrixFit
from riskset.design import Design, Term
from riskset.design.factors import CategoryFactor, NumberFactor

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

CELLS_SHOWN = 6
# A column is a combination of others if what they leave of it is rounding; a weight below this is none.
ALIASED = 1e-6


class _Factor(NamedTuple):
    """A factor with few levels: its position in the design, each row's level, and the levels in words."""

    place: int
    codes: NDArray[np.int64]
    words: Sequence[str]


def message(matrix: MatrixFit, design: Design, frame: pl.DataFrame, event: Bools) -> str:
    """Say what is wrong with a fit and what to do about it; empty if nothing is.

    Parameters
    ----------
    matrix : MatrixFit
    design : Design
    frame : polars DataFrame
        The fitted rows.
    event : bool array (n,)
    """
    parts: list[str] = []
    if matrix.status == "monotone likelihood":
        names = [n for n, r in zip(design.names, matrix.runaway, strict=True) if r]
        cells = empty_cells(design, frame, event, matrix.runaway)
        why = (
            f"there is no event where {_listed(cells, '; or ')}"
            if cells
            else "at each event the highest, or the lowest, of those at risk has it"
        )
        parts.append(
            "the likelihood has no maximum: it still rises as these coefficients go to infinity: "
            f"{', '.join(names)}; {why}. Use penalty=Firth(), which keeps them finite, merge levels, or "
            "leave the term out"
        )
    elif matrix.status != "converged":
        parts.append(
            f"Newton's method did not converge in {len(matrix.record) - 1} steps (see fit.iterations); "
            "do not use the estimates"
        )
    aliased = np.flatnonzero(np.isnan(matrix.params))
    if aliased.size:
        names = [design.names[j] for j in aliased]
        reasons = "; ".join(_reason(matrix, design.names, int(j)) for j in aliased[:CELLS_SHOWN])
        parts.append(
            f"constant, or a combination of other columns, and not estimated: {', '.join(names)} ({reasons})"
        )
    return "; ".join(parts)


def empty_cells(design: Design, frame: pl.DataFrame, event: Bools, marked: Bools) -> list[str]:
    """Cells of categories that have rows but no event, for the terms of the marked columns.

    A cell of two categories is not listed if a level of one of them has no event already.
    """
    terms = [t for t in design.terms if marked[list(t.columns)].any()]
    found: list[frozenset[tuple[int, int]]] = []
    words: dict[tuple[int, int], str] = {}
    for term in sorted(terms, key=lambda t: len(t.factors)):
        factors = _few_levels(design, term, frame)
        if not factors:
            continue
        counted = (
            pl.DataFrame({str(f.place): f.codes for f in factors})
            .with_columns(event=pl.Series(event))
            .group_by([str(f.place) for f in factors])
            .agg(pl.col("event").sum())
            .filter(pl.col("event") == 0)
            .sort([str(f.place) for f in factors])
        )
        for row in counted.iter_rows(named=True):
            cell = frozenset((f.place, int(row[str(f.place)])) for f in factors)
            words |= {(f.place, int(row[str(f.place)])): f.words[int(row[str(f.place)])] for f in factors}
            if not any(known <= cell for known in found):
                found.append(cell)
    return [" and ".join(words[level] for level in sorted(cell)) for cell in found]


def _few_levels(design: Design, term: Term, frame: pl.DataFrame) -> list[_Factor]:
    """Factors of a term that make cells: categories, and numbers of two values."""
    result: list[_Factor] = []
    for place, _ in term.factors:
        factor = design.factors[place]
        if isinstance(factor, CategoryFactor):
            levels = [", ".join(str(v) for v in level) for level in factor.levels]
            codes = factor.codes(frame)
        elif isinstance(factor, NumberFactor):
            values = factor.columns(frame, contrasts=True)[0]
            two, codes = np.unique(values, return_inverse=True)
            if two.size != 2 or not np.isin(two, (-1.0, 0.0, 1.0, 2.0)).all():
                continue  # a measurement, whose values are nobody's business
            levels = [f"{v:g}" for v in two]
        else:
            continue
        result.append(
            _Factor(place, codes.astype(np.int64).ravel(), [f"{factor.label} = {v}" for v in levels])
        )
    return result


def _reason(matrix: MatrixFit, names: tuple[str, ...], column: int) -> str:
    """Say why a column could not be estimated."""
    X, name = matrix.rows.X, names[column]
    own = X[:, column]
    if own.size == 0 or np.ptp(own) == 0:
        return f"{name} is constant"
    earlier = np.flatnonzero(matrix.independent[:column])
    size = np.sqrt((X**2).sum(axis=0))
    gram = X[:, earlier].T @ X[:, earlier] / size[earlier] / size[earlier, None]
    weight = np.linalg.lstsq(gram, X[:, earlier].T @ own / size[earlier] / size[column], rcond=None)[0]
    left = own / size[column] - X[:, earlier] @ (weight / size[earlier])
    if (earlier.size == 0 or np.linalg.norm(left) > ALIASED) and matrix.runaway.any():
        gone = [n for n, r in zip(names, matrix.runaway, strict=True) if r]
        return f"nothing tells of {name} once {_listed(gone, ', ')} is at infinity"
    if earlier.size == 0 or np.linalg.norm(left) > ALIASED:
        return f"{name} does not vary among those at risk together"
    others = [names[int(earlier[k])] for k in np.flatnonzero(np.abs(weight) > ALIASED)]
    return f"{name} is made of {_listed(others, ', ')}"


def _listed(items: Sequence[str], between: str) -> str:
    """Join a few, and count the rest."""
    more = len(items) - CELLS_SHOWN
    return between.join(items[:CELLS_SHOWN]) + (f"{between}{more} more" if more > 0 else "")
