"""Counting-process rows that came from elsewhere: what is wrong with them, kind by kind, row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import polars as pl

from riskset.episodes.episodes import Episodes
from riskset.errors import EpisodeError, counted
from riskset.tables import as_frame, nearest

FIRST_ROW = 2  # as in a spreadsheet, where the header is row 1
ROWS_SHOWN = 10


@dataclass(frozen=True)
class Defect:
    """One kind of defect and where it is.

    Parameters
    ----------
    kind : str
        "overlap", "gap", "duplicate", "zero length", "negative length", "event before the end", "missing".
    rule : str
        What must hold and does not.
    rows : tuple of int
        Row numbers as in a spreadsheet, all of them.
    n_persons : int
    severity : {"error", "warning"}
        A warning may be meant: a gap is one if somebody was not at risk.
    """

    kind: str
    rule: str
    rows: tuple[int, ...]
    n_persons: int
    severity: Literal["error", "warning"] = "error"


@dataclass(frozen=True)
class EpisodeCheck:
    """What a look at (entry, exit] rows found.

    Parameters
    ----------
    n_persons, n_rows, n_events : int
    n_late : int
        Persons whose first row begins after the earliest entry of all: delayed entry.
    person_time : float
        In the unit of the times, over rows of positive length.
    defects : tuple of Defect
    """

    n_persons: int
    n_rows: int
    n_events: int
    n_late: int
    person_time: float
    defects: tuple[Defect, ...]

    @property
    def ok(self) -> bool:
        """Whether there is no error; warnings may remain."""
        return not any(defect.severity == "error" for defect in self.defects)

    def table(self) -> pl.DataFrame:
        """Give one line per defect: kind, severity, rule, rows, persons and the first row numbers."""
        shown = [", ".join(str(r) for r in d.rows[:ROWS_SHOWN]) for d in self.defects]
        return pl.DataFrame(
            {
                "kind": [d.kind for d in self.defects],
                "severity": [d.severity for d in self.defects],
                "rule": [d.rule for d in self.defects],
                "rows": [len(d.rows) for d in self.defects],
                "persons": [d.n_persons for d in self.defects],
                "row_numbers": [
                    s + (", ..." if len(d.rows) > ROWS_SHOWN else "")
                    for s, d in zip(shown, self.defects, strict=True)
                ],
            },
            schema={
                "kind": pl.String,
                "severity": pl.String,
                "rule": pl.String,
                "rows": pl.Int64,
                "persons": pl.Int64,
                "row_numbers": pl.String,
            },
        )

    def __repr__(self) -> str:
        """Write the report; no id and no value."""
        lines = [
            f"{counted(self.n_persons, 'person')}, {counted(self.n_rows, 'row')}, "
            f"{counted(self.n_events, 'event')}, person-time {self.person_time:,.6g}; "
            f"{counted(self.n_late, 'person')} {'enters' if self.n_late == 1 else 'enter'} late"
        ]
        lines += [
            f"{d.severity}: {d.kind}: {d.rule} ({counted(len(d.rows), 'row')} of {counted(d.n_persons, 'person')}: {shown})"
            for d, shown in zip(self.defects, self.table()["row_numbers"].to_list(), strict=True)
        ]
        return "\n".join(lines if self.defects else [*lines, "no defect"])


def check_episodes(
    frame: Any,
    id: str,
    entry: str = "entry",
    exit: str = "exit",
    event: str | None = None,
    *,
    recurrent: bool = False,
) -> EpisodeCheck:
    """Check (entry, exit] rows for what makes a counting process wrong.

    Parameters
    ----------
    frame : data frame
        polars, pandas, Arrow or ``Episodes``; one row per episode, in any order.
    id, entry, exit, event : str
        Columns. `event` is true or 1 where the episode ends with the event; ``Episodes`` know theirs.
    recurrent : bool, default False
        The event may come again: rows after it are no defect.

    Returns
    -------
    EpisodeCheck

    Raises
    ------
    EpisodeError
        If a column does not exist, or holds something that is neither a number nor true or false.

    Examples
    --------
    >>> rows = pl.DataFrame({"id": [1, 1, 2], "t0": [0, 30, 0], "t1": [40, 90, 0], "dead": [0, 1, 0]})
    >>> check_episodes(rows, id="id", entry="t0", exit="t1", event="dead")
    2 persons, 3 rows, 1 event, person-time 100; 0 persons enter late
    error: zero length: entry must lie before exit (1 row of 1 person: 4)
    error: overlap: a person's episodes must not overlap (1 row of 1 person: 3)
    """
    if event is None:
        event = _own_event(frame)
    given = as_frame(frame, where="check_episodes")
    for column in (id, entry, exit, event):
        if column not in given.columns:
            raise EpisodeError(
                f"the column '{column}' does not exist",
                where="check_episodes",
                remedy=nearest(column, given.columns),
            )
    start, stop, status = (_numbers(given[c]) for c in (entry, exit, event))
    who = given[id]
    known = who.is_not_null().to_numpy() & np.isfinite(start) & np.isfinite(stop)
    person = who.rank("dense").fill_null(0).cast(pl.Int64).to_numpy()
    row = np.arange(given.height) + FIRST_ROW
    missing = ~known | ~np.isin(status, (0.0, 1.0))
    found = [
        _defect(
            "missing",
            "id, entry, exit and event must be known, the event true or false",
            missing,
            row,
            person,
        ),
        _defect("negative length", "entry must not come after exit", known & (stop < start), row, person),
        _defect("zero length", "entry must lie before exit", known & (stop == start), row, person),
    ]
    usable = np.flatnonzero(known & (stop > start))
    order = usable[np.lexsort((stop[usable], start[usable], person[usable]))]
    p, a, b, e = person[order], start[order], stop[order], status[order] == 1
    same = np.r_[False, p[1:] == p[:-1]][: p.size]
    before = np.r_[-np.inf, _latest_end(p, b)[:-1]][: p.size]  # of the person's earlier rows
    twin = same & np.r_[False, (a[1:] == a[:-1]) & (b[1:] == b[:-1])][: p.size]
    after_event = same & (_events_so_far(p, e) - e > 0)
    at = row[order]
    found += [
        _defect("duplicate", "an episode must be there once", twin, at, p),
        _defect("overlap", "a person's episodes must not overlap", same & ~twin & (a < before), at, p),
        _defect("gap", "a person's episodes should follow each other", same & (a > before), at, p, "warning"),
    ]
    if not recurrent:
        rule = "nothing may follow an event that happens once"
        found.append(_defect("event before the end", rule, after_event & ~twin, at, p))
    first = np.flatnonzero(~same)
    return EpisodeCheck(
        n_persons=int(np.unique(person[who.is_not_null().to_numpy()]).size),
        n_rows=given.height,
        n_events=int((status == 1).sum()),
        n_late=int((a[first] > a.min()).sum()) if first.size else 0,
        person_time=float((b - a).sum()),
        defects=tuple(defect for defect in found if defect.rows),
    )


def _own_event(frame: Any) -> str:
    if isinstance(frame, Episodes):
        return frame.event
    raise EpisodeError(
        "nothing says which column is the event",
        where="check_episodes",
        remedy='Name it: check_episodes(frame, id="id", event="died").',
    )


def _numbers(column: pl.Series) -> np.ndarray:
    """Read times or the event as numbers, NaN where they are missing."""
    if column.dtype.is_temporal():
        column = column.to_physical()
    if not (column.dtype.is_numeric() or isinstance(column.dtype, pl.Boolean | pl.Null)):
        raise EpisodeError(
            "the column must hold numbers, dates, or true and false",
            where=f"check_episodes, column '{column.name}'",
            remedy="Turn it into numbers first.",
        )
    return column.cast(pl.Float64).fill_null(np.nan).to_numpy()


def _latest_end(person: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Give the latest end of each person's rows so far."""
    return pl.DataFrame({"p": person, "t": stop}).select(pl.col("t").cum_max().over("p"))["t"].to_numpy()


def _events_so_far(person: np.ndarray, event: np.ndarray) -> np.ndarray:
    total = np.cumsum(event)
    first = np.r_[True, person[1:] != person[:-1]][: person.size]
    return total - (total - event)[first][np.cumsum(first) - 1]


def _defect(
    kind: str,
    rule: str,
    where: np.ndarray,
    row: np.ndarray,
    person: np.ndarray,
    severity: Literal["error", "warning"] = "error",
) -> Defect:
    rows: Sequence[int] = sorted(int(r) for r in row[where])
    return Defect(kind, rule, tuple(rows), int(np.unique(person[where]).size), severity)
