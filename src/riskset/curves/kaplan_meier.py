"""Kaplan–Meier curves with delayed entry, weights, limits, median and numbers at risk."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri

from riskset.curves.rows import Rows, cells_of, read_rows
from riskset.errors import DesignError, EpisodeError
from riskset.kernel.product_limit import product_limit
from riskset.units import person_time_divisor

Floats = NDArray[np.float64]
ConfType = Literal["log", "log-log", "plain"]
_SURV = re.compile(r"\s*Surv\(\s*(?:(\w+)\s*,\s*)?(\w+)\s*,\s*(\w+)\s*\)\s*")
# Survival is a product of ratios; a flat step that should be exactly one half may miss it by rounding.
HALF_TOLERANCE = 1e-9


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
    _entry: Floats
    _exit: Floats
    _weights: Floats

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
        start = self._entry.min()
        just_before = np.where(when <= start, np.nextafter(start, np.inf), when)
        leaves, enters = np.sort(self._exit), np.sort(self._entry)
        weight_out = np.concatenate([[0.0], np.cumsum(self._weights[np.argsort(self._exit)])])
        weight_in = np.concatenate([[0.0], np.cumsum(self._weights[np.argsort(self._entry)])])
        # entered before the time, less those who had left before it
        entered = weight_in[np.searchsorted(enters, just_before, side="left")]
        return entered - weight_out[np.searchsorted(leaves, just_before, side="left")]


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
    estimator: Literal["Kaplan-Meier", "Simon-Makuch"]

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
        table = pl.DataFrame(
            {
                "group": [g.label for g in self.groups],
                "persons": [g.n_persons for g in self.groups],
                "events": [g.n_events for g in self.groups],
                "median": [g.median[0] for g in self.groups],
                "lower": [g.median[1] for g in self.groups],
                "upper": [g.median[2] for g in self.groups],
            }
        )
        limits = pl.col("median", "lower", "upper")
        return table.with_columns(pl.when(limits.is_finite()).then(limits))

    def __repr__(self) -> str:
        head = f"{self.estimator} curves of {self.event}, {self.level:.0%} CI ({self.conf_type}, {self.variance})"
        return f"{head}\n{self.medians()}"


def kaplan_meier(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    conf_type: ConfType = "log",
    level: float = 0.95,
    weights: str | None = None,
    robust: bool | None = None,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> KaplanMeier:
    """Estimate survival (the probability of no event yet) over time, by groups, with delayed entry.

    Parameters
    ----------
    data : Episodes or dataframe
        Rows at risk on ``(entry, exit]``.
    outcome : str, optional
        ``"Surv(entry, exit, event)"``, ``"Surv(time, event)"`` or the 0/1 column; that of the episodes by default.
    by : str or sequence of str, optional
        Grouping columns, one curve for each combination of levels.
    conf_type : {"log", "log-log", "plain"}
        Scale of the confidence limits, as R's ``conf.type``.
    level : float
        Confidence level.
    weights : str, optional
        Column of case weights; rows of weight 0 leave first.
    robust : bool, optional
        Variance by the infinitesimal jackknife; by default where weights are not whole numbers.
    unit : str, optional
        Unit of the times returned; that of the data by default.
    id, entry, exit : str, optional
        Columns of a plain dataframe. With ``id``, rows that follow each other are one stay at risk.
    time_unit : str, optional
        Unit of the times of a plain dataframe, needed with ``unit``.

    Returns
    -------
    KaplanMeier

    Raises
    ------
    DesignError
        A column or a unit is not there.
    EpisodeError
        Times, events, groups or weights are missing or impossible.

    Notes
    -----
    1 minus this curve is not the risk of an event that death can forestall; that needs the cumulative incidence.

    References
    ----------
    Kaplan & Meier 1958; Simon & Makuch 1984 (groups that change over time).

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import kaplan_meier
    >>> rows = pl.DataFrame({"month": [1, 2, 2, 4, 5], "death": [1, 1, 0, 1, 0]})
    >>> curve = kaplan_meier(rows, "Surv(month, death)").groups[0]
    >>> curve.survival.round(3).tolist()
    [0.8, 0.6, 0.3, 0.3]
    >>> curve.median[0], curve.at_risk([0, 2, 4]).tolist()
    (4.0, [5.0, 4.0, 2.0])
    """
    event = outcome
    if outcome is not None and (surv := _SURV.fullmatch(outcome)):
        entry, exit, event = surv.groups()
    columns = [] if by is None else [by] if isinstance(by, str) else list(by)
    also = [*columns, *([weights] if weights else [])]
    rows = read_rows(data, event=event, id=id, entry=entry, exit=exit, also=also, unit=time_unit)
    scale = _scale(rows.unit, unit)
    w = _weights(rows, weights)
    levels, cell = cells_of(rows.frame, columns)
    if columns and any(levels[c].null_count() for c in columns):
        raise EpisodeError(
            "a group is missing",
            where=", ".join(columns),
            n_rows=rows.frame.height - rows.frame.drop_nulls(columns).height,
            remedy="Leave these rows out, or give them a level of their own.",
        )
    stays = _stays(rows, cell, w)
    by_jackknife = bool(np.any(w != np.round(w))) if robust is None else robust
    z = float(ndtri((1.0 + level) / 2.0))
    groups: list[SurvivalEstimate] = []
    for k in range(max(levels.height, 1)):
        s = stays.filter(pl.col("cell") == k)
        if s.is_empty():
            continue
        start, stop = s["entry"].to_numpy() / scale, s["exit"].to_numpy() / scale
        weight = s["weight"].to_numpy()
        fit = product_limit(start, stop, s["event"].to_numpy(), weight, jackknife=by_jackknife)
        se = np.sqrt(fit.variance)
        lower, upper = _limits(fit.survival, se, z, conf_type)
        level_of = levels.row(k, named=True) if columns else {}
        entered = np.where(np.isfinite(start), start, 0.0)
        groups.append(
            SurvivalEstimate(
                label=", ".join(str(v) for v in level_of.values()) or "All",
                levels=level_of,
                time=fit.time,
                n_risk=fit.n_risk,
                n_event=fit.n_event,
                n_censor=fit.n_censor,
                survival=fit.survival,
                std_error=se,
                lower=lower,
                upper=upper,
                median=(
                    _crossing(fit.time, fit.survival),
                    _crossing(fit.time, lower),
                    _crossing(fit.time, upper),
                ),
                n_persons=s["who"].n_unique(),
                n_rows=int((cell == k).sum()),
                n_events=float(fit.n_event.sum()),
                person_time=float((stop - entered).sum()),
                _entry=entered,
                _exit=stop,
                _weights=weight,
            )
        )
    if not groups:
        raise EpisodeError("there is no row at risk", remedy="Look at the filters before this step.")
    moved = stays.group_by("who").agg(pl.col("cell").n_unique())["cell"].max()
    return KaplanMeier(
        groups=tuple(groups),
        by=tuple(columns),
        event=rows.event_name,
        unit=unit or rows.unit,
        conf_type=conf_type,
        level=level,
        variance="infinitesimal jackknife" if by_jackknife else "Greenwood",
        estimator="Simon-Makuch" if isinstance(moved, int) and moved > 1 else "Kaplan-Meier",
    )


def _scale(has: str | None, wanted: str | None) -> float:
    if wanted is None or wanted == has:
        return 1.0
    if has is None:
        raise DesignError("the unit of the times is not known", where="unit", remedy="Give time_unit='days'.")
    return person_time_divisor(wanted) / person_time_divisor(has)


def _weights(rows: Rows, column: str | None) -> Floats:
    if column is None:
        return np.ones_like(rows.exit)
    w = rows.frame[column].cast(pl.Float64).to_numpy()
    broken = ~np.isfinite(w) | (w < 0)
    if broken.any():
        raise EpisodeError("weights must be numbers, zero or more", where=column, n_rows=int(broken.sum()))
    return w


def _stays(rows: Rows, cell: NDArray[np.intp], weights: Floats) -> pl.DataFrame:
    """Join rows of one person that follow each other in one group: cutting an episode censors nobody."""
    entry = np.full_like(rows.exit, -np.inf) if rows.entry is None else rows.entry
    who = np.arange(rows.exit.size) if rows.id is None else rows.frame[rows.id].rank("dense").fill_null(0)
    frame = pl.DataFrame(
        {"who": who, "cell": cell, "entry": entry, "exit": rows.exit, "event": rows.event, "weight": weights}
    ).filter(pl.col("weight") > 0)
    if rows.id is None:
        return frame
    frame = frame.sort("who", "entry", "exit", maintain_order=True)
    follows = (
        (pl.col("who") == pl.col("who").shift())
        & (pl.col("cell") == pl.col("cell").shift())
        & (pl.col("weight") == pl.col("weight").shift())
        & (pl.col("entry") == pl.col("exit").shift())
        & ~pl.col("event").shift()
    )
    return (
        frame.with_columns(stay=(~follows.fill_null(value=False)).cum_sum())
        .group_by("stay", maintain_order=True)
        .agg(
            pl.col("who", "cell", "entry", "weight").first(),
            pl.col("exit", "event").last(),
        )
    )


def _limits(survival: Floats, se: Floats, z: float, conf_type: ConfType) -> tuple[Floats, Floats]:
    """Pointwise limits on the scale of ``conf_type``; NaN once survival is 0, exactly 1 while it is 1."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if conf_type == "plain":
            lower, upper = survival - z * se, survival + z * se
        elif conf_type == "log":
            width = np.exp(z * se / survival)
            lower, upper = survival / width, survival * width
        elif conf_type == "log-log":
            log_survival = np.log(survival)
            width = np.exp(z * se / (survival * -log_survival))
            lower, upper = np.exp(log_survival * width), np.exp(log_survival / width)
            lower, upper = (np.where(survival == 1.0, 1.0, limit) for limit in (lower, upper))
        else:
            raise DesignError(
                f"there is no conf_type {conf_type!r}", remedy="Choose 'log', 'log-log' or 'plain'."
            )
    return np.maximum(lower, 0.0), np.minimum(upper, 1.0)


def _crossing(time: Floats, curve: Floats) -> float:
    """First time at which a falling step function is at or below one half; the middle of a step at one half.

    The convention of R's ``quantile.survfit``; infinity where the curve stays above.
    """
    reached = np.flatnonzero(curve <= 0.5 + HALF_TOLERANCE)
    if reached.size == 0:
        return float("inf")
    first = reached[0]
    below = np.flatnonzero(curve < 0.5 - HALF_TOLERANCE)
    if curve[first] >= 0.5 - HALF_TOLERANCE and below.size:
        return float((time[first] + time[below[0]]) / 2.0)
    return float(time[first])
