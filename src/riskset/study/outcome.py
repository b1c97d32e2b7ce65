"""One outcome of a study: its rates, its curves, and everything that is fitted on its complete rows."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

import polars as pl

from riskset.episodes import AuditLine as Note
from riskset.episodes import Episodes
from riskset.study.assemble import Assembled, on_scale
from riskset.study.compared_rates import compared_rates
from riskset.study.curve import spline_curve
from riskset.study.diagnostics import model_diagnostics
from riskset.study.formulas import OutcomeFormulas, column_in_words, exposure_column, modifier_heading
from riskset.study.incidence import incidence_curve
from riskset.study.lost import rows_lost
from riskset.study.models import Question, model_result
from riskset.study.plan import StudyPlan
from riskset.study.rates import outcome_rates
from riskset.study.results import ModelResult, OutcomeRates, RowsLost, SplineCurve, SurvivalCurve
from riskset.study.results_diagnostics import ModelDiagnostics
from riskset.study.results_incidence import ComparedRates, IncidenceCurve
from riskset.study.results_trend import ExposureTrend
from riskset.study.results_values import Frozen
from riskset.study.subdistribution import with_causes
from riskset.study.survival import survival_curve
from riskset.study.trend import exposure_trend


class OutcomeModels(Frozen):
    """The part of a run that stands on the complete rows of one outcome, kept when it is done."""

    lost: RowsLost
    models: tuple[ModelResult, ...]
    curve: SplineCurve
    trend: ExposureTrend | None
    diagnostics: ModelDiagnostics | None


@dataclass(frozen=True)
class Outcome:
    """One outcome, cut into episodes."""

    study: Assembled
    episodes: Episodes
    notes: tuple[Note, ...]
    formulas: OutcomeFormulas
    question: Question

    @property
    def complete(self) -> pl.DataFrame:
        """Rows complete for the fullest model, on the models' time scale: all models of the outcome stand on these."""
        return on_scale(self.study, self.episodes.frame.drop_nulls(list(self.formulas.variables)))


def outcome_models(plan: StudyPlan, name: str, outcome: Outcome) -> OutcomeModels:
    """Fit everything that stands on the complete rows of one outcome."""
    complete, question, asked = outcome.complete, outcome.question, outcome.formulas
    curve = _curve(plan, outcome, complete)
    return OutcomeModels(
        lost=rows_lost(
            outcome.episodes.frame,
            name,
            asked.variables,
            id=plan.data.id,
            words=partial(column_in_words, plan),
            derived=(exposure_column(plan),),
        ),
        models=tuple(model_result(complete, m, question) for m in asked.models),
        diagnostics=model_diagnostics(complete, asked.models, question),
        curve=curve,
        trend=exposure_trend(complete, asked.spline, question, curve),
    )


def _curve(plan: StudyPlan, outcome: Outcome, complete: pl.DataFrame) -> SplineCurve:
    name = plan.exposure.measure
    measure = plan.measures[name]
    return spline_curve(
        complete,
        outcome.formulas.spline,
        outcome.question,
        variable=name,
        label=measure.label,
        unit=measure.unit or "",
        reference=plan.exposure.curve.reference,
    )


def rates_of(outcome: Outcome) -> OutcomeRates:
    """Count events and time, in all and by cell of exposure and modifier."""
    q = outcome.question
    return outcome_rates(
        outcome.episodes.frame, q.outcome, q.label, id=q.id, cells=q.cells, rate_unit=q.rate_unit
    )


def survival_of(plan: StudyPlan, outcome: Outcome, persons: pl.DataFrame) -> list[SurvivalCurve]:
    """Draw an outcome that nothing can forestall: overall, and by the modifier at index where that differs."""
    q = outcome.question
    if plan.outcomes[q.outcome].competing or plan.outcomes[q.outcome].recurrent:
        return []
    frame = outcome.episodes.frame
    curves = [survival_curve(frame, q.outcome, q.label, id=q.id)]
    by = q.cells.modifier
    if persons[by].drop_nulls().n_unique() > 1:
        at_index = frame.drop(by).join(persons.select(q.id, by), on=q.id, how="left", maintain_order="left")
        grouping = f"{modifier_heading(plan)} at index"
        grouped = survival_curve(at_index, q.outcome, q.label, id=q.id, by=by, grouping=grouping)
        if len(grouped.groups) > 1:
            curves.append(grouped)
    return curves


def incidence_of(study: Assembled, outcome: Outcome, persons: pl.DataFrame) -> list[IncidenceCurve]:
    """Draw the risk of an outcome that other events can forestall, as :func:`_survival` does that of the others."""
    plan, q = study.plan, outcome.question
    if not plan.outcomes[q.outcome].competing or plan.outcomes[q.outcome].recurrent:
        return []
    frame = with_causes(study, outcome.episodes.frame, q.outcome)
    others = tuple(plan.outcomes[c].label for c in plan.outcomes[q.outcome].competing)
    curves = [incidence_curve(frame, q.outcome, q.label, others, id=q.id)]
    by = q.cells.modifier
    if persons[by].drop_nulls().n_unique() > 1:
        at_index = frame.drop(by).join(persons.select(q.id, by), on=q.id, how="left", maintain_order="left")
        grouping = f"{modifier_heading(plan)} at index"
        grouped = incidence_curve(at_index, q.outcome, q.label, others, id=q.id, by=by, grouping=grouping)
        if len(grouped.groups) > 1:
            curves.append(grouped)
    return curves


def compared_of(outcome: Outcome) -> ComparedRates:
    """Set the rates of the cells against each other."""
    q = outcome.question
    return compared_rates(
        outcome.episodes.frame, q.outcome, q.label, id=q.id, cells=q.cells, rate_unit=q.rate_unit
    )
