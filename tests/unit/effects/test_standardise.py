"""`standardise`: what it refuses and why, what it guards, and how it reads."""

from __future__ import annotations

import warnings
from pathlib import Path

import numpy as np
import polars as pl
import pytest

import riskset as rs
from riskset.errors import FitError

DATA = Path(__file__).parents[2] / "data"
LUNG = pl.read_csv(DATA / "lung.csv").drop_nulls(["age", "sex"]).with_columns(
    sex=pl.col("sex").replace_strict({1: "male", 2: "female"})
)  # fmt: skip
HEART = pl.read_csv(DATA / "heart.csv")
FIT = rs.coxph("Surv(time, status) ~ sex + age", LUNG)


def test_internal_covariates_are_refused_with_the_reason():
    fit = rs.coxph("Surv(start, stop, event) ~ transplant + age", HEART, id="id")
    with pytest.raises(FitError, match=r"transplant changes within persons.*no value after death"):
        rs.standardise(fit, "transplant", times=100)
    with pytest.raises(FitError, match="limits are the bootstrap's"):
        rs.standardise(fit, "transplant", times=100, external=["transplant"])
    with pytest.raises(FitError, match="no variable 'transplnt'"):
        rs.standardise(fit, "transplant", times=100, external=["transplnt"])
    # what is set for everybody does not change any more, but the model's course of it was declared external
    found = rs.standardise(
        fit,
        "transplant",
        times=100,
        external=["transplant"],
        intervals="bootstrap",
        n=9,
        level=0.5,
        rng=np.random.default_rng(1),
    )
    assert found.replicates == {"converged": 9}


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ({"exposure": "sx", "times": 100}, "no variable 'sx'"),
        ({"exposure": "age", "times": 100}, "continuous"),
        ({"exposure": "age", "values": [40, 150], "times": 100}, "outside what was observed"),
        ({"exposure": "sex", "values": ["male", "men"], "times": 100}, "no level 'men'"),
        ({"exposure": "sex", "values": ["male", "male"], "times": 100}, "named twice"),
        ({"exposure": "sex", "values": "male", "times": 100}, "is a sequence"),
        ({"exposure": "sex", "times": 2000}, "beyond the follow-up"),
        ({"exposure": "sex", "times": []}, "positive numbers"),
        ({"exposure": "sex", "times": -1.0}, "positive numbers"),
        ({"exposure": "sex", "times": 100, "level": 95}, "between 0 and 1"),
        ({"exposure": "sex", "times": 100, "intervals": "bootstrap"}, "draws persons"),
        (
            {
                "exposure": "sex",
                "times": 100,
                "intervals": "bootstrap",
                "n": 0,
                "rng": np.random.default_rng(1),
            },
            "at least 80",
        ),
        ({"exposure": "sex", "times": 100, "intervals": "wald"}, "'delta' or 'bootstrap'"),
    ],
)
def test_what_cannot_be_answered_says_why(how, said):
    with pytest.raises(FitError, match=said):
        rs.standardise(FIT, **how)


def test_rows_without_ids_and_other_rows_are_refused():
    with pytest.raises(FitError, match="which rows are one person's"):
        rs.standardise(rs.coxph("Surv(start, stop, event) ~ surgery", HEART), "surgery", times=100)
    part = rs.coxph("Surv(time, status) ~ sex", LUNG.head(100))
    with pytest.raises(FitError, match="not of the same persons"):
        rs.standardise(FIT, "sex", times=100, competing=part)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        timed = rs.coxph("Surv(time, status) ~ sex + age + age:tt(log(time))", LUNG)
        exact = rs.coxph("Surv(time, status) ~ sex", LUNG.head(40), ties="exact")
    with pytest.raises(FitError, match="changes with time"):
        rs.standardise(timed, "sex", times=100)
    with pytest.raises(FitError, match="exact ties"):
        rs.standardise(exact, "sex", times=100)


def test_contrasts_are_made_of_the_levels():
    found = rs.standardise(FIT, "sex", times=[180, 365])
    risk = found.table.filter(pl.col("quantity") == "risk")["estimate"].to_numpy().reshape(2, 2)
    rmst = (
        found.table.filter(pl.col("quantity") == "restricted mean survival time")["estimate"]
        .to_numpy()
        .reshape(2, 2)
    )
    lost = found.table.filter(pl.col("quantity") == "time lost")["estimate"].to_numpy().reshape(2, 2)
    of = {
        q: rows["estimate"].to_numpy()
        for (q,), rows in found.contrasts.group_by("quantity", maintain_order=True)
    }
    np.testing.assert_allclose(of["risk difference"], risk[1] - risk[0], rtol=1e-14)
    np.testing.assert_allclose(of["risk ratio"], risk[1] / risk[0], rtol=1e-14)
    np.testing.assert_allclose(
        of["difference in restricted mean survival time"], rmst[1] - rmst[0], rtol=1e-12
    )
    np.testing.assert_allclose(lost + rmst, [[180, 365], [180, 365]], rtol=1e-14)
    assert (found.table["lower"] <= found.table["estimate"]).all()
    assert (found.table["estimate"] <= found.table["upper"]).all()
    turned = rs.standardise(FIT, "sex", ["male", "female"], times=[180, 365]).contrasts
    np.testing.assert_allclose(
        turned.filter(pl.col("quantity") == "risk ratio")["lower"].to_numpy() * found.contrasts.filter(pl.col("quantity") == "risk ratio")["upper"].to_numpy(),
        1.0, rtol=1e-12,
    )  # fmt: skip


def test_a_number_needed_is_told_only_where_its_interval_does_not_run_through_infinity():
    known = rs.standardise(FIT, "sex", times=365).number_needed().row(0, named=True)
    difference = rs.standardise(FIT, "sex", times=365).contrasts.row(0, named=True)
    assert known["direction"] == "more events"
    assert known["number"] == pytest.approx(1 / difference["estimate"])
    assert (known["lower"], known["upper"]) == pytest.approx(
        (1 / difference["upper"], 1 / difference["lower"])
    )
    small = rs.coxph("Surv(time, status) ~ sex + age", LUNG.head(25))
    unknown = rs.standardise(small, "sex", times=300).number_needed().row(0, named=True)
    assert unknown["number"] is None
    assert "includes 0" in unknown["reason"]


def test_a_level_that_nobody_drawn_has_leaves_its_replicate_undefined():
    rows = pl.DataFrame(
        {
            "t": range(1, 31),
            "d": [True, True, False] * 10,
            "arm": ["a"] * 29 + ["b"],
            "x": [k % 7 for k in range(30)],
        }
    )
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        fit = rs.coxph("Surv(t, d) ~ arm + x", rows.with_columns(d=pl.col("d") | (pl.col("t") == 30)))
    found = rs.standardise(
        fit, "arm", times=20, intervals="bootstrap", n=30, level=0.8, rng=np.random.default_rng(2)
    )
    # about exp(-1) of the replicates have not drawn the one person of arm b
    assert 4 <= found.replicates["aliased"] <= 20
    assert sum(found.replicates.values()) == 30
    # 30 replicates of which a third are not defined leave too few for a percentile
    assert found.table["lower"].is_null().all()


def test_competing_risks_are_smaller_and_have_no_restricted_mean_survival():
    data = LUNG.with_columns(
        other=(pl.col("status") == 1).cast(pl.Int64), status=(pl.col("status") == 2).cast(pl.Int64)
    )
    fit = rs.coxph("Surv(time, status) ~ sex + age", data)
    other = rs.coxph("Surv(time, other) ~ sex + age", data)
    alone, both = (rs.standardise(fit, "sex", times=365, competing=c) for c in ((), other))
    assert both.competing == 1
    assert set(both.table["quantity"]) == {"risk", "time lost"}
    assert (
        both.table["estimate"].to_numpy()
        < alone.table.filter(pl.col("quantity") != "restricted mean survival time")["estimate"].to_numpy()
    ).all()
    assert "risk difference at 365, male against female" in str(both)
