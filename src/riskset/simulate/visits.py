"""The calendar of laboratory visits and what would be measured at each, before any event changes it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from riskset.simulate.people import CRP_VISIT_SHARE, Bools, Floats, Ints, People
from riskset.simulate.truth import (
    ALBUMIN_CENTRE,
    CRP_CENTRE,
    DAYS_PER_MONTH,
    DAYS_PER_YEAR,
)

VISITS_BEFORE = 9  # months of records before index: enough for a lag of 180 days with 90 days carried forward
JITTER_SD, JITTER_MAX = 2.5, 8.0  # days; with visits 30 days apart their order cannot change
MISSED_VISIT = 0.04
LAPSE = 0.0015  # chance per visit that a person is away, treated elsewhere, for the next 4 to 8 visits
MISSED_TEST = 0.02  # one analyte left out of a panel
SECOND_MG = 0.015  # a second magnesium on the same day
MG_RHO, MG_SD = 0.65, 0.20


@dataclass(frozen=True)
class Visits:
    """Arrays of shape (persons, visits); visit `VISITS_BEFORE - 1` is the last one on or before the index day.

    `albumin` and `mg` are levels without the drops that follow events; magnesium still has to be moved by
    0.25 per g/dL of such a drop. `*_taken` says whether the test was recorded.
    """

    day: Ints
    attended: Bools
    albumin: Floats
    ln_crp: Floats
    mg: Floats
    mg_second: Floats  # difference of a second result of that day from the first; nan where there is none
    mg_taken: Bools
    albumin_taken: Bools
    crp_taken: Bools


def _calendar(people: People, rng: np.random.Generator) -> tuple[Ints, Bools]:
    n = people.size
    after = int(np.ceil(people.close_day.max() / DAYS_PER_MONTH)) + 1
    month = np.arange(1 - VISITS_BEFORE, after + 1)
    here = VISITS_BEFORE - 1
    jitter = np.clip(rng.normal(0.0, JITTER_SD, (n, len(month))), -JITTER_MAX, JITTER_MAX)
    first = rng.uniform(-DAYS_PER_MONTH, 0.0, n)[:, None]
    day = np.rint(first + month * DAYS_PER_MONTH + jitter).astype(np.int64)
    day[:, here] = np.minimum(day[:, here], 0)
    day[:, here + 1 :] = np.maximum(day[:, here + 1 :], 1)

    attended = rng.random(day.shape) >= MISSED_VISIT
    leaves = rng.random(day.shape) < LAPSE
    lasts = rng.integers(4, 9, day.shape)
    away = np.zeros(n, dtype=np.int64)
    for j in range(day.shape[1]):
        away = np.maximum(away - 1, np.where(leaves[:, j], lasts[:, j], 0))
        attended[:, j] &= away == 0
    attended[:, here] = True  # who is eligible was seen shortly before index
    attended &= day >= -people.vintage_days[:, None]
    return day, attended


def draw_visits(people: People, rng: np.random.Generator) -> Visits:
    """Draw the calendar and the monthly levels of albumin, CRP and magnesium.

    Magnesium is 2.53 + 0.25 (albumin - 3.6) - 0.13 (PPI - 0.45) - 0.03 (ln CRP - ln 0.14) + u + w with u the
    person's own level and w autoregressive over visits, missed ones included.
    """
    day, attended = _calendar(people, rng)
    shape = day.shape
    here = VISITS_BEFORE - 1
    years = day / DAYS_PER_YEAR
    albumin = people.albumin[:, None] - 0.03 * years + rng.normal(0.0, 0.10, shape)
    ln_crp = people.ln_crp[:, None] + 1.2 * np.sqrt(CRP_VISIT_SHARE) * rng.normal(size=shape)
    w = np.empty(shape)
    w[:, 0] = rng.normal(0.0, MG_SD, shape[0])
    fresh = rng.normal(0.0, MG_SD * np.sqrt(1 - MG_RHO**2), shape)
    for j in range(1, shape[1]):
        w[:, j] = MG_RHO * w[:, j - 1] + fresh[:, j]
    mg = (
        2.53
        + 0.25 * (albumin - ALBUMIN_CENTRE)
        - 0.13 * (people.ppi[:, None] - 0.45)
        - 0.03 * (ln_crp - np.log(CRP_CENTRE))
        + people.mg_level[:, None]
        + w
    )
    mg_taken = attended & (rng.random(shape) >= MISSED_TEST)
    mg_taken[:, here] = attended[:, here]
    mg_taken &= ~(people.without_mg[:, None] & (day > -120) & (day <= 0))
    second = np.where(mg_taken & (rng.random(shape) < SECOND_MG), rng.choice([-0.1, 0.0, 0.1], shape), np.nan)
    return Visits(
        day=day,
        attended=attended,
        albumin=albumin,
        ln_crp=ln_crp,
        mg=mg,
        mg_second=second,
        mg_taken=mg_taken,
        albumin_taken=attended & (rng.random(shape) >= MISSED_TEST),
        crp_taken=attended & (rng.random(shape) >= MISSED_TEST),
    )
