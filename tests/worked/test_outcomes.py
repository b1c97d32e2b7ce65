"""Outcomes, the end of follow-up and the clock, beyond the rules of semantics.txt."""

# ruff: noqa: DTZ001 (stamps in hospital tables carry no zone, and none is invented)

from datetime import date, datetime

import polars as pl
import pytest

from riskset.episodes import Timeline
from riskset.errors import EpisodeError, TableError
from riskset.tables import TableSpec, read_table


@pytest.fixture
def people(table):
    return lambda text, **settings: Timeline(table(text), id="id", entry="entry", exit="exit", **settings)


def test_nobody_with_follow_up_is_an_error(people):
    with pytest.raises(EpisodeError, match="nobody has follow-up"):
        people("id | entry | exit\nP | 0 | 0").event("death", at="exit").episodes("death")


def test_exit_before_entry_is_a_reject(people):
    persons = "id | entry | exit\nP | 5 | 4\nQ | 0 | 5"
    with pytest.raises(TableError, match=r"exit must not precede entry \(1 row: 2\)"):
        people(persons)
    audit = people(persons, allowance=1).event("death", at="exit").episodes("death").audit
    assert (audit.persons_in, audit.persons_out, audit.persons_rejected) == (2, 1, 1)
    assert audit.balances


def test_rows_come_sorted_by_id_and_entry(people, table):
    timeline = people("id | entry | exit\nb | 0 | 9\na | 0 | 9\nc | 0 | 9").measure(
        "mg", table("id | day | mg\nc | 4 | 1\na | 4 | 2\na | 2 | 3"), time="day", value="mg"
    )
    frame = timeline.event("death", at="exit").episodes("death").frame
    assert frame.select("id", "entry").rows() == [("a", 0), ("a", 2), ("a", 4), ("b", 0), ("c", 0), ("c", 4)]


def test_age_and_time_since_a_date_are_fixed_at_entry():
    persons = pl.DataFrame(
        {
            "id": ["P"],
            "entry": ["2024-03-01"],
            "exit": ["2024-06-01"],
            "born": ["1964-03-01"],
            "dialysis": ["2023-03-01"],
        }
    )
    timeline = (
        Timeline(persons, id="id", entry="entry", exit="exit")
        .age("born")
        .since("dialysis", "vintage", unit="months")
    )
    # 21,915 days / 365.25 and 366 days / 30.4375, to 9 significant digits
    assert timeline.at_entry().rows() == [("P", 60.0, 12.0246407)]


def test_ages_hidden_by_the_owner_of_the_data_become_what_the_plan_says():
    persons = pl.DataFrame(
        {"id": ["P"], "entry": [date(2100, 1, 1)], "exit": [date(2100, 6, 1)], "born": [date(1800, 1, 1)]}
    )
    timeline = Timeline(
        persons, id="id", entry="entry", exit="exit", plausible_dates=("1800-01-01", "2300-01-01")
    ).age("born", above=120, becomes=91.4)
    assert timeline.at_entry()["age"].to_list() == [91.4]


STAMPED = {
    "id": ["P"],
    "entry": [datetime(2024, 3, 1, 12)],
    "exit": [datetime(2024, 3, 11, 12)],
    "died": [date(2024, 3, 5)],
}


def labs(*rows: tuple[datetime, float]) -> pl.DataFrame:
    return pl.DataFrame({"id": ["P"] * len(rows), "time": [t for t, _ in rows], "mg": [v for _, v in rows]})


def test_value_of_the_day_of_an_event_known_by_date_explains_nothing():
    values = labs((datetime(2024, 3, 4, 12), 2.0), (datetime(2024, 3, 5, 6), 9.9))
    base = Timeline(pl.DataFrame(STAMPED), id="id", entry="entry", exit="exit", clock="time").measure(
        "mg", values, time="time", value="mg"
    )
    dated = base.event("death", at="died").episodes("death")
    assert dated.frame.select("entry", "exit", "mg").rows() == [(0.0, 3.0, None), (3.0, 4.5, 2.0)]
    # an event to the minute of the same day is after the value, which may speak
    persons = pl.DataFrame(STAMPED | {"died": [datetime(2024, 3, 5, 18)]})
    stamped = Timeline(persons, id="id", entry="entry", exit="exit", clock="time").measure(
        "mg", values, time="time", value="mg"
    )
    frame = stamped.event("death", at="died").episodes("death").frame
    assert frame.select("entry", "exit", "mg").rows() == [
        (0.0, 3.0, None),
        (3.0, 3.75, 2.0),
        (3.75, 4.25, 9.9),
    ]


def test_drug_start_of_the_day_of_an_event_known_by_date_explains_nothing():
    for start in (datetime(2024, 3, 5, 6), date(2024, 3, 5)):
        rx = pl.DataFrame({"id": ["P"], "start": [start], "stop": [date(2024, 3, 9)]})
        timeline = Timeline(pl.DataFrame(STAMPED), id="id", entry="entry", exit="exit", clock="time").drug(
            "use", rx, start="start", stop="stop"
        )
        assert timeline.event("death", at="died").episodes("death").frame["use"].to_list() == ["never"]


def test_prescription_known_by_dates_counts_from_the_end_of_its_day():
    rx = pl.DataFrame({"id": ["P"], "start": [date(2024, 3, 3)], "stop": [date(2024, 3, 3)]})
    timeline = Timeline(pl.DataFrame(STAMPED), id="id", entry="entry", exit="exit", clock="time").drug(
        "use", rx, start="start", stop="stop"
    )
    frame = timeline.event("death", at="exit").episodes("death").frame
    assert frame.select("entry", "exit", "use").rows() == [
        (0.0, 2.5, "never"),
        (2.5, 3.5, "current"),
        (3.5, 10.0, "former"),
    ]


def test_stop_with_a_time_on_the_day_of_a_dated_start_is_not_before_it():
    rx = pl.DataFrame({"id": ["P"], "start": [date(2024, 3, 3)], "stop": [datetime(2024, 3, 3, 9)]})
    Timeline(pl.DataFrame(STAMPED), id="id", entry="entry", exit="exit", clock="time").drug(
        "use", rx, start="start", stop="stop"
    )


def test_event_known_by_the_date_of_a_stamped_exit_counts():
    persons = pl.DataFrame(STAMPED | {"exit": [datetime(2024, 3, 5, 9)]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit", clock="time").event("death", at="died")
    assert timeline.episodes("death").frame.rows() == [("P", 0.0, 3.875, True)]


def test_event_known_by_the_date_on_which_the_longest_follow_up_ends_comes_after_it():
    persons = pl.DataFrame(STAMPED)
    timeline = Timeline(persons, id="id", entry="entry", exit="exit", clock="time", max_followup="4 days")
    assert timeline.event("death", at="died").episodes("death").frame.rows() == [("P", 0.0, 4.0, False)]


def test_times_partly_known_by_date_only():
    persons = pl.DataFrame(STAMPED | {"died": [datetime(2024, 3, 5)], "by_date": [True]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit", clock="time")
    assert timeline.event("death", at="died", date_only="by_date").episodes("death").frame[
        "exit"
    ].to_list() == [4.5]


def test_column_of_midnights_is_a_date_and_a_mixture_is_refused():
    persons = pl.DataFrame(STAMPED | {"died": ["2024-03-05 00:00:00"]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit", clock="time").event("death", at="died")
    assert timeline.episodes("death").frame["exit"].to_list() == [4.5]
    mixed = pl.DataFrame({"id": ["P", "P"], "day": ["2024-03-05", "2024-03-06 10:00"]})
    with pytest.raises(EpisodeError, match="may not mix dates and time stamps"):
        Timeline(persons, id="id", entry="entry", exit="exit", clock="time").event("cve", mixed, time="day")


def test_dates_and_day_numbers_do_not_mix(people):
    with pytest.raises(EpisodeError, match="holds dates and the entry of the persons numbers"):
        people("id | entry | exit\nP | 0 | 9").event(
            "cve", pl.DataFrame({"id": ["P"], "d": ["2024-01-01"]}), time="d"
        )


def test_ids_are_text_and_keep_their_zeros(people):
    persons = pl.DataFrame({"id": ["00123", "123"], "entry": [0, 0], "exit": [9, 9]})
    values = pl.DataFrame({"id": ["00123"], "day": [0], "mg": [2.0]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit").measure(
        "mg", values, time="day", value="mg"
    )
    assert timeline.at_entry()["mg"].to_list() == [2.0, None]


def test_ids_that_do_not_match_show_their_forms_and_no_id():
    persons = pl.DataFrame({"id": ["00123", "00456"], "entry": [0, 0], "exit": [9, 9]})
    values = pl.DataFrame({"id": [123, 456], "day": [0, 0], "mg": [2.0, 2.0]})
    with pytest.raises(TableError, match="fewer than half") as caught:
        Timeline(persons, id="id", entry="entry", exit="exit").measure("mg", values, time="day", value="mg")
    assert "5 characters, digits only, leading zeros" in str(caught.value)
    assert "123" not in str(caught.value)


def test_ids_are_compared_with_everybody_in_the_data_where_the_cohort_is_a_part():
    persons = pl.DataFrame({"id": ["a"], "entry": [0], "exit": [9]})
    values = pl.DataFrame({"id": ["a", "b", "c"], "day": [0, 0, 0], "mg": [2.0, 2.1, 2.2]})
    with pytest.raises(TableError, match="fewer than half"):
        Timeline(persons, id="id", entry="entry", exit="exit").measure("mg", values, time="day", value="mg")
    everybody = pl.DataFrame({"id": ["a", "b", "c"]})
    timeline = Timeline(persons, id="id", entry="entry", exit="exit", population=everybody)
    assert timeline.measure("mg", values, time="day", value="mg").counts["mg"]["of others"] == 2


def test_a_timeline_never_changes(people, table):
    first = people("id | entry | exit\nP | 0 | 9")
    second = first.event("death", at="exit")
    with pytest.raises(EpisodeError, match="no event 'death'"):
        first.episodes("death")
    with pytest.raises(AttributeError):
        second.columns = ()
    with pytest.raises(EpisodeError, match="there is a 'death' already"):
        second.event("death", at="exit")


def test_derived_columns_leave_the_missing_missing(people, table):
    timeline = people("id | entry | exit\nP | 0 | 9\nQ | 0 | 9").measure(
        "mg", table("id | day | mg\nP | 0 | 2.3"), time="day", value="mg"
    )
    assert timeline.derive("low", "mg < 2.4").at_entry()["low"].to_list() == [True, None]
    with pytest.raises(TableError, match="'mgg'"):
        timeline.derive("low", "mgg < 2.4")


def test_pandas_and_arrow_come_in_by_the_same_door(people):
    persons = pl.DataFrame({"id": ["P"], "entry": [date(2024, 1, 1)], "exit": [date(2024, 2, 1)]})
    for frame in (persons.to_pandas(), persons.to_arrow(), persons.lazy()):
        timeline = Timeline(frame, id="id", entry="entry", exit="exit").event("death", at="exit")
        episodes = timeline.episodes("death")
        assert pl.DataFrame(episodes).rows() == [("P", 0.0, 31.0, True)]


def test_unreadable_dates_of_persons_are_rejects_with_their_own_rule(tmp_path):
    (tmp_path / "p.csv").write_text(
        "id,entry,exit,born\na,2024-01-01,01/02/2024,1950-01-01\nb,2024-01-01,2024-03-01,05/06/1950\nc,,2024-03-01,1950-01-01\n"
    )
    table = read_table(TableSpec("p", "p.csv", id="id", dates=("entry", "exit", "born")), tmp_path)
    timeline = Timeline(table, id="id", entry="entry", exit="exit", allowance=None).age("born")
    assert timeline.rejects.frame.select("row", "column").rows() == [(2, "exit"), (3, "born"), (4, "entry")]
    assert timeline.at_entry().rows() == [("b", None)]
