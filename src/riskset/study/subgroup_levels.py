"""The groups of a subgroup analysis: persons parted by what holds at index."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import polars as pl

from riskset.errors import CohortError
from riskset.study.ids import slug
from riskset.study.plan import StudyPlan
from riskset.study.plan_question import group_labels
from riskset.study.results_subgroups import SubgroupLevel
from riskset.study.table1 import levels_of
from riskset.study.wording import entry_of

_SIGNS = {"<=": " to ", ">=": " from ", "<": " below ", ">": " above ", "≤": " to ", "≥": " from "}


@dataclass(frozen=True)
class Groups:
    """The persons of one analysis in their groups.

    Parameters
    ----------
    levels : tuple of SubgroupLevel
    persons : pl.Series
        Ids.
    level : pl.Series
        Of each, null where the value is not known.
    """

    levels: tuple[SubgroupLevel, ...]
    persons: pl.Series
    level: pl.Series

    def of(self, level: str) -> pl.Series:
        """Give the ids of one group."""
        return self.persons.filter(self.level == level)

    @property
    def unknown(self) -> int:
        """Count the persons who are in no group."""
        return self.level.null_count()


def groups_of(plan: StudyPlan, persons: pl.DataFrame, name: str) -> Groups:
    """Part the persons by what holds at index.

    Parameters
    ----------
    plan : StudyPlan
    persons : polars.DataFrame
        One row per person, with everything that is known at index.
    name : str
        The entry of [subgroups].

    Returns
    -------
    Groups
        In the order of the cuts, or of the category.

    Raises
    ------
    CohortError
        A number without cuts, cuts of a category, or fewer than two groups.
    """
    entry, column = plan.subgroups[name], persons[plan.subgroups[name].by]
    where = f'subgroups."{name}"'
    number = column.dtype.is_numeric()
    if number and not entry.cuts:
        raise CohortError(
            f'"{entry.by}" is a number', where=where, remedy="Say where to cut it: cuts = [65]."
        )
    if entry.cuts and not number:
        raise CohortError(f'"{entry.by}" is no number', where=where, remedy="Remove the cuts.")
    if number:
        labels = entry.labels or group_labels(entry.cuts, getattr(entry_of(plan, entry.by), "unit", None))
        level = column.to_frame("x").select(_banded(entry.cuts, labels)).to_series()
    else:
        if column.dtype == pl.Boolean:
            column = column.replace_strict(
                {False: "no", True: "yes"}, default=None, return_dtype=pl.Enum(["no", "yes"])
            )
        level, labels = column.cast(pl.String), tuple(levels_of(column))
    counts = {v: int((level == v).sum()) for v in labels}
    if sum(n > 0 for n in counts.values()) < 2:
        raise CohortError(
            "all persons are of one group at index: there is nothing to be compared",
            where=where,
            remedy="Cut elsewhere, or remove the entry.",
        )
    found = [
        SubgroupLevel(label=v, slug=s, included=counts[v])
        for v, s in zip(labels, _slugs(labels), strict=True)
        if counts[v]
    ]
    return Groups(tuple(found), persons[plan.data.id], level)


def _banded(cuts: Sequence[float], labels: Sequence[str]) -> pl.Expr:
    """Put a number into the group that it lies in; a value at a cut belongs to the group above it."""
    x = pl.col("x")
    band = pl.when(x < cuts[0]).then(pl.lit(labels[0]))
    for cut, label in zip(cuts[1:], labels[1:-1], strict=True):
        band = band.when(x < cut).then(pl.lit(label))
    return band.when(x >= cuts[-1]).then(pl.lit(labels[-1]))


def _slugs(labels: Sequence[str]) -> list[str]:
    """Name groups in ids: what tells "< 65" from ">= 65" is spelt out, and what is still alike is numbered.

    Examples
    --------
    >>> _slugs(["< 65 years", ">= 65 years"]), _slugs(["+", "-"])
    (['below-65-years', 'from-65-years'], ['group-1', 'group-2'])
    """
    out: list[str] = []
    for k, label in enumerate(labels, 1):
        text = label
        for sign, word in _SIGNS.items():
            text = text.replace(sign, word)
        short = slug(text) if any(c.isalnum() for c in text) else ""
        out.append(short if short and short not in out else f"{short or 'group'}-{k}")
    return out
