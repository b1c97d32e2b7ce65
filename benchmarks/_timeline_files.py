"""Build the episodes of Parquet files, some persons at a time, under a memory limit; say how long and how much memory."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import polars as pl

from riskset.episodes import Timeline, episodes_in_batches

ANALYTES = ("mg", "ca", "p", "alb", "crp")


def peak_bytes() -> int:
    """Return the most memory that this process has held."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return 1024 * int(found[1]) if found else 0


def build(persons: pl.DataFrame, tables: dict[str, pl.DataFrame]) -> Timeline:
    """Put the five analytes of one long table on a timeline."""
    timeline = Timeline(persons, id="id", entry="entry", exit="exit").event("death", at="exit", where="died")
    for name in ANALYTES:
        timeline = timeline.measure(name, tables["labs"], time="day", value="value", where=f"test = '{name}'")
    return timeline


folder, limit, patients = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
persons = pl.scan_parquet(folder / "persons-*.parquet").filter(pl.col("id") < patients)
labs = pl.scan_parquet(folder / "labs-*.parquet").filter(pl.col("id") < patients)
before = peak_bytes()
began, processor = time.perf_counter(), time.process_time()
rows = batches = 0
for episodes in episodes_in_batches(
    build, persons, {"labs": labs}, id="id", outcome="death", memory_limit=limit
):
    rows += len(episodes)
    batches += 1
print(
    json.dumps(
        {
            "seconds": time.perf_counter() - began,
            "processor": time.process_time() - processor,
            "rows": rows,
            "batches": batches,
            "labs": labs.select(pl.len()).collect().item(),
            "peak": peak_bytes(),
            "before": before,
        }
    )
)
