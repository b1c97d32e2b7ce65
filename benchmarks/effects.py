"""What is asked of one fit of a study's size: interaction on both scales, curves with bands, diagnostics, the bootstrap."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial

import numpy as np
from _cohort import timed
from _rounds import between, rounds, tell

from riskset.cox import coxph
from riskset.effects import diagnose, hazard_ratio_curve, interaction
from riskset.simulate import SHIPPED_SEED, simulate_haemodialysis
from riskset.simulate.recovery import FORMULA, fracture_episodes

REPLICATES = 1_000

rows = fracture_episodes(simulate_haemodialysis(399, SHIPPED_SEED)).frame.drop_nulls(["mg", "albumin"])
fit = coxph(FORMULA, rows, id="patient_id")
spline = coxph(FORMULA.replace("low_mg *", "rcs(mg, 4) *"), rows, id="patient_id")
one = "the fit (`coxph`)"
both = "interaction, both scales, delta, MOVER and profile limits (`interaction`)"
curves = "curves by use with simultaneous bands (`hazard_ratio_curve`)"
checks = "diagnostics (`diagnose`)"
everything = "all three"


def nothing(value: object) -> np.ndarray:
    """Return an array, as the other benchmarks do, of what was computed for its time alone."""
    del value
    return np.zeros(1)


def all_three() -> None:
    """Ask what the worked study needs of a fit."""
    interaction(fit, "low_mg", "user")
    hazard_ratio_curve(spline, "mg", by="user", band="simultaneous")
    diagnose(fit)


asked: dict[str, Callable[[], np.ndarray]] = {
    one: lambda: coxph(FORMULA, rows, id="patient_id").params,
    both: lambda: nothing(interaction(fit, "low_mg", "user")),
    curves: lambda: nothing(hazard_ratio_curve(spline, "mg", by="user", band="simultaneous")),
    checks: lambda: nothing(diagnose(fit)),
    everything: lambda: nothing(all_three()),
}


def processor(way: Callable[[], object], times: int) -> float:
    """Return the median of the processor seconds, those of all threads together, which other work moves less."""
    spent: list[float] = []
    for _ in range(times):
        began = time.process_time()
        way()
        spent.append(time.process_time() - began)
    return statistics.median(spent)


all_three()  # what loads on first use is not part of it
seconds = rounds({name: partial(timed, way, {}, name) for name, way in asked.items()})
said = f"{rows.height:,} rows of {fit.n_persons} patients, {fit.n_events} fractures, {len(fit.names)} coefficients."
tell(
    "After the fit of one study",
    one,
    seconds,
    [
        said,
        f"{everything.capitalize()} / the fit: {between(seconds, everything, one)}. Target: all three under 0.5 s.",
        f"Processor seconds: all three {processor(all_three, 5):.2f}, interaction {processor(asked[both], 5):.2f}.",
    ],
)


def resampled() -> np.ndarray:
    """Draw persons and take percentiles of RERI, AP and S."""
    found = interaction(fit, "low_mg", "user", bootstrap=REPLICATES, rng=np.random.default_rng(1))
    return np.array([found.resampled[0].n])


name = f"RERI, AP and S over {REPLICATES:,} replicates (`interaction(bootstrap=...)`)"
tell(
    "Bootstrap of the additive scale",
    name,
    rounds({name: partial(timed, resampled, {}, name)}, 3),
    [
        f"{said} Processor seconds, both cores together: {processor(resampled, 1):.1f}. Target: under 15 s on 2 cores."
    ],
)
