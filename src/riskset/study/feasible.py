"""Questions that the data cannot answer: an outcome without events, a group in which nobody ever is."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskset.design import build_design, parse_formula
from riskset.errors import CohortError, DesignError, RisksetError
from riskset.study.formulas import exposure_column, formulas, modifier_column
from riskset.study.plan import StudyPlan

_MOST_NAMED = 3


def infeasible(
    plan: StudyPlan, outcome: str, rows: pl.DataFrame, *, primary: bool = False
) -> list[RisksetError]:
    """Say why an outcome's models cannot be fitted, if they cannot.

    Parameters
    ----------
    plan : StudyPlan
    outcome : str
        A key of its outcomes.
    rows : polars.DataFrame
        The outcome's episodes with the exposure's group and the modifier's level.
    primary : bool, default False
        Ask only of the primary model whether its formula can be computed.

    Returns
    -------
    list of RisksetError
        Empty where nothing stands against it.
    """
    against = [*_groups(plan, rows), *_reference(plan, rows), *_events(plan, outcome, rows)]
    return against or list(_models(plan, outcome, rows, primary=primary))


def _groups(plan: StudyPlan, rows: pl.DataFrame) -> Iterator[RisksetError]:
    for column, key, remedy in (
        (exposure_column(plan), "exposure.groups", "Choose a cut-point that both groups lie around."),
        (
            modifier_column(plan),
            "modifier.levels" if plan.modifier.groups is None else "modifier.groups",
            "Pool this level with another in modifier.levels."
            if plan.modifier.groups is None
            else "Choose a cut-point that both groups lie around.",
        ),
    ):
        ever = set(rows[column].drop_nulls().unique().to_list())
        levels = rows.schema[column]
        for level in levels.categories.to_list() if isinstance(levels, pl.Enum) else []:
            if level not in ever:
                yield CohortError(f'nobody is ever "{level}" during follow-up', where=key, remedy=remedy)


def _reference(plan: StudyPlan, rows: pl.DataFrame) -> Iterator[RisksetError]:
    reference = plan.exposure.curve.reference
    known = rows[plan.exposure.measure].drop_nulls()
    if reference is not None and len(known) and ((known < reference).all() or (known > reference).all()):
        yield CohortError(
            "the reference of the curve lies outside all values in force during follow-up",
            where="exposure.curve.reference",
            remedy="Choose a value among those of the cohort, such as their median.",
        )


def _events(plan: StudyPlan, outcome: str, rows: pl.DataFrame) -> Iterator[RisksetError]:
    if not rows[outcome].any():
        yield CohortError(
            "no eligible person has the event during follow-up",
            where=f"outcomes.{outcome}",
            remedy="Correct how its rows are selected, or remove the outcome.",
        )
        return
    variables = formulas(plan, outcome).variables
    if not rows.drop_nulls(variables)[outcome].any():
        unknown = {v: n for v in variables if (n := rows[v].null_count())}
        most = sorted(unknown, key=lambda v: -unknown[v])[:_MOST_NAMED]
        named = ", ".join(f"{v} ({100 * unknown[v] / rows.height:.0f}% of the episodes)" for v in most)
        yield CohortError(
            "no event is left where every covariate is known",
            where=f"outcomes.{outcome}",
            remedy=f"Most often unknown: {named}. Leave it out of every model, or let values be in force longer.",
        )


def _models(plan: StudyPlan, outcome: str, rows: pl.DataFrame, *, primary: bool) -> Iterator[RisksetError]:
    """Find formulas that the values cannot answer, such as the logarithm of zero."""
    models = formulas(plan, outcome)
    complete = rows.drop_nulls(models.variables)
    for model in (m for m in models.models if m.primary or not primary):
        try:
            build_design(parse_formula(model.formula), complete).matrix(complete)
        except DesignError as error:
            # Its row numbers are those of the episodes, which nobody has in a file.
            share = f" ({error.n_rows:,} of {complete.height:,} episodes)" if error.n_rows else ""
            yield DesignError(
                f"{error.where}: {error.rule}{share}",
                where=f'models."{model.name}"',
                remedy="Write the term in another way, or leave out whom it cannot describe with cohort.require."
                if error.n_rows
                else error.remedy,
            )
