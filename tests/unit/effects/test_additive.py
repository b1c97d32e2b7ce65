"""RERI, AP and S: worked by hand in docs/hand-algebra.md, section D, and what they do where they are not defined."""

from __future__ import annotations

import warnings
from math import log, sqrt

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtr

from riskset.cox import Firth, coxph
from riskset.effects import interaction
from riskset.effects.additive import PARTS, measures, recoded_by_data
from riskset.effects.additive_bootstrap import percentile_p, replicate_measures
from riskset.effects.mover import mover_limits, mover_p
from riskset.errors import FitError, RisksetWarning

# Hazard ratios 2, 3 and 6; every log rate has variance 1/4, so that every log hazard ratio has 1/2 and shares 1/4.
LOGS = np.log([2.0, 3.0, 6.0])
COVARIANCE = (np.eye(3) + 1) / 4
DOUBLING = log(2) / sqrt(0.5)  # deviate at which every hazard ratio's limits are its half and its double
EXACT = 1e-13  # a few roundings


def near(value):
    return pytest.approx(value, rel=EXACT)


def test_estimates_and_delta_errors_by_hand():
    reri, ap, s = measures(LOGS, COVARIANCE)
    assert (reri.estimate, ap.estimate, s.estimate) == near((2.0, 1 / 3, 5 / 3))
    assert (reri.std_error, ap.std_error, s.std_error) == near((sqrt(12.5), sqrt(5 / 24), sqrt(349 / 450)))


def test_mover_by_hand():
    for name, lower, upper in (
        ("RERI", 2 - sqrt(13), 2 + sqrt(25.75)),
        ("AP", 1 / 3 - sqrt(67) / 12, 1 / 3 + sqrt(13) / 12),
    ):
        rows, signs, constant = PARTS[name]
        found = mover_limits(rows @ LOGS, rows @ COVARIANCE @ rows.T, signs, constant, DOUBLING)
        assert found == near((lower, upper))


def test_mover_p_is_the_level_at_which_the_limit_reaches_the_null():
    rows, signs, constant = PARTS["RERI"]
    parts = (rows @ LOGS, rows @ COVARIANCE @ rows.T, signs, constant)
    # With k the factor of the limits, the lower limit is 2 - (k - 1) sqrt(36/k^2 - 30/k + 19); it is 0 where
    # (k - 1)^2 (19 k^2 - 30 k + 36) = 4 k^2.
    k = np.roots([19.0, -68.0, 111.0, -102.0, 36.0])
    k = min(r.real for r in k if abs(r.imag) < 1e-9 and r.real > 1)
    assert mover_p(*parts) == pytest.approx(2 * ndtr(-log(k) / sqrt(0.5)), rel=1e-9)


def test_s_is_not_defined_unless_risks_rise():
    s = measures(np.log([2.2, 1.0, 0.9]), 0.01 * np.eye(3))[2]
    assert (s.estimate, s.lower, s.p) == (None, None, None)
    assert "HR11 > 1" in s.reason
    assert measures(np.log([0.9, 1.05, 1.3]), 0.01 * np.eye(3))[2].estimate is None


def test_a_reference_of_lowest_risk_is_described_without_limits():
    assert recoded_by_data(("e1", "e0", "m1", "m0"), LOGS) is None
    # Risks 1, 1/2, 2, 3/2 for neither, exposure, modifier, both: the exposed without the modifier have the lowest.
    found = recoded_by_data(("e1", "e0", "m1", "m0"), np.log([0.5, 2.0, 1.5]))
    assert (found.exposure, found.modifier) == ("e1", "m0")
    # against them: unexposed 2, both 3, modifier alone 4
    assert (found.reri, found.ap, found.s) == near((4 - 2 - 3 + 1, 0.0, 1.0))
    assert "without confidence limits" in found.note


def test_percentiles_with_empty_cells():
    # No event with both: risk 0 there; none in the reference: all three endless, in proportions that count.
    logs = np.array(
        [[log(2.0), log(3.0), -15.0], [15.0, 14.0, 16.0], [15.0, 15.5, 14.0], [log(2.0), log(3.0), log(6.0)]]
    )
    found = replicate_measures(logs, np.array([True, True, True, False]))
    assert found["RERI"].tolist() == [near(1 - 2 - 3.0), np.inf, -np.inf, near(2.0)]
    assert found["AP"][0] == -np.inf
    assert found["AP"][1] == pytest.approx(
        1 - np.exp(-1) - np.exp(-2), abs=1e-6
    )  # the reference's own 1e-7 is left out
    assert np.isnan(found["S"][0])


def test_percentile_p_is_that_of_percentile_limits():
    ordered = np.sort(np.array([-np.inf, -1.0, 0.5, 1.0, 2.0, 3.0, np.inf]))
    assert percentile_p(ordered, 0.0) == pytest.approx(2 * (1 + 1 / 1.5) / 6)
    assert percentile_p(ordered, 10.0) == pytest.approx(2 / 6)  # all beyond the last number is infinity
    assert percentile_p(np.arange(1.0, 101.0), 0.0) == pytest.approx(2 / 101)


# --- from a fit --------------------------------------------------------------------------------------------------


def cohort(*, empty: bool = False, n: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(11)
    low, user = rng.random(n) < 0.4, rng.random(n) < 0.5
    hazard = np.exp(0.7 * low + 0.4 * user)
    event = rng.random(n) < 0.7
    if empty:
        event &= ~(low & user)
    time = rng.exponential(100 / hazard) + 0.01
    return pl.DataFrame(
        {"id": range(n), "time": time, "event": event, "low": low, "user": user, "age": rng.normal(0, 1, n)}
    )


MODEL = "Surv(time, event) ~ low * user + age"


def test_not_defined_where_a_cell_has_no_event_unless_a_penalty_gives_it_a_value():
    rows = cohort(empty=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # the fit says that its likelihood has no maximum
        fit = coxph(MODEL, rows, id="id")
    found = interaction(fit, "low", "user")
    assert [m.estimate for m in found.additive[0].measures] == [None] * 3
    assert {m.reason for m in found.additive[0].measures} == {"no event in the cell yes, yes"}
    assert found.one_stratum_only == ()
    assert found.warnings[0].startswith("cells with fewer than 10 events: yes, yes: 0")
    assert found.table().filter(pl.col("what") == "RERI")["method"].to_list() == ["not defined"]
    assert "RERI not defined" in repr(found)
    firth = interaction(coxph(MODEL, rows, id="id", penalty=Firth()), "low", "user")
    assert np.isfinite(firth.additive[0].reri.estimate)
    assert firth.ratio[0].upper < 1  # by penalised profile likelihood


def test_a_modifier_that_has_its_own_baseline_has_no_additive_scale():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # user has no coefficient beside strata(user)
        fit = coxph("Surv(time, event) ~ low * user + strata(user)", cohort(), id="id")
    found = interaction(fit, "low", "user")
    assert "strata" in found.additive[0].reri.reason
    assert [r.hazard_ratio is None for r in found.modifier_in_exposure] == [True, True]
    assert found.ratio[0].hazard_ratio is not None  # which compares within strata only


def test_not_defined_where_the_likelihood_has_no_maximum_though_every_cell_has_events():
    # All of those with both have their events first, while everybody else is still at risk.
    rows = cohort().with_columns(both=pl.col("low") & pl.col("user"))
    rows = rows.with_columns(
        time=pl.when("both").then(pl.col("id") * 1e-6 + 1e-6).otherwise("time"),
        event=pl.col("event") | pl.col("both"),
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)
        fit = coxph("Surv(time, event) ~ low * user", rows, id="id")
    found = interaction(fit, "low", "user")
    assert fit.status == "monotone likelihood"
    assert found.additive[0].reri.reason.startswith("the likelihood has no maximum")
    assert found.ratio[0].lower > 1  # the profile has a limit below, and none above
    assert found.ratio[0].upper == np.inf


def test_bootstrap_keeps_empty_cells_and_counts_them():
    # Three events with both: a third of the replicates draws none of them ... or few.
    rows = cohort().with_columns(
        event=pl.col("event")
        & (
            ~(pl.col("low") & pl.col("user"))
            | ((pl.col("low") & pl.col("user") & pl.col("event")).cum_sum() <= 2)
        )
    )
    found = interaction(
        coxph(MODEL, rows, id="id"),
        "low",
        "user",
        interval="bootstrap",
        bootstrap=100,
        rng=np.random.default_rng(3),
    )
    (drawn,) = found.resampled
    # Neither of two persons is drawn with probability (1 - 2/300)^300 = 0.134: 13 of 100, give or take 3.
    assert 3 <= drawn.n_empty <= 26
    assert drawn.n_failed == 0
    ap = found.additive[0].ap
    assert ap.method == "bootstrap"
    assert ap.lower == -np.inf
    assert np.isfinite(found.additive[0].reri.lower)


def test_refusals():
    fit = coxph(MODEL, cohort(), id="id")
    with pytest.raises(FitError, match="draws at random"):
        interaction(fit, "low", "user", bootstrap=200)
    with pytest.raises(FitError, match="at least 80"):
        interaction(fit, "low", "user", bootstrap=50, rng=np.random.default_rng(1))
    with pytest.raises(FitError, match="'low' has no level 'yes'"):
        interaction(fit, "low", "user", recode=("yes", "no"))
    with pytest.raises(FitError, match="no step"):
        interaction(fit, "low", "user", step=1.0)
    linear = coxph("Surv(time, event) ~ age * user", cohort(), id="id")
    with pytest.raises(FitError, match=r"(?s)continuous.*exposure_levels"):
        interaction(linear, "age", "user")


def test_continuous_exposures_by_two_values_or_a_step():
    rows = cohort()
    fit = coxph("Surv(time, event) ~ rcs(age, 4) * user", rows, id="id")
    found = interaction(fit, "age", "user", exposure_levels=(0.0, 1.0))
    assert found.exposure_levels == (0.0, 1.0)
    assert found.joint.likelihood_ratio.df == 3  # the whole curve, not the two values
    direct = fit.contrast({"age": 1.0, "user": True}, {"age": 0.0, "user": True})
    assert found.exposure_in_modifier[1].log_estimate == pytest.approx(direct.estimate, rel=1e-12)
    assert found.cells["events"].null_count() == 4
    stepped = interaction(fit, "age", "user", step=0.5)
    middle = float(np.median(rows["age"]))
    assert stepped.exposure_levels == (middle, middle + 0.5)
    assert "events /" not in repr(stepped)
    with pytest.raises(FitError, match="twice"):
        interaction(fit, "age", "user", step=0.5, exposure_levels=(0.0, 1.0))


def test_every_pair_of_levels():
    rows = cohort().with_columns(site=pl.Series(["a", "b", "c"] * 100))
    fit = coxph("Surv(time, event) ~ low * site", rows, id="id")
    found = interaction(fit, "low", "site", levels="all")
    assert [(r.modifier_reference, r.modifier) for r in found.ratio] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [a.compared[2:] for a in found.additive] == [("b", "a"), ("c", "a"), ("c", "b")]
    first, second, third = (r.log_estimate for r in found.ratio)
    assert third == pytest.approx(second - first, abs=1e-12)
    assert interaction(fit, "site", "low", exposure_levels=("b", "c")).ratio[0].log_estimate == pytest.approx(
        third, abs=1e-12
    )
