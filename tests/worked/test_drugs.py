"""What a prescription means, beyond the rules of semantics.txt: rejects, counts, levels."""

import polars as pl
import pytest

from riskset.episodes import Timeline
from riskset.errors import EpisodeError, TableError


@pytest.fixture
def build(table, show):
    """Build one drug of one person over 100 days and show its states."""

    def states(prescriptions: str, **settings) -> str:
        persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
        timeline = Timeline(persons, id="id", entry="entry", exit="exit").drug(
            "use", table(prescriptions), start="start", stop="stop", **settings
        )
        episodes = timeline.event("death", at="exit").episodes("death")
        assert episodes.audit.balances
        return show(episodes.frame.select("entry", "exit", "use"))

    return states


def test_grace_of_a_one_day_record_starts_after_its_day(build, squeeze):
    assert build("id | start | stop\nP | 10 | 10", grace="5 days") == squeeze("""
        entry | exit | use
        0     | 10   | never
        10    | 16   | current
        16    | 100  | former
    """)


@pytest.mark.parametrize(
    ("row", "state"),
    [
        ("-30 | -20", "former"),
        ("-30 | 0", "former"),
        ("-30 | 5", "current"),
        ("0 | 5", "current"),
        ("1 | 5", "never"),
    ],
)
def test_state_at_entry_looks_only_at_day_0_and_before(table, row, state):
    persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit").drug(
        "use", table(f"id | start | stop\nP | {row}"), start="start", stop="stop"
    )
    assert timeline.at_entry()["use"].to_list() == [state]


def test_missing_stop_is_a_reject_unless_the_plan_says_otherwise(build):
    with pytest.raises(TableError, match="must have a stop"):
        build("id | start | stop\nP | 20 | -")
    with pytest.raises(EpisodeError, match="missing_stop"):
        build("id | start | stop\nP | 20 | -", missing_stop="maybe")


def test_stop_before_start_is_a_reject(build):
    with pytest.raises(TableError, match=r"must not stop before it starts \(1 row: 3\)"):
        build("id | start | stop\nP | 20 | 30\nP | 40 | 39")


@pytest.mark.parametrize(
    ("state", "steps"),
    [
        ("ever", "0 | 20 | never\n20 | 100 | ever"),
        (
            "current",
            "0 | 20 | not current\n20 | 40 | current\n40 | 60 | not current\n60 | 70 | current\n70 | 100 | not current",
        ),
    ],
)
def test_other_states(build, squeeze, state, steps):
    rows = "id | start | stop\nP | 20 | 40\nP | 60 | 70"
    assert build(rows, state=state) == "entry | exit | use\n" + squeeze(steps)


def test_levels_are_an_enum_in_order():
    persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
    none = pl.DataFrame({"id": ["P"], "drug": ["x"], "start": [1], "stop": [2]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit").drug(
        "use", none, start="start", stop="stop", where="drug = 'y'"
    )
    assert timeline.at_entry().schema["use"] == pl.Enum(["never", "current", "former"])
    assert any(line.severity == "warning" and line.topic == "use" for line in timeline.notes)


def test_use_that_ended_before_the_records_begin_is_no_use_within_them():
    persons = pl.DataFrame({"id": ["P", "Q"], "entry": ["2012-01-01"] * 2, "exit": ["2013-01-01"] * 2})
    rx = pl.DataFrame({"id": ["P", "Q"], "start": ["2009-01-01"] * 2, "stop": ["2009-12-01", "2010-06-01"]})
    timeline = Timeline(
        persons, id="id", entry="entry", exit="exit", observed=("2010-01-01", "2024-12-31")
    ).drug("use", rx, start="start", stop="stop")
    assert timeline.at_entry()["use"].to_list() == ["never", "former"]
    assert timeline.counts["use"]["before the records"] == 1
    # 2010-01-01 to 2012-01-01 is 730 days
    assert any("median 730 days" in line.text for line in timeline.notes)


def test_states_compare_with_text_in_derived_columns(build, table):
    persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit").drug(
        "use", table("id | start | stop\nP | 20 | 40"), start="start", stop="stop"
    )
    timeline = timeline.derive("on", "use = 'current'").event("death", at="exit")
    assert timeline.episodes("death").frame["on"].to_list() == [False, True, False]
