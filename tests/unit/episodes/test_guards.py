"""The guards that run on every build must be able to fail, and rounding must not depend on order."""

from itertools import permutations

import numpy as np
import polars as pl
import pytest

from riskset.episodes import Timeline
from riskset.episodes.build import cut, require_no_future
from riskset.episodes.tracks import Track, steps
from riskset.errors import EpisodeError
from riskset.tables.ticks import (
    BEFORE,
    DAY,
    NEVER,
    duration_ticks,
    order_by_person_and_time,
    significant,
    to_ticks,
)


def track(source: list[int], start: list[int]) -> Track:
    return Track("mg", np.zeros(len(start), np.int64), np.array(start), np.ones(len(start)), np.array(source))


def test_a_value_from_the_future_is_caught():
    stop = np.array([10 * DAY])
    fine = track([BEFORE, 3 * DAY], [0, 3 * DAY])
    require_no_future(cut(stop, [fine]), [fine])
    # drawn on day 4 and in force from day 3: within the same row's (3, 10], and still the future on day 3
    ahead = track([BEFORE, 4 * DAY], [0, 3 * DAY])
    with pytest.raises(EpisodeError, match="before it was known"):
        require_no_future(cut(stop, [ahead]), [ahead])


def test_follow_up_beyond_counting_is_refused():
    with pytest.raises(EpisodeError, match="too long"):
        cut(np.full(4, NEVER), [])


def test_order_of_summands_plays_no_part():
    # 1e16 + 1 - 1e16 is 0 or 1 or 2 in binary, by the order of adding
    persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [9]})
    found = set()
    for values in permutations([1e16, 1.0, -1e16, 3.0]):
        labs = pl.DataFrame({"id": "P", "day": [0] * 4, "mg": list(values)})
        built = Timeline(persons, id="id", entry="entry", exit="exit").measure(
            "mg", labs, time="day", value="mg"
        )
        found.add(built.at_entry()["mg"].item())
    assert len(found) == 1


@pytest.mark.parametrize(("mmol", "mg"), [(0.58, 1.40969), (0.76, 1.84718), (0.78, 1.89579), (0.82, 1.99301)])
def test_converted_values_are_the_decimal_numbers_that_they_mean(mmol, mg):
    # each product with 2.4305 is exact in decimals and falls short of it in binary
    assert mmol * 2.4305 < mg
    persons = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [9]})
    labs = pl.DataFrame({"id": "P", "day": [0], "mg": [mmol], "unit": ["mmol/L"]})
    built = Timeline(persons, id="id", entry="entry", exit="exit").measure(
        "mg", labs, time="day", value="mg", unit="unit", to="mg/dL", analyte="magnesium"
    )
    assert built.at_entry()["mg"].item() == mg
    assert built.derive("low", f"mg < {mg}").at_entry()["low"].item() is False


@pytest.mark.parametrize("value", [2.4, 0.05, 1234567.89, 1e-12, 1e22, 123456789.0, -3.7, 0.0])
def test_nine_significant_digits_are_kept(value):
    assert significant(np.array([value]))[0] == value
    assert significant(np.array([value * (1 + 3e-16)]))[0] == value


def test_ten_digits_are_rounded_to_nine():
    rounded = significant(np.array([1.23456789012, 98765432123.0, np.inf, np.nan]))
    np.testing.assert_array_equal(rounded, [1.23456789, 98765432100.0, np.inf, np.nan])


def test_durations_and_days_are_exact():
    assert duration_ticks(1826.25) == 157_788_000_000
    third = to_ticks(pl.Series([1 / 3, 2 / 3]), "time").ticks
    assert third[1] == 2 * third[0]


def test_order_survives_spans_that_do_not_fit_one_key():
    person = np.array([1, 0, 1, 0])
    ticks = np.array([5, NEVER, -NEVER, 0])
    assert order_by_person_and_time(person, ticks).tolist() == [3, 1, 2, 0]
    assert order_by_person_and_time(np.zeros(0, np.int64), np.zeros(0, np.int64)).tolist() == []


def test_steps_of_nobody():
    none = np.zeros(0, np.int64)
    bare = steps("mg", 2, none, none, none, np.zeros(0), none, empty=np.nan, lapsed=np.nan)
    assert bare.person.tolist() == [0, 1]
    assert np.isnan(bare.value).all()


def test_what_grows_is_known_at_entry_without_the_years_after_it():
    people = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
    use = pl.DataFrame({"id": ["P"], "day": [-10]})
    built = Timeline(people, id="id", entry="entry", exit="exit").drug(
        "days", use, start="day", state="days since start", missing_stop="ongoing", step="0.001 days"
    )
    assert built.at_entry()["days"].to_list() == [10.0]


def test_seconds_read_as_days_do_not_cut_follow_up_into_dust():
    people = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [200_000_000]})
    use = pl.DataFrame({"id": ["P"], "day": [-10]})
    built = Timeline(people, id="id", entry="entry", exit="exit").drug(
        "days", use, start="day", state="days since start", step="1 days"
    )
    with pytest.raises(EpisodeError, match="would cut the follow-up into more than 100,000,000 pieces"):
        built.event("death", at="exit").episodes("death")


@pytest.mark.parametrize("day", [float("inf"), float("-inf"), 1e300, 2**62])
def test_days_beyond_counting_are_rejects(day: float):
    people = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
    labs = pl.DataFrame({"id": ["P", "P"], "day": [float(day), 5.0], "mg": [2.3, 2.4]})
    built = Timeline(people, id="id", entry="entry", exit="exit", allowance=None).measure(
        "mg", labs, time="day", value="mg"
    )
    assert built.rejects.frame.select("row", "rule").rows() == [
        (2, "a date must lie within the plausible dates")
    ]


def test_where_everybody_is_set_aside_nobody_has_follow_up():
    people = pl.DataFrame({"id": ["P"], "entry": [5], "exit": [4]})
    built = Timeline(people, id="id", entry="entry", exit="exit", allowance=None).event("death", at="exit")
    with pytest.raises(EpisodeError, match="nobody has follow-up"):
        built.episodes("death")


def test_a_supply_beyond_counting_lasts():
    people = pl.DataFrame({"id": ["P"], "entry": [0], "exit": [100]})
    supply = pl.DataFrame({"id": ["P"], "day": [10], "days": [1e300]})
    built = Timeline(people, id="id", entry="entry", exit="exit").drug(
        "use", supply, start="day", days_supply="days"
    )
    rows = built.event("death", at="exit").episodes("death").frame.select("entry", "exit", "use").rows()
    assert rows == [(0.0, 10.0, "never"), (10.0, 100.0, "current")]


def test_a_condition_on_a_second_record_needs_one():
    persons = pl.DataFrame({"id": ["a"], "start": [0], "end": [9], "status": [0]})
    timeline = Timeline(persons, id="id", entry="start", exit="end")
    with pytest.raises(EpisodeError, match="Where there is one record, write where"):
        timeline.event("death", at="end", at_where="status = 1")
