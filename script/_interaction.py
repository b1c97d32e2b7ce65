"""What intervals and tests of an interaction are worth in cohorts like the worked study's. See script/validate.

Cohorts of the haemodialysis simulator go from raw tables through `Timeline` and `coxph`, under the model that is exactly
specified for fracture; hazard ratios 2.2 and 1.3 of low magnesium without and with the drug, or 1.72 in both. What each
cohort says is kept in a folder of the system's temporary files, so that a run that is stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import polars as pl
from scipy.special import ndtr

from riskset.cox import CoxFit, coxph, profile_interval
from riskset.effects import hazard_ratio_curve
from riskset.effects.additive import measures, point
from riskset.effects.additive_bootstrap import resample
from riskset.episodes import Timeline
from riskset.errors import RisksetWarning
from riskset.simulate import SimulatedCohort, simulate_haemodialysis
from riskset.simulate.margins import CALCIMIMETICS, eligible
from riskset.simulate.recovery import FORMULA, fracture_episodes

TABLE = Path(__file__).resolve().parent.parent / "docs" / "validation" / "interaction.csv"
LEVEL, SIZE, Z, ALLOWED_SE = 0.95, 0.05, 1.959964, 3.0
HAZARD_RATIOS = {"with": (2.2, 1.0, 1.3), "without": (1.72, 1.0, 1.72)}  # exposure, modifier, both
CHUNK = 20  # cohorts between two files
LEAST = 100  # cohorts of a line of the table; fewer say nothing of 95%
REPLICATES = 300
VARIANTS = {"with": None, "without": "no_interaction"}
# Seeds were fixed before the first run: those of one size and variant follow each other.
FIRST_SEED = {"with": 7_000_001, "without": 7_500_001}


@dataclass(frozen=True)
class Part:
    """Cohorts of one size, what is asked of each, and how many."""

    name: str
    patients: int
    cohorts: int
    ask: Callable[[int, int, str], np.ndarray]


def fitted(patients: int, seed: int, truth: str) -> tuple[CoxFit, np.ndarray, np.ndarray]:
    """Return the fit of one cohort, the vectors of log HR10, log HR01 and log HR11, and the events of the four cells."""
    frame = fracture_episodes(simulate_haemodialysis(patients, seed, VARIANTS[truth])).frame
    frame = frame.drop_nulls(["mg", "albumin"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RisksetWarning)  # a cell without events is counted here
        fit = coxph(FORMULA, frame, id="patient_id")
    row = {(e, m): fit.design.row({"low_mg": e, "user": m}) for e in (False, True) for m in (False, True)}
    vectors = np.array(
        [row[cell] - row[False, False] for cell in ((True, False), (False, True), (True, True))]
    )
    cell = 2 * frame["low_mg"].cast(int).to_numpy() + frame["user"].cast(int).to_numpy()
    return fit, vectors, np.bincount(cell, weights=frame["fracture"].cast(int).to_numpy(), minlength=4)


def ask_intervals(patients: int, seed: int, truth: str) -> np.ndarray:
    """Events of the cells, three log hazard ratios, their covariance, LR p and profile limits of the ratio."""
    fit, vectors, events = fitted(patients, seed, truth)
    if not events.all() or fit.status != "converged":
        return np.concatenate([events, np.full(15, np.nan)])
    ratio = profile_interval(fit, vectors[2] - vectors[0] - vectors[1], LEVEL)
    logs, covariance = vectors @ fit.params, vectors @ fit.cov_params() @ vectors.T
    return np.concatenate([events, logs, covariance.ravel(), [ratio.p, ratio.lower, ratio.upper]])


def ask_bootstrap(patients: int, seed: int, truth: str) -> np.ndarray:
    """Events of the cells, percentile limits of RERI and AP, and how many replicates had an empty cell."""
    fit, vectors, events = fitted(patients, seed, truth)
    if not events.all() or fit.status != "converged":
        return np.concatenate([events, np.full(5, np.nan)])
    rng = np.random.default_rng(seed)
    (found,) = resample(fit, vectors[None], REPLICATES, rng=rng, level=LEVEL)
    limits = [
        limit for name in ("RERI", "AP") for i in [found.intervals[name]] for limit in (i.lower, i.upper)
    ]
    return np.concatenate([events, limits, [found.n_empty]])


DEATH = (
    "Surv(entry, exit, death) ~ rcs(mg, 4) * user + age + sex + diabetes + cvd_history + albumin + log(crp)"
    " + after_cve + after_fracture"
)


def death_rows(cohort: SimulatedCohort) -> pl.DataFrame:
    """Rows complete for the model that holds the truth of death: magnesium is linear on the log scale, or nothing."""
    people = eligible(cohort).drop("mg").with_columns(death=pl.col("exit_reason") == "death")
    people = people.with_columns(death_date=pl.when("death").then("exit_date"))
    ids = people.select("patient_id")
    labs, drugs, events = (
        t.join(ids, on="patient_id", how="semi") for t in (cohort.labs, cohort.prescriptions, cohort.events)
    )
    timeline = Timeline(
        people, id="patient_id", entry="index_date", exit="exit_date", max_followup="5 years",
        carry=["sex", "diabetes", "cvd_history"],
    ).age("birth_date")  # fmt: skip
    for name, analyte, unit in (
        ("mg", "magnesium", "mg/dL"),
        ("albumin", "albumin", "g/dL"),
        ("crp", "crp", "mg/dL"),
    ):
        timeline = timeline.measure(
            name, labs, time="date", value="value", unit="unit", where=f"analyte = '{analyte}'", to=unit,
            analyte=analyte, carry_forward="90 days",
        )  # fmt: skip
    mimetics = ", ".join(f"'{drug}'" for drug in CALCIMIMETICS)
    timeline = timeline.drug(
        "calcimimetic", drugs, start="start", stop="stop", where=f"drug IN ({mimetics})", grace="30 days",
        missing_stop="ongoing",
    ).derive("user", "calcimimetic = 'current'")  # fmt: skip
    rows = (
        timeline.event("death", at="death_date").episodes("death").frame.drop_nulls(["mg", "albumin", "crp"])
    )
    # What a person has suffered since index is in force after the day of the event: rows are cut there.
    first = events.join(people.select("patient_id", "index_date"), on="patient_id")
    first = first.with_columns(day=(pl.col("date") - pl.col("index_date")).dt.total_days()).filter(
        pl.col("day") > 0
    )
    for kind in ("cve", "fracture"):
        day = (
            first.filter(pl.col("type") == kind)
            .group_by("patient_id")
            .agg(pl.col("day").min().cast(pl.Float64))
        )
        rows = rows.join(day, on="patient_id", how="left", maintain_order="left")
        inside = (pl.col("entry") < pl.col("day")) & (pl.col("day") < pl.col("exit"))
        before = rows.filter(inside).with_columns(exit=pl.col("day"), death=pl.lit(False))
        after = rows.filter(inside).with_columns(entry=pl.col("day"))
        rows = pl.concat([rows.filter(~inside.fill_null(False)), before, after])
        rows = rows.with_columns(
            (pl.col("day") <= pl.col("entry")).fill_null(False).alias(f"after_{kind}")
        ).drop("day")
    return rows


def ask_curves(patients: int, seed: int, truth: str) -> np.ndarray:
    """For each stratum: whether pointwise limits hold the truth, as a share of the curve, and whether bands hold it all."""
    cohort = simulate_haemodialysis(patients, seed, VARIANTS[truth])
    fit = coxph(DEATH, death_rows(cohort), id="patient_id")
    curve = hazard_ratio_curve(fit, "mg", by="user", band="simultaneous")
    slopes = {False: cohort.truth.death.mg_naive, True: cohort.truth.death.mg_user}
    found: list[float] = []
    for stratum in curve.strata:
        true = np.exp(slopes[bool(stratum.level)] * (stratum.x - curve.reference))
        away = stratum.x != curve.reference
        held = (stratum.lower <= true) & (true <= stratum.upper)
        within = (stratum.band_lower <= true * (1 + 1e-12)) & (true * (1 - 1e-12) <= stratum.band_upper)
        found += [stratum.n_events, held[away].mean(), held[away].all(), within.all()]
    return np.array([*found, *(t.p for t in curve.tests if t.name == "interaction")])


PARTS = (
    Part("intervals", 399, 2_000, ask_intervals),
    Part("bootstrap", 399, 200, ask_bootstrap),
    Part("curves", 399, 2_000, ask_curves),
    Part("intervals", 4_000, 300, ask_intervals),
    Part("intervals", 200, 1_000, ask_intervals),
    Part("curves", 4_000, 300, ask_curves),
)


def chunks(folder: Path) -> list[tuple[Part, str, int, Path]]:
    """List the chunks of cohorts that have no file yet, the first part, four in step and then the rest, so that a run
    that is stopped is a smaller one.
    """
    todo = [
        (part, truth, first, folder / f"{part.name}-{part.patients}-{truth}-{first:05d}.npy")
        for part in PARTS
        for first in range(0, part.cohorts, CHUNK)
        for truth in VARIANTS
    ]
    return sorted(
        (c for c in todo if not c[3].exists()),
        key=lambda c: ((PARTS.index(c[0]) + 3) // 4, c[2] / c[0].cohorts),
    )


def work(part: Part, truth: str, first: int, file: Path) -> str:
    """Ask every cohort of a chunk and keep the answers."""
    size = min(CHUNK, part.cohorts - first)
    seeds = range(FIRST_SEED[truth] + first, FIRST_SEED[truth] + first + size)
    answers = np.array([part.ask(part.patients, seed, truth) for seed in seeds])
    partial = file.with_suffix(".partial.npy")
    np.save(partial, answers)
    partial.replace(file)
    return file.name


def run(folder: Path, processes: int) -> None:
    """Ask all cohorts that have not been asked."""
    folder.mkdir(parents=True, exist_ok=True)
    todo = chunks(folder)
    began = time.perf_counter()
    with ProcessPoolExecutor(processes) as pool:
        for k, name in enumerate(pool.map(work, *zip(*todo, strict=True)) if todo else (), start=1):
            print(f"{k}/{len(todo)} {name}: {time.perf_counter() - began:.0f} s", flush=True)


def kept(folder: Path, part: Part, truth: str) -> np.ndarray:
    """Return the answers of a part, in the order of the seeds."""
    files = sorted(folder.glob(f"{part.name}-{part.patients}-{truth}-[0-9]*.npy"))
    files = [f for f in files if ".partial" not in f.name]
    return np.concatenate([np.load(f) for f in files]) if files else np.empty((0, 0))


@dataclass(frozen=True)
class Line:
    """One line of the table: a share of cohorts beside what it should be."""

    patients: int
    truth: str
    smallest_cell: str
    what: str
    method: str
    expected: float | None
    shares: np.ndarray  # of each cohort, 0 to 1
    below: np.ndarray | None = None  # intervals that lie wholly below the truth

    HEADER = (
        "patients", "interaction", "cohorts", "smallest_cell", "what", "method", "expected", "found", "se",
        "difference_in_se", "within", "too_low", "too_high",
    )  # fmt: skip

    def cells(self) -> list[str]:
        n, found = self.shares.size, float(self.shares.mean())
        spread = float(self.shares.std(ddof=1))  # of shares of a curve; of yes and no it is that of a share
        binary = np.isin(self.shares, (0.0, 1.0)).all()
        at = found if self.expected is None else self.expected
        se = np.sqrt(at * (1 - at) / n) if binary else spread / np.sqrt(n)
        off = "" if self.expected is None else f"{(found - self.expected) / se:+.2f}"
        within = (
            "" if self.expected is None else "yes" if abs(found - self.expected) <= ALLOWED_SE * se else "NO"
        )
        low = "" if self.below is None else f"{self.below.mean():.4f}"
        high = "" if self.below is None else f"{abs(1 - found - self.below.mean()):.4f}"
        expected = "" if self.expected is None else f"{self.expected:g}"
        return [
            str(self.patients), self.truth, str(n), self.smallest_cell, self.what, self.method, expected, f"{found:.4f}",
            f"{se:.4f}", off, within, low, high,
        ]  # fmt: skip


def lines_of_intervals(part: Part, truth: str, answers: np.ndarray) -> list[Line]:
    """Say how often intervals held the truth, and tests rejected that there is no interaction."""
    true = np.log(HAZARD_RATIOS[truth])
    smallest = f"{answers[:, :4].min(axis=1).mean():.1f}"
    lines = [
        Line(part.patients, truth, smallest, "defined", "all", None, (~np.isnan(answers[:, 4])).astype(float))
    ]
    known = answers[~np.isnan(answers[:, 4])]
    limits: dict[tuple[str, str], list[tuple[float, float, float, float]]] = {}  # true value, limits, p
    for row in known:
        logs, covariance, lr_p, low, high = row[4:7], row[7:16].reshape(3, 3), *row[16:19]
        combine = np.array([-1.0, -1.0, 1.0])
        ratio, se = float(combine @ logs), float(np.sqrt(combine @ covariance @ combine))
        goal = float(combine @ true)
        limits.setdefault(("ratio of hazard ratios", "profile likelihood"), []).append(
            (goal, low, high, lr_p)
        )
        wald = (goal, ratio - Z * se, ratio + Z * se, float(2 * ndtr(-abs(ratio) / se)))
        limits.setdefault(("ratio of hazard ratios", "Wald"), []).append(wald)
        for measure, value in zip(measures(logs, covariance, LEVEL), point(true), strict=True):
            for i in measure.intervals:
                limits.setdefault((measure.name, i.method), []).append((value, i.lower, i.upper, i.p))
    for (what, method), found in limits.items():
        value, low, high, p = np.array(found).T
        held, below = ((low <= value) & (value <= high)).astype(float), (high < value).astype(float)
        lines.append(
            Line(part.patients, truth, smallest, f"95% interval: {what}", method, LEVEL, held, below)
        )
        size = SIZE if truth == "without" else None
        lines.append(
            Line(part.patients, truth, smallest, f"5% test: {what}", method, size, (p < SIZE).astype(float))
        )
    return lines


def lines_of_bootstrap(part: Part, truth: str, answers: np.ndarray) -> list[Line]:
    """Say how often percentile limits over persons held the truth."""
    smallest = f"{answers[:, :4].min(axis=1).mean():.1f}"
    known = answers[~np.isnan(answers[:, 4])]
    lines: list[Line] = []
    for name, value, k in zip(("RERI", "AP"), point(np.log(HAZARD_RATIOS[truth])), (4, 6), strict=False):
        low, high = known[:, k], known[:, k + 1]
        held, below = ((low <= value) & (value <= high)).astype(float), (high < value).astype(float)
        method = f"bootstrap, {REPLICATES} replicates"
        lines.append(
            Line(part.patients, truth, smallest, f"95% interval: {name}", method, LEVEL, held, below)
        )
        size = SIZE if truth == "without" else None
        null = value * 0.0
        out = ((low > null) | (high < null)).astype(float)
        lines.append(Line(part.patients, truth, smallest, f"5% test: {name}", method, size, out))
    return lines


def lines_of_curves(part: Part, truth: str, answers: np.ndarray) -> list[Line]:
    """Say how much of a curve pointwise limits held, and how often limits and bands held all of it."""
    lines: list[Line] = []
    for k, name in ((0, "not in use"), (4, "in use")):
        events = f"{answers[:, k].mean():.1f}"
        what = f"curve, {name}"
        lines += [
            Line(part.patients, truth, events, f"{what}: share of it", "pointwise", LEVEL, answers[:, k + 1]),
            Line(part.patients, truth, events, f"{what}: all of it", "pointwise", None, answers[:, k + 2]),
            Line(
                part.patients, truth, events, f"{what}: all of it", "simultaneous", LEVEL, answers[:, k + 3]
            ),
        ]
    size = SIZE if truth == "without" else None
    events = f"{answers[:, [0, 4]].min(axis=1).mean():.1f}"
    rejected = (answers[:, 8] < SIZE).astype(float)
    return [
        *lines,
        Line(part.patients, truth, events, "5% test: interaction of the spline", "Wald", size, rejected),
    ]


LINES = {"intervals": lines_of_intervals, "bootstrap": lines_of_bootstrap, "curves": lines_of_curves}


def tell(folder: Path) -> bool:
    """Write the table of what there is, and say whether all that was asked for is there."""
    table: list[list[str]] = []
    complete = True
    for part in PARTS:
        for truth in VARIANTS:
            answers = kept(folder, part, truth)
            complete &= len(answers) == part.cohorts
            if len(answers) >= LEAST:
                table += [line.cells() for line in LINES[part.name](part, truth, answers)]
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([list(Line.HEADER), *table])
    for row in [list(Line.HEADER), *table]:
        print(
            f"{row[0]:>9}{row[1]:>12}{row[2]:>8}{row[3]:>14}  {row[4]:38}{row[5]:26}"
            + "".join(f"{c:>10}" for c in row[6:])
        )
    return complete


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="script/validate interaction")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "riskset-interaction")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--tell", action="store_true", help="write the table of the cohorts that are there")
    given = parser.parse_args(arguments)
    if not given.tell:
        run(given.folder, given.processes)
    return 0 if tell(given.folder) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[2:]))
