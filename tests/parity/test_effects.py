"""Interaction and hazard-ratio curves against R: parity/r/effects.R made the expected values."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from riskset.cox import coxph
from riskset.effects import hazard_ratio_curve, interaction

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
R = json.loads((HERE / "expected" / "effects.json").read_text(encoding="utf-8"))
# coxph iterates to a relative change of 1e-11 of the log likelihood: 1e-7 is the project's promise against refits.
REFIT = 1e-7
# rms::cph stops earlier, and its variance is good to about 1e-6 on badly conditioned bases.
RMS = 1e-5
# The limits were found by bisection on R's log likelihood, whose rounding (1e-12 relative) moves a root by about 1e-7.
ROOT = 1e-6

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
    assert ours.log_estimate == pytest.approx(wald["estimate"], rel=REFIT)
    assert ours.std_error == pytest.approx(wald["std_error"], rel=REFIT)
    assert (ours.wald_lower, ours.wald_upper) == pytest.approx((wald["lower"], wald["upper"]), rel=REFIT)
    assert ours.wald_p == pytest.approx(wald["p"], rel=REFIT)
    assert ours.method == "profile likelihood and likelihood-ratio test"
    assert ours.p == pytest.approx(profile["p"], rel=REFIT)
    assert (ours.lower, ours.upper) == pytest.approx((profile["lower"], profile["upper"]), rel=ROOT)


def test_every_ratio_of_the_fit_was_compared(categories):
    assert set(categories[1]) == set(R["categories"]["wald"])


def test_joint_test(categories):
    joint = categories[0].joint
    for ours, theirs in (
        (joint.wald, R["categories"]["joint"]["wald"]),
        (joint.likelihood_ratio, R["categories"]["joint"]["lr"]),
    ):
        assert tuple(ours) == pytest.approx((theirs["chi2"], theirs["df"], theirs["p"]), rel=REFIT)


def test_cells_are_those_of_the_fitted_rows(categories):
    cells, expected = categories[0].cells, R["categories"]["cells"]
    for column in ("persons", "events", "person_time"):
        assert cells[column].to_list() == expected[column]
    against = R["categories"]["common_reference"]["estimate"]
    np.testing.assert_allclose(np.log(cells["hazard_ratio"].to_numpy()), against, rtol=REFIT, atol=1e-12)


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
        assert (ours.log_estimate, ours.std_error) == pytest.approx(
            (theirs["estimate"], theirs["std_error"]), rel=REFIT
        )
        assert (ours.lower, ours.upper, ours.p) == pytest.approx(
            (theirs["lower"], theirs["upper"], theirs["p"]), rel=REFIT
        )
        assert ours.method == "Wald"
        assert "robust" in ours.reason


def agree_test(ours, theirs):
    assert ours.df == theirs["df"]
    assert ours.chi2 == pytest.approx(theirs["chi2"], rel=REFIT)
    assert ours.p == pytest.approx(theirs["p"], rel=REFIT)
    if "rms_chi2" in theirs:
        assert ours.chi2 == pytest.approx(theirs["rms_chi2"], rel=RMS)


def agree_curve(ours, theirs):
    for column, r in (("log_hazard_ratio", "log_hr"), ("std_error", "se")):
        expected = np.array(theirs[r])
        np.testing.assert_allclose(
            getattr(ours, column), expected, rtol=0, atol=REFIT * np.abs(expected).max()
        )
        if "rms_" + r in theirs:
            np.testing.assert_allclose(
                getattr(ours, column), theirs["rms_" + r], rtol=0, atol=RMS * np.abs(expected).max()
            )


@pytest.fixture(scope="module")
def by_factor():
    return coxph("Surv(time, death) ~ rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin", SPLINES)


def test_spline_by_factor(by_factor):
    expected = R["spline_by_factor"]
    curve = hazard_ratio_curve(by_factor, "age", by="sex", reference=50, x=expected["ages"])
    np.testing.assert_allclose(curve.knots, expected["knots_age"], rtol=1e-13)  # both are quantiles of type 7
    for stratum in curve.strata:
        agree_curve(stratum, expected[f"age_{stratum.level}"])
    for name in ("overall_m", "nonlinear_m", "overall_f"):
        question, level = name.split("_")
        agree_test(curve.test(question, level), expected[name])
    for name, theirs in expected["age"].items():
        agree_test(curve.test(name), theirs)


def test_second_spline_of_the_same_model(by_factor):
    curve = hazard_ratio_curve(by_factor, "bili", by="trt")
    np.testing.assert_allclose(curve.knots, R["spline_by_factor"]["knots_bili"], rtol=1e-13)
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
        agree_test(curve.test(name), theirs)


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
