"""Who is in, from when, until when: each rule with its count."""

from datetime import date, datetime

import polars as pl
import pytest

from riskset.cohort import (
    End,
    Ledger,
    Rule,
    Source,
    apply_rules,
    end_of_follow_up,
    first_known,
    first_per_person,
    join_one_row,
)
from riskset.errors import CohortError, TableError

# ruff: noqa: DTZ001 (stamps in hospital tables carry no zone, and none is invented)


def test_rules_apply_in_order_and_count_what_they_leave():
    persons = pl.DataFrame(
        {"id": list("abcde"), "age": [17.0, 40.0, 50.0, 60.0, None], "mg": [2.0, None, 2.1, 2.2, 2.0]}
    )
    kept, ledger = apply_rules(persons, [Rule("age >= 18", "Adult"), Rule("mg IS NOT NULL", "Magnesium")])
    assert kept["id"].to_list() == ["c", "d"]
    assert [(s.label, s.n_before, s.n_excluded, s.n_after, s.n_undecided) for s in ledger.steps] == [
        ("Adult", 5, 2, 3, 1),
        ("Magnesium", 3, 1, 2, 0),
    ]
    assert (ledger.screened, ledger.included) == (5, 2)


def test_rules_that_cannot_be():
    persons = pl.DataFrame({"id": ["a"], "age": [17.0]})
    with pytest.raises(CohortError, match="nobody is left after the rule 'Adult'"):
        apply_rules(persons, [Rule("age >= 18", "Adult")])
    with pytest.raises(TableError, match="'agee'"):
        apply_rules(persons, [Rule("agee >= 18", "Adult")])
    with pytest.raises(CohortError, match="cannot add persons"):
        Ledger(3).step("Odd", 4)


def test_first_qualifying_row_per_person():
    stays = pl.DataFrame(
        {
            "id": ["b", "a", "a", "a", "b", "c"],
            "day": [4, 9, 2, 2, None, 1],
            "kind": ["EMERGENCY", "EMERGENCY", "NEWBORN", "ELECTIVE", "EMERGENCY", "NEWBORN"],
        }
    )
    chosen = first_per_person(stays, id="id", index="day", where="kind <> 'NEWBORN'")
    assert chosen.frame.select("id", "day", "kind").rows() == [("a", 2, "ELECTIVE"), ("b", 4, "EMERGENCY")]
    assert (chosen.n_rows, chosen.n_persons, chosen.n_rows_qualifying, chosen.n_persons_qualifying) == (
        6,
        3,
        4,
        2,
    )
    assert (chosen.n_rows_without_index, chosen.n_ties) == (1, 0)
    assert first_per_person(stays, id="id", index="day").n_ties == 1
    with pytest.raises(CohortError, match="no row qualifies"):
        first_per_person(stays, id="id", index="day", where="kind = 'TRANSFER'")


def test_join_adds_columns_and_never_rows():
    stays = pl.DataFrame({"id": ["b", "a"], "row_id": [1, 2]})
    people = pl.DataFrame({"id": ["a"], "row_id": [9], "sex": ["f"]})
    joined = join_one_row(stays, people, id="id", table="patients")
    assert joined.rows() == [("b", 1, None, None), ("a", 2, 9, "f")]
    assert joined.columns == ["id", "row_id", "row_id_patients", "sex"]
    with pytest.raises(TableError, match="one row"):
        join_one_row(stays, pl.concat([people, people]), id="id", table="patients")


def test_follow_up_ends_with_the_first_of_several_reasons():
    persons = pl.DataFrame(
        {
            "id": list("abcd"),
            "entry": [date(2020, 1, 1)] * 4,
            "death": [date(2020, 3, 1), None, date(2020, 6, 1), None],
            "transplant": [date(2020, 3, 1), date(2020, 2, 1), None, None],
            "exit_date": [date(2020, 5, 1)] * 2 + [date(2021, 1, 1)] * 2,
            "exit_reason": ["lost", "lost", "study end", None],
        }
    )
    ends = [End("death", reason="death"), End("transplant"), End("exit_date", reason_column="exit_reason")]
    found = end_of_follow_up(persons, ends, index="entry", max_followup="200 days")
    assert found["end_time"].to_list() == [
        date(2020, 3, 1),
        date(2020, 2, 1),
        date(2020, 6, 1),
        date(2021, 1, 1),
    ]
    assert found["end_reason"].to_list() == ["death", "transplant", "death", None]
    assert found["ended_by"].to_list() == ["death", "transplant", "death", "max_followup"]


def test_dates_end_with_their_day_among_stamps():
    persons = pl.DataFrame(
        {
            "id": list("ab"),
            "entry": [datetime(2020, 1, 1, 9)] * 2,
            "discharge": [datetime(2020, 1, 5, 9), datetime(2020, 1, 6, 9)],
            "dod": [date(2020, 1, 5), date(2020, 1, 5)],
        }
    )
    found = end_of_follow_up(
        persons, [End("dod", reason="death"), End("discharge")], index="entry", clock="time"
    )
    assert found["end_reason"].to_list() == ["discharge", "death"]
    assert found["end_date_only"].to_list() == [False, True]
    assert found["end_time"].to_list() == [datetime(2020, 1, 5, 9), datetime(2020, 1, 5)]


def test_event_time_from_sources_in_order_of_trust():
    ward = pl.DataFrame(
        {
            "id": ["a", "a", "b", "d"],
            "deathtime": [datetime(2020, 1, 5, 9), None, datetime(2020, 2, 1, 10), datetime(2020, 4, 1, 8)],
            "dischtime": [
                datetime(2020, 1, 5, 9),
                datetime(2019, 1, 1, 8),
                datetime(2020, 1, 31, 10),
                datetime(2020, 4, 1, 8),
            ],
        }
    )
    register = pl.DataFrame(
        {"id": ["a", "b", "c"], "dod": [date(2020, 1, 5), date(2020, 2, 3), date(2020, 3, 1)]}
    )
    known = first_known(
        [Source("ward.deathtime", ward, "deathtime"), Source("register.dod", register, "dod")],
        id="id",
        clock="time",
    )
    assert known.frame.rows() == [
        ("a", datetime(2020, 1, 5, 9), False, "ward.deathtime"),
        ("b", datetime(2020, 2, 1, 10), False, "ward.deathtime"),
        ("c", datetime(2020, 3, 1), True, "register.dod"),
        ("d", datetime(2020, 4, 1, 8), False, "ward.deathtime"),
    ]
    assert known.by_source == {"ward.deathtime": 3, "register.dod": 1}
    discharge, registered = known.comparisons
    # a discharge a day before the death of its own stay; a register two days late
    assert (discharge.second, discharge.n_both, discharge.n_agree, discharge.n_first_later) == (
        "ward.dischtime",
        3,
        2,
        1,
    )
    assert (registered.n_both, registered.n_agree, registered.n_first_earlier) == (2, 1, 1)
    assert (discharge.largest_difference_days, registered.largest_difference_days) == (1.0, 2.0)
