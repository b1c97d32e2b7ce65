"""Probabilities of states over time, predicted by a multi-state model for fixed profiles."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import ArrayLike, NDArray
from scipy import linalg

from riskset.cox.multistate import MultistateFit
from riskset.cox.multistate_parts import Part
from riskset.cox.robust import at_estimate
from riskset.design import nearest, to_polars
from riskset.errors import FitError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def predict_states(
    fit: MultistateFit, profile: Any, *, times: ArrayLike | None = None, start: str | None = None
) -> pl.DataFrame:
    """Predict the probability of being in each state over time, for fixed profiles.

    The cumulative hazards of all transitions are joined as R's ``survfit`` of a multi-state ``coxph`` joins them:
    by the product over times of the matrix exponential of their increments. The process is taken to be Markov.

    Parameters
    ----------
    fit : MultistateFit
        Without strata in its formulas.
    profile : mapping or frame-like
        Values of variables, one or a sequence of each; a variable not named is at its reference level or mean.
    times : array, optional
        Times to report; by default every time at which a transition happens.
    start : str, optional
        State at the beginning; the first one by default.

    Returns
    -------
    polars DataFrame
        curve (number of the profile), time, state, probability.

    Raises
    ------
    FitError
        If the model has strata, or no such state or variable.

    References
    ----------
    Putter, H., Fiocco, M. & Geskus, R. B. (2007). Tutorial in biostatistics: competing risks and multi-state models.
    Statistics in Medicine 26, 2389-2430.

    Examples
    --------
    >>> from riskset.cox import multistate_cox
    >>> rows = {"t": [1, 2, 3, 4], "to": ["ill", "dead", "none", "ill"], "x": [1, 1, 0, 0]}
    >>> fit = multistate_cox("Surv(t, to) ~ 1", rows, censored="none")
    >>> table = predict_states(fit, {}, times=[2])
    >>> table["state"].to_list(), table["probability"].round(3).to_list()
    (['(start)', 'dead', 'ill'], [0.558, 0.221, 0.221])
    """
    states = fit.moves.states
    begin = states[0] if start is None else start
    if begin not in states:
        raise FitError(
            f"there is no state {begin!r}", where="start", remedy=f"States are {', '.join(states)}."
        )
    if any(d.strata is not None for d in fit.designs.values()):
        raise FitError("states cannot be predicted from a model with strata", where="profile")
    frame = _profiles(fit, profile)
    found = [_increments(part, fit, frame) for part in fit.parts]
    steps = [step for part in found for step in part]
    grid = np.unique(np.concatenate([time for _, time, _ in steps]))
    wanted = grid if times is None else np.sort(np.atleast_1d(np.asarray(times, dtype=np.float64)))
    at = np.searchsorted(grid, wanted, side="right")
    tables: list[pl.DataFrame] = []
    for i in range(frame.height):
        rates = np.zeros((grid.size, len(states), len(states)))
        for (a, b), time, hazard in steps:
            rates[np.searchsorted(grid, time), a, b] += hazard[i]
        every = np.arange(len(states))
        rates[:, every, every] -= rates.sum(axis=2)
        now = np.eye(len(states))[states.index(begin)]
        path = [now]
        for step in linalg.expm(rates):
            now = now @ step
            path.append(now)
        chosen = np.array(path)[at]
        tables.append(
            pl.DataFrame(
                {
                    "curve": np.full(chosen.size, i),
                    "time": np.repeat(wanted, len(states)),
                    "state": list(states) * wanted.size,
                    "probability": chosen.ravel(),
                }
            )
        )
    return pl.concat(tables)


def _increments(
    part: Part, fit: MultistateFit, frame: pl.DataFrame
) -> list[tuple[tuple[int, int], Floats, Floats]]:
    """States, event times (D,) and hazard increments (profiles, D) of each transition of a part."""
    matrix = part.matrix
    index = matrix.rows.index
    state = at_estimate(matrix.rows, matrix.state, matrix.params)
    beta = np.nan_to_num(matrix.params)
    stratum = np.searchsorted(index.base, index.event_slot, side="right") - 1
    result: list[tuple[tuple[int, int], Floats, Floats]] = []
    for t, columns, ratio, s in zip(part.transitions, part.columns, part.ratio, part.stratum, strict=True):
        X = np.zeros((frame.height, beta.size))
        X[:, columns] = fit.designs[t].matrix(frame)
        if ratio >= 0:
            X[:, ratio] = 1.0
        risk = np.exp((X - matrix.means) @ beta - state.moments.shift)
        own = stratum == s
        pair = (fit.moves.states.index(t.start), fit.moves.states.index(t.end))
        result.append((pair, index.event_time[own], risk[:, None] * state.h[own]))
    return result


def _profiles(fit: MultistateFit, profile: Any) -> pl.DataFrame:
    """Give profiles all variables of the designs."""
    known = list(dict.fromkeys(v for d in fit.designs.values() for v in d.variables))
    if isinstance(profile, Mapping):
        for name in profile:
            if name not in known:
                raise FitError(
                    f"the model has no variable {name!r}", where="profile", remedy=nearest(str(name), known)
                )
        sizes = {len(v) for v in profile.values() if not isinstance(v, str) and np.ndim(v) == 1}
        if len(sizes) > 1:
            raise FitError("sequences of values must have one length", where="profile")
        n = sizes.pop() if sizes else 1
        frame = pl.DataFrame({"": np.arange(n)}).with_columns(
            pl.Series(k, [v] * n if isinstance(v, str) or np.ndim(v) == 0 else list(v), strict=False)
            for k, v in profile.items()
        )
    else:
        frame = to_polars(profile)
    for design in fit.designs.values():
        missing = {k: v for k, v in design.defaults.items() if k not in frame.columns}
        frame = frame.with_columns(pl.lit(v).alias(k) for k, v in missing.items())
        frame = frame.with_columns(
            pl.col(k).cast(t) for k, t in design.schema.items() if isinstance(t, pl.Enum | pl.Boolean)
        )
    return frame
