"""Laws of competing risks, several states and recurrent events, for small data of any shape."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import polars as pl
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

import riskset as rs
from riskset.errors import FitError, RisksetWarning

T = TypeVar("T")
few = settings(max_examples=15)
STEP: dict[str, Any] = {
    "max_iterations": 2
}  # laws hold at any beta: two steps of Newton's method see all derivatives
pytestmark = pytest.mark.filterwarnings("ignore::riskset.errors.RisksetWarning")


@st.composite
def persons(draw: st.DrawFn, causes: int = 2) -> pl.DataFrame:
    """Twelve to thirty persons on few times, so that censoring, causes and entries tie."""
    n = draw(st.integers(12, 30))
    of = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    entry = of.integers(0, 4, n) / 2
    return pl.DataFrame(
        {
            "id": of.permutation(n),
            "entry": entry,
            "exit": entry + of.integers(1, 9, n) / 2,
            "end": np.concatenate(([0, *range(1, causes + 1)], of.integers(0, causes + 1, n - causes - 1))),
            "x": of.normal(size=n).round(2),
            "z": of.integers(0, 2, n),
            "g": of.integers(0, 2, n),
            "w": of.integers(1, 5, n) / 2,
        }
    )


def same(a: Any, b: Any, robust: bool = True) -> None:
    """Estimates, likelihoods and variances are the same."""
    np.testing.assert_allclose([a.loglik_null, a.loglik], [b.loglik_null, b.loglik], rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(a.params, b.params, rtol=1e-8, atol=1e-8)
    for kind in (False, True) if robust else (False,):
        np.testing.assert_allclose(a.cov_params(kind), b.cov_params(kind), rtol=1e-7, atol=1e-9)


def attempt(work: Callable[[], T]) -> T | None:
    """Do what is refused only if weights do not exist, as entries empty the risk set."""
    try:
        return work()
    except FitError as refused:
        if "just entered" not in str(refused):
            raise
        return None


@few
@given(
    persons(),
    st.sampled_from(["efron", "breslow"]),
    st.sampled_from(["after", "with"]),
    st.booleans(),
    st.booleans(),
)
def test_the_expanded_rows_are_the_same_model(
    d: pl.DataFrame, ties: Any, censoring: Any, delayed: bool, grouped: bool
):
    response = "Surv(entry, exit, end)" if delayed else "Surv(exit, end)"
    right = "x + z + strata(g)" if grouped else "x + z"
    shared: dict[str, Any] = {
        "ties_censoring": censoring, "id": "id", "weights": "w", "censoring_by": "g" if grouped else None,
    }  # fmt: skip
    wide = attempt(lambda: rs.finegray_expand(response, d, cause=1, **shared))
    if wide is None:
        with pytest.raises(FitError, match="just entered"):
            rs.fine_gray(f"{response} ~ {right}", d, cause=1, **shared)
        return
    fit = rs.fine_gray(f"{response} ~ {right}", d, cause=1, ties=ties, **shared, **STEP)
    plain = rs.coxph(
        f"Surv(fgstart, fgstop, fgstatus) ~ {right}", wide, weights="fgwt", cluster="id", ties=ties, **STEP
    )
    same(fit, plain)


@few
@given(persons(causes=1), st.booleans())
def test_without_competing_events_it_is_cox(d: pl.DataFrame, delayed: bool):
    response = "Surv(entry, exit, end)" if delayed else "Surv(exit, end)"
    fit = rs.fine_gray(f"{response} ~ x + z", d, cause=1, id="id", **STEP)
    same(fit, rs.coxph(f"{response} ~ x + z", d, id="id", robust=True, **STEP))
    alone = rs.cause_specific(f"{response} ~ x", d, id="id")
    same(alone[1], rs.coxph(f"{response} ~ x", d, id="id"), robust=False)


@few
@given(persons())
def test_splitting_rows_changes_nothing(d: pl.DataFrame):
    split = rs.split_episodes(d, [0.75, 1.5, 2.5], exit="exit", event="end", entry="entry")
    whole = attempt(lambda: rs.fine_gray("Surv(entry, exit, end) ~ x + z", d, cause=1, id="id", **STEP))
    assume(whole is not None)
    same(rs.fine_gray("Surv(entry, exit, end) ~ x + z", split, cause=1, id="id", **STEP), whole)
    states = [rs.multistate_cox("Surv(entry, exit, end) ~ x", r, id="id") for r in (d, split)]
    start = d.with_columns(pl.col("exit") - pl.col("entry"), entry=pl.lit(0.0))
    cut = rs.split_episodes(start, [0.75, 1.25, 2.25], exit="exit", event="end", entry="entry")
    crr: dict[str, Any] = {"cause": 1, "id": "id", "variance": "crr"} | STEP
    whole, parts = (rs.fine_gray("Surv(entry, exit, end) ~ x + z", r, **crr) for r in (start, cut))
    same(whole, parts)
    if not states[0].message:  # where no likelihood runs off
        same(states[0], states[1])
    for cause in (1, 2):  # two causes are two transitions from one state
        if states[0].message:
            break
        own = rs.coxph(f"Surv(entry, exit, end == {cause}) ~ x", d, id="id", ties="breslow")
        assert states[0].params[cause - 1] == pytest.approx(own.params[0], rel=1e-7, abs=1e-7)
    counted = [
        rs.mean_cumulative_function(
            r.with_columns(pl.col("end") == 1), "Surv(entry, exit, end)", id="id"
        ).groups[0]
        for r in (d, split)
    ]
    at = counted[0].time
    np.testing.assert_allclose(counted[1].at(at)["std_error"], counted[0].std_error, rtol=1e-9, atol=1e-12)


@few
@given(persons(), st.sampled_from(["after", "with"]))
def test_the_censoring_term_by_its_definition(d: pl.DataFrame, censoring: Any):
    """The variance with the censoring term, from sums over pairs of persons and event times."""
    fit = rs.fine_gray(
        "Surv(exit, end) ~ x + z", d, cause=1, ties="breslow", ties_censoring=censoring, variance="crr",
        censoring_by="g", max_iterations=3,
    )  # fmt: skip
    t, c, g = d["exit"].to_numpy(), d["end"].to_numpy(), d["g"].to_numpy()
    X, n = d.select("x", "z").to_numpy().astype(float), d.height
    r = np.exp(X @ fit.cox.matrix.state.beta)

    def at_risk(u: float, k: int) -> int:
        return int(
            ((t >= u) & (g == k)).sum()
            - (((t == u) & (c > 0) & (g == k)).sum() if censoring == "after" else 0)
        )

    def G(u: float, k: int) -> float:
        chance = 1.0
        for s in np.unique(t[(c == 0) & (g == k) & (t < u)]):
            chance *= 1 - ((t == s) & (c == 0) & (g == k)).sum() / at_risk(s, k)
        return chance

    events = np.unique(t[c == 1])
    weight = np.array(
        [
            [1.0 if t[j] >= s else G(s, g[j]) / G(t[j], g[j]) if c[j] == 2 else 0.0 for j in range(n)]
            for s in events
        ]
    )
    m = np.array([((t == s) & (c == 1)).sum() for s in events])
    S0 = weight @ r
    mean = (weight * r) @ X / S0[:, None]
    score = np.zeros((n, 2))
    for i in range(n):
        for k, s in enumerate(events):
            score[i] += ((t[i] == s) * (c[i] == 1) - weight[k, i] * r[i] * m[k] / S0[k]) * (X[i] - mean[k])
    for u in np.unique(t[c == 0]):
        for k in (0, 1):
            gone = (t == u) & (c == 0) & (g == k)
            if not gone.any():
                continue
            q = sum(
                (m[e] / S0[e] * weight[e, j] * r[j] * (X[j] - mean[e])
                 for e, s in enumerate(events) if s >= u for j in range(n) if c[j] == 2 and t[j] < u and g[j] == k),
                start=np.zeros(2),
            )  # fmt: skip
            y = at_risk(u, k)
            score[gone] += q / y
            score[(t >= u) & (g == k)] -= q * gone.sum() / y**2
    influence = score @ fit.cov_params(robust=False)
    np.testing.assert_allclose(fit.cov_params(), influence.T @ influence, rtol=1e-6, atol=1e-9)


@few
@given(persons())
def test_the_variance_of_a_mean_number_by_its_definition(d: pl.DataFrame):
    """Lawless and Nadeau's sum over persons, some of whom have several stays and events."""
    rows = d.with_columns(pl.col("id") // 2, pl.col("end") == 1).sort("id", "entry")
    # rows of a person one after the other
    rows = rows.with_columns(shift=pl.when(pl.col("id") == pl.col("id").shift()).then(10.0).otherwise(0.0))
    rows = rows.with_columns(pl.col("entry") + pl.col("shift"), pl.col("exit") + pl.col("shift"))
    found = rs.mean_cumulative_function(rows, "Surv(entry, exit, end)", id="id").groups[0]
    entry, exit, event, who = (rows[c].to_numpy() for c in ("entry", "exit", "end", "id"))
    influence = np.zeros(who.max() + 1)
    for t, se in zip(found.time, found.std_error, strict=True):
        here = (entry < t) & (t <= exit)
        happened = event & (exit == t)
        np.add.at(influence, who, (happened - here * happened.sum() / here.sum()) / here.sum())
        assert se == pytest.approx(np.sqrt((influence**2).sum()), rel=1e-8, abs=1e-10)


def test_warnings_are_not_swallowed_elsewhere():
    rows = {"t": [1, 2, 3, 4], "end": [1, 1, 2, 2], "x": [1, 1, 0, 0]}
    with pytest.warns(RisksetWarning, match="no maximum"):
        rs.fine_gray("Surv(t, end) ~ x", rows, cause=1)
