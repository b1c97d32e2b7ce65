"""The laboratory table: every recorded result as one row."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.simulate.course import Course, crp_recorded
from riskset.simulate.drugs import InUse
from riskset.simulate.people import FAR, Bools, Floats, Ints, People
from riskset.simulate.truth import AGE_CENTRE, Truth
from riskset.simulate.visits import MISSED_TEST, Visits

# The unit and the method of each analyte.
ANALYTES: dict[str, tuple[str, str]] = {
    "magnesium": ("mg/dL", "xylidyl blue"),
    "albumin": ("g/dL", "modified BCP"),
    "crp": ("mg/dL", "latex immunoassay"),
    "calcium": ("mg/dL", "arsenazo III"),
    "phosphate": ("mg/dL", "enzymatic"),
    "haemoglobin": ("g/dL", "SLS"),
    "pth": ("pg/mL", "ECLIA intact"),
    "alp": ("U/L", "JSCC"),
}
NAMES = tuple(ANALYTES)

USERS_PTH = 0.8  # observed PTH of users, as a share of the latent one
IFCC_FROM = date(2020, 4, 1)
IFCC_FACTOR = 0.35
MG_MEQ_PER_MG_DL = 10 * 2 / 24.305  # valence 2, 24.305 g/mol
TWO_MONTHS = 61


class _Rows:
    """Columns of the growing table: person, day, analyte code, value, inpatient."""

    def __init__(self) -> None:
        self.parts: list[tuple[Ints, Ints, Ints, Floats, Bools]] = []

    def add(self, analyte: str, person: Ints, day: Ints, value: Floats, inpatient: Bools) -> None:
        code = np.full(len(person), NAMES.index(analyte))
        self.parts.append((person, day, code, value, inpatient))

    def columns(self) -> tuple[Ints, Ints, Ints, Floats, Bools]:
        person, day, code, value, inpatient = (np.concatenate(c) for c in zip(*self.parts, strict=True))
        order = np.lexsort((code, day, person))
        return person[order], day[order], code[order], value[order], inpatient[order]


def laboratory(
    people: People, visits: Visits, course: Course, *, in_use: InUse, truth: Truth, rng: np.random.Generator
) -> tuple[Ints, pl.DataFrame]:
    """Return the person of each row and the table without its patient_id column, sorted by person and day.

    Analytes that play no part in the truth are drawn about their typical values with a level per person:
    total calcium such that the corrected one is 9.4 (0.8), phosphate 5.0 (1.2), haemoglobin 10.6 (1.1), and
    every third visit ALP 258 (136) and intact PTH about the person's level.
    """
    n = people.size
    day, shape = visits.day, visits.day.shape
    seen = visits.attended & (day <= course.exit_day[:, None])
    rows = _Rows()

    def about(mean: float, between: float, within: float) -> Floats:
        return mean + rng.normal(0.0, between, (n, 1)) + rng.normal(0.0, within, shape)

    def add_visits(analyte: str, values: NDArray[np.floating], taken: Bools) -> None:
        i, j = np.nonzero(seen & taken)
        rows.add(analyte, i, day[i, j], values[i, j].astype(np.float64), course.inpatient[i, j])

    def most() -> Bools:
        return rng.random(shape) >= MISSED_TEST

    add_visits("magnesium", course.mg, visits.mg_taken)
    add_visits(
        "magnesium",
        np.round(course.mg + visits.mg_second, 1),
        visits.mg_taken & np.isfinite(visits.mg_second),
    )
    add_visits("albumin", course.albumin, visits.albumin_taken)
    add_visits("crp", crp_recorded(visits.ln_crp), visits.crp_taken)
    correction = np.maximum(4.0 - course.albumin, 0.0)  # Payne: what the corrected value adds to the total
    add_visits("calcium", np.round(about(9.4, 0.6, 0.53) - correction, 1), most())
    add_visits("phosphate", np.round(np.maximum(about(5.0, 0.8, 0.9), 1.0), 1), most())
    add_visits("haemoglobin", np.round(about(10.6, 0.75, 0.8), 1), most())

    quarterly = (np.arange(shape[1])[None, :] + rng.integers(0, 3, n)[:, None]) % 3 == 0
    pth = np.exp(people.ln_pth[:, None] + rng.normal(0.0, 0.2, shape))
    pth = np.where(in_use.at(day), USERS_PTH * pth, pth)
    never_pth = _without_pth(people, truth, rng)
    add_visits("pth", np.maximum(np.round(pth), 3.0), quarterly & most() & ~never_pth[:, None])
    # Log-normal with mean 258 and SD 136: variance of the log ln(1 + (136/258)^2).
    log_variance = np.log1p((136.0 / 258.0) ** 2)
    alp = about(np.log(258.0) - log_variance / 2, np.sqrt(0.8 * log_variance), np.sqrt(0.2 * log_variance))
    add_visits("alp", np.round(np.exp(alp)), quarterly & most())

    panels = course.panels
    for analyte, values in zip(("albumin", "crp", "magnesium"), panels.values, strict=True):
        k = np.flatnonzero(np.isfinite(values))
        rows.add(analyte, panels.person[k], panels.day[k], values[k], np.ones(len(k), dtype=bool))
    low_hb = np.round(rng.normal(9.6, 1.2, len(panels.day)), 1)
    rows.add("haemoglobin", panels.person, panels.day, low_hb, np.ones(len(low_hb), dtype=bool))

    person, at, code, value, inpatient = rows.columns()
    units, methods = (pl.Series([v[k] for v in ANALYTES.values()]) for k in (0, 1))
    frame = pl.DataFrame(
        {
            "date": pl.Series(people.index[person] + at).cast(pl.Int32).cast(pl.Date),
            "analyte": pl.Series(NAMES).gather(pl.Series(code)),
            "value": value,
            "unit": units.gather(pl.Series(code)),
            "method": methods.gather(pl.Series(code)),
            "inpatient": inpatient,
        }
    )
    if truth.mg_fall_before_death:
        death = np.where(course.died, course.exit_day, FAR)[person]
        frame = _lower_before(frame, pl.Series(death - at), truth.mg_fall_before_death)
    if truth.alp_step:
        frame = _ifcc(frame)
    if truth.meq_share:
        frame = _meq(frame, pl.Series(rng.random(len(frame)) < truth.meq_share))
    return person, frame


def _without_pth(people: People, truth: Truth, rng: np.random.Generator) -> Bools:
    # Missing at random: the chance depends on the recorded age alone.
    chance = truth.pth_missing * (1.0 + 0.3 * (people.age - AGE_CENTRE) / 10.0)
    return rng.random(people.size) < chance


def _lower_before(frame: pl.DataFrame, days_to_death: pl.Series, fall: float) -> pl.DataFrame:
    falling = (pl.col("analyte") == "magnesium") & days_to_death.is_between(0, TWO_MONTHS)
    return frame.with_columns(
        value=pl.when(falling).then((pl.col("value") - fall).round(1)).otherwise("value")
    )


def _ifcc(frame: pl.DataFrame) -> pl.DataFrame:
    moved = (pl.col("analyte") == "alp") & (pl.col("date") >= IFCC_FROM)
    return frame.with_columns(
        value=pl.when(moved).then((pl.col("value") * IFCC_FACTOR).round(0)).otherwise("value"),
        method=pl.when(moved).then(pl.lit("IFCC")).otherwise("method"),
    )


def _meq(frame: pl.DataFrame, chosen: pl.Series) -> pl.DataFrame:
    other = (pl.col("analyte") == "magnesium") & chosen
    return frame.with_columns(
        value=pl.when(other).then((pl.col("value") * MG_MEQ_PER_MG_DL).round(3)).otherwise("value"),
        unit=pl.when(other).then(pl.lit("mEq/L")).otherwise("unit"),
    )
