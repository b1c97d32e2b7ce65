"""The tests of parity run in one process, their page last, which then need not run them again."""

from __future__ import annotations

from pathlib import Path

import pytest

HERE = Path(__file__).parent
COLLECTED: list[pytest.Item] = []
PASSED: set[pytest.Item] = set()


def on_the_page(item: pytest.Item) -> bool:
    return item.path.parent == HERE and item.path.stem not in {"test_page", "test_r_again"}


@pytest.hookimpl(tryfirst=True)  # before some are deselected
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    COLLECTED[:] = [i for i in items if on_the_page(i)]
    page = [i for i in items if i.path == HERE / "test_page.py"]
    items[:] = [i for i in items if i not in page] + page


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]):
    report = yield
    if call.when == "call" and report.passed:
        PASSED.add(item)
    return report


@pytest.fixture
def left_out(request: pytest.FixtureRequest) -> frozenset[str] | None:
    """Files of which nothing ran, being long; None where more is missing, as where one file is run alone."""
    chosen = set(request.session.items)
    missing = [i for i in COLLECTED if i not in PASSED]
    files = {i.path for i in COLLECTED}
    whole = files | {HERE / "test_page.py", HERE / "test_r_again.py"} >= set(HERE.glob("test_*.py"))
    long = all(i.get_closest_marker("long") is not None and i not in chosen for i in missing)
    left = {i.path for i in missing}
    if not whole or not long or any(i.path in left for i in PASSED):
        return None
    return frozenset(p.stem.removeprefix("test_") for p in left)
