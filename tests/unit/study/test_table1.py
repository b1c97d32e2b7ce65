"""Table 1 against hand algebra and against closed forms."""

from __future__ import annotations

import math
from functools import partial

import polars as pl
import pytest

from riskset.errors import CohortError
from riskset.study.table1 import NOT_KNOWN, Characteristic
from riskset.study.table1 import describe as describe_cohort

USE = pl.Enum(["naive", "user"])
describe = partial(describe_cohort, fewest_compared=2)  # hand algebra needs small groups


def test_continuous_by_hand() -> None:
    persons = pl.DataFrame(
        {"x": [1.0, 2.0, 3.0, 4.0, None, 6.0], "g": ["naive", "naive", "naive", "user", "user", "user"]},
        schema_overrides={"g": USE},
    )
    (row,) = describe(persons, [Characteristic("x", "X", "mg")], by="g", label="G").rows
    # all: 1 2 3 4 6; type-7 quartiles 2, 3, 4; mean 16/5; SS = 66 - 256/5 = 14.8, SD = sqrt(3.7)
    assert (row.overall.n, row.overall.missing) == (5, 1)
    assert (row.overall.q1, row.overall.median, row.overall.q3) == (2.0, 3.0, 4.0)
    assert row.overall.mean == pytest.approx(3.2, abs=1e-15)
    assert row.overall.sd == pytest.approx(math.sqrt(3.7), abs=1e-15)
    # means 2 and 5, variances 1 and 2: SMD = 3 / sqrt(1.5)
    assert row.smd == pytest.approx(3 / math.sqrt(1.5), abs=1e-15)
    assert row.unit == "mg"


def test_two_levels_follow_the_closed_form() -> None:
    # p = 3/4, q = 1/4: |p - q| / sqrt((p(1-p) + q(1-q)) / 2) = 0.5 / sqrt(3/16) (Austin 2009, eq. 2)
    persons = pl.DataFrame(
        {"s": ["f", "m", "m", "m", "f", "f", "f", "m"], "g": ["naive"] * 4 + ["user"] * 4},
        schema_overrides={"g": USE},
    )
    female, male = describe(persons, [Characteristic("s", "Sex")], by="g", label="G").rows
    assert (female.level, male.level) == ("f", "m")
    assert (male.overall.count, male.overall.percent) == (4, 50.0)
    assert [g.percent for g in male.groups] == [75.0, 25.0]
    assert female.smd == pytest.approx(0.5 / math.sqrt(3 / 16), abs=1e-14)
    assert male.smd is None  # on a variable's first line only


def test_booleans_show_yes_alone_and_equal_the_text_form() -> None:
    flags = [True, True, False, None, False, True]
    persons = pl.DataFrame(
        {
            "b": flags,
            "t": [None if f is None else ("y" if f else "n") for f in flags],
            "g": ["naive", "user"] * 3,
        },
        schema_overrides={"g": USE},
    )
    table = describe(persons, [Characteristic("b", "B"), Characteristic("t", "T")], by="g", label="G")
    yes, _, also_yes = table.rows
    assert yes.level == "yes"
    assert yes.overall == also_yes.overall
    assert yes.overall.missing == 1
    assert yes.smd == pytest.approx(table.rows[1].smd or 0.0, abs=1e-15)


def test_three_groups_take_the_largest_difference() -> None:
    persons = pl.DataFrame(
        {"x": [0.0, 2.0, 1.0, 3.0, 9.0, 11.0], "g": ["a", "a", "b", "b", "c", "c"]},
        schema_overrides={"g": pl.Enum(["a", "b", "c"])},
    )
    (row,) = describe(persons, [Characteristic("x", "X")], by="g", label="G").rows
    assert row.smd == pytest.approx(9 / math.sqrt(2), abs=1e-14)  # means 1 and 10, variances 2 and 2


def test_people_of_unknown_group_are_shown_but_not_compared() -> None:
    persons = pl.DataFrame(
        {"x": [0.0, 2.0, 1.0, 3.0, 50.0], "g": ["naive", "naive", "user", "user", None]},
        schema_overrides={"g": USE},
    )
    table = describe(persons, [Characteristic("x", "X")], by="g", label="G")
    assert [(c.label, c.n) for c in table.groups] == [("naive", 2), ("user", 2), (NOT_KNOWN, 1)]
    assert sum(c.n for c in table.groups) == table.total == 5
    assert table.rows[0].smd == pytest.approx(1 / math.sqrt(2), abs=1e-14)


def test_empty_groups_constants_and_disjoint_levels_have_no_distance() -> None:
    persons = pl.DataFrame(
        {
            "x": [1.0, 1.0, 2.0, 2.0],
            "same": [5.0] * 4,
            "lv": ["p", "p", "q", "q"],
            "g": ["naive"] * 2 + ["user"] * 2,
        },
        schema_overrides={"g": USE},
    )
    items = [Characteristic("x", "X"), Characteristic("same", "S"), Characteristic("lv", "L")]
    x, same, lv, _ = describe(persons, items, by="g", label="G").rows
    assert x.smd is None
    assert same.smd == 0.0
    assert lv.smd is None
    nobody = persons.with_columns(g=pl.lit("naive", USE))
    row = describe(nobody, items[:1], by="g", label="G").rows[0]
    assert (row.groups[1].n, row.groups[1].median, row.smd) == (0, None, None)


def test_a_missing_column_is_named() -> None:
    with pytest.raises(CohortError, match="'bmi'"):
        describe(pl.DataFrame({"g": ["a"]}), [Characteristic("bmi", "BMI")], by="g", label="G")


def test_a_group_of_a_handful_is_shown_and_not_compared() -> None:
    persons = pl.DataFrame(
        {"x": [0.0, 1.0] * 10 + [9.0] * 3, "g": ["naive"] * 10 + ["user"] * 10 + ["past"] * 3},
        schema_overrides={"g": pl.Enum(["naive", "user", "past"])},
    )
    (row,) = describe_cohort(persons, [Characteristic("x", "X")], by="g", label="G").rows
    assert row.groups[2].mean == 9.0
    assert row.smd == 0.0  # naive and user are alike
