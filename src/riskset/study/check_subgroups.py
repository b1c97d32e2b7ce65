"""Subgroups in the check of a plan: who is in each, and on how many events its model would rest."""

from __future__ import annotations

from collections.abc import Iterator

import polars as pl

from riskset.errors import counted
from riskset.study.shared_time import complete_rows
from riskset.study.subgroup_levels import groups_of
from riskset.study.variants import Built
from riskset.study.wording import inside


def subgroup_lines(built: Built) -> Iterator[str]:
    """List the subgroup analyses: persons of each group, and events where every covariate is known.

    Parameters
    ----------
    built : Built
        The plan with its persons and episodes.

    Yields
    ------
    str
        Lines of the check.

    Raises
    ------
    CohortError
        Where the persons cannot be parted as the plan says.
    """
    plan, key = built.study.plan, built.study.plan.data.id
    if plan.subgroups:
        yield "\nSubgroup analyses"
    complete = {outcome: complete_rows(built, outcome) for outcome in built.frames}
    persons = built.followed
    for name, entry in plan.subgroups.items():
        groups = groups_of(plan, persons, name)
        yield f"  {name}" + ("" if entry.rationale else ": exploratory, no rationale is given")
        for level in groups.levels:
            own = groups.of(level.label)
            events = (
                f"{inside(plan.outcomes[o].label)} {rows.filter(pl.col(key).is_in(own.implode()), pl.col(o)).height:,}"
                for o, rows in complete.items()
            )
            yield f"      {level.label}: {counted(own.len(), 'person')}; in the models {'; '.join(events)}"
        if unknown := groups.unknown:
            yield f"      not known at index, in no group: {counted(unknown, 'person')}"
