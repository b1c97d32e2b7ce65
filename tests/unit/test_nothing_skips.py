"""The guard of ``script/test --all``: a test or file that would skip fails there, and skips elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

CONFTEST = Path(__file__).parent.parent / "conftest.py"
FILES = {
    "test_one.py": "import pytest\n\ndef test_needs_something():\n    pytest.skip('no R here')\n",
    "test_whole.py": "import pytest\n\npytest.importorskip('no_such_module_anywhere')\n",
    "test_known.py": "import pytest\n\n@pytest.mark.xfail(strict=True)\ndef test_known():\n    assert False\n",
}


def run(folder: Path, no_skip: bool) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    for name, text in FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("RISKSET_", "PYTEST_"))}
    variables |= {"RISKSET_NO_SKIP": "1"} if no_skip else {}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "--continue-on-collection-errors",
        "-p",
        "no:cacheprovider",
    ]
    command += ["--rootdir", str(folder), str(folder)]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


def test_a_skip_fails_where_nothing_may_skip(tmp_path):
    done = run(tmp_path, no_skip=True)
    assert done.returncode != 0
    assert done.stdout.count("would skip, and nothing may skip in this run") >= 2, done.stdout
    assert "no R here" in done.stdout
    assert "no_such_module_anywhere" in done.stdout
    assert "1 failed, 1 xfailed, 1 error" in done.stdout  # what is expected to fail may fail


def test_a_skip_is_a_skip_at_a_desk(tmp_path):
    done = run(tmp_path, no_skip=False)
    assert done.returncode == 0
    assert "2 skipped, 1 xfailed" in done.stdout
