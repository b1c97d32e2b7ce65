"""What a fit answers with: contrasts, intervals and global tests, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from riskset.cox.hypotheses import Test

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Contrast:
    """A linear combination of coefficients: a log hazard ratio between two profiles.

    Attributes
    ----------
    estimate, std_error : float
        Log hazard ratio and its standard error.
    hazard_ratio, lower, upper : float
        With Wald limits at ``level``.
    z, p : float
    vector : float array (p,)
        The combination.
    level : float
    """

    estimate: float
    std_error: float
    hazard_ratio: float
    lower: float
    upper: float
    z: float
    p: float
    vector: Floats
    level: float = 0.95

    def __str__(self) -> str:
        return f"{self.hazard_ratio:.2f} ({self.lower:.2f} to {self.upper:.2f}), p = {self.p:.3g}"

    def frame(self) -> pl.DataFrame:
        """Tabulate it in one row: estimate, std_error, hazard_ratio, lower, upper, z, p."""
        return pl.DataFrame({name: [getattr(self, name)] for name in _COLUMNS})


@dataclass(frozen=True, slots=True, eq=False)
class Contrasts:
    """Several contrasts between named profiles; arrays of one value for each.

    Attributes
    ----------
    profiles : polars DataFrame
        Values of the variables that were named, those of the profile compared with under ``NAME_reference``.
    estimate, std_error : float arrays (q,)
        Log hazard ratios and their standard errors.
    hazard_ratio, lower, upper : float arrays (q,)
        With Wald limits at ``level``, for each contrast by itself.
    z, p : float arrays (q,)
    vectors : float array (q, p)
        The combinations.
    level : float
    """

    profiles: pl.DataFrame
    estimate: Floats
    std_error: Floats
    hazard_ratio: Floats
    lower: Floats
    upper: Floats
    z: Floats
    p: Floats
    vectors: Floats
    level: float = 0.95

    def frame(self) -> pl.DataFrame:
        """Tabulate them: the profiles, then estimate, std_error, hazard_ratio, lower, upper, z, p."""
        return self.profiles.with_columns(pl.Series(name, getattr(self, name)) for name in _COLUMNS)


_COLUMNS = ("estimate", "std_error", "hazard_ratio", "lower", "upper", "z", "p")


@dataclass(frozen=True, slots=True)
class ProfileInterval:
    """A combination of coefficients with profile-likelihood limits and likelihood-ratio test.

    Attributes
    ----------
    estimate, lower, upper : float
        On the log scale; a limit is infinite where the likelihood never falls far enough.
    chi2, p : float
        Likelihood-ratio test that the combination is zero, on one degree of freedom.
    level : float
    """

    estimate: float
    lower: float
    upper: float
    chi2: float
    p: float
    level: float = 0.95


@dataclass(frozen=True, slots=True)
class GlobalTests:
    """Tests that all coefficients are zero (or as they started).

    ``likelihood_ratio`` is None under a robust variance, where its chi-squared distribution does not hold;
    ``robust_score`` is None without one.
    """

    likelihood_ratio: Test | None
    wald: Test
    score: Test
    robust_score: Test | None
