"""Captions of the report's figures, and what is said of them to those who do not see them, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

FLOW_CAPTION = "Flow of patients: eligibility rules in the order of the plan, and the end of follow-up."
TABLE_BELOW = "The table below holds every number of it."
SURVIVAL_TABLE_BELOW = "The table below holds the numbers at risk and the survival at each tick."
FLOW_ALT = "The boxes hold the numbers of the flow of patients."
FOREST_CAPTION = (
    "{}: hazard ratios for {} by {}, and their ratios ({}), with 95% confidence intervals. {}: {} of the "
    "fitted rows."
)
CURVE_CAPTION = (
    "{}: hazard ratio along {} against {} {}, by {} ({}). Shaded: pointwise 95% confidence intervals{}. "
    "Below: share of person-time."
)
GROUPS_CAPTION = (
    "{}: the curve along {} beside groups of about equal person-time, by {} ({}). The curve is 1 at {} {}, "
    "the groups in the group that holds it."
)
WITH_BANDS = "; dotted: simultaneous 95% bands, each of which covers the whole of its curve"
BY = ", by {}"
GROUPS_KEY = "groups (95% CI)"
NOT_DRAWN = " Not drawn, with fewer than 10 persons: {}."
CURVE_ALT = "Curves for {}. The table of the curve in numbers holds their values, the table of tests what can be said of them."
RATIO_OF_THESE = "Ratio of these, against {}"
SURVIVAL_CAPTION = "{}: Kaplan–Meier survival{}, with 95% confidence intervals and numbers at risk."
MODELS_CAPTION = (
    "{}: hazard ratios of {} by {}, and their ratios, in each model, with 95% confidence intervals. Dashed: the estimate "
    "of {}."
)
SENSITIVITY_CAPTION = (
    "{}: hazard ratios of {} by {}, and their ratios, in sensitivity analyses, each on its own rows, with 95% confidence "
    "intervals. Dashed: the estimate of the plan itself. A dash: not estimable; empty: the analysis has no such level."
)
MODEL = "Model"
ANALYSIS = "Analysis"
RATIO_OF_TWO = "Ratio, {} against {}"
DASH_IS_MASKED = " A dash is a masked number."
