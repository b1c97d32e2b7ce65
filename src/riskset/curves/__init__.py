"""Incidence rates and survival curves: what a paper shows before any model."""

from riskset.curves.aalen_johansen import AalenJohansen, StateCurves, aalen_johansen
from riskset.curves.group_tests import GroupTest, gray_test, logrank
from riskset.curves.kaplan_meier import kaplan_meier
from riskset.curves.landmarks import landmark, reverse_kaplan_meier, simon_makuch
from riskset.curves.mean_cumulative import MeanCumulative, MeanCumulativeEstimate, mean_cumulative_function
from riskset.curves.nelson_aalen import CumulativeHazard, nelson_aalen
from riskset.curves.rates import garwood, incidence_rate
from riskset.curves.survival_curves import KaplanMeier, SurvivalEstimate

__all__ = [
    "AalenJohansen",
    "CumulativeHazard",
    "GroupTest",
    "KaplanMeier",
    "MeanCumulative",
    "MeanCumulativeEstimate",
    "StateCurves",
    "SurvivalEstimate",
    "aalen_johansen",
    "garwood",
    "gray_test",
    "incidence_rate",
    "kaplan_meier",
    "landmark",
    "logrank",
    "mean_cumulative_function",
    "nelson_aalen",
    "reverse_kaplan_meier",
    "simon_makuch",
]
