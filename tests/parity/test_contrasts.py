"""Hazard ratios between named profiles, several at once, against rms' contrast() and coxph: r/contrasts.R."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph

R = frozen("contrasts")
DATA = Path(__file__).parents[1] / "data"
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
VISITS = pl.read_csv(DATA / "pbcseq_episodes.csv").with_columns(sex=pl.col("sex").cast(pl.Enum(["m", "f"])))
RMS = (1e-5, "rms iterates to less")
REFIT = (1e-7, "bases of splines are nearly collinear")
CASES = [(name, k) for name, case in R.items() if name != "versions" for k in range(len(case["pairs"]))]


def fitted(name: str):
    formula = R[name]["formula"]
    if name.startswith("visits"):
        ties = name.removeprefix("visits_")
        return coxph(
            f"Surv(tstart, tstop, d) ~ {formula}", VISITS, id="id", ties=ties, robust=ties == "efron"
        )
    refitted = "rms_se" in R[name]["pairs"][0]
    return coxph(f"Surv(time, death) ~ {formula}", SPLINES if refitted else PBC)


@pytest.mark.parametrize(("name", "k"), CASES)
def test_profiles_by_name(name, k):
    fit, theirs = fitted(name), R[name]["pairs"][k]
    found = fit.contrasts(theirs["a"], theirs["b"])
    agree(found.estimate, theirs["estimate"], *REFIT)
    agree(found.std_error, theirs["se"], *REFIT)
    if "rms_se" in theirs:
        agree(found.estimate, theirs["rms_estimate"], *RMS)
        agree(found.std_error, theirs["rms_se"], *RMS)
        agree(np.log(found.lower), np.log(theirs["rms_lower"]), *RMS, of=theirs["rms_lower"])
        agree(np.log(found.upper), np.log(theirs["rms_upper"]), *RMS, of=theirs["rms_upper"])
    else:
        agree(np.log(found.lower), np.log(theirs["lower"]), *REFIT, of=theirs["lower"])
        agree(np.log(found.upper), np.log(theirs["upper"]), *REFIT, of=theirs["upper"])
        agree(found.p, theirs["p"], 1e-6, "z² to 1e-8 is p to 1e-8 times up to z²")
    one = {key: values[0] if isinstance(values, list) else values for key, values in theirs["a"].items()}
    alone = fit.contrast(one, theirs["b"])
    assert alone.estimate == pytest.approx(found.estimate[0], rel=1e-12, abs=1e-14)
    assert alone.std_error == pytest.approx(found.std_error[0], rel=1e-10)
    table = found.frame()
    assert table.height == found.estimate.size
    assert table.columns[-7:] == ["estimate", "std_error", "hazard_ratio", "lower", "upper", "z", "p"]
    assert set(table.columns[:-7]) == set(theirs["a"]) | {f"{v}_reference" for v in theirs["b"]}


def test_the_matrix_times_the_coefficients_is_the_linear_predictor():
    fit = fitted("other_bases")
    assert fit.model_matrix.shape == (fit.n_rows, fit.params.size)
    centred = fit.model_matrix - fit.model_matrix.mean(axis=0)
    ours = fit.predict("lp")[0]
    np.testing.assert_allclose(centred @ fit.params, ours - ours.mean(), rtol=0, atol=1e-9)
