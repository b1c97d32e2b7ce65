"""Laws of residuals, baselines and proportional-hazards tests, and places where other programs go wrong."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.cox import CoxFit, Ridge, cox_survival, cox_zph, coxph, coxph_matrix, split_episodes
from riskset.errors import FitError
from riskset.kernel import build_index, evaluate, information, risk_rows, score

FORMULA = "Surv(entry, exit, event) ~ x + z + g"
TIES = pytest.mark.parametrize("ties", ["efron", "breslow"])


def cohort(seed: int, n: int = 80, *, tied: bool = True) -> pl.DataFrame:
    """Rows with delayed entry, gaps, ties, weights, strata and two persons' rows of three."""
    rng = np.random.default_rng(seed)
    entry = rng.integers(0, 10, n).astype(float)
    length = rng.integers(1, 15, n) if tied else rng.exponential(8, n) + 0.1
    return pl.DataFrame(
        {
            "id": np.arange(n) // 2,
            "entry": entry,
            "exit": entry + length,
            "event": rng.random(n) < 0.6,
            "x": rng.standard_normal(n),
            "z": rng.integers(0, 2, n).astype(float),
            "g": rng.choice(["a", "b", "c"], n),
            "s": rng.choice(["m", "n"], n),
            "w": rng.uniform(0.2, 3.0, n),
        }
    )


@TIES
@given(seed=st.integers(0, 10_000), b=st.lists(st.floats(-2, 2), min_size=4, max_size=4))
@settings(max_examples=25)
def test_residuals_sum_to_what_they_must_at_any_beta(ties: str, seed: int, b: list[float]):
    rows = cohort(seed)
    fit = coxph(
        f"{FORMULA} + strata(s)", rows, weights="w", robust=False, ties=ties, init=b, max_iterations=0
    )
    M = fit.residuals("martingale", weighted=True)
    for stratum in ("m", "n"):
        # a sum of some tens of terms, the largest an expected number of events
        assert M[(rows["s"] == stratum).to_numpy()].sum() == pytest.approx(
            0, abs=1e-10 * np.abs(M).max() * 80
        )
    U = score(fit.matrix.rows, evaluate(fit.matrix.rows, np.array(b)))
    weighted = fit.residuals("score", weighted=True)
    np.testing.assert_allclose(weighted.sum(axis=0), U, rtol=1e-8, atol=1e-9 * np.abs(weighted).max() * 80)
    np.testing.assert_allclose(
        fit.residuals("schoenfeld", weighted=True).sum(axis=0),
        U,
        rtol=1e-8,
        atol=1e-9 * np.abs(weighted).max() * 80,
    )


@TIES
def test_dfbeta_is_nearly_what_leaving_a_person_out_changes(ties: str):
    rows = cohort(3, n=400)
    fit = coxph(FORMULA, rows, id="id", ties=ties, robust=False)
    dfbeta = fit.residuals("dfbeta", collapse="id")
    people = np.argsort(-np.abs(dfbeta[:, 0]))[:10]
    for person in people.tolist():
        change = fit.params - coxph(FORMULA, rows.filter(pl.col("id") != person), ties=ties).params
        # first order: off by the leverage of one of 200 persons
        np.testing.assert_allclose(dfbeta[person], change, rtol=0.1, atol=0.1 * np.abs(change).max())


@TIES
@given(seed=st.integers(0, 10_000))
@settings(max_examples=15)
def test_splitting_leaves_baseline_curves_and_persons_residuals(ties: str, seed: int):
    rows = cohort(seed)
    # at event times too: the row that is split there counts once
    cuts = np.concatenate((np.random.default_rng(seed).uniform(0, 25, 5), rows["exit"].head(10).to_numpy()))
    split = split_episodes(rows, cuts, entry="entry", exit="exit", event="event")
    assert split.height > rows.height
    one, two = (coxph(f"{FORMULA} + strata(s)", r, id="id", ties=ties, robust=True) for r in (rows, split))
    profile = {"x": [0.3, -1.0], "z": [1.0, 0.0], "g": ["a", "c"]}
    times = np.arange(1.0, 25.0)
    a, b = (cox_survival(f, profile, times=times).table for f in (one, two))
    for column in ("cumulative_hazard", "std_error", "survival", "n_risk", "n_event"):
        np.testing.assert_allclose(b[column], a[column], rtol=1e-7, atol=1e-9)
    for kind in ("martingale", "score", "dfbeta"):
        np.testing.assert_allclose(
            two.residuals(kind, collapse="id"), one.residuals(kind, collapse="id"), rtol=1e-7, atol=1e-8
        )
    np.testing.assert_allclose(two.cov_params(), one.cov_params(), rtol=1e-7, atol=1e-10)
    for transform in ("km", "identity", "log"):
        np.testing.assert_allclose(
            cox_zph(two, transform).table["chi2"], cox_zph(one, transform).table["chi2"], rtol=1e-6, atol=1e-9
        )


@given(seed=st.integers(0, 10_000))
@settings(max_examples=15)
def test_tests_of_proportional_hazards_do_not_depend_on_the_reference_level(seed: int):
    rows = cohort(seed, n=120)
    tables = [
        cox_zph(coxph(f"Surv(entry, exit, event) ~ x + factor(g, ref='{level}') * z", rows), "rank").table
        for level in ("a", "b", "c")
    ]
    for other in tables[1:]:
        # the tests of the factor alone and of its interaction are about other hypotheses for another reference
        for row in (0, 4):
            np.testing.assert_allclose(other["chi2"][row], tables[0]["chi2"][row], rtol=1e-7)
    main = [
        cox_zph(coxph(f"Surv(entry, exit, event) ~ x + factor(g, ref='{level}')", rows)).table["chi2"]
        for level in ("a", "b", "c")
    ]
    np.testing.assert_allclose(main[1], main[0], rtol=1e-7)
    np.testing.assert_allclose(main[2], main[0], rtol=1e-7)


def test_proportional_hazards_do_not_depend_on_row_order_or_the_scale_of_g():
    rows = cohort(8)
    fit = coxph(FORMULA, rows)
    a = cox_zph(fit, "identity").table["chi2"]
    np.testing.assert_allclose(
        cox_zph(coxph(FORMULA, rows.sample(fraction=1, shuffle=True, seed=1)), "identity").table["chi2"],
        a,
        rtol=1e-9,
    )
    np.testing.assert_allclose(cox_zph(fit, lambda t: 1e6 - 40 * t).table["chi2"], a, rtol=1e-9)


def test_a_changing_coefficient_is_found():
    # hazard of x: exp(2) before time 1, exp(-1) after; the smooth falls through 0 and the test sees it
    rng = np.random.default_rng(11)
    n = 3000
    x = rng.integers(0, 2, n).astype(float)
    early = rng.exponential(1 / (0.5 * np.exp(2 * x)))
    late = 1 + rng.exponential(1 / (0.5 * np.exp(-x)))
    time = np.where(early <= 1, early, late)
    fit = coxph("Surv(t, d) ~ x", {"t": time, "d": np.ones(n, dtype=int), "x": x})
    zph = cox_zph(fit)
    assert zph.table["p"][0] < 1e-12
    smooth = zph.smooth("x")
    assert smooth.estimate[0] > 1
    assert smooth.estimate[-1] < 0


@TIES
def test_robust_variance_under_ties_is_that_of_the_slow_definition(ties: str):
    # Other programs sum Breslow residuals under Efron's likelihood; dfbeta here is a derivative by definition:
    # of the estimate, by the weight of a row. Under Efron a row's weight enters the mean weight of its ties too.
    rows = cohort(5, n=60)
    X = rows.select("x", "z").to_numpy()
    times = (rows["entry"], rows["exit"], rows["event"])
    fit = coxph("Surv(entry, exit, event) ~ x + z", rows, ties=ties)
    if ties == "breslow":
        step = 1e-5
        slope = np.empty((60, 2))
        for i in range(60):
            weight = np.ones(60)
            ends = []
            for sign in (-1, 1):
                weight[i] = 1 + sign * step
                ends.append(coxph_matrix(X, *times, weights=weight, ties=ties).params)
            slope[i] = (ends[1] - ends[0]) / (2 * step)
        # central differences of an iterated fit: good to step^2
        np.testing.assert_allclose(fit.residuals("dfbeta"), slope, rtol=1e-5, atol=1e-7)
    robust = coxph("Surv(entry, exit, event) ~ x + z", rows, id="id", ties=ties, robust=True)
    D = robust.residuals("dfbeta", collapse="id")
    np.testing.assert_allclose(D.T @ D, robust.cov_params(), rtol=1e-7)


@TIES
def test_strata_have_baselines_of_their_own(ties: str):
    rows = cohort(6)
    fit = coxph("Surv(entry, exit, event) ~ x + strata(s)", rows, ties=ties)
    both = cox_survival(fit, {"x": 0.5}).table
    for stratum in ("m", "n"):
        alone = coxph(
            "Surv(entry, exit, event) ~ x",
            rows.filter(pl.col("s") == stratum),
            ties=ties,
            init=fit.params,
            max_iterations=0,
        )
        np.testing.assert_allclose(
            both.filter(pl.col("stratum") == f"s={stratum}")["survival"],
            cox_survival(alone, {"x": 0.5}).table["survival"],
            rtol=1e-7,
        )


def test_a_path_that_does_not_change_is_the_fixed_profile():
    rows = cohort(7)
    fit = coxph(FORMULA, rows)
    fixed = cox_survival(fit, {"x": 0.4, "z": 1.0, "g": "b"}).table
    pieces = {
        "who": [1, 1, 1],
        "entry": [0.0, 6.0, 7.5],
        "exit": [6.0, 7.5, 99.0],
        "x": 0.4,
        "z": 1.0,
        "g": "b",
    }
    path = cox_survival(fit, pieces, id="who").table
    for column in ("time", "cumulative_hazard", "std_error", "lower"):
        np.testing.assert_allclose(path[column], fixed[column], rtol=1e-10)


def test_integer_weights_are_copies_under_breslow_for_the_baseline():
    rows = cohort(9).with_columns(w=pl.int_range(pl.len()) % 3 + 1)
    copies = rows.select(pl.all().repeat_by("w")).explode(pl.all())
    weighed = coxph(FORMULA, rows, weights="w", ties="breslow", robust=False)
    copied = coxph(FORMULA, copies, ties="breslow")
    a, b = (f.baseline_hazard(centered=False) for f in (weighed, copied))
    np.testing.assert_allclose(a["hazard"], b["hazard"], rtol=1e-8)


def brute(rows: pl.DataFrame, beta: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Exact ties by listing all sets of m rows at risk."""
    X = rows.select("x", "z").to_numpy()
    entry, exit, event, s = (rows[c].to_numpy() for c in ("entry", "exit", "event", "s"))
    loglik, u, info = 0.0, np.zeros(2), np.zeros((2, 2))
    for stratum, t in {(a, b) for a, b, d in zip(s, exit, event, strict=True) if d}:
        at_risk = np.flatnonzero((s == stratum) & (entry < t) & (exit >= t))
        dead = np.flatnonzero((s == stratum) & event & (exit == t))
        sums = np.array([X[list(chosen)].sum(axis=0) for chosen in combinations(at_risk, dead.size)])
        weight = np.exp(sums @ beta)
        mean = weight @ sums / weight.sum()
        loglik += X[dead].sum(axis=0) @ beta - np.log(weight.sum())
        u += X[dead].sum(axis=0) - mean
        info += (sums.T * weight) @ sums / weight.sum() - np.outer(mean, mean)
    return loglik, u, info


@given(seed=st.integers(0, 10_000), b=st.lists(st.floats(-3, 3), min_size=2, max_size=2))
@settings(max_examples=30)
def test_exact_ties_are_the_sum_over_all_sets(seed: int, b: list[float]):
    rng = np.random.default_rng(seed)
    rows = cohort(seed, n=24).with_columns(
        exit=pl.col("entry") + pl.Series(rng.integers(1, 4, 24)).cast(pl.Float64) * 3
    )
    loglik, u, info = brute(rows, np.array(b))
    index = build_index(
        rows["entry"].to_numpy(), rows["exit"].to_numpy(), rows["event"].to_numpy(),
        stratum=(rows["s"] == "n").to_numpy().astype(np.int64), ties="exact",
    )  # fmt: skip
    X = rows.select("x", "z").to_numpy()
    kept = risk_rows(index, X if index.kept is None else X[index.kept])
    state = evaluate(kept, np.array(b))
    np.testing.assert_allclose(state.loglik, loglik, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(score(kept, state), u, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(information(kept, state)[0], info, rtol=1e-8, atol=1e-9)


def test_exact_ties_of_many_deaths_neither_overflow_nor_vanish():
    # 400 of 1,000 die at once: without covariate effect the likelihood is 1 / (1000 choose 400), a number of 289 digits
    from math import lgamma  # noqa: PLC0415

    n, m = 1000, 400
    x = np.linspace(-200.0, 200.0, n)[:, None]
    fit = coxph_matrix(
        x, None, np.where(np.arange(n) < m, 1.0, 2.0), np.arange(n) < m, ties="exact", max_iterations=0
    )
    assert fit.loglik == pytest.approx(-(lgamma(n + 1) - lgamma(m + 1) - lgamma(n - m + 1)), rel=1e-12)
    # sampling without replacement: variance of a sum of m of n values
    assert 1 / fit.covariance[0, 0] == pytest.approx(m * (n - m) / (n - 1) * x.var(), rel=1e-10)


def test_what_is_not_defined_is_refused():
    rows = cohort(1)
    fit = coxph("Surv(entry, exit, event) ~ x", rows, ties="exact")
    for kind in ("score", "schoenfeld", "dfbeta"):
        with pytest.raises(FitError, match="not defined for exact ties"):
            fit.residuals(kind)
    with pytest.raises(FitError, match="under exact ties"):
        cox_zph(fit)
    with pytest.raises(FitError, match="under a penalty"):
        cox_zph(coxph("Surv(entry, exit, event) ~ x", rows, penalty=Ridge(1.0)))
    fit = coxph("Surv(entry, exit, event) ~ x", rows)
    with pytest.raises(FitError, match="no residuals 'partial'"):
        fit.residuals("partial")
    with pytest.raises(FitError, match="not summed"):
        fit.residuals("schoenfeld", collapse="id")
    with pytest.raises(FitError, match="no transform 'sqrt'"):
        cox_zph(fit, "sqrt")
    with pytest.raises(FitError, match="no term 'age'"):
        cox_zph(fit).smooth("age")
    with pytest.raises(FitError, match="no variable 'y'"):
        cox_survival(fit, {"y": 1})
    timed: CoxFit = coxph("Surv(entry, exit, event) ~ x + x:tt(log(exit))", rows)
    with pytest.raises(FitError, match="changes with time"):
        cox_survival(timed, {"x": 1})


def test_aliased_columns_have_no_part_in_the_tests():
    rows = cohort(2).with_columns(twice=2 * pl.col("x"))
    with pytest.warns(match="twice"):
        fit = coxph("Surv(entry, exit, event) ~ x + twice + z", rows)
    plain = coxph("Surv(entry, exit, event) ~ x + z", rows)
    ours, theirs = cox_zph(fit), cox_zph(plain)
    assert ours.terms == ("x", "z")
    np.testing.assert_allclose(ours.table["chi2"], theirs.table["chi2"], rtol=1e-9)
    np.testing.assert_allclose(
        fit.residuals("dfbeta")[:, [0, 2]], plain.residuals("dfbeta"), rtol=1e-7, atol=1e-12
    )
    assert not fit.residuals("dfbeta")[:, 1].any()


def test_rows_of_weight_zero_take_no_part():
    rows = cohort(4).with_columns(w=pl.when(pl.int_range(pl.len()) % 5 == 0).then(0).otherwise(1))
    fit = coxph(FORMULA, rows, weights="w", robust=False)
    left = coxph(FORMULA, rows.filter(pl.col("w") > 0))
    for kind in ("martingale", "score", "dfbeta"):
        ours = fit.residuals(kind)
        assert not ours[::5].any()
        np.testing.assert_allclose(
            np.delete(ours, np.s_[::5], axis=0), left.residuals(kind), rtol=1e-9, atol=1e-11
        )
    np.testing.assert_allclose(cox_zph(fit).table["chi2"], cox_zph(left).table["chi2"], rtol=1e-9)
