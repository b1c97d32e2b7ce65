"""Tracks, events and follow-up to (entry, exit] rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskset.episodes.clock import OutcomeClock
from riskset.episodes.events import Event
from riskset.episodes.tracks import Indices, Track
from riskset.errors import EpisodeError
from riskset.tables.ticks import Ticks, significant, to_days


@dataclass(frozen=True)
class Cuts:
    """Rows of an episode frame and where each track stands in them.

    Parameters
    ----------
    person : int64 array
        One per row.
    entry, exit : int64 arrays
        Ticks.
    last : bool array
        Whether the row is its person's last.
    repeats : tuple of int64 array
        Per track, for how many rows each of its steps is in force.
    offset : int64 array
        Where each person begins on the axis on which persons are laid end to end.
    """

    person: Indices
    entry: Ticks
    exit: Ticks
    last: np.ndarray
    repeats: tuple[Indices, ...]
    offset: Ticks

    def rows_ending(self, person: Indices, time: Ticks) -> Indices:
        """Find the rows that end at some times, each a cut or the end of its person.

        Parameters
        ----------
        person, time : int64 arrays
            Sorted by person and time.

        Returns
        -------
        int64 array

        Raises
        ------
        EpisodeError
            If no row ends there.
        """
        rows = np.searchsorted(self.offset[self.person] + self.entry, self.offset[person] + time) - 1
        if (self.exit[rows] != time).any() or (self.person[rows] != person).any():
            raise EpisodeError(
                "an event that counts does not end an episode",
                remedy="This is a defect of riskset: please report it.",
            )
        return rows


def cut(stop: Ticks, tracks: Sequence[Track]) -> Cuts:
    """Cut each person's (0, stop] wherever a track steps.

    Parameters
    ----------
    stop : int64 array
        End per person; persons at zero or less have no row.
    tracks : sequence of Track
        Without steps at or after each person's stop.

    Returns
    -------
    Cuts
    """
    # Persons laid end to end on one axis: every person has a cut at 0, so one sort serves all.
    length = np.maximum(stop, 0)
    offset = np.concatenate([[0], np.cumsum(length)])
    if offset[-1] < 0 or offset[-1] >= 2**62:
        raise EpisodeError(
            "the follow-up of all persons is too long to be counted", remedy="Build in batches of persons."
        )
    members = np.flatnonzero(length > 0)
    keys = [offset[members]] + [offset[t.person] + t.start for t in tracks]
    axis = np.concatenate(keys)
    axis.sort()  # sorted anyway: np.unique would hash first
    keep = np.ones(axis.size, dtype=np.bool_)
    keep[:-1] = axis[1:] > axis[:-1]
    axis = axis[keep]
    rows = np.diff(np.append(np.searchsorted(axis, offset[members]), axis.size))
    person = np.repeat(members, rows)
    entry = axis - offset[person]
    exit_ = np.empty_like(entry)
    exit_[:-1] = axis[1:] - offset[person[:-1]]
    last = np.zeros(axis.size, dtype=np.bool_)
    ends = np.cumsum(rows) - 1
    last[ends] = True
    exit_[ends] = stop[members]
    repeats = tuple(np.diff(np.append(np.searchsorted(axis, key), axis.size)) for key in keys[1:])
    return Cuts(person, entry, exit_, last, repeats, offset)


def require_no_future(cuts: Cuts, tracks: Sequence[Track]) -> None:
    """Check on every row that each value in force comes from a raw row dated at entry or before.

    Parameters
    ----------
    cuts : Cuts
    tracks : sequence of Track

    Raises
    ------
    EpisodeError
        If any value would use the future. Runs on every build and cannot be turned off.
    """
    for track, repeats in zip(tracks, cuts.repeats, strict=True):
        late = np.repeat(track.source, repeats) > cuts.entry
        if late.any() and not track.wrong:
            raise EpisodeError(
                f"a value of '{track.name}' would be used before it was known",
                n_rows=int(late.sum()),
                remedy="This is a defect of riskset: please report it.",
            )


def column(track: Track, repeats: Indices, entry: Ticks) -> pl.Series:
    """Give a track's value on every row.

    Parameters
    ----------
    track : Track
    repeats : int64 array
    entry : int64 array
        Of the rows: what grows has its value at their entry.

    Returns
    -------
    pl.Series
        Float64 with null for missing, or Enum.
    """
    if track.levels:
        codes = pl.Series(track.name, track.value.astype(np.uint16))
        names = codes.replace_strict(dict(enumerate(track.levels)), return_dtype=pl.Enum(track.levels))
        return names.gather(np.repeat(np.arange(track.person.size), repeats))
    value = np.repeat(track.value, repeats)
    if track.slope is not None:
        grown = np.repeat(track.slope, repeats) * to_days(entry - np.repeat(track.start, repeats))
        value = significant(value + grown)
    return pl.Series(track.name, value, nan_to_null=True)


def outcome_columns(
    event: Event, clock: OutcomeClock, cuts: Cuts, competing: Sequence[str]
) -> list[pl.Series]:
    """Say on every row whether it ends with the event, with which component, and how the clock ends.

    Parameters
    ----------
    event : Event
    clock : OutcomeClock
    cuts : Cuts
    competing : sequence of str
        Names of competing events.

    Returns
    -------
    list of pl.Series
        The outcome; ``<outcome>_status`` with competing events; ``<outcome>_component`` of a composite.
    """
    rows = cuts.rows_ending(clock.person, clock.time)
    happens = np.zeros(cuts.entry.size, dtype=np.bool_)
    happens[rows] = True
    columns = [pl.Series(event.name, happens)]
    if competing:
        names = ("censored", event.name, *competing)
        codes = happens.astype(np.int64)
        stopped = cuts.last & ~happens & (clock.cause[cuts.person] >= 0)
        codes[stopped] = 2 + clock.cause[cuts.person[stopped]]
        columns.append(_enum(f"{event.name}_status", codes, names))
    if event.component is not None:
        codes = np.full(cuts.entry.size, -1)
        codes[rows] = event.component[clock.hit]
        columns.append(_enum(f"{event.name}_component", codes, event.components))
    return columns


def _enum(name: str, codes: np.ndarray, names: Sequence[str]) -> pl.Series:
    levels = pl.Series(names, dtype=pl.Enum(names))
    chosen = pl.Series(name, codes).replace(-1, None)
    return levels.gather(chosen).alias(name)
