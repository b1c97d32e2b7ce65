"""Who enters: baseline characteristics of eligible and of screened-out people, and how long each can be seen."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from riskset.simulate.truth import (
    AGE_CENTRE,
    ALBUMIN_CENTRE,
    CRP_CENTRE,
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
    VINTAGE_CENTRE,
)

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

FAR = 1_000_000  # a day that no follow-up reaches

# One dialysis centre takes in all its patients of 2019 and closes its records at the end of 2024, so that
# everybody alive can be followed for the full five years and some are seen beyond them.
FIRST_INDEX = date(2019, 1, 1)
DAYS_OF_INTAKE = 365
RECORDS_CLOSE = date(2024, 12, 31)

SCREENED_OUT_PER_INCLUDED = 60 / 399
SHARE_UNDER_18 = 0.10  # of those screened out
SHARE_EARLY = 0.50  # under three months on dialysis; the rest have no magnesium in the 90 days before index
LOSS_PER_YEAR = 0.004
LONGEST_VINTAGE_MONTHS = 540.0  # 45 years: chronic dialysis began in the late 1960s
SHORTEST_VINTAGE_DAYS = 92  # just over three months: the eligible
SHARE_PAST_USERS = 0.06  # of those not in current use at index: used and stopped in the years before


@dataclass(frozen=True)
class People:
    """One entry per person; days count from that person's index date."""

    index: Ints  # days since 1970-01-01
    eligible: Bools
    without_mg: Bools
    age: Floats  # years at index, exact to the day
    male: Bools
    vintage_days: Ints
    diabetes: Bools
    cvd_history: Bools
    fracture_history: Bools
    albumin: Floats  # g/dL, level at index
    ln_crp: Floats  # level that stays with the person
    ln_pth: Floats
    mg_level: Floats  # u of the truth
    ppi: Bools
    steroid: Bools
    calcimimetic: Bools
    past_calcimimetic: Bools
    loss_day: Ints  # day of transplant, transfer or loss
    close_day: Ints  # day on which the records close

    @property
    def size(self) -> int:
        """How many people."""
        return len(self.index)

    @property
    def vintage_months(self) -> Floats:
        """Months on dialysis at index."""
        return self.vintage_days / DAYS_PER_MONTH


def _expit(x: Floats) -> Floats:
    return 1.0 / (1.0 + np.exp(-x))


# CRP swings within a person: of the variance 1.2^2 that albumin does not explain, this share is drawn anew at
# each visit, the rest stays; at any one visit the distribution is that of the truth.
CRP_VISIT_SHARE = 0.3


def draw_people(patients: int, rng: np.random.Generator) -> People:
    """Draw `patients` eligible people and, beside them, 60 screened-out ones for every 399, in random order.

    Age, sex, vintage, comorbidity, albumin, CRP, PTH and drug use at index follow the baseline equations of
    the study's truth; those screened out differ in what excludes them alone.
    """
    screened = round(patients * SCREENED_OUT_PER_INCLUDED)
    n = patients + screened
    eligible = np.ones(n, dtype=bool)
    eligible[rng.permutation(n)[:screened]] = False
    reason = np.where(eligible, 1.0, rng.random(n))
    under_18 = reason < SHARE_UNDER_18
    early = (reason >= SHARE_UNDER_18) & (reason < SHARE_UNDER_18 + SHARE_EARLY)
    without_mg = ~eligible & ~under_18 & ~early

    first = (FIRST_INDEX - date(1970, 1, 1)).days
    index = first + rng.integers(0, DAYS_OF_INTAKE, n)
    close_day = (RECORDS_CLOSE - date(1970, 1, 1)).days - index

    years = np.clip(rng.normal(AGE_CENTRE, 12.0, n), 25.0, 95.0)
    years = np.where(under_18, rng.uniform(6.0, 17.9, n), years)
    age = np.round(years * DAYS_PER_YEAR) / DAYS_PER_YEAR
    decades = (age - AGE_CENTRE) / 10.0
    male = rng.random(n) < 0.65

    log_vintage = 1.05 * rng.normal(size=n)  # about ln 75
    months = np.minimum(VINTAGE_CENTRE * np.exp(log_vintage), LONGEST_VINTAGE_MONTHS)
    months = np.minimum(months, 12.0 * np.maximum(age - 10.0, 1.0))
    days = np.maximum(np.round(months * DAYS_PER_MONTH), SHORTEST_VINTAGE_DAYS)
    vintage_days = np.where(early, rng.integers(10, 86, n), days).astype(np.int64)

    diabetes = rng.random(n) < _expit(-0.35 - 0.45 * log_vintage)
    cvd = rng.random(n) < _expit(-0.75 + 0.35 * decades + 0.5 * diabetes)
    fracture = rng.random(n) < _expit(-2.1 + 0.4 * decades - 0.5 * male)

    z = rng.normal(size=n)
    albumin = ALBUMIN_CENTRE - 0.08 * (age - AGE_CENTRE) / 12.0 + 0.30 * z
    ln_crp = np.log(CRP_CENTRE) - 0.45 * z + 1.2 * np.sqrt(1 - CRP_VISIT_SHARE) * rng.normal(size=n)
    pth_z = 0.75 * rng.normal(size=n)
    uses = rng.random(n) < _expit(0.085 + 0.50 * log_vintage - 0.35 * decades + 0.8 * pth_z)
    used_before = ~uses & (rng.random(n) < SHARE_PAST_USERS) & (vintage_days > 200)

    return People(
        index=index,
        eligible=eligible,
        without_mg=without_mg,
        age=age,
        male=male,
        vintage_days=vintage_days,
        diabetes=diabetes,
        cvd_history=cvd,
        fracture_history=fracture,
        albumin=albumin,
        ln_crp=ln_crp,
        ln_pth=np.log(170.0) + pth_z,
        mg_level=rng.normal(0.0, 0.27, n),
        ppi=rng.random(n) < 0.45,
        steroid=rng.random(n) < 0.05,
        calcimimetic=uses,
        past_calcimimetic=used_before,
        loss_day=np.minimum(1 + np.floor(rng.exponential(DAYS_PER_YEAR / LOSS_PER_YEAR, n)), FAR).astype(
            np.int64
        ),
        close_day=close_day,
    )
