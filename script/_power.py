"""What a cohort of 399 can show: power of the interaction, and how often only one stratum is significant.

See script/validate.
"""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

from riskset.simulate import simulate_haemodialysis
from riskset.simulate.recovery import recover

TABLE = Path(__file__).resolve().parent.parent / "docs" / "validation" / "power.csv"
PATIENTS = 399
SEEDS = range(4_000_001, 4_000_401)  # fixed before the first run
SIGNIFICANT = 1.959964


def shares(variant: str | None) -> tuple[float, float]:
    """Share of cohorts with a significant interaction, and with significance in the not using alone."""
    z = np.array([
        [r.estimate / r.std_error for r in recover(simulate_haemodialysis(PATIENTS, seed, variant))]
        for seed in SEEDS
    ])  # fmt: skip
    significant = np.abs(z) > SIGNIFICANT
    return float(significant[:, 2].mean()), float((significant[:, 0] & ~significant[:, 1]).mean())


def main() -> int:
    began = time.perf_counter()
    power, _ = shares(None)
    size, one_alone = shares("no_interaction")
    rows = [
        ["interaction significant, hazard ratios 2.2 and 1.3", "0.19", power],
        ["interaction significant, hazard ratio 1.72 in both", "0.05", size],
        ["significant in those not using alone, 1.72 in both", "0.25", one_alone],
    ]
    good = True
    header = ["share_of_cohorts", "expected", "found", "se", "within"]
    table: list[list[str]] = [header]
    for label, expected, found in rows:
        se = float(np.sqrt(float(expected) * (1 - float(expected)) / len(SEEDS)))
        # 3 standard errors and half the last digit of an expected share that is known in whole per cent.
        within = abs(float(found) - float(expected)) <= 3 * se + 0.005
        good &= within
        table.append([str(label), str(expected), f"{found:.4f}", f"{se:.4f}", "yes" if within else "NO"])
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(table)
    for row in table:
        print(f"{row[0]:52}" + "".join(f"{cell:>10}" for cell in row[1:]))
    print(f"{len(SEEDS)} cohorts of {PATIENTS} each, {time.perf_counter() - began:.0f} s")
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
