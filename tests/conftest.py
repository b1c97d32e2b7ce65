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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let one worker have all tests that share what is made once for a file, so that it is not made once for each."""
    for item in items:
        known = getattr(item, "_fixtureinfo", None)  # doctests have none
        shared = known and any(found[-1].scope == "module" for found in known.name2fixturedefs.values())
        if shared and item.get_closest_marker("xdist_group") is None:
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


def pytest_configure(config: pytest.Config) -> None:
    if os.environ.get("RISKSET_NO_SKIP"):
        config.pluginmanager.register(NothingSkips(), "nothing-skips")
