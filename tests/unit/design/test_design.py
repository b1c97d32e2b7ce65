"""Designs: what is learnt from the fitted rows is frozen and replayed; profiles name variables and levels."""

from __future__ import annotations

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from riskset.basis import default_knots, restricted_cubic_spline
from riskset.design import build_design, parse_formula, to_polars
from riskset.errors import DesignError, RisksetWarning

ROWS = pl.DataFrame(
    {
        "age": [40.0, 50.0, 60.0, 70.0, 80.0, 90.0],
        "sex": ["m", "f", "f", "m", "m", "f"],
        "drug": pl.Series(
            ["never", "current", "former", "never", "current", "never"],
            dtype=pl.Enum(["never", "current", "former"]),
        ),
        "low": [True, False, True, False, True, True],
        "old": [0, 0, 0, 1, 1, 1],
    }
)


def design(formula: str, frame: pl.DataFrame = ROWS, **options: object):
    return build_design(parse_formula(formula), frame, **options)  # type: ignore[arg-type]


def test_names_and_levels():
    d = design("low * drug + sex + age")
    assert d.names == (
        "low[True]", "drug[current]", "drug[former]", "sex[m]", "age", "low[True]:drug[current]", "low[True]:drug[former]",
    )  # fmt: skip
    assert d.levels == {"low": (False, True), "drug": ("never", "current", "former"), "sex": ("f", "m")}
    assert [(t.label, t.columns) for t in d.terms] == [
        ("low", (0,)), ("drug", (1, 2)), ("sex", (3,)), ("age", (4,)), ("low:drug", (5, 6)),
    ]  # fmt: skip


def test_profile_defaults_are_reference_level_and_mean():
    d = design("low * drug + sex + age + old")
    np.testing.assert_array_equal(
        d.row({}), [0, 0, 0, 0, 65.0, 0, 0, 0]
    )  # old takes 0 and 1 only: 0, not its mean
    np.testing.assert_array_equal(d.row({"low": True, "drug": "former"}), [1, 0, 1, 0, 65.0, 0, 0, 1])
    grid = d.rows({"age": [50.0, 60.0], "drug": "current"})
    np.testing.assert_array_equal(grid[:, [1, 4]], [[1, 50.0], [1, 60.0]])


def test_profile_refusals():
    d = design("drug + sex")
    with pytest.raises(DesignError, match=r"no variable 'drugs'\n.*Did you mean 'drug'"):
        d.row({"drugs": "current"})
    with pytest.raises(DesignError, match="drug"):
        d.row({"drug": "sometimes"})
    with pytest.raises(DesignError, match=r"Levels are f, m"):
        d.row({"sex": "x"})


def test_levels_and_knots_are_replayed_on_other_rows():
    d = design("rcs(age, knots=[45, 60, 75]) + drug")
    np.testing.assert_allclose(
        d.matrix(ROWS[:1]),
        np.hstack([restricted_cubic_spline(np.array([40.0]), np.array([45.0, 60.0, 75.0])), [[0.0, 0.0]]]),
    )
    assert d.knots == {"age": (45.0, 60.0, 75.0)}
    assert d.names == ("age", "age'", "drug[current]", "drug[former]")
    # text where an Enum was fitted, levels missing from the rows
    other = pl.DataFrame({"age": [40], "drug": ["former"]})
    np.testing.assert_array_equal(d.matrix(other)[0, 2:], [0.0, 1.0])


def test_factor_with_a_reference():
    d = design("factor(sex, ref='m') + factor(old)")
    assert d.names == ("factor(sex, ref='m')[f]", "factor(old)[1]")
    assert d.levels["sex"] == ("m", "f")
    assert d.row({"sex": "f", "old": 1}).tolist() == [1.0, 1.0]


def test_knots_rest_on_the_first_row_of_each_person():
    rng = np.random.default_rng(3)
    first = rng.normal(2.5, 0.4, 150)
    frame = pl.DataFrame(
        {
            "id": np.repeat(np.arange(150), 3),
            "entry": np.tile([0.0, 30.0, 60.0], 150),
            "mg": np.column_stack([first, first + 1, first + 5]).ravel(),
        }
    ).sample(fraction=1.0, shuffle=True, seed=1)
    d = design("rcs(mg, 4)", frame, order=pl.col("entry"), person="id")
    np.testing.assert_allclose(d.knots["mg"], default_knots(first, 4))
    rows = design("rcs(mg, 4)", frame)
    np.testing.assert_allclose(rows.knots["mg"], default_knots(frame["mg"].to_numpy(), 4))


def test_tied_quantiles_give_fewer_knots_and_say_so():
    x = np.concatenate([np.ones(60), np.linspace(2, 5, 60)])
    with pytest.warns(RisksetWarning, match=r"rcs\(x, 5\): tied values leave \d distinct knots of 5"):
        d = design("rcs(x, 5)", pl.DataFrame({"x": x}))
    assert 3 <= len(d.knots["x"]) < 5
    with pytest.raises(DesignError, match="a spline needs three"):
        design("rcs(x, 3)", pl.DataFrame({"x": [1.0] * 200}))


@pytest.mark.parametrize(
    "formula",
    [
        "rcs(age)",
        "rcs(age, 2)",
        "rcs(age, 8)",
        "rcs(age, [1, 2])",
        "rcs(age, sex)",
        "rcs(age, 3, 4)",
        "rcs()",
    ],
)
def test_splines_that_cannot_be(formula):
    with pytest.raises(DesignError):
        design(formula)


@pytest.mark.parametrize(
    "formula",
    ["eval(age)", "sqrt(age, 2)", "log(rcs(age, 3))", "I(strata(sex))", "strata()", "factor(sex, ref='x')"],
)
def test_functions_outside_the_list_are_refused(formula):
    with pytest.raises(DesignError):
        design(formula)


def test_no_infinite_or_missing_covariate():
    with pytest.raises(DesignError, match="logarithm of zero") as refused:
        design("log(old)").matrix(ROWS)
    assert refused.value.rows == (2, 3, 4)
    with pytest.raises(DesignError, match="missing"):
        design("age").matrix(pl.DataFrame({"age": [1.0, None]}))
    with pytest.raises(DesignError, match="missing or is no level"):
        design("sex").matrix(pl.DataFrame({"sex": ["m", None]}))


def test_a_spline_beside_its_own_variable_is_refused():
    with pytest.raises(DesignError, match="both make the column 'age'"):
        design("age + rcs(age, knots=[45, 60, 75])")


def test_dates_are_no_covariates():
    with pytest.raises(DesignError, match="cannot be a covariate"):
        design("day", pl.DataFrame({"day": [1, 2]}, schema={"day": pl.Date}))


def test_frames_of_any_library():
    ordered = pd.Categorical(["u", "v", None], categories=["v", "u"])
    pandas = pd.DataFrame(
        {"x": [1.0, 2.0, None], "s": ["a", None, "b"], "c": ordered, "b": [True, False, True]}
    )
    frame = to_polars(pandas)
    assert frame["x"].to_list() == [1.0, 2.0, None]
    assert frame["s"].to_list() == ["a", None, "b"]
    assert frame.schema["c"] == pl.Enum(["v", "u"])
    assert frame["c"].to_list() == ["u", "v", None]
    assert frame.schema["b"] == pl.Boolean
    arrow = pa.table({"x": [1.0, float("nan")]})
    assert to_polars(arrow)["x"].to_list() == [1.0, None]
    assert to_polars(ROWS.lazy()).equals(ROWS)

    class Stream:
        def __arrow_c_stream__(self, requested_schema=None):
            return ROWS.__arrow_c_stream__(requested_schema)

    assert to_polars(Stream()).schema == ROWS.schema
    with pytest.raises(DesignError, match="cannot read a table from a int"):
        to_polars(3)
    with pytest.raises(DesignError, match="no column 'agee'"):
        to_polars(ROWS, ["agee"])


@pytest.mark.parametrize(
    ("term", "words"),
    [
        ("bs(age, 5, 3)", "cannot read"),
        ("bs(age, knot=[50])", "cannot read"),
        ("bs(age, df=2)", "df must be 3 or more"),
        ("bs(age, df=5.5)", "whole number"),
        ("bs(age, df=5, knots=[50])", "df or knots"),
        ("bs(age, degree=0)", "use a category"),
        ("bs(age, knots=[10])", "on or outside the boundary"),
        ("bs(age, boundary=[10])", "two different numbers"),
        ("ns(old + 0 * age - old)", "all values are the same"),
        ("ns(age, df=age)", "must be numbers"),
        ("poly(old, 2)", "less than the number of values"),
        ("poly(age, 2, raw=1)", "TRUE or FALSE"),
        ("rcs(age, k=3, knots=[1, 2, 3])", "cannot read"),
        ("rcs(age)", "cannot read"),
    ],
)
def test_splines_that_cannot_be_are_refused(term, words):
    with pytest.raises(DesignError, match=words):
        design(term)


def test_knots_of_b_splines_come_from_one_value_per_person_and_are_replayed():
    rows = pl.DataFrame({"id": [1, 1, 1, 2, 3], "t": [0, 1, 2, 0, 0], "x": [1.0, 9.0, 9.0, 2.0, 4.0]})
    d = design("bs(x, df=4) + ns(x, 2) + poly(x, 2, raw=TRUE)", rows, order=pl.col("t"), person="id")
    assert d.names == (
        "bs(x, df=4)[1]", "bs(x, df=4)[2]", "bs(x, df=4)[3]", "bs(x, df=4)[4]", "ns(x, 2)[1]", "ns(x, 2)[2]",
        "poly(x, 2, raw=TRUE)[1]", "poly(x, 2, raw=TRUE)[2]",
    )  # fmt: skip
    bs, ns, poly = d.factors
    assert bs.knots == ns.knots == (2.0,)  # the median of 1, 2 and 4
    assert bs.basis.boundary == (1.0, 9.0)  # the range of all rows
    assert (poly.knots, d.variables) == ((), ("x",))
    np.testing.assert_array_equal(d.matrix(rows)[2:4], d.matrix(rows[2:4]))
    with pytest.warns(RisksetWarning, match="beyond its boundary knots"):
        d.row({"x": 10.0})


def test_tied_values_leave_fewer_knots_of_a_b_spline():
    rows = pl.DataFrame({"x": [1.0] * 8 + [2.0, 3.0]})
    with pytest.warns(RisksetWarning, match="0 distinct knots of 1"):
        assert design("bs(x, df=4)", rows).names == tuple(f"bs(x, df=4)[{j}]" for j in (1, 2, 3))
