"""The command line as a user meets it: help, version, schema, simulate, exit codes."""

from __future__ import annotations

import json
import os

import pytest
import typer

import riskset
from riskset.cli import _refusals, stages
from riskset.errors import RisksetError


@pytest.mark.parametrize(
    "arguments",
    [["--help"], ["run", "--help"], ["check", "--help"], ["simulate", "--help"], ["demo", "--help"]],
)
def test_help(commands, arguments):
    said = commands[0](*arguments)
    assert said.code == 0
    assert "Usage: " in said.out


def test_help_is_quick(commands):
    # Half a second is what a person does not notice. Time of the processor, since the machine may be shared.
    def seconds() -> float:
        before = os.times()
        assert commands[1]("--help").code == 0
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    assert min(seconds() for _ in range(3)) < 0.5


def test_version(commands):
    assert commands[1]("--version").out == f"riskset {riskset.__version__}\n"


def test_schema_is_json(commands):
    said = commands[1]("schema")
    assert said.code == 0
    assert json.loads(said.out)["title"] == "riskset study plan"


@pytest.mark.parametrize("arguments", [["chek"], ["run"], ["simulate", "dialysis"], ["check", "a", "b"]])
def test_wrong_use_leaves_with_2(commands, arguments):
    said = commands[0](*arguments)
    assert said.code == 2
    assert "Usage: " in said.err
    assert "Traceback" not in said.err


@pytest.mark.parametrize("spelling", ["haemodialysis", "hemodialysis"])
@pytest.mark.parametrize("format_", ["csv", "parquet"])
def test_simulate(commands, tmp_path, spelling, format_):
    said = commands[0](
        "simulate", spelling, "--patients", 8, "--seed", 5, "--format", format_, "--out", tmp_path / "t"
    )
    assert said.code == 0, said.err
    names = {f"{stem}.{format_}" for stem in ("patients", "labs", "prescriptions", "events")}
    assert {p.name for p in (tmp_path / "t").iterdir()} == names
    assert {p.name for p in tmp_path.iterdir()} == {"t"}


def test_simulating_again_gives_the_same_bytes(commands, tmp_path):
    def tables() -> dict[str, bytes]:
        said = commands[0]("simulate", "haemodialysis", "--patients", 8, "--seed", 5, "--out", tmp_path / "t")
        assert said.code == 0, said.err
        return {p.name: p.read_bytes() for p in (tmp_path / "t").iterdir()}

    assert tables() == tables()


# --- what an error looks like -------------------------------------------------------------------------------


def test_a_refusal_is_one_message_and_2(capsys):
    with pytest.raises(typer.Exit) as left, _refusals(debug=False):
        raise RisksetError("must hold", where="labs.csv", rows=[3], remedy="Correct it.")
    assert left.value.exit_code == 2
    assert capsys.readouterr().err == "Error: labs.csv: must hold (1 row: 3)\n  Remedy: Correct it.\n"


def test_an_error_of_riskset_shows_no_value_and_leaves_with_1(capsys):
    with pytest.raises(typer.Exit) as left, _refusals(debug=False):
        raise ValueError("could not convert 'Jane Doe' of row 000123")
    said = capsys.readouterr().err
    assert left.value.exit_code == 1
    assert "Jane" not in said
    assert "000123" not in said
    assert "ValueError" in said
    assert "--debug" in said


def test_debug_lets_the_traceback_through():
    with pytest.raises(ValueError, match="Jane"), _refusals(debug=True):
        raise ValueError("Jane Doe")


def test_an_interruption_leaves_with_130(capsys):
    with pytest.raises(typer.Exit) as left, _refusals(debug=False):
        raise KeyboardInterrupt
    assert left.value.exit_code == 130
    assert "Interrupted" in capsys.readouterr().err


def test_stages_say_what_is_done_and_how_long_it_took(capsys):
    with stages() as progress:
        progress("tables")
        progress("models")
    lines = capsys.readouterr().err.splitlines()
    assert [line.split()[0] for line in lines] == ["tables", "models", "all"]
    assert all(line.endswith(" s") for line in lines)
