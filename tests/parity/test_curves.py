"""Curves and rates against R's survival: parity/r/curves.R made the expected values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.curves import KaplanMeier, garwood, incidence_rate, kaplan_meier

HERE = Path(__file__).parent
DATA = HERE.parent / "data"
R = frozen("curves")


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(DATA / name, infer_schema_length=None)


def agree_with_curve(km: KaplanMeier, name: str) -> None:
    expected = R[name]
    steps = expected["steps"] if isinstance(expected["steps"], list) else [expected["steps"]]
    assert [g.time.size for g in km.groups] == steps
    for column in ("time", "n_risk", "n_event", "n_censor", "survival", "std_error", "lower", "upper"):
        agree(np.concatenate([getattr(g, column) for g in km.groups]), expected[column])


LUNG = read("lung.csv").with_columns(dead=pl.col("status") == 2, w=1 + pl.col("age") % 3)
HEART = read("heart.csv").with_columns(w=0.5 + pl.col("id") % 4 / 3)


@pytest.mark.parametrize("conf_type", ["log", "log-log", "plain"])
def test_each_type_of_confidence_limit(conf_type):
    agree_with_curve(
        kaplan_meier(read("aml.csv"), "Surv(time, status)", "x", conf_type=conf_type), f"aml_{conf_type}"
    )


def test_groups_median_and_values_at_given_times():
    km = kaplan_meier(LUNG, "Surv(time, dead)", "sex")
    agree_with_curve(km, "lung_by_sex")
    for column in ("median", "lower", "upper"):
        agree(km.medians()[column].cast(pl.Float64).to_numpy(), R["lung_median"][column])
    at = pl.concat([g.at([0, 100, 365, 730]) for g in km.groups])
    for column in ("time", "n_risk", "survival", "std_error", "lower", "upper"):
        agree(at[column].to_numpy(), R["lung_at"][column])


def test_case_weights_with_both_variances():
    agree_with_curve(kaplan_meier(LUNG, "Surv(time, dead)", weights="w"), "lung_weights_greenwood")
    agree_with_curve(
        kaplan_meier(LUNG, "Surv(time, dead)", weights="w", robust=True), "lung_weights_jackknife"
    )


def test_delayed_entry_by_rows_in_groups_that_change():
    km = kaplan_meier(HEART, "Surv(start, stop, event)", "transplant", id="id")
    agree_with_curve(km, "heart_rows")
    assert km.estimator == "Simon-Makuch"


def test_rows_of_one_person_that_follow_each_other_are_one_stay():
    km = kaplan_meier(HEART, "Surv(start, stop, event)", id="id")
    agree_with_curve(km, "heart_persons")
    assert (km.groups[0].n_persons, km.groups[0].n_rows) == (103, 172)


def test_jackknife_with_delayed_entry_and_weights_that_are_not_whole():
    km = kaplan_meier(HEART, "Surv(start, stop, event)", weights="w")
    assert km.variance == "infinitesimal jackknife"  # R's rule: weights are not whole
    agree_with_curve(km, "heart_jackknife")


def test_median_on_a_flat_step_at_one_half_is_its_middle():
    km = kaplan_meier({"time": [1, 2, 3, 4], "event": [1, 1, 0, 1]}, "Surv(time, event)")
    assert km.groups[0].median[0] == R["half"]["median"]


def test_rates_with_exact_limits():
    table = incidence_rate(read("mgus2_rates.csv"), "death", "sex", per=1, exit="fu", time_unit="years")
    expected = R["rates_by_sex"]
    assert table["sex"].to_list() == expected["sex"]
    assert table["events"].to_list() == expected["events"]
    for ours, theirs in (
        ("person_time", "person_years"),
        ("rate", "rate"),
        ("lower", "lower"),
        ("upper", "upper"),
    ):
        agree(table[ours].to_numpy(), expected[theirs])


@pytest.mark.parametrize("level", [0.95, 0.9])
def test_exact_poisson_limits(level):
    expected = R[f"poisson_{level}"]
    lower, upper = garwood(expected["events"], expected["time"], level)
    agree(lower, expected["lower"])
    agree(upper, expected["upper"])
