"""The guard of ``script/test --all``: a test or file that would skip fails there, and skips elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parent.parent / "conftest.py"

ONE_TEST = "import pytest\n\ndef test_needs_something():\n    pytest.skip('no R here')\n"
WHOLE_FILE = "import pytest\n\npytest.importorskip('no_such_module_anywhere')\n"
EXPECTED_FAILURE = "import pytest\n\n@pytest.mark.xfail(strict=True)\ndef test_known():\n    assert False\n"


def run(folder: Path, text: str, no_skip: bool) -> subprocess.CompletedProcess[str]:
    (folder / "conftest.py").write_text(CONFTEST.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / "test_it.py").write_text(text, encoding="utf-8")
    variables = {k: v for k, v in os.environ.items() if not k.startswith(("RISKSET_", "PYTEST_"))}
    variables |= {"RISKSET_NO_SKIP": "1"} if no_skip else {}
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "--rootdir",
        str(folder),
        str(folder),
    ]
    return subprocess.run(command, cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("text", [ONE_TEST, WHOLE_FILE], ids=["one test", "a whole file"])
def test_a_skip_fails_where_nothing_may_skip(tmp_path, text):
    done = run(tmp_path, text, no_skip=True)
    assert done.returncode in (1, 2), done.stdout
    assert "nothing may skip in this run" in done.stdout
    assert "no R here" in done.stdout or "no_such_module_anywhere" in done.stdout


@pytest.mark.parametrize("text", [ONE_TEST, WHOLE_FILE], ids=["one test", "a whole file"])
def test_a_skip_is_a_skip_at_a_desk(tmp_path, text):
    done = run(tmp_path, text, no_skip=False)
    assert "1 skipped" in done.stdout


def test_an_expected_failure_is_no_skip(tmp_path):
    done = run(tmp_path, EXPECTED_FAILURE, no_skip=True)
    assert done.returncode == 0, done.stdout
    assert "1 xfailed" in done.stdout
