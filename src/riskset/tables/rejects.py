"""Rows that broke a rule: file, row number, column, rule. Never the value, never the person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import polars as pl

from riskset.errors import TableError, counted

_SCHEMA = {"file": pl.String, "row": pl.Int64, "column": pl.String, "rule": pl.String}


def _none() -> pl.DataFrame:
    return pl.DataFrame(schema=_SCHEMA)


@dataclass(frozen=True)
class Rejects:
    """Rows set aside, with the reason.

    Parameters
    ----------
    frame : pl.DataFrame
        file, row (as in a spreadsheet: the header is row 1), column, rule.

    Examples
    --------
    >>> rejects = Rejects().add("labs.csv", [4, 7], "unit", "a value needs a unit")
    >>> len(rejects)
    2
    """

    frame: pl.DataFrame = field(default_factory=_none)

    def __len__(self) -> int:
        """Count the rows that broke a rule; a row that broke two counts once."""
        return 0 if self.frame.is_empty() else self.frame.select("file", "row").n_unique()

    def add(self, file: str, rows: Sequence[int] | np.ndarray | pl.Series, column: str, rule: str) -> Rejects:
        """Return these rejects and more.

        Parameters
        ----------
        file : str
        rows : sequence of int
            Spreadsheet row numbers.
        column : str
        rule : str

        Returns
        -------
        Rejects
        """
        numbers = np.asarray(rows, dtype=np.int64)
        if not numbers.size:
            return self
        more = pl.DataFrame({"row": numbers}).select(
            pl.lit(file).alias("file"), "row", pl.lit(column).alias("column"), pl.lit(rule).alias("rule")
        )
        return self.extend(more)

    def extend(self, more: pl.DataFrame) -> Rejects:
        """Return these rejects and those of a frame of the same columns, each once, sorted.

        Parameters
        ----------
        more : pl.DataFrame

        Returns
        -------
        Rejects
        """
        if more.is_empty():
            return self
        both = pl.concat([self.frame, more.select(list(_SCHEMA)).cast(pl.Schema(_SCHEMA))])
        return Rejects(both.unique().sort("file", "row", "column", "rule"))

    def check(self, allowance: int) -> None:
        """Stop if more rows broke a rule than the study allows.

        Parameters
        ----------
        allowance : int
            Rows that may be set aside.

        Raises
        ------
        TableError
            With the most frequent rule, its file and its rows.
        """
        if len(self) <= allowance:
            return
        groups = self.frame.group_by("file", "column", "rule", maintain_order=True).agg("row")
        file, column, rule, rows = groups.sort(
            pl.col("row").list.len(), descending=True, maintain_order=True
        ).row(0)
        others = len(self) - len(set(rows))
        also = (
            f" ({counted(others, 'more row')} break{'s' if others == 1 else ''} other rules.)"
            if others
            else ""
        )
        raise TableError(
            rule,
            where=f"{file}, column '{column}'",
            rows=rows,
            remedy=f"Correct the rows, or allow for them: {counted(len(self), 'row')} {'is' if len(self) == 1 else 'are'} rejected and the allowance is {allowance:,}.{also}",
        )

    def write_csv(self, path: Path) -> None:
        """Write file, row, column and rule, and nothing of the patients.

        Parameters
        ----------
        path : Path
        """
        self.frame.write_csv(path)
