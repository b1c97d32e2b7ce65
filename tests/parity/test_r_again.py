"""The frozen numbers of curves and effects are what R says today: their scripts are run anew."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

HERE = Path(__file__).parent


def leaves(value, path: tuple = ()) -> dict:
    if isinstance(value, dict):
        return {k: v for name, inner in value.items() for k, v in leaves(inner, (*path, name)).items()}
    if isinstance(value, list):
        return {k: v for n, inner in enumerate(value) for k, v in leaves(inner, (*path, n)).items()}
    return {path: value}


@pytest.mark.r
@pytest.mark.parametrize("name", ["curves", "effects"])
def test_r_still_says_so(name: str, tmp_path: Path):
    rscript = shutil.which("Rscript")
    assert rscript is not None, "Rscript is not installed"
    script, again = HERE / "r" / f"{name}.R", tmp_path / "again.json"
    subprocess.run([rscript, str(script), str(again)], check=True, cwd=HERE.parents[1], capture_output=True)
    frozen, now = (leaves(json.loads(p.read_text())) for p in (HERE / "expected" / f"{name}.json", again))
    assert frozen.keys() == now.keys()
    for path, value in frozen.items():
        if path[0] == "versions":
            continue
        if isinstance(value, (int, float)):
            # rms iterates to less than coxph: its own figures may move in the sixth digit between versions
            assert now[path] == pytest.approx(
                value, rel=1e-5 if "rms" in str(path[-1]) else 1e-7, abs=1e-7
            ), path
        else:
            assert now[path] == value, path
