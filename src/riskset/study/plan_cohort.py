"""The plan's cohort: who is followed, from which day, until when, and what must have or not have happened before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal, cast

from pydantic import Field

from riskset.study.plan_tables import DateWindow, Section, Text


class End(Section):
    """One reason for the end of follow-up; the earliest counts."""

    time: Text
    """Column with the date."""
    reason_column: str | None = None
    """Column with the reason, if it differs from person to person."""
    reason: str | None = None
    """The reason, if it is the same for all."""
    labels: dict[str, str] = Field(default_factory=dict[str, str])
    """What the report calls reasons that the column abbreviates, e.g. `{ "0" = "Alive at last contact" }`."""


class Require(Section):
    """One eligibility rule and its box in the flow figure."""

    keep: Text
    """Persons for whom this SQL condition holds at index stay. It may name baseline values, measures, drugs and states."""
    label: Text
    """What the flow figure says."""


class Index(Section):
    """The index date, day 0: a column, one calendar date or day for all, the first qualifying row of a table, or the first prescription of a drug."""

    column: Text | None = None
    """Column with the date of each person. `index = "column"` says the same."""
    date: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d$")] | None = None
    """One calendar date for everybody, "2015-04-01"."""
    day: float | None = None
    """The same for tables of numbers of days instead of dates: mostly 0, from which each person's days are counted."""
    table: Text | None = None
    """The date of the person's first row of this table that qualifies (`where`, `between`)."""
    drug: Text | None = None
    """A key of [drugs]: the first day of its first prescription."""
    where: str | None = None
    """With `table`: rows that qualify (an SQL condition)."""
    between: DateWindow | None = None
    """With `table` or `drug`: only dates from the first to the second of these count."""
    label: Text | None = None
    """What the flow figure says of those who have such a date."""

    @property
    def derived(self) -> bool:
        """Whether the date is found by riskset and not a column of the cohort's tables."""
        return self.column is None


def _or_text(schema: dict[str, Any]) -> None:
    """Let editors know that a column in quotes does as well."""
    schema["anyOf"] = [{"type": "string"}, {"$ref": schema.pop("$ref")}]


class Lookback(Section):
    """Something that must not have happened before index, or must have; a box of the flow figure."""

    drug: Text | None = None
    """A key of [drugs]: a prescription that covers any day before the day of index (grace is not counted)."""
    outcome: Text | None = None
    """A key of [outcomes] that is read from event rows: an event on the day of index or before."""
    table: Text | None = None
    """Rows of this table (`where`), dated on the day of index or before."""
    where: str | None = None
    """With `table`: rows that count (an SQL condition)."""
    label: Text
    """What the flow figure says."""

    @property
    def names(self) -> tuple[str, ...]:
        """Which of the three kinds of record are named."""
        return tuple(key for key in ("drug", "outcome", "table") if getattr(self, key) is not None)


class History(Lookback):
    """A prior-history window: without such a record before index (default), or with one."""

    within: Text | None = None
    """How far before index the look-back reaches, "5 years", its first day included; without it, any time before."""
    present: bool = False
    """true: persons with such a record stay; false: those without."""


class Washout(Lookback):
    """No such record in the time before index, all of which must lie within the records of the person."""

    within: Text
    """How far before index, "1 year", its first day included. Persons whose records begin later leave, in a box of their own."""


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
    index: Annotated[Index, Field(json_schema_extra=_or_text)]
    """The index date, day 0: a column in quotes, or a section."""
    observed_from: str | None = None
    """Column with the date from which the records of the person exist, where that differs; persons whose index lies before it leave."""
    end: tuple[End, ...] = ()
    """Ends of follow-up; the earliest counts."""
    max_followup: str | None = None
    """Follow-up ends at the latest after this long, e.g. "5 years"."""
    exclude_first: str | None = None
    """Follow-up begins to count this long after index, "90 days": whoever has left or had the event by then is not at risk. Values and states go on from index."""
    time_scale: str = "study"
    """What the models count time by: "study", time since index; "calendar"; or the [baseline] value whose `since` is zero, e.g. "age". On the latter two persons enter late."""
    washout: tuple[Washout, ...] = ()
    """No prescription or event in the time before index, in this order; before `history` and `require`."""
    history: tuple[History, ...] = ()
    """What must not have happened before index, or must have, in this order; before `require`."""
    require: tuple[Require, ...] = ()
    """Eligibility rules, applied in this order."""


def fill_index(raw: Mapping[str, Any]) -> dict[str, Any]:
    """Plan in which the index is a section.

    Examples
    --------
    >>> fill_index({"cohort": {"index": "admission"}})
    {'cohort': {'index': {'column': 'admission'}}}
    """
    cohort = raw.get("cohort")
    if not isinstance(cohort, Mapping):
        return dict(raw)
    entries = cast("Mapping[str, Any]", cohort)
    if not isinstance(entries.get("index"), str):
        return dict(raw)
    return {**raw, "cohort": {**entries, "index": {"column": entries["index"]}}}
