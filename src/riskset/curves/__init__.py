"""Incidence rates and survival curves: what a paper shows before any model."""

from riskset.curves.aalen_johansen import AalenJohansen, StateCurves, aalen_johansen
from riskset.curves.kaplan_meier import kaplan_meier
from riskset.curves.rates import garwood, incidence_rate
from riskset.curves.survival_curves import KaplanMeier, SurvivalEstimate

__all__ = [
    "AalenJohansen",
    "KaplanMeier",
    "StateCurves",
    "SurvivalEstimate",
    "aalen_johansen",
    "garwood",
    "incidence_rate",
    "kaplan_meier",
]
