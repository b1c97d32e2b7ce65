"""Build the episodes of one folder of tables, and say how long it took and how much memory the process needed."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path

import polars as pl

from riskset.episodes import Timeline


def peak_bytes() -> int:
    """Return the most memory that this process has held; what its parent held before it does not count."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text(encoding="utf-8"))
    return 1024 * int(found[1]) if found else 0


folder, limit = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
persons = pl.read_ipc(folder / "persons.arrow")
labs = pl.read_ipc(folder / "labs.arrow")
loaded = peak_bytes()
began, processor = time.perf_counter(), time.process_time()
timeline = Timeline(persons, id="id", entry="entry", exit="exit")
for name in ("mg", "ca", "p", "alb", "crp"):
    timeline = timeline.measure(name, labs, time="day", value="value", where=f"test = '{name}'")
read = time.perf_counter()
episodes = timeline.event("death", at="exit", where="died").episodes("death", memory_limit=limit)
seconds, processor = time.perf_counter() - began, time.process_time() - processor
peak = peak_bytes()
total = int(episodes.frame.hash_rows(seed=1).to_numpy().sum())  # the same rows give the same sum
print(
    json.dumps(
        {
            "seconds": seconds,
            "processor": processor,
            "reading": read - began,
            "rows": len(episodes),
            "labs": labs.height,
            "peak": peak,
            "loaded": loaded,
            "sum": total,
        }
    )
)
