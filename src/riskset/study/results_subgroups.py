"""Subgroup analyses as results: the primary model once in each group of persons, and whether the groups differ.

Intervals and tests are Wald's, for all persons together as well. Whether groups differ is the question of the tests of
heterogeneity alone; the groups hold different persons, so that their estimates are independent.
"""

from __future__ import annotations

from riskset.study.results_sensitivity import VariantEstimates
from riskset.study.results_values import Estimate, Frozen


class SubgroupLevel(Frozen):
    """One group of persons, by what holds at index."""

    label: str  # "65 to < 75 years"
    slug: str  # its place in ids: "outcome/subgroup:age:65-to-below-75-years/..."
    included: int | None  # persons followed


class SubgroupEstimates(Frozen):
    """One outcome in one group."""

    level: str
    own: VariantEstimates | None  # None: it cannot be answered, and why stands in `not_done`
    left_out: tuple[str, ...] = ()  # terms of the primary model that do not vary here, in words
    not_done: str | None = None


class SubgroupOutcome(Frozen):
    """One outcome in all groups of one analysis, and the tests that they share their hazard ratios.

    Each test stands beside the estimate that it is of, by the levels in its name; the joint ones are of all hazard
    ratios of the exposure, and of all ratios of these, and None where there is but one.
    """

    outcome: str
    label: str
    groups: tuple[SubgroupEstimates, ...]
    of_hr: tuple[Estimate, ...] = ()  # "heterogeneity_of_hr[exposure|modifier]"
    of_ratio: tuple[Estimate, ...] = ()  # "heterogeneity_of_ratio[exposure|modifier]"
    joint_of_hr: Estimate | None = None
    joint_of_ratio: Estimate | None = None


class SubgroupAnalysis(Frozen):
    """One entry of [subgroups]."""

    label: str  # name in [subgroups]
    slug: str
    by: str  # what the persons are parted by, in words
    rationale: str  # empty: exploratory
    model: str  # name of the primary model
    levels: tuple[SubgroupLevel, ...]
    unknown: int | None  # persons without the value at index: in no group
    outcomes: tuple[SubgroupOutcome, ...]


class SubgroupWhole(Frozen):
    """One outcome in all persons, by the method of the groups."""

    outcome: str
    label: str
    own: VariantEstimates


class SubgroupsWhole(Frozen):
    """All outcomes in all persons."""

    outcomes: tuple[SubgroupWhole, ...]


class Subgroups(Frozen):
    """All subgroup analyses of a plan, in its order, and all persons beside them."""

    whole: tuple[SubgroupWhole, ...] = ()
    analyses: tuple[SubgroupAnalysis, ...] = ()
