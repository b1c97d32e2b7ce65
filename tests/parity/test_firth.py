"""Firth's penalised likelihood against its maximum by survival's likelihood and information: parity/r/firth.R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import Firth, coxph, profile_interval

DATA = Path(__file__).parents[1] / "data"
R = frozen("firth")
LUNG = (
    pl.read_csv(DATA / "lung.csv")
    .drop_nulls(["time", "status", "age", "sex", "ph.ecog"])
    .with_columns(male=(pl.col("sex") == 1).cast(int), poor=(pl.col("ph.ecog") >= 1).cast(int))
)
HEART = pl.read_csv(DATA / "heart.csv")
PBC = pl.read_csv(DATA / "pbc_interactions.csv").with_columns(
    swollen=(pl.col("edema") > 0).cast(int), male=(pl.col("sex") == "m").cast(int)
)
PBC = PBC.with_columns(death=pl.col("death") * (1 - pl.col("swollen") * pl.col("male")))
CASES = {
    "lung": ("Surv(time, status) ~ male * poor + age", LUNG),
    "heart": ("Surv(start, stop, event) ~ surgery * transplant + age", HEART),
    "pbc_separated": ("Surv(time, death) ~ swollen * male + age", PBC),
}


@pytest.mark.parametrize("case", CASES)
def test_maximum_and_profile(case: str):
    formula, rows = CASES[case]
    expected = R[case]
    fit = coxph(formula, rows, penalty=Firth())
    assert list(fit.names) == expected["names"]
    agree(fit.params, expected["coef"])
    agree(fit.std_error, expected["se"])
    agree([fit.loglik], [expected["loglik"]], of=expected["loglik"])
    agree([fit.penalised_loglik], expected["penalised"])
    null = fit.penalised_loglik - fit.global_tests().likelihood_ratio.chi2 / 2
    agree([null], expected["null"])
    for name, theirs in expected["profile"].items():
        found = profile_interval(fit, np.eye(len(fit.names))[fit.names.index(name)])
        agree(found.chi2, theirs["chi2"])
        agree(found.lower, theirs["lower"])
        agree(found.upper, theirs["upper"])
