"""Do 95% intervals hold the truth in 95% of cohorts, and do tests of no interaction reject 5%? See script/validate.

Each cohort is 400 people on a common clock of whole weeks, entering late, with an exposure that is fixed, a drug that
some start on the way and a laboratory value drawn anew every four weeks. Hazards are constant within a week and
proportional in continuous time; only the week of an event is known, so that events are tied.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np
import polars as pl

from riskset.cox import CoxFit, coxph, likelihood_ratio, wald_test

TABLE = Path(__file__).resolve().parent.parent / "docs" / "validation" / "calibration.csv"
COHORTS = 2_000
SEEDS = {
    True: range(5_000_001, 5_000_001 + COHORTS),
    False: range(6_000_001, 6_000_001 + COHORTS),
}  # fixed before
PERSONS = 400  # and as many clusters
LATEST_ENTRY, SHORTEST, LONGEST, VISIT = 26, 8, 52, 4  # weeks
BASELINE = 0.015  # events per week
NAMES = ("exposure", "drug", "lab", "exposure:drug")
BETA = np.log([1.6, 1.4, 1.3, 0.6])
FORMULA = "Surv(entry, exit, event) ~ exposure * drug + lab"
LEVEL, SIZE, ALLOWED_SE = 0.95, 0.05, 3.0


def cohort(seed: int, beta: np.ndarray) -> pl.DataFrame:
    """Return the rows ``(entry, exit]`` of one cohort: a new one at each visit and where the drug starts."""
    rng = np.random.default_rng(seed)
    weeks = rng.integers(SHORTEST, LONGEST + 1, PERSONS)
    person = np.repeat(np.arange(PERSONS), weeks)
    week = np.arange(person.size) - np.repeat(np.cumsum(weeks) - weeks, weeks)  # since entry
    exposure = (rng.random(PERSONS) < 0.4)[person].astype(float)
    drug = (week >= rng.geometric(1 / 30, PERSONS)[person]).astype(float)
    steady = rng.standard_normal(PERSONS)
    visits = rng.standard_normal((PERSONS, LONGEST // VISIT + 1))
    lab = 0.8 * steady[person] + 0.6 * visits[person, week // VISIT]
    x = np.column_stack([exposure, drug, lab, exposure * drug])
    event = rng.random(person.size) < -np.expm1(-BASELINE * np.exp(x @ beta))
    last = weeks - 1
    np.minimum.at(last, person[event], week[event])
    seen = week <= last[person]
    starts = np.append(True, drug[1:] != drug[:-1]) | (week % VISIT == 0)  # week 0 is a visit
    row = np.cumsum(starts)
    clock = week + rng.integers(0, LATEST_ENTRY, PERSONS)[person]
    frame = pl.DataFrame({
        "row": row, "id": person, "exposure": exposure, "drug": drug, "lab": lab,
        "entry": clock, "exit": clock + 1, "event": event,
    }).filter(seen)  # fmt: skip
    return frame.group_by("row", maintain_order=True).agg(
        pl.col("id", "exposure", "drug", "lab", "entry").first(), pl.col("exit", "event").last()
    )


def fits(seed: int, beta: np.ndarray) -> tuple[CoxFit, CoxFit]:
    """Return the fit of one cohort with the variance of the model, and with the robust one over persons."""
    frame = cohort(seed, beta)
    plain = coxph(FORMULA, frame, id="id", robust=False)
    robust = coxph(FORMULA, frame, id="id", robust=True)
    if plain.names != NAMES:
        raise ValueError(f"coefficients are in another order: {plain.names}")
    return plain, robust


def covered(seed: int, beta: np.ndarray) -> list[np.ndarray]:
    """Say for each method which coefficients its intervals hold."""
    plain, robust = fits(seed, beta)
    intervals = (plain.confint(LEVEL, method="profile"), plain.confint(LEVEL), robust.confint(LEVEL))
    return [(ci[:, 0] <= beta) & (beta <= ci[:, 1]) for ci in intervals]


def rejected(seed: int, beta: np.ndarray) -> list[bool]:
    """Say for each test whether it rejects that there is no interaction."""
    plain, robust = fits(seed, beta)
    interaction = np.eye(len(NAMES))[-1]
    tests = (
        likelihood_ratio(plain, interaction),
        wald_test(plain, interaction),
        wald_test(robust, interaction),
    )
    return [test.p < SIZE for test in tests]


def main() -> int:
    began = time.perf_counter()
    without = np.append(BETA[:-1], 0.0)
    held = np.array([covered(seed, BETA) for seed in SEEDS[True]])
    print(f"{COHORTS} cohorts with an interaction: {time.perf_counter() - began:.0f} s", flush=True)
    wrong = np.array([rejected(seed, without) for seed in SEEDS[False]])
    print(f"{COHORTS} cohorts without one: {time.perf_counter() - began:.0f} s", flush=True)

    header = ["what", "method", "expected", "found", "se", "difference_in_se", "within"]
    table: list[list[str]] = []
    for m, method in enumerate(("profile likelihood", "Wald", "robust Wald")):
        table += [line(f"95% interval: {n}", method, LEVEL, held[:, m, j]) for j, n in enumerate(NAMES)]
    for m, method in enumerate(("likelihood ratio", "Wald", "robust Wald")):
        table.append(line("5% test: no interaction", method, SIZE, wrong[:, m]))
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *table])
    for row in [header, *table]:
        print(f"{row[0]:30}{row[1]:>20}" + "".join(f"{cell:>18}" for cell in row[2:]))
    return 0 if all(row[-1] == "yes" for row in table) else 1


def line(what: str, method: str, expected: float, found: np.ndarray) -> list[str]:
    share = float(found.mean())
    se = float(np.sqrt(expected * (1 - expected) / found.size))
    off = (share - expected) / se
    within = "yes" if abs(off) <= ALLOWED_SE else "NO"
    return [what, method, f"{expected:g}", f"{share:.4f}", f"{se:.4f}", f"{off:+.2f}", within]


if __name__ == "__main__":
    sys.exit(main())
