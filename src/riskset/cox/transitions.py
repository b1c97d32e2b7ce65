"""Which transitions there are between states, and which rows are at risk of each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.causes import Status
from riskset.errors import FitError

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
ARROW = " -> "


@dataclass(frozen=True, slots=True)
class Transition:
    """From one state to another; written ``start -> end``."""

    start: str
    end: str

    def __str__(self) -> str:
        return f"{self.start}{ARROW}{self.end}"


@dataclass(frozen=True, slots=True)
class Moves:
    """States of rows.

    Attributes
    ----------
    states : tuple of str
        The state in which persons begin first, then those of the status column, in its order.
    current, reached : int arrays (n,)
        State during each row, and at its end; -1 where it ends without a transition.
    transitions : tuple of Transition
        Those that happen.
    """

    states: tuple[str, ...]
    current: Ints
    reached: Ints
    transitions: tuple[Transition, ...]

    def at_risk(self, transition: Transition) -> Bools:
        """Rows in the state from which the transition starts."""
        return self.current == self.states.index(transition.start)

    def happens(self, transition: Transition) -> Bools:
        """Rows that end with the transition."""
        return self.at_risk(transition) & (self.reached == self.states.index(transition.end))


def moves(
    frame: pl.DataFrame, status: Status, *, id: str | None, exit: str, entry: str | None, start: str | None
) -> Moves:
    """Follow each person's states through the rows.

    Parameters
    ----------
    frame : polars DataFrame
    status : Status
        Its column holds the state that a row ends with, or censoring.
    id, exit, entry : str
        Columns; without ``id`` each row is a person.
    start : str or None
        Column of the state in which a person begins (that of the first row counts); one state for all otherwise.
    """
    ends = frame[status.column].to_list()
    names = [str(c) for c in status.causes]
    first = "(start)"
    if start is not None:
        begin = [str(v) for v in frame[start].to_list()]
        others = list(dict.fromkeys(v for v in begin if v not in names))
        states = (*sorted(others), *names)
    else:
        begin = [first] * frame.height
        states = (first, *names)
    place = {name: i for i, name in enumerate(states)}
    reached = np.array([-1 if v == status.censored else place[str(v)] for v in ends], dtype=np.int64)
    current = np.array([place[v] for v in begin], dtype=np.int64)
    if id is not None:
        person = frame[id].rank("dense").cast(pl.Int64).to_numpy() - 1
        time = frame[exit].cast(pl.Float64).to_numpy()
        order = np.lexsort((time, person))
        new = np.diff(person[order], prepend=-1) != 0
        _refuse_gaps(frame, entry, time, order, new, id)
        # The last state reached before a row, carried on within the person.
        moved = np.where(new, current[order], np.concatenate(([-1], reached[order][:-1])))
        known = np.where(moved >= 0, np.arange(moved.size), 0)
        current = np.empty_like(current)
        current[order] = moved[np.maximum.accumulate(known)]
    pairs = sorted(set(zip(current[reached >= 0].tolist(), reached[reached >= 0].tolist(), strict=True)))
    return Moves(
        states=states,
        current=current,
        reached=reached,
        transitions=tuple(Transition(states[a], states[b]) for a, b in pairs),
    )


def _refuse_gaps(
    frame: pl.DataFrame, entry: str | None, time: NDArray[np.float64], order: Ints, new: Bools, id: str
) -> None:
    """Refuse rows of a person that overlap: then nobody knows the state."""
    if entry is None:
        if not new.all():
            raise FitError(
                "a person has several rows that all begin at the start",
                where=id,
                remedy="Give Surv(entry, exit, status).",
            )
        return
    begin = frame[entry].cast(pl.Float64).to_numpy()[order]
    overlap = ~new
    overlap[1:] &= begin[1:] < time[order][:-1]
    overlap[0] = False
    if overlap.any():
        raise FitError("rows of a person overlap", where=id, rows=(np.sort(order[overlap]) + 2).tolist())


def named(transitions: Sequence[Transition], given: Any) -> Transition:
    """Find a transition by ``"start -> end"`` or (start, end)."""
    text = given if isinstance(given, str) else ARROW.join(str(s) for s in given)
    for transition in transitions:
        if str(transition) == " ".join(text.split()):
            return transition
    listed = "; ".join(str(t) for t in transitions)
    raise FitError(f"no row makes the transition {text}", where="transition", remedy=f"There are: {listed}.")
