"""What a fit rests on: collinearity of its columns, events per parameter and per cell.

With R the correlation matrix of the coefficients' variance, the variance inflation factor of column j is the j-th
diagonal element of inverse(R): how many times the variance of its coefficient is what it would be if the column were
uncorrelated, on the scale of the information, with the others. For several columns together it becomes

    GVIF = det(R_own) det(R_others) / det(R)

which does not depend on the columns' coding; GVIF^(1 / (2 df)) compares with the root of a VIF, that is with standard
errors. The columns of an interaction are made of those of its main effects, so that these are inflated by coding
alone: terms that share a variable are therefore also taken together, as one block.

References
----------
Davis, C. E. et al. (1986). An example of dependencies among variables in a conditional logistic regression. In:
Moolgavkar & Prentice (eds), Modern Statistical Methods in Chronic Disease Epidemiology.
Fox, J. & Monette, G. (1992). Generalized collinearity diagnostics. JASA 87, 178-183.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit
from riskset.design import Term
from riskset.design.factors import CategoryFactor, Factor, NumberFactor
from riskset.effects.profiles import counted_rows, label_of

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Collinearity:
    """Variance inflation, of a fit's coefficients, its terms, and its blocks of terms that share variables.

    Attributes
    ----------
    columns : polars DataFrame
        coefficient, vif.
    terms : polars DataFrame
        term, df, gvif, scaled: the generalised factor and its root GVIF^(1 / (2 df)).
    blocks : polars DataFrame
        block, df, gvif, scaled; a term that shares no variable is a block of its own.
    """

    columns: pl.DataFrame
    terms: pl.DataFrame
    blocks: pl.DataFrame


def collinearity(fit: CoxFit) -> Collinearity:
    """Variance inflation factors from the variance of the coefficients, as R's ``rms::vif`` and ``car::vif``.

    Columns that were not estimated, or ran off, take no part.
    """
    variance = fit.cov_params(robust=False)
    size = np.diag(variance)
    known = np.flatnonzero(fit.matrix.independent & ~fit.matrix.runaway & (size > 0))
    R = variance[np.ix_(known, known)] / np.sqrt(np.outer(size[known], size[known]))
    place = {int(j): i for i, j in enumerate(known)}
    own = [[place[j] for j in t.columns if j in place] for t in fit.design.terms]
    labels = [t.label for t in fit.design.terms]
    blocks = _blocks(fit.design.terms)
    return Collinearity(
        columns=pl.DataFrame(
            {"coefficient": [fit.names[int(j)] for j in known], "vif": np.diag(np.linalg.inv(R)).tolist()},
            schema={"coefficient": pl.String, "vif": pl.Float64},
        ),
        terms=_generalised(R, "term", labels, own),
        blocks=_generalised(
            R, "block", [" + ".join(labels[k] for k in b) for b in blocks], [[i for k in b for i in own[k]] for b in blocks]
        ),
    )  # fmt: skip


def _generalised(R: Floats, what: str, names: list[str], own: list[list[int]]) -> pl.DataFrame:
    rows = [
        (name, len(places), gvif, gvif ** (0.5 / len(places)))
        for name, places in zip(names, own, strict=True)
        if places
        for gvif in (_gvif(R, places),)
    ]
    schema = {what: pl.String, "df": pl.Int64, "gvif": pl.Float64, "scaled": pl.Float64}
    return pl.DataFrame(rows, schema=schema, orient="row")


def _gvif(R: Floats, places: list[int]) -> float:
    others = np.setdiff1d(np.arange(R.shape[0]), places).tolist()
    # Logarithms: the determinant of many correlated columns underflows.
    return float(np.exp(_log_det(R, places) + _log_det(R, others) - np.linalg.slogdet(R)[1]))


def _log_det(R: Floats, places: list[int]) -> float:
    return float(np.linalg.slogdet(R[np.ix_(places, places)])[1]) if places else 0.0


def _blocks(terms: tuple[Term, ...]) -> list[list[int]]:
    """Group the terms that share variables, directly or by way of others."""
    blocks: list[tuple[set[str], list[int]]] = []
    for k, term in enumerate(terms):
        variables, members = set(term.variables), [k]
        apart: list[tuple[set[str], list[int]]] = []
        for block in blocks:
            if block[0] & variables:
                variables |= block[0]
                members = block[1] + members
            else:
                apart.append(block)
        blocks = [*apart, (variables, members)]
    return sorted((sorted(members) for _, members in blocks), key=lambda b: b[0])


def cells(fit: CoxFit) -> pl.DataFrame:
    """Count events of the fitted rows per level of every category, and per cell of every interaction of categories.

    Numbers of two values count as categories. Case weights play no part, but for those of zero, whose rows are in no risk
    set: a cell holds so many observed events.

    Returns
    -------
    polars DataFrame
        term, cell, rows, persons (rows where no id is known), events, person_time. Cells that no row enters are
        listed too.
    """
    rows = counted_rows(fit)
    found: dict[int, tuple[Ints, list[str]]] = {}
    for k, factor in enumerate(fit.design.factors):
        coded = _levels(factor, rows)
        if coded is not None:
            found[k] = coded
    groups: dict[tuple[int, ...], None] = {(k,): None for k in found}
    for term in fit.design.terms:
        categories = tuple(sorted(k for k, _ in term.factors if k in found))
        for size in range(2, len(categories) + 1):
            groups |= dict.fromkeys(combinations(categories, size))
    who = (
        rows[fit.id].rank("dense").cast(pl.Int64).to_numpy() if fit.id is not None else np.arange(rows.height)
    )
    event = rows[fit.event].cast(pl.Int64).to_numpy()
    exit = rows[fit.exit].cast(pl.Float64).to_numpy()
    time = exit - (0.0 if fit.entry is None else rows[fit.entry].cast(pl.Float64).to_numpy())
    parts = [_counted(fit, [found[k] for k in g], g, who, event, time) for g in groups]
    schema = {
        "term": pl.String, "cell": pl.String, "rows": pl.Int64, "persons": pl.Int64, "events": pl.Int64,
        "person_time": pl.Float64,
    }  # fmt: skip
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)


def _levels(factor: Factor, frame: pl.DataFrame) -> tuple[Ints, list[str]] | None:
    if isinstance(factor, CategoryFactor):
        return factor.codes(frame), [", ".join(label_of(v) for v in level) for level in factor.levels]
    if not isinstance(factor, NumberFactor):
        return None
    values = factor.columns(frame, contrasts=True)[0]
    low, high = float(values.min()), float(values.max())
    if low == high or not ((values == low) | (values == high)).all():
        return None
    return (values == high).astype(np.int64), [f"{low:g}", f"{high:g}"]


def _counted(
    fit: CoxFit,
    coded: list[tuple[Ints, list[str]]],
    group: tuple[int, ...],
    who: Ints,
    event: Ints,
    time: Floats,
) -> pl.DataFrame:
    code, words = coded[0][0], list(coded[0][1])
    for codes, levels in coded[1:]:
        code = code * len(levels) + codes
        words = [f"{a}, {b}" for a in words for b in levels]
    n = len(words)
    width = int(who.max(initial=0)) + 1
    persons = np.unique(code * width + who) // width
    return pl.DataFrame(
        {
            "term": [":".join(fit.design.factors[k].label for k in group)] * n,
            "cell": words,
            "rows": np.bincount(code, minlength=n),
            "persons": np.bincount(persons, minlength=n),
            "events": np.bincount(code, weights=event, minlength=n).astype(np.int64),
            "person_time": np.bincount(code, weights=time, minlength=n),
        }
    )
