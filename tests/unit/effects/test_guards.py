"""Guards against over-reading: what chance alone shows, what a text may say, families, E-values."""

from __future__ import annotations

from math import log

import numpy as np
import polars as pl
import pytest
from scipy.special import ndtr, ndtri

from riskset.cox import coxph
from riskset.effects import claim, e_value, holm, interaction, may_say_differs
from riskset.effects.guards import one_stratum_only
from riskset.effects.ratios import Ratio
from riskset.errors import FitError


def ratio(b: float, se: float, level: str = "m") -> Ratio:
    hr = float(np.exp(b))
    return Ratio(
        "low",
        "high",
        level,
        level,
        hr,
        hr / 2,
        hr * 2,
        0.5,
        "Wald",
        b,
        se,
        hr / 2,
        hr * 2,
        0.5,
        "",
        np.ones(1),
    )


def test_one_stratum_only_by_hand():
    z = float(ndtri(0.975))
    # Both strata at exactly z standard errors: each has power 1/2, but for the other side's 2e-5.
    found = one_stratum_only(ratio(z, 1.0, "a"), ratio(z, 1.0, "b"))
    power = 0.5 + ndtr(-2 * z)
    assert found.power == pytest.approx((power, power))
    assert found.chance == pytest.approx(2 * power * (1 - power))
    # pooled by inverse variance: (1/1 + 0/4) / (1/1 + 1/4) = 0.8
    assert log(one_stratum_only(ratio(1.0, 1.0), ratio(0.0, 2.0)).pooled_hazard_ratio) == pytest.approx(0.8)
    # without any effect: 2 x 5% x 95%
    assert one_stratum_only(ratio(0.0, 0.3), ratio(0.0, 0.4)).chance == pytest.approx(0.095)
    assert one_stratum_only(ratio(0.0, np.inf), ratio(0.0, 1.0)) is None


def test_only_the_interaction_test_allows_a_claim():
    rng = np.random.default_rng(5)
    n = 400
    low, user = rng.random(n) < 0.5, rng.random(n) < 0.5
    rows = pl.DataFrame({"low": low, "user": user, "event": np.ones(n, dtype=bool)})
    for b3, allowed in ((-1.5, True), (0.0, False)):
        time = rng.exponential(np.exp(-(0.8 * low + b3 * low * user)))
        found = interaction(
            coxph("Surv(t, event) ~ low * user", rows.with_columns(t=pl.Series(time))), "low", "user"
        )
        said = may_say_differs(found)
        assert said.allowed is allowed
        assert said.p == found.ratio[0].p
        assert said.test == "likelihood-ratio test"
        assert ("do not show" in said.reason) is not allowed
        assert may_say_differs(found, p_adjusted=0.2).allowed is False
    assert claim(None, "joint Wald test").allowed is False
    assert claim(0.0004, "Wald test").reason.endswith("(Wald test of the interaction, p < 0.001).")


def test_holm_against_r():
    # as R's p.adjust has it by its method "holm"
    assert holm([0.01, 0.04, 0.03, 0.005])["p_holm"].to_list() == pytest.approx([0.03, 0.06, 0.06, 0.02])
    # a test that could not be done keeps its place in the family
    assert holm({"a": 0.01, "b": None})["p_holm"].to_list() == [0.02, None]
    with pytest.raises(FitError, match="between 0 and 1"):
        holm([1.2])


def test_e_values_published():
    # VanderWeele & Ding 2017: risk ratio 3.9 (1.8 to 8.7), E-values 7.26 and 3.0
    found = e_value(3.9, 1.8, 8.7, outcome_share=0.1)
    assert (round(found.estimate, 2), round(found.limit, 2)) == (7.26, 3.0)
    # inverted, the same
    other = e_value(1 / 3.9, 1 / 8.7, 1 / 1.8, outcome_share=0.1)
    assert (other.estimate, other.limit) == pytest.approx((found.estimate, found.limit))
    assert e_value(1.2, 0.8, 1.8, outcome_share=0.1).limit == 1.0
    # common outcome: hazard ratio 4 is the risk ratio (1 - 0.5^2) / (1 - 0.5^0.5)
    assert e_value(4.0, outcome_share=0.3).risk_ratio == pytest.approx(0.75 / (1 - 0.5**0.5))
    assert "more than 15%" in e_value(4.0, outcome_share=0.3).rule
    assert e_value(1.0, outcome_share=0.1).estimate == 1.0


def test_e_values_are_refused_for_interactions():
    rows = pl.DataFrame(
        {"t": np.arange(1.0, 41), "d": [1] * 40, "low": [0, 1] * 20, "user": [0, 0, 1, 1] * 10}
    )
    found = interaction(coxph("Surv(t, d) ~ low * user", rows), "low", "user")
    for what in (found.ratio[0], found.additive[0].reri):
        with pytest.raises(FitError, match="not of an interaction"):
            e_value(what, outcome_share=0.1)
    assert e_value(found.exposure_in_modifier[0], outcome_share=0.1).estimate >= 1
    with pytest.raises(FitError, match="between its limits"):
        e_value(2.0, 2.5, 3.0, outcome_share=0.1)
