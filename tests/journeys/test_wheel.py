"""What is published is the wheel: it must hold all that `riskset demo` needs, with no checkout near."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def package(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


@pytest.mark.long
def test_the_wheel_carries_the_package_and_nothing_else(package):
    assert {p.name.partition("-")[0] for p in package.iterdir()} == {"riskset"}
    held = {p.relative_to(package).as_posix() for p in (package / "riskset").rglob("*") if p.is_file()}
    source = ROOT / "src" / "riskset"
    wanted = {f"riskset/{p.relative_to(source).as_posix()}" for p in source.rglob("*") if p.is_file()}
    wanted = {p for p in wanted if "__pycache__" not in p}
    assert held == wanted | {"riskset/study/haemodialysis.toml"}


@pytest.mark.long
def test_the_demo_runs_from_the_wheel(package, tmp_path):
    code = "import riskset; print(riskset.__file__)\nfrom riskset.cli import main; main()"
    variables = os.environ | {"PYTHONPATH": str(package)}
    done = subprocess.run(
        [sys.executable, "-c", code, "demo", "--out", "demo"],
        cwd=tmp_path,
        env=variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(str(package))
    results = tmp_path / "demo" / "results"
    assert {"report.html", "results.json", "manifest.json", "figures"} <= {p.name for p in results.iterdir()}
