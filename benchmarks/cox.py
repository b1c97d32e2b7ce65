"""A large Cox model: 1.5 million (entry, exit] rows, 15 covariates, Efron's ties, beside R and lifelines.

The rows are monthly values of 100,000 synthetic patients over up to five years. R and lifelines are left out
where they are not installed; lifelines runs once, for it takes minutes.
"""

from __future__ import annotations

import importlib.util
import shutil
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import polars as pl
from _rounds import rounds, tell

from riskset.cox import coxph, coxph_matrix

PATIENTS = 100_000
COVARIATES = 15
NAMES = [f"x{j}" for j in range(COVARIATES)]


def rows(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return id, entry, exit, event and covariates of patients whose values change every month."""
    rng = np.random.default_rng(seed)
    months = 30 * np.minimum(1 + rng.geometric(1 / 17, PATIENTS), 60)  # administrative end, in days
    beta = np.linspace(-0.3, 0.3, COVARIATES)
    person = np.repeat(np.arange(PATIENTS), months // 30)
    number = np.arange(person.size) - np.repeat(np.cumsum(months // 30) - months // 30, months // 30)
    steady, moving = (
        rng.standard_normal((PATIENTS, COVARIATES)),
        rng.standard_normal((person.size, COVARIATES)),
    )
    x = 0.8 * steady[person] + 0.6 * moving
    x[:, :5] = x[:, :5] > 0  # a third of them are groups
    hazard = 4.4e-4 * np.exp(x @ beta)  # per day
    day = np.ceil(rng.exponential(1 / hazard))  # whole days, so that many events are tied
    happens = day <= 30
    first = np.full(PATIENTS, 10**6)
    np.minimum.at(first, person[happens], number[happens])
    kept = number <= first[person]
    event = (happens & (number == first[person]))[kept]
    entry = 30.0 * number[kept]
    return person[kept], entry, np.where(event, entry + day[kept], entry + 30.0), event.astype(float), x[kept]


def timed(fit: Callable[[], np.ndarray], found: dict[str, np.ndarray], name: str) -> float:
    """Fit, keep the coefficients, return the seconds."""
    began = time.perf_counter()
    found[name] = fit()
    return time.perf_counter() - began


def by_r(folder: str, function: str, found: dict[str, np.ndarray], name: str) -> float:
    """Fit in R, which times the fit alone."""
    command = ["Rscript", str(Path(__file__).with_suffix(".R")), folder, function]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    found[name] = np.array(said[1:], dtype=float)
    return float(said[0])


def by_lifelines(frame: pl.DataFrame) -> np.ndarray:
    """Fit with lifelines."""
    import pandas as pd  # noqa: PLC0415 (where lifelines is installed, so is pandas)
    from lifelines import CoxTimeVaryingFitter  # noqa: PLC0415

    columns = pd.DataFrame({name: frame[name].to_numpy() for name in frame.columns})
    fitter = CoxTimeVaryingFitter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fitter.fit(columns, id_col="id", event_col="event", start_col="entry", stop_col="exit")
    return fitter.params_[NAMES].to_numpy()


person, entry, exit_, event, x = rows(seed=20260101)
frame = pl.DataFrame({"id": person, "entry": entry, "exit": exit_, "event": event}).hstack(
    pl.DataFrame(x, schema=NAMES)
)
formula = f"Surv(entry, exit, event) ~ {' + '.join(NAMES)}"
found: dict[str, np.ndarray] = {}

with tempfile.TemporaryDirectory() as folder:
    matrix, formulated = "riskset, matrix in (`coxph_matrix`)", "riskset, formula and frame (`coxph`)"
    ways: dict[str, Callable[[], float]] = {
        matrix: partial(timed, lambda: coxph_matrix(x, entry, exit_, event).params, found, matrix),
        formulated: partial(timed, lambda: coxph(formula, frame).params, found, formulated),
    }
    if shutil.which("Rscript"):
        for name, values in (("X", x.T), ("entry", entry), ("exit", exit_), ("event", event)):
            np.ascontiguousarray(values, dtype=float).tofile(Path(folder) / name)
        for function in ("agreg.fit", "coxph"):
            name = f"R survival, `{function}`"
            ways[name] = partial(by_r, folder, function, found, name)
    seconds = rounds(ways)
    if importlib.util.find_spec("lifelines"):
        name = "lifelines, `CoxTimeVaryingFitter`"
        seconds |= rounds({name: partial(timed, lambda: by_lifelines(frame), found, name)}, times=1)

truth = found[matrix]
apart = [
    f"{name} {np.abs(b - truth).max() / np.abs(truth).max():.0e}"
    for name, b in found.items()
    if name != matrix
]
tell(
    "Cox model",
    matrix,
    seconds,
    [
        f"{len(frame):,} rows of {PATIENTS:,} patients, {COVARIATES} covariates, {int(event.sum()):,} events on "
        f"{np.unique(exit_[event > 0]).size:,} days, Efron's ties.",
        f"Largest difference of a coefficient from the first line's, relative to the largest coefficient: {'; '.join(apart)}.",
    ],
)
