"""``riskset check`` counts what ``run`` will analyse, and estimates nothing."""

from __future__ import annotations

import csv
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FEWEST = 5  # persons behind a string that is printed


def number(text: str, pattern: str) -> int:
    found = re.search(pattern, text)
    assert found, f"{pattern!r} is not in\n{text}"
    return int(found[1].replace(",", ""))


def test_what_matched_is_what_the_file_holds(study, commands):
    said = commands[1]("check", study.plan)
    assert said.code == 0, said.err
    # Counted from the raw text, by no code of riskset.
    magnesium = [r for r in study.rows("labs") if r["analyte"] == "magnesium"]
    persons = {r["patient_id"] for r in magnesium}
    assert f"analyte = 'magnesium'\n      {len(magnesium):,} rows of {len(persons):,} persons" in said.out
    assert number(said.out, r"([\d,]+)  in the cohort's table") == len(study.rows("patients"))


def test_strings_of_few_persons_are_withheld_and_near_misses_shown(study, commands):
    few = {r["patient_id"] for r in study.rows("patients")[: FEWEST - 1]}
    many = {r["patient_id"] for r in study.rows("patients")[:FEWEST]}

    def spoil(rows):
        extra = [rows[0] | {"patient_id": i, "drug": "Cinacalcet HCl"} for i in sorted(many)]
        rare = [rows[0] | {"patient_id": i, "drug": "cinacalcet trial"} for i in sorted(few)]
        return [*rows, *extra, *rare]

    study.edit_table("prescriptions", spoil)
    said = commands[0]("check", study.plan)
    assert said.code == 0, said.err
    assert f"NOT matched, but alike: 'Cinacalcet HCl', {FEWEST} rows of {FEWEST} persons" in said.out
    assert "NOT matched, but alike: 1 more, each of fewer than 5 persons and not shown" in said.out
    assert "cinacalcet trial" not in said.out


def test_no_person_and_no_estimate_is_shown(study, commands):
    said = commands[0]("check", study.plan)
    assert not [v for v in study.private() if v in said.all]
    assert "No estimates were made." in said.out
    assert not re.search(r"hazard|95%|\bHR\b|\bp [=<]|coefficient|rate of", said.out)


def test_cells_add_up_to_the_total(study, commands):
    said = commands[0]("check", study.plan)
    blocks = [block for block in said.out.split("\n\n") if " persons, " in block and "in the models" in block]
    assert len(blocks) == 3
    for block in blocks:
        total = number(block, r"([\d,]+) events, ")
        cells = re.findall(r"([\d,]+) / [\d,.]+", block)
        assert sum(int(c.replace(",", "")) for c in cells) == total


def test_the_intensive_care_study_is_counted_as_by_hand(commands):
    # The four counts come from plain loops over the raw tables (tests/worked/test_icu_twin.py holds them).
    said = commands[0]("check", ROOT / "examples" / "icu-magnesium" / "study.toml")
    assert said.code == 0, said.err
    assert "All 100 patients of the demo were chosen because they died" in said.out
    assert "54 events, 99 persons, 5,136.7 person-days" in said.out
    assert "in the models: 46 events of 98 persons" in said.out
    assert "187 rows of 73 persons" in said.out


def test_check_writes_nothing(study, commands):
    before = study.tree()
    commands[0]("check", study.plan)
    assert study.tree() == before


def everybody_is_eligible(study):
    plan = study.plan.read_text("utf-8")
    study.plan.write_text(re.sub(r"^require = \[.*?^\]", "", plan, flags=re.DOTALL | re.MULTILINE), "utf-8")


def test_every_row_that_breaks_a_rule_can_be_listed(study, commands):
    everybody_is_eligible(study)
    spoilt = [
        study.edit_row("labs", lambda r: r["analyte"] == "magnesium" and r["date"] != "?", date="?")
        for _ in range(12)
    ]
    spoilt.append(study.edit_row("labs", lambda r: r["analyte"] == "albumin", unit=""))
    event = study.edit_row("events", lambda r: r["type"] == "fracture", date="?")
    listed = study.folder / "rejects.csv"
    said = commands[0]("check", study.plan, "--rejects", listed)
    assert said.code == 2
    assert "2 problems" in said.err
    assert "tables.labs.max_rejects = 13" in said.err
    assert "1 more row of the file breaks other rules" in said.err
    with listed.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0]) == ["file", "row", "column", "rule"]
    assert {(r["file"], int(r["row"])) for r in rows} == {
        *(("labs.csv", n) for n in spoilt),
        ("events.csv", event),
    }
    assert not [v for v in study.private() if v in listed.read_text("utf-8")]


def test_rows_that_the_plan_allows_for_are_set_aside_and_counted(study, commands):
    study.edit_row("labs", lambda r: r["analyte"] == "magnesium", unit="")
    study.edit_plan('file = "labs.csv",', 'file = "labs.csv", max_rejects = 1,')
    said = commands[0]("check", study.plan)
    assert said.code == 0, said.err
    assert number(said.out, r"([\d,]+)  row\(s\) broke a rule") == 1


def test_a_person_does_not_leave_unseen_because_a_row_is_broken(study, commands):
    # All magnesium of the first person is unreadable: by the rules she would leave, and her rows with her.
    first = study.rows("patients")[0]["patient_id"]

    def is_hers(row):
        return row["patient_id"] == first and row["analyte"] == "magnesium"

    hers = [number for number, row in enumerate(study.rows("labs"), 2) if is_hers(row)]
    study.edit_table("labs", lambda rows: [r | {"value": "?"} if is_hers(r) else r for r in rows])
    said = commands[0]("check", study.plan)
    assert said.code == 2
    assert f"({len(hers)} rows: {hers[0]}, {hers[1]}, " in said.err


def test_broken_rows_of_persons_outside_the_cohort_do_not_stop_it(study, commands):
    def minor(rows):
        return [row | ({"birth_date": "2015-01-01"} if i == 0 else {}) for i, row in enumerate(rows)]

    study.edit_table("patients", minor)
    first = study.rows("patients")[0]["patient_id"]
    study.edit_row("labs", lambda r: r["patient_id"] == first and r["analyte"] == "magnesium", value="?")
    said = commands[0]("check", study.plan)
    assert said.code == 0, said.err
