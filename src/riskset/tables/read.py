"""Reading a raw table: one file, its schema, its row numbers and its checksum.

Reading decides nothing about rows: what cannot be read is remembered as a problem of that row, and becomes a
reject only if the study selects the row. A file whose every date is unreadable is refused at once.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path

import polars as pl

from riskset.errors import TableError
from riskset.tables.door import ROW, with_rows
from riskset.tables.filters import nearest, parse_filter
from riskset.tables.rejects import Rejects
from riskset.tables.ticks import Clock
from riskset.tables.times import NOT_A_DATE, REMEDY, implausible, parse_times, window
from riskset.tables.values import BelowLimit, parse_values

_PROBLEMS = {"row": pl.Int64, "column": pl.String, "rule": pl.String}
_MISSING = ["", "NA"]
_READABLE = ".csv, .csv.gz or .parquet"


@dataclass(frozen=True)
class TableSpec:
    """What a plan says about one raw table.

    Parameters
    ----------
    name : str
        Its name in the plan.
    file : str
        Relative to the data folder.
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
        File name.
    sha256 : str
        Of the file's bytes.
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


def read_table(
    spec: TableSpec,
    folder: Path | str,
    *,
    clock: Clock = "day",
    plausible_dates: tuple[date | str, date | str] | None = None,
) -> Table:
    r"""Read one raw table by its schema.

    Parameters
    ----------
    spec : TableSpec
    folder : path
        Folder of the data.
    clock : {"day", "time"}, default "day"
        Under "time", a column may not mix dates and time stamps.
    plausible_dates : pair of dates, optional
        First and last date that can be true; 1900 to today.

    Returns
    -------
    Table

    Raises
    ------
    TableError
        If the file is missing, empty or of an unknown kind, a column does not exist, an id column holds
        nothing, every date of a column is unreadable, or a person has a second row where one is allowed.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as folder:
    ...     _ = (Path(folder) / "labs.csv").write_text("id,date,value\n001,2024-03-01,2.3\n")
    ...     table = read_table(TableSpec("labs", "labs.csv", id="id", time="date", value="value"), folder)
    >>> table.frame.rows()
    [('001', datetime.date(2024, 3, 1), 2.3, 2)]
    """
    path = Path(folder) / spec.file
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise TableError(
            "the file does not exist",
            where=spec.file,
            remedy=f"Put it into the data folder, or correct the file of table '{spec.name}'.",
        ) from None
    except OSError:
        raise TableError(
            "the file cannot be opened", where=spec.file, remedy="Check that it is a file and may be read."
        ) from None
    frame = _parse_file(content, spec)
    for column in spec.columns:
        if column not in frame.columns:
            raise TableError(
                f"the column '{column}' does not exist",
                where=spec.file,
                remedy=nearest(column, frame.columns),
            )
    if frame.is_empty():
        raise TableError(
            "the table is empty", where=spec.file, remedy="It has a header and no rows: export it again."
        )
    table = Table(
        with_rows(frame), spec.name, spec.file, hashlib.sha256(content).hexdigest(), n_read=frame.height
    )
    table = _with_ids(table, spec.id)
    for column in spec.date_columns:
        table = _with_dates(table, column, column in spec.date_only, clock, window(plausible_dates))
    if spec.value is not None:
        table = _with_values(table, spec.value, spec.below_limit)
    if spec.where is not None:
        rows = parse_filter(spec.where, where=f"table '{spec.name}'").rows(table.frame, where=spec.file)
        table = replace(table, frame=table.frame.filter(rows))
    if spec.one_row_per_person:
        require_one_row_per_person(table.frame, spec.id, where=spec.file)
    return table


def _parse_file(content: bytes, spec: TableSpec) -> pl.DataFrame:
    name = spec.file.lower()
    if name.endswith(".parquet"):
        try:
            return pl.read_parquet(io.BytesIO(content))
        except (pl.exceptions.PolarsError, OSError):
            raise TableError(
                "the file is not a Parquet file that can be read", where=spec.file, remedy="Export it again."
            ) from None
    if not name.endswith((".csv", ".csv.gz")):
        raise TableError("this kind of file is not read", where=spec.file, remedy=f"Save it as {_READABLE}.")
    if not content:
        raise TableError("the file is empty", where=spec.file, remedy="Export it again.")
    header = _header(content)
    if b"," not in header and any(mark in header for mark in (b";", b"\t", b"|")):
        raise TableError(
            "the columns are not separated by commas", where=spec.file, remedy="Save it as CSV with commas."
        )
    # Whatever becomes an id, a date or a value is read as it stands; only other columns are given a type.
    as_text = dict.fromkeys(spec.columns, pl.String)
    try:
        frame = pl.read_csv(
            io.BytesIO(content), schema_overrides=as_text, infer_schema_length=None, null_values=_MISSING
        )
    except pl.exceptions.NoDataError:
        raise TableError("the file is empty", where=spec.file, remedy="Export it again.") from None
    except (pl.exceptions.PolarsError, OSError, UnicodeDecodeError) as problem:
        text = str(problem).lower()
        if "utf" in text:
            rule, remedy = "the file is not UTF-8 text", "Save it as CSV UTF-8."
        elif "more fields" in text or "fields" in text:
            rule, remedy = (
                "a row has more fields than the header",
                "Quote fields that hold commas, or export it again.",
            )
        else:
            rule, remedy = (
                "the file is not a comma-separated table that can be read",
                "Export it again as CSV UTF-8.",
            )
        raise TableError(rule, where=spec.file, remedy=remedy) from None
    twice = [c.partition("_duplicated_")[0] for c in frame.columns if "_duplicated_" in c]
    if twice:
        raise TableError(
            f"the column '{twice[0]}' stands twice in the header",
            where=spec.file,
            remedy="Rename one of them.",
        )
    return frame


def _header(content: bytes) -> bytes:
    """Give the first line, unzipped; nothing where it cannot be unzipped, which the reader will say."""
    if content[:2] == b"\x1f\x8b":
        try:
            content = zlib.decompressobj(wbits=31).decompress(content, 65_536)
        except zlib.error:
            return b""
    return content[:65_536].partition(b"\n")[0]


def _with_ids(table: Table, column: str) -> Table:
    ids = id_text(table.frame[column])
    frame = table.frame.with_columns(ids.alias(column))
    return _add_problems(replace(table, frame=frame), column, "a row must have a person id", ids.is_null())


def id_text(ids: pl.Series) -> pl.Series:
    """Person ids as text, stripped of blanks around them; whole numbers lose no digit.

    Parameters
    ----------
    ids : pl.Series

    Returns
    -------
    pl.Series

    Examples
    --------
    >>> id_text(pl.Series([7.0, None, 12.0])).to_list()
    ['7', None, '12']
    """
    if ids.dtype.is_float() and bool((ids.drop_nulls() == ids.drop_nulls().round()).all()):
        ids = ids.cast(pl.Int64)  # a column of whole numbers with gaps, as pandas gives it
    return ids.cast(pl.String).str.strip_chars().replace("", None)


def _with_dates(
    table: Table, column: str, date_only: bool, clock: Clock, plausible: tuple[date, date]
) -> Table:
    parsed = parse_times(table.frame[column], date_only=date_only)
    present = table.frame[column].is_not_null()
    if present.any() and (parsed.bad == present).all():
        raise TableError(
            NOT_A_DATE,
            where=f"{table.source}, column '{column}'",
            rows=table.frame[ROW].filter(parsed.bad).to_list(),
            remedy=REMEDY,
        )
    if parsed.mixed and clock == "time":
        raise TableError(
            "a column may not mix dates and time stamps when the clock is 'time'",
            where=f"{table.source}, column '{column}'",
            remedy=f'Declare date_only = ["{column}"], or give the two kinds a column each.',
        )
    outside = implausible(parsed.values, plausible)
    values = parsed.values.zip_with(~outside, parsed.values.clear(parsed.values.len()))
    table = replace(table, frame=table.frame.with_columns(values.alias(column)))
    table = _add_problems(table, column, NOT_A_DATE, parsed.bad)
    return _add_problems(table, column, f"a date must lie between {plausible[0]} and {plausible[1]}", outside)


def _with_values(table: Table, column: str, below_limit: BelowLimit | None) -> Table:
    parsed = parse_values(table.frame[column], below_limit=below_limit)
    counted = int(parsed.behind_limit.sum()) if below_limit in {"limit", "half"} else 0
    table = replace(
        table, frame=table.frame.with_columns(parsed.values.alias(column)), n_behind_limit=counted
    )
    for rule, rows in parsed.problems:
        table = _add_problems(table, column, rule, rows)
    return table


def _add_problems(table: Table, column: str, rule: str, rows: pl.Series) -> Table:
    if not rows.any():
        return table
    more = (
        table.frame.select(ROW)
        .filter(rows)
        .select(pl.col(ROW).alias("row"), pl.lit(column).alias("column"), pl.lit(rule).alias("rule"))
    )
    return replace(table, problems=pl.concat([table.problems, more]))


def require_one_row_per_person(frame: pl.DataFrame, column: str, *, where: str) -> None:
    """Check that no person has two rows.

    Parameters
    ----------
    frame : pl.DataFrame
    column : str
        Of ids.
    where : str
        File, for the message.

    Raises
    ------
    TableError
        With the rows of the persons that have several.
    """
    again = frame[column].is_duplicated() & frame[column].is_not_null()
    if again.any():
        raise TableError(
            "a person must have one row",
            where=f"{where}, column '{column}'",
            rows=with_rows(frame)[ROW].filter(again).to_list(),
            remedy="Remove the duplicates, or do not declare one_row_per_person.",
        )
