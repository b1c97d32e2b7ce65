"""The frozen numbers are what R says today: their scripts are run anew, as `script/parity` does."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from agreement import FROZEN, HERE, said_again

NAMES = sorted(path.stem for path in (HERE / "r").glob("*.R"))


def test_every_file_of_expected_numbers_has_its_script():
    assert sorted(path.stem for path in FROZEN.glob("*.json")) == NAMES


@pytest.mark.r
@pytest.mark.parametrize("name", NAMES)
def test_r_still_says_so(name: str, tmp_path: Path):
    rscript = shutil.which("Rscript")
    assert rscript is not None, "Rscript is not installed"
    command = [rscript, str(HERE / "r" / f"{name}.R"), str(tmp_path / f"{name}.json")]
    subprocess.run(command, check=True, cwd=HERE.parents[1], capture_output=True)
    apart = [c for c in said_again(name, tmp_path) if not c.apart and c.difference > c.tolerance]
    assert not apart
