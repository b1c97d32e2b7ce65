"""From 15 million laboratory rows in no order to about 6 million episodes with their audit, beside R's ``tmerge``.

50,000 patients over five years, five analytes x 60 values, one value in five on a day with another of the same
analyte. R gets the same values with the same-day means taken already, and only ``tmerge`` is timed, once on all patients
(not with ``--part``) and on a tenth of them.

script/bench timeline, or python benchmarks/timeline.py [--part] [--rounds N]
"""

from __future__ import annotations

import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import polars as pl
from _rounds import rounds, tell

PATIENTS = 50_000
ANALYTES = ("mg", "ca", "p", "alb", "crp")
VALUES = 60
DAYS = 145  # on which something may be drawn; 300 draws fall on about 127 of them
WORK = Path(__file__).with_name("_timeline_work.py")
STUDY = 399


def simulated(patients: int, rng: np.random.Generator) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Return persons and their laboratory rows in no order."""
    exits = rng.integers(600, 1826, patients)
    persons = pl.DataFrame(
        {"id": np.arange(patients), "entry": 0, "exit": exits, "died": rng.random(patients) < 0.2}
    )
    days = np.sort(rng.integers(-60, exits[:, None], (patients, DAYS)), axis=1)
    n = patients * VALUES * len(ANALYTES)
    person = np.repeat(np.arange(patients, dtype=np.int32), VALUES * len(ANALYTES))
    day = days[person, rng.integers(0, DAYS, n)].astype(np.int32)
    test = np.tile(np.repeat(np.arange(len(ANALYTES), dtype=np.int8), VALUES), patients)
    value = np.round(rng.normal(2.4, 0.3, n), 1)
    order = rng.permutation(n)
    names = pl.Series(ANALYTES)
    labs = pl.DataFrame(
        {"id": person[order], "day": day[order], "test": names.gather(test[order]), "value": value[order]}
    )
    return persons, labs


def tables(folder: Path, patients: int, seed: int = 20260301) -> int:
    """Write persons and laboratory rows; return the number of rows."""
    persons, labs = simulated(patients, np.random.default_rng(seed))
    persons.write_ipc(folder / "persons.arrow")
    labs.write_ipc(folder / "labs.arrow")
    means = labs.group_by("id", "day", "test").agg(pl.col("value").mean()).sort("id", "day")
    for name in ANALYTES:
        own = means.filter(pl.col("test") == name)
        for column, kind in (("id", np.int32), ("day", np.int32), ("value", np.float64)):
            own[column].to_numpy().astype(kind).tofile(folder / f"{name}_{column}")
    for column in ("id", "exit"):
        persons[column].to_numpy().astype(np.int32).tofile(folder / f"persons_{column}")
    return labs.height


def ours(folder: Path, *settings: str) -> dict[str, float]:
    """Build in a process of its own; return its seconds, rows and peak memory."""
    command = [sys.executable, str(WORK), str(folder), *settings]
    return json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def by_r(folder: Path) -> tuple[float, int, float]:
    """Return the seconds of tmerge, its rows, and the seconds of the processor."""
    command = ["Rscript", str(Path(__file__).with_suffix(".R")), str(folder)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    return float(said[0]), int(said[1]), float(said[2])


def main(arguments: list[str]) -> None:
    """Time all of it."""
    times = int(arguments[arguments.index("--rounds") + 1]) if "--rounds" in arguments else 3
    with tempfile.TemporaryDirectory() as name:
        full, tenth, small = (Path(name) / part for part in ("full", "tenth", "small"))
        for folder, patients in (
            (full, PATIENTS),
            (tenth, PATIENTS // 10),
            (small, STUDY),
        ):
            folder.mkdir()
            tables(folder, patients)
        found: dict[str, dict[str, float]] = {}

        def timed(key: str, folder: Path, *settings: str) -> float:
            found[key] = ours(folder, *settings)
            return found[key]["seconds"]

        at_once, batched = "riskset, 50,000 patients", "riskset, 50,000 patients in batches of 64 MiB"
        study, by_r_at_once = "riskset, 399 patients", "R, `tmerge`, 50,000 patients"
        seconds = rounds(
            {
                at_once: lambda: timed(at_once, full),
                batched: lambda: timed(batched, full, "64 MiB"),
                study: lambda: timed(study, small),
            },
            times=times,
        )
        by_tmerge: dict[str, tuple[int, float]] = {}
        if shutil.which("Rscript"):
            whole = [] if "--part" in arguments else [(by_r_at_once, full)]
            for title, folder in [("R, `tmerge`, 5,000 patients", tenth), *whole]:
                took, count, processor = by_r(folder)
                seconds[title], by_tmerge[title] = [took], (count, processor)
        notes = [
            f"{found[at_once]['labs']:,.0f} laboratory rows, {found[at_once]['rows']:,.0f} episodes, audit included; "
            f"peak memory of the process {found[at_once]['peak'] / 2**30:.1f} GiB, "
            f"{found[batched]['peak'] / 2**30:.1f} GiB in batches of 64 MiB (tables included, "
            f"{found[at_once]['loaded'] / 2**30:.1f} GiB).",
            f"Same rows in batches: {found[at_once]['sum'] == found[batched]['sum']}.",
            "Rows and processor seconds: "
            + "; ".join(
                f"{title} {count:,.0f} rows, {processor:.1f} s"
                for title, (count, processor) in [
                    *((t, (int(f["rows"]), f["processor"])) for t, f in found.items()),
                    *by_tmerge.items(),
                ]
            )
            + ".",
        ]
        if by_r_at_once in by_tmerge:
            wall = seconds[by_r_at_once][0] / statistics.median(seconds[at_once])
            processor = by_tmerge[by_r_at_once][1] / found[at_once]["processor"]
            notes.insert(
                0,
                f"{by_r_at_once} / {at_once}, which reads, averages and audits besides: {wall:.3g} by the clock, "
                f"{processor:.3g} by seconds of the processor (target 12, aim 30).",
            )
        tell("Timeline", at_once, seconds, notes)


if __name__ == "__main__":
    main(sys.argv[1:])
