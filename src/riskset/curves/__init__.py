"""Incidence rates and Kaplan-Meier curves."""
