"""Death recorded twice, in the reason for the end of follow-up and among the event rows."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from riskset.study import read_plan
from riskset.study.assemble import assemble, outcome_episodes
from riskset.study.methods import methods
from riskset.study.preflight import preflight

ROOT = Path(__file__).parents[2]
BOTH = 'death    = { end_reason = "death", where = "type = \'death\'", label'
ONLY_END = 'death    = { end_reason = "death", label'
ONLY_ROWS = "death    = { where = \"type = 'death'\", label"


def record_deaths(study, days_later: dict[int, int]) -> list[str]:
    """Give everybody who died an event row on the day of death; of some, numbered from 0, so many days later.

    Returns
    -------
    list of str
        Ids of the dead, the eligible first.
    """
    eligible = set(assemble(plan := read_plan(study.plan), preflight(plan).tables).persons["patient_id"])
    dead = [r for r in study.rows("patients") if r["exit_reason"] == "death"]
    dead.sort(key=lambda r: r["patient_id"] not in eligible)
    added: list[dict[str, str]] = []
    for k, person in enumerate(dead):
        day = date.fromisoformat(person["exit_date"]) + timedelta(days=days_later.get(k, 0))
        added.append({"patient_id": person["patient_id"], "date": day.isoformat(), "type": "death"})
    study.edit_table("events", lambda rows: [*rows, *(dict.fromkeys(rows[0], "") | a for a in added)])
    return [r["patient_id"] for r in dead]


def row_of(study, person: str) -> int:
    return next(i for i, r in enumerate(study.rows("patients"), 2) if r["patient_id"] == person)


def deaths(study):
    """Count what the plan makes of death, without fitting anything: persons and events."""
    plan = read_plan(study.plan)
    rows = outcome_episodes(assemble(plan, preflight(plan).tables), "death")[0].frame
    return rows["patient_id"].n_unique(), rows["death"].sum()


def checked(study, commands) -> str:
    said = commands[0]("check", study.plan)
    assert said.code == 0, said.err
    return said.out


def test_records_that_disagree_are_rejects_where_the_plan_names_both(study):
    people = record_deaths(study, {1: 3})
    study.edit_plan(ONLY_END, BOTH)
    message = study.refusal()
    assert "patients.csv, column 'exit_date'" in message
    assert "must agree" in message
    assert f"(1 row: {row_of(study, people[1])})" in message


def test_with_an_allowance_the_person_leaves_the_outcome(study, commands):
    persons, events = deaths(study)
    record_deaths(study, {1: 3})
    study.edit_plan(ONLY_END, BOTH)
    study.edit_plan('file = "patients.csv", ', 'file = "patients.csv", max_rejects = 1, ')
    assert deaths(study) == (persons - 1, events - 1)
    assert "two records of the event disagree: 1" in checked(study, commands)


def test_records_that_agree_count_once(study, commands):
    named_once = deaths(study)
    record_deaths(study, {})
    study.edit_plan(ONLY_END, BOTH)
    assert deaths(study) == named_once
    assert "disagree" not in checked(study, commands)


def test_either_record_alone_is_a_death(study):
    named_once = deaths(study)
    dead = set(record_deaths(study, {})[:3])
    study.edit_plan(ONLY_END, BOTH)
    study.edit_table(
        "events", lambda rows: [r for r in rows if r["type"] != "death" or r["patient_id"] not in dead]
    )
    assert deaths(study) == named_once


def test_a_record_that_the_plan_does_not_name_is_compared(study, commands):
    record_deaths(study, {0: -2, 1: -3})
    for _ in range(2):
        said = [line for line in checked(study, commands).splitlines() if "the end of follow-up by" in line]
        assert len(said) == 1
        assert said[0].startswith("  WARNING Death from any cause")
        assert " for 2 of the " in said[0]
        assert "by up to 3 days" in said[0]
        if ONLY_END in study.plan.read_text("utf-8"):
            study.edit_plan(ONLY_END, ONLY_ROWS)


def test_two_records_in_words():
    study = ROOT / "examples" / "haemodialysis" / "study.toml"
    plan = read_plan(study)
    both = plan.outcomes["death"].model_copy(update={"table": "events", "where": "type = 'death'"})
    told = methods(plan.model_copy(update={"outcomes": {**plan.outcomes, "death": both}}))
    assert any("ends by death, or a row of events where type = 'death'; where both" in m.text for m in told)


def test_death_before_index_is_named_by_file_and_row(study):
    people = record_deaths(study, {})
    index = {r["patient_id"]: r["index_date"] for r in study.rows("patients")}
    early = (date.fromisoformat(index[people[2]]) - timedelta(days=9)).isoformat()
    row = study.edit_row(
        "events", lambda r: r["type"] == "death" and r["patient_id"] == people[2], date=early
    )
    study.edit_plan(ONLY_END, ONLY_ROWS)
    message = study.refusal()
    assert (
        f"events.csv, column 'date': 'death' ends follow-up and lies before entry (1 row: {row})" in message
    )
    assert "cohort.require" in message
