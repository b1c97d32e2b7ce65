"""The one door of this room: episodes or any dataframe become arrays of rows, or a refusal.

Every function here takes either :class:`riskset.episodes.Episodes`, which know their own columns, or a plain
dataframe with the columns named.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.design import to_polars
from riskset.episodes import Episodes
from riskset.errors import DesignError, EpisodeError
from riskset.tables import nearest

HEADER_ROWS = 2  # the first data row is row 2 of a spreadsheet
_SURV = re.compile(r"\s*Surv\(\s*(?:(\w+)\s*,\s*)?(\w+)\s*,\s*(\w+)\s*\)\s*")


@dataclass(frozen=True)
class Rows:
    """Checked rows of follow-up on ``(entry, exit]``.

    ``entry`` is None where follow-up simply starts at zero; ``id`` is None where each row is one person.
    """

    frame: pl.DataFrame
    id: str | None
    entry: NDArray[np.float64] | None
    exit: NDArray[np.float64]
    event: NDArray[np.bool_]
    event_name: str
    unit: str | None

    def from_zero(self) -> NDArray[np.float64]:
        """Entry times, zero where none are named."""
        return np.zeros_like(self.exit) if self.entry is None else self.entry


def read_rows(
    data: object,
    *,
    event: str | None,
    id: str | None,
    entry: str | None,
    exit: str | None,
    also: Sequence[str] = (),
    unit: str | None = None,
) -> Rows:
    """Take rows of follow-up from episodes or a dataframe and check them.

    Parameters
    ----------
    data : Episodes or dataframe
        Anything that :func:`riskset.design.to_polars` reads.
    event, id, entry, exit : str, optional
        Columns; what is not given is taken from the episodes.
    also : sequence of str
        Further columns that must exist.
    unit : str, optional
        Unit of entry and exit in a dataframe; episodes carry their own.

    Raises
    ------
    DesignError
        A column does not exist or none is named.
    EpisodeError
        A time or event is missing, an event is not 0/1, or a row does not end after it starts.
    """
    if isinstance(data, Episodes):
        frame, unit = data.frame, data.unit
        id, entry, exit, event = id or data.id, entry or data.entry, exit or data.exit, event or data.event
    else:
        frame = to_polars(data)
    if event is None or exit is None:
        missing = "exit" if exit is None else "event"
        raise DesignError(
            f"a dataframe needs its {missing} column named", where=missing, remedy=f"Give {missing}='...'."
        )
    for column in (event, exit, *([entry] if entry else []), *([id] if id else []), *also):
        _require(frame, column)
    times = _times(frame, exit)
    starts = None if entry is None else _times(frame, entry)
    if starts is not None:
        _refuse(starts >= times, "a row must end after it starts", f"{entry}, {exit}")
    return Rows(frame, id, starts, times, _events(frame, event), event, unit)


def named_in(
    outcome: str | None, entry: str | None, exit: str | None
) -> tuple[str | None, str | None, str | None]:
    """Take entry, exit and event from ``"Surv(entry, exit, event)"``; any other text is the event's column.

    Examples
    --------
    >>> named_in("Surv(month, death)", None, None), named_in("death", "start", "stop")
    ((None, 'month', 'death'), ('start', 'stop', 'death'))
    """
    if outcome is not None and (surv := _SURV.fullmatch(outcome)):
        start, stop, event = surv.groups()
        return start, stop, event
    return entry, exit, outcome


def require_groups(levels: pl.DataFrame, frame: pl.DataFrame, columns: Sequence[str]) -> None:
    """Refuse rows whose group is missing: a curve of the unknown would be read as one of a kind."""
    if columns and any(levels[c].null_count() for c in columns):
        raise EpisodeError(
            "a group is missing",
            where=", ".join(columns),
            n_rows=frame.height - frame.drop_nulls(columns).height,
            remedy="Leave these rows out, or give them a level of their own.",
        )


def listed(columns: str | Sequence[str] | None) -> list[str]:
    """Put one column or several in a list."""
    return [] if columns is None else [columns] if isinstance(columns, str) else list(columns)


def cells_of(frame: pl.DataFrame, columns: Sequence[str]) -> tuple[pl.DataFrame, NDArray[np.intp]]:
    """Find the combinations of columns that occur, and which one each row belongs to.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows.
    columns : sequence of str
        Grouping columns; none puts all rows in one cell.

    Returns
    -------
    levels : polars.DataFrame
        One row per cell, in the order of the columns' levels, missing values last; empty without columns.
    cell : ndarray (n,)
        Row of ``levels`` for each row of ``frame``.

    Examples
    --------
    >>> import polars as pl
    >>> levels, cell = cells_of(pl.DataFrame({"sex": ["m", None, "f", "m"]}), ["sex"])
    >>> levels["sex"].to_list(), cell.tolist()
    (['f', 'm', None], [1, 2, 0, 1])
    """
    if not columns:
        return pl.DataFrame(), np.zeros(frame.height, dtype=np.intp)
    levels = frame.select(columns).unique().sort(columns, nulls_last=True)
    numbered = levels.with_row_index("__cell__")
    joined = frame.select(columns).join(
        numbered, on=list(columns), how="left", nulls_equal=True, maintain_order="left"
    )
    return levels, joined["__cell__"].to_numpy().astype(np.intp)


def _require(frame: pl.DataFrame, column: str) -> None:
    if column not in frame.columns:
        raise DesignError(f"there is no column {column!r}", remedy=nearest(column, frame.columns))


def _times(frame: pl.DataFrame, column: str) -> NDArray[np.float64]:
    if not frame[column].dtype.is_numeric():
        raise EpisodeError(
            "times must be numbers", where=column, remedy="Count them from each person's index date."
        )
    times = frame[column].cast(pl.Float64).to_numpy()
    _refuse(~np.isfinite(times), "every row needs its times", column)
    return times


def _events(frame: pl.DataFrame, column: str) -> NDArray[np.bool_]:
    values = frame[column]
    if values.dtype == pl.Boolean and not values.null_count():
        return values.to_numpy()
    if not (values.dtype.is_numeric() or values.dtype == pl.Boolean):
        raise EpisodeError("an event must be 0/1 or true/false", where=column)
    numbers = values.cast(pl.Float64).to_numpy()
    happens = numbers == 1.0
    _refuse(~(happens | (numbers == 0.0)), "an event must be 0/1 or true/false", column)
    return happens


def _refuse(broken: NDArray[np.bool_], rule: str, where: str) -> None:
    if broken.any():
        rows = np.flatnonzero(broken) + HEADER_ROWS
        raise EpisodeError(rule, where=where, rows=[int(r) for r in rows], n_rows=rows.size)
