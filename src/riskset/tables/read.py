"""Reading a raw table: one file, its schema, its row numbers and its checksum.

Reading decides nothing about rows: what cannot be read is remembered as a problem of that row, and becomes a
reject only if the study selects the row. A file whose every date is unreadable is refused at once.
"""

from __future__ import annotations

import hashlib
import io
import zlib
from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from riskset.errors import TableError
from riskset.tables.door import ROW, with_rows
from riskset.tables.filters import nearest, parse_filter
from riskset.tables.table import Table, TableSpec
from riskset.tables.ticks import Clock
from riskset.tables.times import NOT_A_DATE, REMEDY, implausible, parse_times, window
from riskset.tables.values import BelowLimit, parse_values

_MISSING = ["", "NA"]
_READABLE = ".csv, .csv.gz or .parquet"


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
    if content[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        raise TableError("the file is not UTF-8 text", where=spec.file, remedy="Save it as CSV UTF-8.")
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
