"""Laws of competing causes, states, tests of groups and rates: a slow twin, derivatives, splitting, adding up."""

from __future__ import annotations

import numpy as np
import polars as pl
from hypothesis import example, given, settings
from hypothesis import strategies as st

from riskset.curves import (
    TimeBands,
    aalen_johansen,
    gray_test,
    incidence_rate,
    kaplan_meier,
    logrank,
    mid_p,
    rate_ratio,
)
from riskset.curves.poisson import exact_rate_ratio, garwood
from riskset.curves.suppression import suppress_small
from riskset.kernel.cumulative_incidence import cumulative_incidence
from riskset.kernel.state_probabilities import state_probabilities

few = settings(max_examples=12)
ROW = st.tuples(
    st.integers(0, 8), st.integers(1, 8), st.integers(0, 2), st.sampled_from(["m", "f"]), st.integers(1, 3)
)


@st.composite
def causes(draw, least: int = 1):
    rows = draw(st.lists(ROW, min_size=least, max_size=20))
    entry = np.array([r[0] for r in rows]) / 2
    return pl.DataFrame(
        {
            "id": np.arange(len(rows)),
            "entry": entry,
            "exit": entry + np.array([r[1] for r in rows]) / 2,
            "cause": [r[2] for r in rows],
            "sex": [r[3] for r in rows],
            "w": [float(r[4]) for r in rows],
        },
        schema_overrides={"cause": pl.Enum(["none", "first", "second"])},
        strict=False,
    ).with_columns(cause=pl.Series([("none", "first", "second")[r[2]] for r in rows], dtype=pl.Enum(["none", "first", "second"])))  # fmt: skip


@st.composite
def walks(draw):
    """Persons who walk between three states, perhaps come late, and may be lost."""
    rows = []
    for person in range(draw(st.integers(1, 8))):
        t, state = draw(st.integers(0, 3)), draw(st.integers(0, 1))
        for _ in range(draw(st.integers(1, 4))):
            end = t + draw(st.integers(1, 4))
            to = draw(st.integers(-1, 2))
            to = -1 if to == state else to
            rows.append((person, float(t), float(end), state, to))
            if to == 2 or (to < 0 and draw(st.booleans())):
                break
            t, state = end, state if to < 0 else to
    return np.array(rows)


def fit(rows, weights=None, **more):
    w = np.ones(len(rows)) if weights is None else weights
    person, state, to = (rows[:, k].astype(np.intp) for k in (0, 3, 4))
    return state_probabilities(rows[:, 1], rows[:, 2], state, to, w, 3, person, **more)


SURV = "Surv(entry, exit, cause)"


@few
@given(causes())
def test_probabilities_sum_to_one_and_incidence_never_falls(frame):
    for group in aalen_johansen(frame, SURV, "sex").groups:
        np.testing.assert_allclose(group.probability.sum(axis=1), 1.0, atol=1e-12)
        assert (np.diff(group.probability[:, 1:], axis=0) >= 0).all()
        assert (group.lower[group.std_error > 0] <= group.probability[group.std_error > 0]).all()


@few
@given(causes())
def test_one_cause_is_one_minus_kaplan_meier(frame):
    frame = frame.with_columns(event=pl.col("cause") != "none")
    curve = kaplan_meier(frame, "Surv(entry, exit, event)", robust=True).groups[0]
    states = aalen_johansen(frame, "Surv(entry, exit, event)").groups[0]
    np.testing.assert_allclose(states.probability[:, 1], 1 - curve.survival, atol=1e-12)
    alive = curve.survival > 0
    np.testing.assert_allclose(states.std_error[alive, 1], curve.std_error[alive], atol=1e-12)
    # the causes share out what all of them together leave
    every = aalen_johansen(frame, SURV).groups[0]
    np.testing.assert_allclose(every.probability[:, 0], curve.survival, atol=1e-12)


@few
@given(causes())
def test_the_quick_way_for_causes_equals_the_general_one(frame):
    a, b, w = (frame[c].to_numpy() for c in ("entry", "exit", "w"))
    code = frame["cause"].to_physical().to_numpy().astype(np.intp)
    who = frame["id"].to_numpy() // 2  # two rows, overlapping or not, are one unit
    quick = cumulative_incidence(a, b, code, w, 2, person=who)
    alone = np.arange(code.size)
    rows = cumulative_incidence(a, b, code, w, 2)
    start = np.array([1.0, 0.0, 0.0])
    whole = state_probabilities(
        a, b, np.zeros_like(code), np.where(code > 0, code, -1), w, 3, alone, start=start
    )
    np.testing.assert_allclose(quick.probability, whole.probability, atol=1e-12)
    np.testing.assert_allclose(rows.variance, whole.variance, atol=1e-12)


@few
@given(walks())
def test_states_equal_the_product_of_matrices(rows):
    estimate = fit(rows)
    p = estimate.start
    for t, found in zip(estimate.time, estimate.probability, strict=True):
        step = np.eye(3)
        for j in range(3):
            inside = (rows[:, 3] == j) & (rows[:, 1] < t) & (t <= rows[:, 2])
            for k in range(3):
                moved = inside & (rows[:, 2] == t) & (rows[:, 4] == k)
                if moved.any():
                    step[j, k] += moved.sum() / inside.sum()
                    step[j, j] -= moved.sum() / inside.sum()
        p = p @ step
        np.testing.assert_allclose(found, p, atol=1e-12)
    np.testing.assert_allclose(estimate.probability.sum(axis=1), 1.0, atol=1e-12)


@settings(max_examples=6)
@given(walks())
@example(
    np.array([[0.0, 0.0, 1.0, 0.0, -1.0], [1.0, 0.0, 1.0, 1.0, -1.0]])
)  # nobody moves: the start alone varies
def test_the_jackknife_of_states_is_the_derivative(rows):
    horizon = float(rows[:, 2].max())
    estimate = fit(rows, horizon=horizon)
    total, area = 0.0, 0.0
    h = 1e-5  # a central difference is good to about its square
    for person in np.unique(rows[:, 0]):
        up, down = np.ones(len(rows)), np.ones(len(rows))
        up[rows[:, 0] == person] += h
        down[rows[:, 0] == person] -= h
        a, b = fit(rows, up, horizon=horizon), fit(rows, down, horizon=horizon)
        total = total + ((a.probability - b.probability) / (2 * h)) ** 2
        area = area + ((a.mean_time - b.mean_time) / (2 * h)) ** 2
    np.testing.assert_allclose(estimate.variance, total, atol=1e-8)
    np.testing.assert_allclose(estimate.mean_time_variance, area, atol=1e-7)


@few
@given(causes(), st.floats(0.05, 0.95), st.integers(0, 19))
def test_splitting_an_episode_changes_nothing(frame, share, which):
    row = frame.row(which % frame.height, named=True)
    cut = row["entry"] + share * (row["exit"] - row["entry"])
    here = pl.col("id") == row["id"]
    none = pl.lit("none", dtype=frame["cause"].dtype)
    first = frame.with_columns(
        exit=pl.when(here).then(cut).otherwise("exit"), cause=pl.when(here).then(none).otherwise("cause")
    )
    split = pl.concat([frame.filter(here).with_columns(entry=pl.lit(cut)), first])
    for variance in ("jackknife", "aalen"):
        whole = aalen_johansen(frame, SURV, "sex", id="id", variance=variance)
        parts = aalen_johansen(split, SURV, "sex", id="id", variance=variance)
        for a, b in zip(whole.groups, parts.groups, strict=True):
            np.testing.assert_array_equal(a.probability, b.probability)
            np.testing.assert_array_equal(a.std_error, b.std_error)
            np.testing.assert_array_equal(a.n_censor, b.n_censor)
    if frame["sex"].n_unique() > 1:
        named = {"censor_competing": True, "id": "id"}
        whole_, split_ = (f.with_columns(event=pl.col("cause") == "first") for f in (frame, split))
        a = logrank(whole_, "Surv(entry, exit, event)", "sex", **named)
        b = logrank(split_, "Surv(entry, exit, event)", "sex", **named)
        assert a.groups.equals(b.groups)


@few
@given(causes())
def test_whole_weights_are_replication(frame):
    copied = frame.select(pl.all().repeat_by(pl.col("w").cast(pl.Int64))).explode(pl.all())
    a = aalen_johansen(frame, SURV, weights="w", variance="aalen").groups[0]
    b = aalen_johansen(copied, SURV, variance="aalen").groups[0]
    np.testing.assert_allclose(a.probability, b.probability, atol=1e-12)
    np.testing.assert_allclose(a.std_error, b.std_error, atol=1e-9)  # a root of a difference of rounded sums


@few
@given(causes(least=2))
def test_observed_and_expected_add_up_and_scores_without_competition_are_the_log_ranks(frame):
    frame = frame.with_columns(
        event=(pl.col("cause") == "first").cast(pl.Int64), exit=pl.col("exit") - pl.col("entry")
    )
    if frame["sex"].n_unique() < 2:
        return
    plain = logrank(frame, "Surv(exit, event)", "sex").groups
    np.testing.assert_allclose(plain["observed"].sum(), plain["expected"].sum(), atol=1e-12)
    gray = gray_test(frame, "Surv(exit, event)", "sex").groups
    difference = (plain["observed"] - plain["expected"]).to_numpy()
    np.testing.assert_allclose(gray["score"].to_numpy(), difference, atol=1e-10)


@few
@given(causes(), st.lists(st.integers(0, 12), min_size=2, max_size=5, unique=True))
def test_bands_conserve_events_and_person_time(frame, edges):
    frame = frame.with_columns(age=pl.col("w") / 2, event=pl.col("cause") == "first")
    named = {"id": "id", "entry": "entry", "exit": "exit"}
    bands = [
        TimeBands("band", "age", sorted(edges), unit="days"),
        TimeBands("other", "w", [0, 2.5, 4], unit="days"),
    ]
    whole = incidence_rate(frame, "event", **named)
    table = incidence_rate(frame, "event", "sex", bands=bands, **named)
    assert table["events"].sum() == whole["events"][0]
    np.testing.assert_allclose(table["person_time"].sum(), whole["person_time"][0], rtol=1e-12)


@few
@given(st.integers(0, 30), st.integers(0, 30), st.floats(0.1, 10), st.sampled_from(["exact", "mid-p"]))
def test_a_ratio_turned_over_has_its_limits_turned_over(a, b, T, method):
    one, other = exact_rate_ratio(a, T, b, 1.0, method=method), exact_rate_ratio(b, 1.0, a, T, method=method)
    assert one.p_value == other.p_value or abs(one.p_value - other.p_value) < 1e-9
    if a and b:
        np.testing.assert_allclose([one.lower, one.upper], [1 / other.upper, 1 / other.lower], rtol=1e-8)
        assert one.lower < one.estimate < one.upper


@few
@given(st.integers(0, 300))
def test_mid_p_limits_lie_inside_the_exact_ones(d):
    (low, high), (exact_low, exact_high) = mid_p(d, 1.0), garwood(d, 1.0)
    assert exact_low <= low <= d <= high <= exact_high


@few
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 12)), min_size=6, max_size=6))
def test_no_hidden_line_follows_from_a_margin(cells):
    table = pl.DataFrame(
        {
            "a": [0, 0, 1, 1, 2, 2],
            "b": [0, 1, 0, 1, 0, 1],
            "persons": [p + e for p, e in cells],
            "events": [e for _, e in cells],
        }
    )
    shown = suppress_small(table, ["a", "b"], 5)
    hidden = shown["suppressed"].is_not_null()
    for margin in ("a", "b"):
        counts = shown.with_columns(h=hidden).group_by(margin).agg(pl.col("h").sum(), n=pl.len())
        assert not ((counts["h"] == 1) & (counts["n"] > 1)).any()
    small = (table["events"].is_between(1, 4)) | (table["persons"].is_between(1, 4))
    assert shown.filter(small)["rate" if "rate" in shown.columns else "events"].null_count() == small.sum()


@few
@given(causes(least=2))
def test_ratios_of_rates_are_ratios_of_rates(frame):
    if frame["sex"].n_unique() < 2:
        return
    frame = frame.with_columns(event=pl.col("cause") == "first")
    named = {"id": "id", "entry": "entry", "exit": "exit"}
    rates = incidence_rate(frame, "event", "sex", **named)["rate"].to_list()
    ratio = rate_ratio(frame, "event", "sex", **named)["ratio"].to_list()[1]
    if rates[0] > 0:
        np.testing.assert_allclose(ratio, rates[1] / rates[0], rtol=1e-12)
