"""Effect modification from one fit: hazard ratios within strata, and their ratio, which alone tests a difference."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray
from scipy.special import ndtri

from riskset.cox import CoxFit, Test, likelihood_ratio, profile_interval, wald_test
from riskset.curves import incidence_rate
from riskset.effects.profiles import Level, label_of, levels_of, require_fixed, require_level, series_of
from riskset.errors import FitError

Floats = NDArray[np.float64]

# A true ratio of exp(2.80 SE) is found with a power of 80% by a two-sided test at 5%.
DETECTABLE: Final = float(ndtri(0.975) + ndtri(0.80))
ROBUST: Final = "the variance is robust, so that the likelihood is no likelihood of the data: Wald only"


@dataclass(frozen=True)
class Ratio:
    """A hazard ratio, or a ratio of hazard ratios, with its interval, its test and what it compares.

    Attributes
    ----------
    exposure, exposure_reference : level
        Levels of the exposure that are compared; for an effect of the modifier both are the one it is held at.
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


@dataclass(frozen=True, eq=False)
class Interaction:
    """Effect modification of an exposure by a modifier, everything from one fit and one covariance.

    Attributes
    ----------
    exposure, modifier : str
        The variables.
    exposure_levels, modifier_levels : tuple of level
        Their levels, references first.
    exposure_in_modifier : tuple of Ratio
        Hazard ratio of each exposure level against the reference, within each level of the modifier.
    modifier_in_exposure : tuple of Ratio
        Hazard ratio of each modifier level against the reference, within each level of the exposure.
    ratio : tuple of Ratio
        Ratios of hazard ratios: the interaction. Only these say whether an effect differs between strata.
    joint : JointTest or None
        All of them together, where there is more than one.
    cells : polars.DataFrame
        One row per cell of exposure and modifier: persons, events and person-time of the fitted rows, rate with
        exact limits (all per unit of the fit's time), and hazard ratio against the cell of both references.
    level : float
        Confidence level.
    at : mapping
        Values at which other interacting variables were held.
    """

    exposure: str
    modifier: str
    exposure_levels: tuple[Level, ...]
    modifier_levels: tuple[Level, ...]
    exposure_in_modifier: tuple[Ratio, ...]
    modifier_in_exposure: tuple[Ratio, ...]
    ratio: tuple[Ratio, ...]
    joint: JointTest | None
    cells: pl.DataFrame
    level: float
    at: Mapping[str, object]

    def table(self) -> pl.DataFrame:
        """Tabulate all ratios: what, exposure, modifier, the ratio with its limits and p, and how they were found."""
        parts = {
            "exposure in modifier": self.exposure_in_modifier,
            "modifier in exposure": self.modifier_in_exposure,
            "ratio of hazard ratios": self.ratio,
        }
        rows = [
            {
                "what": what,
                "exposure": _against(r.exposure, r.exposure_reference),
                "modifier": _against(r.modifier, r.modifier_reference),
                "hazard_ratio": r.hazard_ratio,
                "lower": r.lower,
                "upper": r.upper,
                "p": r.p,
                "method": r.method,
                "wald_lower": r.wald_lower,
                "wald_upper": r.wald_upper,
                "wald_p": r.wald_p,
                "reason": r.reason,
            }
            for what, ratios in parts.items()
            for r in ratios
        ]
        numbers = ("hazard_ratio", "lower", "upper", "p", "wald_lower", "wald_upper", "wald_p")
        return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(*numbers).cast(pl.Float64))

    def __repr__(self) -> str:
        lines = [f"Interaction of {self.exposure} and {self.modifier} ({self.level:.0%} CI)"]
        for title, ratios in (
            (f"Hazard ratio of {self.exposure} within {self.modifier}", self.exposure_in_modifier),
            (f"Hazard ratio of {self.modifier} within {self.exposure}", self.modifier_in_exposure),
            ("Ratio of hazard ratios", self.ratio),
        ):
            lines.append(f"  {title}")
            for r in ratios:
                what = f"{_against(r.exposure, r.exposure_reference)}; {_against(r.modifier, r.modifier_reference)}"
                lines.append(f"    {what}: {r}")
        if self.joint is not None:
            test = self.joint.likelihood_ratio or self.joint.wald
            if test is not None:
                lines.append(f"  Joint test: chi-square {test.chi2:.2f} on {test.df} df, p = {test.p:.3g}")
        return "\n".join(lines)


def interaction(
    fit: CoxFit,
    exposure: str,
    modifier: str,
    *,
    levels: tuple[Level, Level] | None = None,
    at: Mapping[str, object] | None = None,
    level: float = 0.95,
    profile: bool = True,
) -> Interaction:
    """Hazard ratios of an exposure within levels of a modifier, and the ratio of these hazard ratios.

    Parameters
    ----------
    fit : CoxFit
        A model with ``exposure * modifier``.
    exposure, modifier : str
        Categorical (or two-valued) variables of the model, by name.
    levels : tuple of two levels, optional
        The pair of modifier levels whose hazard ratios are compared, the reference of the two first; by default
        every level against the modifier's reference.
    at : mapping, optional
        Values of further variables that the effects depend on (three-way interactions).
    level : float
        Confidence level.
    profile : bool
        Profile-likelihood limits and likelihood-ratio tests beside Wald's, where the variance is model-based.

    Returns
    -------
    Interaction

    Raises
    ------
    FitError
        A variable or level is not in the model, or the model holds no interaction of the two.

    References
    ----------
    Knol & VanderWeele 2012, for what is shown together.

    Examples
    --------
    >>> from riskset.cox import coxph
    >>> rows = {"time": [4, 9, 2, 7, 8, 3, 5, 1, 6, 10, 12, 11], "dead": [1, 0, 1, 1, 1, 1, 0, 1, 1, 0, 1, 1],
    ...         "low": [1, 0, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1], "user": [0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 1]}
    >>> found = interaction(coxph("Surv(time, dead) ~ low * user", rows), "low", "user")
    >>> [round(r.hazard_ratio, 2) for r in found.exposure_in_modifier]
    [1.94, 1.95]
    >>> print(found.ratio[0])
    1.00 (0.05 to 31.80), p = 0.998
    """
    held = dict(at or {})
    exposures, modifiers = levels_of(fit, exposure), levels_of(fit, modifier)
    require_fixed(fit, (exposure, modifier), held)
    require_fixed(fit, (modifier, exposure), held)
    if not any({exposure, modifier} <= set(t.variables) for t in fit.design.terms):
        raise FitError(
            f"the model holds no interaction of {exposure!r} and {modifier!r}",
            remedy=f"Fit it with {exposure} * {modifier}.",
        )
    base = modifiers[0] if levels is None else require_level(modifier, levels[0], modifiers)
    compared = tuple(m for m in modifiers if m != base)
    if levels is not None:
        compared = (require_level(modifier, levels[1], modifiers),)
        if compared[0] == base:
            raise FitError("the two levels are the same", where="levels")

    e0 = exposures[0]
    row = {(e, m): fit.design.row({**held, exposure: e, modifier: m}) for e in exposures for m in modifiers}
    cells = _count_cells(fit, exposure, modifier, exposures, modifiers)
    events: dict[tuple[Level, Level], int] = dict(
        zip(((e, m) for e in exposures for m in modifiers), cells["events"].to_list(), strict=True)
    )

    def ratio(e: Level, e_ref: Level, m: Level, m_ref: Level, *, quick: bool = False) -> Ratio:
        if e != e_ref and m != m_ref:
            involved = [(e, m), (e_ref, m), (e, m_ref), (e_ref, m_ref)]
            vector = (row[e, m] - row[e_ref, m]) - (row[e, m_ref] - row[e_ref, m_ref])
        else:
            involved = [(e, m), (e_ref, m_ref)]
            vector = row[e, m] - row[e_ref, m_ref]
        empty = [f"{label_of(a)}, {label_of(b)}" for a, b in involved if events[a, b] == 0]
        reason = f"no event in the cell {'; '.join(empty)}" if empty else ""
        return _estimate(fit, (e, e_ref, m, m_ref), vector, reason, level, profile=profile and not quick)

    ratios = tuple(ratio(e, e0, m, base) for e in exposures[1:] for m in compared)
    vectors = [
        (row[e, m] - row[e0, m]) - (row[e, modifiers[0]] - row[e0, modifiers[0]])
        for e in exposures[1:]
        for m in modifiers[1:]
    ]
    return Interaction(
        exposure=exposure,
        modifier=modifier,
        exposure_levels=exposures,
        modifier_levels=modifiers,
        exposure_in_modifier=tuple(ratio(e, e0, m, m) for m in modifiers for e in exposures[1:]),
        modifier_in_exposure=tuple(ratio(e, e, m, base) for e in exposures for m in modifiers if m != base),
        ratio=ratios,
        joint=_joint(fit, np.array(vectors), all(events.values())) if len(vectors) > 1 else None,
        cells=_against_common_reference(cells, fit, row, events, e0, base, level),
        level=level,
        at=held,
    )


def _estimate(
    fit: CoxFit,
    compared: tuple[Level, Level, Level, Level],
    vector: Floats,
    reason: str,
    level: float,
    *,
    profile: bool,
) -> Ratio:
    """Estimate one ratio: Wald always, profile and likelihood ratio where the variance allows."""
    e, e_ref, m, m_ref = compared
    if not reason and (np.isnan(fit.params) & (vector != 0)).any():
        reason = "a coefficient that it rests on could not be estimated"
    if reason:
        none = None
        return Ratio(
            e, e_ref, m, m_ref, none, none, none, none, "not estimable", none, none, none, none, none, reason, vector
        )  # fmt: skip
    wald = fit.combine(vector, level=level)
    lower, upper, p, method = wald.lower, wald.upper, wald.p, "Wald"
    if profile and fit.robust:
        reason = ROBUST
    elif profile:
        found = profile_interval(fit, vector, level)
        lower, upper, p = float(np.exp(found.lower)), float(np.exp(found.upper)), found.p
        method = "profile likelihood and likelihood-ratio test"
    return Ratio(
        e, e_ref, m, m_ref, wald.hazard_ratio, lower, upper, p, method, wald.estimate, wald.std_error,
        wald.lower, wald.upper, wald.p, reason, vector,
    )  # fmt: skip


def _joint(fit: CoxFit, vectors: Floats, every_cell_has_events: bool) -> JointTest:
    estimable = ~(np.isnan(fit.params) & (vectors != 0)).any(axis=1)
    if not estimable.any():
        return JointTest(None, None, "no interaction coefficient could be estimated")
    vectors = vectors[estimable]
    wald = wald_test(fit, vectors) if every_cell_has_events else None
    if fit.robust:
        return JointTest(None, wald, ROBUST)
    missing = "" if every_cell_has_events else "a cell has no event, so that Wald's test has no meaning"
    return JointTest(likelihood_ratio(fit, vectors), wald, missing)


def _count_cells(
    fit: CoxFit, exposure: str, modifier: str, exposures: tuple[Level, ...], modifiers: tuple[Level, ...]
) -> pl.DataFrame:
    """Count persons, events and person-time of the fitted rows in every cell, empty ones too."""
    grid = pl.DataFrame(
        [
            series_of([e for e in exposures for _ in modifiers], fit.data[exposure]),
            series_of([m for _ in exposures for m in modifiers], fit.data[modifier]),
        ]
    )
    rates = incidence_rate(
        fit.data, fit.event, [exposure, modifier], per=1, unit="days", time_unit="days",
        id=fit.id, entry=fit.entry, exit=fit.exit,
    )  # fmt: skip
    counted = grid.join(rates, on=[exposure, modifier], how="left", maintain_order="left")
    return counted.with_columns(
        pl.col("persons", "events").fill_null(0), pl.col("person_time").fill_null(0.0)
    )


def _against_common_reference(
    cells: pl.DataFrame,
    fit: CoxFit,
    row: dict[tuple[Level, Level], Floats],
    events: dict[tuple[Level, Level], int],
    e0: Level,
    m0: Level,
    level: float,
) -> pl.DataFrame:
    """Set the hazard ratio of each cell against one reference beside its counts (Wald)."""
    columns: dict[str, list[float | None]] = {"hazard_ratio": [], "hr_lower": [], "hr_upper": []}
    for (e, m), vector in row.items():
        difference = vector - row[e0, m0]
        bad = events[e, m] == 0 or events[e0, m0] == 0 or (np.isnan(fit.params) & (difference != 0)).any()
        found = None if bad else fit.combine(difference, level=level)
        columns["hazard_ratio"].append(None if found is None else found.hazard_ratio)
        columns["hr_lower"].append(None if found is None else found.lower)
        columns["hr_upper"].append(None if found is None else found.upper)
    return cells.with_columns(pl.Series(name, values, dtype=pl.Float64) for name, values in columns.items())


def _against(level: Level, reference: Level) -> str:
    return label_of(level) if level == reference else f"{label_of(level)} against {label_of(reference)}"
