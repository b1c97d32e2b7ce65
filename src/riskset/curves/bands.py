"""Bands of a time scale that runs along with follow-up: attained age, calendar period, time since any date."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.errors import DesignError, EpisodeError
from riskset.units import person_time_divisor

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]
_ORIGIN = date(1970, 1, 1)


@dataclass(frozen=True)
class TimeBands:
    """Bands of a scale on which a person moves as time goes by.

    Parameters
    ----------
    name : str
        Name of the column of the result.
    at_zero : str
        Column with where a person stands on the scale at time 0 of the rows: a number in ``unit`` (age at index)
        or a date (for calendar periods).
    breaks : sequence of float or date
        Edges of the bands, increasing; for calendar periods dates, or years, which begin on 1 January.
    unit : str
        Unit of ``at_zero`` and ``breaks`` where they are numbers.
    labels : sequence of str, optional
        Names of the bands; by default their edges.

    Notes
    -----
    Band k is (break_k, break_k+1]: an event on the day of an edge belongs to the time before it, as everywhere in
    riskset. Time outside all bands stands in a line of its own.

    Examples
    --------
    >>> TimeBands("age", "age_at_index", [40, 60, 80]).names()
    ('40 to 60', '60 to 80')
    """

    name: str
    at_zero: str
    breaks: Sequence[float | date]
    unit: str = "years"
    labels: Sequence[str] | None = None

    def names(self) -> tuple[str, ...]:
        """Name the bands."""
        if self.labels is not None:
            if len(self.labels) != len(self.breaks) - 1:
                raise DesignError("bands need one label each", where=self.name)
            return tuple(self.labels)
        edges = [str(b) if isinstance(b, date) else f"{b:g}" for b in self.breaks]
        return tuple(f"{a} to {b}" for a, b in pairwise(edges))


@dataclass(frozen=True, eq=False)
class Pieces:
    """Rows cut at the edges of bands: which row each piece comes from, its time, and whether it is the last."""

    row: Ints
    entry: Floats
    exit: Floats
    last: NDArray[np.bool_]
    bands: tuple[pl.Series, ...]


def cut_into_bands(
    frame: pl.DataFrame, entry: Floats, exit: Floats, bands: Sequence[TimeBands], day: float
) -> Pieces:
    """Cut rows wherever one of the scales passes an edge.

    Parameters
    ----------
    frame : polars.DataFrame
        Rows with the columns ``at_zero``.
    entry, exit : ndarray (n,)
        Time at risk, in a unit of ``day`` days.
    bands : sequence of TimeBands
        The scales.
    day : float
        Days in one unit of time.

    Returns
    -------
    Pieces
        Lengths add up to those of the rows.
    """
    pieces = Pieces(np.arange(exit.size), entry, exit, np.ones(exit.size, dtype=np.bool_), ())
    done: list[tuple[TimeBands, Floats, Floats]] = []
    for scale in bands:
        at_zero, edges = _positions(frame, scale, day)
        first = np.searchsorted(edges, at_zero[pieces.row] + pieces.entry, side="right")
        final = np.searchsorted(edges, at_zero[pieces.row] + pieces.exit, side="left")
        count = np.maximum(final - first, 0) + 1
        source = np.repeat(np.arange(count.size), count)
        nth = np.arange(source.size) - np.repeat(np.cumsum(count) - count, count)
        row = pieces.row[source]
        edge = np.append(edges, np.inf)
        starts = np.where(
            nth > 0, edge[np.minimum(first[source] + nth - 1, edges.size)] - at_zero[row], -np.inf
        )
        stops = np.where(
            nth < count[source] - 1, edge[np.minimum(first[source] + nth, edges.size)] - at_zero[row], np.inf
        )
        pieces = Pieces(
            row,
            np.maximum(pieces.entry[source], starts),
            np.minimum(pieces.exit[source], stops),
            pieces.last[source] & (nth == count[source] - 1),
            (),
        )
        done.append((scale, at_zero, edges))
    columns: list[pl.Series] = []
    for scale, at_zero, edges in done:
        # the middle of a piece tells its band, however its ends were rounded
        middle = at_zero[pieces.row] + 0.5 * (pieces.entry + pieces.exit)
        code = np.searchsorted(edges, middle, side="left") - 1
        names = scale.names()
        inside = (code >= 0) & (code < len(names))
        levels = pl.Series(names, dtype=pl.Enum(names))
        chosen = pl.Series(np.where(inside, code, -1)).replace(-1, None)
        columns.append(levels.gather(chosen).alias(scale.name))
    return Pieces(pieces.row, pieces.entry, pieces.exit, pieces.last, tuple(columns))


def _positions(frame: pl.DataFrame, scale: TimeBands, day: float) -> tuple[Floats, Floats]:
    """Where each row stands at time 0, and the edges, both in the unit of the rows' times."""
    values = frame[scale.at_zero]
    if values.null_count():
        raise EpisodeError(
            "every row needs its place on the scale",
            where=scale.at_zero,
            n_rows=values.null_count(),
            remedy="Leave these rows out.",
        )
    if isinstance(values.dtype, (pl.Date, pl.Datetime)):
        at_zero = values.cast(pl.Date).to_physical().cast(pl.Float64).to_numpy() / day
        dates = [b if isinstance(b, date) else date(int(b), 1, 1) for b in scale.breaks]
        edges = np.array([(b - _ORIGIN).days for b in dates], dtype=np.float64) / day
    elif values.dtype.is_numeric():
        if any(isinstance(b, date) for b in scale.breaks):
            raise DesignError("dates as edges need dates at time 0", where=scale.at_zero)
        length = person_time_divisor(scale.unit) / day
        at_zero = values.cast(pl.Float64).to_numpy() * length
        edges = np.array([float(b) for b in scale.breaks if not isinstance(b, date)]) * length
    else:
        raise DesignError("a place on a scale is a number or a date", where=scale.at_zero)
    if edges.size < 2 or not (np.diff(edges) > 0).all():
        raise DesignError("bands need edges that increase", where=scale.name, remedy="Give two or more.")
    return at_zero, edges
