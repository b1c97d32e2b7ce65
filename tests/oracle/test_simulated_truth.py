"""Do the raw tables carry the hazards that the simulator says? A slow and plain reading of them, day by day.

Nothing of the simulator but its tables and its documented hazards is used, and nothing of the episode builder.
Every person-day from index to exit becomes a row with the values and the drug state in force by the rules of
the study: a value of day m counts from day m + 1; several of one day count as their mean; a prescription counts
on (start, max(stop, start + 1) + 30].

If the hazard h of the day is true, the score of each covariate x, the sum of x (event - h) over days at risk, has
mean zero and variance the sum of x^2 h. So z = score / sqrt(variance) is standard normal.
"""

from __future__ import annotations

from math import log

import polars as pl
import pytest

from riskset.simulate import HazardTruth, SimulatedCohort, simulate_haemodialysis
from riskset.simulate.margins import CALCIMIMETICS, eligible

PATIENTS = 1200
SEED = 424242  # fixed beforehand
GRACE = 30
# 39 scores are looked at. With P(|z| > 4.2) = 2.7e-5 a right simulator fails about once in a thousand seeds.
LIMIT = 4.2


def days_in_use(prescriptions: pl.DataFrame) -> pl.DataFrame:
    """Return the person-days on which at least one of the prescriptions is in force."""
    last = pl.max_horizontal(
        pl.col("stop").fill_null(pl.col("exit_date")), pl.col("start").dt.offset_by("1d")
    )
    return (
        prescriptions.with_columns(
            day=pl.date_ranges(pl.col("start").dt.offset_by("1d"), last.dt.offset_by(f"{GRACE}d"))
        )
        .explode("day")
        .select("patient_id", "day")
        .unique()
    )


@pytest.fixture(scope="module")
def cohort() -> SimulatedCohort:
    return simulate_haemodialysis(patients=PATIENTS, seed=SEED)


@pytest.fixture(scope="module")
def days(cohort: SimulatedCohort) -> pl.DataFrame:
    people = eligible(cohort).drop("mg")
    grid = (
        people.with_columns(day=pl.date_ranges(pl.col("index_date").dt.offset_by("1d"), "exit_date"))
        .explode("day")
        .sort("day", "patient_id")
    )
    for analyte in ("magnesium", "albumin", "crp"):
        values = (
            cohort.labs.filter(pl.col("analyte") == analyte)
            .group_by("patient_id", day="date")
            .agg(pl.col("value").mean().round(6).alias(analyte))
            .sort("day")
        )
        grid = grid.join_asof(
            values, on="day", by="patient_id", allow_exact_matches=False, check_sortedness=False
        )
    drugs = cohort.prescriptions.join(people.select("patient_id", "exit_date"), on="patient_id")
    user = days_in_use(drugs.filter(pl.col("drug").is_in(CALCIMIMETICS))).with_columns(user=pl.lit(1.0))
    steroid = days_in_use(drugs.filter(pl.col("drug").str.contains("prednisolone"))).with_columns(
        steroid=pl.lit(1.0)
    )
    grid = grid.join(user, on=["patient_id", "day"], how="left").join(
        steroid, on=["patient_id", "day"], how="left"
    )
    for kind in ("cve", "fracture"):
        first = (
            cohort.events.filter(pl.col("type") == kind)
            .join(people.select("patient_id", "index_date"), on="patient_id")
            .filter(pl.col("date") > pl.col("index_date"))
            .group_by("patient_id")
            .agg(pl.col("date").min().alias(kind))
        )
        grid = grid.join(first, on="patient_id", how="left")
    age = (pl.col("index_date") - pl.col("birth_date")).dt.total_days() / 365.25
    vintage = (pl.col("index_date") - pl.col("dialysis_start")).dt.total_days() / 30.4375
    return grid.drop_nulls(["magnesium", "albumin", "crp"]).select(
        "day", "cve", "fracture", "exit_date",
        died=pl.col("exit_reason") == "death",
        one=pl.lit(1.0),
        age_10y=(age - 68) / 10,
        male=(pl.col("sex") == "male").cast(pl.Float64),
        diabetes=pl.col("diabetes").cast(pl.Float64),
        cvd_history=pl.col("cvd_history").cast(pl.Float64),
        fracture_history=pl.col("fracture_history").cast(pl.Float64),
        steroid=pl.col("steroid").fill_null(0.0),
        vintage_5y=((vintage - 75) / 60).clip(-1, 4),
        albumin=pl.col("albumin") - 3.6,
        ln_crp=pl.col("crp").log() - log(0.14),
        after_cve=(pl.col("cve") < pl.col("day")).fill_null(False).cast(pl.Float64),
        after_fracture=(pl.col("fracture") < pl.col("day")).fill_null(False).cast(pl.Float64),
        calcimimetic=pl.col("user").fill_null(0.0),
        mg=pl.col("magnesium") - 2.5,
        low_mg=(pl.col("magnesium") < 2.4).cast(pl.Float64),
    ).with_columns(
        mg_naive=pl.col("mg") * (1 - pl.col("calcimimetic")),
        mg_user=pl.col("mg") * pl.col("calcimimetic"),
        low_mg_naive=pl.col("low_mg") * (1 - pl.col("calcimimetic")),
        low_mg_user=pl.col("low_mg") * pl.col("calcimimetic"),
    )  # fmt: skip


COVARIATES = [
    "age_10y",
    "male",
    "diabetes",
    "cvd_history",
    "fracture_history",
    "steroid",
    "vintage_5y",
    "albumin",
    "ln_crp",
    "after_cve",
    "after_fracture",
    "calcimimetic",
    "mg_naive",
    "mg_user",
    "low_mg_naive",
    "low_mg_user",
]


@pytest.mark.parametrize("outcome", ["death", "cve", "fracture"])
def test_scores_of_the_true_hazards_are_centred(cohort: SimulatedCohort, days: pl.DataFrame, outcome: str):
    hazard: HazardTruth = getattr(cohort.truth, outcome)
    if outcome == "death":
        at_risk = days.with_columns(
            event=(pl.col("died") & (pl.col("day") == pl.col("exit_date"))).cast(pl.Float64)
        )
    else:
        before = pl.col(outcome).is_null() | (pl.col("day") <= pl.col(outcome))
        at_risk = days.filter(before).with_columns(
            event=(pl.col("day") == pl.col(outcome)).fill_null(False).cast(pl.Float64)
        )
    predictor = sum(
        (getattr(hazard, name) * pl.col(name) for name in COVARIATES), start=pl.lit(log(hazard.h0))
    )
    at_risk = at_risk.with_columns(h=predictor.exp() / 365.25)
    z: dict[str, float] = {}
    for name in ["one", *COVARIATES]:
        x = pl.col(name)
        score, variance = at_risk.select(
            (x * (pl.col("event") - pl.col("h"))).sum().alias("score"),
            (x**2 * pl.col("h")).sum().alias("variance"),
        ).row(0)
        if variance > 0:
            z[name] = score / variance**0.5
    assert at_risk["event"].sum() > 150
    assert max(abs(v) for v in z.values()) < LIMIT, {k: round(v, 2) for k, v in z.items()}
