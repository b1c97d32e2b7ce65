"""What is fixed at index: types of baseline values, and what is refused."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

from riskset.errors import PlanError
from riskset.study.people import MOST_LEVELS, fixed_columns
from riskset.study.plan_read import plan_from_toml

PLAN = """
riskset = 1
title = "t"
question = "q"
[data]
id = "id"
[tables]
people = { file = "people.csv" }
labs = { file = "labs.csv", time = "day", value = "value", unit = "unit" }
drugs = { file = "drugs.csv", start = "start", stop = "stop" }
events = { file = "events.csv", time = "day" }
[cohort]
from = "people"
index = "index"
max_followup = "1 year"
[baseline]
x = { BASELINE, label = "X" }
[measures]
mg = { unit = "mg/dL", label = "Mg" }
[drugs]
d = { label = "D" }
[outcomes]
death = { label = "Death" }
[exposure]
measure = "mg"
groups = { below = 2.0, labels = ["low", "high"], reference = "high" }
[modifier]
drug = "d"
levels = { off = ["never", "former"], on = ["current"] }
[models]
m = { adjust = "x" }
"""


def fixed(baseline: str, column: pl.Series) -> pl.Series:
    plan = plan_from_toml(PLAN.replace("BASELINE", baseline))
    frame, pending = fixed_columns(plan, pl.DataFrame({"raw": column}), plan.baseline)  # pyright: ignore[reportArgumentType]
    assert pending == ()
    return frame["x"]


def test_whole_numbers_0_and_1_are_yes_and_no() -> None:
    assert fixed('column = "raw"', pl.Series([1, 0, None])).to_list() == [True, False, None]


def test_other_numbers_stay_numbers() -> None:
    assert fixed('column = "raw"', pl.Series([1, 0, 2])).to_list() == [1.0, 0.0, 2.0]
    assert fixed('column = "raw"', pl.Series([0.0, 1.0])).dtype == pl.Float64


def test_the_reference_comes_first() -> None:
    x = fixed('column = "raw", reference = "m"', pl.Series(["f", "m", " m ", ""]))
    assert isinstance(x.dtype, pl.Enum)
    assert x.dtype.categories.to_list() == ["m", "f"]
    assert x.to_list() == ["f", "m", "m", None]


def test_hidden_values_become_what_the_plan_says() -> None:
    x = fixed('column = "raw", above = 120.0, becomes = 91.4', pl.Series([300.1, 50.0, None]))
    assert x.to_list() == [91.4, 50.0, None]


def test_an_expression_of_what_is_known_only_at_index_waits() -> None:
    plan = plan_from_toml(PLAN.replace("BASELINE", 'expression = "mg * 2"'))
    frame = pl.DataFrame({"raw": [1]})
    same, pending = fixed_columns(plan, frame, plan.baseline)
    assert pending == ("x",)
    assert same.equals(frame)
    later, pending = fixed_columns(plan, frame.with_columns(mg=pl.lit(2.5)), pending)
    assert pending == ()
    assert later["x"].to_list() == [5.0]


@pytest.mark.parametrize(
    ("column", "baseline", "rule"),
    [
        (pl.Series(["f", "m"]), 'column = "raw", reference = "x"', "nobody has the reference level"),
        (pl.Series([date(2020, 1, 1)]), 'column = "raw"', "is a date"),
        (pl.Series([f"name {i}" for i in range(MOST_LEVELS + 1)]), 'column = "raw"', "no category"),
        (pl.Series([1]), 'column = "row"', "has a column 'row'"),
    ],
)
def test_what_is_no_baseline_value_is_refused(column: pl.Series, baseline: str, rule: str) -> None:
    with pytest.raises(PlanError, match=rule):
        fixed(baseline, column)


def test_levels_of_few_persons_are_not_told() -> None:
    with pytest.raises(PlanError) as refused:
        fixed('column = "raw", reference = "x"', pl.Series(["f"] * 5 + ["m"] * 4 + ["Jane Doe"]))
    assert str(refused.value).endswith("Levels: f, 2 of fewer than 5 persons, not shown.")
    assert "Jane" not in str(refused.value)
