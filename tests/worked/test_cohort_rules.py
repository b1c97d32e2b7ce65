"""Index rules, washout and prior history from a plan: small tables whose flow can be counted by hand.

Day 0 is the index; nothing dated after it may decide who is in the study.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from riskset.errors import RisksetError
from riskset.study import read_plan
from riskset.study.assemble import Assembled, assemble, outcome_episodes
from riskset.study.preflight import preflight

PLAN = """
riskset = 1
title = "T"
question = "Q"
[data]
id = "id"
CLOCK
OBSERVED
[tables]
persons = { file = "persons.csv", one_row_per_person = true }
labs = { file = "labs.csv", time = "date", value = "value" }
rx = { file = "rx.csv", start = "start", stop = "stop" }
events = { file = "events.csv", time = "date" }
[cohort]
from = "persons"
COHORT
end = [ENDS]
[baseline]
age = { since = "born", unit = "years", label = "Age" }
[measures]
mg = { label = "Magnesium" }
[drugs]
x = { where = "drug = 'x'", label = "X" }
y = { where = "drug = 'y'", label = "Y" }
[outcomes]
stroke = { where = "type = 'stroke'", label = "Stroke" }
death = { DEATH label = "Death" }
[exposure]
measure = "mg"
groups = { below = 2 }
[modifier]
drug = "y"
levels = { no = ["never", "former"], yes = ["current"] }
[models]
"Model 1" = {}
"""
PERSONS = """id,born,joined,begin,last,why
a,1950-01-01,2010-01-01,2012-01-01,2015-01-01,end
b,1950-01-01,2011-06-01,2012-01-01,2015-01-01,end
c,1950-01-01,2010-01-01,2012-01-01,2014-01-01,death
d,1950-01-01,2010-01-01,2012-01-01,2011-12-31,death
"""
LABS = """id,date,value
a,2011-12-01,1.8
b,2011-12-01,2.2
c,2011-12-01,1.9
c,2013-01-01,1.5
"""
RX = """id,drug,start,stop
a,x,2012-03-01,2012-04-01
b,x,2011-10-01,2011-11-15
b,x,2012-06-01,2012-07-01
c,y,2012-01-01,2012-02-01
d,y,2011-01-01,2011-02-01
"""
EVENTS = """id,date,type
a,2011-05-01,stroke
b,2012-01-01,stroke
c,2012-01-02,stroke
"""
Study = Callable[..., Assembled]


@pytest.fixture
def study(tmp_path: Path) -> Study:
    def build(
        cohort: str,
        *,
        observed: str = 'observed = ["2010-01-01", "2016-01-01"]',
        death: str = 'end_reason = "death",',
        clock: str = "",
        ends: str = '{ time = "last", reason_column = "why" }',
        **tables: str,
    ) -> Assembled:
        text = PLAN.replace("COHORT", cohort).replace("OBSERVED", observed).replace("ENDS", ends)
        (tmp_path / "study.toml").write_text(text.replace("DEATH", death).replace("CLOCK", clock), "utf-8")
        for name, rows in {"persons": PERSONS, "labs": LABS, "rx": RX, "events": EVENTS, **tables}.items():
            (tmp_path / f"{name}.csv").write_text(rows, "utf-8")
        plan = read_plan(tmp_path / "study.toml")
        return assemble(plan, preflight(plan).tables)

    return build


def flow(study: Assembled) -> list[tuple[str, int]]:
    return [(step.label, step.n_after) for step in study.ledger.steps]


def who(study: Assembled) -> list[str]:
    return study.persons["id"].sort().to_list()


ALIVE = PERSONS.replace("d,1950-01-01,2010-01-01,2012-01-01,2011-12-31,death\n", "d,1950-01-01,2010-01-01,2012-01-01,2013-01-01,end\n")  # fmt: skip


def test_a_calendar_date_for_everybody(study: Study) -> None:
    found = study('index = { date = "2012-01-01" }')
    assert flow(found) == [("Still followed at index", 3)]  # d died the day before
    assert who(found) == ["a", "b", "c"]


def test_the_first_qualifying_row_of_a_table(study: Study) -> None:
    found = study('index = { table = "labs", where = "value < 2", label = "Low magnesium" }', persons=ALIVE)
    assert flow(found) == [("Low magnesium", 2)]
    rows = outcome_episodes(found, "death")[0].frame
    # c: from the first low value, 2011-12-01, to death on 2014-01-01
    assert rows.filter(rows["id"] == "c")["exit"].max() == 762.0
    later = study('index = { table = "labs", where = "value < 2", between = ["2012-01-01", "2013-12-31"] }')
    assert who(later) == ["c"]  # whose first of these days is 2013-01-01


def test_the_first_prescription_of_a_drug(study: Study) -> None:
    found = study('index = { drug = "x" }', persons=ALIVE)
    assert flow(found) == [("Prescribed X", 2)]
    assert found.persons.filter(found.persons["id"] == "b")["x"].to_list() == ["current"]


def test_washout_needs_records_that_reach_back(study: Study) -> None:
    rules = 'index = "begin"\nwashout = [{ drug = "x", within = "90 days", label = "No X for 90 days" }]'
    found = study(rules, persons=ALIVE)
    # b used x until 47 days before index; a later use of a or b decides nothing
    assert flow(found) == [("Records for 90 days before index", 4), ("No X for 90 days", 3)]
    assert who(found) == ["a", "c", "d"]
    short = study(rules, observed='observed = ["2011-10-03", "2016-01-01"]', persons=ALIVE)
    assert flow(short) == flow(found)  # 90 days before, to the day
    with pytest.raises(
        RisksetError, match="nobody is left after the rule 'Records for 90 days before index'"
    ):
        study(rules, observed='observed = ["2011-10-04", "2016-01-01"]', persons=ALIVE)


def test_records_may_begin_person_by_person(study: Study) -> None:
    rules = 'index = "begin"\nobserved_from = "joined"\nwashout = [{ drug = "y", within = "1 year", label = "No Y" }]'
    found = study(rules, observed="", persons=ALIVE)
    # b joined 214 days before index; d used y until 333 days before
    assert flow(found) == [("Records exist at index", 4), ("Records for 1 year before index", 3), ("No Y", 2)]
    assert who(found) == ["a", "c"]  # whose y begins on the day of index: new use, not earlier use


@pytest.mark.parametrize(
    ("within", "left"),
    [
        (None, ["c", "d"]),
        ("30 days", ["a", "c", "d"]),
        ("245 days", ["c", "d"]),
        ("244 days", ["a", "c", "d"]),
    ],
)
def test_prior_history_counts_the_day_of_index_and_nothing_after(
    study: Study, within: str | None, left: list[str]
) -> None:
    # a: 245 days before; b: on the day of index; c: the day after, which is an outcome and no history
    reach = f', within = "{within}"' if within else ""
    found = study(
        f'index = "begin"\nhistory = [{{ outcome = "stroke"{reach}, label = "No stroke" }}]', persons=ALIVE
    )
    assert who(found) == left
    assert outcome_episodes(found, "stroke")[0].frame["stroke"].sum() == 1  # that of c


def test_history_may_be_asked_for(study: Study) -> None:
    found = study(
        'index = "begin"\nhistory = [{ table = "labs", where = "value < 2", present = true, label = "Low before" }]',
        persons=ALIVE,
    )
    assert flow(found) == [("Low before", 2)]
    assert who(found) == ["a", "c"]


def test_a_broken_date_that_decides_is_named(study: Study) -> None:
    broken = LABS.replace("b,2011-12-01", "b,soon")
    with pytest.raises(RisksetError, match=r"labs.csv, column 'date'[\s\S]*\b3\b"):
        study(
            'index = { table = "labs", where = "value > 2" }', labs=broken + "a,2011-12-02,3\n", persons=ALIVE
        )


def test_nothing_after_index_decides(study: Study) -> None:
    """Everything dated after the day of index may change or vanish: the same persons, the same flow."""
    rules = (
        'index = "begin"\nobserved_from = "joined"\n'
        'washout = [{ drug = "y", within = "90 days", label = "No Y" }]\n'
        'history = [{ outcome = "stroke", within = "1 year", label = "No stroke" }, { drug = "x", label = "No X" }]\n'
        'require = [{ keep = "mg IS NOT NULL", label = "Magnesium" }, { keep = "x = \'never\'", label = "Never X" }]'
    )
    whole = study(rules, persons=ALIVE)
    keep = {  # what is dated on the day of index or before, one row of each kind for the filters
        "labs": "\n".join(r for r in LABS.splitlines() if "2013" not in r) + "\nd,2012-09-09,9\n",
        "rx": RX.replace("2012-06-01,2012-07-01", "2014-06-01,2014-07-01").replace(
            "2012-03-01", "2012-03-31"
        ),
        "events": EVENTS.replace("c,2012-01-02", "c,2013-07-02") + "a,2012-05-05,stroke\n",
    }
    assert flow(study(rules, persons=ALIVE, **keep)) == flow(whole)
    assert who(study(rules, persons=ALIVE, **keep)) == who(whole)


def test_ends_known_to_the_minute_and_by_date_beside_event_rows(study: Study) -> None:
    """Under the clock of time stamps a date only is compared with a stamp by its day."""
    persons = """id,born,begin,died,dod,last,why
a,1950-01-01,2012-01-01 08:00:00,2012-03-01 10:00:00,,2012-03-01 10:00:00,death
b,1950-01-01,2012-01-01 08:00:00,,2012-04-01,,
c,1950-01-01,2012-01-01 08:00:00,,,2012-05-01 00:00:01,end
"""
    events = "id,date,type\na,2012-03-01 10:00:00,death\nb,2012-04-01 09:30:00,death\nc,2012-02-02 01:00:00,stroke\n"
    ends = '{ time = "died", reason = "death" }, { time = "dod", reason = "death" }, { time = "last", reason = "end" }'

    def build(rows: str) -> Assembled:
        return study(
            'index = "begin"',
            clock='clock = "time"',
            observed="",
            death='end_reason = "death", where = "type = \'death\'",',
            ends=ends,
            persons=persons,
            events=rows,
            rx=RX.replace("d,y", "c,y"),
        )

    rows = outcome_episodes(build(events), "death")[0].frame
    assert sorted(rows.filter(rows["death"])["id"].to_list()) == ["a", "b"]
    # b: the stamp 09:30 lies within the day that the other record names
    assert rows.filter(rows["id"] == "b")["exit"].max() == pytest.approx(91 + 1.5 / 24)
    with pytest.raises(RisksetError, match="the two records of the event must agree"):
        outcome_episodes(build(events.replace("b,2012-04-01", "b,2012-04-02")), "death")[1].rejects.check(0)
