"""Sentences of the report on diagnostics, in English; the rules stand in :mod:`riskset.report.texts.en`."""

from __future__ import annotations

DIAGNOSTICS = "Diagnostics"
DIAGNOSTICS_ARE_QUESTIONS = (
    "A test beyond its threshold is a question to look into, and one within it does not prove what it tests: "
    "with many terms some tests are beyond by chance, and with few events large departures go unseen."
)
THRESHOLDS_OF_DIAGNOSTICS = (
    "What is told above the table: P below 0.05, which one true assumption in twenty shows by chance; cells of "
    "fewer than 10 events, on which estimates are fragile (Peduzzi and others, J Clin Epidemiol). In the table, "
    "a change by one person of half a standard error, or an inflation above three, would ask for a look at the data."
)
ALL_TERMS_PROPORTIONAL = "All terms together: {} for proportional hazards"
HAZARD_RATIO_MAY_CHANGE = (
    "; the hazard ratio of {} may change with time, and what is given is an average over it"
)
HAZARD_RATIOS_MAY_CHANGE = (
    "; the hazard ratios of {} may change with time, and what is given are averages over it"
)
TERM_WITH_P = "{} ({})"
STRAIGHT_LINE_MAY_NOT_DO = "A straight line may not do for {}."
ONE_PERSON_MOVES_ALL = (
    "Leaving out the one person who moves the coefficients most takes them to the edge of their joint {} "
    "confidence region."
)
ONE_PERSON_HARDLY_MOVES = "Leaving out any one person hardly moves the coefficients together ({} of their joint confidence region at most)."
CELLS_WITH_FEW_EVENTS = "Levels and cells with few events: {}."
NOT_LOOKED_AT = "Not looked at: {}."
DIAGNOSTICS_BY = "{}; proportional hazards and straight lines: {}."
ONE_PERSON_AND_INFLATION = (
    "One person: the largest change of a coefficient of the term, in its standard errors, when one person leaves "
    "(first order). Inflation: of standard errors by the other terms, the terms that share a variable taken together."
)
EVENTS_PER_COEFFICIENT_ARE = "Events per coefficient: {}."
DIAGNOSTICS_BY_TERM = "{}, {}: diagnostics by term"
PROPORTIONAL_HAZARDS = "Proportional hazards"
ONE_PERSON = "One person"
STRAIGHT_LINE_P = "Straight line, P"
INFLATION = "Inflation"
DAYS_AS_IN_THE_TEST = "Days on the model's time scale, spaced as in the test"
OVER_TIME_CAPTION = (
    "{}: log hazard ratios over time ({}): smooth of scaled Schoenfeld residuals with pointwise 95% limits, means "
    "of groups of events, and the constant of the model. The question's terms, and those whose tests are furthest out."
)
THE_TABLE_ABOVE_HOLDS_TESTS = "The table above holds the tests."
NO_RISKS_ONE_CHANGES = (
    "Risks under a fixed level of {} are not given: {} changes within persons, and what is measured on a person has no "
    "value after death and tells that the person lives, so that these models do not define such a risk."
)
NO_RISKS_SEVERAL_CHANGE = (
    "Risks under a fixed level of {} are not given: {} change within persons, and what is measured on a person has no "
    "value after death and tells that the person lives, so that these models do not define such a risk."
)
