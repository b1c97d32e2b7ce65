"""The first or last value of a day is told by the time of day, or not at all."""

from __future__ import annotations

from typing import Any

import polars as pl
import pytest

from riskset import Timeline
from riskset.errors import EpisodeError


def at_entry(times: list[Any], values: list[float], same_day: str, **options: Any) -> Timeline:
    labs = pl.DataFrame({"id": ["P"] * len(times), "when": times, "mg": values})
    calendar = isinstance(times[0], str)
    entry, end = ("2024-03-05", "2024-09-01") if calendar else (5.0, 200.0)
    persons = pl.DataFrame({"id": ["P"], "entry": [entry], "exit": [end]})
    line = Timeline(persons, id="id", entry="entry", exit="exit", **options)
    return line.measure("mg", labs, time="when", value="mg", same_day=same_day)


def value(line: Timeline) -> float:
    return line.at_entry()["mg"].item()


@pytest.mark.parametrize("same_day", ["first", "last"])
@pytest.mark.parametrize(
    "times",
    [["2024-03-01", "2024-03-01"], ["2024-03-01 00:00", "2024-03-01 00:00:00"], [1, 1], [1.0, 1.0]],
    ids=["dates", "midnights", "whole days", "days"],
)
def test_without_a_time_of_day_there_is_no_first_and_no_last(times, same_day):
    with pytest.raises(EpisodeError, match=f"same_day = '{same_day}' of 'mg' needs times of day") as caught:
        at_entry(times, [2.0, 2.7], same_day)
    assert caught.value.rows == (2, 3)
    assert "'mean', 'min' or 'max'" in str(caught.value)
    assert "2.7" not in str(caught.value)


@pytest.mark.parametrize("clock", ["day", "time"])
def test_midnights_alone_are_dates_on_either_clock(clock):
    with pytest.raises(EpisodeError, match="needs times of day"):
        at_entry(["2024-03-01", "2024-03-01"], [2.0, 2.7], "last", clock=clock)


@pytest.mark.parametrize("values", [[2.0, 2.0], [2.0]])
def test_where_nothing_is_to_be_told_apart_dates_will_do(values):
    line = at_entry(["2024-03-01"] * len(values), values, "last")
    assert value(line) == 2.0
    assert not [n for n in line.notes if n.severity == "warning"]


@pytest.mark.parametrize(("same_day", "expected"), [("first", 2.0), ("last", 2.7)])
def test_the_time_of_day_tells(same_day, expected):
    times = ["2024-03-01 06:00", "2024-03-01 23:00", "2024-03-01 12:00"]
    line = at_entry(times, [2.0, 2.7, 2.2], same_day)
    assert value(line) == expected
    assert not [n for n in line.notes if n.severity == "warning"]


def test_values_that_share_even_the_time_of_day_are_averaged_and_counted():
    times = ["2024-03-01 06:00", "2024-03-01 23:00", "2024-03-01 23:00"]
    line = at_entry(times, [2.0, 2.5, 2.7], "last")
    assert value(line) == 2.6  # (2.5 + 2.7) / 2
    (note,) = [n for n in line.notes if "share the last time" in n.text]
    assert (note.n, note.severity) == (2, "warning")
    first = at_entry(times, [2.0, 2.5, 2.7], "first")
    assert value(first) == 2.0
    assert not [n for n in first.notes if "share the first time" in n.text]
