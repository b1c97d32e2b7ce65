"""The exposure's groups and the modifier's levels, as columns of persons and of episodes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl

from riskset.errors import CohortError
from riskset.study.formulas import exposure_column, modifier_column
from riskset.study.plan import StudyPlan
from riskset.tables.matching import FEWEST_PERSONS
from riskset.tables.ticks import significant

WRONG_COLUMN = "{}_wrong_immortal_time"
"""Column that a timeline adds beside a drug for the analysis that is wrong on purpose."""


def exposure_levels(plan: StudyPlan) -> tuple[str, ...]:
    """List the exposure's groups, reference first."""
    groups = plan.exposure.groups
    return (groups.reference, *(label for label in groups.labels if label != groups.reference))


def cut_points(plan: StudyPlan, persons: pl.DataFrame) -> tuple[float, ...]:
    """Find where the exposure's groups meet: as the plan says, or at quantiles of the cohort's values at index.

    Parameters
    ----------
    plan : StudyPlan
    persons : polars.DataFrame
        One row per eligible person, with the exposure's value at index.

    Returns
    -------
    tuple of float
        Rising. Quantiles are of type 7 (linear interpolation), one value per person.

    Raises
    ------
    CohortError
        Where so many persons share a value that two quantiles fall together, or nobody has one.
    """
    groups = plan.exposure.groups
    if groups.quantiles is None:
        return groups.fixed_cuts
    values = persons[plan.exposure.measure].drop_nulls().to_numpy()
    where = "exposure.groups.quantiles"
    if not values.size:
        raise CohortError("nobody has a value of the exposure at index", where=where)
    cuts = significant(np.quantile(values, np.arange(1, groups.quantiles) / groups.quantiles))
    if (np.diff(cuts) <= 0).any():
        raise CohortError(
            f"{groups.quantiles} groups of equal size cannot be told apart: too many persons share a value",
            where=where,
            remedy="Use fewer groups, or name cut-points with cuts.",
        )
    return tuple(cuts.tolist())


def with_groups(plan: StudyPlan, frame: pl.DataFrame, cuts: Sequence[float]) -> pl.DataFrame:
    """Add the exposure's group and the modifier's level, reference first; missing stays missing.

    Parameters
    ----------
    plan : StudyPlan
    frame : polars.DataFrame
        Persons at index, or episodes.
    cuts : sequence of float
        Where the exposure's groups meet; a value at a cut belongs to the group above it.

    Raises
    ------
    CohortError
        Where the modifier has a state that no level of the plan covers.
    """
    value = pl.col(plan.exposure.measure)
    labels = plan.exposure.groups.labels
    group = pl.when(value < cuts[0]).then(pl.lit(labels[0]))
    for cut, label in zip(cuts[1:], labels[1:-1], strict=True):
        group = group.when(value < cut).then(pl.lit(label))
    group = group.when(value >= cuts[-1]).then(pl.lit(labels[-1]))
    return frame.with_columns(
        group.cast(pl.Enum(exposure_levels(plan))).alias(exposure_column(plan)), _levels(plan, frame)
    )


def _levels(plan: StudyPlan, frame: pl.DataFrame) -> pl.Series:
    modifier = plan.modifier
    name = WRONG_COLUMN.format(modifier.name) if plan.wrong is not None else modifier.name
    if name not in frame.columns:  # persons at index know nothing of the future
        name = modifier.name
    states = frame[name]
    if states.dtype == pl.Boolean:
        states = states.replace_strict({True: "yes", False: "no"}, default=None, return_dtype=pl.String)
    text = states.cast(pl.String)
    names = {state: level for level, covered in modifier.levels.items() for state in covered}
    _require_covered(plan, text, frame, names)
    used = text.replace_strict(names, default=None, return_dtype=pl.String)
    return used.cast(pl.Enum(list(modifier.levels))).alias(modifier_column(plan))


def _require_covered(plan: StudyPlan, text: pl.Series, frame: pl.DataFrame, names: dict[str, str]) -> None:
    """Refuse a state that belongs to no level; the plan cannot know those that the data bring."""
    open_ = text.drop_nulls().unique().sort().to_list()
    missing = [state for state in open_ if state not in names]
    if not missing:
        return
    key = plan.data.id
    persons = dict(frame.group_by(text.alias("state")).agg(pl.col(key).n_unique()).iter_rows())
    shown = [f'"{s}"' for s in missing if persons[s] >= FEWEST_PERSONS]
    rare = len(missing) - len(shown)
    more = [f"{rare} of fewer than {FEWEST_PERSONS} persons, not shown"] if rare else []
    raise CohortError(
        f"{len(missing)} state{'s' if len(missing) > 1 else ''} of the modifier belong{'' if len(missing) > 1 else 's'} to no level",
        where="modifier.levels",
        remedy=f"Add to a level: {', '.join([*shown, *more])}.",
    )
