"""`coxph` as a user meets it: missing rows, robust by R's rule, refusals, status, names, printing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import polars as pl
import pytest

from riskset.cox import coxph, coxph_matrix, likelihood_ratio, profile_interval, wald_test
from riskset.errors import DesignError, FitError, RisksetWarning

FORMULA = "Surv(entry, exit, event) ~ x + drug"


def cohort(seed: int = 1, persons: int = 80) -> pl.DataFrame:
    """Three rows for each person, one event at most, at the end."""
    rng = np.random.default_rng(seed)
    n = 3 * persons
    entry = np.tile([0.0, 10.0, 20.0], persons)
    event = np.zeros(n, dtype=bool)
    event[2::3] = rng.random(persons) < 0.6
    return pl.DataFrame(
        {
            "id": [f"p{k:03d}" for k in np.repeat(np.arange(persons), 3)],
            "entry": entry,
            "exit": entry + np.where(event, rng.integers(1, 10, n), 10),
            "event": event,
            "x": rng.standard_normal(n),
            "drug": pl.Series(rng.choice(["no", "yes"], n), dtype=pl.Enum(["no", "yes"])),
            "w": rng.integers(1, 4, n),
        }
    )


ROWS = cohort()


def test_what_a_fit_says_of_itself():
    fit = coxph(FORMULA, ROWS, id="id")
    assert fit.status == "converged"
    assert fit.message == ""
    assert (fit.n_persons, fit.n_rows, fit.n_events) == (80, 240, int(ROWS["event"].sum()))
    assert fit.person_time == (ROWS["exit"] - ROWS["entry"]).sum()
    assert (fit.id, fit.entry, fit.exit, fit.event) == ("id", "entry", "exit", "event")
    assert set(fit.data.columns) == {"id", "entry", "exit", "event", "x", "drug"}
    assert fit.formula == FORMULA
    assert fit.names == ("x", "drug[yes]")
    assert fit.aic == pytest.approx(-2 * fit.loglik + 4)
    assert fit.bic == pytest.approx(-2 * fit.loglik + 2 * np.log(fit.n_events))


def test_missing_rows_are_counted_in_rows_and_persons():
    x = ROWS["x"].to_numpy().copy()
    x[[0, 1, 2, 3]] = np.nan  # all rows of the first person, one of the second
    holed = ROWS.with_columns(x=pl.Series(x))
    with pytest.warns(RisksetWarning, match="4 of 240 rows of 2 persons, 1 of whom have no row left.*x 4"):
        fit = coxph(FORMULA, holed, id="id")
    assert (fit.n_dropped_rows, fit.n_dropped_persons, fit.n_persons, fit.n_rows) == (4, 1, 79, 236)
    whole = coxph(FORMULA, holed.filter(pl.col("x").is_not_nan()), id="id")
    np.testing.assert_array_equal(fit.params, whole.params)
    with pytest.raises(FitError, match=r"x: a value is missing \(4 rows: 2, 3, 4, 5\)"):
        coxph(FORMULA, holed, missing="raise")
    with pytest.raises(FitError, match="no row is left"), pytest.warns(RisksetWarning):
        coxph(FORMULA, ROWS.with_columns(x=pl.lit(None, dtype=pl.Float64)))


def test_refused_rows_are_numbered_as_given():
    row = pl.int_range(pl.len())
    holed = ROWS.with_columns(
        x=pl.when(row < 2).then(None).otherwise(pl.col("x").abs() + 1),
        exit=pl.when(row == 9).then(pl.col("entry") - 1).otherwise("exit"),
    )
    with (
        pytest.raises(FitError, match=r"exit must be later than entry \(1 row: 11\)"),
        pytest.warns(RisksetWarning),
    ):
        coxph(FORMULA, holed)
    zero = holed.with_columns(x=pl.when(row == 5).then(0.0).otherwise("x"), exit=ROWS["exit"])
    with pytest.raises(DesignError, match=r"log\(x\): .* \(1 row: 7\)"), pytest.warns(RisksetWarning):
        coxph("Surv(entry, exit, event) ~ log(x)", zero)


def test_robust_by_the_rule_of_r():
    assert not coxph(FORMULA, ROWS).robust
    assert not coxph(FORMULA, ROWS, id="id").robust  # one event each
    assert coxph(FORMULA, ROWS, cluster="id").robust
    assert coxph(f"{FORMULA} + cluster(id)", ROWS).robust
    again = ROWS.with_columns(event=pl.col("event") | (pl.col("entry") == 10))
    assert coxph(FORMULA, again, id="id").robust  # more than one event
    assert not coxph(FORMULA, ROWS, weights="w").robust  # whole weights
    halves = ROWS.with_columns(w=pl.col("w") / 2)
    with pytest.raises(FitError, match="needs to know which rows belong together"):
        coxph(FORMULA, halves, weights="w")
    assert coxph(FORMULA, halves, weights="w", id="id").robust
    assert not coxph(FORMULA, ROWS, id="id", robust=False).robust
    assert coxph("Surv(exit, event) ~ x", halves, weights="w").robust  # right-censored: each row its own


def test_cluster_labels_may_be_of_any_type():
    by_text = coxph(FORMULA, ROWS, cluster="id")
    codes = ROWS.with_columns(id=pl.col("id").rank("dense") * 7 - 100)
    np.testing.assert_allclose(
        coxph(FORMULA, codes, cluster="id").cov_params(), by_text.cov_params(), rtol=1e-12
    )
    by_enum = ROWS.with_columns(id=pl.col("id").cast(pl.Categorical))
    np.testing.assert_allclose(
        coxph(FORMULA, by_enum, cluster="id").cov_params(), by_text.cov_params(), rtol=1e-12
    )


def test_likelihood_is_withheld_beside_a_robust_variance():
    fit = coxph(FORMULA, ROWS, id="id", robust=True)
    assert fit.global_tests().likelihood_ratio is None
    assert fit.global_tests().robust_score is not None
    for ask in (
        lambda: fit.aic,
        lambda: fit.bic,
        lambda: likelihood_ratio(fit, [1, 0]),
        lambda: profile_interval(fit, [1, 0]),
        lambda: fit.confint(method="profile"),
    ):
        with pytest.raises(FitError, match="no meaning beside a robust variance"):
            ask()
    assert wald_test(fit, [1, 0]).chi2 == pytest.approx((fit.params[0] / fit.std_error[0]) ** 2)


def test_pandas_and_a_dict_give_the_same_fit():
    fit = coxph(FORMULA, ROWS)
    table = pd.DataFrame({name: ROWS[name].to_list() for name in ROWS.columns})
    table["drug"] = pd.Categorical(table["drug"], categories=["no", "yes"])
    np.testing.assert_array_equal(coxph(FORMULA, table).params, fit.params)
    np.testing.assert_array_equal(coxph(FORMULA, ROWS.to_dict(as_series=False)).params, fit.params)
    np.testing.assert_array_equal(coxph(FORMULA, ROWS.to_arrow()).params, fit.params)


def test_events_may_be_logical_or_coded():
    fit = coxph(FORMULA, ROWS)
    for coded in (
        pl.col("event").cast(pl.Int8),
        pl.col("event").cast(pl.Float64),
        pl.col("event").cast(pl.Int64) + 1,
    ):
        other = coxph(FORMULA, ROWS.with_columns(event=coded))
        np.testing.assert_array_equal(other.params, fit.params)
        assert other.data.schema["event"] == pl.Boolean
    status = ROWS.with_columns(status=pl.col("event").cast(pl.Int64) * 2)
    other = coxph("Surv(entry, exit, status == 2) ~ x + drug", status)
    np.testing.assert_array_equal(other.params, fit.params)
    assert other.event == "status == 2"
    with pytest.raises(FitError, match=r"status: the event must be true or false, 0 or 1"):
        coxph("Surv(entry, exit, status) ~ x", status)


def test_refusals():
    with pytest.raises(FitError, match="exact ties know no robust variance"):
        coxph("Surv(t, d) ~ x", {"t": [1, 2, 2], "d": [1, 1, 0], "x": [0, 1, 2]}, ties="exact", robust=True)
    with pytest.raises(FitError, match="ties must be"):
        coxph(FORMULA, ROWS, ties="approximate")
    with pytest.raises(DesignError, match="no column 'drugs'\n.*'drug'".replace("\n", r"\n")):
        coxph("Surv(entry, exit, event) ~ drugs", ROWS)
    with pytest.raises(DesignError, match="needs a response"):
        coxph("x + drug", ROWS)
    with pytest.raises(FitError, match=r"exit must be later than entry \(1 row: 5\)"):
        coxph(
            FORMULA, ROWS.with_columns(exit=pl.when(pl.int_range(pl.len()) == 3).then(0.0).otherwise("exit"))
        )
    with pytest.raises(FitError, match="no event"):
        coxph(FORMULA, ROWS.with_columns(event=pl.lit(value=False)))
    with pytest.raises(FitError, match="weights must not be negative"):
        coxph(FORMULA, ROWS.with_columns(w=-pl.col("w")), weights="w")
    with pytest.raises(FitError, match="times must be numbers"):
        coxph("Surv(entry, id, event) ~ x", ROWS)
    third = pl.int_range(pl.len()) == 2
    tiny = ROWS.with_columns(
        exit=pl.when(third).then(20 + 1e-12).otherwise("exit"), event=pl.col("event") | third
    )
    with pytest.raises(FitError, match="within the time tolerance"):
        coxph(FORMULA, tiny)
    with pytest.raises(FitError, match="expected 240 values"):
        coxph_matrix(np.ones((240, 1)), None, np.ones(3), np.ones(240))
    # rows as a spreadsheet counts them: the header is row 1
    with pytest.raises(FitError, match=r"covariates must be finite numbers \(2 rows: 2, 4\)"):
        coxph_matrix([[np.nan], [1.0], [np.inf]], None, [1, 2, 3], [1, 1, 1])
    with pytest.raises(FitError, match=r"values must be finite numbers \(1 row: 3\)"):
        coxph_matrix([[0.0], [1.0], [0.0]], None, [1, np.nan, 3], [1, 1, 1])


def test_a_message_holds_no_value_of_a_patient():
    secret = ROWS.with_columns(x=pl.when(pl.int_range(pl.len()) == 7).then(-31337.0).otherwise("x"))
    with pytest.raises(DesignError) as refused:
        coxph("Surv(entry, exit, event) ~ log(x)", secret)
    assert "31337" not in str(refused.value)


def test_monotone_likelihood_is_named():
    free = ROWS.with_columns(event=pl.col("event") & (pl.col("drug") == "no"))
    with pytest.warns(RisksetWarning, match=r"go to infinity: drug\[yes\]"):
        fit = coxph(FORMULA, free)
    assert fit.status == "monotone likelihood"
    assert fit.params[1] < -10
    interval = profile_interval(fit, [0, 1])
    assert interval.lower == -np.inf
    assert -10 < interval.upper < 0
    assert interval.p < 0.001
    # run off so far that the information about it underflows, it is not known at all, rather than exactly
    nothing_left = np.diag([fit.matrix.covariance[0, 0], 0.0])
    gone = replace(fit, matrix=replace(fit.matrix, covariance=nothing_left))
    last = gone.summary().row(1, named=True)
    assert (gone.std_error[1], last["p"], last["lower"], last["upper"]) == (np.inf, 1.0, 0.0, np.inf)
    against = gone.contrast({"drug": "yes"}, {"drug": "no"})
    assert (against.std_error, against.p, against.lower, against.upper) == (np.inf, 1.0, 0.0, np.inf)
    # what does not run off is as if the runaway were at infinity: those rows leave the risk sets
    without = coxph("Surv(entry, exit, event) ~ x", free.filter(pl.col("drug") == "no"))
    assert fit.params[0] == pytest.approx(without.params[0], rel=1e-7)
    assert profile_interval(fit, [1, 0]).lower == pytest.approx(
        profile_interval(without, [1]).lower, rel=1e-6
    )
    assert "Note: the likelihood has no maximum" in repr(fit)
    assert fit.summary()["upper"][1] == np.inf


def test_a_first_step_to_where_nothing_is_left_to_learn_is_no_maximum():
    # who has it is one of a thousand and dies first: with p = 1/1000 Newton's first step is U/I = (1 - p)/(p(1 - p)) = 1000
    alone = pl.DataFrame({"time": range(1, 1001), "event": [1, *[0] * 998, 1], "x": [1, *[0] * 999]})
    alone = alone.with_columns(z=(pl.col("time") * 7919 % 1000) / 1000)
    with pytest.warns(
        RisksetWarning, match=r"go to infinity: x; .* \(nothing tells of z once x is at infinity\)"
    ):
        fit = coxph("Surv(time, event) ~ x + z", alone)
    assert fit.status == "monotone likelihood"
    assert fit.params[0] > 900
    assert np.isnan(fit.params[1])
    assert np.isinf(fit.std_error[0])
    # nobody without a letter has an event: both go together, and the second is no combination of the first
    letters = pl.DataFrame(
        {
            "time": [1.0, 2.0, 3.0, *[4.0] * 2000],
            "event": [1, 1, 1, *[0] * 2000],
            "g": ["a", "b", "a", *["none"] * 1990, *["a", "b"] * 5],
        }
    )
    with pytest.warns(
        RisksetWarning, match=r"go to infinity: .*\[a\], .*\[b\]; there is no event where .*none"
    ):
        both = coxph("Surv(time, event) ~ factor(g, ref='none')", letters)
    assert both.status == "monotone likelihood"


def test_non_convergence_is_a_status_and_a_warning():
    with pytest.warns(RisksetWarning, match="did not converge in 1 steps"):
        fit = coxph(FORMULA, ROWS, max_iterations=1)
    assert fit.status == "not converged"


def test_constant_and_combined_columns_are_named():
    more = ROWS.with_columns(k=pl.lit(3.7), z=2 * pl.col("x") - 1e6)
    with pytest.warns(RisksetWarning, match="not estimated: k, z"):
        fit = coxph("Surv(entry, exit, event) ~ x + k + drug + z", more)
    np.testing.assert_array_equal(np.isnan(fit.params), [False, True, False, True])
    assert fit.df == 2
    assert fit.global_tests().wald.df == 2
    with pytest.raises(FitError, match="not estimated: k"):
        fit.contrast({"k": 1.0}, {"k": 0.0})
    # x and z move together in all rows: what x does while z stays is not in the data
    with pytest.raises(FitError, match="not estimated: k, z"):
        fit.contrast({"x": 1.0}, {"x": 0.0})
    together = fit.contrast({"x": 1.0, "z": 2.0 - 1e6}, {"x": 0.0, "z": -1e6})
    alone = coxph(FORMULA, ROWS).contrast({"x": 1.0}, {"x": 0.0})
    assert together.estimate == pytest.approx(alone.estimate)
    assert together.std_error == pytest.approx(alone.std_error)
    assert fit.contrast({"drug": "yes"}).estimate == pytest.approx(fit.params[2])
    summary = fit.summary()
    assert summary["estimate"].is_null().to_list() == [False, True, False, True]
    assert "not estimated" in repr(fit)


def test_an_empty_level_is_named():
    levels = ROWS.with_columns(drug=pl.col("drug").cast(pl.String).cast(pl.Enum(["no", "sometimes", "yes"])))
    with pytest.warns(RisksetWarning, match=r"not estimated: drug\[sometimes\]"):
        fit = coxph(FORMULA, levels)
    np.testing.assert_allclose(fit.params[[0, 2]], coxph(FORMULA, ROWS).params)


def test_summary_and_printed_table():
    fit = coxph(FORMULA, ROWS, id="id", robust=True)
    summary = fit.summary()
    assert summary.columns == [
        "term", "estimate", "hazard_ratio", "std_error", "robust_se", "z", "p", "lower", "upper",
    ]  # fmt: skip
    first = summary.row(0, named=True)
    assert first["z"] == pytest.approx(first["estimate"] / first["robust_se"])
    # ndtri(0.975), Abramowitz & Stegun table 26.5
    assert first["upper"] == pytest.approx(np.exp(first["estimate"] + 1.959963984540054 * first["robust_se"]))
    printed = repr(fit)
    assert "80 persons, 240 rows" in printed
    assert "robust SE" in printed
    assert "drug[yes]" in printed
    assert "likelihood ratio" not in printed


def test_null_model():
    fit = coxph("Surv(entry, exit, event) ~ 1", ROWS)
    assert fit.names == ()
    assert fit.loglik == fit.loglik_null
    assert fit.summary().height == 0
    assert "log likelihood" in repr(fit)
