"""Aalen–Johansen curves: cumulative incidence of competing causes, and probabilities of several states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray

from riskset.curves.causes import read_causes
from riskset.curves.drawing import plot_incidence, plot_states
from riskset.curves.limits import ConfType, limits, normal_quantile
from riskset.curves.occupancy import Occupied, fit_competing, fit_states, occupied_of
from riskset.curves.rows import cells_of, listed, require_groups
from riskset.curves.stays import Stays, at_risk_at, scale_of, weights_of
from riskset.errors import DesignError

if TYPE_CHECKING:
    from matplotlib.figure import Figure

Floats = NDArray[np.float64]
Variance = Literal["jackknife", "aalen"]


@dataclass(frozen=True, eq=False)
class StateCurves:
    """Probabilities of all states over time in one group.

    Attributes
    ----------
    label : str
        Name of the group.
    levels : dict
        Grouping columns and their values.
    states : tuple of str
        S states; with competing causes the first is that of no event yet.
    time : ndarray (T,)
        Distinct times at which a row ends.
    n_risk : ndarray (T, S)
        Summed weights in each state just before each time.
    n_event : ndarray (T, S)
        Summed weights of the transitions into each state.
    n_censor : ndarray (T,)
        Other exits.
    probability, std_error, lower, upper : ndarray (T, S)
        Probability of each state, its standard error and pointwise limits; where the standard error is 0, as
        before the first event, the limits are the estimate.
    start : ndarray (S,)
        Probabilities before the first transition.
    n_persons, n_rows : int
        Persons (rows, if no id is named) and rows behind the curves.
    person_time : float
        Unweighted time at risk, in ``AalenJohansen.unit``.
    """

    label: str
    levels: dict[str, object]
    states: tuple[str, ...]
    time: Floats
    n_risk: Floats
    n_event: Floats
    n_censor: Floats
    probability: Floats
    std_error: Floats
    lower: Floats
    upper: Floats
    start: Floats
    n_persons: int
    n_rows: int
    person_time: float
    stays: Stays

    def at(self, times: ArrayLike) -> pl.DataFrame:
        """Look all states up at given times: time, state, n_risk, probability, std_error, lower, upper.

        Beyond the last time at which anybody is observed the estimate does not exist (null), unless nobody is
        left in a state that can be left.
        """
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        step = np.searchsorted(self.time, when, side="right")
        gone = (when > self.time[-1]) & (self.n_censor[-1] > 0)
        parts: list[pl.DataFrame] = []
        for s, name in enumerate(self.states):

            def look(values: Floats, before: float, s: int = s) -> pl.Series:
                found = np.concatenate([[before], values[:, s]])[step]
                return pl.Series(np.where(gone, np.nan, found)).fill_nan(None)

            p0 = float(self.start[s])
            parts.append(
                pl.DataFrame(
                    {
                        "time": when,
                        "state": [name] * when.size,
                        "n_risk": self.at_risk(when, s),
                        "probability": look(self.probability, p0),
                        "std_error": look(self.std_error, 0.0),
                        "lower": look(self.lower, p0),
                        "upper": look(self.upper, p0),
                    }
                )
            )
        return pl.concat(parts)

    def at_risk(self, times: ArrayLike, state: int = 0) -> Floats:
        """Count (or sum the weights of) those in a state just before each time; at the first entry, those who enter."""
        when = np.atleast_1d(np.asarray(times, dtype=np.float64))
        s = self.stays.of(self.stays.state == state)
        return at_risk_at(s.entered, s.exit, s.weight, when)


@dataclass(frozen=True, eq=False)
class AalenJohansen:
    """Aalen–Johansen curves of one outcome by groups.

    The probability of a cause is that of having had it, in a world where the other causes act as they do.
    """

    groups: tuple[StateCurves, ...]
    by: tuple[str, ...]
    outcome: str
    states: tuple[str, ...]
    unit: str | None
    conf_type: str
    level: float
    variance: Literal["infinitesimal jackknife", "Aalen"]
    estimator: Literal["cumulative incidence", "state probabilities"]
    origin: float = 0.0

    def frame(self) -> pl.DataFrame:
        """Tabulate all curves: group, state, time, n_risk, n_event, probability, std_error, lower, upper."""
        columns = ("n_risk", "n_event", "probability", "std_error", "lower", "upper")
        parts = [
            pl.DataFrame(
                {"group": [g.label] * g.time.size, "state": [name] * g.time.size, "time": g.time}
                | {c: getattr(g, c)[:, s] for c in columns}
            )
            for g in self.groups
            for s, name in enumerate(self.states)
        ]
        return pl.concat(parts).with_columns(pl.col("std_error", "lower", "upper").fill_nan(None))

    def time_in_states(self, horizon: float | None = None) -> pl.DataFrame:
        """Tabulate the expected time in each state up to a horizon; for a cause, the time lost to it.

        Parameters
        ----------
        horizon : float, optional
            In ``unit``; by default the earliest of the groups' last times.

        Returns
        -------
        polars.DataFrame
            group, state, horizon, mean_time, std_error (infinitesimal jackknife), lower, upper.
        """
        last = min(float(g.time[-1]) for g in self.groups)
        end = last if horizon is None else horizon
        if not self.origin < end <= last:
            raise DesignError(
                "the horizon lies beyond the last time at which a group is observed, or before the start",
                where="horizon",
                remedy="Choose a time at which every group is still observed.",
            )
        z = normal_quantile(self.level)
        rows: list[tuple[object, ...]] = []
        for group in self.groups:
            given = None if self.estimator == "state probabilities" and self.origin == 0.0 else group.start
            mean, se = fit_states(group.stays, len(self.states), given, end, self.origin)[1:]
            rows += [
                (group.label, name, end, m, s, m - z * s, m + z * s)
                for name, m, s in zip(self.states, mean.tolist(), se.tolist(), strict=True)
            ]
        schema = ["group", "state", "horizon", "mean_time", "std_error", "lower", "upper"]
        return pl.DataFrame(rows, schema=schema, orient="row")

    def plot(
        self,
        state: str | None = None,
        *,
        kind: Literal["incidence", "stacked"] | None = None,
        group: str | None = None,
        ticks: Sequence[float] | None = None,
        x_label: str | None = None,
        width: float = 175.0,
        numbers: bool = True,
    ) -> Figure:
        """Draw cumulative incidence with bands, or all states of one group as a stack.

        Parameters
        ----------
        state : str, optional
            The cause to draw; by default the first of several groups, or all causes of one group.
        kind : {"incidence", "stacked"}, optional
            By default stacked for several states, else the incidence.
        group : str, optional
            Label of the group of a stack, where there are several.
        ticks, x_label, width, numbers
            As in :meth:`KaplanMeier.plot`.

        Returns
        -------
        matplotlib.figure.Figure
        """
        several = self.estimator == "state probabilities"
        if kind == "stacked" or (kind is None and several and state is None):
            return plot_states(self, group, ticks, x_label, width)
        return plot_incidence(self, state, ticks, x_label, width, numbers=numbers)

    def __repr__(self) -> str:
        head = f"Aalen-Johansen {self.estimator} of {self.outcome}, {self.level:.0%} CI ({self.conf_type}, {self.variance})"
        last = [g.at([g.time[-1]]).with_columns(group=pl.lit(g.label)) for g in self.groups]
        return f"{head}\n{pl.concat(last).select('group', pl.exclude('group'))}"


def aalen_johansen(
    data: object,
    outcome: str | None = None,
    by: str | Sequence[str] | None = None,
    *,
    state: str | None = None,
    censored: str | int | None = None,
    start: float | None = None,
    given: str | None = None,
    variance: Variance = "jackknife",
    conf_type: ConfType = "log",
    level: float = 0.95,
    weights: str | None = None,
    unit: str | None = None,
    id: str | None = None,
    entry: str | None = None,
    exit: str | None = None,
    time_unit: str | None = None,
) -> AalenJohansen:
    """Estimate the probability of each competing cause, or of each state, over time, by groups.

    With competing causes: the cumulative incidence of each, the share of persons who have had it by then while
    the others act as they do. With ``state``: the probability of being in each state, people moving between
    them. Delayed entry and case weights are taken into account.

    Parameters
    ----------
    data : Episodes or dataframe
        Rows at risk on ``(entry, exit]``. Episodes with competing events need nothing more.
    outcome : str, optional
        ``"Surv(entry, exit, cause)"``, ``"Surv(time, cause)"`` or the column of the cause (or the state entered)
        at the end of each row: whole numbers with 0 for none, or an Enum whose first level is none.
    by : str or sequence of str, optional
        Grouping columns, one set of curves for each combination of levels.
    state : str, optional
        Column of the state that a person is in during each row, for several states; needs ``id``.
    censored : str or int, optional
        The level of the outcome that means none, where it is not the first of an Enum, or 0.
    start, given : float, str, optional
        Transition probabilities from this time on (in the unit of the result) for those in state ``given`` then,
        the first state by default: P(start, t).
    variance : {"jackknife", "aalen"}
        Infinitesimal jackknife over persons, as R's ``survfit``; or Aalen's, as R's ``cmprsk::cuminc``
        (competing causes, whole weights).
    conf_type, level, weights, unit, id, entry, exit, time_unit
        As in :func:`kaplan_meier`.

    Returns
    -------
    AalenJohansen

    Raises
    ------
    DesignError
        A column, a unit, a level or a state is not there, or options do not go together.
    EpisodeError
        Times, causes, groups or weights are missing or impossible; rows of a person overlap or contradict each
        other.

    References
    ----------
    Aalen & Johansen 1978; Andersen et al. 1993, section IV.4; Putter et al. 2007.

    Examples
    --------
    >>> import polars as pl
    >>> from riskset.curves import aalen_johansen
    >>> rows = pl.DataFrame({"month": [1, 2, 2, 3], "cause": [1, 2, 0, 1]})
    >>> curves = aalen_johansen(rows, "Surv(month, cause)")
    >>> curves.states
    ('no event', '1', '2')
    >>> curves.groups[0].probability.round(2).tolist()
    [[0.75, 0.25, 0.0], [0.5, 0.25, 0.25], [0.0, 0.75, 0.25]]
    """
    columns = listed(by)
    also = [*columns, *([weights] if weights else []), *([state] if state else [])]
    found = read_causes(
        data, outcome, censored=censored, id=id, entry=entry, exit=exit, also=also, time_unit=time_unit
    )
    rows = found.rows
    scale = scale_of(rows.unit, unit)
    w = weights_of(rows, weights)
    levels, cell = cells_of(rows.frame, columns)
    require_groups(levels, rows.frame, columns)
    occupied: Occupied = occupied_of(found, cell, w, scale, state)
    states = occupied.states
    if variance not in ("jackknife", "aalen"):
        raise DesignError(f"there is no variance {variance!r}", remedy="Choose 'jackknife' or 'aalen'.")
    if variance == "aalen" and (state is not None or start is not None or bool((w != np.rint(w)).any())):
        raise DesignError(
            "Aalen's variance is for competing causes with whole weights",
            where="variance",
            remedy="Leave variance='jackknife'.",
        )
    stays, p0 = occupied.stays, None
    if start is not None or given is not None:
        if given is not None and given not in states:
            raise DesignError(
                f"there is no state {given!r}", where="given", remedy=f"States: {', '.join(states)}."
            )
        p0 = np.zeros(len(states))
        p0[0 if given is None else states.index(given)] = 1.0
        stays = stays.after(0.0 if start is None else start)
    sizes = np.bincount(cell, minlength=max(levels.height, 1))
    groups: list[StateCurves] = []
    for k in range(max(levels.height, 1)):
        s = stays.in_cell(k)
        if not s.exit.size:
            continue
        competing = state is None and p0 is None
        fit = fit_competing(s, len(states), variance) if competing else fit_states(s, len(states), p0)[0]
        se = np.sqrt(fit.variance)
        lower, upper = limits(fit.probability, se, level, conf_type)
        lower, upper = (np.where(se == 0.0, fit.probability, v) for v in (lower, upper))
        level_of = levels.row(k, named=True) if columns else {}
        groups.append(
            StateCurves(
                label=", ".join(str(v) for v in level_of.values()) or "All",
                levels=level_of,
                states=states,
                time=fit.time,
                n_risk=fit.n_risk,
                n_event=fit.n_event,
                n_censor=fit.n_censor,
                probability=fit.probability,
                std_error=se,
                lower=lower,
                upper=upper,
                start=fit.start,
                n_persons=int((np.bincount(s.person) > 0).sum()),
                n_rows=int(sizes[k]),
                person_time=float((s.exit - s.entered).sum()),
                stays=s,
            )
        )
    return AalenJohansen(
        groups=tuple(groups),
        by=tuple(columns),
        outcome=rows.event_name,
        states=states,
        unit=unit or rows.unit,
        conf_type=conf_type,
        level=level,
        variance="Aalen" if variance == "aalen" else "infinitesimal jackknife",
        estimator="cumulative incidence" if state is None else "state probabilities",
        origin=0.0 if start is None else start,
    )
