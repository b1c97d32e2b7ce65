"""Maximum of a penalised log partial likelihood; without a penalty, of the likelihood itself."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from riskset.cox.newton import (
    CONVERGED,
    MAX_HALVINGS,
    ROUNDING,
    SETTLED,
    Iteration,
    Maximum,
    factor_of,
    maximise,
)
from riskset.cox.penalties import Firth, Penalty, Quadratic, added, slope
from riskset.errors import FitError
from riskset.kernel import RiskRows, State, evaluate, information, score
from riskset.linalg import Cholesky, rank_revealing_cholesky

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Firth's second derivative is only learnt on the way, which takes some steps more than Newton's method.
MAX_STEPS = 100
# Steps that no longer shrink, once they are within CONVERGED, have met rounding.
STALLED = 3


@dataclass(frozen=True, slots=True)
class _Point:
    """The penalised likelihood at one beta."""

    state: State
    objective: float
    information: Floats
    scale: Floats
    cholesky: Cholesky  # of the information and what a quadratic penalty adds to it


def maximum(
    rows: RiskRows,
    start: Floats,
    penalty: Penalty | None,
    *,
    independent: Bools | None = None,
    subspace: Floats | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 40,
    settled: float = SETTLED,
) -> Maximum:
    """Maximise the log partial likelihood and its penalty, if any, from ``start``.

    Parameters
    ----------
    rows : RiskRows
    start : float array (p,)
    penalty : Penalty or None
    independent : bool array (p,), optional
        Columns that may move, and that Firth's determinant is over; found at ``start`` if not given.
    subspace : float array (p, r), optional
        Move within start + span(subspace) only. Firth's determinant stays that of the whole information.
    tolerance : float
        R's criterion, see `riskset.cox.newton`; a penalised fit goes on until its steps are settled.
    max_iterations : int
        0 evaluates at ``start``.
    settled : float
        Squared step, in standard errors, that is the last one.
    """
    if penalty is None:
        return maximise(
            rows,
            start,
            independent=independent,
            subspace=subspace,
            tolerance=tolerance,
            max_iterations=max_iterations,
            settled=settled,
        )
    limit = max(MAX_STEPS, max_iterations) if max_iterations else 0
    return _climb(rows, start, penalty, independent, subspace, limit, settled)


def _climb(
    rows: RiskRows,
    start: Floats,
    penalty: Penalty,
    independent: Bools | None,
    subspace: Floats | None,
    limit: int,
    settled: float,
) -> Maximum:
    """Newton's method, with a secant estimate of the curvature that Firth's penalty adds.

    The information is exact at every step; what the penalty adds to it is learnt from the change of the
    penalty's slope along the steps (symmetric rank-one updates), so that convergence is superlinear without
    fourth moments. Where the sum is not positive definite, the information alone is used.
    """
    point = _point(rows, evaluate(rows, start), penalty, independent)
    if independent is None:
        independent = point.cholesky.independent
    if not np.isfinite(point.objective):
        raise FitError(
            "the penalised likelihood cannot be computed at the starting values",
            where="penalty, starting values",
        )
    free = np.eye(start.size)[:, independent] if subspace is None else subspace
    bend = np.diag(penalty.weight) if isinstance(penalty, Quadratic) else np.zeros((start.size, start.size))
    gradient = slope(penalty, rows, point.state, point.cholesky)
    record: list[Iteration] = []
    stalled, shortest = 0, np.inf
    while True:
        u = score(rows, point.state) + gradient
        step = _step(free, point.information, bend, u)
        decrement = float(u @ step)
        stalled = 0 if decrement < shortest else stalled + 1
        shortest = min(shortest, decrement)
        done = 0 <= decrement <= settled
        if done or len(record) == limit or (stalled >= STALLED and shortest <= CONVERGED):
            break
        new, taken, halvings = _advance(rows, point, step, penalty, independent)
        record.append(Iteration(loglik=point.objective, decrement=decrement, halvings=halvings))
        if new is None:
            break
        turned = slope(penalty, rows, new.state, new.cholesky)
        if not isinstance(penalty, Quadratic):
            bend = _secant(bend, taken, gradient - turned)
        point, gradient = new, turned
    record.append(Iteration(loglik=point.objective, decrement=decrement, halvings=0))
    return Maximum(
        beta=point.state.beta + step if done and limit > 0 else point.state.beta,
        state=point.state,
        objective=point.objective,
        information=point.information,
        cholesky=point.cholesky,
        score=u,
        converged=done or 0 <= decrement <= CONVERGED,
        runaway=np.zeros(start.size, dtype=np.bool_),
        record=tuple(record),
    )


def _point(rows: RiskRows, state: State, penalty: Penalty, independent: Bools | None) -> _Point:
    info, scale = information(rows, state)
    if isinstance(penalty, Firth) and state.moments.bands is not None:  # its slope knows one scale only
        return _Point(state, -np.inf, info, scale, rank_revealing_cholesky(info, scale))
    curved = info
    if isinstance(penalty, Quadratic):
        curved, scale = info + np.diag(penalty.weight), scale + penalty.weight
    if independent is None:
        chol = rank_revealing_cholesky(curved, scale)
    else:
        chol = factor_of(curved, independent)
        if not chol.independent[independent].all():  # the determinant has vanished in rounding
            return _Point(state, -np.inf, info, scale, chol)
    return _Point(state, state.loglik + added(penalty, state, chol), info, scale, chol)


def _step(free: Floats, info: Floats, bend: Floats, u: Floats) -> Floats:
    """Newton's step within the span of ``free``."""
    g = free.T @ u
    for curved in (info + bend, info) if g.size else ():
        H = free.T @ curved @ free
        if not (np.diag(H) > 0).all():
            continue
        size = np.sqrt(np.diag(H))
        try:
            factor = linalg.cho_factor(H / size / size[:, None], lower=True)
        except linalg.LinAlgError:
            continue
        return free @ (linalg.cho_solve(factor, g / size) / size)
    return free @ rank_revealing_cholesky(free.T @ info @ free).solve(g)


def _advance(
    rows: RiskRows, point: _Point, step: Floats, penalty: Penalty, independent: Bools
) -> tuple[_Point | None, Floats, int]:
    """Take the first of step, step/2, step/4, ... that does not lower the penalised likelihood."""
    slack = ROUNDING * max(abs(point.objective), abs(point.state.loglik))
    for halvings in range(MAX_HALVINGS):
        state = evaluate(rows, point.state.beta + step)
        if np.isfinite(state.loglik):
            new = _point(rows, state, penalty, independent)
            if new.objective >= point.objective - slack:
                return new, step, halvings
        step = step / 2
    return None, step, MAX_HALVINGS


def _secant(bend: Floats, step: Floats, change: Floats) -> Floats:
    """Symmetric rank-one update that maps the step onto the change of slope."""
    miss = change - bend @ step
    weight = float(miss @ step)
    if abs(weight) <= 1e-8 * float(np.linalg.norm(miss) * np.linalg.norm(step)):
        return bend
    return bend + np.outer(miss, miss) / weight
