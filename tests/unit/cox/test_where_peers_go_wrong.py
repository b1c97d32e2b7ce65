"""Data on which fitters of counting-process rows are known to fail: each has an answer that can be derived."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import logsumexp

from riskset.cox import Firth, coxph, coxph_matrix
from riskset.errors import FitError, RisksetWarning
from riskset.kernel import build_index, evaluate, information, risk_rows, score


def log_domain_cox(entry, exit, event, X, beta, weight, offset, ties):
    """Partial likelihood by its definition, one risk set at a time, with no exp() of a large number."""
    eta = X @ beta + offset
    loglik, u, info = 0.0, np.zeros(beta.size), np.zeros((beta.size, beta.size))
    for t in np.unique(exit[event]):
        at_risk = np.flatnonzero((entry < t) & (t <= exit))
        dies = event[at_risk] & (exit[at_risk] == t)
        dead = at_risk[dies]
        mean_weight = weight[dead].mean()
        loglik += weight[dead] @ eta[dead]
        u += weight[dead] @ X[dead]
        for j in range(dead.size):
            there = np.where(dies & (ties == "efron"), np.log1p(-j / dead.size), 0.0)
            logs = eta[at_risk] + np.log(weight[at_risk]) + there
            chance = np.exp(logs - logsumexp(logs))
            mean = chance @ X[at_risk]
            loglik -= mean_weight * logsumexp(logs)
            u -= mean_weight * mean
            info += mean_weight * (X[at_risk] - mean).T @ (chance[:, None] * (X[at_risk] - mean))
    return loglik, u, info


@given(
    seed=st.integers(0, 2**32 - 1),
    delayed=st.booleans(),
    ties=st.sampled_from(["efron", "breslow"]),
    far=st.sampled_from([1.0, 20.0, 150.0, 299.0, 301.0, 745.0, 5000.0]),
)
@settings(max_examples=60)
def test_linear_predictors_any_distance_apart(seed, delayed, ties, far):
    rng = np.random.default_rng(seed)
    n = 40
    entry = rng.integers(0, 6, n) * float(delayed)
    exit, event = entry + rng.integers(1, 8, n), rng.random(n) < 0.5
    event[0] = True
    X, weight, offset = rng.standard_normal((n, 2)), rng.choice([1.0, 2.5], n), far * rng.integers(-2, 3, n)
    beta = rng.standard_normal(2) * min(far, 50.0)
    index = build_index(entry if delayed else None, exit, event, weight=weight, ties=ties)
    kept = np.arange(n) if index.kept is None else index.kept
    rows = risk_rows(index, X[kept], offset[kept])
    state = evaluate(rows, beta)
    loglik, u, info = log_domain_cox(entry, exit, event, X, beta, weight, offset, ties)
    assert state.loglik == pytest.approx(loglik, rel=1e-12, abs=1e-10)
    # covariances of about one, from risks each good to eta x 2e-16, eta up to 1e4
    np.testing.assert_allclose(score(rows, state), u, atol=1e-9)
    np.testing.assert_allclose(information(rows, state)[0], info, atol=1e-9)


def test_a_stratum_far_above_another_is_another_matter():
    # Strata share no risk set: an offset that differs between them changes nothing, however large.
    rng = np.random.default_rng(1)
    n = 200
    x, exit, event, s = (
        rng.standard_normal((n, 1)),
        rng.integers(1, 30, n),
        rng.random(n) < 0.6,
        np.arange(n) % 2,
    )
    fit = coxph_matrix(x, None, exit, event, strata=s)
    moved = coxph_matrix(x, None, exit, event, strata=s, offset=np.where(s == 0, 2000.0, -2000.0))
    np.testing.assert_allclose(moved.params, fit.params, rtol=1e-10)
    np.testing.assert_allclose(moved.covariance, fit.covariance, rtol=1e-9)
    assert moved.loglik == pytest.approx(fit.loglik, rel=1e-12)


def test_rows_745_apart_in_one_stratum_are_fitted():
    # Those of offset 0 are as good as not there when one of offset 800 is; after the last of these has died,
    # they are a cohort of their own. The estimate is that of the two cohorts as strata.
    rng = np.random.default_rng(2)
    n = 150
    x = rng.standard_normal((2 * n, 1))
    high = np.arange(2 * n) < n
    exit = np.where(high, rng.integers(1, 20, 2 * n), 20 + rng.integers(1, 20, 2 * n))
    event = rng.random(2 * n) < 0.7
    one = coxph_matrix(x, None, exit, event, offset=np.where(high, 800.0, 0.0))
    two = coxph_matrix(x, None, exit, event, strata=high)
    assert one.status == "converged"
    np.testing.assert_allclose(one.params, two.params, rtol=1e-10)
    np.testing.assert_allclose(one.covariance, two.covariance, rtol=1e-9)
    with pytest.raises(FitError, match="too far apart for residuals"):
        coxph_matrix(x, None, exit, event, offset=np.where(high, 800.0, 0.0), cluster=np.arange(2 * n))


def test_a_small_risk_set_after_a_huge_one():
    # A million rows of high risk leave at one time; what is left is three rows of low risk. Subtracted from the
    # million's sum they would be rounding; they are summed from the end instead.
    rng = np.random.default_rng(3)
    n = 1_000_000
    x = np.concatenate([10 + rng.random(n), [0.3, -0.2, 0.9]])
    exit = np.concatenate([np.full(n, 5.0), [7.0, 8.0, 9.0]])
    entry = np.concatenate([rng.integers(0, 4, n), [0, 0, 0]]).astype(float)
    event = np.concatenate([np.arange(n) < 4, [True, True, True]])
    rows = risk_rows(build_index(entry, exit, event), x[:, None])
    m = evaluate(rows, np.array([1.0])).moments
    for k, left in enumerate((3, 2, 1), start=1):
        r = np.exp(x[-left:] - m.shift)
        assert m.S0[k] == pytest.approx(r.sum(), rel=1e-14)
        assert m.S1[k, 0] == pytest.approx(r @ x[-left:], rel=1e-13)
    # and the million themselves
    r = np.exp(x - m.shift)
    assert m.S0[0] == pytest.approx(r.sum(), rel=1e-12)


def test_a_million_ties_at_one_time():
    # All die at once: under Efron's method den_j = S0 (1 - j/m), a closed form at beta = 0.
    m = 1_000_000
    x = np.arange(m) % 7 - 3.0
    fit = coxph_matrix(x[:, None], None, np.ones(m), np.ones(m), max_iterations=0)
    # sum of log(m - j) is log m!, Stirling's series being exact to rounding here
    log_factorial = m * np.log(m) - m + np.log(2 * np.pi * m) / 2 + 1 / (12 * m)
    assert fit.loglik == pytest.approx(-log_factorial, rel=1e-12)


@pytest.mark.parametrize("size", [1e9, 1e-9, -1e9])
@pytest.mark.parametrize("shift", [0.0, 1e6])
def test_covariates_of_any_size_and_place(size: float, shift: float):
    rng = np.random.default_rng(4)
    n = 300
    x, exit, event = rng.standard_normal((n, 2)), rng.integers(1, 40, n), rng.random(n) < 0.5
    fit = coxph_matrix(x, None, exit, event)
    moved = coxph_matrix((x + shift) * [size, 1.0], None, exit, event)
    assert moved.status == "converged"
    # a covariate that has lost digits to its shift has them no more: 1e6 x 2e-16
    rtol = 1e-9 if shift else 1e-10
    np.testing.assert_allclose(moved.params * [size, 1.0], fit.params, rtol=rtol)
    assert moved.loglik == pytest.approx(fit.loglik, rel=1e-12)


def test_negative_covariates_and_mirror_images():
    rng = np.random.default_rng(5)
    n = 200
    x, exit, event = rng.exponential(3, (n, 1)), rng.integers(1, 40, n), rng.random(n) < 0.5
    fit, mirrored = (coxph_matrix(sign * x, None, exit, event) for sign in (1, -1))
    np.testing.assert_allclose(mirrored.params, -fit.params, rtol=1e-12)
    assert mirrored.loglik == pytest.approx(fit.loglik, rel=1e-14)


LABELS = {
    "numbers": lambda k: int(k) * 17 - 400,
    "text": lambda k: f"patient {chr(65 + int(k) % 26)}{int(k)}",
    "fractions": lambda k: float(k) / 7,
}


@pytest.mark.parametrize("kind", LABELS)
def test_cluster_labels_of_any_type_and_order(kind: str):
    rng = np.random.default_rng(6)
    n, persons = 240, 60
    person = np.sort(rng.integers(0, persons, n))
    frame = pl.DataFrame(
        {
            "exit": rng.integers(1, 30, n),
            "event": rng.random(n) < 0.6,
            "x": rng.standard_normal(n),
            "person": person,
        }
    )
    plain = coxph("Surv(exit, event) ~ x", frame, cluster="person")
    # other labels, in another order than the codes, on shuffled rows: each row keeps its own person
    other = rng.permutation(persons)
    named = frame.with_columns(person=pl.Series([LABELS[kind](other[k]) for k in person]))
    for data in (named, named.sample(fraction=1.0, shuffle=True, seed=1)):
        fit = coxph("Surv(exit, event) ~ x", data, cluster="person")
        np.testing.assert_allclose(fit.cov_params(), plain.cov_params(), rtol=1e-10)
        np.testing.assert_allclose(fit.params, plain.params, rtol=1e-10)
    as_category = named.with_columns(pl.col("person").cast(pl.String).cast(pl.Categorical))
    fit = coxph("Surv(exit, event) ~ x", as_category, cluster="person")
    np.testing.assert_allclose(fit.cov_params(), plain.cov_params(), rtol=1e-10)


def test_a_row_split_at_an_event_time_counts_once():
    # (0, 4] and (4, 9] of one person are (0, 9], also where 4 is an event time of others.
    whole = {"entry": [0, 0, 0, 0], "exit": [9, 4, 6, 8], "event": [0, 1, 1, 1], "x": [0.5, 1.0, -1.0, 2.0]}
    split = {
        "entry": [0, 4, 0, 0, 0],
        "exit": [4, 9, 4, 6, 8],
        "event": [0, 0, 1, 1, 1],
        "x": [0.5, 0.5, 1.0, -1.0, 2.0],
    }
    one, two = (coxph("Surv(entry, exit, event) ~ x", d) for d in (whole, split))
    np.testing.assert_allclose(one.params, two.params, rtol=1e-12)
    assert one.loglik == pytest.approx(two.loglik, rel=1e-14)


CELLS = pl.DataFrame(
    {
        "t": np.random.default_rng(9).integers(1, 50, 240),
        "d": np.random.default_rng(10).random(240) < 0.5,
        "drug": np.random.default_rng(11).choice(["current", "former", "never"], 240),
        "low": np.random.default_rng(12).random(240) < 0.4,
        "x": np.random.default_rng(13).standard_normal(240),
    }
)


def test_cells_without_events_are_named():
    one = CELLS.with_columns(d=pl.col("d") & (pl.col("drug") != "former"))
    with pytest.warns(
        RisksetWarning, match=r"go to infinity: drug\[former\]; there is no event where drug = former\. "
    ):
        coxph("Surv(t, d) ~ drug + low + x", one)
    both = CELLS.with_columns(d=pl.col("d") & ~((pl.col("drug") == "never") & pl.col("low")))
    with pytest.warns(RisksetWarning, match="no event where drug = never and low = True"):
        fit = coxph("Surv(t, d) ~ drug * low + x", both)
    # an empty reference makes all other levels run off: the cell is named, not they
    reference = CELLS.with_columns(d=pl.col("d") & (pl.col("drug") != "current"))
    with pytest.warns(RisksetWarning, match="there is no event where drug = current"):
        coxph("Surv(t, d) ~ drug + x", reference)
    number = CELLS.with_columns(d=pl.col("d") & ~pl.col("low"), low=pl.col("low").cast(pl.Int8))
    with pytest.warns(RisksetWarning, match="there is no event where low = 1"):
        coxph("Surv(t, d) ~ low + x", number)
    assert "penalty=Firth()" in fit.message
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert coxph("Surv(t, d) ~ drug * low + x", both, penalty=Firth()).status == "converged"


def test_a_monotone_measurement_is_told_from_an_empty_cell_and_keeps_its_values():
    # who has the highest value dies first, always
    x = np.arange(20.0)[::-1] + 1e5
    with pytest.warns(
        RisksetWarning, match="to infinity: x; at each event the highest, or the lowest"
    ) as told:
        coxph("Surv(t, d) ~ x", {"t": np.arange(1, 21), "d": np.ones(20, dtype=int), "x": x})
    assert "1000" not in str(told[0].message)


def test_columns_that_cannot_be_estimated_are_explained():
    data = CELLS.with_columns(k=pl.lit(4.2), z=2 * pl.col("x") - pl.col("low").cast(pl.Float64))
    with pytest.warns(
        RisksetWarning, match=r"not estimated: k, z \(k is constant; z is made of x, low\[True\]\)"
    ):
        coxph("Surv(t, d) ~ x + low + k + z", data)
    # constant in each stratum
    with pytest.warns(RisksetWarning, match=r"low\[True\] does not vary among those at risk together"):
        coxph("Surv(t, d) ~ x + low + strata(low)", CELLS)


def test_the_iteration_record_is_there_when_it_does_not_converge():
    with pytest.warns(RisksetWarning, match=r"did not converge in 2 steps \(see fit.iterations\)"):
        fit = coxph("Surv(t, d) ~ drug + x", CELLS, max_iterations=2)
    assert fit.status == "not converged"
    assert fit.iterations.columns == ["iteration", "loglik", "decrement", "halvings"]
    assert fit.iterations["iteration"].to_list() == [0, 1, 2]
    assert fit.iterations["loglik"].is_sorted()
    assert fit.iterations["loglik"][0] == fit.loglik_null
