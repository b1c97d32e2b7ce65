"""Every rule of the semantics on small tables, raw tables in, episodes out; the same file makes docs/semantics.md."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import polars as pl
import pytest
from text_tables import cells, shown
from text_tables import frame as frame_of

import riskset.errors
from riskset.cohort import Source
from riskset.episodes import Episodes, Timeline, check_episodes

ROOT = Path(__file__).parents[2]


def writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_semantics", ROOT / "docs" / "write_semantics.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import sys  # noqa: PLC0415 (dataclasses look their module up)

    sys.modules["write_semantics"] = module
    spec.loader.exec_module(module)
    return module


SEMANTICS = writer()
CASES, _ = SEMANTICS.cases()


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_rule(case: Any):
    names: dict[str, Any] = {
        "Timeline": Timeline,
        "Source": Source,
        "check_episodes": check_episodes,
        "pl": pl,
    }
    result: Any = None
    refused = ""
    checked = 0
    for block in case.blocks:
        if block.kind == "text":
            continue
        if block.kind == "code":
            refused, result = "", None
            try:
                if "persons" in names:
                    names["timeline"] = eval(SEMANTICS.PERSONS, names)  # noqa: S307 (the cases are ours)
                result = eval(SEMANTICS.code(block.text), names)  # noqa: S307
            except riskset.errors.RisksetError as error:
                refused = f"{type(error).__name__}: {error.rule}"
        elif block.kind == "refused":
            assert refused == block.text
            checked += 1
        elif block.kind == "gives":
            assert not refused
            frame = result.frame if isinstance(result, Episodes) else result
            expected = cells(block.text)
            assert shown(frame.select(expected[0])) == expected
            if isinstance(result, Episodes):
                assert result.audit.balances
            checked += 1
        elif block.kind == "audit":
            for line in block.text.splitlines():
                name, _, value = line.partition(" = ")
                assert (name, getattr(result.audit, name)) == (name, int(value))
        elif block.kind == "prints":
            assert str(result.audit) == block.text
            checked += 1
        elif block.kind == "says":
            assert any(block.text in line.text for line in result.audit.lines)
        else:
            names[block.kind] = frame_of(block.text)
    assert checked


def test_page_is_up_to_date():
    assert SEMANTICS.PAGE.read_text(encoding="utf-8") == SEMANTICS.page(), (
        "run: python docs/write_semantics.py"
    )
