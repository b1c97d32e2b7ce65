"""A synthetic cohort of monthly rows, and what the Cox benchmarks share about it."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl

COVARIATES = 15
NAMES = [f"x{j}" for j in range(COVARIATES)]
FORMULA = f"Surv(entry, exit, event) ~ {' + '.join(NAMES)}"


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows (entry, exit] in days: one per patient and month."""

    person: np.ndarray
    entry: np.ndarray
    exit: np.ndarray
    event: np.ndarray
    x: np.ndarray

    def frame(self) -> pl.DataFrame:
        """Return the rows as a table."""
        times = {"id": self.person, "entry": self.entry, "exit": self.exit, "event": self.event}
        return pl.DataFrame(times).hstack(pl.DataFrame(self.x, schema=NAMES))

    def said(self) -> str:
        """Describe the rows for a table's notes."""
        days = np.unique(self.exit[self.event > 0]).size
        return (
            f"{self.exit.size:,} rows of {self.person[-1] + 1:,} patients, {COVARIATES} covariates, "
            f"{int(self.event.sum()):,} events on {days:,} days, Efron's ties."
        )

    def write(self, folder: Path) -> None:
        """Write raw doubles for R, the matrix column by column."""
        for name, values in (
            ("X", self.x.T),
            ("entry", self.entry),
            ("exit", self.exit),
            ("event", self.event),
        ):
            np.ascontiguousarray(values, dtype=float).tofile(folder / name)


def rows(seed: int, patients: int, daily: float = 4.4e-4) -> Rows:
    """Return rows of patients whose values change every month, over up to five years."""
    rng = np.random.default_rng(seed)
    months = 30 * np.minimum(1 + rng.geometric(1 / 17, patients), 60)  # administrative end, in days
    beta = np.linspace(-0.3, 0.3, COVARIATES)
    person = np.repeat(np.arange(patients), months // 30)
    number = np.arange(person.size) - np.repeat(np.cumsum(months // 30) - months // 30, months // 30)
    steady, moving = (
        rng.standard_normal((patients, COVARIATES)),
        rng.standard_normal((person.size, COVARIATES)),
    )
    x = moving
    x *= 0.6
    x += 0.8 * steady[person]
    x[:, :5] = x[:, :5] > 0  # a third of them are groups
    hazard = daily * np.exp(x @ beta)
    day = np.ceil(rng.exponential(1 / hazard))  # whole days, so that many events are tied
    happens = day <= 30
    first = np.full(patients, 10**6)
    np.minimum.at(first, person[happens], number[happens])
    kept = number <= first[person]
    event = (happens & (number == first[person]))[kept]
    entry = 30.0 * number[kept]
    exit = np.where(event, entry + day[kept], entry + 30.0)
    return Rows(person[kept], entry, exit, event.astype(float), x[kept])


def timed(fit: Callable[[], np.ndarray], found: dict[str, np.ndarray], name: str) -> float:
    """Fit, keep the coefficients, return the seconds."""
    began = time.perf_counter()
    found[name] = fit()
    return time.perf_counter() - began


def by_r(folder: str, function: str, times: int, found: dict[str, np.ndarray], name: str) -> float:
    """Fit in R, which times the fit alone, on average over so many."""
    command = ["Rscript", str(Path(__file__).with_name("cox.R")), folder, function, str(times)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    found[name] = np.array(said[1:], dtype=float)
    return float(said[0])


def apart(found: dict[str, np.ndarray], reference: str) -> str:
    """Say how far the coefficients of each way are from those of the reference."""
    truth = found[reference]
    each = [
        f"{name} {np.abs(b - truth).max() / np.abs(truth).max():.0e}"
        for name, b in found.items()
        if name != reference
    ]
    return f"Largest difference of a coefficient, relative to the largest coefficient: {'; '.join(each)}."
