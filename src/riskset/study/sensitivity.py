"""Sensitivity analyses: the primary model for every variant of the plan, on the rows of each."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import polars as pl

from riskset.cox import CoxFit
from riskset.study.assemble import on_scale
from riskset.study.feasible import infeasible
from riskset.study.formulas import ModelFormula, formulas
from riskset.study.grouping import exposure_levels
from riskset.study.headlines import asked_of, headline
from riskset.study.ids import slug
from riskset.study.models import Question, fit
from riskset.study.plan import StudyPlan
from riskset.study.plan_override import Override
from riskset.study.plan_read import Variant, variants
from riskset.study.questions import question_of
from riskset.study.results_sensitivity import (
    KeyChanged,
    Sensitivity,
    SensitivityEntry,
    SensitivityVariant,
    VariantEstimates,
    VariantOutcome,
)
from riskset.study.shared_time import complete_rows, rows_within, shared_time
from riskset.study.store import Kept
from riskset.study.subdistribution import (
    asks_subdistribution,
    fit_subdistribution,
    named_so,
    with_causes,
)
from riskset.study.variants import Answer, Built, answers_of

PLAN_ITSELF = "The plan itself"


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


def _entry(base: Built, asked: list[Variant], progress: Callable[[str], None]) -> SensitivityEntry:
    """Answer the variants of one entry."""
    answers = answers_of(base, asked, progress)
    times = shared_time(base, answers)
    return SensitivityEntry(
        variants=tuple(_result(a, times) for a in answers),
        reference=_reference(base, asked[0].override.entry, answers[0], times) if times else None,
    )


def _silent(_label: str) -> None:
    """Say nothing."""


# --- estimates ------------------------------------------------------------------------------------------------


def _result(answer: Answer, times: Mapping[str, pl.DataFrame]) -> SensitivityVariant:
    override, plan = answer.variant.override, answer.variant.plan
    head = _head(override, plan)
    if answer.built is None:
        return head.model_copy(update={"not_done": answer.refused})
    name = f"{'wrong' if override.wrong else 'sensitivity'}:{override.slug}"
    outcomes = tuple(_outcome(answer.built, o, name, times.get(o)) for o in answer.built.frames)
    n, others = answer.built.study.persons.height, answer.others
    return head.model_copy(update={"included": n, "other_persons": others, "outcomes": outcomes})


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
                base,
                o,
                rows_within(complete_rows(base, o), time, plan.data.id, o),
                f"sensitivity:{short}:common",
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
    against = infeasible(plan, outcome, built.frames[outcome], primary=True)
    if against:
        words = " ".join(dict.fromkeys(e.rule for e in against))
        return VariantOutcome(outcome=outcome, label=label, own=None, not_done=words)
    rows = complete_rows(built, outcome)
    common = None
    if time is not None and not asks_subdistribution(plan, outcome):  # whose persons must not be cut short
        common = _estimates(built, outcome, rows_within(rows, time, plan.data.id, outcome), f"{name}:common")
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
    return headline(fitted, asked_of(fitted, question), said, model, question)
