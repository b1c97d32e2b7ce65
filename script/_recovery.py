"""Forty cohorts of 20,000 through Timeline and coxph: mean estimates beside their truth. See script/validate."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import numpy as np

from riskset.simulate import simulate_haemodialysis
from riskset.simulate.recovery import Recovered, recover

TABLE = Path(__file__).resolve().parent.parent / "docs" / "validation" / "recovery.csv"
PATIENTS = 20_000
SEEDS = range(3_000_001, 3_000_041)  # fixed before the first run
ALLOWED_SE = 3.0


def main() -> int:
    began = time.perf_counter()
    cohorts: list[tuple[Recovered, ...]] = []
    for seed in SEEDS:
        cohorts.append(recover(simulate_haemodialysis(PATIENTS, seed)))
        shown = ", ".join(f"{r.name} {r.estimate:.3f} (z {r.z:+.2f})" for r in cohorts[-1])
        print(f"{seed}: {shown}; {time.perf_counter() - began:.0f} s", flush=True)

    rows: list[list[str]] = []
    good = True
    for estimates in zip(*cohorts, strict=True):
        values = np.array([r.estimate for r in estimates])
        model_se = float(np.mean([r.std_error for r in estimates]))
        error = float(values.mean() - estimates[0].truth)
        se = float(values.std(ddof=1) / np.sqrt(len(values)))
        covered = sum(abs(r.z) <= 1.959964 for r in estimates)
        within = abs(error) <= ALLOWED_SE * se
        good &= within
        rows.append([
            estimates[0].name, f"{estimates[0].truth:.6f}", f"{values.mean():.6f}", f"{values.std(ddof=1):.6f}",
            f"{model_se:.6f}", f"{se:.6f}", f"{error / se:+.2f}", f"{covered}/{len(values)}", "yes" if within else "NO",
        ])  # fmt: skip
    header = [
        "low_magnesium", "truth", "mean", "sd", "mean_model_se", "se_of_mean", "error_in_se", "covered_by_95", "within",
    ]  # fmt: skip
    TABLE.parent.mkdir(parents=True, exist_ok=True)
    with TABLE.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
    for row in [header, *rows]:
        print("".join(f"{cell:>15}" for cell in row))
    return 0 if good else 1


if __name__ == "__main__":
    sys.exit(main())
