"""Sentences of the report on interactions, rates compared and groups, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

# --- interaction on both scales --------------------------------------------------------------------------
SCALES_OF_INTERACTION = (
    "RERI: relative excess risk due to interaction, 0 where the excess hazards of both add up. AP: "
    "attributable proportion, RERI over the hazard ratio of both. S: synergy index, 1 where they add up; "
    "defined only where the hazard ratio of both and the sum of the single excesses are above 1. None of "
    "them changes what the ratio of hazard ratios says, and none is a test of the other scale."
)
AGAINST_THE_LOWEST = (
    "{}, {}, against the joint cell of lowest risk ({}), which the data chose: RERI {}, AP {}; a "
    "description without confidence limits."
)
CHANCE_OF_ONE_STRATUM = (
    "If the hazard ratio were the same for {} and {}, P would be below 0.05 in just one of the two in {} of"
    " studies like this{}."
)
BOTH_SCALES_SHORT = "Both scales"
REFERENCE_OF_THE_FOURTH = "Reference of the fourth column: {} and {}."
INTERVALS = "Intervals and P: {}."
BOTH_SCALES = "Interaction on both scales"
CRUDE_DIFFERENCES = "Differences of crude rates, {}, against {}: {}."
JOINT_CELLS = "{}, {}: joint cells of {} and {}"
ADDITIVE_SCALE = "{}: interaction on the additive scale"
NOT_DEFINED = "not defined"
EVENTS = "Events"
ONE_REFERENCE = "HR (95% CI), one reference"
HR_OF = "HR of {}"

# --- rates compared --------------------------------------------------------------------------------------
RATIOS_AND_DIFFERENCES_OF_RATES = "{}: ratios and differences of rates between cells"
AGAINST = "{} against {}"
RATES_COMPARED = "Rates compared"
COMPARED_RATES_NOTE = (
    "All person-time in which both are known, states as they change; nothing is adjusted for. Ratios and P "
    "are exact given the number of events (Clopper and Pearson); differences, in {}, have limits recovered "
    "from the exact ones of each rate (MOVER)."
)
AGAINST_THE_REFERENCE = "Against the reference"
AMONG = "Among"

# --- groups of the exposure ------------------------------------------------------------------------------
SLOPES = "Hazard ratio per {}, over the medians of the groups: {}."
SLOPES_DIFFER = " These slopes differ by more than chance readily explains ({})."
SLOPES_MAY_BE_THE_SAME = (
    " The data do not establish that these slopes differ, nor that they are the same ({})."
)
GROUPS_BESIDE_CURVES = "Groups of {} beside the curves"
GROUPS = "Groups"
GROUPS_NOTE = (
    "{} with {} in groups: about {} of the person-time, cut where the data put them and not the plan. The "
    "slope runs over the medians of the groups ({} {}). Wald limits and tests."
)
SLOPE_PER = "Slope, per {}"
SAME_SLOPE = "The same slope in all levels"
HR_BY_GROUPS = "{}: hazard ratios by groups of {}"
DEPARTURE = "Departure from a straight line"
IS_REFERENCE = "1 (reference)"
JOINTLY = "All levels jointly"
SHARES = {2: "halves", 3: "thirds", 4: "quarters"}
EQUAL_PARTS = "equal parts"
RATE_RATIO = "Rate ratio (95%\u00a0CI)"
RATE_DIFFERENCE = "Rate difference (95%\u00a0CI)"
HR_AGAINST_ONE = "HR against one reference"
HR_OF_EXPOSURE = "HR of exposure"
HR_OF_MODIFIER = "HR of modifier"
