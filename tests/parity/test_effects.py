"""Interaction and hazard-ratio curves against R: parity/r/effects.R made the expected values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph
from riskset.effects import hazard_ratio_curve, interaction

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
R = frozen("effects")
# rms::cph stops earlier, and its variance is good to about 1e-6 on badly conditioned bases.
RMS = (1e-5, "rms iterates to less")
# The limits were found by bisection on R's log likelihood, whose rounding (1e-12 relative) moves a root by about 1e-7.
ROOT = (1e-6, "a root of R's log likelihood, moved by its rounding")
# Each statistic to 1e-8 of the information's inverse, which is worse conditioned by the splines' bases.
P = (1e-6, "z² to 1e-8 is p to 1e-8 times up to z²")
FAR = (1e-5, "χ² above 200 to 1e-8 is p to 1e-6")
REFIT = (1e-7, "bases of splines are nearly collinear")
# The correlations of the coefficients on (start, stop] rows have a condition number of 1e9: in 80-bit floats and 40-digit
# algebra the robust overall chi-square of the visits is 239.075178694547. R's coxph on the columns as they are says
# 239.075150 (1.2e-7 off), on columns made orthogonal, as effects.R has them, 239.0751784 (1e-9), riskset 239.0751774 (6e-9).
VISITS = (2e-8, "coefficients correlated with a condition number of 1e9, which costs 9 digits of 16")

SWELLING = pl.Enum(["none", "treated", "despite"])
PBC = pl.read_csv(DATA / "pbc_interactions.csv").with_columns(
    trt=pl.col("trt").cast(pl.String),
    edema3=pl.col("edema").replace_strict(
        {0.0: "none", 0.5: "treated", 1.0: "despite"}, return_dtype=SWELLING
    ),
)
SPLINES = pl.read_csv(DATA / "pbc_splines.csv").with_columns(
    trt=pl.col("trt").cast(pl.String), sex=pl.col("sex").cast(pl.Enum(["m", "f"]))
)


@pytest.fixture(scope="module")
def categories():
    fit = coxph("Surv(time, death) ~ trt * edema3 + age * lb + albumin", PBC)
    found = interaction(fit, "trt", "edema3")
    named = {f"trt 2 in {r.modifier}": r for r in found.exposure_in_modifier}
    named |= {f"{r.modifier} in trt {r.exposure}": r for r in found.modifier_in_exposure}
    named |= {f"ratio {r.modifier}": r for r in found.ratio}
    (pair,) = interaction(fit, "trt", "edema3", levels=("treated", "despite")).ratio
    return found, named | {"ratio despite against treated": pair}


@pytest.mark.parametrize("name", list(R["categories"]["wald"]))
def test_each_ratio_with_both_intervals(categories, name):
    ours = categories[1][name]
    wald, profile = R["categories"]["wald"][name], R["categories"]["profile"][name]
    agree(ours.log_estimate, wald["estimate"])
    agree(ours.std_error, wald["std_error"])
    agree(ours.wald_lower, wald["lower"])
    agree(ours.wald_upper, wald["upper"])
    agree(ours.wald_p, wald["p"], *P)
    assert ours.method == "profile likelihood and likelihood-ratio test"
    agree(ours.p, profile["p"], *P)
    agree(ours.lower, profile["lower"], *ROOT)
    agree(ours.upper, profile["upper"], *ROOT)


def test_every_ratio_of_the_fit_was_compared(categories):
    assert set(categories[1]) == set(R["categories"]["wald"])


def test_joint_test(categories):
    joint = categories[0].joint
    for ours, theirs in (
        (joint.wald, R["categories"]["joint"]["wald"]),
        (joint.likelihood_ratio, R["categories"]["joint"]["lr"]),
    ):
        agree(ours.chi2, theirs["chi2"])
        agree(ours.p, theirs["p"], *P)
        assert ours.df == theirs["df"]


def test_cells_are_those_of_the_fitted_rows(categories):
    cells, expected = categories[0].cells, R["categories"]["cells"]
    for column in ("persons", "events", "person_time"):
        agree(cells[column].to_numpy(), expected[column], 0.0)
    against = R["categories"]["common_reference"]["estimate"]
    agree(np.log(cells["hazard_ratio"].to_numpy()), against)


def test_robust_variance_gives_wald_alone_and_says_why():
    heart = pl.read_csv(DATA / "heart.csv")
    fit = coxph("Surv(start, stop, event) ~ surgery * transplant + age", heart, cluster="id")
    found = interaction(fit, "surgery", "transplant")
    for ours, name in (
        (found.exposure_in_modifier[0], "surgery in 0"),
        (found.exposure_in_modifier[1], "surgery in 1"),
        (found.ratio[0], "ratio"),
    ):
        theirs = R["robust"][name]
        agree(ours.log_estimate, theirs["estimate"])
        agree(ours.std_error, theirs["std_error"])
        agree(ours.lower, theirs["lower"])
        agree(ours.upper, theirs["upper"])
        agree(ours.p, theirs["p"], *P)
        assert ours.method == "Wald"
        assert "robust" in ours.reason


def agree_test(ours, theirs, tolerance=REFIT):
    assert ours.df == theirs["df"]
    agree(ours.chi2, theirs["chi2"], *tolerance)
    agree(ours.p, theirs["p"], *FAR)
    if "rms_chi2" in theirs:
        agree(ours.chi2, theirs["rms_chi2"], *RMS)


def agree_curve(ours, theirs):
    for column, r in (("log_hazard_ratio", "log_hr"), ("std_error", "se")):
        agree(getattr(ours, column), theirs[r], *REFIT)
        if "rms_" + r in theirs:
            agree(getattr(ours, column), theirs["rms_" + r], *RMS)


@pytest.fixture(scope="module")
def by_factor():
    return coxph("Surv(time, death) ~ rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin", SPLINES)


def test_spline_by_factor(by_factor):
    expected = R["spline_by_factor"]
    curve = hazard_ratio_curve(by_factor, "age", by="sex", reference=50, x=expected["ages"])
    agree(curve.knots, expected["knots_age"], 1e-13)  # both are quantiles of type 7
    for stratum in curve.strata:
        agree_curve(stratum, expected[f"age_{stratum.level}"])
    for name in ("overall_m", "nonlinear_m", "overall_f"):
        question, level = name.split("_")
        agree_test(curve.test(question, level), expected[name])
    for name, theirs in expected["age"].items():
        agree_test(curve.test(name), theirs)


def test_second_spline_of_the_same_model(by_factor):
    curve = hazard_ratio_curve(by_factor, "bili", by="trt")
    agree(curve.knots, R["spline_by_factor"]["knots_bili"], 1e-13)
    for name, theirs in R["spline_by_factor"]["bili"].items():
        agree_test(curve.test(name), theirs)


def test_spline_without_a_modifier():
    fit = coxph(
        "Surv(time, death) ~ rcs(age, 4) + sex + rcs(bili, 5) + rcs(albumin, 3) + rcs(protime, 4)", SPLINES
    )
    expected = R["additive"]
    curve = hazard_ratio_curve(fit, "bili", reference=1, x=expected["bili"])
    agree_curve(curve.strata[0], expected)
    for name, theirs in expected["tests"].items():
        agree_test(curve.test(name), theirs)
    assert curve.test("interaction") is None


def test_spline_of_a_logarithm_with_given_knots_and_strata():
    fit = coxph(
        "Surv(time, death) ~ rcs(log(bili), knots=[-0.5, 0.3, 1.2, 2.6]) + age + strata(sex)", SPLINES
    )
    expected = R["log_spline"]
    curve = hazard_ratio_curve(fit, "bili", reference=1, x=expected["bili"])
    assert curve.knots == (-0.5, 0.3, 1.2, 2.6)  # on the scale of the logarithm
    agree_curve(curve.strata[0], expected)
    for name, theirs in expected["tests"].items():
        agree_test(curve.test(name), theirs)


@pytest.mark.parametrize("variance", ["model", "robust"])
def test_spline_on_start_stop_rows(variance):
    visits = pl.read_csv(DATA / "pbcseq_episodes.csv").with_columns(
        sex=pl.col("sex").cast(pl.Enum(["m", "f"]))
    )
    fit = coxph(
        "Surv(tstart, tstop, d) ~ rcs(bili, knots=[0.5, 0.9, 2.5, 15.57]) * sex"
        " + rcs(albumin, knots=[2.48, 3.28, 3.6, 4.127]) + age",
        visits,
        id="id",
        robust=variance == "robust",
    )
    expected = R["visits"][variance]
    curve = hazard_ratio_curve(fit, "bili", by="sex", reference=1, x=R["visits"]["bili"])
    for stratum in curve.strata:
        agree_curve(stratum, expected[stratum.level])
    for name, theirs in expected["tests"].items():
        agree_test(curve.test(name), theirs, VISITS)


def test_linear_exposure_by_a_factor_has_no_nonlinear_test():
    fit = coxph("Surv(time, death) ~ trt * lb + sex * age + edema3 + albumin", PBC)
    expected = R["linear"]
    curve = hazard_ratio_curve(fit, "lb", by="trt", reference=0, x=expected["1"]["x"])
    for stratum in curve.strata:
        agree_curve(stratum, expected[stratum.level])
    agree_test(curve.test("overall", "1"), expected["tests"]["overall_1"])
    agree_test(curve.test("overall"), expected["tests"]["overall"])
    agree_test(curve.test("interaction"), expected["tests"]["interaction"])
    assert {t.name for t in curve.tests} == {"overall", "interaction"}
