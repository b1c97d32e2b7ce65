"""What a fitted model says: hazard ratios within strata, their ratio, and curves along a continuous exposure."""

from riskset.effects.additive import Additive, Measure, MeasureInterval
from riskset.effects.curve import hazard_ratio_curve
from riskset.effects.curve_result import CurveStratum, HazardRatioCurve
from riskset.effects.curve_tests import CurveTest
from riskset.effects.diagnose import Diagnosis, diagnose
from riskset.effects.diagnose_findings import Finding
from riskset.effects.diagnose_form import FunctionalForm
from riskset.effects.diagnose_influence import Influence
from riskset.effects.diagnose_structure import Collinearity
from riskset.effects.guards import Claim, EValue, OneStratumOnly, claim, e_value, holm, may_say_differs
from riskset.effects.heterogeneity import Heterogeneity, heterogeneity
from riskset.effects.interaction import Interaction, interaction
from riskset.effects.ratios import JointTest, Ratio
from riskset.effects.standardise import StandardisedRisk, standardise
from riskset.effects.trend import trend
from riskset.effects.trend_result import DoseCategory, Trend, TrendStratum

__all__ = [
    "Additive",
    "Claim",
    "Collinearity",
    "CurveStratum",
    "CurveTest",
    "Diagnosis",
    "DoseCategory",
    "EValue",
    "Finding",
    "FunctionalForm",
    "HazardRatioCurve",
    "Heterogeneity",
    "Influence",
    "Interaction",
    "JointTest",
    "Measure",
    "MeasureInterval",
    "OneStratumOnly",
    "Ratio",
    "StandardisedRisk",
    "Trend",
    "TrendStratum",
    "claim",
    "diagnose",
    "e_value",
    "hazard_ratio_curve",
    "heterogeneity",
    "holm",
    "interaction",
    "may_say_differs",
    "standardise",
    "trend",
]
