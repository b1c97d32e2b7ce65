"""Incidence rates and survival curves: what a paper shows before any model."""

from riskset.curves.aalen_johansen import AalenJohansen, StateCurves, aalen_johansen
from riskset.curves.bands import TimeBands
from riskset.curves.group_tests import GroupTest, gray_test, logrank
from riskset.curves.kaplan_meier import kaplan_meier
from riskset.curves.landmarks import landmark, reverse_kaplan_meier, simon_makuch
from riskset.curves.mean_cumulative import MeanCumulative, MeanCumulativeEstimate, mean_cumulative_function
from riskset.curves.nelson_aalen import CumulativeHazard, nelson_aalen
from riskset.curves.poisson import exact_rate_ratio, garwood, mid_p, mover_rate_difference
from riskset.curves.rate_comparisons import rate_difference, rate_ratio
from riskset.curves.rates import incidence_rate
from riskset.curves.standardised import standardised_rate, standardised_ratio
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
    "TimeBands",
    "aalen_johansen",
    "exact_rate_ratio",
    "garwood",
    "gray_test",
    "incidence_rate",
    "kaplan_meier",
    "landmark",
    "logrank",
    "mean_cumulative_function",
    "mid_p",
    "mover_rate_difference",
    "nelson_aalen",
    "rate_difference",
    "rate_ratio",
    "reverse_kaplan_meier",
    "simon_makuch",
    "standardised_rate",
    "standardised_ratio",
]
