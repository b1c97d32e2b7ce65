"""Names of columns that a message may tell: never those that a person's row could be."""

from __future__ import annotations

import polars as pl
import pytest

from riskset import coxph, kaplan_meier
from riskset.errors import RisksetError, TableError
from riskset.tables import TableSpec, nearest, parse_filter, read_table
from riskset.tables.names import looks_like_a_header, looks_like_a_name

# What a file without a header hands over as the names of its columns.
PERSONS_ROW = ["000026", "male", "1947-01-02", "2010-03-01", "true", "true_duplicated_0", "Yamada"]
SECRETS = ("000026", "male", "1947", "2010", "true", "Yamada")


def keeps_secrets(message: str) -> bool:
    return not any(secret in message for secret in SECRETS)


@pytest.mark.parametrize("name", ["id", "_x", "DOB", "Geburtsdatum", "年齢", "HbA1c", "drug name", "x2019"])
def test_names(name):
    assert looks_like_a_name(name)


@pytest.mark.parametrize(
    "cell",
    ["", "7", "000026", "2.3", "<0.05", "1947-01-02", "02/01/1947", "2.1.47", "R5.4.1", "true", "NA", "male"],
)
def test_cells(cell):
    assert not looks_like_a_name(cell)


def test_a_header_may_hold_some_names_that_are_numbers():
    assert looks_like_a_header(["id", "sex", "2019", "2020", "note", "date", "value", "unit"])
    assert not looks_like_a_header(["id", "2018", "2019", "2020"])


def test_one_date_is_enough_to_be_a_persons_row():
    assert not looks_like_a_header(["Yamada", "Hanako", "dialysis unit", "Mg", "mg/dL", "1947-01-02"])


def test_a_persons_row_is_not_told():
    said = nearest("tru", PERSONS_ROW)
    assert "first row does not look like a header" in said
    assert keeps_secrets(said)


def test_a_name_like_a_cell_is_counted_among_the_others():
    assert (
        nearest("x", ["id", "sex", "note", "7"]) == "There are: id, sex, note, 1 other that looks like data."
    )


@pytest.mark.parametrize("sql", ["male = 'x' AND sex = 'f'", "tru"])
def test_a_filter_on_a_table_without_a_header(sql):
    frame = pl.DataFrame({name: ["x"] for name in PERSONS_ROW})
    with pytest.raises(RisksetError, match="does not look like a header") as caught:
        parse_filter(sql).rows(frame, where="t.csv")
    assert keeps_secrets(str(caught.value).replace(sql, ""))


@pytest.mark.parametrize(
    "row",
    [
        "000026,male,1947-01-02,2.3,mg/dL",
        "000026,male,1947-01-02,true,true",
        "Yamada,male,1947-01-02,true,true",
    ],
)
def test_a_file_without_a_header(tmp_path, row):
    (tmp_path / "labs.csv").write_text(f"{row}\n{row}\n")
    spec = TableSpec("labs", "labs.csv", id="id", time="date", value="value", unit="unit")
    with pytest.raises(TableError, match="does not look like a header") as caught:
        read_table(spec, tmp_path)
    assert keeps_secrets(str(caught.value))


def test_a_declared_name_that_stands_twice_is_told(tmp_path):
    (tmp_path / "labs.csv").write_text("id,2019,2020,7,7\na,1,2,3,4\n")
    with pytest.raises(TableError, match="'7' stands twice"):
        read_table(TableSpec("labs", "labs.csv", id="id", value="7"), tmp_path)


def test_models_and_curves_tell_no_persons_row_either():
    frame = pl.DataFrame({name: [1.0] for name in PERSONS_ROW})
    for ask in (
        lambda: coxph("Surv(exit, event) ~ age", frame),
        lambda: kaplan_meier(frame, "Surv(exit, event)"),
    ):
        with pytest.raises(RisksetError, match="does not look like a header") as caught:
            ask()
        assert keeps_secrets(str(caught.value))
