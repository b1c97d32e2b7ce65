"""The linear predictor of the truth, for arrays of persons."""

from __future__ import annotations

import numpy as np

from riskset.simulate.people import Bools, Floats, People
from riskset.simulate.truth import (
    AGE_CENTRE,
    ALBUMIN_CENTRE,
    CRP_CENTRE,
    LOW_MG,
    MG_CENTRE,
    VINTAGE_CENTRE,
    HazardTruth,
)

# Rows of every array of recorded values.
ALBUMIN, CRP, MG = 0, 1, 2


def at_index(people: People, hazard: HazardTruth) -> Floats:
    """Log hazard per year from what is fixed at index, the other terms at their centres; shape (persons,)."""
    vintage = np.clip((people.vintage_months - VINTAGE_CENTRE) / 60.0, -1.0, 4.0)
    return (
        np.log(hazard.h0)
        + hazard.age_10y * (people.age - AGE_CENTRE) / 10.0
        + hazard.male * people.male
        + hazard.diabetes * people.diabetes
        + hazard.cvd_history * people.cvd_history
        + hazard.fracture_history * people.fracture_history
        + hazard.steroid * people.steroid
        + hazard.vintage_5y * vintage
    )


def changing(hazard: HazardTruth, values: Floats, user: Bools, had: Bools) -> Floats:
    """Return what the changing covariates add to the log hazard; shape (persons,).

    Parameters
    ----------
    hazard : HazardTruth
    values : float array of shape (3, persons)
        Albumin (g/dL), CRP (mg/dL) and magnesium (mg/dL) in force.
    user : bool array of shape (persons,)
        Calcimimetic in current use.
    had : bool array of shape (3, persons)
        Whether each of `OUTCOMES` has occurred since index; the row of death is not read.
    """
    mg = values[MG]
    return (
        hazard.albumin * (values[ALBUMIN] - ALBUMIN_CENTRE)
        + hazard.ln_crp * np.log(values[CRP] / CRP_CENTRE)
        + hazard.after_cve * had[1]
        + hazard.after_fracture * had[2]
        + hazard.calcimimetic * user
        + np.where(user, hazard.mg_user, hazard.mg_naive) * (mg - MG_CENTRE)
        + np.where(user, hazard.low_mg_user, hazard.low_mg_naive) * (mg < LOW_MG)
    )
