"""`riskset show` and `riskset compare`, as a user meets them."""

from __future__ import annotations

import json
import shutil

import pytest

from riskset.study.numbers import numbers_of, read_run
from riskset.study.results import Estimate

NAME = "fracture/model-3/ratio_of_hr[< 2.4 mg/dL|user]"


def test_one_number_with_its_origin(commands, ran):
    study, _ = ran
    said = commands[0]("show", NAME, "--in", study.out)
    number = read_run(study.out).numbers[NAME]
    assert said.code == 0
    assert said.out.startswith(NAME + "\n")
    assert repr(number.estimate) in said.out
    assert f"{number.basis.n_events} events" in said.out
    manifest = json.loads((study.out / "manifest.json").read_text())
    for digest in (manifest["plan_sha256"], *manifest["inputs_sha256"].values()):
        assert digest in said.out


def test_every_number_is_listed(commands, ran):
    study, _ = ran
    said = commands[0]("show", "--in", study.out)
    held = [n.id for n in numbers_of(read_run(study.out).results)]
    assert len(held) > 100
    assert [line.split("  ")[0] for line in said.out.splitlines()[:-1]] == held


def test_the_latest_run_here_is_meant(commands, ran, tmp_path, monkeypatch):
    study, _ = ran
    shutil.copytree(study.out, tmp_path / "older-results")
    shutil.copytree(study.out, tmp_path / "newer-results")
    (tmp_path / "newer-results" / "results.json").touch()
    monkeypatch.chdir(tmp_path)
    assert commands[0]("show", NAME).out.splitlines()[-1].strip().startswith("From      newer-results,")


def test_json_for_programs(commands, ran):
    study, _ = ran
    said = json.loads(commands[0]("show", "fracture ratio_of_hr", "--in", study.out, "--json").out)
    held = read_run(study.out).numbers
    assert said["plan_sha256"] == read_run(study.out).results.plan_sha256
    assert {n["id"] for n in said["numbers"]} == {
        n for n in held if n.startswith("fracture/") and "ratio_of_hr" in n
    }
    assert all(n["estimate"] == held[n["id"]].estimate for n in said["numbers"])


def test_words_of_what_is_estimated_find_it_where_names_do_not_hold_them(commands, ran):
    study, _ = ran
    asked = "fracture model-3 hazard_ratio magnesium"  # no name holds "hazard_ratio", and none "magnesium"
    said = json.loads(commands[0]("show", asked, "--in", study.out, "--json").out)
    assert NAME.replace("ratio_of_hr", "hr_of_exposure") in [n["id"] for n in said["numbers"]]
    assert all(
        "hazard ratio" in n["estimand"] and "magnesium" in n["estimand"].lower() for n in said["numbers"]
    )


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "fractur/model-3/ratio_of_hr[< 2.4 mg/dL|user]"), "Did you mean: fracture/model-3/ratio"),
        (("show", "xyzzy"), "List all of them"),
    ],
)
def test_an_unknown_name_is_answered_with_the_nearest(commands, ran, arguments, said):
    study, _ = ran
    answer = commands[0](*arguments, "--in", study.out)
    assert answer.code == 2
    assert said in answer.err


def test_a_folder_without_a_run(commands, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert "no run is found here" in commands[0]("show").err
    assert "holds no results of riskset" in commands[0]("compare", tmp_path, tmp_path).err


def test_a_run_of_another_version_is_refused_by_name(commands, ran, tmp_path):
    shutil.copytree(ran[0].out, tmp_path / "run")
    (tmp_path / "run" / "results.json").write_text('{"schema_version": 99}')
    said = commands[0]("show", "--in", tmp_path / "run")
    assert said.code == 2
    assert "Run the study again" in said.err


def test_a_run_is_the_same_as_itself(commands, ran):
    study, _ = ran
    said = commands[0]("compare", study.out, study.out)
    assert said.code == 0
    n = len(read_run(study.out).numbers)
    assert f"Numbers: {n:,} the same, 0 differ, 0 only before, 0 only after" in said.out


@pytest.mark.long  # a second run
def test_what_changed_is_said_in_numbers(commands, run_before, tmp_path):
    """Another cut-point of the same labels: plan and numbers differ, tables and versions do not."""
    study = run_before
    study.edit_plan("below = 2.4", "below = 2.6")
    after = tmp_path / "after"
    assert commands[0]("run", study.plan, "--out", after).code == 0
    said = commands[0]("compare", study.out, after)
    made_of, numbers = said.out.split("Numbers: ")
    assert made_of.split("\n")[1:-1] == ["  the plan differs"]
    old, new = read_run(study.out).numbers, read_run(after).numbers
    # the totals do not depend on the cut-point, the cells do
    assert "fracture/rates/rate\n" not in numbers
    cell = "fracture/rates/rate[< 2.4 mg/dL|naive]"
    assert f"{cell}\n  before" in numbers
    a, b = old[cell], new[cell]
    assert isinstance(a, Estimate)
    assert isinstance(b, Estimate)
    assert a.basis.person_years < b.basis.person_years
