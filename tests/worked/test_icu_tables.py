"""Real hospital tables through tables, cohort and Timeline; the counts were made independently from the raw files.

The files are those of ``examples/icu-magnesium``: 100 intensive-care patients of an open demonstration set, dates
shifted into the 22nd century. The expected numbers are counts of a plain reading of the raw tables: see each test.
"""

import math
from pathlib import Path

import polars as pl
import pytest

from riskset.cohort import Rule, Source, apply_rules, first_known, first_per_person, join_one_row
from riskset.cox import coxph
from riskset.episodes import Timeline
from riskset.errors import TableError
from riskset.tables import Table, TableSpec, match_filter, read_table

FOLDER = Path(__file__).parents[2] / "examples" / "icu-magnesium"
ID = "subject_id"
SETTINGS = {"clock": "time", "plausible_dates": ("1800-01-01", "2300-01-01")}
PPI = "drug ILIKE '%prazole%' AND NOT drug ILIKE '%aripiprazole%'"
MG = "itemid = 50960"


def read(name: str, **columns) -> Table:
    return read_table(TableSpec(name, f"{name}.csv.gz", id=ID, **columns), FOLDER, **SETTINGS)


@pytest.fixture(scope="module")
def labs() -> Table:
    return read("labevents", time="charttime", value="valuenum", unit="valueuom")


@pytest.fixture(scope="module")
def prescriptions() -> Table:
    return read("prescriptions", start="startdate", stop="enddate", date_only=("startdate", "enddate"))


@pytest.fixture(scope="module")
def admissions() -> Table:
    return read("admissions", dates=("admittime", "dischtime", "deathtime"))


@pytest.fixture(scope="module")
def patients() -> Table:
    return read("patients", dates=("dob",), date_only=("dod",), one_row_per_person=True)


@pytest.fixture(scope="module")
def people(admissions, patients) -> pl.DataFrame:
    first = first_per_person(admissions.frame, id=ID, index="admittime", where="admission_type <> 'NEWBORN'")
    assert (first.n_rows, first.n_persons) == (129, 100)
    sources = [
        Source("admissions.deathtime", admissions.frame, "deathtime"),
        Source("patients.dod", patients.frame, "dod"),
    ]
    died = first_known(sources, id=ID, clock="time")
    # 40 stays end in death, all on the register's day; one discharge is a day before the death of its stay
    assert died.by_source == {"admissions.deathtime": 40, "patients.dod": 60}
    found = {(c.first, c.second): (c.n_both, c.n_agree, c.n_first_later) for c in died.comparisons}
    assert found["admissions.deathtime", "admissions.dischtime"] == (40, 39, 1)
    assert found["admissions.deathtime", "patients.dod"] == (40, 40, 0)
    joined = join_one_row(first.frame, patients.frame, id=ID, table="patients")
    return joined.join(died.frame.rename({"time": "died", "date_only": "by_date"}), on=ID, how="left")


def timeline(people: pl.DataFrame, patients: Table, **settings) -> Timeline:
    return Timeline(
        people,
        id=ID,
        entry="admittime",
        max_followup="90 days",
        population=patients.frame,
        **SETTINGS,
        **settings,
    )


@pytest.fixture(scope="module")
def adults(people, patients) -> pl.DataFrame:
    at_entry = timeline(people, patients).age("dob", above=120, becomes=91.4).at_entry()
    # one patient of 17.2 years; eight births that their owner moved by 300 years
    assert round(at_entry["age"].min(), 1) == 17.2
    assert at_entry.filter(pl.col("age") == 91.4).height == 8
    kept, ledger = apply_rules(at_entry, [Rule("age >= 18", "Adult at first admission")])
    assert (ledger.screened, ledger.included) == (100, 99)
    return people.join(kept, on=ID)


def with_death(adults: pl.DataFrame, patients: Table) -> Timeline:
    return timeline(adults, patients, carry=["gender"]).event(
        "death", at="died", date_only="by_date", ends_follow_up=True
    )


def test_raw_rows(labs, prescriptions):
    assert (labs.n_read, prescriptions.n_read) == (76_074, 10_398)
    assert int(labs.frame["valueuom"].is_null().sum()) == 9_706
    mg, ppi = match_filter(labs.frame, MG, id=ID), match_filter(prescriptions.frame, PPI, id=ID)
    assert (mg.rows, mg.persons) == (1_918, 99)
    assert (ppi.rows, ppi.persons) == (187, 73)


def test_deaths_and_person_time(adults, patients):
    audit = with_death(adults, patients).episodes("death").audit
    assert (audit.persons_out, audit.events_out, audit.events_after_exit) == (99, 54, 45)
    assert round(audit.person_days_out, 1) == 5_136.7
    assert audit.balances


def test_deaths_by_source_and_stay(adults, patients, admissions):
    frame = (
        with_death(adults, patients)
        .episodes("death")
        .frame.filter("death")
        .join(adults.select(ID, "hadm_id", "source"), on=ID)
    )
    assert frame.filter(pl.col("source") == "patients.dod").height == 17
    stays = admissions.frame.filter(pl.col("deathtime").is_not_null()).select(
        ID, pl.col("hadm_id").alias("last_stay")
    )
    in_hospital = frame.join(stays, on=ID)
    assert in_hospital.filter(pl.col("hadm_id") == pl.col("last_stay")).height == 33
    assert in_hospital.filter(pl.col("hadm_id") != pl.col("last_stay")).height == 4


def test_magnesium_carried_for_30_days(adults, patients, labs):
    built = with_death(adults, patients).measure(
        "mg",
        labs,
        time="charttime",
        value="valuenum",
        unit="valueuom",
        to="mg/dL",
        where=MG,
        carry_forward="30 days",
    )
    episodes = built.episodes("death")
    known = episodes.frame.filter(pl.col("mg").is_not_null())
    assert (known[ID].n_unique(), int(known["death"].sum())) == (98, 46)
    assert round((known["exit"] - known["entry"]).sum()) == 3_004
    (mg,) = episodes.audit.measures
    assert mg.person_days - mg.person_days_missing == pytest.approx(
        (known["exit"] - known["entry"]).sum(), rel=1e-12
    )


def test_proton_pump_inhibitors(adults, patients, prescriptions):
    built = with_death(adults, patients).drug(
        "ppi",
        prescriptions,
        start="startdate",
        stop="enddate",
        where=PPI,
        missing_stop="same day",
        state="ever",
    )
    assert built.counts["ppi"]["one-day"] == 34
    assert built.counts["ppi"]["persons"] == 73
    # no row precedes the index, so nobody has used any at entry
    assert built.at_entry()["ppi"].unique().to_list() == ["never"]


def test_the_wrong_analysis_beside_the_right_one(adults, patients, prescriptions):
    built = with_death(adults, patients).drug(
        "ppi",
        prescriptions,
        start="startdate",
        stop="enddate",
        where=PPI,
        missing_stop="same day",
        state="ever",
        wrong="immortal_time",
    )
    episodes = built.episodes("death")
    (wrong,) = episodes.audit.wrong
    # whoever starts within follow-up cannot have died before: time and no deaths go to the exposed
    frame = episodes.frame.with_columns((pl.col("exit") - pl.col("entry")).alias("days"))
    moved = frame.filter((pl.col("ppi") == "never") & (pl.col(wrong.name) == "ever"))
    assert wrong.person_days == pytest.approx(moved["days"].sum(), rel=1e-12)
    assert moved[ID].n_unique() == wrong.persons
    assert int(moved["death"].sum()) == 0
    right_fit, wrong_fit = (
        coxph(f"Surv(entry, exit, death) ~ {name}", frame, id=ID).params[0] for name in ("ppi", wrong.name)
    )
    # the bias makes the drug look better than it is, here by more than a quarter in the hazard ratio
    assert wrong_fit < right_fit + math.log(0.75)
    assert any("WRONG ON PURPOSE" in line.text for line in episodes.audit.lines)


def test_prescriptions_that_stop_before_they_start(adults, patients, prescriptions):
    settings = {"start": "startdate", "stop": "enddate", "missing_stop": "same day"}
    with pytest.raises(TableError, match="must not stop before it starts"):
        with_death(adults, patients).drug("any", prescriptions, **settings)
    allowed = timeline(adults, patients, allowance=None).drug("any", prescriptions, **settings)
    reversed_rows = allowed.rejects.frame.filter(pl.col("rule").str.contains("must not stop before"))
    # 39 in all hundred patients
    everybody = prescriptions.frame.filter(pl.col("enddate") < pl.col("startdate"))
    assert everybody.height == 39
    assert reversed_rows.height == everybody.filter(pl.col(ID).is_in(adults[ID].implode())).height


def test_lag_of_hours_moves_every_value_by_as_much(adults, patients, labs):
    shifted = labs.frame.with_columns(pl.col("charttime") + pl.duration(hours=6))
    settings = {"time": "charttime", "value": "valuenum", "where": MG, "carry_forward": "2 days"}
    lagged = (
        with_death(adults, patients).measure("mg", labs, lag="6 hours", **settings).episodes("death").frame
    )
    assert (
        with_death(adults, patients).measure("mg", shifted, **settings).episodes("death").frame.equals(lagged)
    )
