"""``riskset run`` and ``riskset demo``: what they leave behind, and what they leave alone."""

from __future__ import annotations

import hashlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from riskset.study import fingerprint, read_plan
from riskset.study.fingerprint import nothing_changed

FILES = {"report.html", "report.docx", "tables.xlsx", "results.json", "manifest.json", "figures"}


def test_run_leaves_the_results_and_nothing_else(ran):
    study, _ = ran
    assert {p.name for p in study.out.iterdir()} == FILES
    assert {p.name for p in study.folder.iterdir()} == {"data", "out", "study.toml"}


def test_run_says_its_stages_and_where_the_report_is(ran):
    study, said = ran
    assert said.out == f"Report: {study.out / 'report.html'}\n"
    stages = [line.split("  ")[1] for line in said.err.splitlines() if line.startswith("  ")]
    assert stages[0] == "plan"
    assert stages[-1] == "all"
    assert "report" in stages


def test_no_person_stands_in_any_output(ran):
    study, said = ran
    private = study.private()
    assert not [v for v in private if v in said.all]
    for path in [*study.out.glob("*.*"), *study.out.glob("figures/*.svg")]:
        # An id is looked for as a word of its own: a number in a drawing may hold the same digits.
        words = set(re.split(r"[^\w.-]+", text_of(path)))
        assert not private & words, path.name


def text_of(path: Path) -> str:
    """Text of a file; of Word files and workbooks, of all their parts."""
    if path.suffix not in {".docx", ".xlsx"}:
        return path.read_text("utf-8")
    with zipfile.ZipFile(path) as parts:
        return " ".join(parts.read(n).decode() for n in parts.namelist() if n.endswith((".xml", ".rels")))


def test_the_manifest_names_plan_and_inputs(ran):
    study, _ = ran
    manifest = json.loads((study.out / "manifest.json").read_text("utf-8"))
    assert manifest["plan_sha256"] == hashlib.sha256(study.plan.read_bytes()).hexdigest()
    assert manifest["inputs_sha256"] == {
        p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in (study.folder / "data").iterdir()
    }


def test_counts_of_check_are_those_of_run(ran, commands):
    study, _ = ran
    results = json.loads((study.out / "results.json").read_text("utf-8"))
    checked = commands[0]("check", study.plan).out
    for rates in results["rates"]:
        basis = rates["total"]["basis"]
        assert f"{basis['n_events']:,} events, {basis['n_persons']:,} persons" in checked
    for model in results["models"]:
        each = f"{model['events_per_parameter']:.1f} events per parameter"
        assert f"{model['model']}: {model['parameters']} parameters, {each}" in checked


def test_running_again_gives_the_same_bytes_and_leaves_other_files(run_before, commands):
    first = (run_before.out / "results.json").read_bytes()
    (run_before.out / "notes.txt").write_text("mine")
    said = commands[0]("run", run_before.plan, "--out", run_before.out, "--fresh")
    assert said.code == 0, said.err
    assert (run_before.out / "results.json").read_bytes() == first
    assert {p.name for p in run_before.out.iterdir()} == FILES | {"notes.txt"}


def test_a_run_of_which_nothing_has_changed_is_not_made_again(run_before, commands):
    before = run_before.tree()
    began = time.perf_counter()
    said = commands[0]("run", run_before.plan, "--out", run_before.out)
    assert time.perf_counter() - began < 5  # what a second run may take; it takes a tenth of a second
    assert said.code == 0
    assert "Nothing has changed since this run" in said.out
    assert said.out.splitlines()[-1] == f"Report: {run_before.out / 'report.html'}"
    assert run_before.tree() == before


@pytest.mark.parametrize("what", ["plan", "table", "output", "lost output", "program"])
def test_whatever_has_changed_is_noticed(run_before, what, monkeypatch):
    study = run_before
    assert nothing_changed(read_plan(study.plan), study.out)
    if what == "plan":
        study.plan.write_text(study.plan.read_text("utf-8") + "\n# a remark\n", "utf-8")
    elif what == "table":
        study.edit_row("labs", lambda row: True, value="2.2")
    elif what == "output":
        (study.out / "report.html").write_text("edited")
    elif what == "lost output":
        next((study.out / "figures").iterdir()).unlink()
    else:
        monkeypatch.setattr(fingerprint, "program", lambda: "another version")
    assert not nothing_changed(read_plan(study.plan), study.out)


@pytest.mark.skipif(sys.platform == "win32", reason="Ctrl-C is sent otherwise there")
def test_ctrl_c_leaves_the_earlier_output_whole(run_before):
    study = run_before
    before = study.tree()
    command = [sys.executable, "-m", "riskset", "run", str(study.plan), "--out", str(study.out), "--fresh"]
    running = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    # As soon as the new output has begun, beside the old one.
    while running.poll() is None and not list(study.folder.glob(".out-*")):
        time.sleep(0.01)
    os.kill(running.pid, signal.SIGINT)
    _, said = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert "Interrupted. Earlier output is as it was." in said
    assert "Traceback" not in said
    assert study.tree() == before
    assert not list(study.folder.glob(".out-*"))


@pytest.mark.long
def test_demo_needs_nothing_and_runs_again(tmp_path, commands):
    for _ in range(2):
        said = commands[1]("demo", "--out", tmp_path / "demo")
        assert said.code == 0, said.err
    assert {p.name for p in (tmp_path / "demo").iterdir()} == {"data", "results", "study.toml"}
    assert {p.name for p in (tmp_path / "demo" / "results").iterdir()} == FILES


def test_demo_does_not_overwrite_a_plan_that_was_changed(study, commands):
    before = study.tree()
    study.edit_plan("seed     = 20260101", "seed = 1")
    changed = study.tree()
    said = commands[0]("demo", "--out", study.folder)
    assert said.code == 2
    assert "holds a plan that was changed" in said.err
    assert study.tree() == changed != before


@pytest.mark.long  # three runs
def test_a_run_goes_on_with_what_is_done_and_gives_the_same(study, commands, tmp_path_factory, monkeypatch):
    """A changed title and one changed entry: all that stands on neither is taken from the store, to the last digit."""
    tmp_path = tmp_path_factory.mktemp("elsewhere")
    monkeypatch.setenv("RISKSET_CACHE", str(tmp_path / "kept"))
    entries = """[sensitivity]
"Other cut-points" = { vary = "exposure.groups.below", over = [2.2, 2.6] }
"Carry forward" = { vary = "measures.mg.carry_forward", over = ["60 days"] }

[report]
"""
    study.edit_plan("[report]\n", entries)
    assert commands[0]("run", study.plan, "--out", study.out).code == 0
    study.edit_plan('title    = "Serum', 'title    = "Once more: serum')
    study.edit_plan("over = [2.2, 2.6]", "over = [2.2, 2.5]")
    again = commands[0]("run", study.plan, "--out", study.out)
    done = {
        line.strip().rsplit("  ", 1)[0].strip() for line in again.err.splitlines() if "sensitivity: " in line
    }
    assert done == {"sensitivity: Other cut-points: 2.2", "sensitivity: Other cut-points: 2.5"}
    fresh = commands[0]("run", study.plan, "--out", tmp_path / "fresh", "--fresh")
    assert fresh.code == 0
    assert fresh.err.count("sensitivity: ") == 3
    assert (study.out / "results.json").read_bytes() == (tmp_path / "fresh" / "results.json").read_bytes()
    # what is kept are aggregates: no person's number, no date of anybody
    private = study.private()
    for path in (tmp_path / "kept").iterdir():
        assert not private & set(re.split(r"[^\w.-]+", path.read_text("utf-8"))), path.name
