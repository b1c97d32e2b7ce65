"""The plan of a study: every key of ``study.toml`` as a frozen value, with what it means.

The text under each field is its description in the JSON Schema (``riskset schema``), so editors show it
while a plan is written. Reading a file, checks across sections and messages live in :mod:`.plan_read`.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from riskset.study.plan_cohort import Cohort
from riskset.study.plan_known import STATES, Baseline, Drug, Measure, Outcome, Split, State
from riskset.study.plan_question import Analysis, Exposure, Further, Model, Modifier
from riskset.study.plan_sensitivity import Sensitivity
from riskset.study.plan_subgroups import Subgroup
from riskset.study.plan_tables import Data, Name, Section, Table, Text

INDEX = "__index__"
"""Column of the index date where riskset finds it itself."""

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
    mask_below: Annotated[int, Field(ge=2)] | None = None
    """Mask counts of persons and events under this number, e.g. 5, everywhere, and whatever would give one away."""


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
    drugs: Mapping[Name, Drug] = {}
    """Drugs, by name."""
    states: Mapping[Name, State] = {}
    """States that begin with an event, by name."""
    splits: Mapping[Name, Split] = {}
    """Bands of time by which follow-up is cut, by name."""
    outcomes: Mapping[Name, Outcome]
    """Outcomes, by name."""
    exposure: Exposure
    """The measure in question."""
    modifier: Modifier
    """What may modify it."""
    models: Mapping[str, Model]
    """The models by name, all on the rows complete for the fullest."""
    questions: Mapping[str, Further] = {}
    """Further questions on the same cohort and outcomes, by name: another exposure, modifier or set of models."""
    analysis: Analysis = Analysis()
    """How the models are fitted."""
    competing: Literal["cause_specific", "fine_gray"] = "cause_specific"
    """Hazards of outcomes that name competing events: cause-specific; or, in [sensitivity] alone, of the subdistribution by Fine and Gray, with values fixed at entry."""
    sensitivity: Mapping[str, Sensitivity] = {}
    """Sensitivity analyses by name: the primary model again with some keys changed."""
    subgroups: Mapping[str, Subgroup] = {}
    """Subgroup analyses by name: the primary model again in each group of persons."""
    report: Report = Report()
    """How the results are told."""

    @property
    def primary_model(self) -> str:
        """Name of the model that answers the question (a single model need not be marked)."""
        return next((name for name, model in self.models.items() if model.primary), next(iter(self.models)))

    @property
    def index_column(self) -> str:
        """Column of the index date."""
        return self.cohort.index.column or INDEX

    @property
    def modifier_states(self) -> tuple[str, ...] | None:
        """States that the modifier can take; None where the data decide."""
        if self.modifier.drug is not None:
            return STATES.get(self.drugs[self.modifier.drug].state)
        if self.modifier.state is not None:
            return self.states[self.modifier.state].levels
        if self.modifier.groups is not None:
            return self.modifier.groups.labels
        return None


class StudyPlan(PlanKeys):
    """A plan that was read from a file and checked: its keys, and where it came from."""

    path: Path
    """The plan file."""
    folder: Path
    """The data folder, resolved against the plan file."""
    sha256: str
    """SHA-256 of the plan file's bytes."""
    raw: Mapping[str, Any] = {}
    """The keys as they were written, from which the variants of [sensitivity] are made."""
    wrong: Literal["immortal_time"] | None = None
    """A wrong analysis, on purpose: the variant of a [sensitivity] entry that asks for it."""
