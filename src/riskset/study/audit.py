"""The audit of a run: how the raw tables became episodes, in lines that a reader can follow and count."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import polars as pl

from riskset.cohort import Comparison, FirstKnown
from riskset.episodes import AuditLine as Note
from riskset.episodes import EpisodeAudit, Episodes, MeasureAudit
from riskset.episodes.words import measured_how_often
from riskset.errors import counted
from riskset.study.assemble import Assembled
from riskset.study.formulas import over_time
from riskset.study.plan import StudyPlan
from riskset.study.preflight import Preflight
from riskset.study.results import Audit, AuditLine, Count, Matched
from riskset.tables import Matched as Found
from riskset.tables import Rejects
from riskset.units import parse_duration

MOSTLY_UNKNOWN = 50  # percent of person-time without a value: the models then speak for the smaller part


def audit(
    study: Assembled,
    before: Preflight,
    episodes: Mapping[str, Episodes],
    notes: Mapping[str, Sequence[Note]],
    rejects: Rejects,
) -> Audit:
    """Write the audit.

    Parameters
    ----------
    study : Assembled
        Persons and timeline.
    before : Preflight
        The tables, and what the filters found in them.
    episodes : mapping
        By outcome.
    notes : mapping
        By outcome: what its timeline noted while reading.
    rejects : Rejects
        Rows that broke a rule.
    """
    plan = study.plan
    lines = [
        *_together([e.audit for e in episodes.values()]),
        *_reading(study, before),
        *_persons(study),
        *_timeline(plan, study.timeline.notes),
        *(line for name, e in episodes.items() for line in _outcome(study, name, e, notes[name])),
        *_rejects(rejects),
    ]
    return Audit(
        tables=tuple(Count(label=t.source, n=t.n_read) for t in before.tables.values()),
        matched=tuple(_matched(key, found) for key, found in _found(before, episodes)),
        lines=tuple(lines),
    )


def _together(audits: Sequence[EpisodeAudit]) -> Iterator[AuditLine]:
    """Say what holds of all outcomes; a build in which it does not hold stops."""
    topic = "All outcomes"
    text = "outcomes in which persons, rows, events and person-time add up: in = out + explained, as below"
    yield AuditLine(topic=topic, text=text, n=sum(a.balances for a in audits))
    flaws = sum(a.overlaps + a.gaps + a.zero_lengths for a in audits)
    yield AuditLine(topic=topic, text="episodes that overlap, leave a gap or have no length", n=flaws)
    # the check runs on every row of every build and cannot be turned off: a build that failed it has no audit
    yield AuditLine(topic=topic, text="values or states used before they were known", n=0)


def _found(before: Preflight, episodes: Mapping[str, Episodes]) -> Iterator[tuple[str, Found]]:
    """Give what each filter matched, as the timelines' own accounts have it; sources of an event are read before."""
    reads = {read.name: read for e in episodes.values() for read in e.audit.reading}
    for key, found in before.matched.items():
        read = reads.get(key.partition(".")[2])
        yield key, read.matched[0] if read is not None and read.matched else found


def _matched(key: str, found: Found) -> Matched:
    return Matched(
        key=key,
        where=found.where,
        rows=found.rows,
        persons=found.persons,
        strings=tuple(Count(label=s.text, n=s.persons) for s in found.strings),
        strings_withheld=found.strings_withheld,
    )


def _reading(study: Assembled, before: Preflight) -> Iterator[AuditLine]:
    for name, table in before.tables.items():
        for note in table.notes:
            yield AuditLine(topic=table.source, text=note, severity="note")
        if table.n_behind_limit:
            rule = study.plan.tables[name].below_limit
            text = f"values behind a limit of detection, read as {'the limit' if rule == 'limit' else 'half of it'}"
            yield AuditLine(topic=table.source, text=text, n=table.n_behind_limit, severity="note")
    for name, n in before.unknown_persons.items():
        if n:
            text = "persons who are not in the table of the cohort; their rows are not used"
            yield AuditLine(topic=before.tables[name].source, text=text, n=n, severity="note")
    for key, found in before.matched.items():
        if ".first_known[" in key and found.near_misses:  # the others are among what the timeline noted
            shown = ", ".join(f"{s.text} ({counted(s.rows, 'row')})" for s in found.near_misses)
            yield AuditLine(
                topic=key, text=f"strings that look like a match and are not taken: {shown}", severity="note"
            )


def _persons(study: Assembled) -> Iterator[AuditLine]:
    exposure, modifier = study.plan.exposure, study.plan.modifier
    for name, groups, cuts in (
        (exposure.measure, exposure.groups, study.cuts.exposure),
        (modifier.name, modifier.groups, study.cuts.modifier),
    ):
        if groups is not None and groups.quantiles is not None:
            measure = study.plan.measures[name]
            at = " and ".join(f"{cut:.4g}" for cut in cuts)
            text = f"groups of equal size by the values at index, cut at {at} {measure.unit or ''}".rstrip()
            yield AuditLine(topic=measure.label, text=text, severity="note")
    for text, n in study.notes:
        yield AuditLine(topic="Cohort", text=text, n=n)
    for step in study.ledger.steps:
        if step.n_undecided:
            text = f'persons who left by the rule "{step.label}" because a value that it reads is missing'
            yield AuditLine(topic="Cohort", text=text, n=step.n_undecided, severity="note")


def _sources(study: Assembled, name: str, episodes: Episodes) -> Iterator[AuditLine]:
    if name not in study.sources:
        return
    known, label = study.sources[name], study.plan.outcomes[name].label
    for source, n in _events_by_source(known, episodes, study.plan.data.id).items():
        yield AuditLine(topic=label, text=f"events that count, dated by {source}", n=n)
    if len(known.by_source) > 1:
        order = ", ".join(known.by_source)
        yield AuditLine(
            topic=label, text=f"where records differ, the first of these with a date counts: {order}"
        )
    for comparison in known.comparisons:
        yield AuditLine(
            topic=label,
            text=contradiction(comparison),
            n=(comparison.n_both - comparison.n_agree) or None,
            severity="warning" if comparison.contradicts else "fact",
        )


def unnamed_lines(study: Assembled, name: str) -> Iterator[tuple[str, int]]:
    """Say where an outcome and a record of it that the plan does not name contradict each other, and how often."""
    for comparison in study.unnamed.get(name, ()):
        if comparison.contradicts:
            text = f"{contradiction(comparison)}; name both records in outcomes.{name} (where and end_reason)"
            yield text, comparison.n_both - comparison.n_agree


def _events_by_source(known: FirstKnown, episodes: Episodes, key: str) -> dict[str, int]:
    ended = episodes.frame.filter(pl.col(episodes.event)).select(key)
    counted = ended.join(known.frame.select(key, "source"), on=key, how="left")
    return {source: int((counted["source"] == source).sum()) for source in known.by_source}


def contradiction(c: Comparison) -> str:
    """Say in one sentence how two records of one event agree.

    Examples
    --------
    >>> contradiction(Comparison("stay.died", "stay.left", 33, 32, 0, 1, 1.0))
    'stay.left lies before stay.died for 1 of the 33 persons of whom both are known, by 24 hours'
    """
    both = f"{counted(c.n_both, 'person')} of whom both are known"
    if not c.contradicts:
        return f"{c.second} and {c.first} agree for all {both}"
    n = c.n_both - c.n_agree
    days = c.largest_difference_days
    span = f"{24 * days:.3g} hours" if days < 3 else f"{days:,.0f} days"
    upto = "" if n == 1 else "up to "
    side = (
        "before or after"
        if c.n_first_earlier and c.n_first_later
        else "after"
        if c.n_first_earlier
        else "before"
    )
    return f"{c.second} lies {side} {c.first} for {n:,} of the {both}, by {upto}{span}"


def _timeline(plan: StudyPlan, notes: Sequence[Note]) -> Iterator[AuditLine]:
    for note in notes:
        yield AuditLine(topic=_label(plan, note.topic), text=note.text, n=note.n, severity=note.severity)


def _label(plan: StudyPlan, key: str) -> str:
    for section in (plan.measures, plan.drugs, plan.states, plan.outcomes):
        if key in section:
            return section[key].label
    return {"observed": "Records"}.get(key, key)


def _outcome(study: Assembled, name: str, episodes: Episodes, notes: Sequence[Note]) -> Iterator[AuditLine]:
    plan, audited = study.plan, episodes.audit
    changing = over_time(plan)
    own = {measure.name for measure in audited.measures}
    still = {*plan.drugs} - set(changing)  # fixed at entry: they cannot change
    base = len(study.timeline.notes)
    for note in notes[base:]:
        if note.topic == name:  # what it competes with has lines of its own
            yield AuditLine(topic=plan.outcomes[name].label, text=note.text, n=note.n, severity=note.severity)
    for note in audited.lines[len(notes) :]:
        about, colon, said = note.text.partition(":")
        if about not in own and about not in still:
            text = f"{_label(plan, about)}:{said}" if colon and about in plan.drugs else note.text
            yield AuditLine(topic=plan.outcomes[name].label, text=text, n=note.n, severity=note.severity)
    yield from _sources(study, name, episodes)
    for text, n in unnamed_lines(study, name):
        yield AuditLine(topic=plan.outcomes[name].label, text=text, n=n, severity="warning")
    for measure in audited.measures:
        if measure.name in changing:
            yield _ages(plan, name, measure)
            often = measured_how_often(measure, plan.measures[measure.name].label, "the event")
            if often is not None:
                yield AuditLine(topic=plan.outcomes[name].label, text=often.text, severity=often.severity)


def _ages(plan: StudyPlan, outcome: str, audited: MeasureAudit) -> AuditLine:
    """Say how much person-time has no value, and how old the values in use are."""
    measure = plan.measures[audited.name]
    known = audited.person_days - audited.person_days_missing
    missing = 100 * audited.person_days_missing / (audited.person_days or 1.0)
    # no value is older than it may stand, so an age beyond that says nothing
    most = float("inf") if measure.carry_forward is None else parse_duration(measure.carry_forward)
    old = {age: days for age, days in audited.person_days_older.items() if age < most}
    older = ", ".join(
        f"{100 * days / (known or 1.0):.1f}% older than {age} days" for age, days in old.items()
    )
    n = audited.persons_without
    never = f"; {n:,} {'person never has' if n == 1 else 'persons never have'} a value" if n else ""
    return AuditLine(
        topic=plan.outcomes[outcome].label,
        text=f"{measure.label} is not known in {missing:.1f}% of person-time{never}"
        + (f"; of the person-time with a value, {older}" if older else ""),
        severity="warning" if missing > MOSTLY_UNKNOWN else "fact",
    )


def _rejects(rejects: Rejects) -> Iterator[AuditLine]:
    groups = rejects.frame.group_by("file", "column", "rule").len().sort("file", "column", "rule")
    for file, column, rule, n in groups.iter_rows():
        yield AuditLine(topic=file, text=f"rows rejected, column {column}: {rule}", n=n, severity="warning")
