"""Laws of diagnostics: what a coding, a scale or a cut of rows may not change."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.cox import coxph, split_episodes
from riskset.effects import diagnose

# Newton's method ends 1e-10 of a standard error from the maximum; two codings end at two such points.
SAME = 1e-7
FORMULA = "Surv(start, stop, event) ~ group * drug + x + z"


@cache
def rows() -> pl.DataFrame:
    rng = np.random.default_rng(11)
    n = 220
    x, z = rng.normal(size=(2, n))
    start = rng.uniform(0, 0.5, n).round(2)
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "start": start,
            "stop": start + 0.01 + rng.exponential(np.exp(-0.5 * x - 0.3 * x**2)).round(2),
            "event": rng.random(n) < 0.7,
            "group": rng.choice(["a", "b", "c"], n),
            "drug": rng.choice(["no", "yes"], n),
            "x": x,
            "z": z + x,
        }
    )


@cache
def original():
    return diagnose(coxph(FORMULA, rows(), id="id"))


def same_up_to_coding(other, ours) -> None:
    a, b = ours.collinearity, other.collinearity
    np.testing.assert_allclose(b.blocks["gvif"], a.blocks["gvif"], rtol=SAME)
    np.testing.assert_allclose(
        other.influence.displacement, ours.influence.displacement, rtol=SAME, atol=1e-9
    )
    for f, g in zip(ours.forms, other.forms, strict=True):
        assert f.test.chi2 == pytest.approx(g.test.chi2, rel=SAME)
        np.testing.assert_allclose(g.departure, f.departure, rtol=SAME, atol=1e-8)
        np.testing.assert_allclose(g.ratio, f.ratio, rtol=SAME)
    ph, other_ph = ours.proportional_hazards.table, other.proportional_hazards.table
    assert ph["chi2"][-1] == pytest.approx(other_ph["chi2"][-1], rel=SAME)


@settings(max_examples=6, deadline=None)
@given(st.permutations(["a", "b", "c"]), st.booleans())
def test_the_reference_level_changes_no_finding(order, turned):
    data = rows().with_columns(
        pl.col("group").cast(pl.Enum(order)), pl.col("drug").cast(pl.Enum(["yes", "no"] if turned else ["no", "yes"]))
    )  # fmt: skip
    other = diagnose(coxph(FORMULA, data, id="id"))
    same_up_to_coding(other, original())
    by_cell = {frozenset(r["cell"].split(", ")): r["events"] for r in original().cells.iter_rows(named=True)}
    assert by_cell == {
        frozenset(r["cell"].split(", ")): r["events"] for r in other.cells.iter_rows(named=True)
    }


@settings(max_examples=6, deadline=None)
@given(st.floats(0.01, 100.0), st.floats(-50.0, 50.0))
def test_the_scale_of_a_covariate_changes_no_finding(factor, shift):
    other = diagnose(coxph(FORMULA, rows().with_columns(x=pl.col("x") * factor + shift), id="id"))
    same_up_to_coding(other, original())


# Cuts between the hundredths that times are given in: none within rounding of an event.
@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(5, 300).map(lambda k: k / 100 + 0.005), min_size=1, max_size=5, unique=True))
def test_cutting_rows_changes_no_finding(cuts):
    pieces = split_episodes(rows(), cuts, entry="start", exit="stop", event="event")
    other = diagnose(coxph(FORMULA, pieces, id="id"))
    same_up_to_coding(other, original())
    np.testing.assert_allclose(other.influence.dfbeta, original().influence.dfbeta, atol=1e-10)
    assert other.cells.drop("rows", "person_time").equals(original().cells.drop("rows", "person_time"))
    np.testing.assert_allclose(other.cells["person_time"], original().cells["person_time"], rtol=1e-12)


def test_observed_and_expected_events_add_up_to_the_same():
    for form in original().forms:
        assert form.observed.sum() == pytest.approx(form.expected.sum(), rel=1e-10) == rows()["event"].sum()


def test_a_bent_covariate_is_found_and_its_straight_neighbour_is_not():
    bent, straight = original().forms
    assert bent.covariate == "x"
    assert bent.test.p < 1e-3
    assert straight.test.p > 0.01
    # log hazard 0.5 x + 0.3 x^2: above the straight line at both ends, below it between
    assert bent.departure[0] > 0.1
    assert bent.departure[-1] > 0.1
    assert bent.departure.min() < -0.1


def test_the_score_test_is_near_the_likelihood_ratio_of_the_spline():
    from riskset.basis import default_knots  # noqa: PLC0415 (of this comparison alone)
    from riskset.cox import anova  # noqa: PLC0415

    knots = ", ".join(map(str, default_knots(rows()["z"].to_numpy(), 4).tolist()))
    small = coxph(FORMULA, rows(), id="id")
    large = coxph(FORMULA.replace("+ z", f"+ rcs(z, knots=[{knots}])"), rows(), id="id")
    ratio = anova(small, large)["chi2"][-1]
    # They differ by terms of the order of one over the root of the number of events, 155 here.
    assert original().forms[1].test.chi2 == pytest.approx(ratio, rel=0.15, abs=0.3)
