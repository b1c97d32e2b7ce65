"""What a measured value means, beyond the rules of semantics.txt: accounts, refusals, rejects."""

import polars as pl
import pytest

from riskset.episodes import Timeline
from riskset.errors import EpisodeError, TableError

PERSONS = """
id | entry | exit
P  | 0     | 200
"""


@pytest.fixture
def build(table, show):
    """Build one measure of one person and show its steps."""

    def steps(
        labs: str | pl.DataFrame, persons: str = PERSONS, outcome: str | None = None, **settings
    ) -> str:
        rows = table(labs) if isinstance(labs, str) else labs
        timeline = Timeline(table(persons), id="id", entry="entry", exit="exit").measure(
            "mg", rows, time="day", value="mg", **settings
        )
        timeline = (
            timeline.event("death", at="exit")
            if outcome is None
            else timeline.event("event", table(outcome), time="day")
        )
        episodes = timeline.episodes("death" if outcome is None else "event")
        assert episodes.audit.balances
        return show(episodes.frame.select("entry", "exit", "mg"))

    return steps


WORKED_LABS = """
id | day | mg
P  | -5  | 2.3
P  | 30  | 2.6
P  | 47  | 2.2
"""


def test_audit_of_the_worked_case(table):
    audit = (
        Timeline(table(PERSONS), id="id", entry="entry", exit="exit")
        .measure("mg", table(WORKED_LABS), time="day", value="mg", carry_forward="90 days")
        .event("fracture", table("id | day\nP | -3\nP | 47\nP | 80\nP | 300\nQ | 4"), time="day")
        .episodes("fracture")
        .audit
    )
    assert (audit.persons_in, audit.persons_out, audit.events_in, audit.events_out) == (1, 1, 5, 1)
    assert (audit.events_history, audit.events_later, audit.events_after_exit, audit.events_of_others) == (
        1,
        1,
        1,
        1,
    )
    assert (audit.person_days_in, audit.person_days_out, audit.person_days_after_event) == (200, 47, 153)
    (mg,) = audit.measures
    # (0, 30] on a value of day -5, older than 30 days from day 25; (30, 47] on one of day 30
    assert mg.person_days_older == {30: 5, 90: 0, 180: 0}
    assert mg.person_days_missing == 0


def test_value_moved_between_units_meets_the_cut_point_exactly(table):
    # 0.98745 mmol/L x 2.4305 = 2.4000 mg/dL up to the fifth digit: not rounded away; 2.4 mg/dL itself is not below 2.4
    labs = pl.DataFrame({"id": "P", "day": [0], "mg": [2.4 / 2.4305], "unit": ["mmol/L"]})
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", unit="unit", to="mg/dL", analyte="magnesium"
    )
    assert timeline.derive("low", "mg < 2.4").at_entry()["low"].to_list() == [False]


MANY = "id | day | mg\nP | -10 | 1\nP | 0 | 2\nP | 10 | 6\nP | 20 | 4\nP | 60 | 5"


def test_mean_without_a_window_is_refused(build):
    with pytest.raises(EpisodeError, match="needs a window"):
        build(MANY, use="mean")


@pytest.mark.parametrize("unit", ["-", "mg/dK", "U/L"])
def test_value_without_a_known_unit_is_a_reject(table, unit):
    labs = table(f"id | day | mg | unit\nP | -2 | 2.1 | mg/dL\nP | 10 | 2.4 | {unit}")
    settings = {"time": "day", "value": "mg", "unit": "unit", "to": "mg/dL"}
    with pytest.raises(TableError, match=r"\(1 row: 3\)"):
        Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure("mg", labs, **settings)
    allowed = Timeline(table(PERSONS), id="id", entry="entry", exit="exit", allowance=1).measure(
        "mg", labs, **settings
    )
    assert allowed.rejects.frame.select("row", "column").rows() == [(3, "unit")]
    assert allowed.counts["mg"]["rejected"] == 1
    assert allowed.event("death", at="exit").episodes("death").frame["mg"].to_list() == [2.1]


@pytest.mark.parametrize(("rule", "value"), [("limit", 0.05), ("half", 0.025)])
def test_value_below_the_limit_of_detection(table, rule, value):
    labs = pl.DataFrame({"id": "P", "day": [0], "crp": ["<0.05"]})
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit")
    found = timeline.measure("crp", labs, time="day", value="crp", below_limit=rule)
    assert found.at_entry()["crp"].to_list() == [value]
    assert found.counts["crp"]["behind a limit"] == 1
    with pytest.raises(TableError, match="limit of detection"):
        timeline.measure("crp", labs, time="day", value="crp")
