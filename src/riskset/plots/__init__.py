"""Frozen arrays to matplotlib figures, loaded lazily."""
