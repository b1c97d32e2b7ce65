"""Mean cumulative function: how many events a person has had by each time, with robust limits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.curves.limits import normal_quantile
from riskset.curves.rows import cells_of, listed, named_in, read_rows, require_groups
from riskset.curves.stays import Stays, at_risk_at, scale_of, stays_of, weights_of
from riskset.errors import DesignError
from riskset.kernel.product_limit import Change, Grid, grid_of, sums_of_squares

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
ConfType = Literal["log", "plain"]


@dataclass(frozen=True, eq=False)
class MeanCumulativeEstimate:
    """The curve of one group: a step function that starts at 0.

    Attributes
    ----------
    label : str
    levels : dict
        Grouping columns and their values.
    time : ndarray (T,)
        Distinct times at which a row ends.
    n_risk, n_event : ndarray (T,)
        At risk just before, and events at each time (summed weights).
    mean : ndarray (T,)
        Expected number of events of a person by then.
    std_error, lower, upper : ndarray (T,)
    n_persons, n_rows : int
    n_events, person_time : float
    dispersion : float
        Sum over persons of (events - expected)^2 over the sum of expected: 1 under a Poisson process with one rate
        for all.
    frailty_variance : float
        Moment estimate of phi where persons' rates vary by a factor of mean 1 and variance phi, so that counts have
        the variance mu + phi mu^2 of the negative binomial: sum of (events - expected)^2 - expected over the sum
        of expected^2. Below 0 where counts vary less than Poisson's.
    """

    label: str
    levels: dict[str, object]
    time: Floats
    n_risk: Floats
    n_event: Floats
    mean: Floats
    std_error: Floats
    lower: Floats
    upper: Floats
    n_persons: int
    n_rows: int
    n_events: float
    person_time: float
    dispersion: float
    frailty_variance: float
    stays: Stays = field(repr=False)

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """Look the curve up: time, n_risk, mean, std_error, lower, upper; null beyond the last time observed."""
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        step = np.searchsorted(self.time, when, side="right")
        gone = when > self.time[-1]

        def look(values: Floats) -> pl.Series:
            return pl.Series(np.where(gone, np.nan, np.concatenate([[0.0], values])[step])).fill_nan(None)

        found = {c: look(getattr(self, c)) for c in ("mean", "std_error", "lower", "upper")}
        return pl.DataFrame({"time": when, "n_risk": self.at_risk(when)} | found)

    def at_risk(self, times: ArrayLike) -> Floats:
        """Count (or sum the weights of) the persons at risk just before each time."""
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        return at_risk_at(self.stays.entered, self.stays.exit, self.stays.weight, when)


@dataclass(frozen=True, eq=False)
class MeanCumulative:
    """Mean cumulative functions of one recurrent event by groups."""

    groups: tuple[MeanCumulativeEstimate, ...]
    by: tuple[str, ...]
    event: str
    unit: str | None
    conf_type: str
    level: float

    def frame(self) -> pl.DataFrame:
        """Tabulate all curves: group, time, n_risk, n_event, mean, std_error, lower, upper."""
        columns = ("time", "n_risk", "n_event", "mean", "std_error", "lower", "upper")
        return pl.concat(
            pl.DataFrame({"group": [g.label] * g.time.size} | {c: getattr(g, c) for c in columns})
            for g in self.groups
        )

    def overdispersion(self) -> pl.DataFrame:
        """Tabulate group, persons, events, person_time, dispersion, frailty_variance."""
        columns = {
            "persons": "n_persons",
            "events": "n_events",
            "person_time": "person_time",
            "dispersion": "dispersion",
            "frailty_variance": "frailty_variance",
        }
        table = {name: [getattr(g, a) for g in self.groups] for name, a in columns.items()}
        return pl.DataFrame({"group": [g.label for g in self.groups]} | table)

    def plot(self, *, ticks: Sequence[float] | None = None, width: float = 175.0) -> Figure:
        """Draw the curves with bands and the numbers at risk.

        Parameters
        ----------
        ticks : sequence of float, optional
            Times with a tick and a number at risk; the axis ends at the last one.
        width : float
            Printed width in millimetres.
        """
        plots: Any = import_module("riskset.plots.mean_cumulative")  # matplotlib takes a second to load
        end = max(float(g.time[-1]) for g in self.groups)
        at = plots.round_ticks(end) if ticks is None else list(ticks)
        lines = [
            plots.MeanLine(
                label=g.label if len(self.groups) > 1 else "",
                time=g.time,
                mean=g.mean,
                lower=g.lower,
                upper=g.upper,
                at_risk=g.at_risk(at).tolist(),
            )
            for g in self.groups
        ]
        x_label = f"Time ({self.unit})" if self.unit else "Time"
        return plots.mean_cumulative_figure(
            lines, ticks=at, x_label=x_label, y_label="Events per person", width=width
        )

    def __repr__(self) -> str:
        head = f"Mean cumulative functions of {self.event}, {self.level:.0%} CI ({self.conf_type}, robust by person)"
        return f"{head}\n{self.overdispersion()}"


def mean_cumulative_function(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    conf_type: ConfType = "log",
    level: float = 0.95,
    weights: str | None = None,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> MeanCumulative:
    """Estimate the mean number of events per person over time, by groups, with delayed entry.

    Sums events over persons at risk. Where death ends follow-up, this is the rate at which those alive have events,
    accumulated; fewer happen in fact, since the dead have none.

    Parameters
    ----------
    data : Episodes or dataframe
        Rows at risk on ``(entry, exit]``; persons stay at risk after an event.
    outcome : str, optional
        ``"Surv(entry, exit, event)"`` or the 0/1 column; that of the episodes by default.
    by : str or sequence of str, optional
        Grouping columns, one curve for each combination of levels.
    conf_type : {"log", "plain"}
        Scale on which limits are symmetric.
    level : float
        Confidence level.
    weights : str, optional
        Column of case weights.
    unit : str, optional
        Unit of the times returned; that of the data by default.
    id, entry, exit : str, optional
        Columns of a plain dataframe; without ``id`` each row is a person.
    time_unit : str, optional
        Unit of the times of a plain dataframe, needed with ``unit``.

    Returns
    -------
    MeanCumulative

    Raises
    ------
    DesignError
        A column or a unit is not there.
    EpisodeError
        Times, events, groups or weights are missing or impossible.

    Notes
    -----
    The variance is that of Lawless and Nadeau: the sum over persons of the square of
    sum over t of (dN_i - Y_i dM) / Y, which holds however a person's events hang together. It is the infinitesimal
    jackknife of R's ``survfit(..., id=)``.

    References
    ----------
    Nelson, W. (1988). Graphical analysis of system repair data. Journal of Quality Technology 20, 24-35.
    Lawless, J. F. & Nadeau, C. (1995). Some simple robust methods for the analysis of recurrent events.
    Technometrics 37, 158-168.

    Examples
    --------
    >>> rows = {"id": [1, 1, 2, 3], "a": [0, 2, 0, 0], "b": [2, 4, 3, 4], "fall": [1, 1, 0, 1]}
    >>> curve = mean_cumulative_function(rows, "Surv(a, b, fall)", id="id").groups[0]
    >>> curve.mean.round(3).tolist(), curve.std_error.round(3).tolist()
    ([0.333, 0.333, 1.333], [0.272, 0.272, 0.272])
    """
    entry, exit, event = named_in(outcome, entry, exit)
    columns = listed(by)
    also = [*columns, *([weights] if weights else [])]
    rows = read_rows(data, event=event, id=id, entry=entry, exit=exit, also=also, unit=time_unit)
    if conf_type not in {"log", "plain"}:
        raise DesignError(f"there is no conf_type {conf_type!r}", remedy="Choose 'log' or 'plain'.")
    levels, cell = cells_of(rows.frame, columns)
    require_groups(levels, rows.frame, columns)
    stays = stays_of(
        rows, cell, weights_of(rows, weights), rows.event.astype(np.intp), scale=scale_of(rows.unit, unit)
    )
    groups = [
        _estimate(
            stays.in_cell(k),
            levels.row(k, named=True) if columns else {},
            int((cell == k).sum()),
            conf_type,
            level,
        )
        for k in range(max(levels.height, 1))
        if (stays.cell == k).any()
    ]
    return MeanCumulative(
        groups=tuple(groups),
        by=tuple(columns),
        event=rows.event_name,
        unit=unit or rows.unit,
        conf_type=conf_type,
        level=level,
    )


def _estimate(
    stays: Stays, levels: dict[str, object], n_rows: int, conf_type: ConfType, level: float
) -> MeanCumulativeEstimate:
    grid, w = grid_of(stays.entry, stays.exit), stays.weight
    event = stays.ends == 1
    at_risk = grid.at_risk(w)
    n_event = grid.at(grid.last, w * event)[:-1]
    steps = np.divide(n_event, at_risk, out=np.zeros(at_risk.size), where=n_event > 0)
    mean = np.cumsum(steps)
    _, place = np.unique(stays.person, return_inverse=True)
    se = np.sqrt(_variance(grid, at_risk, steps, event, w, place))
    z = normal_quantile(level)
    if conf_type == "plain":
        lower, upper = np.maximum(mean - z * se, 0.0), mean + z * se
    else:
        factor = np.exp(np.divide(z * se, mean, out=np.zeros(mean.size), where=mean > 0))
        lower, upper = mean / factor, mean * factor
    # What was expected of each person while at risk, and what happened.
    upto = np.concatenate(([0.0], mean))
    expected = np.bincount(place, weights=upto[grid.last + 1] - upto[grid.first])
    missed = np.bincount(place, weights=event.astype(np.float64)) - expected
    with np.errstate(divide="ignore", invalid="ignore"):
        dispersion = float(np.divide((missed**2).sum(), expected.sum()))
        frailty = float(np.divide((missed**2 - expected).sum(), (expected**2).sum()))
    return MeanCumulativeEstimate(
        label=", ".join(str(v) for v in levels.values()) or "All",
        levels=levels,
        time=grid.time,
        n_risk=at_risk,
        n_event=n_event,
        mean=mean,
        std_error=se,
        lower=lower,
        upper=upper,
        n_persons=int(place.max(initial=-1)) + 1,
        n_rows=n_rows,
        n_events=float(n_event.sum()),
        person_time=float((stays.exit - stays.entered).sum()),
        dispersion=dispersion,
        frailty_variance=frailty,
        stays=stays,
    )


def _variance(
    grid: Grid, at_risk: Floats, steps: Floats, event: NDArray[np.bool_], w: Floats, person: Ints
) -> Floats:
    """Sum of the persons' squared influences at each time.

    With V the sum of dM / Y, a person's influence is constant, but for -w (V(t) - V(entry)) while at risk and w / Y
    at an event.
    """
    share = np.divide(1.0, at_risk, out=np.zeros(at_risk.size), where=steps > 0)
    V = np.cumsum(steps * share)
    before = np.concatenate(([0.0], V))[grid.first]
    squares = sums_of_squares(
        grid,
        (
            Change(grid.first, w * before, -w),
            Change(grid.last, w * (event * share[grid.last] - V[grid.last]), w),
        ),
        person,
    )
    return np.maximum(squares[0, 0] + 2.0 * V * squares[0, 1] + V**2 * squares[1, 1], 0.0)
