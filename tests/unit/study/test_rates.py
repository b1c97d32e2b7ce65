"""Rates of a study: cells add up, missing values have rows of their own, nobody is shared out."""

from __future__ import annotations

import polars as pl
import pytest

from riskset.study.ids import parse_id
from riskset.study.rates import Cells, RateUnit, outcome_rates
from riskset.study.survival import survival_curve

YEAR = 365.25
CELLS = Cells(
    exposure="mg_group",
    modifier="drug_use",
    exposure_levels=("high", "low"),
    modifier_levels=("naive", "user"),
    exposure_label="Magnesium",
    modifier_label="Drug",
)
# A: 1 year high naive, 1 year low naive, event; B: 2 years unknown, user; C: 1 year low naive, 1 year high naive
ROWS = pl.DataFrame(
    {
        "id": ["A", "A", "B", "C", "C"],
        "entry": [0.0, YEAR, 0.0, 0.0, YEAR],
        "exit": [YEAR, 2 * YEAR, 2 * YEAR, YEAR, 2 * YEAR],
        "death": [0, 1, 1, 0, 0],
        "mg_group": ["high", "low", None, "low", "high"],
        "drug_use": ["naive", "naive", "user", "naive", "naive"],
    },
    schema_overrides={"mg_group": pl.Enum(["high", "low"]), "drug_use": pl.Enum(["naive", "user"])},
)


def test_the_cells_add_up_to_the_total() -> None:
    rates = outcome_rates(ROWS, "death", "Death", id="id", cells=CELLS, rate_unit=RateUnit(100, "years"))
    by_cell = {(c.exposure, c.modifier): c.rate for c in rates.cells}
    assert list(by_cell) == [
        ("high", "naive"),
        ("low", "naive"),
        ("high", "user"),
        ("low", "user"),
        (None, "user"),
    ]
    assert rates.total.basis.n_events == sum(r.basis.n_events for r in by_cell.values()) == 2
    assert rates.total.basis.person_years == pytest.approx(6.0)
    assert sum(r.basis.person_years for r in by_cell.values()) == pytest.approx(6.0)
    assert sum(r.basis.n_rows for r in by_cell.values()) == ROWS.height
    assert by_cell["low", "naive"].estimate == pytest.approx(100 * 1 / 2)
    assert by_cell["low", "naive"].basis.n_persons == 2
    assert by_cell[None, "user"].basis.n_events == 1
    assert rates.median_follow_up_years == pytest.approx(2.0)


def test_a_cell_without_anybody_says_so() -> None:
    rates = outcome_rates(ROWS, "death", "Death", id="id", cells=CELLS, rate_unit=RateUnit(1, "years"))
    empty = next(c.rate for c in rates.cells if (c.exposure, c.modifier) == ("low", "user"))
    assert empty.estimate is None
    assert empty.warnings == ("Nobody was ever in this cell.",)
    assert parse_id(empty.id).levels == ("low", "user")


def test_person_years_do_not_depend_on_the_printed_unit() -> None:
    by_day = outcome_rates(ROWS, "death", "Death", id="id", cells=CELLS, rate_unit=RateUnit(100, "days"))
    assert by_day.total.basis.person_years == pytest.approx(6.0)
    assert by_day.total.estimate == pytest.approx(100 * 2 / (6 * YEAR))
    assert by_day.total.unit == "events per 100 person-days"


def test_survival_by_hand() -> None:
    curve = survival_curve(ROWS, "death", "Death", id="id")
    (group,) = curve.groups
    # three at risk until two years, when two die and one leaves: 1 - 2/3
    assert group.time_years == pytest.approx((0.0, 2.0))
    assert group.survival == pytest.approx((1.0, 1 / 3))
    assert group.at_risk[0] == 3
    assert (group.basis.n_persons, group.basis.n_events) == (3, 2)
    assert curve.grouping is None


def test_everybody_dead_leaves_limits_that_can_be_drawn() -> None:
    rows = ROWS.filter(pl.col("id") != "C")
    (group,) = survival_curve(rows, "death", "Death", id="id").groups
    assert group.survival[-1] == 0.0
    assert group.lower[-1] == 0.0
    assert 0.0 <= group.upper[-1] <= 1.0


def test_a_handful_of_persons_is_named_and_not_drawn() -> None:
    rows = pl.DataFrame(
        {
            "id": [f"p{k:02d}" for k in range(29)],
            "entry": 0.0,
            "exit": [float(k + 1) for k in range(29)],
            "death": [k % 2 for k in range(29)],
            "group": pl.Series(["a"] * 10 + ["b"] * 10 + ["c"] * 9, dtype=pl.Enum(["a", "b", "c"])),
        }
    )
    curve = survival_curve(rows, "death", "Death", id="id", by="group", grouping="Use at index")
    assert [group.basis.n_persons for group in curve.groups] == [10, 10]
    assert [(count.label, count.n) for count in curve.not_drawn] == [("c", 9)]
    alone = survival_curve(
        rows.filter(pl.col("group") == "c"), "death", "Death", id="id", by="group", grouping="Use at index"
    )
    assert len(alone.groups) == 1
    assert alone.not_drawn == ()
