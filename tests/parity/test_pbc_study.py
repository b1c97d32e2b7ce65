"""The pbc example from its plan, beside the same study written by hand in R: visits with one column for each value."""

from __future__ import annotations

from functools import cache
from math import exp
from pathlib import Path

import pytest
from agreement import agree, frozen

from riskset.study import read_plan, run_study
from riskset.study.results import Results

PLAN = Path(__file__).resolve().parents[2] / "examples" / "pbc" / "study.toml"
RAISED = ">= 2 mg/dL"

pytestmark = [pytest.mark.long, pytest.mark.xdist_group("pbc")]  # one run for all


@cache
def results() -> Results:
    return run_study(read_plan(PLAN))


def test_rows_events_and_likelihood():
    theirs = frozen("pbc_study")["death"]
    model = next(m for m in results().models if (m.outcome, m.model) == ("death", "Model 2"))
    ours = model.basis
    assert (ours.n_persons, ours.n_rows, ours.n_events) == tuple(
        theirs[k] for k in ("n_persons", "n_rows", "n_events")
    )
    agree(ours.person_years, theirs["person_years"])
    agree([model.loglik_null, model.loglik], theirs["loglik"])


@pytest.mark.parametrize(
    ("name", "level", "key"),
    [
        ("hr_of_exposure", "no ascites", "log_hr_without"),
        ("hr_of_exposure", "ascites", "log_hr_with"),
        ("ratio_of_hr", "ascites", "log_ratio"),
    ],
)
def test_effects_and_their_ratio(name, level, key):
    theirs = frozen("pbc_study")["death"]
    model = next(m for m in results().models if (m.outcome, m.model) == ("death", "Model 2"))
    wanted = f"death/model-2/{name}[{RAISED}|{level}]"
    ours = next(e for e in (*model.exposure_in_modifier, *model.interaction) if e.id == wanted)
    agree(ours.estimate, exp(theirs[key]), of=theirs[key])
