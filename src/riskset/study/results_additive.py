"""What a run found of an interaction on the additive scale, and what may be said of it."""

from __future__ import annotations

from riskset.study.results_values import Estimate, Frozen


class AdditiveResult(Frozen):
    """One level of the exposure and one of the modifier, each against its reference, on the additive scale."""

    exposure: str
    exposure_reference: str
    modifier: str
    modifier_reference: str
    # hazard ratio of the exposure alone, of the modifier alone and of both, against neither: "hr_of_both[e|m]", ...
    joint: tuple[Estimate, ...]
    # relative excess risk due to interaction, attributable proportion, synergy index, each with the default interval;
    # they are named "reri[e|m]", "ap[e|m]", "s[e|m]"
    reri: Estimate
    ap: Estimate
    s: Estimate
    other_intervals: tuple[Estimate, ...] = ()  # by the other methods: "reri_delta[e|m]", ...
    # against the joint cell of lowest risk, which the data chose, without intervals: "reri_recoded[e|m]", ...
    recoded: tuple[Estimate, ...] = ()
    # difference of crude rates of the exposure at the modifier's level, the first time also at its reference
    rate_differences: tuple[Estimate, ...] = ()
    # per cent of studies with p < 0.05 in one stratum alone though the hazard ratio is the same in both: "one_stratum_only[e|m]"
    one_stratum_only: Estimate | None = None


class Claimed(Frozen):
    """Whether a text may say that the hazard ratio differs between levels of the modifier; the interaction test decides."""

    allowed: bool
    p: float | None
    test: str
    alpha: float
    reason: str
