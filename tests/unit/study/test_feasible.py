"""What data cannot answer is refused before a model is fitted."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from riskset.study import read_plan
from riskset.study.feasible import infeasible

ROOT = Path(__file__).parents[3]
GROUPS = [">= 2.4 mg/dL", "< 2.4 mg/dL"]
LEVELS = ["naive", "user", "past"]


@pytest.fixture(scope="module")
def plan():
    return read_plan(ROOT / "examples" / "haemodialysis" / "study.toml")


def rows(
    groups: list[str | None],
    uses: list[str | None],
    events: list[bool],
    mg: tuple[float | None, ...] = (2.5, 2.2, 2.6),
) -> pl.DataFrame:
    return pl.DataFrame(
        {"mg": mg, "mg_group": groups, "calcimimetic_use": uses, "death": events},
        schema={
            "mg": pl.Float64,
            "mg_group": pl.Enum(GROUPS),
            "calcimimetic_use": pl.Enum(LEVELS),
            "death": pl.Boolean,
        },
    )


def test_nothing_stands_against_a_table_with_all_groups_and_an_event(plan):
    assert infeasible(plan, "death", rows([*GROUPS, GROUPS[0]], LEVELS, [False, True, False])) == []


def test_everything_that_is_missing_is_named(plan):
    poor = rows([GROUPS[0], None], ["naive", "past"], [False, False], mg=(2.6, None))
    said = [str(e) for e in infeasible(plan, "death", poor)]
    assert [s.split("\n")[0] for s in said] == [
        'exposure.groups: nobody is ever "< 2.4 mg/dL" during follow-up',
        'modifier.levels: nobody is ever "user" during follow-up',
        "exposure.curve.reference: the reference of the curve lies outside all values in force during follow-up",
        "outcomes.death: no eligible person has the event during follow-up",
    ]
    assert all("Remedy: " in s for s in said)
