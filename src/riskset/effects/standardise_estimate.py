"""Standardised risks of a cohort, and the influence of each person on them.

Under one value of the exposure, person i has at event time k the hazards a_ik = r_i h_k of the cause of interest and
b_ik of others, together t_ik. Hazards accrue evenly between event times, so that with S the survival just before

    F_i(t) = sum over k to t of S_ik a_ik g(t_ik),   g(t) = (1 - exp(-t)) / t,   S_i,k+1 = S_ik exp(-t_ik)

which is 1 - exp(-r_i H(t)) where there is one cause, and in which the risks of all causes and survival add up to 1.
The standardised risk is the weighted mean of F_i. Time lost up to t is the integral of the risk; restricted mean
survival time is t less the time lost.

Derivatives, from which the infinitesimal jackknife over persons is made: with P_il = S_il [g + a_il g'] + F_il and
F_il the risk up to event time l,

    dF_i(t)/da_il = P_il - F_i(t)                        dF_i(t)/db_il: the same with P_il = S_il a_il g' + F_il
    dL_i(t)/da_il = (t - t_l) P_il - [L_i(t) - L_i(t_l)]

for l up to t, so that every estimate needs only sums over persons that are the same for all t. A person's influence
is the sum of what the person adds to the mean, to the coefficients (dfbeta) and to each increment of the baseline
hazard, whose derivative by the weight of row j is -r_j A_k, plus 1/m sum 1/den - r_j (...) where j dies at k.

References
----------
Makuch, R. W. (1982). Adjusted survival curve estimation using covariates. J Chronic Diseases 35, 437-443.
Chen, P.-Y. & Tsiatis, A. A. (2001). Causal inference on the difference of the restricted mean lifetime between two
groups. Biometrics 57, 1030-1038.
Ozenne, B. et al. (2020). On the estimation of average treatment effects with right-censored time to event outcome and
competing risks. Biometrical Journal 62, 751-763.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.polynomial import chebyshev
from numpy.typing import NDArray

from riskset.cox.robust import at_estimate, cluster_scores, event_means
from riskset.effects.standardise_cohort import Cause, Cohort
from riskset.kernel import cumulative_hazard

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

# Person-times held at once: a block and its dozen companions stay within some tens of megabytes.
BLOCK: Final = 1 << 19
DIGITS: Final = 23.0  # natural logarithm of 1e10
SPARE: Final = 16  # nodes beyond, for the smallest problems
SMALL: Final = 1e-3  # below it four terms of a series have more digits than a quotient


@dataclass(frozen=True, slots=True)
class Standardised:
    """Risk and time lost under each value of the exposure.

    Attributes
    ----------
    risk, lost : float arrays (values, times)
    influence : float array (n, values, 2, times) or None
        Each person's influence on risk and on time lost; the root of its sum of squares over persons is the
        standard error.
    """

    risk: Floats
    lost: Floats
    influence: Floats | None


def standardised(cohort: Cohort, times: Floats, *, influence: bool) -> Standardised:
    """Standardise risks over the cohort.

    Parameters
    ----------
    cohort : Cohort
    times : float array (T,)
        Increasing.
    influence : bool
        Whether each person's influence is wanted; not for covariates that have paths.
    """
    grid = grid_of(cohort, times)
    at = np.searchsorted(grid, times)
    shape = (len(cohort.values), 2, times.size)
    n = cohort.weight.size
    asked = np.zeros(shape)
    weight = cohort.weight / cohort.weight.sum()
    steps = [increments(c, c.base.hazard, grid) for c in cohort.causes]
    direct = np.zeros((n, *shape))
    slopes = [_Slopes.blank(c, shape) for c in cohort.causes] if influence else []
    for v in range(shape[0]):
        risks = [c.base.risk(c.X[v], c.offset[v]) for c in cohort.causes]
        if cohort.paths is not None:
            for block in blocks(cohort, grid, v, risks, steps):
                path = Path.of(block.hazards, grid)
                asked[v] += np.stack([weight[block.persons] @ x[:, at] for x in (path.F, path.L)])
            continue
        for pattern, mine in cohort.groups[v]:
            own = [r[mine] for r in risks]
            hazards = [step[s] for step, s in zip(steps, pattern, strict=True)]
            found = _Followed.of(own, hazards, grid, at, weight[mine])
            direct[mine, v] = np.stack([found.F, found.L], axis=1)
            for c, slope in enumerate(slopes):
                slope.add(cohort.causes[c], v, pattern[c], mine, found, c, grid, at, weight[mine])
        asked[v] = np.einsum("n,nqt->qt", weight, direct[:, v])
    if not influence or cohort.paths is not None:
        return Standardised(asked[:, 0], asked[:, 1], None)
    total = (direct - asked) * weight[:, None, None, None]
    for cause, slope in zip(cohort.causes, slopes, strict=True):
        total += _through_model(cause, slope, n).reshape(n, *shape)
    return Standardised(asked[:, 0], asked[:, 1], total)


def grid_of(cohort: Cohort, times: Floats) -> Floats:
    """Event times of any cause up to the last of the times, and the times themselves."""
    every = np.unique(np.concatenate([c.base.index.event_time for c in cohort.causes] + [times]))
    return every[every <= times[-1]]


def increments(cause: Cause, hazard: Floats, grid: Floats) -> Floats:
    """Increments at the grid of a cumulative hazard held at the index's slots, (strata, D)."""
    n_strata = int(max(s.max(initial=0) for s in cause.stratum)) + 1
    H = np.array([hazard[cause.base.slot(grid, np.full(grid.size, s))] for s in range(n_strata)])
    return np.diff(H, prepend=0.0, axis=1)


@dataclass(frozen=True, slots=True)
class Block:
    """Some persons under one value of the exposure, and their hazards at the grid, one array for each cause."""

    persons: Ints
    hazards: tuple[Floats, ...]


def blocks(
    cohort: Cohort, grid: Floats, v: int, risks: Sequence[Floats], steps: Sequence[Floats]
) -> Iterator[Block]:
    """Take persons some at a time."""
    n = cohort.weight.size
    size = max(BLOCK // max(grid.size, 1), 1)
    for a in range(0, n, size):
        persons = np.arange(a, min(a + size, n))
        hazards: list[Floats] = []
        for cause, risk, step in zip(cohort.causes, risks, steps, strict=True):
            stratum = cause.stratum[v]
            if cohort.paths is None:
                hazards.append(risk[persons, None] * step[stratum[persons]])
            else:
                pieces = cohort.paths.at(persons, grid)
                hazards.append(risk[pieces] * step[stratum[pieces], np.arange(grid.size)])
        yield Block(persons, tuple(hazards))


@dataclass(frozen=True, slots=True)
class Path:
    """Survival and risk of persons along the grid, each (persons, D)."""

    first: Floats  # hazards of the cause of interest
    S: Floats  # survival just before
    g: Floats
    bend: Floats  # derivative of g
    F: Floats
    L: Floats  # integral of F up to the grid's times

    @classmethod
    def of(cls, hazards: tuple[Floats, ...], grid: Floats) -> Path:
        """Follow persons along the grid."""
        total = hazards[0] if len(hazards) == 1 else np.sum(hazards, axis=0)
        upto = np.cumsum(total, axis=1)
        S = np.exp(total - upto)
        g, bend = _mean_survival(total)
        F = -np.expm1(-upto) if len(hazards) == 1 else np.cumsum(S * hazards[0] * g, axis=1)
        L = np.zeros_like(F)
        np.cumsum(F[:, :-1] * np.diff(grid), axis=1, out=L[:, 1:])
        return cls(hazards[0], S, g, bend, F, L)

    def rise(self, c: int) -> Floats:
        """P: how a hazard of cause c would raise the risk at once, and all survival after it end."""
        return self.S * (self.first * self.bend + (self.g if c == 0 else 0.0)) + self.F


def _mean_survival(t: Floats) -> tuple[Floats, Floats]:
    """Mean of exp(-u t) over u from 0 to 1, and its derivative."""
    small = t < SMALL
    safe = np.where(small, 1.0, t)
    g = np.where(small, 1.0 - t / 2 * (1.0 - t / 3 * (1.0 - t / 4)), -np.expm1(-safe) / safe)
    bend = np.where(small, -0.5 + t / 3 * (1.0 - t * 3 / 8), (np.exp(-safe) - g) / safe)
    return g, bend


@dataclass(frozen=True, slots=True)
class _Followed:
    """What the estimates and their derivatives need of the persons of one stratum.

    All of it are smooth functions of a person's risks, so that it is worked out at few nodes of them, and
    interpolated, where there are more persons than nodes.

    Attributes
    ----------
    F, L : float arrays (n, T)
        Risk and time lost.
    aP, aQ, a : lists of float arrays (n, T), one for each cause
        Sums up to the time of the cause's hazards times P, times t P - L, and alone.
    sum_P, sum_L : lists of float arrays (D,)
        Sums over persons of weight times risk times P and L.
    """

    F: Floats
    L: Floats
    aP: list[Floats]
    aQ: list[Floats]
    a: list[Floats]
    sum_P: list[Floats]
    sum_L: list[Floats]

    @classmethod
    def of(
        cls, risks: list[Floats], steps: list[Floats], grid: Floats, at: Ints, weight: Floats
    ) -> _Followed:
        nodes, lift = nodes_of(risks, [float(step.sum()) for step in steps])
        causes = range(len(risks))
        pull = [weight * r if lift is None else lift.T @ (weight * r) for r in risks]
        kept: list[list[Floats]] = []
        sums = np.zeros((2, len(risks), grid.size))
        size = max(BLOCK // grid.size, 1)
        for b in range(0, nodes[0].size, size):
            part = slice(b, b + size)
            path = Path.of(tuple(r[part, None] * step for r, step in zip(nodes, steps, strict=True)), grid)
            rows = [path.F[:, at], path.L[:, at]]
            for c in causes:
                own, P = nodes[c][part, None] * steps[c], path.rise(c)
                rows += [np.cumsum(x, axis=1)[:, at] for x in (own * P, own * (grid * P - path.L), own)]
                sums[0, c] += pull[c][part] @ P
                sums[1, c] += pull[c][part] @ path.L
            kept.append(rows)
        F, L, *others = (
            np.concatenate(x) if lift is None else lift @ np.concatenate(x) for x in zip(*kept, strict=True)
        )
        return cls(F, L, others[0::3], others[1::3], others[2::3], list(sums[0]), list(sums[1]))


def nodes_of(risks: list[Floats], tops: list[float]) -> tuple[list[Floats], Floats | None]:
    """Nodes of the risks that stand for all persons, and the interpolation from them (n, nodes).

    Chebyshev's, of which exp(-r H) needs about the root of 23 times the range of r H for ten digits; with several
    causes all their combinations. The persons themselves where they are fewer.
    """
    points: list[Floats] = []
    lifts: list[Floats] = []
    for risk, top in zip(risks, tops, strict=True):
        low, high = float(risk.min()), float(risk.max())
        m = int(np.ceil(np.sqrt(DIGITS * top * (high - low)))) + SPARE
        x = chebyshev.chebpts1(m)
        points.append(low + (high - low) * (x + 1) / 2)
        if np.prod([p.size for p in points]) >= risk.size:
            return risks, None
        scaled = 2 * (risk - low) / (high - low) - 1 if high > low else np.zeros(risk.size)
        lifts.append(chebyshev.chebvander(scaled, m - 1) @ np.linalg.inv(chebyshev.chebvander(x, m - 1)))
    lift = lifts[0]
    for other in lifts[1:]:
        lift = (lift[:, :, None] * other[:, None, :]).reshape(lift.shape[0], -1)
    return [m.ravel() for m in np.meshgrid(*points, indexing="ij")], lift


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Derivatives of the estimates by one cause's coefficients, and by its increments at each event time.

    Attributes
    ----------
    beta : float array (p, values, 2, times)
    step : float array (event times, values, 2, times)
    """

    beta: Floats
    step: Floats

    @classmethod
    def blank(cls, cause: Cause, shape: tuple[int, ...]) -> _Slopes:
        return cls(
            np.zeros((cause.base.beta.size, *shape)), np.zeros((cause.base.index.event_slot.size, *shape))
        )

    def add(
        self,
        cause: Cause,
        v: int,
        s: int,
        mine: Ints,
        found: _Followed,
        c: int,
        grid: Floats,
        at: Ints,
        w: Floats,
    ) -> None:
        """Add what the persons of stratum ``s`` contribute."""
        t, aP, a = grid[at], found.aP[c], found.a[c]
        by_risk = aP - found.F * a
        by_lost = t * aP - found.aQ[c] - found.L * a
        X = cause.X[v][mine] - cause.base.means
        self.beta[:, v] += np.einsum(
            "np,nqt->pqt", X, w[:, None, None] * np.stack([by_risk, by_lost], axis=1)
        )

        index = cause.base.index
        place = np.searchsorted(grid, index.event_time)
        of = np.searchsorted(index.base, index.event_slot, side="right") - 1
        here = np.flatnonzero((of == s) & (place < grid.size))
        k = place[here]
        inside = (k[:, None] <= at).astype(np.float64)
        wr = w * cause.base.risk(cause.X[v][mine], cause.offset[v][mine])
        P, L = found.sum_P[c][k][:, None], found.sum_L[c][k][:, None]
        self.step[here, v, 0] += inside * (P - wr @ found.F)
        self.step[here, v, 1] += inside * ((t - grid[k][:, None]) * P + L - wr @ found.L)


def _through_model(cause: Cause, slopes: _Slopes, n: int) -> Floats:
    """Influence of each person on the estimates by way of the model, (n, estimates)."""
    matrix, base = cause.fit.matrix, cause.base
    rows, index = matrix.rows, base.index
    state = at_estimate(rows, matrix.state, matrix.params)
    means = event_means(rows, state)
    step = slopes.step.reshape(index.event_slot.size, -1)
    # An increment of the hazard falls with beta by g, its mean of the covariates.
    by_beta = slopes.beta.reshape(base.beta.size, step.shape[1]) - means.g.T @ step
    scores = cluster_scores(rows, state, cause.person)
    found = np.zeros((n, step.shape[1]))
    found[: scores.shape[0]] = scores @ (matrix.covariance @ by_beta)

    repeats = index.deaths_per_time
    den = np.repeat(state.moments.S0, repeats) - index.fraction * np.repeat(state.moments.D0, repeats)
    per = index.step_weight / den**2
    A = np.add.reduceat(per, index.first_death)
    B = np.add.reduceat(per * index.fraction, index.first_death)
    falls = cumulative_hazard(index, A[:, None] * step)
    each = -state.moments.risk[:, None] * (falls[index.hi] - falls[index.lo])
    at = np.repeat(np.arange(repeats.size), repeats)
    dead = index.death_row
    # h_k = wbar sum 1/den: a death of weight w adds w/m to wbar, and is spared j/m of what it adds to the risk.
    own = (
        index.death_weight / (index.step_weight * repeats[at]) * state.h[at]
        + state.moments.risk[dead] * B[at]
    )
    np.add.at(each, dead, own[:, None] * step[at])
    np.add.at(found, cause.person, each)
    return found
