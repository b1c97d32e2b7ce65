"""The same study on another processor: other kernels of the linear algebra, other last digits, the same results.

OpenBLAS chooses its kernels by the processor; ``OPENBLAS_CORETYPE`` overrules that, so one machine can stand for
several. Where NumPy has another library the runs are alike and the test says little.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
RELATIVE = 1e-9  # what the documents promise; found on the shipped study: 1e-11
# Where the likelihood has no maximum, coefficients grow until it no longer rises by a billionth of itself; rounding
# decides at which step that is, and sums of such coefficients are small differences of large numbers. Found: 5e-6.
RUN_OFF = 1e-5


def riskset(folder: Path, kernels: str, *arguments: str) -> None:
    code = "from riskset.cli import main; main()"
    variables = os.environ | {"OPENBLAS_CORETYPE": kernels}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, below in value.items():
            yield from leaves(below, f"{place}/{key}")
    elif isinstance(value, list):
        for number, below in enumerate(value):
            yield from leaves(below, f"{place}/{number}")
    else:
        yield place, value


def differ(one: object, other: object, relative: float = RELATIVE) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return abs(one - other) > relative * max(abs(one), abs(other), RELATIVE)
    return one != other


def run_off(results: dict[str, object]) -> tuple[str, ...]:
    """Places of fits whose likelihood has no maximum."""
    return tuple(
        place.removesuffix("status")
        for place, value in results.items()
        if place.endswith("/status") and value == "monotone likelihood"
    )


@pytest.mark.long
@pytest.mark.parametrize("example", ["haemodialysis", "icu-magnesium"])
def test_results_are_the_same_to_nine_digits(example, tmp_path):
    shutil.copytree(EXAMPLES / example, tmp_path / "study", ignore=shutil.ignore_patterns("data"))
    if example == "haemodialysis":
        riskset(tmp_path, "Haswell", "simulate", "haemodialysis", "--out", "study/data")
    found: list[dict[str, object]] = []
    for kernels in ("Haswell", "Prescott"):  # with and without the wide registers of newer processors
        riskset(tmp_path, kernels, "run", "study/study.toml", "--out", kernels)
        found.append(
            dict(leaves(json.loads((tmp_path / kernels / "results.json").read_text(encoding="utf-8"))))
        )
    here, there = found
    assert here.keys() == there.keys()
    endless = run_off(here)
    allowed = {place: RUN_OFF if place.startswith(endless) else RELATIVE for place in here}
    assert not {
        place: (here[place], there[place])
        for place in here
        if differ(here[place], there[place], allowed[place])
    }
