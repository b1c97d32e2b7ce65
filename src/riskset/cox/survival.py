"""Survival predicted by a Cox model, for fixed profiles and along paths of covariates."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.cox.baseline import Baseline, at_risk, baseline_of, exits, strata_labels
from riskset.cox.contrasts import normal_deviate
from riskset.cox.fit import CoxFit
from riskset.design import nearest, offset_of, parse_formula, to_polars
from riskset.design.factors import CategoryFactor
from riskset.design.grammar import names_in
from riskset.errors import FitError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
ConfType = Literal["log", "log-log", "plain"]


@dataclass(frozen=True, slots=True, eq=False)
class CoxSurvival:
    """Survival curves predicted by a Cox model.

    Attributes
    ----------
    table : polars DataFrame
        curve (number of the profile, or id of the path), stratum (if the fit has strata), time, n_risk, n_event,
        n_censor (of the fitted rows, weighted), cumulative_hazard, std_error (of the cumulative hazard, which is
        that of the logarithm of survival), survival, lower, upper.
    level : float
    conf_type : {"log", "log-log", "plain"}
    """

    table: pl.DataFrame
    level: float
    conf_type: ConfType


def cox_survival(
    fit: CoxFit,
    profile: Any,
    *,
    id: str | None = None,
    level: float = 0.95,
    conf_type: ConfType = "log",
    times: ArrayLike | None = None,
) -> CoxSurvival:
    """Predict survival exp(-cumulative hazard) for profiles, or along the path of each id.

    Parameters
    ----------
    fit : CoxFit
    profile : mapping or frame-like
        Values of variables, one or a sequence of each; a variable that is not named is at its reference level or
        mean. Where the fit has strata and their variables are named, each profile is predicted in its own
        stratum, else in all of them. An offset is 0 unless its variables are named.
    id : str, optional
        Column of ``profile`` that says whose path a row belongs to. Each row then holds the covariates on its
        (entry, exit], in columns named as in the fit; survival starts at 1 when the path begins.
    level : float
        Of the pointwise limits.
    conf_type : {"log", "log-log", "plain"}
        Scale on which the limits are symmetric.
    times : array, optional
        Times to report; by default every distinct exit time of the fitted rows, as R's ``survfit``.

    Returns
    -------
    CoxSurvival

    Raises
    ------
    FitError
        If the profile names what the model does not have, or a path has gaps in its columns.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
    >>> fit = coxph("Surv(t, d) ~ x", rows)
    >>> cox_survival(fit, {"x": [0, 1]}, times=[6]).table["survival"].round(3).to_list()
    [0.694, 0.142]
    """
    if conf_type not in {"log", "log-log", "plain"}:
        raise FitError(
            f"there are no limits {conf_type!r}", where="conf_type", remedy="log, log-log or plain"
        )
    base, grid = baseline_of(fit), exits(fit)
    V = fit.cov_params()
    strata_variables = _strata_variables(fit)
    if id is None and fit.exit in fit.design.variables:
        raise FitError(
            "a coefficient changes with time, so that a profile is a path",
            where="profile",
            remedy="Split one row per profile at the event times (split_episodes) and name its id=.",
        )
    frame, named = _profiles(fit, profile, id)
    labels = strata_labels(fit)
    if id is not None and strata_variables and not named:
        raise FitError(
            "a path needs its stratum", where="profile", remedy=f"Name {', '.join(strata_variables)}."
        )
    parts: list[pl.DataFrame] = []
    for who, pieces in _curves(frame, id):
        for s, rows in _in_strata(fit, pieces, named=named):
            at = _grid(fit, grid, s, times)
            curve = _curve(fit, base, rows, s, at, V, path=id is not None)
            kept = at if id is None else at.filter(curve.inside)
            parts.append(
                kept.with_columns(
                    pl.lit(who).alias("curve"),
                    pl.lit(labels[int(s[0])]).alias("stratum"),
                    pl.Series("cumulative_hazard", curve.hazard),
                    pl.Series("std_error", curve.std_error),
                )
            )
    table = pl.concat(parts)
    chaz, se = table["cumulative_hazard"].to_numpy(), table["std_error"].to_numpy()
    survival = np.exp(-chaz)
    lower, upper = limits(survival, se, level, conf_type)
    columns = ["curve", "stratum", "time", "n_risk", "n_event", "n_censor", "cumulative_hazard", "std_error"]
    if not strata_variables:
        columns.remove("stratum")
    return CoxSurvival(
        table=table.select(columns).with_columns(survival=survival, lower=lower, upper=upper),
        level=level,
        conf_type=conf_type,
    )


def limits(survival: Floats, se: Floats, level: float, conf_type: ConfType) -> tuple[Floats, Floats]:
    """Pointwise limits of survival from the standard error of its logarithm, within 0 and 1."""
    z = normal_deviate(level)
    with np.errstate(divide="ignore", invalid="ignore"):
        if conf_type == "log":
            lower, upper = survival * np.exp(-z * se), survival * np.exp(z * se)
        elif conf_type == "plain":
            lower, upper = survival * (1 - z * se), survival * (1 + z * se)
        else:
            spread = np.exp(z * se / np.log(survival))
            lower, upper = survival ** (1 / spread), survival**spread
            flat = survival >= 1.0  # nothing has happened yet: log(-log 1) has no value, the limits are 1
            lower, upper = np.where(flat, 1.0, lower), np.where(flat, 1.0, upper)
    return np.maximum(lower, 0.0), np.minimum(upper, 1.0)


@dataclass(frozen=True, slots=True)
class _Curve:
    hazard: Floats
    std_error: Floats
    inside: NDArray[np.bool_]


def _curve(
    fit: CoxFit, base: Baseline, rows: pl.DataFrame, strata: Ints, at: pl.DataFrame, V: Floats, *, path: bool
) -> _Curve:
    """Cumulative hazard and its standard error at the times, over the pieces of a path or one fixed profile."""
    X, offset = _covariates(fit, rows)
    risk = base.risk(X, offset)
    time = at["time"].to_numpy()
    n, p = time.size, X.shape[1]
    if path:
        entry, exit = (_times(rows, name) for name in (fit.entry or "", fit.exit))
    else:
        entry, exit = np.array([-np.inf]), np.array([np.inf])
    hazard, spread, c = np.zeros(n), np.zeros(n), np.zeros((n, p))
    inside = np.zeros(n, dtype=np.bool_)
    for i in range(risk.size):
        # Within a piece sums run from its entry; later times keep what they were at its exit.
        inside |= (time > entry[i]) & (time <= exit[i])
        stratum = np.full(n, strata[i])
        a = base.slot(np.array([entry[i]]), strata[i : i + 1])
        k = np.maximum(base.slot(np.minimum(time, exit[i]), stratum), a)
        dH = base.hazard[k] - base.hazard[a]
        hazard += risk[i] * dH
        spread += risk[i] ** 2 * (base.variance[k] - base.variance[a])
        c += risk[i] * (dH[:, None] * (X[i] - base.means) - (base.g[k] - base.g[a]))
    variance = spread + ((c @ V) * c).sum(axis=1)
    if not path:
        inside[:] = True
    return _Curve(hazard=hazard[inside], std_error=np.sqrt(np.maximum(variance, 0.0))[inside], inside=inside)


def _times(rows: pl.DataFrame, name: str) -> Floats:
    return rows[name].cast(pl.Float64).to_numpy()


def _covariates(fit: CoxFit, rows: pl.DataFrame) -> tuple[Floats, Floats]:
    """Matrix and offset of rows that name all variables of the design."""
    formula = parse_formula(fit.formula)
    known = {name for expr in formula.offset for name in names_in(expr)} <= set(rows.columns)
    offset = offset_of(formula, rows) if known else None
    return fit.design.matrix(rows), np.zeros(rows.height) if offset is None else offset


def _strata_variables(fit: CoxFit) -> tuple[str, ...]:
    strata = fit.design.strata
    return () if strata is None else tuple(dict.fromkeys(n for e in strata.values for n in names_in(e)))


def _profiles(fit: CoxFit, profile: Any, id: str | None) -> tuple[pl.DataFrame, bool]:
    """Give profiles all variables of the design, and tell whether they name their strata."""
    if isinstance(profile, Mapping):
        listed = {k: v for k, v in profile.items() if not isinstance(v, str) and np.ndim(v) == 1}
        sizes = {len(v) for v in listed.values()}
        if len(sizes) > 1:
            raise FitError("sequences of values must have one length", where="profile")
        n = sizes.pop() if sizes else 1
        frame = pl.DataFrame({k: list(listed.get(k, [v] * n)) for k, v in profile.items()}, strict=False)
        if not profile:
            frame = pl.DataFrame({"": [0]})
    else:
        frame = to_polars(profile)
    offsets = {n for e in parse_formula(fit.formula).offset for n in names_in(e)}
    known = {*fit.design.variables, *_strata_variables(fit), *offsets}
    if id is not None:
        if fit.entry is None:
            raise FitError("a path needs a model of (entry, exit] rows", where="id")
        for name in (id, fit.entry, fit.exit):
            if name not in frame.columns:
                raise FitError(f"the path has no column {name!r}", where="profile")
        known |= {id, fit.entry, fit.exit}
    if isinstance(profile, Mapping):
        for name in profile:
            if name not in known:
                raise FitError(
                    f"the model has no variable {name!r}",
                    where="profile",
                    remedy=nearest(name, sorted(known)),
                )
    strata = _strata_variables(fit)
    named = bool(strata) and set(strata) <= set(frame.columns)
    missing = {n: v for n, v in fit.design.defaults.items() if n not in frame.columns}
    filled = frame.with_columns(pl.lit(v).alias(n) for n, v in missing.items())
    typed = filled.with_columns(
        pl.col(n).cast(t) for n, t in fit.design.schema.items() if isinstance(t, pl.Enum | pl.Boolean)
    )
    return typed, named


def _curves(frame: pl.DataFrame, id: str | None) -> Iterator[tuple[Any, pl.DataFrame]]:
    if id is None:
        yield from ((i, frame[i]) for i in range(frame.height))
    else:
        for (who,), rows in frame.group_by(id, maintain_order=True):
            yield who, rows


def _in_strata(fit: CoxFit, rows: pl.DataFrame, *, named: bool) -> Iterator[tuple[Ints, pl.DataFrame]]:
    """Strata in which rows are predicted: their own, or each in turn."""
    strata = fit.design.strata
    if strata is None:
        yield np.zeros(rows.height, dtype=np.int64), rows
    elif named:
        yield strata.codes(rows), rows
    else:
        for s in range(len(strata.levels)):
            yield np.full(rows.height, s), _moved(fit, strata, rows, s)


def _moved(fit: CoxFit, strata: CategoryFactor, rows: pl.DataFrame, s: int) -> pl.DataFrame:
    """Rows in stratum s: variables that both make strata and interact with covariates take its level."""
    levels = {names: v for e, v in zip(strata.values, strata.levels[s], strict=True) for names in names_in(e)}
    return rows.with_columns(
        pl.lit(v).cast(fit.design.schema[n]).alias(n) for n, v in levels.items() if n in fit.design.defaults
    )


def _grid(fit: CoxFit, grid: pl.DataFrame, strata: Ints, times: ArrayLike | None) -> pl.DataFrame:
    """Choose the times to report, with the counts of the fitted rows at each, or since the time before."""
    own = grid.filter(pl.col("stratum") == int(strata[0])).drop("stratum")
    if times is None:
        return own
    wanted = np.sort(np.asarray(times, dtype=np.float64))
    exit = own["time"].to_numpy()
    n_risk = at_risk(fit, int(strata[0]), wanted)
    sums = [np.append(0.0, np.cumsum(own[name].to_numpy())) for name in ("n_event", "n_censor")]
    upto = np.searchsorted(exit, wanted, side="right")
    n_event, n_censor = (np.diff(s[upto], prepend=0.0) for s in sums)
    return pl.DataFrame({"time": wanted, "n_risk": n_risk, "n_event": n_event, "n_censor": n_censor})
