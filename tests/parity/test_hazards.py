"""Proportional hazards, changing coefficients, baselines, survival and predictions against R: parity/r/hazards.R."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen, numbers

from riskset.cox import CoxFit, cox_survival, cox_zph, coxph, split_episodes

DATA = Path(__file__).parents[1] / "data"
EXPECTED = frozen("hazards")
LUNG = pl.read_csv(DATA / "lung.csv")
COMPLETE = LUNG.drop_nulls(["age", "sex", "ph.ecog"])
WEIGHED = LUNG.drop_nulls(["inst", "age", "ph.ecog", "wt.loss"]).with_columns(
    w1=1 + pl.col("age") % 3,
    w2=(0.25 + pl.col("wt.loss") ** 2 / 400 + pl.col("age") / 80).round(4),
)
HEART = pl.read_csv(DATA / "heart.csv").with_columns(
    pl.col("transplant").cast(pl.String).cast(pl.Enum(["0", "1"]))
)
AGE = pl.read_csv(DATA / "mgus2_age.csv")
PBC = pl.read_csv(DATA / "pbc_zph.csv").with_columns(lpro=pl.col("protime").log(), w=1 + pl.col("id") % 2)
VISITS = pl.read_csv(DATA / "pbcseq_episodes.csv").with_columns(lb=pl.col("bili").log())
THREE = "Surv(time, status) ~ age + sex + ph.ecog"
PROFILES = {"age": [50, 60, 75], "sex": [1, 2, 1], "ph.ecog": [0, 1, 2]}
BY_SEX = "Surv(time, status) ~ age + ph.ecog + strata(sex)"
FIVE = "Surv(time, death) ~ age + factor(edema) + log(bili) + log(protime) + log(albumin)"
MGUS = "Surv(entry, exit, death) ~ sex + hgb + creat"

ZPH: dict[str, tuple[pl.DataFrame, str, dict[str, Any], bool]] = {
    "heart_strata": (HEART, "Surv(start, stop, event) ~ age + year + strata(transplant)", {}, True),
    "strata_inst": (WEIGHED, "Surv(time, status) ~ age + ph.ecog + strata(inst)", {}, True),
    "age": (AGE, MGUS, {}, True),
    "pbc": (PBC, FIVE, {}, True),
    "pbc_columns": (PBC, FIVE, {}, False),
    "pbc_weighted": (PBC, "Surv(time, death) ~ age + log(bili)", {"weights": "w"}, True),
}
for _t in ("efron", "breslow"):
    for _columns in ("", "_columns"):
        ZPH[f"heart_{_t}{_columns}"] = (
            HEART,
            "Surv(start, stop, event) ~ (age + surgery) * transplant",
            {"ties": _t},
            not _columns,
        )


def ordered(time: Any, y: Any) -> np.ndarray:
    """Sort rows by time and value: R lists tied deaths of (start, stop] rows in reverse."""
    values = numbers(y)
    return values[np.lexsort((*np.nan_to_num(values.round(8), nan=np.inf).T, numbers(time)))]


@pytest.mark.parametrize("case", ZPH)
def test_proportional_hazards(case: str):
    data, formula, options, terms = ZPH[case]
    fit = coxph(formula, data, **options)
    for transform, r in EXPECTED[f"zph_{case}"].items():
        ours = cox_zph(fit, transform, terms=terms)
        agree(ours.table["chi2"], r["chi2"])
        agree(ours.table["df"], r["df"])
        agree(ours.x.sum(), r["x"])
        agree(ours.variance, r["var"])
        if "y" in r:
            agree(ours.time, r["time"])
            if case == "heart_strata":  # strata one after the other, in R as here
                assert ours.y.shape == numbers(r["y"]).shape
            agree(ordered(ours.time, ours.y), ordered(r["time"], r["y"]), of=r["y"])


def test_proportional_hazards_against_any_function():
    agree(cox_zph(coxph(FIVE, PBC), np.sqrt).table["chi2"], EXPECTED["zph_pbc_sqrt"]["chi2"])


@pytest.mark.parametrize(
    ("case", "terms"),
    [("tt_log", "log(time)"), ("tt_step", "time > 1000")],
)
def test_coefficients_that_change_with_time(case: str, terms: str):
    fit = coxph(f"Surv(time, death) ~ age + log(bili) + lpro + lpro:tt({terms})", PBC)
    r = EXPECTED[case]
    place = [0, 1, 3, 2] if case == "tt_log" else [0, 1, 2, 3]  # as the script writes its terms
    assert [r["names"][i] for i in place] == ["age", "log(bili)", "lpro", "tt(lpro)"]
    agree(fit.params, numbers(r["coef"])[place], of=r["coef"])
    agree(fit.cov_params(), numbers(r["vcov"])[np.ix_(place, place)], of=r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])
    assert (fit.n_persons, fit.n_events) == (416, 160)
    assert fit.person_time == PBC["time"].sum()


def test_steps_of_a_coefficient_by_splitting():
    r = EXPECTED["survsplit"]
    rows = split_episodes(PBC, [365, 1000], exit="time", event="death", episode="tg")
    for ours, theirs in (("entry", "tstart"), ("time", "time"), ("death", "death"), ("tg", "tg")):
        agree(rows[ours], r[theirs])
    fit = coxph("Surv(entry, time, death) ~ age + log(bili) + lpro:strata(tg)", rows, id="id")
    agree(fit.params, r["coef"])
    agree(fit.cov_params(), r["vcov"])
    agree([fit.loglik_null, fit.loglik], r["loglik"])


@cache
def lung(ties: str) -> CoxFit:
    return coxph(THREE, COMPLETE, ties=ties)


def compare_base(fit: CoxFit, r: Any) -> None:
    for centered in (True, False):
        base = fit.baseline_hazard(centered=centered)
        agree(base["time"], r["time"])
        agree(base["hazard"], r["centered" if centered else "uncentered"])


COLUMNS = {"cumhaz": "cumulative_hazard", "std_err": "std_error", "surv": "survival"}


def compare_curves(table: pl.DataFrame, r: Any, tables: list[pl.DataFrame] | None = None) -> None:
    """One column for each profile where R has a matrix, else one curve after the other."""
    for name, theirs in r.items():
        column = COLUMNS.get(name, name)
        if np.ndim(numbers(theirs)) == 2:
            each = [rows[column].to_numpy() for _, rows in table.group_by("curve", maintain_order=True)]
            agree(np.stack(each, axis=1), theirs)
        else:
            rows = (
                table if table.height == len(theirs) else table.filter(pl.col("curve") == table["curve"][0])
            )
            agree(rows[column], theirs)


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_baseline_and_curves_of_profiles(ties: str):
    fit = lung(ties)
    compare_base(fit, EXPECTED[f"base_{ties}"])
    for conf_type in ("log", "log-log", "plain"):
        compare_curves(
            cox_survival(fit, PROFILES, conf_type=conf_type).table, EXPECTED[f"curve_{ties}_{conf_type}"]
        )
    first = {k: v[0] for k, v in PROFILES.items()}
    compare_curves(cox_survival(fit, first, level=0.9).table, EXPECTED[f"curve_{ties}_90"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
@pytest.mark.parametrize("weights", ["w1", "w2"])
def test_weighted_baseline(weights: str, ties: str):
    fit = coxph(THREE, WEIGHED, weights=weights, ties=ties)
    compare_base(fit, EXPECTED[f"base_{weights}_{ties}"])


def test_strata_have_their_own_baselines():
    fit, r = coxph(BY_SEX, COMPLETE), EXPECTED["strata"]
    agree(fit.baseline_hazard()["hazard"], r["centered"])
    profiles = {"age": [50, 70], "ph.ecog": [0, 2]}
    compare_curves(cox_survival(fit, profiles).table, r["all"])
    compare_curves(cox_survival(fit, profiles | {"sex": [1, 2]}).table, r["own"])
    agree(fit.predict()[0], r["lp_strata"])
    agree(fit.predict(reference="sample")[0], r["lp_sample"])


def test_delayed_entry_and_a_path_of_covariates():
    fit = coxph("Surv(tstart, tstop, d) ~ lb + age + albumin", VISITS)
    r = EXPECTED["delayed"]
    agree(fit.baseline_hazard(centered=False)["hazard"], r["uncentered"])
    fixed = cox_survival(fit, {"lb": np.log([1, 5]), "age": 50, "albumin": 3.5})
    compare_curves(fixed.table, {k: v for k, v in r.items() if k != "uncentered"})
    path = {
        "tstart": [0, 365, 1100, 0, 500],
        "tstop": [365, 1100, 2500, 500, 2500],
        "lb": np.log([1, 2, 6, 3, 1.2]),
        "age": [50, 50, 50, 60, 60],
        "albumin": [3.8, 3.6, 3.0, 3.5, 3.7],
        "subj": [1, 1, 1, 2, 2],
    }
    compare_curves(cox_survival(fit, path, id="subj").table, EXPECTED["path"])


@pytest.mark.parametrize("ties", ["efron", "breslow"])
def test_predictions(ties: str):
    fit, r = lung(ties), EXPECTED[f"predict_{ties}"]
    new = pl.DataFrame(PROFILES)
    ended = new.with_columns(time=pl.Series([180, 365, 730]))
    predicted = {
        "lp": fit.predict("lp", new),
        "terms": tuple(v[:10] for v in fit.predict("terms")),
        "expected": fit.predict("expected", ended),
        "survival": fit.predict("survival", ended),
    }
    for reference in ("sample", "strata", "zero"):
        predicted[f"risk_{reference}"] = fit.predict("risk", new, reference=reference)
    assert predicted.keys() == r.keys()
    for name, (values, errors) in predicted.items():
        agree(values, r[name]["fit"])
        agree(errors, r[name]["se"])


def test_offset_is_part_of_the_linear_predictor():
    fit = coxph("Surv(time, status) ~ age + offset(0.3 * ph.ecog) + sex", WEIGHED)
    r = EXPECTED["offset"]
    agree(fit.predict("lp", reference="sample")[0], r["lp_sample"])
    agree(fit.predict("expected")[0], r["expected"])
    # R takes the mean offset off where covariates are not centred, and only there; here it never goes.
    mean = (0.3 * WEIGHED["ph.ecog"]).mean()
    agree(fit.predict("lp", reference="zero")[0] - mean, r["lp_zero"])


def test_every_expected_number_is_compared():
    named = {f"zph_{c}" for c in ZPH} | {"zph_pbc_sqrt", "tt_log", "tt_step", "survsplit", "strata", "offset"}
    named |= {"path", "delayed", "versions"}
    for ties in ("efron", "breslow"):
        named |= {f"base_{ties}", f"predict_{ties}", f"base_w1_{ties}", f"base_w2_{ties}"}
        named |= {f"curve_{ties}_{kind}" for kind in ("log", "log-log", "plain", "90")}
    assert set(EXPECTED) == named
