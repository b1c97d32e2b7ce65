"""Incidence rates and survival curves: what a paper shows before any model."""

from riskset.curves.kaplan_meier import KaplanMeier, SurvivalEstimate, kaplan_meier
from riskset.curves.rates import garwood, incidence_rate

__all__ = ["KaplanMeier", "SurvivalEstimate", "garwood", "incidence_rate", "kaplan_meier"]
