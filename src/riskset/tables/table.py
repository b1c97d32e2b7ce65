"""A raw table: what a plan says about it, and what stands in it after reading."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import polars as pl

from riskset.tables.door import ROW
from riskset.tables.rejects import Rejects
from riskset.tables.values import BelowLimit

_PROBLEMS = {"row": pl.Int64, "column": pl.String, "rule": pl.String}


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
