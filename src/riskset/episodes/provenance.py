"""Where each value in force comes from: raw row, date and age."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskset.episodes.build import Cuts
from riskset.episodes.measures import Measure
from riskset.episodes.persons import Persons
from riskset.episodes.tracks import Track
from riskset.tables.ticks import DAY, to_days


def provenance_columns(
    persons: Persons, measures: Sequence[Measure], tracks: Sequence[Track], cuts: Cuts
) -> list[pl.Series]:
    """Give every row the source of each measure's value.

    Parameters
    ----------
    persons : Persons
    measures : sequence of Measure
    tracks : sequence of Track
    cuts : Cuts

    Returns
    -------
    list of pl.Series
        Per measure its raw row (``<name>_row``, numbered as in a spreadsheet; of several at one time the first),
        its date (``<name>_date``) and its age in days at the entry of the episode (``<name>_age``); missing where
        the value is.
    """
    named = {measure.name: measure for measure in measures}
    columns: list[pl.Series] = []
    for track, repeats in zip(tracks, cuts.repeats, strict=True):
        if track.name not in named:
            continue
        person, source = np.repeat(track.person, repeats), np.repeat(track.source, repeats)
        known = ~np.isnan(np.repeat(track.value, repeats))
        row = np.zeros(person.size, dtype=np.int64)
        row[known] = _rows_of(named[track.name], person[known], source[known])
        age = np.where(known, to_days(cuts.entry - np.where(known, source, 0)), np.nan)
        when = persons.origin[person] + np.where(known, source, 0)
        columns += [
            _where(pl.Series(f"{track.name}_row", row), known),
            _where(_dates(f"{track.name}_date", when, persons), known),
            pl.Series(f"{track.name}_age", age, nan_to_null=True),
        ]
    return columns


def _rows_of(measure: Measure, person: np.ndarray, source: np.ndarray) -> np.ndarray:
    """Look up the raw rows of values by person and time."""
    low = min(int(measure.time.min()), 0) if measure.time.size else 0
    span = int(measure.time.max()) - low + 1 if measure.time.size else 1
    if (int(person.max(initial=0)) + 1) * span < 2**63:
        found = np.searchsorted(measure.person * span + measure.time - low, person * span + source - low)
        return measure.row[found]
    both = np.concatenate([measure.person, person]), np.concatenate([measure.time, source])
    _, place = np.unique(np.stack(both), axis=1, return_inverse=True)
    rows = np.zeros(int(place.max()) + 1, dtype=np.int64)
    rows[place[: measure.row.size]] = measure.row
    return rows[place[measure.row.size :]]


def _dates(name: str, ticks: np.ndarray, persons: Persons) -> pl.Series:
    if not persons.calendar:
        return pl.Series(name, to_days(ticks))
    if persons.clock == "day":
        return pl.Series(name, (ticks // DAY).astype(np.int32)).cast(pl.Date)
    return pl.Series(name, ticks * 1000).cast(pl.Datetime("us"))


def _where(values: pl.Series, known: np.ndarray) -> pl.Series:
    return values.set(pl.Series(~known), None)
