"""The section on both scales: its numbers are the results', and no text claims a difference that the test does not."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from walking import index, numbers_in, shows

from riskset.cox import coxph
from riskset.effects import interaction
from riskset.effects.guards import CLAIMS_OF_DIFFERENCE
from riskset.report.compose import compose
from riskset.report.document import Number, Table, texts_of
from riskset.report.sections import additive
from riskset.study.additive import Asked, additive_results, claimed
from riskset.study.rates import Cells, RateUnit
from riskset.study.results import Results


@pytest.fixture(scope="module")
def both_scales(make) -> Results:
    """Invented results whose models have the additive scale of small invented rows."""
    results = make()
    rng = np.random.default_rng(8)
    n = 900
    mg = rng.choice(results.exposure_levels, n)
    use = rng.choice(results.modifier_levels, n)
    rows = pl.DataFrame(
        {
            "t": rng.exponential(1000, n) + 1,
            "d": rng.random(n) < 0.6,
            "mg": pl.Series(mg, dtype=pl.Enum(results.exposure_levels)),
            "use": pl.Series(use, dtype=pl.Enum(results.modifier_levels)),
        }
    )
    found = interaction(coxph("Surv(t, d) ~ mg * use", rows), "mg", "use", profile=False)
    cells = Cells(
        "mg", "use", results.exposure_levels, results.modifier_levels, "Magnesium", "Calcimimetic use"
    )

    def with_scale(m):
        asked = Asked(m.outcome, m.outcome, m.slug, cells, RateUnit(1, "years"), m.basis)
        return m.model_copy(update={"additive": additive_results(found, asked), "claim": claimed(found)})

    return results.model_copy(update={"models": tuple(with_scale(m) for m in results.models)})


def test_every_number_is_one_of_the_results(both_scales):
    known = index(both_scales)
    section = additive.section(both_scales)
    texts = [t for t in texts_of(compose(both_scales)) if t.numbers]
    names = {b.id for g in section.blocks if hasattr(g, "blocks") for b in g.blocks if isinstance(b, Table)}
    assert {"joint-fracture", "scales-fracture"} <= names
    shown = {r.source for t in texts for r in t.runs if isinstance(r, Number)}
    for key in ("reri", "ap", "s", "one_stratum_only"):
        assert any(f"/{key}[" in s for s in shown), key
    for text in texts:
        for run in text.runs:
            if isinstance(run, Number) and any(
                k in run.source for k in ("/reri", "/ap[", "/s[", "one_stratum", "alone", "hr_of_both")
            ):
                assert all(
                    shows(token, known[run.source]) for token in numbers_in(run.text.replace("95% CI", ""))
                )


def test_no_text_claims_a_difference_that_the_interaction_does_not_show(both_scales):
    said = " ".join(t.plain.lower() for t in texts_of(compose(both_scales)))
    assert not any(m.claim.allowed for m in both_scales.models)
    assert not [words for words in CLAIMS_OF_DIFFERENCE if words in said]
    assert "by more than chance readily explains" not in said


def test_a_model_without_an_additive_scale_has_no_section(make):
    assert additive.section(make()) is None
