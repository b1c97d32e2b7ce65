"""Subgroup analyses: the primary model in disjoint groups of persons, and the tests that the groups share its answers.

A group is what holds at index. All coefficients are free in each group, so that the groups together are the model
that is stratified by them and holds the interaction of every term with them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial

import polars as pl

from riskset.design import parse_formula, render
from riskset.design.grammar import names_in
from riskset.errors import DesignError, FitError
from riskset.study.assemble import on_scale
from riskset.study.formulas import ModelFormula, column_in_words, formulas
from riskset.study.headlines import asked_of, headline
from riskset.study.ids import slug
from riskset.study.models import Question, fit
from riskset.study.plan import StudyPlan
from riskset.study.questions import question_of
from riskset.study.results_sensitivity import VariantEstimates
from riskset.study.results_subgroups import (
    SubgroupAnalysis,
    SubgroupEstimates,
    SubgroupOutcome,
    Subgroups,
    SubgroupsWhole,
    SubgroupWhole,
)
from riskset.study.shared_time import complete_rows
from riskset.study.store import Kept
from riskset.study.subgroup_levels import Groups, groups_of
from riskset.study.subgroup_tests import Fitted, GroupTests
from riskset.study.variants import Built
from riskset.study.wording import entry_of, listing


def run_subgroups(
    base: Built, progress: Callable[[str], None] | None = None, kept: Kept | None = None
) -> Subgroups:
    """Fit the primary model of every outcome in each group of each subgroup analysis of the plan.

    Parameters
    ----------
    base : Built
        The plan with its persons and episodes.
    progress : callable, optional
        Told the name of each analysis.
    kept : Kept, optional
        Analyses that were done before, from the same keys and tables.

    Returns
    -------
    Subgroups

    Raises
    ------
    CohortError
        Where the persons cannot be parted as the plan says.
    """
    plan, kept = base.study.plan, kept or Kept()
    if not plan.subgroups:
        return Subgroups()
    parts: list[SubgroupAnalysis] = []
    for name in plan.subgroups:
        if progress is not None:
            progress(f"subgroups: {name}")
        asked = plan.subgroups[name].model_dump(mode="json")
        parts.append(kept.part(SubgroupAnalysis, ["subgroups", name, asked], partial(_analysis, base, name)))
    whole = kept.part(SubgroupsWhole, "subgroups: all persons", partial(_whole, base))
    return Subgroups(whole=whole.outcomes, analyses=tuple(parts))


# --- one analysis -------------------------------------------------------------------------------------------


def _analysis(base: Built, name: str) -> SubgroupAnalysis:
    plan = base.study.plan
    entry = plan.subgroups[name]
    groups = groups_of(plan, base.followed, name)
    return SubgroupAnalysis(
        label=name,
        slug=slug(name),
        by=entry_of(plan, entry.by).label,
        rationale=entry.rationale,
        model=plan.primary_model,
        levels=groups.levels,
        unknown=groups.unknown,
        outcomes=tuple(_outcome(base, outcome, name, groups) for outcome in base.frames),
    )


def _whole(base: Built) -> SubgroupsWhole:
    plan = base.study.plan
    out: list[SubgroupWhole] = []
    for outcome in base.frames:
        question, model = question_of(plan, outcome), _primary(plan, outcome, "subgroup:all")
        one, _ = _fit(on_scale(base.study, complete_rows(base, outcome)), model, question)
        out.append(SubgroupWhole(outcome=outcome, label=question.label, own=one))
    return SubgroupsWhole(outcomes=tuple(out))


def _primary(plan: StudyPlan, outcome: str, name: str) -> ModelFormula:
    return replace(next(m for m in formulas(plan, outcome).models if m.primary), slug=name)


def _fit(rows: pl.DataFrame, model: ModelFormula, question: Question) -> tuple[VariantEstimates, Fitted]:
    fitted, said = fit(rows, model.formula, question)
    found = asked_of(fitted, question)
    return headline(fitted, found, said, model, question), Fitted(fitted, found)


def _outcome(base: Built, outcome: str, name: str, groups: Groups) -> SubgroupOutcome:
    plan, key = base.study.plan, base.study.plan.data.id
    question = question_of(plan, outcome)
    rows = complete_rows(base, outcome)
    out: list[SubgroupEstimates] = []
    fits: dict[str, Fitted] = {}
    for level in groups.levels:
        own = rows.filter(pl.col(key).is_in(groups.of(level.label).implode()))
        model = _primary(plan, outcome, f"subgroup:{slug(name)}:{level.slug}")
        against = _too_sparse(own, question)
        if against:
            out.append(SubgroupEstimates(level=level.label, own=None, not_done=against))
            continue
        constant = _constant(model.formula, own, question)
        if constant:
            model = replace(model, formula=_without(model.formula, constant))
        left_out = tuple(column_in_words(plan, name) for name in constant)
        try:
            one, fits[level.label] = _fit(on_scale(base.study, own), model, question)
        except (DesignError, FitError) as error:
            out.append(
                SubgroupEstimates(level=level.label, own=None, left_out=left_out, not_done=f"{error.rule}.")
            )
            continue
        out.append(SubgroupEstimates(level=level.label, own=one, left_out=left_out))
    tests = GroupTests(question, name, f"subgroup:{slug(name)}", groups.levels, fits)
    return SubgroupOutcome(
        outcome=outcome,
        label=question.label,
        groups=tuple(out),
        of_hr=tests.single("hr", lambda f: f.exposure_in_modifier),
        of_ratio=tests.single("ratio", lambda f: f.ratio),
        joint_of_hr=tests.joint("hr", lambda f: f.exposure_in_modifier),
        joint_of_ratio=tests.joint("ratio", lambda f: f.ratio),
    )


def _too_sparse(rows: pl.DataFrame, question: Question) -> str:
    """Say why the model has no answer in a group at all, or nothing."""
    if not rows[question.outcome].any():
        return "no event where every covariate is known."
    cells = question.cells
    for column, levels in (
        (cells.exposure, cells.exposure_levels),
        (cells.modifier, cells.modifier_levels),
    ):
        ever = set(rows[column].cast(pl.String).unique().to_list())
        never = [f'"{level}"' for level in levels if level not in ever]
        if never:
            return f"nobody is ever {listing(never, 'or')} where every covariate is known."
    return ""


def _constant(formula: str, rows: pl.DataFrame, question: Question) -> tuple[str, ...]:
    """List the variables that have one value in a group; the two in question were looked at before."""
    own = {"entry", "exit", question.outcome, question.cells.exposure, question.cells.modifier}
    return tuple(v for v in parse_formula(formula).variables if v not in own and rows[v].n_unique() == 1)


def _without(formula: str, constant: tuple[str, ...]) -> str:
    """Leave the terms out that read nothing but these variables.

    Examples
    --------
    >>> _without("Surv(entry, exit, death) ~ low * user + age + log(bmi) + sex", ("sex", "bmi"))
    'Surv(entry, exit, death) ~ low * user + age + log(bmi) + sex - log(bmi) - sex'
    """
    for term in parse_formula(formula).terms:
        if {name for factor in term for name in names_in(factor)} <= set(constant):
            formula += f" - {':'.join(render(factor) for factor in term)}"
    return formula
