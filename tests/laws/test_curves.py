"""Laws of curves and rates: a slow twin, splitting, permuting, replicating, adding up."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import given
from hypothesis import strategies as st

from riskset.curves import garwood, incidence_rate, kaplan_meier
from riskset.kernel.product_limit import product_limit

# Few distinct times make many ties; halves make times between whole days.
ROW = st.tuples(
    st.integers(0, 8), st.integers(1, 8), st.booleans(), st.sampled_from(["m", "f"]), st.integers(1, 3)
)


@st.composite
def episodes(draw):
    rows = draw(st.lists(ROW, min_size=1, max_size=25))
    entry = np.array([r[0] for r in rows]) / 2
    return pl.DataFrame(
        {
            "id": np.arange(len(rows)),
            "entry": entry,
            "exit": entry + np.array([r[1] for r in rows]) / 2,
            "event": [r[2] for r in rows],
            "sex": [r[3] for r in rows],
            "w": [r[4] for r in rows],
        }
    )


SURV = "Surv(entry, exit, event)"


def slow_twin(entry, exit, event, weights):
    """Kaplan-Meier as it is defined: at each time, count who is there."""
    survival, variance, out = 1.0, 0.0, []
    for t in sorted(set(exit)):
        n = sum(w for a, b, w in zip(entry, exit, weights, strict=True) if a < t <= b)
        d = sum(w for b, e, w in zip(exit, event, weights, strict=True) if b == t and e)
        survival *= 1 - d / n
        variance = variance + d / (n * (n - d)) if d < n else np.inf
        out.append((t, n, d, survival, survival**2 * variance if survival > 0 else np.nan))
    return np.array(out).T


def slow_jackknife(entry, exit, event, weights):
    """Sum of squared w dS/dw, each derivative by a central difference of the slow twin."""
    h = 1e-5
    total = 0.0
    for k in range(len(exit)):
        up, down = weights.copy(), weights.copy()
        up[k] += h
        down[k] -= h
        change = slow_twin(entry, exit, event, up)[3] - slow_twin(entry, exit, event, down)[3]
        total = total + (weights[k] * change / (2 * h)) ** 2
    return total


@given(episodes())
def test_the_fast_path_equals_the_definition(frame):
    a, b, e, w = (frame[c].to_numpy() for c in ("entry", "exit", "event", "w"))
    fast = product_limit(a, b, e, w.astype(float))
    time, n, d, survival, variance = slow_twin(a, b, e, w)
    np.testing.assert_array_equal(fast.time, time)
    np.testing.assert_array_equal(fast.n_risk, n)  # sums of whole numbers are exact
    np.testing.assert_array_equal(fast.n_event, d)
    np.testing.assert_allclose(fast.survival, survival, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(fast.variance, variance, rtol=1e-10, atol=1e-15)


@given(episodes())
def test_the_jackknife_is_the_derivative(frame):
    a, b, e, w = (frame[c].to_numpy() for c in ("entry", "exit", "event", "w"))
    fast = product_limit(a, b, e, w.astype(float), jackknife=True)
    positive = fast.survival > 0
    slow = slow_jackknife(a, b, e, w.astype(float))
    # a central difference with step 1e-5 is good to about the square of the step
    np.testing.assert_allclose(fast.variance[positive], slow[positive], rtol=1e-6, atol=1e-9)


@given(episodes(), st.floats(0.05, 0.95), st.integers(0, 24))
def test_splitting_an_episode_anywhere_changes_nothing(frame, share, which):
    row = frame.row(which % frame.height, named=True)
    cut = row["entry"] + share * (row["exit"] - row["entry"])
    first = frame.with_columns(
        exit=pl.when(pl.col("id") == row["id"]).then(cut).otherwise("exit"),
        event=pl.col("event") & (pl.col("id") != row["id"]),
    )
    second = frame.filter(pl.col("id") == row["id"]).with_columns(entry=pl.lit(cut))
    split = pl.concat([second, first])  # out of order, as raw tables are
    for whole, parts in zip(
        kaplan_meier(frame, SURV, "sex", id="id").groups,
        kaplan_meier(split, SURV, "sex", id="id").groups,
        strict=True,
    ):
        for column in ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "lower", "upper"):
            np.testing.assert_array_equal(getattr(parts, column), getattr(whole, column))
        assert parts.person_time == whole.person_time
    named = {"id": "id", "entry": "entry", "exit": "exit"}
    before, after = (incidence_rate(f, "event", "sex", **named) for f in (frame, split))
    assert after.select("sex", "persons", "events").equals(before.select("sex", "persons", "events"))
    for column in ("person_time", "rate", "lower", "upper"):  # person-time is added up in another order
        np.testing.assert_allclose(after[column], before[column], rtol=1e-12)


@given(episodes(), st.randoms(use_true_random=False))
def test_the_order_of_rows_and_the_names_of_persons_do_not_matter(frame, random):
    order = list(range(frame.height))
    random.shuffle(order)
    mixed = frame[order].with_columns(id=pl.format("person {}", "id"))
    for ours, theirs in zip(
        kaplan_meier(frame, SURV, "sex", id="id").groups,
        kaplan_meier(mixed, SURV, "sex", id="id").groups,
        strict=True,
    ):
        np.testing.assert_array_equal(ours.survival, theirs.survival)
        assert ours.median == theirs.median


@given(episodes())
def test_whole_weights_are_replication(frame):
    weighted = kaplan_meier(frame, SURV, weights="w").groups[0]
    copied = kaplan_meier(frame.select(pl.all().repeat_by("w")).explode(pl.all()), SURV).groups[0]
    np.testing.assert_array_equal(weighted.n_risk, copied.n_risk)
    np.testing.assert_array_equal(weighted.survival, copied.survival)
    np.testing.assert_array_equal(weighted.std_error, copied.std_error)
    np.testing.assert_array_equal(weighted.at_risk([0, 1, 2.5]), copied.at_risk([0, 1, 2.5]))


@given(episodes())
def test_cells_add_up_to_the_total(frame):
    named = {"id": "id", "entry": "entry", "exit": "exit"}
    cells, total = incidence_rate(frame, "event", "sex", **named), incidence_rate(frame, "event", **named)
    assert cells["events"].sum() == total["events"][0]
    np.testing.assert_allclose(cells["person_time"].sum(), total["person_time"][0], rtol=1e-12)
    assert (cells["lower"] <= cells["rate"]).all()
    assert (cells["rate"] <= cells["upper"]).all()


@given(st.integers(0, 400), st.floats(0.5, 0.999))
def test_garwood_limits_hold_their_tails(d, level):
    """At the lower limit P(D >= d) is alpha/2, at the upper P(D <= d), summed term by term."""
    lower, upper = (float(v) for v in garwood(d, 1.0, level))
    k = np.arange(d + 1)
    log_factorial = np.concatenate([[0.0], np.cumsum(np.log(np.arange(1, d + 1)))])
    at_most = np.exp(k * np.log(upper) - upper - log_factorial).sum()
    assert abs(at_most - (1 - level) / 2) < 1e-10
    if d:
        below = np.exp(k[:-1] * np.log(lower) - lower - log_factorial[:-1]).sum()
        assert abs(1 - below - (1 - level) / 2) < 1e-10
