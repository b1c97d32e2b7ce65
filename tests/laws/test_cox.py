"""Laws of the Cox model: what must not matter does not, what must add adds, derivatives are derivatives."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from riskset.cox import coxph, coxph_matrix, wald_test
from riskset.cox.arrays import MatrixFit
from riskset.cox.robust import cluster_scores
from riskset.kernel import build_index, evaluate, gram, information, moments, risk_rows, scatter, score

SEEDS = st.integers(0, 2**32 - 1)
TIES = st.sampled_from(["efron", "breslow"])


def cohort(seed: int, n: int = 50, p: int = 2) -> dict[str, np.ndarray]:
    """Delayed entry, ties, strata, weights, two rows for each cluster."""
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 12, n).astype(float)
    return {
        "X": rng.standard_normal((n, p)),
        "entry": entry,
        "exit": entry + rng.integers(1, 16, n),
        "event": rng.random(n) < 0.7,
        "strata": rng.integers(0, 2, n),
        "weights": rng.integers(1, 4, n).astype(float),
        "offset": rng.standard_normal(n) / 4,
        "cluster": np.arange(n) // 2,
    }


def fitted(d: dict[str, np.ndarray], ties: str = "efron") -> MatrixFit:
    fit = coxph_matrix(**d, ties=ties)
    assume(fit.status == "converged")
    return fit


def same(a: MatrixFit, b: MatrixFit, *, robust: bool = True) -> None:
    """Equal but for rounding: sums in another order, at a condition number of some dozens."""
    close = {"rtol": 1e-9, "atol": 1e-11}
    np.testing.assert_allclose(a.loglik, b.loglik, **close)
    np.testing.assert_allclose(a.loglik_null, b.loglik_null, **close)
    np.testing.assert_allclose(a.params, b.params, **close)
    np.testing.assert_allclose(a.covariance, b.covariance, **close)
    np.testing.assert_allclose(a.score_statistic, b.score_statistic, rtol=1e-8, atol=1e-11)
    if robust:
        np.testing.assert_allclose(a.robust_covariance, b.robust_covariance, rtol=1e-8, atol=1e-11)
        np.testing.assert_allclose(a.robust_score_statistic, b.robust_score_statistic, rtol=1e-8, atol=1e-11)


@given(SEEDS, TIES, st.data())
def test_splitting_an_episode_anywhere_changes_nothing(seed, ties, data):
    d = cohort(seed)
    n = d["exit"].size
    # at any point inside each row, event times among them
    share = data.draw(st.lists(st.integers(1, 15), min_size=n, max_size=n))
    cut = np.minimum(d["entry"] + np.array(share) / 2, d["exit"] - 0.25)
    cut = np.where(cut > d["entry"], cut, (d["entry"] + d["exit"]) / 2)
    split = {k: np.concatenate([v, v]) for k, v in d.items()}
    split["entry"] = np.concatenate([d["entry"], cut])
    split["exit"] = np.concatenate([cut, d["exit"]])
    split["event"] = np.concatenate([np.zeros(n, dtype=bool), d["event"]])
    same(fitted(d, ties), fitted(split, ties))


@given(SEEDS, TIES)
def test_order_of_rows_and_names_of_persons_change_nothing(seed, ties):
    d = cohort(seed)
    rng = np.random.default_rng(seed)
    order = rng.permutation(d["exit"].size)
    shuffled = {k: v[order] for k, v in d.items()}
    names = rng.permutation([f"person {k}" for k in range(d["cluster"].max() + 1)])
    shuffled["cluster"] = names[shuffled["cluster"]]
    shuffled["strata"] = np.array(["west", "east"])[shuffled["strata"]]
    same(fitted(d, ties), fitted(shuffled, ties))


@given(SEEDS, TIES, st.floats(-1e4, 1e4), st.sampled_from([1e-9, 0.01, 3.0, 1e9]))
def test_shift_leaves_and_scale_divides_the_coefficient(seed, ties, shift, scale):
    d = cohort(seed)
    fit = fitted(d, ties)
    moved = fitted(d | {"X": d["X"] * [1.0, scale] + [shift, 0.0]}, ties)
    # 1e4 before a standard deviation of 1 leaves twelve digits of the covariate
    np.testing.assert_allclose(moved.params * [1.0, scale], fit.params, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(moved.loglik, fit.loglik, rtol=1e-10)
    scaled = moved.covariance * np.outer([1.0, scale], [1.0, scale])
    np.testing.assert_allclose(scaled, fit.covariance, rtol=1e-8, atol=1e-9)


@given(SEEDS, TIES, st.sampled_from([np.log1p, np.sqrt, np.square, lambda t: 7 * t - 3]))
def test_only_the_order_of_times_counts(seed, ties, change):
    d = cohort(seed)
    same(fitted(d, ties), fitted(d | {"entry": change(d["entry"]), "exit": change(d["exit"])}, ties))


@given(SEEDS)
def test_whole_weights_are_replication_under_breslow(seed):
    d = cohort(seed)
    times = d["weights"].astype(int)
    origin = np.arange(times.size)
    replicated = {k: np.repeat(v, times, axis=0) for k, v in d.items()}
    weighted = fitted(d | {"cluster": origin}, "breslow")
    rows = fitted(replicated | {"weights": None, "cluster": np.repeat(origin, times)}, "breslow")
    same(weighted, rows)


@given(SEEDS)
def test_weight_zero_is_absence(seed):
    d = cohort(seed)
    here = np.random.default_rng(seed).random(d["exit"].size) < 0.8
    same(
        fitted(d | {"weights": d["weights"] * here}),
        fitted({k: v[here] for k, v in d.items()}),
    )


@given(SEEDS, TIES)
def test_score_and_information_are_derivatives(seed, ties):
    d = cohort(seed)
    beta = np.random.default_rng(seed).standard_normal(2) / 2
    index = build_index(
        d["entry"], d["exit"], d["event"], stratum=d["strata"], weight=d["weights"], ties=ties
    )
    kept = slice(None) if index.kept is None else index.kept
    rows = risk_rows(index, d["X"][kept], d["offset"][kept])
    state = evaluate(rows, beta)
    h = 1e-5
    steps = h * np.eye(2)
    slope = [(evaluate(rows, beta + s).loglik - evaluate(rows, beta - s).loglik) / (2 * h) for s in steps]
    # a central difference is off by h^2 times a third derivative, and by rounding of loglik / h
    np.testing.assert_allclose(score(rows, state), slope, rtol=1e-5, atol=1e-5)
    curve = [
        (score(rows, evaluate(rows, beta - s)) - score(rows, evaluate(rows, beta + s))) / (2 * h)
        for s in steps
    ]
    np.testing.assert_allclose(information(rows, state)[0], curve, rtol=1e-5, atol=1e-6)
    clusters = np.arange(index.n_rows) % 7
    np.testing.assert_allclose(
        cluster_scores(rows, state, clusters).sum(axis=0), score(rows, state), atol=1e-10
    )


@given(SEEDS, st.integers(2, 5))
def test_moments_and_gram_add_over_any_partition_of_the_rows(seed, parts):
    d = cohort(seed)
    index = build_index(d["entry"], d["exit"], d["event"], stratum=d["strata"])
    X = d["X"] if index.kept is None else d["X"][index.kept]
    rng = np.random.default_rng(seed)
    risk = np.exp(rng.standard_normal(index.n_rows))
    part = rng.integers(0, parts, index.n_rows)
    whole = scatter(index.lo, index.hi, risk, X, index.n_slots, delayed_entry=True)
    pieces = [
        scatter(index.lo[at], index.hi[at], risk[at], X[at], index.n_slots, delayed_entry=True)
        for at in (np.flatnonzero(part == k) for k in range(parts))
    ]
    np.testing.assert_allclose(sum(s0 for s0, _ in pieces), whole[0], rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(sum(s1 for _, s1 in pieces), whole[1], rtol=1e-12, atol=1e-12)
    grams = [gram(X[part == k], risk[part == k]) for k in range(parts)]
    np.testing.assert_allclose(sum(grams), gram(X, risk), rtol=1e-12, atol=1e-12)


@settings(max_examples=5)  # each takes a tenth of a second
@given(SEEDS)
def test_a_blocked_sum_is_the_sum(seed):
    # more rows than one thread takes at a time, against one plain sum per event time
    rng = np.random.default_rng(seed)
    n = 140_000
    exit = rng.integers(1, 6, n).astype(float)
    event = rng.random(n) < 0.001
    X = rng.standard_normal((n, 2))
    index = build_index(None, exit, event)
    assume(index.kept is None)
    beta = np.array([0.3, -0.2])
    m = moments(risk_rows(index, X), beta)
    risk = np.exp(X @ beta - m.shift)
    for k, t in enumerate(index.event_time):
        np.testing.assert_allclose(m.S0[k], risk[exit >= t].sum(), rtol=1e-11)
        np.testing.assert_allclose(m.S1[k], risk[exit >= t] @ X[exit >= t], rtol=1e-9, atol=1e-7)


@given(SEEDS, st.permutations(["a", "b", "c"]))
def test_the_reference_level_is_a_matter_of_labels(seed, order):
    d = cohort(seed, n=80, p=1)
    group = np.random.default_rng(seed + 1).choice(["a", "b", "c"], 80)
    frame = pl.DataFrame({"entry": d["entry"], "exit": d["exit"], "event": d["event"], "x": d["X"][:, 0]})
    fits = []
    for levels in (["a", "b", "c"], order):
        data = frame.with_columns(group=pl.Series(group, dtype=pl.Enum(levels)))
        fits.append(coxph("Surv(entry, exit, event) ~ group * x", data))
    one, other = fits
    assert one.loglik == pytest.approx(other.loglik, rel=1e-12)
    assert other.names[0] == f"group[{order[1]}]"
    # the interaction is the same hypothesis in any coding
    first = wald_test(one, np.eye(5)[3:])
    second = wald_test(other, np.eye(5)[3:])
    assert first.chi2 == pytest.approx(second.chi2, rel=1e-8, abs=1e-10)
    profile = {"group": "b", "x": 0.5}, {"group": "c", "x": -0.5}
    assert one.contrast(*profile).estimate == pytest.approx(
        other.contrast(*profile).estimate, rel=1e-8, abs=1e-10
    )
    assert one.contrast(*profile).std_error == pytest.approx(other.contrast(*profile).std_error, rel=1e-8)
