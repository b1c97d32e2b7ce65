"""Interaction and hazard-ratio curves from one fit."""
