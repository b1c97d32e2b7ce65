"""Names for the counts under curves of cumulative incidence."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.ids import estimate_id
from riskset.study.results import Counted
from riskset.study.results_incidence import IncidenceCurve

COUNTS = {"at_risk": "at risk", "events": "events", "competing": "competing events", "censored": "censored"}


def incidence_id(curve: IncidenceCurve, what: str, group: str, years: float) -> str:
    """Name a count at a tick, in years."""
    by = () if curve.grouping is None else (curve.grouping,)
    return estimate_id(curve.outcome, "incidence", what, *by, group, f"{years:.6g}")


def counted_incidence(curve: IncidenceCurve) -> Iterator[Counted]:
    """Name the numbers at risk, of events, of competing events and of those censored by each tick."""
    for g in curve.groups:
        for tick in g.ticks:
            when = f"{tick.years:.6g} years, {g.label}"
            for what, words in COUNTS.items():
                yield Counted(
                    id=incidence_id(curve, what, g.label, tick.years),
                    estimand=f"{words} {'after' if what == 'at_risk' else 'before'} {when} ({curve.label})",
                    unit="persons",
                    estimate=getattr(tick, what),
                )
