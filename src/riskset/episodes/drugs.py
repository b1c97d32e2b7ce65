"""Drugs: what a person has used, uses, and how much of it, at any time.

The state at t depends only on prescriptions with start < t. A prescription covers
(start, max(stop, start + 1 day) + grace], and nothing that comes later closes a gap: use known only from a
later prescription would make deaths within the gap unexposed and survivors exposed.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from riskset.episodes.covers import (
    Covers,
    cumulative_track,
    dose_track,
    since_start_track,
    state_track,
    stockpiled,
    switched,
)
from riskset.episodes.tracks import Track, cut_where_it_grows
from riskset.errors import EpisodeError
from riskset.tables import Matched
from riskset.tables.ticks import BEFORE, NEVER, Ticks

State = Literal["state", "ever", "current", "drug", "cumulative days", "days since start", "dose"]
LEVELS = {
    "state": ("never", "current", "former"),
    "ever": ("never", "ever"),
    "current": ("not current", "current"),
}
STATES = (*LEVELS, "drug", "cumulative days", "days since start", "dose")
IMMORTAL = "immortal_time"
LATER = {"ever", "any", "ever during follow-up", "during follow-up", "whole follow-up"}


@dataclass(frozen=True)
class Drug:
    """Prescriptions of one drug or class, and how they are summed up.

    Parameters
    ----------
    name : str
    covers : Covers
        Prescriptions without grace, stock or switches.
    state : str
    baseline : bool
        Fixed at entry, from prescriptions that start on day 0 or before.
    grace : int
        Ticks.
    stockpile : bool
        A supply begins when the one before it is used up.
    names : tuple of str
        Drugs of the class where they are told apart, by code.
    step : int
        Ticks after which a value that grows is brought up to date.
    wrong : bool
        A second column has the classical wrong analysis.
    counts : dict
        Rows selected, of others, ongoing, one-day, overlapping, used.
    matched : tuple of Matched
        What its filter matched.
    """

    name: str
    covers: Covers
    state: State
    baseline: bool
    grace: int
    stockpile: bool
    names: tuple[str, ...]
    step: int
    wrong: bool
    counts: dict[str, int]
    matched: tuple[Matched, ...] = ()

    @property
    def levels(self) -> tuple[str, ...]:
        """Names of the states, the reference first; none for a number."""
        return ("never", *self.names, "former") if self.state == "drug" else LEVELS.get(self.state, ())

    @property
    def wrong_name(self) -> str:
        """Name of the column that is wrong on purpose."""
        return f"{self.name}_wrong_{IMMORTAL}"

    def in_force(self, blocked: Ticks | None = None) -> Covers:
        """Give the time that each prescription covers.

        Parameters
        ----------
        blocked : int64 array, optional
            Per person the time from which no start may be used (the day of an event known by date only).

        Returns
        -------
        Covers
        """
        covers = self.covers
        if self.baseline:
            covers = covers.take(covers.start <= 0)
        if blocked is not None:
            covers = covers.take(covers.start < blocked[covers.person])
        if self.stockpile:
            covers = stockpiled(covers)
        covers = replace(covers, stop=np.where(covers.stop < NEVER, covers.stop + self.grace, NEVER))
        return switched(covers) if self.names else covers

    def track(self, n_persons: int, blocked: Ticks | None, stop: Ticks) -> Track:
        """Give the steps of the state or number.

        Parameters
        ----------
        n_persons : int
        blocked : int64 array, optional
            Per person the time from which no start may be used.
        stop : int64 array
            End of follow-up per person.

        Returns
        -------
        Track
        """
        covers = self.in_force(blocked)
        if self.state == "cumulative days":
            track = cumulative_track(self.name, n_persons, covers)
        elif self.state == "days since start":
            track = since_start_track(self.name, n_persons, covers)
        elif self.state == "dose":
            track = dose_track(self.name, n_persons, covers)
        elif self.state == "drug":
            track = state_track(
                self.name, self.levels, n_persons, covers, 1 + covers.code, len(self.names) + 1
            )
        else:
            covers = replace(covers, code=np.zeros_like(covers.code))
            off = {"state": 2, "current": 0, "ever": None}[self.state]
            if self.state == "ever":  # cover without end: later prescriptions change nothing
                covers = replace(covers, stop=np.full_like(covers.stop, NEVER))
            track = state_track(self.name, self.levels, n_persons, covers, 1, off)
        return track.frozen() if self.baseline else cut_where_it_grows(track, self.step, stop)

    def wrong_track(self, n_persons: int, stop: Ticks) -> Track:
        """Call everybody an ever-user from day 0 who starts at any time of the follow-up: wrong, on purpose.

        Parameters
        ----------
        n_persons : int
        stop : int64 array
            End of the outcome's clock per person.

        Returns
        -------
        Track
            The source of its value may lie in the future.
        """
        first = np.full(n_persons, NEVER)
        np.minimum.at(first, self.covers.person, self.covers.start)
        used = first < stop
        zero = np.zeros(n_persons, dtype=np.int64)
        source = np.where(used, first, BEFORE)
        return Track(
            self.wrong_name,
            np.arange(n_persons),
            zero,
            used.astype(np.int8),
            source,
            LEVELS["ever"],
            wrong=True,
        )


def require_known_then(name: str, use: str) -> None:
    """Refuse a state that is fixed at entry from what comes later.

    Parameters
    ----------
    name : str
    use : str

    Raises
    ------
    EpisodeError
        With the reason and the three ways out.
    """
    if use in LATER:
        raise EpisodeError(
            "a state fixed at entry looks only at day 0 and before: who is called an ever-user from day 0 "
            "because of a later prescription cannot die before it (immortal time)",
            where=f"'{name}', use = '{use}'",
            remedy="Use state = 'ever', which changes on the day of the first prescription, or use = "
            "'baseline'; wrong = 'immortal_time' adds the wrong analysis beside the right one, labelled so.",
        )


def require_columns(
    name: str,
    state: str,
    *,
    stop: str | None,
    days_supply: str | None,
    stockpile: bool,
    by: str | None,
    dose: str | None,
) -> None:
    """Refuse settings of a drug that contradict each other or lack a column.

    Parameters are those of ``Timeline.drug``.

    Raises
    ------
    EpisodeError
    """
    problem = None
    if stop is not None and days_supply is not None:
        problem = (
            "a prescription ends by its stop or by its days of supply, not by both",
            "Name one of the two.",
        )
    elif stockpile and days_supply is None:
        problem = "stock can be carried only where the days of supply are known", 'Write days_supply="days".'
    elif state == "drug" and by is None:
        problem = "state = 'drug' needs the column that tells the drugs apart", 'Write by="drug".'
    elif (state == "dose") != (dose is not None):
        problem = "state = 'dose' and a column of doses go together", 'Write state="dose", dose="daily_dose".'
    if problem is not None:
        raise EpisodeError(problem[0], where=f"'{name}'", remedy=problem[1])
