"""Spline bases, frozen once their knots are known. Arrays only."""
