"""Completion in a shell: a real bash asks, with names that hold blanks, brackets, bars and colons."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys

import pytest

NAMES = ("death/model-1/ratio_of_hr[< 2.4 mg/dL|user]", "death/model-1/ph_test[mg:drug]", "cve/rates/rate")


@pytest.fixture
def place(tmp_path):
    """A folder with a plan, a table, a folder and a run of two outcomes."""
    (tmp_path / "study.toml").touch()
    (tmp_path / "persons.csv").touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "study-results").mkdir()
    numbers = [{"id": name, "estimand": "a number"} for name in NAMES]
    (tmp_path / "study-results" / "results.json").write_text(json.dumps({"numbers": numbers}), "utf-8")
    return tmp_path


def candidates(commands, place, monkeypatch, *words):
    monkeypatch.chdir(place)
    said = commands[0]("complete", "--", *words)
    assert said.code == 0
    return said.out.splitlines()


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["sh"], ["show"]),
        (["run", ""], ["data/", "study.toml"]),
        (["run", "--fresh", "st"], ["study.toml"]),
        (["run", "study.toml", ""], []),
        (["run", "study.toml", "--out", "d"], ["data/"]),
        (["new", "here", "p"], ["persons.csv"]),
        (["new", "here", "persons.csv", "p"], ["persons.csv"]),
        (["compare", "study-results", "st"], ["study-results"]),
        (["show", ""], ["death/", "cve/"]),
        (["show", "--in", "study-results", "death/model-1/ra"], [NAMES[0]]),
        (["show", "--in", "data", ""], []),
        (["show", "--j"], ["--json"]),
        (["simulate", "--format", "p"], ["parquet"]),
        (["completion", ""], ["bash", "zsh", "fish", "powershell"]),
        (["no-such-command", ""], []),
    ],
)
def test_what_may_stand_at_the_cursor(commands, place, monkeypatch, words, expected):
    assert candidates(commands, place, monkeypatch, *words) == expected


def test_hidden_commands_are_not_offered(commands, place, monkeypatch):
    assert "complete" not in candidates(commands, place, monkeypatch, "")


@pytest.mark.skipif(os.name == "nt", reason="Windows has PowerShell; bash is asked where it is at home")
def test_bash_gets_words_that_it_can_hand_back(commands, place):
    script = commands[0]("completion", "bash").out
    program = place / "riskset"
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m riskset "$@"\n', "utf-8")
    program.chmod(0o755)
    # as readline calls it: the raw words, escapes and an open quote among them
    asked = [r"death/model-1/ratio_of_hr\[", '"death/model-1/ph']
    lines = [script]
    for word in asked:
        lines += [
            f"COMP_WORDS=(riskset show {shlex.quote(word)}); COMP_CWORD=2; _riskset_completion ./riskset",
            r"""printf '%s\n' "${COMPREPLY[@]}" """,
        ]
    done = subprocess.run(
        ["bash", "--norc", "-c", "\n".join(lines)],
        cwd=place,
        env=os.environ | {"LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        check=True,
    )
    unquoted, within_quotes = done.stdout.splitlines()
    assert shlex.split(unquoted) == [NAMES[0]]
    assert within_quotes == NAMES[1]
