"""`diagnose`: what it says where a fit has no maximum, no persons, a penalty, or hardly anything in it."""

from __future__ import annotations

import json
import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskset as rs
from riskset.effects import diagnose

DATA = Path(__file__).parents[2] / "data"
LUNG = pl.read_csv(DATA / "lung.csv").drop_nulls(["age", "sex", "ph.ecog", "wt.loss"])
HEART = pl.read_csv(DATA / "heart.csv")
ROWS = pl.DataFrame(
    {
        "t": [1.0, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12],
        "d": [1, 1, 0, 1, 1, 0, 1, 1, 0, 1, 1, 0],
        "arm": ["a", "a", "b", "a", "a", "b", "a", "a", "b", "a", "a", "b"],
        "x": [3.0, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8],
    }
)


def fitted(formula, data, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        return rs.coxph(formula, data, **options)


def of_kind(found, kind):
    return [f for f in found.findings if f.kind == kind]


def test_a_coefficient_that_runs_off_is_named_and_the_rest_still_looked_at():
    found = diagnose(fitted("Surv(t, d) ~ arm + x", ROWS))
    (separation,) = of_kind(found, "separation")
    assert separation.flagged
    assert separation.term == "arm[b]"
    assert "no event where arm = b" in separation.reading
    (cell,) = [f for f in of_kind(found, "events per cell") if f.term == "arm = b"]
    assert cell.number == 0
    assert dict(found.not_done)["proportional hazards"] == "a coefficient has no finite estimate"
    assert found.influence.dfbetas[:, 0].tolist() == [0.0] * 12
    assert found.collinearity.columns["coefficient"].to_list() == ["x"]


def test_an_aliased_column_is_named():
    found = diagnose(fitted("Surv(t, d) ~ x + twice", ROWS.with_columns(twice=2 * pl.col("x"))))
    (separation,) = of_kind(found, "separation")
    assert separation.term == "twice"
    assert "twice is made of x" in separation.reading
    assert (
        of_kind(found, "events per parameter")[0].number == 8.0
    )  # of the one coefficient that was estimated


@pytest.mark.parametrize(
    ("options", "missing"),
    [
        ({"ties": "exact"}, {"proportional hazards", "influence", "functional form"}),
        ({"penalty": rs.Firth()}, {"proportional hazards", "functional form"}),
        ({"penalty": rs.Ridge(1.0)}, {"proportional hazards", "functional form"}),
    ],
)
def test_what_cannot_be_looked_at_says_why(options, missing):
    found = diagnose(fitted("Surv(time, status) ~ age + sex", LUNG, **options))
    assert {kind for kind, _ in found.not_done} == missing
    assert all(why for _, why in found.not_done)
    with pytest.raises(rs.RisksetError):
        found.plot("functional form")


def test_rows_without_ids_are_not_taken_for_persons():
    found = diagnose(fitted("Surv(start, stop, event) ~ age + surgery", HEART))
    assert dict(found.not_done) == {"influence": "it is not known which rows are one person's"}


def test_a_model_of_an_offset_alone_has_little_to_diagnose():
    found = diagnose(fitted("Surv(time, status) ~ offset(0.02 * age)", LUNG))
    assert {f.kind for f in found.findings} == {"separation"}
    assert {kind for kind, _ in found.not_done} == {"proportional hazards", "influence", "functional form"}


def test_leaving_out_is_a_fit_without_the_person():
    fit = fitted("Surv(start, stop, event) ~ age + surgery", HEART, id="id")
    found = diagnose(fit, refits=2)
    for (who,), rows in found.influence.left_out.group_by("person", maintain_order=True):
        again = fitted("Surv(start, stop, event) ~ age + surgery", HEART.filter(pl.col("id") != who), id="id")
        np.testing.assert_allclose(rows["without"], again.params, rtol=1e-8)  # two ends of Newton's method
        # first order: the error is of the second, 1/n of the change
        np.testing.assert_allclose(
            rows["one_step"], again.params, atol=0.25 * np.abs(again.params - fit.params).max()
        )
    largest = found.influence.table(2)["person"].to_list()
    assert found.influence.left_out["person"].unique(maintain_order=True).to_list() == largest
    with pytest.raises(rs.RisksetError, match="not in the fit"):
        diagnose(fit, refits=[10**6])
    with pytest.raises(rs.RisksetError, match="0 or more"):
        diagnose(fit, refits=-1)


def test_nothing_but_the_influence_table_knows_a_person():
    data = HEART.with_columns(id=pl.format("SECRET-{}", pl.col("id")))
    found = diagnose(fitted("Surv(start, stop, event) ~ age + surgery", data, id="id"), refits=1)
    words = json.dumps(found.summary().to_dicts()) + repr(found) + repr(found.influence) + str(found.cells)
    assert "SECRET" not in words
    assert "SECRET" in str(found.influence.table(1))


def test_findings_are_data():
    found = diagnose(fitted("Surv(time, status) ~ age * sex + wt.loss", LUNG))
    table = found.summary()
    assert table.columns == ["kind", "term", "measure", "number", "threshold", "flagged", "reading", "reason"]
    assert table.height == len(found.findings)
    assert all(f.reason and f.reading for f in found.findings)
    assert found.flagged == tuple(f for f in found.findings if f.flagged)
    # age, sex and their product are one block, for the product is made of the others
    assert found.collinearity.blocks["block"].to_list() == ["age + sex + age:sex", "wt.loss"]
    raw, block = found.collinearity.terms["scaled"].max(), found.collinearity.blocks["scaled"].max()
    assert raw > 4
    assert block < 1.1


def test_weights_count_events_once_and_expect_them_weighted():
    data = LUNG.with_columns(w=pl.lit(2.0))
    plain = diagnose(fitted("Surv(time, status) ~ age + wt.loss", LUNG))
    double = diagnose(
        fitted("Surv(time, status) ~ age + wt.loss", data, weights="w", robust=False, ties="breslow")
    )
    assert double.cells.equals(plain.cells)
    (form, _), (weighted, _) = plain.forms, double.forms
    assert weighted.observed.sum() == pytest.approx(2 * form.observed.sum())
    assert np.isnan(weighted.ratio_lower).all()
    assert np.isfinite(form.ratio_lower).all()


def test_a_coefficient_that_changes_with_time_is_no_covariate_of_its_own():
    fit = fitted("Surv(time, status) ~ age + wt.loss:tt(log(time)) + wt.loss", LUNG.head(60))
    assert [f.covariate for f in diagnose(fit).forms] == ["age", "wt.loss"]
