"""Several values of a person at one time become one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from riskset.episodes.tracks import Indices
from riskset.tables.ticks import BLOCK, DAY, Ticks, order_by_person_and_time, significant

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
    sorted_ = _sorted(person, ticks)
    rising = bool((rows[1:] > rows[:-1]).all())
    parts = [_one_each(pairs, values, rows, same_day, finer, rising) for pairs in sorted_.in_blocks()]
    if len(parts) == 1:
        return parts[0]
    return OnePerTime(
        *(
            np.concatenate([getattr(part, name) for part in parts])
            for name in ("person", "time", "value", "row")
        ),
        shared=sum(part.shared for part in parts),
        disagree=sum(part.disagree for part in parts),
    )


@dataclass(frozen=True)
class Pairs:
    """Rows sorted by person and time, and where each pair of these begins.

    Parameters
    ----------
    person, ticks : int64 arrays
        Each pair once.
    order : int64 array
        Where each sorted row was.
    first : int64 array
        Where each pair begins among the sorted rows.
    in_order : bool
        Rows of one pair stand as they stood before.
    """

    person: Indices
    ticks: Ticks
    order: Indices
    first: Indices
    in_order: bool


def _one_each(
    pairs: Pairs,
    values: NDArray[np.float64],
    rows: Indices,
    same_day: SameDay,
    finer: Ticks | None,
    rising: bool,
) -> OnePerTime:
    order, first = pairs.order, pairs.first
    values, rows = values[order], rows[order]
    if first.size == order.size:
        return OnePerTime(pairs.person, pairs.ticks, values, rows)
    size = np.diff(np.append(first, order.size))
    result = values[first]
    row = rows[first] if pairs.in_order and rising else np.minimum.reduceat(rows, first)
    shared, disagree = int(size[size > 1].sum()), 0
    # Two values are most of it, and their sum does not depend on their order.
    two = np.flatnonzero(size == 2) if same_day in {"mean", "min", "max"} else np.zeros(0, np.int64)
    if two.size:
        at = first[two]
        low, high = np.minimum(values[at], values[at + 1]), np.maximum(values[at], values[at + 1])
        result[two] = {"mean": significant((low + high) / 2), "min": low, "max": high}[same_day]
        disagree = int((low != high).sum())
    several = np.flatnonzero(size > 2) if two.size else np.flatnonzero(size > 1)
    if several.size:
        chosen = np.zeros(first.size, dtype=np.bool_)
        chosen[several] = True
        many = np.repeat(chosen, size)
        moment = None if finer is None else finer[order][many]
        block = np.repeat(several, size[several])
        summary, apart = _summaries(block, values[many], moment, same_day)
        result[several] = summary
        disagree += apart
    return OnePerTime(pairs.person, pairs.ticks, result, row, shared, disagree)


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


@dataclass(frozen=True)
class Packed:
    """Person, time and position of each row in one whole number, sorted.

    Parameters
    ----------
    keys : int64 array
    place, moment : int
        Bits of the position and of the time.
    low, unit : int
        The earliest time, and how many ticks a unit of time is.
    """

    keys: Indices
    place: int
    moment: int
    low: int
    unit: int

    def in_blocks(self) -> Iterator[Pairs]:
        """Give the rows in blocks that stay near the processor, no person and time in two of them."""
        keys, n = self.keys, self.keys.size
        begin = 0
        while begin < n:
            end = min(begin + BLOCK, n)
            if end < n:  # on to the next person and time
                following = ((keys[end - 1] >> self.place) + 1) << self.place
                end += int(np.searchsorted(keys[end:], following))
            yield self._block(keys[begin:end])
            begin = end

    def _block(self, keys: Indices) -> Pairs:
        order = keys & ((1 << self.place) - 1)
        pairs = keys >> self.place
        first = np.flatnonzero(_differs(pairs))
        pairs = pairs[first]
        times = pairs & ((1 << self.moment) - 1)
        times += self.low
        times *= self.unit
        # of equal pairs the position decides, so that they stand as they stood
        return Pairs(pairs >> self.moment, times, order, first, in_order=True)


@dataclass(frozen=True)
class Whole:
    """Rows of so many persons and times that they do not fit one number: sorted by one, then the other."""

    pairs: Pairs

    def in_blocks(self) -> Iterator[Pairs]:
        """Give all of it."""
        yield self.pairs


def _sorted(person: Indices, ticks: Ticks) -> Packed | Whole:
    """Sort rows by person, then time."""
    if person.size == 0:
        none = np.zeros(0, np.int64)
        return Whole(Pairs(person, ticks, none, none, in_order=True))
    # Whole numbers sort several times as fast as an order of them.
    low, high, unit = _in_days(ticks)
    place, moment = (person.size - 1).bit_length(), (high - low).bit_length()
    if int(person.max()).bit_length() + moment + place < 63:
        keys = np.empty(person.size, dtype=np.int64)
        for begin, end in _blocks(person.size):
            key = person[begin:end] << moment
            key += _days(ticks[begin:end]) if unit > 1 else ticks[begin:end]
            key -= low
            key <<= place
            key += np.arange(begin, end)
            keys[begin:end] = key
        keys.sort()
        return Packed(keys, place, moment, low, unit)
    order = order_by_person_and_time(person, ticks)
    person, ticks = person[order], ticks[order]
    first = np.flatnonzero(_differs(person) | _differs(ticks))
    return Whole(Pairs(person[first], ticks[first], order, first, in_order=False))


def _blocks(n: int) -> Iterator[tuple[int, int]]:
    for begin in range(0, n, BLOCK):
        yield begin, min(begin + BLOCK, n)


def _in_days(ticks: Ticks) -> tuple[int, int, int]:
    """Give the first and last time, in days where all are whole days, and how many ticks the unit is."""
    low, high = int(ticks.min()), int(ticks.max())
    for begin, end in _blocks(ticks.size):
        some = ticks[begin:end]
        if not np.array_equal(_days(some) * DAY, some):
            return low, high, 1
    return low // DAY, high // DAY, DAY


def _days(ticks: Ticks) -> Ticks:
    # a double holds every day that can occur; multiplying is several times as fast as dividing whole numbers
    return np.rint(ticks * (1.0 / DAY)).astype(np.int64)


def _differs(values: Indices) -> NDArray[np.bool_]:
    """Mark the values that are not those before them."""
    differs = np.empty(values.size, dtype=np.bool_)
    differs[0] = True
    np.not_equal(values[1:], values[:-1], out=differs[1:])
    return differs
