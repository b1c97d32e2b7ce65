"""Diagnostics against rms::vif and plain R on residuals of survival: parity/r/diagnostics.R."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from agreement import agree, frozen

from riskset.cox import coxph
from riskset.effects import diagnose

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("diagnostics")
LUNG = pl.read_csv(DATA / "lung.csv").drop_nulls(["age", "sex", "ph.ecog", "wt.loss"]).with_columns(
    ecog=pl.col("ph.ecog").cast(pl.String)
)  # fmt: skip
HEART = pl.read_csv(DATA / "heart.csv").with_columns(transplant=pl.col("transplant").cast(pl.String))
OF_LUNG = "Surv(time, status) ~ age + sex + ecog + wt.loss"
OF_HEART = "Surv(start, stop, event) ~ age + year + surgery * transplant"
CASES: dict[str, tuple[pl.DataFrame, str, dict[str, Any], list[int]]] = {
    "lung_efron": (LUNG, OF_LUNG, {}, [0, 16, 119]),
    "lung_breslow": (LUNG, OF_LUNG, {"ties": "breslow"}, [0, 16, 119]),
    "heart": (HEART, OF_HEART, {"id": "id"}, [2, 39, 76]),
}


@pytest.mark.parametrize("case", CASES)
def test_diagnostics_are_those_of_r(case: str):
    data, formula, options, left_out = CASES[case]
    r = EXPECTED[case]
    fit = coxph(formula, data, **options)
    who = diagnose(fit).influence.who
    found = diagnose(fit, refits=[who[i] for i in left_out])
    agree(found.collinearity.columns["vif"].to_list(), r["vif"])
    agree(found.collinearity.terms["gvif"].to_list(), r["gvif"])
    if "block" in r:
        agree([found.collinearity.blocks["gvif"][-1]], r["block"])
    influence = found.influence
    agree(influence.dfbeta, r["dfbeta"])
    agree(influence.displacement, r["displacement"])
    for theirs, i in zip(r["without"], left_out, strict=True):
        ours = influence.left_out.filter(pl.col("person") == influence.who[i])
        agree(ours["without"].to_list(), theirs)
    form = next(f for f in found.forms if f.covariate == "age")
    agree([form.test.chi2], r["nonlinear_age"]["score"])
    agree([form.test.chi2], r["nonlinear_age"]["by_hand"])
    # The step, which no test shows: the departure of the curve from its own value at the first point of the grid.
    robust = diagnose(coxph(formula, data, robust=True, **options)).forms[0]
    agree([robust.test.chi2], r["nonlinear_age"]["robust"])
    step = [*r["nonlinear_age"]["step"]]
    linear, curved = step[0], step[-2:]
    from riskset.basis import default_knots, restricted_cubic_spline  # noqa: PLC0415 (of this comparison alone)

    one = data["age"] if "id" not in options else data.unique("id", keep="first", maintain_order=True)["age"]
    basis = restricted_cubic_spline(form.x, default_knots(one.cast(pl.Float64).to_numpy(), 4))
    curve = basis @ [linear, *curved]
    agree(form.departure - form.departure[0], curve - curve[0], of=r["nonlinear_age"]["step"])


def test_cells_are_those_that_r_counts():
    found = diagnose(coxph(OF_HEART, HEART, id="id")).cells.filter(pl.col("term") == "surgery:transplant")
    agree(sorted(found["events"].to_list()), sorted(row[2] for row in EXPECTED["heart"]["counts"]))


def test_every_expected_diagnostic_is_compared():
    assert set(EXPECTED) == {*CASES, "versions"}
