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
    lines = [
        AuditLine(topic, "persons with follow-up", audit.persons_out),
        AuditLine(topic, "episodes", audit.rows_out),
        AuditLine(topic, "events that count", audit.events_out),
        AuditLine(topic, f"person-days at risk: {audit.person_days_out:,.1f} of {audit.person_days_in:,.1f}"),
    ]
    explained = (
        ("persons without follow-up (exit on day 0)", audit.persons_without_follow_up),
        ("persons set aside (entry or exit breaks a rule)", audit.persons_rejected),
        ("event rows on day 0 or before (history)", audit.events_history),
        ("event rows after the person's first", audit.events_later),
        ("event rows after the end of follow-up", audit.events_after_exit),
        ("event rows of people outside the cohort", audit.events_of_others),
        ("event rows on the day of one that counts", audit.events_same_day),
        ("event rows rejected", audit.events_rejected),
        ("event rows of persons without follow-up", audit.events_without_follow_up),
        ("events that count on the day of another kind of event", audit.events_with_another),
    )
    lines += [AuditLine(topic, text, n, "note") for text, n in explained if n]
    if 0 < audit.events_on_exit_day < audit.events_out:  # all of them: the outcome is what ends follow-up
        text = "events that count on the day on which follow-up ends"
        lines.append(AuditLine(topic, text, audit.events_on_exit_day, "note"))
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
        said = ", ".join(f"{a} to {b} {n:,}" for (a, b), n in state.changes.items())
        lines.append(
            AuditLine(
                topic, f"{state.name}: changes of state ({said or 'none'})", sum(state.changes.values())
            )
        )
    lines += [AuditLine(topic, f"of these, {name}", n) for name, n in audit.components.items()]
    lines += [AuditLine(topic, f"follow-up ended by {name}", n) for name, n in audit.causes.items()]
    for wrong in audit.wrong:
        text = (
            f"{wrong.name} is WRONG ON PURPOSE: {wrong.person_days:,.1f} person-days before the first "
            "prescription, in which nobody of them can have died, are called exposed (persons)"
        )
        lines.append(AuditLine(topic, text, wrong.persons, "warning"))
    return tuple(lines)


def _informative(topic: str, measure: MeasureAudit) -> list[AuditLine]:
    """Compare how often persons with and without the event are measured."""
    with_event, without = measure.person_days_with_event / 365.25, measure.person_days_without_event / 365.25
    if with_event <= 0 or without <= 0:
        return []
    rates = (measure.values_with_event / with_event, measure.values_without_event / without)
    text = (
        f"{measure.name}: {rates[0]:.2f} measurements per person-year in persons with {topic}, "
        f"{rates[1]:.2f} in the others"
    )
    # beyond half as often again, carried values of the two groups differ in age enough to bias a comparison
    apart = min(rates) * INFORMATIVE < max(rates)
    if apart:
        text += ": how often somebody is measured goes with the outcome"
    return [AuditLine(topic, text, None, "note" if apart else "fact")]
