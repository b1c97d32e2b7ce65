"""What holds for every test: under ``script/test --all`` nothing may skip, and what a run chose is the same everywhere."""

from __future__ import annotations

import os

import pytest
from hypothesis import settings

# Reproducible in CI, exploring at a developer's desk. No deadline: two cores are shared with other work, and
# the laws are about numbers.
settings.register_profile("desk", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True, print_blob=True)
settings.load_profile("ci" if os.environ.get("CI") else "desk")


# No test may find what an earlier one kept, nor leave anything with the user.
os.environ["RISKSET_CACHE"] = ""
# Starting helpers takes longer than the few figures of a test; one test has them.
os.environ["RISKSET_PROCESSES"] = "1"


class NothingSkips:
    """Turns a skipped test, or a skipped file, into a failed one: a check that did not run has not passed."""

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: pytest.Item, call: pytest.CallInfo[None]):
        report = yield
        if report.skipped and not hasattr(report, "wasxfail"):
            report.outcome = "failed"
            report.longrepr = (
                f"{item.nodeid} would skip, and nothing may skip in this run: {reason(report.longrepr)}"
            )
        return report

    @pytest.hookimpl(wrapper=True)
    def pytest_make_collect_report(self, collector: pytest.Collector):
        report = yield
        if report.skipped:
            report.outcome = "failed"
            report.longrepr = (
                f"{collector.nodeid} would skip, and nothing may skip in this run: {reason(report.longrepr)}"
            )
        return report


def reason(longrepr: object) -> str:
    """Return why, from pytest's (file, line, reason)."""
    return str(longrepr[2]) if isinstance(longrepr, tuple) else str(longrepr)


def together(nodeid: str) -> str:
    """Name the tests that one worker has, because they share what is made once: a file, or what is named here.

    xdist's own groups do nothing under pytest 9.2, which keeps names of tests elsewhere.
    """
    file = nodeid.split("::", maxsplit=1)[0]
    if file.endswith(("test_run_command.py", "test_show_and_compare.py")):
        return "one run"
    if file.startswith("tests/parity/") and "test_r_again" not in file:
        return "parity"
    alone = ("tests/laws/", "src/", "tests/journeys/test_bad_input.py", "tests/unit/test_documents.py")
    return nodeid if file.startswith(alone) else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object):
    if config.getvalue("dist") != "loadgroup":
        return None
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 (only where several workers run)

    class Together(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return together(nodeid)

    return Together(config, log)


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("RISKSET_NO_SKIP"):
        config.pluginmanager.register(NothingSkips(), "nothing-skips")
