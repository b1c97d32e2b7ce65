"""Proportional-hazards tests, survival and splitting as a user meets them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

import riskset as rs
from riskset.errors import FitError
from riskset.plots import to_svg_text

ROWS = pl.DataFrame(
    {
        "t": [4.0, 3, 1, 1, 2, 2, 3, 5, 6, 7, 8, 9],
        "d": [1, 1, 1, 0, 1, 1, 0, 1, 1, 1, 0, 1],
        "x": [0.0, 2, 1, 1, 1, 0, 0, 3, 1, 2, 0, 1],
        "g": ["a", "b", "c", "a", "b", "c", "a", "b", "c", "a", "b", "c"],
        "s": [0, 0, 0, 0, 1, 1, 1, 0, 1, 0, 1, 1],
    }
)
FIT = rs.coxph("Surv(t, d) ~ x + g", ROWS)


def test_the_plot_is_the_same_bytes_each_time():
    zph = rs.cox_zph(FIT)
    one, two = (to_svg_text(zph.plot(), name="zph") for _ in range(2))
    assert one == two
    with pytest.raises(FitError, match="no term 'h'"):
        zph.plot("h")
    assert to_svg_text(zph.plot("g", width=85.0), name="zph")


def test_the_printed_test_names_terms_and_their_degrees_of_freedom():
    said = repr(rs.cox_zph(FIT)).splitlines()
    assert said[0] == "Proportional hazards, score tests against g(time) = km"
    assert [line.split()[0] for line in said[1:]] == ["x", "g", "GLOBAL"]
    assert rs.cox_zph(FIT, terms=False).terms == ("x", "g[b]", "g[c]")


def test_survival_at_given_times_counts_what_happened_since_the_time_before():
    table = rs.cox_survival(FIT, {"x": 1.0, "g": "b"}, times=[2.5, 6.0]).table
    assert table["time"].to_list() == [2.5, 6.0]
    assert table["n_risk"].to_list() == [8, 4]  # later than 2.5; 6, 7, 8 and 9
    assert table["n_event"].to_list() == [3, 4]  # at 1, 2, 2; at 3, 4, 5, 6
    assert (table["lower"] <= table["survival"]).all()
    assert (table["survival"] <= table["upper"]).all()


def test_survival_where_strata_interact_with_covariates():
    fit = rs.coxph("Surv(t, d) ~ x * strata(s)", ROWS)
    table = rs.cox_survival(fit, {"x": 1.0}, times=[5.0]).table
    assert table["stratum"].to_list() == ["s=0", "s=1"]
    own = rs.cox_survival(fit, {"x": 1.0, "s": 1}, times=[5.0]).table
    assert own["survival"].to_list() == table["survival"].to_list()[1:]
    alone = rs.coxph("Surv(t, d) ~ x", ROWS.filter(pl.col("s") == 1))
    one = rs.cox_survival(alone, {"x": 1.0}, times=[5.0]).table
    np.testing.assert_allclose(one["survival"], own["survival"], rtol=1e-7)


def test_a_profile_may_be_a_frame():
    profiles = pl.DataFrame({"g": ["a", "b"], "x": [0.0, 1.0]})
    by_frame = rs.cox_survival(FIT, profiles, times=[4]).table
    by_mapping = rs.cox_survival(FIT, {"g": ["a", "b"], "x": [0.0, 1.0]}, times=[4]).table
    assert by_frame.equals(by_mapping)
    assert by_frame["curve"].to_list() == [0, 1]


def test_huge_linear_predictors_do_not_overflow():
    # exp(800) is no double: risks are relative to the largest, in baselines and predictions too
    rows = ROWS.with_columns(o=pl.lit(800.0))
    far = rs.coxph("Surv(t, d) ~ x + g + offset(o)", rows)
    np.testing.assert_allclose(
        far.residuals("martingale"), FIT.residuals("martingale"), rtol=1e-9, atol=1e-12
    )
    np.testing.assert_allclose(rs.cox_zph(far).table["chi2"], rs.cox_zph(FIT).table["chi2"], rtol=1e-9)
    one = rs.cox_survival(far, {"x": 1.0, "g": "a", "o": 800.0}).table
    np.testing.assert_allclose(
        one["survival"], rs.cox_survival(FIT, {"x": 1.0, "g": "a"}).table["survival"], rtol=1e-9
    )


def test_splitting_keeps_time_and_events_and_refuses_what_is_no_row():
    pieces = rs.split_episodes(ROWS, [1.0, 2.5, 2.5, 50], exit="t", event="d", episode="part")
    assert (pieces["t"] - pieces["entry"]).sum() == ROWS["t"].sum()
    assert pieces["d"].sum() == ROWS["d"].sum()
    assert pieces["part"].unique().sort().to_list() == [1, 2, 3]
    with pytest.raises(FitError, match="exit must be later than entry"):
        rs.split_episodes({"t": [0.0], "d": [1]}, [1], exit="t", event="d")
    with pytest.raises(FitError, match="no column 'u'"):
        rs.split_episodes(ROWS, [1], exit="u", event="d")


def test_a_path_needs_its_columns():
    pieces = {"id": [1], "x": [1.0], "g": ["a"]}
    with pytest.raises(FitError, match="model of \\(entry, exit\\] rows"):
        rs.cox_survival(FIT, pieces, id="id")
    split = rs.split_episodes(ROWS, [3.0], exit="t", event="d")
    fit = rs.coxph("Surv(entry, t, d) ~ x + g", split)
    with pytest.raises(FitError, match="path has no column 'entry'"):
        rs.cox_survival(fit, pieces, id="id")
    with pytest.raises(FitError, match="no limits 'logit'"):
        rs.cox_survival(fit, {}, conf_type="logit")


def test_predictions_of_new_rows_ask_for_what_they_need():
    with pytest.raises(FitError, match="no column 't'"):
        FIT.predict("expected", {"x": [1.0], "g": ["a"]})
    with pytest.raises(FitError, match="no prediction 'hazard'"):
        FIT.predict("hazard")
    expected, _ = FIT.predict("expected")
    np.testing.assert_allclose(ROWS["d"].to_numpy() - expected, FIT.residuals("martingale"), atol=1e-12)


def test_events_coded_1_and_2_are_the_same_events_where_a_coefficient_changes_with_time():
    formula = "Surv(t, d) ~ s + x:tt(log(t)) + x"
    plain = rs.coxph(formula, ROWS)
    other = rs.coxph(formula, ROWS.with_columns(pl.col("d") + 1))
    assert plain.n_events == other.n_events == ROWS["d"].sum()
    np.testing.assert_array_equal(plain.params, other.params)
    with pytest.raises(FitError, match="0 or 1, or 1 or 2"):
        rs.coxph(formula, ROWS.with_columns(d=pl.Series(range(12)) % 3))
