"""What every model of one outcome shares, from the plan."""

from __future__ import annotations

from functools import partial

from riskset.study.formulas import exposure_column, modifier_column, modifier_label, term_in_words
from riskset.study.grouping import exposure_levels
from riskset.study.models import Question
from riskset.study.plan import StudyPlan
from riskset.study.rates import Cells, RateUnit


def question_of(plan: StudyPlan, outcome: str) -> Question:
    """Put the plan's question to one outcome.

    Parameters
    ----------
    plan : StudyPlan
    outcome : str
        A key of its outcomes.

    Returns
    -------
    Question
    """
    return Question(
        outcome=outcome,
        label=plan.outcomes[outcome].label,
        id=plan.data.id,
        cells=cells_of(plan),
        rate_unit=rate_unit_of(plan),
        ties=plan.analysis.ties,
        words=partial(term_in_words, plan),
    )


def cells_of(plan: StudyPlan) -> Cells:
    """Name the columns and levels that make the cells of exposure and modifier."""
    return Cells(
        exposure=exposure_column(plan),
        modifier=modifier_column(plan),
        exposure_levels=exposure_levels(plan),
        modifier_levels=tuple(plan.modifier.levels),
        exposure_label=plan.measures[plan.exposure.measure].label,
        modifier_label=modifier_label(plan),
    )


def rate_unit_of(plan: StudyPlan) -> RateUnit:
    """Give the unit of the printed rates."""
    return RateUnit(plan.report.rates.per, plan.report.rates.unit)
