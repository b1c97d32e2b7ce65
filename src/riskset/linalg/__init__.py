"""Rank-revealing solves and quadratic forms. Arrays only."""

from riskset.linalg.cholesky import Cholesky, quadratic_form, rank_revealing_cholesky

__all__ = ["Cholesky", "quadratic_form", "rank_revealing_cholesky"]
