"""Reading a raw table: one file, its schema, its row numbers and its checksum.

Reading decides nothing about rows: what cannot be read is remembered as a problem of that row, and becomes a
reject only if the study selects the row. A file whose every date is unreadable is refused at once.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import polars as pl

from riskset.errors import TableError
from riskset.tables.door import ROW, with_rows
from riskset.tables.filters import parse_filter
from riskset.tables.names import looks_like_a_header, nearest
from riskset.tables.raw import read_raw
from riskset.tables.table import Table, TableSpec
from riskset.tables.ticks import Clock
from riskset.tables.times import NOT_OF_ERA, REMEDY, implausible, parse_times, window
from riskset.tables.values import parse_values
from riskset.tables.width import as_text

NO_SUCH_ERA = (
    "Correct the rows: Heisei ended with H31.4.30, Showa with S64.1.7; eras are read from Meiji 6 on."
)


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
    raw = read_raw(spec, Path(folder))
    frame = raw.frame
    for column in spec.columns:
        if column not in frame.columns:
            raise TableError(
                f"the column '{column}' does not exist",
                where=spec.source,
                remedy=_instead(column, frame.columns, spec),
            )
    frame, notes = _without_blank_rows(with_rows(frame.drop(ROW, strict=False), raw.first_row), spec.id)
    if frame.is_empty():
        raise TableError(
            "the table is empty", where=spec.source, remedy="It has a header and no rows: export it again."
        )
    table = Table(frame, spec.name, spec.source, raw.sha256, raw.problems, n_read=frame.height, notes=notes)
    table = _with_ids(table, spec.id)
    for column in spec.date_columns:
        table = _with_dates(table, column, spec, clock, window(plausible_dates))
    if spec.value is not None:
        table = _with_values(table, spec.value, spec)
    if spec.where is not None:
        rows = parse_filter(spec.where, where=f"table '{spec.name}'").rows(table.frame, where=spec.source)
        table = replace(table, frame=table.frame.filter(rows))
    if spec.one_row_per_person:
        require_one_row_per_person(table.frame, spec.id, where=spec.source)
    return table


def _instead(column: str, held: list[str], spec: TableSpec) -> str:
    """Name the nearest column. Where none of the study's stands there, the row may be a patient's: name no other."""
    said = nearest(column, held)
    if set(spec.columns) & set(held):
        return said
    hint, _, _ = said.rpartition("There are:")
    doubt = "" if looks_like_a_header(held) else " and does not look like a header"
    row = f"Row {spec.header_row} must hold the names of the columns{doubt}"
    return f"{hint}{row}; declare header_row if another does."


def _without_blank_rows(frame: pl.DataFrame, id: str) -> tuple[pl.DataFrame, tuple[str, ...]]:
    """Leave out rows in which nothing stands: spreadsheets write them below and between tables."""
    if frame[id].null_count() == 0:
        return frame, ()
    kept = frame.filter(~pl.all_horizontal(pl.exclude(ROW).is_null()))
    left = frame.height - kept.height
    return kept, ((f"{left:,} blank row{'' if left == 1 else 's'} left out",) if left else ())


def _with_ids(table: Table, column: str) -> Table:
    ids = id_text(table.frame[column])
    frame = table.frame.with_columns(ids.alias(column))
    return _add_problems(replace(table, frame=frame), column, "a row must have a person id", ids.is_null())


def id_text(ids: pl.Series) -> pl.Series:
    """Person ids as text, stripped of blanks around them; whole numbers lose no digit.

    Full-width letters and digits are half-width ones: both mean the same person.

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
    if ids.dtype.is_float():
        ids = ids.fill_nan(None)
        present = ids.drop_nulls()
        if bool((present.is_finite() & (present == present.round()) & (present.abs() < 2**53)).all()):
            ids = ids.cast(pl.Int64)  # a column of whole numbers with gaps, as pandas gives it
    if ids.dtype.is_nested():
        ids = ids.clear(ids.len()).cast(pl.String)  # no list or structure names a person
    return as_text(ids)


def _with_dates(
    table: Table, column: str, spec: TableSpec, clock: Clock, plausible: tuple[date, date]
) -> Table:
    parsed = parse_times(
        table.frame[column], date_only=column in spec.date_only, date_format=spec.date_format
    )
    present = table.frame[column].is_not_null()
    if present.any() and (parsed.bad == present).all():
        rule, _ = parsed.problems[0]
        raise TableError(
            rule,
            where=f"{table.source}, column '{column}'",
            rows=table.frame[ROW].filter(parsed.bad).to_list(),
            remedy=NO_SUCH_ERA if rule == NOT_OF_ERA else REMEDY,
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
    for rule, rows in parsed.problems:
        table = _add_problems(table, column, rule, rows)
    return _add_problems(table, column, f"a date must lie between {plausible[0]} and {plausible[1]}", outside)


def _with_values(table: Table, column: str, spec: TableSpec) -> Table:
    parsed = parse_values(
        table.frame[column],
        below_limit=spec.below_limit,
        decimal=spec.decimal,
        thousands=spec.thousands,
    )
    counted = int(parsed.behind_limit.sum()) if spec.below_limit in {"limit", "half"} else 0
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
