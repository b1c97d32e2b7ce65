"""Names for the settings of groups of the exposure: their cut-points and medians."""

from __future__ import annotations

from collections.abc import Iterator

from riskset.study.ids import estimate_id
from riskset.study.results import Counted
from riskset.study.results_trend import ExposureTrend


def trend_id(trend: ExposureTrend, what: str, place: int) -> str:
    """Name a cut-point or a median of groups of the exposure by its place."""
    return estimate_id(trend.outcome, trend.slug, what, str(place))


def counted_trend(trend: ExposureTrend) -> Iterator[Counted]:
    """Name the cut-points and medians of groups, which are no estimates."""
    for what, values, words in (
        ("cut", trend.cuts, "cut-point"),
        ("median", trend.medians, "median of group"),
    ):
        for k, value in enumerate(values, 1):
            yield Counted(
                id=trend_id(trend, what, k),
                estimand=f"{words} {k} of {trend.label}",
                unit=trend.unit,
                estimate=value,
                method="weighted by person-time",
            )
