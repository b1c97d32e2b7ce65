"""RERI, AP, S and rate differences against textbook formulas in R: parity/r/additive.R made the expected values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph
from riskset.effects import interaction

DATA = Path(__file__).parents[1] / "data"
R = frozen("additive")
ROOT = (1e-7, "p at a root that R finds to 1e-13 of a deviate of an interval that rests on fits to 1e-10")
P = (1e-6, "z² to 1e-8 is p to 1e-8 times up to z²")
SWELLING = pl.Enum(["none", "treated", "despite"])
PBC = pl.read_csv(DATA / "pbc_interactions.csv").with_columns(
    low=pl.col("albumin") < 3.5,
    edema3=pl.col("edema").replace_strict(
        {0.0: "none", 0.5: "treated", 1.0: "despite"}, return_dtype=SWELLING
    ),
)
LUNG = (
    pl.read_csv(DATA / "lung.csv", null_values="")
    .drop_nulls(["ph.ecog", "inst"])
    .with_columns(dead=pl.col("status") == 2, male=pl.col("sex") == 1, poor=pl.col("ph.ecog") >= 1)
)


def agree_scale(ours, theirs):
    agree(np.exp(ours.log_hazard_ratios), theirs["hr"])
    for measure in ours.measures:
        if measure.name not in theirs:
            assert measure.estimate is None
            continue
        expected = theirs[measure.name]
        agree(measure.estimate, expected["delta"]["estimate"])
        agree(measure.std_error, expected["delta"]["se"])
        for method in ("delta", "MOVER"):
            if method in expected:
                found = measure.interval(method)
                agree(found.lower, expected[method]["lower"])
                agree(found.upper, expected[method]["upper"])
                agree(found.p, expected[method]["p"], *(ROOT if method == "MOVER" else P))
            else:
                assert measure.interval(method) is None


def test_three_levels_of_the_modifier():
    fit = coxph("Surv(time, death) ~ low * edema3 + age", PBC)
    for a in interaction(fit, "low", "edema3").additive:
        agree_scale(a, R["pbc"][a.modifier])


def test_a_pair_that_is_not_the_fits_own_reference():
    fit = coxph("Surv(time, death) ~ low * edema3 + age", PBC)
    (a,) = interaction(fit, "low", "edema3", levels=("treated", "despite")).additive
    agree_scale(a, R["pbc"]["despite_against_treated"])


def test_a_joint_reference_named_beforehand():
    fit = coxph("Surv(time, death) ~ low * edema3 + age", PBC)
    found = interaction(fit, "low", "edema3", levels=("none", "despite"), recode=(True, "none"))
    agree_scale(found.recoded[0], R["pbc"]["reference_low_none"])


def test_a_continuous_exposure():
    fit = coxph("Surv(time, death) ~ lb * sex + age", PBC)
    agree_scale(interaction(fit, "lb", "sex", exposure_levels=(0.0, 1.0)).additive[0], R["continuous"])


@pytest.mark.parametrize("variance", ["model", "robust"])
def test_lung_by_both_variances(variance):
    fit = coxph(
        "Surv(time, dead) ~ male * poor + age", LUNG, cluster="inst" if variance == "robust" else None
    )
    found = interaction(fit, "male", "poor")
    agree_scale(found.additive[0], R["lung"][variance])


def test_rate_differences():
    found = interaction(coxph("Surv(time, dead) ~ male * poor + age", LUNG), "male", "poor")
    ours = {d.modifier: d for d in found.rate_differences if d.exposure != d.exposure_reference}
    for level, name in ((False, "well"), (True, "poor")):
        for value in ("estimate", "lower", "upper"):
            agree(getattr(ours[level], value), R["lung"]["rate_difference"][name][value])
