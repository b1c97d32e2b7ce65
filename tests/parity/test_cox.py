"""`coxph` against R's `survival` 3.8-11 (and rms's spline bases): the same numbers, digit for digit.

R's own fits behind the expected numbers are iterated to a relative change of 1e-11, so that what remains is
rounding.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement import AGREEMENT, agree, frozen

from riskset.basis import default_knots, restricted_cubic_spline
from riskset.cox import CoxFit, coxph, coxph_matrix, likelihood_ratio, wald_test
from riskset.errors import RisksetWarning

TESTS = Path(__file__).parents[1]
EXPECTED = frozen("cox")


def read(name: str, **levels: list[str]) -> pl.DataFrame:
    frame = pl.read_csv(TESTS / "data" / f"{name}.csv", schema_overrides=dict.fromkeys(levels, pl.String))
    return frame.with_columns(pl.col(v).cast(pl.Enum(order)) for v, order in levels.items())


LUNG = read("lung")
# 1 + age mod 3, and round(0.25 + wt.loss^2 / 400 + age / 80, 4)
WEIGHED = LUNG.drop_nulls(["inst", "age", "ph.ecog", "wt.loss"]).with_columns(
    w1=1 + pl.col("age") % 3,
    w2=(0.25 + pl.col("wt.loss") ** 2 / 400 + pl.col("age") / 80).round(4),
)
HEART = read("heart", transplant=["0", "1"])
RATS = read("rats")
FEMALE = RATS.filter(pl.col("sex") == "f")
AGE = read("mgus2_age", sex=["F", "M"])
PBC = read("pbc_interactions", sex=["m", "f"], trt=["1", "2"])
SPLINES = read("pbc_splines", sex=["m", "f"], trt=["1", "2"])
HAND_1 = {"time": [9, 1, 1, 6, 6, 8], "status": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
HAND_2 = {
    "start": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
    "stop": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
    "event": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
}
LUNG_3 = LUNG.drop_nulls(["time", "status", "age", "sex", "ph.ecog"])
THREE = "Surv(time, status) ~ age + sex + ph.ecog"
YEARS = "Surv(entry_y, exit_y, death) ~ sex + hgb + creat"

CASES: dict[str, tuple[pl.DataFrame | dict[str, list[int]], str, dict[str, Any]]] = {
    "heart_robust": (
        HEART,
        "Surv(start, stop, event) ~ age + year + surgery + transplant",
        {"cluster": "id"},
    ),
    "heart_strata": (HEART, "Surv(start, stop, event) ~ age + year + strata(transplant)", {}),
    "strata_inst": (WEIGHED, "Surv(time, status) ~ age + ph.ecog + strata(inst)", {}),
    "strata_interaction": (WEIGHED, "Surv(time, status) ~ age * strata(sex) + ph.ecog", {}),
    "two_strata": (WEIGHED, "Surv(time, status) ~ age + strata(sex, ph.ecog)", {}),
    "offset": (WEIGHED, "Surv(time, status) ~ age + offset(0.3 * ph.ecog) + sex", {}),
    "rats": (FEMALE, "Surv(time, status) ~ rx + cluster(litter)", {}),
    "rats_breslow": (FEMALE, "Surv(time, status) ~ rx", {"cluster": "litter", "ties": "breslow"}),
    "rats_strata": (RATS, "Surv(time, status) ~ rx + strata(sex)", {"cluster": "litter"}),
    "age_years": (AGE, YEARS, {}),
    "pbc_main": (PBC, "Surv(time, death) ~ trt + sex + age + factor(edema) + log(bili) + albumin", {}),
    "pbc_continuous_by_factor": (
        PBC,
        "Surv(time, death) ~ trt * lb + sex * age + factor(edema) + albumin",
        {},
    ),
    "pbc_factor_by_factor": (PBC, "Surv(time, death) ~ trt * factor(edema) + age * lb + albumin", {}),
    "pbc_nested": (PBC, "Surv(time, death) ~ trt + sex + lb / factor(edema)", {}),
}
for _t in ("efron", "breslow"):
    _ties = {"ties": _t}
    CASES[f"lung_{_t}"] = (LUNG_3, THREE, _ties)
    CASES[f"heart_{_t}"] = (HEART, "Surv(start, stop, event) ~ (age + surgery) * transplant", _ties)
    CASES[f"age_months_{_t}"] = (AGE, "Surv(entry, exit, death) ~ sex + hgb + creat", _ties)
    CASES[f"test1_{_t}"] = (HAND_1, "Surv(time, status) ~ x", _ties)
    CASES[f"test2_{_t}"] = (HAND_2, "Surv(start, stop, event) ~ x", _ties)
    for _w in ("w1", "w2"):
        for _robust in (False, True):
            _name = f"weights_{_w}_{_t}{'_robust' if _robust else ''}"
            CASES[_name] = (WEIGHED, THREE, _ties | {"weights": _w, "robust": _robust})


def in_r(name: str) -> str:
    """R's name of a coefficient: transplant[1] is transplant1."""
    name = name.replace("strata(sex)[2]", "strata(sex)sex=2")
    return re.sub(r"\[(.*?)\]", r"\1", name).replace("factor(edema)", "edema3").replace("log(bili)", "lb")


@pytest.mark.parametrize("case", CASES)
def test_fit_is_that_of_r(case: str):
    data, formula, options = CASES[case]
    fit, r = coxph(formula, data, **options), EXPECTED[case]
    assert fit.status == "converged"
    assert [in_r(n) for n in fit.names] == r["names"]
    agree(fit.params, r["coef"])
    agree(fit.cov_params(), r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    tests = fit.global_tests()
    agree(tests.score.chi2, r["score"])
    agree(tests.wald.chi2, r["wald"])
    agree(2 * (fit.loglik - fit.loglik_null), r["likelihood_ratio"])
    agree(fit.summary()["p"], r["p"], tolerance=1e-6, reason="z² to 1e-8 is p to 1e-8 times up to z²")
    if "naive_vcov" in r:
        assert fit.robust
        assert tests.likelihood_ratio is None
        agree(fit.cov_params(robust=False), r["naive_vcov"])
        assert tests.robust_score is not None
        agree(tests.robust_score.chi2, r["robust_score"])
    else:
        assert not fit.robust
        assert tests.likelihood_ratio is not None
        agree(tests.likelihood_ratio.chi2, r["likelihood_ratio"])


def test_every_expected_fit_is_compared():
    apart = {"lung_default", "lung_iter0", "lung_singular", "offset_only", "age_years_no_timefix", "pbc_lr"}
    apart |= {"pbc_lb_in_trt2", "pbc_trt_at_lb2", "pbc_wald_edema", "knots", "basis_age4", "versions"}
    assert set(EXPECTED) == set(CASES) | apart | {f"rcs_{n}" for n in SPLINE_MODELS}


def test_default_control_goes_one_step_beyond_r():
    # R's default stops within 1e-9 of the estimate here, the tight fit is the same as ours to rounding.
    fit = coxph(THREE, LUNG_3)
    agree(fit.params, EXPECTED["lung_default"]["coef"])
    agree(fit.params, EXPECTED["lung_efron"]["coef"], tolerance=1e-13)


def test_no_iteration_leaves_the_start():
    fit = coxph(THREE, LUNG_3, max_iterations=0)
    agree(fit.params, EXPECTED["lung_iter0"]["coef"])
    agree([fit.loglik_null, fit.loglik], EXPECTED["lung_iter0"]["loglik"])


def test_offset_alone():
    fit = coxph("Surv(time, status) ~ offset(0.02 * age)", WEIGHED)
    assert fit.names == ()
    agree([fit.loglik], EXPECTED["offset_only"]["loglik"])


def test_aliased_column_is_left_out_by_name():
    data, r = LUNG_3.with_columns(sex2=3 - pl.col("sex")), EXPECTED["lung_singular"]
    with pytest.warns(RisksetWarning, match="not estimated: sex2"):
        fit = coxph("Surv(time, status) ~ age + sex + sex2 + factor(ph.ecog)", data)
    assert [in_r(n) for n in fit.names] == r["names"]
    agree(fit.params, r["coef"])
    agree(fit.cov_params(), r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    assert fit.df == 5


def test_times_that_tie_but_for_rounding():
    # In years the ages tie only within R's tolerance: with it the fit is that in months, without it another.
    agree(coxph(YEARS, AGE).params, EXPECTED["age_months_efron"]["coef"])
    frame = AGE.drop_nulls()
    X = frame.select(pl.col("sex") == "M", "hgb", "creat").cast(pl.Float64).to_numpy()
    times = (frame["entry_y"], frame["exit_y"], frame["death"])
    r = EXPECTED["age_years_no_timefix"]
    fit = coxph_matrix(X, *times, timefix=False)
    agree(fit.params, r["coef"])
    agree(fit.covariance, r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])


def test_likelihood_ratio_of_two_nested_models():
    data, formula, _ = CASES["pbc_continuous_by_factor"]
    fit = coxph(formula, data)
    interactions = np.eye(len(fit.names))[[i for i, n in enumerate(fit.names) if ":" in n]]
    test, r = likelihood_ratio(fit, interactions), EXPECTED["pbc_lr"]
    assert test.df == r["df"]
    # the statistic is a difference of log likelihoods near 540, each good to 1e-15 of its size
    agree(test.chi2, r["chisq"], tolerance=1e-10)


def test_contrasts_named_by_levels():
    data, formula, _ = CASES["pbc_continuous_by_factor"]
    fit = coxph(formula, data)
    in_two = fit.contrast({"lb": 1.0, "trt": "2"}, {"lb": 0.0, "trt": "2"})
    of_two = fit.contrast({"trt": "2", "lb": 2.0}, {"trt": "1", "lb": 2.0})
    for ours, r in ((in_two, EXPECTED["pbc_lb_in_trt2"]), (of_two, EXPECTED["pbc_trt_at_lb2"])):
        agree(ours.estimate, r["estimate"])
        agree(ours.std_error, r["se"])


def test_joint_wald_test():
    data, formula, _ = CASES["pbc_factor_by_factor"]
    fit, r = coxph(formula, data), EXPECTED["pbc_wald_edema"]
    places = [i for i, n in enumerate(fit.names) if "edema" in n]
    assert [in_r(fit.names[i]) for i in places] == r["names"]
    test = wald_test(fit, np.eye(len(fit.names))[places])
    agree(test.chi2, r["chisq"])
    assert test.df == r["df"]


@pytest.mark.parametrize("case", EXPECTED["knots"])
def test_default_knots(case: str):
    variable, k = case.rsplit("_", 1)
    x = SPLINES["age"].head(60) if variable == "age_first60" else SPLINES[variable]
    agree(default_knots(x.to_numpy().astype(float), int(k)), EXPECTED["knots"][case])


def test_spline_basis():
    r = EXPECTED["basis_age4"]
    knots = np.array(EXPECTED["knots"]["age_4"])
    agree(restricted_cubic_spline(np.array(r["x"]), knots), r["columns"])


SPLINE_MODELS = {
    "additive": "rcs(age, 4) + sex + rcs(bili, 5) + rcs(albumin, 3) + rcs(protime, 4)",
    "spline_by_factor": "rcs(age, 4) * sex + rcs(bili, 4) * trt + albumin",
    "spline_by_spline": "rcs(age, 4) * rcs(bili, 3) + sex",
    "user_knots_log_strat": "rcs(log(bili), c(-0.5, 0.3, 1.2, 2.6)) + age + strata(sex)",
}


@pytest.mark.parametrize("model", SPLINE_MODELS)
def test_splines_in_a_model(model: str):
    fit: CoxFit = coxph(f"Surv(time, death) ~ {SPLINE_MODELS[model]}", SPLINES)
    r = EXPECTED[f"rcs_{model}"]
    # rms: "age' * sex=f", and "bili'" for a spline of log(bili)
    theirs = [n.replace(" * ", ":").replace("sex=f", "sex[f]").replace("trt=2", "trt[2]") for n in r["names"]]
    assert [n.replace("log(bili)", "bili") for n in fit.names] == theirs
    agree(fit.params, r["coef"])
    # An inverse is good to the condition number times the rounding unit, in R as here: five knots on bilirubin
    # make columns that correlate to 1 - 1e-9, and R's variance is 5e-7 off the one in 80-bit arithmetic.
    information = np.linalg.inv(fit.cov_params())
    size = np.sqrt(np.diag(information))
    condition = np.linalg.cond(information / size / size[:, None])
    reason = "two inverses, each good to the condition number times the rounding unit"
    agree(fit.cov_params(), r["vcov"], max(AGREEMENT, 2 * condition * np.finfo(float).eps), reason)
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    for wald in r["wald"]:
        test = wald_test(fit, np.eye(len(fit.names))[np.array(wald["positions"]) - 1])
        agree(test.chi2, wald["chisq"], 1e-7, "a statistic that rests on such an inverse")
        assert test.df == wald["df"]
