"""Further questions of a plan, answered on the tables, persons and episodes of the main one as far as they are the same."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial

from riskset.errors import RisksetError
from riskset.study.cautions import question_warnings
from riskset.study.feasible import infeasible
from riskset.study.formulas import formulas, modifier_heading
from riskset.study.grouping import exposure_levels
from riskset.study.methods import question_methods
from riskset.study.outcome import Outcome, OutcomeModels, compared_of, outcome_models, rates_of
from riskset.study.plan import StudyPlan
from riskset.study.plan_read import Variant, further_questions
from riskset.study.questions import question_of
from riskset.study.results import QuestionResult
from riskset.study.scoped import Scope
from riskset.study.store import Kept
from riskset.study.variants import Built, built_on


@dataclass(frozen=True)
class FurtherQuestion:
    """A further question, cut into episodes.

    Parameters
    ----------
    name, slug : str
        In the plan, and in ids.
    built : Built
        Its plan, whose main question it is, with persons and episodes.
    outcomes : mapping
        What it is asked of, by name.
    """

    name: str
    slug: str
    built: Built
    outcomes: Mapping[str, Outcome]

    @property
    def plan(self) -> StudyPlan:
        """The plan whose main question it is."""
        return self.built.study.plan

    @property
    def against(self) -> list[RisksetError]:
        """Say why it cannot be answered, if it cannot."""
        found = [
            e for name, o in self.outcomes.items() for e in infeasible(self.plan, name, o.episodes.frame)
        ]
        return [_of_question(self.name, e) for e in found]


def asked_further(
    base: Built, outcomes: Mapping[str, Outcome], progress: Callable[[str], None]
) -> tuple[FurtherQuestion, ...]:
    """Cut the episodes of every further question, without any estimate.

    Parameters
    ----------
    base : Built
        The plan itself.
    outcomes : mapping
        Its outcomes, cut into episodes.
    progress : callable
        Told the name of each question.

    Returns
    -------
    tuple of FurtherQuestion
        In the plan's order.

    Raises
    ------
    RisksetError
        Where the tables cannot answer one.
    """
    found: list[FurtherQuestion] = []
    for variant in further_questions(base.study.plan):
        name = variant.override.entry
        progress(f"question: {name}")
        found.append(_cut(base, outcomes, variant, base.study.plan.questions[name].outcomes))
    return tuple(found)


def _cut(
    base: Built, outcomes: Mapping[str, Outcome], variant: Variant, asked: tuple[str, ...] | None
) -> FurtherQuestion:
    name, plan = variant.override.entry, variant.plan
    try:
        built = built_on(base, plan)
    except RisksetError as error:
        raise _of_question(name, error) from error
    cut = {
        key: Outcome(
            built.study,
            replace(outcome.episodes, frame=built.frames[key]),
            outcome.notes,
            formulas(plan, key),
            question_of(plan, key),
        )
        for key, outcome in outcomes.items()
        if asked is None or key in asked
    }
    return FurtherQuestion(name, variant.override.slug, built, cut)


def _of_question(name: str, error: RisksetError) -> RisksetError:
    """Say which question an error is of."""
    where = f'questions."{name}"' + (f": {error.where}" if error.where else "")
    return type(error)(error.rule, where=where, rows=error.rows, n_rows=error.n_rows, remedy=error.remedy)


def answered(asked: FurtherQuestion, kept: Kept, progress: Callable[[str], None]) -> QuestionResult:
    """Fit the models of a further question and say everything that is said of the main one.

    Parameters
    ----------
    asked : FurtherQuestion
    kept : Kept
        Parts of its plan that were done before.
    progress : callable
        Told the name of each stage.

    Returns
    -------
    QuestionResult
        Its numbers named under its slug.
    """
    plan, outcomes = asked.plan, asked.outcomes
    parts: list[OutcomeModels] = []
    for name, outcome in outcomes.items():
        progress(f"models: {asked.name}, {outcome.question.label}")
        parts.append(kept.part(OutcomeModels, ["models", name], partial(outcome_models, plan, name, outcome)))
    models = tuple(m for part in parts for m in part.models)
    found = QuestionResult(
        name=asked.name,
        slug=asked.slug,
        exposure_label=plan.measures[plan.exposure.measure].label,
        exposure_levels=exposure_levels(plan),
        exposure_rationale=plan.exposure.rationale,
        modifier_label=modifier_heading(plan),
        modifier_levels=tuple(plan.modifier.levels),
        rates=tuple(rates_of(o) for o in outcomes.values()),
        rows_lost=tuple(part.lost for part in parts),
        models=models,
        curves=tuple(part.curve for part in parts),
        diagnostics=tuple(part.diagnostics for part in parts if part.diagnostics is not None),
        trends=tuple(part.trend for part in parts if part.trend is not None),
        compared_rates=tuple(compared_of(o) for o in outcomes.values()),
        methods=question_methods(plan),
        warnings=question_warnings(plan, models),
    )
    named = Scope(asked.slug).of(found)
    return named.model_copy(update={"slug": asked.slug})
