"""Records of trends over ordered groups of the exposure."""

from __future__ import annotations

from riskset.study.results_values import Basis, Estimate, Frozen


class TrendLevel(Frozen):
    """Groups of the exposure, and the trend over them, within one modifier level."""

    level: str
    groups: tuple[Estimate, ...]  # hazard ratios against the reference group, lowest group first
    slope: Estimate | None  # hazard ratio for one unit of the exposure, through the groups' medians
    departure: Estimate | None  # chi-square: the groups lie on a straight line over their medians


class ExposureTrend(Frozen):
    """The exposure in groups of about equal person-time, beside its curve.

    The cut-points come from the data. Names of the numbers hold a group's place, not its limits, so that they stay
    when the data change: ``fracture/model-3-groups/hr[1|naive]``.
    """

    outcome: str
    model: str
    slug: str
    variable: str
    label: str
    unit: str
    cuts: tuple[float, ...]
    medians: tuple[float, ...]
    reference: int  # place of the reference group, the lowest being 1; the curve's reference lies in it
    levels: tuple[TrendLevel, ...]
    same: Estimate | None  # chi-square: the same trend in all levels
    basis: Basis
    warnings: tuple[str, ...] = ()
