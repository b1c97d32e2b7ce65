"""Columns of bs, ns and poly against R's, and curves and tests of models that hold them: r/bases.R."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph
from riskset.design import build_design, parse_formula
from riskset.effects import hazard_ratio_curve
from riskset.errors import RisksetWarning

R = frozen("bases")
DATA = pl.read_csv(Path(__file__).parents[1] / "data" / "pbc_interactions.csv").with_columns(
    pl.col("sex").cast(pl.Enum(["m", "f"]))
)
NEW = {"age": [27.0, 35.5, 44.0, 51.25, 63.0, 70.0, 78.0], "bili": [0.3, 0.7, 1.2, 2.9, 6.5, 14.0, 27.0]}
# Cubes of ages are nearly collinear: their sums of squares lose some digits, in R's too.
BASIS = (1e-7, "powers of age are nearly collinear: two ways to the inverse of the information")


@pytest.mark.parametrize("case", R["columns"], ids=lambda case: case["formula"])
def test_columns_are_those_of_r_on_fitted_rows_and_on_others(case):
    design = build_design(parse_formula(case["formula"]), DATA)
    X = design.matrix(DATA)
    agree(X.sum(axis=0) + 1, np.array(case["sums"]) + 1, 1e-12, of=case["sums"])  # poly's sums are zero
    agree((X**2).sum(axis=0), case["squares"], 1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # values beyond the boundary
        agree(design.matrix({k: NEW[k] for k in design.variables}), case["at"], 1e-11)


@pytest.mark.parametrize("case", R["curves"], ids=lambda case: case["formula"])
def test_curves_and_their_tests_are_those_of_r(case):
    fit = coxph(f"Surv(time, death) ~ {case['formula']} * sex + albumin", DATA)
    agree([fit.loglik], case["loglik"])
    curve = hazard_ratio_curve(fit, "age", by="sex", reference=50, x=case["age"])
    for stratum in curve.strata:
        theirs = case[stratum.level]
        agree(stratum.log_hazard_ratio, theirs["log_hr"], *BASIS)
        agree(stratum.std_error, theirs["se"], *BASIS)
    assert {f"{t.name}_{t.level}" if t.level else t.name for t in curve.tests} == set(case["tests"])
    for name, theirs in case["tests"].items():
        question, _, level = name.partition("_")
        ours = curve.test(question, level or None)
        assert ours.df == theirs["df"]
        agree(ours.chi2, theirs["chi2"], *BASIS)
        agree(ours.p, theirs["p"], 1e-6, "χ² to 1e-7 is p to 1e-6")
