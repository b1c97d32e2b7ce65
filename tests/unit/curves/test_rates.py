"""Incidence rates: cells that add up, missing states, units, refusals."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from riskset.curves import garwood, incidence_rate
from riskset.errors import DesignError, EpisodeError

# Two persons: the first passes from naive to user, the second's state is unknown at first.
ROWS = pl.DataFrame(
    {
        "id": ["a", "a", "b", "b"],
        "entry": [0.0, 100.0, 0.0, 50.0],
        "exit": [100.0, 300.0, 50.0, 400.0],
        "fracture": [0, 1, 0, 0],
        "use": pl.Series(["naive", "user", None, "naive"], dtype=pl.Enum(["user", "naive"])),
    }
)
NAMED = {"id": "id", "entry": "entry", "exit": "exit"}


def test_total_by_hand():
    row = incidence_rate(ROWS, "fracture", per=1, unit="days", **NAMED).row(0, named=True)
    # 300 + 400 days, one event: limits chi2(0.025; 2) / 1400 = -ln(0.975) / 700, and the upper by definition
    assert (row["persons"], row["events"], row["person_time"], row["rate"]) == (2, 1, 700.0, 1 / 700)
    assert row["lower"] == pytest.approx(-np.log(0.975) / 700, rel=1e-14)
    upper = 700 * row["upper"]  # P(at most 1 event | upper) = exp(-u) (1 + u) = 0.025
    assert np.exp(-upper) * (1 + upper) == pytest.approx(0.025, rel=1e-12)


def test_cells_follow_the_levels_and_missing_stands_last():
    table = incidence_rate(ROWS, "fracture", "use", per=100, unit="days", **NAMED)
    assert table["use"].to_list() == ["user", "naive", None]  # the order of the levels, not of the alphabet
    assert table["persons"].to_list() == [1, 2, 1]
    assert table["events"].to_list() == [1, 0, 0]
    assert table["person_time"].to_list() == [200.0, 450.0, 50.0]
    assert table["rate"].to_list() == [0.5, 0.0, 0.0]
    assert table["lower"].to_list()[1:] == [0.0, 0.0]


def test_unit_of_the_rate_is_the_unit_of_the_person_time():
    years = incidence_rate(ROWS, "fracture", per=100, unit="years", **NAMED).row(0, named=True)
    days = incidence_rate(ROWS, "fracture", per=100 * 365.25, unit="days", **NAMED).row(0, named=True)
    assert years["person_time"] == pytest.approx(700 / 365.25, rel=1e-15)
    for column in ("rate", "lower", "upper"):
        assert years[column] == pytest.approx(days[column], rel=1e-14)


def test_without_an_id_each_row_is_a_person_and_without_entry_time_starts_at_zero():
    row = incidence_rate({"time": [2.0, 3.0], "event": [True, False]}, "event", exit="time").row(
        0, named=True
    )
    assert row["persons"] == 2
    assert row["person_time"] == pytest.approx(5 / 365.25, rel=1e-15)


def test_no_event_and_no_time():
    assert [float(v) for v in garwood(0, 10.0)] == [0.0, pytest.approx(-np.log(0.025) / 10, rel=1e-14)]
    assert all(np.isnan(v) for v in garwood(0, 0.0))


@pytest.mark.parametrize(
    ("change", "refusal", "words"),
    [
        ({"event": "fractures"}, DesignError, "did you mean 'fracture'"),
        ({"by": "used"}, DesignError, "did you mean 'use'"),
        ({"by": "persons"}, DesignError, "column of the result"),
        ({"exit": "use"}, EpisodeError, "times must be numbers"),
        ({"event": "exit"}, EpisodeError, "0/1"),
        ({"entry": "exit"}, EpisodeError, "must end after it starts"),
        ({"exit": None}, DesignError, "exit column named"),
    ],
)
def test_refusals_name_the_rule(change, refusal, words):
    arguments = {"event": "fracture", **NAMED, **change}
    with pytest.raises(refusal) as caught:
        incidence_rate(ROWS, **arguments)
    assert words.lower() in str(caught.value).lower()


def test_a_missing_event_is_refused_with_its_row():
    broken = ROWS.with_columns(fracture=pl.Series([0, 1, None, 0]))
    with pytest.raises(EpisodeError, match=r"\(1 row: 4\)"):
        incidence_rate(broken, "fracture", **NAMED)
