"""Ridge-penalised fits against R's `ridge()`. Penalised splines and frailty are not covered: riskset has none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import CoxFit, Ridge, coxph

EXPECTED = frozen("ridge")
LUNG = pl.read_csv(Path(__file__).parents[1] / "data" / "lung.csv").drop_nulls(
    ["age", "sex", "ph.ecog", "wt.loss"]
)
FOUR = "Surv(time, status) ~ age + sex + ph.ecog + wt.loss"
# R stops when the log likelihood moves by less than 1e-10 of itself, some 1e-7 of a standard error short.
SHORT = {"tolerance": 1e-7, "reason": "R stops some 1e-8 short of the maximum of a penalised likelihood"}


def compare(fit: CoxFit, case: str) -> None:
    r = EXPECTED[case]
    assert fit.status == "converged"
    V = fit.cov_params()
    agree(fit.params, r["coef"], **SHORT)
    agree(V, r["var"], **SHORT)
    sandwich = V @ fit.matrix.information @ V
    agree(sandwich, r["var2"], **SHORT)
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    agree(fit.loglik - fit.penalised_loglik, r["penalty"], **SHORT)
    # R counts the penalised columns together and each other column alone, from blocks of its two variances;
    # where all are penalised, that is the trace that riskset takes throughout.
    whole, alone = np.flatnonzero(fit.matrix.penalty.weight), np.flatnonzero(fit.matrix.penalty.weight == 0)
    blocks = [np.ix_(b, b) for b in (whole, *([j] for j in alone))]
    agree(sum(np.trace(np.linalg.solve(V[b], sandwich[b])) for b in blocks), r["df"], **SHORT)
    assert fit.df == pytest.approx(np.trace(fit.matrix.information @ V), rel=1e-12)


@pytest.mark.parametrize("theta", [1, 5, 50])
@pytest.mark.parametrize("kind", ["scaled", "unscaled"])
def test_all_columns_penalised(kind: str, theta: int):
    ties = "efron" if kind == "scaled" else "breslow"
    fit = coxph(FOUR, LUNG, ties=ties, penalty=Ridge(theta, scale=kind == "scaled"))
    compare(fit, f"{kind}_theta{theta}")


def test_some_terms_penalised():
    fit = coxph("Surv(time, status) ~ sex + age + wt.loss", LUNG, penalty=Ridge(3, terms=("age", "wt.loss")))
    compare(fit, "partial")
    agree(fit.residuals("martingale"), EXPECTED["partial"]["martingale"], **SHORT)
