"""The Cox fit of a matrix: no frames, no names, no formula."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from riskset.cox.newton import Iteration, Maximum
from riskset.cox.penalised import maximum
from riskset.cox.penalties import Firth, Penalty, Quadratic, Ridge
from riskset.cox.robust import cluster_scores
from riskset.errors import FitError
from riskset.kernel import (
    RiskRows,
    State,
    Staying,
    build_index,
    by_shares,
    evaluate,
    information,
    risk_rows,
    score,
)
from riskset.linalg import Cholesky, quadratic_form, rank_revealing_cholesky

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

CENTRE_ROWS = 1 << 12  # rows centred at a time, so that a block stays in cache
# A matrix of more bytes than this is not copied, and centred, as it is read, only if a column's mean is further from
# zero than so many standard deviations. Sums of squares about zero lose a factor 1 + FAR^2 of digits against those about the mean: not two.
LARGE = 1 << 25
FAR = 8.0
# From this variance inflation on, the information is inverted by way of uncorrelated columns: what rounding there is
# (1e-16) times the inflation would reach the 1e-8 to which we agree with R at 1e8, and a factor for the sums is left.
INFLATED = 1e4


@dataclass(frozen=True, slots=True)
class MatrixFit:
    """A Cox model fitted to arrays.

    Attributes
    ----------
    params : float array (p,)
        Log hazard ratios; NaN where a column is a combination of earlier ones.
    independent : bool array (p,)
        Which columns could be estimated.
    covariance : float array (p, p)
        Inverse information; zero at dependent columns. A ridge adds its second derivative to the information.
    robust_covariance : float array (p, p) or None
        Sandwich variance over clusters, if clusters were given.
    loglik, loglik_null : float
        Log partial likelihood at the end and at the start, without penalty.
    objective, objective_null : float
        The same with the penalty, if there is one.
    score_statistic : float
        Score test of the starting values.
    robust_score_statistic : float or None
    status : {"converged", "not converged", "monotone likelihood"}
    runaway : bool array (p,)
        Coefficients that run off to infinity.
    record : tuple of Iteration
    rows : RiskRows
        What the likelihood is computed from; rows never at risk at an event are not in it.
    means : float array (p,)
        What the columns are centred at; zeros where a large matrix is near enough to it as it is.
    start : float array (p,)
    state : State
        The likelihood at the end.
    cholesky : Cholesky
        Of the information at the end.
    information : float array (p, p)
        Of the likelihood at the end, without penalty.
    cluster : int array (n,) or None
        Cluster codes of ``rows``.
    ties : {"efron", "breslow", "exact"}
    penalty : Firth, Quadratic or None
    """

    params: Floats
    independent: Bools
    covariance: Floats
    robust_covariance: Floats | None
    loglik: float
    loglik_null: float
    objective: float
    objective_null: float
    score_statistic: float
    robust_score_statistic: float | None
    status: str
    runaway: Bools
    record: tuple[Iteration, ...]
    rows: RiskRows
    means: Floats
    start: Floats
    state: State
    cholesky: Cholesky
    information: Floats
    cluster: Ints | None
    ties: str
    penalty: Penalty | None = None


def coxph_matrix(
    X: ArrayLike,
    entry: ArrayLike | None,
    exit: ArrayLike,
    event: ArrayLike,
    *,
    strata: ArrayLike | None = None,
    weights: ArrayLike | None = None,
    offset: ArrayLike | None = None,
    cluster: ArrayLike | None = None,
    ties: str = "efron",
    penalty: Firth | Ridge | Quadratic | None = None,
    init: ArrayLike | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 40,
    timefix: bool = True,
    staying: Staying | None = None,
    overwrite_X: bool = False,
) -> MatrixFit:
    """Log hazard ratios of the columns of a matrix, by maximum partial likelihood.

    Parameters
    ----------
    X : array (n, p)
        Covariates, no missing values. A large matrix is not copied: the fit keeps a view of it, and it must
        not be changed while the fit is used.
    entry : array (n,) or None
        Start of each row's time at risk, exclusive; None for right-censored data.
    exit : array (n,)
        End of each row's time at risk, inclusive.
    event : bool array (n,)
        Whether the row ends with an event.
    strata : array (n,), optional
        Labels of strata with separate baseline hazards.
    weights : float array (n,), optional
        Case weights; rows of weight zero take no part.
    offset : float array (n,), optional
    cluster : array (n,), optional
        Labels over which the robust variance is summed; the robust variance is computed if given.
    ties : {"efron", "breslow", "exact"}
        Exact is the conditional likelihood of discrete times; it knows no weights and no robust variance.
    penalty : Firth, Ridge or Quadratic, optional
        Added to the log likelihood; a `Ridge` is on all columns.
    init : float array (p,), optional
        Starting values; zero by default.
    tolerance : float
        R's criterion: relative change of the log likelihood. One more full step is made after it holds.
    max_iterations : int
        0 evaluates the model at its starting values.
    timefix : bool
        Treat times closer than R's tolerance as one.
    staying : Staying, optional
        Rows that stay at risk after their exit, with weights that fade.
    overwrite_X : bool
        Whether ``X`` may be centred in place.

    Returns
    -------
    MatrixFit

    Raises
    ------
    FitError
        If lengths disagree, values are missing, or a row ends before it starts.

    Examples
    --------
    >>> import numpy as np
    >>> x = np.array([[0.0], [1.0], [1.0], [1.0], [0.0], [0.0]])
    >>> fit = coxph_matrix(x, None, [9, 1, 1, 6, 6, 8], [1, 1, 0, 1, 1, 0], ties="breslow")
    >>> print(f"{fit.params[0]:.6f}")  # log((3 + sqrt(33)) / 2), Therneau & Grambsch 2000, appendix E
    1.475285
    """
    if ties not in {"efron", "breslow", "exact"}:
        raise FitError(f"ties must be 'efron', 'breslow' or 'exact', not {ties!r}", where="ties")
    covariates = np.asarray(X, dtype=np.float64)
    if covariates.ndim != 2:
        raise FitError("covariates must be a matrix of rows and columns", where="X")
    n, p = covariates.shape
    start_time = None if entry is None else _vector(entry, n, "entry")
    end_time = _vector(exit, n, "exit")
    died = _vector(event, n, "event").astype(np.bool_)
    weight = None if weights is None else _vector(weights, n, "weights")
    shift = None if offset is None else _vector(offset, n, "offset")
    if start_time is not None and not (ordered := end_time > start_time).all():
        raise FitError(
            "exit must be later than entry", where="entry, exit", rows=(np.flatnonzero(~ordered) + 2).tolist()
        )
    if weight is not None and not (weight >= 0).all():
        raise FitError(
            "case weights must not be negative", rows=(np.flatnonzero(~(weight >= 0)) + 2).tolist()
        )

    index = build_index(
        start_time,
        end_time,
        died,
        stratum=None if strata is None else codes(strata),
        weight=weight,
        ties=ties,
        timefix=timefix,
        stays=None if staying is None else staying.stays,
    )
    expected = int(died.sum()) if weight is None else int((died & (weight > 0)).sum())
    if index.death_row.size != expected:
        raise FitError(
            "an event lies within the time tolerance of its row's entry",
            where="entry, exit",
            remedy="Give times in a larger unit, or make the row longer.",
        )
    if index.exact and (index.weight is not None or cluster is not None):
        raise FitError(
            f"exact ties know no {'case weights' if index.weight is not None else 'robust variance'}",
            where="ties",
            remedy="Use ties='efron', or leave the weights and clusters out (robust=False).",
        )
    if index.exact and isinstance(penalty, Firth):
        raise FitError(
            "Firth's penalty is not available with exact ties", where="penalty", remedy="Use ties='efron'."
        )
    settled_penalty = penalty.on(covariates) if isinstance(penalty, Ridge) else penalty
    if expected == 0:
        raise FitError("no event: nothing can be estimated", where="event")
    own = overwrite_X and index.kept is None and covariates.flags.c_contiguous and covariates.flags.writeable
    held, means, centre = _centred(covariates, index.kept, index.weight, in_place=own)
    if not np.isfinite(means).all():
        bad = np.flatnonzero(~np.isfinite(covariates).all(axis=1))
        raise FitError("covariates must be finite numbers", where="X", rows=(bad + 2).tolist())
    fading = None if staying is None else staying.on(index)
    rows = risk_rows(index, held, _take(shift, index.kept), centre, fading)

    start = np.zeros(p) if init is None else _vector(init, p, "init")
    top = maximum(rows, start, settled_penalty, tolerance=tolerance, max_iterations=max_iterations)
    first = top.record[0]
    V = _covariance(rows, top) if penalty is None and not index.exact else top.cholesky.inverse()
    clusters = None if cluster is None else codes(cluster)
    if clusters is not None and index.kept is not None:
        clusters = clusters[index.kept]
    robust = robust_score = None
    if clusters is not None:
        influence = cluster_scores(rows, top.state, clusters) @ V
        robust = influence.T @ influence
        null = cluster_scores(rows, evaluate(rows, start), clusters)
        robust_score = quadratic_form(null.sum(axis=0), null.T @ null)[0]
    params = top.beta.copy()
    independent = top.cholesky.independent | top.runaway
    params[~independent] = np.nan
    status = "monotone likelihood" if top.runaway.any() else "converged" if top.converged else "not converged"
    return MatrixFit(
        params=params,
        independent=independent,
        covariance=V,
        robust_covariance=robust,
        loglik=top.state.loglik,
        loglik_null=first.loglik if penalty is None else evaluate(rows, start).loglik,
        objective=top.objective,
        objective_null=first.loglik,
        score_statistic=first.decrement,
        robust_score_statistic=robust_score,
        status="converged" if max_iterations == 0 else status,
        runaway=top.runaway,
        record=top.record,
        rows=rows,
        means=means,
        start=start,
        state=top.state,
        cholesky=top.cholesky,
        information=top.information,
        cluster=clusters,
        ties=ties,
        penalty=settled_penalty,
    )


def _covariance(rows: RiskRows, top: Maximum) -> Floats:
    """Inverse information; of nearly collinear columns, such as splines, by way of uncorrelated ones.

    Summed in the columns as they are, the information has rounding errors that its inverse multiplies by its
    condition number. With its Cholesky factor L, the columns X inv(L') have nearly the unit matrix for
    information, which inverts without loss: V = inv(L') inverse(theirs) inv(L).
    """
    V = top.cholesky.inverse()
    keep = top.cholesky.independent
    inflation = (np.diag(V) * np.diag(top.information))[keep]
    if rows.given.nbytes > LARGE or not top.converged or inflation.max(initial=1.0) < INFLATED:
        return V
    L = top.cholesky.factor
    turned = linalg.solve_triangular(L, rows.part(slice(None))[:, keep].T, lower=True).T
    turned_rows = risk_rows(rows.index, np.ascontiguousarray(turned), rows.offset, fading=rows.fading)
    theirs, _ = information(turned_rows, evaluate(turned_rows, L.T @ top.state.beta[keep]))
    root = linalg.solve_triangular(np.linalg.cholesky(theirs), np.eye(L.shape[0]), lower=True, trans=1)
    root = linalg.solve_triangular(L, root, lower=True, trans=1)
    V[np.ix_(keep, keep)] = root @ root.T
    return V


def information_at(rows: RiskRows, beta: Floats) -> tuple[State, Floats, Cholesky]:
    """Likelihood, score and factored information at any beta."""
    state = evaluate(rows, beta)
    info, scale = information(rows, state)
    return state, score(rows, state), rank_revealing_cholesky(info, scale)


def codes(labels: ArrayLike) -> Ints:
    """Codes 0, 1, ... of labels of any type, in their order."""
    given = np.asarray(labels)
    if given.dtype.kind in "iu" and given.size:
        low, span = int(given.min()), int(given.max()) - int(given.min())
        if span < 4 * given.size:  # whole numbers in a narrow range: a table replaces the sort
            place = (given.ravel() - low).astype(np.int64)
            seen = np.zeros(span + 1, dtype=np.bool_)
            seen[place] = True
            return (np.cumsum(seen) - 1)[place]
    return np.unique(given, return_inverse=True)[1].astype(np.int64).ravel()


def _vector(values: ArrayLike, n: int, where: str) -> Floats:
    vector = np.asarray(values, dtype=np.float64)
    if vector.shape != (n,):
        raise FitError(f"expected {n:,} values in one dimension, got shape {vector.shape}", where=where)
    if not np.isfinite(vector).all():
        bad = np.flatnonzero(~np.isfinite(vector))
        raise FitError("values must be finite numbers", where=where, rows=(bad + 2).tolist())
    return vector


def _take(values: Floats | None, kept: Ints | None) -> Floats | None:
    return values if values is None or kept is None else values[kept]


def _centred(
    X: Floats, kept: Ints | None, weight: Floats | None, *, in_place: bool
) -> tuple[Floats, Floats, Floats | None]:
    """Return the kept rows minus their weighted means; the means; and what is yet to be subtracted, if anything.

    A large matrix is left as it is, for a second one would double the memory that a fit needs. Where no column lies
    far from zero, centring would gain no digit that counts, and the means are zeros.
    """
    means, far = _location(X, kept, weight)
    if kept is None and X.nbytes > LARGE and X.flags.c_contiguous and not (far and in_place):
        return (X, means, means) if far else (X, np.zeros(X.shape[1]), None)
    n = X.shape[0] if kept is None else kept.size
    centred = X if in_place else np.empty((n, X.shape[1]))

    def share(first: int, last: int) -> None:
        for a in range(first, last, CENTRE_ROWS):
            b = min(a + CENTRE_ROWS, last)
            np.subtract(X[a:b] if kept is None else X[kept[a:b]], means, out=centred[a:b])

    by_shares(share, n)
    return centred, means, None


def _location(X: Floats, kept: Ints | None, weight: Floats | None) -> tuple[Floats, bool]:
    """Weighted means of the kept rows, and whether one is further from zero than ``FAR`` standard deviations."""
    n = X.shape[0] if kept is None else kept.size
    if kept is not None:
        aside = np.ones(X.shape[0], dtype=np.bool_)
        aside[kept] = False
        if not np.isfinite(X[aside]).all():
            return np.full(X.shape[1], np.nan), True

    def share(first: int, last: int) -> Floats:
        total = np.zeros((2, X.shape[1]))
        for a in range(first, last, CENTRE_ROWS):
            b = min(a + CENTRE_ROWS, last)
            block = X[a:b] if kept is None else X[kept[a:b]]
            w = np.ones(b - a) if weight is None else weight[a:b]
            total[0] += w @ block
            total[1] += w @ np.square(block)
        return total

    with np.errstate(over="ignore", invalid="ignore"):
        first, second = np.sum(by_shares(share, n), axis=0) / (n if weight is None else weight.sum())
        return first, not bool((first**2 <= FAR**2 * (second - first**2)).all())
