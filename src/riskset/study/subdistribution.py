"""The primary model on subdistribution hazards: a sensitivity analysis with values fixed at entry."""

from __future__ import annotations

import warnings

import polars as pl

from riskset.cox import CoxFit, fine_gray
from riskset.design import variables_of
from riskset.errors import RisksetWarning
from riskset.study.assemble import Assembled
from riskset.study.formulas import ModelFormula, formulas
from riskset.study.models import Question
from riskset.study.plan import StudyPlan
from riskset.study.plan_competing import SUBDISTRIBUTION
from riskset.study.results_competing import Subdistribution
from riskset.study.results_sensitivity import VariantEstimates
from riskset.study.results_values import Estimate
from riskset.study.timelines import with_outcome

METHOD = (
    "Fine-Gray: persons with a competing event stay at risk, weighted by the chance of being still under observation "
    "(reverse Kaplan-Meier, censorings after events at the same time); variance robust by person"
)


def asks_subdistribution(plan: StudyPlan, outcome: str) -> bool:
    """Say whether a plan wants an outcome's hazard to be that of the subdistribution; without competing events they are one."""
    return plan.competing == SUBDISTRIBUTION and bool(plan.outcomes[outcome].competing)


def primary_variables(plan: StudyPlan, outcome: str) -> tuple[str, ...]:
    """List the columns that the primary model of an outcome reads, besides times and the event."""
    model = next(m for m in formulas(plan, outcome).models if m.primary)
    return tuple(v for v in variables_of(model.formula) if v not in ("entry", "exit", outcome))


def with_causes(study: Assembled, rows: pl.DataFrame, outcome: str) -> pl.DataFrame:
    """Say of each row of an outcome what it ends with, where that is not known yet: ``<outcome>_status``."""
    plan, status = study.plan, f"{outcome}_status"
    if status in rows.columns:
        return rows
    named = plan.outcomes[outcome].competing
    causes = [part for name in named for part in plan.outcomes[name].any_of or (name,)]
    timeline = with_outcome(plan, study.tables, study.timeline, outcome)
    key = [plan.data.id, "exit"]  # follow-up may begin later than the timeline's
    ends = timeline.episodes(outcome, competing=causes).frame.select(*key, status)
    return rows.join(ends, on=key, how="left", maintain_order="left")


def fit_subdistribution(
    rows: pl.DataFrame,
    model: ModelFormula,
    question: Question,
    plan: StudyPlan,
    beside: VariantEstimates,
) -> tuple[CoxFit, tuple[str, ...], Subdistribution]:
    """Fit the model to an outcome's subdistribution hazard.

    Parameters
    ----------
    rows : polars.DataFrame
        Rows complete for the model, with what they end with.
    model : ModelFormula
    question : Question
    plan : StudyPlan
    beside : VariantEstimates
        The same model of the cause-specific hazard on these rows.

    Returns
    -------
    fit : CoxFit
        Of the subdistribution.
    said : tuple of str
        What it warned of.
    about : Subdistribution
    """
    outcome = question.outcome
    status = f"{outcome}_status"
    formula = model.formula.replace(f"Surv(entry, exit, {outcome})", f"Surv(entry, exit, {status})", 1)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always", RisksetWarning)
        found = fine_gray(formula, rows, cause=outcome, id=question.id, ties=question.ties)
    said = [str(w.message) for w in caught if issubclass(w.category, RisksetWarning)]
    about = Subdistribution(
        cause=question.label,
        competing=tuple(plan.outcomes[c].label for c in plan.outcomes[outcome].competing),
        n_competing=found.n_competing,
        n_censored=found.n_censored,
        delayed_entry=found.delayed_entry,
        method=METHOD,
        cause_specific=beside.exposure_in_modifier,
        cause_specific_interaction=beside.interaction,
    )
    return found.cox, tuple(dict.fromkeys(said)), about


def named_so(estimates: VariantEstimates, about: Subdistribution) -> VariantEstimates:
    """Say of every estimate that its hazards are those of the subdistribution."""

    def named(e: Estimate) -> Estimate:
        words = {
            k: getattr(e, k).replace("hazard ratio", "subdistribution hazard ratio")
            for k in ("estimand", "unit")
        }
        words = {k: v.replace("ratio of hazard", "ratio of subdistribution hazard") for k, v in words.items()}
        return e.model_copy(update=words | {"method": f"{e.method}; Fine-Gray"})

    return estimates.model_copy(
        update={
            "exposure_in_modifier": tuple(map(named, estimates.exposure_in_modifier)),
            "modifier_in_exposure": tuple(map(named, estimates.modifier_in_exposure)),
            "interaction": tuple(map(named, estimates.interaction)),
            "interaction_joint": None
            if estimates.interaction_joint is None
            else named(estimates.interaction_joint),
            "subdistribution": about,
        }
    )
