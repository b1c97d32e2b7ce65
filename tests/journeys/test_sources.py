"""The same study from other kinds of tables: what `check` says does not depend on how a table is written."""

from __future__ import annotations

import duckdb
import polars as pl


def counts(said: str) -> str:
    """What a check says from the eligibility on: counts, and nothing of file names."""
    return said[said.index("Who stays") :]


def labs_line(study) -> str:
    return next(line for line in study.plan.read_text("utf-8").splitlines() if line.startswith("labs "))


def test_the_same_study_from_a_workbook_a_database_and_a_japanese_export(study, commands):
    check = commands[0]
    expected = counts(check("check", study.plan).out)
    data, line = study.folder / "data", labs_line(study)

    labs = pl.read_csv(study.table("labs"), infer_schema_length=0)
    typed = labs.with_columns(pl.col("date").str.to_date(), pl.col("patient_id"))
    with duckdb.connect(str(data / "clinic.duckdb")) as connection:
        connection.register("given", typed.to_arrow())
        connection.execute("CREATE TABLE labs AS SELECT * FROM given")
        connection.unregister("given")
    query = 'file = "clinic.duckdb", query = "SELECT * FROM labs"'
    study.edit_plan(line, line.replace('file = "labs.csv"', query))
    assert counts(check("check", study.plan).out) == expected

    renamed = labs.with_columns(
        pl.col("analyte").replace("magnesium", "Ｓ－Ｍｇ"),
        pl.col("unit").replace("mg/dL", "ＭＧ／ＤＬ"),
        pl.col("value").str.replace(".", ",", literal=True),
        pl.col("date").str.to_date().dt.strftime("%d/%m/%Y"),
        pl.lit("血液").alias("検体"),
    )
    text = "検査結果\n" + renamed.write_csv(separator=";")
    (data / "kensa.csv").write_bytes(text.encode("cp932"))
    keys = 'file = "kensa.csv", encoding = "cp932", delimiter = ";", decimal = ",", header_row = 2'
    keys += ', date_format = "day first", analyte = "analyte"'
    study.edit_plan(labs_line(study), line.replace('file = "labs.csv"', keys))
    study.edit_plan("where = \"analyte = 'magnesium'\"", 'analyte = "magnesium"')
    study.edit_plan("[measures]", '[analytes]\nmagnesium = ["S-Mg"]\n\n[measures]')
    said = check("check", study.plan)
    assert counts(said.out) == expected


def test_a_table_of_a_workbook(study, commands):
    check = commands[0]
    expected = counts(check("check", study.plan).out)
    import openpyxl  # noqa: PLC0415 (slow, and only here)

    book = openpyxl.Workbook()
    for name in ("events", "prescriptions"):
        sheet = book.create_sheet(name)
        frame = pl.read_csv(
            study.table(name), try_parse_dates=True, schema_overrides={"patient_id": pl.String}
        )
        sheet.append(frame.columns)
        for row in frame.iter_rows():
            sheet.append(row)
        lines = study.plan.read_text("utf-8")
        assert f'file = "{name}.csv"' in lines
        study.edit_plan(f'file = "{name}.csv"', f'file = "clinic.xlsx", sheet = "{name}"')
    book.save(study.folder / "data" / "clinic.xlsx")
    assert counts(check("check", study.plan).out) == expected
