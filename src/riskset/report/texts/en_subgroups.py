"""Sentences of the report on subgroup analyses, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

SUBGROUP_ANALYSES = "Subgroup analyses"
READING = (
    "Each analysis fits the primary model once in each group of persons, all coefficients free; groups are what holds "
    "at index. Intervals and tests are Wald's here, for all persons together too. The groups hold different persons, so "
    "that their estimates are independent, and whether they differ is the question of the tests of heterogeneity alone: "
    "that a P value within one group crosses a line and that of another does not is no evidence of a difference."
)
HOW_MANY = (
    "There are {} subgroup analyses of {}. What is said of them rests on {} tests of heterogeneity, each of all levels "
    "of the modifier together; neither these nor the tests of single hazard ratios in tables and figures are adjusted "
    "for their number, and one true equality in twenty shows P below 0.05 by chance."
)
HOW_MANY_ONE = (
    "There is {} subgroup analysis of {}. What is said of it rests on {} tests of heterogeneity, each of all levels "
    "of the modifier together; neither these nor the tests of single hazard ratios in tables and figures are adjusted "
    "for their number, and one true equality in twenty shows P below 0.05 by chance."
)
OUTCOME, OUTCOMES = "outcome", "outcomes"
EXPLORATORY = "Exploratory, because the plan gives no rationale for it: {}."
EXPLORATORY_SEVERAL = "Exploratory, because the plan gives no rationale for them: {}."
HR_DIFFER = "{}: the hazard ratios of {} differ between the groups by more than chance readily explains ({})."
HR_NOT_ESTABLISHED = "{}: the data establish neither that the hazard ratios of {} differ between the groups nor that they are the same ({})."
RATIO_DIFFER = (
    "How far they differ by {} is not the same in all groups, by more than chance readily explains ({})."
)
RATIO_NOT_ESTABLISHED = "Nor do the data establish either of how far they differ by {} ({})."
RATIO_NOT_ESTABLISHED_ALONE = "Of how far they differ by {} the data establish neither that it is the same in all groups nor that it is not ({})."
NO_TEST = "{}: the groups could not be compared, because fewer than two have estimates."
NO_TEST_OF_RATIO = "How far they differ by {} could not be compared."
NOT_FITTED = "{}, {}: no estimates. {}"
GROUPS_CAPTION = "Subgroup analyses: the groups at index"
ANALYSIS = "Analysis"
GROUP = "Group"
PERSONS = "Persons"
EVENTS = "Events"
NOT_KNOWN = "Not known"
LEFT_OUT = "Terms without variation here, left out"
RATIONALE = "Rationale"
NONE_GIVEN = "None given: exploratory"
TABLE_CAPTION = "{}: hazard ratios of {} in subgroups"
HR_95 = "HR (95% CI)"
RATIO_95 = "Ratio of HR (95% CI)"
ALL_PERSONS = "All persons"
OF_GROUP = "{}: {}"
HETEROGENEITY = "{}: tests of heterogeneity"
ALL_LEVELS = "All together"
PAIR = "{}, {}"
HEADER = "{}, {}"
WALD_AND_LEVEL = (
    "{}; Wald limits. A ratio of hazard ratios is against the first level of the modifier. Heterogeneity: {}; all "
    "together: {}."
)
FOREST_RATIO = "Ratio of hazard ratios, {} against {}"
FOREST_CAPTION = (
    "{}: hazard ratios of {} by {} in subgroups, with 95% confidence intervals; P: test of heterogeneity over the groups. "
    "Dashed: the estimate in all persons."
)
FOREST_CAPTION_RATIO = (
    "{}: ratios of the hazard ratios of {} between levels of {} in subgroups, with 95% confidence intervals; P: test of "
    "heterogeneity over the groups. Dashed: the estimate in all persons."
)
FOREST_ALT = "The table below holds every number of it."
EVENTS_OF_PERSONS = "Events / persons"
P_HETEROGENEITY = "P of heterogeneity"
NO_TEST_SHORT = "no test"
SUBGROUP = "Subgroup"
RATIO_OF_HR = "Ratio of hazard ratios"
HAZARD_RATIO = "Hazard ratio"
PERSON_YEARS = "Person-years"
SAME_MODEL = "{}: adjusted for {}, in each group; what does not vary in a group is left out and stands in {}."
ROWS_TIES_VARIANCE = (
    "Cox models with time-dependent covariates on the complete rows of each group. HR: hazard ratio, CI: confidence "
    "interval. Ties: {}. Variance: {}."
)
OUTCOME_FIRST = "{}."
