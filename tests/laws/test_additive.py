"""Laws of the additive scale: what a change of reference, coding or scale may change, and that limits and p agree."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from riskset.cox import coxph
from riskset.cox.bootstrap import percentile_limits
from riskset.effects import interaction
from riskset.effects.additive import measures
from riskset.effects.additive_bootstrap import percentile_p

DATA = Path(__file__).parents[1] / "data"
SWELLING = ["none", "treated", "despite"]
PBC = pl.read_csv(DATA / "pbc_interactions.csv").with_columns(
    low=pl.col("albumin") < 3.5,
    edema3=pl.col("edema")
    .replace_strict(dict(zip([0.0, 0.5, 1.0], SWELLING, strict=True)))
    .cast(pl.Enum(SWELLING)),
)
MODEL = "Surv(time, death) ~ low * edema3 + age"
# Newton's method ends 1e-10 of a standard error from the maximum; two codings end at two such points.
SAME = 1e-7
# A coefficient of a continuous variable that is scaled is as well conditioned as its column is.
SCALED = 1e-6


@cache
def original():
    return interaction(coxph(MODEL, PBC), "low", "edema3", profile=False)


def numbers(a):
    """Every number of a scale."""
    found = [
        [m.estimate, m.std_error, *(v for i in m.intervals for v in (i.lower, i.upper, i.p))]
        for m in a.measures
    ]
    return [v if v is not None else np.nan for row in found for v in row]


@pytest.mark.parametrize("order", [["treated", "none", "despite"], ["despite", "treated", "none"]])
def test_the_fits_own_reference_changes_no_pair(order):
    rows = PBC.with_columns(pl.col("edema3").cast(pl.String).cast(pl.Enum(order)))
    fit = coxph(MODEL, rows)
    for a in original().additive:
        (b,) = interaction(
            fit, "low", "edema3", levels=(a.modifier_reference, a.modifier), profile=False
        ).additive
        np.testing.assert_allclose(numbers(b), numbers(a), rtol=SAME, atol=1e-9)


@pytest.mark.parametrize(
    "coded", [pl.col("low").cast(pl.Int64), pl.when("low").then(pl.lit("yes")).otherwise(pl.lit("no"))]
)
def test_the_type_of_the_exposure_does_not_matter(coded):
    found = interaction(coxph(MODEL, PBC.with_columns(low=coded)), "low", "edema3", profile=False)
    for a, b in zip(original().additive, found.additive, strict=True):
        np.testing.assert_allclose(numbers(b), numbers(a), rtol=SAME, atol=1e-9)


def test_turning_the_exposure_round_is_naming_the_other_reference():
    turned = interaction(coxph(MODEL, PBC.with_columns(~pl.col("low"))), "low", "edema3", profile=False)
    named = interaction(coxph(MODEL, PBC), "low", "edema3", profile=False, recode=(True, "none"))
    for a, b in zip(named.recoded, turned.additive, strict=True):
        np.testing.assert_allclose(numbers(b), numbers(a), rtol=SAME, atol=1e-9)


def test_exposure_and_modifier_change_places():
    found = interaction(coxph(MODEL, PBC), "edema3", "low", profile=False)
    for a, b in zip(original().additive, found.additive, strict=True):
        np.testing.assert_allclose(numbers(b), numbers(a), rtol=SAME, atol=1e-9)


@settings(max_examples=4)
@given(st.floats(0.01, 1000))
def test_the_unit_of_a_continuous_exposure_does_not_matter(factor):
    model = "Surv(time, death) ~ rcs(albumin, 4) * sex + age"
    one = interaction(coxph(model, PBC), "albumin", "sex", exposure_levels=(3.5, 3.0), profile=False)
    rows = PBC.with_columns(pl.col("albumin") * factor)
    two = interaction(
        coxph(model, rows), "albumin", "sex", exposure_levels=(3.5 * factor, 3.0 * factor), profile=False
    )
    np.testing.assert_allclose(numbers(two.additive[0]), numbers(one.additive[0]), rtol=SCALED, atol=1e-8)
    assert two.joint.likelihood_ratio.chi2 == pytest.approx(one.joint.likelihood_ratio.chi2, rel=SCALED)


@settings(max_examples=40)
@given(
    arrays(np.float64, 3, elements=st.floats(-2, 3)),
    arrays(np.float64, (3, 4), elements=st.floats(-1, 1)),
    st.sampled_from([0.8, 0.95, 0.99]),
)
def test_limits_leave_the_null_out_exactly_where_p_is_small(logs, root, level):
    for m in measures(logs, root @ root.T + 1e-4 * np.eye(3), level):
        for i in m.intervals:
            # at a null that a limit touches to the last digits, rounding decides
            touching = min(abs(i.lower - m.null), abs(i.upper - m.null)) < 1e-9 * (1 + abs(i.upper - i.lower))
            assert touching or (i.lower > m.null or i.upper < m.null) == (i.p < 1 - level)
            assert i.lower <= m.estimate <= i.upper


@settings(max_examples=40)
@given(
    st.lists(
        st.sampled_from([-np.inf, -2.0, -1.0, -0.5, 0.0, 0.25, 1.0, 3.0, np.inf]), min_size=80, max_size=90
    ),
    st.sampled_from([-0.7, 0.0, 0.1]),
)
def test_percentiles_leave_the_null_out_exactly_where_p_is_small(values, null):
    ordered = np.sort(np.array(values))
    lower, upper = percentile_limits(ordered, 0.95)
    assert (lower > null or upper < null) == (percentile_p(ordered, null) < 0.05)


@settings(max_examples=6)
@given(st.integers(0, 2**32 - 1), st.floats(-1.5, 1.5))
def test_the_headline_of_an_interaction_leaves_one_out_exactly_where_p_is_small(seed, effect):
    rng = np.random.default_rng(seed)
    low, user = rng.random(80) < 0.5, rng.random(80) < 0.5
    time = rng.exponential(np.exp(-effect * (low & user))) + 1e-3
    rows = pl.DataFrame({"t": time, "d": rng.random(80) < 0.8, "low": low, "user": user})
    found = interaction(coxph("Surv(t, d) ~ low * user", rows), "low", "user")
    for r in (*found.ratio, *found.exposure_in_modifier, *found.against_reference[1:]):
        if r.p is not None:
            assert (r.lower > 1 or r.upper < 1) == (r.p < 0.05)
            assert (r.wald_lower > 1 or r.wald_upper < 1) == (r.wald_p < 0.05)
