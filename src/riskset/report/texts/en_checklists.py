"""Sentences of the checklists, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

FOR_THE_AUTHOR = "for the author"
STROBE_CHECKLIST = "STROBE checklist"
RECORD_CHECKLIST = "RECORD checklist"
ITEM_NUMBERS_ARE_THOSE_OF = (
    "Item numbers are those of the published checklist; what each asks is told in our words. Texts "
    "here are what this report can say; the author decides what the manuscript says."
)
ITEMS_OF_THE = "Items of the {}, by their published numbers"
ITEM = "Item"
ASKS_FOR = "Asks for"
IN_THIS_REPORT = "In this report"
WHERE_2 = "Where"
COHORT_OF_PERSONS_WITH_VALUES = (
    "Cohort of {} persons with values, drug use and outcomes that change over time."
)
CHOSEN_BY_RULES = "All persons of the source who meet these rules: {}. Follow-up: {}"
RULES_ARE = "Rules: {}."
NO_RULES = "none"
AGAINST_BIAS = (
    "States and values count from when they were known, so that no time before them is given to them; assumptions of the "
    "models and variants of the plan are looked at. Other sources of bias are for the author."
)
QUANTITATIVE = "{} in groups ({}) and as a spline; each other measure with its rule in the methods."
VARIABLES = "Outcomes: {}. Exposure: {}. Modifier: {}. Covariates: by model."
NO_MATCHING = "No matching."
ALL_ELIGIBLE_PERSONS_OF_SCREENED = "All {} eligible persons of {} screened; no sample size was planned."
FLOW_OF_PATIENTS_2 = "Flow of patients."
EACH_CHECK_OF_THE_RAW = "Each check of the raw tables, with what it found and how many rows."
CHECKSUMS_OF_PLAN_AND_DATA = (
    "Checksums of plan and data, and the version of the software; where they can be had is for the author."
)
FOLLOW_UP_ENDS_WHERE_IT = "Follow-up ends where it is last known; nobody is imputed."
EVERY_FILTER_WITH_THE_STRINGS = "Every filter with the strings that it matched."
EVERY_VARIABLE_WITH_THE_RULE = (
    "Every variable with the rule by which it is read from the tables; how it was measured is for the author."
)
CHARACTERISTICS_AT_INDEX_2 = "Characteristics at index."
MISSING_VALUES_IN_THE_LINES = "Missing values, in the lines of each variable."
PERSON_TIME_AND_MEDIAN_FOLLOW = "Person-time and median follow-up of each outcome."
EVENTS_AND_RATES_OF = "Events and rates of {}."
RATES_BY_GROUP_WITH_EXACT = "Rates by group, with exact intervals."
EACH_WITH_ITS_ADJUSTMENT_INTERVALS = "{}, each with its adjustment, intervals and P values."
WHAT_THE_TESTS_SUPPORT_OUTCOME = "What the tests support, outcome by outcome."
INTERACTION_WITH_ITS_DETECTABLE_RATIO = (
    "Interaction with its detectable ratio; curves where they were fitted."
)
SUBGROUPS_BY = "Subgroups of persons by {}, at index; heterogeneity tested by Cochran's Q."
SUBGROUPS_ARE = "Subgroups: {}, with the tests of heterogeneity."
VARIANTS_OF_THE_PLAN = "Variants of the plan, with what each changes and what it gives."
NOTHING_IS_SET_IN_THE = "Nothing is set in the plan."
NOBODY_WAS_EXCLUDED = "Nobody was excluded."
EXCLUDED = "Excluded: {}."
