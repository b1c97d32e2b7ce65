"""Cumulative incidence and compared rates in the report: every number is one of the results'."""

from __future__ import annotations

import re

import numpy as np
import polars as pl
import pytest
from walking import index, numbers_in, shows

from riskset.report.compose import compose
from riskset.report.document import Figure, Number, texts_of
from riskset.report.sections import compared_rates as compared_section
from riskset.report.sections import incidence as incidence_section
from riskset.study.compared_rates import compared_rates
from riskset.study.counted import counted
from riskset.study.incidence import incidence_curve
from riskset.study.rates import Cells, RateUnit
from riskset.study.results import Results


def invented(levels: tuple[str, ...], groups: tuple[str, ...], n: int = 300) -> pl.DataFrame:
    rng = np.random.default_rng(3)
    end = np.minimum(rng.exponential(1200, n).round() + 1, 1826.0)
    status = np.where(end == 1826.0, 0, rng.integers(0, 3, n))
    kinds = ("censored", "fracture", "death")
    return pl.DataFrame(
        {
            "id": np.arange(n),
            "entry": np.zeros(n),
            "exit": end,
            "fracture": status == 1,
            "fracture_status": pl.Series([kinds[s] for s in status], dtype=pl.Enum(kinds)),
            "mg": pl.Series(rng.choice(groups, n), dtype=pl.Enum(groups)),
            "use": pl.Series(rng.choice(levels, n, p=[0.55, 0.43, 0.02]), dtype=pl.Enum(levels)),
        }
    )


@pytest.fixture(scope="module")
def with_incidence(make) -> Results:
    results = make()
    rows = invented(results.modifier_levels, results.exposure_levels)
    cells = Cells(
        "mg", "use", results.exposure_levels, results.modifier_levels, "Magnesium", "Calcimimetic use"
    )
    named = {"id": "id"}
    others = ("Death from any cause",)
    curves = (
        incidence_curve(rows, "fracture", "New fracture", others, **named),
        incidence_curve(
            rows, "fracture", "New fracture", others, by="use", grouping="Calcimimetic use at index", **named
        ),
    )
    compared = compared_rates(
        rows, "fracture", "New fracture", cells=cells, rate_unit=RateUnit(1, "years"), **named
    )
    whole = results.model_copy(update={"incidence": curves, "compared_rates": (compared,)})
    return whole.model_copy(update={"counted": tuple(counted(whole))})


def test_every_number_is_one_of_the_results(with_incidence):
    known = index(with_incidence)
    document = compose(with_incidence)
    shown = {n.source for t in texts_of(document) for n in t.numbers}
    for what in ("risk", "at_risk", "events", "competing", "censored", "gray_test"):
        assert any(s.startswith(f"fracture/incidence/{what}") for s in shown), what
    for what in ("rate_ratio_of_exposure", "rate_difference_of_modifier"):
        assert any(f"fracture/rates/{what}" in s for s in shown), what
    for text in texts_of(document):
        for run in text.runs:
            if isinstance(run, Number) and re.search(r"/incidence/(?!at_risk)|/rates/rate_", run.source):
                assert all(shows(token, known[run.source]) for token in numbers_in(run.text)), run


def test_persons_at_risk_and_what_became_of_the_others_are_all(with_incidence):
    for curve in with_incidence.incidence:
        for group in curve.groups:
            for tick in group.ticks:
                assert tick.at_risk + tick.events + tick.competing + tick.censored == group.basis.n_persons
    drawn = {g.label for g in with_incidence.incidence[1].groups}
    assert drawn | {label for label, _ in with_incidence.incidence[1].not_drawn} == set(
        with_incidence.modifier_levels
    )


def test_a_cell_without_time_has_no_ratio_and_says_why(with_incidence):
    rows = invented(with_incidence.modifier_levels, with_incidence.exposure_levels).filter(
        pl.col("use") != "past"
    )
    cells = Cells("mg", "use", with_incidence.exposure_levels, with_incidence.modifier_levels, "Mg", "Use")
    found = compared_rates(rows, "fracture", "F", id="id", cells=cells, rate_unit=RateUnit(1, "years"))
    past = [ratio for ratio, _ in found.exposure_in_modifier if ratio.id.endswith("|past]")]
    assert [e.estimate for e in past] == [None]
    assert past[0].warnings == ("Nobody was ever in one of the cells.",)


def test_the_figures_can_be_drawn_and_the_empty_results_have_no_section(with_incidence, make):
    section = incidence_section.section(with_incidence)
    figures = [b for b in section.blocks if isinstance(b, Figure)]
    assert [f.key for f in figures] == ["incidence-fracture", "incidence-fracture-2"]
    assert figures[1].draw(85.0).axes
    assert incidence_section.section(make()) is None
    assert compared_section.section(make()) is None
