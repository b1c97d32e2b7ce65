"""Margins of a simulated cohort, counted from its raw tables with nothing of the episode builder.

They decide whether the simulator reproduces the published study and which seed is shipped; no estimate of an
effect is among them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import polars as pl

from riskset.simulate.haemodialysis import SimulatedCohort
from riskset.simulate.truth import (
    CARRY_FORWARD_DAYS,
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    GRACE_DAYS,
    LOW_MG,
    MAX_FOLLOWUP_DAYS,
)

CALCIMIMETICS = ("cinacalcet", "etelcalcetide", "evocalcet", "upacicalcet")


@dataclass(frozen=True)
class Margin:
    """An expected margin.

    `half_digit` is half the unit of its last digit where only a rounded figure is known, on the 0.1 grid of
    magnesium or in whole per cent; a mean over cohorts cannot be held to more. Zero elsewhere.
    """

    expected: float
    half_digit: float
    label: str


EXPECTED: Mapping[str, Margin] = MappingProxyType(
    {
        "deaths": Margin(159, 0.0, "Deaths"),
        "cve": Margin(122, 0.0, "First cardiovascular events"),
        "fractures": Margin(69, 0.0, "First fractures"),
        "years_death": Margin(1562, 0.0, "Person-years, death"),
        "years_cve": Margin(1329, 0.0, "Person-years, cardiovascular event"),
        "years_fracture": Margin(1425, 0.0, "Person-years, fracture"),
        "users": Margin(51.6, 0.0, "Calcimimetic users at index, %"),
        "cve_free_months": Margin(40.0, 0.0, "Months free of cardiovascular events, mean"),
        "mg_q1": Margin(2.3, 0.05, "Magnesium at index, first quartile, mg/dL"),
        "mg_median": Margin(2.5, 0.05, "Magnesium at index, median, mg/dL"),
        "mg_q3": Margin(2.8, 0.05, "Magnesium at index, third quartile, mg/dL"),
        "low_mg": Margin(31, 0.5, "Magnesium at index below 2.4 mg/dL, %"),
    }
)

PUBLISHED_EVENTS: Mapping[str, int] = MappingProxyType({"deaths": 159, "cve": 122, "fractures": 69})


def eligible(cohort: SimulatedCohort) -> pl.DataFrame:
    """Return the patients who pass the study's three rules, with `mg`, their magnesium at index (mg/dL)."""
    day = (pl.col("date") - pl.col("index_date")).dt.total_days()
    latest = (
        cohort.labs.filter(pl.col("analyte") == "magnesium")
        .join(cohort.patients.select("patient_id", "index_date"), on="patient_id")
        .filter(day <= 0, day > -CARRY_FORWARD_DAYS)
        .group_by("patient_id", "date")
        .agg(pl.col("value").mean().round(6).alias("mg"))
        .sort("date")
        .group_by("patient_id")
        .agg(pl.col("mg").last())
    )
    age = (pl.col("index_date") - pl.col("birth_date")).dt.total_days() / DAYS_PER_YEAR
    vintage = (pl.col("index_date") - pl.col("dialysis_start")).dt.total_days() / DAYS_PER_MONTH
    return cohort.patients.filter(age >= 18, vintage >= 3).join(latest, on="patient_id").sort("patient_id")


def margins(cohort: SimulatedCohort) -> dict[str, float]:
    """Count events, person-years, users and magnesium of the eligible.

    Follow-up ends at the first event of the outcome, at exit or after five years; an event on the last day
    counts, one on or before the index day does not.

    Examples
    --------
    >>> from riskset.simulate import simulate_haemodialysis
    >>> from riskset.simulate.margins import margins
    >>> found = margins(simulate_haemodialysis(patients=50, seed=3))
    >>> found["deaths"] > 0, 10 < found["cve_free_months"] < 60
    (True, True)
    """
    people = eligible(cohort)
    end = pl.min_horizontal(
        (pl.col("exit_date") - pl.col("index_date")).dt.total_days().cast(pl.Float64),
        pl.lit(MAX_FOLLOWUP_DAYS),
    )
    exit_day = (pl.col("exit_date") - pl.col("index_date")).dt.total_days()
    people = people.with_columns(end=end, died=(pl.col("exit_reason") == "death") & (exit_day == end))
    found = {
        "deaths": float(people["died"].sum()),
        "years_death": float(people.select(pl.col("end").sum()).item()) / DAYS_PER_YEAR,
    }
    for kind, events, years in (("cve", "cve", "years_cve"), ("fracture", "fractures", "years_fracture")):
        first = (
            cohort.events.filter(pl.col("type") == kind)
            .join(people.select("patient_id", "index_date"), on="patient_id")
            .with_columns(day=(pl.col("date") - pl.col("index_date")).dt.total_days())
            .filter(pl.col("day") > 0)
            .group_by("patient_id")
            .agg(pl.col("day").min())
        )
        days = people.join(first, on="patient_id", how="left")
        found[events] = int((days["day"] <= days["end"]).sum())
        found[years] = days.select(pl.min_horizontal("day", "end").sum()).item() / DAYS_PER_YEAR
    found["cve_free_months"] = 12 * found["years_cve"] / len(people)

    start = (pl.col("start") - pl.col("index_date")).dt.total_days()
    stop = (pl.col("stop") - pl.col("index_date")).dt.total_days()
    covered = pl.max_horizontal(stop, start + 1) + GRACE_DAYS > 0
    users = (
        cohort.prescriptions.filter(pl.col("drug").is_in(CALCIMIMETICS))
        .join(people.select("patient_id", "index_date"), on="patient_id")
        .filter(start <= 0, pl.col("stop").is_null() | covered)["patient_id"]
        .n_unique()
    )
    found["users"] = 100 * users / len(people)
    mg = people["mg"]
    for name, q in (("mg_q1", 0.25), ("mg_median", 0.50), ("mg_q3", 0.75)):
        found[name] = float(mg.quantile(q, interpolation="linear") or 0.0)
    found["low_mg"] = 100 * int((mg < LOW_MG).sum()) / len(people)
    return {name: float(found[name]) for name in EXPECTED}
