"""What a fitted model says: hazard ratios within strata, their ratio, and curves along a continuous exposure."""

from riskset.effects.curve import hazard_ratio_curve
from riskset.effects.curve_result import CurveStratum, HazardRatioCurve
from riskset.effects.curve_tests import CurveTest
from riskset.effects.diagnose import Diagnosis, diagnose
from riskset.effects.diagnose_findings import Finding
from riskset.effects.diagnose_form import FunctionalForm
from riskset.effects.diagnose_influence import Influence
from riskset.effects.diagnose_structure import Collinearity
from riskset.effects.interaction import Interaction, JointTest, Ratio, interaction

__all__ = [
    "Collinearity",
    "CurveStratum",
    "CurveTest",
    "Diagnosis",
    "Finding",
    "FunctionalForm",
    "HazardRatioCurve",
    "Influence",
    "Interaction",
    "JointTest",
    "Ratio",
    "diagnose",
    "hazard_ratio_curve",
    "interaction",
]
