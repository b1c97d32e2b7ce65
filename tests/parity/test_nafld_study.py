"""The nafld example from its plan, beside the same study written by hand in R: raw tables, tmerge, coxph.

Numbers of days instead of dates, a diagnosis during follow-up as the modifier, no drug, no unit column.
"""

from __future__ import annotations

import json
from functools import cache
from math import exp
from pathlib import Path

import pytest
from agreement import agree, frozen
from jsonschema import Draft202012Validator

from riskset.study import read_plan, run_study
from riskset.study.results import Estimate, Results
from riskset.study.writing import results_schema, stable_json

PLAN = Path(__file__).resolve().parents[2] / "examples" / "nafld" / "study.toml"
OUTCOMES = ("cve", "death")
LOW, WITHOUT, WITH = "< 40 mg/dL", "no diabetes", "diabetes"

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("nafld")]  # one run for all


@cache
def results() -> Results:
    return run_study(read_plan(PLAN))


def model(outcome: str):
    return next(m for m in results().models if m.outcome == outcome and m.model == "Model 2")


def estimate(outcome: str, name: str, level: str) -> Estimate:
    wanted = f"{outcome}/model-2/{name}[{LOW}|{level}]"
    m = model(outcome)
    return next(e for e in (*m.exposure_in_modifier, *m.interaction) if e.id == wanted)


def test_who_stays():
    flow = results().flow
    assert [flow.screened, *(s.n_after for s in flow.steps)] == frozen("nafld_study")["flow"]


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_persons_events_and_time(outcome):
    theirs = frozen("nafld_study")[outcome]
    total = next(r.total for r in results().rates if r.outcome == outcome).basis
    for ours, r in ((total, theirs["totals"]), (model(outcome).basis, theirs["model"])):
        assert (ours.n_persons, ours.n_events) == (r["n_persons"], r["n_events"])
        agree(ours.person_years, r["person_years"])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_likelihood(outcome):
    theirs = frozen("nafld_study")[outcome]["model"]
    agree([model(outcome).loglik_null, model(outcome).loglik], theirs["loglik"])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_effects_and_their_ratio(outcome):
    theirs = frozen("nafld_study")[outcome]["model"]
    for name, level, key in (
        ("hr_of_exposure", WITHOUT, "log_hr_without"),
        ("hr_of_exposure", WITH, "log_hr_with"),
        ("ratio_of_hr", WITH, "log_ratio"),
    ):
        ours = estimate(outcome, name, level).estimate
        agree(ours, exp(theirs[key]), of=theirs[key])


@pytest.mark.parametrize("outcome", OUTCOMES)
def test_standard_errors(outcome):
    theirs = frozen("nafld_study")[outcome]["model"]
    ours = {c.term: c.std_error for c in model(outcome).coefficients}
    agree(ours["hdl_group[< 40 mg/dL]"], theirs["se_without"])
    agree(ours["hdl_group[< 40 mg/dL]:diabetes_level[diabetes]"], theirs["se_ratio"])


def test_its_record_is_what_the_published_schema_says():
    written = json.loads(stable_json(results().model_dump(mode="json")))
    assert not [e.json_path for e in Draft202012Validator(results_schema()).iter_errors(written)]
