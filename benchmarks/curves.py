"""Kaplan-Meier and Aalen-Johansen curves with delayed entry of a million and a half episodes, beside R and lifelines.

Each fit stands in one process; R's times its own, without starting or reading.
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
from _cohort import rows
from _rounds import between, rounds, tell

from riskset.curves import KaplanMeier, aalen_johansen, kaplan_meier

PATIENTS, ROUNDS = 118_000, 3  # about a sixth of the rows leave with the months before delayed entry
LONG = 60.0  # seconds above which a way runs once


def episodes(*, whole: bool) -> pl.DataFrame:
    """Return monthly episodes of patients who enter up to five months late, with two causes of the end."""
    data = rows(20260101, PATIENTS)
    rng = np.random.default_rng(7)
    kept = data.entry >= 30.0 * rng.integers(0, 6, PATIENTS)[data.person]
    person, entry, exit = data.person[kept], data.entry[kept], data.exit[kept]
    happens = data.event[kept] > 0
    cause = np.where(happens, 1 + (rng.random(happens.size) < 0.6), 0)
    if not whole:  # every patient's clock starts at another moment of the day, and events come at any
        start = rng.random(PATIENTS)
        last = np.append(person[1:] != person[:-1], True)
        entry, exit = (
            entry + start[person],
            exit + start[person] + np.where(last, 0.99 * rng.random(last.size), 0),
        )
    columns = {"id": person, "entry": entry, "exit": exit, "cause": cause}
    return pl.DataFrame(columns).with_columns(died=pl.Series(cause > 0))


def timed(curve: Callable[[], np.ndarray], found: dict[str, np.ndarray], name: str) -> float:
    """Estimate, keep the values, return the seconds."""
    began = time.perf_counter()
    found[name] = curve()
    return time.perf_counter() - began


def by_r(folder: str, what: str, at: np.ndarray, found: dict[str, np.ndarray], name: str) -> float:
    """Estimate in R, which times itself."""
    command = ["Rscript", str(Path(__file__).with_name("curves.R")), folder, what, *(f"{t:.17g}" for t in at)]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    found[name] = np.array(said[1:], dtype=float)
    return float(said[0])


def survival(frame: pl.DataFrame, at: np.ndarray, id: str | None) -> np.ndarray:
    """Return survival and its standard error at some times."""
    curves = kaplan_meier(frame, "Surv(entry, exit, died)", id=id)
    if not isinstance(curves, KaplanMeier):
        raise TypeError("one cause, one kind of curve")
    table = curves.groups[0].at(at)
    return np.concatenate([table["survival"].to_numpy(), table["std_error"].to_numpy()])


def incidence(frame: pl.DataFrame, at: np.ndarray) -> np.ndarray:
    """Return the incidence of the first cause and its standard error at some times."""
    curves = aalen_johansen(frame, "Surv(entry, exit, cause)", id="id")
    table = curves.groups[0].at(at).filter(pl.col("state") == "1")
    return np.concatenate([table["probability"].to_numpy(), table["std_error"].to_numpy()])


def by_lifelines(frame: pl.DataFrame, at: np.ndarray) -> np.ndarray:
    """Return lifelines' survival; its errors are of another kind."""
    from lifelines import KaplanMeierFitter  # noqa: PLC0415

    fitter = KaplanMeierFitter()
    fitter.fit(frame["exit"].to_numpy(), frame["died"].to_numpy(), entry=frame["entry"].to_numpy())
    return fitter.survival_function_at_times(at).to_numpy()


def far(found: dict[str, np.ndarray], reference: str) -> str:
    """Say how far each way's values are from those of the reference."""
    truth = found[reference]
    each = [
        f"{name} {np.abs(v - truth[: v.size]).max():.0e}" for name, v in found.items() if name != reference
    ]
    return f"Largest difference of an estimate or a standard error, at 40 times: {'; '.join(each)}."


warnings.simplefilter("ignore")  # the peers' own
for whole in (True, False):
    frame = episodes(whole=whole)
    clock = "whole days" if whole else "continuous time"
    said = (
        f"{frame.height:,} episodes of {frame['id'].n_unique():,} patients with delayed entry, {frame['died'].sum():,} events "
        f"of two causes, {frame['exit'].n_unique():,} distinct times. "
    )
    target = 5 if whole else 10
    at = np.quantile(frame.filter("died")["exit"].to_numpy(), np.linspace(0.02, 0.98, 40))
    with tempfile.TemporaryDirectory() as folder:
        for name in ("id", "entry", "exit", "cause"):
            frame[name].cast(pl.Float64).to_numpy().tofile(Path(folder) / name)
        found: dict[str, np.ndarray] = {}
        ours, rowwise = "riskset, `kaplan_meier` by person", "riskset, `kaplan_meier` by row"
        ways: dict[str, Callable[[], float]] = {
            ours: partial(timed, partial(survival, frame, at, "id"), found, ours),
            rowwise: partial(timed, partial(survival, frame, at, None), found, rowwise),
        }
        if shutil.which("Rscript"):
            for what, name in (
                ("km-id", "R survival, `survfit` by person"),
                ("km", "R survival, `survfit` by row"),
            ):
                ways[name] = partial(by_r, folder, what, at, found, name)
        seconds = rounds(ways, ROUNDS)
        if importlib.util.find_spec("lifelines"):
            name = "lifelines, `KaplanMeierFitter` by row"
            seconds |= rounds({name: partial(timed, partial(by_lifelines, frame, at), found, name)}, 1)
        notes = [
            said
            + "Greenwood's variance. The fastest way of R's is by row, which takes each episode for a person."
        ]
        notes += [
            f"{theirs} / {mine}: {between(seconds, theirs, mine)} (target {target})."
            for theirs, mine in (
                ("R survival, `survfit` by person", ours),
                ("R survival, `survfit` by row", ours),
                ("R survival, `survfit` by row", rowwise),
            )
            if theirs in seconds
        ]
        tell(f"Kaplan-Meier with delayed entry, {clock}", ours, seconds, [*notes, far(found, ours)])

        found = {}
        ours = "riskset, `aalen_johansen`"
        ways = {ours: partial(timed, partial(incidence, frame, at), found, ours)}
        name = "R survival, `survfit`"
        seconds = rounds(ways, 1)
        if shutil.which("Rscript"):
            ways[name] = partial(by_r, folder, "aj", at, found, name)
            first = rounds(ways, 1)
            seconds = first if first[name][0] > LONG else rounds(ways, ROUNDS)
        notes = [said + "Infinitesimal jackknife over persons in both. lifelines has no such variance."]
        if name in seconds:
            notes.append(f"{name} / {ours}: {between(seconds, name, ours)} (target {target}).")
        tell(f"Aalen-Johansen with delayed entry, {clock}", ours, seconds, [*notes, far(found, ours)])
