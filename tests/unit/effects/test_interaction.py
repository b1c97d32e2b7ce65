"""Interaction: what it refuses, what it says of empty cells, what the pair and held values mean."""

from __future__ import annotations

import warnings

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtri

from riskset.cox import Firth, Ridge, cause_specific, coxph
from riskset.effects import diagnose, hazard_ratio_curve, interaction, standardise, trend
from riskset.errors import FitError, RisksetWarning

LEVELS = ["never", "former", "current"]


def cohort(n: int = 240, *, empty: str | None = None) -> pl.DataFrame:
    """Invented rows, one per person; in the ``empty`` modifier level nobody with a low value has an event."""
    rng = np.random.default_rng(7)
    low = rng.random(n) < 0.4
    use = np.array(LEVELS)[rng.integers(0, 3, n)]
    event = rng.random(n) < 0.6
    if empty:
        event &= ~(low & (use == empty))
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "entry": np.zeros(n),
            "exit": np.ceil(rng.exponential(300, n)),
            "event": event,
            "low": low,
            "use": pl.Series(use, dtype=pl.Enum(LEVELS)),
            "sex": np.where(rng.random(n) < 0.5, "f", "m"),
            "age": rng.normal(68, 12, n),
        }
    )


SURV = "Surv(entry, exit, event) ~ "
KINDS = cohort(120).with_columns(
    kind=pl.when("event")
    .then(pl.lit("death"))
    .otherwise(pl.when(pl.col("sex") == "f").then(pl.lit("other")).otherwise(pl.lit("none")))
)
FIT = coxph(SURV + "low * use + age", cohort(), id="id")


def test_every_level_against_the_reference_by_default():
    found = interaction(FIT, "low", "use")
    assert [r.modifier for r in found.exposure_in_modifier] == LEVELS
    assert [(r.exposure, r.modifier) for r in found.modifier_in_exposure] == [
        (False, "former"), (False, "current"), (True, "former"), (True, "current"),
    ]  # fmt: skip
    assert [(r.modifier, r.modifier_reference) for r in found.ratio] == [
        ("former", "never"),
        ("current", "never"),
    ]
    assert found.joint is not None
    assert found.joint.likelihood_ratio is not None
    assert found.joint.likelihood_ratio.df == 2


def test_levels_pick_the_pair_and_the_reference_of_the_modifiers_own_effects():
    found = interaction(FIT, "low", "use", levels=("former", "current"))
    assert [(r.modifier, r.modifier_reference) for r in found.ratio] == [("current", "former")]
    assert {r.modifier_reference for r in found.modifier_in_exposure} == {"former"}
    assert len(found.exposure_in_modifier) == 3  # every level keeps its own hazard ratio
    never = interaction(FIT, "low", "use").ratio
    assert found.ratio[0].log_estimate == pytest.approx(
        never[1].log_estimate - never[0].log_estimate, rel=1e-10
    )


def test_ratio_is_the_quotient_of_the_hazard_ratios_within_strata():
    found = interaction(FIT, "low", "use")
    within = {r.modifier: r.log_estimate for r in found.exposure_in_modifier}
    for r in found.ratio:
        assert r.log_estimate == pytest.approx(within[r.modifier] - within["never"], abs=1e-12)


def test_detectable_ratio_has_80_percent_power():
    ratio = interaction(FIT, "low", "use").ratio[0]
    low, high = ratio.detectable
    assert low * high == pytest.approx(1.0)
    # power of the two-sided 5% test at a true log ratio of log(high), the wrong side left out
    assert np.log(high) / ratio.std_error == pytest.approx(ndtri(0.975) + ndtri(0.8))
    assert np.log(high) / ratio.std_error == pytest.approx(2.80, abs=0.005)


def test_cells_add_up_to_the_fit():
    cells = interaction(FIT, "low", "use").cells
    assert (cells.height, cells["events"].sum()) == (6, FIT.n_events)
    assert cells["person_time"].sum() == pytest.approx(FIT.person_time)
    assert cells["hazard_ratio"][0] == 1.0


def test_a_cell_without_events_is_not_estimable_and_says_so():
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", RisksetWarning
        )  # the fit itself says that its likelihood has no maximum
        fit = coxph(SURV + "low * use + age", cohort(empty="current"), id="id")
    found = interaction(fit, "low", "use")
    by_level = {r.modifier: r for r in found.exposure_in_modifier}
    assert by_level["current"].hazard_ratio is None
    assert by_level["current"].reason == "no event in the cell yes, current"
    assert by_level["current"].detectable is None
    assert by_level["never"].hazard_ratio is not None  # the others keep their answers
    assert by_level["never"].method.startswith("profile")
    assert [r.hazard_ratio is None for r in found.ratio] == [False, True]
    assert [r.hazard_ratio is None for r in found.modifier_in_exposure] == [False, False, False, True]
    assert found.joint.wald is None
    assert found.joint.likelihood_ratio.df == 2
    assert "not estimable" in repr(found)
    assert found.table().filter(pl.col("method") == "not estimable")["p"].null_count() == 4


def test_a_level_that_nobody_has_is_not_estimable():
    rows = cohort().filter(pl.col("use") != "former")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # the fit names the columns that are constant
        fit = coxph(SURV + "low * use + age", rows, id="id")
    found = interaction(fit, "low", "use")
    assert found.cells["person_time"].to_list()[1] == 0.0
    assert [r.hazard_ratio is None for r in found.exposure_in_modifier] == [False, True, False]
    assert found.joint.likelihood_ratio.df == 1


def test_a_third_variable_in_the_interaction_must_be_held():
    fit = coxph(SURV + "low * use * sex", cohort(), id="id")
    with pytest.raises(FitError, match=r"depends on 'sex'") as caught:
        interaction(fit, "low", "use")
    assert "at={'sex': ...}" in str(caught.value)
    # sex in every term and as stratum: each sex is a fit of its own
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # within strata of sex, sex itself has no coefficient
        apart = coxph(SURV + "low * use * sex + strata(sex)", cohort(), id="id")
    women = interaction(apart, "low", "use", at={"sex": "f"}).ratio[0]
    alone = interaction(
        coxph(SURV + "low * use", cohort().filter(pl.col("sex") == "f"), id="id"), "low", "use"
    ).ratio[0]
    assert (women.log_estimate, women.std_error) == pytest.approx(
        (alone.log_estimate, alone.std_error), rel=1e-7
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("lo", "use"), "no variable 'lo'.*\n.*Did you mean 'low'"),
        (("low", "age"), "'age' is continuous"),
        (("low", "use", ("never", "curent")), "no level 'curent'.*\n.*Did you mean 'current'"),
        (("low", "use", ("never", "never")), "the same"),
        (("low", "use", None, {"exposure_levels": ("True", False)}), "levels of the type bool"),
        (("low", "use", "every"), "levels: two levels are compared"),
        (("use", "low", None, {"exposure_levels": ("never",)}), "exposure_levels: two levels are compared"),
        (("low", "low"), "exposure and modifier are one variable"),
        (("low", "use", None, {"level": 95}), "level lies between 0 and 1"),
        (("low", "use", None, {"interval": "Mover"}), "one of delta, MOVER, bootstrap"),
        (("low", "use", None, {"at": {"low": True}}), "'low' is compared and cannot be held"),
        (("low", "use", None, {"recode": (True, "nevr")}), "no level 'nevr'.*\n.*Did you mean 'never'"),
    ],
)
def test_refusals_by_name(arguments, words):
    exposure, modifier, levels, more = (*arguments, *(None, {})[len(arguments) - 2 :])
    with pytest.raises(FitError, match=words):
        interaction(FIT, exposure, modifier, levels=levels, **more)


def test_the_joint_test_is_of_all_levels_whichever_are_compared():
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # the likelihood has no maximum
        fit = coxph(SURV + "use * low + age", cohort(empty="current"), id="id")
    found = interaction(fit, "use", "low", exposure_levels=("never", "former"))
    assert found.ratio[0].hazard_ratio is not None
    assert found.joint.wald is None  # of a cell without events among those that are not compared
    assert found.joint.likelihood_ratio.df == 2


def test_rows_of_weight_zero_are_in_no_cell():
    rows = cohort().with_columns(w=1.0 - (pl.col("low") & (pl.col("use") == "current")))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # the product is constant over the rows that count
        fit = coxph(SURV + "low * use", rows, id="id", weights="w")
    found = interaction(fit, "low", "use", profile=False)
    assert found.cells["events"].to_list()[-1] == 0
    assert found.ratio[1].reason == "no event in the cell yes, current"
    assert found.cells["events"].sum() == int(rows.filter(pl.col("w") > 0)["event"].sum())
    assert diagnose(fit).cells["events"].to_list()[-1] == 0


def test_a_ridge_is_told_beside_what_it_draws():
    fit = coxph(SURV + "low * use", cohort(), id="id", penalty=Ridge(2.0))
    assert "draws hazard ratios towards 1" in interaction(fit, "low", "use").warnings[-1]


def test_under_firths_penalty_the_reader_is_told_whose_limits_they_are():
    fit = coxph(SURV + "low * use", cohort(empty="current"), id="id", penalty=Firth())
    found = interaction(fit, "low", "use", profile=False)
    assert all(r.hazard_ratio is not None for r in found.ratio)
    assert found.warnings[-1].endswith("mean little where no event is: yes, current")


@pytest.mark.parametrize("question", [interaction, hazard_ratio_curve, trend, diagnose, standardise])
def test_what_is_no_fit_of_coxph_is_refused_by_its_kind(question):
    fits = cause_specific("Surv(exit, kind) ~ age", KINDS, censored="none")
    arguments = {interaction: ("low", "use"), diagnose: ()}.get(question, ("age",))
    with pytest.raises(FitError, match=r"not of a CauseSpecific\n.*one of its fits"):
        question(fits, *arguments, **({"times": 1.0} if question is standardise else {}))


def test_a_model_without_the_interaction_is_refused():
    with pytest.raises(FitError, match="no interaction of 'low' and 'use'"):
        interaction(coxph(SURV + "low + use", cohort(), id="id"), "low", "use")


def test_wald_alone_on_request():
    quick = interaction(FIT, "low", "use", profile=False)
    assert {r.method for r in quick.ratio} == {"Wald"}
    assert [r.reason for r in quick.ratio] == ["", ""]
