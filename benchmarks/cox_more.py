"""What follows a large fit, beside one fit: robust variance, proportional hazards, dfbeta; its memory; its growth with rows.

python benchmarks/cox_more.py [PATIENTS]
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from _cohort import COVARIATES, FORMULA, Rows, rows, timed
from _rounds import ROUNDS, between, rounds, tell, tell_rows

from riskset.cox import cox_zph, coxph, coxph_matrix
from riskset.cox.robust import cluster_scores

PATIENTS = int(sys.argv[1]) if sys.argv[1:2] and sys.argv[1].isdigit() else 100_000


def memory(folder: Path, far: bool) -> None:
    """In a process of its own: load the matrix, fit it, print the peak memory that this took."""
    x = np.fromfile(folder / "rows").reshape(-1, COVARIATES)
    if far:
        x[:, -1] += 2000.0  # a calendar year
    times = [np.fromfile(folder / name) for name in ("entry", "exit", "event")]
    given = x.nbytes + sum(t.nbytes for t in times)
    before = resident("VmRSS")
    coxph_matrix(x, *times)
    print(given, x.nbytes, resident("VmHWM") - before)


def resident(what: str) -> int:
    """Return the bytes in use, now or at most (which getrusage would inherit from the parent process)."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    return int(next(line for line in status.splitlines() if line.startswith(what)).split()[1]) * 1024


def memories(data: Rows) -> None:
    """Tell how much memory a fit takes beside its matrix."""
    table: list[list[str]] = []
    with tempfile.TemporaryDirectory() as folder:
        data.x.tofile(Path(folder) / "rows")
        for name in ("entry", "exit", "event"):
            getattr(data, name).tofile(Path(folder) / name)
        for what, far in (
            ("covariates near zero", "near"),
            ("one covariate far from zero (a calendar year)", "far"),
        ):
            command = [sys.executable, __file__, "memory", folder, far]
            said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
            given, matrix, taken = (int(word) for word in said)
            table.append([
                what, f"{matrix / 2**20:.0f}", f"{taken / 2**20:.0f}", f"{(matrix + taken) / matrix:.2f}",
                f"{(given + taken) / matrix:.2f}",
            ])  # fmt: skip
    tell_rows(
        "Peak memory of a fit from a matrix",
        [
            "matrix",
            "MiB",
            "taken by the fit, MiB",
            "matrix and fit / matrix",
            "entry, exit and event counted too",
        ],
        table,
        [
            data.said(),
            "Peak resident memory of a process that fits once. Target: 1.8 times the matrix. A large matrix is fitted as it is; if "
            "a column lies further than 8 standard deviations from zero, it is centred block by block as it is read.",
        ],
    )


def growth() -> None:
    """Tell the seconds of a fit for 10^4 to 10^7 rows."""
    table: list[list[str]] = []
    for size in (10**4, 10**5, 10**6, 10**7):
        data = rows(
            20260103, int(size / 14.9 * (1 if size > 10**4 else 1.4)), 4.4e-4 if size > 10**4 else 1.5e-3
        )
        data = Rows(*(values[:size] for values in (data.person, data.entry, data.exit, data.event, data.x)))
        name = f"{size:,}"
        seconds = rounds(
            {
                name: partial(
                    timed, lambda d=data: coxph_matrix(d.x, d.entry, d.exit, d.event).params, {}, name
                )
            }
        )[name]
        fit = coxph_matrix(data.x, data.entry, data.exit, data.event)
        each = sorted(1e6 * s / size / len(fit.record) for s in seconds)
        table.append([
            f"{data.exit.size:,}", f"{int(data.event.sum()):,}", str(len(fit.record)), f"{sorted(seconds)[ROUNDS // 2]:.3g}",
            f"{each[ROUNDS // 2]:.3g} ({each[0]:.3g} to {each[-1]:.3g})",
        ])  # fmt: skip
        del fit
    tell_rows(
        "Growth with the number of rows",
        ["rows", "events", "evaluations", "seconds", "µs per row and evaluation"],
        table,
        [f"Median (range) of {ROUNDS} fits, {COVARIATES} covariates, matrix in. Target: linear."],
    )


def consequences(data: Rows) -> None:
    """Tell the seconds of what follows a fit."""
    frame = data.frame()
    fit = coxph(FORMULA, frame, id="id", robust=False)
    given = (data.x, data.entry, data.exit, data.event)
    one, robust = "one fit, matrix in", "robust variance over persons"
    zph, dfbeta, writing = (
        "test of proportional hazards (`cox_zph`)",
        "dfbeta of every row",
        "writing an array of its size",
    )
    kept = fit.matrix.rows.index.kept
    code = data.person if kept is None else data.person[kept]

    def sandwich() -> np.ndarray:
        influence = cluster_scores(fit.matrix.rows, fit.matrix.state, code) @ fit.matrix.covariance
        return influence.T @ influence

    ways: dict[str, Callable[[], np.ndarray]] = {
        one: lambda: coxph_matrix(*given).params,
        f"{one}, with robust variance": lambda: coxph_matrix(*given, cluster=data.person).params,
        robust: sandwich,
        zph: lambda: cox_zph(fit).y,
        dfbeta: lambda: fit.residuals("dfbeta"),
        writing: lambda: np.full(data.x.shape, 1.0),
    }
    seconds = rounds({name: partial(timed, way, {}, name) for name, way in ways.items()})
    tell(
        "After a large fit",
        one,
        seconds,
        [
            data.said(),
            *(f"{name} / {one}: {between(seconds, name, one)} (target 2)." for name in (robust, zph)),
            f"{dfbeta} / {one}: {between(seconds, dfbeta, one)} (target 2, beside writing its output).",
        ],
    )


if sys.argv[1:2] == ["memory"]:
    memory(Path(sys.argv[2]), sys.argv[3] == "far")
else:
    cohort = rows(20260101, PATIENTS)
    consequences(cohort)
    memories(cohort)
    del cohort
    growth()
