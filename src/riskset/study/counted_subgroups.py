"""Names for the counts behind subgroup analyses."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.ids import estimate_id
from riskset.study.results import Counted
from riskset.study.results_subgroups import SubgroupAnalysis, Subgroups


def subgroups_id(what: str) -> str:
    """Name how many there are in all: "analyses", "outcomes", "tests"."""
    return estimate_id("all", "subgroups", what)


def members_id(analysis: SubgroupAnalysis, level: str | None) -> str:
    """Name the persons of a group; without a level those of whom it is not known."""
    return estimate_id("all", f"subgroup:{analysis.slug}", "persons", level)


def tests_in(subgroups: Subgroups) -> int:
    """Count the tests on which sentences rest: of the hazard ratios, and of their ratios."""
    outcomes = [o for a in subgroups.analyses for o in a.outcomes]
    return sum(bool(o.of_hr) + bool(o.of_ratio) for o in outcomes)


def counted_subgroups(subgroups: Subgroups) -> Iterator[Counted]:
    """Name the counts of every analysis, and how many analyses and tests there are."""
    if not subgroups.analyses:
        return
    for what, n, words in (
        ("analyses", len(subgroups.analyses), "subgroup analyses of each outcome"),
        ("outcomes", len(subgroups.whole), "outcomes with subgroup analyses"),
        ("tests", tests_in(subgroups), "tests of heterogeneity on which sentences rest"),
    ):
        yield Counted(id=subgroups_id(what), estimand=words, unit=what, estimate=n)
    for analysis in subgroups.analyses:
        for level in analysis.levels:
            yield Counted(
                id=members_id(analysis, level.label),
                estimand=f"persons, {analysis.label}: {level.label}",
                unit="persons",
                estimate=level.included,
            )
        yield Counted(
            id=members_id(analysis, None),
            estimand=f"persons in no group: {analysis.by} at index is not known",
            unit="persons",
            estimate=analysis.unknown,
        )
