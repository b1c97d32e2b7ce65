"""Risk sets: event-time index, moments, ties, Gram matrix. Arrays only."""

from riskset.kernel.fading import Fading, Staying
from riskset.kernel.index import EventTimeIndex, build_index
from riskset.kernel.likelihood import State, cumulative_hazard, curvature, evaluate, information, score
from riskset.kernel.moments import (
    Moments,
    RiskRows,
    by_shares,
    gram,
    moments,
    risk_rows,
    row_weights,
    scatter,
)
from riskset.kernel.observation import observed_before

__all__ = [
    "EventTimeIndex",
    "Fading",
    "Moments",
    "RiskRows",
    "State",
    "Staying",
    "build_index",
    "by_shares",
    "cumulative_hazard",
    "curvature",
    "evaluate",
    "gram",
    "information",
    "moments",
    "observed_before",
    "risk_rows",
    "row_weights",
    "scatter",
    "score",
]
