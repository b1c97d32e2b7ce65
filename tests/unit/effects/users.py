"""A small cohort whose magnesium and use of a drug change, and fits to it: shared by the tests of curves and trends."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl

from riskset.cox import coxph
from riskset.errors import RisksetWarning


def rows(n: int = 150) -> pl.DataFrame:
    """Two rows per person: magnesium on a 0.1 grid, use that some begin at the second row."""
    rng = np.random.default_rng(11)
    person = np.repeat(np.arange(n), 2)
    cut = np.round(rng.uniform(50, 300, n))
    end = cut + np.round(rng.uniform(50, 600, n))
    second = np.tile([False, True], n)
    return pl.DataFrame(
        {
            "id": person,
            "entry": np.where(second, cut[person], 0.0),
            "exit": np.where(second, end[person], cut[person]),
            "event": second & (rng.random(2 * n) < 0.5),
            "mg": np.round(rng.normal(2.5, 0.3, 2 * n), 1),
            "use": pl.Series(
                np.where(second & (rng.random(2 * n) < 0.5), "user", "naive"),
                dtype=pl.Enum(["naive", "user", "past"]),
            ),
            "sex": np.where(rng.random(n) < 0.5, "f", "m")[person],
        }
    )


ROWS = rows()
SURV = "Surv(entry, exit, event) ~ "


def fit(formula: str, data: pl.DataFrame = ROWS):
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RisksetWarning
        )  # a level without rows has columns that are not estimated
        return coxph(SURV + formula, data, id="id")
