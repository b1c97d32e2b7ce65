"""`coxph`: from a formula and a table of rows to a fitted Cox model."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox.arrays import coxph_matrix
from riskset.cox.fit import CoxFit
from riskset.cox.penalties import Firth, Quadratic, Ridge
from riskset.cox.splitting import at_event_times, has_time_terms
from riskset.design import Design, build_design, nearest, offset_of, parse_formula, render, to_polars
from riskset.design.evaluate import to_polars_expr
from riskset.design.formula import Surv
from riskset.design.grammar import Expr, Name
from riskset.errors import DesignError, FitError, RisksetError, RisksetWarning
from riskset.kernel import Staying

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """What rows are fitted: the frame, its times, matrix (n, p), strata and weights."""

    frame: pl.DataFrame
    entry: Floats | None
    exit: Floats
    X: Floats
    stratum: NDArray[np.int64] | None
    weight: Floats | None


def coxph(
    formula: str,
    data: Any,
    *,
    id: str | None = None,
    ties: str = "efron",
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool | None = None,
    missing: Literal["drop", "raise"] = "drop",
    penalty: Firth | Ridge | None = None,
    init: ArrayLike | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 40,
) -> CoxFit:
    """Estimate log hazard ratios by Cox's partial likelihood, as R's ``coxph``.

    Parameters
    ----------
    formula : str
        ``"Surv(entry, exit, event) ~ a * b + rcs(x, 3) + strata(s) + offset(o)"``, or ``Surv(time, event)``
        for right-censored data. An event is true, 1, or 2 where the values are 1 and 2. In ``x:tt(log(exit))``
        the coefficient of x changes with time: within tt() the exit column is the time looked at, and rows are
        split at all event times, which ``n_rows`` then counts.
    data : frame-like
        One row per episode ``(entry, exit]``; see `riskset.design.to_polars`. Text, categories and booleans
        are coded by treatment contrasts: the first level (declared order of an Enum, sorted otherwise,
        False of a boolean) is the reference.
    id : str, optional
        Column that tells persons apart.
    ties : {"efron", "breslow", "exact"}
        Exact: the conditional likelihood of discrete times, without weights and robust variance.
    weights : str, optional
        Column of case weights.
    cluster : str, optional
        Column over which the robust variance is summed; ``id`` by default. ``cluster(...)`` in the formula
        does the same.
    robust : bool, optional
        Whether tests and intervals use the robust variance. By default, as in R: if a cluster is named,
        weights are not whole numbers, or a person has more than one event.
    missing : {"drop", "raise"}
        Leave rows with a missing value out, with a warning and a count on the fit, or refuse them.
    penalty : Firth or Ridge, optional
        `Firth` keeps estimates finite where a cell has no event; `Ridge` holds many or collinear columns.
    init : float array (p,), optional
        Starting values; zero by default.
    tolerance : float
        Relative change of the log likelihood at which R stops; one more full step follows.
    max_iterations : int
        0 evaluates the model at its starting values.

    Returns
    -------
    CoxFit

    Raises
    ------
    DesignError
        If the formula cannot be read or does not fit the data.
    FitError
        If the model cannot be fitted to the rows.

    Warns
    -----
    RisksetWarning
        If rows were left out, a coefficient cannot be estimated, or the fit did not converge.

    References
    ----------
    Therneau, T. & Grambsch, P. (2000). Modeling Survival Data: Extending the Cox Model.

    Examples
    --------
    >>> rows = {"time": [9, 1, 1, 6, 6, 8], "status": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
    >>> fit = coxph("Surv(time, status) ~ x", rows)
    >>> print(f"{fit.params[0]:.4f} ({fit.std_error[0]:.4f})")
    1.6769 (1.2776)
    """
    return fit_formula(
        formula,
        data,
        id=id,
        ties=ties,
        weights=weights,
        cluster=cluster,
        robust=robust,
        missing=missing,
        penalty=penalty,
        init=init,
        tolerance=tolerance,
        max_iterations=max_iterations,
    )


def fit_formula(
    formula: str,
    data: Any,
    *,
    id: str | None = None,
    ties: str = "efron",
    weights: str | None = None,
    cluster: str | None = None,
    robust: bool | None = None,
    missing: Literal["drop", "raise"] = "drop",
    penalty: Firth | Ridge | None = None,
    init: ArrayLike | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 40,
    also: tuple[str, ...] = (),
    staying: Callable[[Rows], Staying] | None = None,
) -> CoxFit:
    """Fit as `coxph` does, with more columns in ``data`` and rows that stay at risk after their exit, if any."""
    parsed = parse_formula(formula)
    surv = parsed.surv
    if surv is None:
        raise DesignError(
            "a Cox model needs a response",
            where="formula",
            remedy="Begin with Surv(entry, exit, event) ~ ...",
        )
    if cluster is None:
        cluster = parsed.cluster
    special = {"id": id, "weights": weights, "cluster": cluster}
    named = (name for name in special.values() if name is not None)
    needed = dict.fromkeys((*parsed.variables, *named, *also))
    whole = to_polars(data, tuple(needed))
    frame = complete_rows(whole, missing, id)
    if frame.height == 0:
        raise FitError("no row is left to fit", where="data")
    n_left_out = whole.height - frame.height
    given = _rows_as_given(whole, frame)
    if has_time_terms(parsed):
        parsed, surv, frame, id = at_event_times(parsed, frame, id)
        given = nullcontext()  # a piece has no number among the rows that were given

    with given:
        entry, exit, event = _response(surv, frame)
        columns = {
            _column_name(expr): values
            for expr, values in ((surv.entry, entry), (surv.exit, exit), (surv.event, event))
            if expr is not None and values is not None
        }
        time = to_polars_expr(surv.exit if surv.entry is None else surv.entry)
        design = build_design(parsed, frame, order=time, person=id)
        weight = None if weights is None else _numbers(frame[weights])
        if robust is None:
            robust = _robust_by_default(frame, event, weight, id=id, cluster=cluster)
        groups = None
        if robust:
            groups = _clusters(frame, cluster or id, counting=entry is not None)
        X = design.matrix(frame)
        stratum = None if design.strata is None else design.strata.codes(frame)
        matrix = coxph_matrix(
            X,
            entry,
            exit,
            event,
            strata=stratum,
            weights=weight,
            offset=offset_of(parsed, frame),
            cluster=groups,
            ties=ties,
            penalty=_ridge_on_terms(penalty, design, X) if isinstance(penalty, Ridge) else penalty,
            init=init,
            tolerance=tolerance,
            max_iterations=max_iterations,
            staying=None if staying is None else staying(Rows(frame, entry, exit, X, stratum, weight)),
            overwrite_X=True,
        )
    everyone = None if id is None or id not in whole.columns else whole[id].drop_nulls().n_unique()
    present = frame.height if entry is None else None
    if id is not None:
        present = frame[id].n_unique()
    fit = CoxFit(
        formula=parsed.text,
        names=design.names,
        params=matrix.params,
        design=design,
        data=frame.with_columns(pl.Series(name, values) for name, values in columns.items()),
        id=id,
        entry=None if surv.entry is None else _column_name(surv.entry),
        exit=_column_name(surv.exit),
        event=_column_name(surv.event),
        weights=weights,
        cluster=(cluster or id) if robust else None,
        ties=ties,
        robust=bool(robust),
        n_persons=present,
        n_rows=frame.height,
        n_events=int(event.sum()),
        person_time=float(exit.sum() - (0.0 if entry is None else entry.sum())),
        n_dropped_rows=n_left_out,
        n_dropped_persons=0 if everyone is None or present is None else everyone - present,
        matrix=matrix,
    )
    if fit.message:
        warnings.warn(RisksetWarning(fit.message), stacklevel=3)
    return fit


def _ridge_on_terms(ridge: Ridge, design: Design, X: Floats) -> Quadratic:
    """Ridge on the columns of the terms it names."""
    if ridge.terms is None:
        return ridge.on(X)
    known = {term.label: list(term.columns) for term in design.terms}
    columns = np.zeros(X.shape[1], dtype=np.bool_)
    for term in ridge.terms:
        if term not in known:
            raise FitError(
                f"the formula has no term {term!r}", where="Ridge", remedy=nearest(term, tuple(known))
            )
        columns[known[term]] = True
    return ridge.on(X, columns)


def complete_rows(frame: pl.DataFrame, missing: str, id: str | None) -> pl.DataFrame:
    """Rows in which nothing is missing; the others are counted, or refused."""
    counts = {name: n for name in frame.columns if (n := frame[name].null_count())}
    if not counts:
        return frame
    complete = frame.drop_nulls(list(counts))
    lost = frame.height - complete.height
    by_column = ", ".join(f"{name} {n:,}" for name, n in counts.items())
    if missing == "raise":
        raise FitError(
            "a value is missing",
            where=", ".join(counts),
            rows=(_positions(frame, complete=False) + 2).tolist(),
            remedy="Complete the rows, or leave them out with missing='drop'.",
        )
    persons = ""
    if id is not None:
        touched = frame.filter(pl.any_horizontal(pl.col(list(counts)).is_null()))[id].drop_nulls()
        gone = touched.n_unique() - touched.unique().is_in(complete[id].unique().implode()).sum()
        persons = f" of {touched.n_unique():,} persons, {gone:,} of whom have no row left"
    warnings.warn(
        RisksetWarning(
            f"{lost:,} of {frame.height:,} rows{persons} are left out, with missing values in: {by_column}"
        ),
        stacklevel=4,
    )
    return complete


def _positions(frame: pl.DataFrame, *, complete: bool) -> NDArray[np.int64]:
    """Positions of the rows in which nothing, or something, is missing."""
    missing = frame.select(pl.any_horizontal(pl.all().is_null())).to_series().to_numpy()
    return np.flatnonzero(missing != complete)


@contextmanager
def _rows_as_given(whole: pl.DataFrame, frame: pl.DataFrame) -> Generator[None]:
    """Let refusals number rows as they were given, not as they stand when incomplete ones have left."""
    try:
        yield
    except RisksetError as error:
        if not error.rows or whole.height == frame.height:
            raise
        given = _positions(whole, complete=True)
        rows = [int(given[row - 2]) + 2 for row in error.rows]
        raise type(error)(
            error.rule, where=error.where, rows=rows, n_rows=error.n_rows, remedy=error.remedy
        ) from None


def _response(surv: Surv, frame: pl.DataFrame) -> tuple[Floats | None, Floats, NDArray[np.bool_]]:
    """Entry, exit and event of each row, checked."""
    entry = None if surv.entry is None else _time(surv.entry, frame)
    exit = _time(surv.exit, frame)
    if entry is not None and not (exit > entry).all():
        bad = np.flatnonzero(~(exit > entry))
        raise FitError("exit must be later than entry", where="Surv", rows=(bad + 2).tolist())
    values = frame.select(to_polars_expr(surv.event)).to_series()
    name = _column_name(surv.event)
    if values.dtype == pl.Boolean:
        return entry, exit, values.to_numpy()
    if not values.dtype.is_numeric():
        raise FitError("the event must be true or false, or 0 or 1", where=name)
    seen = set(values.unique().to_list())
    if seen <= {0, 1}:
        return entry, exit, values.to_numpy() == 1
    if seen <= {1, 2}:  # R's other coding: 1 censored, 2 event
        return entry, exit, values.to_numpy() == 2
    raise FitError(
        "the event must be true or false, 0 or 1, or 1 or 2",
        where=name,
        remedy=f"For one kind of several events write e.g. Surv(..., {name} == 2).",
    )


def _time(expr: Expr, frame: pl.DataFrame) -> Floats:
    values = frame.select(to_polars_expr(expr)).to_series()
    if not values.dtype.is_numeric():
        raise FitError(f"times must be numbers, not {values.dtype}", where=_column_name(expr))
    return _numbers(values)


def _numbers(values: pl.Series) -> Floats:
    return values.cast(pl.Float64).to_numpy()


def _column_name(expr: Expr) -> str:
    return expr.name if isinstance(expr, Name) else render(expr)


def _robust_by_default(
    frame: pl.DataFrame,
    event: NDArray[np.bool_],
    weight: Floats | None,
    *,
    id: str | None,
    cluster: str | None,
) -> bool:
    """R's rule: a cluster is named, weights are not whole, or a person has more than one event."""
    if cluster is not None or (weight is not None and not np.array_equal(weight, np.floor(weight))):
        return True
    return id is not None and bool(frame[id].filter(pl.Series(event)).is_duplicated().any())


def _clusters(frame: pl.DataFrame, column: str | None, *, counting: bool) -> NDArray[np.int64]:
    """Codes of the clusters; each row is its own where right-censored data name none."""
    if column is not None:
        return frame[column].rank("dense").cast(pl.Int64).to_numpy() - 1
    if counting:
        raise FitError(
            "a robust variance of (entry, exit] rows needs to know which rows belong together",
            where="robust",
            remedy="Name the column of persons with id=, or cluster=.",
        )
    return np.arange(frame.height)
