"""What reading the tables found, in words for the audit."""

from __future__ import annotations

from typing import Literal

import numpy as np

from riskset.episodes.audit import AuditLine
from riskset.episodes.drugs import Drug
from riskset.episodes.events import Event
from riskset.episodes.measures import Measure
from riskset.episodes.persons import Persons
from riskset.errors import counted
from riskset.tables.ticks import DAY, NEVER

Severity = Literal["fact", "note", "warning"]
_RULES = {
    "mean": "their mean",
    "first": "the first",
    "last": "the last",
    "min": "the lowest",
    "max": "the highest",
}


def measure_notes(measure: Measure) -> tuple[AuditLine, ...]:
    """Tell how raw rows became values.

    Parameters
    ----------
    measure : Measure

    Returns
    -------
    tuple of AuditLine
    """
    name, counts = measure.name, measure.counts
    lines = [AuditLine(name, "rows that the filter takes", counts["selected"])]
    said: tuple[tuple[str, str, Severity], ...] = (
        ("of others", "rows of people outside the cohort: not used", "fact"),
        ("excluded", "rows that their flag excludes: not used", "fact"),
        ("without value", "rows without a value: the value before stays in force", "note"),
        ("rejected", "rows that break a rule: set aside as rejects", "warning"),
        ("behind a limit", "values beyond a limit of detection: read as the plan says", "note"),
        ("converted", "values converted to another unit", "fact"),
        ("merged", "rows merged with another of the same person and time", "fact"),
        (
            "times that disagree",
            f"times at which such rows do not say the same: {_RULES[measure.same_day]} counts",
            "note",
        ),
    )
    lines += [AuditLine(name, text, counts[key], level) for key, text, level in said if counts[key]]
    lines.append(AuditLine(name, "values that remain, one per person and time", counts["values"]))
    doubtful = (
        ("implausible", "values outside the plausible range (kept)"),
        ("negative", "values below 0 (kept)"),
    )
    lines += [AuditLine(name, text, counts[key], "warning") for key, text in doubtful if counts[key]]
    lines += measure.notes
    usual = None if measure.carry_forward is None else _usual_interval(measure)
    if measure.carry_forward is not None and usual is not None and measure.carry_forward < usual:
        lines.append(
            AuditLine(
                name,
                f"carried forward for {counted(measure.carry_forward / DAY, 'day', 'g')}, and the usual interval between "
                f"measurements is {counted(usual / DAY, 'day', 'g')}: the value expires before the next one comes",
                None,
                "warning",
            )
        )
    return tuple(lines)


def _usual_interval(measure: Measure) -> float | None:
    """Median ticks between consecutive measurements of a person; None with fewer than two."""
    same = measure.person[1:] == measure.person[:-1]
    gaps = np.diff(measure.time)[same]
    return float(np.median(gaps)) if gaps.size else None


def drug_notes(drug: Drug) -> tuple[AuditLine, ...]:
    """Tell how raw rows became periods of use.

    Parameters
    ----------
    drug : Drug

    Returns
    -------
    tuple of AuditLine
    """
    name, counts = drug.name, drug.counts
    lines = [AuditLine(name, "rows that the filter takes", counts["selected"])]
    said: tuple[tuple[str, str, Severity], ...] = (
        ("of others", "rows of people outside the cohort: not used", "fact"),
        ("rejected", "rows that break a rule: set aside as rejects", "warning"),
        ("before the records", "prescriptions over before the records begin: not used", "note"),
        ("written twice", "prescriptions written twice: each counts once", "note"),
        ("without stop", "prescriptions without a stop: read as the plan says", "note"),
        ("one-day", "prescriptions of one day: one day of use", "fact"),
        ("switches", "switches between drugs of the class", "fact"),
    )
    lines += [AuditLine(name, text, counts[key], level) for key, text, level in said if counts.get(key)]
    text = "periods of use, after joining prescriptions that overlap or touch"
    lines.append(AuditLine(name, text, counts["periods"]))
    if counts["persons"]:
        lines.append(AuditLine(name, "persons with a prescription", counts["persons"]))
    else:
        lines.append(AuditLine(name, "nobody of the cohort has a prescription", None, "warning"))
    return tuple(lines)


def event_notes(event: Event) -> tuple[AuditLine, ...]:
    """Tell how many rows an event has.

    Parameters
    ----------
    event : Event

    Returns
    -------
    tuple of AuditLine
    """
    lines = [
        AuditLine(event.name, "event rows that the filter takes", event.counts["selected"]),
        *event.notes,
    ]
    if event.counts.get("on one day"):
        text = "rows of components on a day that another component has counted"
        lines.append(AuditLine(event.name, text, event.counts["on one day"], "note"))
    if event.set_aside is not None and event.set_aside.any():
        text = "persons set aside: their two records of the event disagree"
        lines.append(AuditLine(event.name, text, int(event.set_aside.sum()), "warning"))
    return tuple(lines)


def observed_notes(persons: Persons, observed: tuple[int | None, int | None]) -> tuple[AuditLine, ...]:
    """Tell how far the records look back, and who is followed beyond them.

    Parameters
    ----------
    persons : Persons
    observed : pair of int
        Ticks of the first and the last instant with records.

    Returns
    -------
    tuple of AuditLine
    """
    first, last = observed
    if first is None or last is None or persons.n == 0:
        return ()
    back = (persons.origin - first) / DAY
    lines = [
        AuditLine(
            "observed",
            f"look-back before entry: median {np.median(back):,.0f} days, from {back.min():,.0f} to {back.max():,.0f}; "
            "never used means not within it",
            None,
            "warning" if back.min() < 0 else "fact",
        )
    ]
    beyond = int(((persons.origin + np.minimum(persons.end, NEVER)) > last).sum())
    if beyond:
        lines.append(
            AuditLine("observed", "persons followed beyond the last day with records", beyond, "warning")
        )
    return tuple(lines)
