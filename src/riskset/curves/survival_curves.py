"""Survival curves as values: steps with limits, quantiles, restricted means and numbers at risk."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.curves.drawing import plot_survival
from riskset.curves.limits import crossing
from riskset.curves.restricted_mean import difference_table, mean_table
from riskset.curves.stays import Stays, at_risk_at
from riskset.errors import DesignError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Estimator = Literal[
    "Kaplan-Meier",
    "Simon-Makuch",
    "reverse Kaplan-Meier",
    "landmark Kaplan-Meier",
    "Kaplan-Meier with competing events censored: 1 minus it is NOT a risk",
]
WRONG: Estimator = "Kaplan-Meier with competing events censored: 1 minus it is NOT a risk"


@dataclass(frozen=True, eq=False)
class SurvivalEstimate:
    """One Kaplan–Meier curve: a step function that starts at 1 and falls at ``time``.

    Attributes
    ----------
    label : str
        Name of the group.
    levels : dict
        Grouping columns and their values.
    time : ndarray (T,)
        Distinct times at which a row ends, in ``KaplanMeier.unit``.
    n_risk, n_event, n_censor : ndarray (T,)
        At risk just before, events at, and other exits at each time (summed weights).
    survival : ndarray (T,)
        Probability of being event-free beyond each time.
    std_error : ndarray (T,)
        Standard error of ``survival``; NaN once survival is 0.
    lower, upper : ndarray (T,)
        Pointwise confidence limits; NaN once survival is 0.
    median : tuple of float
        Median time with its limits (Brookmeyer & Crowley 1982); infinity where the curve does not get there.
    n_persons, n_rows : int
        Persons (rows, if no id is named) and rows behind the curve.
    n_events, person_time : float
        Events (summed weights) and unweighted person-time, in ``KaplanMeier.unit``.
    hazard, hazard_std_error : ndarray (T,)
        Nelson–Aalen cumulative hazard and its standard error.
    """

    label: str
    levels: dict[str, object]
    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    survival: Floats
    std_error: Floats
    lower: Floats
    upper: Floats
    median: tuple[float, float, float]
    n_persons: int
    n_rows: int
    n_events: float
    person_time: float
    hazard: Floats
    hazard_std_error: Floats
    stays: Stays

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """Look the curve up at given times.

        Beyond the last time at which anybody is observed the estimate does not exist (null), unless it is 0.
        """
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        step = np.searchsorted(self.time, when, side="right")
        gone = (when > self.time[-1]) & (self.survival[-1] > 0)

        def look(values: Floats, start: float) -> pl.Series:
            found = np.concatenate([[start], values])[step]
            return pl.Series(np.where(gone, np.nan, found)).fill_nan(None)

        return pl.DataFrame(
            {
                "time": when,
                "n_risk": self.at_risk(when),
                "survival": look(self.survival, 1.0),
                "std_error": look(self.std_error, 0.0),
                "lower": look(self.lower, 1.0),
                "upper": look(self.upper, 1.0),
            }
        )

    def at_risk(self, times: ArrayLike) -> Floats:
        """Count (or sum the weights of) the rows at risk just before each time.

        At the first entry, where nobody can be at risk before, those who enter then are counted: the number
        under the first tick of a plot.
        """
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        return at_risk_at(self.stays.entered, self.stays.exit, self.stays.weight, when)

    def quantile(self, p: float) -> tuple[float, float, float]:
        """Time by which a share ``p`` has had the event, with limits; infinity where the curve does not get there."""
        if not 0.0 < p < 1.0:
            raise DesignError("a quantile lies between 0 and 1", where="p")
        lower, upper = (crossing(self.time, limit, p) for limit in (self.lower, self.upper))
        return crossing(self.time, self.survival, p), lower, upper


@dataclass(frozen=True, eq=False)
class KaplanMeier:
    """Kaplan–Meier curves of one outcome by groups.

    ``estimator`` is ``"Simon-Makuch"`` where a person's group changes over time: then a curve is the survival
    of a hypothetical cohort that stays in its group, not that of the persons who were ever in it.
    """

    groups: tuple[SurvivalEstimate, ...]
    by: tuple[str, ...]
    event: str
    unit: str | None
    conf_type: str
    level: float
    variance: Literal["Greenwood", "infinitesimal jackknife"]
    estimator: Estimator
    start: float = 0.0

    def frame(self) -> pl.DataFrame:
        """Tabulate all curves: group, time, n_risk, n_event, n_censor, survival, std_error, lower, upper."""
        columns = ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "lower", "upper")
        parts = [
            pl.DataFrame({"group": [g.label] * g.time.size} | {c: getattr(g, c) for c in columns})
            for g in self.groups
        ]
        return pl.concat(parts).with_columns(pl.col("std_error", "lower", "upper").fill_nan(None))

    def medians(self) -> pl.DataFrame:
        """Tabulate persons, events and the median with its limits per group; null where it is not reached."""
        table = self.quantiles([0.5]).rename({"time": "median"}).drop("quantile")
        return table.with_columns(
            persons=pl.Series([g.n_persons for g in self.groups]),
            events=pl.Series([g.n_events for g in self.groups]),
        ).select("group", "persons", "events", "median", "lower", "upper")

    def quantiles(self, p: Sequence[float]) -> pl.DataFrame:
        """Tabulate the times by which shares ``p`` have had the event, with limits; null where not reached."""
        rows = [(g.label, q, *g.quantile(q)) for g in self.groups for q in p]
        table = pl.DataFrame(rows, schema=["group", "quantile", "time", "lower", "upper"], orient="row")
        times = pl.col("time", "lower", "upper").cast(pl.Float64)
        return table.with_columns(pl.when(times.is_finite()).then(times))

    def rmst(self, horizon: float | None = None) -> pl.DataFrame:
        """Tabulate restricted mean survival times: the expected event-free time up to ``horizon``.

        Parameters
        ----------
        horizon : float, optional
            In ``unit``; by default the earliest of the groups' last times.

        Returns
        -------
        polars.DataFrame
            group, horizon, rmst, std_error, lower, upper (normal limits).
        """
        return mean_table(self, horizon)

    def rmst_difference(self, horizon: float | None = None, reference: str | None = None) -> pl.DataFrame:
        """Tabulate differences of restricted mean survival times of independent groups.

        Parameters
        ----------
        horizon : float, optional
            As in :meth:`rmst`.
        reference : str, optional
            Label of the group that the others are compared with; the first by default.

        Returns
        -------
        polars.DataFrame
            group, reference, horizon, difference, std_error, lower, upper, p_value (normal).
        """
        return difference_table(self, horizon, reference)

    def plot(
        self,
        *,
        ticks: Sequence[float] | None = None,
        x_label: str | None = None,
        width: float = 175.0,
        numbers: bool = True,
    ) -> Figure:
        """Draw the curves with bands, and at risk, events and censored under the ticks.

        Parameters
        ----------
        ticks : sequence of float, optional
            In ``unit``; the axis runs from the first to the last.
        x_label : str, optional
            By default "Time" with its unit.
        width : float
            Printed width in millimetres.
        numbers : bool
            Whether events and censored stand under the numbers at risk.

        Returns
        -------
        matplotlib.figure.Figure
        """
        return plot_survival(self, ticks, x_label, width, numbers=numbers)

    def __repr__(self) -> str:
        head = f"{self.estimator} curves of {self.event}, {self.level:.0%} CI ({self.conf_type}, {self.variance})"
        return f"{head}\n{self.medians()}"
