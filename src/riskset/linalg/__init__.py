"""Rank-revealing solves, sandwich variances, quadratic forms. Arrays only."""
