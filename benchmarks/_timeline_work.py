"""Build the episodes of one folder of tables, and say how long it took and how much memory the process needed."""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

import polars as pl

from riskset.episodes import Timeline

folder, limit = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else None
persons = pl.read_ipc(folder / "persons.arrow")
labs = pl.read_ipc(folder / "labs.arrow")
loaded = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
began, processor = time.perf_counter(), time.process_time()
timeline = Timeline(persons, id="id", entry="entry", exit="exit")
for name in ("mg", "ca", "p", "alb", "crp"):
    timeline = timeline.measure(name, labs, time="day", value="value", where=f"test = '{name}'")
read = time.perf_counter()
episodes = timeline.event("death", at="exit", where="died").episodes("death", memory_limit=limit)
seconds, processor = time.perf_counter() - began, time.process_time() - processor
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
total = episodes.frame.select(pl.sum("entry", "mg", "crp")).row(0)
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
