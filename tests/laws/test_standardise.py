"""Laws of standardised risks: what they are made of, what may not change them, and their standard errors."""

from __future__ import annotations

from functools import cache

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from riskset.cox import cox_survival, coxph, split_episodes
from riskset.effects import standardise
from riskset.effects.standardise_bootstrap import mean_risk, replicates
from riskset.effects.standardise_cohort import cohort_of
from riskset.effects.standardise_estimate import Path as Along
from riskset.effects.standardise_estimate import blocks, grid_of, increments, nodes_of, standardised

TIMES = np.array([0.5, 1.0, 2.0])
# Newton's method ends 1e-10 of a standard error from the maximum; two codings end at two such points.
SAME = 1e-8


@cache
def rows(n: int = 160) -> pl.DataFrame:
    rng = np.random.default_rng(5)
    x = rng.normal(size=n)
    a, b, c = rng.exponential((np.exp(-0.5 * x), np.full(n, 2.5), np.full(n, 4.0)))
    t = np.minimum(np.minimum(a, b), c).round(2) + 0.01
    kind = np.argmin([a, b, c], axis=0)
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "entry": np.zeros(n),
            "t": t,
            "d": kind == 0,
            "other": kind == 1,
            "x": x,
            "arm": rng.choice(["a", "b", "c"], n),
            "site": rng.choice(["n", "s"], n),
            "one": np.ones(n),
        }
    )


def estimates(found, quantity="risk") -> np.ndarray:
    return found.table.filter(pl.col("quantity") == quantity)["estimate"].to_numpy()


@cache
def fits(strata: str = "", weights: str | None = None):
    return [coxph(f"Surv(t, {e}) ~ arm * x{strata}", rows()) for e in ("d", "other")]


def test_a_saturated_exposure_alone_gives_the_stratified_breslow_curves():
    fit = coxph("Surv(t, d) ~ strata(arm)", rows(), ties="breslow")
    found = standardise(fit, "arm", times=TIMES)
    curve = cox_survival(fit, {}, times=TIMES).table["survival"].to_numpy()
    np.testing.assert_allclose(estimates(found), 1 - curve, rtol=1e-12)
    for k, arm in enumerate("abc"):  # each the curve of the arm's own rows
        part = rows().filter(pl.col("arm") == arm).sort("t")
        t, d = part["t"].to_numpy(), part["d"].to_numpy()
        hazard = sum(((t == s) & d).sum() / (t >= s).sum() for s in np.unique(t[d & (t <= 1.0)]))
        assert estimates(found)[3 * k + 1] == pytest.approx(1 - np.exp(-hazard), rel=1e-12)


def test_one_level_everywhere_is_the_average_prediction():
    data = rows().with_columns(arm=pl.lit("a"))
    fit = coxph("Surv(t, d) ~ x", data)
    found = standardise(fit, "x", [0.3], times=TIMES)
    np.testing.assert_allclose(
        estimates(found),
        1 - cox_survival(fit, {"x": 0.3}, times=TIMES).table["survival"].to_numpy(),
        rtol=1e-12,
    )
    assert found.contrasts.height == 0


@settings(max_examples=3, deadline=None)
@given(st.permutations(["a", "b", "c"]), st.floats(0.05, 20.0), st.floats(-5.0, 5.0))
def test_coding_and_scale_change_no_risk(order, factor, shift):
    data = rows().with_columns(arm=pl.col("arm").cast(pl.Enum(order)), x=pl.col("x") * factor + shift)
    other = [coxph(f"Surv(t, {e}) ~ arm * x", data) for e in ("d", "other")]
    for n_causes in (1, 2):
        ours = standardise(fits()[0], "arm", ["a", "b", "c"], times=TIMES, competing=fits()[1:n_causes])
        theirs = standardise(other[0], "arm", ["a", "b", "c"], times=TIMES, competing=other[1:n_causes])
        for column in ("estimate", "std_error", "lower", "upper"):
            np.testing.assert_allclose(theirs.table[column], ours.table[column], rtol=SAME)
            np.testing.assert_allclose(theirs.contrasts[column], ours.contrasts[column], rtol=SAME, atol=1e-9)


# Cuts between the hundredths that times are given in: none within rounding of an event.
@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(5, 300).map(lambda k: k / 100 + 0.005), min_size=1, max_size=5, unique=True))
def test_cutting_rows_changes_no_risk(cuts):
    pieces = split_episodes(rows(), cuts, entry="entry", exit="t", event="d")
    fit = coxph("Surv(entry, t, d) ~ arm * x", pieces, id="id")
    ours = standardise(fits()[0], "arm", times=TIMES)
    theirs = standardise(fit, "arm", times=TIMES)
    for column in ("estimate", "std_error", "lower", "upper"):
        np.testing.assert_allclose(theirs.contrasts[column], ours.contrasts[column], rtol=SAME, atol=1e-10)


def test_risks_of_all_causes_and_survival_add_up_to_one():
    one, two = fits()
    risks = [estimates(standardise(a, "arm", times=TIMES, competing=b)) for a, b in ((one, two), (two, one))]
    cohort = cohort_of([one, two], "arm", None, ())
    grid = grid_of(cohort, TIMES)
    steps = [increments(c, c.base.hazard, grid) for c in cohort.causes]
    survival = []
    for v in range(3):
        total = sum(
            c.base.risk(c.X[v], c.offset[v])[:, None] * np.cumsum(s[0])
            for c, s in zip(cohort.causes, steps, strict=True)
        )
        survival.append(np.exp(-total).mean(axis=0)[np.searchsorted(grid, TIMES)])
    np.testing.assert_allclose(risks[0] + risks[1] + np.ravel(survival), 1.0, rtol=1e-12)


@pytest.mark.parametrize("n_causes", [1, 2])
@pytest.mark.parametrize("strata", ["", " + strata(site)"])
def test_influence_is_the_derivative_by_the_persons_weight(n_causes, strata):
    def at(i: int, change: float):
        w = np.ones(rows().height)
        w[i] += change
        data = rows().with_columns(w=pl.Series(w))
        weighted = [
            coxph(f"Surv(t, {e}) ~ arm + x{strata}", data, weights="w", robust=False) for e in ("d", "other")
        ]
        return standardised(cohort_of(weighted[:n_causes], "arm", None, ()), TIMES, influence=True)

    exact = at(0, 0.0).influence
    for i in (int(np.argmin(rows()["t"])), int(np.argmax(rows()["t"]))):
        up, down = at(i, 1e-4), at(i, -1e-4)
        slope = np.stack([up.risk - down.risk, up.lost - down.lost], axis=1) / 2e-4
        # a central difference of step 1e-4 is off by about its square, and by rounding over the step
        np.testing.assert_allclose(exact[i], slope, rtol=1e-5, atol=1e-8 * np.abs(exact).max())


@pytest.mark.parametrize("n_causes", [1, 2])
def test_nodes_stand_for_persons(n_causes):
    cohort = cohort_of(fits(" + strata(site)")[:n_causes], "arm", None, ())
    grid = grid_of(cohort, TIMES)
    w = cohort.weight / cohort.weight.sum()
    steps = [increments(c, c.base.hazard, grid) for c in cohort.causes]
    for v in range(3):
        risks = [c.base.risk(c.X[v], c.offset[v]) for c in cohort.causes]
        plain = sum(w[b.persons] @ Along.of(b.hazards, grid).F for b in blocks(cohort, grid, v, risks, steps))
        np.testing.assert_allclose(mean_risk(cohort, grid, v, w, risks, steps), plain, atol=1e-10)
    nodes, lift = nodes_of([np.linspace(0.1, 4.0, 900)], [2.5])
    assert lift is not None
    np.testing.assert_allclose(
        lift @ np.exp(-2.5 * nodes[0]), np.exp(-2.5 * np.linspace(0.1, 4.0, 900)), atol=1e-10
    )


def test_the_bootstrap_does_not_depend_on_threads():
    cohort = cohort_of(fits()[:1], "arm", None, ())
    one, two = (replicates(cohort, TIMES, 6, np.random.default_rng(3), threads=k).values for k in (1, 2))
    np.testing.assert_array_equal(one, two)


@pytest.mark.long
@pytest.mark.parametrize("n_causes", [1, 2])
def test_the_bootstrap_is_near_the_jackknife(n_causes):
    cohort = cohort_of(fits()[:n_causes], "arm", None, ())
    drawn = replicates(cohort, TIMES, 200, np.random.default_rng(3)).values
    se = np.sqrt((standardised(cohort, TIMES, influence=True).influence ** 2).sum(axis=0))
    # the standard error of a standard deviation of 200 replicates is 5%: three of them, and 10% for 53 persons per arm
    np.testing.assert_allclose(np.std(drawn, axis=0, ddof=1) / se, 1.0, atol=0.25)


def test_external_covariates_follow_their_course():
    # A calendar that steps at 1: its path by hand, as risk set by risk set survival of a split cohort.
    pieces = split_episodes(rows(), [1.0], entry="entry", exit="t", event="d").with_columns(
        late=(pl.col("entry") >= 1.0).cast(pl.Float64)
    )
    fit = coxph("Surv(entry, t, d) ~ arm + late:x", pieces, id="id")
    found = standardise(
        fit,
        "arm",
        ["a", "b"],
        times=[0.8, 2.0],
        external=["late"],
        intervals="bootstrap",
        n=20,
        level=0.5,
        rng=np.random.default_rng(1),
    )
    H = fit.baseline_hazard(centered=False)
    upto = lambda t: float(H.filter(pl.col("time") <= t)["hazard"].max())  # noqa: E731 (a step function)
    shift = dict(zip(fit.names, fit.params, strict=True))
    last = dict(pieces.sort("entry").select("id", "late").iter_rows())
    risk = []
    for arm in ("a", "b"):
        e = np.exp(shift.get(f"arm[{arm}]", 0.0))
        slope = next(v for k, v in shift.items() if "late" in k)
        each = []
        for i, x in rows().select("id", "x").iter_rows():
            # who was never seen late keeps the last value that was seen
            later = np.exp(slope * x) if last[i] else 1.0
            each.append(
                [1 - np.exp(-e * upto(0.8)), 1 - np.exp(-e * (upto(1.0) + later * (upto(2.0) - upto(1.0))))]
            )
        risk.append(np.mean(each, axis=0))
    np.testing.assert_allclose(estimates(found), np.ravel(risk), rtol=1e-10)
