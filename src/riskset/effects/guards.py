"""Guards against over-reading, as data: what a text may say, and what chance alone would show.

References
----------
Gelman, A. & Stern, H. (2006). The difference between "significant" and "not significant" is not itself statistically
significant. American Statistician 60, 328-331.
Holm, S. (1979). A simple sequentially rejective multiple test procedure. Scandinavian Journal of Statistics 6, 65-70.
VanderWeele, T. J. & Ding, P. (2017). Sensitivity analysis in observational research: introducing the E-value. Annals
of Internal Medicine 167, 268-274.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl
from scipy.special import ndtr, ndtri

from riskset.cox import Contrast
from riskset.effects.additive import Measure
from riskset.effects.profiles import Level, label_of
from riskset.effects.ratios import Ratio
from riskset.errors import FitError

if TYPE_CHECKING:
    from riskset.effects.interaction import Interaction

SPARSE: Final = 10  # events in a cell, under which its hazard ratio leans on a handful of persons
RARE: Final = (
    0.15  # share with the outcome by the end of follow-up, up to which a hazard ratio is a risk ratio
)
# Words that claim a difference between strata; a text may use them only where `may_say_differs` says so.
CLAIMS_OF_DIFFERENCE: Final = (
    "only in",
    "only among",
    "particularly in",
    "particularly among",
    "especially in",
)


# --- significant in one stratum only ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class OneStratumOnly:
    """How often one of two strata alone would reach p < alpha if the hazard ratio were the same in both.

    Attributes
    ----------
    exposure, exposure_reference : level
    strata : tuple of two levels
        Of the modifier.
    pooled_hazard_ratio : float
        Inverse-variance mean of both on the log scale: what the hazard ratio of both would be.
    power : tuple of two floats
        Of each stratum's two-sided Wald test at that hazard ratio.
    chance : float
        p1 (1 - p2) + p2 (1 - p1).
    alpha : float
    """

    exposure: Level
    exposure_reference: Level
    strata: tuple[Level, Level]
    pooled_hazard_ratio: float
    power: tuple[float, float]
    chance: float
    alpha: float

    def __str__(self) -> str:
        first, second = (label_of(level) for level in self.strata)
        return (
            f"{first}, {second}: one HR of {self.pooled_hazard_ratio:.2f} in both gives p < {self.alpha:g} in one alone "
            f"in {self.chance:.0%}"
        )


def one_stratum_only(first: Ratio, second: Ratio, alpha: float = 0.05) -> OneStratumOnly | None:
    """Chance that one of two strata alone is significant though the hazard ratio is the same in both.

    Parameters
    ----------
    first, second : Ratio
        Hazard ratios of the exposure within two levels of the modifier, from the same fit.
    alpha : float
        Of two-sided tests.

    Returns
    -------
    OneStratumOnly or None
        None where a stratum has no estimate.

    Notes
    -----
    The strata count as independent, which the coefficients of one fit are but for what they share in adjustment and,
    where the modifier changes within persons, nothing else.
    """
    logs, errors = (first.log_estimate, second.log_estimate), (first.std_error, second.std_error)
    if None in logs or None in errors or not all(e is not None and 0 < e < math.inf for e in errors):
        return None
    b, se = np.array(logs, dtype=np.float64), np.array(errors, dtype=np.float64)
    pooled = float((b / se**2).sum() / (1 / se**2).sum())
    z = float(ndtri(1 - alpha / 2))
    p1, p2 = (ndtr(pooled / se - z) + ndtr(-pooled / se - z)).tolist()
    return OneStratumOnly(
        exposure=first.exposure,
        exposure_reference=first.exposure_reference,
        strata=(first.modifier, second.modifier),
        pooled_hazard_ratio=math.exp(pooled),
        power=(p1, p2),
        chance=p1 * (1 - p2) + p2 * (1 - p1),
        alpha=alpha,
    )


# --- claims of a difference ------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """Whether a text may say that an effect differs between strata, and why.

    Attributes
    ----------
    allowed : bool
    p : float or None
        Of the interaction test, adjusted where it stands in a family.
    test : str
        Which test decided.
    alpha : float
    reason : str
        One sentence for the reader.
    """

    allowed: bool
    p: float | None
    test: str
    alpha: float
    reason: str


def may_say_differs(found: Interaction, alpha: float = 0.05, *, p_adjusted: float | None = None) -> Claim:
    """Decide whether a text may say that the hazard ratio of the exposure differs between levels of the modifier.

    The test of the interaction decides, never a comparison of p-values between strata: the joint test where there are
    several ratios, else that of the ratio of hazard ratios, likelihood ratio before Wald.

    Parameters
    ----------
    found : Interaction
    alpha : float
    p_adjusted : float, optional
        p of that test after Holm's adjustment, where it is one of a declared family.

    Returns
    -------
    Claim
    """
    if found.joint is not None:
        likelihood, wald = found.joint.likelihood_ratio, found.joint.wald
        p = likelihood.p if likelihood is not None else wald.p if wald is not None else None
        test = "joint likelihood-ratio test" if likelihood is not None else "joint Wald test"
    else:
        ratio = found.ratio[0]
        p = ratio.p
        test = "Wald test" if ratio.method == "Wald" else "likelihood-ratio test"
    return claim(p, test, alpha, p_adjusted=p_adjusted)


def claim(p: float | None, test: str, alpha: float = 0.05, *, p_adjusted: float | None = None) -> Claim:
    """Decide from the p of an interaction test whether a text may say that an effect differs between strata.

    Examples
    --------
    >>> claim(0.21, "likelihood-ratio test").reason
    'The data do not show that the effect differs (likelihood-ratio test of the interaction, p = 0.210).'
    """
    if p is None:
        return Claim(
            False,
            None,
            test,
            alpha,
            "There is no test of the interaction, so that no difference may be claimed.",
        )
    used = p if p_adjusted is None else p_adjusted
    shown = "p < 0.001" if used < 0.001 else f"p = {used:.3f}"
    shown += "" if p_adjusted is None else " after Holm's adjustment"
    allowed = used < alpha
    said = "The effect differs" if allowed else "The data do not show that the effect differs"
    return Claim(allowed, used, test, alpha, f"{said} ({test} of the interaction, {shown}).")


# --- families of tests -----------------------------------------------------------------------------------------


def holm(p: Mapping[str, float | None] | Sequence[float | None]) -> pl.DataFrame:
    """Holm's adjustment of a declared family of tests.

    With p-values sorted upwards, the k-th smallest of m becomes the largest so far of (m - k + 1) p, at most 1. A test
    whose adjusted p is below alpha may be called so with a chance of at most alpha of any false claim in the family.

    Parameters
    ----------
    p : mapping of name to p, or sequence of p
        The whole family, as declared beforehand. A test that could not be done (None) stays in the family's size.

    Returns
    -------
    polars.DataFrame
        test, p, p_holm, in the given order.

    Raises
    ------
    FitError
        A p lies outside 0 to 1.

    References
    ----------
    Holm 1979.

    Examples
    --------
    >>> holm({"death": 0.01, "fracture": 0.04, "stroke": 0.03})["p_holm"].to_list()
    [0.03, 0.06, 0.06]
    """
    names = list(p) if isinstance(p, Mapping) else [str(k + 1) for k in range(len(p))]
    values = list(p.values()) if isinstance(p, Mapping) else list(p)
    if any(v is not None and not 0 <= v <= 1 for v in values):
        raise FitError("a p-value lies between 0 and 1", where="holm")
    adjusted: list[float | None] = [None] * len(values)
    largest = 0.0
    known = sorted((v, k) for k, v in enumerate(values) if v is not None)
    for rank, (value, k) in enumerate(known):
        largest = max(largest, min(1.0, (len(values) - rank) * value))
        adjusted[k] = largest
    return pl.DataFrame(
        {"test": names, "p": values, "p_holm": adjusted},
        schema_overrides={"p": pl.Float64, "p_holm": pl.Float64},
    )


# --- E-values --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class EValue:
    """How strong a confounder would have to be, on the scale of risk ratios, to explain a hazard ratio away.

    Attributes
    ----------
    estimate : float
        Least risk ratio that a confounder must have with both exposure and outcome, beyond what is adjusted for.
    limit : float or None
        The same for the confidence limit nearer 1; 1 where the interval includes 1.
    risk_ratio : float
        The hazard ratio as a risk ratio, 1 or more.
    rule : str
        How the hazard ratio became a risk ratio.
    """

    estimate: float
    limit: float | None
    risk_ratio: float
    rule: str

    def __str__(self) -> str:
        limit = "" if self.limit is None else f", confidence limit {self.limit:.2f}"
        return f"E-value {self.estimate:.2f}{limit} ({self.rule})"


def e_value(
    hazard_ratio: float | Ratio | Contrast | Measure,
    lower: float | None = None,
    upper: float | None = None,
    *,
    outcome_share: float,
) -> EValue:
    """Find the E-value of a hazard ratio and of its confidence limit.

    E = RR + sqrt(RR (RR - 1)), a hazard ratio below 1 inverted first. Where at most 15% have the outcome by the end of
    follow-up RR is the hazard ratio, otherwise (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR)).

    Parameters
    ----------
    hazard_ratio : float, Ratio or Contrast
        With its limits, if it is not a number.
    lower, upper : float, optional
        Confidence limits.
    outcome_share : float
        Share of persons with the outcome by the end of follow-up, 0 to 1.

    Returns
    -------
    EValue

    Raises
    ------
    FitError
        For a ratio of hazard ratios, RERI, AP or S, which no single confounder bounds in this way; for a ratio that was
        not estimated; for impossible numbers.

    References
    ----------
    VanderWeele & Ding 2017, table 2.

    Examples
    --------
    >>> print(e_value(1.72, 1.10, 2.69, outcome_share=0.08))
    E-value 2.83, confidence limit 1.43 (outcome in at most 15%: the hazard ratio is taken for a risk ratio)
    """
    if isinstance(hazard_ratio, Measure) or (isinstance(hazard_ratio, Ratio) and hazard_ratio.of_ratios):
        raise FitError(
            "an E-value bounds the confounding of one hazard ratio, not of an interaction",
            where="e_value",
            remedy="Give the hazard ratio within a stratum.",
        )
    if isinstance(hazard_ratio, Ratio | Contrast):
        lower, upper, ratio = hazard_ratio.lower, hazard_ratio.upper, hazard_ratio.hazard_ratio
        if ratio is None:
            raise FitError("the hazard ratio was not estimated", where="e_value")
    else:
        ratio = float(hazard_ratio)
    if not 0 < ratio < math.inf or not 0 <= outcome_share <= 1:
        raise FitError(
            "a hazard ratio is above 0 and the share with the outcome between 0 and 1", where="e_value"
        )
    rare = outcome_share <= RARE
    limit = None
    if lower is not None and upper is not None:
        if not lower <= ratio <= upper:
            raise FitError("the hazard ratio lies between its limits", where="e_value")
        nearer = lower if ratio > 1 else upper
        limit = 1.0 if lower <= 1 <= upper else _e(_risk_ratio(nearer, rare=rare))
    risk = _risk_ratio(ratio, rare=rare)
    rule = (
        "outcome in at most 15%: the hazard ratio is taken for a risk ratio"
        if rare
        else "outcome in more than 15%: risk ratio (1 - 0.5^sqrt(HR)) / (1 - 0.5^sqrt(1/HR))"
    )
    return EValue(_e(risk), limit, risk, rule)


def _risk_ratio(hazard_ratio: float, *, rare: bool) -> float:
    above = max(hazard_ratio, 1 / hazard_ratio)
    return above if rare else (1 - 0.5 ** math.sqrt(above)) / (1 - 0.5 ** math.sqrt(1 / above))


def _e(risk_ratio: float) -> float:
    return risk_ratio + math.sqrt(risk_ratio * (risk_ratio - 1))
