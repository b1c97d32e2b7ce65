"""The plan's tables: sources that go with their keys, and the names of analytes."""

from __future__ import annotations

from pathlib import Path

import pytest

from riskset.errors import PlanError
from riskset.study import plan_from_toml

PLAN = (Path(__file__).parents[3] / "examples" / "haemodialysis" / "study.toml").read_text("utf-8")
MG = "analyte = 'magnesium'"


def with_labs(keys: str) -> str:
    line = next(line for line in PLAN.splitlines() if line.startswith("labs "))
    return PLAN.replace(line, f'labs = {{ time = "date", value = "value", unit = "unit", {keys} }}')


@pytest.mark.parametrize(
    "keys",
    [
        'file = "labs.csv", encoding = "cp932", delimiter = ";", decimal = ",", thousands = "."',
        'file = "labs.tsv", delimiter = "\\t", missing = ["."], header_row = 3, date_format = "day first"',
        'file = "clinic.xlsx", sheet = "Labs", header_row = 2, date_format = "excel"',
        'file = "clinic.duckdb", query = "SELECT * FROM labs ORDER BY date"',
        'database = "postgresql://reader@localhost/clinic", query = "SELECT * FROM labs ORDER BY date"',
        'file = "labs.parquet"',
    ],
)
def test_sources_that_a_plan_may_name(keys):
    table = plan_from_toml(with_labs(keys)).tables["labs"]
    assert (table.file == "") == (table.database is not None)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('below_limit = "half"', "needs a file or a database"),
        ('file = "a.csv", database = "postgresql://h/d", query = "SELECT 1"', "a file and a database"),
        ('file = "labs.xls"', "this kind of file is not read"),
        ('file = "labs.duckdb"', "a database does not say which table"),
        ('database = "postgresql://reader:geheim@h/d", query = "SELECT 1"', "holds a password"),
        ('file = "labs.csv", query = "SELECT 1"', "it is for a .duckdb file or a database"),
        ('file = "labs.csv", sheet = "Labs"', "it is for a workbook"),
        ('file = "labs.xlsx", decimal = ","', "it is for a text file"),
        ('file = "labs.parquet", header_row = 2', "it is for a text file or a workbook"),
        ('file = "labs.csv", thousands = ".", decimal = "."', "must differ from decimal"),
        ('file = "labs.csv", date_format = "mdy"', "month first"),
        ('file = "labs.csv", encoding = "sjis"', "cp932"),
    ],
)
def test_sources_that_do_not_go_together(keys, said):
    with pytest.raises(PlanError) as caught:
        plan_from_toml(with_labs(keys))
    assert said in str(caught.value)
    assert "geheim" not in str(caught.value)


def test_names_of_an_analyte_become_the_filter():
    text = with_labs('file = "labs.csv", analyte = "item"').replace(
        f'where = "{MG}"', 'analyte = "magnesium"'
    )
    plan = plan_from_toml(text + '\n[analytes]\nmagnesium = ["S-Mg", "マグネシウム"]\n')
    where = plan.measures["mg"].where
    assert where is not None
    assert "LOWER(TRIM(\"item\")) IN ('magnesium'" in where
    assert "'ｓ－ｍｇ'" in where
    assert plan.measures["ca"].where == "analyte = 'calcium'"  # what is written stays


def test_names_of_analytes_that_cannot_be():
    text = with_labs('file = "labs.csv", analyte = "item"').replace(
        f'where = "{MG}"', 'analyte = "magnesium"'
    )
    with pytest.raises(PlanError, match="no measure has this analyte"):
        plan_from_toml(text + '\n[analytes]\nmagnesum = ["Mg"]\n')
    with pytest.raises(PlanError, match="already stands for magnesium"):
        plan_from_toml(text + '\n[analytes]\nmagnesium = ["Mg"]\nmanganese = ["ＭＧ"]\n')
