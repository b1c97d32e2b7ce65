"""Tables that can be read and say what cannot be: courses of patients, and units."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import polars as pl
from exhibit import ID, Exhibit, Read, Refused, Seen, SetAside

from riskset.episodes import Timeline

DAY0 = date(2024, 5, 17)


def day(n: int) -> date:
    return DAY0 + timedelta(days=n)


PERSONS: dict[str, list[Any]] = {"id": [ID], "entry": [day(0)], "exit": [day(100)]}


def people(**columns: list[Any]) -> Timeline:
    """One patient, followed for a hundred days unless a column says otherwise."""
    frame = pl.DataFrame({**PERSONS, **columns})
    return Timeline(frame, id="id", entry="entry", exit="exit", allowance=None)


def strictly(**columns: list[Any]) -> Seen:
    """Patients of whom every row must be right."""
    frame = pl.DataFrame({**PERSONS, **columns})
    return dying(Timeline(frame, id="id", entry="entry", exit="exit"))


def dying(timeline: Timeline) -> Seen:
    """The patient's episodes until the end of follow-up: entry, exit and what is in force."""
    built = timeline.event("death", at="exit").episodes("death")
    return Seen(built.frame.drop("id", "death").rows(), timeline.rejects.frame)


def labs(timeline: Timeline | None = None, to: str | None = "mg/dL", **columns: list[Any]) -> Seen:
    base: dict[str, list[Any]] = {"date": [day(-1)], "value": [2.0], "unit": ["mg/dL"]}
    rows = max(len(values) for values in (*columns.values(), [0]))
    columns = {"id": [ID] * rows, **base, **columns}
    unit = "unit" if columns["unit"] else None
    frame = pl.DataFrame({name: values for name, values in columns.items() if values})
    known = (timeline or people()).measure(
        "mg", frame, time="date", value="value", unit=unit, to=to, analyte="magnesium"
    )
    return dying(known)


def flagged(*flags: Any) -> Seen:
    """A value a day before entry per flag, of the patient's stays in hospital."""
    frame = pl.DataFrame(
        {
            "id": [ID] * len(flags),
            "date": [day(-1 - k) for k in range(len(flags))],
            "value": [2.0 + k for k in range(len(flags))],
            "inpatient": pl.Series(flags, strict=False),
        }
    )
    return dying(people().measure("mg", frame, time="date", value="value", exclude="inpatient"))


def drugs(*courses: tuple[Any, Any], **settings: Any) -> Seen:
    frame = pl.DataFrame(
        {"id": [ID] * len(courses), "start": [c[0] for c in courses], "stop": [c[1] for c in courses]},
        schema={"id": pl.String, "start": pl.Date, "stop": pl.Date},
    )
    return dying(people().drug("use", frame, start="start", stop="stop", **settings))


def events(*days: date | None, **columns: list[Any]) -> Seen:
    frame = pl.DataFrame({"id": [ID] * len(days), "date": list(days)}, schema_overrides={"date": pl.Date})
    timeline = people(**columns).event("fracture", frame, time="date")
    built = timeline.episodes("fracture").frame
    return Seen(built.select("entry", "exit", "fracture").rows(), timeline.rejects.frame)


def of(call: Callable[..., Seen], *given: Any, **named: Any) -> Callable[[Path], Seen]:
    return lambda _folder: call(*given, **named)


USED = ((0, 10, "never"), (10, 20, "current"), (20, 100, "former"))
NEVER = ((0, 100, "never"),)
COURSES = (
    Exhibit("a patient twice", of(strictly, id=[ID, ID], entry=[day(0)] * 2, exit=[day(9)] * 2), Refused("each person must have one row and an id", "Take one row per person first", (2, 3))),
    Exhibit("a patient without an id", of(strictly, id=[None]), Refused("each person must have one row and an id", "Take one row per person first", (2,))),
    Exhibit("an exit before the entry", of(strictly, exit=[day(-1)]), Refused("exit must not precede entry", "Correct the rows", (2,))),
    Exhibit("an exit on the day of entry", of(strictly, id=[ID, "b"], entry=[day(0)] * 2, exit=[day(0), day(5)]), Read("a follow-up of length zero leaves the analysis, counted", ((0, 5),))),
    Exhibit("no exit", of(strictly, exit=[None]), Refused("a person must have an exit date", "Correct the rows", (2,))),
    Exhibit("an exit in 2999", of(strictly, exit=[date(2999, 1, 1)]), Refused("a date must lie within the plausible dates", "Correct the rows", (2,))),
    Exhibit("an entry written day first", of(strictly, entry=["17/05/2024"]), Refused("a date must be written year first", "Correct the rows", (2,))),
    Exhibit("an event before entry", of(events, day(-5)), Read("an event on or before day 0 is history", ((0, 100, False),))),
    Exhibit("an event on the day of entry", of(events, day(0)), Read("an event on or before day 0 is history", ((0, 100, False),))),
    Exhibit("an event after the end of follow-up, as after death", of(events, day(150)), Read("what comes after the end of follow-up does not count, and the audit says how much that is", ((0, 100, False),))),
    Exhibit("an event on the last day", of(events, day(100)), Read("an event on the last day counts", ((0, 100, True),))),
    Exhibit("an event recorded twice", of(events, day(10), day(10), day(20)), Read("the first event after day 0 counts", ((0, 10, True),))),
    Exhibit("an event without a date", of(events, None), SetAside("an event must have a date", (2,), "date")),
    Exhibit("an event in 2999", of(events, date(2999, 1, 1)), SetAside("a date must lie within the plausible dates", (2,), "date")),
    Exhibit("a prescription recorded twice", of(drugs, (day(10), day(20)), (day(10), day(20))), Read("prescriptions that overlap are one course", USED)),
    Exhibit("prescriptions that overlap", of(drugs, (day(10), day(15)), (day(12), day(20))), Read("prescriptions that overlap are one course", USED)),
    Exhibit("a stop before the start", of(drugs, (day(20), day(10))), SetAside("a prescription must not stop before it starts", (2,), "stop")),
    Exhibit("a stop on the day of the start", of(drugs, (day(10), day(10))), Read("a prescription of one day is one day of use", ((0, 10, "never"), (10, 11, "current"), (11, 100, "former")))),
    Exhibit("a prescription without a stop, not declared", of(drugs, (day(10), None)), SetAside("a prescription must have a stop", (2,), "stop")),
    Exhibit("a prescription without a stop, declared ongoing", of(drugs, (day(10), None), missing_stop="ongoing"), Read("missing_stop says what it means", ((0, 10, "never"), (10, 100, "current")))),
    Exhibit("a prescription without a start", of(drugs, (None, day(10))), SetAside("a prescription must have a start", (2,), "start")),
    Exhibit("a prescription until 2999", of(drugs, (day(10), date(2999, 1, 1))), SetAside("a date must lie within the plausible dates", (2,), "stop")),
    Exhibit("a prescription that ended before entry", of(drugs, (day(-20), day(-10))), Read("use before entry is former use", ((0, 100, "former"),))),
    Exhibit("a prescription after the end of follow-up", of(drugs, (day(120), day(130))), Read("what comes after the end of follow-up does not count, and the audit says how much that is", NEVER)),
    Exhibit("two values of one day", of(labs, date=[day(-1)] * 2, value=[2.0, 3.0], unit=["mg/dL"] * 2), Read("values of one time are averaged, and the audit counts those that disagree", ((0, 100, 2.5),))),
    Exhibit("a value recorded twice", of(labs, date=[day(-1)] * 2, value=[2.0, 2.0], unit=["mg/dL"] * 2), Read("values of one time are averaged, and the audit counts those that disagree", ((0, 100, 2.0),))),
    Exhibit("a value after the end of follow-up", of(labs, date=[day(150)]), Read("what comes after the end of follow-up does not count, and the audit says how much that is", ((0, 100, None),))),
    Exhibit("a value without a date", of(labs, date=[None]), SetAside("a value must have a date", (2,), "date")),
    Exhibit("a value drawn in hospital, flagged", of(flagged, "yes", "no"), Read("rows that a flag excludes are not used, and counted", ((0, 100, 3.0),))),
    Exhibit("a value without its flag", of(flagged, "no", ""), SetAside("a flag must say whether the row is used: true or false", (3,), "inpatient")),
    Exhibit("a flag of 2", of(flagged, 0, 2), Refused("a flag must be true or false", "Write true and false", (3,))),
    Exhibit("a negative magnesium, in an episode", of(labs, value=[-2.0]), Read("a negative value is kept, and the audit counts it", ((0, 100, -2.0),))),
    Exhibit("ids that lost their leading zeros", lambda _: labs(people(id=["00123"]), id=["123"]), Refused("fewer than half of the ids are ids of persons", "digits only, no leading zeros; persons: 5 characters, digits only, leading zeros")),
    Exhibit("a table of other patients", lambda _: labs(people(id=["x"])), Refused("fewer than half of the ids are ids of persons", "Write ids alike in all tables")),
    Exhibit("ids as numbers in one table and as text in the other", of(labs, id=[int(ID)]), Read("ids are compared as text", ((0, 100, 2.0),))),
    Exhibit("day numbers beside dates", of(labs, date=[-1.0]), Refused("holds numbers and the entry of the persons dates", "dates everywhere, or days everywhere")),
    Exhibit("a spreadsheet's serial numbers beside dates", of(labs, date=[45430]), Refused("holds numbers and the entry of the persons dates", "dates everywhere, or days everywhere")),
)  # fmt: skip

SAME = "a unit is known whatever its case, blanks, width and micro sign"
UNITS = (
    Exhibit("a unit in capitals", of(labs, unit=["MG/DL"]), Read(SAME, ((0, 100, 2.0),))),
    Exhibit("a unit in small letters, with blanks", of(labs, unit=[" mg / dl "]), Read(SAME, ((0, 100, 2.0),))),
    Exhibit("a unit in full width", of(labs, unit=["ｍｇ／ｄＬ"]), Read(SAME, ((0, 100, 2.0),))),
    Exhibit("a unit of signs that hold two letters each", of(labs, unit=["㎎/㎗"]), Read(SAME, ((0, 100, 2.0),))),
    Exhibit("the micro sign", of(labs, value=[1000.0], unit=["µmol/L"]), Read(SAME, ((0, 100, 2.4305),))),
    Exhibit("the Greek letter in place of the micro sign", of(labs, value=[1000.0], unit=["μmol/l"]), Read(SAME, ((0, 100, 2.4305),))),
    Exhibit("two units in one column", of(labs, date=[day(-1), day(3)], value=[2.0, 1.0], unit=["mg/dL", "mmol/L"]), Read("values are converted by the substance's molar mass and valence", ((0, 3, 2.0), (3, 100, 2.4305)))),
    Exhibit("milliequivalents", of(labs, unit=["mEq/L"]), Read("values are converted by the substance's molar mass and valence", ((0, 100, 2.4305),))),
    Exhibit("two units in one column and none that is wanted", of(labs, to=None, date=[day(-1), day(3)], value=[2.0, 1.0], unit=["mg/dL", "mmol/L"]), Refused("in several units", "in which unit they are wanted")),
    Exhibit("a value without a unit", of(labs, unit=[None]), SetAside("a value must have a unit", (2,), "unit")),
    Exhibit("a unit that is none", of(labs, unit=["mg/dl."]), SetAside("is not a known laboratory unit", (2,), "unit")),
    Exhibit("a unit of another kind", of(labs, unit=["mg"]), SetAside("measure different things", (2,), "unit")),
    Exhibit("a table without a column of units", of(labs, unit=[]), Refused("nothing says in what unit its values are", "Name the column of units")),
)  # fmt: skip
