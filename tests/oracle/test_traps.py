"""Four traps, each shown to be one, and the guard that stands before it (two of them in test_variants.py).

Immortal time and reverse causation are in `test_variants.py`: a drug that does nothing looks protective when the future
decides who uses it, and magnesium that falls before death predicts it until a lag looks past the fall. Here: significance
in one stratum alone without any interaction, and a cell without events.
"""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from riskset.cox import CoxFit, Firth, coxph
from riskset.effects import interaction, may_say_differs
from riskset.errors import RisksetWarning
from riskset.simulate import simulate_haemodialysis
from riskset.simulate.recovery import FORMULA, fracture_episodes

PATIENTS = 399
FIRST_SEED = 9_000_001  # fixed beforehand
COHORTS = 40


def fitted(seed: int, variant: str | None, penalty: Firth | None = None) -> CoxFit:
    rows = fracture_episodes(simulate_haemodialysis(PATIENTS, seed, variant)).frame
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # rows without a value; a cell without events
        return coxph(FORMULA, rows.drop_nulls(["mg", "albumin"]), id="patient_id", penalty=penalty)


@pytest.mark.long
def test_one_stratum_alone_is_significant_again_and_again_and_nothing_may_be_said_of_it():
    alone, chances, claims, claims_when_alone = [], [], [], []
    for seed in range(FIRST_SEED, FIRST_SEED + COHORTS):
        found = interaction(fitted(seed, "no_interaction"), "low_mg", "user")
        if not found.one_stratum_only:
            continue  # a cell without events says nothing here
        strata = [r.wald_p < 0.05 for r in found.exposure_in_modifier]
        alone.append(strata[0] != strata[1])
        chances.append(found.one_stratum_only[0].chance)
        claims.append(may_say_differs(found).allowed)
        if alone[-1]:
            claims_when_alone.append(claims[-1])
    share, told = np.mean(alone), np.mean(chances)
    # The trap: the hazard ratio is 1.72 in both, and yet one of the two is "significant" alone in some 40% of cohorts,
    # as often as each cohort's own figure says, within three Monte-Carlo standard errors.
    assert share > 0.25
    assert abs(share - told) < 3 * np.sqrt(told * (1 - told) / len(alone))
    # The guard: a claim in about 5%, not in 40%.
    assert np.mean(claims) < 0.05 + 3 * np.sqrt(0.05 * 0.95 / len(claims))
    assert np.mean(claims_when_alone) < 0.5


def test_a_cell_without_events_gets_no_number_and_a_remedy():
    plain = fitted(FIRST_SEED, "empty_cell")
    # The trap: taken at its word, the coefficient is a hazard ratio of nought with a standard error of thousands.
    k = plain.names.index("low_mg[True]:user[True]")
    assert plain.params[k] < -8
    assert not plain.std_error[k] < 10
    assert plain.status == "monotone likelihood"
    # The guard: no ratio, no additive scale, and the cell by name.
    found = interaction(plain, "low_mg", "user")
    assert found.ratio[0].hazard_ratio is None
    assert found.additive[0].reri.estimate is None
    assert "no event in the cell yes, yes" in found.ratio[0].reason
    assert "yes, yes: 0" in found.warnings[0]
    assert not may_say_differs(found).allowed
    # The remedy: Firth's penalty. (Limits of the penalised likelihood take seconds; here it is about the estimate.)
    firth = interaction(fitted(FIRST_SEED, "empty_cell", Firth()), "low_mg", "user", profile=False).ratio[0]
    assert np.isfinite(firth.log_estimate)
    assert firth.lower < firth.hazard_ratio < firth.upper
