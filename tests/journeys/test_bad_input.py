"""Bad input: one clear message, exit code 2, nothing written, no patient's value shown.

The fixture's ``refusal`` checks all but the words; each test says what must be named: the rule, the file or the
key, the row as a spreadsheet counts it, and the remedy.
"""

from __future__ import annotations

import pytest


def says(message: str, *words: str) -> None:
    for word in words:
        assert word in message, message
    assert "Remedy:" in message or "problems" in message, message


def included(row: dict[str, str]) -> bool:
    return row["exit_reason"] in {"administrative", "death"}


# --- the plan -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "check"])
def test_misspelt_key(study, commands, name):
    study.edit_plan("carry_forward", "cary_forward")
    message = study.refusal(name, commands[1])
    says(message, "study.toml", "measures.mg.cary_forward", "no such key", "Did you mean carry_forward?")


def test_key_of_later_work(study):
    study.edit_plan("[report]", "[imputation]\nm = 20\n[report]")
    says(study.refusal(), "imputation", "planned, not yet available")


def test_several_mistakes_at_once(study):
    study.edit_plan("carry_forward", "cary_forward")
    study.edit_plan('drug   = "calcimimetic"', 'drug = "calcimimetics"')
    study.edit_plan("age >= 18", "agee >= 18")
    says(study.refusal(), "3 problems", "cary_forward", "modifier.drug", "Did you mean age?")


def test_no_plan_file(study, commands):
    study.plan.rename(study.folder / "other.toml")
    says(study.refusal(how=commands[1]), "no such plan file", "other.toml")


def test_broken_toml(study):
    study.edit_plan("[cohort]", "[cohort")
    says(study.refusal(), "study.toml", "line", "not valid TOML", "[cohort")


@pytest.mark.parametrize(
    "filter_",
    [
        "analyte IN (SELECT analyte FROM labs)",
        "(SELECT count(*) FROM read_csv('data/patients.csv')) > 0",
        "read_csv('data/patients.csv') IS NOT NULL",
        "analyte = 'magnesium'; DROP TABLE labs",
        "sum(value) OVER (PARTITION BY patient_id) > 1",
    ],
)
def test_malicious_filter(study, filter_):
    study.edit_plan("analyte = 'magnesium'", filter_)
    says(study.refusal(), "study.toml", "measures.mg.where", "filter")


@pytest.mark.parametrize(
    "formula",
    [
        "__import__('os').system('touch hacked')",
        "age + __import__('os').system('touch hacked')",
        "age.__class__",
        "{open('hacked', 'w')}",
        "`age` + (lambda: 1)()",
        "exec(age)",
    ],
)
def test_malicious_formula(study, formula, monkeypatch):
    monkeypatch.chdir(study.folder)
    study.edit_plan('adjust = "age + sex" }', f'adjust = "{formula}" }}')
    says(study.refusal(), "study.toml", 'models."Model 1".adjust')


def test_formula_with_an_unknown_variable(study):
    study.edit_plan('adjust = "age + sex" }', 'adjust = "age + sexx" }')
    says(study.refusal(), 'models."Model 1".adjust', "sexx", "Did you mean sex?")


# --- the tables ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "check"])
def test_missing_table(study, name):
    study.table("labs").unlink()
    says(study.refusal(name), "labs.csv", "does not exist")


@pytest.mark.parametrize("name", ["run", "check"])
def test_missing_column(study, name):
    study.edit_table(
        "labs", lambda rows: [{"valeu" if k == "value" else k: v for k, v in r.items()} for r in rows]
    )
    says(study.refusal(name), "labs.csv", "'value'", "valeu")


def test_missing_column_of_a_filter(study):
    study.edit_table(
        "labs", lambda rows: [{"analite" if k == "analyte" else k: v for k, v in r.items()} for r in rows]
    )
    says(study.refusal(), "labs.csv", "analyte", "analite")


def test_missing_baseline_column(study):
    study.edit_plan('column = "diabetes"', 'column = "diabetis"')
    says(study.refusal(), "diabetis", "diabetes")


@pytest.mark.parametrize("name", ["run", "check"])
def test_unknown_patient(study, name):
    row = study.edit_row("labs", lambda r: r["analyte"] == "magnesium", patient_id="999999")
    says(study.refusal(name), "labs.csv", "patient_id", str(row), "unknown_persons")


def test_ids_of_another_form(study):
    study.edit_table("labs", lambda rows: [r | {"patient_id": r["patient_id"].lstrip("0")} for r in rows])
    says(study.refusal(), "labs.csv", "leading zeros")


@pytest.mark.parametrize("cell", ["03/04/2019", "last winter", "2019-13-45"])
def test_unparseable_date(study, cell):
    row = study.edit_row("labs", lambda r: r["analyte"] == "magnesium", date=cell)
    message = study.refusal()
    says(message, "labs.csv", "'date'", f"{row}")
    assert cell not in message


def test_implausible_date(study):
    row = study.edit_row("patients", lambda _: True, birth_date="1066-10-14")
    says(study.refusal(), "patients.csv", "birth_date", f"{row}")


def test_exit_before_entry(study):
    row = study.edit_row("patients", included, exit_date="2001-02-03")
    says(study.refusal(), "patients.csv", "'exit_date'", "exit must not precede entry", f"{row}")


def test_person_twice(study):
    study.edit_table("patients", lambda rows: [*rows, rows[0]])
    says(study.refusal(), "patients.csv", "one row", f"{len(study.rows('patients')) + 1}")


def test_lab_without_unit(study):
    row = study.edit_row("labs", lambda r: r["analyte"] == "magnesium", unit="")
    says(study.refusal(), "labs.csv", "unit", f"{row}")


def test_lab_in_an_unknown_unit(study):
    row = study.edit_row("labs", lambda r: r["analyte"] == "magnesium", unit="mg/dLL")
    says(study.refusal(), "labs.csv", "unit", f"{row}")


def test_lab_that_is_no_number(study):
    row = study.edit_row("labs", lambda r: r["analyte"] == "magnesium", value="haemolytic")
    message = study.refusal()
    says(message, "labs.csv", "value", f"{row}")
    assert "haemolytic" not in message


@pytest.mark.parametrize("name", ["run", "check"])
def test_broken_values_are_the_reason_where_they_leave_nobody(study, name):
    study.edit_table("labs", lambda rows: [r | {"value": r["value"].replace(".", ",")} for r in rows])
    says(study.refusal(name), "labs.csv", "'value'", "comma")


def test_prescription_that_stops_before_it_starts(study):
    row = study.edit_row("prescriptions", lambda r: r["drug"] == "cinacalcet", stop="2001-02-03")
    says(study.refusal(), "prescriptions.csv", f"{row}")


@pytest.mark.parametrize("table", ["patients", "labs", "prescriptions", "events"])
def test_empty_table(study, table):
    study.edit_table(table, lambda _: [])
    says(study.refusal(), f"{table}.csv", "empty")


def test_empty_file(study):
    study.table("labs").write_bytes(b"")
    says(study.refusal(), "labs.csv", "empty")


def test_a_table_that_is_no_text(study):
    study.table("labs").write_bytes(bytes(range(256)) * 10)
    says(study.refusal(), "labs.csv")


# --- a study that cannot be -----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["run", "check"])
def test_drug_never_prescribed(study, name):
    study.edit_plan(
        "drug IN ('cinacalcet', 'etelcalcetide', 'evocalcet', 'upacicalcet')", "drug = 'cinacalset'"
    )
    says(study.refusal(name), "drugs.calcimimetic", "prescriptions.csv", "cinacalcet")


def test_measure_never_taken(study):
    study.edit_plan("analyte = 'magnesium'", "analyte = 'magnesum'")
    says(study.refusal(), "measures.mg", "labs.csv", "magnesium")


@pytest.mark.parametrize("name", ["run", "check"])
def test_outcome_without_event(study, name):
    study.edit_plan("type = 'fracture'", "type = 'fractur'")
    says(study.refusal(name), "outcomes.fracture", "events.csv", "fracture")


def test_end_reason_without_event(study):
    study.edit_plan('end_reason = "death"', 'end_reason = "dead"')
    says(study.refusal(), "outcomes.death", "dead")


def test_nobody_is_left(study):
    study.edit_plan("age >= 18", "age >= 118")
    says(study.refusal(), "Adult at index")


def test_cut_point_outside_the_data(study):
    study.edit_plan("below = 2.4", "below = 24")
    says(study.refusal(), "exposure")


def test_reference_outside_the_data(study):
    study.edit_plan("reference = 2.5", "reference = 25")
    says(study.refusal(), "exposure.curve.reference", "outside")


def test_formula_that_text_cannot_answer(study):
    study.edit_plan('adjust = "age + sex" }', 'adjust = "age + log(sex)" }')
    says(study.refusal(), "log(sex)", "cannot be computed")


def test_logarithm_of_zero(study):
    study.edit_plan("vintage >= 3", "vintage >= 0")
    study.edit_table("patients", lambda rows: [r | {"dialysis_start": r["index_date"]} for r in rows])
    message = study.refusal()
    says(message, "log(vintage)", "episodes")
    assert "rows" not in message


def test_covariate_that_nobody_has(study):
    study.edit_table("patients", lambda rows: [r | {"bmi": ""} for r in rows])
    says(study.refusal(), "outcomes.death", "no event is left", "bmi (100%")


def test_file_of_another_encoding(study):
    text = study.table("labs").read_text("utf-8").replace("magnesium", "マグネシウム")
    study.table("labs").write_bytes(text.encode("cp932"))
    says(study.refusal(), "labs.csv", "not UTF-8", 'encoding = "cp932"')


def test_no_data_folder(study):
    study.edit_plan('folder   = "data"', 'folder = "daten"')
    says(study.refusal(), "daten", "data.folder")


def test_expression_of_an_unknown_column(study):
    study.edit_plan("ca + CASE", "cca + CASE")
    says(study.refusal(), "baseline.corrected_ca", "cca", "Did you mean 'ca'?")


def test_decimal_commas_name_the_key_that_reads_them(study):
    def with_commas(rows):
        return [r | {"value": r["value"].replace(".", ",")} for r in rows]

    study.edit_table("labs", with_commas)
    message = study.refusal()
    says(message, "labs.csv, column 'value'", "a comma in a number", 'tables.labs.decimal = ","')
    assert "max_rejects" not in message  # nearly all rows: to go on without them is no remedy


def test_no_allowance_is_offered_for_more_than_one_row_in_twenty(study):
    everybody = [r | {"value": "x"} for r in study.rows("labs")]
    study.edit_table("labs", lambda _: everybody)
    message = study.refusal()
    says(message, "a value must be a number", "too many to go on without")
    assert "max_rejects" not in message


def test_the_last_of_a_day_without_a_time_of_day(study):
    study.edit_plan("mg      = { where", 'mg      = { same_day = "last", where')
    message = study.refusal()
    says(message, "labs.csv, column 'date'", "same_day = 'last' of 'mg'", "'mean', 'min' or 'max'")


# --- where to write -------------------------------------------------------------------------------------------


def test_output_folder_with_other_files(study, commands):
    (study.folder / "thesis").mkdir()
    (study.folder / "thesis" / "chapter.docx").write_text("years of work")
    before = study.tree()
    said = commands[0]("run", study.plan, "--out", study.folder / "thesis")
    assert said.code == 2
    says(said.err, "thesis", "other files")
    assert study.tree() == before


def test_output_that_is_a_file(study, commands):
    said = commands[0]("run", study.plan, "--out", study.plan)
    assert said.code == 2
    says(said.err, "is a file")


def test_simulating_over_other_files(study, commands):
    before = study.tree()
    said = commands[0]("simulate", "haemodialysis", "--patients", 5, "--out", study.folder)
    assert said.code == 2
    says(said.err, "other files")
    assert study.tree() == before
