"""Does an analysis of the raw tables find the truth? The model that is exactly specified for fracture."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl

from riskset.cox import coxph
from riskset.episodes import Episodes, Timeline
from riskset.simulate.haemodialysis import SimulatedCohort
from riskset.simulate.margins import CALCIMIMETICS, eligible
from riskset.simulate.truth import CARRY_FORWARD_DAYS, DAYS_PER_MONTH, GRACE_DAYS, LOW_MG, VINTAGE_CENTRE

FORMULA = "Surv(entry, exit, fracture) ~ low_mg * user + age + sex + albumin + fracture_history + steroid + vintage_term"


@dataclass(frozen=True)
class Recovered:
    """An estimate beside its truth; `z` is their difference in standard errors."""

    name: str
    truth: float
    estimate: float
    std_error: float

    @property
    def z(self) -> float:
        """Difference from the truth in standard errors."""
        return (self.estimate - self.truth) / self.std_error


def fracture_episodes(cohort: SimulatedCohort) -> Episodes:
    """Build the fracture episodes of the eligible under the settings of the study's plan.

    `user` is current use of a calcimimetic, so never and former are pooled as not in use; `vintage_term` is the
    clipped term of the truth.
    """
    vintage = (pl.col("index_date") - pl.col("dialysis_start")).dt.total_days() / DAYS_PER_MONTH
    people = eligible(cohort).drop("mg")
    people = people.with_columns(vintage_term=((vintage - VINTAGE_CENTRE) / 60).clip(-1, 4))
    mimetics = ", ".join(f"'{drug}'" for drug in CALCIMIMETICS)
    carried = ["sex", "fracture_history", "vintage_term"]
    carry = f"{CARRY_FORWARD_DAYS} days"
    grace = f"{GRACE_DAYS} days"
    ids = people.select("patient_id")
    labs = cohort.labs.join(ids, on="patient_id", how="semi")
    prescriptions = cohort.prescriptions.join(ids, on="patient_id", how="semi")
    events = cohort.events.join(ids, on="patient_id", how="semi")
    timeline = Timeline(
        people, id="patient_id", entry="index_date", exit="exit_date", max_followup="5 years", carry=carried
    )
    timeline = timeline.age("birth_date")
    for name, analyte, unit in (("mg", "magnesium", "mg/dL"), ("albumin", "albumin", "g/dL")):
        timeline = timeline.measure(
            name,
            labs,
            time="date",
            value="value",
            unit="unit",
            where=f"analyte = '{analyte}'",
            to=unit,
            analyte=analyte,
            carry_forward=carry,
        )
    for name, where in (
        ("calcimimetic", f"drug IN ({mimetics})"),
        ("steroid_use", "drug IN ('prednisolone', 'methylprednisolone')"),
    ):
        timeline = timeline.drug(
            name, prescriptions, start="start", stop="stop", where=where, grace=grace, missing_stop="ongoing"
        )
    return (
        timeline.event("fracture", events, time="date", where="type = 'fracture'")
        .derive("low_mg", f"mg < {LOW_MG}")
        .derive("user", "calcimimetic = 'current'")
        .derive("steroid", "steroid_use = 'current'")
        .episodes("fracture")
    )


def recover(cohort: SimulatedCohort) -> tuple[Recovered, ...]:
    """Estimate the log hazard ratio of low magnesium in those not using and in those using a calcimimetic.

    Person-time without magnesium or albumin in force leaves the model; it is missing at random, as it depends on
    missed visits alone.

    Returns
    -------
    tuple of Recovered
        Not in use, in use, and their difference (the log ratio of hazard ratios).

    Examples
    --------
    >>> from riskset.simulate import simulate_haemodialysis
    >>> from riskset.simulate.recovery import recover
    >>> [r.name for r in recover(simulate_haemodialysis(patients=400, seed=1))]
    ['not in use', 'in use', 'difference']
    """
    complete = fracture_episodes(cohort).frame.drop_nulls(["mg", "albumin"])
    fit = coxph(FORMULA, complete, id="patient_id")
    low, ratio = (fit.names.index(name) for name in ("low_mg[True]", "low_mg[True]:user[True]"))
    truth = cohort.truth.fracture
    covariance = fit.cov_params()
    wanted = {
        "not in use": ([low], truth.low_mg_naive),
        "in use": ([low, ratio], truth.low_mg_user),
        "difference": ([ratio], truth.low_mg_user - truth.low_mg_naive),
    }
    return tuple(
        Recovered(
            name,
            true,
            float(fit.params[places].sum()),
            float(np.sqrt(covariance[np.ix_(places, places)].sum())),
        )
        for name, (places, true) in wanted.items()
    )
