"""Each variant of the truth shows what it was made to show, and the right analysis is not fooled."""

from __future__ import annotations

import polars as pl
import pytest

from riskset.cox import CoxFit, coxph
from riskset.episodes import Timeline
from riskset.simulate import SimulatedCohort, simulate_haemodialysis
from riskset.simulate.margins import CALCIMIMETICS, eligible
from riskset.simulate.recovery import fracture_episodes

PATIENTS = 3000
SEED = 77  # fixed beforehand; one seed for all
LIMIT = 3.5


def deaths(cohort: SimulatedCohort, lag: str = "0 days") -> pl.DataFrame:
    """Complete episodes until death with magnesium, drug state and what confounds them at index."""
    people = eligible(cohort).drop("mg").with_columns(death=pl.col("exit_reason") == "death")
    people = people.with_columns(death_date=pl.when("death").then("exit_date"))
    ids = people.select("patient_id")
    drugs = ", ".join(f"'{drug}'" for drug in CALCIMIMETICS)
    return (
        Timeline(
            people, id="patient_id", entry="index_date", exit="exit_date", max_followup="5 years",
            carry=["sex", "diabetes", "cvd_history", "dialysis_start"],
        )
        .age("birth_date")
        .measure(
            "mg", cohort.labs.join(ids, on="patient_id", how="semi"), time="date", value="value", unit="unit",
            where="analyte = 'magnesium'", to="mg/dL", analyte="magnesium", carry_forward="90 days", lag=lag,
        )
        .drug(
            "calcimimetic", cohort.prescriptions.join(ids, on="patient_id", how="semi"), start="start",
            stop="stop", where=f"drug IN ({drugs})", grace="30 days", missing_stop="ongoing",
        )
        .event("death", at="death_date")
        .derive("user", "calcimimetic = 'current'")
        .episodes("death")
        .frame.drop_nulls(["mg"])
    )  # fmt: skip


def z_of(fit: CoxFit, name: str) -> float:
    k = fit.names.index(name)
    return float(fit.params[k] / fit.std_error[k])


def test_a_drug_that_does_nothing_looks_protective_only_when_the_future_decides_who_uses_it():
    cohort = simulate_haemodialysis(PATIENTS, SEED, "null_drug")
    frame = deaths(cohort)
    adjusted = "Surv(entry, exit, death) ~ {} + mg + age + sex + diabetes + cvd_history"
    right = coxph(adjusted.format("user"), frame, id="patient_id")
    assert abs(z_of(right, "user[True]")) < LIMIT
    # Wrong on purpose: whoever uses the drug at any time counts as a user from day 0.
    ever = frame.with_columns(ever=pl.col("user").any().over("patient_id"))
    wrong = coxph(adjusted.format("ever"), ever, id="patient_id")
    assert z_of(wrong, "ever[True]") < -LIMIT


def test_magnesium_that_falls_before_death_predicts_it_until_a_lag_looks_past_the_fall():
    cohort = simulate_haemodialysis(PATIENTS, SEED, "reverse_causation")
    formula = "Surv(entry, exit, death) ~ mg + age + sex + diabetes + cvd_history"
    assert z_of(coxph(formula, deaths(cohort), id="patient_id"), "mg") < -LIMIT
    # Albumin, of which magnesium tells a little, raises no more than 0.1 per mg/dL: about one standard error.
    lagged = coxph(formula, deaths(cohort, lag="90 days"), id="patient_id")
    assert abs(z_of(lagged, "mg")) < LIMIT


def test_a_cell_without_events_is_without_events():
    frame = fracture_episodes(simulate_haemodialysis(PATIENTS, SEED, "empty_cell")).frame
    events = frame.group_by("low_mg", "user").agg(pl.col("fracture").sum()).drop_nulls()
    cells = {(low, user): int(n) for low, user, n in events.iter_rows()}
    assert cells[True, True] == 0
    assert min(n for cell, n in cells.items() if cell != (True, True)) > 50


def test_without_interaction_the_truth_is_the_same_in_both():
    truth = simulate_haemodialysis(10, SEED, "no_interaction").truth
    assert truth.fracture.low_mg_naive == truth.fracture.low_mg_user
    assert truth.death.mg_naive == truth.death.mg_user


def test_the_ill_are_tested_more_before_they_die():
    # Days with a magnesium in the month before death, against the standard truth.
    def per_month(variant: str | None) -> float:
        cohort = simulate_haemodialysis(PATIENTS, SEED, variant)
        dead = cohort.patients.filter(pl.col("exit_reason") == "death").select("patient_id", "exit_date")
        ahead = (pl.col("exit_date") - pl.col("date")).dt.total_days()
        mg = cohort.labs.filter(pl.col("analyte") == "magnesium").join(dead, on="patient_id")
        return mg.filter(ahead.is_between(1, 30)).select("patient_id", "date").unique().height / dead.height

    assert per_month("ill") > 1.2 * per_month(None)


@pytest.mark.parametrize("variant", ["no_interaction", "empty_cell"])
def test_a_changed_hazard_leaves_who_enters_as_it_was(variant: str):
    same = ["patient_id", "sex", "birth_date", "index_date", "dialysis_start", "diabetes", "cvd_history"]
    standard, changed = (simulate_haemodialysis(100, SEED, v).patients for v in (None, variant))
    assert standard.select(same).equals(changed.select(same))
