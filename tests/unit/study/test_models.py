"""Models of a study where the data run out: a cell without events, a column that never varies."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from riskset.study.curve import spline_curve
from riskset.study.formulas import ModelFormula
from riskset.study.ids import parse_id
from riskset.study.models import Question, model_result
from riskset.study.rates import Cells, RateUnit

CELLS = Cells("mg_group", "drug_use", ("high", "low"), ("naive", "user"), "Magnesium", "Drug")
QUESTION = Question("death", "Death", "id", CELLS, RateUnit(100, "years"), "efron")


def rows(*, spare: tuple[str, str] | None) -> pl.DataFrame:
    """200 people with one row each; nobody dies in the cell that is spared."""
    rng = np.random.default_rng(5)
    n = 200
    frame = pl.DataFrame(
        {
            "id": [f"p{i:03}" for i in range(n)],
            "entry": np.zeros(n),
            "exit": np.ceil(rng.exponential(500, n)),
            "death": rng.random(n) < 0.7,
            "mg": np.round(rng.normal(2.4, 0.3, n), 1),
            "drug_use": rng.choice(["naive", "user"], n),
            "age": np.round(rng.normal(70, 10, n), 1),
            "same": np.ones(n),
        }
    ).with_columns(mg_group=pl.when(pl.col("mg") < 2.4).then(pl.lit("low")).otherwise(pl.lit("high")))
    if spare is not None:
        inside = (pl.col("mg_group") == spare[0]) & (pl.col("drug_use") == spare[1])
        frame = frame.with_columns(death=pl.col("death") & ~inside)
    return frame.with_columns(
        pl.col("mg_group").cast(pl.Enum(["high", "low"])), pl.col("drug_use").cast(pl.Enum(["naive", "user"]))
    )


def formula(right: str) -> ModelFormula:
    return ModelFormula("Model 1", "model-1", True, f"Surv(entry, exit, death) ~ {right}", "age")


def test_a_cell_without_events_has_no_ratio_and_says_why() -> None:
    result = model_result(rows(spare=("low", "user")), formula("mg_group * drug_use + age"), QUESTION)
    (ratio,) = result.interaction
    assert (ratio.estimate, ratio.lower, ratio.upper, ratio.p) == (None, None, None, None)
    assert ratio.warnings == ("No event in the cell low, user.",)
    naive, user = result.exposure_in_modifier
    assert naive.estimate is not None
    assert user.estimate is None
    assert result.detectable == ()
    assert any("low and user 0" in w for w in result.warnings)
    assert any("oefficient" in w or "monotone" in w for w in result.warnings)
    assert "Infinity" not in result.model_dump_json()


def test_a_column_that_never_varies_has_no_numbers() -> None:
    result = model_result(rows(spare=None), formula("mg_group * drug_use + same + age"), QUESTION)
    (aliased,) = (c for c in result.coefficients if c.term == "same")
    assert (aliased.estimate, aliased.std_error, aliased.hazard_ratio.estimate) == (None, None, None)
    assert aliased.hazard_ratio.warnings
    assert result.parameters == 4
    assert result.events_per_parameter == pytest.approx(result.basis.n_events / 4)


def test_detectable_ratios_lie_2_80_standard_errors_away() -> None:
    result = model_result(rows(spare=None), formula("mg_group * drug_use + age"), QUESTION)
    below, above = result.detectable
    se = next(c.std_error for c in result.coefficients if c.term == "mg_group[low]:drug_use[user]")
    assert se is not None
    # z(.975) + z(.80) = 1.959964 + 0.841621
    assert above.estimate == pytest.approx(math.exp(2.801585 * se), rel=1e-6)
    assert below.estimate == pytest.approx(math.exp(-2.801585 * se), rel=1e-6)
    # a program that reads limits as a confidence interval must find none
    assert {e.lower for e in result.detectable} == {e.upper for e in result.detectable} == {None}
    assert [parse_id(e.id).estimand for e in result.detectable] == [
        "detectable_ratio_below",
        "detectable_ratio_above",
    ]


def test_every_hazard_ratio_of_a_coefficient_says_against_what() -> None:
    asked = replace(QUESTION, words=lambda term: f"<{term}>")
    result = model_result(rows(spare=None), formula("mg_group * drug_use + age"), asked)
    assert {c.term: c.hazard_ratio.reference for c in result.coefficients} == {
        "mg_group[low]": "high",
        "drug_use[user]": "naive",
        "mg_group[low]:drug_use[user]": "high; naive",
        "age": "per 1 unit",
    }
    assert all(c.label == f"<{c.term}>" for c in result.coefficients)


def test_a_level_without_rows_has_no_curve_and_says_so() -> None:
    alone = rows(spare=None).filter(pl.col("drug_use") == "naive")
    curve = spline_curve(
        alone,
        formula("rcs(mg, 3) * drug_use + age"),
        QUESTION,
        variable="mg",
        label="Mg",
        unit="mg/dL",
        reference=None,
    )
    assert [s.level for s in curve.strata] == ["naive"]
    assert any("user" in w for w in curve.warnings)
