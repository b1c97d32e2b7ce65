"""Every sentence and heading of the report in English; ``{}`` stands for a number of the study or a label of the plan.

The rules: an answer is the ratio of hazard ratios with its interval and P value, never a comparison of one
group's P value with another's; no "significant"; no verb that claims a cause; an interval that holds 1 is no
evidence of equality. Which sentence is said is decided in :mod:`riskset.report.sections`, by the tests alone.
Another language is a module beside this one with the same names.
"""

from __future__ import annotations

# --- frame ---------------------------------------------------------------------------------------------
CONTENTS = "Contents"
TABLE = "Table"
FIGURE = "Figure"
PLEASE_NOTE = "Please note."
WRITTEN_BY = "Written by riskset {} from one plan. Aggregate numbers only; no patient is named."

# --- summary ---------------------------------------------------------------------------------------------
TO_KEEP_IN_MIND = "To keep in mind"
SUMMARY = "Summary"
NO_MODEL_WAS_FITTED_SO = "No model was fitted, so the question has no answer here."
FOR_THE_ASSOCIATION_WITH_DIFFERS = (
    "For {}, the association with {} differs by {} more than chance readily explains."
)
FOR_THESE_DATA_DO_NOT = (
    "For {}, these data do not establish that the association with {} differs by {}; nor do they "
    "establish that it is the same."
)
FOR_NO_RATIO_OF_HAZARD = "For {}, no ratio of hazard ratios could be estimated."
RATIO_OF_HR = "ratio of HR"
RATIO_OF_HAZARD_RATIOS = "Ratio of hazard ratios"
HAZARD_RATIO_OF_BY = "Hazard ratio of {}, {}, by {}"
HR_95PERCENT_CI = "HR (95% CI)"
IN = "{} in {}."
OF_THE_EVENTS_ENTER_THE = "; {} of the events enter the models"
IN_OVER = "{} in {} over {} {}, {} {}{}."
HR_HAZARD_RATIO_CI_CONFIDENCE = (
    "HR: hazard ratio; CI: confidence interval. The ratio of hazard ratios is the test of whether the "
    "association differs between the levels; 1 means that it is the same in both."
)
INTERVALS_AND_P_VALUES_OF = "Intervals and P values of the ratios: {}."
ALL_ARE_ASSOCIATIONS_IN_OBSERVED = (
    "All are associations in observed patients, adjusted for what the plan names and for nothing else."
)
P_VALUES_OF_OUTCOMES = "P values of the {} outcomes are not adjusted for the number of comparisons."
P_VALUES_UNADJUSTED = "P values are not adjusted for the number of comparisons."
THE_CUT_POINT_IS_EXPLORATORY = "The cut-point is exploratory: the plan gives no rationale for it."

# --- plan ------------------------------------------------------------------------------------------------
QUESTION_AND_PLAN = "Question and plan"
QUESTION = "Question"
REASON_FOR_THE_CUT_POINT = "Reason for the cut-point: {}."
NO_REASON_IS_GIVEN_FOR = "No reason is given for the cut-point, so it is exploratory."
EXPOSURE = "Exposure"
MODIFIER = "Modifier"
AGAINST = "{}: {} against {}."
OUTCOMES = "Outcomes"
PRIMARY = "{} (primary)"
ADJUSTED_FOR_2 = "{}: adjusted for {}."
ADJUSTED_FOR = "Adjusted for {}."

# --- flow ------------------------------------------------------------------------------------------------
NOT = "not “{}” {}"
INCLUDED_2 = "Included {}"
HOW_FOLLOW_UP_ENDED = "How follow-up ended"
EXCLUDED_NOT = "Excluded: not {}"
REMAINING = "Remaining"
INCLUDED = "Included"
FOLLOW_UP_ENDED_BY = "Follow-up ended by: {}"
FLOW_OF_PATIENTS = "Flow of patients"
STEP = "Step"
PERSONS = "Persons"

# --- characteristics -------------------------------------------------------------------------------------
CHARACTERISTICS_AT_INDEX = "Characteristics at index"
CHARACTERISTICS = "Characteristics"
CONTINUOUS_VARIABLES_MEDIAN_FIRST_TO = "Continuous variables: median (first to third quartile)."
CATEGORIES_NUMBER_PERCENT_OF_THOSE = "Categories: number (percent of those with a value)."
SMD_STANDARDISED_MEAN_DIFFERENCE_THE = (
    "SMD: standardised mean difference, the largest between two groups of at least 10 persons."
)
ALL_ARE_VALUES_AT_INDEX = "All are values at index. No test compares the groups."
CHARACTERISTICS_AT_INDEX_BY = "Characteristics at index, by {}"
CHARACTERISTIC = "Characteristic"
SMD = "SMD"
MISSING = "missing"
AT_1ST_QUARTILE = "1st quartile"
AT_3RD_QUARTILE = "3rd quartile"

# --- rates -----------------------------------------------------------------------------------------------
NOT_KNOWN = "not known"
FOLLOW_UP_EVENTS_AND_RATES = "Follow-up, events and rates"
EVENTS_AND_RATES = "Events and rates"
EACH_OUTCOME_HAS_ITS_OWN = (
    "Each outcome has its own follow-up: from index to the first event or the end of follow-up. "
    "Intervals of rates: exact Poisson (Garwood)."
)
FOLLOW_UP_FIRST_EVENTS_AND = "Follow-up, first events and rates"
EVENTS = "Events"
MEDIAN_FOLLOW_UP = "Median follow-up, {}"
SINCE_INDEX = "{} since index"
TIME_LEFT_OUT = "{} left out"
RATE_95PERCENT_CI_2 = "Rate {} (95% CI)"
AND = "{} and {}"
RATE_95PERCENT_CI = "Rate (95% CI)"
ALL_FOLLOW_UP = "All follow-up"
RATES_ARE_BOTH_STATES_CHANGE = (
    "Rates are {}. Both states change over time; person-time in which a value is not known is shown "
    "and enters no model. Intervals: exact Poisson (Garwood)."
)
CELLS_WITH_FEWER_THAN_10 = "Cells with fewer than 10 events are sparse: their rates are uncertain."
EVENTS_AND_RATES_BY_AND = "Events, {} and rates by {} and {}"
ALL_MODELS_OF_AN_OUTCOME = (
    "All models of an outcome use the rows that are complete for the fullest of them. A row may lack "
    "several values."
)
WHAT_THE_MODELS_LEAVE_OUT = "What the models leave out because a value is missing"
OUTCOME = "Outcome"
FOLLOW_UP_AND_RATES = "Follow-up and rates"
PERSONS_LEFT_OUT = "Persons left out"
EVENTS_LEFT_OUT = "Events left out"
MISSING_BY_VARIABLE = "Missing, by variable"

# --- models ----------------------------------------------------------------------------------------------
MODELS = "Models"
ALL_COEFFICIENTS_2 = "All coefficients: {}"
WHERE = "{}, where {}"
BY = "{}, by {}"
AGAINST_BY = "{} against {}, by {}"
ALL_LEVELS_JOINTLY = "all levels jointly"
RATIO_OF_THESE_HAZARD_RATIOS = "Ratio of these hazard ratios for {}, against {}"
BEHIND_THE_ESTIMATES = "Behind the estimates"
HAZARD_RATIOS_AND_THEIR_RATIOS = "{}: hazard ratios and their ratios"
EVENTS_PER_COEFFICIENT = "Events per coefficient"
INTERVALS_AND_P_2 = "{} Intervals and P: {}."
ALL_MODELS = "All models"
LOG_PARTIAL_LIKELIHOOD_WITHOUT_COVARIATES = "Log partial likelihood {}, without covariates {}. {}."
ALL_COEFFICIENTS = "{}, {}: all coefficients"
TERM = "Term"
COEFFICIENT = "Coefficient"
STANDARD_ERROR = "Standard error"
P = "P"
INTERVALS_AND_P = "Intervals and P: {}."

# --- notes -----------------------------------------------------------------------------------------------
COX_MODELS_WITH_TIME_DEPENDENT = (
    "Cox models with time-dependent covariates; HR: hazard ratio, CI: confidence interval. Ties: {}. "
    "Variance: {}."
)
IN_2 = "{} in {}"
VALUES_AFTER_INDEX_MAY_LIE = (
    "Values after index ({}) may lie on the path from the exposure to the outcome; hazard ratios are "
    "conditional on them."
)
THE_MODEL_RESTS_ON = "The model rests on"
ALL_MODELS_REST_ON_THE = "All models rest on the same"
OF_WITH_2 = " {} of {} with {}."
OF_WITH = "{} {} of {} with {}"
ROWS = "Rows: {}."
VALUES_AT_INDEX_ARE_FROZEN = (
    " Values “at index” are frozen there; values “over time” are those in force at each moment."
)

# --- interaction -----------------------------------------------------------------------------------------
WHAT_AN_ABSTRACT_OF_THESE = "What an abstract of these data could say"
AN_ABSTRACT_THAT_NAMES_AN = (
    "An abstract that names an association in one group beside “no interaction” makes a comparison "
    "that its own test does not support. The sentences above give the ratio with its interval instead, "
    "and the ratios that would have been found."
)
INTERACTION = "Interaction"
RATIO_OF_THE_HAZARD_RATIOS = (
    "Ratio of the hazard ratios of {}, each level of {} against {}. The last two columns: true ratios "
    "below or above which this study finds a difference with a power of 80%, at its precision."
)
DOES_THE_ASSOCIATION_WITH_DIFFER = "Does the association with {} differ by {}?"
RATIO_OF_HR_95PERCENT_CI = "Ratio of HR (95% CI)"
FOUND_IF_BELOW = "Found if below"
OR_ABOVE = "or above"
DETECTABLE_RATIO = "detectable ratio"
NO_RATIO_OF_HAZARD_RATIOS = "{}: no ratio of hazard ratios could be estimated."
THE_HAZARD_RATIO_OF_WAS = "{}: the hazard ratio of {} was {}. The ratio of these hazard ratios was {}"
THE_ASSOCIATION_DIFFERS_BY_MORE = "; the association differs by {} more than chance readily explains. "
THE_DATA_DO_NOT_ESTABLISH = (
    "; the data do not establish that the association differs by {}, nor that it is the same. "
)
WITH_A_DIFFERENCE_WOULD_BE = (
    "With {} a difference would be found with a power of 80% if the true ratio were {}."
)
OR = "{} or {} ({})"
RATIO_OF_HAZARD_RATIOS_2 = "Ratio of hazard ratios: {}."
ALL_LEVELS_OF_JOINTLY = "All levels of {} jointly: {}."
ALL_LEVELS_OF_JOINTLY_TOGETHER_THEY_DO = (
    "All levels of {} jointly: {}; together they do not establish a difference."
)
ALL_LEVELS_OF_JOINTLY_TOGETHER = (
    "All levels of {} jointly: {}; together they differ more than chance readily explains."
)
AN_INTERVAL_THAT_LEAVES_OUT = (
    "An interval that leaves out 1 in one group and not in another is no evidence that the groups "
    "differ; the ratio is the test of that."
)
AGAINST_2 = "{} against {}{}"
NOT_ESTIMABLE_FOR = "not estimable for {}{}"
FOR = "{} for {}"
THE_HAZARD_RATIO_FOR_IS = (
    "The hazard ratio for {} is {} for {} than for {}, by more than chance readily explains."
)
THE_DATA_ESTABLISH_NEITHER_A = (
    "The data establish neither a difference between {} and {} nor its absence: they are compatible with {}."
)
FOR_THE_DATA_ESTABLISH_NEITHER = (
    "For {}, the data establish neither a difference from {} nor its absence: they are compatible with "
    "any ratio inside these intervals."
)
ANY_RATIO = "any ratio"
ANY_RATIO_UP_TO = "any ratio up to {}"
ANY_RATIO_FROM_UPWARDS = "any ratio from {} upwards"
ANY_RATIO_FROM_TO = "any ratio from {} to {}"
SPARSE_RESTS_ON_EVENTS_PER = (
    "Sparse: {} rests on {} events per coefficient ({}, {}); its estimates may be far off and its "
    "intervals too narrow."
)
RESTS_ON_EVENTS_PER_COEFFICIENT = "{} rests on {} events per coefficient ({}, {})."
AT_THIS_PRECISION_A_DIFFERENCE = (
    "At this precision a difference would be found with a power of 80% if the true ratio were {}."
)

# --- curves ----------------------------------------------------------------------------------------------
OVERALL_THE_SAME_HAZARD_AT = "overall: the same hazard at all values"
NONLINEARITY_A_STRAIGHT_LINE_ON = "nonlinearity: a straight line on the log scale"
INTERACTION_THE_SAME_CURVE_IN = "interaction: the same curve in all levels"
NONLINEAR_INTERACTION_CURVES_THAT_DIFFER = (
    "nonlinear interaction: curves that differ by a straight line at most"
)
HAZARD_RATIO_ALONG = "Hazard ratio along {}"
CURVES = "Curves"
THE_CURVE_IN_NUMBERS = "The curve in numbers: {}"
OVER_ITS_WHOLE_RANGE_THE = "Over the whole range of {}, the data establish neither an association with {} nor its absence (overall {})."
IS_ASSOCIATED_WITH_OVER_ITS = "{} is associated with {} over its range (overall {})"
THE_CURVE_DEPARTS_FROM_A = "; the curve departs from a straight line on the log scale ({})"
THE_DATA_DO_NOT_SPEAK = "; the data do not speak against a straight line on the log scale (nonlinearity {})"
THE_CURVES_DIFFER_BY_MORE = "The curves differ by {} more than chance readily explains (interaction {})."
THE_DATA_DO_NOT_ESTABLISH_THAT_THE = (
    "The data do not establish that the curves differ by {}, nor that they are the same (interaction {})."
)
WITH_AS_A_RESTRICTED_CUBIC = "{} with {} as a restricted cubic spline (knots {} {}); {}."
ALL_LEVELS_JOINTLY_2 = "All levels jointly"
TESTS_OF_THE_CURVES = "{}: tests of the curves"
TEST = "Test"
DF = "df"
POINTWISE_INTERVALS_HOLD_FOR_ONE = (
    "Pointwise intervals hold for one value chosen beforehand; what is read along a curve needs its "
    "simultaneous band, which reaches {} standard errors to each side."
)
OUTSIDE_THE_CURVE = "outside the values over which this level's curve is drawn, the 1st to the 99th percentile of its person-time."
CURVE_IN_NUMBERS_RESTS_ON = (
    "Pointwise limits (Wald). Model, adjustment, rows, ties and variance: as under {}."
)
PERCENT_95_CI_FROM = "95% CI from"
PERCENT_95_CI_TO = "95% CI to"
HAZARD_RATIO_95PERCENT_CI_ALONG = "{}: hazard ratio (95% CI) along {} against {} {}"

# --- survival --------------------------------------------------------------------------------------------
SURVIVAL = "Survival"
BY_2 = ", by {}"
NUMBERS_AT_RISK_AND_SURVIVAL = "{}: numbers at risk and survival, % (95% CI){}"
AT_RISK_2 = "At risk"
SURVIVAL_PERCENT_2 = "Survival, %"
KAPLAN_MEIER_FROM_INDEX_GROUPS = (
    "Kaplan–Meier, from index; groups are those at index and do not change. Intervals are pointwise, "
    "on the log-log scale."
)
AT_RISK = "at risk"
SURVIVAL_PERCENT = "survival, %"

# --- published -------------------------------------------------------------------------------------------
PUBLISHED_MARGINS_BESIDE_THIS_RUN = "Published margins beside this run"
MARGIN = "Margin"
PUBLISHED = "Published"
THIS_RUN_2 = "This run"
AGREEMENT = "Agreement"
PUBLISHED_AS_PRINTED_WHAT_IT = (
    "Published: as printed; what it rests on is not known. This run: all follow-up, before any row "
    "leaves a model; intervals of rates are exact Poisson (Garwood)."
)
PRINTED_FIGURES_THAT_CONTRADICT_EACH = "Printed figures that contradict each other"
BESIDE_THE_PUBLICATION = "Beside the publication"
THIS_RUN = "this run"

# --- audit -----------------------------------------------------------------------------------------------
DATA_AUDIT = "Data audit"
FROM_RAW_TABLES_TO_EPISODES = "From raw tables to episodes: what was checked and what was found. A note is to be weighed; a warning may be a mistake"
FINDING = "Finding"
N = "n"
WHAT_EACH_FILTER_MATCHED = "What each filter matched"
PLAN_KEY = "Plan key"
NOTE_MARK = "Note: "
WARNING_MARK = "Warning: "
STRING_WITHHELD = "{} string of fewer than 5 persons not shown"
STRINGS_WITHHELD = "{} strings of fewer than 5 persons not shown"
STRINGS_PERSONS = "Strings (persons)"
FILTER = "Filter"
TABLES_READ = "Tables read"
FILE = "File"
ROWS_2 = "Rows"

# --- methods ---------------------------------------------------------------------------------------------
PARTICIPANTS = "Participants"
READING = "Reading"
METHODS_IN_BRIEF = "Methods in brief"
METHODS = "Methods"
SCREENED_INCLUDED = "{} screened, {} included."
SCREENED_INCLUDED_BY_THESE_RULES = "{} screened, {} included by these rules, in this order: {}."
THE_SUMMARY_SHOWS = "The summary shows {}."
P_VALUES_ARE_TWO_SIDED = (
    "P values are two-sided. Sentences change at P = 0.05; the numbers stand beside each of them. "
    "Values that change after index may lie on the path from the exposure to the outcome: where a "
    "model holds them, its hazard ratios are conditional on them."
)
THE_PLAN_GIVES_NO_RATIONALE = "The plan gives no rationale for the cut-point, so it is exploratory."

# --- manuscript ------------------------------------------------------------------------------------------
FOLLOW_UP_AND_EVENTS = "Follow-up and events"
MAIN_ESTIMATES = "Main estimates"
ALONG = "Along {}"
RESULTS_IN_WORDS = "Results in words"
OF_PERSONS_SCREENED_WERE_INCLUDED = "Of {} persons screened, {} were included"
NOT_MEETING = "“{}” ({})"
EXCLUDED_WERE = "; the others did not meet {}"
FOLLOW_UP_ENDED_AS_FOLLOWS = " Follow-up ended as follows: {}."
CHARACTERISTICS_AT_INDEX_ARE_IN = " Characteristics at index are in {}."
EVENTS_IN_MEDIAN_FOLLOW_UP = "{}: {} events in {} {} (median follow-up {} {}), {} {}."
RATES_HAVE_EXACT_95PERCENT_INTERVALS = " Rates have exact 95% intervals ({})."
OF_EVENTS_FOR = "{} of {} events for {}"
THE_MODELS_LEAVE_OUT_PERSON = (
    "The models leave out person-time in which a value is missing, and with it {} ({})."
)
PER_COEFFICIENT_FOR = "{} for {} ({}, {})"
EVENTS_PER_COEFFICIENT_WERE = "Events per coefficient were {}."
FEW_EVENTS = " Estimates that rest on fewer than 10 may be far off, and their intervals too narrow."

# --- provenance ------------------------------------------------------------------------------------------
EACH_NUMBER_WITH_ITS_NAME = (
    "{}: each number with its name, unit, reference, method and what it rests on. Numbers in the "
    "report carry the same names."
)
PLAN_SHA_256 = "Plan (SHA-256)"
DATA_SHA_256 = "Data (SHA-256)"
INPUTS_AND_VERSIONS = "Inputs and versions"
PROVENANCE = "Provenance"
OTHER_STRINGS_NOT_SHOWN = "others, of few persons, not shown"
COUNTS_UNDER_ARE_MASKED = (
    "Counts of persons and events under {} are masked; further counts, rates, shares and comparisons are masked so that "
    "they cannot be worked out. Steps of curves are of {} events or more, and their heights are rounded. Hazard ratios are "
    "not masked."
)
