"""Stays at risk: rows of one person that follow each other in one group are one stay, as nobody leaves between."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.curves.rows import Rows
from riskset.errors import DesignError, EpisodeError
from riskset.units import person_time_divisor

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Stays:
    """Times at risk ``(entry, exit]``, sorted by person and entry where an id is named.

    ``ends`` is 0 where a stay ends without an event; ``state`` is 0 where people are in one state only.
    """

    person: Ints
    cell: Ints
    entry: Floats
    exit: Floats
    ends: Ints
    state: Ints
    weight: Floats

    def of(self, rows: NDArray[np.bool_] | Ints) -> Stays:
        """Choose some of the stays."""
        return Stays(
            self.person[rows],
            self.cell[rows],
            self.entry[rows],
            self.exit[rows],
            self.ends[rows],
            self.state[rows],
            self.weight[rows],
        )

    def in_cell(self, cell: int) -> Stays:
        """Stays of one group, with times from 0 where no entry is named."""
        return self if self.cell.size and (self.cell == cell).all() else self.of(self.cell == cell)

    @property
    def entered(self) -> Floats:
        """Entry times, 0 where follow-up simply starts."""
        return np.where(np.isfinite(self.entry), self.entry, 0.0)

    def after(self, start: float) -> Stays:
        """Keep the time after ``start``."""
        late = self.of(self.exit > start)
        return Stays(
            late.person,
            late.cell,
            np.maximum(late.entry, start),
            late.exit,
            late.ends,
            late.state,
            late.weight,
        )


def stays_of(
    rows: Rows,
    cell: Ints,
    weights: Floats,
    ends: Ints,
    *,
    scale: float = 1.0,
    state: Ints | None = None,
) -> Stays:
    """Join rows of one person that follow each other in one group: cutting an episode censors nobody.

    Parameters
    ----------
    rows : Rows
        Checked rows.
    cell, weights, ends, state : ndarray (n,)
        Group, case weight, event at the end (0 for none) and state of each row; rows of weight 0 leave first.
    scale : float
        Units of the rows in one unit of the result.
    """
    n = rows.exit.size
    entry = np.full(n, -np.inf) if rows.entry is None else rows.entry
    place = np.zeros(n, dtype=np.intp) if state is None else state
    person, sorted_ = _persons(rows, entry)
    found = Stays(person, cell, entry, rows.exit, ends, place, weights)
    if not (weights > 0).all():
        found = found.of(weights > 0)
    if rows.id is not None:
        if not sorted_:
            found = found.of(np.lexsort((found.exit, found.entry, found.person)))
        follows = (
            (found.entry[1:] == found.exit[:-1])
            & (found.person[1:] == found.person[:-1])
            & (found.ends[:-1] == 0)
            & (found.cell[1:] == found.cell[:-1])
            & (found.state[1:] == found.state[:-1])
            & (found.weight[1:] == found.weight[:-1])
        )
        begins = np.flatnonzero(np.concatenate(([True], ~follows)))[: found.exit.size]
        finishes = np.flatnonzero(np.concatenate((~follows, [True])))[: found.exit.size]
        first, last = found.of(begins), found.of(finishes)
        found = Stays(first.person, first.cell, first.entry, last.exit, last.ends, first.state, first.weight)
    if not found.exit.size:
        raise EpisodeError("there is no row at risk", remedy="Look at the filters before this step.")
    if scale == 1.0:
        return found
    return Stays(
        found.person,
        found.cell,
        found.entry / scale,
        found.exit / scale,
        found.ends,
        found.state,
        found.weight,
    )


def _persons(rows: Rows, entry: Floats) -> tuple[Ints, bool]:
    """Give each person a number from 0, and say whether their rows stand together and in order of time."""
    if rows.id is None:
        return np.arange(rows.exit.size), True
    ids = rows.frame[rows.id]
    new = ids.ne_missing(ids.shift()).to_numpy(writable=True)
    new[:1] = True
    runs = np.cumsum(new) - 1
    if runs.size and int(runs[-1]) + 1 == ids.n_unique():
        return runs, bool((new[1:] | (entry[1:] >= entry[:-1])).all())
    return ids.rank("dense").fill_null(0).to_numpy().astype(np.intp), False


def weights_of(rows: Rows, column: str | None) -> Floats:
    """Case weights, one where no column is named; refused where one is missing or negative."""
    if column is None:
        return np.ones_like(rows.exit)
    w = rows.frame[column].cast(pl.Float64).to_numpy()
    broken = ~np.isfinite(w) | (w < 0)
    if broken.any():
        raise EpisodeError("weights must be numbers, zero or more", where=column, n_rows=int(broken.sum()))
    return w


def scale_of(has: str | None, wanted: str | None) -> float:
    """How many units of the data are in one unit of the result."""
    if wanted is None or wanted == has:
        return 1.0
    if has is None:
        raise DesignError("the unit of the times is not known", where="unit", remedy="Give time_unit='days'.")
    return person_time_divisor(wanted) / person_time_divisor(has)


def at_risk_at(entry: Floats, exit: Floats, weights: Floats, times: Floats) -> Floats:
    """Sum the weights of the stays at risk just before each time.

    At the first entry, where nobody can be at risk before, those who enter then are counted: the number under the
    first tick of a plot.
    """
    if not entry.size:
        return np.zeros(times.size)
    start = entry.min()
    just_before = np.where(times <= start, np.nextafter(start, np.inf), times)
    by_exit, by_entry = np.argsort(exit), np.argsort(entry)
    weight_out = np.concatenate([[0.0], np.cumsum(weights[by_exit])])
    weight_in = np.concatenate([[0.0], np.cumsum(weights[by_entry])])
    # entered before the time, less those who had left before it
    entered = weight_in[np.searchsorted(entry[by_entry], just_before, side="left")]
    return entered - weight_out[np.searchsorted(exit[by_exit], just_before, side="left")]
