"""Subdistribution hazards in a plan: a sensitivity analysis, with values fixed at entry, beside the cause-specific ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import riskset as rs
from riskset.errors import PlanError
from riskset.report.document import Group, Paragraph
from riskset.report.sections.competing import section
from riskset.simulate import simulate_haemodialysis, write_tables
from riskset.study import StudyPlan, read_plan
from riskset.study.assemble import assemble, outcome_episodes
from riskset.study.demo import shipped_plan
from riskset.study.preflight import preflight
from riskset.study.results import Results
from riskset.study.results_sensitivity import Sensitivity
from riskset.study.sensitivity import run_sensitivity
from riskset.study.subdistribution import primary_variables, with_causes
from riskset.study.variants import Built, built_variants

FROZEN = ", ".join(
    f'{name}.use = "baseline"' for name in ("measures.mg", "drugs.calcimimetic", "drugs.ppi", "drugs.steroid")
)


def plan_with(folder: Path, settings: str, text: str | None = None) -> StudyPlan:
    """Read the worked plan with one sensitivity analysis in place of its own."""
    before, _, after = (shipped_plan() if text is None else text).partition("[sensitivity]")
    path = folder / "study.toml"
    entry = f'[sensitivity]\n"At entry" = {{ set = {{ {settings} }} }}\n'
    path.write_text(f"{before}{entry}{after[after.index('[report]') :]}", "utf-8")
    return read_plan(path)


def test_values_that_change_are_refused_by_name(tmp_path: Path) -> None:
    with pytest.raises(PlanError) as refused:
        plan_with(tmp_path, 'competing = "fine_gray", measures.mg.use = "baseline"')
    message = str(refused.value)
    assert "At entry" in message
    for name in ("calcimimetic", "ppi", "steroid"):
        assert f'"{name}" changes during follow-up' in message
        assert f'Set drugs.{name}.use = "baseline" too' in message
    assert '"mg" changes' not in message
    assert plan_with(tmp_path, f'competing = "fine_gray", {FROZEN}').competing == "cause_specific"


def test_the_primary_analysis_stays_cause_specific(tmp_path: Path) -> None:
    path = tmp_path / "study.toml"
    path.write_text(shipped_plan().replace("[data]", 'competing = "fine_gray"\n[data]', 1), "utf-8")
    with pytest.raises(PlanError, match="cause-specific hazards") as refused:
        read_plan(path)
    assert "Ask for it in" in str(refused.value)


def test_a_plan_without_competing_events_has_no_subdistribution(tmp_path: Path) -> None:
    text = shipped_plan().replace('competing = ["death"], ', "")
    with pytest.raises(PlanError, match="no outcome names a competing event"):
        plan_with(tmp_path, f'competing = "fine_gray", {FROZEN}', text)


@pytest.mark.long
@pytest.mark.filterwarnings("ignore::riskset.errors.RisksetWarning")
def test_the_variant_is_the_model_of_expanded_rows(tmp_path: Path) -> None:
    write_tables(simulate_haemodialysis(150, seed=11), tmp_path / "data")
    plan = plan_with(tmp_path, f'competing = "fine_gray", {FROZEN}')
    study = assemble(plan, preflight(plan).tables)
    base = Built(study, {name: outcome_episodes(study, name)[0].frame for name in plan.outcomes})
    (variant,) = run_sensitivity(base).variants
    (answer,) = built_variants(base)
    assert answer.built is not None
    for found in variant.outcomes:
        assert found.own is not None
        if not plan.outcomes[found.outcome].competing:
            assert found.own.subdistribution is None  # no competing event: one hazard, one variance
            assert "subdistribution" not in found.own.interaction[0].estimand
            continue
        about = found.own.subdistribution
        assert about is not None
        assert about.competing == ("Death from any cause",)
        assert about.n_competing + about.n_censored + found.own.basis.n_events == found.own.basis.n_persons
        rows = with_causes(answer.built.study, answer.built.frames[found.outcome], found.outcome)
        rows = rows.drop_nulls(primary_variables(variant_plan := answer.variant.plan, found.outcome))
        status = f"{found.outcome}_status"
        wide = rs.finegray_expand(
            f"Surv(entry, exit, {status})", rows, cause=found.outcome, id=variant_plan.data.id
        )
        model = variant_plan.models[variant_plan.primary_model]
        adjust = " + ".join(t for t in (model.adjust, model.extra.get(found.outcome, "")) if t).replace(
            "\n", " "
        )
        for name in ("albumin", "crp", "hb", "p", "pth"):
            adjust = adjust.replace(f"baseline({name})", f"{name}_baseline")
        fit = rs.coxph(
            f"Surv(fgstart, fgstop, fgstatus) ~ mg_group * calcimimetic_use + {adjust}",
            wide, weights="fgwt", cluster=variant_plan.data.id,
        )  # fmt: skip
        own = found.own.exposure_in_modifier[0]
        place = fit.names.index("mg_group[< 2.4 mg/dL]")
        assert own.estimate == pytest.approx(float(np.exp(fit.params[place])), rel=1e-6)
        assert own.estimand.startswith("subdistribution hazard ratio of Magnesium")
        assert "Fine-Gray" in own.method
        alone = rs.coxph(f"Surv(entry, exit, {found.outcome}) ~ mg_group * calcimimetic_use + {adjust}", rows)
        assert about.cause_specific[0].estimate == pytest.approx(float(np.exp(alone.params[place])), rel=1e-6)
    told = section(
        Results.model_construct(
            sensitivity=Sensitivity(variants=(variant,)), models=(), exposure_label="Magnesium"
        )
    )
    assert told is not None
    groups = [b for b in told.blocks if isinstance(b, Group)]
    assert [g.title.plain for g in groups] == ["Cardiovascular event", "New fracture"]
    for group in groups:
        basis = group.blocks[0]
        assert isinstance(basis, Paragraph)
        assert "competing event" in basis.text.plain
        assert "(death from any cause)" in basis.text.plain
    assert section(Results.model_construct(sensitivity=Sensitivity())) is None
