"""The cumulative baseline hazard of each stratum, and what profiles and paths of covariates make of it.

At x = means the increments of the hazard are those of the ties method: sum_j wbar / den_kj, Efron's steps under
Efron's ties, the weights in numerator and denominator alike. For risk e and centred covariates z,

    cumulative hazard   e H(t)
    variance            e^2 [ sum_j wbar / den_kj^2 summed to t + c' V c ],  c = z H(t) - G(t)

where G sums wbar xbar_kj / den_kj and V is the variance of beta. Along a path of covariates hazard and c add up
over its pieces, and so does the first part of the variance; c' V c is taken of the whole sum.

References
----------
Tsiatis, A. A. (1981). A large sample study of Cox's regression model. Annals of Statistics 9, 93-108.
Therneau, T. & Grambsch, P. (2000). Modeling Survival Data, section 10.2.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.robust import at_estimate, event_means
from riskset.design.factors import label
from riskset.kernel import EventTimeIndex, cumulative_hazard
from riskset.kernel.index import TIMEFIX

if TYPE_CHECKING:
    from riskset.cox.fit import CoxFit

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Baseline:
    """Cumulative sums over the event times, at the slots of the index.

    Attributes
    ----------
    index : EventTimeIndex
    hazard, variance : float arrays (slots,)
    g : float array (slots, p)
        Hazard-weighted means of the centred covariates.
    means : float array (p,)
        What covariates are centred at.
    shift : float
        Risks are exp(x'beta + offset - shift), so that none overflows.
    beta : float array (p,)
        Zero at coefficients that were not estimated.
    """

    index: EventTimeIndex
    hazard: Floats
    variance: Floats
    g: Floats
    means: Floats
    shift: float
    beta: Floats

    def risk(self, X: Floats, offset: Floats | float = 0.0) -> Floats:
        """Risk of profiles (n, p) relative to the shifted baseline, shape (n,)."""
        return np.exp((X - self.means) @ self.beta + offset - self.shift)

    def slot(self, time: Floats, stratum: Ints) -> Ints:
        """Slot of the last event time of its stratum at or before each time, within R's tolerance."""
        index = self.index
        times = np.unique(index.event_time)
        of_event = np.searchsorted(index.base, index.event_slot, side="right") - 1
        width = times.size + 1
        keys = of_event * width + np.searchsorted(times, index.event_time) + 1
        near = time + TIMEFIX * max(1.0, float(np.abs(times).mean())) if times.size else time
        key = stratum * width + np.searchsorted(times, near, side="right")
        return np.searchsorted(keys, key, side="right") + stratum


def baseline_of(fit: CoxFit) -> Baseline:
    """Cumulative baseline hazard of a fit, at the means that its matrix was centred at."""
    matrix = fit.matrix
    rows, index = matrix.rows, matrix.rows.index
    state = at_estimate(rows, matrix.state, matrix.params)
    means = event_means(rows, state)

    def summed(increments: Floats) -> Floats:
        total = cumulative_hazard(index, increments)
        # Strata in which only rows of weight zero stand have a base slot too, without events.
        n_strata = 1 if fit.design.strata is None else len(fit.design.strata.levels)
        return np.concatenate((total, np.zeros((n_strata - index.base.size + 1, *total.shape[1:]))))

    return Baseline(
        index=index,
        hazard=summed(state.h),
        variance=summed(means.variance),
        g=summed(means.g),
        means=matrix.means,
        shift=state.moments.shift,
        beta=np.nan_to_num(fit.params),
    )


def reference_means(X: Floats, weight: Floats | None) -> Floats:
    """Weighted means of columns, but 0 for those that only take values among -1, 0 and 1, as R centres."""
    means = np.average(X, axis=0, weights=weight)
    plain = [j for j in range(X.shape[1]) if np.isin(X[:, j], (-1.0, 0.0, 1.0)).all()]
    means[plain] = 0.0
    return means


def strata_of(fit: CoxFit) -> Ints:
    """Stratum of each fitted row, 0 where there is one."""
    strata = fit.design.strata
    return np.zeros(fit.n_rows, dtype=np.int64) if strata is None else strata.codes(fit.data)


def strata_labels(fit: CoxFit) -> list[str]:
    """Name of each stratum, such as ``sex=f, centre=2``; one empty name where there are none."""
    strata = fit.design.strata
    if strata is None:
        return [""]
    return [
        ", ".join(f"{label(e)}={v}" for e, v in zip(strata.values, level, strict=True))
        for level in strata.levels
    ]


def exits(fit: CoxFit) -> pl.DataFrame:
    """Count, at each distinct exit time of each stratum, rows at risk, events and other exits, all weighted.

    Returns
    -------
    polars DataFrame
        stratum, time, n_risk, n_event, n_censor; exits that tie but for rounding are one.
    """
    exit = fit.data[fit.exit].cast(pl.Float64).to_numpy()
    event = fit.data[fit.event].to_numpy()
    weight = np.ones(exit.size)
    if fit.weights is not None:
        weight = fit.data[fit.weights].cast(pl.Float64).to_numpy()
    stratum = strata_of(fit)
    entry = None if fit.entry is None else fit.data[fit.entry].cast(pl.Float64).to_numpy()
    times, place = distinct_times(exit, entry)
    width = times.size + 1
    key = stratum * width + place[: exit.size] + 1
    found, at = np.unique(key, return_inverse=True)
    leaving = np.bincount(at, weights=weight)
    n_event = np.bincount(at, weights=weight * event)
    n_censor = np.bincount(at, weights=weight * ~event)
    of = found // width
    last = np.concatenate((np.flatnonzero(np.diff(of)), [found.size - 1]))
    # At risk: those who leave at the time or later, less those who have not entered before it.
    change = leaving.copy()
    if entry is not None:
        after = np.searchsorted(found, stratum * width + place[exit.size :] + 1, side="right") - 1
        first = np.concatenate(([0], last[:-1] + 1))
        inside = after >= first[np.searchsorted(of[last], stratum)]
        np.subtract.at(change, after[inside], weight[inside])
    running = np.cumsum(change[::-1])[::-1]
    beyond = np.append(running, 0.0)[last + 1]
    n_risk = running - np.repeat(beyond, np.diff(last, prepend=-1))
    return pl.DataFrame(
        {
            "stratum": of,
            "time": times[found % width - 1],
            "n_risk": n_risk,
            "n_event": n_event,
            "n_censor": n_censor,
        }
    )


def at_risk(fit: CoxFit, stratum: int, times: Floats) -> Floats:
    """Weighted number of fitted rows of a stratum with entry < t <= exit, at any times."""
    inside = np.flatnonzero(strata_of(fit) == stratum)
    weight = np.ones(inside.size)
    if fit.weights is not None:
        weight = fit.data[fit.weights].cast(pl.Float64).to_numpy()[inside]

    def later(column: str) -> Floats:
        """Weight of the rows whose time is at t or later."""
        time = fit.data[column].cast(pl.Float64).to_numpy()[inside]
        order = np.argsort(time, kind="stable")
        upto = np.concatenate(([0.0], np.cumsum(weight[order])))
        return upto[-1] - upto[np.searchsorted(time[order], times, side="left")]

    return later(fit.exit) - (0.0 if fit.entry is None else later(fit.entry))


def distinct_times(exit: Floats, entry: Floats | None) -> tuple[Floats, Ints]:
    """Distinct times, those within R's tolerance as their smallest, and the place of each exit, then entry."""
    every = exit if entry is None else np.concatenate((exit, entry))
    times, place = np.unique(every, return_inverse=True)
    finite = times[np.isfinite(times)]
    gap = np.diff(times)
    with np.errstate(invalid="ignore"):
        new = ~((gap <= TIMEFIX) | (gap / np.abs(finite).mean() <= TIMEFIX))
    group = np.concatenate(([0], np.cumsum(new)))
    return times[np.concatenate(([True], new))], group[place.ravel()]


def baseline_hazard(fit: CoxFit, *, centered: bool = True) -> pl.DataFrame:
    """Cumulative baseline hazard at every distinct exit time, per stratum, as R's ``basehaz``.

    Parameters
    ----------
    fit : CoxFit
    centered : bool
        At the means of the covariates, where R centres them: 0 for a column of values among -1, 0 and 1.
        Otherwise at covariates 0. The offset is 0 in both.

    Returns
    -------
    polars DataFrame
        stratum (if the fit has strata), time, hazard.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"t": [9, 1, 1, 6, 6, 8], "d": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
    >>> fit = coxph("Surv(t, d) ~ x", rows, ties="breslow", max_iterations=0)
    >>> baseline_hazard(fit)["hazard"].round(4).to_list()
    [0.1667, 0.6667, 0.6667, 1.6667]
    """
    base, grid = baseline_of(fit), exits(fit)
    at = np.zeros(base.beta.size)
    if centered and at.size:
        weight = None if fit.weights is None else fit.data[fit.weights].cast(pl.Float64).to_numpy()
        at = reference_means(fit.design.matrix(fit.data), weight)
    slot = base.slot(grid["time"].to_numpy(), grid["stratum"].to_numpy())
    result = grid.select("time").with_columns(hazard=base.risk(at[None, :])[0] * base.hazard[slot])
    if fit.design.strata is None:
        return result
    labels = np.array(strata_labels(fit))[grid["stratum"].to_numpy()]
    return result.select(pl.Series("stratum", labels), "time", "hazard")
