"""Sentences of the report on risks and competing events, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

# --- cumulative incidence --------------------------------------------------------------------------------
INCIDENCE_TABLE_HOLDS = "The table below holds the risk and the numbers at each tick."
RISKS_DIFFER = "{}: unadjusted, the risks differ by {} (Gray's test, {})."
RISKS_MAY_BE_THE_SAME = "{}: unadjusted, the data do not establish that the risks differ by {}, nor that they are the same (Gray's test, {})."
BY = ", by {}"
INCIDENCE_AXIS = "Cumulative incidence (%)"
NOT_DRAWN = " Not drawn, with fewer than 10 persons: {}."
INCIDENCE_TABLE = "{}: cumulative incidence, % (95% CI), and numbers{}"
INCIDENCE = "Cumulative incidence"
INCIDENCE_NOTE = (
    "Aalen–Johansen, from index: the share who have had the event, {} competing. 1 minus Kaplan–Meier would"
    " overstate it. Events, other events and censored are counted before each time, as those at risk are; "
    "together they make up all persons. Groups are those at index and do not change. Intervals are "
    "pointwise, by the infinitesimal jackknife over persons, on the log-log scale."
)
AT_RISK = "At risk"
EVENTS = "Events"
OTHER_EVENTS = "Other events"
CENSORED = "Censored"

# --- competing events ------------------------------------------------------------------------------------
HAZARDS_READ = (
    "A cause-specific hazard is the rate of an event among those who have had none; a ratio of "
    "subdistribution hazards orders the cumulative incidences, and is no ratio of rates. They differ where "
    "what is compared goes with the competing event. Both are of the same model on the same rows here, with"
    " values as at entry: after a competing event a value that changes does not exist."
)
COMPETING_ENDS = "{}: {}, {} ({}), {} censored; {}."
ENTRY_WEIGHTED = "entry and censoring weighted"
CENSORING_WEIGHTED = "censoring weighted"
COMPETING = "Competing events"
COMPETING_CAPTION = "{}, {}: hazard ratios of {}, cause-specific and of the subdistribution"
COMPETING_NOTE = "Reference {}; all values as at entry. Both models rest on {}."
COMPETING_ROWS = "{} of {} with {}"
COMPETING_ADJUSTED = "{}: adjusted for {}; values that change over time are taken as at entry."
COMPETING_FITTED = (
    "Cox models; HR: hazard ratio, CI: confidence interval. Ties: {}. Limits and tests: Wald. {}."
)
CAUSE_SPECIFIC_HR = "Cause-specific HR (95% CI)"
SUBDISTRIBUTION_HR = "Subdistribution HR (95% CI)"
RATIOS = "Ratio of hazard ratios"
RISK_PERCENT = "Risk, % (95%\u00a0CI)"
INCIDENCE_CAPTION = "{}: Aalen–Johansen cumulative incidence{}, with 95% confidence intervals; competing: {}."
RATIO_CAUSE_SPECIFIC = "ratio of cause-specific HR"
RATIO_SUBDISTRIBUTION = "ratio of subdistribution HR"
CAUSE_SPECIFIC = "cause-specific HR"
SUBDISTRIBUTION = "subdistribution HR"
