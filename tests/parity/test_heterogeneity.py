"""Tests over disjoint subgroups against R: parity/r/heterogeneity.R made the expected values."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset import coxph, heterogeneity
from riskset.errors import FitError

DATA = Path(__file__).parents[1] / "data"
R = frozen("heterogeneity")
# Q of separate fits and Wald's test of one large model are two ways to one number, each to 1e-8 of its variances.
P = (1e-6, "χ² to 1e-8 is p to 1e-8 times χ²")
PBC = pl.read_csv(DATA / "pbc_interactions.csv").with_columns(
    x=(pl.col("trt") == 2).cast(pl.Int8),
    m=(pl.col("lb") > 1).cast(pl.Int8),
    sub=pl.max_horizontal("stage", 2),
)


def same(ours: Any, theirs: Mapping[str, float]) -> None:
    agree(ours.chi2, theirs["chi2"])
    agree(ours.df, theirs["df"])
    agree(ours.p, theirs["p"], *P)


@pytest.mark.parametrize("variance", ["model_based", "robust"])
def test_q_is_the_wald_test_of_the_stratified_product_model(variance: str) -> None:
    robust = variance == "robust"
    fits = [
        coxph("Surv(time, death) ~ x * m + age + albumin", PBC.filter(sub=s), id="id", robust=robust)
        for s in (2, 3, 4)
    ]
    at = {name: k for k, name in enumerate(fits[0].summary()["term"])}
    unit = np.eye(len(at))
    x, ratio = unit[at["x"]], unit[at["x:m"]]
    said = R[variance]
    for name, c in (("in_0", x), ("in_1", x + ratio), ("ratio", ratio)):
        se = [np.sqrt(c @ f.cov_params() @ c) for f in fits]
        same(heterogeneity([c @ f.params for f in fits], std_errors=se), said[name])
    L = np.array([x, x + ratio])
    V = [L @ f.cov_params() @ L.T for f in fits]
    same(heterogeneity([L @ f.params for f in fits], covariances=V), said["joint"])


def test_episodes_of_the_same_persons() -> None:
    heart = pl.read_csv(DATA / "heart.csv")
    fits = [
        coxph(
            "Surv(start, stop, event) ~ transplant + age",
            heart.filter((pl.col("age") > 0) == s),
            id="id",
            robust=True,
        )
        for s in (False, True)
    ]
    V = [f.cov_params() for f in fits]
    one = heterogeneity([f.params[0] for f in fits], std_errors=[v[0, 0] ** 0.5 for v in V])
    same(one, R["episodes"]["x"])
    same(heterogeneity([f.params for f in fits], covariances=V), R["episodes"]["both"])


def test_by_hand() -> None:
    # weights 4 and 1: the mean is (4 * 0 + 1 * 1) / 5 = 0.2 and Q = 4 * 0.2² + 1 * 0.8² = 0.8
    found = heterogeneity([0.0, 1.0], std_errors=[0.5, 1.0])
    assert found.pooled.tolist() == pytest.approx([0.2], rel=1e-15)
    assert (found.chi2, found.df) == pytest.approx((0.8, 1.0), rel=1e-14)


def test_a_number_that_one_group_lacks() -> None:
    rng = np.random.default_rng(7)
    b = rng.normal(size=(3, 2))
    V = np.array([np.cov(rng.normal(size=(2, 9))) for _ in range(3)])
    gap = b.copy()
    gap[0, 1] = np.nan
    # known in one group alone, a number tests nothing: the test is that of the other, as its marginal has it
    only = np.where(np.array([[True, True], [True, False], [True, False]]), b, np.nan)
    first = heterogeneity(b[:, 0], std_errors=np.sqrt(V[:, 0, 0]))
    alone = heterogeneity(only, covariances=V)
    assert (alone.chi2, alone.df) == pytest.approx((first.chi2, first.df), rel=1e-12)
    # and with a gap, Q is the least distance over all common values: generalised least squares
    A = np.array([[1, 0], [1, 0], [0, 1], [1, 0], [0, 1]])
    y = np.r_[b[0, 0], b[1], b[2]]
    W = np.zeros((5, 5))
    W[0, 0], W[1:3, 1:3], W[3:, 3:] = 1 / V[0, 0, 0], np.linalg.inv(V[1]), np.linalg.inv(V[2])
    mu = np.linalg.solve(A.T @ W @ A, A.T @ W @ y)
    found = heterogeneity(gap, covariances=V)
    assert found.chi2 == pytest.approx((y - A @ mu) @ W @ (y - A @ mu), rel=1e-12)
    assert found.df == 3
    assert found.pooled.tolist() == pytest.approx(mu.tolist(), rel=1e-12)


@pytest.mark.parametrize(
    "wrong",
    [
        {"estimates": [1.0], "std_errors": [1.0]},
        {"estimates": [1.0, 2.0], "std_errors": [1.0, 0.0]},
        {"estimates": [1.0, 2.0], "std_errors": [1.0]},
        {"estimates": [1.0, 2.0]},
    ],
)
def test_what_cannot_be_compared(wrong: dict[str, Any]) -> None:
    with pytest.raises(FitError):
        heterogeneity(**wrong)
