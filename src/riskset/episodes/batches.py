"""Persons in batches, so that building needs no more memory than the caller allows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from riskset.episodes.covers import Covers
from riskset.episodes.drugs import Drug
from riskset.episodes.events import Event
from riskset.episodes.measures import Measure
from riskset.episodes.parts import Parts
from riskset.episodes.scales import Split
from riskset.errors import EpisodeError

BYTES = {"B": 1, "KB": 10**3, "MB": 10**6, "GB": 10**9, "KIB": 2**10, "MIB": 2**20, "GIB": 2**30}
ROW_BYTES = 120  # per row: cuts, ids, entry, exit, outcome, and the arrays they are made from
STEP_BYTES = 100  # per step of a measure or drug: its arrays, sorted copies, and its place among the cuts
CELL_BYTES = 60  # per row and column: the value on the row and what it is gathered from


def limit_bytes(limit: str | float) -> float:
    """Read an amount of memory.

    Parameters
    ----------
    limit : str or float
        "2 GiB", "500 MB", or bytes.

    Returns
    -------
    float

    Raises
    ------
    EpisodeError
        If it is not understood or not above 0.

    Examples
    --------
    >>> limit_bytes("2 KiB")
    2048.0
    """
    if isinstance(limit, str):
        found = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([KMG]?I?B)\s*", limit.upper())
        size = float(found[1]) * BYTES[found[2]] if found else 0.0
    else:
        size = float(limit)
    if not size > 0:
        raise EpisodeError(
            "the memory limit is not understood",
            where="memory_limit",
            remedy='Write an amount such as "2 GiB" or "500 MB".',
        )
    return size


def batches(parts: Parts, limit: float) -> Iterator[tuple[int, int]]:
    """Divide the persons so that building each part stays below a limit.

    Parameters
    ----------
    parts : Parts
    limit : float
        Bytes. What building needs besides the tables that have been read, and besides the rows already built.

    Yields
    ------
    first, last : int
        Positions of persons, the last exclusive; at least one person each.
    """
    n = parts.persons.n
    steps = np.ones(n)
    for measure in parts.measures:
        each = 1 if measure.carry_forward is None else 2
        steps += each * np.bincount(measure.person, minlength=n)
    for drug in parts.drugs:
        steps += 2 * np.bincount(drug.covers.person, minlength=n)
        if drug.levels == ():
            length = np.minimum(parts.persons.end, 2**55)
            steps += np.where(length > 0, length // drug.step, 0)
    for event in parts.events:
        steps += np.bincount(event.person, minlength=n)
    for split in parts.splits:
        steps += split.cuts.size
    width = len(parts.columns) + 4
    need = np.cumsum(steps * (ROW_BYTES + STEP_BYTES + CELL_BYTES * width))
    first = 0
    while first < n:
        used = need[first - 1] if first else 0.0
        last = max(first + 1, int(np.searchsorted(need, used + limit, side="right")))
        yield first, last
        first = last


def part_of(parts: Parts, first: int, last: int) -> Parts:
    """Keep some of the persons and what belongs to them.

    Parameters
    ----------
    parts : Parts
    first, last : int
        Positions of persons, the last exclusive.

    Returns
    -------
    Parts
        Rows of people outside the cohort, rejects and persons set aside are counted with the first batch.
    """
    if (first, last) == (0, parts.persons.n):
        return parts
    persons = parts.persons
    some = slice(first, last)
    return replace(
        parts,
        persons=replace(
            persons,
            frame=persons.frame[first:last],
            origin=persons.origin[some],
            end=persons.end[some],
            capped=persons.capped[some],
            entry_day=persons.entry_day[some],
        ),
        n_rejected=parts.n_rejected if first == 0 else 0,
        carried=parts.carried[first:last],
        measures=tuple(_measure(m, first, last) for m in parts.measures),
        drugs=tuple(_drug(d, first, last) for d in parts.drugs),
        events=tuple(event_of(e, first, last) for e in parts.events),
        states=tuple(replace(s, event=event_of(s.event, first, last)) for s in parts.states),
        splits=tuple(_split(s, some) for s in parts.splits),
    )


def _rows(person: np.ndarray, first: int, last: int) -> slice:
    begin, end = np.searchsorted(person, [first, last])
    return slice(int(begin), int(end))


def _measure(measure: Measure, first: int, last: int) -> Measure:
    rows = _rows(measure.person, first, last)
    return replace(
        measure,
        person=measure.person[rows] - first,
        time=measure.time[rows],
        value=measure.value[rows],
        row=measure.row[rows],
    )


def _drug(drug: Drug, first: int, last: int) -> Drug:
    c = drug.covers
    rows = _rows(c.person, first, last)
    return replace(
        drug,
        covers=Covers(c.person[rows] - first, c.start[rows], c.stop[rows], c.code[rows], c.dose[rows]),
    )


def event_of(event: Event, first: int, last: int) -> Event:
    """Keep the events of some persons.

    Parameters
    ----------
    event : Event
    first, last : int

    Returns
    -------
    Event
    """
    rows = _rows(event.person, first, last)
    person = event.person[rows] - first
    counts = dict.fromkeys(event.counts, 0)
    if first == 0:  # what belongs to nobody of the cohort, and what was rejected or left out before
        counts = dict(event.counts)
        counts["selected"] -= event.person.size
    counts["selected"] = counts.get("selected", 0) + person.size
    return replace(
        event,
        person=person,
        time=event.time[rows],
        by_date=event.by_date[rows],
        counts=counts,
        component=None if event.component is None else event.component[rows],
        set_aside=None if event.set_aside is None else event.set_aside[first:last],
    )


def _split(split: Split, some: slice) -> Split:
    return replace(split, at_entry=split.at_entry[some])
