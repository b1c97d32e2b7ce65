"""What a measured value means, rule by rule."""

import polars as pl
import pytest

from riskset.episodes import Timeline
from riskset.errors import EpisodeError, TableError, UnitError

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


def test_worked_case(table, show, squeeze):
    timeline = (
        Timeline(table(PERSONS), id="id", entry="entry", exit="exit")
        .measure("mg", table(WORKED_LABS), time="day", value="mg", carry_forward="90 days")
        .drug(
            "calcimimetic",
            table("id | start | stop\nP | 20 | 40"),
            start="start",
            stop="stop",
            grace="0 days",
        )
        .event("fracture", table("id | day\nP | 47"), time="day")
        .event("death", at="exit")
    )
    assert show(timeline.episodes("fracture").frame) == squeeze("""
        id | entry | exit | fracture | mg  | calcimimetic
        P  | 0     | 20   | 0        | 2.3 | never
        P  | 20    | 30   | 0        | 2.3 | current
        P  | 30    | 40   | 0        | 2.6 | current
        P  | 40    | 47   | 1        | 2.6 | former
    """)
    assert show(timeline.episodes("death").frame) == squeeze("""
        id | entry | exit | death | mg  | calcimimetic
        P  | 0     | 20   | 0     | 2.3 | never
        P  | 20    | 30   | 0     | 2.3 | current
        P  | 30    | 40   | 0     | 2.6 | current
        P  | 40    | 47   | 0     | 2.6 | former
        P  | 47    | 137  | 0     | 2.2 | former
        P  | 137   | 200  | 1     | -   | former
    """)
    assert show(timeline.at_entry()) == squeeze("""
        id | mg  | calcimimetic
        P  | 2.3 | never
    """)


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


def test_value_of_the_event_day_explains_nothing(build, squeeze):
    assert build("id | day | mg\nP | 0 | 2.3\nP | 47 | 9.9", outcome="id | day\nP | 47") == squeeze("""
        entry | exit | mg
        0     | 47   | 2.3
    """)


def test_before_the_first_value_the_covariate_is_missing(build, squeeze):
    assert build("id | day | mg\nP | 10 | 2.3") == squeeze("""
        entry | exit | mg
        0     | 10   | -
        10    | 200  | 2.3
    """)


def test_value_expires_and_the_next_one_comes_back(build, squeeze):
    assert build("id | day | mg\nP | 10 | 2.3\nP | 60 | 2.5", carry_forward="30 days") == squeeze("""
        entry | exit | mg
        0     | 10   | -
        10    | 40   | 2.3
        40    | 60   | -
        60    | 90   | 2.5
        90    | 200  | -
    """)


def test_expiry_on_the_day_of_the_next_value_leaves_no_gap(build, squeeze):
    assert build("id | day | mg\nP | 0 | 2.3\nP | 30 | 2.5", carry_forward="30 days") == squeeze("""
        entry | exit | mg
        0     | 30   | 2.3
        30    | 60   | 2.5
        60    | 200  | -
    """)


@pytest.mark.parametrize(("day", "first"), [(-90, "0 | 200 | -"), (-89, "0 | 1 | 2.3\n1 | 200 | -")])
def test_value_of_the_past_counts_while_it_lasts(build, squeeze, day, first):
    # in force on (day, day + 90]: that of day -90 ends at day 0, which no episode holds
    assert build(
        f"id | day | mg\nP | {day} | 2.3", carry_forward="90 days"
    ) == "entry | exit | mg\n" + squeeze(first)


def test_only_the_last_value_of_the_past_counts(build, squeeze):
    assert build("id | day | mg\nP | -5 | 2.3\nP | -50 | 2.9\nP | 0 | 2.4") == squeeze("""
        entry | exit | mg
        0     | 200  | 2.4
    """)


def test_lag_brings_a_value_into_force_later(build, squeeze):
    labs = "id | day | mg\nP | -40 | 2.1\nP | -5 | 2.3\nP | 30 | 2.6"
    assert build(labs, lag="10 days", carry_forward="30 days") == squeeze("""
        entry | exit | mg
        0     | 5    | -
        5     | 35   | 2.3
        35    | 40   | -
        40    | 70   | 2.6
        70    | 200  | -
    """)


def test_missing_result_does_not_displace_the_last(build, squeeze):
    assert build("id | day | mg\nP | 0 | 2.3\nP | 30 | -") == squeeze("""
        entry | exit | mg
        0     | 200  | 2.3
    """)


@pytest.mark.parametrize(
    ("same_day", "expected"), [("mean", 2.3), ("min", 2.0), ("max", 2.7), ("first", 2.0), ("last", 2.7)]
)
def test_several_values_on_one_day(build, show, table, same_day, expected):
    stamps = ["2024-03-01 06:00:00", "2024-03-01 23:00:00", "2024-03-01 12:00:00"]
    labs = pl.DataFrame({"id": "P", "day": stamps, "mg": [2.0, 2.7, 2.2]})
    persons = pl.DataFrame({"id": "P", "entry": ["2024-03-01"], "exit": ["2024-03-11"]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", same_day=same_day
    )
    assert timeline.at_entry()["mg"].to_list() == [expected]
    assert timeline.counts["mg"]["at a time with several"] == 3


def test_mean_of_equal_values_is_that_value(table):
    # three times 2.4 add to 7.199999999999999 in binary; 9 significant digits put the mean back on 2.4
    labs = pl.DataFrame({"id": "P", "day": [0] * 3, "mg": [2.4] * 3})
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg"
    )
    assert timeline.derive("low", "mg < 2.4").at_entry()["low"].to_list() == [False]


def test_value_moved_between_units_meets_the_cut_point_exactly(table):
    # 0.98745 mmol/L x 2.4305 = 2.4000 mg/dL up to the fifth digit: not rounded away; 2.4 mg/dL itself is not below 2.4
    labs = pl.DataFrame({"id": "P", "day": [0], "mg": [2.4 / 2.4305], "unit": ["mmol/L"]})
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", unit="unit", to="mg/dL", analyte="magnesium"
    )
    assert timeline.derive("low", "mg < 2.4").at_entry()["low"].to_list() == [False]


MANY = "id | day | mg\nP | -10 | 1\nP | 0 | 2\nP | 10 | 6\nP | 20 | 4\nP | 60 | 5"


@pytest.mark.parametrize(
    ("settings", "steps"),
    [
        ({"use": "baseline"}, "0 | 200 | 2"),
        # in (t - 20, t]: day 0 has those of day -10 and 0; day 10 those of 0 and 10; the value of -10 is out
        ({"use": "mean", "window": "20 days"}, "0 | 10 | 1.5\n10 | 20 | 4\n20 | 60 | 5\n60 | 200 | 5"),
        ({"use": "cumulative mean"}, "0 | 10 | 1.5\n10 | 20 | 3\n20 | 60 | 3.25\n60 | 200 | 3.6"),
        ({"use": "change from baseline"}, "0 | 10 | 0\n10 | 20 | 4\n20 | 60 | 2\n60 | 200 | 3"),
    ],
)
def test_use_of_the_values(build, squeeze, settings, steps):
    assert build(MANY, **settings) == "entry | exit | mg\n" + squeeze(steps)


def test_baseline_looks_within_carry_forward(build, squeeze):
    assert build(
        "id | day | mg\nP | -90 | 2.3\nP | 5 | 2", use="baseline", carry_forward="90 days"
    ) == squeeze("""
        entry | exit | mg
        0     | 200  | -
    """)


def test_mean_without_a_window_is_refused(build):
    with pytest.raises(EpisodeError, match="needs a window"):
        build(MANY, use="mean")


def test_units_per_row_are_converted(table):
    labs = table("id | day | mg | unit\nP | -2 | 1 | mmol/L\nP | 10 | 2.4 | mg/dL\nP | 20 | 2 | mEq/L")
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", unit="unit", to="mg/dL", analyte="magnesium"
    )
    frame = timeline.event("death", at="exit").episodes("death").frame
    # 24.305 g/mol, valence 2: 1 mmol/L = 2.4305 mg/dL, 1 mEq/L = 1.21525 mg/dL
    assert frame["mg"].to_list() == [2.4305, 2.4, 2.4305]
    assert timeline.counts["mg"]["converted"] == 2


def test_several_units_and_none_wanted_is_refused(table):
    labs = table("id | day | mg | unit\nP | -2 | 1 | mmol/L\nP | 10 | 2.4 | mg/dL")
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit")
    with pytest.raises(UnitError, match="several units"):
        timeline.measure("mg", labs, time="day", value="mg", unit="unit", analyte="magnesium")


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


def test_rows_of_other_people_are_counted_not_rejected(table):
    labs = table("id | day | mg | unit\nP | -2 | 2.1 | mg/dL\nQ | 10 | 2.4 | -")
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", unit="unit", to="mg/dL"
    )
    assert timeline.counts["mg"]["of others"] == 1
    assert len(timeline.rejects) == 0


@pytest.mark.parametrize(("rule", "value"), [("limit", 0.05), ("half", 0.025)])
def test_value_below_the_limit_of_detection(table, rule, value):
    labs = pl.DataFrame({"id": "P", "day": [0], "crp": ["<0.05"]})
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit")
    found = timeline.measure("crp", labs, time="day", value="crp", below_limit=rule)
    assert found.at_entry()["crp"].to_list() == [value]
    assert found.counts["crp"]["behind a limit"] == 1
    with pytest.raises(TableError, match="limit of detection"):
        timeline.measure("crp", labs, time="day", value="crp")


def test_carry_forward_shorter_than_the_usual_interval_is_warned_of(table):
    labs = table("id | day | pth\nP | 0 | 100\nP | 91 | 120\nP | 182 | 110")
    timeline = Timeline(table(PERSONS), id="id", entry="entry", exit="exit").measure(
        "pth", labs, time="day", value="pth", carry_forward="90 days"
    )
    (warned,) = [line for line in timeline.notes if line.severity == "warning"]
    assert "usual interval between measurements is 91 days" in warned.text
