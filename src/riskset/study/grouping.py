"""The exposure's groups and the modifier's levels, as columns of persons and of episodes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from riskset.errors import CohortError
from riskset.study.formulas import exposure_column, modifier_column
from riskset.study.plan import StudyPlan
from riskset.study.plan_question import Groups
from riskset.tables.matching import FEWEST_PERSONS
from riskset.tables.ticks import significant

WRONG_COLUMN = "{}_wrong_immortal_time"
"""Column that a timeline adds beside a drug for the analysis that is wrong on purpose."""


@dataclass(frozen=True)
class Cuts:
    """Where groups of measures meet, rising.

    Parameters
    ----------
    exposure : tuple of float
    modifier : tuple of float
        Empty unless a measure modifies.
    """

    exposure: tuple[float, ...]
    modifier: tuple[float, ...] = ()


def exposure_levels(plan: StudyPlan) -> tuple[str, ...]:
    """List the exposure's groups, reference first."""
    groups = plan.exposure.groups
    return (groups.reference, *(label for label in groups.labels if label != groups.reference))


def cut_points(plan: StudyPlan, persons: pl.DataFrame) -> Cuts:
    """Find where groups meet: as the plan says, or at quantiles of the cohort's values at index.

    Parameters
    ----------
    plan : StudyPlan
    persons : polars.DataFrame
        One row per eligible person, with the values at index of the exposure and of a measure that modifies.

    Returns
    -------
    Cuts
        Quantiles are of type 7 (linear interpolation), one value per person.

    Raises
    ------
    CohortError
        Where so many persons share a value that two quantiles fall together, or nobody has one.
    """
    modifier = plan.modifier
    own = () if modifier.groups is None else _cuts(modifier.groups, persons, modifier.name, "modifier")
    return Cuts(_cuts(plan.exposure.groups, persons, plan.exposure.measure, "exposure"), own)


def _cuts(groups: Groups, persons: pl.DataFrame, measure: str, what: str) -> tuple[float, ...]:
    if groups.quantiles is None:
        return groups.fixed_cuts
    values = persons[measure].drop_nulls().to_numpy()
    where = f"{what}.groups.quantiles"
    if not values.size:
        raise CohortError(f"nobody has a value of the {what} at index", where=where)
    cuts = significant(np.quantile(values, np.arange(1, groups.quantiles) / groups.quantiles))
    if (np.diff(cuts) <= 0).any():
        raise CohortError(
            f"{groups.quantiles} groups of equal size cannot be told apart: too many persons share a value",
            where=where,
            remedy="Use fewer groups, or name cut-points with cuts.",
        )
    return tuple(cuts.tolist())


def with_groups(plan: StudyPlan, frame: pl.DataFrame, cuts: Cuts) -> pl.DataFrame:
    """Add the exposure's group and the modifier's level, reference first; missing stays missing.

    Parameters
    ----------
    plan : StudyPlan
    frame : polars.DataFrame
        Persons at index, or episodes.
    cuts : Cuts
        Where groups meet; a value at a cut belongs to the group above it.

    Raises
    ------
    CohortError
        Where the modifier has a state that no level of the plan covers.
    """
    exposure = _grouped(plan.exposure.measure, plan.exposure.groups.labels, cuts.exposure)
    return frame.with_columns(
        exposure.cast(pl.Enum(exposure_levels(plan))).alias(exposure_column(plan)),
        _levels(plan, frame, cuts.modifier),
    )


def _grouped(measure: str, labels: Sequence[str], cuts: Sequence[float]) -> pl.Expr:
    value = pl.col(measure)
    group = pl.when(value < cuts[0]).then(pl.lit(labels[0]))
    for cut, label in zip(cuts[1:], labels[1:-1], strict=True):
        group = group.when(value < cut).then(pl.lit(label))
    return group.when(value >= cuts[-1]).then(pl.lit(labels[-1]))


def _levels(plan: StudyPlan, frame: pl.DataFrame, cuts: Sequence[float]) -> pl.Series | pl.Expr:
    modifier = plan.modifier
    if modifier.groups is not None:
        group = _grouped(modifier.name, modifier.groups.labels, cuts)
        return group.cast(pl.Enum(list(modifier.levels))).alias(modifier_column(plan))
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
