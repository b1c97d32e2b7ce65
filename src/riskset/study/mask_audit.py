"""The data audit with small counts masked: a topic or a table of filters at a time, since its lines add up."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise

from riskset.study.results import Audit, AuditLine, Count, Matched


def masked_audit(
    audit: Audit, least: int, hidden: frozenset[int], sizes: Sequence[int], excluded: Sequence[int]
) -> Audit:
    """Mask the audit.

    The lines of a topic tell what came in, what left and what stayed. Where one of them is small, or two differ by
    a small number, all counts of the topic are masked; likewise for all filters of one section of the plan.

    Parameters
    ----------
    audit : Audit
    least : int
        Counts from 1 to one less than this are small.
    hidden : frozenset of int
        Numbers of persons and events of analyses that are hidden.
    sizes : sequence of int
        Those that are shown: no count of rows or persons may differ from one by a little.
    excluded : sequence of int
        Persons excluded by each rule.

    Returns
    -------
    Audit
    """
    lines = _lines(audit.lines, least, hidden, [*sizes, *excluded])
    return Audit(
        tables=_tables(audit.tables, least, hidden, sizes),
        matched=_matched(audit.matched, least, [*sizes, *(t.n for t in audit.tables if t.n)]),
        lines=lines,
    )


_PERSONS = re.compile(r"persons?|events?|people")


def _small_gap(values: Iterable[int], least: int) -> bool:
    ordered = sorted({v for v in values if v})
    return any(0 < v < least for v in ordered) or any(b - a < least for a, b in pairwise(ordered))


def _beside(values: Iterable[int], sizes: Iterable[int], least: int) -> bool:
    known = list(sizes)
    return any(0 < abs(v - s) < least for v in values for s in known)


def _lines(
    lines: Sequence[AuditLine], least: int, hidden: frozenset[int], sizes: Sequence[int]
) -> tuple[AuditLine, ...]:
    topics: dict[str, list[int]] = {}
    touched: set[str] = set()
    for line in lines:
        if line.n is None or line.topic == TOGETHER:
            continue
        topics.setdefault(line.topic, []).append(line.n)
        # rows of a table are not to be held against persons
        about = _PERSONS.search(line.text) is not None
        if about and (line.n in hidden or _beside((line.n,), sizes, least)):
            touched.add(line.topic)
    touched |= {topic for topic, counts in topics.items() if _small_gap(counts, least)}
    return tuple(
        line.model_copy(update={"n": None, "text": f"{line.text}: masked"})
        if line.topic in touched and line.n
        else line
        for line in lines
    )


TOGETHER = "All outcomes"
"""The topic whose lines count outcomes and flaws, not persons."""


def _matched(found: Sequence[Matched], least: int, sizes: Sequence[int]) -> tuple[Matched, ...]:
    """Mask what filters matched, for all of a section: together they can make up a table."""
    touched: set[str] = set()
    for m in found:
        rows, persons = m.rows or 0, m.persons or 0
        named = [c.n or 0 for c in m.strings]
        counts = [rows, persons, *named]
        left = persons - sum(named) if m.strings_withheld else 0
        differ = any(0 < abs(persons - n) < least for n in named) or 0 < left < least
        if any(0 < n < least for n in counts) or differ or _beside((rows, persons), sizes, least):
            touched.add(_section(m))
    return tuple(_hidden(m, least) if _section(m) in touched else _withheld(m, least) for m in found)


def _section(m: Matched) -> str:
    return m.key.partition(".")[0]


def _hidden(m: Matched, least: int) -> Matched:
    """Hide the counts of a filter, and strings that few persons have: as typed, they can point to somebody."""
    strings = tuple(c.model_copy(update={"n": None}) for c in m.strings if (c.n or 0) >= least)
    withheld = 0 if len(strings) == len(m.strings) and not m.strings_withheld else None
    return m.model_copy(
        update={"rows": None, "persons": None, "strings": strings, "strings_withheld": withheld}
    )


def _withheld(m: Matched, least: int) -> Matched:
    """Hide how many strings are withheld where they are few: each is of few persons."""
    few = m.strings_withheld is not None and 0 < m.strings_withheld < least
    return m.model_copy(update={"strings_withheld": None}) if few else m


def _tables(
    tables: Sequence[Count], least: int, hidden: frozenset[int], sizes: Sequence[int]
) -> tuple[Count, ...]:
    """Mask the rows of a table where they are few, or tell of a hidden number of persons."""
    return tuple(
        t.model_copy(update={"n": None})
        if t.n and (t.n < least or t.n in hidden or _beside((t.n,), sizes, least))
        else t
        for t in tables
    )
