"""Residuals and exact ties against R's survival: parity/r/residuals.R."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import CoxFit, coxph

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("residuals")
LUNG = pl.read_csv(DATA / "lung.csv")
COMPLETE = LUNG.drop_nulls(["time", "status", "age", "sex", "ph.ecog"])
WEIGHED = LUNG.drop_nulls(["inst", "age", "ph.ecog", "wt.loss"]).with_columns(
    w1=1 + pl.col("age") % 3,
    w2=(0.25 + pl.col("wt.loss") ** 2 / 400 + pl.col("age") / 80).round(4),
)
HEART = pl.read_csv(DATA / "heart.csv").with_columns(
    pl.col("transplant").cast(pl.String).cast(pl.Enum(["0", "1"]))
)
FEMALE = pl.read_csv(DATA / "rats.csv").filter(pl.col("sex") == "f")
HAND_1 = {"time": [9, 1, 1, 6, 6, 8], "status": [1, 1, 0, 1, 1, 0], "x": [0, 1, 1, 1, 0, 0]}
HAND_2 = {
    "start": [1, 2, 5, 2, 1, 7, 3, 4, 8, 8],
    "stop": [2, 3, 6, 7, 8, 9, 9, 9, 14, 17],
    "event": [1, 1, 1, 1, 1, 1, 1, 0, 0, 0],
    "x": [1, 0, 0, 1, 0, 1, 1, 1, 0, 0],
}
THREE = "Surv(time, status) ~ age + sex + ph.ecog"
PRODUCT = "Surv(start, stop, event) ~ (age + surgery) * transplant"

# case: rows, formula, options of the fit, options of the residuals
CASES: dict[str, tuple[Any, str, dict[str, Any], dict[str, Any]]] = {
    "heart_strata": (HEART, "Surv(start, stop, event) ~ age + year + strata(transplant)", {}, {}),
    "heart_cluster": (
        HEART,
        "Surv(start, stop, event) ~ age + year + surgery + transplant",
        {"cluster": "id"},
        {},
    ),
    "strata_inst": (WEIGHED, "Surv(time, status) ~ age + ph.ecog + strata(inst)", {}, {}),
    "offset": (WEIGHED, "Surv(time, status) ~ age + offset(0.3 * ph.ecog) + sex", {}, {}),
    "offset_alone": (WEIGHED, "Surv(time, status) ~ offset(0.02 * age)", {}, {}),
    "rats": (FEMALE, "Surv(time, status) ~ rx", {"cluster": "litter", "ties": "breslow"}, {}),
}
for _t in ("efron", "breslow"):
    CASES[f"lung_{_t}"] = (COMPLETE, THREE, {"ties": _t}, {})
    CASES[f"heart_{_t}"] = (HEART, PRODUCT, {"ties": _t, "id": "id"}, {})
    CASES[f"test1_{_t}"] = (HAND_1, "Surv(time, status) ~ x", {"ties": _t}, {})
    CASES[f"test2_{_t}"] = (HAND_2, "Surv(start, stop, event) ~ x", {"ties": _t}, {})
    CASES[f"test1_{_t}_at_zero"] = (HAND_1, "Surv(time, status) ~ x", {"ties": _t, "max_iterations": 0}, {})
    for _w in ("w1", "w2"):
        _options = {"weights": _w, "robust": False, "ties": _t}
        CASES[f"weights_{_w}_{_t}"] = (WEIGHED, THREE, _options, {})
        CASES[f"weights_{_w}_{_t}_weighted"] = (WEIGHED, THREE, _options, {"weighted": True})


@pytest.mark.parametrize("case", CASES)
def test_residuals_are_those_of_r(case: str):
    data, formula, options, how = CASES[case]
    fit = coxph(formula, data, **options)
    for name, theirs in EXPECTED[case].items():
        kind, _, by = name.partition("_by_")
        ours = fit.residuals(kind, collapse={"": None, "person": "id", "litter": "litter"}[by], **how)
        # R gives a vector where there is one covariate
        agree(ours[:, 0] if ours.ndim == 2 and ours.shape[1] == 1 else ours, theirs)


@pytest.mark.parametrize("case", ["lung_exact", "heart_exact"])
def test_exact_ties(case: str):
    fit: CoxFit = coxph(
        THREE if case == "lung_exact" else PRODUCT, COMPLETE if case == "lung_exact" else HEART, ties="exact"
    )
    r = EXPECTED[case]
    agree(fit.params, r["coef"])
    agree(fit.cov_params(), r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    agree([fit.global_tests().score.chi2], r["score"])
    if "martingale" in r:
        agree(fit.residuals("martingale"), r["martingale"])


def test_every_expected_residual_is_compared():
    assert set(EXPECTED) == {*CASES, "lung_exact", "heart_exact", "versions"}


def test_deviance_residuals_by_person_come_from_the_persons_sums():
    # R: residuals(fit, "deviance", collapse = id) takes the deviance of the summed martingale residuals.
    fit = coxph(PRODUCT, HEART, id="id")
    M = fit.residuals("martingale", collapse="id")
    d = fit.data.group_by("id").agg(pl.col("event").sum()).sort("id")["event"].to_numpy()
    expected = np.sign(M) * np.sqrt(-2 * (M + np.where(d > 0, d * np.log(np.where(d > 0, d - M, 1)), 0)))
    np.testing.assert_allclose(fit.residuals("deviance", collapse="id"), expected, rtol=1e-13)
