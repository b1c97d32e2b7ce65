"""A Cox model of the size of one study: about 12 thousand (entry, exit] rows, 15 covariates, beside R and other packages.

Each figure is the mean of many fits in one process. With the bootstrap over persons: 1,000 refits.
"""

from __future__ import annotations

import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
from _cohort import COVARIATES, FORMULA, NAMES, apart, by_r, rows, timed
from _peers import installed
from _rounds import between, rounds, tell

from riskset.cox import bootstrap, coxph, coxph_matrix

PATIENTS, DAILY, FITS = 1_000, 1.5e-3, 50
REFITS = 1_000

data = rows(20260102, PATIENTS, DAILY)
frame = data.frame()
found: dict[str, np.ndarray] = {}
matrix, formulated = "riskset, matrix in (`coxph_matrix`)", "riskset, formula and frame (`coxph`)"


def mean_of(fit: Callable[[], np.ndarray], name: str, times: int = FITS) -> float:
    """Return the mean seconds of some fits."""
    return timed(lambda: [fit() for _ in range(times)][-1], found, name) / times


ways: dict[str, Callable[[], float]] = {
    matrix: partial(mean_of, lambda: coxph_matrix(data.x, data.entry, data.exit, data.event).params, matrix),
    formulated: partial(mean_of, lambda: coxph(FORMULA, frame).params, formulated),
}
with tempfile.TemporaryDirectory() as folder:
    if shutil.which("Rscript"):
        data.write(Path(folder))
        for function in ("agreg.fit", "coxph"):
            name = f"R survival, `{function}`"
            ways[name] = partial(by_r, folder, function, FITS, found, name)
    for name, fit in installed(data).items():
        ways[name] = partial(mean_of, fit, name, 3)
    seconds = rounds(ways)

notes = [f"{data.said()} Means of {FITS} fits (Python peers: 3)."]
notes += [
    f"{theirs} / {ours}: {between(seconds, theirs, ours)} ({target})."
    for theirs, ours, target in (
        ("R survival, `agreg.fit`", matrix, "target 2"),
        ("R survival, `coxph`", formulated, "no target"),
    )
    if theirs in seconds
]
tell("Cox model, of one study's size", matrix, seconds, [*notes, apart(found, matrix)])

interaction = f"Surv(entry, exit, event) ~ x0 * x1 + {' + '.join(NAMES[2:-1])}"
fit = coxph(interaction, frame, id="id", robust=False)
name = f"{REFITS:,} refits (`bootstrap`)"


def refits() -> float:
    """Return the seconds of the bootstrap."""
    began = time.perf_counter()
    bootstrap(fit, lambda refit: refit.params, n=REFITS, rng=np.random.default_rng(1))
    return time.perf_counter() - began


tell(
    "Bootstrap over persons",
    name,
    rounds({name: refits}, times=3),
    [f"Interaction model with {COVARIATES} covariates on {data.said()} Target: under 15 s on 2 cores."],
)
