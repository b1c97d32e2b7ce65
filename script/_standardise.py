"""Do 95% intervals of standardised risks hold the truth in 95% of cohorts? See script/validate.

Each cohort is 400 people whose exposure is the likelier the higher a measured value is that raises the risk as well. Hazards
are constant in time and proportional, so that the models are right and the truth, the mean over the population of
what each person's hazards make of the exposure, is a sum over Gauss and Hermite's nodes. People leave between 2 and 6 years;
risks are those of three years.
"""

from __future__ import annotations

import csv
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl

from riskset.cox import coxph
from riskset.effects import standardise

TABLE = Path(__file__).resolve().parent.parent / "docs" / "validation" / "standardise.csv"
PERSONS, YEARS, LEVEL, ALLOWED_SE = 400, 3.0, 0.95, 3.0
COHORTS = {"delta": 300, "bootstrap": 100}  # the bootstrap's are the first of the others
REPLICATES = 200
FIRST_SEED = {"one cause": 8_000_001, "competing": 8_500_001}  # fixed before the first run
# Hazard per year, and the log hazard ratios of exposure, measured value, sex and of exposure for one unit of the value.
EVENT = (0.20, np.log([1.7, 1.5, 1.3, 0.8]))
OTHER = (0.10, np.log([0.8, 1.6, 1.0, 1.0]))
MODEL = "exposed * value + male"


def hazard(
    of: tuple[float, np.ndarray], exposed: np.ndarray | float, value: np.ndarray, male: np.ndarray | float
) -> np.ndarray:
    base, beta = of
    return base * np.exp(beta[0] * exposed + beta[1] * value + beta[2] * male + beta[3] * exposed * value)


def cohort(case: str, seed: int) -> pl.DataFrame:
    """Draw one cohort: time, event, other, and the covariates."""
    rng = np.random.default_rng(seed)
    value = rng.standard_normal(PERSONS)
    male = rng.random(PERSONS) < 0.5
    exposed = rng.random(PERSONS) < 1 / (1 + np.exp(0.3 - 0.8 * value))
    times = [rng.exponential(1 / hazard(EVENT, exposed, value, male))]
    other = rng.exponential(1 / hazard(OTHER, exposed, value, male))
    times += [other if case == "competing" else np.full(PERSONS, np.inf), rng.uniform(2, 6, PERSONS)]
    first = np.argmin(times, axis=0)
    return pl.DataFrame(
        {
            "time": np.min(times, axis=0),
            "event": first == 0,
            "other": first == 1,
            "exposed": exposed,
            "value": value,
            "male": male,
        }
    )


def truth(case: str) -> dict[str, float]:
    """What the population's risks and mean times are, by quadrature over the measured value."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    weights = weights / weights.sum() / 2
    risk, lost = np.zeros(2), np.zeros(2)
    for exposed in (0, 1):
        for male in (0.0, 1.0):
            a = hazard(EVENT, exposed, nodes, male)
            b = hazard(OTHER, exposed, nodes, male) if case == "competing" else np.zeros(nodes.size)
            both = a + b
            risk[exposed] += weights @ (a / both * -np.expm1(-both * YEARS))
            lost[exposed] += weights @ (a / both * (YEARS + np.expm1(-both * YEARS) / both))
    found = {
        "risk, not exposed": risk[0],
        "risk, exposed": risk[1],
        "risk difference": risk[1] - risk[0],
        "risk ratio": risk[1] / risk[0],
        "difference in time lost": lost[1] - lost[0],
    }
    if case == "one cause":
        found["difference in restricted mean survival time"] = lost[0] - lost[1]
    return found


def limits(case: str, seed: int, intervals: str) -> list[tuple[float, float]]:
    """Return the limits of every quantity of `truth` in one cohort."""
    rows = cohort(case, seed)
    fit = coxph(f"Surv(time, event) ~ {MODEL}", rows)
    others = [coxph(f"Surv(time, other) ~ {MODEL}", rows)] if case == "competing" else []
    found = standardise(
        fit, "exposed", times=YEARS, competing=others, intervals=intervals, n=REPLICATES, level=LEVEL,
        rng=np.random.default_rng(seed), threads=1,
    )  # fmt: skip
    risks = found.table.filter(pl.col("quantity") == "risk")
    got = dict(
        zip(("risk, not exposed", "risk, exposed"), risks.select("lower", "upper").rows(), strict=True)
    )
    got |= {row[0]: row[1:] for row in found.contrasts.select("quantity", "lower", "upper").rows()}
    return [got[name] for name in truth(case)]


def asked(job: tuple[str, int, str]) -> list[tuple[float, float]]:
    return limits(*job)


def main() -> int:
    began = time.perf_counter()
    header = ["case", "what", "interval", "cohorts", "expected", "found", "se", "below", "above", "within"]
    table: list[list[str]] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for intervals, n in COHORTS.items():
            for case, first in FIRST_SEED.items():
                jobs = [(case, seed, intervals) for seed in range(first, first + n)]
                found = np.array(list(pool.map(asked, jobs, chunksize=10)))
                for k, (name, value) in enumerate(truth(case).items()):
                    table.append(line(case, name, intervals, found[:, k], value))
                write([header, *table])
                print(f"{case}, {intervals}: {time.perf_counter() - began:.0f} s", flush=True)
    for row in [header, *table]:
        print(f"{row[0]:11}{row[1]:45}" + "".join(f"{cell:>10}" for cell in row[2:]))
    return 0 if all(row[-1] == "yes" for row in table) else 1


def write(table: list[list[str]]) -> None:
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)


def line(case: str, what: str, intervals: str, found: np.ndarray, value: float) -> list[str]:
    below, above = float((found[:, 1] < value).mean()), float((value < found[:, 0]).mean())
    share = 1 - below - above
    se = float(np.sqrt(LEVEL * (1 - LEVEL) / len(found)))
    within = "yes" if abs(share - LEVEL) <= ALLOWED_SE * se else "NO"
    numbers = [f"{v:.4f}" for v in (share, se, below, above)]
    return [case, what, intervals, str(len(found)), f"{LEVEL:g}", *numbers, within]


if __name__ == "__main__":
    sys.exit(main())
