"""Competing causes, states and tests of groups at their edges, each answer by hand."""

from __future__ import annotations

from datetime import date

import numpy as np
import polars as pl
import pytest

import riskset as rs
from riskset.curves import (
    AalenJohansen,
    KaplanMeier,
    aalen_johansen,
    gray_test,
    kaplan_meier,
    landmark,
    logrank,
)
from riskset.errors import DesignError, EpisodeError

SURV = "Surv(entry, exit, cause)"


def only(data, outcome=SURV, **more):
    (group,) = aalen_johansen(data, outcome, **more).groups
    return group


def test_nobody_at_risk_for_a_while():
    group = only({"entry": [0, 0, 5, 5], "exit": [1, 2, 6, 7], "cause": [1, 0, 2, 0]})
    assert group.probability[:, 0].tolist() == [0.5, 0.5, 0.25, 0.25]
    assert group.probability[-1].tolist() == [0.25, 0.5, 0.25]
    assert group.at_risk([0, 1, 2, 4, 6, 7]).tolist() == [2, 2, 1, 0, 2, 1]


def test_everybody_leaves_at_one_time_by_two_causes():
    group = only({"time": [4.0] * 4, "cause": [1, 2, 2, 1]}, "Surv(time, cause)")
    assert group.probability.tolist() == [[0.0, 0.5, 0.5]]
    # each of four persons moves a share of one half by 1/8: 4 / 64; nobody is left, whoever they are
    assert group.std_error[0].tolist() == [0.0, 0.25, 0.25]
    assert group.at([9.0])["probability"].to_list() == [0.0, 0.5, 0.5]


def test_an_event_at_the_last_time():
    group = only({"time": [1.0, 2.0], "cause": [0, 2]}, "Surv(time, cause)", censored=0)
    assert group.states == ("no event", "2")
    assert group.probability.tolist() == [[1.0, 0.0], [0.0, 1.0]]


def test_all_censored():
    cause = pl.Series(["none", "none"], dtype=pl.Enum(["none", "a", "b"]))
    group = only(pl.DataFrame({"time": [1.0, 2.0], "cause": cause}), "Surv(time, cause)")
    assert group.probability.tolist() == [[1.0, 0.0, 0.0]] * 2
    assert group.lower.tolist() == group.upper.tolist() == group.probability.tolist()
    assert group.at([3.0])["probability"].to_list() == [None] * 3


def test_one_person():
    group = only({"id": [7, 7], "entry": [0, 1], "exit": [1, 3], "cause": [0, 2]}, id="id")
    assert group.time.tolist() == [3.0]
    assert group.probability.tolist() == [[0.0, 1.0]]
    assert group.std_error.tolist() == [[0.0, 0.0]]
    assert (group.n_persons, group.n_rows, group.person_time) == (1, 2, 3.0)


def test_ties_between_causes_share_one_risk_set():
    group = only({"time": [1, 1, 2, 3], "cause": [1, 2, 1, 0]}, "Surv(time, cause)")
    assert group.n_risk[:, 0].tolist() == [4, 2, 1]
    assert group.probability.tolist() == [[0.5, 0.25, 0.25], [0.25, 0.5, 0.25], [0.25, 0.5, 0.25]]


def test_entry_at_the_first_event_time_is_not_at_risk_there():
    group = only({"entry": [0, 0, 3], "exit": [3, 9, 9], "cause": [1, 0, 2]})
    assert group.n_risk[:, 0].tolist() == [2, 2]
    assert group.probability.tolist() == [[0.5, 0.5, 0.0], [0.25, 0.5, 0.25]]


def test_rows_of_weight_zero_are_not_there():
    data = {"time": [1.0, 2.0, 3.0], "cause": [1, 2, 0], "w": [1, 0, 1]}
    group = only(data, "Surv(time, cause)", weights="w")
    assert (group.time.tolist(), group.probability.tolist()) == ([1.0, 3.0], [[0.5, 0.5, 0.0]] * 2)


def test_an_event_at_time_zero_counts_where_no_entry_is_named():
    assert only({"time": [0.0, 1.0], "cause": [2, 1]}, "Surv(time, cause)").probability[0].tolist() == [
        0.5,
        0,
        0.5,
    ]


def test_states_that_empty_and_fill_again():
    rows = {
        "id": [1, 1, 1, 2],
        "entry": [0, 1, 2, 0],
        "exit": [1, 2, 3, 4],
        "state": ["well", "ill", "well", "well"],
        "to": ["ill", "well", "dead", "none"],
    }
    curves = aalen_johansen(rows, "Surv(entry, exit, to)", state="state", censored="none", id="id")
    assert set(curves.states) == {"well", "ill", "dead"}
    order = [curves.states.index(s) for s in ("well", "ill", "dead")]
    # half fall ill at 1, all of them recover at 2, half of all die at 3
    assert curves.groups[0].probability[:, order].tolist() == [
        [0.5, 0.5, 0],
        [1, 0, 0],
        [0.5, 0, 0.5],
        [0.5, 0, 0.5],
    ]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"state": ["well", "ill", "ill", "well"]}, "not in the state"),
        ({"to": ["ill", "ill", "dead", "none"]}, "leads to another state"),
        ({"entry": [0.0, 0.5, 2.0, 0.0]}, "overlap"),
    ],
)
def test_rows_of_a_person_that_contradict_each_other_are_refused(change, words):
    rows = {
        "id": [1, 1, 1, 2],
        "entry": [0.0, 1.0, 2.0, 0.0],
        "exit": [1, 2, 3, 4],
        "state": ["well", "ill", "well", "well"],
        "to": ["ill", "well", "dead", "none"],
    } | change
    with pytest.raises(EpisodeError, match=words):
        aalen_johansen(rows, "Surv(entry, exit, to)", state="state", censored="none", id="id")


def test_a_person_at_risk_again_after_an_event_needs_states():
    rows = {"id": [1, 1], "entry": [0, 1], "exit": [1, 2], "cause": [1, 2]}
    with pytest.raises(EpisodeError, match="at risk again"):
        aalen_johansen(rows, SURV, id="id")


def test_words_need_the_level_that_means_none():
    rows = {"time": [1, 2], "cause": ["lost", "death"]}
    with pytest.raises(DesignError, match="means no event"):
        aalen_johansen(rows, "Surv(time, cause)")
    assert only(rows, "Surv(time, cause)", censored="lost").states == ("no event", "death")


def test_aalens_variance_is_for_whole_weights():
    rows = {"time": [1, 2, 3], "cause": [1, 2, 0], "w": [0.5, 1, 1]}
    with pytest.raises(DesignError, match="whole weights"):
        aalen_johansen(rows, "Surv(time, cause)", weights="w", variance="aalen")


# --- the guard ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def fractures():
    persons = pl.DataFrame(
        {
            "id": ["a", "b", "c", "d"],
            "start": [date(2020, 1, 1)] * 4,
            "end": [date(2021, 1, 1)] * 4,
        }
    )
    events = pl.DataFrame(
        {
            "id": ["a", "b", "d"],
            "date": [date(2020, 2, 1), date(2020, 3, 1), date(2020, 6, 1)],
            "what": ["fracture", "death", "fracture"],
        }
    )
    timeline = (
        rs.Timeline(persons, id="id", entry="start", exit="end")
        .event("fracture", events.filter(pl.col("what") == "fracture"), time="date")
        .event("death", events.filter(pl.col("what") == "death"), time="date")
    )
    return timeline.episodes("fracture", competing="death")


def test_kaplan_meier_of_episodes_with_a_competing_event_is_the_cumulative_incidence(fractures):
    curves = kaplan_meier(fractures)
    assert isinstance(curves, AalenJohansen)
    assert curves.states == ("no event", "fracture", "death")
    assert curves.groups[0].probability[-1].tolist() == [0.25, 0.5, 0.25]


def test_the_wrong_curve_is_labelled_as_wrong(fractures):
    wrong = kaplan_meier(fractures, wrong="censor_competing")
    assert isinstance(wrong, KaplanMeier)
    assert "NOT a risk" in wrong.estimator
    # 1 - 3/4 x 1/2: more than the half that ever break a bone
    assert 1 - wrong.groups[0].survival[-1] == 0.625
    assert "NOT a risk" in repr(wrong)
    with pytest.raises(DesignError, match="no wrong="):
        kaplan_meier(fractures, wrong="please")


def test_the_log_rank_test_of_one_of_several_causes_must_be_asked_for(fractures):
    with pytest.raises(DesignError, match="hazards, not risks"):
        logrank(fractures, by="id")
    assert logrank(fractures, by="id", censor_competing=True).df == 3


def test_an_event_coded_1_and_2_is_refused_and_not_read_as_two_causes():
    with pytest.raises(EpisodeError, match="0/1"):
        kaplan_meier({"time": [1, 2, 3], "status": [1, 2, 2]}, "Surv(time, status)")


# --- tests of groups, landmarks --------------------------------------------------------------------------------


def test_grays_test_refuses_late_entry_and_changing_groups():
    late = {"entry": [0, 1, 0, 0], "exit": [3, 4, 5, 6], "cause": [1, 2, 1, 0], "g": list("aabb")}
    with pytest.raises(EpisodeError, match="from the beginning"):
        gray_test(late, SURV, "g")
    moving = {"id": [1, 1, 2], "entry": [0, 1, 0], "exit": [1, 4, 5], "cause": [0, 2, 1], "g": list("abb")}
    with pytest.raises(EpisodeError, match="do not change"):
        gray_test(moving, SURV, "g", id="id")


def test_a_test_without_events_says_nothing():
    test = logrank({"time": [1, 2], "event": [0, 0], "g": ["a", "b"]}, "Surv(time, event)", "g")
    assert np.isnan([test.statistic, test.p_value]).all()
    with pytest.raises(DesignError, match="two groups"):
        logrank({"time": [1, 2], "event": [0, 1], "g": ["a", "a"]}, "Surv(time, event)", "g")


def test_a_landmark_uses_nothing_that_comes_after_it():
    rows = pl.DataFrame(
        {
            "id": [1, 1, 2, 3, 4],
            "entry": [0, 2, 0, 0, 4],
            "exit": [2, 6, 5, 1, 7],
            "death": [0, 1, 1, 1, 1],
            "user": ["no", "yes", "no", "no", "no"],
        }
    )
    at2 = landmark(rows, "Surv(entry, exit, death)", "user", at=2, id="id")
    # the row in force just after day 2 tells the group; person 3 is gone, person 4 not yet there
    assert [(g.label, g.n_persons, g.person_time) for g in at2.groups] == [("no", 1, 3.0), ("yes", 1, 4.0)]
    at1 = landmark(rows, "Surv(entry, exit, death)", "user", at=1, id="id")
    assert [(g.label, g.n_persons) for g in at1.groups] == [
        ("no", 2)
    ]  # what person 1 became later plays no part
    assert at1.groups[0].survival.tolist() == [0.5, 0.0]
    with pytest.raises(EpisodeError, match="nobody is at risk"):
        landmark(rows, "Surv(entry, exit, death)", "user", at=7, id="id")


def test_differences_of_means_need_independent_groups():
    rows = {"id": [1, 1, 2], "entry": [0, 2, 0], "exit": [2, 6, 5], "death": [0, 1, 1], "user": list("nyn")}
    curves = kaplan_meier(rows, "Surv(entry, exit, death)", "user", id="id")
    with pytest.raises(DesignError, match="not independent"):
        curves.rmst_difference()
    two = kaplan_meier({"t": [1, 3, 2, 4], "d": [1, 1, 1, 1], "g": list("aabb")}, "Surv(t, d)", "g")
    assert two.rmst(4)["rmst"].to_list() == [2.0, 3.0]
    assert two.rmst_difference(4)["difference"].to_list() == [1.0]
    with pytest.raises(DesignError, match="beyond the last time"):
        kaplan_meier({"t": [1, 3], "d": [1, 0]}, "Surv(t, d)").rmst(5)


# --- small cells -------------------------------------------------------------------------------------------------


def test_a_hidden_line_takes_another_with_it():
    rows = {
        "exit": [1.0] * 30,
        "event": [1] * 2 + [0] * 8 + [1] * 6 + [0] * 4 + [1] * 8 + [0] * 2,
        "g": list("a" * 10 + "b" * 10 + "c" * 10),
    }
    table = rs.incidence_rate(rows, "event", "g", exit="exit", suppress=5)
    assert table["suppressed"].to_list() == ["small", "complementary", None]
    assert table["rate"].null_count() == table["person_time"].null_count() == 2
