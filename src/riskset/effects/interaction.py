"""Effect modification from one fit: hazard ratios within strata, their ratio, which alone tests a difference, and sums."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox import CoxFit
from riskset.effects.additive import HEADLINE, Additive, Method
from riskset.effects.additive_bootstrap import Resampled
from riskset.effects.cells import adjustment_of, compared_levels, count_cells, events_of, sparse_cells
from riskset.effects.curve_tests import row_space
from riskset.effects.guards import SPARSE, OneStratumOnly, one_stratum_only
from riskset.effects.interaction_asked import levels_shown, pairs_of, require_question
from riskset.effects.knol import RateDifference, printed, rate_differences
from riskset.effects.profiles import Level, label_of, levels_of
from riskset.effects.ratios import (
    JointTest,
    Ratio,
    estimate,
    joint_test,
    no_hazard_ratio,
    penalty_notes,
    without_events,
)
from riskset.effects.scales import Scales

Floats = NDArray[np.float64]
Cell = tuple[Level, Level]
REPLICATES = 1000  # of the bootstrap, if none are asked for
POINTS = 41  # along a continuous exposure, whose contrasts span what its interaction can be


@dataclass(frozen=True, eq=False)
class Interaction:
    """Effect modification of an exposure by a modifier, everything from one fit and one covariance.

    Attributes
    ----------
    exposure, modifier : str
        The variables.
    exposure_levels, modifier_levels : tuple of level
        Their levels, references first; of a continuous exposure the two values that are compared.
    exposure_in_modifier : tuple of Ratio
        Hazard ratio of each exposure level against the reference, within each level of the modifier.
    modifier_in_exposure : tuple of Ratio
        Hazard ratio of each modifier level against the reference, within each level of the exposure.
    ratio : tuple of Ratio
        Ratios of hazard ratios: the interaction. Only these say whether an effect differs between strata.
    joint : JointTest or None
        All of them together, where there is more than one; of a continuous exposure, its whole curve.
    cells : polars.DataFrame
        One row per cell of exposure and modifier: persons, events and person-time of the fitted rows, rate with
        exact limits (all per unit of the fit's time), and hazard ratio against the cell of both references.
    against_reference : tuple of Ratio
        The hazard ratio of each cell against the cell of both references.
    additive : tuple of Additive
        RERI, AP and S in the coding of the fit, for every ratio of hazard ratios.
    recoded : tuple of Additive
        The same against the joint reference that the caller names, if any.
    one_stratum_only : tuple of OneStratumOnly
        For every ratio: how often one stratum alone would be significant though the hazard ratio is one.
    rate_differences : tuple of RateDifference
        Crude, of exposure within modifier and of modifier within exposure.
    resampled : tuple of Resampled
        What the bootstrap of each additive scale drew; empty without one.
    modifier_base : level
        Level that the modifier's own effects are against.
    adjustment : tuple of str
        Every other term of the model.
    continuous : bool
        Whether the exposure is continuous.
    warnings : tuple of str
        What a reader must know: sparse cells, a penalty.
    time_unit : str or None
        Of the fit's times, where the caller said.
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
    against_reference: tuple[Ratio, ...]
    additive: tuple[Additive, ...]
    recoded: tuple[Additive, ...]
    one_stratum_only: tuple[OneStratumOnly, ...]
    rate_differences: tuple[RateDifference, ...]
    resampled: tuple[Resampled, ...]
    modifier_base: Level
    adjustment: tuple[str, ...]
    continuous: bool
    warnings: tuple[str, ...]
    time_unit: str | None
    level: float
    at: Mapping[str, object]

    def table(self) -> pl.DataFrame:
        """Tabulate everything estimated: what, exposure, modifier, estimate, limits, p, and how they were found.

        Ratios have Wald's limits and p beside the headline; RERI, AP and S have one line for each method.
        """
        parts = {
            "exposure in modifier": self.exposure_in_modifier,
            "modifier in exposure": self.modifier_in_exposure,
            "against reference": self.against_reference,
            "ratio of hazard ratios": self.ratio,
        }
        rows: list[dict[str, object]] = [
            {
                "what": what,
                "exposure": _against(r.exposure, r.exposure_reference),
                "modifier": _against(r.modifier, r.modifier_reference),
                "estimate": r.hazard_ratio,
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
        for title, scales in (("", self.additive), (" (named reference)", self.recoded)):
            for a in scales:
                named = {
                    "exposure": _against(a.exposure, a.exposure_reference),
                    "modifier": _against(a.modifier, a.modifier_reference),
                }
                for m in a.measures:
                    one: dict[str, object] = {"what": m.name + title, **named, "estimate": m.estimate}
                    if not m.intervals:
                        rows.append({**one, "method": "not defined", "reason": m.reason})
                    rows += [
                        {
                            **one,
                            "lower": i.lower,
                            "upper": i.upper,
                            "p": i.p,
                            "method": i.method,
                            "reason": i.reason,
                        }
                        for i in m.intervals
                    ]
        numbers = ("estimate", "lower", "upper", "p", "wald_lower", "wald_upper", "wald_p")
        return pl.DataFrame(rows, infer_schema_length=None).with_columns(pl.col(*numbers).cast(pl.Float64))

    def __repr__(self) -> str:
        return printed(self)


def interaction(
    fit: CoxFit,
    exposure: str,
    modifier: str,
    *,
    levels: tuple[Level, Level] | Literal["all"] | None = None,
    exposure_levels: tuple[Level, Level] | None = None,
    step: float | None = None,
    at: Mapping[str, object] | None = None,
    level: float = 0.95,
    profile: bool = True,
    interval: Method = HEADLINE,
    bootstrap: int = 0,
    rng: np.random.Generator | None = None,
    recode: tuple[Level, Level] | None = None,
    time_unit: str | None = None,
    additive: bool = True,
    progress: Callable[[int, int], None] | None = None,
) -> Interaction:
    """Hazard ratios of an exposure within levels of a modifier, their ratio, and the additive scale.

    Parameters
    ----------
    fit : CoxFit
        A model with ``exposure * modifier``.
    exposure : str
        Variable of the model: categorical, two-valued, or continuous in whatever terms (spline, logarithm, linear).
    modifier : str
        Categorical (or two-valued) variable of the model.
    levels : tuple of two levels or "all", optional
        The pair of modifier levels whose hazard ratios are compared, the reference of the two first; or every pair;
        by default every level against the modifier's reference.
    exposure_levels : tuple of two levels or values, optional
        Reference and level of the exposure; two values of a continuous one. By default every level against the
        reference.
    step : float, optional
        Of a continuous exposure: the baseline median is compared with this much more.
    at : mapping, optional
        Values of further variables that the effects depend on (three-way interactions).
    level : float
        Confidence level.
    profile : bool
        Profile-likelihood limits and likelihood-ratio tests beside Wald's, where the variance is model-based.
    interval : {"MOVER", "delta", "bootstrap"}
        Headline of RERI and AP; S has the delta method's, on ln S, or the bootstrap's.
    bootstrap : int
        Replicates over persons for RERI, AP and S; 1,000 if ``interval="bootstrap"`` and none are asked for.
    rng : numpy Generator, optional
        Source of the bootstrap's draws.
    recode : tuple of exposure and modifier level, optional
        A joint reference named beforehand, against which RERI, AP and S are given once more, with intervals.
    time_unit : str, optional
        Of the fit's times, "days", "months" or "years", so that the printed table has person-years.
    additive : bool, default True
        RERI, AP and S as well, whose limits and P values take a third of the time.
    progress : callable, optional
        Called with the number of replicates done and all.

    Returns
    -------
    Interaction

    Raises
    ------
    FitError
        A variable or level is not in the model, or the model holds no interaction of the two.

    References
    ----------
    Knol & VanderWeele 2012, for what is shown together; see `riskset.effects.additive` for the additive scale.

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
    >>> print(f"{found.additive[0].reri.estimate:.2f}")
    -0.62
    """
    held = require_question(fit, exposure, modifier, at or {}, level=level, interval=interval)
    exposures, continuous = compared_levels(fit, exposure, exposure_levels, step)
    modifiers = levels_of(fit, modifier)
    pairs = pairs_of(modifier, modifiers, levels)
    e0, base = exposures[0], pairs[0][0]
    row = _cell_rows(fit, exposure, exposures, modifier, modifiers, held)
    cells = count_cells(fit, exposure, modifier, exposures, modifiers, continuous=continuous)
    events = events_of(fit, cells, modifier, exposures, modifiers, continuous=continuous)
    known: dict[tuple[Level, Level, Level, Level], Ratio] = {}

    def ratio(e: Level, e_ref: Level, m: Level, m_ref: Level, *, both: bool = False) -> Ratio:
        """Ratio of two cells or, if ``both``, of two hazard ratios."""
        of_ratios = e != e_ref and m != m_ref and not both
        if (e, e_ref, m, m_ref) in known and not of_ratios:
            return known[e, e_ref, m, m_ref]
        involved = [(e, m), (e_ref, m_ref)]
        vector = row[e, m] - row[e_ref, m_ref]
        if of_ratios:
            involved += [(e_ref, m), (e, m_ref)]
            vector = (row[e, m] - row[e_ref, m]) - (row[e, m_ref] - row[e_ref, m_ref])
        reason = without_events(fit, events, involved) or no_hazard_ratio(
            fit,
            exposure if e != e_ref and not of_ratios else None,
            modifier if m != m_ref and not of_ratios else None,
        )
        found = estimate(
            fit, (e, e_ref, m, m_ref), vector, reason, level, profile=profile, of_ratios=of_ratios
        )
        if not of_ratios:
            known[e, e_ref, m, m_ref] = found
        return found

    within = {(e, m): ratio(e, e0, m, m) for m in modifiers for e in exposures[1:]}
    asked = [(e, e0, m, m_ref) for e in exposures[1:] for m_ref, m in pairs]
    scales = Scales(fit, exposure, modifier, row, events, level, interval)
    plain, resampled = [scales.of(q) for q in asked if additive], ()
    if additive and (bootstrap or interval == "bootstrap"):
        plain, resampled = scales.bootstrapped(plain, bootstrap or REPLICATES, rng, progress)
    counted = not continuous
    differences = [(e, e0, m, m) for m in modifiers for e in exposures[1:]]
    differences += [(e, e, m, base) for e in exposures for m in modifiers if m != base]
    chances = [one_stratum_only(within[e, m_ref], within[e, m]) for e, _, m, m_ref in asked]
    against = tuple(ratio(e, e0, m, base, both=True) for e in exposures for m in modifiers)
    sparse = sparse_cells(events, SPARSE) if counted else []
    return Interaction(
        exposure=exposure,
        modifier=modifier,
        exposure_levels=exposures,
        modifier_levels=modifiers,
        exposure_in_modifier=tuple(within.values()),
        modifier_in_exposure=tuple(
            ratio(e, e, m, m_ref)
            for e in exposures
            for m_ref, m in levels_shown(pairs, modifiers, base, levels)
        ),
        ratio=tuple(ratio(*q) for q in asked),
        joint=_joint(fit, exposure, modifier, modifiers, held, events, continuous=continuous),
        cells=_with_ratios(cells, against),
        against_reference=against,
        additive=tuple(plain),
        recoded=() if recode is None else scales.recoded(asked, recode, exposures, modifiers),
        one_stratum_only=tuple(c for c in chances if c is not None),
        rate_differences=rate_differences(cells, exposure, modifier, differences, level) if counted else (),
        resampled=resampled,
        modifier_base=base,
        adjustment=adjustment_of(fit, exposure, modifier),
        continuous=continuous,
        warnings=(
            *((f"cells with fewer than {SPARSE} events: {'; '.join(sparse)}",) if sparse else ()),
            *penalty_notes(fit, events),
        ),
        time_unit=time_unit,
        level=level,
        at=held,
    )


def _cell_rows(
    fit: CoxFit,
    exposure: str,
    exposures: tuple[Level, ...],
    modifier: str,
    modifiers: tuple[Level, ...],
    held: Mapping[str, object],
) -> dict[tuple[Level, Level], Floats]:
    """Covariates of every cell, in one pass through the design: cell by cell would take most of the time."""
    cells = [(e, m) for e in exposures for m in modifiers]
    rows = fit.design.rows({**held, exposure: [e for e, _ in cells], modifier: [m for _, m in cells]})
    return dict(zip(cells, rows, strict=True))


def _joint(
    fit: CoxFit,
    exposure: str,
    modifier: str,
    modifiers: tuple[Level, ...],
    held: Mapping[str, object],
    events: dict[Cell, int],
    *,
    continuous: bool,
) -> JointTest | None:
    """Test all of the interaction at once, where it has more than one direction."""
    if continuous:
        values = fit.data[exposure].cast(pl.Float64).to_numpy()
        exposures: tuple[Level, ...] = tuple(
            np.unique(np.quantile(values, np.linspace(0.0, 1.0, POINTS))).tolist()
        )
    else:
        exposures = levels_of(fit, exposure)
    first, m0 = exposures[0], modifiers[0]
    if len(exposures) * len(modifiers) <= 4:  # one direction: its test stands with the ratio
        return None
    row = _cell_rows(fit, exposure, exposures, modifier, modifiers, held)
    vectors = np.array(
        [
            (row[e, m] - row[first, m]) - (row[e, m0] - row[first, m0])
            for e in exposures[1:]
            for m in modifiers[1:]
        ]
    )
    vectors = row_space(vectors) if continuous else vectors
    if not continuous and len(events) < len(row):  # the pair that is compared may leave out an empty cell
        counted = count_cells(fit, exposure, modifier, exposures, modifiers, continuous=False)
        events = events_of(fit, counted, modifier, exposures, modifiers, continuous=False)
    every = all(events.values())
    return joint_test(fit, vectors, every_cell_has_events=every) if len(vectors) > 1 else None


def _with_ratios(cells: pl.DataFrame, against: tuple[Ratio, ...]) -> pl.DataFrame:
    """Set the hazard ratio of each cell against one reference beside its counts."""
    return cells.with_columns(
        pl.Series("hazard_ratio", [r.hazard_ratio for r in against], dtype=pl.Float64),
        pl.Series("hr_lower", [r.lower for r in against], dtype=pl.Float64),
        pl.Series("hr_upper", [r.upper for r in against], dtype=pl.Float64),
    )


def _against(level: Level, reference: Level) -> str:
    return label_of(level) if level == reference else f"{label_of(level)} against {label_of(reference)}"
