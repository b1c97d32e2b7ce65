"""A large Cox model: 1.5 million (entry, exit] rows, 15 covariates, Efron's ties, beside R and other Python packages.

The rows are monthly values of 100,000 synthetic patients over up to five years. R and the packages are left out where
they are not installed; those that take minutes run once.

    python benchmarks/cox.py [PATIENTS]
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from _cohort import FORMULA, apart, by_r, rows, timed
from _peers import NO_PEERS, installed
from _rounds import ROUNDS, between, rounds, tell

from riskset.cox import coxph, coxph_matrix

PATIENTS = int(sys.argv[1]) if len(sys.argv) > 1 else 100_000
ONCE = 30.0  # seconds: what takes longer runs once

data = rows(20260101, PATIENTS)
frame = data.frame()
found: dict[str, np.ndarray] = {}
matrix, formulated = "riskset, matrix in (`coxph_matrix`)", "riskset, formula and frame (`coxph`)"
limit = "the limit"
evaluations = len(coxph_matrix(data.x, data.entry, data.exit, data.event).record)


def least() -> np.ndarray:
    """Do what no fit can do without: two reads of X and one X'X for each evaluation."""
    b = np.zeros(data.x.shape[1])
    for _ in range(evaluations):
        b = 0 * (data.x @ b)[:1] + 0 * (data.x @ b)[:1] + 0 * (data.x.T @ data.x)[0]
    return b


ways: dict[str, Callable[[], float]] = {
    matrix: partial(
        timed, lambda: coxph_matrix(data.x, data.entry, data.exit, data.event).params, found, matrix
    ),
    limit: partial(timed, least, {}, limit),
    formulated: partial(timed, lambda: coxph(FORMULA, frame).params, found, formulated),
}
with tempfile.TemporaryDirectory() as folder:
    if shutil.which("Rscript"):
        data.write(Path(folder))
        for function in ("agreg.fit", "coxph"):
            name = f"R survival, `{function}`"
            ways[name] = partial(by_r, folder, function, 1, found, name)
    peers = {name: partial(timed, fit, found, name) for name, fit in installed(data).items()}
    once = rounds(peers, times=1)
    again = {name: way for name, way in peers.items() if once[name][0] < ONCE}
    seconds = rounds(ways | again)
seconds |= {name: taken for name, taken in once.items() if name not in again}

tell(
    "Cox model, large",
    matrix,
    seconds,
    [
        data.said(),
        f"The limit is what no fit can do without: for each of its {evaluations} evaluations two reads of X and one X'X, in "
        f"NumPy. riskset from a matrix takes {between(seconds, matrix, limit)} times that (target 2.5, aim 2).",
        *(
            f"{theirs} / {ours}: {between(seconds, theirs, ours)} ({target})."
            for theirs, ours, target in (
                ("R survival, `agreg.fit`", matrix, "target 10, aim 20"),
                ("R survival, `coxph`", formulated, "target 15, aim 30"),
                ("lifelines, `CoxTimeVaryingFitter`", formulated, "target 150, aim 250"),
            )
            if theirs in seconds
        ),
        f"Ways with one round take more than {ONCE:.0f} s and ran once, before the {ROUNDS} rounds. {NO_PEERS}",
        apart(found, matrix),
    ],
)
