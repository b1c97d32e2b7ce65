"""Where floating point could go wrong: cancellation, overflow, times within the tolerance, empty strata."""

from __future__ import annotations

import numpy as np
import pytest

from riskset.cox import coxph_matrix
from riskset.errors import FitError
from riskset.kernel import build_index, evaluate, moments, risk_rows, score
from riskset.kernel.sums import direct_sums


def test_a_small_risk_set_before_a_huge_one_keeps_its_digits():
    # Three rows of risk near 1 are there before 200,000 of risk exp(20) enter: got by subtraction alone, the
    # early risk sets would be rounding errors of 1e14.
    rng = np.random.default_rng(1)
    n = 200_000
    entry = np.concatenate([np.zeros(3), np.full(n, 5.0)])
    exit = np.concatenate([[1.0, 2.0, 3.0], 5.0 + rng.integers(1, 4, n)])
    event = np.concatenate([np.ones(3, dtype=bool), rng.random(n) < 1e-3])
    X = np.concatenate([[0.1, 0.2, -0.3], 20.0 + rng.standard_normal(n)])[:, None]
    index = build_index(entry, exit, event)
    assert index.kept is None
    rows = risk_rows(index, X)
    m = moments(rows, np.ones(1))
    for k, t in enumerate((1.0, 2.0, 3.0)):
        early = np.flatnonzero((entry < t) & (t <= exit))
        r = np.exp(X[early, 0] - m.shift)
        assert m.S0[k] == pytest.approx(r.sum(), rel=1e-12)
        assert m.S1[k, 0] == pytest.approx(r @ X[early, 0], rel=1e-12)


def test_direct_sums_are_sums_over_risk_sets():
    rng = np.random.default_rng(2)
    lo = rng.integers(0, 20, 200).astype(np.int32)
    hi = (lo + rng.integers(1, 10, 200)).astype(np.int32)
    risk, X = rng.random(200), rng.standard_normal((200, 3))
    for slots in (np.array([4]), np.array([1, 2, 3, 17]), np.arange(1, 29), np.array([5, 9, 11])):
        S0, S1 = direct_sums(slots, lo, hi, risk, X)
        there = (lo < slots[:, None]) & (slots[:, None] <= hi)
        np.testing.assert_allclose(S0, there @ risk, rtol=1e-13)
        np.testing.assert_allclose(S1, there @ (risk[:, None] * X), rtol=1e-12, atol=1e-13)


def test_linear_predictors_beyond_the_range_of_exp():
    # exp(2000) is no number, but risks count only relative to each other
    x = np.array([0.0, 1.0, 1.0, 1.0, 0.0, 0.0])
    times = {"entry": None, "exit": [9, 1, 1, 6, 6, 8], "event": [1, 1, 0, 1, 1, 0]}
    fit = coxph_matrix(x[:, None], **times)
    moved = coxph_matrix(x[:, None], **times, offset=np.full(6, 2000.0))
    assert moved.params[0] == pytest.approx(fit.params[0], rel=1e-12)
    assert moved.loglik == pytest.approx(fit.loglik, rel=1e-12)


def test_linear_predictors_apart_by_more_than_a_number_holds():
    # Deaths at 1, 2, 3, 4; the first two are 1800 above the others, so that only equals compete: log 1/2 twice.
    offset = np.array([900.0, 900.0, -900.0, -900.0])
    fit = coxph_matrix(np.zeros((4, 0)), None, [1, 2, 3, 4], np.ones(4), offset=offset)
    assert fit.loglik == pytest.approx(-2 * np.log(2), rel=1e-14)
    # and in the other order each of the low ones dies against both high ones
    fit = coxph_matrix(np.zeros((4, 0)), None, [1, 2, 3, 4], np.ones(4), offset=offset[::-1])
    assert fit.loglik == pytest.approx(-2 * (1800 + np.log(2)) - np.log(2), rel=1e-14)


def test_a_likelihood_spread_over_too_many_scales_is_refused():
    offset = np.arange(100) * 1000.0
    with pytest.raises(FitError, match="differ by more than a number can hold"):
        coxph_matrix(np.ones((100, 1)), None, np.arange(1, 101), np.ones(100), offset=offset)


def test_the_information_of_rows_after_a_nearly_empty_risk_set():
    # A row of risk exp(-60) is alone at time 1, so that the hazard rises by exp(60) there; what it rises by
    # later, about 1/n, is lost in the difference of cumulative hazards. Without that row nothing changes, since
    # a death alone in its risk set says nothing.
    rng = np.random.default_rng(8)
    n = 400
    X = rng.standard_normal((n + 1, 2))
    entry, exit = np.full(n + 1, 5.0), 5.0 + rng.integers(1, 30, n + 1)
    event, offset = rng.random(n + 1) < 0.5, np.zeros(n + 1)
    entry[0], exit[0], event[0], offset[0] = 0.0, 1.0, True, -60.0
    cluster = np.arange(n + 1) // 2
    fit = coxph_matrix(X, entry, exit, event, offset=offset, cluster=cluster)
    without = coxph_matrix(X[1:], entry[1:], exit[1:], event[1:], cluster=cluster[1:])
    np.testing.assert_allclose(fit.params, without.params, rtol=1e-9)
    np.testing.assert_allclose(fit.covariance, without.covariance, rtol=1e-9)
    assert fit.robust_covariance is not None
    np.testing.assert_allclose(fit.robust_covariance, without.robust_covariance, rtol=1e-9)


@pytest.mark.parametrize("size", [1e9, 1e-9])
def test_covariates_of_any_size(size):
    rng = np.random.default_rng(3)
    x, exit = rng.standard_normal(500), rng.integers(1, 50, 500)
    event = rng.random(500) < 0.6
    fit = coxph_matrix(x[:, None], None, exit, event)
    scaled = coxph_matrix(size * x[:, None], None, exit, event)
    assert scaled.status == "converged"
    assert scaled.params[0] * size == pytest.approx(fit.params[0], rel=1e-10)
    assert scaled.loglik == pytest.approx(fit.loglik, rel=1e-13)


def test_newton_from_zero_overshoots_and_comes_back():
    # A skewed covariate: the first full step from zero overshoots, and halving saves it.
    rng = np.random.default_rng(4)
    x = np.exp(2.5 * rng.standard_normal(300))
    exit = rng.exponential(1 / (0.05 + x / x.max()))
    fit = coxph_matrix(x[:, None], None, exit, np.ones(300))
    assert fit.status == "converged"
    assert all(b.loglik >= a.loglik - 1e-9 for a, b in zip(fit.record, fit.record[1:], strict=False))


def test_times_within_the_tolerance_are_one():
    third = 1 / 3
    exit = np.array([1 + third, 4 * third, 2.0, 3.0])  # 1 + 1/3 and 4/3 differ in the last bit or not at all
    exit[1] = np.nextafter(exit[0], 2.0)
    index = build_index(None, exit, np.array([True, True, True, False]))
    assert index.event_time.size == 2
    np.testing.assert_array_equal(index.deaths_per_time, [2, 1])
    raw = build_index(None, exit, np.array([True, True, True, False]), timefix=False)
    assert raw.event_time.size == 3


def test_whole_times_and_halves_are_placed_alike():
    rng = np.random.default_rng(5)
    entry = rng.integers(0, 40, 400).astype(float)
    exit = entry + rng.integers(1, 30, 400)
    event = rng.random(400) < 0.3
    whole = build_index(entry, exit, event)
    halves = build_index(entry / 2 + 0.1, exit / 2 + 0.1, event)
    np.testing.assert_array_equal(whole.lo, halves.lo)
    np.testing.assert_array_equal(whole.hi, halves.hi)


def test_strata_without_events_and_rows_never_at_risk_are_set_aside():
    entry = np.array([0.0, 0.0, 5.0, 0.0, 0.0])
    exit = np.array([2.0, 1.0, 6.0, 9.0, 9.0])
    event = np.array([True, False, False, False, False])
    index = build_index(entry, exit, event, stratum=np.array([0, 0, 0, 0, 1]))
    # only the row with the event and the one that outlives it are ever at risk
    np.testing.assert_array_equal(index.kept, [0, 3])
    np.testing.assert_array_equal(index.base, [0, 2, 3])


def test_thousands_of_strata():
    # matched pairs: the Cox model stratified by pair is the conditional logistic model, and with one binary
    # covariate its estimate is the log ratio of discordant pairs (McNemar)
    exposed_case, unexposed_case, same = 60, 25, 2000
    x, stratum, event = [], [], []
    for pair in range(exposed_case + unexposed_case + same):
        case = 1 if pair < exposed_case else 0
        control = 1 - case if pair < exposed_case + unexposed_case else case
        x += [case, control]
        stratum += [pair, pair]
        event += [1, 0]
    fit = coxph_matrix(np.array(x, dtype=float)[:, None], None, np.ones(len(x)), event, strata=stratum)
    assert fit.params[0] == pytest.approx(np.log(60 / 25), rel=1e-12)
    assert fit.covariance[0, 0] == pytest.approx(1 / 60 + 1 / 25, rel=1e-10)


def test_hand_algebra_of_one_tied_time():
    # two deaths (x = 1, 0) among three rows at one time: Efron's denominators are r + 2 and (r + 2) - (r + 1)/2
    index = build_index(None, np.array([1.0, 1.0, 2.0]), np.array([True, True, False]))
    rows = risk_rows(index, np.array([[1.0], [0.0], [0.0]]))
    for b in (0.0, 0.7, -1.3):
        r = np.exp(b)
        state = evaluate(rows, np.array([b]))
        assert state.loglik == pytest.approx(b - np.log(r + 2) - np.log((r + 3) / 2), rel=1e-13)
        assert score(rows, state)[0] == pytest.approx(1 - r / (r + 2) - r / (r + 3), rel=1e-13)
