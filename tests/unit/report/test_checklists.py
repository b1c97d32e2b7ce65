"""The checklists hold every item of the published lists, by number."""

from __future__ import annotations

from riskset.report.texts.checklists import RECORD, STROBE


def test_every_item_of_strobe_for_cohort_studies_is_there() -> None:
    """22 items; 1, 6, 12, 13, 14 and 16 have parts (von Elm et al. 2007, the cohort column)."""
    parts = {1: "ab", 6: "ab", 12: "abcde", 13: "abc", 14: "abc", 16: "abc"}
    wanted = [f"{n}{p}" for n in range(1, 23) for p in parts.get(n, [""])]
    assert [number for number, _ in STROBE] == wanted


def test_every_item_of_record_is_there() -> None:
    """13 items (Benchimol et al. 2015, table 1)."""
    wanted = ["1.1", "1.2", "1.3", "6.1", "6.2", "6.3", "7.1", "12.1", "12.2", "12.3", "13.1", "19.1", "22.1"]
    assert [number for number, _ in RECORD] == wanted
