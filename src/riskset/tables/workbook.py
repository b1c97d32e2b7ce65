"""One sheet of an Excel workbook, with what a table of values does not show.

The values come from fastexcel. Merged cells, formulas that were never computed and cells that hold an error are looked
up in the sheet's own XML, because a reader of values gives nothing for all of them, as for a cell left empty.

Rules: a formula counts as the value that was last computed and saved with it; hidden rows are rows; the cells of a
table may not be merged, because only the first of them holds the value.
"""

from __future__ import annotations

import io
import logging
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator
from importlib import import_module
from typing import Any
from xml.etree import ElementTree as ET

import polars as pl

from riskset.errors import TableError
from riskset.tables.names import twice_in_header
from riskset.tables.table import TableSpec, no_problems

SPREADSHEET_ERROR = "a cell must not hold a spreadsheet's error, such as #N/A"
NOT_COMPUTED = "a formula must have been computed before the workbook was saved"
_ROW_LIMIT = 1_048_576
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell\b[^>]*?\bref=\"[A-Z]+(\d+):[A-Z]+(\d+)\"")
_CELL = re.compile(rb"<((?:\w+:)?)c\b([^>]*?)(?:/>|>(.*?)</\1c>)", re.DOTALL)
_PLACE = re.compile(rb'\br="([A-Z]+)(\d+)"')
_VALUE = re.compile(rb"<(?:\w+:)?v\b[^>]*>[^<]")
# what the standard library says of an archive whose parts do not hold together
_BROKEN_ZIP = (zipfile.BadZipFile, zlib.error, struct.error, ET.ParseError, OSError, EOFError, LookupError)
_BROKEN_ZIP += (ValueError, RuntimeError, StopIteration)
_RELATION = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"


def read_sheet(content: bytes, spec: TableSpec) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read the sheet of a workbook.

    Parameters
    ----------
    content : bytes
        Of the workbook.
    spec : TableSpec

    Returns
    -------
    frame : pl.DataFrame
        One row for every row below the header, blank ones included; the study's columns as text.
    problems : pl.DataFrame
        row, column, rule: cells with an error or a formula without a value.

    Raises
    ------
    TableError
        If it is no workbook, has several sheets and none is named, or cells are merged.
    """
    book = _open(content, spec)
    sheet = _chosen(book, spec)
    names = _header(book, sheet, spec)
    merged, cells = _defects(content, sheet, spec)
    if merged:
        raise TableError(
            "cells of the table are merged, and only the first of them holds the value",
            where=spec.source,
            rows=merged,
            remedy="Unmerge the cells and fill in every row.",
        )
    dtypes = {i: "string" for i, name in enumerate(names) if name in spec.columns}
    loaded = _load(
        book, spec, sheet, header_row=spec.header_row - 1, dtypes=dtypes or None, schema_sample_rows=None
    )
    texts = loaded.rename(dict(zip(loaded.columns, names, strict=False)))
    missing = [*dict.fromkeys(["", "NA", *spec.missing])]
    frame = texts.with_columns(pl.col(pl.String).replace(missing, [None] * len(missing)))
    frame = frame.select([c for c in frame.columns if not _is_filler(frame[c])])
    found = [
        (row, names[column], rule)
        for row, column, rule in cells
        if row > spec.header_row and column < len(names)
    ]
    problems = pl.DataFrame(found, schema=no_problems().schema, orient="row") if found else no_problems()
    return frame, problems


def sheet_columns(content: bytes, spec: TableSpec) -> tuple[str, ...]:
    """Read the column names of a sheet.

    Parameters
    ----------
    content : bytes
        Of the workbook.
    spec : TableSpec

    Returns
    -------
    tuple of str
    """
    book = _open(content, spec)
    return tuple(_header(book, _chosen(book, spec), spec))


def sheet_names(content: bytes, spec: TableSpec) -> tuple[str, ...]:
    """Read the names of a workbook's sheets, in its order.

    Parameters
    ----------
    content : bytes
        Of the workbook.
    spec : TableSpec

    Returns
    -------
    tuple of str

    Raises
    ------
    TableError
        If it is no workbook that can be read.
    """
    return tuple(_open(content, spec).sheet_names)


def _open(content: bytes, spec: TableSpec) -> Any:
    try:
        library = import_module("fastexcel")
    except ImportError:
        raise TableError(
            "workbooks are read with fastexcel, which is not installed",
            where=spec.source,
            remedy='python -m pip install "riskset[excel]", or save the sheet as CSV UTF-8.',
        ) from None
    # its remarks on columns that hold nothing are not for the user
    logging.getLogger("fastexcel").setLevel(logging.ERROR)
    try:
        return library.read_excel(content)
    except library.FastExcelError:
        remedy = "Remove its password" if content[:4] == b"\xd0\xcf\x11\xe0" else "Save it again"
        raise _unreadable(spec, remedy) from None


def _load(book: Any, spec: TableSpec, sheet: str, **options: Any) -> pl.DataFrame:
    try:
        return pl.DataFrame(book.load_sheet(sheet, **options))
    except (import_module("fastexcel").FastExcelError, pl.exceptions.PolarsError):
        raise _unreadable(spec) from None


def _unreadable(spec: TableSpec, remedy: str = "Save it again") -> TableError:
    return TableError(
        "the file is not an .xlsx workbook that can be read",
        where=spec.source,
        remedy=f"{remedy}, or save the sheet as CSV UTF-8.",
    )


def _chosen(book: Any, spec: TableSpec) -> str:
    names: list[str] = book.sheet_names
    if spec.sheet is None and len(names) == 1:
        return names[0]
    if spec.sheet in names:
        return str(spec.sheet)
    rule = "the workbook has several sheets" if spec.sheet is None else f"there is no sheet '{spec.sheet}'"
    remedy = f"Declare sheet, one of: {', '.join(names)}."
    raise TableError(rule, where=spec.source, remedy=remedy)


def _header(book: Any, sheet: str, spec: TableSpec) -> list[str]:
    """Give the column names as they stand; the library would rename the second of two alike."""
    rows = _load(book, spec, sheet, header_row=None, skip_rows=spec.header_row - 1, n_rows=1, dtypes="string")
    names = [] if rows.is_empty() else list(rows.row(0))
    if not any(names):
        blank = "the sheet is empty" if rows.is_empty() else f"row {spec.header_row} is blank"
        raise TableError(
            f"{blank}, and the header must stand there" if names else blank,
            where=spec.source,
            remedy="Declare header_row, the row of the column names, or another sheet.",
        )
    named = [name for name in names if name]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice is not None:
        rule, remedy = twice_in_header(twice, named, spec.columns)
        raise TableError(rule, where=spec.source, remedy=remedy)
    return [name or f"__unnamed_{i}__" for i, name in enumerate(names)]


def _is_filler(column: pl.Series) -> bool:
    return column.name.startswith("__unnamed_") and column.null_count() == column.len()


def _defects(content: bytes, sheet: str, spec: TableSpec) -> tuple[list[int], list[tuple[int, int, str]]]:
    """First rows of merged cells of the table, and row, column and rule of each cell that is wrong."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            xml = parts.read(_part_of(parts, sheet))
    except _BROKEN_ZIP:
        raise _unreadable(spec) from None
    merged = [int(m[1]) for m in _MERGED.finditer(xml) if int(m[2]) >= spec.header_row]
    return sorted(set(merged)), list(_wrong_cells(xml))


def _wrong_cells(xml: bytes) -> Iterator[tuple[int, int, str]]:
    if b't="e"' not in xml and b"<f" not in xml and b":f" not in xml:
        return
    for _, attributes, inside in _CELL.findall(xml):
        place = _PLACE.search(attributes)
        if place is None:
            continue
        if b't="e"' in attributes:
            rule = SPREADSHEET_ERROR
        elif (
            re.search(rb"<(?:\w+:)?f\b", inside)
            and b't="str"' not in attributes
            and not _VALUE.search(inside)
        ):
            rule = NOT_COMPUTED
        else:
            continue
        yield int(place[2]), _column_number(place[1].decode()), rule


def _column_number(letters: str) -> int:
    """Count columns from 0.

    Examples
    --------
    >>> _column_number("A"), _column_number("AB")
    (0, 27)
    """
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - ord("A") + 1
    return number - 1


def _part_of(parts: zipfile.ZipFile, sheet: str) -> str:
    """Find the file of a sheet within the workbook."""
    book = ET.fromstring(parts.read("xl/workbook.xml"))  # noqa: S314 (the parser of Python 3.11 has the guard)
    relation = next(
        e.get(_RELATION) for e in book.iter() if e.tag.endswith("}sheet") and e.get("name") == sheet
    )
    links = ET.fromstring(parts.read("xl/_rels/workbook.xml.rels"))  # noqa: S314 (as above)
    target = next(str(e.get("Target")) for e in links if e.get("Id") == relation)
    return target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
