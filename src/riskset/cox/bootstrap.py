"""Bootstrap over persons: the fit again under multinomial counts of its persons.

No row is copied. A person drawn c times has c times the weight; rows of persons not drawn leave before tied
deaths are counted. The event times of the whole data stay, so that a replicate's index is a selection from the
fit's own, and Newton's method starts at the fit's estimate, two or three steps from the replicate's.

References
----------
Efron, B. & Tibshirani, R. (1993). An Introduction to the Bootstrap, chapters 6, 12 and 13.
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, section 8.2 (persons, not rows, are drawn).
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from riskset.cox.arrays import MatrixFit, codes
from riskset.cox.contrasts import normal_deviate
from riskset.cox.fit import CoxFit
from riskset.cox.penalised import maximum
from riskset.design import Design
from riskset.errors import FitError
from riskset.kernel import RiskRows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

# Squared step, in standard errors, after which the last step is made: it leaves an error of its square, far
# below what a thousand replicates can show.
SETTLED = 1e-6
# A coefficient whose last step still moves the linear predictor by this much across its range is on its way to
# infinity: each such step is about one, while a regular one is below a thousandth of a standard error by then.
RUNNING = 0.1
BATCH = 32  # replicates between two reports of progress


@dataclass(frozen=True, slots=True)
class Refit:
    """One fit of the bootstrap, as a statistic sees it.

    Attributes
    ----------
    names : tuple of str
        Of the coefficients.
    params : float array (p,)
        NaN where a column could not be estimated. A coefficient that runs off stands where its likelihood had
        levelled.
    design : Design
        Of the fit itself.
    """

    names: tuple[str, ...]
    params: Floats
    design: Design

    def log_hazard_ratio(self, a: Mapping[str, Any], b: Mapping[str, Any] | None = None) -> float:
        """Compare two profiles, named by variables and levels, as `CoxFit.contrast` does."""
        vector = self.design.row(a) - self.design.row(b or {})
        named = vector != 0
        return float(vector[named] @ self.params[named])


Statistic = Callable[[Refit], ArrayLike]


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Replicates of a statistic.

    Attributes
    ----------
    estimate : float array (q,)
        The statistic of the fit itself.
    replicates : float array (n, q)
        NaN where a replicate could not be fitted, or the statistic is not defined in it. Where the likelihood
        of a replicate has no maximum, as in a cell without events, a coefficient itself is infinite.
    status : tuple of str
        Of each replicate: "converged", "monotone likelihood", "aliased" (a column could not be estimated),
        "not converged", "no event".
    """

    estimate: Floats
    replicates: Floats
    status: tuple[str, ...]

    @property
    def counts(self) -> dict[str, int]:
        """How many replicates have each status."""
        return dict(Counter(self.status))

    @property
    def n_failed(self) -> int:
        """Replicates in which a part of the statistic is not defined."""
        return int(np.isnan(self.replicates).any(axis=1).sum())

    @property
    def std_error(self) -> Floats:
        """Standard deviation of the replicates that are defined and finite, shape (q,)."""
        finite = np.where(np.isfinite(self.replicates), self.replicates, np.nan)
        n = np.isfinite(finite).sum(axis=0)
        result = np.full(self.estimate.size, np.nan)
        some = n > 1
        result[some] = np.nanstd(finite[:, some], axis=0, ddof=1)
        return result

    def interval(self, level: float = 0.95, method: Literal["percentile", "normal"] = "percentile") -> Floats:
        """Confidence limits, shape (q, 2).

        Parameters
        ----------
        level : float
        method : {"percentile", "normal"}
            Quantiles of the replicates, infinite ones included; or the estimate and the standard error.
        """
        if method == "normal":
            z = normal_deviate(level)
            return self.estimate[:, None] + np.array([-z, z]) * self.std_error[:, None]
        if method != "percentile":
            raise FitError(f"method must be 'percentile' or 'normal', not {method!r}", where="interval")
        return np.array([percentile_limits(column, level) for column in self.replicates.T]).reshape(-1, 2)


def bootstrap(
    fit: CoxFit,
    statistic: Statistic | None = None,
    n: int = 1000,
    *,
    rng: np.random.Generator,
    by: str | None = None,
    progress: Callable[[int, int], None] | None = None,
    threads: int | None = None,
) -> Bootstrap:
    """Draw persons with replacement and fit again, keeping knots, levels and coding.

    Parameters
    ----------
    fit : CoxFit
    statistic : callable, optional
        Takes a `Refit` and returns a number or several; the coefficients themselves by default.
    n : int
        Number of replicates.
    rng : numpy Generator
        Source of the draws; the same state gives the same replicates, with any number of threads.
    by : str, optional
        Column of ``fit.data`` whose values are drawn; the fit's ``id`` by default, or its cluster, or rows
        where right-censored data name none.
    progress : callable, optional
        Called with the number of replicates done and n.
    threads : int, optional
        Number of processors by default.

    Returns
    -------
    Bootstrap

    Examples
    --------
    >>> import numpy as np
    >>> from riskset.cox import coxph
    >>> rng = np.random.default_rng(1)
    >>> rows = {"t": rng.exponential(1, 100), "d": [1] * 100, "x": rng.normal(size=100)}
    >>> fit = coxph("Surv(t, d) ~ x", rows)
    >>> boot = bootstrap(fit, lambda refit: np.exp(refit.log_hazard_ratio({"x": 2})), n=50, rng=rng)
    >>> boot.counts
    {'converged': 50}
    """
    matrix = fit.matrix
    if matrix.rows.index.exact:
        raise FitError("exact ties know no weights, so that persons cannot be drawn", where="bootstrap")
    if matrix.rows.fading is not None:
        raise FitError(
            "weights of a subdistribution hazard would have to be estimated anew in every replicate",
            where="bootstrap",
            remedy="Use the robust variance of riskset.fine_gray.",
        )
    person = _persons(fit, by)
    n_persons = int(person.max(initial=-1)) + 1
    kept = matrix.rows.index.kept
    person = person if kept is None else person[kept]
    workers = max(threads or os.cpu_count() or 1, 1)

    found: list[Floats] = []
    status: list[str] = []

    def refit(count: Ints) -> tuple[Floats, Bools, str]:
        return _refit(matrix, count[person])

    with ThreadPoolExecutor(workers) as pool:
        for batch in _batches(n):
            # Drawn here, in order, so that threads cannot change who is in which replicate.
            drawn = [_counts(n_persons, rng) for _ in batch]
            for params, runaway, state in pool.map(refit, drawn):
                found.append(_statistic(statistic, fit, params, runaway))
                status.append(state)
            if progress is not None:
                progress(len(status), n)
    own = _statistic(statistic, fit, fit.params, matrix.runaway)
    if any(f.shape != own.shape for f in found):
        raise FitError("the statistic has not always as many values", where="statistic")
    return Bootstrap(estimate=own, replicates=np.array(found).reshape(n, own.size), status=tuple(status))


def drawn_rows(rows: RiskRows, count: Ints) -> RiskRows | None:
    """Rows under weights multiplied by counts (n,), those of count zero left out; None if no event is left."""
    index = rows.index
    alive = np.flatnonzero(count)
    place = np.cumsum(count > 0) - 1
    there = count[index.death_row] > 0
    if not there.any():
        return None
    death_row = place[index.death_row[there]]
    weight = count[alive].astype(np.float64)
    if index.weight is not None:
        weight *= index.weight[alive]
    lo, hi = index.lo[alive], index.hi[alive]
    death_slot = hi[death_row]
    new = np.concatenate(([True], death_slot[1:] != death_slot[:-1]))
    first = np.flatnonzero(new)
    m = np.diff(first, append=death_row.size)
    death_weight = weight[death_row]
    fraction = np.zeros(death_row.size)
    if index.fraction.any():  # Efron's: j/m of those who are left
        fraction = (np.arange(death_row.size) - np.repeat(first, m)) / np.repeat(m, m)
    event_slot = death_slot[first].astype(np.int64)
    selected = replace(
        index,
        kept=None,
        lo=lo,
        hi=hi,
        weight=weight,
        death_row=death_row,
        death_weight=death_weight,
        event_slot=event_slot,
        event_time=index.event_time[np.searchsorted(index.event_slot, event_slot)],
        first_death=first,
        fraction=fraction,
        step_weight=np.repeat(np.add.reduceat(death_weight, first) / m, m),
    )
    return RiskRows(
        index=selected,
        given=rows.given[alive],
        centre=rows.centre,
        death_X=rows.death_X[there],
        offset=None if rows.offset is None else rows.offset[alive],
    )


def _refit(fit: MatrixFit, count: Ints) -> tuple[Floats, Bools, str]:
    """Coefficients under counts of rows, which of them run off, and the status."""
    p = fit.params.size
    none = np.zeros(p, dtype=np.bool_)
    rows = drawn_rows(fit.rows, count)
    if rows is None:
        return np.full(p, np.nan), none, "no event"
    # From a coefficient that has run off, a replicate in which it has not would not find back.
    start = np.where(fit.runaway, 0.0, fit.state.beta)
    try:
        top = maximum(rows, start, fit.penalty, settled=SETTLED)
    except FitError:
        return np.full(p, np.nan), none, "not converged"
    if not (top.converged or top.runaway.any()):
        return np.full(p, np.nan), none, "not converged"
    runaway = top.runaway | (np.abs(top.beta - top.state.beta) * np.ptp(rows.X, axis=0) > RUNNING)
    known = top.cholesky.independent | runaway
    params = np.where(known, top.beta, np.nan)
    if runaway.any():
        return params, runaway, "monotone likelihood"
    return params, none, "converged" if known[fit.independent].all() else "aliased"


def _statistic(statistic: Statistic | None, fit: CoxFit, params: Floats, runaway: Bools) -> Floats:
    if statistic is None:
        return np.where(runaway, np.sign(params) * np.inf, params) if runaway.any() else params
    with np.errstate(all="ignore"):
        value = statistic(Refit(fit.names, params, fit.design))
    return np.atleast_1d(np.asarray(value, dtype=np.float64)).ravel()


def _persons(fit: CoxFit, by: str | None) -> Ints:
    """Codes of whom the rows belong to."""
    column = by or fit.id or fit.cluster
    if column is not None:
        if column not in fit.data.columns:
            raise FitError(f"the fitted rows have no column {column!r}", where="by")
        return codes(fit.data[column].rank("dense").to_numpy())
    if fit.entry is not None:
        raise FitError(
            "to draw persons from (entry, exit] rows, it must be known whose they are",
            where="bootstrap",
            remedy="Fit with id=, or name the column with by=.",
        )
    return np.arange(fit.n_rows)


def _counts(n_persons: int, rng: np.random.Generator) -> Ints:
    """How often each person is drawn: multinomial, with as many draws as persons."""
    return np.bincount(rng.integers(n_persons, size=n_persons), minlength=n_persons)


def _batches(n: int) -> Iterator[range]:
    for a in range(0, n, BATCH):
        yield range(a, min(a + BATCH, n))


def percentile_limits(values: Floats, level: float) -> list[float]:
    """Quantiles of type 7 by order statistics, so that infinite replicates take their place.

    Examples
    --------
    >>> import numpy as np
    >>> percentile_limits(np.array([-np.inf, 0.0, 1.0, 2.0, np.inf]), 0.90)
    [-inf, inf]
    """
    normal_deviate(level)  # refuses what is no level
    ordered = np.sort(values[~np.isnan(values)])
    if ordered.size == 0:
        return [np.nan, np.nan]
    limits: list[float] = []
    for q in (0.5 - level / 2, 0.5 + level / 2):
        position = q * (ordered.size - 1)
        k = int(position)
        low, high = float(ordered[k]), float(ordered[min(k + 1, ordered.size - 1)])
        part = position - k
        # From minus infinity every way is endless: minus infinity plus a share of infinity would be no number.
        limits.append(low if part == 0 or low in {high, -np.inf} else low + part * (high - low))
    return limits
