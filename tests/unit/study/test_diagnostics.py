"""Diagnostics of a study as results: what they hold, and that no person is in them."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.effects import diagnose
from riskset.study.diagnostics import model_diagnostics
from riskset.study.formulas import ModelFormula
from riskset.study.ids import parse_id
from riskset.study.models import Question, fit
from riskset.study.numbers import numbers_of
from riskset.study.rates import Cells, RateUnit

CELLS = Cells("mg_group", "drug_use", ("high", "low"), ("naive", "user"), "Magnesium", "Drug")
QUESTION = Question(
    "death",
    "Death",
    "id",
    CELLS,
    RateUnit(100, "years"),
    "efron",
    lambda term: {"age": "Age (years)"}.get(term, term),
)


def rows(n: int, *, moving: bool = False) -> pl.DataFrame:
    """People with one row each, or with their drug changed after half of it."""
    rng = np.random.default_rng(5)
    frame = pl.DataFrame(
        {
            "id": [f"SECRET-{i:03}" for i in range(n)],
            "entry": np.zeros(n),
            "exit": np.ceil(rng.exponential(500, n)) + 1,
            "death": rng.random(n) < 0.7,
            "mg_group": rng.choice(["high", "low"], n),
            "drug_use": rng.choice(["naive", "user"], n),
            "age": np.round(rng.normal(70, 10, n), 1),
        }
    )
    if moving:
        half = (pl.col("exit") / 2).floor().clip(lower_bound=0.5)
        frame = pl.concat(
            [
                frame.with_columns(exit=half, death=pl.lit(value=False), drug_use=pl.lit("naive")),
                frame.with_columns(entry=half, drug_use=pl.lit("user")),
            ]
        ).filter(pl.col("exit") > pl.col("entry"))
    return frame.with_columns(
        pl.col("mg_group").cast(pl.Enum(["high", "low"])), pl.col("drug_use").cast(pl.Enum(["naive", "user"]))
    )


MODEL = ModelFormula(
    "Model 1", "model-1", True, "Surv(entry, exit, death) ~ mg_group * drug_use + age", "age"
)


def test_terms_have_their_tests_sizes_and_words() -> None:
    found = model_diagnostics(rows(150), [MODEL], QUESTION)
    assert found is not None
    assert [t.label for t in found.terms] == ["Magnesium", "Drug", "Age (years)", "Magnesium × Drug"]
    own = diagnose(fit(rows(150), MODEL.formula, QUESTION)[0])
    table = own.proportional_hazards.table
    assert [t.hazards.estimate for t in found.terms] == table["chi2"].to_list()[:-1]
    assert found.hazards.p == table["p"][-1]
    assert [t.form is None for t in found.terms] == [True, True, False, True]
    assert found.terms[2].influence.estimate == pytest.approx(np.abs(own.influence.dfbetas[:, 2]).max())
    assert found.events_per_parameter.estimate == own.events_per_parameter
    assert found.changing == ()
    numbers = list(numbers_of(found))
    assert len({n.id for n in numbers}) == len(numbers)
    assert all(str(parse_id(n.id)) == n.id for n in numbers)


def test_no_person_is_in_them() -> None:
    found = model_diagnostics(rows(150), [MODEL], QUESTION)
    assert found is not None
    assert "SECRET" not in found.model_dump_json()
    events = int(rows(150)["death"].sum())
    for panel in found.over_time:  # means of groups of events, none of a single one's residual
        assert len(panel.groups_mean) == 10 < events
    single = {
        f"{y:.6g}"
        for y in np.ravel(diagnose(fit(rows(150), MODEL.formula, QUESTION)[0]).proportional_hazards.y)
    }
    assert not {f"{y:.6g}" for p in found.over_time for y in p.groups_mean} & single


def test_few_events_are_told_and_nothing_is_drawn() -> None:
    found = model_diagnostics(rows(24), [MODEL], QUESTION)
    assert found is not None
    assert found.over_time == ()
    assert found.sparse
    assert len(found.sparse) == len(found.sparse_labels)
    assert all(e.estimate < 10 for e in found.sparse)


def test_what_changes_within_persons_is_named() -> None:
    found = model_diagnostics(rows(150, moving=True), [MODEL], QUESTION)
    assert found is not None
    assert found.changing == ("Drug",)


def test_without_a_model_there_is_nothing() -> None:
    assert model_diagnostics(rows(30), [], QUESTION) is None
