"""From prescriptions to the time they cover: stock, switches, overlaps; and from covers to steps.

Whatever is in force at t follows from prescriptions with start < t. Stock moves the end of a supply by earlier
ones only, a switch ends the drug before it from the day of the switch, and nothing later closes a gap.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.episodes.tracks import Indices, Track, settled
from riskset.errors import EpisodeError
from riskset.tables.ticks import BEFORE, DAY, NEVER, Flags, Ticks, significant

FOREVER = 200 * 366 * DAY  # longer than anybody takes anything; a stock of it is without end
DOSE_PARTS = 1_000_000  # doses add up in millionths of their unit, so that sums do not depend on their order


@dataclass(frozen=True)
class Covers:
    """Prescriptions of one drug or class and the time that each covers, sorted by person and start.

    Parameters
    ----------
    person, start, stop : int64 arrays
        Ticks since entry; `stop` is the end of cover.
    code : int64 array
        Which drug of the class; 0 where they are not told apart.
    dose : int64 array
        Millionths of the unit.
    """

    person: Indices
    start: Ticks
    stop: Ticks
    code: Indices
    dose: Indices

    def take(self, keep: Flags) -> Covers:
        """Keep some of the rows."""
        return Covers(self.person[keep], self.start[keep], self.stop[keep], self.code[keep], self.dose[keep])

    def runs(self) -> Indices:
        """Give each row the number of its run: one drug of one person between switches."""
        new = (self.person[1:] != self.person[:-1]) | (self.code[1:] != self.code[:-1])
        return np.cumsum(np.r_[False, new]) if self.person.size else np.zeros(0, np.int64)


def stockpiled(covers: Covers) -> Covers:
    """Let each supply begin when the one before it is used up.

    Parameters
    ----------
    covers : Covers

    Returns
    -------
    Covers
        A switch to another drug of the class leaves the stock behind.
    """
    if covers.person.size == 0:
        return covers
    run, supply = covers.runs(), np.minimum(covers.stop - covers.start, FOREVER)
    total = np.cumsum(supply)
    first = np.r_[True, run[1:] != run[:-1]]
    total = total - (total - supply)[first][run]  # supplied since the run began
    # end = total + the latest moment at which the stock was empty: max over earlier k of start_k - total_(k-1)
    empty = pl.DataFrame({"run": run, "at": covers.start - (total - supply)})
    at = empty.select(pl.col("at").cum_max().over("run"))["at"].to_numpy()
    stop = at + total
    stop = np.where(stop - covers.start >= FOREVER, NEVER, stop)
    begin = np.where(stop == NEVER, covers.start, np.maximum(stop - supply, covers.start))
    return Covers(covers.person, begin, stop, covers.code, covers.dose)


def switched(covers: Covers) -> Covers:
    """End every cover where another drug of the class begins.

    Parameters
    ----------
    covers : Covers

    Returns
    -------
    Covers
    """
    if covers.person.size == 0:
        return covers
    run = covers.runs()
    first = np.flatnonzero(np.r_[True, run[1:] != run[:-1]])
    following = np.full(first.size, NEVER)
    same = covers.person[first[1:]] == covers.person[first[:-1]]
    following[:-1][same] = covers.start[first[1:]][same]
    until = following[run]
    ended = Covers(covers.person, covers.start, np.minimum(covers.stop, until), covers.code, covers.dose)
    return ended.take(ended.start < ended.stop)


def union(group: Indices, person: Indices, start: Ticks, stop: Ticks) -> tuple[Indices, Ticks, Ticks]:
    """Join covers that overlap or touch; rows sorted by group and start.

    Parameters
    ----------
    group, person : int64 arrays
        Covers join within a group: a person, or a run of one drug of a person.
    start, stop : int64 arrays

    Returns
    -------
    first, start, stop : int64 arrays
        Position of the first cover of each union, its start and its end.

    Raises
    ------
    EpisodeError
        If the times span too much to be laid end to end.
    """
    if person.size == 0:
        return np.zeros(0, np.int64), start, stop
    # Laid end to end, the groups' times let one running maximum serve all: no cover reaches the next group.
    low, high = start.min(), np.minimum(stop, NEVER)
    finite = high[high < NEVER]
    reach = int(max(finite.max() if finite.size else start.max(), start.max()) - low) + 2
    rank = np.cumsum(np.r_[False, group[1:] != group[:-1]])
    if (int(rank[-1]) + 1) * reach >= 2**62:
        raise EpisodeError("the prescriptions span too long a time", remedy="Narrow the plausible dates.")
    begin = rank * reach + (start - low)
    end = rank * reach + np.minimum(high - low, reach - 1)
    covered = np.maximum.accumulate(end)
    opens = np.r_[True, begin[1:] > covered[:-1]]
    opens[1:] |= group[1:] != group[:-1]
    first = np.flatnonzero(opens)
    return first, start[first], np.maximum.reduceat(stop, first)


def _steps(
    track: tuple[str, tuple[str, ...]],
    n_persons: int,
    people: list[Indices],
    begins: list[Ticks],
    values: list[NDArray[Any]],
    sources: list[Ticks],
    *,
    before: float,
    slopes: list[NDArray[np.float64]] | None = None,
) -> Track:
    """Put steps together; everybody has one before the first."""
    name, levels = track
    kind = np.int16 if levels else np.float64
    none = np.full(n_persons, BEFORE)
    return settled(
        Track(
            name,
            np.concatenate([np.arange(n_persons), *people]),
            np.concatenate([none, *begins]),
            np.concatenate([np.full(n_persons, before, kind), *(v.astype(kind) for v in values)]),
            np.concatenate([none, *sources]),
            levels,
            None if slopes is None else np.concatenate([np.zeros(n_persons), *slopes]),
        )
    )


def state_track(
    name: str, levels: tuple[str, ...], n_persons: int, covers: Covers, on: Indices | int, off: int | None
) -> Track:
    """Turn covers into a state: before any, covered, no longer covered.

    Parameters
    ----------
    name : str
    levels : tuple of str
        The first is in force before any cover.
    n_persons : int
    covers : Covers
    on : int or int64 array
        Level while covered.
    off : int or None
        Level afterwards; None if cover never ends.

    Returns
    -------
    Track
    """
    first, start, stop = union(covers.runs(), covers.person, covers.start, covers.stop)
    person, level = covers.person[first], np.broadcast_to(np.asarray(on), covers.person.shape)[first]
    ends = (stop < NEVER) if off is not None else np.zeros(first.size, dtype=np.bool_)
    # ends are written first: where one drug follows another at once, the drug stays
    return _steps(
        (name, levels),
        n_persons,
        [person[ends], person],
        [stop[ends], start],
        [np.full(int(ends.sum()), off or 0), level],
        [start[ends], start],
        before=0,
    )


def cumulative_track(name: str, n_persons: int, covers: Covers) -> Track:
    """Count the days covered so far.

    Parameters
    ----------
    name : str
    n_persons : int
    covers : Covers

    Returns
    -------
    Track
        Zero before the first cover.
    """
    first, start, stop = union(covers.person, covers.person, covers.start, covers.stop)
    person, ends = covers.person[first], stop < NEVER
    length = np.where(ends, stop - start, 0)
    total = np.cumsum(length)
    opens = np.r_[True, person[1:] != person[:-1]] if person.size else np.zeros(0, np.bool_)
    rank = np.cumsum(opens) - 1
    total = total - (total - length)[opens][rank]
    return _steps(
        (name, ()),
        n_persons,
        [person[ends], person],
        [stop[ends], start],
        [(total / DAY)[ends], (total - length) / DAY],
        [start[ends], start],
        before=0.0,
        slopes=[np.zeros(int(ends.sum())), np.ones(person.size)],
    )


def since_start_track(name: str, n_persons: int, covers: Covers) -> Track:
    """Count the days since the first start.

    Parameters
    ----------
    name : str
    n_persons : int
    covers : Covers

    Returns
    -------
    Track
        Missing before the first start.
    """
    first = np.r_[True, covers.person[1:] != covers.person[:-1]][: covers.person.size]
    person, start = covers.person[first], covers.start[first]
    return _steps(
        (name, ()),
        n_persons,
        [person],
        [start],
        [np.zeros(person.size)],
        [start],
        before=np.nan,
        slopes=[np.ones(person.size)],
    )


def dose_track(name: str, n_persons: int, covers: Covers) -> Track:
    """Add up the doses in force.

    Parameters
    ----------
    name : str
    n_persons : int
    covers : Covers

    Returns
    -------
    Track
        Zero while nothing is taken.
    """
    ends = covers.stop < NEVER
    person = np.concatenate([covers.person, covers.person[ends]])
    time = np.concatenate([covers.start, covers.stop[ends]])
    change = np.concatenate([covers.dose, -covers.dose[ends]])
    source = np.concatenate([covers.start, covers.start[ends]])
    order = np.lexsort((time, person))
    person, time, total, source = person[order], time[order], np.cumsum(change[order]), source[order]
    opens = np.r_[True, person[1:] != person[:-1]][: person.size]
    rank = np.cumsum(opens) - 1
    total = total - (total - change[order])[opens][rank]
    value = significant(total / DOSE_PARTS)
    return _steps((name, ()), n_persons, [person], [time], [value], [source], before=0.0)
