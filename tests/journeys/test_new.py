"""`riskset new`: a plan drafted from tables that nobody has described."""

from __future__ import annotations

import tomllib
from pathlib import Path

import polars as pl
import pytest

from riskset.study import read_plan
from riskset.study.draft_files import identifier, read_files
from riskset.study.draft_roles import roles_of

EXAMPLES = Path(__file__).parents[2] / "examples"


def drafted(commands, folder, *files):
    said = commands[0]("new", folder, *files)
    assert said.code == 0, said.err
    return said, (folder / "study.toml").read_text("utf-8")


def test_the_draft_passes_the_check_and_marks_its_guesses(commands, study, tmp_path):
    tables = sorted((study.folder / "data").iterdir())
    said, text = drafted(commands, tmp_path / "new", *tables)
    assert "It passes riskset check" in said.out
    assert commands[0]("check", tmp_path / "new" / "study.toml").code == 0
    plan = read_plan(tmp_path / "new" / "study.toml")
    assert plan.cohort.index.column == "index_date"
    assert [(e.time, e.reason_column) for e in plan.cohort.end] == [("exit_date", "exit_reason")]
    assert plan.baseline["age"].since == "birth_date"
    assert plan.outcomes["death"].end_reason == "death"
    assert set(plan.outcomes) == {"death", "cve", "fracture"}
    assert plan.measures["magnesium"].unit == "mg/dL"
    assert plan.measures["magnesium"].carry_forward == "90 days"  # measured monthly
    assert plan.exposure.rationale == ""  # a median is no reason
    # each guess is marked where it stands
    guessed = (
        "id =",
        "index =",
        "end =",
        "take =",
        "measure =",
        "groups =",
        "drug =",
        "levels =",
        "rationale =",
    )
    for line in text.splitlines():
        if line.startswith(guessed):
            assert "# confirm" in line, line


def test_what_it_lists_are_counts_and_strings_of_five_persons_or_more(commands, study, tmp_path):
    study.edit_row("prescriptions", lambda row: True, drug="a drug of one person")
    tables = sorted((study.folder / "data").iterdir())
    said, text = drafted(commands, tmp_path / "new", *tables)
    labs = pl.read_csv(study.table("labs")).filter(pl.col("analyte") == "magnesium")
    assert f"magnesium: {labs.height:,} rows, {labs['patient_id'].n_unique()} persons" in said.out
    assert "of fewer than 5 persons each are not listed" in said.out
    for shown in (said.all, text):
        assert "a drug of one person" not in shown
        assert not [v for v in study.private() if v in shown]


def test_strange_strings_stay_strings(commands, study, tmp_path):
    """Names of drugs that would end a TOML string or an SQL literal."""
    name = """o'Brien's "mixture" ]\\n = 1"""
    study.edit_table(
        "prescriptions", lambda rows: [r | {"drug": name} if r["drug"] == "cinacalcet" else r for r in rows]
    )
    _, text = drafted(commands, tmp_path / "new", *sorted((study.folder / "data").iterdir()))
    drugs = tomllib.loads(text)["drugs"]
    assert name[0].upper() + name[1:] in [d["label"] for d in drugs.values()]
    assert commands[0]("check", tmp_path / "new" / "study.toml").code == 0


def as_cell(text):
    """Give a text of a CSV file the type that a spreadsheet would: a person's number keeps its zeros."""
    if text in {"true", "false"}:
        return text == "true"
    try:
        return text if text.startswith("0") and text.isdigit() else float(text)
    except ValueError:
        return text


@pytest.mark.long  # writing the workbook takes a while
def test_a_workbook_with_a_sheet_for_each_table(commands, study, tmp_path):
    from openpyxl import Workbook  # noqa: PLC0415 (only here)

    book = Workbook()
    book.remove(book.active)
    for table in ("patients", "labs", "prescriptions", "events"):
        rows = study.rows(table)
        sheet = book.create_sheet(table)
        sheet.append(list(rows[0]))
        for row in rows:
            sheet.append([as_cell(text) for text in row.values()])
    book.save(tmp_path / "clinic.xlsx")
    said, _ = drafted(commands, tmp_path / "new", tmp_path / "clinic.xlsx")
    assert "It passes riskset check" in said.out
    plan = read_plan(tmp_path / "new" / "study.toml")
    assert {t.sheet for t in plan.tables.values()} == {"patients", "labs", "prescriptions", "events"}


def test_semicolons_decimal_commas_and_day_first(tmp_path):
    (tmp_path / "persons.csv").write_text(
        "patient_id;index_date;sex\n" + "".join(f"P{i};{i % 28 + 1}.02.2020;f\n" for i in range(30)), "utf-8"
    )
    (tmp_path / "labor.csv").write_text(
        "patient_id;date;analyte;value\n"
        + "".join(f"P{i};{i % 28 + 1}.03.2020;Mg;0,{70 + i}\n" for i in range(30)) * 2,
        "utf-8",
    )
    files = read_files(sorted(tmp_path.iterdir()), tmp_path)
    labs, persons = files
    assert {f.spec.delimiter for f in files} == {";"}
    assert labs.spec.decimal == ","
    assert {c.name: c.date_format for c in persons.of_kind("date")} == {"index_date": "day first"}
    assert roles_of(files).labs[0].values[0].values.to_list()[:2] == [0.70, 0.71]


def test_tables_without_a_date_are_tables_of_days(commands, tmp_path):
    tables = [EXAMPLES / "pbc" / name for name in ("persons.csv", "visits.csv")]
    said, text = drafted(commands, tmp_path / "new", *tables)
    assert "No table holds a date" in said.out
    assert "It passes riskset check" in said.out
    plan = read_plan(tmp_path / "new" / "study.toml")
    assert (plan.cohort.index.day, plan.data.observed) == (0, None)
    assert [(e.time, e.reason_column) for e in plan.cohort.end] == [("futime", "status")]
    assert {m.table: plan.tables[m.table].value for m in plan.measures.values()} == {
        "visits_bili": "bili", "visits_albumin": "albumin", "visits_protime": "protime"
    }  # fmt: skip
    assert plan.outcomes["death"].end_reason == "2"
    assert "Rows by number: 0: 143, 1: 29, 2: 140" in text  # counted in R: table(persons$status)
    assert plan.modifier.baseline == "trt"  # no drugs, no events: a flag of persons
    assert "sex" in plan.models["Model 1"].adjust


@pytest.mark.long  # several questions are tried
def test_without_prescriptions_the_state_after_an_event_is_the_question(commands, tmp_path):
    person = [f"P{i}" for i in range(40)]
    (tmp_path / "persons.csv").write_text(
        "id,followup,status\n" + "".join(f"{p},{500 + 9 * i},{i % 2}\n" for i, p in enumerate(person)),
        "utf-8",
    )
    (tmp_path / "labs.csv").write_text(
        "id,day,test,value\n"
        + "".join(
            f"{p},{d},hb,{10 + (i + d) % 5}\n" for i, p in enumerate(person) for d in range(-5, 800, 150)
        ),
        "utf-8",
    )
    rows = [(p, 40 + i, "I21") for i, p in enumerate(person) if i % 4]
    rows += [(p, 90 + i, "E11") for i, p in enumerate(person) if i % 2]
    (tmp_path / "codes.csv").write_text(
        "id,day,code\n" + "".join(f"{p},{d},{c}\n" for p, d, c in rows), "utf-8"
    )
    said, text = drafted(commands, tmp_path / "new", *sorted(tmp_path.glob("*.csv")))
    assert "It passes riskset check" in said.out, said.out
    plan = read_plan(tmp_path / "new" / "study.toml")
    assert set(plan.outcomes) == {
        "e11",
        "death",
    }  # of 10 and 30 persons, as near to half of 40 one as the other
    assert plan.states[plan.modifier.state].where == "code = 'I21'"
    assert "[drugs]" not in text


def test_dates_that_could_be_read_in_two_ways_are_left_to_the_author(tmp_path):
    (tmp_path / "persons.csv").write_text(
        "patient_id,index_date\n" + "".join(f"P{i},{i % 12 + 1}/{i % 11 + 1}/2020\n" for i in range(30)),
        "utf-8",
    )
    (column,) = read_files([tmp_path / "persons.csv"], tmp_path)[0].of_kind("date")
    assert column.date_format is None


def test_an_earlier_plan_stays(commands, study):
    before = study.plan.read_bytes()
    said = commands[0]("new", study.folder, study.table("labs"))
    assert said.code == 2
    assert "holds a plan already" in said.err
    assert study.plan.read_bytes() == before


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ({"a.csv": "x,y\n1,2\n", "b.csv": "z\n1\n"}, "looks like the number of a person"),
        ({"a.csv": "patient_id,sex\n1,f\n2,m\n"}, "no table has a date from which persons are followed"),
        ({"a.csv": "patient_id,index_date\n1,2020-01-01\n2,2020-01-02\n"}, "no table of measurements"),
    ],
)
def test_what_is_missing_is_said(commands, tmp_path, content, rule):
    for name, text in content.items():
        (tmp_path / name).write_text(text, "utf-8")
    said = commands[0]("new", tmp_path / "new", *sorted(tmp_path.iterdir()))
    assert said.code == 2
    assert rule in said.err
    assert "Remedy" in said.err
    assert not (tmp_path / "new").exists()


def test_without_files_there_are_empty_tables_and_a_plan_with_comments(commands, tmp_path):
    said, text = drafted(commands, tmp_path / "new")
    assert {p.name for p in (tmp_path / "new" / "data").iterdir()} == {
        "patients.csv", "labs.csv", "prescriptions.csv", "events.csv"
    }  # fmt: skip
    assert text.count("#") > 10
    assert "riskset check" in said.out
    # the plan fits its tables: all that the check misses are rows
    assert commands[0]("check", tmp_path / "new" / "study.toml").err.count("the table is empty") == 4


@pytest.mark.parametrize("text", ["", "1", "Ä", "a b", "x" * 100])
def test_names_are_names_of_the_plan(text):
    assert identifier(text)[0].isalpha()
    assert len(identifier(text)) <= 41
