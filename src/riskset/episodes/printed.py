"""The audit of a build as text: a few small tables that fit a terminal, and no person's value in them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from textwrap import wrap
from typing import TYPE_CHECKING

from riskset.errors import counted

if TYPE_CHECKING:
    from riskset.episodes.audit import AuditLine, EpisodeAudit, MeasureAudit, ReadingAudit
    from riskset.tables import Matched

WIDTH = 110
_NONE = "-"
_STRINGS = 8  # of a code list; the rest is in `reading`


def printed(audit: EpisodeAudit) -> str:
    """Write an audit as text.

    Parameters
    ----------
    audit : EpisodeAudit

    Returns
    -------
    str
        Persons, rows, events and person-time, in and out; rows read; ages of the values in force; changes of
        state; what filters took; notes and warnings.
    """
    verdict = "everything adds up" if audit.balances else "IT DOES NOT ADD UP"
    parts = [[f"Audit of '{audit.outcome}': {verdict}"], _accounts(audit)]
    if audit.reading:
        parts.append(_reading(audit.reading))
    if audit.measures:
        parts.append(_ages(audit.measures))
        parts.append(_often(audit))
    parts += [_changes(audit), _filters(audit.reading), _over_time(audit.reading)]
    parts += [_wrong(audit), _attention(audit)]
    return "\n\n".join("\n".join(part) for part in parts if part)


def _accounts(audit: EpisodeAudit) -> list[str]:
    a = audit
    persons = (
        ("without follow-up (exit on day 0)", a.persons_without_follow_up),
        ("set aside (entry or exit breaks a rule)", a.persons_rejected),
    )
    events = (
        ("history (day 0 or before)", a.events_history),
        ("after the person's first", a.events_later),
        ("of a day that counts already", a.events_same_day),
        ("after the end of follow-up", a.events_after_exit),
        ("of people outside the cohort", a.events_of_others),
        ("of persons without follow-up", a.events_without_follow_up),
        ("rejected", a.events_rejected),
    )
    after = [f"after the event {a.person_days_after_event:,.1f}"] if a.person_days_after_event else []
    flaws = (("overlaps", a.overlaps), ("gaps", a.gaps), ("of zero length", a.zero_lengths))
    rows = [
        ["", "in", "out", "explained"],
        ["persons", f"{a.persons_in:,}", f"{a.persons_out:,}", _reasons(persons)],
        ["event rows", f"{a.events_in:,}", f"{a.events_out:,}", _reasons(events)],
        ["person-days", f"{a.person_days_in:,.1f}", f"{a.person_days_out:,.1f}", ", ".join(after) or _NONE],
        ["episodes", "", f"{a.rows_out:,}", ", ".join(f"{text} {n:,}" for text, n in flaws)],
    ]
    return _table(rows, "<>><")


def _reading(reading: Sequence[ReadingAudit]) -> list[str]:
    rows = [["rows read", "in", "out", "explained, and what was found in the others"]]
    for read in reading:
        said = [f"{text} {n:,}" for text, n in read.explained.items()]
        found = [f"{text} {n:,}" for text, n in read.found.items()]
        text = "; ".join(", ".join(part) for part in (said, found) if part)
        rows.append([f"{read.kind} {read.name}", f"{read.rows_in:,}", f"{read.rows_out:,}", text or _NONE])
    return _table(rows, "<>><")


def _ages(measures: Sequence[MeasureAudit]) -> list[str]:
    days = list(measures[0].person_days_older)
    heads = [f"to {days[0]}", *(f"to {b}" for b in days[1:]), f"over {days[-1]}"]
    rows = [["age of the value in use, days", *heads, "no value", "persons without any"]]
    for m in measures:
        total = m.person_days or 1.0
        known = m.person_days - m.person_days_missing
        left = [known, *m.person_days_older.values(), 0.0]  # still in use beyond each age
        shares = [a - b for a, b in pairwise(left)]
        percent = [f"{100 * t / total:.1f}%" for t in (*shares, m.person_days_missing)]
        rows.append([m.name, *percent, f"{m.persons_without:,}"])
    return _table(rows, "<" + ">" * (len(heads) + 2))


def _often(audit: EpisodeAudit) -> list[str]:
    rows = [["measurements per person-year", f"with {audit.outcome}", "others"]]
    for m in audit.measures:
        groups = (
            (m.values_with_event, m.person_days_with_event),
            (m.values_without_event, m.person_days_without_event),
        )
        rows.append([m.name, *(f"{n / (t / 365.25):.2f}" if t else _NONE for n, t in groups)])
    return _table(rows, "<>>")


def _changes(audit: EpisodeAudit) -> list[str]:
    rows = [
        [s.name, ", ".join(f"{a} to {b} {n:,}" for (a, b), n in s.changes.items()) or "none"]
        for s in audit.states
    ]
    ends = [(f"{name} (component)", n) for name, n in audit.components.items()]
    ends += [(f"{name} (competing)", n) for name, n in audit.causes.items()]
    lines = _table([["changes of state", ""], *rows], "<<") if rows else []
    if ends:
        lines += ["", "clocks ended by " + ", ".join(f"{name} {n:,}" for name, n in ends)]
    return lines


def _filters(reading: Sequence[ReadingAudit]) -> list[str]:
    rows = [
        [read.name, text]
        for read in reading
        for found in read.matched
        for text in _filter(found, several=len(read.matched) > 1)
    ]
    return _table([["filter", "took"], *rows], "<<") if rows else []


def _filter(found: Matched, *, several: bool) -> Iterator[str]:
    place = f"{found.table}: " if several else ""
    took = f"{place}{found.where}: {counted(found.rows, 'row')} of {counted(found.persons, 'person')}"
    strings = [f"{s.text} {s.rows:,}" for s in found.strings[:_STRINGS]]
    if len(found.strings) > _STRINGS:
        strings.append(f"{len(found.strings) - _STRINGS:,} more")
    if found.strings_withheld:
        strings.append(f"{counted(found.strings_withheld, 'string')} of fewer than 5 persons withheld")
    yield took + (f" ({', '.join(strings)})" if strings else "")
    near = [f"{s.text} {s.rows:,}" for s in found.near_misses]
    if found.near_misses_withheld:
        near.append(f"{counted(found.near_misses_withheld, 'string')} of fewer than 5 persons withheld")
    if near:
        yield f"looks alike and was not taken: {', '.join(near)}"


def _over_time(reading: Sequence[ReadingAudit]) -> list[str]:
    rows = [[read.name, _sentence(line)] for read in reading for line in read.notes]
    return _table([["units and levels", "over calendar time"], *rows], "<<") if rows else []


def _wrong(audit: EpisodeAudit) -> list[str]:
    return [
        f"WRONG ON PURPOSE {w.name}: {w.person_days:,.1f} person-days of {counted(w.persons, 'person')} "
        "called exposed before the first prescription"
        for w in audit.wrong
    ]


def _attention(audit: EpisodeAudit) -> list[str]:
    """List the warnings, and the notes that no table above has counted."""
    told = [line for read in audit.reading for line in read.notes]
    lines = [
        line
        for line in audit.lines
        if line not in told and (line.severity == "warning" or (line.severity == "note" and line.n is None))
    ]
    lines.sort(key=lambda line: line.severity != "warning")
    rows = [[line.severity, line.topic, _sentence(line)] for line in lines]
    return _table([["", "about", "what"], *rows], "<<<") if rows else []


def _sentence(line: AuditLine) -> str:
    return line.text + ("" if line.n is None else f": {line.n:,}")


def _reasons(reasons: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{text} {n:,}" for text, n in reasons if n) or _NONE


def _table(rows: list[list[str]], align: str) -> list[str]:
    """Set cells in columns; the last one is folded at the width of a page."""
    widths = [max(len(row[k]) for row in rows) for k in range(len(align) - 1)]
    indent = sum(widths) + 2 * len(widths)
    lines: list[str] = []
    for row in rows:
        cells = [f"{text:{side}{width}}" for text, side, width in zip(row, align, widths, strict=False)]
        last = row[-1] if align[-1] == "<" else f"{row[-1]:>{max(len(r[-1]) for r in rows)}}"
        first, *more = wrap(last, max(WIDTH - indent, 40), drop_whitespace=align[-1] == "<") or [""]
        lines.append("  ".join([*cells, first]).rstrip())
        lines += [" " * indent + line for line in more]
    return lines
