"""The persons of a timeline: who, from when, until when; and which rows of a table are theirs."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import polars as pl

from riskset.errors import EpisodeError
from riskset.tables import (
    ROW,
    Matched,
    Rejects,
    Table,
    as_frame,
    check_ids,
    id_text,
    implausible,
    match_every,
    matched_rows,
    nearest,
    parse_filter,
    parse_times,
    problems_of,
    with_rows,
)
from riskset.tables.ticks import Clock, Flags, Ticks, Times, to_ticks
from riskset.tables.times import NOT_A_DATE

PERSON = "__person__"
LOOKUP = 8  # places of a table of ids per person: then it is smaller than what a join would build
FIRST_ROW = 2  # as in a spreadsheet, where the header is row 1
IMPLAUSIBLE = "a date must lie within the plausible dates"


@dataclass(frozen=True)
class Persons:
    """Persons sorted by id, with their follow-up in ticks.

    Parameters
    ----------
    frame : pl.DataFrame
        One row per person, sorted by id, with ``__row__``.
    id : str
        Column of ids.
    clock : {"day", "time"}
    plausible : tuple of date
    origin : int64 array
        Entry, in ticks since 1970 or since zero.
    end : int64 array
        End of follow-up in ticks since entry.
    capped : bool array
        Follow-up ends by ``max_followup``.
    entry_day : int64 array
        Calendar day of entry, in ticks on the same scale as `origin`.
    calendar : bool
        Times are dates, not day numbers.
    population : pl.Series
        Ids of everybody in the data, eligible or not.
    source : str
        File or name of the table of persons.
    problems : pl.DataFrame
        row, column, rule: what reading had found in their table.
    """

    frame: pl.DataFrame
    id: str
    clock: Clock
    plausible: tuple[date, date]
    origin: Ticks
    end: Ticks
    capped: Flags
    entry_day: Ticks
    calendar: bool
    population: pl.Series
    source: str
    problems: pl.DataFrame

    @property
    def n(self) -> int:
        """Number of persons."""
        return self.frame.height

    def problems_in(self, columns: list[str]) -> Rejects:
        """Collect what reading had found in some columns of these persons.

        Parameters
        ----------
        columns : list of str

        Returns
        -------
        Rejects
        """
        return Rejects().extend(problems_of(self.problems, self.frame, columns, self.source))

    def times(
        self, column: pl.Series, *, where: str, date_only: pl.Series | None = None
    ) -> tuple[Times, pl.Series, pl.Series]:
        """Read a column of times on the clock of these persons.

        Parameters
        ----------
        column : pl.Series
        where : str
            Table and column, for the message.
        date_only : pl.Series, optional

        Returns
        -------
        times : Times
            Ticks since the common zero, not since entry.
        bad, outside : pl.Series
            Rows with something that is not a date, and with a date that cannot be true.

        Raises
        ------
        EpisodeError
            If the column holds dates where the persons have day numbers, or the other way round.
        """
        parsed = parse_times(column)
        if parsed.mixed and self.clock == "time":
            raise EpisodeError(
                "a column may not mix dates and time stamps when the clock is 'time'",
                where=where,
                remedy="Give the two kinds a column each, or declare the column date_only.",
            )
        outside = implausible(parsed.values, self.plausible)
        times = to_ticks(parsed.values, self.clock, date_only)
        if times.known.any() and times.calendar != self.calendar:
            raise EpisodeError(
                f"the column holds {'dates' if times.calendar else 'numbers'} and the entry of the persons {'dates' if self.calendar else 'numbers'}",
                where=where,
                remedy="Write all times alike: dates everywhere, or days everywhere.",
            )
        return times, parsed.bad, outside


@dataclass(frozen=True)
class Selection:
    """The rows of a table that a `where` selects and that belong to the persons.

    Parameters
    ----------
    frame : pl.DataFrame
        With ``__person__`` (position of the person) and ``__row__``.
    source : str
        File or name of the table.
    rows_selected : int
        Rows that the `where` selects.
    rows_of_others : int
        Of these, rows of people outside the cohort.
    rejects : Rejects
        Problems that reading had found in these rows.
    matched : Matched
        What the `where` matched, and nearly matched.
    """

    frame: pl.DataFrame
    source: str
    rows_selected: int
    rows_of_others: int
    rejects: Rejects
    matched: Matched


def select_rows(
    persons: Persons, table: Any, columns: list[str], *, where: str | None, name: str
) -> Selection:
    """Select the rows of a table that a filter chooses and that belong to the persons.

    Parameters
    ----------
    persons : Persons
    table : Table or data frame
    columns : list of str
        Columns that are needed besides the id.
    where : str, optional
        Filter.
    name : str
        Of the measure, drug or event, for messages.

    Returns
    -------
    Selection

    Raises
    ------
    EpisodeError
        If a column does not exist.
    TableError
        If the filter does not go with the table, or the ids match for fewer than half.
    """
    source = table.source if isinstance(table, Table) else f"table of '{name}'"
    frame = as_frame(table, where=source)
    for column in [persons.id, *columns]:
        if column not in frame.columns:
            raise EpisodeError(
                f"the column '{column}' does not exist", where=source, remedy=nearest(column, frame.columns)
            )
    wanted = list(dict.fromkeys([persons.id, *columns]))
    if where is None:
        chosen = with_rows(frame).select([*wanted, ROW])
        matched = match_every(frame, id=persons.id, table=source)
        who = positions(chosen[persons.id], persons.frame[persons.id])
    else:
        found = parse_filter(where, where=f"'{name}'")
        mask = found.rows(frame, where=source).fill_null(value=False)
        numbered = ROW in frame.columns
        chosen = pl.DataFrame([frame[c] for c in (*wanted, *([ROW] if numbered else []))]).filter(mask)
        if not numbered:  # only the rows that are chosen need their numbers
            chosen = chosen.with_columns(pl.Series(ROW, np.flatnonzero(mask.to_numpy()) + FIRST_ROW))
        who = positions(chosen[persons.id], persons.frame[persons.id])
        n = _count(who, chosen[persons.id], persons.n)
        matched = matched_rows(frame, found, mask, id=persons.id, table=source, n_persons=n)
    known = who >= 0
    mine = chosen.with_columns(pl.Series(PERSON, who))
    if not known.all():
        mine = mine.filter(pl.Series(known))
    if 2 * mine.height < chosen.height:
        # Only then can fewer than half of the ids match; all rows of the table are asked, not those selected.
        check_ids(id_text(frame[persons.id]), id_text(persons.population), where=source)
    rejects = Rejects()
    if isinstance(table, Table):
        rejects = rejects.extend(problems_of(table.problems, mine, columns, source))
    return Selection(mine, source, chosen.height, chosen.height - mine.height, rejects, matched)


def positions(ids: pl.Series, known: pl.Series) -> np.ndarray:
    """Look persons up by their ids.

    Parameters
    ----------
    ids : pl.Series
        Of rows.
    known : pl.Series
        Of persons, each once.

    Returns
    -------
    int64 array
        Position of the person in `known`; -1 for nobody's.

    Examples
    --------
    >>> positions(pl.Series([7, 5, None]), pl.Series([5, 6])).tolist()
    [-1, 0, -1]
    """
    kinds = ids.dtype, known.dtype
    if all(kind.is_integer() for kind in kinds) and known.len():
        low, high = int(known.min()), int(known.max())  # pyright: ignore[reportArgumentType]
        if high - low < LOOKUP * known.len() and not known.null_count():
            return _from_table(ids, known, low, high)
        ids, known = ids.cast(pl.Int64), known.cast(pl.Int64)
    elif kinds[0] != kinds[1]:
        ids, known = id_text(ids), id_text(known)
    order = pl.DataFrame({"id": known, PERSON: np.arange(known.len())})
    found = ids.alias("id").to_frame().join(order, on="id", how="left", maintain_order="left")
    return found[PERSON].fill_null(-1).to_numpy()


def _from_table(ids: pl.Series, known: pl.Series, low: int, high: int) -> np.ndarray:
    table = np.full(high - low + 2, -1)  # the last place is nobody's
    table[known.cast(pl.Int64).to_numpy() - low] = np.arange(known.len())
    place = ids.cast(pl.Int64).fill_null(high + 1).to_numpy() - low
    if place.size and (place.min() < 0 or place.max() > high - low):
        place = np.where((place < 0) | (place > high - low), high - low + 1, place)
    return table[place]


def _count(who: np.ndarray, ids: pl.Series, n: int) -> int:
    """Count the persons behind some rows, those of nobody's position by their ids."""
    mine = np.count_nonzero(np.bincount(who + 1, minlength=n + 1)[1:])
    others = ids.filter(pl.Series(who < 0)).drop_nulls() if (who < 0).any() else ids.clear()
    return int(mine) + others.n_unique()


def reject_times(
    rejects: Rejects, selection: Selection, column: str, bad: pl.Series, outside: pl.Series
) -> tuple[Rejects, np.ndarray]:
    """Add rows with unreadable or impossible dates to the rejects.

    Parameters
    ----------
    rejects : Rejects
    selection : Selection
    column : str
    bad, outside : pl.Series
        As ``Persons.times`` gives them.

    Returns
    -------
    rejects : Rejects
    wrong : bool array
    """
    rows = selection.frame[ROW]
    rejects = rejects.add(selection.source, rows.filter(bad), column, NOT_A_DATE)
    rejects = rejects.add(selection.source, rows.filter(outside), column, IMPLAUSIBLE)
    return rejects, (bad | outside).to_numpy()
