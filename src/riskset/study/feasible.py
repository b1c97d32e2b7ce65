"""Questions that the data cannot answer: an outcome without events, a group in which nobody ever is."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskset.errors import CohortError, RisksetError
from riskset.study.formulas import exposure_column, modifier_column
from riskset.study.plan import StudyPlan


def infeasible(plan: StudyPlan, outcome: str, rows: pl.DataFrame) -> list[RisksetError]:
    """Say why an outcome's models cannot be fitted, if they cannot.

    Parameters
    ----------
    plan : StudyPlan
    outcome : str
        A key of its outcomes.
    rows : polars.DataFrame
        The outcome's episodes with the exposure's group and the modifier's level.

    Returns
    -------
    list of RisksetError
        Empty where nothing stands against it.
    """
    return list(_reasons(plan, outcome, rows))


def _reasons(plan: StudyPlan, outcome: str, rows: pl.DataFrame) -> Iterator[RisksetError]:
    for column, key, remedy in (
        (exposure_column(plan), "exposure.groups", "Choose a cut-point that both groups lie around."),
        (
            modifier_column(plan),
            "modifier.levels",
            "Pool this level with another in modifier.levels.",
        ),
    ):
        ever = set(rows[column].drop_nulls().unique().to_list())
        levels = rows.schema[column]
        for level in levels.categories.to_list() if isinstance(levels, pl.Enum) else []:
            if level not in ever:
                yield CohortError(f'nobody is ever "{level}" during follow-up', where=key, remedy=remedy)
    reference = plan.exposure.curve.reference
    known = rows[plan.exposure.measure].drop_nulls()
    if reference is not None and len(known) and ((known < reference).all() or (known > reference).all()):
        yield CohortError(
            "the reference of the curve lies outside all values in force during follow-up",
            where="exposure.curve.reference",
            remedy="Choose a value among those of the cohort, such as their median.",
        )
    if not rows[outcome].any():
        yield CohortError(
            "no eligible person has the event during follow-up",
            where=f"outcomes.{outcome}",
            remedy="Correct how its rows are selected, or remove the outcome.",
        )
