"""The raw tables of the simulated cohort: columns, order in time, who is screened out, same seed same bytes."""

from __future__ import annotations

import hashlib
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from riskset.errors import CohortError, OutputError
from riskset.simulate import VARIANTS, SimulatedCohort, simulate_haemodialysis, write_tables
from riskset.simulate.margins import eligible

COLUMNS = {
    "patients": "patient_id sex birth_date index_date dialysis_start diabetes cvd_history fracture_history bmi "
    "dry_weight ktv dialysate_mg dialysate_ca exit_date exit_reason",
    "labs": "patient_id date analyte value unit method inpatient",
    "prescriptions": "patient_id drug start stop dose dose_unit",
    "events": "patient_id date type subtype fatal",
}


@pytest.fixture(scope="module")
def cohort() -> SimulatedCohort:
    return simulate_haemodialysis()


def with_person(cohort: SimulatedCohort, table: pl.DataFrame) -> pl.DataFrame:
    return table.join(cohort.patients, on="patient_id", how="left", validate="m:1")


def test_columns_are_those_of_the_study(cohort: SimulatedCohort):
    assert {name: " ".join(frame.columns) for name, frame in cohort.tables().items()} == COLUMNS


def test_exactly_the_asked_number_passes_the_rules(cohort: SimulatedCohort):
    assert eligible(cohort).height == 399
    assert cohort.patients.height == 399 + 60
    assert eligible(simulate_haemodialysis(patients=1330, seed=5)).height == 1330


def test_each_rule_screens_somebody_out(cohort: SimulatedCohort):
    age = (pl.col("index_date") - pl.col("birth_date")).dt.total_days() / 365.25
    vintage = (pl.col("index_date") - pl.col("dialysis_start")).dt.total_days() / 30.4375
    young = cohort.patients.filter(age < 18).height
    early = cohort.patients.filter(age >= 18, vintage < 3).height
    assert young > 0
    assert early > 0
    assert young + early < 60  # the rest: no magnesium before index


def test_ids_are_text_with_leading_zeros_and_known_in_every_table(cohort: SimulatedCohort):
    ids = cohort.patients["patient_id"]
    assert ids.n_unique() == len(ids)
    assert ids.str.len_chars().unique().to_list() == [6]
    assert ids.str.starts_with("0").any()
    for frame in (cohort.labs, cohort.prescriptions, cohort.events):
        assert frame["patient_id"].is_in(ids.implode()).all()


def test_nothing_is_recorded_after_exit(cohort: SimulatedCohort):
    for table, column in (("labs", "date"), ("prescriptions", "start"), ("events", "date")):
        assert (
            with_person(cohort, cohort.tables()[table])
            .filter(pl.col(column) > pl.col("exit_date"))
            .is_empty()
        )


def test_dates_are_in_order(cohort: SimulatedCohort):
    p = cohort.patients
    assert (p["birth_date"] < p["dialysis_start"]).all()
    assert (p["dialysis_start"] < p["index_date"]).all()
    assert (p["index_date"] < p["exit_date"]).all()
    assert p["exit_date"].max() == date(2024, 12, 31)
    assert cohort.prescriptions.filter(pl.col("stop") < pl.col("start")).is_empty()
    assert with_person(cohort, cohort.labs).filter(pl.col("date") < pl.col("dialysis_start")).is_empty()
    assert (
        with_person(cohort, cohort.prescriptions)
        .filter(pl.col("start") < pl.col("dialysis_start"))
        .is_empty()
    )


def test_an_open_prescription_belongs_to_somebody_seen_to_the_close(cohort: SimulatedCohort):
    ongoing = with_person(cohort, cohort.prescriptions).filter(pl.col("stop").is_null())
    assert ongoing.height > 0
    assert set(ongoing["exit_reason"]) == {"administrative"}


def test_prescriptions_are_as_messy_as_real_ones(cohort: SimulatedCohort):
    within = cohort.prescriptions.filter(
        pl.col("drug").is_in(["cinacalcet", "etelcalcetide", "evocalcet"])
    ).sort("patient_id", "start")
    gap = (pl.col("start") - pl.col("stop").shift(1).over("patient_id")).dt.total_days()
    counts = within.select(
        overlap=(gap < 0).sum(), touching=gap.is_in([0, 1]).sum(), gap=gap.is_between(2, 30).sum(),
        pause=(gap > 31).sum(), one_day=(pl.col("start") == pl.col("stop")).sum(),
    ).row(0, named=True)  # fmt: skip
    assert min(counts.values()) > 0, counts


def test_labs_miss_visits_and_repeat_within_a_day(cohort: SimulatedCohort):
    mg = cohort.labs.filter(pl.col("analyte") == "magnesium")
    assert mg.group_by("patient_id", "date").len().filter(pl.col("len") > 1).height > 0
    between = mg.filter(~pl.col("inpatient")).sort("patient_id", "date")["date"].diff().dt.total_days()
    assert between.filter((between > 45) & (between < 400)).len() > 0
    assert mg["inpatient"].any()


def test_inpatient_labs_begin_on_the_day_of_an_event_or_later(cohort: SimulatedCohort):
    # Only death and events admit anybody in the standard truth, and no value before them may show it.
    events = cohort.events.select("patient_id", event="date")
    deaths = cohort.patients.filter(pl.col("exit_reason") == "death").select("patient_id", event="exit_date")
    admitting = pl.concat([events, deaths]).sort("event")
    inside = cohort.labs.filter("inpatient").sort("date")
    matched = inside.join_asof(
        admitting, left_on="date", right_on="event", by="patient_id", check_sortedness=False
    )
    assert matched["event"].null_count() == 0
    # At most 3 more panels 5 days apart, or a routine visit within the longest stay of 29 days.
    assert (matched["date"] - matched["event"]).dt.total_days().max() <= 29


def test_magnesium_is_on_the_grid_of_a_tenth(cohort: SimulatedCohort):
    mg = cohort.labs.filter(pl.col("analyte") == "magnesium")["value"]
    assert (mg == mg.round(1)).all()


def test_typical_values_are_met():
    # Means of some 3,450 people lie within a tenth of an SD of the documented ones (a standard error is 1/59).
    p = simulate_haemodialysis(patients=3000, seed=11).patients
    assert p["bmi"].mean() == pytest.approx(21.3, abs=0.33)
    assert p["dry_weight"].mean() == pytest.approx(56, abs=1.1)
    assert p["ktv"].mean() == pytest.approx(1.58, abs=0.03)
    assert (p["sex"] == "male").mean() == pytest.approx(0.65, abs=0.02)
    assert p["diabetes"].mean() == pytest.approx(0.40, abs=0.03)
    assert p["cvd_history"].mean() == pytest.approx(0.38, abs=0.03)
    assert p["fracture_history"].mean() == pytest.approx(0.10, abs=0.02)


def test_same_seed_same_bytes_and_no_trace_of_a_temporary_file(tmp_path: Path):
    digests: list[list[str]] = []
    for folder in ("a", "b"):
        paths = write_tables(simulate_haemodialysis(patients=40, seed=9), tmp_path / folder)
        digests.append([hashlib.sha256(path.read_bytes()).hexdigest() for path in paths])
    assert digests[0] == digests[1]
    assert sorted(p.name for p in (tmp_path / "a").iterdir()) == [
        "events.csv", "labs.csv", "patients.csv", "prescriptions.csv",
    ]  # fmt: skip
    other = simulate_haemodialysis(patients=40, seed=10)
    assert not other.labs.equals(simulate_haemodialysis(patients=40, seed=9).labs)


def test_csv_dates_are_iso_and_ids_keep_their_zeros(tmp_path: Path):
    cohort = simulate_haemodialysis(patients=10, seed=2)
    write_tables(cohort, tmp_path)
    back = pl.read_csv(
        tmp_path / "patients.csv", schema_overrides={"patient_id": pl.String}, try_parse_dates=True
    )
    assert back.equals(cohort.patients)


def test_parquet_keeps_every_type(tmp_path: Path):
    cohort = simulate_haemodialysis(patients=10, seed=2)
    for path, frame in zip(write_tables(cohort, tmp_path, "parquet"), cohort.tables().values(), strict=True):
        assert pl.read_parquet(path).equals(frame)


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(OutputError, match="could not be written"):
        write_tables(simulate_haemodialysis(patients=5, seed=1), tmp_path / "taken")
    with pytest.raises(OutputError, match="format"):
        write_tables(simulate_haemodialysis(patients=5, seed=1), tmp_path, "xlsx")  # pyright: ignore[reportArgumentType]


def test_an_unknown_variant_or_an_impossible_number_is_refused():
    with pytest.raises(CohortError, match="no variant 'immortal'"):
        simulate_haemodialysis(patients=5, variant="immortal")
    with pytest.raises(CohortError, match="number of patients"):
        simulate_haemodialysis(patients=0)


@pytest.mark.parametrize("patients", [1, 2, 7])
def test_the_smallest_cohorts_work(patients: int):
    assert eligible(simulate_haemodialysis(patients=patients, seed=4)).height == patients


@pytest.mark.parametrize("variant", sorted(VARIANTS))
def test_every_variant_writes_the_same_columns(variant: str):
    tables = simulate_haemodialysis(patients=60, seed=3, variant=variant).tables()
    assert {name: " ".join(frame.columns) for name, frame in tables.items()} == COLUMNS


def test_variants_show_in_the_tables():
    def labs(variant: str, analyte: str) -> pl.DataFrame:
        return simulate_haemodialysis(patients=150, seed=6, variant=variant).labs.filter(
            pl.col("analyte") == analyte
        )

    alp = (
        labs("alp_step", "alp")
        .group_by("method")
        .agg(pl.col("value").median(), pl.col("date").min())
        .sort("method")
    )
    assert alp["method"].to_list() == ["IFCC", "JSCC"]
    assert alp["date"][0] >= date(2020, 4, 1)
    assert alp["value"][0] / alp["value"][1] == pytest.approx(
        0.35, rel=0.1
    )  # medians of some 1,000 values each

    mixed = labs("meq_contamination", "magnesium").group_by("unit").agg(pl.col("value").median())
    level = dict(mixed.iter_rows())
    # 2.5 mg/dL is 2.06 mEq/L; medians of a 0.1 grid move by half a step at most.
    assert level["mEq/L"] / level["mg/dL"] == pytest.approx(0.823, rel=0.05)

    with_pth = labs("pth_missing", "pth")["patient_id"].n_unique()
    everybody = labs("no_interaction", "pth")["patient_id"].n_unique()
    assert 0.7 < with_pth / everybody < 0.97

    ill = labs("ill", "magnesium")["inpatient"].mean()
    assert ill > 2 * labs("no_interaction", "magnesium")["inpatient"].mean()
