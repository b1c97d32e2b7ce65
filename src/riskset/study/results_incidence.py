"""Records of cumulative incidence with competing events, and of rates compared between cells."""

from __future__ import annotations

from riskset.study.results_values import Basis, Estimate, Frozen


class IncidenceTick(Frozen):
    """What stands under one tick of the axis: who is at risk, what has happened to the others, and the risk by then."""

    years: float
    at_risk: int | None
    events: int | None
    competing: int | None
    censored: int | None
    risk: Estimate | None  # None at the beginning, and where nobody is observed so long


class IncidenceGroup(Frozen):
    """Aalen-Johansen cumulative incidence of an outcome in one group, as a step function."""

    label: str
    time_years: tuple[float, ...]
    incidence: tuple[float, ...]
    lower: tuple[float, ...]
    upper: tuple[float, ...]
    # cumulative incidence of all competing events together, at the same times: both and those without any sum to 1
    competing: tuple[float, ...]
    ticks: tuple[IncidenceTick, ...]
    basis: Basis


class IncidenceCurve(Frozen):
    """Cumulative incidence of an outcome that other events can forestall, overall or by a group fixed at index."""

    outcome: str
    label: str
    competing: tuple[str, ...]  # labels of the competing events
    grouping: str | None
    groups: tuple[IncidenceGroup, ...]
    test: Estimate | None = None  # Gray's, of equal cumulative incidence in all groups drawn
    not_drawn: tuple[tuple[str, int | None], ...] = ()  # groups at index of too few persons for a curve


class ComparedRates(Frozen):
    """Rates of an outcome between cells of exposure and modifier, each against a reference, unadjusted."""

    outcome: str
    label: str
    # of each exposure group against the reference, within each modifier level: ratio, then difference
    exposure_in_modifier: tuple[tuple[Estimate, Estimate], ...]
    # of each modifier level against the reference, within each exposure group
    modifier_in_exposure: tuple[tuple[Estimate, Estimate], ...]
