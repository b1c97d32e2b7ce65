"""One value per person and time, and persons by their ids: the quick ways against a plain one."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.episodes.persons import positions
from riskset.episodes.same_time import OnePerTime, SameDay, one_per_time
from riskset.tables.ticks import BLOCK, DAY, significant

CHANCE = np.random.default_rng(20261122)


def plainly(person: np.ndarray, ticks: np.ndarray, values: np.ndarray, rows: np.ndarray) -> pl.DataFrame:
    frame = pl.DataFrame({"person": person, "time": ticks, "value": values, "row": rows})
    several = pl.len() > 1
    return (
        frame.group_by("person", "time")
        .agg(
            mean=pl.col("value").sort().sum() / pl.len(),
            min=pl.col("value").min(),
            max=pl.col("value").max(),
            row=pl.col("row").min(),
            shared=pl.when(several).then(pl.len()).otherwise(0),
            disagree=pl.col("value").n_unique() > 1,
        )
        .sort("person", "time")
    )


def agree(found: OnePerTime, expected: pl.DataFrame, same_day: SameDay) -> None:
    np.testing.assert_array_equal(found.person, expected["person"])
    np.testing.assert_array_equal(found.time, expected["time"])
    np.testing.assert_array_equal(found.row, expected["row"])
    np.testing.assert_array_equal(found.value, significant(expected[same_day].to_numpy()))
    assert (found.shared, found.disagree) == (expected["shared"].sum(), expected["disagree"].sum())


@pytest.mark.parametrize("same_day", ["mean", "min", "max"])
@pytest.mark.parametrize(
    ("unit", "rising"), [(DAY, True), (DAY, False), (1, True)], ids=["days", "rows in disorder", "times"]
)
def test_several_blocks_are_as_one(same_day: SameDay, unit: int, rising: bool):
    n = BLOCK + 777
    person = CHANCE.integers(0, 3_000, n)
    ticks = CHANCE.integers(-20, 40, n) * unit + (0 if unit == DAY else 1)
    values = np.round(CHANCE.normal(2.4, 0.3, n), 1)
    rows = np.arange(n) + 2 if rising else CHANCE.permutation(n)
    found = one_per_time(person, ticks, values, rows, same_day, None)
    agree(found, plainly(person, ticks, values, rows), same_day)


def test_one_person_and_time_in_more_rows_than_a_block():
    n = BLOCK + 5
    person, ticks = np.zeros(n, np.int64), np.full(n, 7 * DAY)
    values, rows = np.round(CHANCE.normal(size=n), 3), np.arange(n)
    agree(one_per_time(person, ticks, values, rows, "max", None), plainly(person, ticks, values, rows), "max")


def test_times_too_far_apart_for_one_number():
    person = np.array([5, 0, 5, 0, 5])
    ticks = np.array([2**60, -(2**60), 2**60, 1, 0])
    values, rows = np.array([1.0, 2.0, 3.0, 4.0, 5.0]), np.array([9, 8, 7, 6, 5])
    agree(
        one_per_time(person, ticks, values, rows, "mean", None), plainly(person, ticks, values, rows), "mean"
    )


@pytest.mark.parametrize(
    ("ids", "known", "expected"),
    [
        ([3, 1, 9, None], [1, 2, 3], [2, 0, -1, -1]),  # a table
        ([-5, 0, 10**9], [10**9, -5, 7], [1, -1, 0]),  # too wide for one
        (["b", "a", None, "x"], ["a", "b"], [1, 0, -1, -1]),
        (["2", "1"], [1, 2], [1, 0]),  # text and numbers, as the same text
        ([2**62, -(2**62)], [0, 1], [-1, -1]),
        ([1], [], [-1]),
    ],
)
def test_persons_are_found_by_their_ids(ids: list[object], known: list[object], expected: list[int]):
    kind = pl.Int64 if not known else None
    assert positions(pl.Series(ids), pl.Series(known, dtype=kind)).tolist() == expected


def test_ids_of_different_widths_are_the_same_numbers():
    ids = pl.Series([1, 300], dtype=pl.Int64)
    assert positions(ids, pl.Series([1, 44], dtype=pl.UInt8)).tolist() == [0, -1]


def test_rounding_in_pieces_is_rounding_at_once():
    values = np.concatenate([CHANCE.normal(100, 50, 2 * BLOCK), [np.nan, np.inf, 0.1 + 0.2, 2.4]])
    pieces = [significant(part) for part in np.array_split(values, 5)]
    np.testing.assert_array_equal(significant(values), np.concatenate(pieces))
