"""Concordance against R's `concordance`, counting-process rows, weights, strata and clusters included."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import Concordance, coxph
from riskset.cox.concordance import concordance

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("concordance")
LUNG = pl.read_csv(DATA / "lung.csv").drop_nulls(["age", "sex", "ph.ecog"])
HEART = pl.read_csv(DATA / "heart.csv")
THREE = coxph("Surv(time, status) ~ age + sex + ph.ecog", LUNG)
FOUR = coxph("Surv(start, stop, event) ~ age + year + surgery + transplant", HEART)
DIED = LUNG["status"] == 2
# R counts pairs in which the higher value ends later as concordant: our score, of hazard, is its negative.
AGE = -LUNG["age"].to_numpy()


def compare(ours: Concordance, case: str) -> None:
    r = EXPECTED[case]
    agree(ours.concordance, r["concordance"])
    agree(ours.std_error**2, r["var"])
    counts = ours.counts.rows()
    agree(counts if len(counts) > 1 else counts[0], r["count"])
    if "cvar" in r:
        agree(ours.variance_at_half, r["cvar"])


@pytest.mark.parametrize("timewt", ["n", "S", "S/G", "n/G2", "I"])
def test_right_censored_fit(timewt):
    compare(THREE.concordance(timewt), f"lung_{timewt}")


@pytest.mark.parametrize("timewt", ["n", "S", "I"])
def test_counting_process_fit(timewt):
    compare(FOUR.concordance(timewt), f"heart_{timewt}")


def test_up_to_a_time():
    compare(THREE.concordance(until=600), "lung_ymax600")


def test_strata_weights_orientation_and_clusters():
    time = LUNG["time"]
    compare(concordance(AGE, None, time, DIED, strata=LUNG["sex"]), "lung_strata_sex")
    compare(concordance(AGE, None, time, DIED, weights=1 + LUNG["age"] % 3), "lung_weights")
    compare(concordance(-AGE, None, time, DIED), "lung_reverse")
    score = -HEART["age"].to_numpy()
    compare(
        concordance(score, HEART["start"], HEART["stop"], HEART["event"], cluster=HEART["id"]),
        "heart_cluster",
    )


def test_influence_and_the_covariance_of_several_scores():
    parts = [THREE.concordance()]
    parts += [coxph(f"Surv(time, status) ~ {x}", LUNG).concordance() for x in ("age", "ph.ecog")]
    agree(parts[0].influence, EXPECTED["lung_influence"])
    agree([c.concordance for c in parts], EXPECTED["compare3"]["concordance"])
    U = np.array([c.influence for c in parts])
    agree(U @ U.T, EXPECTED["compare3"]["var"])
