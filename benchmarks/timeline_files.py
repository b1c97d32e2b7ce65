"""Up to ten times the patients of ``timeline``, from Parquet files, in batches of persons under one memory limit.

script/bench timeline_files
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from _rounds import tell_rows
from timeline import PATIENTS, simulated

FILES = Path(__file__).with_name("_timeline_files.py")
LIMIT = "2 GiB"
TIMES = (1, 2, 5, 10)
FILE = 5_000  # patients in a file; their rows are shuffled


def files(folder: Path, patients: int) -> None:
    """Write persons and laboratory rows as Parquet files of some patients each."""
    for first in range(0, patients, FILE):
        persons, labs = simulated(FILE, np.random.default_rng(first))
        name = f"{first:07d}.parquet"
        persons.with_columns(pl.col("id") + first).write_parquet(folder / f"persons-{name}")
        labs.with_columns(pl.col("id") + first).write_parquet(folder / f"labs-{name}")


def main() -> None:
    """Build ever more patients from files, under one memory limit."""
    found: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as name:
        files(Path(name), max(TIMES) * PATIENTS)
        for times in TIMES:
            command = [sys.executable, str(FILES), name, LIMIT, str(times * PATIENTS)]
            found.append(
                json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
            )
            print(f"  {times} x: {found[-1]}", file=sys.stderr, flush=True)
    base = found[0]["processor"]
    tell_rows(
        "Timeline from files, up to ten times the patients",
        [
            "patients",
            "laboratory rows",
            "episodes",
            "batches",
            "seconds",
            "processor seconds",
            "for each patient, of the first line",
            "peak memory, GiB",
        ],
        [
            [
                f"{times * PATIENTS:,}",
                f"{one['labs']:,.0f}",
                f"{one['rows']:,.0f}",
                f"{one['batches']:.0f}",
                f"{one['seconds']:.1f}",
                f"{one['processor']:.1f}",
                f"{one['processor'] / base / times * TIMES[0]:.2f}",
                f"{one['peak'] / 2**30:.2f}",
            ]
            for times, one in zip(TIMES, found, strict=True)
        ],
        [
            f"`episodes_in_batches` with a limit of {LIMIT}, reading from Parquet files included; one run each. The peak is of the "
            f"whole process, which held {found[0]['before'] / 2**30:.2f} GiB before. Target: linear in the patients, below the limit.",
        ],
    )


if __name__ == "__main__":
    main()
