"""Concordance against a slow, plain twin: all pairs, one by one."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from riskset.cox.concordance import concordance, dominance


def slow_pairs(entry, exit, event, x, weight, stratum):
    """Sums over pairs by their definition: counts, and what each row's weight multiplies."""
    n = x.size
    kinds = np.zeros((n, n, 3))
    tied = np.zeros(2)
    for i in range(n):
        if not event[i] or weight[i] == 0:
            continue
        for j in range(n):
            t = exit[i]
            if j == i or stratum[j] != stratum[i] or not entry[j] < t <= exit[j]:
                continue
            if event[j] and exit[j] == t:
                if j > i:
                    tied[int(x[i] == x[j])] += weight[i] * weight[j]
                continue
            kinds[i, j] = weight[i] * weight[j] * np.array([x[i] > x[j], x[i] < x[j], x[i] == x[j]])
    return kinds, tied


@given(seed=st.integers(0, 2**32 - 1), delayed=st.booleans(), strata=st.integers(1, 3))
@settings(max_examples=40)
def test_all_pairs_one_by_one(seed, delayed, strata):
    rng = np.random.default_rng(seed)
    n = 40
    entry = rng.integers(0, 6, n).astype(float) * delayed
    exit, event = entry + rng.integers(1, 7, n), rng.random(n) < 0.5
    x, weight = rng.integers(0, 6, n).astype(float), rng.choice([0.0, 1.0, 0.5, 3.0], n)
    stratum, cluster = rng.integers(0, strata, n), rng.integers(0, 15, n)
    kinds, tied = slow_pairs(entry, exit, event, x, weight, stratum)
    total = kinds.sum(axis=(0, 1))
    assume(total.sum() > 0)
    ours = concordance(
        x, entry if delayed else None, exit, event, strata=stratum, weights=weight, cluster=cluster
    )
    np.testing.assert_allclose(ours.counts.sum().row(0), [*total, *tied], rtol=1e-12, atol=1e-12)
    C = (total[0] + total[2] / 2) / total.sum()
    assert ours.concordance == pytest.approx(C, rel=1e-12)
    # a row's influence: its weight times the derivative of C by it
    of_row = kinds.sum(axis=1) + kinds.sum(axis=0)
    influence = (of_row[:, 0] + of_row[:, 2] / 2 - C * of_row.sum(axis=1)) / total.sum()
    np.testing.assert_allclose(ours.influence, influence, atol=1e-13)
    assert ours.std_error == pytest.approx(np.linalg.norm(np.bincount(cluster, influence)), rel=1e-10)


@given(seed=st.integers(0, 2**32 - 1), points=st.integers(0, 70), queries=st.integers(0, 40))
@settings(max_examples=40)
def test_sums_over_quadrants(seed, points, queries):
    rng = np.random.default_rng(seed)
    a, b = rng.integers(0, 9, (2, points))
    qa, qb = rng.integers(0, 9, (2, queries))
    w = rng.standard_normal(points)
    there = (a > qa[:, None]) & (b < qb[:, None])
    np.testing.assert_allclose(dominance(a, b, w, qa, qb), there @ w, atol=1e-12)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_splitting_rows_changes_nothing_over_persons(seed):
    rng = np.random.default_rng(seed)
    n = 40
    exit, event, x = rng.integers(2, 30, n).astype(float), rng.random(n) < 0.6, rng.standard_normal(n)
    assume(event.any())
    cut = np.floor(exit * rng.random(n))
    cut[cut < 1] = 1
    person = np.arange(n)
    assume(event.sum() > 1)
    whole = concordance(x, None, exit, event, cluster=person)
    split = concordance(
        np.concatenate([x, x]),
        np.concatenate([np.zeros(n), cut]),
        np.concatenate([cut, exit]),
        np.concatenate([np.zeros(n, dtype=bool), event]),
        cluster=np.concatenate([person, person]),
    )
    assert split.concordance == pytest.approx(whole.concordance, rel=1e-12)
    assert split.std_error == pytest.approx(whole.std_error, rel=1e-10)
