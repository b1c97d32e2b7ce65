"""Bases for continuous variables. Arrays only."""

from riskset.basis.bspline import BSpline, NaturalSpline, interior_knots
from riskset.basis.polynomial import Polynomial
from riskset.basis.spline import RestrictedCubicSpline, default_knots, restricted_cubic_spline

__all__ = [
    "BSpline",
    "NaturalSpline",
    "Polynomial",
    "RestrictedCubicSpline",
    "default_knots",
    "interior_knots",
    "restricted_cubic_spline",
]
