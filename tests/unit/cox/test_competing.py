"""Competing risks at the edges: ties between causes, nobody left, weights of zero, and what is refused."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest

import riskset as rs
from riskset.cox import FineGrayFit
from riskset.errors import DesignError, FitError

# Times 1 to 8; causes 1 and 2.
ROWS = pl.DataFrame(
    {
        "id": range(1, 9),
        "t": [1.0, 2, 3, 4, 5, 6, 7, 8],
        "end": [1, 2, 1, 2, 1, 0, 1, 0],
        "x": [1.0, 0, 1, 1, 0, 0, 1, 0],
    }
)


def fit(rows: Any, response: str = "Surv(t, end)", **more: Any) -> FineGrayFit:
    return rs.fine_gray(f"{response} ~ x", rows, cause=1, **more)


def test_weights_by_hand():
    """At t = 7 those with a competing event are there with G(7-) = 2/3, for one of three is censored at 6."""
    rows = ROWS.select("t", "end", "x")
    state = rs.fine_gray("Surv(t, end) ~ x", rows, cause=1, max_iterations=0).cox.matrix.state
    np.testing.assert_allclose(state.moments.S0, [8, 7, 6, 2 + 2 * 2 / 3])
    np.testing.assert_allclose(fit(rows, max_iterations=0).loglik, -np.log(8 * 7 * 6 * (10 / 3)))


def test_ties_between_causes():
    """A competing event at the time of an event is at risk then as it is, and fades only later."""
    tied = ROWS.with_columns(t=pl.Series([1.0, 1, 2, 2, 2, 2, 3, 3]))
    state = fit(tied, ties="breslow", max_iterations=0).cox.matrix.state
    # After the events at 2, three are left, one of whom is censored at 2: at 3, 2/3 of each of the two.
    np.testing.assert_allclose(state.moments.S0, [8, 7, 2 + 2 * 2 / 3])
    # Counted with the events at 2, one of six is censored.
    state = fit(tied, ties="breslow", ties_censoring="with", max_iterations=0).cox.matrix.state
    np.testing.assert_allclose(state.moments.S0, [8, 7, 2 + 2 * 5 / 6])


def test_a_competing_event_before_all_events_counts():
    """A person who leaves before the first event is at no event as they are, and yet in all risk sets."""
    early = ROWS.with_columns(t=pl.when(pl.col("id") == 2).then(0.5).otherwise("t"))
    np.testing.assert_allclose(fit(early, max_iterations=0).cox.matrix.state.moments.S0[0], 8)


def test_event_at_the_last_time_and_nobody_censored():
    last = ROWS.with_columns(end=pl.Series([1, 2, 1, 2, 1, 2, 2, 1]))
    found = fit(last)
    assert (found.n_censored, found.n_competing, found.n_events) == (0, 4, 4)
    # Without censoring, those with a competing event simply stay: Cox's model with them at risk to the end.
    stay = last.with_columns(t=pl.when(pl.col("end") == 2).then(9.0).otherwise("t"), end=pl.col("end") == 1)
    plain = rs.coxph("Surv(t, end) ~ x", stay, robust=True)
    np.testing.assert_allclose(found.params, plain.params)
    np.testing.assert_allclose(found.cov_params(), plain.cov_params())
    np.testing.assert_allclose(fit(last, variance="crr").cov_params(), plain.cov_params())


def test_rows_of_weight_zero_are_not_there():
    weighted = ROWS.with_columns(w=pl.when(pl.col("id").is_in([4, 6])).then(0.0).otherwise(1.0))
    without = ROWS.filter(~pl.col("id").is_in([4, 6]))
    a, b = fit(weighted, weights="w"), fit(without)
    np.testing.assert_allclose(a.params, b.params)
    np.testing.assert_allclose(a.cov_params(), b.cov_params())


def test_one_person_and_no_event():
    one = rs.fine_gray("Surv(t, end) ~ 1", {"t": [3.0], "end": [1]}, cause=1)
    assert (one.loglik, one.params.size) == (0.0, 0)
    for rows in (ROWS.with_columns(end=pl.lit(0)), ROWS.with_columns(end=pl.lit(2))):
        with pytest.raises(FitError, match=r"no event|no row ends with the cause"):
            fit(rows)
    with pytest.raises(FitError, match="no event"):
        rs.cause_specific("Surv(t, end) ~ x", ROWS.with_columns(end=pl.lit(0)))


def test_causes_by_name():
    named = ROWS.with_columns(end=pl.col("end").replace_strict({0: "alive", 1: "fracture", 2: "death"}))
    with pytest.raises(DesignError, match="censored="):
        rs.fine_gray("Surv(t, end) ~ x", named, cause="fracture")
    found = rs.fine_gray("Surv(t, end) ~ x", named, cause="fracture", censored="alive")
    levels = named.with_columns(pl.col("end").cast(pl.Enum(["alive", "fracture", "death"])))
    again = rs.fine_gray("Surv(t, end) ~ x", levels, cause="fracture")
    np.testing.assert_array_equal(found.params, fit(ROWS).params)
    np.testing.assert_array_equal(again.params, found.params)
    assert again.competing == ("death",)
    with pytest.raises(FitError, match="Causes are fracture, death"):
        rs.fine_gray("Surv(t, end) ~ x", levels, cause="fall")
    model = rs.cause_specific("Surv(t, end) ~ x", levels)
    assert model.side_by_side().columns[:2] == ["term", "hazard_ratio fracture"]
    assert model.summary()["cause"].to_list() == ["fracture", "death"]
    assert "fracture (4 events)" in repr(model)
    with pytest.raises(FitError, match="no model of cause"):
        model["fall"]


def test_covariates_that_change_are_refused_with_the_way_out():
    rows = pl.DataFrame(
        {"id": [1, 1, 2, 3], "a": [0, 1, 0, 0], "b": [1, 3, 2, 4], "end": [0, 1, 2, 1], "x": [0, 1, 0, 1]}
    )
    with pytest.raises(FitError, match="Austin 2020") as refused:
        fit(rows, "Surv(a, b, end)", id="id")
    assert refused.value.rows == (3,)
    assert "cause_specific" in str(refused.value.remedy)
    with pytest.raises(FitError, match="id="):
        fit(rows, "Surv(a, b, end)")
    with pytest.raises(FitError, match="without a gap"):
        fit(rows.with_columns(x=1, a=pl.Series([0, 2, 0, 0])), "Surv(a, b, end)", id="id")
    with pytest.raises(FitError, match="first event must end"):
        fit(rows.with_columns(x=1, end=pl.Series([2, 1, 2, 1])), "Surv(a, b, end)", id="id")
    with pytest.raises(FitError, match="several rows"):
        fit(rows, "Surv(b, end)", id="id")
    with pytest.raises(FitError, match="change with time"):
        rs.fine_gray("Surv(b, end) ~ x:tt(log(b))", rows, cause=1)


def test_what_is_not_defined_is_refused():
    found = fit(ROWS)
    with pytest.raises(FitError, match="pairs of a subdistribution"):
        found.cox.concordance()
    with pytest.raises(FitError, match="estimated anew"):
        rs.bootstrap(found.cox, n=2, rng=np.random.default_rng(1))
    with pytest.raises(FitError, match="robust variance"):
        _ = found.cox.aic
    grouped = ROWS.with_columns(g=pl.col("id") % 2)
    with pytest.raises(FitError, match="not available with strata"):
        rs.fine_gray("Surv(t, end) ~ x + strata(g)", grouped, cause=1, variance="crr")
    # Everybody under observation at 2 has entered then, so that the chance of having entered by then is nil.
    late = pl.DataFrame({"id": [1, 2, 3], "a": [0, 2, 2], "b": [1, 4, 5], "end": [2, 1, 0], "x": [0, 1, 0]})
    with pytest.raises(FitError, match="just entered"):
        fit(late, "Surv(a, b, end)", id="id")
    wild: Any = "late"
    with pytest.raises(FitError, match="'after'"):
        fit(ROWS, ties_censoring=wild)
    with pytest.raises(FitError, match=r"linear predictors|differ by more"):
        rs.fine_gray("Surv(t, end) ~ x + offset(o)", ROWS.with_columns(o=pl.col("id") * 1000.0), cause=1)


def test_the_fit_answers_as_a_cox_fit_does():
    found = fit(ROWS)
    assert found.contrast({"x": 1}, {"x": 0}).hazard_ratio == pytest.approx(np.exp(found.params[0]))
    assert found.summary()["hazard_ratio"].to_list() == pytest.approx(np.exp(found.params).tolist())
    assert found.anova().columns == ["term", "df", "chi2", "p"]
    np.testing.assert_allclose(
        found.confint()[0], found.params + np.array([-1, 1]) * 1.959964 * found.std_error, rtol=1e-6
    )
    text = repr(found)
    assert "4 events, 2 competing events (2), 2 censored" in text
    assert "SHR" in text
    curve = found.cumulative_incidence({"x": [0, 1]}, times=[0.5, 7.0])
    first = curve.filter(pl.col("time") == 0.5)
    assert first.select("cumulative_incidence", "lower", "upper").rows() == [(0.0, 0.0, 0.0)] * 2
    assert (curve["lower"] <= curve["cumulative_incidence"]).all()


def test_states_followed_through_rows():
    rows = pl.DataFrame(
        {
            "id": [1, 1, 2, 3, 3, 4, 5], "a": [0, 2, 0, 0, 3, 0, 0], "b": [2, 5, 4, 3, 6, 7, 8],
            "to": ["ill", "dead", "dead", "ill", "none", "none", "dead"], "x": [1, 1, 0, 1, 1, 1, 0],
            "begin": ["well"] * 7,
        }
    )  # fmt: skip
    found = rs.multistate_cox("Surv(a, b, to) ~ 1", rows, id="id", censored="none", state="begin")
    assert [str(t) for t in found.transitions] == ["well -> dead", "well -> ill", "ill -> dead"]
    assert (found.n_events, found.n_at_risk) == ((2, 2, 1), (5, 5, 2))
    table = rs.predict_states(found, {}, times=[1, 8])
    np.testing.assert_allclose(table["probability"].to_numpy().reshape(2, 3).sum(axis=1), 1)
    assert table["probability"][0] == 1
    assert "well -> ill: 5 at risk, 2 events" in repr(found)
    with pytest.raises(FitError, match="well -> dead; well -> ill; ill -> dead"):
        rs.multistate_cox(
            "Surv(a, b, to) ~ 1", rows, id="id", censored="none", state="begin", effects={"ill -> well": "x"}
        )
    with pytest.raises(FitError, match="overlap"):
        rs.multistate_cox("Surv(a, b, to) ~ 1", rows.with_columns(a=0), id="id", censored="none")
    with pytest.raises(FitError, match="no state"):
        rs.predict_states(found, {}, start="gone")
    with pytest.raises(FitError, match="no variable"):
        rs.predict_states(found, {"age": 1})


def test_numbers_of_events():
    rows = {"id": [1, 1, 1, 2], "a": [0, 3, 5, 0], "b": [3, 5, 9, 4], "fall": [1, 1, 0, 0]}
    numbered = rs.recurrent_rows(rows, id="id", entry="a", exit="b", event="fall", at_most=2)
    assert numbered["event_number"].to_list() == [1, 2, 1]
    pooled = rs.recurrent_rows(rows, id="id", entry="a", exit="b", event="fall", at_most=2, beyond="pool")
    assert pooled["event_number"].to_list() == [1, 2, 2, 1]
    assert pooled["gap_exit"].to_list() == [3, 2, 4, 4]
    with pytest.raises(FitError, match="overlap"):
        rs.recurrent_rows(rows | {"a": [0, 2, 5, 0]}, id="id", entry="a", exit="b", event="fall")
    with pytest.raises(DesignError, match="id, entry, exit and event"):
        rs.recurrent_rows(rows, id="id")
    with pytest.raises(DesignError, match="entry, exit"):
        rs.recurrent_cox("Surv(b, fall) ~ 1", rows, id="id")


def test_overdispersion_by_hand():
    """Two persons over one time unit each, one with both events: counts 2 and 0 where 1 is expected."""
    rows = {"id": [1, 1, 1, 2], "a": [0.0, 0.2, 0.5, 0.0], "b": [0.2, 0.5, 1.0, 1.0], "fall": [1, 1, 0, 0]}
    found = rs.mean_cumulative_function(rows, "Surv(a, b, fall)", id="id")
    group = found.groups[0]
    assert (group.n_persons, group.n_events, group.person_time) == (2, 2.0, 2.0)
    np.testing.assert_allclose(group.mean, [0.5, 1.0, 1.0])
    assert group.dispersion == pytest.approx((1 + 1) / 2)
    assert group.frailty_variance == pytest.approx((1 + 1 - 2) / 2)
    assert group.at([0.1, 0.3, 2.0])["mean"].to_list() == [0.0, 0.5, None]
    assert found.overdispersion()["events"].to_list() == [2.0]
    figure = found.plot(ticks=[0.0, 0.5, 1.0])
    assert figure.get_size_inches()[0] == pytest.approx(175 / 25.4)
