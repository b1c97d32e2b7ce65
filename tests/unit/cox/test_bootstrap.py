"""Bootstrap over persons: each replicate is the weighted fit, no row is copied, and failures are counted."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.cox import CoxFit, Firth, bootstrap, coxph, coxph_matrix
from riskset.cox.bootstrap import _counts, _refit
from riskset.errors import FitError


def cohort(seed: int = 0, n: int = 120) -> pl.DataFrame:
    """Three rows each, ties, strata, weights, delayed entry."""
    rng = np.random.default_rng(seed)
    entry = np.tile([0.0, 10.0, 20.0], n)
    last = np.tile([False, False, True], n)
    return pl.DataFrame(
        {
            "id": np.repeat(rng.permutation(n), 3),
            "entry": entry,
            "exit": np.where(last, entry + rng.integers(1, 15, 3 * n), entry + 10.0),
            "event": last & (rng.random(3 * n) < 0.6),
            "x": rng.standard_normal(3 * n),
            "g": np.repeat(rng.random(n) < 0.4, 3),
            "s": np.repeat(rng.integers(0, 2, n), 3),
            "w": np.repeat(rng.choice([1.0, 2.0], n), 3),
        }
    )


FORMULA = "Surv(entry, exit, event) ~ x * g + strata(s)"


def by_weights(fit: CoxFit, frame: pl.DataFrame, count: np.ndarray) -> np.ndarray:
    """The replicate from scratch: a fit of all rows with weights multiplied by how often their person is drawn."""
    person = np.unique(frame["id"].to_numpy(), return_inverse=True)[1]
    weights = count[person] * (frame["w"].to_numpy() if fit.weights else 1.0)
    columns = (frame[c].to_numpy() for c in ("entry", "exit", "event"))
    return coxph_matrix(
        fit.design.matrix(frame), *columns, strata=frame["s"], weights=weights, ties=fit.ties
    ).params


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("weights", [None, "w"])
def test_a_replicate_is_the_weighted_fit(ties: str, weights: str | None):
    frame = cohort()
    fit = coxph(FORMULA, frame, id="id", ties=ties, weights=weights, robust=False)
    person = np.unique(frame["id"].to_numpy(), return_inverse=True)[1]
    rng = np.random.default_rng(1)
    for _ in range(5):
        count = _counts(120, rng)
        assert count.sum() == 120
        kept = fit.matrix.rows.index.kept
        params, _, status = _refit(fit.matrix, count[person if kept is None else person[kept]])
        assert status == "converged"
        # the last step leaves its square, 1e-6 of a standard error
        np.testing.assert_allclose(params, by_weights(fit, frame, count), atol=1e-6)


def test_same_draws_with_any_number_of_threads():
    fit = coxph(FORMULA, cohort(), id="id")
    one, two = (
        bootstrap(fit, n=40, rng=np.random.default_rng(5), threads=threads).replicates for threads in (1, 2)
    )
    np.testing.assert_array_equal(one, two)


def test_spread_is_that_of_the_robust_variance():
    fit = coxph(FORMULA, cohort(2, 400), id="id", robust=True)
    boot = bootstrap(fit, n=400, rng=np.random.default_rng(7))
    assert boot.counts == {"converged": 400}
    # 400 replicates give a standard deviation to 1/sqrt(800) = 3.5%; four of those, and what first order leaves
    np.testing.assert_allclose(boot.std_error, fit.std_error, rtol=0.2)
    normal = boot.interval(0.9, method="normal")
    np.testing.assert_allclose(normal.mean(axis=1), fit.params)
    percentile = boot.interval(0.9)
    inside = (boot.replicates >= percentile[:, 0]) & (boot.replicates <= percentile[:, 1])
    np.testing.assert_allclose(inside.mean(axis=0), 0.9, atol=0.01)


def test_any_statistic_of_the_coefficients_with_progress():
    fit = coxph(FORMULA, cohort(), id="id")
    told: list[tuple[int, int]] = []
    one, other = {"x": 1.0, "g": True}, {"x": 0.0, "g": True}
    ratio = fit.contrast(one, other).vector
    boot = bootstrap(
        fit,
        lambda refit: [np.exp(refit.log_hazard_ratio(one, other)), ratio @ refit.params],
        n=70,
        rng=np.random.default_rng(0),
        progress=lambda done, n: told.append((done, n)),
    )
    assert told == [(32, 70), (64, 70), (70, 70)]
    assert boot.replicates.shape == (70, 2)
    np.testing.assert_allclose(boot.estimate, [np.exp(ratio @ fit.params), ratio @ fit.params])
    np.testing.assert_allclose(np.log(boot.replicates[:, 0]), boot.replicates[:, 1])
    assert boot.interval().shape == (2, 2)


def test_replicates_without_a_maximum_are_infinite_and_counted():
    frame = cohort(3)
    few = frame.filter(pl.col("g"))["id"].unique(maintain_order=True)[:2]
    # two exposed persons, one with an event: most replicates have no exposed event, some no exposed person
    rare = frame.with_columns(
        g=pl.col("id").is_in(few.implode()),
        event=pl.when(pl.col("id").is_in(few.implode()))
        .then((pl.col("id") == few[0]) & (pl.col("entry") == 20))
        .otherwise(pl.col("event")),
    )
    fit = coxph("Surv(entry, exit, event) ~ x + g", rare, id="id")
    boot = bootstrap(fit, n=200, rng=np.random.default_rng(1))
    counts = boot.counts
    assert set(counts) <= {"converged", "monotone likelihood", "aliased"}
    # chance that a person is not drawn: (1 - 1/120)^120 = 0.366; that neither of two is: 0.133
    assert 0.1 * 200 < counts["monotone likelihood"] < 0.35 * 200
    assert 0.05 * 200 < counts["aliased"] < 0.25 * 200
    assert boot.n_failed == counts["aliased"]
    assert np.isneginf(boot.replicates[:, 1]).sum() == counts["monotone likelihood"]
    assert boot.interval()[1, 0] == -np.inf
    assert np.isfinite(boot.interval()[0]).all()
    assert np.isfinite(boot.std_error).all()


def test_a_penalty_stays():
    frame = cohort(4)
    fit = coxph("Surv(entry, exit, event) ~ x + g", frame, id="id", penalty=Firth())
    boot = bootstrap(fit, n=10, rng=np.random.default_rng(1))
    assert boot.counts == {"converged": 10}


def test_who_is_drawn_must_be_known():
    frame = cohort()
    with pytest.raises(FitError, match="whose they are"):
        bootstrap(coxph(FORMULA, frame), n=2, rng=np.random.default_rng(0))
    fit = coxph("Surv(exit, event) ~ x", frame)  # right-censored: each row is a person
    assert bootstrap(fit, n=2, rng=np.random.default_rng(0)).replicates.shape == (2, 1)
    with pytest.raises(FitError, match="no column 'ward'"):
        bootstrap(fit, n=2, rng=np.random.default_rng(0), by="ward")
    with pytest.raises(FitError, match="exact ties"):
        bootstrap(coxph("Surv(exit, event) ~ x", frame, ties="exact"), n=2, rng=np.random.default_rng(0))
