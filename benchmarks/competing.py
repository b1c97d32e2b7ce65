"""Fine and Gray's model: 20,000 persons beside R, and growth from ten thousand to a million.

Processor seconds are compared, of all threads together: they are what a busy machine leaves alone.

R expands persons with a competing event into a row for each later time of censoring (`finegray`), or loops over persons
for each event (`cmprsk::crr`); both take minutes and run once.

    python benchmarks/competing.py [PERSONS]
"""

from __future__ import annotations

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from _cohort import apart
from _rounds import between, rounds, tell, tell_rows

from riskset.cox import fine_gray

PERSONS = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
COVARIATES = 5
FORMULA = f"Surv(time, status) ~ {' + '.join(f'x{j}' for j in range(COVARIATES))}"


def cohort(persons: int, seed: int = 20260102) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Times, status (1 of interest, 2 competing) and covariates: about 30%, 40% and 30% censored, no ties."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((persons, COVARIATES))
    x[:, 0] = x[:, 0] > 0
    first = rng.exponential(1 / (0.05 * np.exp(x @ np.array([0.5, -0.3, 0.2, 0.0, 0.1]))))
    second = rng.exponential(1 / (0.08 * np.exp(x @ np.array([0.2, 0.3, 0.0, 0.2, -0.1]))))
    until = np.minimum(np.minimum(first, second), rng.uniform(0, 20, persons))
    return until, np.where(until == first, 1, np.where(until == second, 2, 0)), x


def frame(persons: int) -> pl.DataFrame:
    """Return the cohort as a table."""
    until, status, x = cohort(persons)
    columns = {f"x{j}": x[:, j] for j in range(COVARIATES)}
    return pl.DataFrame({"time": until, "status": status} | columns)


def timed(fit: Callable[[], np.ndarray], found: dict[str, np.ndarray], name: str) -> float:
    """Fit, keep the coefficients, return the processor seconds."""
    began = time.process_time()
    found[name] = fit()
    return time.process_time() - began


def by_r(folder: str, way: str, found: dict[str, np.ndarray], name: str) -> float:
    """Fit in R, which times itself."""
    command = ["Rscript", str(Path(__file__).with_suffix(".R")), folder, way]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    found[name] = np.array(said[1:], dtype=float)
    return float(said[0])


def beside_r() -> None:
    """Time one size beside R."""
    data, found = frame(PERSONS), dict[str, np.ndarray]()
    ours, with_term = "riskset, `fine_gray`", 'riskset, `fine_gray(variance="crr")`'
    crr = {"cause": 1, "ties": "breslow", "ties_censoring": "with", "variance": "crr"}
    ways = {
        ours: partial(timed, lambda: fine_gray(FORMULA, data, cause=1).params, found, ours),
        with_term: partial(timed, lambda: fine_gray(FORMULA, data, **crr).params, found, with_term),
    }
    notes, slow = [], {}
    with tempfile.TemporaryDirectory() as folder:
        if shutil.which("Rscript"):
            until, status, x = cohort(PERSONS)
            for name, values in (("time", until), ("status", status), ("X", x.T)):
                np.ascontiguousarray(values, dtype=float).tofile(Path(folder) / name)
            names = {"crr": "R cmprsk, `crr`", "finegray": "R survival, `finegray` and `coxph`"}
            slow = rounds({n: partial(by_r, folder, w, found, n) for w, n in names.items()}, times=1)
        for way in ways.values():
            way()  # the first call loads modules
        seconds = rounds(ways) | slow
    for name, target in (("R cmprsk, `crr`", 300), ("R survival, `finegray` and `coxph`", 100)):
        if name in seconds:
            other = with_term if "crr" in name else ours
            notes.append(f"{name} / {other}: {between(seconds, name, other)} (target {target}).")
    status = data["status"]
    counted = [int((status == k).sum()) for k in (1, 2)]
    notes.insert(
        0,
        f"{PERSONS:,} persons, {COVARIATES} covariates, {counted[0]:,} events, {counted[1]:,} competing events, no ties; "
        "robust variance over persons. What takes minutes ran once, before the rounds.",
    )
    tell(f"Fine-Gray, {PERSONS:,} persons (processor seconds)", ours, seconds, [*notes, apart(found, ours)])


def growth() -> None:
    """Time sizes from ten thousand to a million."""
    rows = []
    for persons in (10_000, 100_000, 1_000_000):
        data = frame(persons)
        each = []
        for _ in range(5):
            began, work = time.perf_counter(), time.process_time()
            fine_gray(FORMULA, data, cause=1)
            each.append((time.perf_counter() - began, time.process_time() - work))
        wall, cpu = ([e[k] for e in each] for k in (0, 1))
        per_row = [1e6 * s / persons for s in cpu]
        rows.append(
            [
                f"{persons:,}", f"{int((data['status'] == 1).sum()):,}", f"{statistics.median(cpu):.3g}",
                f"{statistics.median(per_row):.3g} ({min(per_row):.3g} to {max(per_row):.3g})",
                f"{min(wall):.3g}",
            ]
        )  # fmt: skip
    tell_rows(
        "Fine-Gray, growth with the number of persons",
        ["persons", "events", "processor seconds", "µs of it per person", "least seconds by the clock"],
        rows,
        [
            "Median (range) of 5 fits, formula and frame in, robust variance. Target: a million under 5 s, linear."
        ],
    )


beside_r()
growth()
