"""Tracks, events and follow-up to (entry, exit] rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskset.episodes.tracks import Indices, Track
from riskset.errors import EpisodeError
from riskset.tables.ticks import Ticks, to_days


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
    """

    person: Indices
    entry: Ticks
    exit: Ticks
    last: np.ndarray
    repeats: tuple[Indices, ...]


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
    axis = axis[np.append(np.diff(axis) > 0, True)]
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
    return Cuts(person, entry, exit_, last, repeats)


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
        if late.any():
            raise EpisodeError(
                f"a value of '{track.name}' would be used before it was known",
                n_rows=int(late.sum()),
                remedy="This is a defect of riskset: please report it.",
            )


def column(track: Track, repeats: Indices) -> pl.Series:
    """Give a track's value on every row.

    Parameters
    ----------
    track : Track
    repeats : int64 array

    Returns
    -------
    pl.Series
        Float64 with null for missing, or Enum.
    """
    if track.levels:
        codes = pl.Series(track.name, track.value.astype(np.uint8))
        names = codes.replace_strict(dict(enumerate(track.levels)), return_dtype=pl.Enum(track.levels))
        return names.gather(np.repeat(np.arange(track.person.size), repeats))
    return pl.Series(track.name, np.repeat(track.value, repeats), nan_to_null=True)


def frame_of(
    id_column: pl.Series,
    carried: pl.DataFrame,
    cuts: Cuts,
    tracks: Sequence[Track],
    outcome: str,
    event: np.ndarray,
) -> pl.DataFrame:
    """Assemble the rows.

    Parameters
    ----------
    id_column : pl.Series
        Per person.
    carried : pl.DataFrame
        Columns fixed at entry, per person.
    cuts : Cuts
    tracks : sequence of Track
    outcome : str
    event : bool array
        Per person, whether the clock ends with the event.

    Returns
    -------
    pl.DataFrame
        id, entry, exit (days), outcome (true on the event's row), carried columns, tracks.
    """
    return pl.DataFrame(
        [
            id_column.gather(cuts.person),
            pl.Series("entry", to_days(cuts.entry)),
            pl.Series("exit", to_days(cuts.exit)),
            pl.Series(outcome, cuts.last & event[cuts.person]),
            *(carried[c].gather(cuts.person) for c in carried.columns),
            *(column(t, r) for t, r in zip(tracks, cuts.repeats, strict=True)),
        ]
    )
