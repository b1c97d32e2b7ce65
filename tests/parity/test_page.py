"""docs/parity.md says what these tests compare: the same cases, numbers, tolerances and versions."""

from __future__ import annotations

import importlib.util
from pathlib import Path

WRITER = Path(__file__).resolve().parents[2] / "docs" / "write_parity.py"


def test_the_page_is_what_the_tests_compare():
    spec = importlib.util.spec_from_file_location("write_parity", WRITER)
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    fresh, committed = writer.page(writer.collect()), writer.PAGE.read_text(encoding="utf-8")
    # differences are rounding, which another processor moves; the tests themselves hold them below the tolerances
    assert writer.structure(fresh) == writer.structure(committed), "run: python docs/write_parity.py"
