"""Linear predictors, risks, terms, expected events and survival of rows, as R's ``predict.coxph``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.baseline import baseline_of, reference_means, strata_of
from riskset.cox.residuals import martingale
from riskset.design import offset_of, parse_formula, to_polars
from riskset.design.grammar import names_in
from riskset.errors import FitError

if TYPE_CHECKING:
    from riskset.cox.fit import CoxFit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Kind = Literal["lp", "risk", "terms", "expected", "survival"]
Reference = Literal["strata", "sample", "zero"]


def predict(
    fit: CoxFit, type: Kind = "lp", data: Any = None, *, reference: Reference | None = None
) -> tuple[Floats, Floats]:
    """Predict rows, the fitted ones by default, with standard errors.

    Parameters
    ----------
    fit : CoxFit
    type : {"lp", "risk", "terms", "expected", "survival"}
        The linear predictor x'beta + offset; its exponential; its parts by term (without the offset); the
        cumulative hazard over a row's time at risk, that is its expected number of events; exp(-expected).
    data : frame-like, optional
        Has the variables of the formula; for ``expected`` and ``survival`` the times too.
    reference : {"strata", "sample", "zero"}
        Covariates relative to their means in the row's stratum, in the sample (0 for columns of values among
        -1, 0 and 1), or not at all. By default, as in R, ``"sample"`` for terms and ``"strata"`` otherwise.

    Returns
    -------
    predicted, std_error : float arrays (n,), or (n, n_terms) for terms
        The standard error of a risk is, as in R, that of the linear predictor times the root of the risk.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
    >>> risk, _ = predict(coxph("Surv(t, d) ~ x", rows), "risk", {"x": [0, 1]})
    >>> risk.round(3)
    array([1.   , 5.349])
    """
    if type not in get_args(Kind):
        raise FitError(
            f"there is no prediction {type!r}", where="type", remedy=f"One of {', '.join(get_args(Kind))}."
        )
    if reference is None:
        reference = "sample" if type == "terms" else "strata"
    if reference not in get_args(Reference):
        raise FitError(f"there is no reference {reference!r}", where="reference")
    frame = fit.data if data is None else to_polars(data)
    X = fit.design.matrix(frame)
    beta, V = np.nan_to_num(fit.params), fit.cov_params()
    if type in {"expected", "survival"}:
        return _expected(fit, frame, X, V, fitted=data is None, survival=type == "survival")
    z = X - _reference(fit, frame, X, reference, fitted=data is None)
    if type == "terms":
        parts = [list(t.columns) for t in fit.design.terms]
        values = np.stack([z[:, p] @ beta[p] for p in parts], axis=1) if parts else np.zeros((z.shape[0], 0))
        errors = [_root(z[:, p], V[np.ix_(p, p)]) for p in parts]
        return values, np.stack(errors, axis=1) if parts else values
    eta = z @ beta + _offset(fit, frame)
    se = _root(z, V)
    if type == "lp":
        return eta, se
    risk = np.exp(eta)
    return risk, se * np.sqrt(risk)


def _root(z: Floats, V: Floats) -> Floats:
    """Root of z'Vz, the standard error of each row's combination."""
    return np.sqrt(np.maximum(((z @ V) * z).sum(axis=1), 0.0))


def _offset(fit: CoxFit, frame: pl.DataFrame) -> Floats | float:
    formula = parse_formula(fit.formula)
    if not {n for e in formula.offset for n in names_in(e)} <= set(frame.columns):
        raise FitError("the offset's columns are not there", where="data")
    offset = offset_of(formula, frame)
    return 0.0 if offset is None else offset


def _weight(fit: CoxFit) -> Floats | None:
    return None if fit.weights is None else fit.data[fit.weights].cast(pl.Float64).to_numpy()


def _reference(
    fit: CoxFit, frame: pl.DataFrame, X: Floats, reference: Reference, *, fitted: bool
) -> Floats | float:
    """Return what covariates are taken relative to, one row or one for each row."""
    if reference == "zero":
        return 0.0
    own = X if fitted else fit.design.matrix(fit.data)
    weight = _weight(fit)
    strata = fit.design.strata
    if reference == "sample" or strata is None:
        return reference_means(own, weight)
    stratum = strata_of(fit)
    w = np.ones(own.shape[0]) if weight is None else weight
    n = len(strata.levels)
    total = np.bincount(stratum, weights=w, minlength=n)
    sums = [np.bincount(stratum, weights=w * column, minlength=n) for column in own.T]
    return (np.stack(sums, axis=1) / total[:, None])[stratum if fitted else strata.codes(frame)]


def _expected(
    fit: CoxFit, frame: pl.DataFrame, X: Floats, V: Floats, *, fitted: bool, survival: bool
) -> tuple[Floats, Floats]:
    """Cumulative hazard of each row over its time at risk, or survival over it."""
    base = baseline_of(fit)
    for name in (fit.exit, fit.entry):
        if name is not None and name not in frame.columns:
            raise FitError(f"there is no column {name!r}", where="data", remedy="Expected events need times.")
    strata = fit.design.strata
    stratum = np.zeros(frame.height, dtype=np.int64) if strata is None else strata.codes(frame)
    k = base.slot(frame[fit.exit].cast(pl.Float64).to_numpy(), stratum)
    start = np.full(k.size, -np.inf) if fit.entry is None else frame[fit.entry].cast(pl.Float64).to_numpy()
    a = base.slot(start, stratum)
    risk = base.risk(X, _offset(fit, frame))
    dH = base.hazard[k] - base.hazard[a]
    c = dH[:, None] * (X - base.means) - (base.g[k] - base.g[a])
    variance = base.variance[k] - base.variance[a] + ((c @ V) * c).sum(axis=1)
    se = risk * np.sqrt(np.maximum(variance, 0.0))
    expected = risk * dH
    if fitted:
        # Of the deaths tied at a time, Efron's method spares each a part of the hazard.
        event = fit.data[fit.event].to_numpy()
        expected = event - martingale(fit.matrix, event)
    if not survival:
        return expected, se
    return np.exp(-expected), se * np.exp(-expected)
