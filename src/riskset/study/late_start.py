"""Follow-up that begins to count some time after index: delayed entry of everybody, at the same time since index.

Values and states go on being brought up to date from index; only the time at risk begins later. Who has had a first
event by then is no longer at risk of it, and an event of those days counts for nothing.
"""

from __future__ import annotations

from dataclasses import replace

import polars as pl

from riskset.episodes import AuditLine, Episodes
from riskset.errors import CohortError
from riskset.study.plan import StudyPlan
from riskset.units import parse_duration


def late_start(plan: StudyPlan, episodes: Episodes) -> Episodes:
    """Leave out the first time after index, as ``cohort.exclude_first`` says.

    Parameters
    ----------
    plan : StudyPlan
    episodes : Episodes
        Of one outcome, with entry and exit in days since index.

    Returns
    -------
    Episodes
        The part of each row that lies later; its audit is that of all rows, with a line for what was left out.

    Raises
    ------
    CohortError
        Where nobody is followed for longer.
    """
    first = plan.cohort.exclude_first
    if first is None:
        return episodes
    rows, key = episodes.frame, plan.data.id
    kept = after(rows, parse_duration(first))
    if kept.is_empty():
        raise CohortError(
            f"nobody is followed for longer than {first} after index",
            where="cohort.exclude_first",
            remedy="Leave out less.",
        )
    persons = rows[key].n_unique() - kept[key].n_unique()
    events = rows.filter(episodes.event).height - kept.filter(episodes.event).height
    line = AuditLine(
        episodes.event,
        f"persons whose follow-up for it ends within the first {first} after index, which do not count",
        persons,
    )
    more = AuditLine(episodes.event, f"events of the first {first}, which do not count", events)
    audit = replace(episodes.audit, lines=(*episodes.audit.lines, line, more))
    return replace(episodes, frame=kept, audit=audit)


def after(rows: pl.DataFrame, days: float) -> pl.DataFrame:
    """Keep the part of each (entry, exit] row that lies after a day; an event on that day goes with the days before.

    Examples
    --------
    >>> rows = pl.DataFrame({"entry": [0.0, 50.0], "exit": [50.0, 120.0], "fracture": [False, True]})
    >>> after(rows, 90.0).rows()
    [(90.0, 120.0, True)]
    """
    later = pl.max_horizontal("entry", pl.lit(days)).alias("entry")
    return rows.filter(pl.col("exit") > days).with_columns(later)
