"""The accounts of reading: which rows a call took from its table, and what became of each of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from riskset.episodes.audit import AuditLine, ReadingAudit
from riskset.episodes.drugs import Drug
from riskset.episodes.events import Event
from riskset.episodes.measures import Measure
from riskset.episodes.states import AfterEvent
from riskset.errors import counted

_MEASURE_EXPLAINED = {
    "of others": "of people outside the cohort",
    "excluded": "excluded by their flag",
    "without value": "without a value",
    "rejected": "rejected",
    "merged": "merged with another of the same time",
}
_MEASURE_FOUND = {
    "times that disagree": "times at which they disagree",
    "behind a limit": "beyond a limit of detection",
    "converted": "converted to another unit",
    "implausible": "outside the plausible range (kept)",
    "negative": "below 0 (kept)",
}
_DRUG_FOUND = {
    "persons": "persons",
    "periods": "periods of use",
    "without stop": "without a stop",
    "one-day": "of one day",
    "switches": "switches of drug",
}
_DRUG_EXPLAINED = {
    "of others": "of people outside the cohort",
    "rejected": "rejected",
    "before the records": "over before the records begin",
    "written twice": "written twice",
}
_EVENT_EXPLAINED = {
    "of others": "of people outside the cohort",
    "rejected": "rejected",
    "second record": "second records of the same event",
    "on one day": "on the day of another component",
}


def measure_reading(measure: Measure) -> ReadingAudit:
    """Account for the rows of a measure: one value per person and time.

    Parameters
    ----------
    measure : Measure

    Returns
    -------
    ReadingAudit
    """
    counts = measure.counts
    return ReadingAudit(
        measure.name,
        "measure",
        measure.matched,
        counts["selected"],
        counts["values"],
        _nonzero(counts, _MEASURE_EXPLAINED),
        _nonzero(counts, _MEASURE_FOUND),
        measure.notes,
    )


def drug_reading(drug: Drug) -> ReadingAudit:
    """Account for the rows of a drug: one prescription each, before they are joined to periods of use.

    Parameters
    ----------
    drug : Drug

    Returns
    -------
    ReadingAudit
    """
    counts = drug.counts
    return ReadingAudit(
        drug.name,
        "drug",
        drug.matched,
        counts["selected"],
        counts["prescriptions"],
        _nonzero(counts, _DRUG_EXPLAINED),
        _nonzero(counts, _DRUG_FOUND),
    )


def event_reading(event: Event) -> ReadingAudit:
    """Account for the rows of an event.

    Parameters
    ----------
    event : Event

    Returns
    -------
    ReadingAudit
    """
    counts = event.counts
    return ReadingAudit(
        event.name,
        "composite" if event.components else "event",
        event.matched,
        counts["selected"] + counts.get("second record", 0),
        int(event.person.size),
        _nonzero(counts, _EVENT_EXPLAINED),
        {},
    )


def state_reading(state: AfterEvent, event: Event) -> ReadingAudit:
    """Account for the rows of a state after an event: a day counts once.

    Parameters
    ----------
    state : AfterEvent
    event : Event
        As read, with every row of a day.

    Returns
    -------
    ReadingAudit
    """
    read = event_reading(replace(event, name=state.name))
    once, explained = int(state.event.person.size), dict(read.explained)
    if read.rows_out > once:
        explained["of a day that counts already"] = read.rows_out - once
    return replace(read, kind="state", rows_out=once, explained=explained)


def match_notes(read: ReadingAudit) -> tuple[AuditLine, ...]:
    """Tell what the filters of a call nearly matched.

    Parameters
    ----------
    read : ReadingAudit

    Returns
    -------
    tuple of AuditLine
    """
    lines: list[AuditLine] = []
    for found in read.matched:
        if found.near_misses:
            shown = ", ".join(f"{s.text} ({counted(s.rows, 'row')})" for s in found.near_misses)
            text = f"strings that look like a match and are not taken: {shown}"
            lines.append(AuditLine(read.name, text, len(found.near_misses), "note"))
        if found.near_misses_withheld:
            text = "such strings of fewer than 5 persons, not shown"
            lines.append(AuditLine(read.name, text, found.near_misses_withheld, "note"))
    return tuple(lines)


def _nonzero(counts: Mapping[str, int], words: Mapping[str, str]) -> dict[str, int]:
    return {text: counts[key] for key, text in words.items() if counts.get(key)}
