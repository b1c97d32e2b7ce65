"""Every broken input is handled by a stated rule or refused with rule, place and remedy; no message holds a value."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest
from catalogue import ROOMS
from exhibit import SECRETS, Exhibit, Read, Refused, SetAside

from riskset.errors import RisksetError

ALL = [
    pytest.param(e, id=f"{room}: {e.title}", marks=[pytest.mark.long] if e.long else [])
    for room, exhibits in ROOMS.items()
    for e in exhibits
]


@pytest.mark.parametrize("exhibit", ALL)
def test_what_becomes_of_it(exhibit: Exhibit, tmp_path: Path):
    expected = exhibit.outcome
    if isinstance(expected, Refused):
        with pytest.raises(RisksetError) as caught:
            exhibit.see(tmp_path)
        said = str(caught.value)
        assert expected.rule in said
        assert expected.remedy in said.partition("Remedy:")[2]
        assert caught.value.rows == expected.rows
        assert caught.value.__cause__ is None
        silent(said)
        return
    seen = exhibit.see(tmp_path)
    silent(seen.rejects.write_csv() + repr(seen.notes))
    if isinstance(expected, SetAside):
        of_column = seen.rejects.filter(column=expected.column)
        assert tuple(of_column["row"].sort()) == expected.rows
        assert all(expected.rule in rule for rule in of_column["rule"])
    else:
        assert isinstance(expected, Read)
        assert tuple(seen.rows) == expected.rows
        assert seen.rejects.is_empty()
        assert seen.notes == expected.notes


def silent(said: str) -> None:
    assert not [secret for secret in SECRETS if secret in said], said


def test_the_museum_is_large_and_its_titles_differ():
    titles = [(room, e.title) for room, exhibits in ROOMS.items() for e in exhibits]
    assert len(titles) >= 120
    assert len(set(titles)) == len(titles)


def test_the_page_of_bad_tables_is_what_happens():
    path = Path(__file__).parents[2] / "docs" / "write_bad_tables.py"
    spec = importlib.util.spec_from_file_location("write_bad_tables", path)
    assert spec is not None
    assert spec.loader is not None
    writer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(writer)
    page = writer.page()
    assert writer.PAGE.read_text(encoding="utf-8") == page, "run: python docs/write_bad_tables.py"
    silent(page)
