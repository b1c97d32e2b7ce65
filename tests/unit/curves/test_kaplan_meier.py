"""Kaplan-Meier at its edges, each answer by hand."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.curves import kaplan_meier
from riskset.errors import DesignError, EpisodeError


def only(data, outcome="Surv(entry, exit, event)", **more):
    (group,) = kaplan_meier(data, outcome, **more).groups
    return group


def test_nobody_at_risk_for_a_while():
    # one leaves at 2, the next enters at 5: survival stands still in between, and nobody is at risk at 4
    group = only({"entry": [0, 0, 5, 5], "exit": [1, 2, 6, 7], "event": [1, 0, 1, 0]})
    assert group.survival.tolist() == [0.5, 0.5, 0.25, 0.25]
    assert group.at_risk([0, 1, 2, 4, 6, 7]).tolist() == [2, 2, 1, 0, 2, 1]


def test_entry_at_the_first_event_time_is_not_at_risk_there():
    group = only({"entry": [0, 0, 3], "exit": [3, 9, 9], "event": [1, 0, 0]})
    assert group.n_risk.tolist() == [2, 2]
    assert group.survival.tolist() == [0.5, 0.5]


def test_everybody_has_the_event_at_one_time():
    group = only({"time": [4.0, 4.0, 4.0], "event": [1, 1, 1]}, "Surv(time, event)")
    assert group.survival.tolist() == [0.0]
    assert np.isnan([group.std_error[0], group.lower[0], group.upper[0]]).all()
    assert group.median[0] == 4.0
    assert group.at([9.0])["survival"].to_list() == [0.0]  # once 0, it stays 0


def test_survival_that_fell_to_zero_stays_there_when_others_enter_late():
    group = only({"entry": [0, 5], "exit": [2, 8], "event": [1, 1]})
    assert group.survival.tolist() == [0.0, 0.0]


def test_all_censored():
    group = only({"time": [1.0, 2.0], "event": [0, 0]}, "Surv(time, event)")
    assert group.survival.tolist() == [1.0, 1.0]
    assert group.lower.tolist() == group.upper.tolist() == [1.0, 1.0]
    assert group.median == (np.inf, np.inf, np.inf)
    assert group.at([3.0])["survival"].to_list() == [None]  # nobody was observed so long


@pytest.mark.parametrize("conf_type", ["log", "log-log", "plain"])
def test_limits_are_one_while_survival_is_one(conf_type):
    group = only({"time": [1, 2, 3], "event": [0, 1, 0]}, "Surv(time, event)", conf_type=conf_type)
    assert (group.lower[0], group.survival[0], group.upper[0]) == (1.0, 1.0, 1.0)


def test_one_person_in_three_rows_with_an_event_at_the_last_time():
    data = {"id": [7, 7, 7], "entry": [0, 1, 2], "exit": [1, 2, 3], "event": [0, 0, 1]}
    group = only(data, id="id")
    assert (group.time.tolist(), group.n_censor.tolist()) == ([3.0], [0.0])
    assert (group.n_persons, group.n_rows, group.n_events, group.person_time) == (1, 3, 1.0, 3.0)


def test_leaving_and_coming_back_is_two_stays():
    data = {"id": [7, 7, 8], "entry": [0, 4, 0], "exit": [2, 6, 9], "event": [0, 1, 0]}
    group = only(data, id="id")
    assert group.n_censor.tolist() == [1.0, 0.0, 1.0]  # gone at 2, back for the event at 6
    assert group.at_risk([3]).tolist() == [1.0]


def test_rows_of_weight_zero_are_not_there():
    data = {"time": [1.0, 2.0, 3.0], "event": [1, 1, 0], "w": [1, 0, 1]}
    group = only(data, "Surv(time, event)", weights="w")
    assert (group.time.tolist(), group.survival.tolist()) == ([1.0, 3.0], [0.5, 0.5])


def test_an_event_at_time_zero_counts_where_no_entry_is_named():
    group = only({"time": [0.0, 1.0], "event": [1, 0]}, "Surv(time, event)")
    assert group.survival.tolist() == [0.5, 0.5]


def test_times_that_differ_by_rounding_are_one_time():
    # 0.1 + 0.2 is not 0.3 in binary; with R's timefix they are tied
    group = only({"time": [0.1 + 0.2, 0.3, 0.4], "event": [1, 1, 0]}, "Surv(time, event)")
    assert group.n_event.tolist() == [2.0, 0.0]


def test_a_row_shorter_than_times_can_be_told_apart_is_refused():
    with pytest.raises(EpisodeError, match="shorter than times can be told apart"):
        only({"entry": [0.3, 0.0], "exit": [0.1 + 0.2, 1.0], "event": [1, 0]})


def test_time_in_another_unit():
    data = {"time": [365.25, 730.5], "event": [1, 0]}
    km = kaplan_meier(data, "Surv(time, event)", unit="years", time_unit="days")
    assert (km.unit, km.groups[0].time.tolist()) == ("years", [1.0, 2.0])
    with pytest.raises(DesignError, match="unit of the times is not known"):
        kaplan_meier(data, "Surv(time, event)", unit="years")


def test_groups_stand_in_the_order_of_their_levels():
    use = pl.Series(["user", "naive", "user"], dtype=pl.Enum(["user", "naive", "past"]))
    km = kaplan_meier(pl.DataFrame({"t": [1, 2, 3], "d": [1, 0, 1], "use": use}), "Surv(t, d)", "use")
    assert [g.label for g in km.groups] == ["user", "naive"]
    assert km.estimator == "Kaplan-Meier"
    assert km.frame()["group"].to_list() == ["user", "user", "naive"]


def test_refusals():
    data = {"t": [1, 2], "d": [1, 0], "g": ["a", None], "w": [1.0, -1.0]}
    with pytest.raises(EpisodeError, match="group is missing"):
        kaplan_meier(data, "Surv(t, d)", "g")
    with pytest.raises(EpisodeError, match="weights"):
        kaplan_meier(data, "Surv(t, d)", weights="w")
    with pytest.raises(DesignError, match="conf_type"):
        kaplan_meier(data, "Surv(t, d)", conf_type="loglog")
    with pytest.raises(DesignError, match="no column 'dd'"):
        kaplan_meier(data, "Surv(t, dd)")
    with pytest.raises(EpisodeError, match="no row at risk"):
        kaplan_meier({"t": [1], "d": [1], "w": [0]}, "Surv(t, d)", weights="w")
