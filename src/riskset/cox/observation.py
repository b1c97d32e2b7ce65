"""From rows that end in one of several ways to what keeps rows at risk after a competing event."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.arrays import codes
from riskset.cox.baseline import distinct_times
from riskset.cox.causes import Status
from riskset.errors import FitError
from riskset.kernel import Staying, observed_before

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Observation:
    """Rows of persons under observation, who leave by an event or by censoring.

    Attributes
    ----------
    time : float array (T,)
        Distinct times; those within R's tolerance are one.
    entry : int array (n,) or None
        Places of the rows' times among them.
    exit : int array (n,)
    person : int array (n,)
        Codes 0, 1, ... of persons.
    event, first, last : bool arrays (n,)
        Whether a row ends with an event of any kind; whether it is its person's first and last.
    taking_part : bool array (n,)
        Rows of weight zero do not.
    group : int array (n,)
        Of the curve of observation.
    delayed : bool
        Whether anybody enters after the first person has left.
    before : float array (n_groups, T)
        Chance of being under observation just before each time.
    ties_censoring : {"after", "with"}
    """

    time: Floats
    entry: Ints | None
    exit: Ints
    person: Ints
    event: Bools
    first: Bools
    last: Bools
    taking_part: Bools
    group: Ints
    delayed: bool
    before: Floats
    ties_censoring: str

    def staying(self, stays: Bools) -> Staying:
        """Let rows stay at risk after their exit, with weights W(t-) / W(T-)."""
        at_exit = self.before[self.group, self.exit]
        stays = stays & self.taking_part
        if not (at_exit[stays] > 0).all() or not np.isfinite(self.before).all():
            raise FitError(
                "for a while only persons who have just entered are under observation, so that weights by the "
                "chance of having entered do not exist",
                where="entry",
                remedy="Begin the analysis at a time from which on some are under observation throughout.",
            )
        return Staying(
            stays=stays,
            at_exit=np.where(stays, at_exit, 1.0),
            group=self.group,
            time=self.time,
            before=self.before,
        )


def observation(
    frame: pl.DataFrame,
    entry: Floats | None,
    exit: Floats,
    status: Status,
    *,
    id: str | None,
    by: str | None,
    weight: Floats | None = None,
    ties_censoring: str = "after",
) -> Observation:
    """Estimate the chance of being under observation from rows ``(entry, exit]``.

    Parameters
    ----------
    frame : polars DataFrame (n rows)
    entry, exit : float arrays (n,)
    status : Status
    id : str or None
        Column of persons.
    by : str or None
        Column of groups with curves of their own.
    weight : float array (n,), optional
        Rows of weight zero take no part; otherwise the curve is not weighted, as R's ``finegray`` has it.
    ties_censoring : {"after", "with"}
    """
    if ties_censoring not in {"after", "with"}:
        raise FitError("censoring comes 'after' events at its time, or 'with' them", where="ties_censoring")
    if entry is not None and id is None:
        raise FitError(
            "(entry, exit] rows need to know whose they are",
            where="id",
            remedy="Name the column of persons with id=.",
        )
    n = exit.size
    event = (frame[status.column] != status.censored).to_numpy()
    time, place = distinct_times(exit, entry)
    leaves, enters = place[:n], None if entry is None else place[n:]
    first, last = np.ones(n, dtype=np.bool_), np.ones(n, dtype=np.bool_)
    person = np.arange(n)
    if id is not None:
        person = codes(frame[id].rank("dense").to_numpy())
        first, last = _ends(person, enters, leaves, event, id)
    group = np.zeros(n, dtype=np.int64) if by is None else codes(frame[by].rank("dense").to_numpy())
    there = np.ones(n, dtype=np.bool_) if weight is None else weight > 0
    # As finegray, but by the ends of persons, so that cutting a row does not make an entry late.
    end = leaves[last].min(initial=time.size)
    delayed = enters is not None and bool((enters[first] > end).any())
    before = np.stack(
        [
            observed_before(
                None if enters is None else enters[own],
                leaves[own],
                event=event[own],
                first=first[own],
                last=last[own],
                n_times=time.size,
                ties_censoring=ties_censoring,
                delayed=delayed,
            )
            for own in (there & (group == g) for g in range(int(group.max(initial=0)) + 1))
        ]
    )
    return Observation(
        time=time,
        entry=enters,
        exit=leaves,
        person=person,
        event=event,
        first=first,
        last=last,
        taking_part=there,
        group=group,
        delayed=delayed,
        before=before,
        ties_censoring=ties_censoring,
    )


def _ends(person: Ints, entry: Ints | None, exit: Ints, event: Bools, column: str) -> tuple[Bools, Bools]:
    """Mark the first and last row of each person, whose rows must follow each other and end with an event at most."""
    if entry is None:
        if np.unique(person).size < person.size:
            raise FitError(
                "a person has several rows that all begin at the start",
                where=column,
                remedy="Give rows as Surv(entry, exit, status).",
            )
        return np.ones(person.size, dtype=np.bool_), np.ones(person.size, dtype=np.bool_)
    order = np.lexsort((exit, person))
    new = np.diff(person[order], prepend=-1) != 0
    ends = np.append(new[1:], True)
    early = event[order] & ~ends
    gap = np.zeros(person.size, dtype=np.bool_)
    gap[1:] = ~new[1:] & (entry[order][1:] != exit[order][:-1])
    for broken, rule in (
        (early, "a person's first event must end the person's last row"),
        (gap, "the rows of a person must follow each other without a gap"),
    ):
        if broken.any():
            raise FitError(rule, where=column, rows=(np.sort(order[broken]) + 2).tolist())
    first, last = np.zeros(person.size, dtype=np.bool_), np.zeros(person.size, dtype=np.bool_)
    first[order], last[order] = new, ends
    return first, last
