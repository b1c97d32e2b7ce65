"""``riskset check``: what the plan makes of the tables, up to the point where an estimate would begin.

It shares every step with ``run``, so what it counts is what will be analysed. It prints no hazard ratio, rate or
p-value: a plan should be settled before its result is seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from riskset.design import build_design, parse_formula
from riskset.episodes import AuditLine
from riskset.errors import OutputError, counted
from riskset.study.assemble import Assembled, assemble, outcome_episodes, rejects_of
from riskset.study.audit import unnamed_lines
from riskset.study.check_subgroups import subgroup_lines
from riskset.study.feasible import infeasible
from riskset.study.formulas import exposure_column, formulas, modifier_column
from riskset.study.further import FurtherQuestion, asked_further
from riskset.study.grouping import exposure_levels
from riskset.study.outcome import Outcome
from riskset.study.plan import StudyPlan
from riskset.study.preflight import Preflight, preflight, raise_all
from riskset.study.questions import question_of
from riskset.study.rates import SPARSE
from riskset.study.rejecting import check_rejects
from riskset.study.variants import Answer, Built, built_variants
from riskset.study.wording import inside
from riskset.tables import MatchedString, Rejects
from riskset.units import person_time_divisor

# Simulations put the floor for a Cox coefficient at about ten events (Peduzzi et al., J Clin Epidemiol
# 1995;48:1503-10); below it estimates and intervals become unreliable.
EVENTS_PER_PARAMETER = 10
_MISSING = "not known"


@dataclass(frozen=True)
class OutcomeCheck:
    """One outcome, counted.

    Parameters
    ----------
    outcome : str
    persons, events : int
        At risk, and with the event.
    person_time : float
        In the unit of the plan's rates.
    cells : polars.DataFrame
        exposure, modifier, events, time.
    complete_persons, complete_events : int
        Left in the models, which need every covariate.
    parameters : mapping
        By model.
    """

    outcome: str
    persons: int
    events: int
    person_time: float
    cells: pl.DataFrame
    complete_persons: int
    complete_events: int
    parameters: Mapping[str, int]


def check_study(
    plan: StudyPlan, progress: Callable[[str], None] | None = None, rejects_file: Path | None = None
) -> str:
    """Check a plan and its tables.

    Parameters
    ----------
    plan : StudyPlan
        As :func:`riskset.study.read_plan` gives it.
    progress : callable, optional
        Told the name of each stage as it begins.
    rejects_file : Path, optional
        Where to list every row that breaks a rule: file, row, column, rule, and nothing of the patients.

    Returns
    -------
    str
        What each filter matched, who stays, events per cell and per parameter. No estimate.

    Raises
    ------
    RisksetError
        With what is wrong, everything at once where one thing does not hide the next.
    """
    tell = progress or _silent
    tell("tables")
    before = preflight(plan)
    tell("cohort")
    study = assemble(plan, before.tables, stop=False)
    tell("episodes")
    rejects = study.rejects
    cut: dict[str, Outcome] = {}
    notes = list(study.timeline.notes)
    for outcome in plan.outcomes:
        episodes, timeline = outcome_episodes(study, outcome)
        rejects = rejects.extend(rejects_of(study, timeline))
        notes += episodes.audit.lines
        label = plan.outcomes[outcome].label
        notes += [AuditLine(label, text, n, "warning") for text, n in unnamed_lines(study, outcome)]
        cut[outcome] = Outcome(
            study, episodes, timeline.notes, formulas(plan, outcome), question_of(plan, outcome)
        )
    if rejects_file is not None:
        _write(rejects, rejects_file)
    check_rejects(plan, study.tables, rejects)
    frames = {name: outcome.episodes.frame for name, outcome in cut.items()}
    base = Built(study, frames)
    further = asked_further(base, cut, tell)
    against = [p for outcome, rows in frames.items() for p in infeasible(plan, outcome, rows)]
    raise_all([*against, *(p for asked in further for p in asked.against)])
    counts = [_count(plan, outcome, rows) for outcome, rows in frames.items()]
    answers = built_variants(base, tell)
    study = replace(study, rejects=rejects)
    return "\n".join(
        [
            *_heading(plan),
            *_tables(before),
            *_matched(before),
            *_flow(study),
            *_counts(plan, counts),
            *_further(further),
            *subgroup_lines(base),
            *_variants(answers),
            *_notes(notes),
        ]
    )


def _write(rejects: Rejects, path: Path) -> None:
    try:
        rejects.write_csv(path)
    except OSError as error:
        raise OutputError(
            f"cannot be written ({error.strerror})", where=str(path), remedy="Choose another --rejects."
        ) from None


def _silent(_stage: str) -> None:
    """Say nothing."""


def _count(plan: StudyPlan, outcome: str, rows: pl.DataFrame) -> OutcomeCheck:
    key = plan.data.id
    rows = rows.with_columns(
        ((pl.col("exit") - pl.col("entry")) / person_time_divisor(plan.report.rates.unit)).alias("__time__"),
        pl.col(outcome).cast(pl.Int64).alias("__event__"),
    )
    cells = rows.group_by(exposure_column(plan), modifier_column(plan)).agg(
        pl.col("__event__").sum().alias("events"), pl.col("__time__").sum().alias("time")
    )
    models = formulas(plan, outcome)
    complete = rows.drop_nulls(list(models.variables))
    parameters = {
        m.name: len(build_design(parse_formula(m.formula), complete).names) if complete.height else 0
        for m in models.models
    }
    return OutcomeCheck(
        outcome,
        rows[key].n_unique(),
        int(rows["__event__"].sum()),
        float(rows["__time__"].sum()),
        cells,
        complete[key].n_unique(),
        int(complete["__event__"].sum()),
        parameters,
    )


# --- the text -----------------------------------------------------------------------------------------------


def _heading(plan: StudyPlan) -> Iterator[str]:
    yield plan.title
    if plan.notice:
        yield plan.notice
    if plan.report.mask_below is not None:
        yield "Counts below are not masked: report.mask_below is for what riskset run writes. Keep them with the tables."


def _tables(before: Preflight) -> Iterator[str]:
    yield "\nTables"
    width = max(len(t.source) for t in before.tables.values())
    for name, table in before.tables.items():
        strangers = before.unknown_persons.get(name, 0)
        more = f", of {counted(strangers, 'person')} not in the cohort's table" if strangers else ""
        yield f"  {table.source:<{width}}  {table.n_read:>9,} row{'' if table.n_read == 1 else 's'}{more}"


def _matched(before: Preflight) -> Iterator[str]:
    yield "\nWhat each filter matched"
    for key, matched in before.matched.items():
        yield f"  {key}: {matched.where}"
        yield f"      {_rows(matched.rows, matched.persons)}"
        yield from _strings("matched", matched.strings, matched.strings_withheld)
        yield from _strings("NOT matched, but alike", matched.near_misses, matched.near_misses_withheld)


def _rows(rows: int, persons: int) -> str:
    return f"{counted(rows, 'row')} of {counted(persons, 'person')}"


def _strings(what: str, strings: tuple[MatchedString, ...], withheld: int) -> Iterator[str]:
    if len(strings) + withheld <= 1 and what == "matched":
        return  # one string is what the filter says itself
    for string in strings:
        yield f"      {what}: '{string.text}', {_rows(string.rows, string.persons)}"
    if withheld:
        yield f"      {what}: {withheld:,} more, each of fewer than 5 persons and not shown"


def _flow(study: Assembled) -> Iterator[str]:
    yield "\nWho stays"
    yield f"  {study.ledger.screened:>7,}  in the cohort's table"
    for step in study.ledger.steps:
        unknown = f" (of them {step.n_undecided:,} by a missing value)" if step.n_undecided else ""
        yield f"  {-step.n_excluded:>7,}  {step.label}: {step.n_after:,} stay{unknown}"
    yield f"  {study.persons.height:>7,}  included"
    if len(study.rejects):
        yield f"  {len(study.rejects):>7,}  row(s) broke a rule and are set aside; the plan allows for them"


def _counts(plan: StudyPlan, counts: list[OutcomeCheck]) -> Iterator[str]:
    for found in counts:
        yield f"\n{plan.outcomes[found.outcome].label}"
        yield f"  {counted(found.events, 'event')}, {counted(found.persons, 'person')}, {found.person_time:,.1f} person-{plan.report.rates.unit}"
        yield from _cells(plan, found)
        lost = found.events - found.complete_events
        yield (
            f"  in the models: {counted(found.complete_events, 'event')} of {counted(found.complete_persons, 'person')}"
            + (
                f"; {counted(lost, 'event')} leave{'s' if lost == 1 else ''} because a covariate is not known"
                if lost
                else ""
            )
        )
        for model, n in found.parameters.items():
            each = found.complete_events / n if n else 0.0
            few = f"  <- fewer than {EVENTS_PER_PARAMETER}" if each < EVENTS_PER_PARAMETER else ""
            yield f"  {model}: {counted(n, 'parameter')}, {each:.1f} events per parameter{few}"


def _further(questions: Sequence[FurtherQuestion]) -> Iterator[str]:
    """Count what each further question rests on."""
    for asked in questions:
        yield f"\nFurther question: {asked.name}"
        plan = asked.plan
        yield from _counts(plan, [_count(plan, n, o.episodes.frame) for n, o in asked.outcomes.items()])


def _variants(answers: Sequence[Answer]) -> Iterator[str]:
    """List the sensitivity analyses: what each changes, and how many persons and events it rests on."""
    if answers:
        yield "\nSensitivity analyses"
    for answer in answers:
        override = answer.variant.override
        yield f"  {override.label}"
        for change in () if override.wrong else override.changes:
            yield f"      {change.key}: {change.after}"
        if override.wrong:
            yield "      WRONG on purpose, and marked so in the report: it uses the future"
        if answer.built is None:
            yield f"      WARNING cannot be done: {answer.refused}"
            continue
        plan, frames = answer.built.study.plan, answer.built.frames
        counts = [_left(plan, outcome, rows) for outcome, rows in frames.items()]
        yield f"      {counted(answer.built.study.persons.height, 'person')}; in the models {'; '.join(counts)}"
        for outcome, rows in frames.items():
            for problem in infeasible(plan, outcome, rows):
                yield f"      WARNING {plan.outcomes[outcome].label}: {problem.rule}"


def _left(plan: StudyPlan, outcome: str, rows: pl.DataFrame) -> str:
    complete = rows.drop_nulls(list(formulas(plan, outcome).variables))
    return f"{inside(plan.outcomes[outcome].label)} {int(complete[outcome].sum()):,}"


def _notes(notes: Sequence[AuditLine]) -> Iterator[str]:
    """List what deserves a look, once each, warnings first."""
    lines = dict.fromkeys(
        f"  {'WARNING ' if note.severity == 'warning' else ''}{note.topic}: {note.text}"
        + ("" if note.n is None else f": {note.n:,}")
        for severity in ("warning", "note")
        for note in notes
        if note.severity == severity
    )
    if lines:
        yield "\nTo look at"
        yield from lines
    yield "\nNo estimates were made."


def _cells(plan: StudyPlan, found: OutcomeCheck) -> Iterator[str]:
    exposure, modifier = exposure_column(plan), modifier_column(plan)
    columns = list(plan.modifier.levels)
    table: dict[tuple[str, str], tuple[int, float]] = {}
    for row in found.cells.iter_rows(named=True):
        table[row[exposure] or _MISSING, row[modifier] or _MISSING] = (row["events"], row["time"])
    if any(m == _MISSING for _, m in table):
        columns.append(_MISSING)
    low = 0
    lines = [[f"events / person-{plan.report.rates.unit}", *columns]]
    for level in (*exposure_levels(plan), _MISSING):
        cells = [table.get((level, m), (0, 0.0)) for m in columns]
        low += sum(events < SPARSE for events, _ in cells) if level != _MISSING else 0
        lines.append([level, *(f"{events:,} / {time:,.1f}" for events, time in cells)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns) + 1)]
    for line in lines:
        first, *rest = (
            text.rjust(w) if i else text.ljust(w)
            for i, (text, w) in enumerate(zip(line, widths, strict=True))
        )
        yield "  " + "  ".join([first, *rest])
    if low:
        yield f"  cells with fewer than {SPARSE} events: {low} of {len(columns) * len(exposure_levels(plan))}"
