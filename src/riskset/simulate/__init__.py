"""Cohorts with known truth."""

from __future__ import annotations

from riskset.simulate.haemodialysis import SHIPPED_SEED, SimulatedCohort, simulate_haemodialysis
from riskset.simulate.truth import STANDARD, VARIANTS, HazardTruth, Truth
from riskset.simulate.writing import write_tables

__all__ = [
    "SHIPPED_SEED",
    "STANDARD",
    "VARIANTS",
    "HazardTruth",
    "SimulatedCohort",
    "Truth",
    "simulate_haemodialysis",
    "write_tables",
]
