"""A raw table: what a plan says about it, and what stands in it after reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from riskset.tables.door import ROW
from riskset.tables.rejects import Rejects
from riskset.tables.text import Encoding
from riskset.tables.times import DateFormat
from riskset.tables.values import BelowLimit, Decimal, Thousands

_PROBLEMS = {"row": pl.Int64, "column": pl.String, "rule": pl.String}


@dataclass(frozen=True)
class TableSpec:
    """What a plan says about one raw table.

    Parameters
    ----------
    name : str
        Its name in the plan.
    file : str
        Relative to the data folder; empty for a query of PostgreSQL.
    id : str
        Column of person ids, always read as text.
    time, value, unit, start, stop : str, optional
        Columns of that meaning.
    dates : sequence of str
        Further columns that hold dates.
    date_only : sequence of str
        Columns whose time of day says nothing.
    below_limit : {"limit", "half", "reject"}, optional
        What ``<0.05`` stands for in the value column.
    where : str, optional
        Rows of the file that are the table.
    one_row_per_person : bool
        Whether a second row of a person is an error.
    encoding : str, optional
        Of a text file that is neither UTF-8 nor begins with a byte order mark.
    delimiter : str, default ","
        Between the columns of a text file.
    decimal, thousands : str
        Signs within the numbers of a text file.
    missing : sequence of str
        Texts that mean nothing is known, besides an empty field and NA.
    header_row : int, default 1
        Row of the column names in a text file or sheet.
    sheet : str, optional
        Of a workbook that has several.
    date_format : {"year first", "day first", "month first", "excel", "excel 1904"}
        What dates mean that are not written year first.
    query : str, optional
        SQL that gives the table, from a DuckDB file or from `database`.
    database : str, optional
        Address of a PostgreSQL database, ``postgresql://reader@host/name``, without the password.

    Examples
    --------
    >>> TableSpec("labs", "labs.csv", id="patient_id", time="date", value="value").time
    'date'
    """

    name: str
    file: str
    id: str
    time: str | None = None
    value: str | None = None
    unit: str | None = None
    start: str | None = None
    stop: str | None = None
    dates: Sequence[str] = ()
    date_only: Sequence[str] = ()
    below_limit: BelowLimit | None = None
    where: str | None = None
    one_row_per_person: bool = False
    encoding: Encoding | None = None
    delimiter: str = ","
    decimal: Decimal = "."
    thousands: Thousands | None = None
    missing: Sequence[str] = ()
    header_row: int = 1
    sheet: str | None = None
    date_format: DateFormat = "year first"
    query: str | None = None
    database: str | None = None

    @property
    def source(self) -> str:
        """What messages call the table's origin; no two tables of one study share it unless they share rows."""
        return source_name(self.name, self.file, sheet=self.sheet, query=self.query)

    @property
    def date_columns(self) -> tuple[str, ...]:
        """Columns to be read as dates, each once."""
        named = [c for c in (self.time, self.start, self.stop) if c is not None]
        return tuple(dict.fromkeys([*named, *self.dates, *self.date_only]))

    @property
    def columns(self) -> tuple[str, ...]:
        """Columns that the file must have."""
        named = [c for c in (self.id, self.value, self.unit) if c is not None]
        return tuple(dict.fromkeys([*named, *self.date_columns]))


def source_name(name: str, file: str, *, sheet: str | None = None, query: str | None = None) -> str:
    """Name the origin of a table's rows: the file, and what part of it.

    Parameters
    ----------
    name : str
        Of the table in the plan.
    file : str
    sheet, query : str, optional

    Returns
    -------
    str

    Examples
    --------
    >>> source_name("labs", "labs.csv"), source_name("labs", "clinic.xlsx", sheet="Labs")
    ('labs.csv', "clinic.xlsx, sheet 'Labs'")
    >>> source_name("labs", "", query="SELECT * FROM labs")
    "PostgreSQL, query of 'labs'"
    """
    if query is not None:
        return f"{file or 'PostgreSQL'}, query of '{name}'"
    return file if sheet is None else f"{file}, sheet '{sheet}'"


def no_problems() -> pl.DataFrame:
    """Give an empty list of problems: row, column, rule.

    Returns
    -------
    pl.DataFrame
    """
    return pl.DataFrame(schema=_PROBLEMS)


@dataclass(frozen=True)
class Table:
    """A raw table after reading.

    Parameters
    ----------
    frame : pl.DataFrame
        Ids as text, dates as dates, values as numbers, ``__row__`` the spreadsheet row number.
    name : str
        Name in the plan.
    source : str
        File name, with the sheet or query if it is one of several.
    sha256 : str
        Of the file's bytes; of a query, of its result written as CSV.
    problems : pl.DataFrame
        row, column, rule: what could not be read.
    n_read : int
        Rows of the file, before the table's own `where`.
    n_behind_limit : int
        Values behind a limit of detection that were given a number.
    notes : tuple of str
        What a reader of the audit should know.
    """

    frame: pl.DataFrame = field(repr=False)  # no patient's value in a log by accident
    name: str
    source: str
    sha256: str
    problems: pl.DataFrame = field(default_factory=no_problems)
    n_read: int = 0
    n_behind_limit: int = 0
    notes: tuple[str, ...] = ()

    def rejects(self, frame: pl.DataFrame, columns: Sequence[str]) -> Rejects:
        """Collect the problems of the rows and columns that a study selects.

        Parameters
        ----------
        frame : pl.DataFrame
            The selected rows of this table.
        columns : sequence of str
            The columns that matter.

        Returns
        -------
        Rejects
        """
        return Rejects().extend(problems_of(self.problems, frame, columns, self.source))


def problems_of(
    problems: pl.DataFrame, frame: pl.DataFrame, columns: Sequence[str], source: str
) -> pl.DataFrame:
    """Select the problems of some rows and columns as file, row, column, rule.

    Parameters
    ----------
    problems : pl.DataFrame
        row, column, rule.
    frame : pl.DataFrame
        Rows with ``__row__``.
    columns : sequence of str
    source : str
        File name.

    Returns
    -------
    pl.DataFrame
    """
    chosen = problems.filter(pl.col("column").is_in(list(columns)))
    if not chosen.is_empty():
        chosen = chosen.join(frame.select(pl.col(ROW).alias("row")), on="row", how="semi")
    return chosen.select(pl.lit(source).alias("file"), "row", "column", "rule")
