"""A study from its plan to its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import polars as pl

from riskset import __version__
from riskset.cohort import MAX_FOLLOWUP
from riskset.study.assemble import (
    ENDED_BY,
    Assembled,
    assemble,
    check_rejects,
    outcome_episodes,
    rejects_of,
)
from riskset.study.audit import audit
from riskset.study.cautions import audit_warnings, question_warnings
from riskset.study.counted import finished
from riskset.study.family import with_family
from riskset.study.feasible import infeasible
from riskset.study.formulas import (
    exposure_column,
    formulas,
    modifier_column,
    modifier_heading,
)
from riskset.study.further import answered, asked_further
from riskset.study.grouping import exposure_levels
from riskset.study.masking import masked
from riskset.study.methods import methods
from riskset.study.outcome import (
    Outcome,
    OutcomeModels,
    compared_of,
    incidence_of,
    outcome_models,
    rates_of,
    survival_of,
)
from riskset.study.output import staged
from riskset.study.plan import StudyPlan
from riskset.study.preflight import preflight, raise_all
from riskset.study.published import PrintedMargins, compare
from riskset.study.questions import question_of, rate_unit_of
from riskset.study.results import (
    Count,
    Flow,
    FlowStep,
    Results,
    Table1,
)
from riskset.study.sensitivity import run_sensitivity
from riskset.study.store import Store, kept_of
from riskset.study.subgroup_levels import groups_of
from riskset.study.subgroups import run_subgroups
from riskset.study.table1 import Characteristic, describe
from riskset.study.variants import Built
from riskset.study.writing import write_results
from riskset.tables import Rejects
from riskset.units import parse_duration, person_time_divisor

NOT_FOLLOWED = "Followed beyond the day of index"


def run_study(
    plan: StudyPlan,
    out: Path | str | None = None,
    progress: Callable[[str], None] | None = None,
    *,
    store: Store | None = None,
) -> Results:
    """Run a study: tables, eligibility, episodes, models, rates, curves.

    Parameters
    ----------
    plan : StudyPlan
        The plan, as :func:`riskset.study.read_plan` gives it.
    out : path, optional
        Folder for ``results.json`` and ``manifest.json``; written whole or not at all. The report is written by
        :func:`riskset.report.write_report`.
    progress : callable, optional
        Told the name of each stage as it begins.
    store : Store, optional
        Finished parts of earlier runs; by default nothing is kept and all is computed.

    Returns
    -------
    Results

    Raises
    ------
    RisksetError
        With the rule that the plan or a table breaks, and the remedy.
    """
    if out is None:
        results, _, _ = _run(plan, progress or _silent, store or Store(None))
        return results
    with staged(Path(out)) as folder:
        results, inputs, rejects = _run(plan, progress or _silent, store or Store(None))
        write_results(results, folder, inputs)
        # masked results come without: how many rows of which column were refused is a count too
        if len(rejects) and results.masked_below is None:
            rejects.write_csv(folder / "rejects.csv")
    return results


def _silent(stage: str) -> None:
    del stage


def _run(
    plan: StudyPlan, progress: Callable[[str], None], store: Store
) -> tuple[Results, dict[str, str], Rejects]:
    progress("tables")
    before = preflight(plan)
    inputs = {t.source: t.sha256 for t in before.tables.values()}
    kept = kept_of(store, plan, inputs)
    progress("cohort")
    study = assemble(plan, before.tables)
    progress("episodes")
    outcomes, rejects = _episodes(study)
    base = Built(study, {name: outcome.episodes.frame for name, outcome in outcomes.items()})
    asked = asked_further(base, outcomes, progress)
    against = [e for name, frame in base.frames.items() for e in infeasible(plan, name, frame)]
    raise_all([*against, *(e for further in asked for e in further.against)])
    persons = base.followed
    steps = _steps(study, persons)
    for name in plan.subgroups:  # whoever cannot be parted is told before any model is fitted
        groups_of(plan, persons, name)
    progress("rates and curves")
    rates = tuple(rates_of(o) for o in outcomes.values())
    survival = tuple(c for o in outcomes.values() for c in survival_of(plan, o, persons))
    incidence = tuple(c for o in outcomes.values() for c in incidence_of(study, o, persons))
    compared = tuple(compared_of(o) for o in outcomes.values())
    parts: list[OutcomeModels] = []
    for name, outcome in outcomes.items():
        progress(f"models: {outcome.question.label}")
        parts.append(kept.part(OutcomeModels, ["models", name], partial(outcome_models, plan, name, outcome)))
    models = [m for part in parts for m in part.models]
    questions = tuple(answered(further, kept_of(store, further.plan, inputs), progress) for further in asked)
    progress("sensitivity analyses")
    sensitivity = run_sensitivity(base, progress, kept)
    progress("subgroup analyses")
    subgroups = run_subgroups(base, progress, kept)
    progress("results")
    checked = audit(
        study,
        before,
        {name: o.episodes for name, o in outcomes.items()},
        {name: o.notes for name, o in outcomes.items()},
        rejects,
    )
    unit = rate_unit_of(plan)
    results = Results(
        riskset=__version__,
        plan_sha256=plan.sha256,
        title=plan.title,
        question=plan.question,
        notice=plan.notice,
        seed=plan.seed,
        time_unit=str(unit).removeprefix("events "),
        exposure_label=plan.measures[plan.exposure.measure].label,
        exposure_levels=exposure_levels(plan),
        exposure_rationale=plan.exposure.rationale,
        modifier_label=modifier_heading(plan),
        modifier_levels=tuple(plan.modifier.levels),
        flow=_flow(plan, study, persons, steps),
        table1=_table1(plan, persons),
        rates=rates,
        rows_lost=tuple(part.lost for part in parts),
        models=tuple(models),
        curves=tuple(part.curve for part in parts),
        trends=tuple(part.trend for part in parts if part.trend is not None),
        diagnostics=tuple(part.diagnostics for part in parts if part.diagnostics is not None),
        survival=survival,
        incidence=incidence,
        compared_rates=compared,
        published=compare(_printed(plan), rates, persons=persons.height, per=unit.per, unit=unit.unit),
        audit=checked,
        methods=methods(plan),
        sensitivity=sensitivity,
        subgroups=subgroups,
        questions=questions,
        warnings=(*question_warnings(plan, models), *audit_warnings(checked.lines)),
    )
    whole = with_family(results)
    # the one place: everything that is written, printed or composed comes from what this returns
    if plan.report.mask_below is not None:
        progress("masking")
        whole = masked(whole, plan.report.mask_below)
    return finished(whole, inputs), inputs, rejects


def _episodes(study: Assembled) -> tuple[dict[str, Outcome], Rejects]:
    """Cut every outcome before any model is fitted, so that what cannot be answered is said at once."""
    plan = study.plan
    out: dict[str, Outcome] = {}
    rejects = study.rejects
    for name in plan.outcomes:
        episodes, timeline = outcome_episodes(study, name)
        rejects = rejects.extend(rejects_of(study, timeline))
        out[name] = Outcome(study, episodes, timeline.notes, formulas(plan, name), question_of(plan, name))
    check_rejects(plan, study.tables, rejects)
    return out, rejects


def _steps(study: Assembled, persons: pl.DataFrame) -> tuple[FlowStep, ...]:
    """Count who leaves by each rule, and last those who are not followed beyond the day of index."""
    steps = tuple(
        FlowStep(label=s.label, n_before=s.n_before, n_excluded=s.n_excluded, n_after=s.n_after)
        for s in study.ledger.steps
    )
    n, left = study.persons.height, persons.height
    if left < n:
        first = study.plan.cohort.exclude_first
        label = NOT_FOLLOWED if first is None else f"Followed for longer than {first} after index"
        steps += (FlowStep(label=label, n_before=n, n_excluded=n - left, n_after=left),)
    return steps


def _flow(plan: StudyPlan, study: Assembled, persons: pl.DataFrame, steps: tuple[FlowStep, ...]) -> Flow:
    words = {reason: label for end in plan.cohort.end for reason, label in end.labels.items()}
    words |= {o.end_reason: o.label for o in plan.outcomes.values() if o.end_reason is not None}
    words |= {MAX_FOLLOWUP: f"Followed for the whole of {plan.cohort.max_followup}"}
    counts = persons[ENDED_BY].value_counts().sort(["count", ENDED_BY], descending=[True, False])
    return Flow(
        screened=study.ledger.screened,
        screened_label=f"Persons in {study.tables[plan.cohort.from_].source}",
        steps=steps,
        included=persons.height,
        ends=tuple(Count(label=_reason(reason, words), n=int(n)) for reason, n in counts.iter_rows()),
    )


def _reason(reason: str | None, words: Mapping[str, str]) -> str:
    """Write how follow-up ended; the table's own words begin with a capital."""
    if not reason:
        return "Not recorded"
    return words.get(reason, f"{reason[0].upper()}{reason[1:]}")


def _table1(plan: StudyPlan, persons: pl.DataFrame) -> tuple[Table1, ...]:
    fixed = {n: v for n, v in plan.baseline.items() if n != plan.modifier.name}
    columns = [Characteristic(n, v.label, v.unit) for n, v in fixed.items()]
    columns += [Characteristic(n, m.label, m.unit) for n, m in plan.measures.items()]
    exposure, modifier = exposure_column(plan), modifier_column(plan)
    used = {**plan.drugs, **plan.states}
    drugs = [Characteristic(n, entry.label) for n, entry in used.items() if n != plan.modifier.name]
    groups = {
        "modifier": (modifier, modifier_heading(plan), (exposure, _exposure_group(plan))),
        "exposure": (exposure, _exposure_group(plan), (modifier, modifier_heading(plan))),
    }
    out: list[Table1] = []
    for kind in plan.report.table1.by:
        by, label, other = groups[kind]
        shown = [*columns, Characteristic(*other), *drugs]
        out.append(describe(persons, shown, by=by, label=f"{label} at index"))
    return tuple(out)


def _exposure_group(plan: StudyPlan) -> str:
    return f"{plan.measures[plan.exposure.measure].label} group"


def _printed(plan: StudyPlan) -> PrintedMargins:
    published = plan.report.published
    mean = None
    if published.mean_follow_up is not None:
        mean = parse_duration(published.mean_follow_up) / person_time_divisor(plan.report.rates.unit)
    return PrintedMargins(published.persons, published.events, published.rates, mean)
