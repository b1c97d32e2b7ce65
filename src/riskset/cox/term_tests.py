"""Tests of the terms of a model, and of nested models on the same rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.arrays import MatrixFit
from riskset.cox.hypotheses import Test
from riskset.cox.newton import Maximum
from riskset.cox.penalised import maximum
from riskset.cox.penalties import Quadratic
from riskset.cox.robust import cluster_scores
from riskset.design import Term
from riskset.errors import FitError
from riskset.linalg import Cholesky, quadratic_form, rank_revealing_cholesky

Floats = NDArray[np.float64]

Method = Literal["drop1", "sequential"]
Kind = Literal["lr", "wald"]


@dataclass(frozen=True, slots=True)
class _Part:
    """The model with some of its columns only."""

    columns: NDArray[np.int64]
    top: Maximum
    rank: int


def droppable(terms: tuple[Term, ...]) -> tuple[Term, ...]:
    """Terms that no other term contains, in order: those that can leave and respect marginality."""
    factors = [frozenset(i for i, _ in term.factors) for term in terms]
    return tuple(t for t, own in zip(terms, factors, strict=True) if not any(own < f for f in factors))


def term_tests(
    fit: MatrixFit, terms: tuple[Term, ...], method: Method, test: Kind, *, robust: bool
) -> pl.DataFrame:
    """Test terms one at a time; see `CoxFit.anova`."""
    if method == "drop1":
        steps = [(term, _complement(fit, term), None) for term in droppable(terms)]
    elif method == "sequential":
        so_far: list[int] = []
        steps = []
        for term in terms:
            without = np.array(so_far, dtype=np.int64)
            so_far += term.columns
            steps.append((term, without, np.array(so_far)))
    else:
        raise FitError(f"method must be 'drop1' or 'sequential', not {method!r}", where="anova")
    if test not in {"lr", "wald"}:
        raise FitError(f"test must be 'lr' or 'wald', not {test!r}", where="anova")

    rows: list[dict[str, object]] = []
    whole = (fit.objective, int(fit.independent.sum()))
    own_variance = fit.robust_covariance if robust else fit.covariance
    last: tuple[float, int] | None = None
    for term, without, upto in steps:
        row: dict[str, object] = {"term": term.label}
        if test == "wald":
            beta, V = np.nan_to_num(fit.params), own_variance
            if upto is not None and upto.size < beta.size:
                part = _part(fit, upto)
                beta, V = part.top.beta, _variance(fit, part, robust=robust)
            if V is None:
                raise FitError("the fit has no robust variance", where="anova")
            own = np.array(term.columns)
            result = Test.of(*quadratic_form(beta[own], V[np.ix_(own, own)]))
        else:
            small = last if last is not None else _height(_part(fit, without))
            large = whole if upto is None or upto.size == fit.params.size else _height(_part(fit, upto))
            last = None if upto is None else large
            # A drop of the log likelihood that is only rounding is none.
            result = Test.of(max(2 * (large[0] - small[0]), 0.0), large[1] - small[1])
            loglik, rank = small if upto is None else large
            row |= {"loglik": loglik, "aic": 2 * rank - 2 * loglik}
        rows.append(row | {"df": result.df, "chi2": result.chi2, "p": result.p})
    order = ["term", "df", "chi2", "p", *(["loglik", "aic"] if test == "lr" else [])]
    schema = {c: pl.String if c == "term" else pl.Int64 if c == "df" else pl.Float64 for c in order}
    return pl.DataFrame(rows, schema=schema)


def in_span(small: Floats, large: Floats) -> bool:
    """Whether each column of one matrix is a combination of the other's columns and a constant."""
    small, large = small - small.mean(axis=0), large - large.mean(axis=0)
    size = np.sqrt(np.maximum((large**2).sum(axis=0), np.finfo(np.float64).tiny))
    scaled = large / size
    beyond = small - scaled @ np.linalg.lstsq(scaled, small, rcond=None)[0]
    # Columns that agree to seven digits are one column, made in two ways.
    return bool((np.linalg.norm(beyond, axis=0) <= 1e-7 * np.linalg.norm(small, axis=0)).all())


def _height(part: _Part) -> tuple[float, int]:
    return part.top.objective, part.rank


def _complement(fit: MatrixFit, term: Term) -> NDArray[np.int64]:
    return np.setdiff1d(np.arange(fit.params.size), term.columns)


def _part(fit: MatrixFit, columns: NDArray[np.int64]) -> _Part:
    """Fit some of the columns on the same rows; the others' coefficients are zero."""
    p = fit.params.size
    if columns.size == 0:
        top = maximum(fit.rows, np.zeros(p), fit.penalty, independent=fit.independent, max_iterations=0)
        return _Part(columns, top, 0)
    start = np.zeros(p)
    others = np.setdiff1d(np.arange(p), columns)
    own = fit.cholesky.independent
    # The maximum of the full model's quadratic approximation is a good place to start.
    V, beta = fit.covariance, fit.state.beta
    if np.isfinite(beta).all() and not fit.runaway.any() and own.all():
        start = beta - V[:, others] @ np.linalg.pinv(V[np.ix_(others, others)], hermitian=True) @ beta[others]
        start[others] = 0.0
    subspace = np.eye(p)[:, columns]
    top = maximum(fit.rows, start, fit.penalty, independent=fit.independent, subspace=subspace)
    if not (top.converged or top.runaway.any()):
        raise FitError("a model with a term less did not converge", where="anova")
    info = _curved(fit, top)[np.ix_(columns, columns)]
    # Firth's determinant is over the columns that the full model could estimate.
    rank = int((top.cholesky.independent if fit.penalty is None else _factor(info).independent).sum())
    return _Part(columns, top, rank)


def _variance(fit: MatrixFit, part: _Part, *, robust: bool) -> Floats:
    """Variance of a part's coefficients, zero elsewhere."""
    V = np.zeros((fit.params.size, fit.params.size))
    place = np.ix_(part.columns, part.columns)
    V[place] = _factor(_curved(fit, part.top)[place]).inverse()
    if not robust:
        return V
    if fit.cluster is None:
        raise FitError("the fit has no robust variance", where="anova")
    influence = cluster_scores(fit.rows, part.top.state, fit.cluster) @ V
    return influence.T @ influence


def _curved(fit: MatrixFit, top: Maximum) -> Floats:
    return top.information + (np.diag(fit.penalty.weight) if isinstance(fit.penalty, Quadratic) else 0.0)


def _factor(info: Floats) -> Cholesky:
    return rank_revealing_cholesky(info)
