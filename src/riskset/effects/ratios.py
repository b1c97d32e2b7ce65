"""Hazard ratios, and ratios of them, each with its interval, the test of the same method and what it compares."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

from riskset.cox import CoxFit, Firth, Test, likelihood_ratio, profile_interval, wald_test
from riskset.cox.contrasts import estimable
from riskset.design.grammar import names_in
from riskset.effects.profiles import Level, label_of

Floats = NDArray[np.float64]
Cell = tuple[Level, Level]

# A true ratio of exp(2.80 SE) is found with a power of 80% by a two-sided test at 5%.
DETECTABLE: Final = float(ndtri(0.975) + ndtri(0.80))
ROBUST: Final = "the variance is robust, so that the likelihood is no likelihood of the data: Wald only"
RIDGE: Final = "the ridge draws coefficients towards zero, so that its likelihood tests nothing: Wald only"


@dataclass(frozen=True)
class Ratio:
    """A hazard ratio, or a ratio of hazard ratios, with its interval, its test and what it compares.

    Attributes
    ----------
    exposure, exposure_reference : level
        Levels (or values) of the exposure that are compared; for an effect of the modifier both are the one it is
        held at.
    modifier, modifier_reference : level
        Levels of the modifier, likewise.
    hazard_ratio, lower, upper, p : float or None
        Headline: with profile-likelihood limits and likelihood-ratio test where the variance is model-based,
        Wald otherwise. None where the ratio cannot be estimated. A limit may be 0 or infinite.
    method : str
        Where the limits and p come from.
    log_estimate, std_error : float or None
        Logarithm of the ratio and its standard error.
    wald_lower, wald_upper, wald_p : float or None
        Wald limits and p, always.
    reason : str
        Why the ratio, or its profile, is not there; empty otherwise.
    vector : ndarray (p,)
        The combination of coefficients.
    of_ratios : bool
        Whether it is a ratio of hazard ratios.
    """

    exposure: Level
    exposure_reference: Level
    modifier: Level
    modifier_reference: Level
    hazard_ratio: float | None
    lower: float | None
    upper: float | None
    p: float | None
    method: Literal["profile likelihood and likelihood-ratio test", "Wald", "not estimable"]
    log_estimate: float | None
    std_error: float | None
    wald_lower: float | None
    wald_upper: float | None
    wald_p: float | None
    reason: str
    vector: Floats
    of_ratios: bool = False

    @property
    def detectable(self) -> tuple[float, float] | None:
        """Ratios on either side of 1 that this standard error finds with 80% power at 5%, two-sided."""
        if self.std_error is None:
            return None
        return float(np.exp(-DETECTABLE * self.std_error)), float(np.exp(DETECTABLE * self.std_error))

    def __str__(self) -> str:
        if self.hazard_ratio is None:
            return f"not estimable: {self.reason}"
        return f"{self.hazard_ratio:.2f} ({self.lower:.2f} to {self.upper:.2f}), p = {self.p:.3g}"


@dataclass(frozen=True)
class JointTest:
    """Test that no level of the modifier changes any effect of the exposure.

    ``likelihood_ratio`` is the headline and None, with ``reason``, where the variance is robust; ``wald`` is None
    where a cell has no event.
    """

    likelihood_ratio: Test | None
    wald: Test | None
    reason: str


def estimate(
    fit: CoxFit,
    compared: tuple[Level, Level, Level, Level],
    vector: Floats,
    reason: str,
    level: float,
    *,
    profile: bool,
    of_ratios: bool = False,
) -> Ratio:
    """Estimate one ratio: Wald always, profile and likelihood ratio where the variance allows.

    Parameters
    ----------
    fit : CoxFit
    compared : tuple of level
        Exposure, its reference, modifier, its reference.
    vector : float array (p,)
    reason : str
        Why it cannot be estimated, if it cannot.
    level : float
    profile : bool
    of_ratios : bool
        Whether it is a ratio of hazard ratios.
    """
    e, e_ref, m, m_ref = compared
    if not reason:
        reason = inestimable(fit, vector)
    if reason:
        none = None
        return Ratio(
            e, e_ref, m, m_ref, none, none, none, none, "not estimable", none, none, none, none, none, reason, vector,
            of_ratios,
        )  # fmt: skip
    wald = fit.combine(vector, level=level)
    wald_p = wald.p if vector.any() else 1.0  # the reference against itself
    lower, upper, p, method = wald.lower, wald.upper, wald_p, "Wald"
    if profile and no_likelihood(fit):
        reason = no_likelihood(fit)
    elif profile and vector.any():
        found = profile_interval(fit, vector, level)
        with np.errstate(over="ignore"):
            lower, upper, p = float(np.exp(found.lower)), float(np.exp(found.upper)), found.p
        method = "profile likelihood and likelihood-ratio test"
    return Ratio(
        e, e_ref, m, m_ref, wald.hazard_ratio, lower, upper, p, method, wald.estimate, wald.std_error,
        wald.lower, wald.upper, wald_p, reason, vector, of_ratios,
    )  # fmt: skip


def joint_test(fit: CoxFit, vectors: Floats, *, every_cell_has_events: bool) -> JointTest:
    """Test that combinations (q, p) are all zero, by likelihood ratio and Wald as far as they have a meaning."""
    known = estimable(fit, vectors)
    if not known.any():
        return JointTest(None, None, "no interaction coefficient could be estimated")
    vectors = vectors[known]
    wald = wald_test(fit, vectors) if every_cell_has_events else None
    if no_likelihood(fit):
        return JointTest(None, wald, no_likelihood(fit))
    missing = "" if every_cell_has_events else "a cell has no event, so that Wald's test has no meaning"
    return JointTest(likelihood_ratio(fit, vectors), wald, missing)


def inestimable(fit: CoxFit, vectors: Floats) -> str:
    """Say why combinations (p,) or (q, p) cannot be estimated, or nothing."""
    if estimable(fit, np.atleast_2d(vectors)).all():
        return ""
    return "a coefficient that it rests on could not be estimated"


def no_likelihood(fit: CoxFit) -> str:
    """Say why the fit's likelihood tests nothing, or nothing."""
    if fit.robust:
        return ROBUST
    penalty = fit.matrix.penalty
    return "" if penalty is None or isinstance(penalty, Firth) else RIDGE


def without_events(fit: CoxFit, events: Mapping[Cell, int], involved: list[Cell]) -> str:
    """Name the cells without an event, which leave a ratio without an estimate unless Firth's penalty gives one."""
    if isinstance(fit.matrix.penalty, Firth):
        return ""
    empty = [f"{label_of(a)}, {label_of(b)}" for a, b in dict.fromkeys(involved) if events[a, b] == 0]
    return f"no event in the cell {'; '.join(empty)}" if empty else ""


def penalty_notes(fit: CoxFit, events: Mapping[Cell, int]) -> tuple[str, ...]:
    """Say what the limits and tests of a penalised fit are, and where they mean little."""
    if fit.matrix.penalty is None:
        return ()
    if not isinstance(fit.matrix.penalty, Firth):
        return (
            "the ridge draws hazard ratios towards 1, and RERI, AP and S with them: their limits are about such values",
        )
    note = (
        "Firth's penalty: profile limits and likelihood-ratio tests are those of the penalised likelihood; RERI, AP "
        "and S rest on Wald's limits at its maximum"
    )
    empty = [f"{label_of(a)}, {label_of(b)}" for (a, b), n in events.items() if n == 0]
    return (f"{note}, which mean little where no event is: {'; '.join(empty)}" if empty else note,)


def stratified_by(fit: CoxFit) -> frozenset[str]:
    """Variables that have baseline hazards of their own, so that they have no hazard ratio."""
    strata = fit.design.strata
    return frozenset() if strata is None else frozenset(n for e in strata.values for n in names_in(e))


def no_hazard_ratio(fit: CoxFit, *compared: str | None) -> str:
    """Say why a variable that stands in strata() has no hazard ratio, or nothing."""
    apart = [v for v in compared if v is not None and v in stratified_by(fit)]
    return (
        f"{apart[0]} has baseline hazards of its own (strata), so that it has no hazard ratio"
        if apart
        else ""
    )


def runs_off(fit: CoxFit, vectors: Floats) -> str:
    """Say that combinations (q, p) rest on a coefficient at which the likelihood has no maximum, or nothing."""
    touched = (np.isinf(fit.std_error) | fit.matrix.runaway) & (vectors != 0).any(axis=0)
    return "the likelihood has no maximum: a coefficient that it rests on runs off" if touched.any() else ""
