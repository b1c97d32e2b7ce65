"""Standardised risks of bootstrap replicates: persons are drawn, models fitted again, and the drawn persons averaged.

A replicate needs the mean over persons of exp(-r_i h) at every event time, a product of as many numbers as there are
persons and event times. But it is a function of h alone, the Laplace transform of the risks, and so smooth that its
values at m Chebyshev nodes give it to 1e-10 everywhere: exp(-c x) on [0, 1] needs about the root of 23 c of them, c
the largest cumulative hazard of anyone. With two causes the mean of r_i exp(-r_i h - s_i g) is a function of h and g,
and its values at m x m nodes are one matrix product; the risk is its integral along the steps of h, by Gauss's rule.

References
----------
Trefethen, L. N. (2013). Approximation Theory and Approximation Practice, chapters 4 and 8.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from riskset.cox.bootstrap import SETTLED, drawn_rows
from riskset.cox.penalised import maximum
from riskset.effects.standardise_cohort import Cause, Cohort
from riskset.effects.standardise_estimate import DIGITS, SPARE, Path, blocks, grid_of, increments
from riskset.errors import FitError
from riskset.kernel import cumulative_hazard, evaluate

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

MOST_NODES: Final = 400
PERSONS: Final = 1 << 13  # taken at once, so that their exponentials stay in cache
BATCH: Final = 32  # replicates between two reports of progress
GAUSS, GAUSS_WEIGHT = np.polynomial.legendre.leggauss(5)
TWO: Final = 2


@dataclass(frozen=True, slots=True)
class Replicates:
    """Risk and time lost in bootstrap replicates.

    Attributes
    ----------
    values : float array (replicates, values, 2, times)
        NaN where a replicate could not be fitted, or a coefficient that it rests on could not be estimated.
    counts : dict of str to int
        How many replicates have each status.
    """

    values: Floats
    counts: dict[str, int]


def replicates(
    cohort: Cohort,
    times: Floats,
    n: int,
    rng: np.random.Generator,
    *,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> Replicates:
    """Draw persons with replacement, fit every cause again, and standardise over the persons drawn."""
    persons = cohort.weight.size
    grid = grid_of(cohort, times)
    at = np.searchsorted(grid, times)
    found: list[Floats] = []
    status: list[str] = []

    def replicate(count: Ints) -> tuple[Floats, str]:
        return _replicate(cohort, grid, at, count)

    with ThreadPoolExecutor(max(threads or os.cpu_count() or 1, 1)) as pool:
        for batch in _batches(n):
            # Drawn here, in order, so that threads cannot change who is in which replicate.
            drawn = [np.bincount(rng.integers(persons, size=persons), minlength=persons) for _ in batch]
            for values, state in pool.map(replicate, drawn):
                found.append(values)
                status.append(state)
            if progress is not None:
                progress(len(status), n)
    return Replicates(np.array(found), dict(Counter(status)))


def _batches(n: int) -> Iterator[range]:
    for a in range(0, n, BATCH):
        yield range(a, min(a + BATCH, n))


def _replicate(cohort: Cohort, grid: Floats, at: Ints, count: Ints) -> tuple[Floats, str]:
    nothing = np.full((len(cohort.values), 2, at.size), np.nan)
    refits = [_refit(cause, count) for cause in cohort.causes]
    for refit in refits:
        if isinstance(refit, str):
            return nothing, refit
    weight = cohort.weight * count
    weight = weight / weight.sum()
    steps = [
        increments(c, r.hazard, grid)
        for c, r in zip(cohort.causes, refits, strict=True)
        if not isinstance(r, str)
    ]
    out = np.empty_like(nothing)
    for v in range(nothing.shape[0]):
        risks = [r.risk(c, v) for c, r in zip(cohort.causes, refits, strict=True) if not isinstance(r, str)]
        if not all(np.isfinite(r).all() for r in risks):
            return nothing, "not converged"
        F = mean_risk(cohort, grid, v, weight, risks, steps)
        lost = np.append(0.0, np.cumsum(F[:-1] * np.diff(grid)))
        out[v] = F[at], lost[at]
    return out, "monotone likelihood" if any(
        r.runaway for r in refits if not isinstance(r, str)
    ) else "converged"


@dataclass(frozen=True, slots=True)
class _Refit:
    beta: Floats
    hazard: Floats
    shift: float
    runaway: bool

    def risk(self, cause: Cause, v: int) -> Floats:
        with np.errstate(over="ignore"):
            return np.exp((cause.X[v] - cause.base.means) @ self.beta + cause.offset[v] - self.shift)


def _refit(cause: Cause, count: Ints) -> _Refit | str:
    """Fit a cause to the persons drawn; the status where that gives no risk."""
    fit = cause.fit.matrix
    rows = drawn_rows(fit.rows, count[cause.person])
    if rows is None:
        return "no event"
    try:
        top = maximum(rows, np.where(fit.runaway, 0.0, fit.state.beta), fit.penalty, settled=SETTLED)
    except FitError:
        return "not converged"
    if not (top.converged or top.runaway.any()):
        return "not converged"
    known = top.cholesky.independent | top.runaway
    if not known[fit.independent].all():
        return "aliased"  # a level that nobody drawn has: the risk under it is not known
    beta = np.where(known, top.beta, 0.0)
    state = evaluate(rows, beta)
    hazard = cumulative_hazard(rows.index, state.h)
    missing = cause.base.hazard.size - hazard.size
    return _Refit(beta, np.append(hazard, np.zeros(missing)), state.moments.shift, bool(top.runaway.any()))


def mean_risk(
    cohort: Cohort, grid: Floats, v: int, weight: Floats, risks: list[Floats], steps: list[Floats]
) -> Floats:
    """Weighted mean over persons of the risk of the first cause, at the grid.

    Parameters
    ----------
    cohort : Cohort
    grid : float array (D,)
    v : int
        Position of the exposure's value.
    weight : float array (n,)
        Adds up to one.
    risks : list of float arrays (n,)
        Of each cause.
    steps : list of float arrays (strata, D)
        Increments of each cause's baseline hazard.
    """
    if cohort.paths is None and len(risks) <= TWO:
        total = np.zeros(grid.size)
        for pattern, everyone in cohort.groups[v]:
            mine = everyone[weight[everyone] > 0]
            if not mine.size:
                continue
            own = [r[mine] for r in risks]
            hazards = [step[s] for step, s in zip(steps, pattern, strict=True)]
            part = (
                _one_cause(weight[mine], own[0], hazards[0])
                if len(own) == 1
                else _two_causes(weight[mine], own, hazards)
            )
            if part is None:
                break
            total += part
        else:
            return total
    total = np.zeros(grid.size)
    for block in blocks(cohort, grid, v, risks, steps):
        total += weight[block.persons] @ Path.of(block.hazards, grid).F
    return total


def _nodes(risk: Floats, top: float) -> int:
    return int(np.ceil(np.sqrt(DIGITS * top * float(risk.max(initial=0.0))))) + SPARE


def _one_cause(weight: Floats, risk: Floats, step: Floats) -> Floats | None:
    """Mean of 1 - exp(-r H) at the cumulative sums of the steps."""
    H = np.cumsum(step)
    m = _nodes(risk, float(H[-1]))
    if m > MOST_NODES:
        return None
    where = (chebyshev.chebpts1(m) + 1) / 2 * H[-1]
    survival = np.zeros(m)
    for a in range(0, risk.size, PERSONS):
        part = slice(a, a + PERSONS)
        survival += np.exp(-where[:, None] * risk[part]) @ weight[part]
    coefficients = chebyshev.chebfit(chebyshev.chebpts1(m), survival, m - 1)
    fitted = chebyshev.chebvander(_scaled(H, float(H[-1])), m - 1) @ coefficients
    return (float(weight.sum()) - fitted).astype(np.float64)


def _two_causes(weight: Floats, risks: list[Floats], steps: list[Floats]) -> Floats | None:
    """Integral of the mean of r exp(-r h - s g) along the steps of both hazards."""
    tops = [float(step.sum()) for step in steps]
    m = [_nodes(risk, top) for risk, top in zip(risks, tops, strict=True)]
    if max(m) > MOST_NODES:
        return None
    points = [chebyshev.chebpts1(k) for k in m]
    where = [(x + 1) / 2 * top for x, top in zip(points, tops, strict=True)]
    values = np.zeros(m)
    for a in range(0, weight.size, PERSONS):
        part = slice(a, a + PERSONS)
        left = np.exp(-where[0][:, None] * risks[0][part]) * (weight[part] * risks[0][part])
        values += left @ np.exp(-where[1][:, None] * risks[1][part]).T
    fits = [np.linalg.inv(chebyshev.chebvander(x, x.size - 1)) for x in points]
    coefficients = fits[0] @ values @ fits[1].T
    moving = np.flatnonzero(steps[0])
    before = [np.cumsum(step) - step for step in steps]
    gained = np.zeros(moving.size)
    for u, w in zip((GAUSS + 1) / 2, GAUSS_WEIGHT / 2, strict=True):
        at = [
            _scaled(b[moving] + u * step[moving], top)
            for b, step, top in zip(before, steps, tops, strict=True)
        ]
        base = [chebyshev.chebvander(x, k - 1) for x, k in zip(at, m, strict=True)]
        gained += w * ((base[0] @ coefficients) * base[1]).sum(axis=1)
    risk = np.zeros(steps[0].size)
    risk[moving] = gained * steps[0][moving]
    return np.cumsum(risk)


def _scaled(h: Floats, top: float) -> Floats:
    return 2 * h / top - 1 if top > 0 else np.full(h.size, -1.0)
