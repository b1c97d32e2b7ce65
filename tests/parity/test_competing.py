"""Fine and Gray's model, cause-specific and multi-state hazards, and mean cumulative functions, beside R."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

import riskset as rs
from riskset.cox import FineGrayFit, MultistateFit

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("competing")
MGUS2 = pl.read_csv(DATA / "mgus2_competing.csv").with_columns(
    w=1 + (pl.col("id") % 3) / 2,
    start=pl.col("age").cast(pl.Float64),
    stop=pl.col("age") + pl.col("etime") / 12,
)
STATES = pl.read_csv(DATA / "mgus2_multistate.csv", infer_schema_length=None)
FORMULA = "Surv(etime, code) ~ age + sex + mspike + hgb"
CAUSES = {"pcm": 1, "death": 2}
PROFILES = {"age": [60, 75], "sex": ["M", "F"], "mspike": [1.5, 0.5], "hgb": [13, 12]}


def compare(fit: FineGrayFit | MultistateFit, case: str) -> None:
    r = EXPECTED[case]
    agree(fit.params, r["coef"])
    agree(fit.cov_params(robust=False), r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    if "robust_vcov" in r:
        agree(fit.cov_params(), r["robust_vcov"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("cause", CAUSES)
def test_finegray(cause: str, ties: Any):
    fit = rs.fine_gray(FORMULA, MGUS2, cause=CAUSES[cause], ties=ties)
    assert fit.n_events == EXPECTED[f"finegray_{ties}_{cause}"]["nevent"]
    compare(fit, f"finegray_{ties}_{cause}")


def test_weights_groups_and_delayed_entry():
    compare(
        rs.fine_gray("Surv(etime, code) ~ age + mspike", MGUS2, cause=1, weights="w", id="id"),
        "finegray_weights",
    )
    by_sex = rs.fine_gray(
        "Surv(etime, code) ~ age + mspike + strata(sex)", MGUS2, cause=1, censoring_by="sex"
    )
    compare(by_sex, "finegray_by_sex")
    delayed = rs.fine_gray("Surv(start, stop, code) ~ sex + mspike + hgb", MGUS2, cause=1, id="id")
    assert delayed.delayed_entry
    compare(delayed, "finegray_delayed")


@pytest.mark.parametrize(
    ("case", "response", "cause", "by"),
    [
        ("expanded_pcm", "Surv(etime, code)", 1, None),
        ("expanded_death", "Surv(etime, code)", 2, None),
        ("expanded_by_sex", "Surv(etime, code)", 1, "sex"),
        ("expanded_delayed", "Surv(start, stop, code)", 1, None),
    ],
)
def test_expanded_rows(case: str, response: str, cause: int, by: str | None):
    wide = rs.finegray_expand(response, MGUS2, cause=cause, id="id", censoring_by=by)
    r = EXPECTED[case]
    assert wide.height == r["rows"]
    agree(wide["fgwt"].sum(), r["sum_weight"])
    first = wide.sort("id", "fgstart").head(80)
    for column in ("id", "fgstart", "fgstop", "fgstatus", "fgwt"):
        agree(first[column].to_numpy(), r["head"][column])


def test_crr():
    settings: dict[str, Any] = {"cause": 1, "ties": "breslow", "ties_censoring": "with", "variance": "crr"}
    fit = rs.fine_gray(FORMULA, MGUS2, **settings)
    compare(fit, "crr")
    r = EXPECTED["crr"]
    found = fit.cumulative_incidence(PROFILES, times=r["time"])
    agree(found["cumulative_incidence"].to_numpy().reshape(2, -1), r["incidence"])
    by_sex = rs.fine_gray("Surv(etime, code) ~ age + mspike", MGUS2, **settings, censoring_by="sex")
    compare(by_sex, "crr_by_sex")


def test_incidence_predicted_with_limits():
    r = EXPECTED["finegray_incidence"]
    fit = rs.fine_gray(FORMULA, MGUS2, cause=1, ties="breslow")
    found = fit.cumulative_incidence(PROFILES, times=r["time"])
    for ours, theirs in (
        ("cumulative_incidence", "incidence"), ("std_error", "std_error"), ("lower", "lower"), ("upper", "upper"),
    ):  # fmt: skip
        agree(found[ours].to_numpy().reshape(2, -1), r[theirs])


def test_cause_specific():
    model = rs.cause_specific(FORMULA, MGUS2)
    for cause in (1, 2):
        r, fit = EXPECTED[f"cause_specific_{cause}"], model[cause]
        agree(fit.params, r["coef"])
        agree(fit.cov_params(), r["vcov"])
        agree([fit.loglik_null, fit.loglik], r["loglik"])


def test_several_states():
    def fit(right: str, **shared: Any) -> MultistateFit:
        return rs.multistate_cox(f"Surv(tstart, tstop, state) ~ {right}", STATES, id="id", **shared)

    whole = fit("age + sex + hgb")
    compare(whole, "states")
    compare(fit("age + sex", effects={"(start) -> 1": "age + sex + mspike"}), "states_own_terms")
    compare(fit("age + sex", baselines=[["(start) -> 2", "1 -> 2"]]), "states_shared_baseline")
    common = fit("sex + age", common=["age"])  # R has sex of the first transition before age, as here
    compare(common, "states_common_effect")
    r = EXPECTED["states_probability"]
    found = rs.predict_states(whole, {"age": [60, 75], "sex": ["F", "M"], "hgb": [13, 12]}, times=r["time"])
    first, second = found["probability"].to_numpy().reshape(2, 4, 3)
    agree(first, r["first"])
    agree(second, r["second"])


def test_mean_cumulative_function():
    rows = pl.read_csv(DATA / "bladder2.csv")
    found = rs.mean_cumulative_function(rows, "Surv(start, stop, event)", by="rx", id="id").frame()
    for column in ("time", "n_risk", "n_event", "mean", "std_error"):
        agree(found[column].to_numpy(), EXPECTED["mean_cumulative"][column])


@pytest.mark.parametrize(
    ("model", "case"),
    [("andersen-gill", "ag"), ("pwp-total", "pwp_total"), ("pwp-gap", "pwp_gap"), ("wlw", "wlw")],
)
@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_models_of_recurrences_from_one_set_of_rows(model: Any, case: str, ties: str):
    rows = pl.read_csv(DATA / "bladder2.csv")
    fit = rs.recurrent_cox(
        "Surv(start, stop, event) ~ rx + size + number", rows, id="id", model=model, ties=ties
    )
    r = frozen("recurrent")[f"{case}_{ties}"]
    agree(fit.params, r["coef"])
    agree(fit.cov_params(), r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])


def test_gaps_need_their_own_rows():
    """Times since the last event, from rows split within a gap, are those of the whole gaps."""
    rows = pl.read_csv(DATA / "bladder2.csv")
    cuts = np.arange(5, 60, 5)
    split = rs.split_episodes(rows, cuts, exit="stop", event="event", entry="start")
    whole, parts = (
        rs.recurrent_cox("Surv(start, stop, event) ~ rx", d, id="id", model="pwp-gap") for d in (rows, split)
    )
    np.testing.assert_allclose(parts.params, whole.params, rtol=1e-9)
    np.testing.assert_allclose(parts.cov_params(), whole.cov_params(), rtol=1e-9)
