"""Every exhibit, damaged at random: read or refused in words, whatever the bytes, and silent about the patients.

Two seconds of it run with the other tests, thirty with the long ones, and as many as RISKSET_FUZZ_SECONDS says by hand.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from catalogue import ROOMS
from exhibit import SECRETS

from riskset.errors import RisksetError
from riskset.tables import TableSpec, columns_of, read_table

ODD = (
    b"\x00",
    b'"',
    b"\n",
    b"\r\n",
    b"\r",
    b",",
    b";",
    b"\t",
    b"\xff",
    b"\xef\xbb\xbf",
    b"\xff\xfe",
    b"\x82\xa0",
)
ODD += (
    b"'",
    b"-",
    b"9" * 30,
    b"1e999",
    b"NaN",
    b"<",
    b"=1+1",
    "令和".encode(),
    "７".encode(),
    b"PK\x03\x04",
    b"<f>",
    b't="e"',
)
DECLARED = (
    {},
    {"encoding": "cp932"},
    {"encoding": "utf-16-le"},
    {"delimiter": ";", "decimal": ","},
    {"thousands": ","},
    {"date_format": "day first"},
    {"date_format": "excel", "header_row": 2},
    {"below_limit": "half", "missing": (".",)},
    {"one_row_per_person": True, "where": "value > 3"},
)


def seeds() -> list[tuple[str, bytes]]:
    """Name and bytes of every exhibit's file."""
    found: list[tuple[str, bytes]] = []
    for exhibit in (e for exhibits in ROOMS.values() for e in exhibits if e.file and not e.long):
        with TemporaryDirectory() as folder:
            with suppress(RisksetError):
                exhibit.see(Path(folder))
            path = Path(folder) / exhibit.file
            if path.is_file() and not exhibit.file.endswith(".duckdb"):
                found.append((exhibit.file, path.read_bytes()))
    return found


def damaged(content: bytes, chance: random.Random) -> bytes:
    for _ in range(chance.randint(0, 5)):
        at = chance.randint(0, len(content))
        kind = chance.random()
        if kind < 0.5:
            content = content[:at] + chance.choice(ODD) + content[at + chance.randint(0, 6) :]
        elif kind < 0.8:
            other = chance.randint(0, len(content))
            content = content[:at] + content[other : other + chance.randint(0, 40)] + content[at:]
        else:
            content = content[:at] if kind < 0.85 else content[: at - 9] + content[at:]
    return content


def fuzz(seconds: float, chance: random.Random) -> Counter[str]:
    held, outcomes = seeds(), Counter[str]()
    until = time.monotonic() + seconds
    with TemporaryDirectory() as folder:
        while time.monotonic() < until:
            name, content = chance.choice(held)
            content = damaged(content, chance)
            (Path(folder) / name).write_bytes(content)
            settings = {"time": "date", "value": "value", "unit": "unit", **chance.choice(DECLARED)}
            spec = TableSpec("labs", name, id="id", **settings)
            header = "".join(columns_of(spec, folder))
            try:
                table = read_table(spec, folder, clock=chance.choice(("day", "time")))
                said = repr(table) + table.problems.write_csv()
                outcomes["read"] += 1
            except RisksetError as refusal:
                said = str(refusal) if refusal.remedy else SECRETS[0]  # a refusal says what to do
                outcomes[type(refusal).__name__] += 1
            # what damage has moved into the header is a name of a column, which a message may say
            assert not [s for s in SECRETS if s in said and s not in header], said
    return outcomes


def test_damage_for_two_seconds():
    outcomes = fuzz(2.0, random.Random(1))  # noqa: S311 (chance, not secrecy)
    assert outcomes["read"] > 0
    assert outcomes["TableError"] > 0


@pytest.mark.long
def test_damage_for_thirty_seconds():
    seconds = float(os.environ.get("RISKSET_FUZZ_SECONDS", "30"))
    outcomes = fuzz(seconds, random.Random(time.time_ns() if "RISKSET_FUZZ_SECONDS" in os.environ else 2))  # noqa: S311
    assert outcomes["read"] > 100
    assert outcomes["TableError"] > 100
