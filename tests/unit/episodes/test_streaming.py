"""Persons in batches from files give the rows that all persons at once give."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from riskset.episodes import Episodes, Timeline, episodes_in_batches
from riskset.errors import EpisodeError

CHANCE = np.random.default_rng(4)
N = 60
PERSONS = pl.DataFrame(
    {"id": [f"p{k:03d}" for k in range(N)], "entry": 0, "exit": CHANCE.integers(50, 400, N)}
).sample(fraction=1.0, shuffle=True, seed=1)
LABS = pl.DataFrame(
    {
        "id": [f"p{k:03d}" for k in CHANCE.integers(0, N - 5, 2_000)],  # five persons have none
        "day": CHANCE.integers(-30, 400, 2_000),
        "test": CHANCE.choice(["mg", "ca"], 2_000),
        "value": np.round(CHANCE.normal(2.4, 0.3, 2_000), 1),
    }
)
DRUGS = LABS.select("id", start="day", stop=pl.col("day") + 20).head(200)


def build(persons: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> Timeline:
    return (
        Timeline(persons, id="id", entry="entry", exit="exit")
        .measure("mg", tables["labs"], time="day", value="value", where="test = 'mg'", carry_forward=90)
        .measure("ca", tables["labs"], time="day", value="value", where="test = 'ca'")
        .drug("use", tables["drugs"], start="start", stop="stop")
        .event("death", at="exit")
    )


def in_batches(labs: pl.LazyFrame, limit: str) -> list[Episodes]:
    tables = {"labs": labs, "drugs": DRUGS.lazy()}
    return list(episodes_in_batches(build, PERSONS, tables, id="id", outcome="death", memory_limit=limit))


@pytest.mark.parametrize("limit", ["120 KB", "400 KB", "1 GiB"])
def test_rows_are_those_of_all_persons_at_once(tmp_path: Path, limit: str):
    LABS.sort("id").write_parquet(tmp_path / "labs.parquet", row_group_size=100)
    found = in_batches(pl.scan_parquet(tmp_path / "labs.parquet"), limit)
    whole = build(PERSONS, {"labs": LABS, "drugs": DRUGS}).episodes("death")
    assert pl.concat([batch.frame for batch in found]).equals(whole.frame)
    assert all(batch.audit.balances for batch in found)
    assert sum(batch.audit.rows_out for batch in found) == whole.audit.rows_out
    assert sum(batch.audit.persons_in for batch in found) == N
    assert (len(found) > 1) == (limit != "1 GiB")


def test_one_person_too_large_for_the_limit_is_refused():
    with pytest.raises(EpisodeError, match="need more than the memory limit allows") as caught:
        in_batches(LABS.lazy(), "1 KB")
    assert "p0" not in str(caught.value)


def test_a_table_without_ids_is_refused():
    with pytest.raises(EpisodeError, match="column 'id' does not exist"):
        in_batches(LABS.lazy().rename({"id": "patient"}), "1 GiB")
