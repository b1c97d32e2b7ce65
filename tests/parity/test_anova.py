"""Tests of terms and of nested models against R's `anova` and `drop1`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import CoxFit, anova, coxph

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("anova")
LUNG = pl.read_csv(DATA / "lung.csv").drop_nulls(["time", "status", "age", "sex", "ph.ecog"])
PBC = pl.read_csv(DATA / "pbc_interactions.csv", schema_overrides=dict.fromkeys(("sex", "trt"), pl.String))
PBC = PBC.with_columns(pl.col("sex").cast(pl.Enum(["m", "f"])), pl.col("trt").cast(pl.Enum(["1", "2"])))

# R's chi-squared are differences of log likelihoods near 500, each good to 1e-15 of that; their p-values are as
# good as they are.
DIFFERENCE = 1e-8
P = {"tolerance": 1e-6, "reason": "a p-value is as good as its statistic: chi2 to 1e-8 is p to 1e-8 chi2"}


def main() -> CoxFit:
    return coxph("Surv(time, death) ~ trt + sex + age + factor(edema) + lb + albumin", PBC)


def interactions() -> CoxFit:
    return coxph("Surv(time, death) ~ trt * lb + sex * age + factor(edema) + albumin", PBC)


def lung() -> CoxFit:
    return coxph("Surv(time, status) ~ age + sex + ph.ecog", LUNG)


@pytest.mark.parametrize(("case", "fit"), [("lung_sequential", lung), ("pbc_sequential", interactions)])
def test_terms_in_sequence(case, fit):
    table, r = fit().anova("sequential"), EXPECTED[case]
    # R's first row is the model without terms
    agree([fit().loglik_null, *table["loglik"]], r["loglik"])
    agree(table["chi2"], r["chisq"][1:], DIFFERENCE, of=r["chisq"])
    assert table["df"].to_list() == r["df"][1:]
    agree(table["p"], r["p"][1:], **P, of=r["p"])


@pytest.mark.parametrize(("case", "fit"), [("pbc_drop1", main), ("pbc_drop1_interactions", interactions)])
def test_terms_dropped_one_at_a_time(case, fit):
    table, r = fit().anova(), EXPECTED[case]
    # R's first row is the model itself; it too leaves main effects alone that stand in an interaction
    ours = [t.replace("factor(edema)", "edema3") for t in table["term"]]
    assert ours == r["terms"][1:]
    agree([fit().aic, *table["aic"]], r["aic"])
    agree(table["chi2"], r["chisq"][1:], DIFFERENCE, of=r["chisq"])
    assert table["df"].to_list() == r["df"][1:]
    agree(table["p"], r["p"][1:], **P, of=r["p"])


@pytest.mark.parametrize(
    ("case", "small", "large"),
    [
        ("lung_two_models", lambda: coxph("Surv(time, status) ~ age", LUNG), lung),
        ("pbc_two_models", main, interactions),
    ],
)
def test_two_nested_models(case, small, large):
    table, r = anova(small(), large()), EXPECTED[case]
    agree(table["loglik"], r["loglik"])
    agree(table["chi2"][1:], r["chisq"][1:], DIFFERENCE, of=r["chisq"])
    assert table["df"][1] == r["df"][1]
    agree(table["p"][1:], r["p"][1:], **P, of=r["p"])


def test_wald_of_one_column_is_the_squared_z_of_the_summary():
    fit = main()
    z = dict(zip(fit.names, fit.summary()["z"], strict=True))
    wald = {row["term"]: row["chi2"] for row in fit.anova(test="wald").iter_rows(named=True)}
    np.testing.assert_allclose(wald["age"], z["age"] ** 2, rtol=1e-12)
    last = fit.anova("sequential", "wald").row(-1, named=True)
    np.testing.assert_allclose(last["chi2"], z["albumin"] ** 2, rtol=1e-12)
