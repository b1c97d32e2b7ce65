"""Formulas against R's coxph (its columns) and against formulaic (its matrices)."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen
from hypothesis import given
from hypothesis import strategies as st

from riskset.design import build_design, parse_formula

TESTS = Path(__file__).parents[1]
EXPECTED = frozen("design")["columns"]
DATA = pl.read_csv(
    TESTS / "data" / "pbc_interactions.csv", schema_overrides={"trt": pl.String, "stage": pl.String}
).with_columns(
    pl.col("sex").cast(pl.Enum(["m", "f"])),
    pl.col("trt").cast(pl.Enum(["1", "2"])),
    pl.col("stage").cast(pl.Enum(["1", "2", "3", "4"])),
    old=pl.col("age") > 50,
)


@pytest.mark.parametrize("case", EXPECTED, ids=lambda case: case["formula"])
def test_columns_are_those_of_r(case):
    design = build_design(parse_formula(case["formula"]), DATA)
    names = [re.sub(r"\[(.*?)\]", r"\1", name) for name in design.names]
    assert [n.replace("oldTrue", "oldTRUE").replace("oldFalse", "oldFALSE") for n in names] == case["names"]
    X = design.matrix(DATA)
    agree(X.sum(axis=0), case["sums"], 1e-12)
    agree((X**2).sum(axis=0), case["squares"], 1e-12)


SMALL = pl.DataFrame(
    {
        "x": [0.5, 1.0, 2.0, 4.0, 3.0, 2.5, 1.5, 0.1],
        "y": [3.0, 1.0, 4.0, 1.0, 5.0, 9.0, 2.0, 6.0],
        "a": ["p", "q", "r", "p", "q", "r", "q", "p"],
        "b": ["u", "v", "u", "u", "v", "v", "u", "v"],
    }
)
FACTOR = st.sampled_from(["x", "y", "a", "b", "log(y)", "I(x * 2)"])


@st.composite
def formulas(draw) -> str:
    """Formulas in which each interaction has its margins: there formulaic's coding and R's are one."""
    parts = draw(
        st.lists(
            st.lists(FACTOR, min_size=1, max_size=3, unique=True).map(" * ".join), min_size=1, max_size=3
        )
    )
    return " + ".join(parts)


@given(formulas())
def test_matrices_are_those_of_formulaic(formula):
    import formulaic  # noqa: PLC0415 (1.6 s that only this test needs)

    theirs = formulaic.model_matrix(f"1 + {formula}", SMALL.to_pandas())
    columns = {
        frozenset(name.replace("T.", "").replace(" ", "").split(":")): theirs[name].to_numpy().astype(float)
        for name in theirs.columns
        if name != "Intercept"
    }
    design = build_design(parse_formula(formula), SMALL)
    ours = dict(
        zip(
            (frozenset(n.replace(" ", "").split(":")) for n in design.names),
            design.matrix(SMALL).T,
            strict=True,
        )
    )
    assert ours.keys() == columns.keys()
    for name, column in ours.items():
        np.testing.assert_allclose(column, columns[name], rtol=1e-14)
