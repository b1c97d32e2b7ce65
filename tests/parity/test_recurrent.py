"""Recurrent events by strata and clusters: Wei-Lin-Weissfeld, Andersen-Gill and Prentice-Williams-Peterson."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import CoxFit, coxph

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("recurrent")
# All four recurrences at risk from the start, and one row after another.
MARGINAL, ORDERED = (pl.read_csv(DATA / f"{name}.csv") for name in ("bladder", "bladder2"))
MODELS = {
    "wlw": (MARGINAL, "Surv(stop, event) ~ rx + size + number + strata(enum)"),
    "ag": (ORDERED, "Surv(start, stop, event) ~ rx + size + number"),
    "pwp_total": (ORDERED, "Surv(start, stop, event) ~ rx + size + number + strata(enum)"),
    "pwp_gap": (ORDERED, "Surv(stop - start, event) ~ rx + size + number + strata(enum)"),
}


def compare(fit: CoxFit, case: str) -> None:
    r = EXPECTED[case]
    assert (fit.n_rows, fit.n_events) == (r["n"], r["nevent"])
    assert fit.robust
    agree(fit.params, r["coef"])
    agree(fit.cov_params(), r["vcov"])
    agree(fit.cov_params(robust=False), r["naive_vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    tests = fit.global_tests()
    agree(tests.score.chi2, r["score"])
    assert tests.robust_score is not None
    agree(tests.robust_score.chi2, r["robust_score"])
    c = fit.concordance()
    agree([c.concordance, c.std_error], r["concordance"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("model", MODELS)
def test_recurrences(model: str, ties: str):
    data, formula = MODELS[model]
    compare(coxph(formula, data, cluster="id", ties=ties), f"{model}_{ties}")


def test_effects_by_recurrence_and_their_average():
    fit = coxph(
        "Surv(stop, event) ~ (rx + size + number):strata(enum) + strata(enum)", MARGINAL, cluster="id"
    )
    compare(fit, "wlw_by_event")
    rx = [i for i, name in enumerate(fit.names) if name.startswith("rx")]
    inverse = np.linalg.inv(fit.cov_params()[np.ix_(rx, rx)])
    weight = inverse.sum(axis=1) / inverse.sum()
    r = EXPECTED["wlw_average_rx"]
    agree(weight @ fit.params[rx], r["estimate"])
    agree(1 / np.sqrt(inverse.sum()), r["se"])
