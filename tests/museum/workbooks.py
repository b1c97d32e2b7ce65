"""Broken workbooks, Parquet and DuckDB files, and data frames."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import polars as pl
from exhibit import ID, NAME, READ, Exhibit, Read, Refused, SetAside

# ruff: noqa: DTZ001 (stamps in hospital tables carry no zone, and none is invented)

HEAD = ["id", "date", "value", "unit", "note"]
DAY = date(2024, 5, 17)
ROW = [ID, DAY, 7.77, "mg/dL", NAME]
TWICE = (*READ, *READ)


def book(
    *rows: list[Any], edit: Callable[[Any, Any], object] | None = None, below: int = 0
) -> Callable[[Path], None]:
    """A workbook of these rows; ``edit`` may spoil the workbook and its first sheet."""

    def write(folder: Path) -> None:
        workbook = openpyxl.Workbook()
        sheet = workbook.active
        for at, row in enumerate(rows, 1 + below):
            for column, value in enumerate(row, 1):
                sheet.cell(at, column, value)
        if edit is not None:
            edit(workbook, sheet)
        workbook.save(folder / "labs.xlsx")

    return write


def good(edit: Callable[[Any, Any], object] | None = None, *more: list[Any]) -> Callable[[Path], None]:
    return book(HEAD, ROW, *more, edit=edit)


def error_in(place: str) -> Callable[[Any, Any], None]:
    def spoil(_workbook: Any, sheet: Any) -> None:
        sheet[place] = "#N/A"
        sheet[place].data_type = "e"

    return spoil


def named(_workbook: Any, sheet: Any) -> None:
    sheet.title = "Labs"
    _workbook.create_sheet("Notes")


def bytes_of(content: bytes) -> Callable[[Path], None]:
    return lambda folder: (folder / "labs.xlsx").write_bytes(content) and None


def zipped(**parts: str) -> bytes:
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w") as archive:
        for name, text in parts.items():
            archive.writestr(name, text)
    return held.getvalue()


def computed(folder: Path) -> None:
    """A formula with the value that was last computed, as a spreadsheet saves it."""
    good(lambda _, s: s.__setitem__("C2", "=7+0.77"))(folder)
    path = folder / "labs.xlsx"
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    name = "xl/worksheets/sheet1.xml"
    parts[name] = (
        parts[name]
        .replace(b"<v />", b"<v>7.77</v>")
        .replace(b"<v></v>", b"<v>7.77</v>")
        .replace(b"<v/>", b"<v>7.77</v>")
    )
    with zipfile.ZipFile(path, "w") as archive:
        for part, data in parts.items():
            archive.writestr(part, data)


X = {"file": "labs.xlsx"}
WORKBOOKS = (
    Exhibit("a sound workbook with typed dates and numbers", good(), Read("typed cells are what they are typed as"), **X),
    Exhibit("an id typed as a number", book(HEAD, [int(ID), *ROW[1:]]), Read("a whole number is an id without a point"), **X),
    Exhibit("numbers and dates typed as text", book(HEAD, [ID, "2024-05-17", "7.77", "mg/dL", ""]), Read("text cells follow the rules of text"), **X),
    Exhibit("dates and text in one column", good(None, [ID, "R6.5.18", 7.77, "mg/dL", ""]), Read("text cells follow the rules of text", (*READ, (ID, date(2024, 5, 18), 7.77))), **X),
    Exhibit("dates with a time", book(HEAD, [ID, datetime(2024, 5, 17, 10, 30), 7.77, "mg/dL", ""]), Read("typed cells are what they are typed as", ((ID, datetime(2024, 5, 17, 10, 30), 7.77),)), **X),
    Exhibit("a serial number in place of a date, not declared", good(None, [ID, 45430, 7.77, "mg/dL", ""]), SetAside("a date must be written year first", column="date"), **X),
    Exhibit("a serial number in place of a date, declared", good(None, [ID, 45430, 7.77, "mg/dL", ""]), Read("declared serial numbers are days since 1900", (*READ, (ID, date(2024, 5, 18), 7.77))), {"date_format": "excel"}, **X),
    Exhibit("cells merged over two rows", good(lambda _, s: s.merge_cells("A2:A3"), ["", *ROW[1:]]), Refused("cells of the table are merged", "Unmerge the cells", (2,)), **X),
    Exhibit("cells merged in the header", good(lambda _, s: s.merge_cells("D1:E1")), Refused("cells of the table are merged", "Unmerge the cells", (1,)), **X),
    Exhibit("cells merged above the header", book(HEAD, ROW, edit=lambda _, s: s.merge_cells("A1:E1"), below=2), Read("what stands above the header says nothing"), {"header_row": 3}, **X),
    Exhibit("a formula with its value", computed, Read("a formula counts as the value that was saved with it"), **X),
    Exhibit("a formula that was never computed", good(lambda _, s: s.__setitem__("C3", "=7*1.11"), ROW), SetAside("a formula must have been computed"), **X),
    Exhibit("a cell with #N/A", good(error_in("C3"), ROW), SetAside("a cell must not hold a spreadsheet's error"), **X),
    Exhibit("a date with #VALUE!", good(error_in("B3"), ROW), SetAside("a cell must not hold a spreadsheet's error", column="date"), **X),
    Exhibit("an empty sheet", book(), Refused("the sheet is empty", "another sheet"), **X),
    Exhibit("a sheet with a header alone", book(HEAD), Refused("the table is empty", "export it again"), **X),
    Exhibit("several sheets, none named", good(named), Refused("the workbook has several sheets", "Labs, Notes"), **X),
    Exhibit("several sheets, one named", good(named), Read("sheet says which"), {"sheet": "Labs"}, **X),
    Exhibit("a sheet that is not there", good(named), Refused("there is no sheet 'labs'", "Labs, Notes"), {"sheet": "labs"}, **X),
    Exhibit("blank rows above the header, not declared", book(HEAD, ROW, below=2), Refused("row 1 is blank", "header_row"), **X),
    Exhibit("blank rows above the header, declared", book(HEAD, ROW, below=2), Read("header_row says where the names stand"), {"header_row": 3}, **X),
    Exhibit("blank rows between rows", good(None, [], ROW, []), Read("rows in which nothing stands are left out and counted; the others keep their numbers", TWICE, ("1 blank row left out",)), **X),
    Exhibit("a broken value below a blank row", good(None, [], [ID, DAY, "haemolysed", "mg/dL", ""]), SetAside("a value must be a number", (4,)), **X),
    Exhibit("a hidden row", good(lambda _, s: setattr(s.row_dimensions[3], "hidden", True), ROW), Read("hidden rows are rows", TWICE), **X),
    Exhibit("a column whose name stands twice", book([*HEAD[:4], "value"], ROW), Refused("the column 'value' stands twice", "Rename one of them"), **X),
    Exhibit("a name of a column that is missing", book(["id", "date", "value", "unit", None], ROW), Read("columns that the plan does not name are left as they are"), **X),
    Exhibit("a decimal comma typed as text", good(None, [ID, DAY, "7,77", "mg/dL", ""]), SetAside("must be declared"), **X),
    Exhibit("text under the name of a workbook", bytes_of(b"id,date,value,unit\n"), Refused("not an .xlsx workbook that can be read", "Save it again"), **X),
    Exhibit("a zip file under the name of a workbook", bytes_of(zipped(labs="id")), Refused("not an .xlsx workbook that can be read", "Save it again"), **X),
    Exhibit("a workbook with a password", bytes_of(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 504), Refused("not an .xlsx workbook that can be read", "Remove its password"), **X),
    Exhibit("an old workbook", bytes_of(b"\xd0\xcf\x11\xe0"), Refused("this kind of file is not read", ".xlsx"), file="labs.xls"),
)  # fmt: skip


def parquet(**columns: list[Any]) -> Callable[[Path], None]:
    base: dict[str, list[Any]] = {"id": [ID], "date": [DAY], "value": [7.77], "unit": ["mg/dL"]}
    return lambda folder: pl.DataFrame({**base, **columns}).write_parquet(folder / "labs.parquet")


def database(statement: str) -> Callable[[Path], None]:
    def write(folder: Path) -> None:
        with duckdb.connect(str(folder / "labs.duckdb")) as connection:
            connection.execute(statement)

    return write


LABS = f"CREATE TABLE labs AS SELECT '{ID}' AS id, DATE '2024-05-17' AS date, 7.77 AS value, 'mg/dL' AS unit"
P, D = {"file": "labs.parquet"}, {"file": "labs.duckdb"}
STORES = (
    Exhibit("Parquet with ids as numbers", parquet(id=[int(ID)]), Read("a whole number is an id without a point"), **P),
    Exhibit("Parquet with ids as numbers with gaps, as pandas writes them", parquet(id=[float(ID), None], date=[DAY] * 2, value=[7.77] * 2, unit=["mg/dL"] * 2), SetAside("a row must have a person id", column="id"), **P),
    Exhibit("Parquet with NaN among ids and values", parquet(id=[float(ID), float("nan")], date=[DAY] * 2, value=[7.77, float("nan")], unit=["mg/dL"] * 2), SetAside("a row must have a person id", column="id"), **P),
    Exhibit("Parquet with categories", lambda f: pl.DataFrame({"id": [ID], "date": [DAY], "value": [7.77], "unit": ["mg/dL"]}).cast({"id": pl.Categorical, "unit": pl.Categorical}).write_parquet(f / "labs.parquet"), Read("categories are text"), **P),
    Exhibit("Parquet with true and false among values", parquet(value=[True]), SetAside("a value must be a number", (2,)), **P),
    Exhibit("Parquet with dates among values", parquet(value=[DAY]), SetAside("a value must be a number", (2,)), **P),
    Exhibit("Parquet with lists among values", parquet(value=[[7.77]]), SetAside("a value must be a number", (2,)), **P),
    Exhibit("Parquet with infinity", parquet(value=[float("inf")]), SetAside("a value must be finite", (2,)), **P),
    Exhibit("Parquet with dates as text, day first", parquet(date=["17/05/2024"]), Refused("a date must be written year first", "date_format", (2,)), **P),
    Exhibit("Parquet without rows", parquet(id=[], date=[], value=[], unit=[]), Refused("the table is empty", "export it again"), **P),
    Exhibit("Parquet cut short", lambda f: (f / "labs.parquet").write_bytes(b"PAR1" + b"\x00" * 40), Refused("not a Parquet file", "Export it again"), **P),
    Exhibit("a DuckDB file without a query", database(LABS), Refused("a DuckDB file needs a query", "ORDER BY"), **D),
    Exhibit("a DuckDB file with a query", database(LABS), Read("a query gives the table, numbered in its order"), {"query": "SELECT * FROM labs ORDER BY date"}, **D),
    Exhibit("a query of a table that is not there", database(LABS), Refused("lbas", "Correct the query"), {"query": "SELECT * FROM lbas"}, **D),
    Exhibit("a query that writes", database(LABS), Refused("the query cannot be run", "opened for reading only"), {"query": "DELETE FROM labs"}, **D),
    Exhibit("a query that opens another file", database(LABS), Refused("the query cannot be run", "no other file"), {"query": "SELECT * FROM read_csv('labs.csv')"}, **D),
    Exhibit("text under the name of a DuckDB file", lambda f: (f / "labs.duckdb").write_text("id,date\n"), Refused("not a DuckDB database", "version of DuckDB"), {"query": "SELECT 1"}, **D),
    Exhibit("the address of a database with its password", lambda f: None, Refused("the address holds a password", "PGPASSWORD"), {"query": "SELECT 1", "database": f"postgresql://reader:{NAME}@localhost/clinic"}, file=""),
)  # fmt: skip
