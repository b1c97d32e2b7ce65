"""Newton's method for the log partial likelihood, with R's rule of convergence and one more full step."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.errors import FitError
from riskset.kernel import RiskRows, State, evaluate, information, score
from riskset.linalg import Cholesky, rank_revealing_cholesky
from riskset.linalg.cholesky import TOLERANCE

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# After R's rule holds, Newton steps go on (one or two) until the step is this small in standard errors
# (squared): the error of estimate, variance and loglik is then below 1e-8 of their size.
SETTLED = 1e-16
STEPS_BEYOND = 3
# Where rounding keeps the step above that (nearly collinear columns), this many is still converged: 1e-4 SE.
CONVERGED = 1e-8
# A coefficient that still moves the linear predictor by this much across its range after the likelihood has
# levelled is on its way to infinity: a regular one moves by less than 1e-6 there.
RUNAWAY = 1e-3
# Information shrinks as exp(-|eta|): this far from the start none of it is left above rounding (linalg.TOLERANCE).
FLAT = -np.log(TOLERANCE)
MAX_HALVINGS = 30
ROUNDING = 1e-12  # of the log likelihood, as a sum over many risk sets


@dataclass(frozen=True, slots=True)
class Iteration:
    """One row of the iteration record."""

    loglik: float  # with its penalty, if any
    decrement: float  # squared length of the Newton step in standard errors
    halvings: int


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where Newton's method ended.

    Attributes
    ----------
    beta : float array (p,)
        The maximum: the end of the last step, which is applied even when too small to look again.
    state : State
        Likelihood where it was last evaluated, within 1e-8 standard errors of ``beta`` if converged.
    objective : float
        What was maximised: the log likelihood, with its penalty if any.
    information : float array (p, p)
        Of the likelihood, without what a penalty adds.
    cholesky : Cholesky
        Of the information (and of a quadratic penalty), on the directions searched.
    score : float array (p,)
    converged : bool
    runaway : bool array (p,)
        Coefficients that run off while the likelihood levels.
    record : tuple of Iteration
    """

    beta: Floats
    state: State
    objective: float
    information: Floats
    cholesky: Cholesky
    score: Floats
    converged: bool
    runaway: Bools
    record: tuple[Iteration, ...]


def maximise(
    rows: RiskRows,
    start: Floats,
    *,
    independent: Bools | None = None,
    subspace: Floats | None = None,
    tolerance: float = 1e-9,
    max_iterations: int = 40,
    settled: float = SETTLED,
) -> Maximum:
    """Maximise the log partial likelihood from ``start``.

    Parameters
    ----------
    rows : RiskRows
    start : float array (p,)
    independent : bool array (p,), optional
        Columns that may move; found at ``start`` by rank-revealing Cholesky if not given.
    subspace : float array (p, r), optional
        Move within start + span(subspace) only: the fit under linear constraints.
    tolerance : float
        Relative change of the log likelihood below which R calls the fit converged.
    settled : float
        Squared step, in standard errors, that is the last one.
    """
    state = evaluate(rows, start)
    if not np.isfinite(state.loglik):
        raise FitError(
            "the risks of rows at risk together differ by more than a number can hold",
            where="offset, starting values",
            remedy="Give offsets and starting values on the scale of log hazard ratios.",
        )
    record: list[Iteration] = []
    levelled = False
    beyond = 0  # steps made after R's rule held
    while True:
        info, scale = information(rows, state)
        u = score(rows, state)
        if subspace is None:
            if independent is None:
                independent = rank_revealing_cholesky(info, scale).independent
            chol = factor_of(info, independent)
            step = chol.solve(u)
        else:
            chol = rank_revealing_cholesky(subspace.T @ info @ subspace, (subspace**2).T @ scale)
            step = subspace @ chol.solve(subspace.T @ u)
        decrement = float(u @ step)
        done = decrement <= settled
        if done or beyond == STEPS_BEYOND or len(record) == max_iterations:
            break
        beyond += levelled
        new, halvings = _advance(rows, state, step)
        record.append(Iteration(loglik=state.loglik, decrement=decrement, halvings=halvings))
        if new is None:
            break
        change = abs(new.loglik - state.loglik)
        levelled = levelled or (halvings == 0 and change <= tolerance * max(abs(new.loglik), 1.0))
        state = new
    runaway = np.zeros(start.size, dtype=np.bool_)
    if levelled and not done:
        runaway = np.abs(step) * _range(rows.X) > RUNAWAY
    if subspace is None and independent is not None:
        lost = independent & ~chol.independent  # no information is left about them
        # One long step may end where the likelihood is flat to the last digit: it looks settled, for nothing moves.
        runaway |= lost & ((levelled and not done) or np.abs(state.beta - start) * _range(rows.X) > FLAT)
    record.append(Iteration(loglik=state.loglik, decrement=decrement, halvings=0))
    return Maximum(
        beta=state.beta + step if done and max_iterations > 0 else state.beta,
        state=state,
        objective=state.loglik,
        information=info,
        cholesky=chol,
        score=u,
        converged=not runaway.any() and (done or (levelled and decrement <= CONVERGED)),
        runaway=runaway,
        record=tuple(record),
    )


def _advance(rows: RiskRows, state: State, step: Floats) -> tuple[State | None, int]:
    """Take the first of step, step/2, step/4, ... that does not lower the likelihood."""
    # At the top the likelihood is flat to within rounding; a full step is right there though it may read lower.
    slack = ROUNDING * abs(state.loglik)
    for halvings in range(MAX_HALVINGS):
        new = evaluate(rows, state.beta + step)
        if new.loglik >= state.loglik - slack:
            return new, halvings
        step = step / 2
    return None, MAX_HALVINGS


def factor_of(info: Floats, independent: Bools) -> Cholesky:
    """Factor the information of the independent columns, whatever its size: they are known to be so."""
    masked = np.where(independent[:, None] & independent, info, 0.0)
    return rank_revealing_cholesky(masked, np.zeros(info.shape[0]))


def _range(X: Floats) -> Floats:
    if X.shape[0] == 0:
        return np.zeros(X.shape[1])
    return X.max(axis=0) - X.min(axis=0)
