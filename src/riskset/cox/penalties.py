"""Penalties on the log partial likelihood: Firth's for separated data, ridge for many or collinear columns.

Firth's penalty is half the log determinant of the information I. Its derivative is

    1/2 sum_kj wbar E[(x_r - m)(x - m)' V (x - m)],   V = inverse(I), m = m_kj the mean of the risk set,

a third moment of each risk set. Written out with Q_i = x_i' V x_i, it needs no third moment of any risk set:

    X'(v o Q) - 2 X'(r o (X . (W_hi - W_lo)) - [deaths] ...) + sum_kj wbar m (2 m'V m - E[Q])

where v is the curvature of the information and W the sum of wbar V m_kj / den_kj over the event times, so that
one scatter of r Q and one product X'z beside what the information needs are all that touches rows.

References
----------
Heinze, G. & Schemper, M. (2001). A solution to the problem of monotone likelihood in Cox regression.
Biometrics 57, 114-119.
Firth, D. (1993). Bias reduction of maximum likelihood estimates. Biometrika 80, 27-38.
Gray, R. J. (1992). Flexible methods for analyzing survival data using splines. JASA 87, 942-951 (ridge).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from riskset.errors import FitError
from riskset.kernel import RiskRows, State, cumulative_hazard, curvature, scatter
from riskset.kernel.sums import backward_sums
from riskset.linalg import Cholesky

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Firth:
    """Jeffreys' prior: half the log determinant of the information is added to the log likelihood.

    Estimates stay finite where the likelihood has no maximum, such as in cells without events, and lose the
    first-order bias of small samples. Intervals and tests are best taken from the penalised likelihood
    (``method="profile"``), since it is skewed where it is needed most.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> pair = {"time": [1, 2], "died": [1, 1], "x": [1, 0]}
    >>> print(f'{coxph("Surv(time, died) ~ x", pair, penalty=Firth()).params[0]:.6f}')  # log 3
    1.098612
    """


@dataclass(frozen=True, slots=True)
class Ridge:
    """Half theta times the sum of squared coefficients is taken from the log likelihood, as R's ``ridge()``.

    Attributes
    ----------
    theta : float
        Weight of the penalty, zero or more.
    scale : bool
        Multiply each square by the variance of its column (over the fitted rows), so that the penalty does
        not depend on units.
    terms : tuple of str or None
        Terms of the formula that are penalised, as the formula writes them; all by default.
    """

    theta: float
    scale: bool = True
    terms: tuple[str, ...] | None = None

    def __post_init__(self) -> None:
        """Refuse a penalty that is none."""
        if not (np.isfinite(self.theta) and self.theta >= 0):
            raise FitError("theta must be a finite number, zero or more", where="Ridge")

    def on(self, X: Floats, columns: NDArray[np.bool_] | None = None) -> Quadratic:
        """Settle the penalty of the columns (n, p) of a matrix, or of the marked ones."""
        weight = np.full(X.shape[1], self.theta)
        if self.scale:
            if X.shape[0] < 2:
                raise FitError("a scaled penalty needs two rows", where="Ridge")
            weight = weight * X.var(axis=0, ddof=1)
        return Quadratic(weight if columns is None else weight * columns)


@dataclass(frozen=True, slots=True)
class Quadratic:
    """A settled ridge: half the sum of ``weight`` times the squared coefficients, shape (p,)."""

    weight: Floats


Penalty = Firth | Quadratic


def added(penalty: Penalty, state: State, chol: Cholesky) -> float:
    """Evaluate what the penalty adds to the log likelihood; ``chol`` factors the information."""
    if isinstance(penalty, Quadratic):
        return -float(penalty.weight @ state.beta**2) / 2
    return float(np.log(np.diag(chol.factor)).sum())


def slope(penalty: Penalty, rows: RiskRows, state: State, chol: Cholesky) -> Floats:
    """Differentiate `added`, shape (p,)."""
    if isinstance(penalty, Quadratic):
        return -penalty.weight * state.beta
    return _slope_of_log_determinant(rows, state, chol.inverse())


def _slope_of_log_determinant(rows: RiskRows, state: State, V: Floats) -> Floats:
    """Half the derivative of log det I, for the inverse information V (p, p)."""
    index, m, X = rows.index, state.moments, rows.X
    Q = np.einsum("ij,ij->i", X @ V, X)
    rQ = m.risk * Q
    SQ, _ = scatter(index.lo, index.hi, rQ, X[:, :0], index.n_slots, delayed_entry=index.delayed_entry)
    backward_sums(SQ, index.base)

    # Means of x and of Q at each tied step (k, j), one for each death.
    repeats, first, f = index.deaths_per_time, index.first_death, index.fraction
    at = np.repeat(np.arange(repeats.size), repeats)
    den = m.S0[at] - f * m.D0[at]
    mean = (m.S1[at] - f[:, None] * m.D1[at]) / den[:, None]
    DQ = np.add.reduceat(rQ[index.death_row], first)
    mean_Q = (SQ[index.event_slot][at] - f * DQ[at]) / den
    w = index.step_weight
    Vm = mean @ V
    result = (w * (2 * np.einsum("ij,ij->i", mean, Vm) - mean_Q)) @ mean

    step = (w / den)[:, None] * Vm
    W = cumulative_hazard(index, np.add.reduceat(step, first, axis=0))
    spared = np.add.reduceat(step * f[:, None], first, axis=0)
    along = np.einsum("ij,ij->i", X, W[index.hi])
    if index.delayed_entry:
        along -= np.einsum("ij,ij->i", X, W[index.lo])
    along[index.death_row] -= np.einsum("ij,ij->i", rows.death_X, spared[at])
    result += (curvature(rows, state) * Q - 2 * m.risk * along) @ X
    return result / 2
