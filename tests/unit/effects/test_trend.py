"""Trends over ordered categories: groups, scores, figures, refusals; numbers stand against R in the parity tests."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from users import ROWS, fit

from riskset.cox import Ridge, coxph
from riskset.effects import hazard_ratio_curve, trend
from riskset.errors import FitError, RisksetWarning

BY_SEX = fit("rcs(mg, 3) * sex")
FOUND = trend(BY_SEX, "mg", by="sex", cuts=[2.3, 2.7], reference=2.5)


def test_groups_by_person_time_are_about_equal_and_hold_all_of_it():
    (stratum,) = trend(fit("mg"), "mg", cuts=3).strata
    time = np.array([c.person_time for c in stratum.categories])
    length = (ROWS["exit"] - ROWS["entry"]).sum()
    assert time.sum() == length
    assert (
        np.abs(time / length - 1 / 3) < 0.13
    ).all()  # magnesium is on a 0.1 grid: one value holds 13% of the time
    assert sum(c.n_events for c in stratum.categories) == ROWS["event"].sum()
    assert [c.high for c in stratum.categories[:-1]] == [c.low for c in stratum.categories[1:]]


def test_the_median_of_each_group_is_its_score():
    middle = ROWS.filter((pl.col("mg") >= 2.3) & (pl.col("mg") < 2.7)).sort("mg")
    reached = (middle["exit"] - middle["entry"]).cum_sum()
    assert FOUND.reference_score == middle["mg"][int((reached < reached[-1] / 2).sum())]
    assert FOUND.reference == "2.3 to < 2.7"


def test_the_reference_changes_which_ratios_are_shown_and_no_test():
    other = trend(BY_SEX, "mg", by="sex", cuts=[2.3, 2.7])
    for a, b in zip(FOUND.strata, other.strata, strict=True):
        ratio = np.array([c.hazard_ratio for c in a.categories]) / [c.hazard_ratio for c in b.categories]
        np.testing.assert_allclose(ratio, ratio[0], rtol=1e-7)
        assert b.categories[0].reference
        assert b.wald.chi2 == a.wald.chi2
        assert b.departure.chi2 == pytest.approx(a.departure.chi2, rel=1e-7)
    assert other.interaction == FOUND.interaction


def test_another_unit_of_the_scores_changes_the_slope_alone():
    tens, ones = (trend(fit("mg"), "mg", cuts=[2.3, 2.7], scores=s) for s in ([10, 20, 30], "rank"))
    assert tens.strata[0].slope.estimate == pytest.approx(ones.strata[0].slope.estimate / 10, rel=1e-7)
    assert tens.strata[0].p == pytest.approx(ones.strata[0].p, rel=1e-7)


def test_table_and_print():
    table = FOUND.frame()
    assert table.columns == [
        "level", "category", "score", "events", "person_time", "hazard_ratio", "lower", "upper", "p",
    ]  # fmt: skip
    assert table.height == 6
    assert table.filter(pl.col("category") == "2.3 to < 2.7")["hazard_ratio"].to_list() == [1.0, 1.0]
    assert "trend p = " in repr(FOUND)
    assert "departure from the line" in repr(FOUND)
    assert "same trend in all" in repr(FOUND)


def test_a_group_without_events_has_no_finite_ratio_and_a_stratum_without_rows_no_trend():
    quiet = ROWS.with_columns(pl.col("event") & ((pl.col("mg") < 2.7) | (pl.col("sex") == "f")))
    with pytest.warns(RisksetWarning, match="no event where mg .groups. = ≥ 2.7 and sex = m"):
        found = trend(fit("mg * sex", quiet), "mg", by="sex", cuts=[2.3, 2.7], reference=2.5)
    (high,) = [c for c in found.strata[1].categories if c.label == "≥ 2.7"]
    assert high.n_events == 0
    assert high.upper == np.inf or high.hazard_ratio < 1e-3
    with pytest.warns(RisksetWarning, match="not estimated"):
        with_nobody = trend(fit("mg * use"), "mg", by="use", cuts=[2.5])
    (past,) = [s for s in with_nobody.strata if s.level == "past"]
    assert (past.slope, past.p, past.departure) == (None, None, None)
    assert [c.hazard_ratio for c in past.categories] == [None, None]
    assert with_nobody.plot()


def test_categories_over_the_curve_need_its_reference_in_theirs():
    curve = hazard_ratio_curve(BY_SEX, "mg", by="sex", reference=FOUND.reference_score, band="simultaneous")
    figure = FOUND.plot(curve, x_label="Magnesium (mg/dL)")
    texts = [t.get_text() for t in figure.texts]
    assert {"pointwise 95% CI", "simultaneous 95% band", "groups (95% CI)"} <= set(texts)
    outside = hazard_ratio_curve(BY_SEX, "mg", by="sex", reference=2.2)
    with pytest.raises(FitError, match=r"not in the reference category.*\n.*reference="):
        FOUND.plot(outside)
    with pytest.raises(FitError, match="another exposure"):
        FOUND.plot(hazard_ratio_curve(fit("rcs(mg, 3)"), "mg"))


@pytest.mark.parametrize(
    ("formula", "arguments", "words"),
    [
        ("mg * use", {"variable": "Mg"}, "no variable 'Mg'"),
        ("mg + use", {"variable": "mg", "by": "use"}, "all trends are one"),
        ("mg * use", {"variable": "mg"}, "depends on 'use'"),
        ("mg", {"variable": "mg", "cuts": [2.5, 2.5]}, "increasing"),
        ("mg", {"variable": "mg", "cuts": 1}, "2 groups or more"),
        ("mg", {"variable": "mg", "cuts": 60}, "tied values leave"),
        ("mg", {"variable": "mg", "cuts": [9.0]}, "no row lies in the group '≥ 9'"),
        ("mg", {"variable": "mg", "cuts": [2.5], "scores": [1, 2, 3]}, "2 scores are needed"),
        ("mg", {"variable": "mg", "reference": "low"}, "is a number in the reference group"),
        ("sex", {"variable": "sex", "cuts": 2}, "already in categories"),
        ("sex", {"variable": "sex", "scores": "median"}, "scores are 'median'"),
        ("sex", {"variable": "sex", "reference": "x"}, "no level 'x'"),
        (
            "I(mg * (sex == 'm'))",
            {"variable": "mg", "at": {"sex": "m"}},
            "computes with 'mg' and 'sex' together",
        ),
    ],
)
def test_refusals(formula, arguments, words):
    with pytest.raises(FitError, match=words):
        trend(fit(formula), **arguments)


def test_a_ridge_is_refused():
    with pytest.raises(FitError, match="under a ridge"):
        trend(coxph("Surv(entry, exit, event) ~ mg", ROWS, id="id", penalty=Ridge(1.0)), "mg")
