"""Standardised risks against the average of R's survfit over the cohort: parity/r/standardise.R."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph
from riskset.effects import standardise

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("standardise")
LUNG = (
    pl.read_csv(DATA / "lung.csv")
    .drop_nulls(["time", "status", "age", "sex", "ph.ecog"])
    .with_columns(hi=pl.col("ph.ecog") > 0, w=1 + pl.col("age") % 3)
)
PBC = (
    pl.read_csv(DATA / "pbc_interactions.csv")
    .join(pl.read_csv(DATA / "pbcseq_persons.csv").select("id", "status"), on="id", maintain_order="left")
    .with_columns(
        low=pl.col("albumin") < 3.5,
        entry=pl.when(pl.col("id") % 4 == 0).then(40).otherwise(0),
        died=pl.col("status") == 2,
        transplanted=pl.col("status") == 1,
    )
    .filter(pl.col("time") > pl.col("entry"))
)
CASES: dict[str, tuple[pl.DataFrame, str, dict[str, Any], str, list[Any] | None]] = {
    "lung_efron": (LUNG, "Surv(time, status) ~ sex * age + `ph.ecog`", {}, "sex", None),
    "lung_breslow": (LUNG, "Surv(time, status) ~ sex * age + `ph.ecog`", {"ties": "breslow"}, "sex", None),
    "lung_continuous": (LUNG, "Surv(time, status) ~ sex + age + I(age**2) + `ph.ecog`", {}, "age", [50, 60, 70]),
    "lung_strata": (LUNG, "Surv(time, status) ~ sex + age + strata(hi)", {}, "sex", None),
    "lung_exposure_is_stratum": (LUNG, "Surv(time, status) ~ age + strata(sex)", {}, "sex", None),
    "lung_weights": (LUNG, "Surv(time, status) ~ sex + age", {"weights": "w"}, "sex", None),
    "pbc_late_entry": (PBC, "Surv(entry, time, died) ~ low + age + lb", {"id": "id"}, "low", None),
}  # fmt: skip


def of(found, quantity: str) -> np.ndarray:
    rows = found.table.filter(pl.col("quantity") == quantity)
    return rows["estimate"].to_numpy().reshape(len(found.values), -1)


@pytest.mark.parametrize("case", CASES)
def test_standardised_risks_are_the_average_of_r(case: str):
    data, formula, options, exposure, values = CASES[case]
    r = EXPECTED[case]
    found = standardise(
        coxph(formula, data, **options), exposure, values, times=[float(t) for t in r["times"]]
    )
    agree(of(found, "risk"), r["risk"])
    agree(of(found, "restricted mean survival time"), r["rmst"])


def test_cumulative_incidence_with_a_competing_event():
    r = EXPECTED["pbc_competing"]
    fits = {
        ties: [coxph(f"Surv(time, {e}) ~ low + age + lb", PBC, ties=ties) for e in ("died", "transplanted")]
        for ties in ("efron", "breslow")
    }
    times = [float(t) for t in r["times"]]
    found = standardise(fits["efron"][0], "low", times=times, competing=fits["efron"][1])
    agree(of(found, "risk"), r["risk"])
    agree(of(found, "time lost"), r["lost"])
    found = standardise(fits["breslow"][0], "low", times=times, competing=fits["breslow"][1:])
    agree(of(found, "risk"), r["survfit_multi_state"])


def test_every_expected_risk_is_compared():
    assert set(EXPECTED) == {*CASES, "pbc_competing", "versions"}
