"""Reading raw tables: what is understood, what is refused, and in which words."""

import gzip
import hashlib
from datetime import date, datetime

import polars as pl
import pytest

from riskset.errors import TableError
from riskset.tables import Rejects, TableSpec, parse_times, parse_values, read_table

# ruff: noqa: DTZ001 (stamps in hospital tables carry no zone, and none is invented)

LABS = TableSpec("labs", "labs.csv", id="id", time="date", value="value", unit="unit")
GOOD = "id,date,analyte,value,unit\n00123,2024-03-01,mg,2.3,mg/dL\n123,2024-03-02,mg,,mg/dL\n"


@pytest.fixture
def read(tmp_path):
    def run(content: str | bytes, spec: TableSpec = LABS, **settings):
        data = content.encode() if isinstance(content, str) else content
        (tmp_path / spec.file).write_bytes(data)
        return read_table(spec, tmp_path, **settings)

    return run


def test_ids_stay_text_and_rows_are_numbered_as_in_a_spreadsheet(read):
    table = read(GOOD)
    assert table.frame.rows() == [
        ("00123", date(2024, 3, 1), "mg", 2.3, "mg/dL", 2),
        ("123", date(2024, 3, 2), "mg", None, "mg/dL", 3),
    ]
    assert table.sha256 == hashlib.sha256(GOOD.encode()).hexdigest()


def test_gzip_and_parquet_hold_the_same(read, tmp_path):
    plain = read(GOOD).frame
    zipped = read(
        gzip.compress(GOOD.encode()), TableSpec("labs", "labs.csv.gz", id="id", time="date", value="value")
    )
    pl.read_csv(GOOD.encode(), schema_overrides={"id": pl.String}).write_parquet(tmp_path / "labs.parquet")
    parquet = read_table(TableSpec("labs", "labs.parquet", id="id", time="date", value="value"), tmp_path)
    assert plain.equals(zipped.frame)
    assert plain.equals(parquet.frame)


def test_byte_order_mark_is_no_part_of_the_first_name(read):
    assert read("\ufeff" + GOOD).frame.columns[0] == "id"


def test_missing_column_names_the_nearest(read):
    with pytest.raises(TableError, match="the column 'unit' does not exist") as caught:
        read("id,date,value,units\na,2024-03-01,2.3,mg/dL\n")
    assert "Did you mean 'units'?" in str(caught.value)


@pytest.mark.parametrize(
    ("content", "rule"),
    [
        ("", "empty"),
        ("id,date,value,unit\n", "empty"),
        ("id,date,value,unit\na,2024-03-01,2.3,mg/dL,x\n", "more fields than the header"),
        ("id;date;value;unit\na;2024-03-01;2,3;mg/dL\n", "not separated by commas"),
        ("id,date,value,unit,id\na,2024-03-01,2.3,mg/dL,a\n", "stands twice"),
        (b"id,date,value,unit\n\x83\x7d,2024-03-01,2.3,mg/dL\n", "not UTF-8"),
    ],
)
def test_files_that_are_refused(read, content, rule):
    with pytest.raises(TableError, match=rule):
        read(content)


def test_absent_file_and_unknown_kind(tmp_path):
    with pytest.raises(TableError, match=r"labs\.csv: the file does not exist"):
        read_table(LABS, tmp_path)
    (tmp_path / "labs.sav").write_bytes(b"$FL2")
    with pytest.raises(TableError, match="this kind of file is not read") as caught:
        read_table(TableSpec("labs", "labs.sav", id="id"), tmp_path)
    assert "Save it as .csv" in str(caught.value)
    (tmp_path / "labs.parquet").write_bytes(b"PK")
    with pytest.raises(TableError, match="Parquet"):
        read_table(TableSpec("labs", "labs.parquet", id="id"), tmp_path)
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(TableError, match="cannot be opened"):
        read_table(TableSpec("labs", "folder.csv", id="id"), tmp_path)


def test_unreadable_dates_become_problems_of_their_rows(read):
    table = read(
        "id,date,value,unit\na,2024-03-01,2.3,mg/dL\nb,01/02/2024,2.1,mg/dL\nc,2999-01-01,2.2,mg/dL\n"
    )
    assert table.frame["date"].to_list() == [date(2024, 3, 1), None, None]
    assert table.problems.select("row", "column").rows() == [(3, "date"), (4, "date")]
    chosen = table.frame.filter(pl.col("id") == "b")
    assert table.rejects(chosen, ["date"]).frame.select("file", "row", "column").rows() == [
        ("labs.csv", 3, "date")
    ]
    assert len(table.rejects(chosen, ["value"])) == 0


def test_column_of_ambiguous_dates_is_refused_with_the_remedy(read):
    with pytest.raises(TableError, match=r"year first .* \(2 rows: 2, 3\)") as caught:
        read("id,date,value,unit\na,01/02/2024,2.3,mg/dL\nb,03/04/2024,2.1,mg/dL\n")
    assert "day first and month first cannot be told apart" in str(caught.value)


def test_plausible_dates_can_be_widened(read):
    content = "id,date,value,unit\na,2164-10-23 21:09:00,2.3,mg/dL\nb,1864-01-01,2.1,mg/dL\n"
    assert read(content).problems.height == 2
    assert read(content, plausible_dates=("1800-01-01", "2300-01-01")).problems.height == 0


def test_dates_and_stamps_in_one_column(read):
    content = "id,date,value,unit\na,2024-03-01 21:09:00,2.3,mg/dL\nb,2024-03-02,2.1,mg/dL\n"
    assert read(content, clock="day").frame["date"].to_list() == [
        datetime(2024, 3, 1, 21, 9),
        datetime(2024, 3, 2),
    ]
    with pytest.raises(TableError, match="may not mix"):
        read(content, clock="time")
    only = TableSpec("labs", "labs.csv", id="id", date_only=("date",))
    assert read(content, only, clock="time").frame["date"].to_list() == [date(2024, 3, 1), date(2024, 3, 2)]


def test_values_that_are_no_numbers_become_problems(read):
    table = read(
        "id,date,value,unit\na,2024-03-01,haemolysed,mg/dL\nb,2024-03-01,<0.05,mg/dL\nc,2024-03-01,inf,mg/dL\n"
    )
    assert table.frame["value"].to_list() == [None, None, None]
    assert sorted(table.problems["row"].to_list()) == [2, 3, 4]
    half = TableSpec("labs", "labs.csv", id="id", value="value", below_limit="half")
    assert read("id,value\na,<0.05\nb,> 8\nc,1e-3\n", half).frame["value"].to_list() == [0.025, 8.0, 0.001]


def test_table_filter_and_one_row_per_person(read):
    spec = TableSpec("labs", "labs.csv", id="id", where="analyte = 'mg'", one_row_per_person=True)
    content = "id,analyte\na,mg\na,ca\nb,mg\n"
    table = read(content, spec)
    assert (table.n_read, table.frame.height) == (3, 2)
    with pytest.raises(TableError, match=r"a person must have one row \(2 rows: 2, 4\)"):
        read("id,analyte\na,mg\nb,ca\na,mg\n", spec)


def test_row_without_an_id_is_a_problem(read):
    assert read("id,date,value,unit\n,2024-03-01,2.3,mg/dL\n").problems["column"].to_list() == ["id"]


@pytest.mark.parametrize(
    ("texts", "kind"),
    [
        (["2024-03-01", "2024/3/2", "20240303", None, " 2024-03-04 "], pl.Date),
        (["2024-03-01 00:00:00", "2024-03-02 00:00"], pl.Date),
        (["2024-03-01 10:00:00", "2024-03-02T11:30:15.5", "2024/03/04 1:02"], pl.Datetime),
        (["-5", "10.5"], pl.Float64),
    ],
)
def test_forms_of_time_that_are_read(texts, kind):
    parsed = parse_times(pl.Series(texts))
    assert not parsed.bad.any()
    assert parsed.values.dtype == kind


@pytest.mark.parametrize(
    "text", ["1.3.2024", "03-01-2024", "2024-13-01", "2024-02-30", "R5.13.1", "yesterday", "2024"]
)
def test_forms_of_time_that_are_not(text):
    parsed = parse_times(pl.Series(["2024-03-01", text]))
    assert parsed.bad.to_list() == [False, True]


def test_numbers_pass_and_missing_is_missing():
    parsed = parse_values(pl.Series([1, None, 3]))
    assert parsed.values.to_list() == [1.0, None, 3.0]
    assert parse_values(pl.Series([1.0, float("nan")])).values.to_list() == [1.0, None]


def test_rejects_are_counted_by_row_and_stop_beyond_the_allowance(tmp_path):
    rejects = (
        Rejects()
        .add("labs.csv", [4, 7], "unit", "a value must have a unit")
        .add("labs.csv", [4], "date", "no date")
    )
    assert len(rejects) == 2
    rejects.check(2)
    with pytest.raises(
        TableError, match=r"labs\.csv, column 'unit': a value must have a unit \(2 rows: 4, 7\)"
    ):
        rejects.check(1)
    rejects.write_csv(tmp_path / "rejects.csv")
    assert (tmp_path / "rejects.csv").read_text().splitlines()[:2] == [
        "file,row,column,rule",
        "labs.csv,4,date,no date",
    ]
