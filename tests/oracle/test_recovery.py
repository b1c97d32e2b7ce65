"""From raw tables to estimates: the analysis of 20,000 simulated people finds the truth that made them."""

from __future__ import annotations

from math import log

import pytest

from riskset.simulate import simulate_haemodialysis
from riskset.simulate.recovery import recover

SEED = 2_000_000  # fixed before the first run
# Three estimates, two of them independent: a right analysis fails once in a thousand seeds.
LIMIT = 3.5


@pytest.mark.long
def test_low_magnesium_and_fracture_with_and_without_calcimimetics():
    found = {r.name: r for r in recover(simulate_haemodialysis(patients=20_000, seed=SEED))}
    truth = {"not in use": log(2.2), "in use": log(1.3), "difference": log(1.3) - log(2.2)}
    assert {name: r.truth for name, r in found.items()} == pytest.approx(truth)
    # A limit in standard errors says nothing if these are large: some 3,300 fractures give less than 0.1.
    assert max(r.std_error for r in found.values()) < 0.1
    assert {name: round(r.z, 2) for name, r in found.items() if abs(r.z) > LIMIT} == {}
