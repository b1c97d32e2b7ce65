"""The plan's raw tables: where they are, how they are written, which column plays which part."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from riskset.tables.text import Encoding
from riskset.tables.times import DateFormat
from riskset.tables.values import Decimal, Thousands

Name = Annotated[str, Field(pattern=r"^[A-Za-z][A-Za-z0-9_]*$")]
"""A name that becomes a column: letters, digits and underscores, a letter first."""
Text = Annotated[str, Field(min_length=1)]
DateWindow = tuple[date, date]


class Section(BaseModel):
    """A part of the plan: unknown keys are errors, types are never guessed, nothing changes after reading."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, use_attribute_docstrings=True
    )


class Data(Section):
    """Where the tables are, who a person is, and what times mean."""

    folder: str = "."
    """Folder of the tables, relative to the plan."""
    id: Text
    """Column that names the person, the same in every table. Read as text: 00123 stays 00123."""
    clock: Literal["day", "time"] = "day"
    """"day": all times are whole days. "time": time stamps count to the second."""
    observed: DateWindow | None = None
    """First and last date on which records exist. "Never used" means never within them."""
    plausible_dates: DateWindow | None = None
    """Dates outside this window are rejects. By default 1900 to today; widen it for shifted dates."""
    unknown_persons: Literal["error", "count"] = "error"
    """Persons of a table who are nowhere in the table of `cohort.from`: refuse, or count and go on."""


class Table(Section):
    """One raw table: its file, and which columns play which part."""

    file: str = ""
    """File in the data folder: .csv, .csv.gz, .tsv, .txt, .xlsx, .parquet or .duckdb."""
    sheet: Text | None = None
    """Sheet of a workbook that has several."""
    query: Text | None = None
    """SQL query that gives the table, asked of a .duckdb file or of `database`; with ORDER BY, so that rows have numbers."""
    database: Text | None = None
    """PostgreSQL database, "postgresql://reader@host/name", instead of a file. The password stays in PGPASSWORD or .pgpass."""
    encoding: Encoding | None = None
    """Of a text file that is neither UTF-8 nor begins with a byte order mark."""
    delimiter: Literal[",", ";", "\t", "|"] = ","
    """What separates the columns of a text file."""
    decimal: Decimal = "."
    """Decimal sign in a text file."""
    thousands: Thousands | None = None
    """Sign between groups of three digits in a text file; without it, none is read."""
    missing: tuple[str, ...] = ()
    """Texts that mean "not known", besides an empty field and NA, e.g. [".", "NULL"]."""
    header_row: Annotated[int, Field(ge=1)] = 1
    """Row of the column names in a text file or sheet."""
    date_format: DateFormat = "year first"
    """How dates are written, where not year first. "excel" is for serial numbers of days since 1900, "excel 1904" since 1904. Dates of Japanese eras (R5.4.1) are always read."""
    one_row_per_person: bool = False
    """Refuse the table if a person has more than one row."""
    where: str | None = None
    """Only these rows of the table belong to the study (an SQL condition)."""
    time: str | None = None
    """Column with the date or time stamp of a lab value or an event."""
    value: str | None = None
    """Column with the lab value."""
    unit: str | None = None
    """Column with the unit of each lab value."""
    analyte: str | None = None
    """Column with the name of what was measured: a measure with `analyte` and no `where` takes the rows of its names."""
    start: str | None = None
    """Column with the first day of a prescription."""
    stop: str | None = None
    """Column with the last day of a prescription."""
    missing_stop: str = "reject"
    """A prescription without a last day is "ongoing", ends the "same day", after "<n> days", or is a "reject"."""
    below_limit: Literal["limit", "half", "reject"] = "reject"
    """A value such as <0.05 counts as the limit, as half of it, or is a reject."""
    date_only: tuple[str, ...] = ()
    """Columns of time stamps that mean the day only."""
    max_rejects: Annotated[int, Field(ge=0)] = 0
    """How many rows of the study may break a rule before the run stops; they are written to a file."""
