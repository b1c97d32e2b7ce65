"""The section on diagnostics: each number leads to its record, and each sentence follows its test."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.report.compose import compose
from riskset.report.document import Number, Section, inside_of, texts_of
from riskset.report.figures import draw_all
from riskset.report.html import to_html
from riskset.report.sections.diagnostics import section
from riskset.study.diagnostics import model_diagnostics
from riskset.study.formulas import ModelFormula
from riskset.study.models import Question
from riskset.study.numbers import numbers_of
from riskset.study.rates import Cells, RateUnit
from riskset.study.results import Results
from riskset.study.results_diagnostics import ModelDiagnostics

MODEL = ModelFormula(
    "Model 3", "model-3", True, "Surv(entry, exit, death) ~ mg_group * use + age + mark", "age"
)
QUESTION = Question(
    "death", "Death from any cause", "id",
    Cells("mg_group", "use", (">= 2.4 mg/dL", "< 2.4 mg/dL"), ("naive", "user"), "Magnesium", "Calcimimetic"),
    RateUnit(100, "years"), "efron",
)  # fmt: skip


@pytest.fixture(scope="module")
def found() -> ModelDiagnostics:
    """Of 300 persons whose drug changes, and whose age bends the hazard."""
    rng = np.random.default_rng(8)
    n = 300
    age = rng.normal(0, 1, n)
    exit = np.ceil(rng.exponential(800 * np.exp(-0.6 * age**2))) + 2
    rows = pl.DataFrame(
        {
            "id": np.arange(n),
            "exit": exit,
            "death": rng.random(n) < 0.8,
            "mg_group": rng.choice([">= 2.4 mg/dL", "< 2.4 mg/dL"], n),
            "age": age,
            "mark": rng.random(n) < 0.01,
        }
    )
    half, begins = (pl.col("exit") / 2).floor(), pl.col("id") % 3 == 0
    used = pl.when(pl.col("id") % 3 == 1).then(pl.lit("naive")).otherwise(pl.lit("user")).alias("use")
    pieces = pl.concat(
        [
            rows.filter(~begins).with_columns(used, entry=pl.lit(0.0)),
            rows.filter(begins).with_columns(
                use=pl.lit("naive"), exit=half, death=pl.lit(value=False), entry=pl.lit(0.0)
            ),
            rows.filter(begins).with_columns(use=pl.lit("user"), entry=half),
        ],
        how="diagonal",
    ).with_columns(pl.col("mg_group").cast(pl.Enum([">= 2.4 mg/dL", "< 2.4 mg/dL"])))
    diagnosed = model_diagnostics(pieces, [MODEL], QUESTION)
    assert diagnosed is not None
    return diagnosed


@pytest.fixture(scope="module")
def told(results: Results, found: ModelDiagnostics) -> Results:
    return results.model_copy(update={"diagnostics": (found,)})


def plain(section: Section) -> str:
    return " ".join(b.text.plain for b in inside_of(section.blocks) if hasattr(b, "text"))


def test_every_number_leads_to_its_record(told: Results, found: ModelDiagnostics) -> None:
    known = {n.id for n in numbers_of(found)}
    document = compose(told.model_copy(update={"models": (), "curves": (), "survival": ()}))
    whole = next(s for s in document.sections if s.id == "diagnostics")
    own = type(document)("", "", None, "", (whole,))
    shown = {run.source for text in texts_of(own) for run in text.runs if isinstance(run, Number)}
    assert len(shown) > 15
    assert shown <= known


def test_sentences_follow_the_tests(told: Results, found: ModelDiagnostics) -> None:
    said = section(told)
    assert said is not None
    words = plain(said)
    assert "A straight line may not do for age" in words
    assert "mark: yes" in words  # three persons have it
    assert (
        "Risks under a fixed level of magnesium are not given: calcimimetic changes within persons" in words
    )
    fine = found.model_copy(
        update={
            "terms": tuple(t.model_copy(update={"form": None, "hazards": None}) for t in found.terms),
            "changing": (),
            "sparse": (),
            "sparse_labels": (),
        }
    )
    words = plain(section(told.model_copy(update={"diagnostics": (fine,)})))
    assert "straight line may not" not in words
    assert "Risks under" not in words
    assert "cells with few events" not in words
    several = found.model_copy(update={"changing": ("A", "B")})
    assert "A and B change within persons" in plain(
        section(told.model_copy(update={"diagnostics": (several,)}))
    )


def test_the_figure_stands_on_the_page(results: Results, found: ModelDiagnostics) -> None:
    few = results.model_copy(
        update={
            "diagnostics": (found,),
            "models": (),
            "curves": (),
            "survival": (),
            "trends": (),
            "table1": (),
        }
    )
    document = compose(few)
    page = to_html(document, draw_all(document))
    assert 'id="figure-over-time-death"' in page
    assert "Straight line, P" in page


def test_without_diagnostics_there_is_no_section(results: Results) -> None:
    assert section(results.model_copy(update={"diagnostics": ()})) is None
