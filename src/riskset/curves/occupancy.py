"""Stays in states: which state people are in, where they go, and the estimators that take them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.curves.causes import CauseRows
from riskset.curves.stays import Stays, stays_of
from riskset.errors import DesignError, EpisodeError
from riskset.kernel.cumulative_incidence import cumulative_incidence
from riskset.kernel.state_probabilities import StateProbabilities, state_probabilities

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
NO_EVENT = "no event"


@dataclass(frozen=True, eq=False)
class Occupied:
    """Stays with their states; ``stays.ends`` is 0 for no transition, else 1 + the state entered."""

    stays: Stays
    states: tuple[str, ...]


def occupied_of(found: CauseRows, cell: Ints, weights: Floats, scale: float, state: str | None) -> Occupied:
    """Find the states, and check that every person's rows can have happened.

    Parameters
    ----------
    found : CauseRows
        Rows with what they end with.
    cell, weights : ndarray (n,)
        Group and case weight of each row.
    scale : float
        Units of the rows in one unit of the result.
    state : str or None
        Column of the state that each row is in; None for competing causes, which all leave one state.

    Raises
    ------
    DesignError
        Several states without an id.
    EpisodeError
        Rows of a person overlap or contradict each other.
    """
    rows = found.rows
    if state is None:
        names = (NO_EVENT if NO_EVENT not in found.names else "event-free", *found.names)
        ends = np.where(found.codes > 0, found.codes + 1, 0)
        stays = stays_of(rows, cell, weights, ends, scale=scale)
        if rows.id is not None:
            _require_order(stays, rows.id)
            again = (stays.ends[:-1] > 0) & (stays.person[1:] == stays.person[:-1])
            _refuse(
                again,
                "a person is at risk again after an event",
                rows.id,
                "Give state=, the state in each row.",
            )
        return Occupied(stays, names)
    if rows.id is None:
        raise DesignError("several states need the column of the person", where="id", remedy="Give id='...'.")
    names = _states(rows.frame[state], found.names)
    number = {name: k for k, name in enumerate(names)}
    inside = rows.frame[state].cast(pl.String).replace_strict(number, return_dtype=pl.Int64)
    code = inside.to_numpy().astype(np.intp)
    entered = np.array([0, *(1 + number[n] for n in found.names)], dtype=np.intp)[found.codes]
    _refuse(entered == code + 1, "a transition leads to another state", state, "Leave such rows without one.")
    stays = stays_of(rows, cell, weights, entered, scale=scale, state=code)
    _require_order(stays, rows.id)
    same = stays.person[1:] == stays.person[:-1]
    expected = np.where(stays.ends > 0, stays.ends - 1, stays.state)[:-1]
    at_once = stays.entry[1:] == stays.exit[:-1]
    _refuse(
        same & (at_once | (stays.ends[:-1] > 0)) & (stays.state[1:] != expected),
        "a person's next row is not in the state that the last one led to",
        state,
        "Correct the states, or leave a gap where the person was not observed.",
    )
    return Occupied(stays, names)


def _states(inside: pl.Series, entered: tuple[str, ...]) -> tuple[str, ...]:
    """List the states that rows are in, by level, then those that are only entered."""
    if inside.null_count():
        raise EpisodeError("every row needs its state", where=inside.name, n_rows=inside.null_count())
    if isinstance(inside.dtype, pl.Enum):
        levels = inside.dtype.categories.to_list()
    else:
        present = set(inside.cast(pl.String).unique().to_list())
        levels = [n for n in entered if n in present]
        levels = sorted(present - set(levels)) + levels
    return tuple(dict.fromkeys([*levels, *entered]))


def _require_order(stays: Stays, id: str) -> None:
    overlap = (stays.entry[1:] < stays.exit[:-1]) & (stays.person[1:] == stays.person[:-1])
    _refuse(overlap, "rows of a person overlap in time", id, "A person is in one state at a time.")


def _refuse(broken: NDArray[np.bool_], rule: str, where: str, remedy: str) -> None:
    if broken.any():
        raise EpisodeError(rule, where=where, n_rows=int(broken.sum()), remedy=remedy)


def fit_competing(stays: Stays, n_states: int, variance: str) -> StateProbabilities:
    """Estimate cumulative incidences."""
    fit = cumulative_incidence(
        stays.entry,
        stays.exit,
        np.maximum(stays.ends - 1, 0),
        stays.weight,
        n_states - 1,
        variance="aalen" if variance == "aalen" else "jackknife",
        person=stays.person,
    )
    alone = np.zeros((fit.time.size, n_states - 1))
    nobody = np.zeros((fit.time.size, 1))
    return StateProbabilities(
        time=fit.time,
        n_risk=np.concatenate([fit.n_risk[:, None], alone], axis=1),
        n_event=np.concatenate([nobody, fit.n_event], axis=1),
        n_censor=fit.n_censor,
        probability=fit.probability,
        variance=fit.variance,
        start=np.eye(n_states)[0],
        mean_time=np.full(n_states, np.nan),
        mean_time_variance=np.full(n_states, np.nan),
    )


def fit_states(
    stays: Stays,
    n_states: int,
    start: Floats | None,
    horizon: float | None = None,
    origin: float = 0.0,
) -> tuple[StateProbabilities, Floats, Floats]:
    """Estimate state probabilities, and with a horizon the mean time in each state and its standard error."""
    person = np.unique(stays.person, return_inverse=True)[1]
    fit = state_probabilities(
        stays.entry,
        stays.exit,
        stays.state,
        stays.ends - 1,
        stays.weight,
        n_states,
        person,
        start=start,
        horizon=horizon,
        origin=origin,
    )
    return fit, fit.mean_time, np.sqrt(fit.mean_time_variance)
