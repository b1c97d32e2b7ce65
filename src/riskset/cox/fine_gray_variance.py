"""The variance of a Fine-Gray fit with the term for the estimated censoring distribution, as ``cmprsk::crr`` has it.

With U_i the score residual of a person (`riskset.cox.robust`), Y(u) the number under observation at a time u at
which somebody is censored, and

    q(u) = sum over those with a competing event before u of r_j / G(T_j-) x
           sum over event times tau_k >= u of G(tau_k-) h_k (x_j - xbar_k)

both within i's own group where G is by group (``crr`` with ``cengroup`` differs there, by about a percent), the
estimated G adds psi_i = [i censored at u] q(u) / Y(u) - sum over u <= T_i of q(u) dN_c(u) / Y(u)^2 to U_i. The sums
over j and over k part, so that q is a product of running sums and all is linear in persons.

References
----------
Fine, J. P. & Gray, R. J. (1999). A proportional hazards model for the subdistribution of a competing risk. JASA 94,
496-509, section 4.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from riskset.cox.arrays import MatrixFit
from riskset.cox.observation import Observation
from riskset.cox.robust import event_means, row_scores
from riskset.errors import FitError
from riskset.kernel import Fading, RiskRows, State

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


def with_censoring_term(fit: MatrixFit, watched: Observation) -> MatrixFit:
    """Return the fit with the variance that counts the estimation of the censoring distribution.

    Parameters
    ----------
    fit : MatrixFit
        Without strata, case weights and delayed entry.
    watched : Observation
        The rows that were given.
    """
    rows, state = fit.rows, fit.state
    if rows.fading is None:
        raise FitError("the fit has nothing that stays at risk", where="variance")
    scores = censoring_terms(rows, state, rows.fading, watched)
    kept = slice(None) if rows.index.kept is None else rows.index.kept
    scores[kept] += row_scores(rows, state)
    # A person whose rows are all set aside has a term too.
    total = np.zeros((int(watched.person.max(initial=-1)) + 1, scores.shape[1]))
    np.add.at(total, watched.person, scores)
    influence = total @ fit.covariance
    return replace(fit, robust_covariance=influence.T @ influence)


def censoring_terms(rows: RiskRows, state: State, fading: Fading, watched: Observation) -> Floats:
    """Term psi of each row given, shape (n, p); not zero in the last row of a person alone."""
    index, n_times = rows.index, watched.time.size
    p = rows.given.shape[1]
    means = event_means(rows, state).g
    at = np.searchsorted(watched.time, index.event_time, side="right") - 1
    exit = watched.exit if index.kept is None else watched.exit[index.kept]
    psi = np.zeros((watched.exit.size, p))
    censored = watched.last & ~watched.event
    for g, part in fading.groups():
        own = fading.row[part]
        risk = state.moments.risk[own] * fading.weight[part]
        gone = exit[own]
        # Summed over those who left before each time, and over event times at it or later.
        left = _before(_at(gone, risk, n_times))
        left_x = _before(_at(gone, risk[:, None] * rows.part(own), n_times))
        ahead = _from(_at(at, fading.level[g] * state.h, n_times))
        ahead_x = _from(_at(at, fading.level[g][:, None] * means, n_times))
        q = ahead[:, None] * left_x - ahead_x * left[:, None]

        mine = watched.group == g
        ended, lost = watched.exit[mine & watched.last], watched.exit[mine & censored]
        at_risk = _from(_at(ended, np.ones(ended.size), n_times))
        if watched.ties_censoring == "after":
            events = watched.exit[mine & watched.event]
            at_risk = at_risk - _at(events, np.ones(events.size), n_times)
        count = _at(lost, np.ones(lost.size), n_times)
        share = np.divide(1.0, at_risk, out=np.zeros(n_times), where=count > 0)
        summed = np.cumsum(q * (count * share**2)[:, None], axis=0)
        who = np.flatnonzero(mine & watched.last)
        psi[who] -= summed[watched.exit[who]]
        who = np.flatnonzero(mine & censored)
        psi[who] += (q * share[:, None])[watched.exit[who]]
    return psi


def _at(place: Ints, values: Floats, n: int) -> Floats:
    if values.ndim == 1:
        return np.bincount(place, weights=values, minlength=n).astype(np.float64)
    return np.stack([np.bincount(place, weights=c, minlength=n) for c in values.T], axis=1).astype(np.float64)


def _before(at: Floats) -> Floats:
    """Sum over earlier times."""
    return np.concatenate((np.zeros_like(at[:1]), np.cumsum(at, axis=0)[:-1]))


def _from(at: Floats) -> Floats:
    """Sum over each time and later ones."""
    return np.cumsum(at[::-1], axis=0)[::-1]
