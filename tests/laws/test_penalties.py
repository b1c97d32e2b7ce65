"""Laws of penalised fits, terms and bootstrap weights: what must not matter does not."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from riskset.cox import Firth, Ridge, coxph_matrix
from riskset.cox.arrays import MatrixFit
from riskset.cox.bootstrap import drawn_rows
from riskset.cox.hypotheses import likelihood_ratio_test
from riskset.kernel import build_index, evaluate, information, risk_rows, score

SEEDS = st.integers(0, 2**32 - 1)
PENALTIES = st.sampled_from([Firth(), Ridge(0.5), Ridge(20.0, scale=False)])
TIES = st.sampled_from(["efron", "breslow"])


def cohort(seed: int, n: int = 60) -> dict[str, np.ndarray]:
    """Delayed entry, ties, strata and weights; a rare column."""
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 12, n).astype(float)
    X = np.column_stack([rng.standard_normal(n), rng.random(n) < 0.2])
    return {
        "X": X,
        "entry": entry,
        "exit": entry + rng.integers(1, 16, n),
        "event": rng.random(n) < 0.7,
        "strata": rng.integers(0, 2, n),
        "weights": rng.integers(1, 4, n).astype(float),
    }


def fitted(d: dict[str, np.ndarray], penalty: Firth | Ridge, ties: str = "efron") -> MatrixFit:
    fit = coxph_matrix(**d, ties=ties, penalty=penalty)
    assume(fit.independent.all())
    assert fit.status == "converged"
    return fit


def same(a: MatrixFit, b: MatrixFit) -> None:
    # Firth's slope is a difference of third moments: a digit less than the likelihood's
    np.testing.assert_allclose(a.params, b.params, rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(a.objective, b.objective, rtol=1e-11)
    np.testing.assert_allclose(a.covariance, b.covariance, rtol=1e-7, atol=1e-9)


@given(SEEDS, TIES)
def test_splitting_leaves_firths_fit(seed, ties):
    d = cohort(seed)
    cut = (d["entry"] + d["exit"]) / 2
    split = {k: np.concatenate([v, v]) for k, v in d.items()}
    split["entry"], split["exit"] = np.concatenate([d["entry"], cut]), np.concatenate([cut, d["exit"]])
    split["event"] = np.concatenate([np.zeros(cut.size, dtype=bool), d["event"]])
    same(fitted(d, Firth(), ties), fitted(split, Firth(), ties))


@given(SEEDS, PENALTIES, TIES)
def test_order_of_rows_changes_nothing(seed, penalty, ties):
    d = cohort(seed)
    order = np.random.default_rng(seed).permutation(d["exit"].size)
    same(fitted(d, penalty, ties), fitted({k: v[order] for k, v in d.items()}, penalty, ties))


@given(SEEDS, st.sampled_from([Firth(), Ridge(0.5)]), st.sampled_from([1e-6, 3.0, 1e6]))
def test_units_change_nothing_but_the_unit(seed, penalty, scale):
    d = cohort(seed)
    fit, moved = fitted(d, penalty), fitted(d | {"X": d["X"] * [scale, 1.0]}, penalty)
    np.testing.assert_allclose(moved.params * [scale, 1.0], fit.params, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(moved.loglik, fit.loglik, rtol=1e-10)


@given(SEEDS)
def test_no_ridge_is_no_penalty_and_an_endless_one_is_no_model(seed):
    d = cohort(seed)
    plain = coxph_matrix(**d)
    assume(plain.status == "converged" and plain.independent.all())
    np.testing.assert_allclose(fitted(d, Ridge(0.0)).params, plain.params, rtol=1e-7, atol=1e-9)
    tight = fitted(d, Ridge(1e9))
    np.testing.assert_allclose(tight.params, 0, atol=1e-5)
    assert tight.loglik == pytest.approx(plain.loglik_null, rel=1e-7)
    # more penalty, less likelihood
    heights = [fitted(d, Ridge(theta)).loglik for theta in (0.1, 1.0, 10.0)]
    assert plain.loglik >= heights[0] >= heights[1] >= heights[2]


@given(SEEDS)
@settings(max_examples=20)
def test_penalised_likelihood_falls_under_any_constraint(seed):
    fit = fitted(cohort(seed), Firth())
    one = likelihood_ratio_test(fit, np.array([[1.0, 0.0]]))
    both = likelihood_ratio_test(fit, np.eye(2))
    assert -1e-9 < one.chi2 <= both.chi2 + 1e-9
    assert (one.df, both.df) == (1, 2)


@given(SEEDS, TIES)
def test_drawn_rows_are_rows_with_multiplied_weights(seed, ties):
    d = cohort(seed)
    rng = np.random.default_rng(seed)
    count = rng.integers(0, 3, d["exit"].size)
    assume((d["event"] & (count > 0)).any())
    beta = rng.standard_normal(2) / 2
    times = (d["entry"], d["exit"], d["event"])
    index = build_index(*times, stratum=d["strata"], weight=d["weights"], ties=ties)
    kept = np.arange(count.size) if index.kept is None else index.kept
    assume((count[kept][index.death_row] > 0).any())
    drawn = drawn_rows(risk_rows(index, d["X"][kept]), count[kept])
    assert drawn is not None
    again = build_index(*times, stratum=d["strata"], weight=d["weights"] * count, ties=ties)
    kept = np.arange(count.size) if again.kept is None else again.kept
    fresh = risk_rows(again, d["X"][kept])
    one, two = evaluate(drawn, beta), evaluate(fresh, beta)
    assert one.loglik == pytest.approx(two.loglik, rel=1e-12, abs=1e-12)
    np.testing.assert_allclose(score(drawn, one), score(fresh, two), rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(information(drawn, one)[0], information(fresh, two)[0], rtol=1e-9, atol=1e-10)
