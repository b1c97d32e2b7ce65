"""The worked study's cohort: raw tables as a hospital would extract them, with a known truth behind them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import polars as pl

from riskset.errors import CohortError
from riskset.simulate.course import Course, follow
from riskset.simulate.drugs import (
    PRODUCTS,
    Prescriptions,
    calcimimetic_spells,
    gather,
    other_prescriptions,
    prescribe,
    reconstruct,
)
from riskset.simulate.laboratory import laboratory
from riskset.simulate.people import Ints, People, draw_people
from riskset.simulate.truth import STANDARD, VARIANTS, Truth
from riskset.simulate.visits import draw_visits

# The first seed counting up from 20260101 whose events are each within 3 of the published 159 deaths, 122
# cardiovascular events and 69 fractures. Chosen by these counts alone: no estimate was looked at.
SHIPPED_SEED = 20260104

MOST_PATIENTS = 500_000  # ids have six digits, and the arrays of half a million people take about 30 GB
FATAL_WITHIN_DAYS = 28
HISTORY_RECORDED = 0.6  # share of people with a history whose event itself is in the records
NO_STOP = 0.25  # share of prescriptions running at the close of the records that have no stop date

LEAVING = ("transplant", "transfer", "lost to follow-up")
CVE_TYPES = (
    "heart failure",
    "myocardial infarction",
    "ischaemic stroke",
    "haemorrhagic stroke",
    "limb ischaemia",
)
CVE_SHARES = (0.34, 0.20, 0.22, 0.09, 0.15)
FRACTURE_TYPES = ("hip", "vertebra", "wrist", "humerus", "rib", "pelvis")
FRACTURE_SHARES = (0.33, 0.30, 0.12, 0.09, 0.10, 0.06)


@dataclass(frozen=True)
class SimulatedCohort:
    """Raw tables of a simulated cohort and the truth that made them.

    Attributes
    ----------
    patients : polars.DataFrame
        patient_id, sex, birth_date, index_date, dialysis_start, diabetes, cvd_history, fracture_history, bmi,
        dry_weight, ktv, dialysate_mg, dialysate_ca, exit_date, exit_reason; one row per person.
    labs : polars.DataFrame
        patient_id, date, analyte, value, unit, method, inpatient.
    prescriptions : polars.DataFrame
        patient_id, drug, start, stop, dose, dose_unit; no stop = still running when the records closed.
    events : polars.DataFrame
        patient_id, date, type, subtype, fatal; types cve and fracture, some from before index.
    truth : Truth
    seed : int
    variant : str or None
    """

    patients: pl.DataFrame
    labs: pl.DataFrame
    prescriptions: pl.DataFrame
    events: pl.DataFrame
    truth: Truth
    seed: int
    variant: str | None = None

    def tables(self) -> dict[str, pl.DataFrame]:
        """Return the four raw tables by name."""
        return {
            "patients": self.patients,
            "labs": self.labs,
            "prescriptions": self.prescriptions,
            "events": self.events,
        }


def simulate_haemodialysis(
    patients: int = 399, seed: int = SHIPPED_SEED, variant: str | None = None
) -> SimulatedCohort:
    """Simulate the raw tables of the haemodialysis study.

    Hazards follow `riskset.simulate.truth` on each piece of a person's time between recorded changes, from
    the values that the analysis finds in force: carried forward for 90 days, drug states with 30 days of
    grace. So an analysis of the tables with these settings can recover the truth.

    Where the published study is silent: everybody enters in 2019 and the records close on 2024-12-31, so some
    are seen beyond five years; labs begin up to nine months before index; one visit in 25 is missed and a few
    people are away for months; 6% of those not on a calcimimetic at index used one before; PPI and steroid
    use stay as they are at index; CVEs and fractures may recur, at the same hazard; an event is fatal when
    death follows within 28 days; admissions for an event bring up to four inpatient panels with acute-phase
    albumin and CRP, which then are in force like any other.

    Parameters
    ----------
    patients : int
        Eligible people; about 60 per 399 more are written who are under 18, under three months on dialysis or
        without magnesium in the 90 days before index.
    seed : int
        The same seed gives the same tables.
    variant : str, optional
        A named change of the truth, see `riskset.simulate.VARIANTS`.

    Returns
    -------
    SimulatedCohort

    Raises
    ------
    CohortError
        For an unknown variant, or a number of patients below 1 or above what ids can name.

    Examples
    --------
    >>> from riskset.simulate import simulate_haemodialysis
    >>> cohort = simulate_haemodialysis(patients=20, seed=7)
    >>> cohort.patients.columns[:4], len(cohort.patients)
    (['patient_id', 'sex', 'birth_date', 'index_date'], 23)
    """
    truth = _truth_of(variant)
    if not 1 <= patients <= MOST_PATIENTS:
        raise CohortError(
            f"the number of patients must lie between 1 and {MOST_PATIENTS:,}", where="patients"
        )
    # One stream per part, so that a change in one table leaves the others as they are.
    streams = [np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(7)]
    people = draw_people(patients, streams[0])
    spells = calcimimetic_spells(people, truth, streams[1])
    in_use = reconstruct(spells, people.size)
    visits = draw_visits(people, streams[2])
    course = follow(people, visits, in_use, truth, streams[3])
    written = [
        prescribe(spells, "calcimimetic", people.index, streams[4]),
        *other_prescriptions(people, streams[4]),
    ]
    lab_person, labs = laboratory(people, visits, course, in_use=in_use, truth=truth, rng=streams[5])

    rng = streams[6]
    ids = _ids(people.size, rng)
    return SimulatedCohort(
        patients=_patients(people, course, ids, rng).sort("patient_id"),
        labs=labs.insert_column(0, ids.gather(pl.Series(lab_person))),
        prescriptions=_prescriptions(people, course, written, ids, rng),
        events=_events(people, course, ids, rng),
        truth=truth,
        seed=seed,
        variant=variant,
    )


def _truth_of(variant: str | None) -> Truth:
    if variant is None:
        return STANDARD
    if variant not in VARIANTS:
        raise CohortError(
            f"there is no variant {variant!r}",
            where="variant",
            remedy=f"Choose one of {', '.join(VARIANTS)}.",
        )
    return VARIANTS[variant]


def _ids(n: int, rng: np.random.Generator) -> pl.Series:
    # Six digits, ascending with gaps, the first ones with leading zeros that must survive every step.
    steps = rng.integers(1, max(2, min(40, 999_999 // n)), n)
    return pl.Series("patient_id", [f"{k:06d}" for k in np.cumsum(steps)])


def _dates(index: Ints, day: Ints) -> pl.Series:
    return pl.Series(index + day).cast(pl.Int32).cast(pl.Date)


def _patients(people: People, course: Course, ids: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    n = people.size
    leaving = np.array(LEAVING)[rng.choice(3, n, p=[0.3, 0.4, 0.3])]
    reason = np.where(course.died, "death", np.where(course.left, leaving, "administrative"))
    days_lived = np.rint(people.age * 365.25).astype(np.int64)

    def typical(mean: float, sd: float, low: float, digits: int) -> np.ndarray:
        return np.round(np.maximum(rng.normal(mean, sd, n), low), digits)

    ktv = typical(1.58, 0.30, 0.6, 2)
    return pl.DataFrame(
        {
            "patient_id": ids,
            "sex": np.where(people.male, "male", "female"),
            "birth_date": _dates(people.index, -days_lived),
            "index_date": _dates(people.index, np.zeros(n, dtype=np.int64)),
            "dialysis_start": _dates(people.index, -people.vintage_days),
            "diabetes": people.diabetes,
            "cvd_history": people.cvd_history,
            "fracture_history": people.fracture_history,
            "bmi": typical(21.3, 3.3, 13.0, 1),
            "dry_weight": typical(56.0, 11.0, 28.0, 1),
            "ktv": pl.Series(ktv).set(
                pl.Series(rng.random(n) < 0.03), None
            ),  # not every centre's month has one
            "dialysate_mg": rng.choice([1.0, 1.2], n, p=[0.9, 0.1]),  # mEq/L
            "dialysate_ca": rng.choice([2.5, 2.75, 3.0], n, p=[0.2, 0.5, 0.3]),  # mEq/L
            "exit_date": _dates(people.index, course.exit_day),
            "exit_reason": reason,
        }
    )


def _prescriptions(
    people: People, course: Course, written: list[Prescriptions], ids: pl.Series, rng: np.random.Generator
) -> pl.DataFrame:
    rows = gather(written)
    person, start, stop, code = rows.person, rows.start, rows.stop, rows.code
    exit_day = course.exit_day[person]
    running = ~course.died[person] & ~course.left[person] & (stop >= exit_day) & (start < exit_day)
    open_end = running & (rng.random(len(person)) < NO_STOP)
    names, units = pl.Series([p.drug for p in PRODUCTS]), pl.Series([p.unit for p in PRODUCTS])
    frame = pl.DataFrame(
        {
            "patient_id": ids.gather(pl.Series(person)),
            "drug": names.gather(pl.Series(code)),
            "start": _dates(people.index[person], start),
            "stop": _dates(people.index[person], stop).set(pl.Series(open_end), None),
            "dose": rows.dose,
            "dose_unit": units.gather(pl.Series(code)),
        }
    )
    # The last key settles ties, so that the order never depends on how a sort breaks them.
    recorded = frame.filter(pl.Series(start <= exit_day))
    return recorded.sort("patient_id", "start", "drug", "stop", "dose", nulls_last=True)


def _events(people: People, course: Course, ids: pl.Series, rng: np.random.Generator) -> pl.DataFrame:
    e = course.events
    first_record = (date(2010, 1, 1) - date(1970, 1, 1)).days
    histories: list[tuple[Ints, Ints, Ints]] = [(e.person, e.day, e.kind)]
    for kind, has in ((1, people.cvd_history), (2, people.fracture_history)):
        who = np.flatnonzero(has & (rng.random(people.size) < HISTORY_RECORDED))
        earliest = np.minimum(people.index[who] - first_record, 3000)
        histories.append((who, -rng.integers(20, earliest), np.full(len(who), kind)))
    person, day, kind = (np.concatenate(c) for c in zip(*histories, strict=True))
    is_cve = kind == 1
    subtype = np.where(
        is_cve,
        np.array(CVE_TYPES)[rng.choice(len(CVE_TYPES), len(kind), p=CVE_SHARES)],
        np.array(FRACTURE_TYPES)[rng.choice(len(FRACTURE_TYPES), len(kind), p=FRACTURE_SHARES)],
    )
    fatal = course.died[person] & (course.exit_day[person] - day <= FATAL_WITHIN_DAYS)
    return pl.DataFrame(
        {
            "patient_id": ids.gather(pl.Series(person)),
            "date": _dates(people.index[person], day),
            "type": np.where(is_cve, "cve", "fracture"),
            "subtype": subtype,
            "fatal": fatal,
        }
    ).sort("patient_id", "date", "type", "subtype")
