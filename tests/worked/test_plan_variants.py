"""What must follow when one key of the worked plan changes and nothing else does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from riskset.simulate import simulate_haemodialysis, write_tables
from riskset.study import read_plan, run_study
from riskset.study.demo import shipped_plan
from riskset.study.results import ModelResult, Results

pytestmark = pytest.mark.long

Run = Callable[..., Results]
# A Newton step further or less leaves a relative trace near the square root of its tolerance, 1e-9 squared at most.
SAME = 1e-7


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Run the plan with texts replaced, on 150 patients, for fractures alone."""
    home = tmp_path_factory.mktemp("variants")
    write_tables(simulate_haemodialysis(150, seed=11), home / "data")
    made: dict[tuple[tuple[str, str], ...], Results] = {}

    def with_changes(*changes: tuple[str, str]) -> Results:
        if changes not in made:
            text = re.sub(r"\[sensitivity\].*?(?=\[report\])", "", shipped_plan(), flags=re.DOTALL)
            for old, new in changes:
                assert old in text
                text = text.replace(old, new)
            plan: Path = home / f"{len(made)}.toml"
            plan.write_text(text, "utf-8")
            made[changes] = run_study(read_plan(plan))
        return made[changes]

    return with_changes


def primary(results: Results, outcome: str = "death") -> ModelResult:
    return next(m for m in results.models if m.outcome == outcome and m.primary)


def test_the_other_reference_inverts_the_ratios(run: Run) -> None:
    plain, turned = run(), run(('reference = ">= 2.4 mg/dL" }', 'reference = "< 2.4 mg/dL" }'))
    for a, b in zip(primary(plain).interaction, primary(turned).interaction, strict=True):
        assert (a.estimate is None) == (b.estimate is None)
        if a.estimate is not None and b.estimate is not None:
            assert b.estimate == pytest.approx(1 / a.estimate, rel=SAME)
            assert b.p == pytest.approx(a.p, abs=SAME)
    assert primary(turned).loglik == pytest.approx(primary(plain).loglik, rel=1e-12)


def test_another_unit_of_the_exposure_changes_nothing_but_the_unit(run: Run) -> None:
    # Mg: 1 mg/dL = 10 / 24.305 mmol/L; the cut lies between 2.3 and 2.4 in either unit
    plain = run()
    moles = run(
        (
            """where = "analyte = 'magnesium'", unit = "mg/dL\"""",
            """where = "analyte = 'magnesium'", unit = "mmol/L\"""",
        ),
        ("below = 2.4,", "below = 0.967,"),
        ("reference = 2.5 }", "reference = 1.0285949 }"),
    )
    for a, b in zip(plain.models, moles.models, strict=True):
        assert (a.basis, a.loglik, a.interaction) == (b.basis, b.loglik, b.interaction)
    assert [r.cells for r in plain.rates] == [r.cells for r in moles.rates]


def test_pooled_levels_hold_the_time_of_both(run: Run) -> None:
    plain = run()
    pooled = run(
        (
            'levels = { naive = ["never"], user = ["current"], past = ["former"] }',
            'levels = { naive = ["never", "former"], user = ["current"] }',
        )
    )
    for a, b in zip(plain.rates, pooled.rates, strict=True):
        years = {(c.exposure, c.modifier): c.rate.basis for c in a.cells}
        for cell in b.cells:
            parts = [
                years.get((cell.exposure, m))
                for m in (("naive", "past") if cell.modifier == "naive" else ("user",))
            ]
            known = [p for p in parts if p is not None]
            assert cell.rate.basis.n_events == sum(p.n_events for p in known)
            assert cell.rate.basis.person_years == pytest.approx(
                sum(p.person_years for p in known), rel=1e-11
            )
    assert pooled.modifier_levels == ("naive", "user")
    assert primary(pooled).interaction_joint is None


def test_the_printed_unit_scales_the_rates_and_nothing_else(run: Run) -> None:
    plain = run()
    months = run(('rates     = { per = 1, unit = "years" }', 'rates     = { per = 1000, unit = "months" }'))
    assert months.time_unit == "per 1000 person-months"
    for a, b in zip(plain.rates, months.rates, strict=True):
        assert a.total.estimate is not None
        assert b.total.estimate == pytest.approx(1000 * a.total.estimate / 12, rel=1e-12)
        assert a.total.basis.n_events == b.total.basis.n_events
    for a, b in zip(plain.models, months.models, strict=True):
        assert a.coefficients == b.coefficients


def test_ties_are_the_plan_s(run: Run) -> None:
    breslow = run(("[report]", '[analysis]\nties = "breslow"\n\n[report]'))
    assert {m.ties for m in breslow.models} == {"breslow"}
    assert {m.ties for m in run().models} == {"efron"}
    assert primary(breslow).basis == primary(run()).basis
