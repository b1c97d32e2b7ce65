"""The kernel against a slow, plain twin: the partial likelihood as it is defined, one risk set at a time."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from riskset.cox import coxph_matrix
from riskset.cox.robust import cluster_scores
from riskset.kernel import build_index, evaluate, information, risk_rows, score


def slow_cox(entry, exit, event, X, beta, *, stratum, weight, offset, ties):
    """Log likelihood, score residual of each row, information: O(rows x events), straight from the definitions."""
    n, p = X.shape
    eta = X @ beta + offset
    e = np.exp(eta)
    loglik, residual, info = 0.0, np.zeros((n, p)), np.zeros((p, p))
    for s, t in sorted(
        {(s, t) for s, t, d, w in zip(stratum, exit, event, weight, strict=True) if d and w > 0}
    ):
        at_risk = (stratum == s) & (entry < t) & (t <= exit)
        dead = at_risk & event & (exit == t) & (weight > 0)
        m = dead.sum()
        mean_weight = weight[dead].sum() / m
        loglik += weight[dead] @ eta[dead]
        for j in range(m):
            # Efron: at the j-th of m tied deaths, each of the dead is still there with chance 1 - j/m.
            there = at_risk * np.where(dead & (ties == "efron"), 1 - j / m, 1.0)
            r = weight * e * there
            mean = r @ X / r.sum()
            loglik -= mean_weight * np.log(r.sum())
            info += mean_weight * ((X.T * r) @ X / r.sum() - np.outer(mean, mean))
            residual[dead] += (X[dead] - mean) / m
            residual -= (e * there * mean_weight / r.sum())[:, None] * (X - mean)
    return loglik, residual, info


# Few distinct times make many ties and shared limits; halves make times between.
ROW = st.tuples(
    st.integers(0, 9),
    st.integers(1, 9),
    st.booleans(),
    st.integers(0, 2),
    st.sampled_from([0.0, 0.5, 1.0, 2.0, 3.25]),
    st.floats(-2, 2),
    st.lists(st.floats(-3, 3), min_size=2, max_size=2),
)


@st.composite
def data(draw):
    rows = draw(st.lists(ROW, min_size=2, max_size=30))
    columns = [np.array(c) for c in zip(*rows, strict=True)]
    entry = columns[0] / 2
    return {
        "entry": entry,
        "exit": entry + columns[1] / 2,
        "event": columns[2].astype(bool),
        "stratum": columns[3],
        "weight": columns[4],
        "offset": columns[5],
        "X": columns[6].astype(float),
        "beta": np.array(draw(st.lists(st.floats(-2, 2), min_size=2, max_size=2))),
    }


@given(data(), st.sampled_from(["efron", "breslow"]), st.booleans(), st.booleans(), st.booleans())
def test_likelihood_score_information_and_residuals(d, ties, stratified, weighted, delayed):
    n = d["exit"].size
    entry = d["entry"] if delayed else np.full(n, -1.0)
    stratum = d["stratum"] if stratified else np.zeros(n, dtype=int)
    weight = d["weight"] if weighted else np.ones(n)
    expected_loglik, residual, expected_info = slow_cox(
        entry, d["exit"], d["event"], d["X"], d["beta"],
        stratum=stratum, weight=weight, offset=d["offset"], ties=ties,
    )  # fmt: skip

    index = build_index(
        entry if delayed else None, d["exit"], d["event"],
        stratum=stratum if stratified else None, weight=weight if weighted else None, ties=ties,
    )  # fmt: skip
    kept = np.arange(n) if index.kept is None else index.kept
    rows = risk_rows(index, d["X"][kept], d["offset"][kept])
    state = evaluate(rows, d["beta"])
    # Values are of the order of the number of rows times covariates; rounding stays far below.
    np.testing.assert_allclose(state.loglik, expected_loglik, rtol=1e-11, atol=1e-11)
    np.testing.assert_allclose(score(rows, state), weight @ residual, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(information(rows, state)[0], expected_info, rtol=1e-9, atol=1e-10)
    by_row = cluster_scores(rows, state, np.arange(kept.size))
    np.testing.assert_allclose(by_row, (weight[:, None] * residual)[kept], rtol=1e-9, atol=1e-10)
    # a row that is not kept is never at risk at an event, so that it has no residual
    assert not np.any(np.delete(weight[:, None] * residual, kept, axis=0))


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@given(seed=st.integers(0, 10_000))
def test_fit_is_a_maximum_of_the_slow_likelihood(ties, seed):
    rng = np.random.default_rng(seed)
    n = 60
    entry = rng.integers(0, 10, n).astype(float)
    exit = entry + rng.integers(1, 15, n)
    event = rng.random(n) < 0.7
    X = rng.standard_normal((n, 3))
    weight = rng.integers(1, 4, n).astype(float)
    stratum = rng.integers(0, 2, n)
    offset = rng.standard_normal(n) / 4
    fit = coxph_matrix(
        X,
        entry,
        exit,
        event,
        strata=stratum,
        weights=weight,
        offset=offset,
        ties=ties,
        cluster=np.arange(n) // 2,
    )
    assert fit.status == "converged"
    loglik, residual, info = slow_cox(
        entry, exit, event, X, fit.params, stratum=stratum, weight=weight, offset=offset, ties=ties
    )
    u = weight @ residual
    # the score at the maximum is below 1e-8 standard errors
    assert u @ np.linalg.solve(info, u) < 1e-16
    assert fit.loglik == pytest.approx(loglik, rel=1e-12)
    V = np.linalg.inv(info)
    np.testing.assert_allclose(fit.covariance, V, rtol=1e-8, atol=1e-8 * V.max())
    influence = np.add.reduceat(weight[:, None] * residual, np.arange(0, n, 2)) @ V
    robust = influence.T @ influence
    np.testing.assert_allclose(fit.robust_covariance, robust, rtol=1e-7, atol=1e-8 * robust.max())
