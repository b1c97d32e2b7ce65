"""The accounts of an outcome in words."""

from __future__ import annotations

from riskset.episodes.audit import AuditLine, EpisodeAudit, MeasureAudit

INFORMATIVE = 1.5


def audit_lines(audit: EpisodeAudit) -> tuple[AuditLine, ...]:
    """Say the audit of one outcome in words.

    Parameters
    ----------
    audit : EpisodeAudit

    Returns
    -------
    tuple of AuditLine
    """
    topic = audit.outcome
    lost: tuple[tuple[str, int], ...] = (
        ("event rows of people outside the cohort: not used", audit.events_of_others),
        ("event rows that break a rule: set aside as rejects", audit.events_rejected),
        ("event rows of persons without follow-up", audit.events_without_follow_up),
        ("event rows on day 0 or before: history, and the person stays at risk", audit.events_history),
        ("event rows after the person's first, which counts", audit.events_later),
        ("event rows of a day that counts already", audit.events_same_day),
        ("event rows after the end of follow-up: not counted", audit.events_after_exit),
    )
    lines = [AuditLine(topic, text, n) for text, n in lost if n]
    lines.append(AuditLine(topic, "events that count", audit.events_out))
    lines += [AuditLine(topic, f"of these, {name}", n) for name, n in audit.components.items()]
    if audit.events_with_another:
        text = "events that count on the day of another kind of event: the outcome's own comes first"
        lines.append(AuditLine(topic, text, audit.events_with_another, "note"))
    if 0 < audit.events_on_exit_day < audit.events_out:  # all of them: the outcome is what ends follow-up
        text = "events that count on the day on which follow-up ends"
        lines.append(AuditLine(topic, text, audit.events_on_exit_day, "note"))
    lines.append(AuditLine(topic, "persons with follow-up", audit.persons_out))
    gone = (
        ("persons without follow-up (exit on day 0): they cannot enter", audit.persons_without_follow_up),
        ("persons set aside: their entry or exit breaks a rule", audit.persons_rejected),
    )
    lines += [AuditLine(topic, text, n, "note") for text, n in gone if n]
    lines.append(
        AuditLine(topic, "episodes: rows from entry to exit in which nothing changes", audit.rows_out)
    )
    lines.append(AuditLine(topic, _at_risk(audit)))
    for measure in audit.measures:
        total = measure.person_days or 1.0
        missing = 100 * measure.person_days_missing / total
        old = ", ".join(
            f"{100 * t / total:.1f}% older than {d} days" for d, t in measure.person_days_older.items()
        )
        lines.append(
            AuditLine(
                topic,
                f"{measure.name}: missing in {missing:.1f}% of person-time; values in use {old}",
                measure.persons_without or None,
                "warning" if missing > 50 else "fact",
            )
        )
        lines += _informative(topic, measure)
    for state in audit.states:
        lines += [
            AuditLine(topic, f"{state.name}: changes from {a} to {b}", n)
            for (a, b), n in state.changes.items()
        ]
        if not state.changes:
            lines.append(AuditLine(topic, f"{state.name}: nobody's state changes"))
    lines += [AuditLine(topic, f"follow-up ended by {name}", n) for name, n in audit.causes.items()]
    for wrong in audit.wrong:
        text = (
            f"{wrong.name} is WRONG ON PURPOSE: {wrong.person_days:,.1f} person-days before the first "
            "prescription, in which nobody of them can have died, are called exposed (persons)"
        )
        lines.append(AuditLine(topic, text, wrong.persons, "warning"))
    return tuple(lines)


def _at_risk(audit: EpisodeAudit) -> str:
    out, after = audit.person_days_out, audit.person_days_after_event
    text = f"person-days at risk: {out:,.1f} ({out / 365.25:,.1f} years) of {audit.person_days_in:,.1f}"
    return text + (f"; the other {after:,.1f} come after the event" if after else "")


def _informative(topic: str, measure: MeasureAudit) -> list[AuditLine]:
    line = measured_how_often(measure, measure.name, topic)
    return [] if line is None else [AuditLine(topic, line.text, line.n, line.severity)]


def measured_how_often(measure: MeasureAudit, name: str, event: str) -> AuditLine | None:
    """Compare how often persons with and without the event are measured.

    Parameters
    ----------
    measure : MeasureAudit
    name, event : str
        What the measure and the event are called.

    Returns
    -------
    AuditLine or None
        None where only one of the groups has follow-up.
    """
    with_event, without = measure.person_days_with_event / 365.25, measure.person_days_without_event / 365.25
    if with_event <= 0 or without <= 0:
        return None
    rates = (measure.values_with_event / with_event, measure.values_without_event / without)
    text = (
        f"{name}: {rates[0]:.2f} measurements per person-year in persons with {event}, "
        f"{rates[1]:.2f} in the others"
    )
    # beyond half as often again, carried values of the two groups differ in age enough to bias a comparison
    apart = min(rates) * INFORMATIVE < max(rates)
    if apart:
        text += ": how often somebody is measured goes with the outcome, and so does how old a value is"
    return AuditLine(event, text, None, "note" if apart else "fact")
