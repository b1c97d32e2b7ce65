"""Competing causes, states, tests of groups and rates against R: parity/r/incidence.R made the expected values."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from agreement import agree, frozen

from riskset.curves import (
    TimeBands,
    aalen_johansen,
    exact_rate_ratio,
    gray_test,
    incidence_rate,
    kaplan_meier,
    landmark,
    logrank,
    mid_p,
    nelson_aalen,
    rate_difference,
    rate_ratio,
    reverse_kaplan_meier,
    standardised_rate,
    standardised_ratio,
)
from riskset.curves.kaplan_meier import curves_of

DATA = Path(__file__).resolve().parent.parent / "data"
R = frozen("incidence")


def read(name: str) -> pl.DataFrame:
    return pl.read_csv(DATA / name, infer_schema_length=None)


CAUSE = pl.Enum(["censor", "pcm", "death"])
CAUSES = read("mgus2_causes.csv").with_columns(pl.col("ev").cast(CAUSE))
LATE = (
    CAUSES.filter(pl.col("etime") > 0)
    .with_columns(a=pl.col("age") * 12.0, w=0.5 + pl.col("id") % 4 / 3)
    .with_columns(b=pl.col("a") + pl.col("etime"))
)
COMPETING = read("mgus2_competing.csv").with_columns(
    old=1 + (pl.col("age") > 60).cast(pl.Int64) + (pl.col("age") > 75).cast(pl.Int64)
)
STATES = read("mgus2_multistate.csv").with_columns(
    to=pl.col("state").replace_strict({0: "censor", 1: "pcm", 2: "death"}, return_dtype=CAUSE),
    now=pl.col("haspcm").replace_strict({0: "mgus", 1: "pcm"}, return_dtype=pl.String),
)
LUNG = read("lung.csv").with_columns(dead=pl.col("status") == 2, w=1 + pl.col("age") % 3)
HEART = read("heart.csv")
RATES = read("mgus2_rates.csv")


def agree_with_states(curves, name: str) -> None:
    expected = R[name]
    steps = expected["steps"] if isinstance(expected["steps"], list) else [expected["steps"]]
    assert [g.time.size for g in curves.groups] == steps

    def ours(column: str) -> np.ndarray:
        return np.concatenate([getattr(g, column) for g in curves.groups])[:: expected["every"]]

    for column in ("time", "probability", "std_error"):
        agree(ours(column), expected[column])
    # R gives no limits, or others, where a probability is exactly 0 or 1; here they are the estimate
    inside = (ours("std_error") > 0).ravel()
    for column in ("lower", "upper"):
        theirs = [v for row in expected[column] for v in row]
        agree(
            ours(column).ravel()[inside],
            [v for v, k in zip(theirs, inside, strict=True) if k],
            of=expected[column],
        )


@pytest.mark.parametrize("conf_type", ["log", "log-log", "plain", "logit", "arcsin"])
def test_cumulative_incidence_with_each_type_of_limit(conf_type):
    curves = aalen_johansen(CAUSES, "Surv(etime, ev)", "sex", conf_type=conf_type)
    agree_with_states(curves, f"causes_{conf_type}")
    every = R[f"causes_{conf_type}"]["every"]
    n_event = np.concatenate([g.n_event for g in curves.groups])[::every]
    agree(n_event, R[f"causes_{conf_type}"]["n_event"])
    agree(np.concatenate([g.n_censor for g in curves.groups])[::every], R[f"causes_{conf_type}"]["n_censor"])


def test_the_guard_gives_cumulative_incidence():
    curves = kaplan_meier(CAUSES, "Surv(etime, ev)", "sex")
    agree_with_states(curves, "causes_log")


def test_expected_time_in_each_state():
    table = aalen_johansen(CAUSES, "Surv(etime, ev)", "sex").time_in_states(240)
    order = pl.Enum(["no event", "pcm", "death"])
    table = table.sort(pl.col("state").cast(order), "group")
    agree(table["mean_time"].to_numpy(), R["time_in_states"]["mean"])
    agree(table["std_error"].to_numpy(), R["time_in_states"]["std_error"])


def test_delayed_entry_and_weights_that_are_not_whole():
    agree_with_states(aalen_johansen(LATE, "Surv(a, b, ev)", "sex", id="id", weights="w"), "causes_late")


def test_from_a_later_time_on():
    # R counts an event on the very day of the start; there is none at 840.5
    agree_with_states(aalen_johansen(LATE, "Surv(a, b, ev)", id="id", start=840.5), "causes_from")


def test_several_states():
    options = {"state": "now", "id": "id"}
    agree_with_states(
        aalen_johansen(STATES, "Surv(tstart, tstop, to)", "sex", start=0.0, **options), "states"
    )


def test_several_states_with_delayed_entry_and_estimated_start():
    older = STATES.with_columns(
        a=pl.col("age") * 12 + pl.col("tstart"), b=pl.col("age") * 12 + pl.col("tstop")
    ).filter(pl.col("b") > 780)
    older = older.with_columns(a=pl.max_horizontal("a", pl.lit(780.0)))
    curves = aalen_johansen(older, "Surv(a, b, to)", state="now", id="id")
    agree_with_states(curves, "states_late")
    agree(curves.groups[0].start, R["states_late"]["start"])


def test_aalens_variance_as_cuminc():
    curves = aalen_johansen(COMPETING, "Surv(etime, code)", "sex", variance="aalen")
    at = R["cuminc"]["at"]
    expected = {}
    for cause in ("1", "2"):
        for group in curves.groups:
            rows = group.at(at).filter(pl.col("state") == cause)
            expected[f"{group.label} {cause}"] = rows
    ours = [expected[name] for name in R["cuminc"]["names"]]
    agree([r["probability"].to_list() for r in ours], R["cuminc"]["estimate"])
    agree([(r["std_error"] ** 2).to_list() for r in ours], R["cuminc"]["variance"])
    # the last time is beyond the last event of a cause, where cuminc's table ends
    one = aalen_johansen(COMPETING, "Surv(etime, code)", variance="aalen").groups[0]
    agree(one.time, R["cuminc_all"]["time"])
    for k in (0, 1):
        known = np.array([v is not None for v in R["cuminc_all"]["estimate"][k]])
        for ours_, name in ((one.probability, "estimate"), (one.std_error**2, "variance")):
            theirs = np.array([v for v in R["cuminc_all"][name][k] if v is not None])
            agree(ours_[known, k + 1], theirs, of=R["cuminc_all"][name])


@pytest.mark.parametrize(
    ("name", "options"),
    [("two", {"by": "sex"}), ("rho", {"by": "sex", "rho": 1}), ("three", {"by": "old"}),
     ("strata", {"by": "old", "strata": "sex"})],
)  # fmt: skip
def test_grays_test(name, options):
    for cause, (statistic, p, df) in zip(("1", "2"), R["gray"][name], strict=True):
        test = gray_test(COMPETING, "Surv(etime, code)", cause=cause, **options)
        agree(test.statistic, statistic)
        agree(1 - test.p_value, 1 - p, of=p)  # R takes P from 1, and has 0 for the smallest
        assert test.df == df


@pytest.mark.parametrize("rho", [0, 0.5, 1])
def test_the_log_rank_family(rho):
    test = logrank(LUNG.drop_nulls("ph.ecog"), "Surv(time, dead)", "ph.ecog", rho=rho)
    expected = R[f"logrank_rho_{rho}"]
    agree(test.groups["observed"].to_numpy(), expected["observed"])
    agree(test.groups["expected"].to_numpy(), expected["expected"])
    agree(test.statistic, expected["chisq"])


def test_the_stratified_log_rank_test():
    test = logrank(LUNG.drop_nulls("ph.ecog"), "Surv(time, dead)", "sex", strata="ph.ecog")
    agree(test.groups["expected"].to_numpy(), R["logrank_strata"]["expected"])
    agree(test.statistic, R["logrank_strata"]["chisq"])


def test_log_rank_with_delayed_entry_is_the_score_test_of_the_exact_likelihood():
    test = logrank(HEART, "Surv(start, stop, event)", "transplant", id="id")
    assert test.method == "Mantel-Byar test"
    agree(test.statistic, R["logrank_late"]["chisq"])


def test_trend_is_the_score_test_of_the_scores():
    test = logrank(LUNG.drop_nulls("ph.ecog"), "Surv(time, dead)", "ph.ecog", trend=[0, 1, 2, 3])
    agree(test.statistic, R["trend"]["chisq"])


@pytest.mark.parametrize("conf_type", ["logit", "arcsin"])
def test_limits_of_survival(conf_type):
    curves = kaplan_meier(read("aml.csv"), "Surv(time, status)", "x", conf_type=conf_type)
    for side in ("lower", "upper"):
        agree(np.concatenate([getattr(g, side) for g in curves.groups]), R[f"aml_{conf_type}"][side])


def test_quantiles_with_limits():
    expected = R["quantiles"]
    table = kaplan_meier(LUNG, "Surv(time, dead)", "sex").quantiles(expected["p"])
    for column in ("time", "lower", "upper"):
        ours = table[column].to_numpy().reshape(2, -1)
        agree(ours, expected[column])


def test_restricted_means():
    table = kaplan_meier(LUNG, "Surv(time, dead)", "sex").rmst(500)
    agree(table["rmst"].to_numpy(), R["rmst"]["mean"])
    agree(table["std_error"].to_numpy(), R["rmst"]["std_error"])
    weighted = kaplan_meier(LUNG, "Surv(time, dead)", weights="w", robust=True).rmst(500)
    agree(
        weighted["std_error"].to_numpy() ** 2,
        [R["rmst_jackknife"]["variance"]],
        of=R["rmst_jackknife"]["variance"],
    )


def test_cumulative_hazards():
    groups = nelson_aalen(LUNG, "Surv(time, dead)", "sex")
    agree(np.concatenate([g.hazard for g in groups]), R["hazard"]["hazard"])
    agree(np.concatenate([g.std_error for g in groups]), R["hazard"]["std_error"])


def test_jackknife_over_persons_of_several_rows():
    curve = curves_of(HEART, "Surv(start, stop, event)", id="id", robust=True).groups[0]
    expected = R["hazard_persons"]
    agree(curve.time, expected["time"])
    agree(curve.hazard, expected["hazard"])
    agree(curve.hazard_std_error, expected["std_error"])
    agree(curve.std_error, expected["survival_error"])


def test_follow_up_time():
    table = reverse_kaplan_meier(LUNG, "Surv(time, dead)", "sex").medians()
    for column in ("median", "lower", "upper"):
        agree(table[column].cast(pl.Float64).to_numpy(), R["follow_up"][column])


def test_curves_from_a_landmark():
    curves = landmark(LUNG, "Surv(time, dead)", "sex", at=100)
    at = pl.concat([g.at([200, 400]) for g in curves.groups])
    agree(at["survival"].to_numpy(), R["landmark"]["survival"])
    agree(at["std_error"].to_numpy(), R["landmark"]["std_error"])


AGE = TimeBands("band", "age", [0, 50, 60, 70, 80, 90, 120])
TIMES = {"exit": "fu", "time_unit": "years", "id": "id"}


def test_rates_by_attained_age():
    table = incidence_rate(RATES, "death", "sex", bands=AGE, **TIMES).sort("sex", "band")
    agree(table["person_time"].to_numpy(), R["pyears"]["person_years"])
    agree(table["persons"].to_numpy(), R["pyears"]["n"])
    agree(table["events"].to_numpy(), R["pyears"]["events"])


def test_rates_by_attained_age_and_calendar_period():
    age = TimeBands("g", "age", list(range(20, 111, 10)))
    period = TimeBands("p", "dxyr", list(range(1950, 2011, 10)))
    table = incidence_rate(RATES, "death", bands=[age, period], **TIMES).sort("p", "g")
    expected = R["lexis"]
    assert [n.split(" ")[0] for n in table["g"].to_list()] == [f"{v:g}" for v in expected["age"]]
    assert [n.split(" ")[0] for n in table["p"].to_list()] == [f"{v:g}" for v in expected["period"]]
    agree(table["person_time"].to_numpy(), expected["person_years"])
    agree(table["events"].to_numpy(), expected["events"])


def test_ratio_and_difference_of_rates():
    ratio = rate_ratio(RATES, "death", "sex", reference="F", **TIMES).row(1, named=True)
    for ours, theirs in (("ratio", "ratio"), ("lower", "lower"), ("upper", "upper")):
        agree(ratio[ours], R["ratio"][theirs])
    agree(ratio["p_value"], R["ratio"]["p"])
    gap = rate_difference(RATES, "death", "sex", reference="F", per=1, **TIMES).row(1, named=True)
    for name in ("difference", "lower", "upper"):
        agree(gap[name], R["difference"][name])
    few = exact_rate_ratio(2, 31.5, 9, 60)
    for ours, theirs in (
        (few.estimate, "ratio"),
        (few.lower, "lower"),
        (few.upper, "upper"),
        (few.p_value, "p"),
    ):
        agree(ours, R["ratio_few"][theirs])


def test_mid_p_limits():
    lower, upper = mid_p(R["mid_p"]["events"], 1.0)
    agree(lower, R["mid_p"]["lower"])
    agree(upper, R["mid_p"]["upper"])


def test_directly_standardised_rates():
    expected = R["standardised"]
    standard = pl.DataFrame({"band": AGE.names(), "weight": [float(v) for v in expected["standard"]]})
    table = standardised_rate(
        RATES, "death", "sex", strata="band", standard=standard, bands=AGE, per=1, **TIMES
    )
    for name in ("rate", "std_error", "lower", "upper"):
        agree(table[name].to_numpy(), expected[name])


def test_events_over_those_expected_at_external_rates():
    expected = R["ratio_to_external"]
    rates = pl.DataFrame({"band": AGE.names(), "rate": [float(v) for v in expected["rates"]]})
    table = standardised_ratio(RATES, "death", "sex", strata="band", rates=rates, bands=AGE, **TIMES)
    for name in ("observed", "expected", "lower", "upper"):
        agree(table[name].to_numpy(), expected[name])
