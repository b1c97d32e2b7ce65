"""What a timeline gives: everything in force on day 0, and the episodes of an outcome."""

from __future__ import annotations

import numpy as np
import polars as pl

from riskset.episodes.build import column
from riskset.episodes.episodes import Episodes, build_episodes, derive
from riskset.episodes.parts import Parts
from riskset.errors import EpisodeError
from riskset.tables import nearest


def at_entry(parts: Parts) -> pl.DataFrame:
    """Give everything in force on day 0, one row per person.

    Parameters
    ----------
    parts : Parts

    Returns
    -------
    pl.DataFrame

    Raises
    ------
    EpisodeError
        If anything would be fixed at entry from later data: checked on every call.
    """
    persons = parts.persons
    one = np.ones(persons.n, dtype=np.int64)
    tracks = [track.until(one) for track in parts.tracks(None)]
    for track in tracks:
        if (track.source > 0).any():
            raise EpisodeError(
                f"'{track.name}' would be fixed at entry from later data",
                n_rows=int((track.source > 0).sum()),
                remedy="This is a defect of riskset: please report it.",
            )
    columns = [persons.frame[persons.id], *parts.carried.iter_columns(), *(column(t, one) for t in tracks)]
    return derive(pl.DataFrame(columns), parts.derived)


def episodes_of(parts: Parts, outcome: str) -> Episodes:
    """Cut each person's follow-up into (entry, exit] rows for one outcome.

    Parameters
    ----------
    parts : Parts
    outcome : str

    Returns
    -------
    Episodes

    Raises
    ------
    EpisodeError
        If there is no such event, nobody has follow-up, or anything does not add up.
    """
    named = {event.name: event for event in parts.events}
    if outcome not in named:
        remedy = nearest(outcome, list(named)) if named else "Add it with event(...)."
        raise EpisodeError(f"there is no event '{outcome}'", where="episodes", remedy=remedy)
    return build_episodes(
        parts.persons,
        outcome=named[outcome],
        events=parts.events,
        tracks_for=parts.tracks,
        carried=parts.carried,
        derived=parts.derived,
        n_rejected=parts.n_rejected,
        notes=parts.notes,
    )
