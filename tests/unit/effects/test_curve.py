"""Hazard-ratio curves: range, reference, histogram, strata without events, refusals."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from users import ROWS, SURV, fit

from riskset.cox import coxph
from riskset.effects import hazard_ratio_curve
from riskset.effects.exposure_range import round_values
from riskset.errors import FitError, RisksetWarning

BY_USE = hazard_ratio_curve(fit("rcs(mg, 3) * use"), "mg", by="use")
BY_SEX = fit("rcs(mg, 4) * sex")


def test_reference_is_the_median_of_the_persons_first_values():
    first = ROWS.filter(pl.col("entry") == 0)["mg"].to_numpy()
    assert BY_USE.reference == np.median(first)


def test_histograms_are_person_time_in_bins_around_each_recorded_value():
    np.testing.assert_allclose(np.diff(BY_USE.bins), 0.1, rtol=1e-12)
    for s in BY_USE.strata:
        mine = ROWS.filter(pl.col("use") == s.level)
        length = (mine["exit"] - mine["entry"]).to_numpy()
        k = 5
        middle = (BY_USE.bins[k] + BY_USE.bins[k + 1]) / 2
        there = length[np.abs(mine["mg"].to_numpy() - middle) < 0.04].sum()
        assert s.histogram[k] == pytest.approx(there / length.sum(), rel=1e-12)
        assert s.person_time == length.sum()
        assert s.n_events == mine["event"].sum()
        assert s.n_persons == mine["id"].n_unique()


def test_each_curve_spans_the_middle_98_percent_of_its_own_person_time():
    for s in BY_USE.strata:
        mine = ROWS.filter(pl.col("use") == s.level).with_columns(t=pl.col("exit") - pl.col("entry"))
        below = mine.filter(pl.col("mg") < s.x[0])["t"].sum() / mine["t"].sum()
        above = mine.filter(pl.col("mg") > s.x[-1])["t"].sum() / mine["t"].sum()
        assert below < 0.01
        assert above <= 0.01
        assert BY_USE.bins[0] < s.x[0]
        assert s.x[-1] < BY_USE.bins[-1]


def test_the_reference_is_on_the_curve_and_exactly_one():
    for s in BY_USE.strata:
        (k,) = np.flatnonzero(s.x == BY_USE.reference)
        assert (s.lower[k], s.hazard_ratio[k], s.upper[k], s.std_error[k]) == (1.0, 1.0, 1.0, 0.0)
        assert (s.lower[:k] < s.hazard_ratio[:k]).all()


def test_a_stratum_without_rows_has_no_curve_and_a_reason():
    assert BY_USE.omitted == (("past", "no row in this stratum"),)
    assert [s.level for s in BY_USE.strata] == ["naive", "user"]
    assert BY_USE.test("interaction").df == 2
    assert "no curve for past" in repr(BY_USE)


def test_a_stratum_without_events_has_no_curve_and_a_reason():
    quiet = ROWS.with_columns(pl.col("event") & (pl.col("use") != "user"))
    curve = hazard_ratio_curve(fit("rcs(mg, 3) * use", quiet), "mg", by="use")
    assert ("user", "no event in this stratum") in curve.omitted
    assert [s.level for s in curve.strata] == ["naive"]
    assert curve.test("interaction") is None


def test_tests_per_stratum_and_together():
    assert [(t.name, t.level, t.df) for t in BY_USE.tests] == [
        ("overall", "naive", 2), ("nonlinear", "naive", 1), ("overall", "user", 2), ("nonlinear", "user", 1),
        ("overall", None, 4), ("nonlinear", None, 2), ("interaction", None, 2), ("nonlinear interaction", None, 1),
    ]  # fmt: skip


def test_tidy_frame():
    table = BY_USE.frame()
    assert table.columns == ["level", "x", "hazard_ratio", "lower", "upper", "log_hazard_ratio", "std_error"]
    assert table["level"].unique(maintain_order=True).to_list() == ["naive", "user"]


def test_robust_variance_is_used_and_named():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)
        robust = coxph(SURV + "rcs(mg, 3) * use", ROWS, id="id", robust=True)
    curve = hazard_ratio_curve(robust, "mg", by="use")
    assert (curve.variance, BY_USE.variance) == ("robust", "model-based")
    assert not np.allclose(curve.strata[0].std_error, BY_USE.strata[0].std_error)
    np.testing.assert_array_equal(curve.strata[0].hazard_ratio, BY_USE.strata[0].hazard_ratio)


def test_a_further_interacting_variable_must_be_held():
    deeper = fit("rcs(mg, 3) * use + rcs(mg, 3) * sex")
    with pytest.raises(FitError, match=r"depends on 'sex'.*\n.*at=\{'sex'"):
        hazard_ratio_curve(deeper, "mg", by="use")
    women, men = (hazard_ratio_curve(deeper, "mg", by="use", at={"sex": s}, x=[2.0, 3.0]) for s in "fm")
    assert not np.allclose(women.strata[0].log_hazard_ratio, men.strata[0].log_hazard_ratio)


def test_aliased_columns_leave_curves_that_the_data_determine():
    # mg:sex holds a column for each sex, and their sum is the polynomial's own first column: the second one is
    # aliased, but the curves of both sexes are those of any other coding of the same model
    aliased, full = (
        hazard_ratio_curve(fit(f"{bend} + mg:sex"), "mg", by="sex", band="simultaneous")
        for bend in ("poly(mg, 2, raw=TRUE)", "I(mg^2)")
    )
    assert aliased.omitted == full.omitted == ()
    for a, b in zip(aliased.strata, full.strata, strict=True):
        np.testing.assert_allclose(a.log_hazard_ratio, b.log_hazard_ratio, atol=1e-8)
        np.testing.assert_allclose(a.band_upper, b.band_upper, rtol=1e-7)
    for a, b in zip(aliased.tests, full.tests, strict=True):
        assert (a.name, a.level, a.df) == (b.name, b.level, b.df)
        assert a.chi2 == pytest.approx(b.chi2, rel=1e-6)


def test_a_curve_that_the_data_do_not_determine_is_left_out_with_its_reason():
    # users have 2.5 or 2.6: whether their curve bends between is not in the data
    rows = ROWS.with_columns(use=pl.col("use").cast(pl.String)).with_columns(
        mg=pl.when(pl.col("use") == "user").then(2.5 + 0.1 * (pl.col("id") % 2)).otherwise("mg")
    )
    curve = hazard_ratio_curve(fit("rcs(mg, [2.2, 2.5, 2.8]) * use", rows), "mg", by="use", reference=2.5)
    assert curve.omitted == (("user", "a coefficient of this stratum could not be estimated"),)
    assert [s.level for s in curve.strata] == ["naive"]


@pytest.mark.parametrize(
    ("formula", "arguments", "words"),
    [
        ("mg * use", {"variable": "Mg"}, "no variable 'Mg'"),
        ("mg * use", {"variable": "use"}, "'use' is not continuous"),
        ("mg + use", {"variable": "mg", "by": "use"}, "all curves are one"),
        ("mg * use", {"variable": "mg"}, "depends on 'use'"),
        ("mg * use + sex", {"variable": "mg", "by": "use", "at": {"sexx": "f"}}, "no variable 'sexx'"),
        ("mg * use + sex", {"variable": "mg", "by": "use", "at": {"sex": "ff"}}, "no level 'ff'"),
        ("mg * use", {"variable": "mg", "by": "use", "at": {"use": "user"}}, "'use' is compared"),
        ("mg * use", {"variable": "mg", "by": "mg"}, "exposure and modifier are one variable"),
        ("mg + sex", {"variable": "mg", "band": "simultan"}, "one of pointwise, simultaneous"),
        ("mg + sex", {"variable": "mg", "level": 95}, "level lies between 0 and 1"),
        ("mg + sex", {"variable": "mg", "reference": np.nan}, "finite numbers"),
        ("log(mg) + sex", {"variable": "mg", "reference": 0.0}, "no value at the reference"),
    ],
)
def test_refusals_by_name(formula, arguments, words):
    with pytest.raises(FitError, match=words):
        hazard_ratio_curve(fit(formula), **arguments)


def test_plot_has_a_panel_and_a_histogram_per_stratum():
    assert len(BY_USE.plot(x_label="Magnesium (mg/dL)").axes) == 4
    overlay = BY_USE.plot(arrangement="overlay", width=85)
    assert len(overlay.axes) == 3
    assert overlay.get_figwidth() * 25.4 == pytest.approx(85)


def test_every_stratum_knows_the_same_round_values():
    low, high = min(s.x[0] for s in BY_USE.strata), max(s.x[-1] for s in BY_USE.strata)
    shared = round_values(low, high)
    assert shared.size >= 5
    for s in BY_USE.strata:
        inside = shared[(s.x[0] <= shared) & (shared <= s.x[-1])]
        assert inside.size > 0
        assert np.isin(inside, s.x).all()
        assert (np.diff(s.x) > 0).all()


def test_a_simultaneous_band_holds_the_pointwise_limits_and_both_are_one_at_the_reference():
    curve = hazard_ratio_curve(fit("rcs(mg, 4) * use"), "mg", by="use", band="simultaneous")
    assert curve.band == "simultaneous"
    assert curve.frame().columns[-2:] == ["band_lower", "band_upper"]
    for s in curve.strata:
        np.testing.assert_allclose(s.band_upper, np.exp(s.log_hazard_ratio + s.critical * s.std_error))
        assert (s.band_lower <= s.lower).all()
        assert (s.upper <= s.band_upper).all()
        at = s.x == curve.reference
        assert (s.band_lower[at], s.band_upper[at]) == (1.0, 1.0)


def test_the_band_is_that_of_the_whole_range_whichever_values_are_asked_for():
    whole, few = (
        hazard_ratio_curve(BY_SEX, "mg", by="sex", band="simultaneous", x=x) for x in (None, [2.4, 2.6])
    )
    assert [s.critical for s in few.strata] == [s.critical for s in whole.strata]
    beyond = hazard_ratio_curve(BY_SEX, "mg", by="sex", band="simultaneous", x=[1.0, 4.0])
    assert all(b.critical > w.critical for b, w in zip(beyond.strata, whole.strata, strict=True))


def test_a_linear_effect_needs_no_wider_band():
    curve = hazard_ratio_curve(fit("log(mg) * sex"), "mg", by="sex", band="simultaneous")
    for s in curve.strata:
        np.testing.assert_array_equal(s.band_upper, s.upper)


def test_what_ran_off_has_no_limits():
    quiet = ROWS.with_columns(pl.col("event") & (pl.col("mg") < 2.5), above=pl.col("mg") >= 2.5)
    curve = hazard_ratio_curve(
        fit("mg + I((mg - 2.5) * (mg > 2.45))", quiet), "mg", x=[2.2, 3.0], reference=2.3
    )
    (s,) = curve.strata
    assert np.isfinite(s.upper[0])
    assert s.upper[1] > 1e6


@pytest.mark.parametrize(
    ("formula", "straight", "reason"),
    [
        ("mg", "", "holds mg alone"),
        ("log(mg)", "", "holds log(mg) alone"),
        ("poly(mg, 1)", "", "holds mg alone"),
        ("mg + I(mg^2)", "mg", ""),
        ("mg + log(mg)", "mg", ""),
        ("log(mg) + I(log(mg)^2)", "log(mg)", ""),
        ("rcs(log(mg), 3)", "log(mg)", ""),
        ("bs(mg, df=4) + sex", "mg", ""),
        ("sqrt(mg) + log(mg)", "", "no straight line that they bend from"),
        ("I(mg > 2.5)", "", "no straight line that they bend from"),
        ("I(mg > 2.5) + mg:sex", "mg", ""),
    ],
)
def test_what_nonlinear_means_is_said_of_each_basis(formula, straight, reason):
    curve = hazard_ratio_curve(fit(formula), "mg", at={"sex": "f"} if "sex" in formula else None)
    assert curve.straight == straight
    assert reason in curve.no_nonlinear
    assert (curve.test("nonlinear") is None) == (straight == "")
    assert f"straight line in {straight}" in repr(curve) if straight else "no nonlinear test" in repr(curve)


def test_a_stratum_whose_rows_weigh_nothing_has_no_curve():
    weighed = ROWS.with_columns(use=pl.col("use").cast(pl.String), w=1.0 * (pl.col("use") == "naive"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # what is left of the products is not estimated
        found = coxph(SURV + "mg * use", weighed, id="id", weights="w")
    curve = hazard_ratio_curve(found, "mg", by="use")
    assert [s.level for s in curve.strata] == ["naive"]
    assert curve.omitted == (("user", "no row in this stratum"),)
