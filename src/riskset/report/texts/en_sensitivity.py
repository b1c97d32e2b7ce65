"""Sentences of the report on sensitivity analyses, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

READING = (
    "Each analysis is the primary model again with some keys of the plan changed and nothing else. "
    "Its persons are those of the plan, with the same day of index, unless it changes by name who is eligible; what "
    "it leaves unknown of them is time that the models lack. "
    "Intervals and tests are Wald's here, for the plan itself too. What counts is how far an estimate moves"
    " against the width of its interval; that a P value crosses a line says nothing. Where one key takes "
    "several values, a second table compares them, and the plan itself, on the persons and the time in "
    "which all of them know every covariate."
)
IMMORTAL = (
    "These numbers are wrong on purpose. Whoever starts the drug at any time of the follow-up is called a "
    "user from the day of index, and cannot have had the event before the start: this time without risk is "
    "given to the users, and makes use look better than it is. They are shown because this is often done "
    "and asked for; they answer no question."
)
SENSITIVITY_ANALYSES = "Sensitivity analyses"
IN_SENSITIVITY_ANALYSES = "{}: hazard ratios of {} in sensitivity analyses"
ON_COMMON_TIME = "{}: hazard ratios of {}, values of one key on the time that they share"
WHAT_EACH_CHANGES = "What each sensitivity analysis changes"
NOT_DONE = "{} could not be done. {}"
WALD_AND_LEVEL = "Ratios of hazard ratios are against the first level of the modifier. Limits: Wald."
AS_USE_CHANGES = "As use changes over time (right)"
RIGHT_AND_WRONG = "{}: hazard ratios of {}, right and wrong"
WRONG_ON_PURPOSE = "Wrong on purpose: immortal time"
NOT_DONE_FOR = "{}, {}: could not be done. {}"
PERSONS = "Persons"
EVENTS = "Events"
HR_95 = "HR (95% CI)"
RATIO_OF_HR_95 = "Ratio of HR (95% CI)"
WALD = "Limits and tests: Wald."
FIXED_AT_INDEX = "WRONG: fixed at index from the whole follow-up"
ANALYSIS = "Analysis"
KEY_OF_THE_PLAN = "Key of the plan"
IN_THE_PLAN = "In the plan"
HERE = "Here"
PERSONS_OF_IT = "Persons"
THOSE_OF_THE_PLAN = "those of the plan"
CHOSEN_ANEW = "chosen anew"
ROWS = "Rows"
SAME_MODEL = "{}: adjusted for {}; what an analysis changes of that stands in {}."
ROWS_TIES_VARIANCE = (
    "Cox models with time-dependent covariates, each on its own complete rows. HR: hazard ratio, CI: confidence "
    "interval. Ties: {}. Variance: {}."
)
NONE_ASKED = "The plan names no sensitivity analysis."
NOT_YET_DONE = "Not yet done"
UNDONE = (
    "Multiple imputation: this version has none. Models use complete rows; what they leave out is counted with them.",
    "Marginal structural models: this version has none. Where a value that changes after index both follows from the "
    "exposure and goes with the outcome, a hazard ratio is conditional on it and does not sum up the whole association.",
)
