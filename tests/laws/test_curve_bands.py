"""Laws of simultaneous bands and bases: what coding, scale, order and reference may change, and what they may not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import chdtri, ndtri

from riskset.cox import coxph
from riskset.effects import hazard_ratio_curve
from riskset.effects.sup_t import critical_value

PBC = pl.read_csv(Path(__file__).parents[1] / "data" / "pbc_interactions.csv").with_columns(
    pl.col("sex").cast(pl.Enum(["f", "m"]))
)
SURV = "Surv(time, death) ~ "
# Two codings end at two points 1e-10 of a standard error from the maximum, and their covariances agree to 1e-7.
SAME = 1e-6
BASES = ["rcs(albumin, 4)", "bs(albumin, df=4)", "ns(albumin, df=3)", "poly(albumin, 3)", "log(albumin)"]


@cache
def fitted(basis: str, scale: float = 1.0, levels: tuple[str, ...] = ("f", "m")):
    rows = PBC.with_columns(pl.col("albumin") * scale, pl.col("sex").cast(pl.String).cast(pl.Enum(levels)))
    return coxph(f"{SURV}{basis} * sex + age", rows)


@cache
def banded(basis: str, scale: float = 1.0, levels: tuple[str, ...] = ("f", "m"), reference: float = 3.5):
    found = hazard_ratio_curve(
        fitted(basis, scale, levels), "albumin", by="sex", reference=reference * scale, band="simultaneous"
    )
    return {s.level: s for s in found.strata}


@settings(max_examples=12)
@given(st.sampled_from(BASES), st.floats(2.5, 4.3), st.sampled_from([0.8, 0.95, 0.99]))
def test_the_band_holds_the_pointwise_limits_within_scheffes_and_is_one_at_the_reference(basis, at, level):
    found = hazard_ratio_curve(
        fitted(basis), "albumin", by="sex", reference=at, band="simultaneous", level=level
    )
    df = found.test("overall", "f").df
    for s in found.strata:
        scheffe = np.sqrt(chdtri(df, 1 - level)) * (1 + 1e-12)  # with one coefficient the two are one number
        assert ndtri(0.5 + level / 2) <= s.critical <= scheffe
        assert (s.band_lower <= s.lower).all()
        assert (s.upper <= s.band_upper).all()
        home = s.x == at
        if home.any():  # within the stratum's range
            assert (s.band_lower[home], s.hazard_ratio[home], s.band_upper[home]) == (1.0, 1.0, 1.0)


@pytest.mark.parametrize("basis", BASES[:4])
@pytest.mark.parametrize("scale", [0.01, 1000.0])
def test_the_unit_of_the_exposure_changes_no_band(basis, scale):
    at = np.array([2.7, 3.2, 4.0])
    ours, theirs = (
        hazard_ratio_curve(
            fitted(basis, k), "albumin", by="sex", reference=3.5 * k, x=at * k, band="simultaneous"
        ).strata
        for k in (1.0, scale)
    )
    for s, t in zip(ours, theirs, strict=True):
        assert t.critical == pytest.approx(s.critical, rel=SAME)
        np.testing.assert_allclose(np.log(t.band_upper), np.log(s.band_upper), rtol=SAME, atol=1e-6)


@pytest.mark.parametrize("basis", BASES)
def test_the_reference_level_of_the_modifier_changes_no_curve_and_no_band(basis):
    for level, ours in banded(basis).items():
        other = banded(basis, levels=("m", "f"))[level]
        assert other.critical == pytest.approx(ours.critical, rel=SAME)
        np.testing.assert_allclose(other.log_hazard_ratio, ours.log_hazard_ratio, rtol=SAME, atol=1e-8)
        np.testing.assert_allclose(np.log(other.band_lower), np.log(ours.band_lower), rtol=SAME, atol=1e-7)


@settings(max_examples=6)
@given(st.permutations([2.6, 3.2, 3.55, 4.1]), st.sampled_from(["rcs", "bs", "ns"]))
def test_knots_may_be_given_in_any_order(knots, function):
    ours, sorted_ones = (
        hazard_ratio_curve(
            coxph(f"{SURV}{function}(albumin, knots={k}) + age", PBC), "albumin", band="simultaneous"
        )
        for k in (knots, sorted(knots))
    )
    assert ours.knots == sorted_ones.knots
    assert ours.tests == sorted_ones.tests
    np.testing.assert_array_equal(ours.strata[0].band_upper, sorted_ones.strata[0].band_upper)


def test_three_ways_to_write_a_cubic_are_one_curve():
    # a B-spline without interior knots, orthogonal polynomials and powers span the same space
    one, *others = (
        hazard_ratio_curve(coxph(f"{SURV}{term} + sex", PBC), "albumin", reference=3.5, band="simultaneous")
        for term in ("poly(albumin, 3)", "bs(albumin)", "albumin + I(albumin^2) + I(albumin^3)")
    )
    for other in others:
        a, b = one.strata[0], other.strata[0]
        np.testing.assert_allclose(b.log_hazard_ratio, a.log_hazard_ratio, rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(b.std_error, a.std_error, rtol=1e-5, atol=1e-7)
        assert b.critical == pytest.approx(a.critical, rel=1e-5)
        for s, t in zip(one.tests, other.tests, strict=True):
            assert (t.name, t.df) == (s.name, s.df)
            assert t.chi2 == pytest.approx(s.chi2, rel=1e-5)


@settings(max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 5))
def test_a_longer_curve_needs_a_wider_band(seed, df):
    rng = np.random.default_rng(seed)
    x = np.linspace(0.0, 1.0, 301)[:, None] ** np.arange(1, df + 1)
    root = rng.normal(size=(df, df))
    part, whole = (critical_value(rows, root @ root.T) for rows in (x[:150], x))
    # each is right to 0.003, as its docstring says
    assert ndtri(0.975) <= part <= whole + 0.003
    assert whole <= np.sqrt(chdtri(df, 0.05))
