"""Firth's penalty: hand algebra, a slow twin by numerical maximisation, and its promises."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq, minimize

from riskset.cox import CoxFit, Firth, coxph, coxph_matrix, likelihood_ratio, profile_interval, wald_test
from riskset.cox.penalties import slope
from riskset.errors import FitError
from riskset.kernel import evaluate, information
from riskset.linalg import rank_revealing_cholesky

CHI2_95 = 3.841458820694124  # 0.95 quantile of chi-squared on 1 df


def pairs(exposed_first: int, unexposed_first: int) -> pl.DataFrame:
    """Strata of one exposed and one unexposed person; who dies first is given, the other is censored later."""
    rows = [(k, x, t, t == 1) for k in range(exposed_first) for x, t in ((1, 1), (0, 2))]
    shift = exposed_first
    rows += [(k + shift, x, t, t == 1) for k in range(unexposed_first) for x, t in ((0, 1), (1, 2))]
    return pl.DataFrame(rows, schema=["pair", "x", "time", "died"], orient="row")


@pytest.mark.parametrize(("a", "b"), [(1, 0), (3, 0), (7, 2), (0, 5)])
def test_matched_pairs_by_hand(a: int, b: int):
    # Each pair is a binomial trial with log odds beta and information p(1 - p), so that the penalised log
    # likelihood is (a + 1/2) log p + (b + 1/2) log(1 - p) + log(a + b) / 2: half an event is added to each side.
    fit = coxph("Surv(time, died) ~ x + strata(pair)", pairs(a, b), penalty=Firth())
    beta, p = np.log((a + 0.5) / (b + 0.5)), (a + 0.5) / (a + b + 1)
    height = (a + 0.5) * np.log(p) + (b + 0.5) * np.log(1 - p) + np.log(a + b) / 2
    assert fit.status == "converged"
    assert fit.params[0] == pytest.approx(beta, rel=1e-10)
    assert fit.penalised_loglik == pytest.approx(height, rel=1e-12)
    assert fit.loglik == pytest.approx(a * np.log(p) + b * np.log(1 - p), rel=1e-9)
    assert fit.cov_params()[0, 0] == pytest.approx(1 / ((a + b) * p * (1 - p)), rel=1e-8)
    null = (a + b + 1) * np.log(0.5) + np.log(a + b) / 2
    tests = fit.global_tests()
    assert tests.likelihood_ratio is not None
    assert tests.likelihood_ratio.chi2 == pytest.approx(2 * (height - null), rel=1e-9)
    assert likelihood_ratio(fit, [1.0]).chi2 == pytest.approx(2 * (height - null), rel=1e-9)

    def fallen(v: float) -> float:
        q = 1 / (1 + np.exp(-v))
        at = (a + 0.5) * np.log(q) + (b + 0.5) * np.log(1 - q) + np.log(a + b) / 2
        return 2 * (height - at) - CHI2_95

    interval = profile_interval(fit, [1.0])
    assert interval.lower == pytest.approx(brentq(fallen, beta - 30, beta), abs=1e-7)
    assert interval.upper == pytest.approx(brentq(fallen, beta, beta + 30), abs=1e-7)


def sparse(seed: int, ties: str = "efron") -> tuple[dict[str, np.ndarray], np.ndarray]:
    """Delayed entry, ties, weights, strata; nobody with the last covariate dies."""
    rng = np.random.default_rng(seed)
    n = 80
    X = rng.standard_normal((n, 3))
    X[:, 2] = rng.random(n) < 0.15
    entry = rng.integers(0, 5, n).astype(float)
    return {
        "X": X,
        "entry": entry,
        "exit": entry + rng.integers(1, 8, n),
        "event": (rng.random(n) < 0.4) & (X[:, 2] == 0),
        "strata": rng.integers(0, 2, n),
        "weights": rng.choice([0.5, 1.0, 2.0], n),
    }, X


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("seed", range(3))
def test_maximum_is_that_of_the_definition(seed: int, ties: str):
    data, _ = sparse(seed)
    fit = coxph_matrix(**data, ties=ties, penalty=Firth())
    assert fit.status == "converged"

    def height(beta: np.ndarray) -> float:
        state = evaluate(fit.rows, beta)
        return state.loglik + np.linalg.slogdet(information(fit.rows, state)[0])[1] / 2

    slow = minimize(
        lambda b: -height(b),
        np.zeros(3),
        method="Nelder-Mead",
        options={"xatol": 1e-9, "fatol": 1e-13, "maxiter": 4000, "maxfev": 4000},
    )
    # a simplex finds a flat top to the root of its rounding
    np.testing.assert_allclose(fit.params, slow.x, atol=2e-6)
    assert fit.objective == pytest.approx(height(fit.params), rel=1e-13)
    assert fit.objective >= -slow.fun - 1e-11
    assert len(fit.record) < 20  # superlinear, though the penalty's second derivative is never computed


@given(seed=st.integers(0, 2**32 - 1), ties=st.sampled_from(["efron", "breslow"]))
@settings(max_examples=15)
def test_slope_is_the_derivative_of_the_log_determinant(seed: int, ties: str):
    data, _ = sparse(seed)
    data["event"] = np.random.default_rng(seed).random(80) < 0.4
    rows = coxph_matrix(**data, ties=ties, max_iterations=0).rows
    beta = np.random.default_rng(seed).standard_normal(3) / 2

    def half_log_det(b: np.ndarray) -> float:
        return np.linalg.slogdet(information(rows, evaluate(rows, b))[0])[1] / 2

    state = evaluate(rows, beta)
    ours = slope(Firth(), rows, state, rank_revealing_cholesky(*information(rows, state)))
    step = 1e-5
    theirs = [(half_log_det(beta + step * e) - half_log_det(beta - step * e)) / (2 * step) for e in np.eye(3)]
    # central differences: step^2 times a third derivative, and rounding of the determinant / step
    np.testing.assert_allclose(ours, theirs, atol=1e-7)


def separated(seed: int = 1) -> pl.DataFrame:
    rng = np.random.default_rng(seed)
    n = 150
    frame = pl.DataFrame(
        {
            "id": np.arange(n),
            "t": rng.integers(1, 40, n),
            "d": rng.random(n) < 0.4,
            "drug": rng.choice(["never", "former", "current"], n),
            "low": rng.random(n) < 0.4,
            "x": rng.standard_normal(n),
        }
    )
    return frame.with_columns(d=pl.col("d") & ~((pl.col("drug") == "current") & pl.col("low")))


def firth(frame: pl.DataFrame) -> CoxFit:
    return coxph("Surv(t, d) ~ drug * low + x", frame, penalty=Firth())


def test_where_the_likelihood_has_no_maximum_it_is_finite():
    fit = firth(separated())
    assert fit.status == "converged"
    assert not fit.message
    assert np.abs(fit.params).max() < 6
    limits = fit.confint(method="profile")
    assert (limits[:, 0] < fit.params).all()
    assert (fit.params < limits[:, 1]).all()
    assert np.isfinite(limits).all()
    # what the limits say and what the tests say is one thing
    for j, (lower, upper) in enumerate(limits):
        assert (likelihood_ratio(fit, np.eye(fit.params.size)[j]).p < 0.05) == (not lower <= 0 <= upper)
    assert "Firth's penalty" in repr(fit)
    assert wald_test(fit, np.eye(fit.params.size)).df == fit.params.size


def test_reference_level_and_scale_do_not_matter():
    # Jeffreys' prior does not depend on the parametrisation: log det changes by a constant.
    frame = separated()
    fit = firth(frame)
    turned = coxph(
        "Surv(t, d) ~ factor(drug, ref='never') * low + z",
        frame.with_columns(z=100 * pl.col("x")),
        penalty=Firth(),
    )
    assert turned.loglik == pytest.approx(fit.loglik, rel=1e-9)
    ours, theirs = (f.params[f.names.index(n)] for f, n in ((turned, "z"), (fit, "x")))
    assert 100 * ours == pytest.approx(theirs, rel=1e-6)
    whole = likelihood_ratio(fit, np.eye(fit.params.size)[[i for i, n in enumerate(fit.names) if ":" in n]])
    again = likelihood_ratio(
        turned, np.eye(fit.params.size)[[i for i, n in enumerate(turned.names) if ":" in n]]
    )
    assert again.chi2 == pytest.approx(whole.chi2, rel=1e-6)


@given(seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_it_converges_wherever_there_is_an_event(seed: int):
    # rare and separated columns, few rows, units far apart
    rng = np.random.default_rng(seed)
    n, p = int(rng.integers(8, 80)), int(rng.integers(1, 6))
    rare = (rng.random((n, p)) < rng.uniform(0.05, 0.5, p)).astype(float)
    X = np.where(rng.random(p) < 0.6, rare, rng.standard_normal((n, p)) * rng.choice([0.01, 1, 100]))
    entry = rng.integers(0, 6, n) * float(rng.random() < 0.5)
    event = rng.random(n) < rng.uniform(0.1, 0.9)
    if p > 1:
        event &= X[:, 0] <= 0
    assume(event.any())
    fit = coxph_matrix(X, entry, entry + rng.integers(1, 10, n), event, penalty=Firth())
    assert fit.status == "converged"
    if fit.rows.X.size:
        assert (np.abs(np.nan_to_num(fit.params)) * np.ptp(fit.rows.X, axis=0) < 50).all()


def test_terms_of_a_penalised_model():
    fit = firth(separated())
    table = fit.anova()
    assert table["term"].to_list() == ["x", "drug:low"]
    joint = likelihood_ratio(fit, np.eye(fit.params.size)[[i for i, n in enumerate(fit.names) if ":" in n]])
    assert table["chi2"][1] == pytest.approx(joint.chi2, rel=1e-6)
    sequential = fit.anova("sequential")
    assert sequential["chi2"].sum() == pytest.approx(fit.global_tests().likelihood_ratio.chi2, rel=1e-9)


def test_aliased_columns_leave_the_determinant():
    frame = separated().with_columns(z=2 * pl.col("x"))
    with pytest.warns(UserWarning, match="z is made of x"):
        fit = coxph("Surv(t, d) ~ drug * low + x + z", frame, penalty=Firth())
    np.testing.assert_allclose(fit.params[[0, 1, 2, 3, 5, 6]], firth(frame).params, rtol=1e-7)


def test_exact_ties_are_refused():
    with pytest.raises(FitError, match="not available with exact ties"):
        coxph("Surv(t, d) ~ x", separated(), ties="exact", penalty=Firth())


def test_bias_of_small_samples_is_smaller():
    # Firth's estimate lies nearer zero than the maximum of the likelihood, the more so the fewer the events.
    frame = separated(4)
    plain, penalised = (coxph("Surv(t, d) ~ x", frame, penalty=p) for p in (None, Firth()))
    few, fewer = (coxph("Surv(t, d) ~ x", frame.head(25), penalty=p) for p in (None, Firth()))
    assert abs(penalised.params[0]) < abs(plain.params[0])
    assert 1 - fewer.params[0] / few.params[0] > 1 - penalised.params[0] / plain.params[0]
