"""Trends over ordered categories of an exposure: hazard ratios by category, the test of a slope, and of departures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit, coxph, wald_test
from riskset.cox.contrasts import estimable, normal_deviate
from riskset.cox.hypotheses import Test
from riskset.cox.inference import likelihood_ratio
from riskset.cox.penalties import Firth
from riskset.cox.splitting import has_time_terms
from riskset.design import parse, parse_formula, render
from riskset.design.grammar import Expr, Name, names_in, rewrite
from riskset.effects.exposure_range import weighted_percentile
from riskset.effects.profiles import (
    Level,
    label_of,
    levels_of,
    person_time,
    require_fixed,
    require_held,
    require_level,
    require_variable,
)
from riskset.effects.trend_result import DoseCategory, Trend, TrendStratum
from riskset.errors import FitError

Floats = NDArray[np.float64]
Scores = Literal["median", "rank"] | Sequence[float]

GROUPS, SCORE = "groups", "score"
LEAST: Final = 2  # categories


def trend(
    fit: CoxFit,
    variable: str,
    by: str | None = None,
    *,
    cuts: int | Sequence[float] | None = None,
    scores: Scores | None = None,
    reference: Level | None = None,
    at: Mapping[str, object] | None = None,
    level: float = 0.95,
) -> Trend:
    """Hazard ratio of each ordered category of an exposure, with the test of a trend over their scores.

    The model is fitted again twice on the same rows: with the exposure in categories, and with each category's
    score in its place. The trend is the slope on the score, the log hazard ratio for one unit of it; the test of
    departures asks whether the categories lie on a straight line over their scores. "Trend" is a claim that rests on
    the first, "linear" on the second.

    Parameters
    ----------
    fit : CoxFit
        A fitted model that holds the exposure, in any form; its other terms stay as they are.
    variable : str
        Continuous, or a category whose levels are in order.
    by : str, optional
        Categorical modifier that the model lets the exposure interact with.
    cuts : int or sequence of float, optional
        For a continuous exposure: the number of groups, cut at percentiles of person-time (4 by default), or the
        cut-points; a value at a cut-point belongs to the group above it.
    scores : {"median", "rank"} or sequence of float, optional
        Of the categories in order: the median over the person-time in each (default for a continuous exposure),
        1, 2, 3, ... (default for a category), or given.
    reference : float or level, optional
        A value in the reference group, or the reference level; the lowest by default.
    at : mapping, optional
        Values of further variables that the effect depends on.
    level : float
        Of the Wald limits.

    Returns
    -------
    Trend

    Raises
    ------
    FitError
        A variable is not in the model, or a group would be empty.

    References
    ----------
    Greenland 1995, Epidemiology 6, 356-365: on the choice of categories and scores, and what a trend can hide.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [5, 3, 8, 1, 9, 4, 7, 2, 6, 10], "d": [1, 1, 0, 1, 1, 1, 0, 1, 1, 1],
    ...         "mg": [2.6, 2.1, 2.8, 1.9, 2.2, 2.4, 3.0, 2.5, 2.7, 2.9]}
    >>> found = trend(coxph("Surv(t, d) ~ mg", rows), "mg", cuts=[2.3, 2.65])
    >>> [(c.label, c.score, round(c.hazard_ratio, 2)) for c in found.strata[0].categories]
    [('< 2.3', 2.2, 1.0), ('2.3 to < 2.65', 2.5, 1.65), ('≥ 2.65', 2.9, 0.14)]
    """
    normal_deviate(level)  # refuses what is no level
    require_variable(fit, variable)
    if by == variable:
        raise FitError("exposure and modifier are one variable", where="by")
    free = (variable,) if by is None else (variable, by)
    held = require_held(fit, free, at or {})
    require_fixed(fit, free, held)
    if by is not None and not any({variable, by} <= set(t.variables) for t in fit.design.terms):
        raise FitError(
            f"the model holds no interaction of {variable!r} and {by!r}, so that all trends are one",
            remedy=f"Fit it with the exposure's term * {by}, or leave out by={by!r}.",
        )
    if has_time_terms(parse_formula(fit.formula)):
        raise FitError("a trend over categories is not available beside tt()", where="formula")
    if fit.matrix.penalty is not None and not isinstance(fit.matrix.penalty, Firth):
        raise FitError("a trend over categories is not available under a ridge", where="penalty")
    strata: tuple[Level | None, ...] = (None,) if by is None else levels_of(fit, by)
    time = person_time(fit)
    if variable in fit.design.levels:
        if cuts is not None:
            raise FitError(f"{variable!r} is already in categories", remedy="Leave out cuts.")
        ordered = fit.design.levels[variable]
        names = [label_of(v) for v in ordered]
        codes = np.array([names.index(label_of(v)) for v in fit.data[variable].to_list()])
        edges: list[tuple[float, float]] = [(np.nan, np.nan)] * len(names)
        first = 0 if reference is None else ordered.index(require_level(variable, reference, ordered))
        worth = _scores(scores or "rank", None, codes, time, len(names))
    else:
        values = fit.data[variable].cast(pl.Float64).to_numpy()
        points = cut_points(values, time, 4 if cuts is None else cuts)
        codes = np.searchsorted(points, values, side="right")
        bounds = [-np.inf, *points, np.inf]
        edges = list(pairwise(bounds))
        names = [group_label(low, high) for low, high in edges]
        first = 0 if reference is None else int(np.searchsorted(points, _number(reference), side="right"))
        worth = _scores(scores or "median", values, codes, time, len(names))
    empty = [name for k, name in enumerate(names) if not (codes == k).any()]
    if empty:
        raise FitError(
            f"no row lies in the group {empty[0]!r}", where=variable, remedy="Choose other cut-points."
        )

    order = [first, *(k for k in range(len(names)) if k != first)]
    groups, score = _free_name(fit, variable, GROUPS), _free_name(fit, variable, SCORE)
    data = fit.data.with_columns(
        pl.Series(groups, [names[k] for k in codes], dtype=pl.Enum([names[k] for k in order])),
        pl.Series(score, np.array(worth)[codes]),
    )
    in_groups, in_scores = (_again(fit, variable, name, data) for name in (groups, score))

    found: list[TrendStratum] = []
    slopes: list[Floats] = []
    for k in strata:
        inside = np.ones(codes.size, dtype=np.bool_) if k is None else (fit.data[by or ""] == k).to_numpy()
        where = held if k is None else {**held, by or "": k}
        base = in_groups.design.row({**where, groups: names[first]})
        vectors = np.array([in_groups.design.row({**where, groups: n}) - base for n in names])
        slope = in_scores.design.row({**where, score: 1.0}) - in_scores.design.row({**where, score: 0.0})
        slopes.append(slope)
        found.append(
            _stratum(
                fit,
                in_groups,
                in_scores,
                k,
                inside,
                codes,
                time,
                names,
                edges,
                worth,
                first,
                vectors,
                slope,
                level,
            )
        )
    apart = None
    if len(found) > 1 and all(s.slope is not None for s in found):
        apart = wald_test(in_scores, np.array(slopes[1:]) - slopes[0])
    return Trend(
        variable=variable,
        by=by,
        scores=tuple(worth),
        reference=names[first],
        reference_score=worth[first],
        strata=tuple(found),
        interaction=apart,
        level=level,
        variance="robust" if fit.robust else "model-based",
        grouped=in_groups,
        scored=in_scores,
    )


def cut_points(values: Floats, weights: Floats, cuts: int | Sequence[float]) -> Floats:
    """Cut-points as given, or at percentiles of the weight that make groups of about the same size.

    Examples
    --------
    >>> import numpy as np
    >>> cut_points(np.arange(1.0, 9.0), np.ones(8), 4)
    array([3., 5., 7.])
    """
    if not isinstance(cuts, int):
        points = np.asarray(cuts, dtype=np.float64)
        if not points.size or not np.isfinite(points).all() or (np.diff(points) <= 0).any():
            raise FitError("cut-points are finite numbers, increasing", where="cuts")
        return points
    if cuts < LEAST:
        raise FitError(f"cuts must be {LEAST} groups or more", where="cuts")
    # the first value beyond each share, so that a group holds the values below its upper cut-point
    distinct = np.unique(values)
    reached = [weighted_percentile(values, weights, 100.0 * k / cuts) for k in range(1, cuts)]
    above = [distinct[np.searchsorted(distinct, v, side="right")] for v in reached if v < distinct[-1]]
    points = np.unique(above)
    if points.size < cuts - 1:
        raise FitError(
            f"tied values leave {points.size + 1} groups of {cuts}",
            where="cuts",
            remedy="Give the cut-points.",
        )
    return points


def group_label(low: float, high: float) -> str:
    """Name a group by its ends; the lower one belongs to it.

    Examples
    --------
    >>> [group_label(*ends) for ends in ((-np.inf, 2.2), (2.2, 2.6), (2.6, np.inf))]
    ['< 2.2', '2.2 to < 2.6', '≥ 2.6']
    """
    if np.isinf(low):
        return f"< {high:.6g}"
    return f"≥ {low:.6g}" if np.isinf(high) else f"{low:.6g} to < {high:.6g}"


def _scores(
    wish: Scores, values: Floats | None, codes: NDArray[np.int64], time: Floats, n: int
) -> list[float]:
    if isinstance(wish, str):
        if wish == "rank":
            return [float(k + 1) for k in range(n)]
        if wish != "median" or values is None:
            raise FitError(
                "scores are 'median' (of a continuous exposure), 'rank', or numbers", where="scores"
            )
        return [
            weighted_percentile(values[codes == k], time[codes == k], 50.0) if (codes == k).any() else np.nan
            for k in range(n)
        ]
    given = [float(v) for v in wish]
    if len(given) != n or len(set(given)) < LEAST:
        raise FitError(f"{n} scores are needed, one for each category, not all the same", where="scores")
    return given


def _again(fit: CoxFit, variable: str, name: str, data: pl.DataFrame) -> CoxFit:
    """Fit the same model with another column in place of the factors that read the variable."""
    gone = {f.expr for f in fit.design.factors if variable in names_in(f.expr)}

    def change(expr: Expr) -> Expr | None:
        return Name(name) if expr in gone else None

    others = {v for f in fit.design.factors if f.expr in gone for v in names_in(f.expr)} - {variable}
    if others:
        raise FitError(
            f"a term computes with {variable!r} and {sorted(others)[0]!r} together", where="formula"
        )
    return coxph(
        render(rewrite(parse(fit.formula), change)),
        data,
        id=fit.id,
        ties=fit.ties,
        weights=fit.weights,
        cluster=fit.cluster,
        robust=fit.robust,
        penalty=fit.matrix.penalty if isinstance(fit.matrix.penalty, Firth) else None,
    )


def _stratum(
    fit: CoxFit,
    in_groups: CoxFit,
    in_scores: CoxFit,
    k: Level | None,
    inside: NDArray[np.bool_],
    codes: NDArray[np.int64],
    time: Floats,
    names: list[str],
    edges: list[tuple[float, float]],
    worth: list[float],
    first: int,
    vectors: Floats,
    slope: Floats,
    level: float,
) -> TrendStratum:
    event = fit.data[fit.event].cast(pl.Int64).to_numpy()
    known = estimable(in_groups, vectors)
    categories: list[DoseCategory] = []
    for j, name in enumerate(names):
        mine = inside & (codes == j)
        c = in_groups.combine(vectors[j], level=level) if known[j] and mine.any() else None
        categories.append(
            DoseCategory(
                label=name,
                low=edges[j][0],
                high=edges[j][1],
                score=worth[j],
                reference=j == first,
                hazard_ratio=None if c is None else c.hazard_ratio,
                lower=None if c is None or j == first else c.lower,
                upper=None if c is None or j == first else c.upper,
                p=None if c is None or j == first else c.p,
                n_persons=_persons(fit, mine),
                n_rows=int(mine.sum()),
                n_events=int(event[mine].sum()),
                person_time=float(time[mine].sum()),
            )
        )
    steep = in_scores.combine(slope, level=level) if estimable(in_scores, slope[None, :]).all() else None
    ratio = None
    if steep is not None and not fit.robust:
        ratio = likelihood_ratio(in_scores, slope)
    return TrendStratum(
        level=k,
        categories=tuple(categories),
        slope=steep,
        wald=None if steep is None else wald_test(in_scores, slope),
        likelihood_ratio=ratio,
        departure=_departure(in_groups, vectors[known], np.array(worth)[known]),
        n_persons=_persons(fit, inside),
    )


def _persons(fit: CoxFit, rows: NDArray[np.bool_]) -> int | None:
    if fit.id is not None:
        return fit.data.filter(pl.Series(rows))[fit.id].n_unique()
    return int(rows.sum()) if fit.entry is None else None


def _departure(in_groups: CoxFit, vectors: Floats, worth: Floats) -> Test | None:
    """Test that the categories lie on a straight line over their scores."""
    low, high = int(np.argmin(worth)), int(np.argmax(worth))
    if worth.size <= LEAST or worth[low] == worth[high]:
        return None
    share = ((worth - worth[low]) / (worth[high] - worth[low]))[:, None]
    apart = vectors - (1.0 - share) * vectors[low] - share * vectors[high]
    return wald_test(in_groups, np.delete(apart, [low, high], axis=0))


def _free_name(fit: CoxFit, variable: str, what: str) -> str:
    name = f"{variable} ({what})"
    while name in fit.data.columns:
        name += "'"
    return name


def _number(value: Any) -> float:
    if isinstance(value, bool | str):
        raise FitError(
            "the reference of a continuous exposure is a number in the reference group", where="reference"
        )
    return float(value)
