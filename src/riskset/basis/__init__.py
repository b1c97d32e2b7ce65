"""Bases for continuous variables. Arrays only."""

from riskset.basis.spline import default_knots, restricted_cubic_spline

__all__ = ["default_knots", "restricted_cubic_spline"]
