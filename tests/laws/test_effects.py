"""Laws of effects: what a change of reference, coding, scale or grid may change, and what it may not."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.cox import coxph
from riskset.effects import hazard_ratio_curve, interaction
from riskset.effects.exposure_range import histogram_bins, weighted_percentile

DATA = Path(__file__).parents[1] / "data"
SWELLING = ["none", "treated", "despite"]
PBC = pl.read_csv(DATA / "pbc_interactions.csv").with_columns(
    low=pl.col("albumin") < 3.5,
    edema3=pl.col("edema")
    .replace_strict(dict(zip([0.0, 0.5, 1.0], SWELLING, strict=True)))
    .cast(pl.Enum(SWELLING)),
)
BOTH = "Surv(time, death) ~ low * edema3 + age"
CURVE = "Surv(time, death) ~ rcs(albumin, 4) * sex + age"
# Newton's method ends 1e-10 of a standard error from the maximum; two codings end at two such points.
SAME = 1e-7


@cache
def original():
    return interaction(coxph(BOTH, PBC), "low", "edema3")


@cache
def curve():
    return hazard_ratio_curve(coxph(CURVE, PBC), "albumin", by="sex")


@pytest.mark.parametrize("order", [["treated", "none", "despite"], ["despite", "treated", "none"]])
def test_changing_the_modifiers_reference_changes_no_answer(order):
    other = interaction(
        coxph(BOTH, PBC.with_columns(pl.col("edema3").cast(pl.String).cast(pl.Enum(order)))), "low", "edema3"
    )
    ours = {r.modifier: r for r in original().exposure_in_modifier}
    for r in other.exposure_in_modifier:
        same = ours[r.modifier]
        for value in ("hazard_ratio", "lower", "upper", "p", "wald_lower", "wald_upper"):
            assert getattr(r, value) == pytest.approx(getattr(same, value), rel=SAME)
    assert tuple(other.joint.likelihood_ratio) == pytest.approx(
        tuple(original().joint.likelihood_ratio), rel=SAME
    )
    assert tuple(other.joint.wald) == pytest.approx(tuple(original().joint.wald), rel=SAME)


def test_turning_the_exposure_round_inverts_its_ratios():
    other = interaction(coxph(BOTH, PBC.with_columns(~pl.col("low"))), "low", "edema3")
    for ours, theirs in (
        (original().exposure_in_modifier, other.exposure_in_modifier),
        (original().ratio, other.ratio),
    ):
        for a, b in zip(ours, theirs, strict=True):
            assert (b.hazard_ratio, b.lower, b.upper) == pytest.approx(
                (1 / a.hazard_ratio, 1 / a.upper, 1 / a.lower), rel=SAME
            )
            assert b.p == pytest.approx(a.p, rel=SAME)


@pytest.mark.parametrize(
    "coded",
    [
        pl.col("low").cast(pl.Int64),
        pl.col("low").cast(pl.Float64),
        pl.when("low").then(pl.lit("yes")).otherwise(pl.lit("no")),
    ],
)
def test_the_type_of_the_exposure_does_not_matter(coded):
    other = interaction(coxph(BOTH, PBC.with_columns(low=coded)), "low", "edema3")
    for a, b in zip(original().ratio, other.ratio, strict=True):
        assert (b.log_estimate, b.std_error) == pytest.approx((a.log_estimate, a.std_error), rel=SAME)


def test_exposure_and_modifier_change_places():
    other = interaction(coxph(BOTH, PBC), "edema3", "low")
    for a, b in zip(original().ratio, other.ratio, strict=True):
        assert (b.hazard_ratio, b.p) == pytest.approx((a.hazard_ratio, a.p), rel=SAME)
    within = {(r.exposure, r.modifier): r.hazard_ratio for r in other.modifier_in_exposure}
    for r in original().exposure_in_modifier:
        assert within[r.modifier, r.exposure] == pytest.approx(r.hazard_ratio, rel=SAME)


def test_interval_and_test_of_one_method_agree():
    found = original()
    for r in (*found.exposure_in_modifier, *found.modifier_in_exposure, *found.ratio):
        assert (r.lower > 1 or r.upper < 1) == (r.p < 0.05)
        assert (r.wald_lower > 1 or r.wald_upper < 1) == (r.wald_p < 0.05)


@given(st.floats(2.2, 4.5))
def test_a_curve_is_one_at_its_reference_with_no_width(reference):
    for stratum in hazard_ratio_curve(
        coxph(CURVE, PBC), "albumin", by="sex", reference=reference, x=[reference]
    ).strata:
        assert (stratum.lower[0], stratum.hazard_ratio[0], stratum.upper[0]) == (1.0, 1.0, 1.0)


@given(st.floats(2.2, 4.5), st.floats(2.2, 4.5))
def test_changing_the_reference_shifts_the_curve_and_leaves_the_tests(a, b):
    fit = coxph(CURVE, PBC)
    at = [2.5, 3.0, 3.7, b]
    first, second = (hazard_ratio_curve(fit, "albumin", by="sex", reference=r, x=at) for r in (a, b))
    for s, t in zip(first.strata, second.strata, strict=True):
        np.testing.assert_allclose(
            s.log_hazard_ratio - s.log_hazard_ratio[-1], t.log_hazard_ratio, rtol=0, atol=1e-10
        )
    assert first.tests == second.tests


@settings(max_examples=15)
@given(st.floats(0.01, 1000))
def test_the_unit_of_the_exposure_changes_the_axis_alone(factor):
    other = hazard_ratio_curve(
        coxph(CURVE, PBC.with_columns(pl.col("albumin") * factor)), "albumin", by="sex"
    )
    assert other.reference == pytest.approx(curve().reference * factor, rel=1e-12)
    for a, b in zip(curve().tests, other.tests, strict=True):
        assert (b.name, b.level, b.df) == (a.name, a.level, a.df)
        assert b.chi2 == pytest.approx(a.chi2, rel=1e-6)
    at = np.array([2.5, 3.2, 4.0])
    for k in (0, 1):
        ours, theirs = (
            hazard_ratio_curve(
                coxph(CURVE, PBC.with_columns(pl.col("albumin") * f)), "albumin", by="sex", x=at * f
            ).strata[k]
            for f in (1.0, factor)
        )
        np.testing.assert_allclose(theirs.log_hazard_ratio, ours.log_hazard_ratio, rtol=1e-6, atol=1e-9)
        np.testing.assert_allclose(theirs.std_error, ours.std_error, rtol=1e-6, atol=1e-9)


def test_the_coding_of_the_modifier_changes_no_curve_and_no_joint_test():
    turned = PBC.with_columns(pl.col("sex").cast(pl.Enum(["m", "f"])))
    other = hazard_ratio_curve(coxph(CURVE, turned), "albumin", by="sex")
    for s in curve().strata:
        t = next(t for t in other.strata if t.level == s.level)
        np.testing.assert_allclose(t.hazard_ratio, s.hazard_ratio, rtol=SAME)
        np.testing.assert_allclose(t.upper, s.upper, rtol=1e-6)
        np.testing.assert_array_equal(t.histogram, s.histogram)
    for a in curve().tests:
        assert other.test(a.name, a.level).chi2 == pytest.approx(a.chi2, rel=1e-6)


@settings(max_examples=10)
@given(st.lists(st.floats(0.05, 0.95), min_size=PBC.height, max_size=PBC.height))
def test_splitting_every_row_anywhere_leaves_effects_and_curves(shares):
    rows = PBC.with_columns(
        entry=pl.lit(0.0), exit=pl.col("time").cast(pl.Float64), cut=pl.col("time") * pl.Series(shares)
    )
    split = pl.concat(
        [
            rows.with_columns(exit=pl.col("cut"), death=pl.lit(0, dtype=pl.Int64)),
            rows.with_columns(entry=pl.col("cut")),
        ]
    )
    pieces = {"whole": rows, "split": split}
    both = {
        n: interaction(coxph(BOTH.replace("time", "entry, exit"), p, id="id"), "low", "edema3")
        for n, p in pieces.items()
    }
    for a, b in zip(both["whole"].ratio, both["split"].ratio, strict=True):
        assert (b.hazard_ratio, b.lower, b.upper, b.p) == pytest.approx(
            (a.hazard_ratio, a.lower, a.upper, a.p), rel=SAME
        )
    assert (
        both["split"]
        .cells.select("persons", "events")
        .equals(both["whole"].cells.select("persons", "events"))
    )
    np.testing.assert_allclose(
        both["split"].cells["person_time"], both["whole"].cells["person_time"], rtol=1e-12
    )
    fits = {n: coxph(CURVE.replace("time", "entry, exit"), p, id="id") for n, p in pieces.items()}
    curves = {n: hazard_ratio_curve(f, "albumin", by="sex") for n, f in fits.items()}
    assert curves["split"].reference == curves["whole"].reference
    for a, b in zip(curves["whole"].strata, curves["split"].strata, strict=True):
        np.testing.assert_allclose(b.hazard_ratio, a.hazard_ratio, rtol=SAME)
        np.testing.assert_allclose(b.histogram, a.histogram, rtol=1e-9, atol=1e-15)
        assert (b.n_persons, b.n_events) == (a.n_persons, a.n_events)


@pytest.mark.parametrize(
    ("term", "df"),
    [
        ("albumin", 1),
        ("log(albumin)", 1),
        ("albumin + I(albumin^2)", 2),
        ("rcs(albumin, 5)", 4),
        ("log(albumin) + I(log(albumin)^2)", 2),
        ("albumin + log(albumin)", 2),
        ("poly(albumin, 3)", 3),
        ("poly(albumin, 2, raw=TRUE)", 2),
        ("bs(albumin, df=4)", 4),
        ("bs(albumin, knots=[3.5], degree=1)", 2),
        ("ns(albumin, df=3)", 3),
        ("ns(log(albumin), 2)", 2),
    ],
)
def test_any_form_of_the_exposure_has_its_curve(term, df):
    fit = coxph(f"Surv(time, death) ~ ({term}) * sex", PBC)
    found = hazard_ratio_curve(fit, "albumin", by="sex", reference=3.5, x=[3.0])
    assert found.test("overall").df == 2 * df
    assert found.test("interaction").df == df
    nonlinear = found.test("nonlinear interaction")
    assert (nonlinear.df if nonlinear else 0) == df - 1
    assert bool(found.straight) == (df > 1) != bool(found.no_nonlinear)
    for s in found.strata:  # the contrast that the fit itself makes of the two profiles
        direct = fit.contrast({"albumin": 3.0, "sex": s.level}, {"albumin": 3.5, "sex": s.level})
        assert s.log_hazard_ratio[0] == pytest.approx(direct.estimate, rel=1e-10)
        assert s.std_error[0] == pytest.approx(direct.std_error, rel=1e-8)


VALUES = st.lists(st.tuples(st.integers(-40, 400), st.integers(1, 50)), min_size=2, max_size=60)


@given(VALUES, st.sampled_from([1.0, 0.1, 0.25, 0.001, 1 / 3]))
def test_bins_are_equal_cover_the_range_and_hold_no_value_on_an_edge(pairs, unit):
    values = np.array([v for v, _ in pairs]) * unit
    low, high = values.min(), values.max()
    edges = histogram_bins(values, low, high)
    widths = np.diff(edges)
    assert np.allclose(widths, widths[0])
    assert edges[0] <= low
    assert edges[-1] >= high
    counts, _ = np.histogram(values, edges)
    assert counts.sum() == values.size
    digit = {0.25: 0.01, 1 / 3: 0.0}.get(unit, unit)  # the last digit that such values are recorded to
    assert np.abs(values[:, None] - edges).min() >= 0.49 * digit


def test_a_few_values_between_grid_points_do_not_halve_the_bins():
    rng = np.random.default_rng(3)
    reported = np.round(rng.normal(2.5, 0.3, 2000), 1)
    reported[:60] += 0.05  # means of two results of one day
    edges = histogram_bins(reported, 1.9, 3.1)
    np.testing.assert_allclose(np.diff(edges), 0.1, rtol=1e-12)
    counts, _ = np.histogram(reported, edges)
    assert counts[6] == np.sum((reported > 2.44) & (reported < 2.54))  # 2.45 counts with 2.5


@given(VALUES, st.floats(0.5, 99.5))
def test_weighted_percentile_is_the_percentile_of_copies(pairs, percent):
    values, weights = (np.array(column, dtype=float) for column in zip(*pairs, strict=True))
    copies = np.sort(np.repeat(values, weights.astype(int)))
    expected = copies[min(int(np.ceil(percent / 100 * copies.size - 1e-9)) - 1, copies.size - 1)]
    assert weighted_percentile(values, weights, percent) == expected
