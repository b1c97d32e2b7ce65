"""What the plan knows of persons: values fixed at index, measures, drugs, states, bands of time, outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from riskset.study.plan_tables import Name, Section, Text

DrugSummary = Literal["state", "ever", "current", "drug", "cumulative days", "days since start", "dose"]

STATES: Mapping[str, tuple[str, ...]] = {
    "state": ("never", "current", "former"),
    "ever": ("never", "ever"),
    "current": ("not current", "current"),
}
"""The states that each summary of a drug can take; the modifier's levels share them out."""


class Baseline(Section):
    """A value fixed at index: a column, the time since a date, or an SQL expression."""

    column: str | None = None
    """Column to take as it is."""
    since: str | None = None
    """Column with a date; the value is the time from it to index."""
    expression: str | None = None
    """SQL expression over the columns of the cohort's tables and the values at index of measures, drugs and states."""
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
    molar_mass: Annotated[float, Field(gt=0)] | None = None
    """Molar mass in g/mol of a substance that riskset does not know, for conversions between mass and moles."""
    valence: Annotated[int, Field(ge=0)] | None = None
    """With `molar_mass`: valence of an ion, for conversions from and to mEq."""
    carry_forward: str | None = None
    """How long a value stays in force, e.g. "90 days"; without it, until the next."""
    lag: str = "0 days"
    """How long after its date a value comes into force."""
    use: Literal["last", "baseline", "mean", "cumulative mean", "change from baseline"] = "last"
    """"last": the latest value in force. "baseline": the last one at index, frozen. "mean": of the values of the `window` up to the latest. "cumulative mean": of all values so far. "change from baseline": the latest less that at index."""
    window: str | None = None
    """With `use = "mean"`: over how long, e.g. "90 days"."""
    same_day: Literal["mean", "first", "last", "min", "max"] = "mean"
    """What counts where one time has several values. "first" and "last" go by the time of day, and are refused where values of one day differ and none has any."""
    exclude: str | None = None
    """Column of the table that is true for values not to be used, e.g. those drawn in hospital; they are counted."""
    method: str | None = None
    """Column of the table with the laboratory method: the audit says from when to when each was in use."""
    plausible: tuple[float, float] | None = None
    """Lowest and highest value that can be true, in `unit`; others are kept, and counted with a warning."""
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
    """"state": never, current, former. "ever": never, ever. "current": not current, current. "drug": never, the drug of `by` now used, former. Numbers: "cumulative days" of use, "days since start" of the first use, "dose" in force."""
    use: Literal["last", "baseline"] = "last"
    """"last": as it changes. "baseline": as at index, frozen; no later prescription can decide it."""
    by: str | None = None
    """With `state = "drug"`: column that tells the drugs of the class apart; starting one ends the one before."""
    dose: str | None = None
    """With `state = "dose"`: column of doses; those in force at one time add up."""
    days_supply: str | None = None
    """Column with the days that a prescription lasts, instead of the table's `stop`."""
    stockpile: bool = False
    """With `days_supply`: a supply begins when the one before it is used up; otherwise overlaps are lost."""
    step: str = "30 days"
    """Summaries that grow with time are brought up to date at these steps since index."""
    observed: str | None = None
    """In words, where use is recorded, if that is narrower than the study; printed with the results."""
    label: Text
    """What tables and figures say."""


class State(Section):
    """The state after an event, earlier ones included: a diagnosis during follow-up, a history of stroke. It begins with the event, exclusive: what happens on its day is not yet after it."""

    after: Text | None = None
    """The event: a key of [outcomes] that is read from event rows; or `table` and `where`."""
    table: str = ""
    """Table of the events; may be left out if only one table has `time` and no `value`."""
    where: str | None = None
    """Rows that hold the event (an SQL condition)."""
    levels: tuple[Text, Text] = ("no", "yes")
    """Names of the state before the first event and after it."""
    count: bool = False
    """The number of days with the event so far, instead."""
    label: Text
    """What tables and figures say."""


class Split(Section):
    """Bands of a time scale: follow-up is cut at their limits, and a formula can use the band."""

    at: tuple[float, ...] = ()
    """Limits of the bands, in `unit`, rising."""
    every: str | None = None
    """"calendar year", or the length of a band, "1 year", instead of `at`."""
    since: str | None = None
    """What the bands count: the [baseline] value whose `since` is zero, e.g. "age", or "calendar"; without it, time since index."""
    unit: Literal["years", "months", "weeks", "days"] = "days"
    """Unit of `at`."""
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
    """An event that is counted from index on: rows of a table (`where`, `table`), an `end_reason`, both, `first_known`, or `any_of` other outcomes."""

    table: str = ""
    """Table of the events; may be left out if only one table has `time` and no `value`."""
    where: str | None = None
    """Rows that hold the event (an SQL condition)."""
    end_reason: str | None = None
    """The event is this reason for the end of follow-up. With `where` or `table` besides, the event rows are a second record of it: either counts, and a person in whom the two disagree is a reject."""
    first_known: tuple[EventSource, ...] = ()
    """Sources of the event's date in order of trust: the first that knows a person's date is believed."""
    any_of: tuple[Name, ...] = ()
    """Composite: the first of these outcomes. One day counts once, for the component that ends follow-up if there is one, else for the one named first."""
    recurrent: bool = False
    """Every day with the event counts, and follow-up goes on after it (Andersen-Gill, robust variance)."""
    competing: tuple[str, ...] = ()
    """Outcomes after which this one cannot happen; its follow-up ends there."""
    label: Text
    """What tables and figures say."""
