"""What a run found, as one frozen value: the only thing that the report may print.

``Results`` is written to ``results.json`` and read back by the report; nothing is computed after it. Every
number stands in an :class:`Estimate` or a counted record, with its unit, its reference and what it rests on.
There is no clock, no path and no person in it: the same plan, data and versions give the same bytes.
"""

from __future__ import annotations

from typing import Literal

from riskset.study.results_additive import AdditiveResult, Claimed
from riskset.study.results_diagnostics import ModelDiagnostics
from riskset.study.results_incidence import ComparedRates, IncidenceCurve
from riskset.study.results_sensitivity import Sensitivity
from riskset.study.results_subgroups import Subgroups
from riskset.study.results_trend import ExposureTrend
from riskset.study.results_values import Basis, Estimate, Frozen


class Printed(Frozen):
    """A number that a publication prints; what it rests on is the publication's to say."""

    id: str
    estimand: str
    unit: str
    estimate: float
    method: str
    warnings: tuple[str, ...] = ()  # how it agrees with the run


class Counted(Frozen):
    """A number that was counted or summarised, not estimated: persons, rows, quartiles, a setting of a curve.

    ``of`` is the whole that a count is a part of, ``percent`` its share where one is printed.
    """

    id: str
    estimand: str
    unit: str
    estimate: int | float | None
    lower: float | None = None  # first quartile, or the lower limit of a point of a curve
    upper: float | None = None
    of: int | float | None = None
    percent: float | None = None
    sd: float | None = None
    method: str = "counted"
    warnings: tuple[str, ...] = ()


# --- who ---------------------------------------------------------------------------------------------------


class FlowStep(Frozen):
    """One box of the flow of patients."""

    label: str
    n_before: int | None
    n_excluded: int | None
    n_after: int | None


class Count(Frozen):
    """A labelled number of persons, rows or events."""

    label: str
    n: int | None


class Flow(Frozen):
    """Screened, excluded by each rule in order, included, and how follow-up ended."""

    screened: int | None
    screened_label: str
    steps: tuple[FlowStep, ...]
    included: int | None
    ends: tuple[Count, ...]


class Summary(Frozen):
    """One cell of Table 1: a continuous variable fills the quartiles, a category its count."""

    n: int | None  # persons with a value
    missing: int | None
    median: float | None = None
    q1: float | None = None
    q3: float | None = None
    mean: float | None = None
    sd: float | None = None
    count: int | None = None
    percent: float | None = None  # of the persons with a value


class CharacteristicRow(Frozen):
    """One line of Table 1; ``level`` is None for continuous variables."""

    variable: str
    label: str
    unit: str | None
    kind: Literal["continuous", "category"]
    level: str | None
    overall: Summary
    groups: tuple[Summary, ...]
    smd: float | None  # largest absolute difference between two groups; on a variable's first line


class Table1(Frozen):
    """Characteristics at index, overall and by one grouping."""

    by: str  # label of the grouping
    groups: tuple[Count, ...]
    total: int | None
    rows: tuple[CharacteristicRow, ...]


# --- events, time and rates ---------------------------------------------------------------------------------


class RateCell(Frozen):
    """Events and person-time in one cell of exposure and modifier; None as level means the value is missing."""

    exposure: str | None
    modifier: str | None
    rate: Estimate


class OutcomeRates(Frozen):
    """One outcome: its total and its cells. Cells add up to the total, missing values included."""

    outcome: str
    label: str
    total: Estimate
    median_follow_up_years: float
    cells: tuple[RateCell, ...]


# --- models -------------------------------------------------------------------------------------------------


class Coefficient(Frozen):
    """One line of a fitted model, as R's summary prints it."""

    term: str
    label: str = ""  # the term in the plan's labels: "Magnesium < 2.4 mg/dL"
    estimate: float | None
    std_error: float | None
    hazard_ratio: Estimate


class ModelResult(Frozen):
    """One Cox model of one outcome: headline estimates first, all coefficients behind them."""

    outcome: str
    model: str  # the plan's name, "Model 3"
    slug: str  # "model-3"
    primary: bool
    formula: str
    adjustment: str  # the adjustment set in words
    ties: str
    variance: Literal["model-based", "robust"]
    status: str
    basis: Basis
    parameters: int
    events_per_parameter: float | None
    loglik: float | None
    loglik_null: float | None
    exposure_in_modifier: tuple[Estimate, ...]  # HR of low exposure within each modifier level
    modifier_in_exposure: tuple[Estimate, ...]  # HR of each modifier level within each exposure level
    interaction: tuple[Estimate, ...]  # ratio of HRs, each non-reference modifier level against the reference
    interaction_joint: Estimate | None  # joint likelihood-ratio test where there are more than two levels
    coefficients: tuple[Coefficient, ...]
    # events and person-time of the FITTED rows in each cell of exposure and modifier; the rates are optional
    cells: tuple[RateCell, ...] = ()
    # per line of `interaction` two ratios that would be found with 80% power, exp(-+2.80 SE): "detectable_ratio_below",
    # then "detectable_ratio_above"; they are bounds of a design and have no interval
    detectable: tuple[Estimate, ...] = ()
    # per line of `interaction` the additive scale, and whether a text may say that the hazard ratio differs
    additive: tuple[AdditiveResult, ...] = ()
    claim: Claimed | None = None
    warnings: tuple[str, ...] = ()


class RowsLost(Frozen):
    """What the models of an outcome leave out because a covariate is missing."""

    outcome: str
    persons_total: int | None
    persons_lost: int | None
    events_total: int | None
    events_lost: int | None
    person_years_total: float
    person_years_lost: float
    by_variable: tuple[Count, ...]  # rows missing, per variable


class CurveStratum(Frozen):
    """Hazard ratio along the exposure within one modifier level, against the reference value."""

    level: str
    x: tuple[float, ...]
    hazard_ratio: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    histogram: tuple[float, ...]  # share of person-time per bin
    basis: Basis
    # simultaneous 95% band: `critical` standard errors to each side, where pointwise limits take 1.96
    band_lower: tuple[float, ...] = ()
    band_upper: tuple[float, ...] = ()
    critical: float | None = None


class SplineCurve(Frozen):
    """The exposure as a restricted cubic spline in interaction with the modifier."""

    outcome: str
    model: str
    variable: str
    label: str
    unit: str
    reference: float
    knots: tuple[float, ...]
    bins: tuple[float, ...]  # edges of the histograms
    strata: tuple[CurveStratum, ...]
    # overall, nonlinear, interaction, nonlinear interaction; estimate = chi-square, unit = "chi-square on K df";
    # ids end in "test[overall]", "test[nonlinear]", "test[interaction]", "test[nonlinear interaction]"
    tests: tuple[Estimate, ...]
    basis: Basis
    warnings: tuple[str, ...] = ()


class SurvivalGroup(Frozen):
    """One Kaplan-Meier curve as a step function, with the numbers at risk under its ticks."""

    label: str
    time_years: tuple[float, ...]
    survival: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    ticks_years: tuple[float, ...]
    at_risk: tuple[int | None, ...]
    events: tuple[int | None, ...] = ()  # before each tick, as those at risk are counted
    censored: tuple[int | None, ...] = ()
    basis: Basis


class SurvivalCurve(Frozen):
    """Kaplan-Meier curves of an outcome without competing events."""

    outcome: str
    label: str
    grouping: str | None
    groups: tuple[SurvivalGroup, ...]
    not_drawn: tuple[Count, ...] = ()  # groups at index of too few persons for a curve


# --- the data behind it -------------------------------------------------------------------------------------


class Matched(Frozen):
    """What one `where` of the plan matched. Strings of fewer than 5 persons are counted, not printed."""

    key: str  # "measures.mg"
    where: str
    rows: int | None
    persons: int | None
    strings: tuple[Count, ...]
    strings_withheld: int | None


class AuditLine(Frozen):
    """One line of the data audit: what was checked and what was found."""

    topic: str
    text: str
    n: int | None = None
    severity: Literal["fact", "note", "warning"] = "fact"


class Audit(Frozen):
    """How the raw tables became episodes."""

    tables: tuple[Count, ...]  # rows read per file
    matched: tuple[Matched, ...]
    lines: tuple[AuditLine, ...]


class QuestionResult(Frozen):
    """The answer to a further question of the plan, on the same cohort and outcomes.

    Every record is that of a plan whose only question it is; the models of its names stand under its slug:
    ``fracture/low-albumin:model-3/ratio_of_hr[low|user]``.
    """

    name: str
    slug: str
    exposure_label: str
    exposure_levels: tuple[str, ...]  # reference first
    exposure_rationale: str
    modifier_label: str
    modifier_levels: tuple[str, ...]  # reference first
    rates: tuple[OutcomeRates, ...]
    rows_lost: tuple[RowsLost, ...]
    models: tuple[ModelResult, ...]
    curves: tuple[SplineCurve, ...]
    diagnostics: tuple[ModelDiagnostics, ...] = ()
    trends: tuple[ExposureTrend, ...] = ()
    compared_rates: tuple[ComparedRates, ...] = ()
    methods: tuple[AuditLine, ...] = ()  # exposure, modifier, models, curves
    warnings: tuple[str, ...] = ()


class FamilyTest(Frozen):
    """One test of interaction among those that a plan declares: the primary model's, of each question and outcome."""

    question: str | None  # None: the main one
    exposure_label: str
    modifier_label: str
    outcome: str
    label: str
    model: str
    # P of the test (the joint one where there are several ratios), adjusted by Holm over all tests of the family; the P
    # itself is its `p`: "fracture/model-3/p_holm"
    adjusted: Estimate


class Results(Frozen):
    """Everything a run found. ``results.json`` is this value and nothing else."""

    schema_version: Literal[1] = 1
    riskset: str  # version
    plan_sha256: str
    masked_below: int | None = (
        None  # counts of persons and events under it, and what gives them away, are None
    )
    data_sha256: str = ""  # of the names and checksums of all tables that were read; manifest.json has each
    title: str
    question: str
    notice: str | None
    seed: int
    time_unit: str  # unit of the printed rates: "per 100 person-years"
    exposure_label: str
    exposure_levels: tuple[str, ...]  # reference first
    exposure_rationale: str  # empty: the report marks the cut-point as exploratory
    modifier_label: str
    modifier_levels: tuple[str, ...]  # reference first
    flow: Flow
    table1: tuple[Table1, ...]
    rates: tuple[OutcomeRates, ...]
    rows_lost: tuple[RowsLost, ...]
    models: tuple[ModelResult, ...]
    curves: tuple[SplineCurve, ...]
    diagnostics: tuple[ModelDiagnostics, ...] = ()  # of the primary model of each outcome
    trends: tuple[ExposureTrend, ...] = ()  # the exposure in groups, beside the curves
    survival: tuple[SurvivalCurve, ...]
    incidence: tuple[IncidenceCurve, ...] = ()  # of outcomes that name competing events
    compared_rates: tuple[ComparedRates, ...] = ()
    # the plan's published margins, where it gives them; ids "all/published/persons", "fracture/published/events",
    # "fracture/published/rate", in the unit of the run's own number
    published: tuple[Printed, ...]
    audit: Audit
    # what the plan settled, in reading order, for the methods text: topic "Magnesium", text "last value, in force
    # for at most 90 days; several values of one day averaged"
    methods: tuple[AuditLine, ...] = ()
    sensitivity: Sensitivity = Sensitivity()  # the primary model again, with keys of the plan changed
    subgroups: Subgroups = Subgroups()  # the primary model again, in each group of persons
    questions: tuple[QuestionResult, ...] = ()  # further questions of the plan, in its order
    family: tuple[FamilyTest, ...] = ()  # where there are further questions: all tests of interaction
    # every number above that is no Estimate, by name, so that all that a report prints can be asked for; filled by
    # study/counted.py
    counted: tuple[Counted, ...] = ()
    warnings: tuple[str, ...]
