"""The plan of a study: every key of ``study.toml`` as a frozen value, with what it means.

The text under each field is its description in the JSON Schema (``riskset schema``), so editors show it
while a plan is written. Reading a file, checks across sections and messages live in :mod:`.plan_read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from riskset.study.plan_tables import Data, Name, Section, Table, Text

DrugSummary = Literal["state", "ever", "current"]

STATES: Mapping[DrugSummary, tuple[str, ...]] = {
    "state": ("never", "current", "former"),
    "ever": ("never", "ever"),
    "current": ("not current", "current"),
}
"""The states that each summary of a drug can take; the modifier's levels share them out."""


# --- who, from when, until when -----------------------------------------------------------------------------


class End(Section):
    """One reason for the end of follow-up; the earliest counts."""

    time: Text
    """Column with the date."""
    reason_column: str | None = None
    """Column with the reason, if it differs from person to person."""
    reason: str | None = None
    """The reason, if it is the same for all."""


class Require(Section):
    """One eligibility rule and its box in the flow figure."""

    keep: Text
    """Persons for whom this SQL condition holds at index stay. It may name baseline values, measures and drugs."""
    label: Text
    """What the flow figure says."""


class Cohort(Section):
    """Who is followed, from when, until when."""

    from_: Annotated[str, Field(alias="from", min_length=1)]
    """Table that defines the cohort."""
    join: tuple[str, ...] = ()
    """Tables with one row per person whose columns are added."""
    where: str | None = None
    """Only these rows qualify (an SQL condition)."""
    take: Literal["only", "first"] = "only"
    """"only": each person has one qualifying row. "first": the earliest by `index`."""
    index: Text
    """Column with the index date, day 0."""
    end: tuple[End, ...] = ()
    """Ends of follow-up; the earliest counts."""
    max_followup: str | None = None
    """Follow-up ends at the latest after this long, e.g. "5 years"."""
    require: tuple[Require, ...] = ()
    """Eligibility rules, applied in this order."""


# --- what is known about them -------------------------------------------------------------------------------


class Baseline(Section):
    """A value fixed at index: a column, the time since a date, or an SQL expression."""

    column: str | None = None
    """Column to take as it is."""
    since: str | None = None
    """Column with a date; the value is the time from it to index."""
    expression: str | None = None
    """SQL expression over the columns of the cohort's tables and the values at index of measures and drugs."""
    unit: str | None = None
    """With `since`: years, months or days. Otherwise the unit that the tables print."""
    above: float | None = None
    """Values above this become `becomes`."""
    becomes: float | None = None
    """See `above`."""
    reference: str | None = None
    """Reference level of a category."""
    label: Text
    """What tables and figures say."""


class Measure(Section):
    """A lab value that changes over time."""

    table: str = ""
    """Table of the values; may be left out if only one table has `time` and `value`."""
    where: str | None = None
    """Rows that hold this measure (an SQL condition)."""
    unit: str | None = None
    """Unit of the analysis; values in other units are converted."""
    recorded_unit: str | None = None
    """Unit of all recorded values, where the table has no unit column."""
    analyte: str | None = None
    """Substance, for conversions that need its molar mass, e.g. "magnesium", and for the names in [analytes]."""
    carry_forward: str | None = None
    """How long a value stays in force, e.g. "90 days"; without it, until the next."""
    lag: str = "0 days"
    """How long after its date a value comes into force."""
    use: Literal["last", "baseline"] = "last"
    """"last": the latest value in force. "baseline": the last one at index, frozen."""
    same_day: Literal["mean", "first", "last", "min", "max"] = "mean"
    """What counts where one time has several values. "first" and "last" go by the time of day, and are refused where values of one day differ and none has any."""
    label: Text
    """What tables and figures say."""


class Drug(Section):
    """Use of a drug over time, from prescriptions."""

    table: str = ""
    """Table of the prescriptions; may be left out if only one table has `start`."""
    where: str | None = None
    """Rows that prescribe this drug (an SQL condition)."""
    grace: str = "0 days"
    """How long use is presumed to go on after any prescription."""
    state: DrugSummary = "state"
    """"state": never, current, former. "ever": never, ever. "current": not current, current."""
    observed: str | None = None
    """In words, where use is recorded, if that is narrower than the study; printed with the results."""
    label: Text
    """What tables and figures say."""


class EventSource(Section):
    """One source of an event's date."""

    table: Text
    """Table."""
    time: Text
    """Column with the date or time stamp."""
    where: str | None = None
    """Rows that hold the event (an SQL condition)."""


class Outcome(Section):
    """An event that is counted from index on: rows of a table (`where`, `table`), an `end_reason`, both, or `first_known`."""

    table: str = ""
    """Table of the events; may be left out if only one table has `time` and no `value`."""
    where: str | None = None
    """Rows that hold the event (an SQL condition)."""
    end_reason: str | None = None
    """The event is this reason for the end of follow-up. With `where` or `table` besides, the event rows are a second record of it: either counts, and a person in whom the two disagree is a reject."""
    first_known: tuple[EventSource, ...] = ()
    """Sources of the event's date in order of trust: the first that knows a person's date is believed."""
    competing: tuple[str, ...] = ()
    """Outcomes after which this one cannot happen; its follow-up ends there."""
    label: Text
    """What tables and figures say."""


# --- the question -------------------------------------------------------------------------------------------


class Groups(Section):
    """The exposure in two groups."""

    below: float
    """Cut-point: the first group lies below it, the second at or above it."""
    labels: tuple[str, str]
    """Names of the group below and of the group at or above."""
    reference: str
    """The label that the other is compared with."""


class Curve(Section):
    """The exposure as a restricted cubic spline."""

    knots: Annotated[int, Field(ge=3, le=7)] = 4
    """Number of knots, 3 to 7."""
    reference: float | None = None
    """Value at which the hazard ratio is 1; the baseline median by default."""


class Exposure(Section):
    """The measure whose effect is asked for."""

    measure: Name
    """A key of [measures]."""
    groups: Groups
    """Its two groups."""
    rationale: str = ""
    """Where the cut-point comes from; without it the report calls it exploratory."""
    curve: Curve = Curve()
    """Its spline curve."""


class Modifier(Section):
    """The drug that may change the exposure's effect."""

    drug: Name
    """A key of [drugs]."""
    levels: Mapping[str, tuple[str, ...]]
    """Names for its states, each state once, the reference first, e.g. { naive = ["never"], user = ["current"], past = ["former"] }."""


class Model(Section):
    """One Cox model; exposure * modifier is always in it."""

    adjust: str = ""
    """Adjustment set as a formula, e.g. "age + sex + log(baseline(crp))"; empty for none."""
    primary: bool = False
    """The model that answers the question; exactly one is."""
    extra: Mapping[str, str] = {}
    """Terms added for one outcome alone, by outcome."""


class Analysis(Section):
    """How all models are fitted."""

    ties: Literal["efron", "breslow"] = "efron"
    """Events at the same time: Efron's or Breslow's approximation."""


# --- how it is told -----------------------------------------------------------------------------------------


class Rates(Section):
    """Unit of the printed rates."""

    per: Annotated[float, Field(gt=0)] = 100
    """Events per this many person-units."""
    unit: Literal["years", "months", "weeks", "days"] = "years"
    """Person-time unit."""


class Table1(Section):
    """Characteristics at index."""

    by: tuple[Literal["modifier", "exposure"], ...] = ("modifier",)
    """One table for each grouping named."""


class Published(Section):
    """Figures in print that the run is set beside."""

    persons: Annotated[int, Field(ge=0)] | None = None
    """Persons."""
    events: Mapping[str, Annotated[int, Field(ge=0)]] = {}
    """Events, by outcome."""
    rates: Mapping[str, Annotated[float, Field(ge=0)]] = {}
    """Rates in the unit of `report.rates`, by outcome."""
    mean_follow_up: str | None = None
    """Mean observation time, e.g. "40.6 months"."""


class Report(Section):
    """What the report prints beside the analysis."""

    rates: Rates = Rates()
    """Unit of the rates."""
    table1: Table1 = Table1()
    """Groupings of Table 1."""
    published: Published = Published()
    """Published figures."""


# --- the whole ----------------------------------------------------------------------------------------------


class PlanKeys(Section):
    """A study: data, cohort, question, models and report, in the plan language of riskset."""

    riskset: Literal[1]
    """Version of the plan language."""
    title: Text
    """Title of the report."""
    question: Text
    """The question in one sentence."""
    notice: str | None = None
    """What every reader must be told first, e.g. that the data are for demonstration."""
    seed: Annotated[int, Field(ge=0)] = 0
    """Seed of everything random."""
    data: Data
    """Folder, person, clock."""
    tables: Mapping[Name, Table]
    """The raw tables by name."""
    analytes: Mapping[str, tuple[Text, ...]] = {}
    """Names that laboratories use for a substance, by the substance: magnesium = ["Mg", "S-Mg"]. Case, blanks around and full width do not matter."""
    cohort: Cohort
    """Who, from when, until when."""
    baseline: Mapping[Name, Baseline] = {}
    """Values fixed at index, by name."""
    measures: Mapping[Name, Measure]
    """Lab values over time, by name. A formula takes x as it changes, or baseline(x)."""
    drugs: Mapping[Name, Drug]
    """Drugs, by name."""
    outcomes: Mapping[Name, Outcome]
    """Outcomes, by name."""
    exposure: Exposure
    """The measure in question."""
    modifier: Modifier
    """The drug that may modify it."""
    models: Mapping[str, Model]
    """The models by name, all on the rows complete for the fullest."""
    analysis: Analysis = Analysis()
    """How the models are fitted."""
    report: Report = Report()
    """How the results are told."""

    @property
    def primary_model(self) -> str:
        """Name of the model that answers the question (a single model need not be marked)."""
        return next((name for name, model in self.models.items() if model.primary), next(iter(self.models)))

    @property
    def states(self) -> tuple[str, ...]:
        """States that the modifier's drug can take."""
        return STATES[self.drugs[self.modifier.drug].state]


class StudyPlan(PlanKeys):
    """A plan that was read from a file and checked: its keys, and where it came from."""

    path: Path
    """The plan file."""
    folder: Path
    """The data folder, resolved against the plan file."""
    sha256: str
    """SHA-256 of the plan file's bytes."""
