"""Episodes know their own columns and their unit: rates and curves straight from a timeline."""

from __future__ import annotations

from datetime import date

import polars as pl
import pytest

import riskset as rs

PERSONS = pl.DataFrame(
    {
        "id": ["a", "b", "c"],
        "start": [date(2020, 1, 1)] * 3,
        "end": [date(2021, 12, 31), date(2021, 12, 31), date(2020, 12, 31)],  # 730, 730 and 365 days later
    }
)
DOSES = pl.DataFrame({"id": ["a"], "start": [date(2020, 12, 31)], "stop": [date(2022, 6, 1)]})
FALLS = pl.DataFrame({"id": ["a", "b"], "day": [date(2021, 7, 1), date(2021, 6, 1)]})


@pytest.fixture(scope="module")
def episodes():
    timeline = (
        rs.Timeline(PERSONS, id="id", entry="start", exit="end")
        .drug("drug", DOSES, start="start", stop="stop")
        .event("fall", FALLS, time="day")
    )
    return timeline.episodes("fall")


def test_rates_from_episodes(episodes):
    total = rs.incidence_rate(episodes, per=1, unit="days").row(0, named=True)
    # a falls on day 547, b on day 517, c is followed for 365 days
    assert (total["persons"], total["events"], total["person_time"]) == (3, 2, 547.0 + 517.0 + 365.0)
    by_drug = rs.incidence_rate(episodes, "fall", by="drug", per=1, unit="days")
    assert by_drug["events"].sum() == 2
    assert by_drug["person_time"].sum() == total["person_time"]
    assert by_drug["drug"].to_list()[0] == "never"


def test_curve_from_episodes_in_years(episodes):
    km = rs.kaplan_meier(episodes, unit="years")
    (all_of_them,) = km.groups
    assert (km.event, km.unit, all_of_them.n_persons) == ("fall", "years", 3)
    # rows are cut where the drug begins: that censors nobody
    assert all_of_them.time.tolist() == pytest.approx([365 / 365.25, 517 / 365.25, 547 / 365.25])
    assert all_of_them.survival.tolist() == [1.0, 0.5, 0.0]
    assert all_of_them.at_risk([0, 1, 1.45]).tolist() == [3.0, 2.0, 1.0]


def test_groups_that_change_over_time_are_named_for_what_they_are(episodes):
    assert rs.kaplan_meier(episodes, by="drug").estimator == "Simon-Makuch"
