"""The plan's models as formulas over the columns of the episodes.

Derived columns: the exposure's group is ``{measure}_group``, the modifier's level ``{drug}_use`` (of a state or a
baseline category ``{name}_level``), and ``baseline(x)`` in a formula is the column ``x_baseline``, the value of x at
index.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from riskset.design import substitute_calls, variables_of
from riskset.study.ids import slug
from riskset.study.plan import StudyPlan
from riskset.study.wording import (
    FORMS,
    adjustment_in_words,
    at_index_names,
    entry_of,
    inside,
    label_of,
    names_of,
)


@dataclass(frozen=True, slots=True)
class ModelFormula:
    """One model of one outcome.

    Parameters
    ----------
    name, slug : str
        The plan's name, and its form in ids.
    primary : bool
        Whether it answers the question.
    formula : str
        For :func:`riskset.cox.coxph`.
    adjustment : str
        The adjustment set in words.
    """

    name: str
    slug: str
    primary: bool
    formula: str
    adjustment: str


@dataclass(frozen=True, slots=True)
class OutcomeFormulas:
    """All models of one outcome, its spline model, and the columns that any of them needs.

    Parameters
    ----------
    models : tuple of ModelFormula
        In the plan's order.
    spline : ModelFormula
        The primary model with the exposure as a restricted cubic spline.
    variables : tuple of str
        Columns that must be known for a row to enter any model.
    """

    models: tuple[ModelFormula, ...]
    spline: ModelFormula
    variables: tuple[str, ...]


def exposure_column(plan: StudyPlan) -> str:
    """Name the column of the exposure's group."""
    return f"{plan.exposure.measure}_group"


def modifier_column(plan: StudyPlan) -> str:
    """Name the column of the modifier's level."""
    return f"{plan.modifier.name}_{'level' if plan.modifier.drug is None else 'use'}"


def modifier_label(plan: StudyPlan) -> str:
    """Name the modifier: the label of the drug, state or baseline value."""
    return entry_of(plan, plan.modifier.name).label


def modifier_heading(plan: StudyPlan) -> str:
    """Name the modifier as what persons are parted by: "Calcimimetic use", "Diabetes"."""
    label = modifier_label(plan)
    return label if plan.modifier.drug is None else f"{label} use"


def baseline_column(name: str) -> str:
    """Name the column of a measure's value at index.

    Examples
    --------
    >>> baseline_column("albumin")
    'albumin_baseline'
    """
    return f"{name}_baseline"


def formulas(plan: StudyPlan, outcome: str) -> OutcomeFormulas:
    """Write the formulas of one outcome.

    Parameters
    ----------
    plan : StudyPlan
        The plan.
    outcome : str
        A key of its outcomes.

    Returns
    -------
    OutcomeFormulas

    Raises
    ------
    DesignError
        Where an adjustment set is not a formula.
    """
    exposure, modifier = exposure_column(plan), modifier_column(plan)
    curve = f"rcs({plan.exposure.measure}, {plan.exposure.curve.knots})"
    models = tuple(_written(plan, outcome, name, f"{exposure} * {modifier}") for name in plan.models)
    spline = _written(plan, outcome, plan.primary_model, f"{curve} * {modifier}")
    own = ("entry", "exit", outcome)
    needed = dict.fromkeys(v for m in (*models, spline) for v in variables_of(m.formula) if v not in own)
    return OutcomeFormulas(models, spline, tuple(needed))


def _written(plan: StudyPlan, outcome: str, name: str, terms: str) -> ModelFormula:
    model = plan.models[name]
    parts = [" ".join(part.split()) for part in (model.adjust, model.extra.get(outcome, ""))]
    adjustment = " + ".join(part for part in parts if part)
    right = f"{terms} + {adjustment}" if adjustment else terms
    text = substitute_calls(f"Surv(entry, exit, {outcome}) ~ {right}", "baseline", baseline_column)
    return ModelFormula(
        name, slug(name), name == plan.primary_model, text, adjustment_in_words(plan, adjustment)
    )


def column_in_words(plan: StudyPlan, column: str) -> str:
    """Say what a column of the episodes holds: "CRP at index" where that is what ``crp_baseline`` is.

    Parameters
    ----------
    plan : StudyPlan
        The plan, for the labels.
    column : str
        A column that a model reads.

    Returns
    -------
    str
        The label, with what the column holds of it.
    """
    if column == exposure_column(plan):
        return f"{label_of(plan, plan.exposure.measure)} group"
    if column == modifier_column(plan):
        return inside(modifier_heading(plan))
    stem = column.removesuffix("_baseline")
    if column == baseline_column(stem) and stem in at_index_names(plan):
        return f"{label_of(plan, stem)} at index"
    return label_of(plan, column)


def term_in_words(plan: StudyPlan, term: str) -> str:
    """Say what a coefficient is of: "Magnesium < 2.4 mg/dL × Calcimimetic use: user".

    Parameters
    ----------
    plan : StudyPlan
        The plan, for the labels.
    term : str
        As the fit names it, ``mg_group[< 2.4 mg/dL]:calcimimetic_use[user]``.

    Returns
    -------
    str
        Labels and levels; a factor that has no words stays as it is.
    """
    return " × ".join(_factor_in_words(plan, factor) for factor in factors_of(term))


def factors_of(term: str) -> list[str]:
    """Part a term at the colons between its factors, not at those inside a level or a call.

    Examples
    --------
    >>> factors_of("mg_group[a: b]:use[user]:log(x)")
    ['mg_group[a: b]', 'use[user]', 'log(x)']
    """
    parts, depth = [""], 0
    for sign in term:
        depth += (sign in "[(") - (sign in "])")
        if sign == ":" and depth == 0:
            parts.append("")
        else:
            parts[-1] += sign
    return parts


_CURVED = re.compile(rf"({'|'.join(FORMS)})\((\w+)(?:,.*)?\)")


def _factor_in_words(plan: StudyPlan, factor: str) -> str:
    name, bracket, level = factor.partition("[")
    if bracket and level.endswith("]"):
        level = level[:-1]
        if name == exposure_column(plan):
            return f"{plan.measures[plan.exposure.measure].label} {level}"
        label = _heading(plan, name)
        return label if level == "True" else f"{label}: {level}"
    if factor.startswith("log(") and factor.endswith(")"):
        inner = _heading(plan, factor[4:-1])
        return factor if inner == factor[4:-1] else f"log {inside(inner)}"
    curved = _CURVED.fullmatch(factor)
    if curved is not None:
        return f"{_heading(plan, curved[2])} ({FORMS[curved[1]]})"
    bare = factor.rstrip("'")
    return _heading(plan, bare) + factor[len(bare) :]


def _heading(plan: StudyPlan, column: str) -> str:
    """Give what a column is called at the head of a line; the column itself where it has no label."""
    if column == modifier_column(plan):
        return modifier_heading(plan)
    stem = column.removesuffix("_baseline")
    if column == baseline_column(stem) and stem in at_index_names(plan):
        return f"{entry_of(plan, stem).label} (at index)"
    return entry_of(plan, column).label if column in names_of(plan) else column


def over_time(plan: StudyPlan) -> tuple[str, ...]:
    """List the measures, drugs, states and bands of time that any model reads as they change."""
    read = {v for outcome in plan.outcomes for v in formulas(plan, outcome).variables}
    read |= {plan.exposure.measure, plan.modifier.name}
    return tuple(name for name in (*at_index_names(plan), *plan.splits) if name in read)


def baseline_measures(plan: StudyPlan) -> tuple[str, ...]:
    """List what stands in ``baseline(...)`` in any model.

    Examples
    --------
    The argument of each call, whatever function is around it::

        "age + log(baseline(crp)) + baseline(albumin)"  ->  ("crp", "albumin")
    """
    found: dict[str, None] = {}

    def note(argument: str) -> str:
        found[argument] = None
        return argument

    for model in plan.models.values():
        for text in (model.adjust, *model.extra.values()):
            if text.strip():
                substitute_calls(text, "baseline", note)
    return tuple(found)
