"""Residuals of a fitted Cox model, by row or collapsed by person, as R's ``residuals.coxph``.

With e_i = exp(eta_i), d_i the event, H the cumulative baseline hazard, q_k the part of it from which tied deaths
are spared under Efron's method, and v_i the row's weight in the information,

    martingale   M_i = d_i - e_i (H_hi - H_lo) + d_i e_i q_k = d_i - v_i / w_i
    deviance     sign(M_i) sqrt(-2 [M_i + d_i log(d_i - M_i)])
    score        U_i, see `riskset.cox.robust`
    Schoenfeld   x_i - xbar_k of each death
    dfbeta       w_i U_i V, the change of the estimate when the row leaves, to first order

References
----------
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, chapters 4 and 7.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from riskset.cox.arrays import MatrixFit, codes
from riskset.cox.robust import at_estimate, cluster_scores, event_means, row_scores
from riskset.errors import FitError
from riskset.kernel import curvature

if TYPE_CHECKING:
    from riskset.cox.fit import CoxFit

Floats = NDArray[np.float64]
Kind = Literal["martingale", "deviance", "score", "schoenfeld", "scaledsch", "dfbeta", "dfbetas"]


def residuals(
    fit: CoxFit, type: Kind = "martingale", collapse: str | None = None, weighted: bool | None = None
) -> Floats:
    """Residuals of each fitted row, of each person, or of each event.

    Parameters
    ----------
    fit : CoxFit
    type : {"martingale", "deviance", "score", "schoenfeld", "scaledsch", "dfbeta", "dfbetas"}
    collapse : str, optional
        ``"id"`` (the fit's persons) or a column of ``fit.data``: sum over its values, in sorted order.
    weighted : bool, optional
        Multiply by the case weights. By default, as in R, only ``dfbeta`` and ``dfbetas`` are.

    Returns
    -------
    float array
        (n_rows,) for martingale and deviance, (n_rows, p) for score, dfbeta and dfbetas, in the order of
        ``fit.data``; (n_events, p) for the Schoenfeld residuals, by stratum and time. A row that takes no part,
        because its weight is zero or no event happens during it, has residual 0.

    Raises
    ------
    FitError
        If the residuals are not defined for the fit: exact ties have martingale and deviance residuals only.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
    >>> fit = coxph("Surv(t, d) ~ x", rows, ties="breslow", max_iterations=0)
    >>> np.round(fit.residuals("martingale"), 4) + 0.0
    array([-0.6667,  0.8333, -0.1667,  0.3333,  0.3333, -0.6667])
    """
    if type not in get_args(Kind):
        raise FitError(
            f"there are no residuals {type!r}",
            where="type",
            remedy=f"Choose one of {', '.join(get_args(Kind))}.",
        )
    if fit.ties == "exact" and type not in {"martingale", "deviance"}:
        raise FitError(
            f"{type} residuals are not defined for exact ties", where="type", remedy="Fit with ties='efron'."
        )
    if weighted is None:
        weighted = type in {"dfbeta", "dfbetas"}
    if type in {"schoenfeld", "scaledsch"}:
        if collapse is not None:
            raise FitError("Schoenfeld residuals belong to events and are not summed", where="collapse")
        return _of_events(fit, weighted=weighted, scaled=type == "scaledsch")
    event = fit.data[fit.event].to_numpy()
    person = None if collapse is None else _labels(fit, collapse)
    if type in {"martingale", "deviance"}:
        values = martingale(fit.matrix, event)
        if weighted and fit.weights is not None:
            weight = fit.data[fit.weights].cast(float).to_numpy()
            values, event = values * weight, event * weight
        values = _summed(values, person)
        return (
            values if type == "martingale" else _deviance(values, _summed(event.astype(np.float64), person))
        )
    if type == "score":
        return _scores(fit, person, weighted=weighted)
    V = fit.cov_params(robust=False)
    if type == "dfbetas":
        size = np.sqrt(np.diag(V))
        V = V / np.where(size > 0, size, 1.0)
    return _scores(fit, person, V, weighted=weighted)


def martingale(matrix: MatrixFit, event: NDArray[np.bool_]) -> Floats:
    """Events minus expected events of each row given, not weighted, shape (n,)."""
    index = matrix.rows.index
    v = curvature(matrix.rows, at_estimate(matrix.rows, matrix.state, matrix.params))
    if index.weight is not None:
        v /= index.weight
    if index.kept is None:
        return event - v
    values = np.zeros(event.size)
    values[index.kept] = event[index.kept] - v
    return values


def _deviance(martingale: Floats, events: Floats) -> Floats:
    # The expected number of events is positive where there is one; without events the logarithm has no say.
    expected = np.where(events > 0, events - martingale, 1.0)
    square = -2 * (martingale + events * np.log(expected))
    return np.sign(martingale) * np.sqrt(np.maximum(square, 0.0))


def _scores(
    fit: CoxFit, person: NDArray[np.int64] | None, V: Floats | None = None, *, weighted: bool
) -> Floats:
    """Score residuals, or their products with V (p, p), by row, or summed by person."""
    matrix = fit.matrix
    index = matrix.rows.index
    unweighted = index.weight is not None and not weighted
    state = at_estimate(matrix.rows, matrix.state, matrix.params)
    if person is None or unweighted:
        values = row_scores(matrix.rows, state, V)
    else:
        values = cluster_scores(matrix.rows, state, person if index.kept is None else person[index.kept])
        if V is not None:
            values = values @ V
    if unweighted:
        values /= index.weight[:, None]  # pyright: ignore[reportOptionalSubscript] (tested three lines above)
        if person is not None:
            return _summed(values, person if index.kept is None else person[index.kept], _count(person))
    groups = fit.n_rows if person is None else _count(person)
    if person is None and index.kept is not None:
        every = np.zeros((groups, values.shape[1]))
        every[index.kept] = values
        return every
    if values.shape[0] < groups:  # persons at the end of whom no row takes part
        values = np.concatenate((values, np.zeros((groups - values.shape[0], values.shape[1]))))
    return values


def _of_events(fit: CoxFit, *, weighted: bool, scaled: bool) -> Floats:
    rows = fit.matrix.rows
    state = at_estimate(rows, fit.matrix.state, fit.params)
    xbar = event_means(rows, state).xbar
    values = rows.death_X - np.repeat(xbar, rows.index.deaths_per_time, axis=0)
    if weighted:
        values *= rows.index.death_weight[:, None]
    if scaled:
        V = fit.cov_params(robust=False)
        values = values @ V * rows.index.death_row.size + np.nan_to_num(fit.params)
    return values


def _labels(fit: CoxFit, collapse: str) -> NDArray[np.int64]:
    column = fit.id if collapse == "id" and fit.id is not None else collapse
    if column not in fit.data.columns:
        raise FitError(
            f"there is no column {column!r} in the fitted rows", where="collapse", remedy="Fit with id=."
        )
    return codes(fit.data[column].rank("dense").to_numpy())


def _count(labels: NDArray[np.int64]) -> int:
    return int(labels.max(initial=-1)) + 1


def _summed(values: Floats, labels: NDArray[np.int64] | None, n: int = 0) -> Floats:
    if labels is None:
        return values
    n = n or _count(labels)
    if values.ndim == 1:
        return np.bincount(labels, weights=values, minlength=n).astype(np.float64)
    columns = [np.bincount(labels, weights=column, minlength=n) for column in values.T]
    return np.stack(columns, axis=1).astype(np.float64)
