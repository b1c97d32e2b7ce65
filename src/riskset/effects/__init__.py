"""What a fitted model says: hazard ratios within strata, their ratio, and curves along a continuous exposure."""

from riskset.effects.curve import hazard_ratio_curve
from riskset.effects.curve_result import CurveStratum, HazardRatioCurve
from riskset.effects.curve_tests import CurveTest
from riskset.effects.interaction import Interaction, JointTest, Ratio, interaction

__all__ = [
    "CurveStratum",
    "CurveTest",
    "HazardRatioCurve",
    "Interaction",
    "JointTest",
    "Ratio",
    "hazard_ratio_curve",
    "interaction",
]
