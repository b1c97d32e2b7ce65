"""Trends over ordered categories against R: r/trend.R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph
from riskset.effects import trend

R = frozen("trend")
PBC = pl.read_csv(
    Path(__file__).parents[1] / "data" / "pbc_interactions.csv", schema_overrides={"stage": pl.String}
)
P = (1e-6, "χ² to 1e-8 is p to 1e-8 times up to χ²")


def agree_test(ours, theirs):
    assert ours.df == theirs["df"]
    agree(ours.chi2, theirs["chi2"])
    agree(ours.p, theirs["p"], *P)


def log_ratios(stratum):
    return np.log([c.hazard_ratio for c in stratum.categories])


def test_one_trend():
    # the form of the exposure in the fit does not matter: it is replaced
    fit = coxph("Surv(time, death) ~ rcs(log(bili), 3) + sex + age", PBC)
    found = trend(fit, "bili", cuts=R["cuts"], reference=1.5)
    theirs, (ours,) = R["one"], found.strata
    agree(found.scores, R["scores"], 0.0)
    agree(log_ratios(ours), theirs["estimate"])
    others = [c for c in ours.categories if not c.reference]
    agree([np.log(c.upper / c.hazard_ratio) / 1.959963984540054 for c in others], theirs["se"])
    agree([ours.slope.estimate], theirs["slope"])
    agree([ours.slope.std_error], theirs["slope_se"])
    agree_test(ours.wald, theirs["wald"])
    agree_test(ours.likelihood_ratio, theirs["lr"])
    agree_test(ours.departure, theirs["departure"])
    assert [c.n_events for c in ours.categories] == theirs["events"]
    assert found.reference == "1 to < 2"
    assert found.reference_score == R["scores"][1]


def test_trends_by_a_modifier():
    found = trend(
        coxph("Surv(time, death) ~ bili * sex + age", PBC), "bili", by="sex", cuts=R["cuts"], reference=1.5
    )
    for ours in found.strata:
        theirs = R["by_sex"][ours.level]
        agree(log_ratios(ours), theirs["estimate"])
        agree_test(ours.wald, theirs["slope"])
    agree_test(found.interaction, R["by_sex"]["interaction"])


@pytest.mark.parametrize("robust", [False, True])
def test_levels_of_a_category_with_their_ranks(robust):
    fit = coxph("Surv(time, death) ~ stage + age", PBC, id="id", robust=robust)
    found = trend(fit, "stage")
    (ours,) = found.strata
    assert found.scores == (1.0, 2.0, 3.0, 4.0)
    agree(log_ratios(ours), R["stage"]["estimate"])
    agree([ours.slope.estimate], R["stage"]["slope"])
    if robust:
        agree([ours.slope.std_error], R["stage"]["slope_se"])
        assert ours.likelihood_ratio is None
        assert ours.p == ours.wald.p
