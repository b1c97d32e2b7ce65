"""docs/parity.md says what these tests compare: the same cases, numbers, tolerances and versions."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

from agreement import NOTED

WRITER = Path(__file__).resolve().parents[2] / "docs" / "write_parity.py"


def test_the_page_is_what_the_tests_compare(left_out: frozenset[str] | None):
    spec = importlib.util.spec_from_file_location("write_parity", WRITER)
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    # where the tests have not all run here, they run now
    fresh = writer.structure(writer.page(writer.collect() if left_out is None else NOTED))
    committed = writer.structure(writer.PAGE.read_text(encoding="utf-8"))
    long = {writer.TITLES[name]: committed[writer.TITLES[name]] for name in left_out or ()}
    # differences are rounding, which another processor moves; the tests themselves hold them below the tolerances
    remedy = "run: python docs/write_parity.py"
    assert fresh.keys() | long.keys() == committed.keys(), remedy
    head = next(iter(fresh))
    for title in fresh.keys() - {head}:
        assert fresh[title] == committed[title], remedy
    total = sum(writer.numbers_in(section) for section in (fresh | long).values())
    whole = re.sub(r"[\d,]+ numbers", f"{total:,} numbers", fresh[head])
    assert whole == committed[head], remedy
