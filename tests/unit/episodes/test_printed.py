"""The audit as text: every number of it is one of the case, counted by hand beside it."""

from __future__ import annotations

from datetime import date

import polars as pl

from riskset.episodes import Timeline

PEOPLE = pl.DataFrame(
    {
        "id": ["P", "Q", "R"],
        "entry": [date(2023, 1, 1)] * 3,
        "exit": [date(2023, 7, 20), date(2023, 1, 31), date(2023, 1, 1)],  # 200, 30 and 0 days
        "died": [date(2023, 7, 20), None, None],
    }
)
LABS = pl.DataFrame(
    {
        "id": ["P", "P", "P", "Q", "S"],
        "day": [date(2023, 1, 1), date(2023, 1, 1), date(2023, 4, 11), date(2023, 1, 11), date(2023, 1, 1)],
        "value": [0.9, 1.1, -1.0, 2.4, 2.0],
        "unit": ["mmol/L", "mmol/L", "mmol/L", "mg/dL", "mg/dL"],
    }
)
USE = pl.DataFrame(
    {"id": ["P", "P"], "start": [date(2023, 1, 11)] * 2, "stop": [date(2023, 1, 21)] * 2, "drug": ["x"] * 2}
)
# P: the mean of day 0 for 100 days, then the value of day 100 for 100; Q: nothing for 10 days, then 20 days.
# Of 230 days 10 have no value, 30 + 30 + 20 one of up to 30 days, 60 + 60 one of up to 90, 10 + 10 an older one.
PAGE = """\
Audit of 'death': everything adds up

                in    out  explained
persons          3      2  without follow-up (exit on day 0) 1
event rows       1      1  -
person-days  230.0  230.0  -
episodes                6  overlaps 0, gaps 0, of zero length 0

rows read    in  out  explained, and what was found in the others
measure mg    5    3  of people outside the cohort 1, merged with another of the same time 1; times at which
                      they disagree 1, converted to another unit 3, below 0 (kept) 1
drug use      2    1  written twice 1; persons 1, periods of use 1
event death   1    1  -

age of the value in use, days  to 30  to 90  to 180  over 180  no value  persons without any
mg                             34.8%  52.2%    8.7%      0.0%      4.3%                    0

measurements per person-year  with death  others
mg                                  1.83   12.18

changes of state
use               current to former 1, never to current 1

filter  took
mg      every row: 5 rows of 3 persons
use     drug = 'x': 2 rows of 1 person (1 string of fewer than 5 persons withheld)
death   every row: 3 rows of 3 persons

units and levels  over calendar time
mg                mg: values in mmol/L converted to mg/dL by x 2.4305
mg                mg: values in mmol/L from 2023-01 to 2023-04: 3
mg                mg: values in mg/dL from 2023-01 to 2023-01: 1

         about  what
warning  mg     values below 0 (kept): 1
note     death  mg: 1.83 measurements per person-year in persons with death, 12.18 in the others: how often
                somebody is measured goes with the outcome, and so does how old a value is"""


def timeline() -> Timeline:
    return (
        Timeline(PEOPLE, id="id", entry="entry", exit="exit")
        .measure("mg", LABS, time="day", value="value", unit="unit", to="mg/dL", analyte="magnesium")
        .drug("use", USE, start="start", stop="stop", where="drug = 'x'")
        .event("death", at="died")
    )


def test_the_audit_prints_as_a_page_of_small_tables():
    audit = timeline().episodes("death").audit
    assert repr(audit) == PAGE
    assert str(audit) == PAGE


def test_no_line_is_wider_than_a_page_and_no_value_is_printed():
    page = str(timeline().episodes("death").audit)
    assert max(map(len, page.splitlines())) <= 110
    assert "-2.4305" not in page


def test_what_is_wrong_on_purpose_is_printed_so():
    wrong = timeline().drug("ever", USE, start="start", stop="stop", state="ever", wrong="immortal_time")
    page = str(wrong.episodes("death").audit)
    assert "WRONG ON PURPOSE ever_wrong_immortal_time: 10.0 person-days of 1 person called exposed" in page


def test_an_audit_without_a_measure_is_short():
    bare = Timeline(PEOPLE, id="id", entry="entry", exit="exit").event("death", at="died")
    page = str(bare.episodes("death").audit)
    assert "age of the value" not in page
    assert "changes of state" not in page


def test_components_and_competing_events_are_printed():
    both = timeline().event("left", at="exit").composite("any", ["death", "left"])
    assert "clocks ended by death (component) 1, left (component) 1" in str(both.episodes("any").audit)
    assert "clocks ended by left (competing) 1" in str(both.episodes("death", competing="left").audit)
