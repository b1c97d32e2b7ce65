"""The Cox model: fit, variance, tests, profile likelihood."""

from riskset.cox.arrays import MatrixFit, coxph_matrix
from riskset.cox.coxph import coxph
from riskset.cox.fit import (
    Contrast,
    CoxFit,
    GlobalTests,
    ProfileInterval,
    likelihood_ratio,
    profile_interval,
    wald_test,
)
from riskset.cox.hypotheses import Test

__all__ = [
    "Contrast",
    "CoxFit",
    "GlobalTests",
    "MatrixFit",
    "ProfileInterval",
    "Test",
    "coxph",
    "coxph_matrix",
    "likelihood_ratio",
    "profile_interval",
    "wald_test",
]
