"""Several values of a person at one time become one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskset.episodes.tracks import Indices
from riskset.tables.ticks import DAY, Ticks, order_by_person_and_time, significant

SameDay = Literal["mean", "first", "last", "min", "max"]
SAME_DAY = ("mean", "first", "last", "min", "max")


@dataclass(frozen=True)
class OnePerTime:
    """One value per person and time, sorted by both.

    Parameters
    ----------
    person, time, value : arrays
    row : int64 array
        The first raw row of each.
    shared : int
        Raw rows that share their person and time with another.
    disagree : int
        Times at which these rows do not all say the same.
    """

    person: Indices
    time: Ticks
    value: NDArray[np.float64]
    row: Indices
    shared: int = 0
    disagree: int = 0


def one_per_time(
    person: Indices,
    ticks: Ticks,
    values: NDArray[np.float64],
    rows: Indices,
    same_day: SameDay,
    finer: Ticks | None,
) -> OnePerTime:
    """Leave one value per person and time; the order of the raw rows plays no part.

    Parameters
    ----------
    person, ticks, values, rows : arrays
        Raw rows in any order.
    same_day : str
    finer : int64 array, optional
        Time within the day, for the first and the last.

    Returns
    -------
    OnePerTime
    """
    person, ticks, order, first = first_of_each(person, ticks)
    values, rows = values[order], rows[order]
    if first.size == order.size:
        return OnePerTime(person, ticks, values, rows)
    size = np.diff(np.append(first, order.size))
    result, row = values[first], rows[first]
    shared, disagree = int(size[size > 1].sum()), 0
    # Two values are most of it, and their sum does not depend on their order.
    pairs = np.flatnonzero(size == 2) if same_day in {"mean", "min", "max"} else np.zeros(0, np.int64)
    if pairs.size:
        at = first[pairs]
        low, high = np.minimum(values[at], values[at + 1]), np.maximum(values[at], values[at + 1])
        result[pairs] = {"mean": significant((low + high) / 2), "min": low, "max": high}[same_day]
        row[pairs] = np.minimum(rows[at], rows[at + 1])
        disagree = int((low != high).sum())
    several = np.flatnonzero(size > 2) if pairs.size else np.flatnonzero(size > 1)
    if several.size:
        chosen = np.zeros(first.size, dtype=np.bool_)
        chosen[several] = True
        many = np.repeat(chosen, size)
        moment = None if finer is None else finer[order][many]
        block = np.repeat(several, size[several])
        summary, apart = _summaries(block, values[many], moment, same_day)
        result[several] = summary
        begins = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
        row[several] = np.minimum.reduceat(rows[many], begins)
        disagree += apart
    return OnePerTime(person, ticks, result, row, shared, disagree)


def _summaries(
    block: Indices, members: NDArray[np.float64], moment: Ticks | None, same_day: SameDay
) -> tuple[NDArray[np.float64], int]:
    """Give one value per group, and in how many groups the values differ."""
    # Sums depend on their order: within a group the values are added from the smallest up.
    inner = np.lexsort((members, block))
    block, members = block[inner], members[inner]
    begins = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
    ends = np.append(begins[1:], block.size) - 1
    disagree = int((members[begins] != members[ends]).sum())  # sorted: the smallest against the largest
    if same_day in {"first", "last"} and moment is not None:
        # By the time within the day; what shares even that is averaged.
        moment = moment[inner]
        edge = (np.minimum if same_day == "first" else np.maximum).reduceat(moment, begins)
        keep = moment == np.repeat(edge, np.diff(np.append(begins, block.size)))
        block, members = block[keep], members[keep]
        begins = np.flatnonzero(np.r_[True, block[1:] != block[:-1]])
    if same_day == "min":
        return np.minimum.reduceat(members, begins), disagree
    if same_day == "max":
        return np.maximum.reduceat(members, begins), disagree
    counts = np.diff(np.append(begins, block.size))
    return significant(np.add.reduceat(members, begins) / counts), disagree


def first_of_each(person: Indices, ticks: Ticks) -> tuple[Indices, Ticks, Indices, Indices]:
    """Sort rows by person, then time, and find the first row of each person and time.

    Parameters
    ----------
    person : int64 array
        Zero or more.
    ticks : int64 array

    Returns
    -------
    person, ticks : int64 arrays
        Each pair once, sorted.
    order : int64 array
        Where each sorted row was.
    first : int64 array
        Where each pair begins among the sorted rows.
    """
    if person.size == 0:
        none = np.zeros(0, np.int64)
        return person, ticks, none, none
    # Person, time and position in one number: whole numbers sort several times as fast as an order of them.
    low, unit = int(ticks.min()), DAY if not (ticks % DAY).any() else 1
    moments = (ticks - low) // unit if unit > 1 else ticks - low
    place, moment = (person.size - 1).bit_length(), int(moments.max()).bit_length()
    if int(person.max()).bit_length() + moment + place < 63:
        packed = (((person << moment) | moments) << place) | np.arange(person.size)
        packed.sort()
        order = packed & ((1 << place) - 1)
        packed >>= place
        first = np.flatnonzero(_differs(packed))
        pairs = packed[first]
        return pairs >> moment, (pairs & ((1 << moment) - 1)) * unit + low, order, first
    order = order_by_person_and_time(person, ticks)
    person, ticks = person[order], ticks[order]
    first = np.flatnonzero(_differs(person) | _differs(ticks))
    return person[first], ticks[first], order, first


def _differs(values: Indices) -> NDArray[np.bool_]:
    """Mark the values that are not those before them."""
    differs = np.empty(values.size, dtype=np.bool_)
    differs[0] = True
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
