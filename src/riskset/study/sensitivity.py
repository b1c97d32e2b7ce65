"""Sensitivity analyses: the primary model for every variant of the plan, from the tables that were read once.

What a variant does not change is not done again: tables are read anew only where their own keys change, and persons
and episodes are cut anew only where something before the models changes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import polars as pl

from riskset.cox import CoxFit
from riskset.effects import interaction
from riskset.errors import RisksetError
from riskset.study.assemble import Assembled, assemble, on_scale, outcome_episodes
from riskset.study.feasible import infeasible
from riskset.study.formulas import ModelFormula, baseline_measures, formulas, over_time
from riskset.study.grouping import cut_points, exposure_levels, with_groups
from riskset.study.ids import slug
from riskset.study.models import Headline, Question, basis_of, fit
from riskset.study.plan import StudyPlan
from riskset.study.plan_override import Override
from riskset.study.plan_read import Variant, variants
from riskset.study.preflight import match_changed, raise_all
from riskset.study.questions import question_of
from riskset.study.reading import table_specs
from riskset.study.results_sensitivity import (
    KeyChanged,
    Sensitivity,
    SensitivityEntry,
    SensitivityVariant,
    VariantEstimates,
    VariantOutcome,
)
from riskset.study.store import Kept
from riskset.study.subdistribution import (
    asks_subdistribution,
    fit_subdistribution,
    named_so,
    primary_variables,
    with_causes,
)
from riskset.tables import Table, read_table

_BEFORE_MODELS = (
    "data",
    "tables",
    "analytes",
    "cohort",
    "baseline",
    "measures",
    "drugs",
    "states",
    "splits",
    "outcomes",
)
"""Sections on which persons and episodes rest."""
PLAN_ITSELF = "The plan itself"


@dataclass(frozen=True)
class Built:
    """A plan with its persons and the episodes of each outcome.

    Parameters
    ----------
    study : Assembled
    frames : mapping
        Episodes by outcome, with the exposure's group and the modifier's level.
    """

    study: Assembled
    frames: Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Answer:
    """What became of one variant: its episodes, or why there are none."""

    variant: Variant
    built: Built | None
    refused: str | None = None


def built_variants(base: Built, progress: Callable[[str], None] | None = None) -> tuple[Answer, ...]:
    """Choose the persons and cut the episodes of every variant, without any estimate.

    Parameters
    ----------
    base : Built
        The plan itself.
    progress : callable, optional
        Told the label of each variant.

    Returns
    -------
    tuple of Answer
        In the plan's order. A variant that its tables cannot answer says why.
    """
    return _answers(base, variants(base.study.plan), progress or _silent)


def run_sensitivity(
    base: Built, progress: Callable[[str], None] | None = None, kept: Kept | None = None
) -> Sensitivity:
    """Fit the primary model of every outcome once for each variant of the plan.

    Parameters
    ----------
    base : Built
        The plan itself, with the tables, persons and episodes of the run.
    progress : callable, optional
        Told the label of each variant.
    kept : Kept, optional
        Entries that were answered before, from the same keys and tables.

    Returns
    -------
    Sensitivity
        The plan itself and each variant, on their own rows. Where one key is varied over several values, each of
        them and the plan itself also on the person-time in which all of them know every covariate: only there is
        the key all that differs.
    """
    plan, kept = base.study.plan, kept or Kept()
    asked: dict[str, list[Variant]] = {}
    for variant in variants(plan):
        asked.setdefault(variant.override.entry, []).append(variant)
    if not asked:
        return Sensitivity()
    parts = [
        kept.part(
            SensitivityEntry,
            ["sensitivity", name, json.loads(json.dumps(plan.raw["sensitivity"][name], default=str))],
            partial(_entry, base, own, progress or _silent),
        )
        for name, own in asked.items()
    ]
    itself = Answer(Variant(Override(PLAN_ITSELF, PLAN_ITSELF, "plan", plan.raw, ()), plan), base)
    return Sensitivity(
        plan=kept.part(SensitivityVariant, "the plan itself", lambda: _result(itself, {})),
        variants=tuple(v for part in parts for v in part.variants),
        reference=tuple(part.reference for part in parts if part.reference is not None),
    )


def _answers(base: Built, asked: Iterable[Variant], progress: Callable[[str], None]) -> tuple[Answer, ...]:
    answers: list[Answer] = []
    for variant in asked:
        progress(f"sensitivity: {variant.override.label}")
        try:
            answers.append(Answer(variant, _built(base, variant.plan)))
        except RisksetError as refused:
            answers.append(Answer(variant, None, str(refused)))
    return tuple(answers)


def _entry(base: Built, asked: list[Variant], progress: Callable[[str], None]) -> SensitivityEntry:
    """Answer the variants of one entry."""
    answers = _answers(base, asked, progress)
    times = _shared_time(base, answers)
    return SensitivityEntry(
        variants=tuple(_result(a, times) for a in answers),
        reference=_reference(base, asked[0].override.entry, answers[0], times) if times else None,
    )


def _silent(_label: str) -> None:
    """Say nothing."""


# --- persons and episodes -----------------------------------------------------------------------------------


def _built(base: Built, plan: StudyPlan) -> Built:
    if _same_rows(base.study.plan, plan):
        persons = base.study.persons
        cuts = cut_points(plan, persons)
        study = replace(base.study, plan=plan, cuts=cuts, persons=with_groups(plan, persons, cuts))
        return Built(study, {name: with_groups(plan, rows, cuts) for name, rows in base.frames.items()})
    tables = _tables(base, plan)
    raise_all(match_changed(plan, base.study.plan, tables))
    study = assemble(plan, tables)
    return Built(study, {name: outcome_episodes(study, name)[0].frame for name in base.frames})


def _same_rows(first: StudyPlan, second: StudyPlan) -> bool:
    """Say whether two plans choose the same persons and cut the same episodes."""
    if second.wrong is not None or first.exposure.measure != second.exposure.measure:
        return False
    same = all(getattr(first, section) == getattr(second, section) for section in _BEFORE_MODELS)
    read = set(over_time(second)) == set(over_time(first))
    return same and read and set(baseline_measures(second)) <= set(baseline_measures(first))


def _tables(base: Built, plan: StudyPlan) -> Mapping[str, Table]:
    """Read again only the tables of which a key has changed."""
    first, tables = base.study.plan, base.study.tables
    same = first.data == plan.data
    if same and first.tables == plan.tables and first.cohort == plan.cohort and _dates(first) == _dates(plan):
        return tables
    before, after = table_specs(first), table_specs(plan)
    return {
        name: tables[name]
        if same and before.get(name) == spec
        else read_table(spec, plan.folder, clock=plan.data.clock, plausible_dates=plan.data.plausible_dates)
        for name, spec in after.items()
    }


def _dates(plan: StudyPlan) -> tuple[object, ...]:
    """List what besides the tables' own keys says which of their columns are dates."""
    since = tuple(sorted(str(value.since) for value in plan.baseline.values()))
    return (since, tuple((n, o.first_known) for n, o in plan.outcomes.items()))


# --- the person-time that all values of a key share -----------------------------------------------------------


def _shared_time(base: Built, answers: Sequence[Answer]) -> dict[str, pl.DataFrame]:
    """Find, for an entry that varies a key and by outcome, the time in which all of its variants are complete."""
    own = [a.built for a in answers if a.variant.override.varied and a.built is not None]
    if not own:
        return {}
    times = {name: _common([base, *own], name) for name in base.frames}
    # where a key leaves the time as it is, as a cut-point does, the rows of each are the common ones already
    differ = any(not _spans_of(one, name).equals(times[name]) for one in (base, *own) for name in times)
    return times if differ else {}


def _common(built: Sequence[Built], outcome: str) -> pl.DataFrame:
    """Intersect the complete time of several plans: id, from, to in days since index."""
    found: pl.DataFrame | None = None
    for one in built:
        key = one.study.plan.data.id
        spans = _spans_of(one, outcome)
        if found is None:
            found = spans
            continue
        both = found.join(spans, on=key, suffix="_other")
        found = both.select(
            key,
            pl.max_horizontal("from", "from_other").alias("from"),
            pl.min_horizontal("to", "to_other").alias("to"),
        ).filter(pl.col("from") < pl.col("to"))
    assert found is not None  # noqa: S101 (the plan itself is always there)
    return found


def _spans_of(built: Built, outcome: str) -> pl.DataFrame:
    """Give the time of each person in which a plan knows every covariate of its models."""
    return _spans(_complete(built, outcome), built.study.plan.data.id)


def _spans(rows: pl.DataFrame, key: str) -> pl.DataFrame:
    """Join the rows of a person that touch."""
    ordered = rows.select(key, "entry", "exit").sort(key, "entry")
    new = (pl.col("entry") != pl.col("exit").shift(1)) | (pl.col(key) != pl.col(key).shift(1))
    numbered = ordered.with_columns(new.fill_null(value=True).cum_sum().alias("__span__"))
    spans = numbered.group_by("__span__", maintain_order=True).agg(
        pl.col(key).first(), pl.col("entry").first().alias("from"), pl.col("exit").last().alias("to")
    )
    return spans.drop("__span__")


def _within(rows: pl.DataFrame, times: pl.DataFrame, key: str, outcome: str) -> pl.DataFrame:
    """Keep the part of each row that lies within given times; the event stays with the end of its row."""
    both = rows.join(times, on=key, how="inner", maintain_order="left")
    end = pl.min_horizontal("exit", "to")
    return (
        both.with_columns(
            pl.max_horizontal("entry", "from").alias("entry"),
            end.alias("exit"),
            (pl.col(outcome) & (end == pl.col("exit"))).alias(outcome),
        )
        .filter(pl.col("entry") < pl.col("exit"))
        .drop("from", "to")
    )


def _complete(built: Built, outcome: str) -> pl.DataFrame:
    plan = built.study.plan
    needed = formulas(plan, outcome).variables
    if asks_subdistribution(plan, outcome):  # persons whole: rows that another model lacks would leave gaps
        needed = primary_variables(plan, outcome)
    return built.frames[outcome].drop_nulls(list(needed))


# --- estimates ------------------------------------------------------------------------------------------------


def _result(answer: Answer, times: Mapping[str, pl.DataFrame]) -> SensitivityVariant:
    override, plan = answer.variant.override, answer.variant.plan
    head = _head(override, plan)
    if answer.built is None:
        return head.model_copy(update={"not_done": answer.refused})
    name = f"{'wrong' if override.wrong else 'sensitivity'}:{override.slug}"
    outcomes = tuple(_outcome(answer.built, o, name, times.get(o)) for o in answer.built.frames)
    return head.model_copy(update={"included": answer.built.study.persons.height, "outcomes": outcomes})


def _reference(
    base: Built, entry: str, answer: Answer, times: Mapping[str, pl.DataFrame]
) -> SensitivityVariant:
    """Fit the plan itself on the time that the variants of an entry share with it."""
    plan, override = base.study.plan, answer.variant.override
    short = slug(f"{entry} plan")
    head = _head(replace(override, label=PLAN_ITSELF, changes=(), slug=short), plan)
    outcomes = tuple(
        VariantOutcome(
            outcome=o,
            label=plan.outcomes[o].label,
            own=None,
            common=_estimates(
                base, o, _within(_complete(base, o), time, plan.data.id, o), f"sensitivity:{short}:common"
            ),
        )
        for o, time in times.items()
    )
    return head.model_copy(
        update={"entry": entry, "included": base.study.persons.height, "outcomes": outcomes}
    )


def _head(override: Override, plan: StudyPlan) -> SensitivityVariant:
    return SensitivityVariant(
        entry=override.entry,
        label=override.label,
        slug=override.slug,
        model=plan.primary_model,
        changed=tuple(KeyChanged(key=c.key, before=c.before, after=c.after) for c in override.changes),
        wrong=override.wrong,
        varied=override.varied,
        exposure_levels=exposure_levels(plan),
        modifier_levels=tuple(plan.modifier.levels),
        included=0,
        outcomes=(),
    )


def _outcome(built: Built, outcome: str, name: str, time: pl.DataFrame | None) -> VariantOutcome:
    plan = built.study.plan
    label = plan.outcomes[outcome].label
    against = infeasible(plan, outcome, built.frames[outcome])
    if against:
        words = " ".join(dict.fromkeys(e.rule for e in against))
        return VariantOutcome(outcome=outcome, label=label, own=None, not_done=words)
    rows = _complete(built, outcome)
    common = None
    if time is not None and not asks_subdistribution(plan, outcome):  # whose persons must not be cut short
        common = _estimates(built, outcome, _within(rows, time, plan.data.id, outcome), f"{name}:common")
    return VariantOutcome(
        outcome=outcome, label=label, own=_estimates(built, outcome, rows, name), common=common
    )


def _estimates(built: Built, outcome: str, rows: pl.DataFrame, name: str) -> VariantEstimates | None:
    """Fit the primary model and give its headline; nothing where no event is left."""
    if not rows[outcome].any():
        return None
    plan = built.study.plan
    question = question_of(plan, outcome)
    model = replace(next(m for m in formulas(plan, outcome).models if m.primary), slug=name)
    if not asks_subdistribution(plan, outcome):
        fitted, said = fit(on_scale(built.study, rows), model.formula, question)
        return _headline(fitted, said, model, question)
    ends = on_scale(built.study, with_causes(built.study, rows, outcome))
    apart = replace(model, slug=f"{name}:cause-specific")
    beside = _headline(*fit(ends, model.formula, question), apart, question)
    fitted, said, about = fit_subdistribution(ends, model, question, plan, beside)
    return named_so(_headline(fitted, said, model, question), about)


def _headline(
    fitted: CoxFit, said: tuple[str, ...], model: ModelFormula, question: Question
) -> VariantEstimates:
    found = interaction(fitted, question.cells.exposure, question.cells.modifier, profile=False)
    basis = basis_of(fitted)
    head = Headline(question, model, basis, fitted.robust)
    return VariantEstimates(
        basis=basis,
        status=fitted.status,
        variance="robust" if fitted.robust else "model-based",
        exposure_in_modifier=tuple(head.exposure(r) for r in found.exposure_in_modifier),
        modifier_in_exposure=tuple(head.modifier(r) for r in found.modifier_in_exposure),
        interaction=tuple(head.ratio(r) for r in found.ratio),
        interaction_joint=head.joint(found),
        warnings=said,
    )
