"""Cohorts with known truth."""
