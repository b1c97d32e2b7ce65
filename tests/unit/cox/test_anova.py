"""Tests of terms beyond R's numbers: robust variances, aliased columns, and comparisons that are refused."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.cox import Firth, Ridge, anova, coxph, wald_test
from riskset.errors import FitError, RisksetWarning

RNG = np.random.default_rng(3)
N = 240
ROWS = pl.DataFrame(
    {
        "id": np.arange(N) // 2,
        "entry": (np.arange(N) % 2) * 10.0,
        "exit": (np.arange(N) % 2) * 10.0 + RNG.integers(1, 10, N),
        "event": RNG.random(N) < 0.4,
        "x": RNG.standard_normal(N),
        "z": RNG.standard_normal(N),
        "g": RNG.choice(["a", "b", "c"], N),
    }
)
FORMULA = "Surv(entry, exit, event) ~ x * g + z"


def test_a_robust_fit_is_tested_by_wald_with_its_own_variance():
    fit = coxph(FORMULA, ROWS, id="id", robust=True)
    table = fit.anova()
    assert table.columns == ["term", "df", "chi2", "p"]
    assert table["term"].to_list() == ["z", "x:g"]
    places = [i for i, n in enumerate(fit.names) if ":" in n]
    test = wald_test(fit, np.eye(fit.params.size)[places])
    assert table.row(1) == ("x:g", 2, pytest.approx(test.chi2), pytest.approx(test.p))
    with pytest.raises(FitError, match="no meaning beside a robust variance"):
        fit.anova(test="lr")
    # in sequence, each term's test is that of the model which ends with it
    smaller = coxph("Surv(entry, exit, event) ~ x + g", ROWS, id="id", robust=True)
    last = wald_test(smaller, np.eye(3)[1:])
    assert fit.anova("sequential")["chi2"][1] == pytest.approx(last.chi2, rel=1e-6)


def test_each_dropped_term_is_the_smaller_model_fitted():
    fit = coxph(FORMULA, ROWS)
    table = fit.anova()
    for term, smaller in (("z", "x * g"), ("x:g", "x + g + z")):
        row = table.filter(pl.col("term") == term).row(0, named=True)
        without = coxph(f"Surv(entry, exit, event) ~ {smaller}", ROWS)
        assert row["loglik"] == pytest.approx(without.loglik, rel=1e-11)
        assert row["aic"] == pytest.approx(without.aic, rel=1e-11)
        assert anova(without, fit)["chi2"][1] == pytest.approx(row["chi2"], rel=1e-7)


def test_a_column_made_of_others_costs_no_degree_of_freedom():
    doubled = ROWS.with_columns(y=2 * pl.col("x"))
    with pytest.warns(RisksetWarning, match="y is made of x"):
        fit = coxph("Surv(entry, exit, event) ~ x + y + z", doubled)
    table = fit.anova()
    # without x, y takes its place, and the other way round
    assert table["df"].to_list() == [0, 0, 1]
    np.testing.assert_allclose(table["chi2"][:2], 0, atol=1e-9)
    assert fit.anova("sequential")["df"].to_list() == [1, 0, 1]


def test_a_ridge_is_tested_by_wald():
    fit = coxph(FORMULA, ROWS, penalty=Ridge(2.0))
    assert fit.anova().columns == ["term", "df", "chi2", "p"]
    with pytest.raises(FitError, match="under a ridge"):
        fit.anova(test="lr")


def test_models_on_different_rows_are_refused():
    holes = ROWS.with_columns(z=pl.when(pl.int_range(pl.len()) == 5).then(None).otherwise("z"))
    small = coxph("Surv(entry, exit, event) ~ x", holes)
    with pytest.warns(RisksetWarning, match="1 of 240 rows"):
        large = coxph("Surv(entry, exit, event) ~ x + z", holes)
    with pytest.raises(FitError, match="not fitted to the same rows"):
        anova(small, large)
    # as many rows, but others
    one, other = (
        coxph("Surv(entry, exit, event) ~ x", ROWS.slice(k, 200), id="id", robust=False) for k in (0, 40)
    )
    with pytest.raises(FitError, match="not fitted to the same rows"):
        anova(one, other)
    with pytest.raises(FitError, match="same rows and strata"):
        anova(small, coxph("Surv(entry, exit, event) ~ x + strata(g)", ROWS))


def test_other_comparisons_that_mean_nothing_are_refused():
    x, z = (coxph(f"Surv(entry, exit, event) ~ {v}", ROWS) for v in "xz")
    with pytest.raises(FitError, match="not nested"):
        anova(x, z)
    with pytest.raises(FitError, match="differ in ties"):
        anova(x, coxph("Surv(entry, exit, event) ~ x + z", ROWS, ties="breslow"))
    with pytest.raises(FitError, match="two models or more"):
        anova(x)
    with pytest.raises(FitError, match="robust variance"):
        anova(x, coxph("Surv(entry, exit, event) ~ x + z", ROWS, id="id", robust=True))
    with pytest.raises(FitError, match="penalised models"):
        anova(x, coxph("Surv(entry, exit, event) ~ x + z", ROWS, penalty=Firth()))


def test_nested_in_another_coding():
    # the linear effect of a score is within the factor's columns
    scored = ROWS.with_columns(s=pl.col("g").replace_strict({"a": 0, "b": 1, "c": 2}))
    table = anova(
        coxph("Surv(entry, exit, event) ~ s", scored), coxph("Surv(entry, exit, event) ~ g", scored)
    )
    assert table["df"][1] == 1
