"""Risk sets: event-time index, moments, ties, Gram matrix. Arrays only."""

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

__all__ = [
    "EventTimeIndex",
    "Moments",
    "RiskRows",
    "State",
    "build_index",
    "by_shares",
    "cumulative_hazard",
    "curvature",
    "evaluate",
    "gram",
    "information",
    "moments",
    "risk_rows",
    "row_weights",
    "scatter",
    "score",
]
