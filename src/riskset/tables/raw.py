"""Where a raw table comes from: a file of one of the known kinds, or a query."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from riskset.errors import TableError
from riskset.tables.database import query_columns, read_query
from riskset.tables.delimited import delimited_columns, read_delimited
from riskset.tables.table import TableSpec, no_problems
from riskset.tables.text import as_utf8, unzipped
from riskset.tables.workbook import read_sheet, sheet_columns

FILES = (".csv", ".csv.gz", ".tsv", ".txt", ".xlsx", ".parquet", ".duckdb")
READABLE = f"{', '.join(FILES[:-1])} or {FILES[-1]}"
TEXT_FILES = (".csv", ".csv.gz", ".tsv", ".txt")


@dataclass(frozen=True)
class Raw:
    """A table before its schema.

    Parameters
    ----------
    frame : pl.DataFrame
        Every row of the source, blank ones included.
    sha256 : str
        Of the file's bytes; of a query, of its result written as CSV.
    first_row : int
        Number of the first row of data in the source.
    problems : pl.DataFrame
        row, column, rule: cells that the source itself marks as wrong.
    """

    frame: pl.DataFrame = field(repr=False)
    sha256: str
    first_row: int = 2
    problems: pl.DataFrame = field(default_factory=no_problems)


def read_raw(spec: TableSpec, folder: Path) -> Raw:
    """Read the rows of a table as they stand.

    Parameters
    ----------
    spec : TableSpec
    folder : Path
        Of the data.

    Returns
    -------
    Raw

    Raises
    ------
    TableError
        If there is no such file or database, or it is not what its name says.
    """
    if spec.query is not None or spec.database is not None:
        frame = read_query(spec, folder)
        flat = frame.select(c for c in frame.columns if not frame.schema[c].is_nested())
        return Raw(frame, hashlib.sha256(flat.write_csv().encode()).hexdigest())
    content = _content(spec, folder)
    sha256 = hashlib.sha256(content).hexdigest()
    name = spec.file.lower()
    if name.endswith(".parquet"):
        return Raw(_parquet(content, spec), sha256)
    if name.endswith(".xlsx"):
        frame, problems = read_sheet(content, spec)
        return Raw(frame, sha256, spec.header_row + 1, problems)
    frame = read_delimited(_text(content, spec), spec)
    return Raw(frame, sha256, spec.header_row + 1)


def columns_of(spec: TableSpec, folder: Path | str) -> tuple[str, ...]:
    """Read the names of a table's columns.

    Parameters
    ----------
    spec : TableSpec
    folder : path
        Of the data.

    Returns
    -------
    tuple of str
        Empty where the table cannot be read, which :func:`read_table` will explain.
    """
    folder = Path(folder)
    try:
        if spec.query is not None or spec.database is not None:
            return query_columns(spec, folder)
        if spec.file.lower().endswith(".parquet"):
            return tuple(pl.read_parquet_schema(folder / spec.file))
        content = _content(spec, folder)
        if spec.file.lower().endswith(".xlsx"):
            return sheet_columns(content, spec)
        return delimited_columns(_text(content, spec), spec)
    except (TableError, OSError, pl.exceptions.PolarsError):
        return ()


def _content(spec: TableSpec, folder: Path) -> bytes:
    if not spec.file.lower().endswith(FILES):
        raise TableError("this kind of file is not read", where=spec.source, remedy=f"Save it as {READABLE}.")
    if spec.file.lower().endswith(".duckdb"):
        raise TableError(
            "a DuckDB file needs a query",
            where=spec.source,
            remedy='Add query = "SELECT * FROM the_table ORDER BY ...".',
        )
    path = folder / spec.file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise TableError(
            "the file does not exist",
            where=spec.source,
            remedy=f"Put it into the data folder, or correct the file of table '{spec.name}'.",
        ) from None
    except OSError:
        raise TableError(
            "the file cannot be opened", where=spec.source, remedy="Check that it is a file and may be read."
        ) from None
    if not content:
        raise TableError("the file is empty", where=spec.source, remedy="Export it again.")
    if spec.file.lower().endswith(TEXT_FILES) and content[:4] == b"PK\x03\x04":
        raise TableError(
            "the file is a workbook, whatever its name says",
            where=spec.source,
            remedy="Give it the ending .xlsx, or save it as CSV UTF-8.",
        )
    return content


def _text(content: bytes, spec: TableSpec) -> bytes:
    if content[:2] == b"\x1f\x8b" or spec.file.lower().endswith(".gz"):
        content = unzipped(content, where=spec.source)
    return as_utf8(content, spec.encoding, where=spec.source)


def _parquet(content: bytes, spec: TableSpec) -> pl.DataFrame:
    try:
        return pl.read_parquet(io.BytesIO(content))
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError):  # damage within its pages
        raise TableError(
            "the file is not a Parquet file that can be read", where=spec.source, remedy="Export it again."
        ) from None
