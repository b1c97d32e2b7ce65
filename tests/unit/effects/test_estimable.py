"""What the data determine where columns depend on each other, and what they do not."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest

from riskset.cox import coxph
from riskset.cox.contrasts import estimable
from riskset.effects import interaction
from riskset.errors import FitError, RisksetWarning


def rows(n: int = 240) -> pl.DataFrame:
    """Exposure a that nobody has in b = 0; z constant within sites; w made of x and z."""
    rng = np.random.default_rng(1)
    b = rng.random(n) < 0.5
    a = b & (rng.random(n) < 0.5)
    site, x = rng.integers(0, 3, n), rng.normal(size=n)
    return pl.DataFrame(
        {
            "t": rng.exponential(1.0, n),
            "d": rng.random(n) < 0.7,
            "a": np.where(a, "yes", "no"),
            "b": np.where(b, "1", "0"),
            "site": site.astype(str),
            "x": x,
            "z": site * 2.0,
            "w": 3.0 * x - site,
        }
    )


ROWS = rows()


def fit(formula: str):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)
        return coxph(f"Surv(t, d) ~ {formula}", ROWS)


def test_an_effect_is_known_where_the_exposure_occurs_and_nowhere_else():
    full, small = fit("a * b + x"), fit("a + b + x")  # the product is the exposure itself: one model
    here = full.contrast({"a": "yes", "b": "1"}, {"a": "no", "b": "1"})
    same = small.contrast({"a": "yes", "b": "1"}, {"a": "no", "b": "1"})
    assert (here.estimate, here.std_error) == pytest.approx((same.estimate, same.std_error), rel=1e-8)
    with pytest.raises(FitError, match=r"not estimated: a\[yes\]:b\[1\]"):
        full.contrast({"a": "yes", "b": "0"}, {"a": "no", "b": "0"})
    found = {r.modifier: r for r in interaction(full, "a", "b").exposure_in_modifier}
    assert found["1"].wald_p == pytest.approx(same.p, rel=1e-6)
    assert found["0"].hazard_ratio is None


@pytest.mark.parametrize("strata", ["", " + strata(site)"])
def test_estimable_combinations_are_those_that_lie_in_the_rows_of_the_design(strata):
    model = fit(f"x + z + w{strata}")
    X = model.model_matrix
    if strata:
        for s in ROWS["site"].unique():
            mine = (ROWS["site"] == s).to_numpy()
            X[mine] -= X[mine].mean(axis=0)
    else:
        X = X - X.mean(axis=0)
    space = np.linalg.pinv(X) @ X  # the projection on the rows
    vectors = np.random.default_rng(2).integers(-2, 3, size=(200, 3)).astype(float)
    expected = np.abs(vectors @ space - vectors).max(axis=1) < 1e-9
    np.testing.assert_array_equal(estimable(model, vectors), expected)
    assert 0 < expected.sum() < 200
