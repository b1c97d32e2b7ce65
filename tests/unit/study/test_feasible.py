"""What data cannot answer is refused before a model is fitted."""

from __future__ import annotations

import re
from pathlib import Path

import polars as pl
import pytest

from riskset.study import read_plan
from riskset.study.feasible import infeasible

ROOT = Path(__file__).parents[3]
GROUPS = [">= 2.4 mg/dL", "< 2.4 mg/dL"]
LEVELS = ["naive", "user", "past"]


@pytest.fixture(scope="module")
def plan(tmp_path_factory):
    text = (ROOT / "examples" / "haemodialysis" / "study.toml").read_text("utf-8")
    text = re.sub(
        r"^\[models\].*?(?=^\[report\])",
        '[models]\n"Model 1" = { adjust = "log(vintage)" }\n\n',
        text,
        flags=re.DOTALL | re.MULTILINE,
    )
    path = tmp_path_factory.mktemp("plan") / "study.toml"
    path.write_text(text, "utf-8")
    return read_plan(path)


GOOD = {
    "id": ["a", "b", "c"],
    "entry": [0.0, 0.0, 0.0],
    "exit": [9.0, 8.0, 7.0],
    "mg": [2.5, 2.2, 2.6],
    "mg_group": [GROUPS[0], GROUPS[1], GROUPS[0]],
    "calcimimetic_use": LEVELS,
    "vintage": [10.0, 20.0, 30.0],
    "death": [False, True, False],
}
SCHEMA = {
    "mg": pl.Float64,
    "mg_group": pl.Enum(GROUPS),
    "calcimimetic_use": pl.Enum(LEVELS),
    "vintage": pl.Float64,
}


def rows(**changed) -> pl.DataFrame:
    return pl.DataFrame(GOOD | changed, schema_overrides=SCHEMA)


def test_nothing_stands_against_a_table_with_all_groups_and_an_event(plan):
    assert infeasible(plan, "death", rows()) == []


def test_everything_that_is_missing_is_named(plan):
    poor = rows(
        mg=[2.6, 2.6, None],
        mg_group=[GROUPS[0], GROUPS[0], None],
        calcimimetic_use=["naive", "past", "naive"],
        death=[False, False, False],
    )
    said = [str(e) for e in infeasible(plan, "death", poor)]
    assert [s.split("\n")[0] for s in said] == [
        'exposure.groups: nobody is ever "< 2.4 mg/dL" during follow-up',
        'modifier.levels: nobody is ever "user" during follow-up',
        "exposure.curve.reference: the reference of the curve lies outside all values in force during follow-up",
        "outcomes.death: no eligible person has the event during follow-up",
    ]
    assert all("Remedy: " in s for s in said)


def test_covariates_that_leave_no_event_are_named(plan):
    (said,) = infeasible(plan, "death", rows(vintage=[10.0, None, None]))
    assert "outcomes.death: no event is left where every covariate is known" in str(said)
    assert "vintage (67% of the episodes)" in str(said)


def test_a_term_without_a_value_is_named_without_row_numbers_that_no_file_has(plan):
    (said,) = infeasible(plan, "death", rows(vintage=[0.0, 20.0, 30.0]))
    assert str(said).startswith('models."Model 1": log(vintage): ')
    assert "(1 of 3 episodes)" in str(said)
    assert "row" not in str(said)
